//! Reads both sides of a comparison from AWS: one DescribeTaskDefinition a side, and what it takes to find the sides.

use std::sync::Arc;

use aws_sdk_ecs::types::TaskDefinitionField;
use futures::future::try_join;
use serde_json::Value;

use super::raw::readable_times;
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    change::registerable,
    resource::{
        diff::{DescribedRevision, Diff, DiffQuestion, DiffSide},
        format::last_part,
    },
};

/// Service revisions in one call, at most.
const REVISIONS: usize = 20;

/// A side whose task definition has not been read yet.
#[derive(Debug, Clone, PartialEq)]
struct FoundSide {
    definition: DefinitionSource,
    service: Option<Value>,
}

/// Where a task definition comes from.
#[derive(Debug, Clone, PartialEq)]
enum DefinitionSource {
    Registered(String),
    Draft { name: String, definition: Arc<Value> },
}

impl FoundSide {
    fn registered(name: &str) -> Self {
        Self { definition: DefinitionSource::Registered(name.to_owned()), service: None }
    }
}

/// Reads and compares both sides.
///
/// # Errors
/// The first failed call without which there is nothing to compare.
pub async fn fetch_diff(clients: &Clients, question: &DiffQuestion) -> Result<Diff, Failure> {
    let (old, new) = match question {
        DiffQuestion::Sides(old, new) => {
            let revisions = [old, new].into_iter().filter_map(|side| match side {
                DiffSide::ServiceRevision { arn, .. } => Some(arn.clone()),
                _ => None,
            });
            let revisions = service_revisions(clients, revisions.collect()).await;
            try_join(find(clients, old, &revisions), find(clients, new, &revisions)).await?
        }
        DiffQuestion::LastChange { cluster, service, number, task_definition, earlier } => {
            let revisions = deployed(clients, cluster, service).await;
            let current = revisions.iter().find(|revision| is_number(revision, number));
            let before = revisions.iter().find(|revision| current.is_some_and(|current| differs(revision, current)));
            match (before, current) {
                (Some(before), Some(current)) => (found(before)?, found(current)?),
                _ => without_service_revisions(service, task_definition, earlier.as_deref())?,
            }
        }
    };
    let (old, new) = if old.definition == new.definition {
        let before = read(clients, old).await?;
        let after = DescribedRevision { service: new.service, ..before.clone() };
        (before, after)
    } else {
        try_join(read(clients, old), read(clients, new)).await?
    };
    Ok(Diff::new(&old, &new))
}

fn described(task_definition: Value, service: Option<Value>) -> DescribedRevision {
    let name = task_definition.get("taskDefinitionArn").and_then(Value::as_str).map(last_part).unwrap_or_default();
    DescribedRevision { name: name.to_owned(), task_definition, service }
}

/// Reads the task definition of a side, unless it is a draft.
async fn read(clients: &Clients, side: FoundSide) -> Result<DescribedRevision, Failure> {
    match side.definition {
        DefinitionSource::Registered(name) => Ok(described(describe(clients, &name).await?, side.service)),
        DefinitionSource::Draft { name, definition } => {
            Ok(DescribedRevision { name, task_definition: (*definition).clone(), service: side.service })
        }
    }
}

/// Reads the part of a task definition that can be registered again, with its tags: one call.
///
/// # Errors
/// The failure of the call.
pub async fn fetch_registerable(clients: &Clients, name: &str) -> Result<Value, Failure> {
    let (clients, captured) = clients.capturing();
    let request = clients.ecs.describe_task_definition().task_definition(name).include(TaskDefinitionField::Tags);
    clients.call(operation::DESCRIBE_TASK_DEFINITION, request.send()).await?;
    let none = || Failure::garbled(operation::DESCRIBE_TASK_DEFINITION.name, "an answer without JSON");
    captured.take().pop().map(|answer| registerable(&answer)).ok_or_else(none)
}

/// The task definition of a side, and its service settings.
async fn find(clients: &Clients, side: &DiffSide, revisions: &[Value]) -> Result<FoundSide, Failure> {
    match side {
        DiffSide::TaskDefinition(name) => Ok(FoundSide::registered(name)),
        DiffSide::Draft { name, definition } => {
            let definition = DefinitionSource::Draft { name: name.clone(), definition: definition.clone() };
            Ok(FoundSide { definition, service: None })
        }
        DiffSide::ServiceRevision { arn, task_definition } => {
            let revision = revisions.iter().find(|revision| text(revision, "serviceRevisionArn") == Some(arn));
            match (revision, task_definition) {
                (Some(revision), _) => found(revision),
                (None, Some(name)) => Ok(FoundSide::registered(name)),
                (None, None) => {
                    Err(missing(operation::DESCRIBE_SERVICE_REVISIONS.name, format!("{} is not known", last_part(arn))))
                }
            }
        }
        DiffSide::Service { cluster, service } => {
            let (clients, captured) = clients.capturing();
            let request = clients.ecs.describe_services().cluster(cluster).services(service);
            clients.call(operation::DESCRIBE_SERVICES, request.send()).await?;
            let described = captured.take().pop().and_then(|answer| answer.pointer("/services/0").cloned());
            let none = || missing(operation::DESCRIBE_SERVICES.name, format!("service {service} does not exist"));
            found(&described.ok_or_else(none)?)
        }
    }
}

