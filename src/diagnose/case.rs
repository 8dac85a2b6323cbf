//! One service under examination: what is known of it, gathered once.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Draft, HOUR, Known, MINUTE,
    deaths::{Death, deaths, times},
    names,
    news::{News, news},
};
use crate::{
    knowledge::{Class, Names, Rule, Verdict},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::{one_line, seconds_since},
        service::{Pause, Service},
        task::Task,
    },
};

/// How long a start may take where nothing is known of earlier ones.
const PATIENCE: i64 = 5 * MINUTE;
/// So many times as long as it usually takes is too long.
const STARTS: i64 = 3;
/// A complaint that is older than this may be over, once something was started.
const STILL: i64 = 10 * MINUTE;
/// However fast or slow it usually is.
const SHORTEST: i64 = 3 * MINUTE;
const LONGEST: i64 = 30 * MINUTE;

/// Judged is by what every list of services has, too: the service, its events, and the stopped tasks of its cluster.
/// Then the list and an explanation agree, whoever has opened what. What else is known adds detail to an explanation.
pub(super) struct Case<'a> {
    pub service: &'a Service,
    pub known: &'a Known<'a>,
    /// Its stopped tasks, oldest first.
    pub stopped: Vec<&'a Task>,
    /// Its events since it was last well, newest first.
    pub news: Vec<News<'a>>,
    /// Its tasks that failed in the last hour, newest first.
    pub deaths: Vec<Death<'a>>,
}

impl<'a> Case<'a> {
    pub fn of(service: &'a Service, known: &'a Known<'a>) -> Self {
        let tasks = known.tasks(&service.cluster_name, &service.service_name).iter();
        let mut stopped: Vec<&Task> = tasks.filter(|task| task.stopped()).copied().collect();
        stopped.sort_by_key(|task| (task.created_at, task.task_arn.as_str()));
        Self { service, known, stopped, news: news(service), deaths: deaths(service, known) }
    }

