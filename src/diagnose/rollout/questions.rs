//! The questions that are asked of a rollout, one function each.

use super::{Answer, fine, found, found_with, stuck};
use crate::{
    diagnose::{
        HOUR, MINUTE,
        case::Case,
        deaths::{self, Group, times},
        news::News,
        pending::Wait,
        room,
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

/// A cause is one line of a small terminal.
const LINE: usize = 80;
/// Old tasks may drain for so long.
const DRAINED: i64 = 10 * MINUTE;
/// Beyond its bake time a deployment is watched by its alarms for so long.
const WATCHED: i64 = 15 * MINUTE;

/// How often it died like this in this rollout, and in the last hour where that is more.
fn tally(case: &Case<'_>, primary: &Deployment, group: &Group<'_>) -> String {
    let all = case.deaths.iter().filter(|death| death.verdict.line() == group.line()).count();
    let hour = |count| format!("{} in the last hour", times(count));
    let young = primary.created_at.is_some_and(|at| seconds_since(at, case.known.now) < HOUR);
    match group.count() {
        count if !young => hour(count),
        count if all > count => format!("{} in this rollout, {all} in the last hour", times(count)),
        count => format!("{} in this rollout", times(count)),
    }
}

pub(super) fn given_up(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    if primary.rollout_state.as_deref() != Some("FAILED") {
        return fine(primary.progress());
    }
    let reason = primary.rollout_state_reason.as_deref().map(one_line).unwrap_or_default();
    let group = deaths::groups(case.of_rollout()).into_iter().next();
    let cause = match &group {
        Some(group) => format!("{}, {}", group.line(), tally(case, primary, group)),
        None if reason.is_empty() => "ECS gave it up".to_owned(),
        None => reason.clone(),
    };
    let since = primary.since();
    let finding = match group.as_ref().and_then(Group::newest) {
        Some(death) => case.finding(Problem::RolloutFailed, since, cause, (*death.verdict).clone()),
        None => {
            let quotes = [("rolloutState", "FAILED".to_owned()), ("rolloutStateReason", reason)];
            let found = found(case, Problem::RolloutFailed, &situations::FAILED, cause, &quotes);
            Finding { since, ..found }
        }
    };
    stuck(finding)
}

/// An error that the scheduler tells of, newer than the rollout.
pub(super) fn told_of(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    if let Some(news) = case.misplaced() {
        return stuck(not_placed(case, news));
    }
    let since = primary.created_at;
    let newer = |news: &&News<'_>| {
        news.class() >= Class::Failure
            && !news.of_an_end()
            && (since.is_none() || news.event.created_at >= since)
            // It was placed since, or is not wanted any more.
            && !news.of_placement()
    };
    let elsewhere =
        |news: &News<'_>| news.of_back_off() || news.of_deadlock() || news.of_health() || news.of_protection();
    let errors: Vec<_> = case.news.iter().filter(newer).collect();
    let Some(news) = errors.iter().find(|news| !elsewhere(news)).or(errors.first()) else {
        return fine("none since it began");
    };
    let verdict = news.verdict(case.known);
    let line = case.counted(news.line(&verdict), news);
    if elsewhere(news) {
        return Answer::Bad(line);
    }
    stuck(case.finding(Problem::RolloutStuck, news.event.created_at, line, verdict))
}

/// A task that finds no place, by an event.
pub(in crate::diagnose) fn not_placed(case: &Case<'_>, news: &News<'_>) -> Finding {
    let verdict = news.verdict(case.known);
    let cause = case.counted(verdict.line(), news);
    // The oldest of its kind: since then it has been looking.
    let same = case.news.iter().filter(|other| other.of_placement());
    let since = same.filter_map(|other| other.event.created_at).min();
    case.finding(Problem::NotPlaced, since, cause, verdict)
}

/// How near the circuit breaker is.
fn towards_breaker(case: &Case<'_>) -> Option<String> {
    let (failed, threshold) = case.service.progress.as_ref()?.breaker?;
    Some(format!("failures {failed} of {threshold}"))
}

pub(super) fn dying(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    let counted = case.service.progress.as_ref().and_then(|progress| progress.breaker).map_or(0, |(failed, _)| failed);
    if primary.failed_tasks == 0 && counted == 0 {
        return match case.of_rollout().count() {
            0 => fine("none failed"),
            1 => Answer::Bad("1 failed after it had come up".to_owned()),
            count => Answer::Bad(format!("{count} failed after they had come up")),
        };
    }
    let group = deaths::groups(case.of_rollout()).into_iter().next();
    let what = match &group {
        Some(group) => format!("{}, {}", group.line(), tally(case, primary, group)),
        None => match primary.failed_tasks.max(counted) {
            1 => "a task failed".into(),
            failed => format!("{failed} tasks failed in a row"),
        },
    };
    let breaker = towards_breaker(case).map(|towards| format!("; {towards}"));
    let pauses = case.news.iter().any(News::of_back_off).then(|| "; ECS backs off".to_owned());
    let more = breaker.or(pauses).unwrap_or_default();
    let cause = match &group {
        // Where both counts don't fit, that of the rollout stays, which is what the time is of.
        Some(group) if what.len() + more.len() > LINE => {
            let tally = tally(case, primary, group);
            format!("{}, {}{more}", group.line(), tally.split(", ").next().unwrap_or_default())
        }
        _ => format!("{what}{more}"),
    };
    let since = group.as_ref().and_then(Group::first).or(primary.created_at);
    stuck(match group.as_ref().and_then(Group::newest) {
        Some(death) => case.finding(Problem::RolloutFailing, since, cause, (*death.verdict).clone()),
        None => {
            let quotes = [("failedTasks", primary.failed_tasks.to_string())];
            found(case, Problem::RolloutFailing, &situations::DYING, cause, &quotes)
        }
    })
}

pub(super) fn on_the_way(case: &Case<'_>, primary: &Deployment, tasks: &[&Task]) -> Answer {
    let up = |task: &&Task| matches!(task.last_status.as_deref(), Some("PROVISIONING" | "PENDING" | "ACTIVATING"));
    let mut arriving: Vec<&Task> =
        tasks.iter().copied().filter(up).filter(|task| deaths::started_by(task, primary)).collect();
    arriving.sort_by_key(|task| task.created_at);
    if let Some(finding) = hanging(case, arriving.iter().copied()) {
        return stuck(finding);
    }
    let pending = primary.pending_count;
    if pending > 0 && case.quiet_for(case.patience()) {
        let cause = match pending {
            1 => "1 task is pending and doesn't come up".to_owned(),
            more => format!("{more} tasks are pending and don't come up"),
        };
        let quotes = [("pendingCount", pending.to_string())];
        let found = found(case, Problem::RolloutStuck, &situations::PENDING, cause, &quotes);
        return stuck(Finding { since: case.progressed_at(), ..found });
    }
    match pending {
        0 => fine("none is pending"),
        1 => fine("1 is pending, not for long"),
        count => fine(format!("{count} are pending, not for long")),
    }
}

/// The first of `tasks` that is longer in its state than is usual, by its name.
fn hanging<'a>(case: &Case<'a>, mut tasks: impl Iterator<Item = &'a Task>) -> Option<Finding> {
    tasks.find_map(|task| {
        let wait = Wait::of(task, case.known).filter(|wait| wait.overdue(case.known.now))?;
        let cause = format!("task {}: {}", short_id(&task.task_arn), wait.told());
        Some(Finding { problem: Problem::RolloutStuck, cause, ..wait.finding(task, case.known) })
    })
}

