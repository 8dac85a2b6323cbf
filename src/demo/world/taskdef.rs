//! Task definitions: stored as sent over the wire, with the few facts that the simulation needs extracted.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{World, cluster::Tag};

/// One revision: immutable, apart from its status and its tags.
#[derive(Debug, Clone)]
pub(crate) struct TaskDefinition {
    pub(crate) family: String,
    pub(crate) revision: u32,
    pub(crate) arn: String,
    /// The `taskDefinition` structure of the API.
    pub(crate) body: Map<String, Value>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) containers: Vec<ContainerSpec>,
    /// CPU units and MiB the task reserves.
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    /// Every task has its own network interface.
    pub(crate) awsvpc: bool,
    /// The name of the volume configured at launch.
    pub(crate) volume: Option<String>,
}

/// The facts about a container definition that the simulation needs.
#[derive(Debug, Clone)]
pub(crate) struct ContainerSpec {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    pub(crate) cpu: u32,
    /// The hard limit in MiB.
    pub(crate) memory: Option<u32>,
    pub(crate) memory_reservation: Option<u32>,
    /// Start period and interval of its health check, in milliseconds.
    pub(crate) health_check: Option<(i64, i64)>,
    pub(crate) log: Option<LogTarget>,
    /// Milliseconds between SIGTERM and SIGKILL.
    pub(crate) stop_timeout: i64,
    /// ARNs of the secrets it needs before it can start.
    pub(crate) secrets: Vec<String>,
    /// Container and host ports.
    pub(crate) ports: Vec<(u16, u16)>,
}

/// The destination of a container's logs in CloudWatch Logs.
#[derive(Debug, Clone)]
pub(crate) struct LogTarget {
    /// Absent for the account's own Region.
    pub(crate) region: Option<String>,
    pub(crate) group: String,
    pub(crate) naming: Naming,
}

/// The naming scheme of its stream.
#[derive(Debug, Clone)]
pub(crate) enum Naming {
    /// awslogs with a prefix: `PREFIX/CONTAINER/TASK`.
    Prefix(String),
    /// awslogs without a prefix: the container's runtime id.
    Container,
    /// A log router: its prefix and the FireLens tag.
    Router(String),
}

impl TaskDefinition {
    pub(crate) fn is_active(&self) -> bool {
        self.body.get("status").is_some_and(|status| status == "ACTIVE")
    }
}

impl LogTarget {
    /// The destination set by `logConfiguration`, if it is CloudWatch Logs.
    fn read(configuration: &Value) -> Option<Self> {
        let options = configuration.get("options")?;
        let option = |key| options.get(key).and_then(Value::as_str).map(str::to_owned);
        match configuration.get("logDriver")?.as_str()? {
            "awslogs" => Some(Self {
                region: option("awslogs-region"),
                group: option("awslogs-group")?,
                naming: option("awslogs-stream-prefix").map_or(Naming::Container, Naming::Prefix),
            }),
            "awsfirelens" if option("Name")? == "cloudwatch_logs" => Some(Self {
                region: option("region"),
                group: option("log_group_name")?,
                naming: Naming::Router(option("log_stream_prefix")?),
            }),
            _ => None,
        }
    }
}

