//! Problems of a service, from its rollout, tasks and events.

use super::{
    HOUR, Known, MINUTE,
    failed_tasks::{self, CauseGroup, count_times},
    names,
    rollout::{diagnose_rollout, placement_finding},
    service_context::ServiceContext,
    service_events::ClassifiedEvent,
    stop::StopFacts,
};
use crate::{
    knowledge::{Class, Topic, situations},
    resource::{
        finding::{Finding, Problem},
        format::seconds_since,
        service::Service,
        task::Task,
    },
};

/// Number of failures of one revision within an hour that make a crash loop.
const CRASH_LOOP: usize = 3;
/// A service has recovered when it has been quiet for this long, and for a multiple of the usual gap between failures.
const RECOVERED_AFTER: i64 = 10 * MINUTE;
const RECOVERED_GAPS: i64 = 3;
/// Time for a recent change to settle.
const SETTLE_TIME: i64 = MINUTE;

/// The problems of `service`, worst first.
pub fn diagnose_service(service: &Service, known: &Known<'_>) -> Vec<Finding> {
    let context = ServiceContext::new(service, known);
    if let Some(going) = check_deletion(&context) {
        return vec![going];
    }
    let rollout = diagnose_rollout(&context);
    let failing = rollout.as_ref().filter(|finding| finding.problem <= Problem::RolloutFailing);
    let crashes = check_failed_tasks(&context, failing);
    let mut findings: Vec<Finding> = rollout.into_iter().collect();
    findings.extend(check_pause(&context));
    findings.extend(crashes);
    if findings.iter().all(|finding| finding.problem != Problem::NotPlaced) {
        findings.extend(context.placement_failure().map(|classified| placement_finding(&context, classified)));
    }
    findings.extend(check_running_count(&context, &findings));
    findings.extend(check_health(&context, &findings));
    findings.extend(check_repeated_errors(&context, &findings));
    findings.extend(find_notices(&context));
    // Stable sort: among equals, the first found stays first.
    findings.sort_by_key(|finding| finding.problem);
    findings
}

/// Whether ECS counts failures of the rollout of `service` whose tasks are not in the list of stopped tasks yet.
pub fn has_unlisted_failures(service: &Service, known: &Known<'_>) -> bool {
    ServiceContext::new(service, known).unlisted_failures() > 0
}

/// A service that is being deleted: a problem only if its tasks do not stop.
fn check_deletion(context: &ServiceContext<'_>) -> Option<Finding> {
    let service = context.service;
    let left = service.running_count + service.pending_count;
    let quotes = [("status", service.status.clone().unwrap_or_default()), ("runningCount", left.to_string())];
    let (problem, cause) = match service.status.as_deref()? {
        "DRAINING" if left > 0 && context.stalled_for(RECOVERED_AFTER) => {
            (Problem::DrainStuck, format!("being deleted, but {left} tasks don't stop"))
        }
        "DRAINING" => (Problem::Notice, format!("being deleted; {left} tasks left")),
        "INACTIVE" => (Problem::Notice, "deleted".to_owned()),
        _ => return None,
    };
    Some(context.rule_finding(problem, &situations::BEING_DELETED, cause, &quotes))
}

fn check_pause(context: &ServiceContext<'_>) -> Option<Finding> {
    let pause = context.pause()?;
    let then = if pause.timeout_action.as_deref() == Some("CONTINUE") { "continues" } else { "rolls back" };
    let until = pause
        .expires_at
        .map(|at| format!("; {then} automatically at {}", context.known.zone.minute(at, context.known.now)))
        .unwrap_or_default();
    let cause = format!("waiting for approval: continue or roll back{until}");
    let quotes = [
        ("lifecycleHookDetails[].status", "AWAITING_ACTION".to_owned()),
        ("lifecycleHookDetails[].hookId", pause.hook_id.clone().unwrap_or_default()),
        ("lifecycleHookDetails[].timeoutAction", pause.timeout_action.clone().unwrap_or_default()),
        (
            "lifecycleStage",
            context.service.rollout.as_ref().and_then(|rollout| rollout.lifecycle_stage.clone()).unwrap_or_default(),
        ),
    ];
    let finding = context.rule_finding(Problem::Waiting, &situations::DECISION, cause, &quotes);
    Some(Finding { since: context.rollout().and_then(|primary| primary.created_at), ..finding })
}

