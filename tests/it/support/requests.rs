//! Requests as the embedded AWS has seen them.

/// Operations that change something.
pub const MUTATING: [&str; 5] = [
    "UpdateService",
    "StopTask",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "UpdateContainerInstancesState",
];
