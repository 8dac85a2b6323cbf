//! Target groups, and the health of their targets.

use std::borrow::Cow;

use super::{
    World,
    image::Behaviour,
    rng::Rng,
    service::LoadBalancer,
    task::{Health, Status, Task},
    taskdef::TaskDefinition,
};

/// One target group of a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetGroup<'w> {
    pub(crate) arn: &'w str,
    /// The index of its service in `World::services`.
    pub(crate) service: usize,
    /// The container port behind it.
    pub(crate) port: u16,
    /// Its targets are IP addresses, not instances.
    pub(crate) by_address: bool,
}

/// A task as a target of its load balancer.
#[derive(Debug)]
pub(crate) struct Target<'w> {
    /// Its address or instance.
    pub(crate) id: Cow<'w, str>,
    pub(crate) port: u16,
    /// The zone of an address.
    pub(crate) zone: Option<usize>,
    pub(crate) state: TargetState,
}

/// The result of the health checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetState {
    Registering,
    Checking,
    Healthy,
    /// It fails them with this status code.
    Answers(u16),
    Draining,
}

impl World {
    /// Every target group of the account.
    pub(crate) fn target_groups(&self) -> impl Iterator<Item = TargetGroup<'_>> {
        self.services.iter().enumerate().flat_map(|(index, service)| {
            let by_address = service.primary().is_some_and(|primary| primary.definition.awsvpc);
            service.balancers.iter().flat_map(move |balancer| {
                let arns = std::iter::once(&balancer.target_group).chain(&balancer.alternate);
                arns.map(move |arn| TargetGroup { arn, service: index, port: balancer.port, by_address })
            })
        })
    }

    /// The load balancer of a cluster's services.
    pub(crate) fn load_balancer_arn(&self, cluster: usize) -> String {
        let name = &self.clusters[cluster].name;
        let id = Rng::stream(self.seed, &format!("load balancer {name}")).hex(16);
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{id}")
    }

    /// The tasks registered in a group, oldest first.
    pub(crate) fn targets(&self, group: TargetGroup<'_>) -> Vec<Target<'_>> {
        let tasks = self.services[group.service].live.iter().filter_map(|id| self.tasks.get(id));
        tasks.filter(|task| self.target_group(task) == Some(group.arn)).filter_map(|task| self.target(task)).collect()
    }

    /// The target group of a task, before, during or after its registration.
    pub(crate) fn target_group(&self, task: &Task) -> Option<&str> {
        let service = &self.services[task.service?];
        let balancer = service.balancers.first()?;
        let mut deployments = service.deployments.iter();
        let second = deployments.any(|entry| entry.alternate && task.started_by.as_deref() == Some(&*entry.id));
        Some(balancer.alternate.as_ref().filter(|_| second).unwrap_or(&balancer.target_group))
    }

    /// A registered task.
    pub(super) fn target(&self, task: &Task) -> Option<Target<'_>> {
        let state = self.target_state(task)?;
        let balancer = self.services[task.service?].balancers.first()?;
        Some(match task.site.instance.filter(|_| !task.definition.awsvpc) {
            Some(instance) => Target {
                id: (&*self.instances[instance].ec2_id).into(),
                port: host_port(task, balancer)?,
                zone: None,
                state,
            },
            None => {
                Target { id: task.interface().address.into(), port: balancer.port, zone: Some(task.site.zone), state }
            }
        })
    }

    fn target_state(&self, task: &Task) -> Option<TargetState> {
        Some(match (task.status, task.target?) {
            (Status::Activating | Status::Running | Status::Deactivating, _) if task.unwanted => TargetState::Draining,
            (Status::Activating, _) => TargetState::Registering,
            (Status::Running, Health::Unknown) => TargetState::Checking,
            (Status::Running, Health::Healthy) => TargetState::Healthy,
            (Status::Running, Health::Unhealthy) => TargetState::Answers(self.failing_code(&task.definition)?),
            _ => return None,
        })
    }

    /// The status code with which a definition's containers fail the load balancer's health checks, if they do.
    pub(crate) fn failing_code(&self, definition: &TaskDefinition) -> Option<u16> {
        definition.containers.iter().find_map(|spec| match self.image(&spec.image).behaviour {
            Behaviour::FailsTargetChecks { code } => Some(code),
            _ => None,
        })
    }
}

/// The instance port that maps to a task's container.
fn host_port(task: &Task, balancer: &LoadBalancer) -> Option<u16> {
    let mut containers = task.definition.containers.iter().zip(&task.containers);
    let (spec, container) = containers.find(|(spec, _)| spec.name == balancer.container)?;
    let mapping = spec.ports.iter().position(|(port, _)| *port == balancer.port)?;
    container.host_ports.get(mapping).copied()
}
