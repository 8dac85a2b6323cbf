//! Explanations of services, their deployments and events.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::builder::{ExplanationBuilder, format_time};
use crate::{
    diagnose::{
        Known, diagnose_event as judged, diagnose_service,
        failed_tasks::{self, count_times},
        pending::TaskWait,
        placement::check_placement,
        rollout::{QuestionResult, ask_all},
        service_context::ServiceContext,
        service_events::ClassifiedEvent,
    },
    knowledge::Class,
    resource::{
        Document, Tone,
        deployment::Deployment,
        document::{DocumentLine, Section},
        event::ServiceEvent,
        finding::{Finding, Problem},
        format::{duration, in_words, last_part, one_line, seconds_since, short_id},
        service::Service,
        task::Task,
    },
};

/// Maximum number of causes to list.
const GROUPS: usize = 6;
/// Maximum number of overdue tasks to list.
const LINGERING: usize = 3;
/// Number of attempts to list the gaps between.
const ATTEMPTS: usize = 3;
/// Tasks that start within this number of seconds belong to one attempt.
const ROUND: i64 = 8;

pub(super) fn explain_service<'a>(service: &'a Service, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let context = ServiceContext::new(service, known);
    let mut builder = ExplanationBuilder::new(known);
    builder.add_findings(diagnose_service(service, known), &healthy_summary(&context));
    add_details(&mut builder, &context);
    builder
}

pub(super) fn explain_deployment<'a>(deployment: &'a Deployment, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let mut builder = ExplanationBuilder::new(known);
    let Some(service) = known.service(&deployment.cluster_name, &deployment.service_name) else {
        builder.add_findings(Vec::new(), &format!("its rollout is {}", deployment.progress()));
        builder.gaps.push("its service, and what blocks it".into());
        return builder;
    };
    let context = ServiceContext::new(service, known);
    if context.rollout().is_some_and(|rollout| rollout.id == deployment.id) {
        builder.add_findings(diagnose_service(service, known), &healthy_summary(&context));
        add_details(&mut builder, &context);
        return builder;
    }
    let Deployment { running_count, desired_count, .. } = deployment;
    let well = match deployment.is_primary() {
        true => format!("rolled out: {running_count} of {desired_count} tasks run"),
        false => format!("it is being replaced; {running_count} of its tasks still run"),
    };
    builder.add_findings(Vec::new(), &well);
    builder.add_related_findings(format!("Service {}", service.service_name), &diagnose_service(service, known));
    add_failures(&mut builder.document, &context, |task| failed_tasks::started_by(task, deployment));
    builder
}

pub(super) fn explain_event<'a>(event: &'a ServiceEvent, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let mut builder = ExplanationBuilder::new(known);
    let verdict = Arc::new(judged(event, known));
    let service = known.service(&event.cluster_name, &event.service_name);
    let findings = service.map(|service| diagnose_service(service, known)).unwrap_or_default();
    let section = builder.document.section("Event");
    let tone = match verdict.class {
        Class::Failure | Class::Critical => Tone::Bad,
        Class::Warning => Tone::Warn,
        Class::Recovery => Tone::Good,
        Class::Normal => Tone::Plain,
    };
    section.text(0, one_line(&event.message), tone).text(1, &*verdict.cause, Tone::Plain);
    if let Some(at) = event.created_at {
        section.text(1, format_time(at, known), Tone::Muted);
    }
    builder.verdicts.push(verdict);
    if let Some(service) = service {
        let context = ServiceContext::new(service, known);
        let section = builder.document.section(format!("Service {} now", service.service_name));
        if findings.is_empty() {
            section.text(0, healthy_summary(&context), Tone::Good);
        }
        for finding in &findings {
            section.text(0, format!("{}: {}", finding.problem.word(), finding.cause), finding.problem.tone());
        }
        if is_placement_event(event) {
            add_placement(&mut builder, &context);
        }
        // The event may be outdated; next steps follow from the current state.
        builder.verdicts.extend(findings.iter().filter_map(|finding| finding.verdict.clone()));
    } else {
        builder.gaps.push(format!("service {}: whether this still holds", event.service_name));
    }
    builder.findings = Vec::new();
    builder
}

fn is_placement_event(event: &ServiceEvent) -> bool {
    ClassifiedEvent { event, rule: crate::knowledge::of_event(&event.message) }.is_placement_failure()
}

