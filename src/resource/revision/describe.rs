//! Description of a task definition revision.

use super::{Check, Definition, Revision};
use crate::resource::{
    Context, Document, Tone,
    document::Section,
    format::{duration, last_part, when},
};

pub(super) fn revision(revision: &Revision, cx: &Context) -> Document {
    let mut document = Document::default();
    document
        .section("Task definition")
        .field("Revision", last_part(&revision.task_definition_arn))
        .field("Status", revision.status.as_deref().unwrap_or_default().to_lowercase())
        .field("CPU", revision.cpu.as_deref().map(|cpu| format!("{cpu} units")).unwrap_or_default())
        .field("Memory", revision.memory.as_deref().map(|memory| format!("{memory} MiB")).unwrap_or_default())
        .field("Network mode", revision.network_mode.clone().unwrap_or_default())
        .field("Requires", revision.requires_compatibilities.join(", "))
        .field("Platform", revision.runtime_platform.clone().unwrap_or_default())
        .field("Placement", revision.placement_constraints.join(", "))
        .field("Task role", revision.task_role_arn.clone().unwrap_or_default())
        .field("Execution role", revision.execution_role_arn.clone().unwrap_or_default())
        .toned("Fault injection", if revision.enable_fault_injection { "on" } else { "" }, Tone::Warn)
        .field("Volumes", revision.volumes.join(", "))
        .field("Registered", when(revision.registered_at, cx))
        .field("Registered by", revision.registered_by.clone().unwrap_or_default())
        .field("ARN", &*revision.task_definition_arn);
    for container in &revision.containers {
        definition(container, document.section(format!("Container {}", container.name)));
    }
    document.tags(&revision.tags);
    document
}

fn definition(container: &Definition, section: &mut Section) {
    let mebibytes = |value: Option<i32>| value.map(|value| format!("{value} MiB")).unwrap_or_default();
    section
        .field("Image", container.image.clone().unwrap_or_default())
        .field("Essential", if container.essential { "yes" } else { "no" })
        .field("CPU", if container.cpu > 0 { format!("{} units", container.cpu) } else { String::new() })
        .field("Memory", mebibytes(container.memory))
        .field("Memory reserved", mebibytes(container.memory_reservation))
        .field("Ports", container.ports.join(", "))
        .field("Command", container.command.join(" "))
        .field("Health check", container.health_check.join(" "))
        .field("Checked", container.check.map(pace).unwrap_or_default())
        .field("Start timeout", seconds(container.start_timeout))
        .field("Stop timeout", seconds(container.stop_timeout))
        .field("Depends on", container.depends_on.join(", "))
        .field("Log driver", container.log_driver.clone().unwrap_or_default());
    for (name, value) in &container.log_options {
        section.text(1, format!("{name} = {value}"), Tone::Muted);
    }
    for (index, (name, value)) in container.environment.iter().enumerate() {
        section.field(if index == 0 { "Environment" } else { "" }, format!("{name} = {value}"));
    }
    for (name, source) in &container.secrets {
        section.field("Secret", format!("{name} from {source}"));
    }
}

fn seconds(value: Option<i32>) -> String {
    value.map(|value| duration(value.into())).unwrap_or_default()
}

/// Formats the timing of a health check.
fn pace(check: Check) -> String {
    let Check { interval, timeout, retries, start_period } = check;
    let grace = if start_period > 0 { format!(", after {}", seconds(Some(start_period))) } else { String::new() };
    format!("every {}, {} to answer, {retries} tries{grace}", seconds(Some(interval)), seconds(Some(timeout)))
}
