//! The operations this console calls, and the quota class each draws on.

/// ECS's quota classes, and one for each other service: the operations of a class share a token bucket per account and
/// Region.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    ClusterRead,
    ClusterResourceRead,
    ServiceRead,
    ServiceDeployment,
    TaskDefinitionRead,
    Identity,
    Logs,
    LoadBalancing,
}

impl Class {
    /// The account's quota: burst, and calls a second. Shared by everybody in it.
    pub fn quota(self) -> (f64, f64) {
        match self {
            Self::ClusterRead | Self::ServiceDeployment | Self::TaskDefinitionRead | Self::Identity => (50.0, 20.0),
            Self::ClusterResourceRead | Self::ServiceRead => (100.0, 20.0),
            // Less than what any Region grants: the usual share of it is one call a second.
            Self::Logs | Self::LoadBalancing => (8.0, 4.0),
        }
    }
}

/// One API operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The IAM prefix: `ecs`.
    pub service: &'static str,
    pub name: &'static str,
    pub class: Class,
}

impl Operation {
    /// The IAM action: `ecs:DescribeServices`.
    pub fn action(self) -> String {
        format!("{}:{}", self.service, self.name)
    }
}

macro_rules! operations {
    ($($constant:ident = $service:literal $name:literal $class:ident),* $(,)?) => {
        $(pub const $constant: Operation = Operation { service: $service, name: $name, class: Class::$class };)*

        /// Every operation the console calls: the README's IAM policy is checked against it.
        pub const ALL: &[Operation] = &[$($constant),*];
    };
}

operations! {
    LIST_CLUSTERS = "ecs" "ListClusters" ClusterRead,
    DESCRIBE_CLUSTERS = "ecs" "DescribeClusters" ClusterRead,
    LIST_SERVICES = "ecs" "ListServices" ServiceRead,
    DESCRIBE_SERVICES = "ecs" "DescribeServices" ServiceRead,
    DESCRIBE_SERVICE_DEPLOYMENTS = "ecs" "DescribeServiceDeployments" ServiceDeployment,
    LIST_TASKS = "ecs" "ListTasks" ClusterResourceRead,
    DESCRIBE_TASKS = "ecs" "DescribeTasks" ClusterResourceRead,
    LIST_CONTAINER_INSTANCES = "ecs" "ListContainerInstances" ClusterResourceRead,
    DESCRIBE_CONTAINER_INSTANCES = "ecs" "DescribeContainerInstances" ClusterResourceRead,
    LIST_TASK_DEFINITION_FAMILIES = "ecs" "ListTaskDefinitionFamilies" TaskDefinitionRead,
    LIST_TASK_DEFINITIONS = "ecs" "ListTaskDefinitions" TaskDefinitionRead,
    DESCRIBE_TASK_DEFINITION = "ecs" "DescribeTaskDefinition" TaskDefinitionRead,
    GET_LOG_EVENTS = "logs" "GetLogEvents" Logs,
    FILTER_LOG_EVENTS = "logs" "FilterLogEvents" Logs,
    START_LIVE_TAIL = "logs" "StartLiveTail" Logs,
    START_QUERY = "logs" "StartQuery" Logs,
    GET_QUERY_RESULTS = "logs" "GetQueryResults" Logs,
    STOP_QUERY = "logs" "StopQuery" Logs,
    DESCRIBE_TARGET_HEALTH = "elasticloadbalancing" "DescribeTargetHealth" LoadBalancing,
    GET_CALLER_IDENTITY = "sts" "GetCallerIdentity" Identity,
}
