//! Creates services as if they had been running for weeks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    World,
    cluster::{StrategyItem, Tag},
    deployment::{Deployment, DeploymentConfig, Revision, Rollout, RolloutState, RolloutStatus},
    launch::NewTask,
    rng::Rng,
    service::{LoadBalancer, Network, Service},
    task::{Health, Phase, Status, TaskId},
    taskdef::TaskDefinition,
};

const HOUR: i64 = 3_600_000;
/// The container that routes the logs of others.
const ROUTER: &str = "log-router";

/// A plan for a container definition.
#[derive(Debug, Clone)]
pub(crate) struct ContainerPlan {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    pub(crate) cpu: u32,
    pub(crate) memory: Option<u32>,
    pub(crate) port: Option<u16>,
    /// Has a container health check with this start period, in seconds.
    pub(crate) health_start_period: Option<u32>,
    /// Environment variables read from secrets: name and ARN.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) logging: Logging,
}

/// The log destination of a container.
#[derive(Debug, Clone, Default)]
pub(crate) enum Logging {
    /// A group named after the family, with a stream prefix.
    #[default]
    Prefixed,
    /// The same in another Region.
    Region(&'static str),
    /// That group, without a stream prefix.
    Unprefixed,
    /// That group, through a log router.
    Routed,
    /// A driver and its options.
    Driver(&'static str, &'static [(&'static str, &'static str)]),
    /// The instance's default.
    Unset,
}

impl Logging {
    /// `logConfiguration`, if there is one.
    fn configuration(&self, family: &str, home: &str) -> Option<Value> {
        let group = format!("/ecs/{family}");
        let awslogs =
            |region: &str| json!({ "awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": "ecs" });
        let (driver, options) = match self {
            Self::Prefixed => ("awslogs", awslogs(home)),
            Self::Region(region) => ("awslogs", awslogs(region)),
            Self::Unprefixed => ("awslogs", json!({ "awslogs-group": group, "awslogs-region": home })),
            Self::Routed => {
                let options = json!({
                    "Name": "cloudwatch_logs",
                    "region": home,
                    "log_group_name": group,
                    "log_stream_prefix": "firelens/",
                    "auto_create_group": "false",
                });
                ("awsfirelens", options)
            }
            Self::Driver(driver, options) => {
                (*driver, options.iter().map(|(name, value)| (*name, json!(value))).collect())
            }
            Self::Unset => return None,
        };
        Some(json!({ "logDriver": driver, "options": options }))
    }
}

/// A plan for a task definition.
#[derive(Debug, Clone)]
pub(crate) struct TaskPlan {
    pub(crate) family: String,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) fargate: bool,
    pub(crate) awsvpc: bool,
    /// A volume configured at launch.
    pub(crate) volume: Option<&'static str>,
    pub(crate) containers: Vec<ContainerPlan>,
}

/// A plan for a service.
#[derive(Debug, Clone)]
pub(crate) struct ServicePlan {
    pub(crate) name: String,
    pub(crate) desired: usize,
    pub(crate) task: TaskPlan,
    /// Number of earlier revisions of the family.
    pub(crate) former_revisions: u32,
    pub(crate) strategy: Vec<StrategyItem>,
    pub(crate) daemon: bool,
    pub(crate) balanced: bool,
    pub(crate) config: DeploymentConfig,
    pub(crate) grace_seconds: u32,
    pub(crate) exec: bool,
    pub(crate) connect: bool,
    pub(crate) external: bool,
    pub(crate) tags: Vec<Tag>,
}

impl World {
    /// Registers a planned task definition.
    pub(crate) fn add_definition(&mut self, plan: &TaskPlan, at: i64) -> Arc<TaskDefinition> {
        let input = self.definition_input(plan);
        let by = format!("arn:aws:sts::{}:assumed-role/deploy/pipeline", self.account_id);
        self.register(&input, at, &by)
    }

