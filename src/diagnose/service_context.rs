//! The context of a service for its diagnosis, gathered once.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    HOUR, Known, MINUTE, VerdictBuilder,
    failed_tasks::{FailedTask, count_times, failed_tasks, started_by},
    names,
    service_events::{ClassifiedEvent, events_since_steady},
};
use crate::{
    knowledge::{Class, Names, Rule, Topic, Verdict},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::{one_line, seconds_since},
        rollout::Hook,
        service::Service,
        task::Task,
    },
};

/// Default time limit for a start, if none is known from earlier ones.
const DEFAULT_START_TIME: i64 = 5 * MINUTE;
/// A start is overdue after this multiple of the usual time.
const START_FACTOR: i64 = 3;
/// An error event older than this may be outdated once a task has started.
const COMPLAINT_AGE: i64 = 10 * MINUTE;
/// Minimum time limit for a start.
const MIN_START_LIMIT: i64 = 3 * MINUTE;
const MAX_START_LIMIT: i64 = 30 * MINUTE;

/// Findings are based on what every list of services has, too: the service, its events, and the stopped tasks of its
/// cluster. So the list and an explanation agree, whichever views are open. Other rows add detail to an explanation.
pub(super) struct ServiceContext<'a> {
    pub service: &'a Service,
    pub known: &'a Known<'a>,
    /// Its stopped tasks, oldest first.
    pub stopped_tasks: Vec<&'a Task>,
    /// Its events since it was last steady, newest first.
    pub events: Vec<ClassifiedEvent<'a>>,
    /// Its tasks that failed in the last hour, newest first.
    pub failed_tasks: Vec<FailedTask<'a>>,
}

impl<'a> ServiceContext<'a> {
    pub(super) fn new(service: &'a Service, known: &'a Known<'a>) -> Self {
        let tasks = known.tasks(&service.cluster_name, &service.service_name).iter();
        let mut stopped: Vec<&Task> = tasks.filter(|task| task.stopped()).copied().collect();
        stopped.sort_by_key(|task| (task.created_at, task.task_arn.as_str()));
        Self {
            service,
            known,
            stopped_tasks: stopped,
            events: events_since_steady(service),
            failed_tasks: failed_tasks(service, known),
        }
    }

