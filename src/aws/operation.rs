//! The operations that the console calls: what each does, and its quota class.

/// The quota classes of ECS, and one for each other service. The operations of a class share a token bucket per account
/// and Region. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QuotaClass {
    ClusterRead,
    ClusterResourceRead,
    CapacityProviderRead,
    ClusterResourceModify,
    TaskProtection,
    ServiceRead,
    ServiceModify,
    ServiceDeployment,
    ServiceRevision,
    /// Not documented by AWS; assumed to be small.
    ServiceDeploymentModify,
    TaskDefinitionRead,
    TaskDefinitionModify,
    TagModify,
    Identity,
    Logs,
    LoadBalancing,
    AutoScaling,
    /// Opening, resuming and ending sessions, and their keys.
    Sessions,
}

impl QuotaClass {
    /// The quota of the account: burst, and calls per second. Shared by all its users.
    pub fn quota(self) -> (f64, f64) {
        match self {
            Self::ClusterRead
            | Self::CapacityProviderRead
            | Self::ServiceDeployment
            | Self::ServiceRevision
            | Self::TaskDefinitionRead
            | Self::Identity => (50.0, 20.0),
            Self::ClusterResourceRead | Self::ServiceRead => (100.0, 20.0),
            Self::ClusterResourceModify => (100.0, 40.0),
            Self::TaskProtection => (200.0, 80.0),
            Self::ServiceModify => (50.0, 5.0),
            Self::TaskDefinitionModify => (20.0, 1.0),
            Self::TagModify => (20.0, 10.0),
            Self::ServiceDeploymentModify => (10.0, 1.0),
            // Not published by AWS.
            Self::AutoScaling => (4.0, 1.0),
            // Below the quota of every Region: the usual share of it is one call per second.
            Self::Logs | Self::LoadBalancing | Self::Sessions => (8.0, 4.0),
        }
    }
}

/// What an operation does, which decides where it is allowed: see [`Access::allows`](super::Access::allows).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It changes nothing.
    Read,
    /// It changes nothing, and AWS charges for what it reads.
    Billed,
    /// It changes something in the account.
    Mutates,
    /// It opens a session in which anything can be changed.
    Session,
}

impl Nature {
    /// Whether it is allowed in read-only mode.
    pub fn harmless(self) -> bool {
        matches!(self, Self::Read | Self::Billed)
    }
}

/// One API operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The IAM prefix: `ecs`.
    pub service: &'static str,
    pub name: &'static str,
    pub class: QuotaClass,
    pub nature: Nature,
}

