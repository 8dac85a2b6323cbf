//! Tasks that are starting or stopping: their state, how long it usually takes, and when it has taken too long.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Known, MINUTE, VerdictBuilder, names};
use crate::{
    knowledge::{Rule, situations},
    resource::{
        finding::{Finding, Problem},
        format::{duration, seconds_since},
        instance::Instance,
        revision::{Revision, STOP_TIMEOUT},
        task::Task,
    },
};

/// Seconds after which a task is overdue.
const PROVISIONING: i64 = MINUTE;
const INSTANCE_COMES: i64 = 10 * MINUTE;
const PENDING: i64 = 3 * MINUTE;
const ACTIVATING: i64 = MINUTE;
/// The default deregistration delay of a target group, and a minute.
const DEACTIVATING: i64 = 6 * MINUTE;
/// In addition to the stop timeout.
const STOPPING: i64 = 30;
const DEPROVISIONING: i64 = 2 * MINUTE;
const NOT_STOPPED: i64 = MINUTE;
/// In addition to the time for its health check.
const UNDECIDED: i64 = MINUTE;

/// What a task is waiting for.
pub(super) struct TaskWait<'a> {
    pub rule: &'static Rule,
    /// The state in AWS's terms: `PENDING`.
    pub state: &'a str,
    /// The start of the state, if its timestamps show it.
    pub since: Option<Timestamp>,
    /// Seconds after which it is overdue.
    pub limit: i64,
    /// The usual duration.
    pub usual: &'static str,
    /// Its instance, if the agent there is disconnected.
    pub disconnected: Option<&'a Instance>,
}

impl<'a> TaskWait<'a> {
    /// What `task` is waiting for; absent for a task that runs normally or has stopped.
    pub(super) fn new(task: &'a Task, known: &Known<'a>) -> Option<Self> {
        let revision = task.task_definition_arn.as_deref().and_then(|arn| known.revision(arn));
        let state = task.last_status.as_deref()?;
        let to_stop = task.desired_status.as_deref() == Some("STOPPED");
        let begun = task.stopping_at.or(task.execution_stopped_at);
        let (rule, since, limit, usual) = match state {
            "PROVISIONING" if waits_for_instance(task) => {
                (&situations::NO_INSTANCE, task.created_at, INSTANCE_COMES, "seconds; minutes while an instance starts")
            }
            "PROVISIONING" => (&situations::PROVISIONING, task.created_at, PROVISIONING, "seconds"),
            "PENDING" => match (task.pull_started_at, task.pull_stopped_at) {
                (Some(at), None) => (&situations::PULLING, Some(at), PENDING, "10 to 60 s"),
                (_, Some(at)) => (&situations::STARTING, Some(at), start_limit(revision), "seconds"),
                (None, None) => (&situations::PENDING, task.created_at, PENDING, "10 to 60 s"),
            },
            "ACTIVATING" => {
                let since = task.started_at.or(task.pull_stopped_at).or(task.created_at);
                (&situations::ACTIVATING, since, ACTIVATING, "seconds")
            }
            "RUNNING" if to_stop => (&situations::NOT_STOPPED, begun, NOT_STOPPED, "seconds"),
            "RUNNING" => {
                (&situations::UNDECIDED, task.started_at, health_check_limit(task, revision?)?, "a few checks")
            }
            "DEACTIVATING" => {
                (&situations::DEACTIVATING, begun, DEACTIVATING, "the target group's deregistration delay")
            }
            "STOPPING" => (&situations::STOPPING, begun, stop_limit(revision), "less than the stop timeout"),
            "DEPROVISIONING" => {
                (&situations::DEPROVISIONING, task.execution_stopped_at.or(begun), DEPROVISIONING, "10 to 30 s")
            }
            _ => return None,
        };
        let arn = task.container_instance_arn.as_deref();
        let mut instances = known.instances(&task.cluster_name).iter().copied();
        let instance = instances.find(|instance| Some(&*instance.container_instance_arn) == arn);
        let disconnected = instance.filter(|instance| !instance.agent_connected && state != "DEPROVISIONING");
        // Any wait depends on the agent.
        let (rule, limit) = disconnected.map_or((rule, limit), |_| (&situations::OUT_OF_REACH, limit.min(MINUTE)));
        Some(Self { rule, state, since, limit, usual, disconnected })
    }

