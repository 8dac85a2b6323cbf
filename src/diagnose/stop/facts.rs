//! The facts about a stopped task: its reasons and containers, how long it ran, how long it took to stop.

use jiff::Timestamp;

use crate::{
    diagnose::{Known, MINUTE, names},
    knowledge::{self, ReasonField, Rule},
    resource::{
        container::Container,
        format::{duration, seconds_since},
        revision::{Definition, Revision},
        task::Task,
    },
};

/// Default stop timeout of containers.
const STOP_TIMEOUT: i64 = 30;
/// Tolerance in seconds before the stop timeout, because times are rounded.
const ROUNDING: i64 = 2;
/// Exit codes of containers that were stopped from outside: terminated, killed, lost.
pub(super) const TERMINATED: i32 = 143;
pub(super) const KILLED: i32 = 137;
pub(super) const LOST: i32 = 255;

pub(in crate::diagnose) struct StopFacts<'a> {
    pub task: &'a Task,
    pub known: &'a Known<'a>,
    pub revision: Option<&'a Revision>,
}

impl<'a> StopFacts<'a> {
    pub(crate) fn new(task: &'a Task, known: &'a Known<'a>) -> Self {
        let revision = task.task_definition_arn.as_deref().and_then(|arn| known.revision(arn));
        Self { task, known, revision }
    }

    /// `stoppedReason`; empty if absent.
    pub(crate) fn reason(&self) -> &'a str {
        self.task.stopped_reason.as_deref().unwrap_or_default().trim()
    }

    /// Whether none of its containers has run, according to AWS.
    pub(crate) fn never_ran(&self) -> bool {
        self.task.started_at.is_none() && self.task.containers.iter().all(|container| container.exit_code.is_none())
    }

    /// Whether a service expects it to keep running.
    pub(crate) fn is_service_task(&self) -> bool {
        self.task.service().is_some() || self.task.started_by.as_deref().is_some_and(|by| by.starts_with("ecs-svc/"))
    }

    /// The definition of `container`.
    pub(crate) fn definition(&self, container: &Container) -> Option<&'a Definition> {
        self.revision.and_then(|revision| names::definition_of(revision, &container.name))
    }

    /// Containers whose end stops the task: all of them if the task definition is unknown.
    pub(crate) fn essential_containers(&self) -> Vec<&'a Container> {
        let essential =
            |container: &&Container| self.definition(container).is_none_or(|definition| definition.essential);
        let found: Vec<_> = self.task.containers.iter().filter(essential).collect();
        if found.is_empty() { self.task.containers.iter().collect() } else { found }
    }

    /// Seconds for which it ran.
    pub(crate) fn ran_for(&self) -> Option<i64> {
        let end = self.task.stopping_at.or(self.task.execution_stopped_at).or(self.task.stopped_at);
        self.task.started_at.zip(end).map(|(start, end)| seconds_since(start, end))
    }

    /// When its containers had stopped, and the field with that time.
    fn containers_stopped_at(&self) -> Option<(&'static str, Timestamp)> {
        let execution = self.task.execution_stopped_at.map(|at| ("executionStoppedAt", at));
        execution.or(self.task.stopped_at.map(|at| ("stoppedAt", at)))
    }

    /// Seconds from the request to stop until its containers had stopped, and the fields with those times.
    pub(crate) fn stop_took(&self) -> Option<(String, i64)> {
        let (field, end) = self.containers_stopped_at()?;
        Some((format!("{field} - stoppingAt"), seconds_since(self.task.stopping_at?, end)))
    }

    /// Stop timeout of `container` in seconds.
    pub(crate) fn stop_timeout(&self, container: &Container) -> i64 {
        self.definition(container).and_then(|definition| definition.stop_timeout).map_or(STOP_TIMEOUT, i64::from)
    }

    /// Whether it was killed after the stop timeout.
    pub(crate) fn was_killed_after_timeout(&self, container: &Container) -> bool {
        let took = self.stop_took().map_or(0, |(_, took)| took);
        container.exit_code == Some(KILLED) && took >= self.stop_timeout(container) - ROUNDING
    }

    /// The container that caused the stop. Containers have no stop time, so their reasons and exit codes decide: those
    /// stopped because another ended have 143 or 137.
    pub(crate) fn root_container(&self) -> Option<&'a Container> {
        let essential = self.essential_containers();
        let finished = essential.iter().any(|container| container.exit_code == Some(0));
        essential.into_iter().min_by_key(|container| match container.exit_code {
            Some(0) => 3,
            _ if has_own_reason(container) => 0,
            Some(KILLED) if finished && self.was_killed_after_timeout(container) => 5,
            Some(KILLED) => 2,
            Some(TERMINATED) => 4,
            Some(_) => 1,
            None => 6,
        })
    }

    /// Number of other tasks of the cluster that ended in the same way on the same instance within a minute.
    pub(crate) fn count_peers(&self) -> usize {
        let (Some(instance), Some(at)) = (&self.task.container_instance_arn, self.task.stopped_at) else { return 0 };
        let fellow = |task: &&&Task| {
            let near = task.stopped_at.is_some_and(|then| (then.as_second() - at.as_second()).abs() <= MINUTE);
            let lost = |container: &Container| matches!(container.exit_code, Some(LOST | KILLED | TERMINATED));
            let ended = task.stop_code.as_deref() == Some("EssentialContainerExited");
            near && ended && task.task_arn != self.task.task_arn && task.containers.iter().any(lost)
        };
        self.known.on_instance(instance).iter().filter(fellow).count()
    }
}

