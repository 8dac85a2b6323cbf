//! Container instances and their attributes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, bounded, contains, invalid, parse},
    json::{Object, missing, seconds, tags},
    paging::{PageRequest, keyed, page},
    tasks,
};
use crate::demo::world::{Instance, RESERVED_PORTS, World};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    filter: Option<String>,
    status: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let conditions = conditions(request.filter.as_deref().unwrap_or_default())?;
    let arns = (0..world.instances.len())
        .filter(|index| {
            let instance = &world.instances[*index];
            instance.cluster == cluster
                && request.status.as_deref().is_none_or(|status| status == instance.status())
                && conditions.iter().all(|condition| condition.holds(world, *index))
        })
        .map(|index| world.instance_arn(index))
        .collect();
    let (arns, next) = page(&request.page, "container instances", 100, 100, keyed(arns))?;
    Ok(Object::new().set("containerInstanceArns", arns).maybe("nextToken", next).done())
}

/// `field == value` or `field != value` of the cluster query language.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    equal: bool,
    value: String,
}

/// Parses conditions joined by `and`: the part of the cluster query language used for instances.
fn conditions(filter: &str) -> Result<Vec<Condition>, crate::demo::wire::ApiError> {
    let parts = filter.split(" and ").map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (field, equal, value) = match (part.split_once("=="), part.split_once("!=")) {
                (Some((field, value)), _) => (field, true, value),
                (None, Some((field, value))) => (field, false, value),
                (None, None) => return Err(invalid("Invalid filter expression.")),
            };
            Ok(Condition { field: field.trim().to_owned(), equal, value: value.trim().trim_matches('"').to_owned() })
        })
        .collect()
}

impl Condition {
    fn holds(&self, world: &World, index: usize) -> bool {
        let instance = &world.instances[index];
        let actual = match self.field.as_str() {
            "agentConnected" => Some(instance.agent_connected.to_string()),
            "ec2InstanceId" => Some(instance.ec2_id.clone()),
            "runningTasksCount" => Some(world.instance_counts(index).0.to_string()),
            "pendingTasksCount" => Some(world.instance_counts(index).1.to_string()),
            field => field
                .strip_prefix("attribute:")
                .and_then(|name| instance_attributes(world, instance).into_iter().find(|(known, _)| known == name)?.1),
        };
        (actual.as_deref() == Some(&self.value)) == self.equal
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    cluster: Option<String>,
    container_instances: Vec<String>,
    include: Vec<String>,
}

/// Describes the named instances of a cluster, and reports those that don't exist.
fn describe_named(world: &World, cluster: usize, names: &[String], include: &[String]) -> (Vec<Value>, Vec<Value>) {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match world.find_instance(cluster, name) {
            Some(instance) => {
                let stale = world.stale(&world.instance_arn(instance)).cloned();
                found.push(stale.unwrap_or_else(|| instance_json(world, instance, include)));
            }
            None if name.starts_with("arn:") => failures.push(missing(name.clone())),
            None => {
                let cluster = &world.clusters[cluster].name;
                failures.push(missing(world.arn(&format!("container-instance/{cluster}/{name}"))));
            }
        }
    }
    (found, failures)
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    bounded(&request.container_instances, 100, "Container instances", "instanceIds")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let (found, failures) = describe_named(world, cluster, &request.container_instances, &request.include);
    Ok(json!({ "containerInstances": found, "failures": failures }))
}

/// Names and values of an instance's attributes; capabilities have no value.
fn instance_attributes(world: &World, instance: &Instance) -> Vec<(String, Option<String>)> {
    let with_values = [
        ("ecs.availability-zone", world.zone(instance.zone)),
        ("ecs.instance-type", instance.machine.to_owned()),
        ("ecs.os-type", "linux".to_owned()),
        ("ecs.os-family", "LINUX".to_owned()),
        ("ecs.cpu-architecture", "x86_64".to_owned()),
        ("ecs.ami-id", "ami-0c9f2b7d41e6a8035".to_owned()),
        ("ecs.subnet-id", world.subnet(instance.zone)),
        ("ecs.vpc-id", World::VPC.to_owned()),
        ("ecs.capability.cni-plugin-version", "f6bc3a2e-2020.09.0".to_owned()),
    ];
    let docker_apis = (17..=44).map(|minor| format!("com.amazonaws.ecs.capability.docker-remote-api.1.{minor}"));
    let named = with_values.into_iter().map(|(name, value)| (name.to_owned(), Some(value)));
    named.chain(docker_apis.chain(CAPABILITIES.map(str::to_owned)).map(|name| (name, None))).collect()
}

/// The capabilities of an agent on Linux, besides the Docker API versions.
const CAPABILITIES: [&str; 37] = [
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.fluentd",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.logging-driver.none",
    "com.amazonaws.ecs.capability.logging-driver.syslog",
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.aws-appmesh",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.ecr-endpoint",
    "ecs.capability.efs",
    "ecs.capability.efsAuth",
    "ecs.capability.env-files.s3",
    "ecs.capability.execute-command",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.firelens.options.config.s3",
    "ecs.capability.full-sync",
    "ecs.capability.network.container-port-range",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.secrets.asm.bootstrap.log-driver",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.bootstrap.log-driver",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.service-connect-v1",
    "ecs.capability.storage.ebs-task-attach",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.task-eni",
];

