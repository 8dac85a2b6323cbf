//! Why a task stopped.

use super::{
    Known,
    draft::Draft,
    exited::exited,
    names,
    scene::{KILLED, Scene, lasting},
};
use crate::{
    knowledge::{self, Class, Names, Place, Rule, Verdict},
    resource::{
        container::Container,
        format::{one_line, seconds_since},
        task::{Task, says_nothing},
    },
};

/// Rules that tell what kind of thing failed, not why: any other is more telling.
const GENERAL: &[&str] = &[
    "STOP-ESSENTIAL",
    "PULL-RETRIED",
    "PULL-API-ERROR",
    "PULL-MANIFEST",
    "PULL-OTHER",
    "INIT-LOG-DRIVER",
    "INIT-EFS",
    "INIT-PULL-CMD",
    "INIT-SECRETS-OTHER",
    "INIT-OTHER",
    "START-RES-OTHER",
    "START-RUNTIME",
    "START-CREATE",
    "START-STATUS-MEM",
    "START-START",
    "START-VOLUME",
    "START-DEP-FAILED",
    "START-DEP",
    "START-INTERNAL",
];

/// Why `task` stopped.
pub fn stopped(task: &Task, known: &Known<'_>) -> Verdict {
    let scene = Scene::of(task, known);
    let mut draft = match task.stop_code.as_deref() {
        Some("UserInitiated") => by_somebody(&scene),
        Some("ServiceSchedulerInitiated") => by_scheduler(&scene),
        Some(code @ ("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth")) => by_host(&scene, code),
        Some("TaskFailedToStart") => never_started(&scene, Class::Failure),
        Some("EssentialContainerExited") => exited(&scene),
        _ if scene.never_ran() => never_started(&scene, Class::Warning),
        _ => exited(&scene),
    };
    testimony(&mut draft, &scene);
    let names = names::task(task, draft.container, known);
    draft.verdict(names)
}

/// The rule that knows `text`, and tells why.
pub(super) fn telling(place: Place, text: &str) -> Option<&'static Rule> {
    knowledge::of_reason(place, text).filter(|rule| !GENERAL.contains(&rule.id))
}

/// A person or a tool called StopTask. What they said is their words, however much it looks like AWS's.
fn by_somebody<'a>(scene: &Scene<'a>) -> Draft<'a> {
    let reason = scene.reason();
    if let Some(rule) = telling(Place::Task, reason).filter(|rule| rule.id == "STOP-DEREGISTER") {
        return requested(Draft::of(rule), scene);
    }
    let rule = knowledge::of_stop_code("UserInitiated");
    let said = Some(one_line(reason)).filter(|reason| !reason.is_empty() && reason != "Task stopped by user");
    let cause = said.map(|said| format!("A person or a tool stopped it and said: \"{said}\""));
    requested(Draft { rule, cause, class: Some(Class::Normal), ..Draft::default() }, scene)
}

/// The service's scheduler: every day's work, but for what it replaces because it is unhealthy.
fn by_scheduler<'a>(scene: &Scene<'a>) -> Draft<'a> {
    let reason = scene.reason();
    let unhealthy = reason.to_lowercase().contains("health check");
    let code = knowledge::of_stop_code("ServiceSchedulerInitiated");
    let mut draft = match telling(Place::Task, reason) {
        Some(rule) => Draft { text: Some(reason), ..Draft::of(rule) },
        None if reason.is_empty() => Draft { rule: code, ..Draft::default() },
        None => Draft {
            further: Some("The service's scheduler stopped it.".to_owned()),
            ..Draft::unknown(reason, Class::Normal)
        },
    };
    let class = draft.rule.or(code).map_or(Class::Normal, |rule| rule.class);
    draft.class = Some(if unhealthy { Class::Failure } else { class.min(Class::Warning) });
    if unhealthy {
        let containers = &scene.task.containers;
        let sick = |container: &&Container| container.health_status.as_deref() == Some("UNHEALTHY");
        let checked = |container: &&Container| scene.defined(container).is_some_and(|of| !of.health_check.is_empty());
        let checked = containers.iter().find(checked).filter(|_| !reason.contains("ELB"));
        draft.container = containers.iter().find(sick).or(checked).or(only(containers));
    }
    requested(draft, scene)
}

/// What it ran on is gone, or about to be: not the application's fault.
fn by_host<'a>(scene: &Scene<'a>, code: &str) -> Draft<'a> {
    let reason = scene.reason();
    let rule = telling(Place::Task, reason).filter(|rule| rule.class < Class::Failure);
    let rule = rule.or_else(|| knowledge::of_stop_code(code));
    requested(Draft { rule, class: Some(Class::Warning), text: Some(reason), ..Draft::default() }, scene)
}

