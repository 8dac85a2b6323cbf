//! What is wrong with a service, from what is known of it, its rollout, its tasks and its events.

use super::{
    HOUR, Known, MINUTE,
    case::Case,
    deaths::{self, Group, times},
    names,
    news::News,
    rollout::{not_placed, rollout},
    scene::Scene,
};
use crate::{
    knowledge::{Class, situations},
    resource::{
        finding::{Finding, Problem},
        format::seconds_since,
        service::Service,
        task::Task,
    },
};

/// So many tasks of one revision that fail within an hour are no accident.
const CRASH_LOOP: usize = 3;
/// A service that has been quiet for so long after its last failure, and for so many times its usual gap, is over it.
const OVER: i64 = 10 * MINUTE;
const GAPS: i64 = 3;
/// What just changed is given so long to sort itself out.
const MOMENT: i64 = MINUTE;

/// What is wrong with `service`, worst first.
pub fn service(service: &Service, known: &Known<'_>) -> Vec<Finding> {
    let case = Case::of(service, known);
    if let Some(going) = going(&case) {
        return vec![going];
    }
    let rollout = rollout(&case);
    let failing = rollout.as_ref().filter(|finding| finding.problem <= Problem::RolloutFailing);
    let crashes = crashes(&case, failing);
    let mut findings: Vec<Finding> = rollout.into_iter().collect();
    findings.extend(decision(&case));
    findings.extend(crashes);
    if findings.iter().all(|finding| finding.problem != Problem::NotPlaced) {
        findings.extend(case.misplaced().map(|news| not_placed(&case, news)));
    }
    findings.extend(short(&case, &findings));
    findings.extend(unhealthy(&case, &findings));
    findings.extend(complaints(&case, &findings));
    findings.extend(notices(&case));
    // Stable: of two that weigh the same, the one found first stays first.
    findings.sort_by_key(|finding| finding.problem);
    findings
}

/// A service that was deleted: that its tasks go is as it should be, unless they don't.
fn going(case: &Case<'_>) -> Option<Finding> {
    let service = case.service;
    let left = service.running_count + service.pending_count;
    let quotes = [("status", service.status.clone().unwrap_or_default()), ("runningCount", left.to_string())];
    let (problem, cause) = match service.status.as_deref()? {
        "DRAINING" if left > 0 && case.quiet_for(OVER) => {
            (Problem::DrainStuck, format!("being deleted, but {left} tasks don't go"))
        }
        "DRAINING" => (Problem::Notice, format!("being deleted; {left} tasks left")),
        "INACTIVE" => (Problem::Notice, "deleted".to_owned()),
        _ => return None,
    };
    Some(case.found(problem, &situations::BEING_DELETED, cause, &quotes))
}

fn decision(case: &Case<'_>) -> Option<Finding> {
    let pause = case.paused()?;
    let then = if pause.timeout_action.as_deref() == Some("CONTINUE") { "goes on" } else { "rolls back" };
    let until = pause
        .expires_at
        .map(|at| format!("; {then} by itself at {}", case.known.zone.minute(at, case.known.now)))
        .unwrap_or_default();
    let cause = format!("waiting for approval: continue or roll back{until}");
    let quotes = [
        ("lifecycleHookDetails[].status", "AWAITING_ACTION".to_owned()),
        ("lifecycleHookDetails[].hookId", pause.hook_id.clone().unwrap_or_default()),
        ("lifecycleHookDetails[].timeoutAction", pause.timeout_action.clone().unwrap_or_default()),
        (
            "lifecycleStage",
            case.service.progress.as_ref().and_then(|progress| progress.lifecycle_stage.clone()).unwrap_or_default(),
        ),
    ];
    let finding = case.found(Problem::Waiting, &situations::DECISION, cause, &quotes);
    Some(Finding { since: case.rollout().and_then(|primary| primary.created_at), ..finding })
}

