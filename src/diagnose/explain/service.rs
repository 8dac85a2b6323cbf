//! Explaining a service, one of its deployments, one of its events.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::telling::{Telling, ago};
use crate::{
    diagnose::{
        HOUR, Known,
        case::Case,
        deaths::{self, times},
        event as judged,
        news::News,
        pending::Wait,
        placement::placement,
        rollout::{Answer, steps},
        service as findings_of,
    },
    knowledge::Class,
    resource::{
        Document, Tone,
        deployment::Deployment,
        document::{Line, Section},
        event::Event,
        finding::{Finding, Problem},
        format::{duration, last_part, one_line, seconds_since, short_id},
        service::Service,
        task::Task,
    },
};

/// Causes of failures that are listed, at most.
const GROUPS: usize = 6;
/// Tasks that linger are listed, at most.
const LINGERING: usize = 3;
/// Attempts between which the gaps are told.
const ATTEMPTS: usize = 3;
/// Tasks that are started within so many seconds belong to one attempt.
const ROUND: i64 = 8;

pub(super) fn service<'a>(service: &'a Service, known: &'a Known<'a>) -> Telling<'a> {
    let case = Case::of(service, known);
    let mut telling = Telling::new(known);
    telling.findings(findings_of(service, known), &well(&case));
    about(&mut telling, &case);
    telling
}

pub(super) fn deployment<'a>(deployment: &'a Deployment, known: &'a Known<'a>) -> Telling<'a> {
    let mut telling = Telling::new(known);
    let Some(service) = known.service(&deployment.cluster_name, &deployment.service_name) else {
        telling.findings(Vec::new(), &format!("its rollout is {}", deployment.progress()));
        telling.gaps.push("its service, so what it hangs in".into());
        return telling;
    };
    let case = Case::of(service, known);
    if case.rollout().is_some_and(|rollout| rollout.id == deployment.id) {
        telling.findings(findings_of(service, known), &well(&case));
        about(&mut telling, &case);
        return telling;
    }
    let Deployment { running_count, desired_count, .. } = deployment;
    let well = match deployment.is_primary() {
        true => format!("rolled out: {running_count} of {desired_count} tasks run"),
        false => format!("it is being replaced; {running_count} of its tasks still run"),
    };
    telling.findings(Vec::new(), &well);
    telling.aside(format!("Service {}", service.service_name), &findings_of(service, known));
    failures(&mut telling.document, &case, |task| deaths::started_by(task, deployment));
    telling
}

pub(super) fn event<'a>(event: &'a Event, known: &'a Known<'a>) -> Telling<'a> {
    let mut telling = Telling::new(known);
    let verdict = Arc::new(judged(event, known));
    let service = known.service(&event.cluster_name, &event.service_name);
    let findings = service.map(|service| findings_of(service, known)).unwrap_or_default();
    let section = telling.document.section("Event");
    let tone = match verdict.class {
        Class::Failure | Class::Critical => Tone::Bad,
        Class::Warning => Tone::Warn,
        Class::Recovery => Tone::Good,
        Class::Normal => Tone::Plain,
    };
    section.text(0, one_line(&event.message), tone).text(1, &*verdict.cause, Tone::Plain);
    if let Some(at) = event.created_at {
        section.text(1, ago(at, known), Tone::Muted);
    }
    telling.verdicts.push(verdict);
    if let Some(service) = service {
        let case = Case::of(service, known);
        let section = telling.document.section(format!("Service {} now", service.service_name));
        if findings.is_empty() {
            section.text(0, well(&case), Tone::Good);
        }
        for finding in &findings {
            section.text(0, format!("{}: {}", finding.problem.word(), finding.cause), finding.problem.tone());
        }
        if news_of_placement(event) {
            placed(&mut telling, &case);
        }
        // What the event told may be over; what to do follows from how things are.
        telling.verdicts.extend(findings.iter().filter_map(|finding| finding.verdict.clone()));
    } else {
        telling.gaps.push(format!("service {}: whether this still holds", event.service_name));
    }
    telling.findings = Vec::new();
    telling
}

fn news_of_placement(event: &Event) -> bool {
    News { event, rule: crate::knowledge::of_event(&event.message) }.of_placement()
}

