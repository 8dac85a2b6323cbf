//! The questions about a rollout, one function each.

use super::{QuestionResult, fine, rollout_finding, stuck, task_finding};
use crate::{
    diagnose::{
        HOUR, MINUTE, capacity,
        failed_tasks::{self, CauseGroup, count_times},
        pending::TaskWait,
        service_context::ServiceContext,
        service_events::ClassifiedEvent,
    },
    knowledge::{Class, situations},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::{one_line, seconds_since, short_id},
        service::Service,
        task::Task,
    },
};

/// A cause has one line in a small terminal.
const LINE: usize = 80;
/// Time in which old tasks may drain.
const DRAINED: i64 = 10 * MINUTE;
/// Time in which alarms are monitored after the bake time.
const WATCHED: i64 = 15 * MINUTE;

/// How often the cause occurred in this rollout, and in the last hour if that is more.
fn describe_count(context: &ServiceContext<'_>, primary: &Deployment, group: &CauseGroup<'_>) -> String {
    let all = context.failed_tasks.iter().filter(|failed| failed.verdict.line() == group.summary()).count();
    let hour = |count| format!("{} in the last hour", count_times(count));
    let young = primary.created_at.is_some_and(|at| seconds_since(at, context.known.now) < HOUR);
    match group.count() {
        count if !young => hour(count),
        count if all > count => format!("{} in this rollout, {all} in the last hour", count_times(count)),
        count => format!("{} in this rollout", count_times(count)),
    }
}

pub(super) fn has_failed(context: &ServiceContext<'_>, primary: &Deployment, _: &[&Task]) -> QuestionResult {
    if primary.rollout_state.as_deref() != Some("FAILED") {
        return fine(primary.progress());
    }
    let reason = primary.rollout_state_reason.as_deref().map(one_line).unwrap_or_default();
    let group = failed_tasks::group_by_cause(context.rollout_failures()).into_iter().next();
    let cause = match &group {
        Some(group) => format!("{}, {}", group.summary(), describe_count(context, primary, group)),
        None if reason.is_empty() => "ECS failed it".to_owned(),
        None => reason.clone(),
    };
    let since = primary.since();
    let finding = match group.as_ref().and_then(CauseGroup::newest) {
        Some(failed) => context.finding(Problem::RolloutFailed, since, cause, (*failed.verdict).clone()),
        None => {
            let quotes = [("rolloutState", "FAILED".to_owned()), ("rolloutStateReason", reason)];
            let found = rollout_finding(context, Problem::RolloutFailed, &situations::FAILED, cause, &quotes);
            Finding { since, ..found }
        }
    };
    stuck(finding)
}

/// An error in events that are newer than the rollout.
pub(super) fn event_reports_error(context: &ServiceContext<'_>, primary: &Deployment, _: &[&Task]) -> QuestionResult {
    if let Some(classified) = context.placement_failure() {
        return stuck(placement_finding(context, classified));
    }
    let since = primary.created_at;
    let newer = |classified: &&ClassifiedEvent<'_>| {
        classified.class() >= Class::Failure
            && !classified.is_deployment_end()
            && (since.is_none() || classified.event.created_at >= since)
            // A later placement succeeded, or the task is not needed any more.
            && !classified.is_placement_failure()
    };
    let elsewhere = |classified: &ClassifiedEvent<'_>| {
        classified.is_back_off()
            || classified.is_deadlock()
            || classified.is_health_failure()
            || classified.is_protection()
    };
    let errors: Vec<_> = context.events.iter().filter(newer).collect();
    let Some(classified) = errors.iter().find(|classified| !elsewhere(classified)).or(errors.first()) else {
        return fine("none since it began");
    };
    let verdict = classified.verdict(context.known);
    let line = context.with_count(classified.summary(&verdict), classified);
    if elsewhere(classified) {
        return QuestionResult::Bad(line);
    }
    stuck(context.finding(Problem::RolloutStuck, classified.event.created_at, line, verdict))
}

