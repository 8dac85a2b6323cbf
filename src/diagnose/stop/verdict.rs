//! From conclusions to the verdict: adds all facts as evidence, and fills in names.

use super::facts::{KILLED, StopFacts, field_of, format_seconds, stop_reasons};
use crate::{
    diagnose::{VerdictBuilder, names},
    knowledge::{Topic, Verdict},
    resource::{container::Container, format::seconds_since},
};

/// The verdict for the task of `facts`.
pub(super) fn conclude(mut builder: VerdictBuilder<'_>, facts: &StopFacts<'_>) -> Verdict {
    add_evidence(&mut builder, facts);
    let names = names::task_names(facts.task, builder.container, facts.known);
    builder.build(names)
}

/// Adds the other facts.
fn add_evidence(builder: &mut VerdictBuilder<'_>, facts: &StopFacts<'_>) {
    let task = facts.task;
    if let Some(root) = builder.container
        && let Some(code) = builder.exit_code
    {
        builder.quote(field_of(root, "exitCode"), code.to_string());
    }
    builder.quote("stopCode", task.stop_code.as_deref().unwrap_or_default());
    for reason in stop_reasons(facts) {
        builder.quote(reason.field, reason.text);
    }
    for container in &task.containers {
        if let Some(code) = container.exit_code.filter(|code| *code != 0) {
            builder.quote(field_of(container, "exitCode"), code.to_string());
        }
    }
    let blamed = |container: &Container| builder.container.is_some_and(|root| std::ptr::eq(root, container));
    let mut killed = task.containers.iter().filter(|container| container.exit_code == Some(KILLED));
    if let Some(killed) = killed.find(|container| !blamed(container))
        && let Some((field, took)) = facts.stop_took()
    {
        let timeout = facts.stop_timeout(killed);
        let forced = if facts.was_killed_after_timeout(killed) {
            format!(", its stop timeout is {timeout} s")
        } else {
            String::new()
        };
        builder.quote(field, format!("{}{forced}", format_seconds(took)));
    }
    if builder.rule.is_some_and(|rule| rule.topic == Topic::ImagePull)
        && let Some((start, end)) = task.pull_started_at.zip(task.pull_stopped_at)
    {
        builder.quote("pullStoppedAt - pullStartedAt", format_seconds(seconds_since(start, end)));
    }
}
