//! Queries and views: which rows of a kind a table shows.

use std::sync::Arc;

use super::Kind;

/// Default period to look back, in seconds.
pub const DAY: u32 = 86_400;

/// Status of the tasks in a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Status {
    #[default]
    Running,
    Stopped,
    All,
}

impl Status {
    /// Running → stopped → all → running.
    pub fn next(self) -> Self {
        match self {
            Self::Running => Self::Stopped,
            Self::Stopped => Self::All,
            Self::All => Self::Running,
        }
    }
}

/// Commands that open a kind with a status: the word, the kind and the status.
pub const PARTS: &[(&str, &str, Status)] = &[("stopped", "task", Status::Stopped)];

/// Restricts the rows of a kind. An absent part means no restriction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Query {
    /// Cluster name.
    pub cluster: Option<Arc<str>>,
    /// Service name.
    pub service: Option<Arc<str>>,
    /// Container instance ARN.
    pub instance: Option<Arc<str>>,
    /// Task definition family.
    pub family: Option<Arc<str>>,
    /// Task ARN.
    pub task: Option<Arc<str>>,
    /// Tasks only.
    pub status: Status,
    /// Period to look back into the history, in seconds.
    pub since: Option<u32>,
    /// Tasks only: name of the failure group they belong to.
    pub group: Option<Arc<str>>,
    /// Tasks only: several owners, more than one call to AWS can name.
    pub only: Option<Only>,
}

/// Several rows of one kind whose tasks a query selects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Only {
    /// By name.
    Clusters(Arc<[Arc<str>]>),
    Services(Arc<[Arc<str>]>),
    /// `family`, or `family:revision`.
    Definitions(Arc<[Arc<str>]>),
    /// By id.
    Deployments(Arc<[Arc<str>]>),
    /// By ARN.
    Instances(Arc<[Arc<str>]>),
}

/// A part of a [`Query`] that some columns repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Cluster,
    Service,
    Family,
    Task,
}

impl Query {
    /// Everything of one service.
    pub fn service(cluster: impl Into<Arc<str>>, service: impl Into<Arc<str>>) -> Self {
        Self { service: Some(service.into()), ..Self::cluster(cluster) }
    }

    /// One container instance, by ARN, and the tasks on it.
    pub fn instance(cluster: impl Into<Arc<str>>, instance: impl Into<Arc<str>>) -> Self {
        Self { instance: Some(instance.into()), ..Self::cluster(cluster) }
    }

    /// One task, by ARN, and its containers.
    pub fn task(cluster: impl Into<Arc<str>>, task: impl Into<Arc<str>>) -> Self {
        Self { task: Some(task.into()), ..Self::cluster(cluster) }
    }

    /// The revisions of a task definition family, or one of them as `family:revision`.
    pub fn family(name: impl Into<Arc<str>>) -> Self {
        Self { family: Some(name.into()), ..Self::default() }
    }

    /// The part of the query that AWS can answer. The rest is filtered locally.
    pub fn asked(&self) -> Self {
        Self { since: None, group: None, only: None, ..self.clone() }
    }

    /// Whether all rows of this query are equal in `part`.
    pub fn fixes(&self, part: Part) -> bool {
        match part {
            Part::Cluster => self.cluster.is_some(),
            Part::Service => self.service.is_some(),
            Part::Family => self.family.is_some(),
            Part::Task => self.task.is_some(),
        }
    }

    /// Everything in one cluster.
    pub fn cluster(name: impl Into<Arc<str>>) -> Self {
        Self { cluster: Some(name.into()), ..Self::default() }
    }
}

/// Content of one table: a kind and a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    pub kind: &'static Kind,
    pub query: Query,
}

impl View {
    pub fn new(kind: &'static Kind, query: Query) -> Self {
        Self { kind, query }
    }
}

/// A relation between a row and other rows, for the keys that open them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The owner: container → task → service → cluster.
    Owner,
    /// The task definition.
    TaskDefinition,
    /// The events of its service.
    Events,
    /// The container instance.
    Instance,
    /// The rollouts of its service.
    Rollouts,
}
