//! Draining a container instance, and activating it again.

use std::sync::Arc;

use aws_sdk_ecs::types::ContainerInstanceStatus;
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    diagnose::Known,
    resource::{Query, Row, View, format::count_tasks, instance, instance::Instance, task, task::Task},
};

pub static DRAIN: ChangeKind = ChangeKind {
    name: "drain",
    title: "Drain",
    button: "drain",
    starts_rollout: false,
    make: |row, _, known| make(row, known, ContainerInstanceStatus::Draining),
    evidence: None,
};

pub static ACTIVATE: ChangeKind = ChangeKind {
    name: "activate",
    title: "Activate",
    button: "activate",
    starts_rollout: false,
    make: |row, _, known| make(row, known, ContainerInstanceStatus::Active),
    evidence: None,
};

fn make(row: &dyn Row, known: &Known<'_>, to: ContainerInstanceStatus) -> Result<Arc<dyn Change>, String> {
    let about = row.about();
    let row = about.as_ref().map_or(row, |(_, row)| &**row);
    let cluster = row.cluster().unwrap_or_default();
    let instance = known.instances(cluster).iter().find(|known| known.container_instance_arn == row.id());
    let instance = instance.ok_or_else(|| format!("{} {} is not a container instance", row.kind().name, row.name()))?;
    let status = instance.status.as_deref().unwrap_or_default();
    let name = row.name().into_owned();
    if status == to.as_str() {
        return Err(format!("{name} is {} already", status.to_lowercase()));
    }
    let consequences = match to {
        ContainerInstanceStatus::Draining => draining(instance, known),
        _ => vec!["ECS places tasks there again".to_owned()],
    };
    let target = ChangeTarget {
        kind: "instance",
        name,
        cluster: cluster.to_owned(),
        arn: instance.container_instance_arn.clone(),
    };
    Ok(Arc::new(SetState { target, to, consequences }))
}

/// The consequences for tasks on a draining instance.
fn draining(instance: &Instance, known: &Known<'_>) -> Vec<String> {
    let mut says = vec!["ECS places no more tasks there".to_owned()];
    let tasks = known.on_instance(&instance.container_instance_arn);
    let running = tasks.iter().copied().filter(|task| !task.stopped());
    let (of_services, standalone): (Vec<&Task>, Vec<&Task>) = running.partition(|task| task.service().is_some());
    if of_services.is_empty() && standalone.is_empty() && instance.running_tasks_count > 0 {
        says.push(format!(
            "{} there: those of services are replaced elsewhere",
            count_tasks(instance.running_tasks_count)
        ));
    }
    let mut services: Vec<&str> = of_services.iter().filter_map(|task| task.service()).collect();
    services.sort_unstable();
    services.dedup();
    if !of_services.is_empty() {
        let count = count_tasks(i32::try_from(of_services.len()).unwrap_or(i32::MAX));
        says.push(format!("{count} of {}: replaced elsewhere, within each service's limits", services.join(", ")));
    }
    if !standalone.is_empty() {
        says.push(match standalone.len() {
            1 => "1 standalone task keeps running until it ends".to_owned(),
            count => format!("{count} standalone tasks keep running until they end"),
        });
    }
    says
}

#[derive(Debug)]
struct SetState {
    target: ChangeTarget,
    to: ContainerInstanceStatus,
    consequences: Vec<String>,
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
        let query = || Query::cluster(&*self.target.cluster);
        let own = Query::instance(&*self.target.cluster, &*self.target.arn);
        vec![View::new(&instance::KIND, own.clone()), View::new(&instance::KIND, query()), View::new(&task::KIND, own)]
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let instances = known.instances(&self.target.cluster).iter();
        let mut own = instances.filter(|instance| instance.container_instance_arn == self.target.arn);
        let Some(instance) = own.next() else { return ChangeProgress::UnderWay("not loaded yet".to_owned()) };
        let left = instance.running_tasks_count + instance.pending_tasks_count;
        match instance.status.as_deref() {
            Some(status) if status != self.to.as_str() => ChangeProgress::UnderWay("accepted".to_owned()),
            _ if self.to == ContainerInstanceStatus::Draining && left > 0 => {
                ChangeProgress::UnderWay(format!("{} left", count_tasks(left)))
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
