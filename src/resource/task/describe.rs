//! Description of a task.

use jiff::Timestamp;

use super::Task;
use crate::resource::{
    ARCHIVED_LONG, Context, Document, Tone,
    document::Section,
    format::{duration, last_part, seconds_since, when},
    inspect,
};

pub(super) fn task(task: &Task, cx: &Context) -> Document {
    let verdict = task.verdict.as_deref().map(|verdict| inspect::verdict(verdict, inspect::IN_FULL));
    let mut document = verdict.unwrap_or_default();
    findings(task, document.section("Findings"));
    document
        .section("Task")
        .field("Id", task.task_id())
        .toned("Status", task.state(), task.tone())
        .field("Desired", task.desired_status.as_deref().unwrap_or_default().to_lowercase())
        .field(
            "Health",
            task.health_status.as_deref().filter(|health| *health != "UNKNOWN").unwrap_or_default().to_lowercase(),
        )
        .field("Cluster", &*task.cluster_name)
        .field("Group", task.group.clone().unwrap_or_default())
        .field("Started by", task.started_by.clone().unwrap_or_default())
        .toned(
            "Task definition",
            match task.current {
                Some(true) => format!("{} (the service's current one)", task.revision()),
                Some(false) => format!("{} (not the service's current one)", task.revision()),
                None => task.revision().to_owned(),
            },
            if task.current == Some(false) { Tone::Warn } else { Tone::Plain },
        )
        .field("Launch", task.capacity_provider_name.as_deref().or(task.launch_type.as_deref()).unwrap_or_default())
        .field("Platform", task.platform_version.clone().unwrap_or_default())
        .field("CPU", task.cpu.as_deref().map(|cpu| format!("{cpu} units")).unwrap_or_default())
        .field("Memory", task.memory.as_deref().map(|memory| format!("{memory} MiB")).unwrap_or_default())
        .field("Availability Zone", task.availability_zone.clone().unwrap_or_default())
        .field("Address", task.private_address.clone().unwrap_or_default())
        .field("Instance", task.container_instance_arn.as_deref().map(last_part).unwrap_or_default())
        .field("Connectivity", task.connectivity.as_deref().unwrap_or_default().to_lowercase())
        .field("Exec", if task.enable_execute_command { "on" } else { "off" })
        .field("ARN", &*task.task_arn);
    life_cycle(task, cx, document.section("Life"));
    let containers = document.section("Containers");
    for container in &task.containers {
        containers.text(0, container.summary(), container.tone());
        if let Some(reason) = &container.reason {
            containers.text(1, reason, Tone::Plain);
        }
    }
    let attachments = document.section("Attachments");
    for attachment in &task.attachments {
        let tone = if attachment.status == "FAILED" { Tone::Bad } else { Tone::Plain };
        attachments.text(0, format!("{}: {}", attachment.kind, attachment.status.to_lowercase()), tone);
        if let Some(reason) = &attachment.reason {
            attachments.text(1, reason, Tone::Plain);
        }
    }
    document.tags(&task.tags);
    document
}

/// Adds findings from the task itself, where no verdict says more.
fn findings(task: &Task, section: &mut Section) {
    if task.verdict.is_none() {
        section
            .field("Stop code", task.stop_code.clone().unwrap_or_default())
            .field("Reason", task.stopped_reason.clone().unwrap_or_default());
    }
    if task.health_status.as_deref() == Some("UNHEALTHY") {
        section.text(0, "its health check fails", Tone::Bad);
    }
    section.toned("Archived", if task.archived { ARCHIVED_LONG } else { "" }, Tone::Muted);
}

/// Lists the steps of its life_cycle cycle, with their times and durations.
fn life_cycle(task: &Task, cx: &Context, section: &mut Section) {
    let steps: [(&'static str, Option<Timestamp>, Option<Timestamp>); 7] = [
        ("Created", task.created_at, None),
        ("Pull started", task.pull_started_at, task.created_at),
        ("Pull stopped", task.pull_stopped_at, task.pull_started_at),
        ("Started", task.started_at, task.pull_stopped_at),
        ("Stopping", task.stopping_at, task.started_at),
        ("Execution stopped", task.execution_stopped_at, task.stopping_at),
        ("Stopped", task.stopped_at, task.execution_stopped_at),
    ];
    for (label, at, before) in steps {
        let later = at.zip(before).map(|(at, before)| format!(", {} later", duration(seconds_since(before, at))));
        if at.is_some() {
            section.field(label, format!("{}{}", when(at, cx), later.unwrap_or_default()));
        }
    }
}
