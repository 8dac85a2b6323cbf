//! What is wrong with a service, from what is known of it, its rollout, its tasks and its events.

use super::{
    HOUR, Known, MINUTE,
    case::Case,
    deaths::{self, Group, times},
    names,
    news::News,
    pending::Wait,
    rollout::{hangs, not_placed, rollout},
    room,
    scene::Scene,
};
use crate::{
    knowledge::{Class, situations},
    resource::{
        finding::{Finding, Problem},
        format::{deadline, seconds_since},
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
        findings.extend(misplaced(&case));
    }
    findings.extend(short(&case, &findings));
    findings.extend(unhealthy(&case, &findings));
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
        .map(|at| format!("; {then} by itself at {}", deadline(at, case.known.now)))
        .unwrap_or_default();
    let cause = format!("somebody must continue it or roll it back{until}");
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
    let share = match of_revision {
        all if all == worst.count() => format!("{} in the last hour", times(all)),
        all => format!("{} of {all} failures in the last hour", worst.count()),
    };
    let (problem, since, cause) = if of_revision >= CRASH_LOOP && !over {
        (Problem::CrashLoop, worst.first(), format!("{}, {share}", worst.line()))
    } else {
        let now = if over && of_revision >= CRASH_LOOP { ", not any more" } else { "" };
        (Problem::TaskFailed, Some(newest.at), format!("{}, {share}{now}", worst.line()))
    };
    Some(case.finding(problem, since, cause, (*newest.verdict).clone()))
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

/// A service without a rollout that wants a task and finds no place for it.
fn misplaced(case: &Case<'_>) -> Option<Finding> {
    if room::missing(case.service) == 0 {
        return None;
    }
    let rollout = case.rollout().and_then(|primary| primary.created_at);
    let now = |news: &&News<'_>| news.of_placement() && rollout.is_none_or(|at| news.event.created_at >= Some(at));
    case.news.iter().find(now).map(|news| not_placed(case, news))
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
    let counts = format!("{} of {} tasks run", service.running_count, service.desired_count);
    let since = case.moved_at();
    if on_their_way {
        // Starting tasks are as it should be, until one hangs.
        let hanging = |task: &&&Task| Wait::of(task, case.known).is_some_and(|wait| wait.overdue(case.known.now));
        let up = |task: &&&Task| task.desired_status.as_deref() != Some("STOPPED") && !task.stopped();
        let finding = case.tasks.iter().filter(up).find(hanging).and_then(|task| hangs(case, task));
        let stale = finding.is_none() && case.quiet_for(CRASH_LOOP as i64 * MOMENT);
        let quotes = [("pendingCount", service.pending_count.to_string())];
        let pending =
            || case.found(Problem::Short, &situations::SLOW_TO_COME, format!("{counts}; the rest is pending"), &quotes);
        return finding.map(|finding| Finding { problem: Problem::Short, ..finding }).or_else(|| stale.then(pending));
    }
    // The scheduler acts within seconds.
    if since.is_some_and(|at| seconds_since(at, case.known.now) < MOMENT) {
        return None;
    }
    let telling = case.news.iter().find(|news| news.class() >= Class::Failure && !news.of_an_end());
    if let Some(news) = telling {
        let verdict = news.verdict(case.known);
        let cause = format!("{counts}: {}", verdict.line());
        return Some(case.finding(Problem::Short, news.event.created_at, cause, verdict));
    }
    let cause = format!("{counts}, {} pending", service.pending_count);
    let quotes = [
        ("desiredCount", service.desired_count.to_string()),
        ("runningCount", service.running_count.to_string()),
        ("pendingCount", service.pending_count.to_string()),
    ];
    Some(Finding { since, ..case.found(Problem::Short, &situations::SHORT, cause, &quotes) })
}

/// Health checks that fail: repeatedly, or while tasks are missing. One by itself often heals.
fn unhealthy(case: &Case<'_>, others: &[Finding]) -> Option<Finding> {
    let (service, now) = (case.service, case.known.now);
    let told = |line: &str| others.iter().any(|finding| finding.cause.contains(line));
    let late =
        |news: &&News<'_>| news.of_health() && news.event.created_at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let events: Vec<_> = case.news.iter().filter(late).collect();
    if let Some(newest) = events.first().filter(|_| events.len() >= 2 || service.running_count < service.desired_count)
    {
        let verdict = newest.verdict(case.known);
        let line = newest.line(&verdict);
        let same: Vec<_> = events.iter().filter(|news| news.id() == newest.id()).collect();
        let since = same.last().and_then(|news| news.event.created_at);
        let cause = format!("{line}, {} in the last hour", times(same.len()));
        return (!told(&line)).then(|| case.finding(Problem::Unhealthy, since, cause, verdict));
    }
    let failing = case.tasks.iter().filter(|task| {
        let wanted = task.desired_status.as_deref() != Some("STOPPED") && !task.stopped();
        wanted && task.health_status.as_deref() == Some("UNHEALTHY")
    });
    let failing = failing.count();
    if failing == 0 || told("fail their health check") {
        return None;
    }
    let cause = format!("{failing} of its tasks fail their health check");
    let quotes = [("tasks[].healthStatus", format!("UNHEALTHY, {failing} tasks"))];
    Some(case.found(Problem::Unhealthy, &situations::CHECKS_FAIL, cause, &quotes))
}

/// What a person should know of, and is no fault of the application.
fn notices(case: &Case<'_>) -> Vec<Finding> {
    let now = case.known.now;
    let late = |at: Option<jiff::Timestamp>| at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let reclaimed = |task: &&&Task| {
        matches!(task.stop_code.as_deref(), Some("SpotInterruption" | "TerminationNotice")) && late(task.stopping_at)
    };
    let mut notices = Vec::new();
    let spot: Vec<&Task> = case.tasks.iter().filter(reclaimed).copied().collect();
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
    let killed: Vec<_> = case.tasks.iter().filter(late).filter(told).filter_map(killed).collect();
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
