//! Why a rollout is not done: the questions to ask, in the order in which they are worth asking.

use super::{
    MINUTE,
    case::Case,
    deaths::{self, Death, Group, times},
    names,
    news::News,
    pending::Wait,
    placement::placement,
    room,
};
use crate::{
    knowledge::{self, Class, Rule, situations},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::{one_line, short_id},
        task::Task,
    },
};

/// Nothing has moved for so long: it hangs.
const QUIET: i64 = 5 * MINUTE;
/// Old tasks may drain for so long.
const DRAINED: i64 = 10 * MINUTE;
/// A function of a deployment must have answered by then.
const HOOK: i64 = 15 * MINUTE;

/// What comes of asking one of the questions.
pub(super) enum Answer {
    /// Not here.
    Fine(String),
    /// It hangs here.
    Stuck(Box<Finding>),
    /// It can't be told.
    Unseen(&'static str),
}

/// A question, and what comes of asking it.
pub(super) struct Step {
    pub question: &'static str,
    pub answer: Answer,
}

type Ask = fn(&Case<'_>, &Deployment) -> Answer;

/// In this order: what is answered with `Stuck` first is what the rollout hangs in.
const QUESTIONS: [(&str, Ask); 9] = [
    ("has ECS given it up?", given_up),
    ("does an event tell of an error?", told_of),
    ("do its tasks die?", dying),
    ("does a task hang on its way?", on_the_way),
    ("is there room to start and stop?", room_left),
    ("are the new tasks healthy?", healthy),
    ("are the old tasks gone?", old_gone),
    ("is it still being watched?", watched),
    ("does anything move?", moving),
];

/// All the questions, asked of the rollout under way or failed; none when there is none.
pub(super) fn steps(case: &Case<'_>) -> Vec<Step> {
    let Some(primary) = case.rollout() else { return Vec::new() };
    let mut explained = false;
    let step = |(question, ask): &(&'static str, Ask)| {
        let answer = match ask(case, primary) {
            // What holds it up has been found: that nothing moves follows from it.
            Answer::Stuck(finding) if explained && finding.rule() == Some(situations::STALLED.id) => {
                fine("no: see above")
            }
            answer => answer,
        };
        explained |= matches!(answer, Answer::Stuck(_));
        Step { question, answer }
    };
    QUESTIONS.iter().map(step).collect()
}

/// What the rollout fails by or hangs in.
pub(super) fn rollout(case: &Case<'_>) -> Option<Finding> {
    let primary = case.rollout()?;
    if let Some(back) = rolling_back(case, primary) {
        return Some(back);
    }
    // While it waits for a decision nothing moves, and nothing should.
    if case.paused().is_some() {
        return None;
    }
    if let Some(alarm) = alarmed(case).or_else(|| hook(case)) {
        return Some(alarm);
    }
    QUESTIONS.iter().find_map(|(_, ask)| match ask(case, primary) {
        Answer::Stuck(finding) => Some(*finding),
        _ => None,
    })
}

fn stuck(finding: Finding) -> Answer {
    Answer::Stuck(Box::new(finding))
}

fn fine(text: impl Into<String>) -> Answer {
    Answer::Fine(text.into())
}

/// A finding about the rollout that `rule` explains.
fn found(case: &Case<'_>, problem: Problem, rule: &'static Rule, cause: String, quotes: &[(&str, String)]) -> Finding {
    let since = case.rollout().and_then(|primary| primary.created_at);
    Finding { since, ..case.found(problem, rule, cause, quotes) }
}

/// The same, about a task of it that is known.
fn found_with(
    case: &Case<'_>,
    rule: &'static Rule,
    cause: String,
    quotes: &[(&str, String)],
    task: Option<&Task>,
) -> Finding {
    let names = task.map_or_else(|| names::service(case.service), |task| names::task(task, None, case.known));
    let since = case.rollout().and_then(|primary| primary.created_at);
    Finding { since, ..case.found_of(Problem::RolloutStuck, rule, cause, quotes, names) }
}

fn rolling_back(case: &Case<'_>, primary: &Deployment) -> Option<Finding> {
    let reason = primary.rollout_state_reason.as_deref().unwrap_or_default();
    let by_reason = knowledge::of_rollout(reason).is_some_and(|rule| rule.id == "ROLL-CB-ROLLBACK");
    let progress = case.service.progress.as_ref();
    let under_way = primary.rollout_state.as_deref() == Some("IN_PROGRESS");
    if !(under_way && (by_reason || progress.is_some_and(|progress| progress.rolling_back()))) {
        return None;
    }
    let why = progress.and_then(|progress| progress.rollback_reason.clone());
    let others = case.deaths.iter().filter(|death| !deaths::started_by(death.task, primary));
    let line = deaths::groups(others).first().map(Group::line).or_else(|| why.as_deref().map(one_line));
    let because = line.map(|line| format!(": {line}")).unwrap_or_default();
    let quotes = [("rolloutStateReason", reason.to_owned()), ("rollback.reason", why.unwrap_or_default())];
    let cause = format!("rolling back to {}{because}", primary.revision());
    Some(found(case, Problem::RolloutFailing, &situations::ROLLING_BACK, cause, &quotes))
}

fn alarmed(case: &Case<'_>) -> Option<Finding> {
    let alarms = &case.service.progress.as_ref()?.triggered_alarms;
    let first = alarms.first()?;
    let more = if alarms.len() > 1 { format!(" and {} more", alarms.len() - 1) } else { String::new() };
    let quotes = [("alarms.triggeredAlarmNames", alarms.join(", "))];
    let cause = format!("alarm fired: {first}{more}");
    Some(found(case, Problem::RolloutFailing, &situations::ALARMED, cause, &quotes))
}

fn hook(case: &Case<'_>) -> Option<Finding> {
    let hook = case.service.progress.as_ref()?.hook_at_work.as_deref()?;
    if !case.quiet_for(HOOK) {
        return None;
    }
    let cause = format!("waits for hook {}", hook.rsplit(':').next().unwrap_or(hook));
    let quotes = [("lifecycleHookDetails[].targetArn", hook.to_owned())];
    Some(found(case, Problem::RolloutStuck, &situations::HOOK, cause, &quotes))
}

fn given_up(case: &Case<'_>, primary: &Deployment) -> Answer {
    if primary.rollout_state.as_deref() != Some("FAILED") {
        return fine("no");
    }
    let reason = primary.rollout_state_reason.as_deref().map(one_line).unwrap_or_default();
    let group = deaths::groups(case.of_rollout()).into_iter().next();
    let cause = match &group {
        Some(group) => format!("{}, {}", group.line(), times(group.count())),
        None if reason.is_empty() => "ECS gave it up".to_owned(),
        None => reason.clone(),
    };
    let since = primary.updated_at.or(primary.created_at);
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
fn told_of(case: &Case<'_>, primary: &Deployment) -> Answer {
    let since = primary.created_at;
    let newer = case.news.iter().filter(|news| since.is_none_or(|since| news.event.created_at >= Some(since)));
    let answered_elsewhere = |news: &News<'_>| {
        news.of_back_off() || news.of_deadlock() || news.of_health() || news.of_protection() || news.of_an_end()
    };
    let missing = room::missing(case.service) > 0;
    let telling = |news: &&News<'_>| {
        news.class() >= Class::Failure && !answered_elsewhere(news) && (missing || !news.of_placement())
    };
    match newer.into_iter().find(telling) {
        Some(news) if news.of_placement() => stuck(not_placed(case, news)),
        Some(news) => {
            let verdict = news.verdict(case.known);
            let cause = news.line(&verdict);
            stuck(case.finding(Problem::RolloutStuck, news.event.created_at, cause, verdict))
        }
        None => fine("no"),
    }
}

/// A task that found no place, by an event, and by what the instances have left where that is known.
pub(super) fn not_placed(case: &Case<'_>, news: &News<'_>) -> Finding {
    let mut verdict = news.verdict(case.known);
    let miss = placement(case.service, case.known).and_then(|placement| placement.miss());
    let cause = miss.clone().unwrap_or_else(|| verdict.line());
    if let Some(miss) = miss {
        verdict.evidence.push(knowledge::Quote { field: "containerInstances".into(), text: miss });
    }
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

fn dying(case: &Case<'_>, primary: &Deployment) -> Answer {
    let counted = case.service.progress.as_ref().and_then(|progress| progress.breaker).map_or(0, |(failed, _)| failed);
    if primary.failed_tasks == 0 && counted == 0 {
        return match case.of_rollout().count() {
            0 => fine("no"),
            count => fine(format!("{count} did, after they had come up")),
        };
    }
    let group = deaths::groups(case.of_rollout()).into_iter().next();
    let what = match &group {
        Some(group) => format!("{}, {}", group.line(), times(group.count())) + &in_all(case, group),
        None => match primary.failed_tasks.max(counted) {
            1 => "a task failed".into(),
            failed => format!("{failed} tasks failed in a row"),
        },
    };
    let breaker = towards_breaker(case).map(|towards| format!("; {towards}"));
    let pauses = case.news.iter().any(News::of_back_off).then(|| "; ECS pauses between tries".to_owned());
    let cause = format!("{what}{}", breaker.or(pauses).unwrap_or_default());
    let since = group.as_ref().and_then(Group::first).or(primary.created_at);
    stuck(match group.as_ref().and_then(Group::newest) {
        Some(death) => case.finding(Problem::RolloutFailing, since, cause, (*death.verdict).clone()),
        None => {
            let quotes = [("failedTasks", primary.failed_tasks.to_string())];
            found(case, Problem::RolloutFailing, &situations::DYING, cause, &quotes)
        }
    })
}

/// How often the same has happened in earlier rollouts of the last hour, too.
fn in_all(case: &Case<'_>, group: &Group<'_>) -> String {
    let all = case.deaths.iter().filter(|death| death.verdict.line() == group.line()).count();
    if all > group.count() { format!(" ({all} in an hour)") } else { String::new() }
}

/// Tasks of the rollout that are on their way up.
fn arriving<'a>(case: &Case<'a>, primary: &Deployment) -> Vec<&'a Task> {
    let up = |task: &&&Task| matches!(task.last_status.as_deref(), Some("PROVISIONING" | "PENDING" | "ACTIVATING"));
    let mut tasks: Vec<&Task> =
        case.tasks.iter().filter(up).copied().filter(|task| deaths::started_by(task, primary)).collect();
    tasks.sort_by_key(|task| task.created_at);
    tasks
}

