//! Draining a container instance, and activating it again.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_ecs::types::ContainerInstanceStatus;
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde_json::json;

use super::{ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, instance_target, instance_views};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    diagnose::{DrainedTask, Known, TaskFate, plan_drain},
    resource::{
        Query, Row, View, evidence::Evidence, format::count_tasks, instance, instance::Instance, service, task,
    },
};

mod evidence;

pub static DRAIN: ChangeKind = ChangeKind {
    name: "drain",
    title: "Drain",
    button: "drain",
    starts_rollout: false,
    make: |row, _, known| make(row, known, ContainerInstanceStatus::Draining),
    reports_progress: true,
    evidence: Some(evidence::collect),
};

pub static ACTIVATE: ChangeKind = ChangeKind {
    name: "activate",
    title: "Activate",
    button: "activate",
    starts_rollout: false,
    make: |row, _, known| make(row, known, ContainerInstanceStatus::Active),
    reports_progress: false,
    evidence: None,
};

/// Maximum number of services to follow with a drain.
const FOLLOWED: usize = 5;

fn make(row: &dyn Row, known: &Known<'_>, to: ContainerInstanceStatus) -> Result<Arc<dyn Change>, String> {
    let about = row.about();
    let row = about.as_ref().map_or(row, |(_, row)| &**row);
    let cluster = row.cluster().unwrap_or_default();
    let instance = known.instances(cluster).iter().find(|known| known.container_instance_arn == row.id());
    let instance = instance.ok_or_else(|| format!("{} {} is not a container instance", row.kind().name, row.name()))?;
    let status = instance.status.as_deref().unwrap_or_default();
    if status == to.as_str() {
        return Err(format!("{} is {} already", row.name(), status.to_lowercase()));
    }
    let protected = known.evidence.map(|evidence| evidence.protected.clone()).unwrap_or_default();
    let plan = plan_drain(instance, known, &protected);
    let consequences = match to {
        ContainerInstanceStatus::Draining => draining(instance, &plan, known.evidence),
        _ => vec!["ECS places tasks there again".to_owned()],
    };
    let mut services: Vec<String> =
        plan.iter().filter_map(|drained| drained.task.service().map(str::to_owned)).collect();
    services.sort_unstable();
    services.dedup();
    services.truncate(FOLLOWED);
    let blocker = |drained: &DrainedTask<'_>| Some((drained.task.task_arn.clone(), drained.blocker()?.to_owned()));
    let blockers = plan.iter().filter_map(blocker).collect();
    let target = instance_target(instance);
    let tasks = instance.running_tasks_count + instance.pending_tasks_count;
    Ok(Arc::new(SetState { target, to, consequences, tasks, services, protected, blockers }))
}

