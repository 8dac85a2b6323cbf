//! What `d` says of a service.

use jiff::Timestamp;

use super::Service;
use crate::resource::{
    Context, Document, Tone,
    document::Section,
    format::{duration, last_part, one_line, seconds_since, when},
};

/// How many of the newest events a description shows; all of them are a key away.
const EVENTS: usize = 12;

pub(super) fn service(service: &Service, cx: &Context) -> Document {
    let mut document = Document::default();
    findings(service, cx.now, document.section("Findings"));
    let standing = service.standing();
    document
        .section("Service")
        .field("Name", &*service.service_name)
        .toned("State", standing.word(), standing.tone())
        .field("Cluster", &*service.cluster_name)
        .field("Status", service.status.clone().unwrap_or_default())
        .field("Tasks", counts(service))
        .field("Task definition", service.revision())
        .field("Launch", service.launch())
        .field("Platform", service.platform_version.clone().unwrap_or_default())
        .field("Scheduling", service.scheduling_strategy.clone().unwrap_or_default())
        .field("Exec", if service.enable_execute_command { "on" } else { "off" })
        .field("AZ rebalancing", service.availability_zone_rebalancing.clone().unwrap_or_default())
        .field("Created", when(service.created_at, cx.now))
        .field("Created by", service.created_by.clone().unwrap_or_default())
        .field("ARN", &*service.service_arn);
    rollout(service, cx, document.section("Rollout"));
    let network = document.section("Network");
    for group in &service.target_groups {
        network.field("Target group", target_group(group));
    }
    let grace = service.health_check_grace_period_seconds.filter(|seconds| *seconds > 0);
    network
        .field("Health check grace", grace.map(|seconds| duration(seconds.into())).unwrap_or_default())
        .field("Subnets", service.subnets.join(", "))
        .field("Security groups", service.security_groups.join(", "));
    let events =
        document.section(format!("Events (newest {} of {})", EVENTS.min(service.events.len()), service.events.len()));
    for event in service.events.iter().take(EVENTS) {
        let age = event.created_at.map(|at| duration(seconds_since(at, cx.now))).unwrap_or_default();
        events.text(0, format!("{age:>6}  {}", one_line(&event.message)), event.tone());
    }
    document.tags(&service.tags);
    document
}

fn counts(service: &Service) -> String {
    let Service { desired_count, running_count, pending_count, .. } = service;
    format!("{desired_count} desired, {running_count} running, {pending_count} pending")
}

/// What is wrong, as far as the service itself tells.
fn findings(service: &Service, now: Timestamp, section: &mut Section) {
    let missing = service.desired_count - service.running_count;
    if missing > 0 {
        section.text(0, format!("{missing} of {} desired tasks are not running", service.desired_count), Tone::Bad);
    }
    if let Some(primary) = service.primary() {
        if primary.failed_tasks > 0 {
            section.text(
                0,
                format!("{} tasks of the current rollout failed in a row", primary.failed_tasks),
                Tone::Bad,
            );
        }
        if primary.rollout_state.as_deref() == Some("FAILED") {
            let reason = primary.rollout_state_reason.as_deref().unwrap_or("no reason given");
            section.text(0, format!("the rollout failed: {}", one_line(reason)), Tone::Bad);
        }
    }
    if let Some(progress) = &service.progress {
        if let Some(pause) = &progress.pause {
            section.text(0, format!("the deployment {}", pause.told(now)), Tone::Warn);
        }
        if let Some((failed, threshold)) = progress.breaker.filter(|(failed, _)| *failed > 0) {
            section.text(0, format!("the circuit breaker has counted {failed} of {threshold} failures"), Tone::Bad);
        }
        if !progress.triggered_alarms.is_empty() {
            section.text(0, format!("alarms triggered: {}", progress.triggered_alarms.join(", ")), Tone::Bad);
        }
        if let Some(reason) = &progress.rollback_reason {
            section.text(0, format!("rolled back: {}", one_line(reason)), Tone::Bad);
        }
    }
    if let Some(failed) = service.failed_last_hour.filter(|failed| *failed > 0) {
        section.text(0, format!("{failed} tasks failed in the last hour (x in the tasks table shows them)"), Tone::Bad);
    }
    if let Some(event) = service.events.iter().take(EVENTS).find(|event| event.tone() == Tone::Bad) {
        section.text(0, one_line(&event.message), Tone::Warn);
    }
}

fn rollout(service: &Service, cx: &Context, section: &mut Section) {
    let percent = |value: Option<i32>| value.map(|value| format!("{value} %")).unwrap_or_default();
    section
        .field("Controller", service.deployment_controller.clone().unwrap_or_default())
        .field("Strategy", service.deployment_strategy.clone().unwrap_or_default())
        .field("Minimum healthy", percent(service.minimum_healthy_percent))
        .field("Maximum", percent(service.maximum_percent))
        .field(
            "Circuit breaker",
            match service.circuit_breaker {
                Some((true, true)) => "on, rolls back",
                Some((true, false)) => "on, does not roll back",
                Some((false, _)) => "off",
                None => "",
            },
        );
    if let Some(progress) = &service.progress {
        section
            .toned("Service deployment", sentence(progress.status.as_deref()), progress.tone())
            .field("Stage", sentence(progress.lifecycle_stage.as_deref()))
            .field("Reason", progress.status_reason.clone().unwrap_or_default());
    }
    for deployment in &service.deployments {
        let status = deployment.status.as_deref().unwrap_or("-");
        let line = format!(
            "{status:<8} {} {}: {} of {} running, {} pending, {} failed, started {}",
            deployment.revision(),
            deployment.progress(),
            deployment.running_count,
            deployment.desired_count,
            deployment.pending_count,
            deployment.failed_tasks,
            when(deployment.created_at, cx.now),
        );
        section.text(0, line, deployment.tone());
        if let Some(reason) = &deployment.rollout_state_reason {
            section.text(1, one_line(reason), Tone::Muted);
        }
    }
}

/// `IN_PROGRESS` as `in progress`.
fn sentence(word: Option<&str>) -> String {
    word.unwrap_or_default().to_lowercase().replace('_', " ")
}

/// `name` of `arn:…:targetgroup/name/id`.
fn target_group(arn: &str) -> String {
    let mut parts = arn.rsplit('/');
    parts.next();
    parts.next().map_or_else(|| last_part(arn).to_owned(), str::to_owned)
}
