//! Where a shell can be opened.

use super::container::ExecTarget;

/// A container, by ECS Exec, or the host of a cluster, by Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionTarget {
    Container(ExecTarget),
    Host(HostTarget),
}

/// A container instance to open a session on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostTarget {
    pub cluster_name: String,
    pub container_instance_arn: String,
    /// Its id for Systems Manager: `i-…`, or `mi-…` outside EC2.
    pub managed_id: String,
}

impl SessionTarget {
    /// Its name in a sentence: `app of task 0cf34e4c`, `instance i-0c5f52d2`.
    pub fn label(&self) -> String {
        match self {
            Self::Container(target) => target.label(),
            Self::Host(target) => format!("instance {}", target.managed_id),
        }
    }

    pub fn cluster_name(&self) -> &str {
        match self {
            Self::Container(target) => &target.cluster_name,
            Self::Host(target) => &target.cluster_name,
        }
    }

    /// Absent for a host.
    pub fn container(&self) -> Option<&ExecTarget> {
        match self {
            Self::Container(target) => Some(target),
            Self::Host(_) => None,
        }
    }
}