/// A number, which AWS writes as a number in container definitions and as a string at the task level.
fn number(value: Option<&Value>) -> Option<u32> {
    match value? {
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

impl ContainerSpec {
    fn read(definition: &Value) -> Self {
        let seconds = |value: &Value, key, default| i64::from(number(value.get(key)).unwrap_or(default)) * 1_000;
        Self {
            name: text(definition, "name"),
            image: text(definition, "image"),
            essential: definition.get("essential").and_then(Value::as_bool).unwrap_or(true),
            cpu: number(definition.get("cpu")).unwrap_or(0),
            memory: number(definition.get("memory")),
            memory_reservation: number(definition.get("memoryReservation")),
            health_check: definition
                .get("healthCheck")
                .map(|check| (seconds(check, "startPeriod", 0), seconds(check, "interval", 30))),
            log: definition.get("logConfiguration").and_then(LogTarget::read),
            stop_timeout: seconds(definition, "stopTimeout", 30),
            secrets: items(definition, "secrets").map(|secret| text(secret, "valueFrom")).collect(),
            ports: items(definition, "portMappings")
                .map(|mapping| {
                    let port = |key| number(mapping.get(key)).and_then(|port| port.try_into().ok());
                    (port("containerPort").unwrap_or(0), port("hostPort").unwrap_or(0))
                })
                .collect(),
        }
    }
}

/// Adds the lists and defaults that AWS adds to every container definition.
fn normalised(definition: &Value) -> Value {
    let mut definition = definition.clone();
    if let Some(fields) = definition.as_object_mut() {
        for list in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
            fields.entry(list).or_insert_with(|| json!([]));
        }
        fields.entry("cpu").or_insert_with(|| json!(0));
        fields.entry("essential").or_insert_with(|| json!(true));
    }
    definition
}

/// The agent capabilities that a definition requires.
fn required_attributes(input: &Map<String, Value>, containers: &[ContainerSpec], volume: bool) -> Vec<Value> {
    let any = |wants: fn(&ContainerSpec) -> bool| containers.iter().any(wants);
    let (logs, own_images) = (any(|spec| spec.log.is_some()), any(|spec| spec.image.contains(".dkr.ecr.")));
    let checked = any(|spec| spec.health_check.is_some());
    let from_manager = |arn: &str| arn.contains(":secretsmanager:");
    let mut secrets = containers.iter().flat_map(|spec| &spec.secrets);
    let executes = input.contains_key("executionRoleArn");
    let wanted = [
        ("com.amazonaws.ecs.capability.docker-remote-api.1.18", true),
        ("com.amazonaws.ecs.capability.docker-remote-api.1.19", logs),
        ("com.amazonaws.ecs.capability.docker-remote-api.1.21", any(|spec| spec.memory_reservation.is_some())),
        ("com.amazonaws.ecs.capability.docker-remote-api.1.24", checked),
        ("com.amazonaws.ecs.capability.ecr-auth", own_images),
        ("com.amazonaws.ecs.capability.logging-driver.awslogs", logs),
        ("com.amazonaws.ecs.capability.task-iam-role", input.contains_key("taskRoleArn")),
        ("ecs.capability.container-health-check", checked),
        ("ecs.capability.execution-role-awslogs", executes && logs),
        ("ecs.capability.execution-role-ecr-pull", executes && own_images),
        ("ecs.capability.secrets.asm.environment-variables", secrets.clone().any(|arn| from_manager(arn))),
        ("ecs.capability.secrets.ssm.environment-variables", secrets.any(|arn| !from_manager(arn))),
        ("ecs.capability.storage.ebs-task-attach", volume),
        ("ecs.capability.task-eni", input.get("networkMode") == Some(&json!("awsvpc"))),
    ];
    wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| json!({ "name": name })).collect()
}

impl World {
    /// Registers the next revision of a family from a validated input of `RegisterTaskDefinition`.
    pub(crate) fn register(&mut self, input: &Map<String, Value>, at: i64, by: &str) -> Arc<TaskDefinition> {
        let family = input.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
        let revision = self.families.get(&family).map_or(1, |revisions| revisions.len() as u32 + 1);
        let arn = self.arn(&format!("task-definition/{family}:{revision}"));
        let given = input.get("containerDefinitions").and_then(Value::as_array).cloned().unwrap_or_default();
        let definitions: Vec<_> = given.iter().map(normalised).collect();
        let containers: Vec<_> = definitions.iter().map(ContainerSpec::read).collect();
        let fargate = items(&Value::Object(input.clone()), "requiresCompatibilities").any(|value| value == "FARGATE");
        let awsvpc = input.get("networkMode").and_then(Value::as_str) == Some("awsvpc");

        let volume = items(&Value::Object(input.clone()), "volumes")
            .find(|volume| volume.get("configuredAtLaunch") == Some(&json!(true)))
            .map(|volume| text(volume, "name"));

        let mut body = input.clone();
        body.remove("tags");
        body.insert("taskDefinitionArn".into(), json!(arn));
        body.insert("revision".into(), json!(revision));
        body.insert("status".into(), json!("ACTIVE"));
        body.insert("requiresAttributes".into(), json!(required_attributes(input, &containers, volume.is_some())));
        body.insert("containerDefinitions".into(), json!(definitions));
        body.insert(
            "compatibilities".into(),
            if fargate { json!(["EC2", "FARGATE"]) } else { json!(["EXTERNAL", "EC2"]) },
        );
        body.insert("registeredAt".into(), json!(at as f64 / 1_000.0));
        body.insert("registeredBy".into(), json!(by));
        for list in ["volumes", "placementConstraints"] {
            body.entry(list).or_insert_with(|| json!([]));
        }

        let total = |own: fn(&ContainerSpec) -> u32| containers.iter().map(own).fold(0, u32::saturating_add);
        let definition = Arc::new(TaskDefinition {
            cpu: number(input.get("cpu")).unwrap_or_else(|| total(|spec| spec.cpu)),
            memory: number(input.get("memory"))
                .unwrap_or_else(|| total(|spec| spec.memory_reservation.or(spec.memory).unwrap_or(0))),
            tags: items(&Value::Object(input.clone()), "tags")
                .map(|tag| (text(tag, "key"), text(tag, "value")))
                .collect(),
            volume,
            family,
            revision,
            arn,
            body,
            containers,
            awsvpc,
        });
        self.families.entry(definition.family.clone()).or_default().push(definition.clone());
        definition
    }