pub(super) fn room_left(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    let service = case.service;
    let told = case.news.iter().find(|news| news.of_deadlock() && news.event.created_at >= primary.created_at);
    let incomplete = primary.running_count + primary.pending_count < primary.desired_count;
    let full = service.running_count + service.pending_count >= service.desired_count;
    let (minimum, maximum) = (service.minimum_healthy_percent, service.maximum_percent);
    let percent = |value: Option<i32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let (minimum, maximum) = (percent(minimum), percent(maximum));
    if told.is_none() && !(room::deadlocked(service) && incomplete && full) {
        return fine(format!("min {minimum} %, max {maximum} % of {}", service.desired_count));
    }
    let cause = format!("min {minimum} % and max {maximum} % of {} tasks leave no room", service.desired_count);
    let quotes = [
        ("minimumHealthyPercent", minimum),
        ("maximumPercent", maximum),
        ("desiredCount", service.desired_count.to_string()),
        ("events[].message", told.map(|news| one_line(&news.event.message)).unwrap_or_default()),
    ];
    stuck(found(case, Problem::RolloutStuck, &situations::DEADLOCK, cause, &quotes))
}

pub(super) fn healthy(case: &Case<'_>, primary: &Deployment, tasks: &[&Task]) -> Answer {
    let own = |task: &&Task| deaths::started_by(task, primary) && task.desired_status.as_deref() != Some("STOPPED");
    let running: Vec<&Task> = tasks.iter().copied().filter(own).collect();
    let failing = running.iter().filter(|task| task.health_status.as_deref() == Some("UNHEALTHY")).count();
    if failing > 0 {
        let cause = format!("{failing} of {} new tasks fail their health check", running.len());
        let quotes = [("tasks[].healthStatus", format!("UNHEALTHY, {failing} of {}", running.len()))];
        return stuck(found(case, Problem::RolloutStuck, &situations::NOT_HEALTHY, cause, &quotes));
    }
    let complete = primary.running_count >= primary.desired_count;
    let newer = |news: &&News<'_>| news.of_health() && news.event.created_at >= primary.created_at;
    if let Some(news) = case.news.iter().find(newer) {
        let verdict = news.verdict(case.known);
        let cause = case.counted(news.line(&verdict), news);
        return match complete {
            true => stuck(case.finding(Problem::RolloutStuck, news.event.created_at, cause, verdict)),
            false => Answer::Bad(cause),
        };
    }
    let undecided = running.iter().copied().filter(|task| task.last_status.as_deref() == Some("RUNNING"));
    match hanging(case, undecided) {
        Some(finding) => stuck(finding),
        None if complete => fine("no event tells otherwise"),
        None => Answer::Open(format!("{} of {} run so far", primary.running_count, primary.desired_count)),
    }
}

