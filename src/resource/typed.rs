//! A row by its type.

use super::{
    cluster::Cluster, container::Container, deployment::Deployment, event::ServiceEvent, instance::Instance,
    revision::Revision, rollout::Rollout, service::Service, task::Task,
};

/// A row of a kind that code above treats in its own way: explains, diagnoses, records. A kind says which it is with
/// [`Resource::typed`](super::Resource::typed).
#[derive(Debug, Clone, Copy)]
pub enum TypedRow<'a> {
    Cluster(&'a Cluster),
    Service(&'a Service),
    Deployment(&'a Deployment),
    Event(&'a ServiceEvent),
    Task(&'a Task),
    Container(&'a Container),
    Instance(&'a Instance),
    Revision(&'a Revision),
    Rollout(&'a Rollout),
    /// Of any other kind: what all rows have in common is all that counts.
    Other,
}
