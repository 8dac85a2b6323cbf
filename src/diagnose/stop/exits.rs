//! Stops of tasks that ran: the root container, and the meaning of its exit code.

use super::{
    facts::{KILLED, LOST, StopFacts, TERMINATED, container_label, field_of, format_seconds, specific_rule},
    request::add_stop_request,
};
use crate::{
    diagnose::{VerdictBuilder, names},
    knowledge::{self, Certainty, Class, ReasonField, Topic},
    resource::{container::Container, format::one_line, task::Task},
};

/// A service container that ends with exit code 0 within this number of seconds was not meant to keep running.
const SOON: i64 = 60;
/// Number of similar tasks that rule out chance.
const REPEATED: usize = 3;

/// An essential container ended, without a request according to AWS.
pub(super) fn diagnose_exit<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    let root = facts.root_container();
    if let Some(rule) = specific_rule(ReasonField::Task, reason) {
        let builder = VerdictBuilder { text: Some(reason), ..VerdictBuilder::from_rule(rule) };
        if rule.class < Class::Failure {
            return add_stop_request(builder, facts);
        }
        let mut builder = with_root_container(builder, root, facts);
        builder.quote("stoppedReason", reason);
        return builder;
    }
    let Some(root) = root else {
        let mut builder = VerdictBuilder::unknown(reason, Class::Warning);
        builder.quote("stoppedReason", reason);
        return builder;
    };
    let own = root.reason.as_deref().unwrap_or_default().trim();
    let known = specific_rule(ReasonField::Container, own);
    let known =
        known.or_else(|| knowledge::of_reason(ReasonField::Container, own).filter(|_| root.exit_code.is_none()));
    let mut builder = match (known, root.exit_code) {
        (Some(rule), _) => VerdictBuilder { text: Some(own), ..VerdictBuilder::from_rule(rule) },
        (None, None) if !own.is_empty() => {
            VerdictBuilder { text: Some(own), ..VerdictBuilder::unknown(own, Class::Failure) }
        }
        (None, None) => no_exit_code(facts),
        (None, Some(0)) => exit_zero(facts, root),
        (None, Some(code)) => {
            let further =
                (!own.is_empty()).then(|| format!("Its reason, which ecsight does not know: {}", one_line(own)));
            VerdictBuilder { consequence: further, ..exit_code(facts, root, code) }
        }
    };
    builder.quote(field_of(root, "reason"), own);
    if builder.class == Some(Class::Normal) {
        builder.quote(field_of(root, "exitCode"), "0");
        builder.quote("stoppingAt - startedAt", facts.ran_for().map(format_seconds).unwrap_or_default());
        return builder;
    }
    with_root_container(builder, Some(root), facts)
}

/// Adds the name of the root container.
fn with_root_container<'a>(
    mut builder: VerdictBuilder<'a>,
    root: Option<&'a Container>,
    facts: &StopFacts<'a>,
) -> VerdictBuilder<'a> {
    let Some(root) = root else { return builder };
    builder.container = Some(root);
    builder.exit_code = root.exit_code;
    if let Some(code) = root.exit_code {
        builder.quote(field_of(root, "exitCode"), code.to_string());
    }
    if builder.rule.is_some_and(|rule| rule.topic == Topic::OutOfMemory) {
        let at = memory_limit(root, facts).map(|limit| format!(" at {limit}")).unwrap_or_default();
        builder.cause = Some(format!("The kernel killed {}{at}.", container_label(root)));
    }
    if root.exit_code == Some(KILLED) {
        match (root.memory_limit(), facts.task.memory.as_deref()) {
            (Some(own), _) => builder.quote(field_of(root, "memory"), format!("{own} MiB")),
            (None, Some(whole)) => builder.quote("memory", format!("{whole} MiB")),
            (None, None) => {}
        }
    }
    builder.quote("stoppingAt - startedAt", facts.ran_for().map(format_seconds).unwrap_or_default());
    builder
}

/// `its memory limit of 768 MiB`.
fn memory_limit(container: &Container, facts: &StopFacts<'_>) -> Option<String> {
    let own = container.memory_limit().map(str::to_owned).or_else(|| {
        facts.definition(container).and_then(|definition| definition.memory).map(|memory| memory.to_string())
    });
    let own = own.map(|own| format!("its memory limit of {own} MiB"));
    own.or_else(|| facts.task.memory.as_deref().map(|memory| format!("the task's memory limit of {memory} MiB")))
}

/// Neither a reason nor an exit code.
fn no_exit_code<'a>(facts: &StopFacts<'a>) -> VerdictBuilder<'a> {
    match knowledge::of_reason(ReasonField::Task, facts.reason()) {
        None if !facts.reason().is_empty() => VerdictBuilder::unknown(facts.reason(), Class::Warning),
        _ => VerdictBuilder { rule: knowledge::of_exit(None), ..VerdictBuilder::default() },
    }
}

