//! Diagnosis: from tasks, services and instances as AWS describes them to their problems. Pure functions over known
//! rows.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::resource::{
    Row, TypedRow, Zone, command::CommandScope, evidence::Evidence, instance::Instance, revision::Revision,
    rollout::Rollout, service::Service, task::Task,
};

#[cfg(test)]
mod builders;
mod capacity;
mod drain;
mod exec_check;
mod explain;
mod failed_tasks;
pub mod failures;
mod group;
mod instance;
mod message;
pub mod names;
mod pending;
mod placement;
mod progress;
#[cfg(test)]
mod random_tests;
mod rollout;
mod service;
mod service_context;
mod service_events;
mod stop;
pub mod timeline;
pub mod trouble;
mod verdict_builder;

pub use drain::{DrainedTask, TaskFate, plan_drain};
pub use exec_check::{CheckResult, ExecCheck, check_exec, exec_blocker, exec_report, with_session_advice};
pub use explain::{Explanation, explain};
pub use group::{GroupKey, group_key};
pub use instance::diagnose_instance;
pub use message::{AwsMessage, diagnose_event, diagnose_message};
pub use pending::diagnose_pending;
pub use progress::{Progress, progress};
pub use rollout::{current_rollout, rollout_report};
pub use service::{diagnose_service, has_unlisted_failures};
pub use stop::diagnose_stop;

use failed_tasks::verdict_of;
use verdict_builder::VerdictBuilder;

const MINUTE: i64 = 60;
/// Failures within this time count; also how long AWS keeps stopped tasks at least.
const HOUR: i64 = 3600;

/// Keyed by cluster and service.
type ByName<'a, T> = HashMap<&'a str, HashMap<&'a str, T>>;

/// The rows that a diagnosis may use: any of them may be absent.
#[derive(Debug, Default)]
pub struct Known<'a> {
    pub now: Timestamp,
    /// Time zone for times within texts.
    pub zone: Zone,
    services: ByName<'a, &'a Service>,
    tasks: ByName<'a, Vec<&'a Task>>,
    /// Keyed by the ARN of the container instance of the tasks.
    on_instance: HashMap<&'a str, Vec<&'a Task>>,
    instances: HashMap<&'a str, Vec<&'a Instance>>,
    revisions: HashMap<&'a str, &'a Revision>,
    rollouts: ByName<'a, Vec<&'a Rollout>>,
    /// Evidence that was collected for this explanation.
    pub evidence: Option<&'a Evidence>,
    /// Where recommended commands must be sent.
    pub scope: CommandScope,
}

impl<'a> Known<'a> {
    /// Indexes `rows` of any kinds at time `now`.
    pub fn of(rows: impl IntoIterator<Item = &'a dyn Row>, now: Timestamp) -> Self {
        let mut known = Self { now, ..Self::default() };
        for row in rows {
            match row.typed() {
                TypedRow::Task(task) => {
                    if let Some(instance) = &task.container_instance_arn {
                        known.on_instance.entry(instance).or_default().push(task);
                    }
                    let cluster = known.tasks.entry(&task.cluster_name).or_default();
                    cluster.entry(task.service().unwrap_or_default()).or_default().push(task);
                }
                TypedRow::Service(service) => {
                    known.services.entry(&service.cluster_name).or_default().insert(&service.service_name, service);
                }
                TypedRow::Instance(instance) => {
                    known.instances.entry(&instance.cluster_name).or_default().push(instance);
                }
                TypedRow::Revision(revision) => {
                    known.revisions.insert(&revision.task_definition_arn, revision);
                }
                TypedRow::Rollout(rollout) => {
                    let cluster = known.rollouts.entry(&rollout.cluster_name).or_default();
                    cluster.entry(&rollout.service_name).or_default().push(rollout);
                }
                _ => {}
            }
        }
        known
    }

    pub fn service(&self, cluster: &str, name: &str) -> Option<&'a Service> {
        self.services.get(cluster)?.get(name).copied()
    }

    /// The rollouts of a service, unordered.
    pub fn rollouts(&self, cluster: &str, service: &str) -> &[&'a Rollout] {
        let services = self.rollouts.get(cluster);
        services.and_then(|services| services.get(service)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tasks of a service in any state; standalone tasks of the cluster for an empty `service`.
    pub fn tasks(&self, cluster: &str, service: &str) -> &[&'a Task] {
        let services = self.tasks.get(cluster);
        services.and_then(|services| services.get(service)).map(Vec::as_slice).unwrap_or_default()
    }

    /// One task, by its ARN.
    pub fn task(&self, cluster: &str, arn: &str) -> Option<&'a Task> {
        let mut tasks = self.tasks.get(cluster)?.values().flatten();
        tasks.find(|task| task.task_arn == arn).copied()
    }

    /// The services that deploy the task definition with this ARN, by cluster and name.
    pub fn services_of_revision(&self, arn: &str) -> Vec<&'a Service> {
        let runs = |service: &&Service| {
            let deployed = service.deployments.iter().map(|deployment| &deployment.task_definition);
            deployed.chain([&service.task_definition]).any(|own| own.as_deref() == Some(arn))
        };
        let all = self.services.values().flat_map(HashMap::values).copied();
        let mut services: Vec<&Service> = all.filter(runs).collect();
        services.sort_unstable_by_key(|service| (&service.cluster_name, &service.service_name));
        services
    }

    /// The tasks of the task definition with this ARN that have not stopped.
    pub fn tasks_of_revision(&self, arn: &str) -> Vec<&'a Task> {
        let tasks = self.tasks.values().flat_map(HashMap::values).flatten().copied();
        let mut tasks: Vec<&Task> =
            tasks.filter(|task| !task.stopped() && task.task_definition_arn.as_deref() == Some(arn)).collect();
        // A task can be in several views.
        tasks.sort_unstable_by_key(|task| &task.task_arn);
        tasks.dedup_by_key(|task| &task.task_arn);
        tasks
    }

    /// Tasks in any state on the container instance with this ARN.
    pub fn on_instance(&self, arn: &str) -> &[&'a Task] {
        self.on_instance.get(arn).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn instances(&self, cluster: &str) -> &[&'a Instance] {
        self.instances.get(cluster).map(Vec::as_slice).unwrap_or_default()
    }

    /// The task definition with this ARN, once it has been described.
    pub fn revision(&self, arn: &str) -> Option<&'a Revision> {
        let asked = self.evidence.and_then(|evidence| evidence.revision.as_ref());
        let asked = asked.filter(|revision| revision.task_definition_arn == arn);
        asked.or_else(|| self.revisions.get(arn).copied()).filter(|revision| revision.described)
    }
}
