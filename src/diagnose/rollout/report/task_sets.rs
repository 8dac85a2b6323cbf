//! The report of a service that another controller than ECS rolls out: its task sets.

use super::{MAX_EVENTS, bar};
use crate::{
    diagnose::Known,
    resource::{
        Document, Tone,
        document::{DocumentLine, Section, Span},
        format::{duration, one_line, seconds_since},
        service::{Service, TaskSet},
    },
};

/// Writes the task sets of `service`, the primary one first, and its newest events.
pub(super) fn write_task_sets(service: &Service, known: &Known<'_>, document: &mut Document) {
    let controller = match service.deployment_controller.as_deref() {
        Some("CODE_DEPLOY") => "CodeDeploy",
        Some("EXTERNAL") => "an external controller",
        other => other.unwrap_or("not known"),
    };
    let section = document.section("Rollout");
    section.field("Controller", controller).field("Tasks", service.counts());
    let mut sets: Vec<&TaskSet> = service.task_sets.iter().collect();
    sets.sort_by_key(|set| (set.status.as_deref() != Some("PRIMARY"), std::cmp::Reverse(set.created_at)));
    let most = sets.iter().map(|set| set.computed_desired_count.max(set.running_count + set.pending_count)).max();
    for set in sets {
        add_set(set, most.unwrap_or(1), known, section);
    }
    let events = document.section("Events");
    for event in service.events.iter().take(MAX_EVENTS) {
        let at = event.created_at.map(|at| format!("{} ", known.zone.short(at, known.now))).unwrap_or_default();
        let spans = vec![(at, Tone::Muted), (one_line(event.text()), Tone::Plain)];
        events.lines.push(DocumentLine::Text { depth: 0, spans });
    }
}

fn add_set(set: &TaskSet, most: i32, known: &Known<'_>, section: &mut Section) {
    let (label, tone) = match set.status.as_deref() {
        Some("PRIMARY") => ("Primary", Tone::Good),
        Some("ACTIVE") => ("Active", Tone::Busy),
        Some("DRAINING") => ("Draining", Tone::Muted),
        _ => ("Other", Tone::Muted),
    };
    let (running, pending, wanted) = (set.running_count, set.pending_count, set.computed_desired_count);
    let mut text = format!("{}: {running} of {wanted} running", set.revision());
    if pending > 0 {
        text += &format!(", {pending} pending");
    }
    if let Some(scale) = &set.scale {
        text += &format!("; scale {scale}");
    }
    let mut spans: Vec<Span> = vec![(text, Tone::Plain)];
    let since = set.stability_status_at.map(|at| format!(" for {}", duration(seconds_since(at, known.now))));
    let since = since.unwrap_or_default();
    match set.stability_status.as_deref() {
        Some("STABILIZING") => spans.push((format!("; stabilizing{since}"), Tone::Busy)),
        Some("STEADY_STATE") => spans.push((format!("; steady{since}"), Tone::Good)),
        _ => {}
    }
    section.lines.push(DocumentLine::Bar {
        label,
        bar: bar([running, pending, wanted], most.max(1), tone),
        text: spans,
    });
    let by = set.started_by.as_deref().map(|by| format!(", started by {by}")).unwrap_or_default();
    let id = set.external_id.as_deref().map_or_else(|| set.id.clone(), |id| format!("{id} ({})", set.id));
    section.text(1, format!("{id}{by}"), Tone::Muted);
}