/// Tasks that die: over and over, or now and then. `failing`: what the rollout fails by, which is told already.
fn crashes(case: &Case<'_>, failing: Option<&Finding>) -> Option<Finding> {
    let told =
        |death: &&deaths::Death<'_>| failing.is_some_and(|finding| finding.cause.contains(&death.verdict.line()));
    let deaths: Vec<_> = case.deaths.iter().filter(|death| !told(death)).collect();
    let groups = deaths::groups(deaths.iter().copied());
    let worst = groups.first()?;
    let newest = worst.newest()?;
    let revision = newest.task.revision();
    let of_revision = deaths.iter().filter(|death| death.task.revision() == revision).count();
    let over = over(case, worst);
    if failing.is_some() && over {
        return None;
    }
    // Of all that died in the hour: an explanation lists them all.
    let is_newest = case.deaths.first().is_some_and(|death| death.task.task_arn == newest.task.task_arn);
    let cause = match (worst.count(), case.deaths.len()) {
        (count, all) if count == all => format!("{}, {} in the last hour", worst.line(), times(count)),
        (1, all) if is_newest => format!("{all} failures in the last hour, newest: {}", worst.line()),
        (count, all) => format!("{}, {count} of {all} failures in the last hour", worst.line()),
    };
    let (problem, since, now) = match of_revision >= CRASH_LOOP {
        true if !over => (Problem::CrashLoop, worst.first(), ""),
        true => (Problem::TaskFailed, Some(newest.at), ", not any more"),
        false => (Problem::TaskFailed, Some(newest.at), ""),
    };
    Some(case.finding(problem, since, format!("{cause}{now}"), (*newest.verdict).clone()))
}

/// Whether it has stopped dying: the revision is on its way out, or the last time is long past for what was usual.
fn over(case: &Case<'_>, group: &Group<'_>) -> bool {
    let Some(newest) = group.newest() else { return true };
    let deployed = case.service.deployments.iter().map(|deployment| deployment.revision());
    let mut current = deployed.chain([case.service.revision()]).filter(|revision| !revision.is_empty()).peekable();
    // Where another controller deploys, nothing may be known of what is current.
    let gone = current.peek().is_some() && current.all(|revision| revision != newest.task.revision());
    let silence = seconds_since(newest.at, case.known.now);
    let usual = group.pace().map_or(OVER, |gap| (gap * GAPS).max(OVER));
    gone || (case.service.settled() && silence > usual)
}

/// Fewer tasks than wanted, without a rollout that would bring them.
fn short(case: &Case<'_>, others: &[Finding]) -> Option<Finding> {
    let service = case.service;
    let missing = service.desired_count - service.running_count;
    let told = others.iter().any(|finding| finding.problem < Problem::Short);
    if missing <= 0 || service.deploying() || told {
        return None;
    }
    let on_their_way = service.pending_count >= missing;
    let in_time = match on_their_way {
        true => !case.quiet_for(case.patience()),
        // The scheduler acts within seconds.
        false => case.moved_at().is_some_and(|at| seconds_since(at, case.known.now) < MOMENT),
    };
    if in_time {
        return None;
    }
    let counts = format!("{} of {} tasks run", service.running_count, service.desired_count);
    let since = case.progressed_at();
    let telling = case.news.iter().find(|news| news.class() >= Class::Failure && !news.of_an_end());
    if let Some(news) = telling {
        let verdict = news.verdict(case.known);
        let cause = format!("{counts}: {}", case.counted(verdict.line(), news));
        return Some(case.finding(Problem::Short, news.event.created_at, cause, verdict));
    }
    let (rule, cause) = match on_their_way {
        true => (&situations::SLOW_TO_COME, format!("{counts}; the rest is pending")),
        false => (&situations::SHORT, format!("{counts}, {} pending", service.pending_count)),
    };
    let quotes = [
        ("desiredCount", service.desired_count.to_string()),
        ("runningCount", service.running_count.to_string()),
        ("pendingCount", service.pending_count.to_string()),
    ];
    Some(Finding { since, ..case.found(Problem::Short, rule, cause, &quotes) })
}

/// An error that the scheduler repeats, whatever the counts say, and that nothing else tells of.
fn complaints(case: &Case<'_>, others: &[Finding]) -> Option<Finding> {
    let recent = |news: &News<'_>| {
        let age = news.event.created_at.map(|at| seconds_since(at, case.known.now));
        age.is_some_and(|age| age < OVER)
    };
    let error = |news: &&News<'_>| {
        news.class() >= Class::Failure && !news.of_an_end() && !news.of_placement() && !news.of_health()
    };
    let newest = case.news.iter().find(error).filter(|news| recent(news) && case.repeats(news) > 1)?;
    if others.iter().any(|finding| finding.problem < Problem::Complaint) {
        return None;
    }
    let verdict = newest.verdict(case.known);
    let cause = case.counted(newest.line(&verdict), newest);
    let same = case.news.iter().filter(|news| news.id() == newest.id());
    let since = same.filter_map(|news| news.event.created_at).min();
    Some(case.finding(Problem::Complaint, since, cause, verdict))
}