/// Exit code 0: the work is done, unless a service expects it to keep running.
fn exit_zero<'a>(facts: &StopFacts<'a>, root: &Container) -> VerdictBuilder<'a> {
    let builder = VerdictBuilder { rule: knowledge::of_exit(Some(0)), ..VerdictBuilder::default() };
    let (name, ran_for) = (container_label(root), facts.ran_for());
    if !facts.is_service_task() {
        let cause = match facts.task.containers.iter().any(|container| !matches!(container.exit_code, None | Some(0))) {
            true => format!("{name} did its work and ended with exit code 0; what else ran was stopped then."),
            false => format!("{name} did its work and ended with exit code 0."),
        };
        return VerdictBuilder {
            class: Some(Class::Normal),
            certainty: Some(Certainty::Certain),
            cause: Some(cause),
            // It is unknown whether a pasted message belongs to a service.
            expected: facts.task.group.is_some(),
            ..builder
        };
    }
    match ran_for.filter(|seconds| *seconds < SOON) {
        Some(seconds) => VerdictBuilder {
            short: Some("not a long-running process"),
            class: Some(Class::Failure),
            certainty: Some(if is_repeated(facts) { Certainty::Certain } else { Certainty::Likely }),
            cause: Some(format!(
                "{name} ended with exit code 0 after {}: its command is not a long-running process, but its service needs \
                 one.",
                format_seconds(seconds)
            )),
            ..builder
        },
        None => VerdictBuilder {
            short: Some("ended on its own"),
            class: Some(Class::Warning),
            certainty: Some(Certainty::Likely),
            cause: Some(format!("{name} ended on its own with exit code 0, but its service needs it to keep running.")),
            ..builder
        },
    }
}

/// Whether other tasks of the same service and revision ended with exit code 0 as early.
fn is_repeated(facts: &StopFacts<'_>) -> bool {
    let soon = |task: &&&Task| {
        let facts = StopFacts::new(task, facts.known);
        task.stopped()
            && facts.task.task_definition_arn == task.task_definition_arn
            && facts.ran_for().is_some_and(|seconds| seconds < SOON)
            && facts.root_container().is_some_and(|root| root.exit_code == Some(0))
    };
    let service = facts.task.service().unwrap_or_default();
    facts.known.tasks(&facts.task.cluster_name, service).iter().filter(soon).count() >= REPEATED
}

/// Any other exit code.
fn exit_code<'a>(facts: &StopFacts<'a>, root: &Container, code: i32) -> VerdictBuilder<'a> {
    let name = container_label(root);
    let Some(rule) = knowledge::of_exit(Some(code)) else {
        return VerdictBuilder {
            rule: knowledge::of_reason(ReasonField::Task, "Essential container in task exited"),
            certainty: Some(Certainty::Likely),
            cause: Some(format!(
                "{name} exited with {code}, a code of its own: its last log lines may tell what it means."
            )),
            ..VerdictBuilder::default()
        };
    };
    let usually = knowledge::fill(rule.cause, &names::task_names(facts.task, Some(root), facts.known));
    let mut builder = VerdictBuilder {
        cause: Some(format!("{name} exited with {code}. {usually}")),
        ..VerdictBuilder::from_rule(rule)
    };
    let peers = if matches!(code, KILLED | LOST | TERMINATED) { facts.count_peers() } else { 0 };
    if peers >= REPEATED - 1 {
        builder.cause = Some(format!(
            "{name} exited with {code}, and {peers} other tasks on the same instance ended so within the same \
             minute: suspect the instance."
        ));
        builder.first_check = Some("look at the instance first".to_owned());
        builder.certainty = Some(Certainty::Likely);
        return builder;
    }
    match code {
        KILLED => {
            let limit = memory_limit(root, facts).map(|limit| format!(" ({limit})")).unwrap_or_default();
            builder.cause = Some(format!(
                "{name} was killed (137) and nobody had asked it to stop: running out of memory is the first \
                 suspect{limit}."
            ));
            builder.short = Some("killed, memory suspected");
            builder.certainty = Some(Certainty::Likely);
            builder.class = Some(Class::Failure);
        }
        TERMINATED => {
            builder.cause = Some(format!(
                "{name} got SIGTERM (143), but neither a person nor the scheduler had asked the task to stop: something \
                 in the container or on its host sent it."
            ));
            builder.short = Some("ended by SIGTERM");
            builder.certainty = Some(Certainty::Likely);
            builder.class = Some(Class::Failure);
        }
        _ => {}
    }
    builder
}
