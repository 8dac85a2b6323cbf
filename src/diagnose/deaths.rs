//! How the tasks of a service died of late, and what most of them died of.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{GroupKey, HOUR, Known, group_key, stopped};
use crate::{
    knowledge::{Class, Verdict},
    resource::{deployment::Deployment, format::seconds_since, service::Service, task::Task},
};

/// A task that failed.
#[derive(Debug, Clone)]
pub(super) struct Death<'a> {
    pub task: &'a Task,
    pub verdict: Arc<Verdict>,
    pub at: Timestamp,
}

/// Tasks that died of the same cause, newest first.
#[derive(Debug, Clone)]
pub(super) struct Group<'a> {
    pub deaths: Vec<Death<'a>>,
}

/// Why `task` stopped: as it was judged before, where it was.
pub(super) fn verdict_of(task: &Task, known: &Known<'_>) -> Arc<Verdict> {
    task.verdict.clone().unwrap_or_else(|| Arc::new(stopped(task, known)))
}

/// The tasks of `service` that failed within the hour before now, newest first.
pub(super) fn deaths<'a>(service: &Service, known: &Known<'a>) -> Vec<Death<'a>> {
    let tasks = known.tasks(&service.cluster_name, &service.service_name).iter();
    let late = tasks.filter(|task| task.stopped()).filter_map(|task| Some((*task, task.stopped_at?)));
    let late = late.filter(|(_, at)| seconds_since(*at, known.now) < HOUR);
    let judged = late.map(|(task, at)| Death { task, verdict: verdict_of(task, known), at });
    let mut deaths: Vec<Death<'a>> = judged.filter(|death| death.verdict.class >= Class::Failure).collect();
    deaths.sort_by_key(|death| (std::cmp::Reverse(death.at), death.task.task_arn.as_str()));
    deaths
}

/// Whether `task` was started by `deployment`.
pub(super) fn started_by(task: &Task, deployment: &Deployment) -> bool {
    match task.started_by.as_deref().filter(|by| by.starts_with("ecs-svc/")) {
        Some(by) => by == deployment.id,
        None => task.task_definition_arn.is_some() && task.task_definition_arn == deployment.task_definition,
    }
}

/// `deaths` by cause, the most frequent first; of equals the newest.
pub(super) fn groups<'a, 'b>(deaths: impl IntoIterator<Item = &'b Death<'a>>) -> Vec<Group<'a>>
where
    'a: 'b,
{
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places: HashMap<GroupKey, usize> = HashMap::new();
    for death in deaths {
        let place = *places.entry(group_key(death.task, &death.verdict)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.deaths.push(death.clone()),
            None => groups.push(Group { deaths: vec![death.clone()] }),
        }
    }
    // Stable: the deaths came newest first, and so did the groups.
    groups.sort_by_key(|group| std::cmp::Reverse(group.deaths.len()));
    groups
}

impl Group<'_> {
    pub fn newest(&self) -> Option<&Death<'_>> {
        self.deaths.first()
    }

    pub fn count(&self) -> usize {
        self.deaths.len()
    }

    pub fn first(&self) -> Option<Timestamp> {
        self.deaths.last().map(|death| death.at)
    }

    /// Seconds between two of them, on average; only where there are enough to speak of a rate.
    pub fn pace(&self) -> Option<i64> {
        let (first, last) = (self.first()?, self.newest()?.at);
        let gaps = i64::try_from(self.count()).ok()? - 1;
        (gaps >= 2).then(|| seconds_since(first, last) / gaps)
    }

    /// `out of memory: app (137)`.
    pub fn line(&self) -> String {
        self.newest().map(|death| death.verdict.line()).unwrap_or_default()
    }
}

/// `once`, `twice`, `14 times`.
pub(super) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}