fn resources(cpu: u32, memory: u32, ports: &[u16]) -> Value {
    let integer = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value });
    let set = |name: &str, values: &[u16]| {
        let values: Vec<String> = values.iter().map(u16::to_string).collect();
        json!({
            "name": name, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0,
            "stringSetValue": values,
        })
    };
    json!([integer("CPU", cpu), integer("MEMORY", memory), set("PORTS", ports), set("PORTS_UDP", &[])])
}

fn instance_json(world: &World, index: usize, include: &[String]) -> Value {
    let instance = &world.instances[index];
    let left = world.remaining(index);
    let (running, pending) = world.instance_counts(index);
    let taken: Vec<u16> = world.ports_taken(index).collect();
    let tasks = instance.tasks.iter().filter_map(|id| world.tasks.get(id));
    let interfaces: Vec<Value> =
        tasks.filter(|task| task.definition.awsvpc).map(|task| tasks::interface_attachment(world, task)).collect();
    let attributes: Vec<Value> = instance_attributes(world, instance)
        .into_iter()
        .map(|(name, value)| Object::new().set("name", name).maybe("value", value).done())
        .collect();
    let health = contains(include, "CONTAINER_INSTANCE_HEALTH").then(|| {
        let check = |kind: &str, ok: bool, since: i64| {
            json!({
                "type": kind,
                "status": if ok { "OK" } else { "IMPAIRED" },
                "lastUpdated": seconds(if ok { world.now_ms } else { since }),
                "lastStatusChange": seconds(since),
            })
        };
        json!({
            "overallStatus": if instance.agent_connected { "OK" } else { "IMPAIRED" },
            "details": [
                check("CONTAINER_RUNTIME", true, instance.registered),
                check("AGENT_CONNECTIVITY", instance.agent_connected, instance.agent_since),
            ],
        })
    });
    Object::new()
        .set("containerInstanceArn", world.instance_arn(index))
        .set("ec2InstanceId", &instance.ec2_id)
        .maybe("capacityProviderName", instance.capacity_provider.as_ref())
        .set("version", instance.version)
        .set(
            "versionInfo",
            json!({ "agentVersion": "1.98.0", "agentHash": "5f2e91ab", "dockerVersion": "DockerVersion: 25.0.8" }),
        )
        .set("remainingResources", resources(left.cpu, left.memory, &taken))
        .set("registeredResources", resources(instance.cpu, instance.memory, &RESERVED_PORTS))
        .set("status", instance.status())
        .set("agentConnected", instance.agent_connected)
        .set("runningTasksCount", running)
        .set("pendingTasksCount", pending)
        .set("attributes", attributes)
        .time("registeredAt", instance.registered)
        .set("attachments", interfaces)
        .set("tags", if contains(include, "TAGS") { tags(&instance.tags) } else { json!([]) })
        .maybe("healthStatus", health)
        .done()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UpdateState {
    cluster: Option<String>,
    container_instances: Vec<String>,
    status: String,
}

pub(super) fn update_state(world: &mut World, input: &Value) -> Answer {
    let request: UpdateState = parse(input)?;
    bounded(&request.container_instances, 10, "Container instances", "instanceIds")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let draining = match request.status.as_str() {
        "ACTIVE" => false,
        "DRAINING" => true,
        _ => return Err(invalid("Container instance status must be ACTIVE or DRAINING.")),
    };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in &request.container_instances {
        match world.find_instance(cluster, name) {
            Some(instance) => {
                let before = instance_json(world, instance, &[]);
                let now = world.now_ms;
                world.set_draining(instance, draining, now);
                found.push(instance_json(world, instance, &[]));
                world.hold_back(world.instance_arn(instance), before);
            }
            None => failures.extend(describe_named(world, cluster, std::slice::from_ref(name), &[]).1),
        }
    }
    Ok(json!({ "containerInstances": found, "failures": failures }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes {
    cluster: Option<String>,
    target_type: String,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn attributes(world: &mut World, input: &Value) -> Answer {
    let request: Attributes = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    if request.target_type != "container-instance" {
        return Err(invalid("targetType must be container-instance."));
    }
    let mut items = Vec::new();
    for (index, instance) in world.instances.iter().enumerate().filter(|(_, instance)| instance.cluster == cluster) {
        for (name, value) in instance_attributes(world, instance) {
            let named = request.attribute_name.as_ref().is_none_or(|wanted| *wanted == name);
            let valued = request.attribute_value.is_none() || request.attribute_value == value;
            if named && valued {
                let attribute = Object::new()
                    .set("name", &name)
                    .maybe("value", value)
                    .set("targetType", "container-instance")
                    .set("targetId", world.instance_arn(index));
                items.push((format!("{} {name}", instance.id), attribute.done()));
            }
        }
    }
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (attributes, next) = page(&request.page, "attributes", 100, 100, items)?;
    Ok(Object::new().set("attributes", attributes).maybe("nextToken", next).done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_parsed() {
        let read = |filter| conditions(filter).unwrap();
        assert!(read("").is_empty());
        let both = read("agentConnected==false and attribute:ecs.instance-type != \"m5.large\"");
        assert_eq!(both.len(), 2);
        assert_eq!(both[0], Condition { field: "agentConnected".into(), equal: true, value: "false".into() });
        assert_eq!(both[1].value, "m5.large");
        assert!(conditions("nonsense").is_err());
    }
}