/// Failing tasks, in a loop or occasionally. `failing` is the failure of the rollout, which is reported already.
fn check_failed_tasks(context: &ServiceContext<'_>, failing: Option<&Finding>) -> Option<Finding> {
    let reported = |failed: &&failed_tasks::FailedTask<'_>| {
        failing.is_some_and(|finding| finding.cause.contains(&failed.verdict.line()))
    };
    let failed: Vec<_> = context.failed_tasks.iter().filter(|failed| !reported(failed)).collect();
    let groups = failed_tasks::group_by_cause(failed.iter().copied());
    let worst = groups.first()?;
    let newest = worst.newest()?;
    let revision = newest.task.revision();
    let of_revision = failed.iter().filter(|failed| failed.task.revision() == revision).count();
    let over = has_recovered(context, worst);
    if failing.is_some() && over {
        return None;
    }
    // Counts all failures of the hour: an explanation lists them all.
    let is_newest = context.failed_tasks.first().is_some_and(|failed| failed.task.task_arn == newest.task.task_arn);
    let cause = match (worst.count(), context.failed_tasks.len()) {
        (count, all) if count == all => format!("{}, {} in the last hour", worst.summary(), count_times(count)),
        (1, all) if is_newest => format!("{all} failures in the last hour, newest: {}", worst.summary()),
        (count, all) => format!("{}, {count} of {all} failures in the last hour", worst.summary()),
    };
    let (problem, since, now) = match of_revision >= CRASH_LOOP {
        true if !over => (Problem::CrashLoop, worst.first(), ""),
        true => (Problem::TaskFailed, Some(newest.at), ", not any more"),
        false => (Problem::TaskFailed, Some(newest.at), ""),
    };
    Some(context.finding(problem, since, format!("{cause}{now}"), (*newest.verdict).clone()))
}

/// Whether the failures are over: the revision is being replaced, or the last failure is long ago compared to the usual
/// gap.
fn has_recovered(context: &ServiceContext<'_>, group: &CauseGroup<'_>) -> bool {
    let Some(newest) = group.newest() else { return true };
    let deployed = context.service.deployments.iter().map(|deployment| deployment.revision());
    let mut current = deployed.chain([context.service.revision()]).filter(|revision| !revision.is_empty()).peekable();
    // With another deployment controller, the current revision may be unknown.
    let gone = current.peek().is_some() && current.all(|revision| revision != newest.task.revision());
    let silence = seconds_since(newest.at, context.known.now);
    let usual = group.average_gap().map_or(RECOVERED_AFTER, |gap| (gap * RECOVERED_GAPS).max(RECOVERED_AFTER));
    gone || (context.service.settled() && silence > usual)
}

/// Fewer tasks than wanted, without a rollout that would start them.
fn check_running_count(context: &ServiceContext<'_>, others: &[Finding]) -> Option<Finding> {
    let service = context.service;
    let missing = service.desired_count - service.running_count;
    let reported = others.iter().any(|finding| finding.problem < Problem::Short);
    if missing <= 0 || service.deploying() || reported {
        return None;
    }
    let on_their_way = service.pending_count >= missing;
    let in_time = match on_their_way {
        true => !context.stalled_for(context.start_limit()),
        // The scheduler acts within seconds.
        false => context.last_activity_at().is_some_and(|at| seconds_since(at, context.known.now) < SETTLE_TIME),
    };
    if in_time {
        return None;
    }
    let counts = format!("{} of {} tasks run", service.running_count, service.desired_count);
    let since = context.progressed_at();
    let builder = context
        .events
        .iter()
        .find(|classified| classified.class() >= Class::Failure && !classified.is_deployment_end());
    if let Some(classified) = builder {
        let verdict = classified.verdict(context.known);
        let cause = format!("{counts}: {}", context.with_count(verdict.line(), classified));
        return Some(context.finding(Problem::Short, classified.event.created_at, cause, verdict));
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
    Some(Finding { since, ..context.rule_finding(Problem::Short, rule, cause, &quotes) })
}

/// An error that the scheduler repeats, whatever the counts, unless another finding includes it.
fn check_repeated_errors(context: &ServiceContext<'_>, others: &[Finding]) -> Option<Finding> {
    let recent = |classified: &ClassifiedEvent<'_>| {
        let age = classified.event.created_at.map(|at| seconds_since(at, context.known.now));
        age.is_some_and(|age| age < RECOVERED_AFTER)
    };
    let error = |classified: &&ClassifiedEvent<'_>| {
        classified.class() >= Class::Failure
            && !classified.is_deployment_end()
            && !classified.is_placement_failure()
            && !classified.is_health_failure()
    };
    let newest =
        context.events.iter().find(error).filter(|classified| recent(classified) && context.repeats(classified) > 1)?;
    if others.iter().any(|finding| finding.problem < Problem::Complaint) {
        return None;
    }
    let verdict = newest.verdict(context.known);
    let cause = context.with_count(newest.summary(&verdict), newest);
    let same = context.events.iter().filter(|classified| classified.rule_id() == newest.rule_id());
    let since = same.filter_map(|classified| classified.event.created_at).min();
    Some(context.finding(Problem::Complaint, since, cause, verdict))
}

