//! Description of a container instance.

use super::{HostResource, Instance};
use crate::resource::{
    Context, Document, Tone,
    format::{in_words, one_line, when},
};

pub(super) fn instance(instance: &Instance, cx: &Context) -> Document {
    let mut document = Document::default();
    let findings = document.section("Findings");
    if !instance.agent_connected {
        findings.text(
            0,
            "the ECS agent is disconnected: tasks on this instance can't be started, stopped or monitored",
            Tone::Bad,
        );
    }
    if let Some(reason) = &instance.status_reason {
        findings.text(0, reason, Tone::Bad);
    }
    for check in instance.health_issues.iter().filter(|check| !check.is_about_agent()) {
        let reason = check.reason.as_deref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
        findings.text(0, format!("{}{reason}", in_words(&check.kind)), Tone::Bad);
    }
    let left =
        |resource: HostResource, unit: &str| format!("{} of {} {unit} free", resource.remaining, resource.registered);
    document
        .section("Container instance")
        .field("Instance", instance.short_name())
        .toned("Status", instance.status.as_deref().unwrap_or_default().to_lowercase(), instance.tone())
        .field("Health", instance.health.as_deref().unwrap_or_default().to_lowercase())
        .field("Cluster", &*instance.cluster_name)
        .field("Tasks", format!("{} running, {} pending", instance.running_tasks_count, instance.pending_tasks_count))
        .field("CPU", left(instance.cpu, "units"))
        .field("Memory", left(instance.memory, "MiB"))
        .field("GPUs", if instance.gpus > 0 { instance.gpus.to_string() } else { String::new() })
        .field("Host ports taken", numbers(&instance.ports))
        .field("UDP ports taken", numbers(&instance.udp_ports))
        .field("Task interfaces", if instance.interfaces > 0 { instance.interfaces.to_string() } else { String::new() })
        .field("Type", instance.instance_type.clone().unwrap_or_default())
        .field("Availability Zone", instance.availability_zone.clone().unwrap_or_default())
        .field("AMI", instance.ami_id.clone().unwrap_or_default())
        .field("Capacity provider", instance.capacity_provider_name.clone().unwrap_or_default())
        .field("Agent", instance.agent_version.clone().unwrap_or_default())
        .field("Agent disconnected since", when(instance.agent_lost_at, cx))
        .field("Agent update", instance.agent_update_status.as_deref().unwrap_or_default().to_lowercase())
        .field("Container runtime", instance.docker_version.as_deref().map(runtime).unwrap_or_default())
        .field("Registered", when(instance.registered_at, cx))
        .field("ARN", &*instance.container_instance_arn);
    let attributes = document.section("Attributes");
    for (name, value) in &instance.attributes {
        let value = value.as_deref().map(|value| format!(" = {value}")).unwrap_or_default();
        attributes.text(0, format!("{name}{value}"), Tone::Plain);
    }
    document.tags(&instance.tags);
    document
}

/// Converts `DockerVersion: 25.0.8`, the form that AWS gives, to `Docker 25.0.8`.
fn runtime(version: &str) -> String {
    format!("Docker {}", version.trim_start_matches("DockerVersion:").trim())
}

fn numbers(numbers: &[i32]) -> String {
    numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}
