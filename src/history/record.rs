//! Converts rows to records and back.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    diagnose::{self, Known},
    knowledge::Verdict,
    resource::{Kind, Row, TypedRow, deployment, deployment::Deployment, event, event::ServiceEvent, task, task::Task},
};

/// JSON key for the ARN of a row's service.
const SERVICE_ARN: &str = "serviceArn";

/// Kind of a record. The numbers are stored in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    Task = 0,
    Event = 1,
    Deployment = 2,
}

impl RecordKind {
    pub(super) const ALL: [Self; 3] = [Self::Task, Self::Event, Self::Deployment];

    pub(super) fn for_kind(kind: &Kind) -> Option<Self> {
        match kind {
            kind if kind == &task::KIND => Some(Self::Task),
            kind if kind == &event::KIND => Some(Self::Event),
            kind if kind == &deployment::KIND => Some(Self::Deployment),
            _ => None,
        }
    }
}

/// A row as it is stored. Of several with the same name the greatest `(at, version)` wins, and of equal ones the
/// longest.
#[derive(Debug)]
pub(super) struct Record {
    pub kind: RecordKind,
    pub cluster: String,
    pub service: String,
    pub name: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    pub version: i64,
    pub body: String,
}

impl Record {
    pub(super) fn from_task(task: &Task, now: Timestamp) -> Self {
        Self {
            kind: RecordKind::Task,
            cluster: task.cluster_name.clone(),
            service: task.service().unwrap_or_default().to_owned(),
            name: task.task_arn.clone(),
            at: ended_at(task).unwrap_or(now).as_millisecond(),
            version: task.version,
            body: to_json(task, None),
        }
    }

    pub(super) fn from_event(event: &ServiceEvent, now: Timestamp) -> Self {
        Self {
            kind: RecordKind::Event,
            cluster: event.cluster_name.clone(),
            service: event.service_name.clone(),
            name: event.id.clone(),
            at: event.created_at.unwrap_or(now).as_millisecond(),
            version: 0,
            body: to_json(event, Some(&event.service_arn)),
        }
    }

    /// Of a deployment the last observation wins.
    pub(super) fn from_deployment(deployment: &Deployment, now: Timestamp) -> Self {
        Self {
            kind: RecordKind::Deployment,
            cluster: deployment.cluster_name.clone(),
            service: deployment.service_name.clone(),
            name: deployment.id.clone(),
            at: deployment.created_at.unwrap_or(now).as_millisecond(),
            version: now.as_millisecond(),
            body: to_json(deployment, Some(&deployment.service_arn)),
        }
    }
}

/// When a task ended, as precisely as known.
fn ended_at(task: &Task) -> Option<Timestamp> {
    let ends = [task.stopped_at, task.execution_stopped_at, task.stopping_at, task.started_at, task.created_at];
    ends.into_iter().flatten().next()
}

/// The time by which a row is sorted and filtered; absent for a task that has not stopped.
pub fn occurred_at(row: &dyn Row) -> Option<Timestamp> {
    match row.typed() {
        TypedRow::Task(task) => ended_at(task).filter(|_| task.stopped()),
        TypedRow::Event(event) => event.created_at,
        TypedRow::Deployment(deployment) => deployment.created_at,
        _ => None,
    }
}

/// `row` with its archived flag changed; `None` if it has that value already, or can't be archived.
pub fn with_archived(row: &dyn Row, archived: bool) -> Option<Arc<dyn Row>> {
    if row.archived() == archived {
        return None;
    }
    Some(match row.typed() {
        TypedRow::Task(task) => Arc::new(Task { archived, ..task.clone() }),
        TypedRow::Event(event) => Arc::new(ServiceEvent { archived, ..event.clone() }),
        TypedRow::Deployment(deployment) => Arc::new(Deployment { archived, ..deployment.clone() }),
        _ => return None,
    })
}

/// Restores a row from its stored `body`, classified at `now`; `None` if it can't be parsed.
pub(super) fn restore(
    kind: RecordKind,
    cluster: &str,
    service: &str,
    body: &str,
    now: Timestamp,
) -> Option<Arc<dyn Row>> {
    let value: Value = serde_json::from_str(body).ok()?;
    let service_arn = value.get(SERVICE_ARN).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (cluster_name, service_name, archived) = (cluster.to_owned(), service.to_owned(), true);
    let row: serde_json::Result<Arc<dyn Row>> = match kind {
        RecordKind::Task => serde_json::from_value(value).map(|task: Task| Arc::new(complete_task(task, now)) as _),
        RecordKind::Event => serde_json::from_value(value).map(|event: ServiceEvent| {
            Arc::new(ServiceEvent { cluster_name, service_name, service_arn, archived, ..event }) as _
        }),
        RecordKind::Deployment => serde_json::from_value(value).map(|deployment: Deployment| {
            Arc::new(Deployment { cluster_name, service_name, service_arn, archived, ..deployment }) as _
        }),
    };
    row.inspect_err(|error| tracing::warn!("a row in history makes no sense: {error}")).ok()
}

/// The verdict of a stopped task, diagnosed alone if it has none yet.
pub(super) fn verdict_of(task: &Task, now: Timestamp) -> Arc<Verdict> {
    let diagnose = || Arc::new(diagnose::diagnose_stop(task, &Known::of([], now)));
    task.verdict.clone().unwrap_or_else(diagnose)
}

/// Adds to a restored task its verdict, and to its containers the fields they take from it.
fn complete_task(mut task: Task, now: Timestamp) -> Task {
    task.verdict = Some(verdict_of(&task, now));
    task.archived = true;
    for container in &mut task.containers {
        container.cluster_name.clone_from(&task.cluster_name);
        container.task_arn.clone_from(&task.task_arn);
        container.group.clone_from(&task.group);
    }
    task
}

/// The JSON of a row, without empty members.
fn to_json<R: Serialize>(row: &R, service_arn: Option<&str>) -> String {
    let mut value = serde_json::to_value(row).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        members.remove("archived");
        members.extend(service_arn.map(|arn| (SERVICE_ARN.to_owned(), arn.into())));
    }
    remove_empty(&mut value);
    value.to_string()
}

fn remove_empty(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null() && member.as_array().is_none_or(|items| !items.is_empty()));
            members.values_mut().for_each(remove_empty);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_empty),
        _ => {}
    }
}