pub(super) fn old_gone(case: &Case<'_>, primary: &Deployment, tasks: &[&Task]) -> Answer {
    let old = case.service.deployments.iter().filter(|deployment| deployment.id != primary.id);
    let left: i32 = old.map(|deployment| deployment.running_count + deployment.pending_count).sum();
    if left == 0 {
        return fine("all gone");
    }
    if primary.running_count < primary.desired_count || primary.failed_tasks > 0 {
        return Answer::Open(format!("not yet: {left} are left"));
    }
    if case.side_by_side() {
        return fine(format!("{left} stay beside the new ones for now"));
    }
    let tasks: Vec<&Task> =
        tasks.iter().filter(|task| !task.stopped() && !deaths::started_by(task, primary)).copied().collect();
    if case.news.iter().any(News::of_protection) {
        let cause = format!("{left} old tasks stay: protected against scale-in");
        let quotes = [("events[].message", case.message(News::of_protection))];
        return stuck(found_with(case, &situations::PROTECTED, cause, &quotes, tasks.first().copied()));
    }
    if let Some(finding) = hanging(case, tasks.iter().copied()) {
        return stuck(finding);
    }
    if case.quiet_for(DRAINED) {
        let cause = format!("all new tasks run, but {left} old ones don't go");
        let quotes = [("old tasks", left.to_string())];
        return stuck(found_with(case, &situations::OLD_TASKS, cause, &quotes, tasks.first().copied()));
    }
    Answer::Open(format!("{left} are on their way out"))
}

pub(super) fn watched(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    let service = case.service;
    let complete = primary.running_count >= primary.desired_count && service.pending_count == 0;
    let bake = bake(service);
    if service.deployment_alarms.is_empty() && bake == 0 {
        return fine("it has none, and no bake time");
    }
    if !complete {
        return fine("not yet: new tasks come first");
    }
    if case.quiet_for(bake + WATCHED) {
        let cause = "all new tasks run; ECS still watches its alarms".to_owned();
        let quotes = [
            ("alarms.alarmNames", service.deployment_alarms.join(", ")),
            ("bakeTimeInMinutes", service.bake_time_in_minutes.map(|minutes| minutes.to_string()).unwrap_or_default()),
        ];
        return stuck(found(case, Problem::RolloutStuck, &situations::WATCHED, cause, &quotes));
    }
    Answer::Open(match bake {
        0 => "its alarms are watched".to_owned(),
        bake => format!("bake time, {} minutes", bake / MINUTE),
    })
}

/// Seconds a deployment is watched once all its tasks run.
fn bake(service: &Service) -> i64 {
    i64::from(service.bake_time_in_minutes.unwrap_or_default()) * MINUTE
}

pub(super) fn moving(case: &Case<'_>, primary: &Deployment, _: &[&Task]) -> Answer {
    let explained = !case.service.deployment_alarms.is_empty() && primary.running_count >= primary.desired_count;
    if primary.rollout_state.as_deref() != Some("IN_PROGRESS") {
        return fine(primary.progress());
    }
    if explained || !case.quiet_for(case.patience() + bake(case.service)) {
        return fine("yes");
    }
    let (running, desired) = (primary.running_count, primary.desired_count);
    let cause = format!("nothing moves: {running} of {desired} new tasks run, no reason known");
    let quotes = [
        ("runningCount", format!("{running} of {desired}")),
        ("rolloutStateReason", primary.rollout_state_reason.clone().unwrap_or_default()),
    ];
    let finding = found(case, Problem::RolloutStuck, &situations::STALLED, cause, &quotes);
    stuck(Finding { since: case.progressed_at(), ..finding })
}