/// The one honest line where nothing is wrong with the service; its tasks may tell otherwise.
fn well(case: &Case<'_>) -> String {
    match lingering(case).is_empty() {
        true => format!("nothing is wrong as far as ecsight can see: {}", standing(case)),
        false => format!("no fault of the service so far ({}), but of its tasks: see below", standing(case)),
    }
}

/// How it stands where nothing is wrong.
fn standing(case: &Case<'_>) -> String {
    let Service { running_count, desired_count, .. } = case.service;
    let now = case.known.now;
    if case.rollout().is_some() || !case.service.settled() {
        let moving = case.rollout().map_or_else(String::new, |primary| {
            let started = primary.created_at.map(|at| format!(", under way for {}", duration(seconds_since(at, now))));
            format!("{} of {} new", primary.running_count, primary.desired_count) + &started.unwrap_or_default()
        });
        let what = if case.rollout().is_some() { "a rollout, as it should go" } else { "changing" };
        let moving = if moving.is_empty() { format!("{running_count} of {desired_count} running") } else { moving };
        return format!("{what}: {moving}");
    }
    // Events tell of a steady state each time a task was replaced, too: what was rolled out when says more.
    let since = case.service.primary().and_then(Deployment::since).map(|at| duration(seconds_since(at, now)));
    let rolled_out = since.map(|since| format!(", rolled out {since} ago")).unwrap_or_default();
    format!("{running_count} of {desired_count} running{rolled_out}")
}

/// What stands behind the findings of a service.
fn about(telling: &mut Telling<'_>, case: &Case<'_>) {
    let tasks = alive(case);
    pause(telling, case);
    let section = telling.document.section("Tasks to look at");
    for line in lingering(case) {
        section.text(0, line, Tone::Warn);
    }
    let wait = overdue(case).into_iter().next();
    telling.verdicts.extend(wait.and_then(|(task, wait)| wait.finding(task, case.known).verdict));
    if case.rollout().is_some() {
        rollout(telling.document.section("Rollout"), case, &tasks);
        if telling.findings.iter().any(|finding| OF_ROLLOUTS.contains(&finding.problem)) {
            step_by_step(telling.document.section("Why it is not done"), case, &tasks);
        }
    }
    if telling.findings.iter().any(|finding| finding.problem == Problem::NotPlaced) {
        placed(telling, case);
    }
    failures(&mut telling.document, case, |_| true);
    if case.service.failed_last_hour.is_none() && case.stopped.is_empty() {
        telling.gaps.push("stopped tasks: failures of the last hour would be missing here".into());
    }
}

/// Its tasks that have not stopped, as far as they were looked at, oldest first.
fn alive<'a>(case: &Case<'a>) -> Vec<&'a Task> {
    let tasks = case.known.tasks(&case.service.cluster_name, &case.service.service_name).iter();
    let mut tasks: Vec<&Task> = tasks.filter(|task| !task.stopped()).copied().collect();
    tasks.sort_by_key(|task| (task.created_at, task.task_arn.as_str()));
    tasks
}

/// Tasks that are longer in their state than is usual, with what they wait for.
fn overdue<'a>(case: &Case<'a>) -> Vec<(&'a Task, Wait<'a>)> {
    let overdue = |task: &'a Task| {
        let wait = Wait::of(task, case.known).filter(|wait| wait.overdue(case.known.now))?;
        Some((task, wait))
    };
    alive(case).into_iter().filter_map(overdue).collect()
}

/// What is to be seen of its tasks: those that are overdue, and that health checks fail.
fn lingering(case: &Case<'_>) -> Vec<String> {
    let overdue = overdue(case);
    let mut lines: Vec<String> = overdue
        .iter()
        .take(LINGERING)
        .map(|(task, wait)| {
            let elapsed = wait.elapsed(case.known.now).map(|seconds| format!(" for {}", duration(seconds)));
            format!("{}{}: {}", short_id(&task.task_arn), elapsed.unwrap_or_default(), wait.told())
        })
        .collect();
    if overdue.len() > LINGERING {
        lines.push(format!("{} more like these", overdue.len() - LINGERING));
    }
    let alive = alive(case);
    let ill = |task: &&&Task| {
        task.health_status.as_deref() == Some("UNHEALTHY") && task.desired_status.as_deref() != Some("STOPPED")
    };
    let ill = alive.iter().filter(ill).count();
    if ill > 0 {
        lines.push(format!("{ill} of {} fail their health check", alive.len()));
    }
    lines
}

