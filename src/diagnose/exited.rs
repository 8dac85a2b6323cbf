//! Why a task ended that had run: which container it began with, and what its exit code means.

use super::{
    draft::Draft,
    names,
    scene::{KILLED, LOST, Scene, TERMINATED, lasting},
    stopped::{called, field, requested, telling},
};
use crate::{
    knowledge::{self, Certainty, Class, Place},
    resource::{container::Container, format::one_line, task::Task},
};

/// A container of a service that ends with exit code 0 this soon, in seconds, was never meant to keep running.
const SOON: i64 = 60;
/// So many tasks that end alike are no accident.
const REPEATED: usize = 3;

/// An essential container ended, by itself as far as AWS tells.
pub(super) fn exited<'a>(scene: &Scene<'a>) -> Draft<'a> {
    let reason = scene.reason();
    let culprit = scene.culprit();
    if let Some(rule) = telling(Place::Task, reason) {
        let draft = Draft { text: Some(reason), ..Draft::of(rule) };
        if rule.class < Class::Failure {
            return requested(draft, scene);
        }
        let mut draft = blame(draft, culprit, scene);
        draft.quote("stoppedReason", reason);
        return draft;
    }
    let Some(culprit) = culprit else {
        let mut draft = Draft::unknown(reason, Class::Warning);
        draft.quote("stoppedReason", reason);
        return draft;
    };
    let own = culprit.reason.as_deref().unwrap_or_default().trim();
    let known = telling(Place::Container, own);
    let known = known.or_else(|| knowledge::of_reason(Place::Container, own).filter(|_| culprit.exit_code.is_none()));
    let mut draft = match (known, culprit.exit_code) {
        (Some(rule), _) => Draft { text: Some(own), ..Draft::of(rule) },
        (None, None) if !own.is_empty() => Draft { text: Some(own), ..Draft::unknown(own, Class::Failure) },
        (None, None) => without_a_word(scene),
        (None, Some(0)) => finished(scene, culprit),
        (None, Some(code)) => {
            let further = (!own.is_empty()).then(|| format!("Its reason, which no rule knows: {}", one_line(own)));
            Draft { further, ..by_code(scene, culprit, code) }
        }
    };
    draft.quote(field(culprit, "reason"), own);
    if draft.class == Some(Class::Normal) {
        draft.quote(field(culprit, "exitCode"), "0");
        draft.quote("stoppingAt - startedAt", scene.ran_for().map(lasting).unwrap_or_default());
        return draft;
    }
    blame(draft, Some(culprit), scene)
}

/// Names the container that it began with.
fn blame<'a>(mut draft: Draft<'a>, culprit: Option<&'a Container>, scene: &Scene<'a>) -> Draft<'a> {
    let Some(culprit) = culprit else { return draft };
    draft.container = Some(culprit);
    draft.exit_code = culprit.exit_code;
    if let Some(code) = culprit.exit_code {
        draft.quote(field(culprit, "exitCode"), code.to_string());
    }
    if draft.rule.is_some_and(|rule| rule.id == "STOP-OOM") {
        let at = limit(culprit, scene).map(|limit| format!(" at {limit}")).unwrap_or_default();
        draft.cause = Some(format!("The kernel killed {}{at}.", called(culprit)));
    }
    if culprit.exit_code == Some(KILLED) {
        match (culprit.memory_limit(), scene.task.memory.as_deref()) {
            (Some(own), _) => draft.quote(field(culprit, "memory"), format!("{own} MiB")),
            (None, Some(whole)) => draft.quote("memory", format!("{whole} MiB")),
            (None, None) => {}
        }
    }
    draft.quote("stoppingAt - startedAt", scene.ran_for().map(lasting).unwrap_or_default());
    draft
}

/// `its memory limit of 768 MiB`.
fn limit(container: &Container, scene: &Scene<'_>) -> Option<String> {
    let own = container
        .memory_limit()
        .map(str::to_owned)
        .or_else(|| scene.defined(container).and_then(|definition| definition.memory).map(|memory| memory.to_string()));
    let own = own.map(|own| format!("its memory limit of {own} MiB"));
    own.or_else(|| scene.task.memory.as_deref().map(|memory| format!("the task's memory limit of {memory} MiB")))
}

/// Neither a reason nor an exit code.
fn without_a_word<'a>(scene: &Scene<'a>) -> Draft<'a> {
    match knowledge::of_reason(Place::Task, scene.reason()) {
        None if !scene.reason().is_empty() => Draft::unknown(scene.reason(), Class::Warning),
        _ => Draft { rule: knowledge::of_exit(None), ..Draft::default() },
    }
}