impl Operation {
    /// The IAM action: `ecs:DescribeServices`.
    pub fn action(self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// The operation of a service, given by its IAM prefix, with this name; `None` if the console does not use it.
    pub fn named(service: &str, name: &str) -> Option<Self> {
        ALL.iter().copied().find(|operation| (operation.service, operation.name) == (service, name))
    }
}

macro_rules! operations {
    ($($constant:ident = $service:literal $name:literal $class:ident $nature:ident),* $(,)?) => {
        $(pub const $constant: Operation = Operation {
            service: $service,
            name: $name,
            class: QuotaClass::$class,
            nature: Nature::$nature,
        };)*

        /// All operations that the console calls: the IAM policy in the README is checked against it.
        pub const ALL: &[Operation] = &[$($constant),*];
    };
}

operations! {
    LIST_CLUSTERS = "ecs" "ListClusters" ClusterRead Read,
    DESCRIBE_CLUSTERS = "ecs" "DescribeClusters" ClusterRead Read,
    LIST_SERVICES = "ecs" "ListServices" ServiceRead Read,
    DESCRIBE_SERVICES = "ecs" "DescribeServices" ServiceRead Read,
    UPDATE_SERVICE = "ecs" "UpdateService" ServiceModify Mutates,
    LIST_SERVICE_DEPLOYMENTS = "ecs" "ListServiceDeployments" ServiceDeployment Read,
    DESCRIBE_SERVICE_DEPLOYMENTS = "ecs" "DescribeServiceDeployments" ServiceDeployment Read,
    CONTINUE_SERVICE_DEPLOYMENT =
        "ecs" "ContinueServiceDeployment" ServiceDeploymentModify Mutates,
    STOP_SERVICE_DEPLOYMENT = "ecs" "StopServiceDeployment" ServiceDeploymentModify Mutates,
    DESCRIBE_SERVICE_REVISIONS = "ecs" "DescribeServiceRevisions" ServiceRevision Read,
    LIST_TASKS = "ecs" "ListTasks" ClusterResourceRead Read,
    DESCRIBE_TASKS = "ecs" "DescribeTasks" ClusterResourceRead Read,
    GET_TASK_PROTECTION = "ecs" "GetTaskProtection" TaskProtection Read,
    UPDATE_TASK_PROTECTION = "ecs" "UpdateTaskProtection" TaskProtection Mutates,
    RUN_TASK = "ecs" "RunTask" ClusterResourceModify Mutates,
    STOP_TASK = "ecs" "StopTask" ClusterResourceModify Mutates,
    LIST_CONTAINER_INSTANCES = "ecs" "ListContainerInstances" ClusterResourceRead Read,
    DESCRIBE_CONTAINER_INSTANCES = "ecs" "DescribeContainerInstances" ClusterResourceRead Read,
    UPDATE_CONTAINER_INSTANCES_STATE =
        "ecs" "UpdateContainerInstancesState" ClusterResourceModify Mutates,
    DESCRIBE_CAPACITY_PROVIDERS = "ecs" "DescribeCapacityProviders" CapacityProviderRead Read,
    LIST_TASK_DEFINITION_FAMILIES = "ecs" "ListTaskDefinitionFamilies" TaskDefinitionRead Read,
    LIST_TASK_DEFINITIONS = "ecs" "ListTaskDefinitions" TaskDefinitionRead Read,
    DESCRIBE_TASK_DEFINITION = "ecs" "DescribeTaskDefinition" TaskDefinitionRead Read,
    REGISTER_TASK_DEFINITION = "ecs" "RegisterTaskDefinition" TaskDefinitionModify Mutates,
    DEREGISTER_TASK_DEFINITION = "ecs" "DeregisterTaskDefinition" TaskDefinitionModify Mutates,
    TAG_RESOURCE = "ecs" "TagResource" TagModify Mutates,
    UNTAG_RESOURCE = "ecs" "UntagResource" TagModify Mutates,
    GET_LOG_EVENTS = "logs" "GetLogEvents" Logs Read,
    FILTER_LOG_EVENTS = "logs" "FilterLogEvents" Logs Read,
    START_LIVE_TAIL = "logs" "StartLiveTail" Logs Billed,
    START_QUERY = "logs" "StartQuery" Logs Billed,
    GET_QUERY_RESULTS = "logs" "GetQueryResults" Logs Read,
    STOP_QUERY = "logs" "StopQuery" Logs Read,
    DESCRIBE_TARGET_HEALTH = "elasticloadbalancing" "DescribeTargetHealth" LoadBalancing Read,
    DESCRIBE_SCALABLE_TARGETS = "application-autoscaling" "DescribeScalableTargets" AutoScaling Read,
    EXECUTE_COMMAND = "ecs" "ExecuteCommand" ClusterResourceModify Session,
    START_SESSION = "ssm" "StartSession" Sessions Session,
    RESUME_SESSION = "ssm" "ResumeSession" Sessions Session,
    // Allowed in every access mode: what was opened before must not stay open.
    TERMINATE_SESSION = "ssm" "TerminateSession" Sessions Read,
    // The upgrade of a WebSocket, which no client of the SDK sends.
    OPEN_DATA_CHANNEL = "ssmmessages" "OpenDataChannel" Sessions Session,
    GENERATE_DATA_KEY = "kms" "GenerateDataKey" Sessions Session,
    DECODE_AUTHORIZATION_MESSAGE = "sts" "DecodeAuthorizationMessage" Identity Read,
    GET_CALLER_IDENTITY = "sts" "GetCallerIdentity" Identity Read,
}