fn on_the_way(case: &Case<'_>, primary: &Deployment) -> Answer {
    let arriving = arriving(case, primary);
    let hanging = |task: &&&Task| Wait::of(task, case.known).is_some_and(|wait| wait.overdue(case.known.now));
    if let Some(finding) = arriving.iter().find(hanging).and_then(|task| hangs(case, task)) {
        return stuck(Finding { problem: Problem::RolloutStuck, ..finding });
    }
    match (primary.pending_count, arriving.len()) {
        (0, _) => fine("no"),
        (count, 0) if case.quiet_for(QUIET) => {
            let cause = match count {
                1 => "1 task is pending and doesn't come up".to_owned(),
                more => format!("{more} tasks are pending and don't come up"),
            };
            let quotes = [("pendingCount", count.to_string())];
            stuck(found(case, Problem::RolloutStuck, &situations::PENDING, cause, &quotes))
        }
        (_, 0) => Answer::Unseen("tasks are pending; they were not looked at"),
        (count, _) => fine(format!("no: {count} on their way")),
    }
}

/// A task that hangs, named.
pub(super) fn hangs(case: &Case<'_>, task: &Task) -> Option<Finding> {
    let wait = Wait::of(task, case.known)?;
    let finding = wait.finding(task, case.known);
    let cause = format!("task {}: {}", short_id(&task.task_arn), wait.told());
    Some(Finding { cause, ..finding })
}

