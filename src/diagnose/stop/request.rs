//! Stops that were requested: by a person, a tool, or the scheduler of the service.

use super::facts::{StopFacts, container_label, only_container, specific_rule};
use crate::{
    diagnose::VerdictBuilder,
    knowledge::{self, Class, ReasonField, Topic},
    resource::{container::Container, format::one_line},
};

/// StopTask was called by a person or a tool. The reason is their text, even if it looks like a message of AWS.
pub(super) fn diagnose_user_stop<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    if let Some(rule) = specific_rule(ReasonField::Task, reason).filter(|rule| rule.topic == Topic::Deregistration) {
        return add_stop_request(VerdictBuilder::from_rule(rule), facts);
    }
    let rule = knowledge::of_stop_code("UserInitiated");
    let given = Some(one_line(reason)).filter(|reason| !reason.is_empty() && reason != "Task stopped by user");
    let cause = given.map(|given| format!("A person or a tool stopped it and said: \"{given}\""));
    add_stop_request(VerdictBuilder { rule, cause, class: Some(Class::Normal), ..VerdictBuilder::default() }, facts)
}

/// Stopped by the service scheduler: routine, except for replacing an unhealthy task.
pub(super) fn diagnose_scheduler_stop<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    let unhealthy = reason.to_lowercase().contains("health check");
    let code = knowledge::of_stop_code("ServiceSchedulerInitiated");
    let mut builder = match specific_rule(ReasonField::Task, reason) {
        Some(rule) => VerdictBuilder { text: Some(reason), ..VerdictBuilder::from_rule(rule) },
        None if reason.is_empty() => VerdictBuilder { rule: code, ..VerdictBuilder::default() },
        None => VerdictBuilder {
            consequence: Some("The service's scheduler stopped it.".to_owned()),
            ..VerdictBuilder::unknown(reason, Class::Normal)
        },
    };
    let class = builder.rule.or(code).map_or(Class::Normal, |rule| rule.class);
    builder.class = Some(if unhealthy { Class::Failure } else { class.min(Class::Warning) });
    if unhealthy {
        let containers = &facts.task.containers;
        let sick = |container: &&Container| container.health_status.as_deref() == Some("UNHEALTHY");
        let checked =
            |container: &&Container| facts.definition(container).is_some_and(|of| !of.health_check.is_empty());
        let checked = containers.iter().find(checked).filter(|_| !reason.contains("ELB"));
        builder.container = containers.iter().find(sick).or(checked).or(only_container(containers));
    }
    add_stop_request(builder, facts)
}

/// A requested stop: the way its containers ended is a consequence.
pub(super) fn add_stop_request<'a>(mut builder: VerdictBuilder<'a>, facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    if facts.task.stop_code.as_deref().is_some_and(|code| code != "EssentialContainerExited")
        && let Some(forced) = facts.task.containers.iter().find(|container| facts.was_killed_after_timeout(container))
    {
        let (timeout, name) = (facts.stop_timeout(forced), container_label(forced));
        let further = format!("{name} did not end within its {timeout} s when asked to, and was killed (137).");
        builder.consequence =
            Some([builder.consequence, Some(further)].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    let code = facts.task.stop_code.as_deref().unwrap_or_default();
    builder.quote("stopCode", code);
    builder.quote("stoppedReason", facts.reason());
    builder
}