/// Problems that a rollout may hang in.
const OF_ROLLOUTS: &[Problem] =
    &[Problem::RolloutFailed, Problem::RolloutFailing, Problem::RolloutStuck, Problem::NotPlaced];

/// What somebody can do who is asked to decide.
fn pause(telling: &mut Telling<'_>, case: &Case<'_>) {
    let Some(pause) = case.paused() else { return };
    let section = telling.document.section("The decision");
    section.text(0, pause.told(case.known.now), Tone::Wait);
    let (Some(deployment), Some(hook)) = (&case.service.current_service_deployment, &pause.hook_id) else { return };
    let region = deployment.split(':').nth(3).unwrap_or_default();
    let command = |action: &str| {
        format!(
            "aws ecs continue-service-deployment --service-deployment-arn {deployment} --hook-id {hook} --action \
             {action} --region {region}"
        )
    };
    section.text(0, "to go on:", Tone::Plain).text(1, command("CONTINUE"), Tone::Plain);
    section.text(0, "to roll back:", Tone::Plain).text(1, command("ROLLBACK"), Tone::Plain);
    let show = format!("aws ecs describe-service-deployments --service-deployment-arns {deployment} --region {region}");
    telling.commands.push(show);
}

/// How far it is.
fn rollout(section: &mut Section, case: &Case<'_>, tasks: &[&Task]) {
    let (service, now) = (case.service, case.known.now);
    for deployment in &service.deployments {
        let Deployment { running_count, desired_count, pending_count, failed_tasks, .. } = deployment;
        let pending = if *pending_count > 0 { format!(", {pending_count} pending") } else { String::new() };
        let failed = if *failed_tasks > 0 { format!(", {failed_tasks} failed in a row") } else { String::new() };
        let label = if deployment.is_primary() { "New" } else { "Old" };
        let counts = format!("{}: {running_count} of {desired_count} running{pending}{failed}", deployment.revision());
        section.toned(label, counts, deployment.tone());
    }
    let primary = case.rollout();
    let started = primary.and_then(|primary| primary.created_at).map(|at| duration(seconds_since(at, now)));
    section.field("Under way for", started.unwrap_or_default());
    section.field("Attempt", primary.and_then(|primary| attempt(case, primary)).unwrap_or_default());
    let progress = service.progress.as_ref();
    let stage = progress.and_then(|progress| progress.lifecycle_stage.as_deref()).unwrap_or_default();
    section.field("Stage", stage.to_lowercase().replace('_', " "));
    let failing = primary.is_some_and(|primary| primary.failed_tasks > 0);
    let breaker = match (progress.and_then(|progress| progress.breaker), service.circuit_breaker) {
        (Some((failed, threshold)), Some((true, back))) => {
            let then = if back { "then ECS rolls back" } else { "then ECS gives up" };
            format!("failures {failed} of {threshold}, {then}")
        }
        (_, Some((true, true))) => "on, rolls back".to_owned(),
        (_, Some((true, false))) => "on, does not roll back".to_owned(),
        _ if failing => "off: ECS tries for ever".to_owned(),
        _ => "off".to_owned(),
    };
    section.field("Circuit breaker", breaker);
    if let Some(attempts) = attempts(case, tasks) {
        section.toned("Next attempt", attempts, Tone::Wait);
    }
    let reason = primary.and_then(|primary| primary.rollout_state_reason.as_deref()).map(one_line);
    section.field("ECS says", reason.unwrap_or_default());
}

/// Which attempt at its revision a rollout is, where failed tasks of earlier ones are known.
fn attempt(case: &Case<'_>, primary: &Deployment) -> Option<String> {
    let same = case.stopped.iter().filter(|task| task.task_definition_arn == primary.task_definition);
    let earlier = same.filter(|task| task.created_at < primary.created_at && !deaths::started_by(task, primary));
    let earlier: Vec<_> = earlier.filter_map(|task| Some((task.started_by.as_deref()?, task.created_at?))).collect();
    let rollouts: BTreeSet<&str> = earlier.iter().map(|(by, _)| *by).filter(|by| by.starts_with("ecs-svc/")).collect();
    let first = earlier.iter().map(|(_, at)| *at).min()?;
    let ago = duration(seconds_since(first, case.known.now));
    (!rollouts.is_empty())
        .then(|| format!("number {} or more of {}; an earlier one {ago} ago", rollouts.len() + 1, primary.revision()))
}

