//! Why a task stopped.

use super::{Known, names, verdict_builder::VerdictBuilder};
use crate::{
    knowledge::{self, Class, Names, ReasonField, Rule, Topic, Verdict},
    resource::{
        container::Container,
        format::{one_line, seconds_since},
        task::{Task, says_nothing},
    },
};

mod exits;
mod facts;

pub(super) use facts::StopFacts;

use exits::diagnose_exit;
use facts::{KILLED, format_seconds};

/// Why `task` stopped.
pub fn diagnose_stop(task: &Task, known: &Known<'_>) -> Verdict {
    let facts = StopFacts::new(task, known);
    let mut builder = match task.stop_code.as_deref() {
        Some("UserInitiated") => stopped_by_user(&facts),
        Some("ServiceSchedulerInitiated") => stopped_by_scheduler(&facts),
        Some(code @ ("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth")) => host_failed(&facts, code),
        Some("TaskFailedToStart") => failed_to_start(&facts, Class::Failure),
        Some("EssentialContainerExited") => diagnose_exit(&facts),
        _ if facts.never_ran() => failed_to_start(&facts, Class::Warning),
        _ => diagnose_exit(&facts),
    };
    add_evidence(&mut builder, &facts);
    let names = names::task_names(task, builder.container, known);
    builder.build(names)
}

/// The rule that knows `text`, and tells why.
pub(super) fn specific_rule(place: ReasonField, text: &str) -> Option<&'static Rule> {
    knowledge::of_reason(place, text).filter(|rule| !rule.general)
}

/// A person or a tool called StopTask. What they said is their words, however much it looks like AWS's.
fn stopped_by_user<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    if let Some(rule) = specific_rule(ReasonField::Task, reason).filter(|rule| rule.topic == Topic::Deregistration) {
        return add_stop_request(VerdictBuilder::from_rule(rule), facts);
    }
    let rule = knowledge::of_stop_code("UserInitiated");
    let said = Some(one_line(reason)).filter(|reason| !reason.is_empty() && reason != "Task stopped by user");
    let cause = said.map(|said| format!("A person or a tool stopped it and said: \"{said}\""));
    add_stop_request(VerdictBuilder { rule, cause, class: Some(Class::Normal), ..VerdictBuilder::default() }, facts)
}

/// The service's scheduler: every day's work, but for what it replaces because it is unhealthy.
fn stopped_by_scheduler<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
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

/// What it ran on is gone, or about to be: not the application's fault.
fn host_failed<'a>(facts: &StopFacts<'a>, code: &str) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    let rule = specific_rule(ReasonField::Task, reason).filter(|rule| rule.class < Class::Failure);
    let rule = rule.or_else(|| knowledge::of_stop_code(code));
    add_stop_request(
        VerdictBuilder { rule, class: Some(Class::Warning), text: Some(reason), ..VerdictBuilder::default() },
        facts,
    )
}

/// A stop that came from outside: how its containers ended is a consequence.
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

/// Something AWS said: where it stands, and whose it is.
struct StopReason<'a> {
    place: ReasonField,
    field: String,
    text: &'a str,
    container: Option<&'a Container>,
}

fn stop_reasons<'a>(facts: &StopFacts<'a>) -> Vec<StopReason<'a>> {
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

/// It did not get as far as running: whatever AWS says of the task, its containers or its attachments may tell why.
fn failed_to_start<'a>(facts: &StopFacts<'a>, class: Class) -> VerdictBuilder<'a> {
    let reasons = stop_reasons(facts);
    let known = reasons.iter().filter_map(|reason| Some((reason, knowledge::of_reason(reason.place, reason.text)?)));
    let Some((reason, rule)) = known.min_by_key(|(_, rule)| rule.general) else {
        let mut builder = no_rule(&reasons, class);
        builder.quote("stopCode", facts.task.stop_code.as_deref().unwrap_or_default());
        return builder;
    };
    let mut builder = VerdictBuilder { text: Some(reason.text), ..VerdictBuilder::from_rule(rule) };
    builder.quote(&*reason.field, reason.text);
    // A container that another one waited for has run, and failed.
    let ran = facts.task.containers.iter().find(|container| container.exit_code.is_some_and(|code| code != 0));
    let waited_for = ran.filter(|_| rule.topic == Topic::Dependency);
    builder.exit_code = waited_for.and_then(|container| container.exit_code);
    builder.container = waited_for.or(reason.container).or_else(|| mentioned_container(facts, reason.text));
    builder
}

/// The container that a message about the whole task is about.
fn mentioned_container<'a>(facts: &StopFacts<'a>, text: &str) -> Option<&'a Container> {
    let containers = &facts.task.containers;
    let mut mentioned = Names::default();
    names::add_names_in(&mut mentioned, text);
    let secret = |container: &&Container| {
        let secrets = facts.definition(container).map(|definition| definition.secrets.as_slice()).unwrap_or_default();
        mentioned.get("secret").is_some_and(|secret| secrets.iter().any(|(_, from)| from.starts_with(secret)))
    };
    let image = |container: &&Container| container.image.as_deref().is_some_and(|image| text.contains(image));
    only_container(containers).or_else(|| containers.iter().find(image)).or_else(|| containers.iter().find(secret))
}

fn only_container(containers: &[Container]) -> Option<&Container> {
    if let [only] = containers { Some(only) } else { None }
}

/// What no rule knows, whole: everything that was said, each thing once.
fn no_rule<'a>(reasons: &[StopReason<'a>], class: Class) -> VerdictBuilder<'a> {
    let mut texts: Vec<&str> = reasons.iter().map(|reason| reason.text).collect();
    let empty = |text: &&str| says_nothing(text);
    if !texts.iter().all(empty) {
        texts.retain(|text| !empty(text));
    }
    texts.dedup();
    let mut builder =
        VerdictBuilder { text: texts.first().copied(), ..VerdictBuilder::unknown(&texts.join("; "), class) };
    builder.container = reasons.iter().find_map(|reason| reason.container);
    for reason in reasons {
        builder.quote(&*reason.field, reason.text);
    }
    builder
}

/// Adds what else was looked at.
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

/// `containers[app].exitCode`.
pub(super) fn field_of(container: &Container, field: &str) -> String {
    format!("containers[{}].{field}", container.name)
}

/// A container in a sentence.
pub(super) fn container_label(container: &Container) -> String {
    if container.name.is_empty() { "the container".to_owned() } else { format!("`{}`", container.name) }
}

#[cfg(test)]
mod tests;
