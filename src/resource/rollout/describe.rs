//! A rollout in words.

use super::{BreakerCount, Rollout, RolloutRevision};
use crate::resource::{
    Context, Document, Tone,
    format::{duration, in_words, last_part, one_line, when},
};

pub(super) fn rollout(rollout: &Rollout, cx: &Context) -> Document {
    let mut document = Document::default();
    let configuration = &rollout.configuration;
    let percent = |value: Option<i32>| value.map(|value| format!("{value} %")).unwrap_or_default();
    let breaker = configuration.breaker.as_ref().map(|breaker| match (breaker.enabled, breaker.rolls_back) {
        (true, true) => format!("on, rolls back at {}", breaker.threshold()),
        (true, false) => format!("on, stops at {}, does not roll back", breaker.threshold()),
        (false, _) => "off".to_owned(),
    });
    document
        .section("Rollout")
        .field("Id", rollout.short_name())
        .field("Service", &*rollout.service_name)
        .toned("Status", rollout.word(), rollout.tone())
        .field("Stage", in_words(rollout.lifecycle_stage.as_deref().unwrap_or_default()))
        .field("Reason", rollout.reason().map(one_line).unwrap_or_default())
        .field("Started", when(rollout.started_at.or(rollout.created_at), cx))
        .field("Finished", when(rollout.finished_at.or(rollout.stopped_at), cx))
        .field("Took", rollout.seconds(cx.now).map(duration).unwrap_or_default())
        .field("Strategy", in_words(configuration.strategy.as_deref().unwrap_or_default()))
        .field("Minimum healthy", percent(configuration.minimum_healthy_percent))
        .field("Maximum", percent(configuration.maximum_percent))
        .field("Circuit breaker", breaker.unwrap_or_default())
        .field("Failures", rollout.breaker.map(BreakerCount::words).unwrap_or_default())
        .field("Alarms", rollout.alarms.join(", "))
        .toned("Alarms fired", rollout.triggered_alarms.join(", "), Tone::Bad);
    if let Some(target) = &rollout.target {
        revision(&mut document, "Deploys", target);
    }
    for source in &rollout.sources {
        revision(&mut document, "Replaces", source);
    }
    let hooks = document.section("Hooks");
    for hook in &rollout.hooks {
        let name = hook.name().map_or("-", last_part);
        let until = when(hook.expires_at, cx);
        let until = if until.is_empty() { until } else { format!(", {} at {until}", hook.on_timeout()) };
        hooks.text(0, format!("{name}: {}{until}", in_words(hook.status.as_deref().unwrap_or_default())), Tone::Plain);
    }
    document.sections.retain(|section| !section.lines.is_empty());
    document
}

fn revision(document: &mut Document, title: &str, revision: &RolloutRevision) {
    let RolloutRevision { requested, running, pending, .. } = revision;
    let weight = |weight: Option<f64>| weight.map(|percent| format!("{percent} %")).unwrap_or_default();
    let section = document.section(title);
    section
        .field("Task definition", revision.task_definition.as_deref().map(last_part).unwrap_or_default())
        .field("Tasks", format!("{running} of {requested} running, {pending} pending"))
        .field("Traffic", weight(revision.production_weight))
        .field("Test traffic", weight(revision.test_weight))
        .field("Revision", last_part(&revision.service_revision_arn));
    for image in &revision.images {
        let digest = image.digest.as_deref().map(|digest| format!(" @ {digest}")).unwrap_or_default();
        let name = image.image.as_deref().unwrap_or("-");
        section.text(0, format!("{}: {name}{digest}", image.container), Tone::Muted);
    }
}
