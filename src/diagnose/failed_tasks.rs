//! Recent failed tasks of a service, and their most frequent causes.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{GroupKey, HOUR, Known, diagnose_stop, group_key};
use crate::{
    knowledge::{Class, Verdict},
    resource::{deployment::Deployment, format::seconds_since, service::Service, task::Task},
};

/// A task that failed.
#[derive(Debug, Clone)]
pub(super) struct FailedTask<'a> {
    pub task: &'a Task,
    pub verdict: Arc<Verdict>,
    pub at: Timestamp,
}

/// Tasks that failed with the same cause, newest first.
#[derive(Debug, Clone)]
pub(super) struct CauseGroup<'a> {
    pub tasks: Vec<FailedTask<'a>>,
}

/// The verdict of `task`, computed unless it has one.
pub(super) fn verdict_of(task: &Task, known: &Known<'_>) -> Arc<Verdict> {
    task.verdict.clone().unwrap_or_else(|| Arc::new(diagnose_stop(task, known)))
}

/// The tasks of `service` that failed within the last hour, newest first.
pub(super) fn failed_tasks<'a>(service: &Service, known: &Known<'a>) -> Vec<FailedTask<'a>> {
    let tasks = known.tasks(&service.cluster_name, &service.service_name).iter();
    let late = tasks.filter(|task| task.stopped()).filter_map(|task| Some((*task, task.stopped_at?)));
    let late = late.filter(|(_, at)| seconds_since(*at, known.now) < HOUR);
    let judged = late.map(|(task, at)| FailedTask { task, verdict: verdict_of(task, known), at });
    let mut failed: Vec<FailedTask<'a>> = judged.filter(|failed| failed.verdict.class >= Class::Failure).collect();
    failed.sort_by_key(|failed| (std::cmp::Reverse(failed.at), failed.task.task_arn.as_str()));
    failed
}

/// Whether `deployment` started `task`.
pub(super) fn started_by(task: &Task, deployment: &Deployment) -> bool {
    match task.started_by.as_deref().filter(|by| by.starts_with("ecs-svc/")) {
        Some(by) => by == deployment.id,
        None => task.task_definition_arn.is_some() && task.task_definition_arn == deployment.task_definition,
    }
}

/// Groups `failed` by cause, the most frequent first; among equals, the newest.
pub(super) fn group_by_cause<'a, 'b>(failed: impl IntoIterator<Item = &'b FailedTask<'a>>) -> Vec<CauseGroup<'a>>
where
    'a: 'b,
{
    let mut groups: Vec<CauseGroup<'a>> = Vec::new();
    let mut places: HashMap<GroupKey, usize> = HashMap::new();
    for failed in failed {
        let place = *places.entry(group_key(failed.task, &failed.verdict)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.tasks.push(failed.clone()),
            None => groups.push(CauseGroup { tasks: vec![failed.clone()] }),
        }
    }
    // Stable sort: tasks were newest first, and so were groups.
    groups.sort_by_key(|group| std::cmp::Reverse(group.tasks.len()));
    groups
}

impl CauseGroup<'_> {
    pub(super) fn newest(&self) -> Option<&FailedTask<'_>> {
        self.tasks.first()
    }

    pub(super) fn count(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.tasks.last().map(|failed| failed.at)
    }

    /// Average seconds between two tasks; absent if there are too few.
    pub(super) fn average_gap(&self) -> Option<i64> {
        let (first, last) = (self.first()?, self.newest()?.at);
        let gaps = i64::try_from(self.count()).ok()? - 1;
        (gaps >= 2).then(|| seconds_since(first, last) / gaps)
    }

    /// `out of memory: app (137)`.
    pub(super) fn summary(&self) -> String {
        self.newest().map(|failed| failed.verdict.line()).unwrap_or_default()
    }
}

/// `once`, `twice`, `14 times`.
pub(super) fn count_times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}
