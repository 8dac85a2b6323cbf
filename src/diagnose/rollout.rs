//! Why a rollout is not complete: questions in the order of usefulness.

use jiff::Timestamp;

use super::{
    MINUTE,
    failed_tasks::{self, CauseGroup, FailedTask},
    names,
    service_context::ServiceContext,
};
use crate::{
    knowledge::{self, Rule, Topic, situations},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::one_line,
        task::Task,
    },
};

mod questions;
mod report;

pub(super) use questions::placement_finding;
use questions::{
    alarms_hold_open, event_reports_error, has_failed, making_progress, new_tasks_healthy, old_tasks_gone,
    percentages_leave_room, task_stuck_starting, tasks_failing,
};
pub use report::{current_rollout, rollout_report};

/// Time in which a lifecycle hook must respond.
const HOOK: i64 = 15 * MINUTE;

/// The answer to a question.
pub(super) enum QuestionResult {
    /// No problem.
    Fine(String),
    /// The rollout is blocked here.
    Stuck(Box<Finding>),
    /// A problem; another question has the finding.
    Bad(String),
    /// Not known yet.
    Open(String),
}

/// A question and its answer.
pub(super) struct AnsweredQuestion {
    pub question: &'static str,
    pub answer: QuestionResult,
    /// The cause of the block, according to the diagnosis.
    pub here: bool,
}

