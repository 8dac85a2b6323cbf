//! Tasks and their containers: data. `lifecycle` changes them.

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::{
    cluster::Tag,
    rng::Rng,
    taskdef::{Naming, TaskDefinition},
};

/// A task's id: 32 hexadecimal digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub(crate) u128);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TaskId {
    /// Parses an id or an ARN.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let id = name.rsplit('/').next().unwrap_or(name);
        let hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u128::from_str_radix(id, 16).ok().map(Self)).flatten()
    }
}

/// `lastStatus`, in the order of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `healthStatus` of containers, and the state of the task's load balancer target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Health {
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

impl Health {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// `stopCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    UserInitiated,
    ServiceSchedulerInitiated,
    SpotInterruption,
    TerminationNotice,
}

impl StopCode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
            Self::TerminationNotice => "TerminationNotice",
        }
    }
}

/// Why a task stops.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub(crate) code: StopCode,
    pub(crate) reason: String,
}

impl Stop {
    pub(crate) fn new(code: StopCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// State of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Running,
    Stopped,
}

/// A container of a task; its definition has the same index in the task definition.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) phase: Phase,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) health: Health,
    /// The host ports of its port mappings, on instances.
    pub(crate) host_ports: Vec<u16>,
    /// Why its exec agent is not running although the container is.
    pub(crate) agent_failure: Option<&'static str>,
}

/// Timestamps of a task, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    pub(crate) created: i64,
    pub(crate) connected: Option<i64>,
    pub(crate) pull_started: Option<i64>,
    pub(crate) pull_stopped: Option<i64>,
    pub(crate) started: Option<i64>,
    pub(crate) stopping: Option<i64>,
    pub(crate) execution_stopped: Option<i64>,
    pub(crate) stopped: Option<i64>,
}

/// Where a task runs.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// `FARGATE` or `EC2`.
    pub(crate) launch_type: &'static str,
    pub(crate) capacity_provider: Option<String>,
    /// The index in `World::instances`, on EC2.
    pub(crate) instance: Option<usize>,
    /// 0, 1 or 2: the availability zone and its subnet.
    pub(crate) zone: usize,
}

/// The network interface of a task in awsvpc mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) mac: String,
    pub(crate) address: String,
}

/// One task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) cluster: usize,
    pub(crate) service: Option<usize>,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) site: Site,
    /// The deployment's id for a service's task, else as set by the caller.
    pub(crate) started_by: Option<String>,
    pub(crate) group: String,
    pub(crate) status: Status,
    /// Its desired status is STOPPED.
    pub(crate) unwanted: bool,
    pub(crate) times: Times,
    pub(crate) stop: Option<Stop>,
    /// Why its volume could not be attached.
    pub(crate) volume_failure: Option<String>,
    pub(crate) containers: Vec<Container>,
    /// The load balancer's view; `None` without a load balancer.
    pub(crate) target: Option<Health>,
    /// It has run and passed every health check at least once.
    pub(crate) was_ready: bool,
    /// End of its scale-in protection.
    pub(crate) protected_until: Option<i64>,
    pub(crate) exec: bool,
    pub(crate) overrides: Value,
    pub(crate) tags: Vec<Tag>,
    pub(crate) version: i64,
    /// Incremented when the task begins to stop, so that steps scheduled before are dropped.
    pub(crate) epoch: u32,
    pub(crate) rng: Rng,
}

impl Task {
    /// The health of the task as AWS derives it: from the essential containers with a check.
    pub(crate) fn health(&self) -> Health {
        let mut checked = self
            .definition
            .containers
            .iter()
            .zip(&self.containers)
            .filter(|(spec, _)| spec.essential && spec.health_check.is_some())
            .map(|(_, container)| container.health)
            .peekable();
        if checked.peek().is_none() {
            return Health::Unknown;
        }
        checked.fold(Health::Healthy, |worst, health| match (worst, health) {
            (Health::Unhealthy, _) | (_, Health::Unhealthy) => Health::Unhealthy,
            (Health::Unknown, _) | (_, Health::Unknown) => Health::Unknown,
            _ => Health::Healthy,
        })
    }