/// Exit code 0: the work is done, unless a service wants it to go on.
fn finished<'a>(scene: &Scene<'a>, culprit: &Container) -> Draft<'a> {
    let draft = Draft { rule: knowledge::of_exit(Some(0)), ..Draft::default() };
    let (name, ran_for) = (called(culprit), scene.ran_for());
    if !scene.of_service() {
        let cause = match scene.task.containers.iter().any(|container| !matches!(container.exit_code, None | Some(0))) {
            true => format!("{name} did its work and ended with exit code 0; what else ran was stopped then."),
            false => format!("{name} did its work and ended with exit code 0."),
        };
        return Draft {
            class: Some(Class::Normal),
            certainty: Some(Certainty::Certain),
            cause: Some(cause),
            // Whether something pasted is of a service, nobody knows.
            well: scene.task.group.is_some(),
            ..draft
        };
    }
    match ran_for.filter(|seconds| *seconds < SOON) {
        Some(seconds) => Draft {
            short: Some("no long-running process"),
            class: Some(Class::Failure),
            certainty: Some(if repeated(scene) { Certainty::Certain } else { Certainty::Likely }),
            cause: Some(format!(
                "{name} ended with exit code 0 after {}: its command is no long-running process, but its service needs \
                 one.",
                lasting(seconds)
            )),
            ..draft
        },
        None => Draft {
            short: Some("ended by itself"),
            class: Some(Class::Warning),
            certainty: Some(Certainty::Likely),
            cause: Some(format!("{name} ended by itself with exit code 0, but its service needs it to keep running.")),
            ..draft
        },
    }
}

/// Whether other tasks of the service and the revision ended with exit code 0 as soon.
fn repeated(scene: &Scene<'_>) -> bool {
    let soon = |task: &&&Task| {
        let scene = Scene::of(task, scene.known);
        task.stopped()
            && scene.task.task_definition_arn == task.task_definition_arn
            && scene.ran_for().is_some_and(|seconds| seconds < SOON)
            && scene.culprit().is_some_and(|culprit| culprit.exit_code == Some(0))
    };
    let service = scene.task.service().unwrap_or_default();
    scene.known.tasks(&scene.task.cluster_name, service).iter().filter(soon).count() >= REPEATED
}

/// Any other exit code.
fn by_code<'a>(scene: &Scene<'a>, culprit: &Container, code: i32) -> Draft<'a> {
    let name = called(culprit);
    let Some(rule) = knowledge::of_exit(Some(code)) else {
        return Draft {
            rule: knowledge::of_reason(Place::Task, "Essential container in task exited"),
            certainty: Some(Certainty::Likely),
            cause: Some(format!(
                "{name} exited with {code}, a code of its own: its last log lines may tell what it means."
            )),
            ..Draft::default()
        };
    };
    let usually = knowledge::fill(rule.cause, &names::task(scene.task, Some(culprit), scene.known));
    let mut draft = Draft { cause: Some(format!("{name} exited with {code}. {usually}")), ..Draft::of(rule) };
    let fellows = if matches!(code, KILLED | LOST | TERMINATED) { scene.fellows() } else { 0 };
    if fellows >= REPEATED - 1 {
        draft.cause = Some(format!(
            "{name} exited with {code}, and {fellows} other tasks on the same instance ended so within the same \
             minute: suspect the instance."
        ));
        draft.first = Some("look at the instance first".to_owned());
        draft.certainty = Some(Certainty::Likely);
        return draft;
    }
    match code {
        KILLED => {
            let limit = limit(culprit, scene).map(|limit| format!(" ({limit})")).unwrap_or_default();
            draft.cause = Some(format!(
                "{name} was killed (137) and nobody had asked it to stop: running out of memory is the first \
                 suspect{limit}."
            ));
            draft.short = Some("killed, memory suspected");
            draft.certainty = Some(Certainty::Likely);
            draft.class = Some(Class::Failure);
        }
        TERMINATED => {
            draft.cause = Some(format!(
                "{name} got SIGTERM (143), but neither a person nor the scheduler had asked the task to stop: something \
                 in the container or on its host sent it."
            ));
            draft.short = Some("ended by SIGTERM");
            draft.certainty = Some(Certainty::Likely);
            draft.class = Some(Class::Failure);
        }
        _ => {}
    }
    draft
}