    /// Finds a revision by ARN, `family:revision` or `family` (the newest).
    pub(crate) fn task_definition(&self, name: &str) -> Option<Arc<TaskDefinition>> {
        let name = name.rsplit_once("task-definition/").map_or(name, |(_, name)| name);
        let (family, revision) = match name.split_once(':') {
            Some((family, revision)) => (family, Some(revision.parse::<usize>().ok()?)),
            None => (name, None),
        };
        let revisions = self.families.get(family)?;
        match revision {
            Some(revision) => revisions.get(revision.checked_sub(1)?),
            None => revisions.iter().rev().find(|definition| definition.is_active()),
        }
        .cloned()
    }

    /// The revision with this ARN or `family:revision`, to be changed. Tasks that run it keep what they were started with.
    pub(crate) fn task_definition_mut(&mut self, name: &str) -> Option<&mut TaskDefinition> {
        let name = name.rsplit_once("task-definition/").map_or(name, |(_, name)| name);
        let (family, revision) = name.split_once(':')?;
        let index = revision.parse::<usize>().ok()?.checked_sub(1)?;
        self.families.get_mut(family)?.get_mut(index).map(Arc::make_mut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::scenario::Scenario;

    #[test]
    fn a_definition_is_found_by_arn_family_and_revision() {
        let mut world = World::empty(1, 0);
        let input = json!({ "family": "web", "containerDefinitions": [{ "name": "app", "image": "nginx:1" }] });
        let input = input.as_object().unwrap();
        let first = world.register(input, 0, "someone");
        let second = world.register(input, 0, "someone");
        assert_eq!((first.revision, second.revision), (1, 2));
        assert_eq!(world.task_definition("web").unwrap().revision, 2);
        assert_eq!(world.task_definition("web:1").unwrap().revision, 1);
        assert_eq!(world.task_definition(&second.arn).unwrap().revision, 2);
        for name in ["web:0", "web:3", "web:x", "other", ""] {
            assert!(world.task_definition(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_containers_of_the_incident_use_every_log_destination() {
        let world = World::new(Scenario::Incident, 1, 1_700_000_000_000);
        let (mut silent, mut ways) = (Vec::new(), [0; 3]);
        for definition in world.families.values().filter_map(|revisions| revisions.last()) {
            for spec in &definition.containers {
                let Some(log) = &spec.log else {
                    silent.push(definition.family.as_str());
                    continue;
                };
                assert_eq!(log.group, format!("/ecs/{}", definition.family));
                ways[match log.naming {
                    Naming::Prefix(_) => 0,
                    Naming::Container => 1,
                    Naming::Router(_) => 2,
                }] += 1;
            }
        }
        assert_eq!(silent, ["inventory", "node-agent", "notifications"]);
        assert!(ways.iter().all(|count| *count > 0), "{ways:?}");
        assert!(world.logs_elsewhere.keys().eq(["eu-central-1"]));
    }
}
