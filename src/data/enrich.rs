//! Facts that one kind's rows take from another's: failures of the last hour on services, the current revision on
//! tasks.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::FeedKey;
use crate::resource::{
    Query, Row, Status, TypedRow, View, cluster, deployment, service, service::Service, task, task::Task,
};

/// The period in which failures count; also how long AWS keeps stopped tasks at least.
const HOUR: i64 = 3600;

/// The feed of all clusters.
pub(super) fn clusters() -> FeedKey {
    View::new(&cluster::KIND, Query::default())
}

/// Views that `view` needs besides its own rows; polled slowly.
pub(super) fn companions(view: &View) -> Vec<View> {
    let query = &view.query;
    let mut views = Vec::new();
    if [&service::KIND, &deployment::KIND].contains(&view.kind) {
        let stopped = Query { cluster: query.cluster.clone(), status: Status::Stopped, ..Query::default() };
        views.push(View::new(&task::KIND, stopped));
    } else if view.kind == &task::KIND && query.service.is_some() && query.task.is_none() {
        let service = Query { cluster: query.cluster.clone(), service: query.service.clone(), ..Query::default() };
        views.push(View::new(&service::KIND, service));
    }
    views
}

/// Cluster and service, by name.
type ServiceKey = (String, String);

/// Services to diagnose again, because something their diagnosis depends on has changed.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    all: bool,
    clusters: HashSet<String>,
    /// Keyed by cluster.
    services: HashMap<String, HashSet<String>>,
}

impl Dirty {
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Marks the services that `row`, which is new or has changed, concerns.
    pub(super) fn mark(&mut self, row: &dyn Row) {
        match row.typed() {
            TypedRow::Service(service) => self.mark_service(&service.cluster_name, &service.service_name),
            TypedRow::Task(task) => {
                task.service().into_iter().for_each(|name| self.mark_service(&task.cluster_name, name));
            }
            TypedRow::Instance(instance) => _ = self.clusters.insert(instance.cluster_name.clone()),
            TypedRow::Revision(revision) => self.all |= revision.described,
            _ => {}
        }
    }

    fn mark_service(&mut self, cluster: &str, service: &str) {
        self.services.entry(cluster.to_owned()).or_default().insert(service.to_owned());
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.all && self.clusters.is_empty() && self.services.is_empty()
    }

    pub(super) fn contains(&self, cluster: &str, service: &str) -> bool {
        let named = || self.services.get(cluster).is_some_and(|services| services.contains(service));
        self.all || self.clusters.contains(cluster) || named()
    }

    /// Whether `row` concerns one of the marked services.
    pub(super) fn affects(&self, row: &dyn Row) -> bool {
        match row.typed() {
            TypedRow::Service(service) => self.contains(&service.cluster_name, &service.service_name),
            TypedRow::Task(task) => task.service().is_some_and(|name| self.contains(&task.cluster_name, name)),
            _ => true,
        }
    }
}

/// Facts across kinds at one moment.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Failed tasks of the last hour.
    failures: HashMap<ServiceKey, u32>,
    /// Clusters whose stopped tasks have been listed: a service without an entry has no failures there.
    counted: Vec<String>,
    /// The task definition that each service deploys.
    current: HashMap<ServiceKey, String>,
}

impl Facts {
    pub(super) fn add_service(&mut self, service: &Service) {
        if let Some(definition) = &service.task_definition {
            let name = (service.cluster_name.clone(), service.service_name.clone());
            self.current.insert(name, definition.clone());
        }
    }

    /// Marks the stopped tasks of `cluster` as listed.
    pub(super) fn add_counted_cluster(&mut self, cluster: &str) {
        self.counted.push(cluster.to_owned());
    }

    pub(super) fn add_stopped_task(&mut self, task: &Task, now: Timestamp) {
        let recent = task.stopped_at.is_some_and(|at| now.as_second() - at.as_second() < HOUR);
        if let Some(service) = task.service().filter(|_| recent && task.failed()) {
            *self.failures.entry((task.cluster_name.clone(), service.to_owned())).or_default() += 1;
        }
    }

    /// Returns `row` with facts from other kinds; `None` if it already has them.
    pub(super) fn enrich(&self, row: &dyn Row) -> Option<Arc<dyn Row>> {
        match row.typed() {
            TypedRow::Service(service) => {
                let name = (service.cluster_name.clone(), service.service_name.clone());
                let counted = self.counted.contains(&service.cluster_name);
                let failed = counted.then(|| self.failures.get(&name).copied().unwrap_or_default());
                let failed_last_hour = failed.or(service.failed_last_hour);
                (failed_last_hour != service.failed_last_hour)
                    .then(|| Arc::new(Service { failed_last_hour, ..service.clone() }) as Arc<dyn Row>)
            }
            TypedRow::Task(task) => {
                let name = (task.cluster_name.clone(), task.service()?.to_owned());
                let wanted = self.current.get(&name)?;
                let own = task.task_definition_arn.as_deref()?;
                // AWS uses ARNs on both sides; other endpoints use `family:revision` on one of them.
                let current = Some(own == wanted || own.ends_with(&format!("/{wanted}")));
                (current != task.current).then(|| Arc::new(Task { current, ..task.clone() }) as Arc<dyn Row>)
            }
            _ => None,
        }
    }
}