/// The summary of a service without problems; its tasks may have some.
fn healthy_summary(context: &ServiceContext<'_>) -> String {
    match lingering_tasks(context).is_empty() {
        true => format!("no problems found: {}", current_state(context)),
        false => format!("no problem of the service itself ({}); see its tasks below", current_state(context)),
    }
}

/// The current state of a service without problems.
fn current_state(context: &ServiceContext<'_>) -> String {
    let Service { running_count, desired_count, .. } = context.service;
    let now = context.known.now;
    if context.rollout().is_some() || !context.service.settled() {
        let moving = context.rollout().map_or_else(String::new, |primary| {
            let began = context.rollout_began(primary);
            let started = began.map(|at| format!(", running for {}", duration(seconds_since(at, now))));
            format!("{} of {} new", primary.running_count, primary.desired_count) + &started.unwrap_or_default()
        });
        let what = if context.rollout().is_some() { "rollout on track" } else { "changing" };
        let moving = if moving.is_empty() { format!("{running_count} of {desired_count} running") } else { moving };
        return format!("{what}: {moving}");
    }
    // ECS also reports a steady state after replacing a task: the time of the rollout is more useful.
    let since = context.service.primary().and_then(Deployment::since).map(|at| duration(seconds_since(at, now)));
    let rolled_out = since.map(|since| format!(", rolled out {since} ago")).unwrap_or_default();
    format!("{running_count} of {desired_count} running{rolled_out}")
}

/// Adds details to the findings of a service.
fn add_details(builder: &mut ExplanationBuilder<'_>, context: &ServiceContext<'_>) {
    let tasks = live_tasks(context);
    add_pause(builder, context);
    let section = builder.document.section("Tasks to check");
    for line in lingering_tasks(context) {
        section.text(0, line, Tone::Warn);
    }
    let wait = overdue_tasks(context).into_iter().next();
    builder.verdicts.extend(wait.and_then(|(task, wait)| wait.finding(task, context.known).verdict));
    if context.rollout().is_some() {
        add_rollout(builder.document.section("Rollout"), context, &tasks);
        if builder.findings.iter().any(|finding| OF_ROLLOUTS.contains(&finding.problem)) {
            add_questions(builder.document.section("Why it is not done"), context, &tasks);
        }
    }
    if builder.findings.iter().any(|finding| finding.problem == Problem::NotPlaced) {
        add_placement(builder, context);
    }
    add_failures(&mut builder.document, context, |_| true);
    if context.service.failed_last_hour.is_none() && context.stopped_tasks.is_empty() {
        builder.gaps.push("stopped tasks: failures of the last hour would be missing here".into());
    }
}

/// Its tasks that have not stopped, among the known ones, oldest first.
fn live_tasks<'a>(context: &ServiceContext<'a>) -> Vec<&'a Task> {
    let tasks = context.known.tasks(&context.service.cluster_name, &context.service.service_name).iter();
    let mut tasks: Vec<&Task> = tasks.filter(|task| !task.stopped()).copied().collect();
    tasks.sort_by_key(|task| (task.created_at, task.task_arn.as_str()));
    tasks
}

/// Tasks that have been in their state for longer than usual, with what they wait for.
fn overdue_tasks<'a>(context: &ServiceContext<'a>) -> Vec<(&'a Task, TaskWait<'a>)> {
    let overdue = |task: &'a Task| {
        let wait = TaskWait::new(task, context.known).filter(|wait| wait.overdue(context.known.now))?;
        Some((task, wait))
    };
    live_tasks(context).into_iter().filter_map(overdue).collect()
}

/// Lines about its tasks: overdue ones, and those with failing health checks.
fn lingering_tasks(context: &ServiceContext<'_>) -> Vec<String> {
    let overdue = overdue_tasks(context);
    let mut lines: Vec<String> = overdue
        .iter()
        .take(LINGERING)
        .map(|(task, wait)| {
            let elapsed = wait.elapsed(context.known.now).map(|seconds| format!(" for {}", duration(seconds)));
            format!("{}{}: {}", short_id(&task.task_arn), elapsed.unwrap_or_default(), wait.describe())
        })
        .collect();
    if overdue.len() > LINGERING {
        lines.push(format!("{} more like these", overdue.len() - LINGERING));
    }
    let alive = live_tasks(context);
    let ill = |task: &&&Task| {
        task.health_status.as_deref() == Some("UNHEALTHY") && task.desired_status.as_deref() != Some("STOPPED")
    };
    let ill = alive.iter().filter(ill).count();
    if ill > 0 {
        lines.push(format!("{ill} of {} fail their health check", alive.len()));
    }
    lines
}