/// A finding about a failed placement, from an event.
pub(in crate::diagnose) fn placement_finding(
    context: &ServiceContext<'_>,
    classified: &ClassifiedEvent<'_>,
) -> Finding {
    let verdict = classified.verdict(context.known);
    let cause = context.with_count(verdict.line(), classified);
    // The oldest event of its kind: placement has failed since then.
    let same = context.events.iter().filter(|other| other.is_placement_failure());
    let since = same.filter_map(|other| other.event.created_at).min();
    context.finding(Problem::NotPlaced, since, cause, verdict)
}

/// How close the circuit breaker is to its threshold.
fn breaker_progress(context: &ServiceContext<'_>) -> Option<String> {
    Some(format!("failures {}", context.service.rollout.as_ref()?.breaker?.words()))
}

pub(super) fn tasks_failing(context: &ServiceContext<'_>, primary: &Deployment, _: &[&Task]) -> QuestionResult {
    let breaker = context.service.rollout.as_ref().and_then(|rollout| rollout.breaker);
    let counted = breaker.map_or(0, |breaker| breaker.failures);
    if primary.failed_tasks == 0 && counted == 0 {
        return match context.rollout_failures().count() {
            0 => fine("none failed"),
            1 => QuestionResult::Bad("1 failed after starting".to_owned()),
            count => QuestionResult::Bad(format!("{count} failed after starting")),
        };
    }
    let group = failed_tasks::group_by_cause(context.rollout_failures()).into_iter().next();
    let what = match &group {
        Some(group) => format!("{}, {}", group.summary(), describe_count(context, primary, group)),
        None => match primary.failed_tasks.max(counted) {
            1 => "a task failed".into(),
            failed => format!("{failed} tasks failed in a row"),
        },
    };
    let breaker = breaker_progress(context).map(|towards| format!("; {towards}"));
    let pauses = context.events.iter().any(ClassifiedEvent::is_back_off).then(|| "; ECS backs off".to_owned());
    let more = breaker.or(pauses).unwrap_or_default();
    let cause = match &group {
        // If both counts don't fit, that of the rollout stays, because the time refers to it.
        Some(group) if what.len() + more.len() > LINE => {
            let tally = describe_count(context, primary, group);
            format!("{}, {}{more}", group.summary(), tally.split(", ").next().unwrap_or_default())
        }
        _ => format!("{what}{more}"),
    };
    let since = group.as_ref().and_then(CauseGroup::first).or(primary.created_at);
    stuck(match group.as_ref().and_then(CauseGroup::newest) {
        Some(failed) => context.finding(Problem::RolloutFailing, since, cause, (*failed.verdict).clone()),
        None => {
            let quotes = [("failedTasks", primary.failed_tasks.to_string())];
            rollout_finding(context, Problem::RolloutFailing, &situations::DYING, cause, &quotes)
        }
    })
}

pub(super) fn task_stuck_starting(
    context: &ServiceContext<'_>,
    primary: &Deployment,
    tasks: &[&Task],
) -> QuestionResult {
    let up = |task: &&Task| matches!(task.last_status.as_deref(), Some("PROVISIONING" | "PENDING" | "ACTIVATING"));
    let mut arriving: Vec<&Task> =
        tasks.iter().copied().filter(up).filter(|task| failed_tasks::started_by(task, primary)).collect();
    arriving.sort_by_key(|task| task.created_at);
    if let Some(finding) = first_overdue(context, arriving.iter().copied()) {
        return stuck(finding);
    }
    let pending = primary.pending_count;
    if pending > 0 && context.stalled_for(context.start_limit()) {
        let cause = match pending {
            1 => "1 task is pending and doesn't start".to_owned(),
            more => format!("{more} tasks are pending and don't start"),
        };
        let quotes = [("pendingCount", pending.to_string())];
        let found = rollout_finding(context, Problem::RolloutStuck, &situations::PENDING, cause, &quotes);
        return stuck(Finding { since: context.progressed_at(), ..found });
    }
    match pending {
        0 => fine("none is pending"),
        1 => fine("1 is pending, not for long"),
        count => fine(format!("{count} are pending, not for long")),
    }
}