fn room_left(case: &Case<'_>, primary: &Deployment) -> Answer {
    let service = case.service;
    let told = case.news.iter().find(|news| news.of_deadlock() && news.event.created_at >= primary.created_at);
    let incomplete = primary.running_count + primary.pending_count < primary.desired_count;
    let full = service.running_count + service.pending_count >= service.desired_count;
    if told.is_none() && !(room::deadlocked(service) && incomplete && full) {
        return fine("yes");
    }
    let (minimum, maximum) = (service.minimum_healthy_percent, service.maximum_percent);
    let percent = |value: Option<i32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let (minimum, maximum) = (percent(minimum), percent(maximum));
    let cause = format!("min {minimum} % and max {maximum} % of {} tasks leave no room", service.desired_count);
    let quotes = [
        ("minimumHealthyPercent", minimum),
        ("maximumPercent", maximum),
        ("desiredCount", service.desired_count.to_string()),
        ("events[].message", told.map(|news| one_line(&news.event.message)).unwrap_or_default()),
    ];
    stuck(found(case, Problem::RolloutStuck, &situations::DEADLOCK, cause, &quotes))
}

fn healthy(case: &Case<'_>, primary: &Deployment) -> Answer {
    if primary.running_count < primary.desired_count {
        return fine(format!("not all there yet: {} of {}", primary.running_count, primary.desired_count));
    }
    let own = |task: &&&Task| deaths::started_by(task, primary) && task.desired_status.as_deref() != Some("STOPPED");
    let running: Vec<&Task> = case.tasks.iter().filter(own).copied().collect();
    let failing = running.iter().filter(|task| task.health_status.as_deref() == Some("UNHEALTHY")).count();
    if failing > 0 {
        let cause = format!("{failing} of {} new tasks fail their health check", running.len());
        let quotes = [("tasks[].healthStatus", format!("UNHEALTHY, {failing} of {}", running.len()))];
        return stuck(found(case, Problem::RolloutStuck, &situations::NOT_HEALTHY, cause, &quotes));
    }
    let newer = |news: &&News<'_>| news.of_health() && news.event.created_at >= primary.created_at;
    if let Some(news) = case.news.iter().find(newer) {
        let verdict = news.verdict(case.known);
        let cause = news.line(&verdict);
        return stuck(case.finding(Problem::RolloutStuck, news.event.created_at, cause, verdict));
    }
    let undecided = |task: &&&Task| Wait::of(task, case.known).is_some_and(|wait| wait.overdue(case.known.now));
    let undecided = running.iter().filter(|task| task.last_status.as_deref() == Some("RUNNING")).find(undecided);
    if let Some(finding) = undecided.and_then(|task| hangs(case, task)) {
        return stuck(Finding { problem: Problem::RolloutStuck, ..finding });
    }
    if running.is_empty() { Answer::Unseen("its tasks were not looked at") } else { fine("yes") }
}

