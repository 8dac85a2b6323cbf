//! Timeline entries of tasks, events and deployments.
//!
//! A step without a time has no entry. Times come from several clocks: a step keeps its own time even if that
//! contradicts the order, and a negative duration is omitted.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use super::{EntryKind, EntryRow, TimelineEntry};
use crate::{
    knowledge::{self, Class},
    resource::{
        Tone, Zone,
        deployment::Deployment,
        event::ServiceEvent,
        format::{duration, one_line, seconds_since, short_id},
        inspect,
        rollout::Rollout,
        service::Service,
        task::Task,
    },
};

/// Seconds within which a deployment usually ends.
const SOON: i64 = 3600;

/// The lifecycle of a task: created, running (with the duration of the pull), stopping, stopped. A pull has its own
/// entry if the task never ran; a stop within a second is one entry.
pub fn task_entries(task: &Task) -> Vec<TimelineEntry> {
    let entry = |at: Timestamp, step: EntryKind, what: &'static str, detail: String, tone: Tone| TimelineEntry {
        id: format!("{}#{what}", task.task_arn),
        at,
        step,
        cluster_name: task.cluster_name.clone(),
        service_name: task.service().map(str::to_owned),
        of: task.task_arn.clone(),
        what: what.into(),
        detail,
        tone,
        verdict: None,
        subject: None,
    };
    let mut entries = Vec::new();
    if let Some(at) = task.created_at {
        entries.push(entry(at, EntryKind::Created, "created", origin(task), Tone::Muted));
    }
    if let Some(at) = task.started_at {
        entries.push(entry(at, EntryKind::Running, "running", start(task, at), Tone::Good));
    } else if let Some(at) = task.pull_stopped_at {
        // The end of a pull may be a failure.
        entries.push(entry(at, EntryKind::Pulled, "pull ended", pull(task, at), Tone::Muted));
    } else if let Some(at) = task.pull_started_at {
        let (detail, tone) = match task.stopped() {
            true => ("it never finished".to_owned(), Tone::Muted),
            false => (String::new(), Tone::Busy),
        };
        entries.push(entry(at, EntryKind::Pulling, "pulling image", detail, tone));
    }
    // Without a request to stop, stopping began when its containers ended.
    let stopping = task.stopping_at.or(task.execution_stopped_at);
    let apart = |at: &Timestamp| task.stopped_at.is_none_or(|stopped| stopped.as_second() != at.as_second());
    let stopping = stopping.filter(apart);
    if let Some(at) = stopping {
        let ran = between(task.started_at, at).map(|ran| format!("after running for {ran}"));
        // Once it has stopped, that entry has the cause.
        let why = task.stopped_reason.as_deref().filter(|_| !task.stopped()).map(one_line);
        let tone = if task.stopped() { Tone::Muted } else { Tone::Wait };
        entries.push(entry(at, EntryKind::Stopping, "stopping", sentence([why, ran]), tone));
    }
    if let Some(at) = task.stopped_at {
        let tone = match (&task.verdict, task.failed()) {
            (Some(verdict), _) if verdict.class <= Class::Normal => Tone::Muted,
            (Some(verdict), _) => inspect::tone(verdict.class),
            (None, true) => Tone::Bad,
            (None, false) => Tone::Muted,
        };
        let stopped = entry(at, EntryKind::Stopped, "stopped", end(task, stopping, at), tone);
        entries.push(TimelineEntry { verdict: task.verdict.clone(), ..stopped });
    }
    entries
}