/// Health checks that fail: repeatedly, or while tasks are missing. One by itself often heals.
fn unhealthy(case: &Case<'_>, others: &[Finding]) -> Option<Finding> {
    let (service, now) = (case.service, case.known.now);
    let told = |line: &str| others.iter().any(|finding| finding.cause.contains(line));
    let late =
        |news: &&News<'_>| news.of_health() && news.event.created_at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let events: Vec<_> = case.news.iter().filter(late).collect();
    let newest = events.first().filter(|_| events.len() >= 2 || service.running_count < service.desired_count)?;
    let verdict = newest.verdict(case.known);
    let line = newest.line(&verdict);
    let same: Vec<_> = events.iter().filter(|news| news.id() == newest.id()).collect();
    let since = same.last().and_then(|news| news.event.created_at);
    let cause = format!("{line}, {} in the last hour", times(same.len()));
    (!told(&line)).then(|| case.finding(Problem::Unhealthy, since, cause, verdict))
}

/// What a person should know of, and is no fault of the application.
fn notices(case: &Case<'_>) -> Vec<Finding> {
    let now = case.known.now;
    let late = |at: Option<jiff::Timestamp>| at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let reclaimed = |task: &&&Task| {
        matches!(task.stop_code.as_deref(), Some("SpotInterruption" | "TerminationNotice")) && late(task.stopping_at)
    };
    let mut notices = Vec::new();
    let spot: Vec<&Task> = case.stopped.iter().filter(reclaimed).copied().collect();
    if !spot.is_empty() {
        let cause = format!("Spot took tasks back, {} in the last hour", times(spot.len()));
        let quotes = [("stopCode", "SpotInterruption".to_owned())];
        let finding = case.found(Problem::Notice, &situations::SPOT, cause, &quotes);
        notices.push(Finding { since: spot.iter().filter_map(|task| task.stopping_at).max(), ..finding });
    }
    notices.extend(deaf(case));
    if case.rollout().is_none() && case.news.iter().any(News::of_protection) {
        let quotes = [("events[].message", case.message(News::of_protection))];
        let cause = "protected tasks hold back a scale-in".to_owned();
        notices.push(case.found(Problem::Notice, &situations::PROTECTED, cause, &quotes));
    }
    let throttled = |news: &&News<'_>| news.id() == "EV-THROTTLED" && late(news.event.created_at);
    if let Some(news) = case.news.iter().find(throttled) {
        let verdict = news.verdict(case.known);
        notices.push(case.finding(Problem::Notice, news.event.created_at, verdict.line(), verdict));
    }
    notices
}

/// Tasks that were told to stop and had to be killed, in the last hour.
fn deaf(case: &Case<'_>) -> Option<Finding> {
    let now = case.known.now;
    let late = |task: &&&Task| task.stopped_at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let told = |task: &&&Task| matches!(task.stop_code.as_deref(), Some("ServiceSchedulerInitiated" | "UserInitiated"));
    let killed = |task: &&'_ Task| {
        let scene = Scene::of(task, case.known);
        let container = task.containers.iter().find(|container| scene.forced(container))?;
        Some((container.name.clone(), scene.stop_timeout(container), task.stopped_at))
    };
    let killed: Vec<_> = case.stopped.iter().filter(late).filter(told).filter_map(killed).collect();
    let (container, timeout, at) = killed.iter().max_by_key(|(_, _, at)| *at)?;
    let cause = format!(
        "{container} ignores the stop signal and is killed after {timeout} s, {} in the last hour",
        times(killed.len())
    );
    let mut names = names::service(case.service);
    names.set("container", container);
    let quotes = [("containers[].exitCode", format!("137, {timeout} s after the task was told to stop"))];
    let finding = case.found_of(Problem::Notice, &situations::DEAF, cause, &quotes, names);
    Some(Finding { since: *at, ..finding })
}

#[cfg(test)]
mod tests;