/// The last argument: known tasks besides stopped ones, which add detail.
type AskFn = fn(&ServiceContext<'_>, &Deployment, &[&Task]) -> QuestionResult;

/// The first question that is answered with `Stuck` shows what blocks the rollout.
const QUESTIONS: [(&str, AskFn); 9] = [
    ("Has ECS failed the deployment?", has_failed),
    ("Do events report an error?", event_reports_error),
    ("Are tasks failing?", tasks_failing),
    ("Is a task stuck while starting?", task_stuck_starting),
    ("Do the percentages leave room?", percentages_leave_room),
    ("Are the new tasks healthy?", new_tasks_healthy),
    ("Are the old tasks gone?", old_tasks_gone),
    ("Do alarms hold it open?", alarms_hold_open),
    ("Is it making progress?", making_progress),
];

/// The question that shows what blocks the rollout, with its finding.
fn first_stuck(context: &ServiceContext<'_>, primary: &Deployment) -> Option<(usize, Finding)> {
    QUESTIONS.iter().enumerate().find_map(|(index, (_, ask))| match ask(context, primary, &[]) {
        QuestionResult::Stuck(finding) => Some((index, *finding)),
        _ => None,
    })
}

/// Asks all questions about the rollout, if there is one in progress or failed. `tasks` besides stopped ones add detail
/// to the diagnosis.
pub(super) fn ask_all(context: &ServiceContext<'_>, tasks: &[&Task]) -> Vec<AnsweredQuestion> {
    let Some(primary) = context.rollout() else { return Vec::new() };
    let verdict = diagnose_rollout(context);
    let judged = first_stuck(context, primary).filter(|(_, finding)| Some(finding) == verdict.as_ref());
    let mut explained = false;
    let step = |(index, (question, ask)): (usize, &(&'static str, AskFn))| {
        let found = judged.as_ref().filter(|(at, _)| *at == index).map(|(_, finding)| finding);
        let answer = match (ask(context, primary, tasks), found) {
            // The block has been found, and explains the lack of progress.
            (QuestionResult::Stuck(finding), None) if explained && finding.rule() == Some(situations::STALLED.id) => {
                QuestionResult::Bad("no: see above".to_owned())
            }
            (answer @ QuestionResult::Stuck(_), _) | (answer, None) => answer,
            (_, Some(finding)) => stuck(finding.clone()),
        };
        explained |= matches!(answer, QuestionResult::Stuck(_));
        AnsweredQuestion { question, answer, here: found.is_some() }
    };
    QUESTIONS.iter().enumerate().map(step).collect()
}

/// The failure of the rollout, or what blocks it.
pub(super) fn diagnose_rollout(context: &ServiceContext<'_>) -> Option<Finding> {
    let primary = context.rollout()?;
    if let Some(back) = check_rollback(context, primary) {
        return Some(back);
    }
    // While it waits for a decision, no progress is expected.
    if context.pause().is_some() {
        return None;
    }
    let found = check_alarms(context).or_else(|| first_stuck(context, primary).map(|(_, finding)| finding));
    match found {
        Some(fails) if fails.problem <= Problem::RolloutFailing => Some(fails),
        // A block is due to the missing response of the hook.
        hangs => check_hook(context).or(hangs),
    }
}

fn stuck(finding: Finding) -> QuestionResult {
    QuestionResult::Stuck(Box::new(finding))
}

fn fine(text: impl Into<String>) -> QuestionResult {
    QuestionResult::Fine(text.into())
}

/// A finding about the rollout, explained by `rule`.
fn rollout_finding(
    context: &ServiceContext<'_>,
    problem: Problem,
    rule: &'static Rule,
    cause: String,
    quotes: &[(&str, String)],
) -> Finding {
    let since = context.rollout().and_then(|primary| primary.created_at);
    Finding { since, ..context.rule_finding(problem, rule, cause, quotes) }
}

/// A finding about one of its tasks.
fn task_finding(
    context: &ServiceContext<'_>,
    rule: &'static Rule,
    cause: String,
    quotes: &[(&str, String)],
    task: Option<&Task>,
) -> Finding {
    let names =
        task.map_or_else(|| names::service_names(context.service), |task| names::task_names(task, None, context.known));
    let since = context.rollout().and_then(|primary| primary.created_at);
    Finding { since, ..context.rule_finding_with_names(Problem::RolloutStuck, rule, cause, quotes, names) }
}

fn check_rollback(context: &ServiceContext<'_>, primary: &Deployment) -> Option<Finding> {
    let reason = primary.rollout_state_reason.as_deref().unwrap_or_default();
    let by_reason = knowledge::of_rollout(reason).is_some_and(|rule| rule.topic == Topic::Rollback);
    let rollout = context.service.rollout.as_ref();
    let in_progress = primary.rollout_state.as_deref() == Some("IN_PROGRESS");
    if !(in_progress && (by_reason || rollout.is_some_and(|rollout| rollout.rolling_back()))) {
        return None;
    }
    let why = rollout.and_then(|rollout| rollout.rollback.as_ref()?.reason.clone());
    let others = context.failed_tasks.iter().filter(|failed| !failed_tasks::started_by(failed.task, primary));
    let line =
        failed_tasks::group_by_cause(others).first().map(CauseGroup::summary).or_else(|| why.as_deref().map(one_line));
    let because = line.map(|line| format!(": {line}")).unwrap_or_default();
    let quotes = [("rolloutStateReason", reason.to_owned()), ("rollback.reason", why.unwrap_or_default())];
    let cause = format!("rolling back to {}{because}", primary.revision());
    let found = rollout_finding(context, Problem::RolloutFailing, &situations::ROLLING_BACK, cause, &quotes);
    Some(Finding { since: context.rollout_began(primary), ..found })
}

fn check_alarms(context: &ServiceContext<'_>) -> Option<Finding> {
    let alarms = &context.service.rollout.as_ref()?.triggered_alarms;
    let first = alarms.first()?;
    let more = if alarms.len() > 1 { format!(" and {} more", alarms.len() - 1) } else { String::new() };
    let quotes = [("alarms.triggeredAlarmNames", alarms.join(", "))];
    let cause = format!("alarm fired: {first}{more}");
    Some(rollout_finding(context, Problem::RolloutFailing, &situations::ALARMED, cause, &quotes))
}

fn check_hook(context: &ServiceContext<'_>) -> Option<Finding> {
    let hook = context.service.rollout.as_ref()?.hook_at_work()?.name()?;
    if !context.stalled_for(HOOK) {
        return None;
    }
    let cause = format!("waits for hook {}", hook.rsplit(':').next().unwrap_or(hook));
    let quotes = [("lifecycleHookDetails[].targetArn", hook.to_owned())];
    Some(rollout_finding(context, Problem::RolloutStuck, &situations::HOOK, cause, &quotes))
}

impl<'a> ServiceContext<'a> {
    /// When the rollout to `primary` began. A deployment that ECS rolls back to is as old as its own rollout: then it is
    /// when the rollback began, or else the deployment that is given up.
    pub(super) fn rollout_began(&self, primary: &Deployment) -> Option<Timestamp> {
        let rollback = self.service.rollout.as_ref().filter(|rollout| rollout.in_progress());
        let began = rollback.and_then(|rollout| rollout.rollback.as_ref()?.started_at);
        let newest = self.service.deployments.iter().filter_map(|deployment| deployment.created_at).max();
        began.or(newest).max(primary.created_at)
    }

    /// The failed tasks that the rollout started.
    pub(super) fn rollout_failures(&self) -> impl Iterator<Item = &FailedTask<'a>> {
        let primary = self.rollout();
        self.failed_tasks
            .iter()
            .filter(move |failed| primary.is_some_and(|primary| failed_tasks::started_by(failed.task, primary)))
    }
}

#[cfg(test)]
mod tests;
