//! Clusters and their capacity providers.

/// A name and a value of an AWS tag.
pub(crate) type Tag = (String, String);

/// An item of a capacity provider strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StrategyItem {
    pub(crate) provider: String,
    pub(crate) weight: u32,
    pub(crate) base: u32,
}

impl StrategyItem {
    pub(crate) fn new(provider: &str, weight: u32, base: u32) -> Self {
        Self { provider: provider.into(), weight, base }
    }
}

/// A cluster; services, instances and tasks refer to it by its index in `World::clusters`.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) capacity_providers: Vec<String>,
    pub(crate) default_strategy: Vec<StrategyItem>,
    /// `disabled`, `enabled` or `enhanced`.
    pub(crate) container_insights: &'static str,
    /// The Cloud Map namespace of Service Connect.
    pub(crate) namespace: Option<String>,
    pub(crate) tags: Vec<Tag>,
}

/// A capacity provider of the account; those of Fargate exist in every account and are not stored.
#[derive(Debug, Clone)]
pub(crate) struct CapacityProvider {
    pub(crate) name: String,
    pub(crate) backing: Backing,
    pub(crate) tags: Vec<Tag>,
}

/// Where the instances of a capacity provider come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backing {
    /// An Auto Scaling group; ECS keeps this percentage of its instances in use. Any cluster can use it.
    AutoScalingGroup { target_capacity: u32 },
    /// Instances that AWS manages for one cluster.
    ManagedInstances { cluster: usize },
}

impl CapacityProvider {
    /// The only cluster that can use it.
    pub(crate) fn cluster(&self) -> Option<usize> {
        match self.backing {
            Backing::AutoScalingGroup { .. } => None,
            Backing::ManagedInstances { cluster } => Some(cluster),
        }
    }
}
