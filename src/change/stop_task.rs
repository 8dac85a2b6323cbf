//! Stopping a task.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Query, Relation, Row, Status, TypedRow, View,
        format::{in_words, short_id},
        service, task,
        task::Task,
    },
};

pub static STOP_TASK: ChangeKind = ChangeKind {
    name: "stop",
    title: "Stop",
    button: "stop",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: None,
};

/// The reason of the stop in ECS.
const REASON: &str = "stopped with ecsight";

fn make(row: &dyn Row, _: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let task = running_task(row, known)?;
    let cluster = &task.cluster_name;
    let desired = task.service().and_then(|name| known.service(cluster, name)).map(|service| service.desired_count);
    let service = task.service().map(str::to_owned);
    Ok(Arc::new(StopTask { target: task_target(task), service, consequences: consequences(task, desired) }))
}

/// The task that `row` is, or belongs to, where it neither has stopped nor is about to.
pub(super) fn running_task<'a>(row: &dyn Row, known: &Known<'a>) -> Result<&'a Task, String> {
    let (cluster, arn) = row
        .related(Relation::Owner)
        .and(row.cluster())
        .zip(task_arn(row))
        .ok_or_else(|| format!("{} {} is not a task", row.kind().name, row.name()))?;
    let task = known.task(cluster, &arn).ok_or("the task is not loaded yet; try again in a moment")?;
    if task.stopped() {
        return Err(format!("{} has stopped already", task.label()));
    }
    if task.desired_status.as_deref() == Some("STOPPED") {
        return Err(format!("{} is stopping already", task.label()));
    }
    Ok(task)
}

/// A task as a target.
pub(super) fn task_target(task: &Task) -> ChangeTarget {
    ChangeTarget {
        kind: "task",
        name: short_id(&task.task_arn).to_owned(),
        cluster: task.cluster_name.clone(),
        arn: task.task_arn.clone(),
    }
}

/// The views of a task, of its cluster's and its service's tasks, and of the service.
pub(super) fn task_views(target: &ChangeTarget, service: Option<&str>) -> Vec<View> {
    let ChangeTarget { cluster, arn, .. } = target;
    let mut views = vec![
        View::new(&task::KIND, Query { status: Status::All, ..Query::task(&**cluster, &**arn) }),
        View::new(&task::KIND, Query::task(&**cluster, &**arn)),
        View::new(&task::KIND, Query::cluster(&**cluster)),
    ];
    if let Some(name) = service {
        views.push(View::new(&task::KIND, Query::service(&**cluster, name)));
        views.push(View::new(&service::KIND, Query::service(&**cluster, name)));
    }
    views
}

/// The task of a row, or the row itself.
fn task_arn(row: &dyn Row) -> Option<String> {
    match row.typed() {
        TypedRow::Task(task) => Some(task.task_arn.clone()),
        _ => row.parent().filter(|parent| parent.contains(":task/")).map(str::to_owned),
    }
}

fn consequences(task: &Task, desired: Option<i32>) -> Vec<String> {
    let of = match (task.service(), desired) {
        (Some(name), Some(desired)) => format!("{name} keeps desired {desired}: ECS starts a replacement"),
        (Some(name), None) => format!("{name} starts a replacement"),
        (None, _) => "it does not belong to a service: nothing starts it again".to_owned(),
    };
    vec![of, "its containers get the stop signal, and are killed after their stop timeout (30 s by default)".into()]
}

#[derive(Debug)]
struct StopTask {
    target: ChangeTarget,
    service: Option<String>,
    consequences: Vec<String>,
}

impl Change for StopTask {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Disruptive
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { arn, cluster, .. } = &self.target;
        input(operation::STOP_TASK, [("cluster", json!(cluster)), ("task", json!(arn)), ("reason", json!(REASON))])
    }

    fn touches(&self) -> Vec<View> {
        task_views(&self.target, self.service.as_deref())
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let task = known.task(&self.target.cluster, &self.target.arn);
        match task.and_then(|task| task.last_status.as_deref()) {
            Some("STOPPED") => ChangeProgress::Settled("stopped".to_owned()),
            Some(status) => ChangeProgress::UnderWay(in_words(status)),
            None => ChangeProgress::UnderWay("not loaded yet".to_owned()),
        }
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { arn, cluster, .. } = self.target.clone();
        let request = clients.ecs.stop_task().cluster(cluster).task(arn).reason(REASON);
        async move {
            clients.call(operation::STOP_TASK, request.send()).await?;
            Ok("stopping".to_owned())
        }
        .boxed()
    }
}
