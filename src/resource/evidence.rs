//! Evidence that an explanation or the dialog of a change fetches once, when it is opened: at most three calls in
//! addition to what is polled.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Row, revision::Revision};

/// Evidence about a task or a service, or for a change.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Task definition of the explained task.
    pub revision: Option<Revision>,
    /// Last log lines of the container that caused the stop.
    pub lines: Option<Excerpt>,
    /// Health of the service's targets.
    pub targets: Vec<Target>,
    /// Who else changes the desired count, by the ARN of the service.
    pub auto_scaling: HashMap<String, AutoScaling>,
    /// Until when tasks are protected, by ARN.
    pub protected: BTreeMap<String, Timestamp>,
    /// Rows that were not known.
    pub rows: Vec<Arc<dyn Row>>,
    /// Evidence that could not be fetched, and why: one sentence each.
    pub gaps: Vec<String>,
}

impl Evidence {
    /// The rows that are not among `known`.
    pub fn rows_beyond<'a>(&self, known: impl IntoIterator<Item = &'a dyn Row>) -> Vec<Arc<dyn Row>> {
        let known: HashSet<&str> = known.into_iter().map(Row::id).collect();
        self.rows.iter().filter(|row| !known.contains(row.id())).cloned().collect()
    }
}

/// What Application Auto Scaling does with the desired count of a service.
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTarget.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutoScaling {
    Unmanaged,
    Managed(ScalingLimits),
    /// It could not be read: a sentence that says why.
    Unknown(String),
}

/// The limits of a scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingLimits {
    pub min: i32,
    pub max: i32,
    pub scale_in_suspended: bool,
    pub scale_out_suspended: bool,
}

impl ScalingLimits {
    /// The count within the limits that is nearest to `count`.
    pub fn nearest(&self, count: i32) -> i32 {
        count.max(self.min).min(self.max)
    }
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
