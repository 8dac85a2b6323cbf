//! Evidence that an explanation fetches once, when it is opened: at most three calls in addition to what is polled.

use jiff::Timestamp;

use super::revision::Revision;

/// Evidence about a task or a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Task definition of the explained task.
    pub revision: Option<Revision>,
    /// Last log lines of the container that caused the stop.
    pub lines: Option<Excerpt>,
    /// Health of the service's targets.
    pub targets: Vec<Target>,
    /// Evidence that could not be fetched, and why: one sentence each.
    pub gaps: Vec<String>,
}

/// Last lines of one container's log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Excerpt {
    pub task_arn: String,
    pub container: String,
    pub group: String,
    pub stream: String,
    /// Lines, oldest first. Secrets are masked; control characters are not, so they are not safe to draw.
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