/// Problems that may block a rollout.
const OF_ROLLOUTS: &[Problem] =
    &[Problem::RolloutFailed, Problem::RolloutFailing, Problem::RolloutStuck, Problem::NotPlaced];

/// Adds what the user can do when ECS waits for a decision.
fn add_pause(builder: &mut ExplanationBuilder<'_>, context: &ServiceContext<'_>) {
    let Some(pause) = context.pause() else { return };
    let section = builder.document.section("Decision");
    section.text(0, pause.advice(context.known.now), Tone::Wait);
    let (Some(deployment), Some(hook)) = (&context.service.current_service_deployment, &pause.hook_id) else { return };
    let region = deployment.split(':').nth(3).unwrap_or_default();
    let command = |action: &str| {
        format!(
            "aws ecs continue-service-deployment --service-deployment-arn {deployment} --hook-id {hook} --action \
             {action} --region {region}"
        )
    };
    section.text(0, "to continue:", Tone::Plain).text(1, command("CONTINUE"), Tone::Plain);
    section.text(0, "to roll back:", Tone::Plain).text(1, command("ROLLBACK"), Tone::Plain);
    let show = format!("aws ecs describe-service-deployments --service-deployment-arns {deployment} --region {region}");
    builder.commands.push(show);
}

/// Adds the progress of the rollout.
fn add_rollout(section: &mut Section, context: &ServiceContext<'_>, tasks: &[&Task]) {
    let (service, now) = (context.service, context.known.now);
    for deployment in &service.deployments {
        let Deployment { running_count, desired_count, pending_count, failed_tasks, .. } = deployment;
        let pending = if *pending_count > 0 { format!(", {pending_count} pending") } else { String::new() };
        let failed = if *failed_tasks > 0 { format!(", {failed_tasks} failed in a row") } else { String::new() };
        let label = if deployment.is_primary() { "New" } else { "Old" };
        let counts = format!("{}: {running_count} of {desired_count} running{pending}{failed}", deployment.revision());
        section.toned(label, counts, deployment.tone());
    }
    let primary = context.rollout();
    let started = primary.and_then(|primary| context.rollout_began(primary)).map(|at| duration(seconds_since(at, now)));
    section.field("Under way for", started.unwrap_or_default());
    section.field("Attempt", primary.and_then(|primary| describe_attempt(context, primary)).unwrap_or_default());
    let rollout = service.rollout.as_ref();
    let stage = rollout.and_then(|rollout| rollout.lifecycle_stage.as_deref()).unwrap_or_default();
    section.field("Stage", in_words(stage));
    let failing = primary.is_some_and(|primary| primary.failed_tasks > 0);
    let breaker = match (
        rollout.and_then(|rollout| rollout.breaker),
        service.circuit_breaker.as_ref().filter(|breaker| breaker.enabled),
    ) {
        (Some(count), Some(breaker)) => {
            let then = if breaker.rolls_back { "then ECS rolls back" } else { "then ECS gives up" };
            format!("failures {}, {then}", count.words())
        }
        (_, Some(breaker)) if breaker.rolls_back => "on, rolls back".to_owned(),
        (_, Some(_)) => "on, does not roll back".to_owned(),
        _ if failing => "off: ECS keeps trying".to_owned(),
        _ => "off".to_owned(),
    };
    section.field("Circuit breaker", breaker);
    if let Some(attempts) = describe_attempts(context, tasks) {
        section.toned("Next attempt", attempts, Tone::Wait);
    }
    let reason = primary.and_then(|primary| primary.rollout_state_reason.as_deref()).map(one_line);
    section.field("ECS says", reason.unwrap_or_default());
}

/// The number of the attempt at this revision, if failed tasks of earlier ones are known.
fn describe_attempt(context: &ServiceContext<'_>, primary: &Deployment) -> Option<String> {
    let same = context.stopped_tasks.iter().filter(|task| task.task_definition_arn == primary.task_definition);
    let earlier = same.filter(|task| task.created_at < primary.created_at && !failed_tasks::started_by(task, primary));
    let earlier: Vec<_> = earlier.filter_map(|task| Some((task.started_by.as_deref()?, task.created_at?))).collect();
    let rollouts: BTreeSet<&str> = earlier.iter().map(|(by, _)| *by).filter(|by| by.starts_with("ecs-svc/")).collect();
    let first = earlier.iter().map(|(_, at)| *at).min()?;
    let ago = duration(seconds_since(first, context.known.now));
    (!rollouts.is_empty())
        .then(|| format!("number {} or more of {}; an earlier one {ago} ago", rollouts.len() + 1, primary.revision()))
}

