//! What an explanation asks AWS for once, when it is opened: beyond what is polled anyway, three calls at most.

use jiff::Timestamp;

use super::revision::Revision;

/// What was found out about a task or a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// The task definition of the task that is explained.
    pub revision: Option<Revision>,
    /// The last log lines of the container it began with.
    pub lines: Option<Excerpt>,
    /// The health of the service's targets.
    pub targets: Vec<Target>,
    /// What could not be found out, and why: one sentence each.
    pub gaps: Vec<String>,
}

/// The end of one container's log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Excerpt {
    pub task_arn: String,
    pub container: String,
    pub group: String,
    pub stream: String,
    /// Oldest first, secrets masked, otherwise as they came: not safe to draw.
    pub lines: Vec<(Timestamp, String)>,
}

/// One target of a load balancer's target group.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    pub group_arn: String,
    /// Address or instance id, and port.
    pub id: String,
    pub port: Option<i32>,
    /// `healthy`, `unhealthy`, `draining`, …
    pub state: String,
    /// `Target.ResponseCodeMismatch`, …; absent for healthy ones.
    pub reason: Option<String>,
    pub description: Option<String>,
}