/// Failing health checks: repeatedly, or while tasks are missing. A single failure is often temporary.
fn check_health(context: &ServiceContext<'_>, others: &[Finding]) -> Option<Finding> {
    let (service, now) = (context.service, context.known.now);
    let reported = |line: &str| others.iter().any(|finding| finding.cause.contains(line));
    let late = |classified: &&ClassifiedEvent<'_>| {
        classified.is_health_failure() && classified.event.created_at.is_some_and(|at| seconds_since(at, now) < HOUR)
    };
    let events: Vec<_> = context.events.iter().filter(late).collect();
    let newest = events.first().filter(|_| events.len() >= 2 || service.running_count < service.desired_count)?;
    let verdict = newest.verdict(context.known);
    let line = newest.summary(&verdict);
    let same: Vec<_> = events.iter().filter(|classified| classified.rule_id() == newest.rule_id()).collect();
    let since = same.last().and_then(|classified| classified.event.created_at);
    let cause = format!("{line}, {} in the last hour", count_times(same.len()));
    (!reported(&line)).then(|| context.finding(Problem::Unhealthy, since, cause, verdict))
}

/// Notices: facts that are not faults of the application.
fn find_notices(context: &ServiceContext<'_>) -> Vec<Finding> {
    let now = context.known.now;
    let late = |at: Option<jiff::Timestamp>| at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let reclaimed = |task: &&&Task| {
        matches!(task.stop_code.as_deref(), Some("SpotInterruption" | "TerminationNotice")) && late(task.stopping_at)
    };
    let mut notices = Vec::new();
    let spot: Vec<&Task> = context.stopped_tasks.iter().filter(reclaimed).copied().collect();
    if !spot.is_empty() {
        let cause = format!("Spot reclaimed tasks, {} in the last hour", count_times(spot.len()));
        let quotes = [("stopCode", "SpotInterruption".to_owned())];
        let finding = context.rule_finding(Problem::Notice, &situations::SPOT, cause, &quotes);
        notices.push(Finding { since: spot.iter().filter_map(|task| task.stopping_at).max(), ..finding });
    }
    notices.extend(check_stop_signal(context));
    if context.rollout().is_none() && context.events.iter().any(ClassifiedEvent::is_protection) {
        let quotes = [("events[].message", context.newest_message(ClassifiedEvent::is_protection))];
        let cause = "protected tasks hold back a scale-in".to_owned();
        notices.push(context.rule_finding(Problem::Notice, &situations::PROTECTED, cause, &quotes));
    }
    let throttled = |classified: &&ClassifiedEvent<'_>| {
        classified.topic() == Topic::Throttling && late(classified.event.created_at)
    };
    if let Some(classified) = context.events.iter().find(throttled) {
        let verdict = classified.verdict(context.known);
        notices.push(context.finding(Problem::Notice, classified.event.created_at, verdict.line(), verdict));
    }
    notices
}

/// Tasks that had to be killed after the stop timeout, in the last hour.
fn check_stop_signal(context: &ServiceContext<'_>) -> Option<Finding> {
    let now = context.known.now;
    let late = |task: &&&Task| task.stopped_at.is_some_and(|at| seconds_since(at, now) < HOUR);
    let requested =
        |task: &&&Task| matches!(task.stop_code.as_deref(), Some("ServiceSchedulerInitiated" | "UserInitiated"));
    let killed = |task: &&'_ Task| {
        let facts = StopFacts::new(task, context.known);
        let container = task.containers.iter().find(|container| facts.was_killed_after_timeout(container))?;
        Some((container.name.clone(), facts.stop_timeout(container), task.stopped_at))
    };
    let killed: Vec<_> = context.stopped_tasks.iter().filter(late).filter(requested).filter_map(killed).collect();
    let (container, timeout, at) = killed.iter().max_by_key(|(_, _, at)| *at)?;
    let cause = format!(
        "{container} ignores the stop signal and is killed after {timeout} s, {} in the last hour",
        count_times(killed.len())
    );
    let mut names = names::service_names(context.service);
    names.set("container", container);
    let quotes = [("containers[].exitCode", format!("137, {timeout} s after the task was asked to stop"))];
    let finding = context.rule_finding_with_names(Problem::Notice, &situations::DEAF, cause, &quotes, names);
    Some(Finding { since: *at, ..finding })
}

#[cfg(test)]
mod tests;