    fn checked(&self) -> bool {
        self.definition.containers.iter().any(|spec| spec.essential && spec.health_check.is_some())
    }

    /// Returns whether it runs and passes its checks: then it counts for a deployment.
    pub(crate) fn ready(&self) -> bool {
        self.status == Status::Running
            && !self.unwanted
            && (!self.checked() || self.health() == Health::Healthy)
            && self.target.is_none_or(|target| target == Health::Healthy)
    }

    /// Returns whether it fails a check and must be replaced.
    pub(crate) fn failing(&self) -> bool {
        self.health() == Health::Unhealthy || self.target == Some(Health::Unhealthy)
    }

    /// Returns whether it counts as running in services, deployments and clusters.
    pub(crate) fn counts_as_running(&self) -> bool {
        self.status == Status::Running
    }

    /// Returns whether it counts as pending.
    pub(crate) fn counts_as_pending(&self) -> bool {
        self.status < Status::Running && !self.unwanted
    }

    pub(crate) fn protected(&self, now: i64) -> bool {
        self.protected_until.is_some_and(|until| until > now)
    }

    /// Random numbers for the task's fixed details, apart from those of its life.
    pub(crate) fn details(&self, label: &str) -> Rng {
        Rng::stream(self.id.0 as u64, label)
    }

    pub(crate) fn interface(&self) -> Interface {
        let mut rng = self.details("interface");
        let mac: Vec<String> = (0..5).map(|_| rng.hex(2)).collect();
        let address = format!("10.20.{}.{}", self.site.zone * 16 + rng.below(16) as usize, 4 + rng.below(250));
        Interface { id: format!("eni-0{}", rng.hex(16)), mac: format!("0a:{}", mac.join(":")), address }
    }

    /// Returns whether ECS Exec works.
    pub(crate) fn takes_exec(&self, container: usize) -> bool {
        let container = self.containers.get(container);
        self.exec
            && self.status == Status::Running
            && container.is_some_and(|it| it.phase == Phase::Running && it.agent_failure.is_none())
    }

    /// The runtime id of a container; none before it is created.
    pub(crate) fn runtime_id(&self, container: usize) -> Option<String> {
        let name = &self.definition.containers.get(container)?.name;
        let mut rng = self.details(name);
        // If the task ended with the pull, no container was created.
        self.times.pull_stopped.filter(|at| self.times.execution_stopped != Some(*at))?;
        Some(match self.site.launch_type {
            "EC2" => rng.hex(64),
            _ => format!("{}-{}", self.id, 1_000_000_000 + rng.below(8_999_999_999)),
        })
    }
}

/// A stream in CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogStream {
    /// Absent for the account's own Region.
    pub(crate) region: Option<String>,
    pub(crate) group: String,
    pub(crate) name: String,
}

impl Task {
    /// The log stream of a container, if it logs to CloudWatch Logs.
    pub(crate) fn log_stream(&self, container: usize) -> Option<LogStream> {
        let spec = self.definition.containers.get(container)?;
        let target = spec.log.as_ref()?;
        let name = match &target.naming {
            Naming::Prefix(prefix) => format!("{prefix}/{}/{}", spec.name, self.id),
            Naming::Container => self.runtime_id(container)?,
            Naming::Router(prefix) => format!("{prefix}{}-firelens-{}", spec.name, self.id),
        };
        Some(LogStream { region: target.region.clone(), group: target.group.clone(), name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_from_arns_only() {
        let id = TaskId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(TaskId::parse(&id.to_string()), Some(id));
        assert_eq!(TaskId::parse(&format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}")), Some(id));
        for wrong in ["", "abc", "+1234567890123456789012345678901", "é1234567890123456789012345678901"] {
            assert_eq!(TaskId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_states_are_in_the_order_of_life() {
        assert!(Status::Provisioning < Status::Running && Status::Running < Status::Stopped);
    }
}