/// The consequences for each task on a draining instance, those that stay first.
fn draining(instance: &Instance, plan: &[DrainedTask<'_>], evidence: Option<&Evidence>) -> Vec<String> {
    let count = instance.running_tasks_count + instance.pending_tasks_count;
    let mut says = vec![match count {
        0 => "ECS places no more tasks there; it is empty".to_owned(),
        count => format!("ECS places no more tasks there; {} there", count_tasks(count)),
    }];
    if evidence.is_none() && count > 0 {
        says.push("reading what becomes of them…".to_owned());
    }
    says.extend(plan.iter().map(|drained| {
        let label = drained.label();
        match &drained.fate {
            TaskFate::Moves => format!("{label} is replaced elsewhere"),
            TaskFate::StopsFirst(why) => format!("{label} stops, and {why}"),
            TaskFate::Daemon => format!("{label} is a daemon: it stops last"),
            TaskFate::Stays(why) => format!("{label} stays: {why}"),
        }
    }));
    says.extend(evidence.iter().flat_map(|evidence| evidence.gaps.iter().cloned()));
    says
}

#[derive(Debug)]
struct SetState {
    target: ChangeTarget,
    to: ContainerInstanceStatus,
    consequences: Vec<String>,
    /// Number of tasks there before the change.
    tasks: i32,
    /// Services whose tasks are there.
    services: Vec<String>,
    protected: BTreeMap<String, Timestamp>,
    /// Why tasks were to stay when the dialog opened, by ARN: not everything that shows it is polled later.
    blockers: BTreeMap<String, String>,
}

impl SetState {
    /// How many tasks are left, and what keeps them: `12 → 3 tasks left: batch (1d7b6e2a), a standalone task: …`.
    fn describe_left(&self, instance: &Instance, left: i32, known: &Known<'_>) -> String {
        let plan = plan_drain(instance, known, &self.protected);
        let blocker = |drained: &DrainedTask<'_>| {
            let before = || self.blockers.get(&drained.task.task_arn).cloned();
            Some(format!("{}, {}", drained.label(), drained.blocker().map(str::to_owned).or_else(before)?))
        };
        let blocked: Vec<String> = plan.iter().filter_map(blocker).collect();
        let who = match blocked.as_slice() {
            [] => plan.iter().map(DrainedTask::label).collect::<Vec<_>>().join(", "),
            [one] => one.clone(),
            [first, more @ ..] => format!("{first}; and {} more", more.len()),
        };
        let who = if who.is_empty() { who } else { format!(": {who}") };
        format!("{} → {} left{who}", self.tasks, count_tasks(left))
    }
}

impl Change for SetState {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        match self.to {
            ContainerInstanceStatus::Draining => Risk::Disruptive,
            _ => Risk::Reversible,
        }
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn basis(&self) -> Vec<String> {
        Vec::new()
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { arn, cluster, .. } = &self.target;
        input(
            operation::UPDATE_CONTAINER_INSTANCES_STATE,
            [("cluster", json!(cluster)), ("containerInstances", json!([arn])), ("status", json!(self.to.as_str()))],
        )
    }

    fn touches(&self) -> Vec<View> {
        instance_views(&self.target)
    }

    /// While it drains, also its tasks and their services: they say what keeps a task there.
    fn follows(&self) -> Vec<View> {
        let own = || Query::instance(&*self.target.cluster, &*self.target.arn);
        let mut views = vec![View::new(&instance::KIND, own())];
        if self.to == ContainerInstanceStatus::Draining {
            views.push(View::new(&task::KIND, own()));
            views.extend(self.services.iter().map(|name| service::view(&self.target.cluster, name)));
        }
        views
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let instances = known.instances(&self.target.cluster).iter();
        let mut own = instances.filter(|instance| instance.container_instance_arn == self.target.arn);
        let Some(instance) = own.next() else { return ChangeProgress::UnderWay("not loaded yet".to_owned()) };
        let left = instance.running_tasks_count + instance.pending_tasks_count;
        match instance.status.as_deref() {
            Some(status) if status != self.to.as_str() => ChangeProgress::UnderWay("accepted".to_owned()),
            _ if self.to == ContainerInstanceStatus::Draining && left > 0 => {
                ChangeProgress::UnderWay(self.describe_left(instance, left, known))
            }
            _ if self.to == ContainerInstanceStatus::Draining => ChangeProgress::Settled("empty".to_owned()),
            _ => ChangeProgress::Settled("active".to_owned()),
        }
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { arn, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_container_instances_state().cluster(cluster).container_instances(arn);
        let request = request.status(self.to.clone());
        let becomes = self.to.as_str().to_lowercase();
        async move {
            let operation = operation::UPDATE_CONTAINER_INSTANCES_STATE;
            let answer = clients.call(operation, request.send()).await?;
            // A failure is in the response, which is not an error.
            match answer.failures.unwrap_or_default().into_iter().next() {
                Some(failure) => {
                    let reason = failure.reason.unwrap_or_else(|| "no reason given".to_owned());
                    Err(Failure::local(operation.name, FailureKind::Invalid, reason))
                }
                None => Ok(becomes),
            }
        }
        .boxed()
    }
}