/// A stop that came from outside: how its containers ended is a consequence.
pub(super) fn requested<'a>(mut draft: Draft<'a>, scene: &Scene<'a>) -> Draft<'a> {
    if scene.task.stop_code.as_deref().is_some_and(|code| code != "EssentialContainerExited")
        && let Some(forced) = scene.task.containers.iter().find(|container| scene.forced(container))
    {
        let (timeout, name) = (scene.stop_timeout(forced), called(forced));
        let further = format!("{name} did not end within its {timeout} s when asked to, and was killed (137).");
        draft.further = Some([draft.further, Some(further)].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    let code = scene.task.stop_code.as_deref().unwrap_or_default();
    draft.quote("stopCode", code);
    draft.quote("stoppedReason", scene.reason());
    draft
}

/// Something AWS said: where it stands, and whose it is.
struct Saying<'a> {
    place: Place,
    field: String,
    text: &'a str,
    container: Option<&'a Container>,
}

fn sayings<'a>(scene: &Scene<'a>) -> Vec<Saying<'a>> {
    let task = scene.task;
    let mut sayings =
        vec![Saying { place: Place::Task, field: "stoppedReason".to_owned(), text: scene.reason(), container: None }];
    for container in &task.containers {
        let text = container.reason.as_deref().unwrap_or_default().trim();
        let field = field(container, "reason");
        sayings.push(Saying { place: Place::Container, field, text, container: Some(container) });
    }
    for attachment in &task.attachments {
        let text = attachment.reason.as_deref().unwrap_or_default().trim();
        let field = format!("attachments[{}].statusReason", attachment.kind);
        sayings.push(Saying { place: Place::Attachment, field, text, container: None });
    }
    sayings.retain(|saying| !saying.text.is_empty());
    sayings
}

/// It did not get as far as running: whatever AWS says of the task, its containers or its attachments may tell why.
fn never_started<'a>(scene: &Scene<'a>, class: Class) -> Draft<'a> {
    let sayings = sayings(scene);
    let known = sayings.iter().filter_map(|saying| Some((saying, knowledge::of_reason(saying.place, saying.text)?)));
    let Some((saying, rule)) = known.min_by_key(|(_, rule)| GENERAL.contains(&rule.id)) else {
        let mut draft = unknown(&sayings, class);
        draft.quote("stopCode", scene.task.stop_code.as_deref().unwrap_or_default());
        return draft;
    };
    let mut draft = Draft { text: Some(saying.text), ..Draft::of(rule) };
    draft.quote(&*saying.field, saying.text);
    // A container that another one waited for has run, and failed.
    let ran = scene.task.containers.iter().find(|container| container.exit_code.is_some_and(|code| code != 0));
    let waited_for = ran.filter(|_| rule.id.starts_with("START-DEP"));
    draft.exit_code = waited_for.and_then(|container| container.exit_code);
    draft.container = waited_for.or(saying.container).or_else(|| concerned(scene, saying.text));
    draft
}

/// The container that a message about the whole task is about.
fn concerned<'a>(scene: &Scene<'a>, text: &str) -> Option<&'a Container> {
    let containers = &scene.task.containers;
    let mut mentioned = Names::default();
    names::text(&mut mentioned, text);
    let secret = |container: &&Container| {
        let secrets = scene.defined(container).map(|definition| definition.secrets.as_slice()).unwrap_or_default();
        mentioned.get("secret").is_some_and(|secret| secrets.iter().any(|(_, from)| from.starts_with(secret)))
    };
    let image = |container: &&Container| container.image.as_deref().is_some_and(|image| text.contains(image));
    only(containers).or_else(|| containers.iter().find(image)).or_else(|| containers.iter().find(secret))
}

fn only(containers: &[Container]) -> Option<&Container> {
    if let [only] = containers { Some(only) } else { None }
}

/// What no rule knows, whole: everything that was said, each thing once.
fn unknown<'a>(sayings: &[Saying<'a>], class: Class) -> Draft<'a> {
    let mut texts: Vec<&str> = sayings.iter().map(|saying| saying.text).collect();
    let empty = |text: &&str| says_nothing(text);
    if !texts.iter().all(empty) {
        texts.retain(|text| !empty(text));
    }
    texts.dedup();
    let mut draft = Draft { text: texts.first().copied(), ..Draft::unknown(&texts.join("; "), class) };
    draft.container = sayings.iter().find_map(|saying| saying.container);
    for saying in sayings {
        draft.quote(&*saying.field, saying.text);
    }
    draft
}

/// Adds what else was looked at.
fn testimony(draft: &mut Draft<'_>, scene: &Scene<'_>) {
    let task = scene.task;
    if let Some(culprit) = draft.container
        && let Some(code) = draft.exit_code
    {
        draft.quote(field(culprit, "exitCode"), code.to_string());
    }
    draft.quote("stopCode", task.stop_code.as_deref().unwrap_or_default());
    for saying in sayings(scene) {
        draft.quote(saying.field, saying.text);
    }
    for container in &task.containers {
        if let Some(code) = container.exit_code.filter(|code| *code != 0) {
            draft.quote(field(container, "exitCode"), code.to_string());
        }
    }
    let blamed = |container: &Container| draft.container.is_some_and(|culprit| std::ptr::eq(culprit, container));
    let mut killed = task.containers.iter().filter(|container| container.exit_code == Some(KILLED));
    if let Some(killed) = killed.find(|container| !blamed(container))
        && let Some((field, took)) = scene.stop_took()
    {
        let timeout = scene.stop_timeout(killed);
        let forced = if scene.forced(killed) { format!(", its stop timeout is {timeout} s") } else { String::new() };
        draft.quote(field, format!("{}{forced}", lasting(took)));
    }
    if draft.rule.is_some_and(|rule| rule.id.starts_with("PULL-"))
        && let Some((start, end)) = task.pull_started_at.zip(task.pull_stopped_at)
    {
        draft.quote("pullStoppedAt - pullStartedAt", lasting(seconds_since(start, end)));
    }
}

/// `containers[app].exitCode`.
pub(super) fn field(container: &Container, field: &str) -> String {
    format!("containers[{}].{field}", container.name)
}

/// A container in a sentence.
pub(super) fn called(container: &Container) -> String {
    if container.name.is_empty() { "the container".to_owned() } else { format!("`{}`", container.name) }
}

#[cfg(test)]
mod tests;