fn old_gone(case: &Case<'_>, primary: &Deployment) -> Answer {
    let old = case.service.deployments.iter().filter(|deployment| deployment.id != primary.id);
    let left: i32 = old.map(|deployment| deployment.running_count + deployment.pending_count).sum();
    if left == 0 {
        return fine("yes");
    }
    if primary.running_count < primary.desired_count || primary.failed_tasks > 0 {
        return fine(format!("not yet: {left}"));
    }
    if case.side_by_side() {
        return fine(format!("{left} stay beside the new ones for now"));
    }
    let tasks: Vec<&Task> =
        case.tasks.iter().filter(|task| !task.stopped() && !deaths::started_by(task, primary)).copied().collect();
    if case.news.iter().any(News::of_protection) {
        let cause = format!("{left} old tasks stay: protected against scale-in");
        let quotes = [("events[].message", case.message(News::of_protection))];
        return stuck(found_with(case, &situations::PROTECTED, cause, &quotes, tasks.first().copied()));
    }
    let hanging = |task: &&&Task| Wait::of(task, case.known).is_some_and(|wait| wait.overdue(case.known.now));
    if let Some(finding) = tasks.iter().find(hanging).and_then(|task| hangs(case, task)) {
        return stuck(Finding { problem: Problem::RolloutStuck, ..finding });
    }
    if case.quiet_for(DRAINED) {
        let cause = format!("all new tasks run, but {left} old ones don't go");
        let quotes = [("old tasks", left.to_string())];
        return stuck(found_with(case, &situations::OLD_TASKS, cause, &quotes, tasks.first().copied()));
    }
    fine(format!("{left} are on their way out"))
}

fn watched(case: &Case<'_>, primary: &Deployment) -> Answer {
    let service = case.service;
    let complete = primary.running_count >= primary.desired_count && service.pending_count == 0;
    let bake = i64::from(service.bake_time_in_minutes.unwrap_or_default()) * MINUTE;
    if !complete || (service.deployment_alarms.is_empty() && bake == 0) {
        return fine("no");
    }
    if case.quiet_for(bake + 3 * QUIET) {
        let cause = "all new tasks run; ECS still watches its alarms".to_owned();
        let quotes = [
            ("alarms.alarmNames", service.deployment_alarms.join(", ")),
            ("bakeTimeInMinutes", service.bake_time_in_minutes.map(|minutes| minutes.to_string()).unwrap_or_default()),
        ];
        return stuck(found(case, Problem::RolloutStuck, &situations::WATCHED, cause, &quotes));
    }
    fine(match bake {
        0 => "its alarms are watched".to_owned(),
        bake => format!("bake time, {} minutes", bake / MINUTE),
    })
}

fn moving(case: &Case<'_>, primary: &Deployment) -> Answer {
    let patience = QUIET + i64::from(case.service.bake_time_in_minutes.unwrap_or_default()) * MINUTE;
    let explained = !case.service.deployment_alarms.is_empty() && primary.running_count >= primary.desired_count;
    if primary.rollout_state.as_deref() != Some("IN_PROGRESS") || explained || !case.quiet_for(patience) {
        return fine("yes");
    }
    let (running, desired) = (primary.running_count, primary.desired_count);
    let cause = format!("nothing moves: {running} of {desired} new tasks run, no reason known");
    let quotes = [
        ("runningCount", format!("{running} of {desired}")),
        ("rolloutStateReason", primary.rollout_state_reason.clone().unwrap_or_default()),
    ];
    let finding = found(case, Problem::RolloutStuck, &situations::STALLED, cause, &quotes);
    stuck(Finding { since: case.moved_at(), ..finding })
}

impl<'a> Case<'a> {
    /// The deaths of tasks that the rollout started.
    pub fn of_rollout(&self) -> impl Iterator<Item = &Death<'a>> {
        let primary = self.rollout();
        self.deaths.iter().filter(move |death| primary.is_some_and(|primary| deaths::started_by(death.task, primary)))
    }
}

#[cfg(test)]
mod tests;
