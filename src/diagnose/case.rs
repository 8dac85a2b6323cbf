//! One service under examination: what is known of it, gathered once.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Draft, Known,
    deaths::{Death, deaths},
    names,
    news::{News, news},
};
use crate::{
    knowledge::{Names, Rule, Verdict},
    resource::{
        deployment::Deployment,
        finding::{Finding, Problem},
        format::{one_line, seconds_since},
        service::{Pause, Service},
        task::Task,
    },
};

pub(super) struct Case<'a> {
    pub service: &'a Service,
    pub known: &'a Known<'a>,
    /// Its tasks in any state, as far as they are known, oldest first.
    pub tasks: Vec<&'a Task>,
    /// Its events since it was last well, newest first.
    pub news: Vec<News<'a>>,
    /// Its tasks that failed in the last hour, newest first.
    pub deaths: Vec<Death<'a>>,
}

impl<'a> Case<'a> {
    pub fn of(service: &'a Service, known: &'a Known<'a>) -> Self {
        let mut tasks = known.tasks(&service.cluster_name, &service.service_name).to_vec();
        tasks.sort_by_key(|task| (task.created_at, task.task_arn.as_str()));
        Self { service, known, tasks, news: news(service), deaths: deaths(service, known) }
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

    /// Old and new stand side by side on purpose: blue/green and its like, before they clean up.
    pub fn side_by_side(&self) -> bool {
        let rolling = self.service.deployment_strategy.as_deref().is_none_or(|strategy| strategy == "ROLLING");
        let stage = self.service.progress.as_ref().and_then(|progress| progress.lifecycle_stage.as_deref());
        !rolling && stage.is_some_and(|stage| stage != "CLEAN_UP")
    }

    /// When anything last moved: a count, an event, a task.
    pub fn moved_at(&self) -> Option<Timestamp> {
        let rollout = self.rollout().map(|primary| [primary.created_at, primary.updated_at]);
        let progress = self.service.progress.as_ref().map(|progress| [progress.started_at, progress.updated_at]);
        let event = self.service.events.first().and_then(|event| event.created_at);
        let tasks = self.tasks.iter().flat_map(|task| {
            let Task { created_at, pull_stopped_at, started_at, stopping_at, stopped_at, .. } = task;
            [*created_at, *pull_stopped_at, *started_at, *stopping_at, *stopped_at]
        });
        let others = rollout.into_iter().chain(progress).flatten();
        others.chain([event]).chain(tasks).flatten().max()
    }

    /// Whether nothing has moved for so many seconds, as far as can be told.
    pub fn quiet_for(&self, seconds: i64) -> bool {
        self.moved_at().is_some_and(|at| seconds_since(at, self.known.now) > seconds)
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