/// Whether its reason explains its end rather than a slow stop.
fn has_own_reason(container: &Container) -> bool {
    let about_stopping = |reason: &str| reason.contains("CannotStop") || reason.contains("transition to stopped");
    container.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty() && !about_stopping(reason))
}

/// Formats seconds: `30 s`, `3h20m`.
pub(super) fn format_seconds(seconds: i64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { duration(seconds) }
}

/// A reason in AWS's words: its field, and its container.
pub(super) struct StopReason<'a> {
    pub place: ReasonField,
    pub field: String,
    pub text: &'a str,
    pub container: Option<&'a Container>,
}

/// All reasons of the task, its containers and its attachments.
pub(super) fn stop_reasons<'a>(facts: &StopFacts<'a>) -> Vec<StopReason<'a>> {
    let task = facts.task;
    let mut reasons = vec![StopReason {
        place: ReasonField::Task,
        field: "stoppedReason".to_owned(),
        text: facts.reason(),
        container: None,
    }];
    for container in &task.containers {
        let text = container.reason.as_deref().unwrap_or_default().trim();
        let field = field_of(container, "reason");
        reasons.push(StopReason { place: ReasonField::Container, field, text, container: Some(container) });
    }
    for attachment in &task.attachments {
        let text = attachment.reason.as_deref().unwrap_or_default().trim();
        let field = format!("attachments[{}].statusReason", attachment.kind);
        reasons.push(StopReason { place: ReasonField::Attachment, field, text, container: None });
    }
    reasons.retain(|reason| !reason.text.is_empty());
    reasons
}

/// The rule for `text`, if it is specific.
pub(super) fn specific_rule(place: ReasonField, text: &str) -> Option<&'static Rule> {
    knowledge::of_reason(place, text).filter(|rule| !rule.general)
}

/// The only container of a task.
pub(super) fn only_container(containers: &[Container]) -> Option<&Container> {
    if let [only] = containers { Some(only) } else { None }
}

/// `containers[app].exitCode`.
pub(super) fn field_of(container: &Container, field: &str) -> String {
    format!("containers[{}].{field}", container.name)
}

/// The name of a container for a sentence.
pub(super) fn container_label(container: &Container) -> String {
    if container.name.is_empty() { "the container".to_owned() } else { format!("`{}`", container.name) }
}