/// The task definition, and where it was created.
fn origin(task: &Task) -> String {
    let launch = task.capacity_provider_name.as_deref().or(task.launch_type.as_deref());
    let parts = [Some(task.revision()), launch, task.availability_zone.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `21s after its creation, image pulled in 8s`.
fn start(task: &Task, at: Timestamp) -> String {
    let since = between(task.created_at, at).map(|since| format!("{since} after its creation"));
    let pull = task.pull_stopped_at.and_then(|end| between(task.pull_started_at, end));
    sentence([since, pull.map(|pull| format!("image pulled in {pull}"))])
}

fn pull(task: &Task, at: Timestamp) -> String {
    sentence([between(task.pull_started_at, at).map(|took| format!("after {took}"))])
}

/// The cause, and the duration.
fn end(task: &Task, stopping: Option<Timestamp>, at: Timestamp) -> String {
    let cause = task.verdict.as_ref().map(|verdict| verdict.line()).or_else(|| task.reason());
    let times = match (stopping, task.started_at) {
        (Some(stopping), _) => between(Some(stopping), at).map(|took| format!("the stop took {took}")),
        (None, Some(started)) => between(Some(started), at).map(|ran| format!("it ran for {ran}")),
        (None, None) => None,
    };
    // A task without a start never ran.
    let idle = task.created_at.filter(|_| task.started_at.is_none()).map(|_| "it never ran".to_owned());
    sentence([cause, idle, times])
}

/// The entries of a service: its events and its deployments; times in `zone`.
pub fn service_entries(service: &Service, zone: &Zone) -> Vec<TimelineEntry> {
    let events = service.events.iter().filter_map(|event| event_entry(event).map(|entry| entry.about(event)));
    let deployments = service.deployments.iter().flat_map(|deployment| {
        let mut entries = deployment_entries(deployment);
        // An event about the end has a more precise time.
        entries.retain(|entry| {
            entry.step == EntryKind::Begun || !service.events.iter().any(|event| is_end_event(deployment, event))
        });
        entries.into_iter().map(|entry| entry.about(deployment))
    });
    let progress = service.rollout.iter().flat_map(|rollout| rollout_entries(service, rollout, zone));
    events.chain(deployments).chain(progress).collect()
}

pub fn event_entry(event: &ServiceEvent) -> Option<TimelineEntry> {
    let rule = knowledge::of_event(&event.message);
    let tone = rule.map_or_else(|| event.tone(), |rule| inspect::tone(rule.class));
    Some(TimelineEntry {
        id: format!("{}#event", event.id),
        at: event.created_at?,
        step: if rule.is_some_and(|rule| rule.class == Class::Recovery) {
            EntryKind::Settled
        } else {
            EntryKind::Event
        },
        cluster_name: event.cluster_name.clone(),
        service_name: Some(event.service_name.clone()),
        of: event.id.clone(),
        what: rule.map_or("event", |rule| rule.short).into(),
        detail: short_ids(&one_line(event.text())),
        tone,
        verdict: None,
        subject: None,
    })
}

/// The beginning of a deployment, and its end if it has ended.
pub fn deployment_entries(deployment: &Deployment) -> Vec<TimelineEntry> {
    let entry = |at: Timestamp, step: EntryKind, what: &'static str, detail: String, tone: Tone| TimelineEntry {
        id: format!("{}#{what}", deployment.id),
        at,
        step,
        cluster_name: deployment.cluster_name.clone(),
        service_name: Some(deployment.service_name.clone()),
        of: deployment.id.clone(),
        what: what.into(),
        detail,
        tone,
        verdict: None,
        subject: None,
    };
    let revision = Some(deployment.revision()).filter(|revision| !revision.is_empty()).map(str::to_owned);
    let mut entries = Vec::new();
    if let Some(at) = deployment.created_at {
        let in_progress = deployment.rollout_state.as_deref() == Some("IN_PROGRESS");
        let tone = if in_progress { Tone::Busy } else { Tone::Muted };
        let tasks = (deployment.desired_count > 0).then(|| format!("{} tasks wanted", deployment.desired_count));
        entries.push(entry(at, EntryKind::Begun, "begun", sentence([revision.clone(), tasks]), tone));
    }
    // The update time may be later than the end, and after a while is unrelated to it.
    let soon =
        deployment.updated_at.zip(deployment.created_at).is_none_or(|(end, begun)| seconds_since(begun, end) < SOON);
    let end = match deployment.rollout_state.as_deref() {
        Some("COMPLETED") if soon => Some((EntryKind::Completed, "completed by then", Tone::Good)),
        Some("FAILED") => Some((EntryKind::Failed, "failed by then", Tone::Bad)),
        _ => None,
    };
    if let Some(((step, what, tone), at)) = end.zip(deployment.updated_at) {
        let reason = deployment.rollout_state_reason.as_deref().filter(|_| step == EntryKind::Failed).map(one_line);
        let since = between(deployment.created_at, at).map(|took| format!("{took} after it began"));
        entries.push(entry(at, step, what, sentence([revision, reason, since]), tone));
    }
    entries
}

/// Whether the event is about the end of the deployment.
fn is_end_event(deployment: &Deployment, event: &ServiceEvent) -> bool {
    let over = ["deployment completed", "deployment failed"].iter().any(|end| event.message.contains(end));
    over && event.message.contains(&deployment.id)
}

/// Entries of the rollout in progress.
fn rollout_entries(service: &Service, rollout: &Rollout, zone: &Zone) -> Vec<TimelineEntry> {
    let Some(arn) = &service.current_service_deployment else { return Vec::new() };
    let entry = |at: Timestamp, step: EntryKind, what: &'static str, detail: String| TimelineEntry {
        id: format!("{arn}#{what}"),
        at,
        step,
        cluster_name: service.cluster_name.clone(),
        service_name: Some(service.service_name.clone()),
        of: service.primary().map_or_else(|| arn.clone(), |primary| primary.id.clone()),
        what: Cow::Borrowed(what),
        detail,
        tone: if step == EntryKind::Waiting { Tone::Wait } else { Tone::Warn },
        verdict: None,
        subject: service.primary().map(|primary| EntryRow(Arc::new(primary.clone()))),
    };
    let rolled = rollout.rollback.as_ref().and_then(|rollback| {
        let reason = rollback.reason.as_deref().map(one_line);
        Some(entry(rollback.started_at?, EntryKind::RollingBack, "rolling back", sentence([reason])))
    });
    let waits = rollout.pause().zip(rollout.updated_at).map(|(pause, at)| {
        let until = pause
            .expires_at
            .map(|at| format!("until {}, then it {} automatically", zone.clock(at), pause.on_timeout()));
        entry(at, EntryKind::Waiting, "needs approval", sentence([until]))
    });
    rolled.into_iter().chain(waits).collect()
}

/// `text` with short task ids as in tables, and names of target groups.
fn short_ids(text: &str) -> String {
    let word = |word: &str| {
        let id = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let group = id.split_once(":targetgroup/").and_then(|(_, name)| name.split('/').next());
        match group {
            Some(group) => word.replace(id, group),
            None if is_id => word.replace(id, short_id(id)),
            None => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The duration from `from` to `to`; absent if it would be negative.
fn between(from: Option<Timestamp>, to: Timestamp) -> Option<String> {
    let seconds = to.as_second() - from?.as_second();
    (seconds >= 0).then(|| duration(seconds))
}

/// Joins the present parts with commas.
fn sentence<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
