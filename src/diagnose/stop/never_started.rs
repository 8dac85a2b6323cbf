//! Tasks that never ran: no placement, network, image, secret or volume, or a failing runtime.

use super::facts::{StopFacts, StopReason, only_container, stop_reasons};
use crate::{
    diagnose::{VerdictBuilder, names},
    knowledge::{self, Class, Names, Topic},
    resource::{container::Container, task::is_generic_reason},
};

/// It never ran: the reasons of the task, its containers or its attachments may explain it.
pub(super) fn diagnose_failed_start<'a>(facts: &StopFacts<'a>, class: Class) -> VerdictBuilder<'a> {
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

/// The container that a message about the task mentions.
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

/// An unknown message in full: all reasons, without duplicates.
fn no_rule<'a>(reasons: &[StopReason<'a>], class: Class) -> VerdictBuilder<'a> {
    let mut texts: Vec<&str> = reasons.iter().map(|reason| reason.text).collect();
    let empty = |text: &&str| is_generic_reason(text);
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