    pub(super) fn elapsed(&self, now: Timestamp) -> Option<i64> {
        self.since.map(|since| seconds_since(since, now))
    }

    pub(super) fn overdue(&self, now: Timestamp) -> bool {
        self.elapsed(now).is_some_and(|elapsed| elapsed > self.limit)
    }

    /// `PENDING, pulls its image (usually 10 to 60 s)`.
    pub(super) fn describe(&self) -> String {
        match self.disconnected {
            Some(instance) => format!("{}: the agent on {} is disconnected", self.state, instance.short_name()),
            None => format!("{}, {} (usually {})", self.state, self.rule.short, self.usual),
        }
    }

    /// The finding about the wait, with quotes.
    pub(super) fn finding(&self, task: &Task, known: &Known<'_>) -> Finding {
        let mut builder = VerdictBuilder::from_rule(self.rule);
        builder.quote("lastStatus", self.state);
        builder.quote("desiredStatus", task.desired_status.clone().unwrap_or_default());
        if let Some(elapsed) = self.elapsed(known.now) {
            builder.quote("in this state for", format!("{} (usually {})", duration(elapsed), self.usual));
        }
        if let (Some(from), None) = (task.pull_started_at, task.pull_stopped_at) {
            builder.quote("pullStartedAt", format!("{} ago", duration(seconds_since(from, known.now))));
        }
        if let Some(instance) = self.disconnected {
            builder.quote("agentConnected", format!("false, on {}", instance.short_name()));
        }
        if let Some(attachment) = task.attachments.iter().find(|attachment| attachment.reason.is_some()) {
            builder.quote("attachments[].details.statusReason", attachment.reason.clone().unwrap_or_default());
        }
        let image = task.containers.iter().find(|container| container.exit_code.is_none());
        let verdict = builder.build(names::task_names(task, image, known));
        Finding {
            problem: Problem::TaskStuck,
            since: self.since,
            cause: self.describe(),
            verdict: Some(Arc::new(verdict)),
        }
    }
}

/// The finding about an overdue `task`.
pub fn diagnose_pending(task: &Task, known: &Known<'_>) -> Option<Finding> {
    let wait = TaskWait::new(task, known).filter(|wait| wait.overdue(known.now))?;
    Some(wait.finding(task, known))
}

/// The capacity provider of an Auto Scaling group starts an instance for the task.
fn waits_for_instance(task: &Task) -> bool {
    let provider = task.capacity_provider_name.as_deref();
    provider.is_some_and(|provider| !provider.starts_with("FARGATE")) && task.container_instance_arn.is_none()
}

/// A container may wait for another until its start timeout.
fn start_limit(revision: Option<&Revision>) -> i64 {
    let timeouts = revision.into_iter().flat_map(|revision| &revision.containers);
    let longest = timeouts.filter_map(|container| container.start_timeout).max();
    longest.map_or(PENDING, |seconds| PENDING.max(i64::from(seconds) + MINUTE))
}

fn stop_limit(revision: Option<&Revision>) -> i64 {
    STOPPING + i64::from(revision.map_or(STOP_TIMEOUT, Revision::stop_timeout))
}

/// When the health check of a running task should have a result; absent if it has one, or no check.
fn health_check_limit(task: &Task, revision: &Revision) -> Option<i64> {
    let unknown = task.health_status.as_deref() == Some("UNKNOWN");
    let essential = revision.containers.iter().filter(|container| container.essential);
    let checks = essential.filter_map(|container| container.check);
    let last = checks.map(|check| i64::from(check.decided_after())).max();
    last.filter(|_| unknown).map(|seconds| seconds + UNDECIDED)
}

#[cfg(test)]
mod tests;
