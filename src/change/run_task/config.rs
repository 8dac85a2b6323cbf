//! Where and how a task runs: as the service or the task that it is like.

use crate::{
    diagnose::Known,
    resource::{
        service::{Service, StrategyItem},
        task::Task,
    },
};

/// Where and how the tasks run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunConfig {
    /// `service web`, `task 1a2b3c4d of web`.
    pub(super) like: String,
    /// Absent with capacity providers, and for the default of the cluster.
    pub(super) launch_type: Option<String>,
    pub(super) providers: Vec<StrategyItem>,
    pub(super) platform_version: Option<String>,
    pub(super) network: Option<TaskNetwork>,
    /// The group of a standalone task. That of a service is reserved.
    pub(super) group: Option<String>,
    pub(super) exec: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct TaskNetwork {
    pub(super) subnets: Vec<String>,
    pub(super) security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    pub(super) assign_public_ip: Option<String>,
}

pub(super) fn like_service(service: &Service) -> RunConfig {
    let network = TaskNetwork {
        subnets: service.subnets.clone(),
        security_groups: service.security_groups.clone(),
        assign_public_ip: service.assign_public_ip.clone(),
    };
    RunConfig {
        like: format!("service {}", service.service_name),
        launch_type: service.launch_type.clone().filter(|_| service.capacity_providers.is_empty()),
        providers: service.capacity_providers.clone(),
        platform_version: service.platform_version.clone(),
        network: Some(network).filter(|network| !network.subnets.is_empty()),
        group: None,
        exec: service.enable_execute_command,
    }
}

pub(super) fn like_task(task: &Task, known: &Known<'_>) -> RunConfig {
    let service = task.service().and_then(|name| known.service(&task.cluster_name, name));
    let provider = task.capacity_provider_name.clone();
    let own_network = || {
        let subnets = vec![task.subnet_id.clone()?];
        Some(TaskNetwork { subnets, security_groups: Vec::new(), assign_public_ip: None })
    };
    RunConfig {
        like: task.label(),
        launch_type: task.launch_type.clone().filter(|_| provider.is_none()),
        providers: provider
            .map(|capacity_provider| StrategyItem { capacity_provider, weight: 1, base: 0 })
            .into_iter()
            .collect(),
        platform_version: task.platform_version.clone(),
        network: service.and_then(|service| like_service(service).network).or_else(own_network),
        group: task.group.clone().filter(|_| task.service().is_none()),
        exec: task.enable_execute_command,
    }
}

impl RunConfig {
    /// What the tasks run on: `Fargate`, `capacity provider prod-ec2`.
    pub(super) fn place(&self) -> String {
        let names = self.providers.iter().map(|item| item.capacity_provider.as_str()).collect::<Vec<_>>();
        match (names.as_slice(), self.launch_type.as_deref()) {
            ([], Some("FARGATE")) => "Fargate".to_owned(),
            ([], Some("EC2")) => "the cluster's instances".to_owned(),
            ([], Some(other)) => other.to_owned(),
            ([], None) => "the cluster's default capacity".to_owned(),
            (names, _) => format!("capacity provider {}", names.join(", ")),
        }
    }

    pub(super) fn describe_network(&self) -> Option<String> {
        let TaskNetwork { subnets, security_groups, assign_public_ip } = self.network.as_ref()?;
        let plural =
            |count: usize, noun: &str| if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
        let groups = match security_groups.len() {
            0 => "the default security group of the VPC".to_owned(),
            count => plural(count, "security group"),
        };
        let address = if assign_public_ip.as_deref() == Some("ENABLED") { "a" } else { "no" };
        Some(format!("network: {}, {groups}, {address} public address", plural(subnets.len(), "subnet")))
    }
}
