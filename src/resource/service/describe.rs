//! Description of a service.

use super::Service;
use crate::resource::{
    Context, Document, Tone,
    document::Section,
    format::{duration, in_words, last_part, one_line, seconds_since, when},
    rollout::BreakerCount,
};

/// Number of events in a description, the newest; a key opens all of them.
const EVENTS: usize = 12;

pub(super) fn service(service: &Service, cx: &Context) -> Document {
    let mut document = Document::default();
    findings(service, cx, document.section("Findings"));
    let health = service.health();
    document
        .section("Service")
        .field("Name", &*service.service_name)
        .toned("State", health.word(), health.tone())
        .field("Cluster", &*service.cluster_name)
        .field("Status", service.status.clone().unwrap_or_default())
        .field("Tasks", service.counts())
        .field("Task definition", service.revision())
        .field("Launch", service.launch())
        .field("Platform", service.platform_version.clone().unwrap_or_default())
        .field("Scheduling", service.scheduling_strategy.clone().unwrap_or_default())
        .field("Exec", if service.enable_execute_command { "on" } else { "off" })
        .field("AZ rebalancing", service.availability_zone_rebalancing.clone().unwrap_or_default())
        .field("Created", when(service.created_at, cx))
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

/// Lists the findings, worst first. An explanation shows more.
fn findings(service: &Service, cx: &Context, section: &mut Section) {
    for finding in &service.findings {
        section.text(0, format!("{}: {}", finding.problem.word(), finding.cause), finding.problem.tone());
        if let Some(verdict) = finding.verdict.as_ref().filter(|verdict| !verdict.cause.is_empty()) {
            section.text(1, &*verdict.cause, Tone::Plain);
        }
        if finding.since.is_some() {
            section.text(1, format!("since {}", when(finding.since, cx)), Tone::Muted);
        }
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
            match &service.circuit_breaker {
                Some(breaker) if !breaker.enabled => "off",
                Some(breaker) if breaker.rolls_back => "on, rolls back",
                Some(_) => "on, does not roll back",
                None => "",
            },
        );
    if let Some(rollout) = &service.rollout {
        section
            .toned("Service deployment", rollout.word(), rollout.tone())
            .field("Stage", in_words(rollout.lifecycle_stage.as_deref().unwrap_or_default()))
            .field("Failures", rollout.breaker.map(BreakerCount::words).unwrap_or_default())
            .field("Alarms fired", rollout.triggered_alarms.join(", "))
            .field("Reason", rollout.status_reason.clone().unwrap_or_default());
    }
    for deployment in &service.deployments {
        let status = deployment.status.as_deref().unwrap_or("-");
        let line = format!("{status:<8} {}, started {}", deployment.counts(), when(deployment.created_at, cx));
        section.text(0, line, deployment.tone());
        if let Some(reason) = &deployment.rollout_state_reason {
            section.text(1, one_line(reason), Tone::Muted);
        }
    }
}

/// Name of a target group: `name` in `arn:…:targetgroup/name/id`.
fn target_group(arn: &str) -> String {
    let mut parts = arn.rsplit('/');
    parts.next();
    parts.next().map_or_else(|| last_part(arn).to_owned(), str::to_owned)
}