/// The first of `tasks` that is overdue.
fn first_overdue<'a>(context: &ServiceContext<'a>, mut tasks: impl Iterator<Item = &'a Task>) -> Option<Finding> {
    tasks.find_map(|task| {
        let wait = TaskWait::new(task, context.known).filter(|wait| wait.overdue(context.known.now))?;
        let cause = format!("task {}: {}", short_id(&task.task_arn), wait.describe());
        Some(Finding { problem: Problem::RolloutStuck, cause, ..wait.finding(task, context.known) })
    })
}

pub(super) fn percentages_leave_room(
    context: &ServiceContext<'_>,
    primary: &Deployment,
    _: &[&Task],
) -> QuestionResult {
    let service = context.service;
    let deadlock = context
        .events
        .iter()
        .find(|classified| classified.is_deadlock() && classified.event.created_at >= primary.created_at);
    let incomplete = primary.running_count + primary.pending_count < primary.desired_count;
    let full = service.running_count + service.pending_count >= service.desired_count;
    let (minimum, maximum) = (service.minimum_healthy_percent, service.maximum_percent);
    let percent = |value: Option<i32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let (minimum, maximum) = (percent(minimum), percent(maximum));
    if deadlock.is_none() && !(capacity::is_deadlocked(service) && incomplete && full) {
        return fine(format!("min {minimum} %, max {maximum} % of {}", service.desired_count));
    }
    let cause = format!("min {minimum} % and max {maximum} % of {} tasks leave no room", service.desired_count);
    let quotes = [
        ("minimumHealthyPercent", minimum),
        ("maximumPercent", maximum),
        ("desiredCount", service.desired_count.to_string()),
        ("events[].message", deadlock.map(|classified| one_line(&classified.event.message)).unwrap_or_default()),
    ];
    stuck(rollout_finding(context, Problem::RolloutStuck, &situations::DEADLOCK, cause, &quotes))
}

pub(super) fn new_tasks_healthy(context: &ServiceContext<'_>, primary: &Deployment, tasks: &[&Task]) -> QuestionResult {
    let own =
        |task: &&Task| failed_tasks::started_by(task, primary) && task.desired_status.as_deref() != Some("STOPPED");
    let running: Vec<&Task> = tasks.iter().copied().filter(own).collect();
    let failing = running.iter().filter(|task| task.health_status.as_deref() == Some("UNHEALTHY")).count();
    if failing > 0 {
        let cause = format!("{failing} of {} new tasks fail their health check", running.len());
        let quotes = [("tasks[].healthStatus", format!("UNHEALTHY, {failing} of {}", running.len()))];
        return stuck(rollout_finding(context, Problem::RolloutStuck, &situations::NOT_HEALTHY, cause, &quotes));
    }
    let complete = primary.running_count >= primary.desired_count;
    let newer = |classified: &&ClassifiedEvent<'_>| {
        classified.is_health_failure() && classified.event.created_at >= primary.created_at
    };
    if let Some(classified) = context.events.iter().find(newer) {
        let verdict = classified.verdict(context.known);
        let cause = context.with_count(classified.summary(&verdict), classified);
        return match complete {
            true => stuck(context.finding(Problem::RolloutStuck, classified.event.created_at, cause, verdict)),
            false => QuestionResult::Bad(cause),
        };
    }
    let undecided = running.iter().copied().filter(|task| task.last_status.as_deref() == Some("RUNNING"));
    match first_overdue(context, undecided) {
        Some(finding) => stuck(finding),
        None if complete => fine("no event tells otherwise"),
        None => QuestionResult::Open(format!("{} of {} run so far", primary.running_count, primary.desired_count)),
    }
}