/// A service or a service revision as a side.
fn found(settings: &Value) -> Result<FoundSide, Failure> {
    let none = || Failure::garbled(operation::DESCRIBE_SERVICE_REVISIONS.name, "a service without a task definition");
    let name = text(settings, "taskDefinition").ok_or_else(none)?;
    Ok(FoundSide { service: Some(settings.clone()), ..FoundSide::registered(name) })
}

/// The task definition as AWS describes it.
async fn describe(clients: &Clients, name: &str) -> Result<Value, Failure> {
    let (clients, captured) = clients.capturing();
    let request = clients.ecs.describe_task_definition().task_definition(name);
    clients.call(operation::DESCRIBE_TASK_DEFINITION, request.send()).await?;
    let definition = captured.take().pop().and_then(|mut answer| answer.get_mut("taskDefinition").map(Value::take));
    let none = || missing(operation::DESCRIBE_TASK_DEFINITION.name, format!("{} does not exist", last_part(name)));
    definition.map(readable_times).ok_or_else(none)
}

/// The service revisions that were deployed last, newest first. Empty without the permissions.
async fn deployed(clients: &Clients, cluster: &str, service: &str) -> Vec<Value> {
    let request = clients.ecs.list_service_deployments().cluster(cluster).service(service);
    let request = request.max_results(i32::try_from(REVISIONS).unwrap_or(i32::MAX));
    let Some(answer) = clients.optional(operation::LIST_SERVICE_DEPLOYMENTS, request.send()).await else {
        return Vec::new();
    };
    let mut deployments = answer.service_deployments.unwrap_or_default();
    deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at.map(|at| at.as_nanos())));
    let mut arns: Vec<String> = Vec::new();
    for arn in deployments.into_iter().filter_map(|deployment| deployment.target_service_revision_arn) {
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    let revisions = service_revisions(clients, arns.clone()).await;
    let of = |arn: &String| revisions.iter().find(|revision| text(revision, "serviceRevisionArn") == Some(arn));
    arns.iter().filter_map(of).cloned().collect()
}

/// The service revisions with these ARNs. Empty without the permission.
async fn service_revisions(clients: &Clients, mut arns: Vec<String>) -> Vec<Value> {
    // A rollout that is made of what DescribeServices says has only the numbers of its revisions.
    arns.retain(|arn| arn.starts_with("arn:"));
    arns.dedup();
    if arns.is_empty() {
        return Vec::new();
    }
    let (clients, captured) = clients.capturing();
    let request = clients.ecs.describe_service_revisions().set_service_revision_arns(Some(arns));
    if clients.optional(operation::DESCRIBE_SERVICE_REVISIONS, request.send()).await.is_none() {
        return Vec::new();
    }
    let answer = captured.take().pop().and_then(|mut answer| answer.get_mut("serviceRevisions").map(Value::take));
    match answer {
        Some(Value::Array(revisions)) => revisions,
        _ => Vec::new(),
    }
}

/// What is compared where service revisions can't be read, or are all the same: task definitions.
fn without_service_revisions(
    service: &str,
    current: &str,
    earlier: Option<&str>,
) -> Result<(FoundSide, FoundSide), Failure> {
    let before = || {
        let (family, revision) = last_part(current).rsplit_once(':')?;
        let number: u32 = revision.parse().ok()?;
        (number > 1).then(|| format!("{family}:{}", number - 1))
    };
    let none = || missing(operation::DESCRIBE_SERVICE_REVISIONS.name, format!("{service} has no earlier revision"));
    let old = earlier.map(str::to_owned).or_else(before).ok_or_else(none)?;
    Ok((FoundSide::registered(&old), FoundSide::registered(current)))
}

/// Whether two service revisions deploy something else.
fn differs(revision: &Value, other: &Value) -> bool {
    let settings = |revision: &Value| described(Value::Null, Some(revision.clone()));
    text(revision, "taskDefinition") != text(other, "taskDefinition")
        || Diff::new(&settings(revision), &settings(other)).differences() > 0
}

fn is_number(revision: &Value, number: &str) -> bool {
    text(revision, "serviceRevisionArn").map(last_part) == Some(number)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn missing(operation: &'static str, message: String) -> Failure {
    Failure::local(operation, FailureKind::NotFound, message)
}