    /// The deployment that is being rolled out, or has failed.
    pub(super) fn rollout(&self) -> Option<&'a Deployment> {
        let primary = self.service.primary()?;
        let unfinished = matches!(primary.rollout_state.as_deref(), Some("IN_PROGRESS" | "FAILED"));
        (unfinished || self.service.deployments.len() > 1).then_some(primary)
    }

    /// The lifecycle hook that waits for a decision.
    pub(super) fn pause(&self) -> Option<&'a Hook> {
        self.service.rollout.as_ref().filter(|_| self.service.deploying())?.pause()
    }

    fn is_rolling_update(&self) -> bool {
        self.service.deployment_strategy.as_deref().is_none_or(|strategy| strategy == "ROLLING")
    }

    /// Whether old and new tasks run side by side intentionally: blue/green and similar strategies before cleanup.
    pub(super) fn side_by_side(&self) -> bool {
        let stage = self.service.rollout.as_ref().and_then(|rollout| rollout.lifecycle_stage.as_deref());
        !self.is_rolling_update() && stage.is_some_and(|stage| stage != "CLEAN_UP")
    }

    /// Whether fewer tasks run than wanted, of the service or of its rollout, regardless of pending ones.
    pub(super) fn lacks_tasks(&self) -> bool {
        let rollout = self.rollout().is_some_and(|primary| primary.running_count < primary.desired_count);
        rollout || self.service.running_count < self.service.desired_count
    }

    /// The last progress: a rollout began or reached a stage, a task started that stays, or was stopped as part of a
    /// rollout. Error events and failed tasks are not progress.
    pub(super) fn progressed_at(&self) -> Option<Timestamp> {
        let rollout = self.rollout().and_then(|primary| primary.created_at);
        let progress = self.service.rollout.as_ref().filter(|_| self.service.deploying());
        let stage =
            progress.map(|progress| [progress.started_at, progress.updated_at.filter(|_| !self.is_rolling_update())]);
        // Events are newer than the steady state, which is the one after them.
        let event =
            self.events.iter().find(|classified| self.is_progress(classified)).map(|classified| classified.event);
        let event = event.or_else(|| self.service.events.get(self.events.len()));
        let times = stage.into_iter().flatten().chain([rollout, event.and_then(|event| event.created_at)]);
        times.flatten().max()
    }

    fn is_progress(&self, classified: &ClassifiedEvent<'_>) -> bool {
        if classified.is_task_start() {
            let text = &classified.event.message;
            let dead = |task: &&&Task| !task.task_id().is_empty() && text.contains(task.task_id());
            let died = self.stopped_tasks.iter().filter(dead).count();
            return died == 0 || died < text.matches("(task ").count();
        }
        // While tasks are missing outside a rollout, stopping one is not progress.
        let goes = self.rollout().is_some() || !self.lacks_tasks();
        classified.rule.is_some()
            && classified.class() == Class::Normal
            && (goes || classified.topic() == Topic::Registration)
    }

    /// The last activity except for error events: progress, or a stopped task.
    pub(super) fn last_activity_at(&self) -> Option<Timestamp> {
        let stops = self.stopped_tasks.iter().flat_map(|task| [task.stopping_at, task.stopped_at]).flatten();
        self.progressed_at().into_iter().chain(stops).max()
    }

    /// Failures that ECS counts for a rollout of the last hour, and whose tasks are not known yet: the service is read more
    /// often than the list of stopped tasks.
    pub(super) fn unlisted_failures(&self) -> usize {
        let young =
            |primary: &&Deployment| primary.created_at.is_some_and(|at| seconds_since(at, self.known.now) < HOUR);
        let Some(primary) = self.rollout().filter(young) else { return 0 };
        let tasks = self.known.tasks(&self.service.cluster_name, &self.service.service_name).iter();
        // ECS counts a failure when the task begins to stop.
        let stopping = tasks.filter(|task| !task.stopped() && task.desired_status.as_deref() == Some("STOPPED"));
        let stopping = stopping.filter(|task| started_by(task, primary)).count();
        let counted = usize::try_from(primary.failed_tasks).unwrap_or_default();
        counted.saturating_sub(self.rollout_failures().count() + stopping)
    }

    /// Seconds without progress after which a start is overdue, from the start times of known tasks.
    pub(super) fn start_limit(&self) -> i64 {
        let started = |task: &&Task| Some(seconds_since(task.created_at?, task.started_at?));
        let slowest = self.stopped_tasks.iter().filter_map(started).max();
        let usual = slowest
            .map_or(DEFAULT_START_TIME, |seconds| (START_FACTOR * seconds).clamp(MIN_START_LIMIT, MAX_START_LIMIT));
        let grace = self.service.health_check_grace_period_seconds.filter(|_| !self.service.target_groups.is_empty());
        usual + i64::from(grace.unwrap_or_default()).clamp(0, MAX_START_LIMIT)
    }

    /// Whether there has been no progress for `seconds`, if known.
    pub(super) fn stalled_for(&self, seconds: i64) -> bool {
        self.progressed_at().is_some_and(|at| seconds_since(at, self.known.now) > seconds)
    }

    /// Number of events like `classified` in the last hour.
    pub(super) fn repeats(&self, classified: &ClassifiedEvent<'_>) -> usize {
        let late = |other: &&ClassifiedEvent<'_>| {
            other.rule_id() == classified.rule_id()
                && other.event.created_at.is_some_and(|at| seconds_since(at, self.known.now) < HOUR)
        };
        self.events.iter().filter(late).count()
    }

    /// `line`, with the number of events like `classified` in the last hour if it is more than one.
    pub(super) fn with_count(&self, line: String, classified: &ClassifiedEvent<'_>) -> String {
        match self.repeats(classified) {
            0 | 1 => line,
            count => format!("{line}, {} in the last hour", count_times(count)),
        }
    }

    /// The newest event about a failed placement, if it is current: tasks are missing, and none has started since, or
    /// the errors continue.
    pub(super) fn placement_failure(&self) -> Option<&ClassifiedEvent<'a>> {
        if !self.lacks_tasks() {
            return None;
        }
        let begun = self.rollout().and_then(|primary| primary.created_at);
        let newer = |classified: &&ClassifiedEvent<'_>| {
            classified.is_placement_failure() && (begun.is_none() || classified.event.created_at >= begun)
        };
        let newest = self.events.iter().find(newer)?;
        let still = newest.event.created_at >= self.progressed_at();
        let recent = newest.event.created_at.is_some_and(|at| seconds_since(at, self.known.now) < COMPLAINT_AGE);
        (still || (recent && self.repeats(newest) > 1)).then_some(newest)
    }

    /// The newest event that satisfies `is`; empty if there is none.
    pub(super) fn newest_message(&self, is: impl Fn(&ClassifiedEvent<'a>) -> bool) -> String {
        self.events
            .iter()
            .find(|classified| is(classified))
            .map(|classified| one_line(&classified.event.message))
            .unwrap_or_default()
    }

    /// A finding explained by `rule`, with quotes.
    pub(super) fn rule_finding(
        &self,
        problem: Problem,
        rule: &'static Rule,
        cause: String,
        quotes: &[(&str, String)],
    ) -> Finding {
        self.rule_finding_with_names(problem, rule, cause, quotes, names::service_names(self.service))
    }

    /// The same with additional names.
    pub(super) fn rule_finding_with_names(
        &self,
        problem: Problem,
        rule: &'static Rule,
        cause: String,
        quotes: &[(&str, String)],
        names: Names,
    ) -> Finding {
        let mut builder = VerdictBuilder::from_rule(rule);
        for (field, text) in quotes {
            builder.quote(*field, text.clone());
        }
        self.finding(problem, None, cause, builder.build(names))
    }

    pub(super) fn finding(
        &self,
        problem: Problem,
        since: Option<Timestamp>,
        cause: String,
        verdict: Verdict,
    ) -> Finding {
        Finding { problem, since, cause, verdict: Some(Arc::new(verdict)) }
    }
}
