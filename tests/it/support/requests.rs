//! Requests as the embedded AWS has seen them.

/// Operations that change something.
pub const MUTATING: [&str; 8] = [
    "RegisterTaskDefinition",
    "RunTask",
    "UpdateTaskProtection",
    "UpdateService",
    "StopTask",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "UpdateContainerInstancesState",
];