/// When the scheduler will try again, where it waits between its attempts.
fn attempts(case: &Case<'_>, tasks: &[&Task]) -> Option<String> {
    if !case.news.iter().any(News::of_back_off) {
        return None;
    }
    let primary = case.rollout()?;
    let own = case.stopped.iter().chain(tasks).filter(|task| deaths::started_by(task, primary));
    let mut created: Vec<Timestamp> = own.filter_map(|task| task.created_at).collect();
    created.sort();
    created.dedup_by(|later, earlier| later.as_second() - earlier.as_second() <= ROUND);
    let gaps: Vec<String> =
        created.windows(2).map(|pair| duration(seconds_since(pair[0], pair[1]))).rev().take(ATTEMPTS).collect();
    let last = created.last().map(|at| duration(seconds_since(*at, case.known.now)));
    let most = "ECS waits longer each time, about 27m at most; a new task definition ends that at once";
    Some(match last {
        Some(last) if !gaps.is_empty() => {
            let gaps: Vec<String> = gaps.into_iter().rev().collect();
            format!("the last began {last} ago, those before came {} apart; {most}", gaps.join(", "))
        }
        _ => most.to_owned(),
    })
}

/// The questions of a rollout, and where it hangs.
fn step_by_step(section: &mut Section, case: &Case<'_>, tasks: &[&Task]) {
    for step in steps(case, tasks) {
        let (outcome, answer, tone) = match step.answer {
            Answer::Fine(text) => (Tone::Good, text, Tone::Muted),
            Answer::Open(text) => (Tone::Wait, text, Tone::Muted),
            Answer::Bad(text) => (Tone::Bad, text, Tone::Plain),
            Answer::Stuck(finding) => (Tone::Bad, finding.cause, finding.problem.tone()),
        };
        let answer = if step.here { format!("HERE: {answer}") } else { answer };
        section.lines.push(Line::Check { outcome, question: step.question, answer: vec![(answer, tone)] });
    }
}

/// Where its tasks could run.
fn placed(telling: &mut Telling<'_>, case: &Case<'_>) {
    match placement(case.service, case.known) {
        Some(placement) => placement.tell(telling.document.section("Placement")),
        None if !case.service.on_instances() => {}
        None if case.known.instances(&case.service.cluster_name).is_empty() => {
            telling.gaps.push("the cluster's instances: what is left on them".into());
        }
        None => telling.gaps.push(format!("task definition {}: what a task needs", case.service.revision())),
    }
}

/// What its tasks died of, the most frequent cause first; one line a cause, however many they were.
fn failures(document: &mut Document, case: &Case<'_>, concerned: impl Fn(&Task) -> bool) {
    let now = case.known.now;
    let deaths = case.deaths.iter().filter(|death| concerned(death.task));
    let groups = deaths::groups(deaths);
    let section = document.section("Failures of the last hour");
    for group in groups.iter().take(GROUPS) {
        let Some(newest) = group.newest() else { continue };
        let pace = group.pace().map(|gap| format!(", one every {}", duration(gap))).unwrap_or_default();
        let last = duration(seconds_since(newest.at, now));
        section.text(0, format!("{}x {}", group.count(), group.line()), Tone::Bad);
        let revision = last_part(newest.task.revision());
        section.text(
            1,
            format!("{revision}, last {last} ago{pace}, task {}", short_id(&newest.task.task_arn)),
            Tone::Muted,
        );
    }
    if groups.len() > GROUPS {
        section.text(0, format!("{} further causes", groups.len() - GROUPS), Tone::Muted);
    }
    // AWS counts a failure before the stopped task is in its list.
    let young = |primary: &&Deployment| primary.created_at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let counted = case.rollout().filter(young).and_then(|primary| usize::try_from(primary.failed_tasks).ok());
    match counted.unwrap_or_default().saturating_sub(case.of_rollout().count()) {
        0 => {}
        newer => _ = section.text(0, format!("{newer} more are counted, but not listed by AWS yet"), Tone::Muted),
    }
}

/// One line that a task or an instance may say of the service it belongs to.
pub(super) fn in_short(findings: &[Finding]) -> Option<String> {
    let worst = findings.first()?;
    let more = if findings.len() > 1 { format!(", and {} more", times(findings.len() - 1)) } else { String::new() };
    Some(format!("{}: {}{more}", worst.problem.word(), worst.cause))
}