pub(super) fn old_tasks_gone(context: &ServiceContext<'_>, primary: &Deployment, tasks: &[&Task]) -> QuestionResult {
    let old = context.service.deployments.iter().filter(|deployment| deployment.id != primary.id);
    let left: i32 = old.map(|deployment| deployment.running_count + deployment.pending_count).sum();
    if left == 0 {
        return fine("all gone");
    }
    if primary.running_count < primary.desired_count || primary.failed_tasks > 0 {
        return QuestionResult::Open(format!("not yet: {left} are left"));
    }
    if context.side_by_side() {
        return fine(format!("{left} stay beside the new ones for now"));
    }
    let tasks: Vec<&Task> =
        tasks.iter().filter(|task| !task.stopped() && !failed_tasks::started_by(task, primary)).copied().collect();
    if context.events.iter().any(ClassifiedEvent::is_protection) {
        let cause = format!("{left} old tasks stay: protected against scale-in");
        let quotes = [("events[].message", context.newest_message(ClassifiedEvent::is_protection))];
        return stuck(task_finding(context, &situations::PROTECTED, cause, &quotes, tasks.first().copied()));
    }
    if let Some(finding) = first_overdue(context, tasks.iter().copied()) {
        return stuck(finding);
    }
    if context.stalled_for(DRAINED) {
        let cause = format!("all new tasks run, but {left} old ones don't stop");
        let quotes = [("old tasks", left.to_string())];
        return stuck(task_finding(context, &situations::OLD_TASKS, cause, &quotes, tasks.first().copied()));
    }
    QuestionResult::Open(format!("{left} are on their way out"))
}

pub(super) fn alarms_hold_open(context: &ServiceContext<'_>, primary: &Deployment, _: &[&Task]) -> QuestionResult {
    let service = context.service;
    let complete = primary.running_count >= primary.desired_count && service.pending_count == 0;
    let bake = bake_seconds(service);
    if service.deployment_alarms.is_empty() && bake == 0 {
        return fine("it has none, and no bake time");
    }
    if !complete {
        return fine("not yet: new tasks come first");
    }
    if context.stalled_for(bake + WATCHED) {
        let cause = "all new tasks run; ECS still watches its alarms".to_owned();
        let quotes = [
            ("alarms.alarmNames", service.deployment_alarms.join(", ")),
            ("bakeTimeInMinutes", service.bake_time_in_minutes.map(|minutes| minutes.to_string()).unwrap_or_default()),
        ];
        return stuck(rollout_finding(context, Problem::RolloutStuck, &situations::WATCHED, cause, &quotes));
    }
    QuestionResult::Open(match bake {
        0 => "its alarms are watched".to_owned(),
        bake => format!("bake time, {} minutes", bake / MINUTE),
    })
}

/// Seconds for which a deployment is monitored once all its tasks run.
fn bake_seconds(service: &Service) -> i64 {
    i64::from(service.bake_time_in_minutes.unwrap_or_default()) * MINUTE
}

pub(super) fn making_progress(context: &ServiceContext<'_>, primary: &Deployment, _: &[&Task]) -> QuestionResult {
    let explained = !context.service.deployment_alarms.is_empty() && primary.running_count >= primary.desired_count;
    if primary.rollout_state.as_deref() != Some("IN_PROGRESS") {
        return fine(primary.progress());
    }
    if explained || !context.stalled_for(context.start_limit() + bake_seconds(context.service)) {
        return fine("yes");
    }
    let (running, desired) = (primary.running_count, primary.desired_count);
    let cause = format!("no progress: {running} of {desired} new tasks run, no reason known");
    let quotes = [
        ("runningCount", format!("{running} of {desired}")),
        ("rolloutStateReason", primary.rollout_state_reason.clone().unwrap_or_default()),
    ];
    let finding = rollout_finding(context, Problem::RolloutStuck, &situations::STALLED, cause, &quotes);
    stuck(Finding { since: context.progressed_at(), ..finding })
}