    fn definition_input(&self, plan: &TaskPlan) -> Map<String, Value> {
        let pairs = |list: &[(String, String)], value: &str| -> Vec<Value> {
            list.iter().map(|(name, text)| json!({ "name": name, value: text })).collect()
        };
        let containers: Vec<Value> = plan
            .containers
            .iter()
            .map(|container| {
                let mut definition = json!({
                    "name": container.name,
                    "image": container.image,
                    "cpu": container.cpu,
                    "essential": container.essential,
                    "environment": pairs(&container.environment, "value"),
                });
                if let Some(configuration) = container.logging.configuration(&plan.family, &self.region) {
                    definition["logConfiguration"] = configuration;
                }
                if plan.containers.iter().any(|other| matches!(other.logging, Logging::Routed))
                    && container.name == ROUTER
                {
                    definition["firelensConfiguration"] = json!({ "type": "fluentbit" });
                }
                if let Some(name) = plan.volume {
                    definition["mountPoints"] =
                        json!([{ "sourceVolume": name, "containerPath": "/data", "readOnly": false }]);
                }
                if let Some(memory) = container.memory {
                    definition["memory"] = json!(memory);
                }
                if let Some(port) = container.port {
                    let host_port = if plan.awsvpc { port } else { 0 };
                    definition["portMappings"] = json!([{
                        "containerPort": port, "hostPort": host_port, "protocol": "tcp",
                        "name": format!("{}-{port}-tcp", container.name), "appProtocol": "http",
                    }]);
                }
                if !container.secrets.is_empty() {
                    definition["secrets"] = json!(pairs(&container.secrets, "valueFrom"));
                }
                if let Some(start_period) = container.health_start_period {
                    definition["healthCheck"] = json!({
                        "command": ["CMD-SHELL", "curl -fs http://localhost:8080/healthz || exit 1"],
                        "interval": 15, "timeout": 5, "retries": 3, "startPeriod": start_period,
                    });
                }
                definition
            })
            .collect();
        let volumes: Vec<Value> =
            plan.volume.iter().map(|name| json!({ "name": name, "configuredAtLaunch": true })).collect();
        let role = |kind: &str| format!("arn:aws:iam::{}:role/{}-{kind}", self.account_id, plan.family);
        let input = json!({
            "family": plan.family,
            "taskRoleArn": role("task"),
            "executionRoleArn": role("execution"),
            "networkMode": if plan.awsvpc { "awsvpc" } else { "bridge" },
            "requiresCompatibilities": if plan.fargate { json!(["FARGATE"]) } else { json!(["EC2"]) },
            "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
            "cpu": plan.cpu.to_string(),
            "memory": plan.memory.to_string(),
            "containerDefinitions": containers,
            "volumes": volumes,
        });
        match input {
            Value::Object(input) => input,
            _ => Map::new(),
        }
    }

    /// Creates a service that has long been steady at `at`. Returns its index.
    pub(crate) fn add_service(&mut self, cluster: usize, plan: &ServicePlan, at: i64) -> usize {
        let label = format!("{}/{}", self.clusters[cluster].name, plan.name);
        let mut rng = Rng::stream(self.seed, &label);
        let age = rng.within((20 * 24 * HOUR, 400 * 24 * HOUR));
        let deployed = at - rng.within((5 * HOUR, 9 * 24 * HOUR));
        for revision in 0..plan.former_revisions {
            self.add_definition(&plan.task, at - age + i64::from(revision) * age / 16);
        }
        let definition = self.add_definition(&plan.task, deployed - 90_000);

        let mut service = Service::new(&plan.name, cluster, at - age, rng);
        service.desired = plan.desired;
        service.launch_type = if plan.task.fargate { "FARGATE" } else { "EC2" };
        service.strategy = plan.strategy.clone();
        service.daemon = plan.daemon;
        service.config = plan.config.clone();
        service.exec = plan.exec;
        service.external = plan.external;
        service.rebalancing = !plan.daemon && !plan.external && plan.config.maximum_percent > 100;
        service.created_by = format!("arn:aws:iam::{}:role/deploy", self.account_id);
        service.tags = plan.tags.clone();
        if plan.task.awsvpc {
            let group = format!("sg-0{}", service.rng.hex(16));
            service.network = Some(Network { security_groups: vec![group], public_ip: false });
        }
        let port = plan.task.containers.iter().find_map(|container| Some((container.name.clone(), container.port?)));
        if let Some((container, port)) = port.filter(|_| plan.balanced) {
            let arn = |suffix: &str, id: &str| {
                let name: String = label.replace('/', "-").chars().take(28).collect();
                format!(
                    "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{name}{suffix}/{id}",
                    self.region, self.account_id
                )
            };
            let (own, other) = (service.rng.hex(16), service.rng.hex(16));
            service.grace_seconds = plan.grace_seconds;
            service.balancers.push(LoadBalancer {
                target_group: arn("", &own),
                alternate: plan.config.blue_green.then(|| arn("-alt", &other)),
                container,
                port,
            });
        }
        if plan.connect {
            service.connect =
                plan.task.containers.iter().find_map(|container| {
                    Some((format!("{}-{}-tcp", container.name, container.port?), container.port?))
                });
        }
        add_history(&mut service, &definition, deployed, at);
        let index = self.services.len();
        self.services.push(service);
        self.add_tasks(index, &definition, deployed, at);
        if self.announces {
            let last_event = self.services[index].events.front().map_or(at, |event| event.at);
            self.schedule(last_event + 6 * HOUR, super::ScheduledEvent::StillSteady(index));
        }
        index
    }

