//! Explanation of a task in any state, or of one of its containers.

use std::sync::Arc;

use super::{
    builder::{ExplanationBuilder, format_time},
    verdict_of,
};
use crate::{
    diagnose::{
        Known, VerdictBuilder, diagnose_service, failed_tasks, group_key, names, pending::TaskWait,
        service_context::ServiceContext,
    },
    knowledge::{self, Class, ReasonField, Verdict, situations},
    resource::{
        Tone,
        container::Container,
        document::Section,
        finding::{Finding, Problem},
        format::{duration, seconds_since},
        task::Task,
    },
};

pub(super) fn explain_task<'a>(task: &'a Task, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let mut builder = ExplanationBuilder::new(known);
    if task.stopped() {
        add_stop(&mut builder, task, known);
    } else {
        add_live_state(&mut builder, task, known);
    }
    add_life(builder.document.section("Lifecycle"), task, known);
    let containers = builder.document.section("Containers");
    for container in &task.containers {
        containers.text(0, container.summary(), container.tone());
    }
    let service = task.service().and_then(|name| known.service(&task.cluster_name, name));
    if let Some(service) = service {
        builder.add_related_findings(format!("Service {}", service.service_name), &diagnose_service(service, known));
    }
    let revision = task.task_definition_arn.as_deref().and_then(|arn| known.revision(arn));
    if revision.is_none() && !builder.findings.is_empty() {
        builder.gaps.push(format!("task definition {}: limits, health checks and images", task.revision()));
    }
    builder
}

pub(super) fn explain_container<'a>(container: &'a Container, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let Some(owner) = known.task(&container.cluster_name, &container.task_arn) else {
        let mut builder = ExplanationBuilder::new(known);
        builder.add_findings(Vec::new(), &format!("its own state: {}", container.summary()));
        builder.gaps.push("its task, and why it ended".into());
        return builder;
    };
    let mut builder = explain_task(owner, known);
    let root = owner.stopped().then(|| verdict_of(owner, known)).and_then(|verdict| verdict.container.clone());
    let text = match root {
        Some(root) if root == container.name => format!("this container caused the stop: {}", container.summary()),
        Some(root) => format!("{root} caused the stop, not this container: {}", container.summary()),
        None => container.summary(),
    };
    let mut section = Section { title: format!("Container {}", container.name), ..Section::default() };
    section.text(0, text, container.tone());
    let place = builder.document.sections.len().min(1);
    builder.document.sections.insert(place, section);
    builder
}

fn add_stop(builder: &mut ExplanationBuilder<'_>, task: &Task, known: &Known<'_>) {
    let verdict = verdict_of(task, known);
    if verdict.class < Class::Failure {
        builder.add_findings(Vec::new(), &format!("it ended as expected: {}", verdict.line()));
        if let Some(section) = builder.document.sections.last_mut() {
            section.text(1, &*verdict.cause, Tone::Plain);
        }
        builder.verdicts.push(verdict);
        return;
    }
    let finding = Finding {
        problem: Problem::TaskFailed,
        since: task.stopped_at,
        cause: verdict.line(),
        verdict: Some(verdict.clone()),
    };
    builder.add_findings(vec![finding], "");
    let alike = count_alike(task, &verdict, known);
    if alike > 0
        && let Some(section) = builder.document.sections.last_mut()
    {
        let text = match alike {
            1 => "another task of the service failed with the same cause in the last hour".to_owned(),
            more => format!("{more} more tasks of the service failed with the same cause in the last hour"),
        };
        section.text(1, text, Tone::Warn);
    }
}

/// Number of other tasks of its service that failed with the same cause in the last hour.
fn count_alike(task: &Task, verdict: &Arc<Verdict>, known: &Known<'_>) -> usize {
    let service = task.service().and_then(|name| known.service(&task.cluster_name, name));
    let Some(service) = service else { return 0 };
    let key = group_key(task, verdict);
    let context = ServiceContext::new(service, known);
    let same = |failed: &&failed_tasks::FailedTask<'_>| {
        failed.task.task_arn != task.task_arn && group_key(failed.task, &failed.verdict) == key
    };
    context.failed_tasks.iter().filter(same).count()
}

