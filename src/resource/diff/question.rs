//! What a row is compared with.

use std::sync::Arc;

use serde_json::Value;

use crate::resource::{
    Row, TypedRow,
    deployment::Deployment,
    format::last_part,
    rollout::{Rollout, RolloutRevision},
    service::Service,
    task::Task,
};

/// What to compare. Answering it takes calls to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffQuestion {
    /// Two revisions, the older one first.
    Sides(DiffSide, DiffSide),
    /// What a service runs or deploys, with what it ran before.
    LastChange {
        cluster: String,
        service: String,
        /// Number of its current service revision, and its task definition.
        number: String,
        task_definition: String,
        /// Task definition of an older deployment that still has tasks.
        earlier: Option<String>,
    },
}

/// One of two revisions to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffSide {
    /// A task definition: an ARN, `family:revision`, or a family for its newest active revision.
    TaskDefinition(String),
    /// A service revision by its ARN, and its task definition where that is known.
    ServiceRevision { arn: String, task_definition: Option<String> },
    /// What a service runs or deploys.
    Service { cluster: String, service: String },
    /// A task definition that is not registered, under a name for the screen.
    Draft { name: String, definition: Arc<Value> },
}

impl DiffQuestion {
    /// The question that one row means, or two rows that are compared with each other.
    ///
    /// # Errors
    /// A sentence that says why there is nothing to compare.
    pub fn about(rows: &[Arc<dyn Row>]) -> Result<Self, String> {
        match rows {
            [row] => Self::about_row(&**row),
            [first, second] => {
                let (a, b) = (side(&**first)?, side(&**second)?);
                let newer_first = age(&**first).zip(age(&**second)).is_some_and(|(first, second)| first > second);
                Ok(if newer_first { Self::Sides(b, a) } else { Self::Sides(a, b) })
            }
            [] => Err("there is no row here".into()),
            many => Err(format!("{} rows are marked; two are compared", many.len())),
        }
    }

    fn about_row(row: &dyn Row) -> Result<Self, String> {
        match row.typed() {
            TypedRow::Service(service) => last_change(service),
            TypedRow::Task(task) => match task.service() {
                Some(service) => Ok(Self::Sides(side(row)?, in_service(&task.cluster_name, service))),
                None => Ok(Self::Sides(side(row)?, newest(task)?)),
            },
            TypedRow::Deployment(deployment) if deployment.is_primary() => Ok(Self::LastChange {
                cluster: deployment.cluster_name.clone(),
                service: deployment.service_name.clone(),
                number: last_part(&deployment.id).to_owned(),
                task_definition: deployment.task_definition.clone().ok_or_else(|| without(row))?,
                earlier: None,
            }),
            TypedRow::Deployment(Deployment { cluster_name, service_name, .. }) => {
                Ok(Self::Sides(side(row)?, in_service(cluster_name, service_name)))
            }
            TypedRow::Rollout(rollout) => match rollout.sources.first() {
                Some(source) => Ok(Self::Sides(of_rollout(source), side(row)?)),
                None => Err("this rollout replaced nothing".into()),
            },
            TypedRow::Revision(revision) if revision.revision > 1 => {
                let before = format!("{}:{}", revision.family, revision.revision - 1);
                Ok(Self::Sides(DiffSide::TaskDefinition(before), side(row)?))
            }
            TypedRow::Revision(revision) => Err(format!("{} has no earlier revision", revision.family)),
            _ => Err(without(row)),
        }
    }
}

fn without(row: &dyn Row) -> String {
    format!("this {} has no task definition", row.kind().name)
}

/// The revision that a row stands for.
fn side(row: &dyn Row) -> Result<DiffSide, String> {
    let definition = |arn: &Option<String>| arn.clone().map(DiffSide::TaskDefinition);
    let side = match row.typed() {
        TypedRow::Service(service) => Some(in_service(&service.cluster_name, &service.service_name)),
        TypedRow::Task(task) => definition(&task.task_definition_arn),
        TypedRow::Deployment(deployment) => definition(&deployment.task_definition),
        TypedRow::Rollout(Rollout { target, .. }) => target.as_ref().map(of_rollout),
        TypedRow::Revision(revision) => Some(DiffSide::TaskDefinition(revision.task_definition_arn.clone())),
        _ => None,
    };
    side.ok_or_else(|| without(row))
}

fn in_service(cluster: &str, service: &str) -> DiffSide {
    DiffSide::Service { cluster: cluster.to_owned(), service: service.to_owned() }
}

fn of_rollout(revision: &RolloutRevision) -> DiffSide {
    let RolloutRevision { service_revision_arn: arn, task_definition, .. } = revision;
    DiffSide::ServiceRevision { arn: arn.clone(), task_definition: task_definition.clone() }
}

/// The newest revision of a standalone task's family.
fn newest(task: &Task) -> Result<DiffSide, String> {
    let family = task.revision().rsplit_once(':').map(|(family, _)| DiffSide::TaskDefinition(family.to_owned()));
    family.ok_or_else(|| without(task))
}

fn last_change(service: &Service) -> Result<DiffQuestion, String> {
    let primary = service.primary();
    let definition = primary.and_then(|primary| primary.task_definition.clone()).or(service.task_definition.clone());
    let definition = definition.ok_or_else(|| without(service))?;
    let others = service.deployments.iter().filter_map(|deployment| deployment.task_definition.clone());
    Ok(DiffQuestion::LastChange {
        cluster: service.cluster_name.clone(),
        service: service.service_name.clone(),
        number: primary.map(|primary| last_part(&primary.id).to_owned()).unwrap_or_default(),
        earlier: others.into_iter().find(|other| *other != definition),
        task_definition: definition,
    })
}

/// Something that is greater for the newer of two rows; absent where neither is newer.
fn age(row: &dyn Row) -> Option<i64> {
    match row.typed() {
        TypedRow::Task(task) => task.created_at.map(|at| at.as_second()),
        TypedRow::Deployment(deployment) => deployment.created_at.map(|at| at.as_second()),
        TypedRow::Rollout(rollout) => rollout.created_at.map(|at| at.as_second()),
        TypedRow::Revision(revision) => Some(revision.revision.into()),
        _ => None,
    }
}