    /// Creates the tasks of a new service, running since its last deployment.
    fn add_tasks(&mut self, service: usize, definition: &Arc<TaskDefinition>, deployed: i64, at: i64) {
        let (cluster, daemon) = (self.services[service].cluster, self.services[service].daemon);
        let members: Vec<usize> = (0..self.instances.len())
            .filter(|instance| daemon && self.instances[*instance].cluster == cluster)
            .collect();
        if daemon {
            self.services[service].desired = members.len();
        }
        for number in 0..self.services[service].desired {
            let data = &self.services[service];
            let mut taken = [0; 3];
            for task in data.live.iter().filter_map(|id| self.tasks.get(id)) {
                taken[task.site.zone % 3] += 1;
            }
            let running = |provider: &str| {
                let tasks = data.live.iter().filter_map(|id| self.tasks.get(id));
                tasks.filter(|task| task.site.capacity_provider.as_deref() == Some(provider)).count()
            };
            let (launch_type, provider) = match self.choose_provider(&data.strategy, running) {
                Some((launch_type, provider)) => (launch_type, Some(provider)),
                None => (data.launch_type, None),
            };
            let site = match members.get(number) {
                Some(instance) => super::Site {
                    launch_type,
                    capacity_provider: provider,
                    instance: Some(*instance),
                    zone: self.instances[*instance].zone,
                },
                None => match self.place(cluster, launch_type, provider, definition, taken) {
                    Ok(site) => site,
                    // The scheduler retries once the simulation runs.
                    Err(_) => {
                        self.schedule_round(service, at + 1_000);
                        return;
                    }
                },
            };
            let new = NewTask {
                cluster,
                service: Some(service),
                definition: definition.clone(),
                site,
                started_by: data.primary().map(|primary| primary.id.clone()),
                group: format!("service:{}", data.name),
                exec: data.exec,
                overrides: json!({ "containerOverrides": [] }),
                tags: self.task_tags(service),
            };
            let id = TaskId(self.services[service].rng.wide());
            let created = deployed + number as i64 * 400;
            self.add_running_task(id, new, created, at);
        }
    }

    /// Creates a task that has been running since shortly after `created`.
    pub(crate) fn add_running_task(&mut self, id: TaskId, new: NewTask, created: i64, at: i64) {
        let task = self.make_task(id, new, created, Status::Running);
        let connected = created + task.rng.within((4_000, 11_000));
        let pull_started = connected + task.rng.within((500, 2_500));
        let pull_stopped = pull_started + task.rng.within((2_000, 15_000));
        task.times.connected = Some(connected);
        task.times.pull_started = Some(pull_started);
        task.times.pull_stopped = Some(pull_stopped);
        task.times.started = Some(pull_stopped + task.rng.within((400, 2_000)));
        task.was_ready = true;
        task.version = 5;
        task.target = task.target.map(|_| Health::Healthy);
        let definition = task.definition.clone();
        for (container, spec) in task.containers.iter_mut().zip(&definition.containers) {
            container.phase = Phase::Running;
            container.health = if spec.health_check.is_some() { Health::Healthy } else { Health::Unknown };
        }
        self.schedule_outcomes(id, 0, at);
    }
}

/// Writes the history of a service that was last deployed at `deployed` and has been steady since.
fn add_history(service: &mut Service, definition: &Arc<TaskDefinition>, deployed: i64, at: i64) {
    let mut sources = Vec::new();
    for back in (0..3).rev() {
        let number = service.rng.digits();
        let began = deployed - back * service.rng.within((30 * HOUR, 80 * HOUR));
        let finished = began + service.rng.within((150_000, 420_000));
        service.revisions.push(Revision {
            number: number.clone(),
            definition: definition.clone(),
            strategy: service.strategy.clone(),
            created: began,
        });
        let id = service.rng.text(21, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        service.rollouts.push(Rollout {
            id,
            deployment: format!("ecs-svc/{number}"),
            created: began,
            updated: finished,
            finished: Some(finished),
            stopped: None,
            sources: std::mem::replace(&mut sources, vec![number.clone()]),
            target: number.clone(),
            status: RolloutStatus::Successful,
            status_reason: None,
            stage: None,
            hooks: Vec::new(),
            breaker: service.config.breaker,
            tripped: false,
            failures: 0,
            threshold: service.config.breaker.map_or(0, |breaker| breaker.trips_at(service.desired)),
            rollback: None,
            desired: service.desired,
        });
        service.deployments = vec![Deployment {
            id: format!("ecs-svc/{number}"),
            revision: number.clone(),
            definition: definition.clone(),
            created: began,
            updated: finished,
            failed_tasks: 0,
            state: RolloutState::Completed,
            reason: format!("ECS deployment ecs-svc/{number} completed."),
            alternate: false,
        }];
        service.add_event(finished, &format!("(deployment ecs-svc/{number}) deployment completed."));
        service.add_event(finished, "has reached a steady state.");
    }
    let mut event_at = service.events.front().map_or(deployed, |event| event.at) + 6 * HOUR;
    while event_at < at {
        service.add_event(event_at, "has reached a steady state.");
        event_at += 6 * HOUR + service.rng.within((0, 60_000));
    }
}
