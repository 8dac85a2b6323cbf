//! The request budget: one token bucket per quota class, halved on a throttle, climbing back slowly.

/// ECS's quota classes, and those of the other services: operations of one class share a bucket.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    ClusterRead,
    ClusterResourceRead,
    ServiceRead,
    ServiceDeployment,
    ServiceRevision,
    TaskDefinitionRead,
    CapacityProviderRead,
    Identity,
}

/// Buckets of one account and Region. Cheap to clone: clones share the buckets.
#[derive(Debug, Clone, Default)]
pub struct Budget {}
