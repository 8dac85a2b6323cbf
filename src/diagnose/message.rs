//! Why, from words alone: a service event, or a message that somebody pasted.

use super::{
    Known,
    draft::Draft,
    names,
    stopped::{stopped, telling},
};
use crate::{
    knowledge::{self, Class, Names, Place, Rule, Verdict},
    resource::{container::Container, event::Event, format::one_line, task::Task},
};

/// Events that quote why a task could not start.
const QUOTING: &[&str] = &["EV-PLACE-STARTERR", "EV-PLACE-OTHER", "EV-NO-STEADY"];
/// Rules that know every text.
const ANYTHING: &[&str] = &["SD-ANY"];

/// A message without the task or the service it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Message<'a> {
    pub text: &'a str,
    pub stop_code: Option<&'a str>,
    pub exit_code: Option<i32>,
}

/// What `message` means: the reason of a task, a container, an attachment, an exec agent or a rollout, a service event, a
/// failure of a call, the reason code of a target.
pub fn message(message: &Message<'_>) -> Verdict {
    let text = message.text.trim();
    if message.stop_code.is_some() || message.exit_code.is_some() {
        return of_a_task(message);
    }
    let places = [Place::Task, Place::Container, Place::Attachment, Place::ManagedAgent, Place::Failure];
    let reason = || places.into_iter().find_map(|place| knowledge::of_reason(place, text));
    let event = || knowledge::of_event(text);
    // Events begin with the service; some of them quote a task's reason, and some reasons sound like an event.
    let told = if text.starts_with("(service ") { event().or_else(reason) } else { reason().or_else(event) };
    let rollout = || knowledge::of_rollout(text).filter(|rule| !ANYTHING.contains(&rule.id));
    let code = || knowledge::of_target(text).or_else(|| knowledge::of_stop_code(text).filter(|_| !text.is_empty()));
    said(told.or_else(rollout).or_else(code), text, Class::Warning).verdict(Names::default())
}

/// What `event` of a service means.
pub fn event(event: &Event, known: &Known<'_>) -> Verdict {
    said(knowledge::of_event(&event.message), &event.message, Class::Normal).verdict(names::event(event, known))
}

/// A task of which nothing is known but this.
fn of_a_task(message: &Message<'_>) -> Verdict {
    let text = one_line(message.text);
    let container = Container { exit_code: message.exit_code, ..Container::default() };
    let task = Task {
        stop_code: message.stop_code.map(str::to_owned),
        stopped_reason: (!text.is_empty()).then_some(text),
        last_status: Some("STOPPED".to_owned()),
        containers: message.exit_code.map(|_| container).into_iter().collect(),
        ..Task::default()
    };
    stopped(&task, &Known::default())
}

/// What `rule` says of `text`; where that quotes a task's reason, what is known of the reason.
fn said<'a>(rule: Option<&'static Rule>, text: &'a str, class: Class) -> Draft<'a> {
    let quotes = rule.is_some_and(|rule| QUOTING.contains(&rule.id));
    let quoted = text.split_once("Reason: ").filter(|_| quotes).and_then(|(_, reason)| telling(Place::Task, reason));
    let mut draft = quoted.or(rule).map_or_else(|| Draft::unknown(text, class), Draft::of);
    draft.text = Some(text);
    draft.quote("message", text);
    draft
}