fn add_live_state(builder: &mut ExplanationBuilder<'_>, task: &Task, known: &Known<'_>) {
    let now = known.now;
    let wait = TaskWait::new(task, known);
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(wait) = wait.as_ref().filter(|wait| wait.overdue(now)) {
        findings.push(wait.finding(task, known));
    }
    if task.health_status.as_deref() == Some("UNHEALTHY") && task.desired_status.as_deref() != Some("STOPPED") {
        findings.extend(check_health(task, known));
    }
    findings.extend(check_exec_agent(task, known));
    let runs = task.started_at.map(|at| format!(" for {}", duration(seconds_since(at, now)))).unwrap_or_default();
    let health = match task.health_status.as_deref() {
        Some("HEALTHY") => ", healthy",
        _ => "",
    };
    let well = match &wait {
        Some(wait) => {
            let elapsed = wait.elapsed(now).map(|seconds| format!(" for {}", duration(seconds))).unwrap_or_default();
            format!("on its way{elapsed}: {}", wait.describe())
        }
        None => format!("no problems found: it runs{runs}{health}"),
    };
    let overdue = !findings.is_empty();
    builder.add_findings(findings, &well);
    if let Some(wait) = &wait {
        let section = builder.document.section("What it waits for");
        section.field("State", wait.state).field("For", describe_elapsed(wait, now)).field("Usually", wait.usual);
        if !overdue {
            section.text(0, wait.rule.cause, Tone::Plain);
            builder.verdicts.extend(wait.finding(task, known).verdict);
        }
    }
}

fn describe_elapsed(wait: &TaskWait<'_>, now: jiff::Timestamp) -> String {
    let elapsed_text = |seconds: i64| format!("{}; too long after {}", duration(seconds), duration(wait.limit));
    wait.elapsed(now).map(elapsed_text).unwrap_or_default()
}

fn check_health(task: &Task, known: &Known<'_>) -> Option<Finding> {
    let failing = task.containers.iter().find(|container| container.health_status.as_deref() == Some("UNHEALTHY"));
    let mut builder = VerdictBuilder::from_rule(&situations::CHECKS_FAIL);
    builder.container = failing;
    builder.quote("healthStatus", "UNHEALTHY");
    if let Some(container) = failing {
        builder.quote(format!("containers[{}].healthStatus", container.name), "UNHEALTHY");
    }
    let verdict = builder.build(names::task_names(task, failing, known));
    Some(Finding { problem: Problem::Unhealthy, since: None, cause: verdict.line(), verdict: Some(Arc::new(verdict)) })
}

/// ECS Exec is enabled, but its agent does not run in a running container.
fn check_exec_agent(task: &Task, known: &Known<'_>) -> Option<Finding> {
    let ended = |container: &&Container| {
        let runs = container.last_status.as_deref() == Some("RUNNING");
        runs && container.exec_agent.as_deref() == Some("STOPPED")
    };
    let container = task.containers.iter().find(ended)?;
    let text = container.exec_reason.as_deref().unwrap_or_default();
    let mut builder = match knowledge::of_reason(ReasonField::ManagedAgent, text) {
        Some(rule) => VerdictBuilder::from_rule(rule),
        None => VerdictBuilder::unknown(text, Class::Warning),
    };
    builder.container = Some(container);
    builder.quote(format!("containers[{}].managedAgents[].lastStatus", container.name), "STOPPED");
    builder.quote(format!("containers[{}].managedAgents[].reason", container.name), text);
    let verdict = builder.build(names::task_names(task, Some(container), known));
    let cause = format!("no shell into {}: {}", container.name, verdict.line());
    Some(Finding { problem: Problem::Notice, since: None, cause, verdict: Some(Arc::new(verdict)) })
}

/// Adds the steps of its lifecycle with their durations.
fn add_life(section: &mut Section, task: &Task, known: &Known<'_>) {
    let now = known.now;
    let took = |from: Option<jiff::Timestamp>, to: Option<jiff::Timestamp>| {
        from.zip(to).map(|(from, to)| duration(seconds_since(from, to))).unwrap_or_default()
    };
    section.field("Created", task.created_at.map(|at| format_time(at, known)).unwrap_or_default());
    section.field("Pull took", took(task.pull_started_at, task.pull_stopped_at));
    if task.pull_started_at.is_some() && task.pull_stopped_at.is_none() && !task.stopped() {
        section.toned("Pulling for", took(task.pull_started_at, Some(now)), Tone::Busy);
    }
    section.field("Up after", took(task.created_at, task.started_at));
    let end = task.stopping_at.or(task.stopped_at);
    section.field("Ran for", took(task.started_at, end.or(Some(now))));
    if task.started_at.is_none() && task.stopped() {
        section.field("Ran for", "it never ran");
    }
    section.field("Stop took", took(task.stopping_at, task.stopped_at));
    section.field("Stopped", task.stopped_at.map(|at| format_time(at, known)).unwrap_or_default());
}
