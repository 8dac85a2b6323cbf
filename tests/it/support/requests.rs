//! Requests as the embedded AWS has seen them.

/// Operations that change something.
pub const MUTATING: [&str; 6] = [
    "UpdateTaskProtection",
    "UpdateService",
    "StopTask",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "UpdateContainerInstancesState",
];