/// When the scheduler will retry, if it waits between attempts.
fn describe_attempts(context: &ServiceContext<'_>, tasks: &[&Task]) -> Option<String> {
    if !context.events.iter().any(ClassifiedEvent::is_back_off) {
        return None;
    }
    let primary = context.rollout()?;
    let own = context.stopped_tasks.iter().chain(tasks).filter(|task| failed_tasks::started_by(task, primary));
    let mut created: Vec<Timestamp> = own.filter_map(|task| task.created_at).collect();
    created.sort();
    created.dedup_by(|later, earlier| later.as_second() - earlier.as_second() <= ROUND);
    let gaps: Vec<String> =
        created.windows(2).map(|pair| duration(seconds_since(pair[0], pair[1]))).rev().take(ATTEMPTS).collect();
    let last = created.last().map(|at| duration(seconds_since(*at, context.known.now)));
    let most = "ECS waits longer each time, up to about 27m; a new deployment starts at once";
    Some(match last {
        Some(last) if !gaps.is_empty() => {
            let gaps: Vec<String> = gaps.into_iter().rev().collect();
            format!("the last one {last} ago, the ones before {} apart; {most}", gaps.join(", "))
        }
        _ => most.to_owned(),
    })
}

/// Adds the questions about the rollout, and what blocks it.
fn add_questions(section: &mut Section, context: &ServiceContext<'_>, tasks: &[&Task]) {
    for step in ask_all(context, tasks) {
        let (outcome, answer, tone) = match step.answer {
            QuestionResult::Fine(text) => (Tone::Good, text, Tone::Muted),
            QuestionResult::Open(text) => (Tone::Wait, text, Tone::Muted),
            QuestionResult::Bad(text) => (Tone::Bad, text, Tone::Plain),
            QuestionResult::Stuck(finding) => (Tone::Bad, finding.cause, finding.problem.tone()),
        };
        let answer = if step.here { format!("blocked here: {answer}") } else { answer };
        section.lines.push(DocumentLine::Check { outcome, question: step.question, answer: vec![(answer, tone)] });
    }
}

/// Adds where its tasks could be placed.
fn add_placement(builder: &mut ExplanationBuilder<'_>, context: &ServiceContext<'_>) {
    match check_placement(context.service, context.known) {
        Some(placement) => placement.write_to(builder.document.section("Placement")),
        None if !context.service.on_instances() => {}
        None if context.known.instances(&context.service.cluster_name).is_empty() => {
            builder.gaps.push("the cluster's instances: what is left on them".into());
        }
        None => builder.gaps.push(format!("task definition {}: what a task needs", context.service.revision())),
    }
}

/// Adds the causes of failed tasks, the most frequent first, one line each.
fn add_failures(document: &mut Document, context: &ServiceContext<'_>, concerned: impl Fn(&Task) -> bool) {
    let now = context.known.now;
    let failed = context.failed_tasks.iter().filter(|failed| concerned(failed.task));
    let groups = failed_tasks::group_by_cause(failed);
    let section = document.section("Failures of the last hour");
    for group in groups.iter().take(GROUPS) {
        let Some(newest) = group.newest() else { continue };
        let pace = group.average_gap().map(|gap| format!(", one every {}", duration(gap))).unwrap_or_default();
        let last = duration(seconds_since(newest.at, now));
        section.text(0, format!("{}x {}", group.count(), group.summary()), Tone::Bad);
        let revision = last_part(newest.task.revision());
        section.text(
            1,
            format!("{revision}, last {last} ago{pace}, task {}", short_id(&newest.task.task_arn)),
            Tone::Muted,
        );
    }
    if groups.len() > GROUPS {
        section.text(0, format!("{} more causes", groups.len() - GROUPS), Tone::Muted);
    }
    match context.unlisted_failures() {
        0 => {}
        newer => {
            let text = format!("{newer} more have failed; the list of stopped tasks is older, ctrl-r reads it again");
            section.text(0, text, Tone::Muted);
        }
    }
}

/// One line about the service, for the explanation of its task or instance.
pub(super) fn summarize(findings: &[Finding]) -> Option<String> {
    let worst = findings.first()?;
    let more =
        if findings.len() > 1 { format!(", and {} more", count_times(findings.len() - 1)) } else { String::new() };
    Some(format!("{}: {}{more}", worst.problem.word(), worst.cause))
}
