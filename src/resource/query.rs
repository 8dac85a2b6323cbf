//! Which rows of a kind are meant.

use std::sync::Arc;

use super::Kind;

/// Seconds that are looked back where nobody says how far.
pub const DAY: u32 = 86_400;

/// Which tasks, by what becomes of them.
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

/// Words for a part of a kind: the word, the kind, and which of its rows.
pub const PARTS: &[(&str, &str, Status)] = &[("stopped", "task", Status::Stopped)];

/// Narrows a kind down; an absent part means all of them.
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
    /// What happened in the last so many seconds: how far back the history is read.
    pub since: Option<u32>,
    /// Tasks only: those of one group of failures, by its name.
    pub group: Option<Arc<str>>,
    /// Tasks only: those of certain ones, out of more than AWS can be asked for at once.
    pub only: Option<Only>,
}

/// Several of one kind, whose tasks are meant.
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

/// A part of a [`Query`] that a column may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Cluster,
    Service,
    Family,
    Task,
}

impl Query {
    /// What belongs to one service.
    pub fn service(cluster: impl Into<Arc<str>>, service: impl Into<Arc<str>>) -> Self {
        Self { service: Some(service.into()), ..Self::cluster(cluster) }
    }

    /// One container instance, by ARN, and what runs on it.
    pub fn instance(cluster: impl Into<Arc<str>>, instance: impl Into<Arc<str>>) -> Self {
        Self { instance: Some(instance.into()), ..Self::cluster(cluster) }
    }

    /// One task, by ARN, and what is in it.
    pub fn task(cluster: impl Into<Arc<str>>, task: impl Into<Arc<str>>) -> Self {
        Self { task: Some(task.into()), ..Self::cluster(cluster) }
    }

    /// The revisions of a task definition family, or one of them as `family:revision`.
    pub fn family(name: impl Into<Arc<str>>) -> Self {
        Self { family: Some(name.into()), ..Self::default() }
    }

    /// What of it AWS can be asked; the rest is chosen here.
    pub fn asked(&self) -> Self {
        Self { since: None, group: None, only: None, ..self.clone() }
    }

    /// Whether all rows of this query have the same `part`.
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

/// What one table shows: a kind and which of its rows.
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

/// What a row can lead to besides what Enter opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// What it belongs to: container → task → service → cluster.
    Owner,
    /// The task definition it runs.
    TaskDefinition,
    /// The events that concern it.
    Events,
    /// The container instance it runs on.
    Instance,
    /// The deployments of a service.
    Deployments,
}
