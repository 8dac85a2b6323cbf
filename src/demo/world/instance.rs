//! Container instances: the EC2 machines of a cluster.

use std::collections::BTreeSet;

use super::{
    World,
    cluster::Tag,
    task::{Status, TaskId},
    taskdef::TaskDefinition,
};

/// The host ports of SSH, Docker and the agent.
pub(crate) const RESERVED_PORTS: [u16; 5] = [22, 2376, 2375, 51678, 51679];

/// Machine types of the account: name, CPU units and MiB available for tasks, network interfaces for tasks.
const MACHINES: [(&str, u32, u32, u32); 4] = [
    ("m5.large", 2_048, 7_764, 2),
    ("m5.xlarge", 4_096, 15_713, 3),
    ("c6i.2xlarge", 8_192, 15_678, 3),
    ("m6i.4xlarge", 16_384, 63_414, 7),
];

/// A container instance; tasks refer to it by its index in `World::instances`.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) ec2_id: String,
    pub(crate) cluster: usize,
    pub(crate) machine: &'static str,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) zone: usize,
    pub(crate) draining: bool,
    pub(crate) agent_connected: bool,
    /// When the agent connected or disconnected.
    pub(crate) agent_since: i64,
    pub(crate) capacity_provider: Option<String>,
    pub(crate) registered: i64,
    pub(crate) version: i64,
    pub(crate) tags: Vec<Tag>,
    /// Tasks that are not STOPPED.
    pub(crate) tasks: BTreeSet<TaskId>,
    /// Where the search for a dynamic host port begins.
    pub(crate) next_port: u16,
}

impl Instance {
    /// Creates an instance of type `machine`, or of the smallest type.
    pub(crate) fn new(id: String, ec2_id: String, cluster: usize, machine: &str, zone: usize, registered: i64) -> Self {
        let (machine, cpu, memory, _) = MACHINES.into_iter().find(|(name, ..)| *name == machine).unwrap_or(MACHINES[0]);
        Self {
            id,
            ec2_id,
            cluster,
            machine,
            cpu,
            memory,
            zone,
            draining: false,
            agent_connected: true,
            agent_since: registered,
            capacity_provider: None,
            registered,
            version: 3,
            tags: Vec::new(),
            tasks: BTreeSet::new(),
            next_port: 32_768,
        }
    }

    pub(crate) fn status(&self) -> &'static str {
        if self.draining { "DRAINING" } else { "ACTIVE" }
    }

    /// Returns whether it accepts new tasks.
    pub(crate) fn open(&self) -> bool {
        !self.draining && self.agent_connected
    }

    /// Number of network interfaces for tasks, without trunking.
    pub(crate) fn interfaces(&self) -> u32 {
        MACHINES.into_iter().find(|(name, ..)| *name == self.machine).map_or(0, |(_, _, _, interfaces)| interfaces)
    }
}

/// Resources available on an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) interfaces: u32,
}

impl World {
    /// The resources that an instance has left.
    pub(crate) fn remaining(&self, instance: usize) -> Remaining {
        let instance = &self.instances[instance];
        let mut left = Remaining { cpu: instance.cpu, memory: instance.memory, interfaces: instance.interfaces() };
        for task in instance.tasks.iter().filter_map(|id| self.tasks.get(id)) {
            left.cpu = left.cpu.saturating_sub(task.definition.cpu);
            left.memory = left.memory.saturating_sub(task.definition.memory);
            left.interfaces = left.interfaces.saturating_sub(u32::from(task.definition.awsvpc));
        }
        left
    }

    /// Host ports in use on an instance.
    pub(crate) fn ports_taken(&self, instance: usize) -> impl Iterator<Item = u16> {
        let tasks = self.instances[instance].tasks.iter().filter_map(|id| self.tasks.get(id));
        let ports = tasks.flat_map(|task| &task.containers).flat_map(|container| container.host_ports.iter().copied());
        RESERVED_PORTS.into_iter().chain(ports)
    }

    /// Returns whether a fixed port of the definition is in use on the instance.
    pub(crate) fn port_taken(&self, instance: usize, definition: &TaskDefinition) -> bool {
        let mut fixed = definition.containers.iter().flat_map(|spec| &spec.ports).filter(|(_, host)| *host != 0);
        fixed.any(|(_, host)| self.ports_taken(instance).any(|taken| taken == *host))
    }

    /// Running and pending tasks on an instance.
    pub(crate) fn instance_counts(&self, instance: usize) -> (usize, usize) {
        let tasks = self.instances[instance].tasks.iter().filter_map(|id| self.tasks.get(id));
        tasks.fold((0, 0), |(running, pending), task| match task.status {
            Status::Provisioning | Status::Pending | Status::Activating => (running, pending + 1),
            _ => (running + 1, pending),
        })
    }

    /// Starts or ends draining; services move their tasks by themselves.
    pub(crate) fn set_draining(&mut self, instance: usize, draining: bool, at: i64) {
        let cluster = {
            let instance = &mut self.instances[instance];
            if instance.draining == draining {
                return;
            }
            instance.draining = draining;
            instance.version += 1;
            instance.cluster
        };
        for service in 0..self.services.len() {
            if self.services[service].cluster == cluster {
                self.schedule_round(service, at + 1_000);
            }
        }
    }
}
