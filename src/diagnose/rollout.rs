//! Why a rollout is not done: the questions to ask, in the order in which they are worth asking.

use super::{
    MINUTE,
    case::Case,
    deaths::{self, Death, Group},
    names,
};
use crate::{
    knowledge::{self, Rule, situations},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::one_line,
        task::Task,
    },
};

mod questions;

pub(super) use questions::not_placed;
use questions::{dying, given_up, healthy, moving, old_gone, on_the_way, room_left, told_of, watched};

/// A function of a deployment must have answered by then.
const HOOK: i64 = 15 * MINUTE;

/// What comes of asking one of the questions.
pub(super) enum Answer {
    /// As it should be.
    Fine(String),
    /// It hangs here.
    Stuck(Box<Finding>),
    /// Not as it should be; another question has the finding.
    Bad(String),
    /// It can't be told yet.
    Open(String),
}

/// A question, and what comes of asking it.
pub(super) struct Step {
    pub question: &'static str,
    pub answer: Answer,
    /// What the rollout hangs in, as it was judged.
    pub here: bool,
}

/// The last argument: tasks that are known beyond the stopped ones, which add detail.
type Ask = fn(&Case<'_>, &Deployment, &[&Task]) -> Answer;

/// In this order: what is answered with `Stuck` first is what the rollout hangs in.
const QUESTIONS: [(&str, Ask); 9] = [
    ("Has ECS failed the deployment?", given_up),
    ("Do events report an error?", told_of),
    ("Are tasks failing?", dying),
    ("Is a task stuck while starting?", on_the_way),
    ("Do the percentages leave room?", room_left),
    ("Are the new tasks healthy?", healthy),
    ("Are the old tasks gone?", old_gone),
    ("Do alarms hold it open?", watched),
    ("Is it making progress?", moving),
];

/// Which question the rollout hangs in, and what is found there.
fn judged(case: &Case<'_>, primary: &Deployment) -> Option<(usize, Finding)> {
    QUESTIONS.iter().enumerate().find_map(|(index, (_, ask))| match ask(case, primary, &[]) {
        Answer::Stuck(finding) => Some((index, *finding)),
        _ => None,
    })
}

/// All the questions, asked of the rollout under way or failed; none when there is none. `tasks` that are known beyond
/// the stopped ones add detail to what was judged without them.
pub(super) fn steps(case: &Case<'_>, tasks: &[&Task]) -> Vec<Step> {
    let Some(primary) = case.rollout() else { return Vec::new() };
    let verdict = rollout(case);
    let judged = judged(case, primary).filter(|(_, finding)| Some(finding) == verdict.as_ref());
    let mut explained = false;
    let step = |(index, (question, ask)): (usize, &(&'static str, Ask))| {
        let found = judged.as_ref().filter(|(at, _)| *at == index).map(|(_, finding)| finding);
        let answer = match (ask(case, primary, tasks), found) {
            // What holds it up has been found: that nothing moves follows from it.
            (Answer::Stuck(finding), None) if explained && finding.rule() == Some(situations::STALLED.id) => {
                Answer::Bad("no: see above".to_owned())
            }
            (answer @ Answer::Stuck(_), _) | (answer, None) => answer,
            (_, Some(finding)) => stuck(finding.clone()),
        };
        explained |= matches!(answer, Answer::Stuck(_));
        Step { question, answer, here: found.is_some() }
    };
    QUESTIONS.iter().enumerate().map(step).collect()
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
    let found = alarmed(case).or_else(|| judged(case, primary).map(|(_, finding)| finding));
    match found {
        Some(fails) if fails.problem <= Problem::RolloutFailing => Some(fails),
        // What hangs, hangs because the function has not answered.
        hangs => hook(case).or(hangs),
    }
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

impl<'a> Case<'a> {
    /// The deaths of tasks that the rollout started.
    pub fn of_rollout(&self) -> impl Iterator<Item = &Death<'a>> {
        let primary = self.rollout();
        self.deaths.iter().filter(move |death| primary.is_some_and(|primary| deaths::started_by(death.task, primary)))
    }
}

#[cfg(test)]
mod tests;