    /// The deployment that is being rolled out, or was given up.
    pub fn rollout(&self) -> Option<&'a Deployment> {
        let primary = self.service.primary()?;
        let unfinished = matches!(primary.rollout_state.as_deref(), Some("IN_PROGRESS" | "FAILED"));
        (unfinished || self.service.deployments.len() > 1).then_some(primary)
    }

    /// What it waits for somebody to decide.
    pub fn paused(&self) -> Option<&'a Pause> {
        let progress = self.service.progress.as_ref().filter(|_| self.service.deploying())?;
        progress.pause.as_ref()
    }

    fn rolling(&self) -> bool {
        self.service.deployment_strategy.as_deref().is_none_or(|strategy| strategy == "ROLLING")
    }

    /// Old and new stand side by side on purpose: blue/green and its like, before they clean up.
    pub fn side_by_side(&self) -> bool {
        let stage = self.service.progress.as_ref().and_then(|progress| progress.lifecycle_stage.as_deref());
        !self.rolling() && stage.is_some_and(|stage| stage != "CLEAN_UP")
    }

    /// Fewer tasks run than wanted, of the service or of its rollout, whatever is pending.
    pub fn lacking(&self) -> bool {
        let rollout = self.rollout().is_some_and(|primary| primary.running_count < primary.desired_count);
        rollout || self.service.running_count < self.service.desired_count
    }

    /// When it last got on: a rollout began or reached a stage, a task was started that stays, or was told to go as part
    /// of a rollout. That the scheduler complains, or that a task died, is no progress.
    pub fn progressed_at(&self) -> Option<Timestamp> {
        let rollout = self.rollout().and_then(|primary| primary.created_at);
        let progress = self.service.progress.as_ref().filter(|_| self.service.deploying());
        let stage = progress.map(|progress| [progress.started_at, progress.updated_at.filter(|_| !self.rolling())]);
        // The event before the news is that it was well.
        let told = self.news.iter().find(|news| self.is_progress(news)).map(|news| news.event);
        let told = told.or_else(|| self.service.events.get(self.news.len()));
        let times = stage.into_iter().flatten().chain([rollout, told.and_then(|event| event.created_at)]);
        times.flatten().max()
    }

    fn is_progress(&self, news: &News<'_>) -> bool {
        if news.of_a_start() {
            let text = &news.event.message;
            let dead = |task: &&&Task| !task.task_id().is_empty() && text.contains(task.task_id());
            let died = self.stopped.iter().filter(dead).count();
            return died == 0 || died < text.matches("(task ").count();
        }
        // While tasks are missing outside a rollout, one that goes brings nothing.
        let goes = self.rollout().is_some() || !self.lacking();
        news.rule.is_some() && news.class() == Class::Normal && (goes || news.id() == "EV-REGISTERED")
    }

    /// When it last moved in any way but for complaints: it got on, or a task stopped.
    pub fn moved_at(&self) -> Option<Timestamp> {
        let stops = self.stopped.iter().flat_map(|task| [task.stopping_at, task.stopped_at]).flatten();
        self.progressed_at().into_iter().chain(stops).max()
    }

    /// Seconds without progress after which what should start hangs: by how long its tasks took to start, where some are
    /// known.
    pub fn patience(&self) -> i64 {
        let started = |task: &&Task| Some(seconds_since(task.created_at?, task.started_at?));
        let slowest = self.stopped.iter().filter_map(started).max();
        let usual = slowest.map_or(PATIENCE, |seconds| (STARTS * seconds).clamp(SHORTEST, LONGEST));
        let grace = self.service.health_check_grace_period_seconds.filter(|_| !self.service.target_groups.is_empty());
        usual + i64::from(grace.unwrap_or_default()).clamp(0, LONGEST)
    }

    /// Whether it has not got on for so many seconds, as far as can be told.
    pub fn quiet_for(&self, seconds: i64) -> bool {
        self.progressed_at().is_some_and(|at| seconds_since(at, self.known.now) > seconds)
    }

    /// Events like `news` in the last hour.
    pub fn repeats(&self, news: &News<'_>) -> usize {
        let late = |other: &&News<'_>| {
            other.id() == news.id() && other.event.created_at.is_some_and(|at| seconds_since(at, self.known.now) < HOUR)
        };
        self.news.iter().filter(late).count()
    }

    /// `line`, with how often `news` came in the last hour where that was more than once.
    pub fn counted(&self, line: String, news: &News<'_>) -> String {
        match self.repeats(news) {
            0 | 1 => line,
            count => format!("{line}, {} in the last hour", times(count)),
        }
    }

    /// The newest complaint that a task finds no place, while it still holds: tasks are missing, and none was started
    /// since, or the complaints go on all the same.
    pub fn misplaced(&self) -> Option<&News<'a>> {
        if !self.lacking() {
            return None;
        }
        let begun = self.rollout().and_then(|primary| primary.created_at);
        let newer = |news: &&News<'_>| news.of_placement() && (begun.is_none() || news.event.created_at >= begun);
        let newest = self.news.iter().find(newer)?;
        let still = newest.event.created_at >= self.progressed_at();
        let recent = newest.event.created_at.is_some_and(|at| seconds_since(at, self.known.now) < STILL);
        (still || (recent && self.repeats(newest) > 1)).then_some(newest)
    }

    /// The newest event that `is` of a sort; empty when there is none.
    pub fn message(&self, is: impl Fn(&News<'a>) -> bool) -> String {
        self.news.iter().find(|news| is(news)).map(|news| one_line(&news.event.message)).unwrap_or_default()
    }

    /// A finding that `rule` explains, with what it is concluded from.
    pub fn found(&self, problem: Problem, rule: &'static Rule, cause: String, quotes: &[(&str, String)]) -> Finding {
        self.found_of(problem, rule, cause, quotes, names::service(self.service))
    }

    /// The same, where more than the service has a name.
    pub fn found_of(
        &self,
        problem: Problem,
        rule: &'static Rule,
        cause: String,
        quotes: &[(&str, String)],
        names: Names,
    ) -> Finding {
        let mut draft = Draft::of(rule);
        for (field, text) in quotes {
            draft.quote(*field, text.clone());
        }
        self.finding(problem, None, cause, draft.verdict(names))
    }

    pub fn finding(&self, problem: Problem, since: Option<Timestamp>, cause: String, verdict: Verdict) -> Finding {
        Finding { problem, since, cause, verdict: Some(Arc::new(verdict)) }
    }
}
