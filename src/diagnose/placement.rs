//! Placement: why a task doesn't fit on each instance, and which one comes closest.

use std::collections::{BTreeMap, BTreeSet};

use super::Known;
use crate::resource::{
    Tone, document::Section, format::in_words, instance::Instance, revision::Revision, service::Service,
};

mod constraint;

/// The requirements of a task.
#[derive(Debug, Default)]
pub(super) struct Requirements<'a> {
    cpu: i32,
    memory: i32,
    gpus: usize,
    /// Host ports and protocols that it needs.
    ports: Vec<(i32, &'a str)>,
    attributes: &'a [(String, Option<String>)],
    constraints: Vec<&'a str>,
    /// Allowed capacity providers; empty for any.
    providers: Vec<&'a str>,
    /// Availability Zones of its subnets, if known.
    zones: Option<BTreeSet<&'a str>>,
    /// Instances that are taken by another task of the service, if it wants them distinct.
    taken: BTreeSet<&'a str>,
}

/// A requirement that an instance does not meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shortfall {
    /// `DRAINING`, `REGISTERING`, …
    Status(String),
    Agent,
    Provider,
    Zone,
    Attribute(String),
    Constraint(String),
    Gpu,
    /// It runs another task of the service.
    Taken,
    Port(i32, String),
    Cpu(i32),
    Memory(i32),
}

/// The instances of a cluster, with what each lacks for one task.
#[derive(Debug)]
pub(super) struct Placement<'a> {
    requirements: Requirements<'a>,
    instances: Vec<(&'a Instance, Vec<Shortfall>)>,
    /// Constraints that could not be parsed.
    unparsed: Vec<&'a str>,
}

impl<'a> Requirements<'a> {
    fn new(service: &'a Service, revision: &'a Revision, known: &Known<'a>) -> Self {
        let containers = &revision.containers;
        let own_network = revision.network_mode.as_deref() == Some("awsvpc");
        let ports = containers.iter().flat_map(|container| &container.host_ports).filter(|_| !own_network);
        let constraints = revision.placement_constraints.iter().chain(&service.placement_constraints);
        let providers = service.capacity_providers.iter().map(|item| item.capacity_provider.as_str());
        let distinct = service.placement_constraints.iter().any(|constraint| constraint == DISTINCT);
        let tasks = known.tasks(&service.cluster_name, &service.service_name).iter().filter(|task| !task.stopped());
        Self {
            cpu: revision.cpu_units(),
            memory: revision.mebibytes(),
            gpus: containers.iter().map(|container| container.gpus).fold(0, usize::saturating_add),
            ports: ports.map(|(port, protocol)| (*port, protocol.as_str())).collect(),
            attributes: &revision.requires_attributes,
            constraints: constraints.map(String::as_str).filter(|constraint| *constraint != DISTINCT).collect(),
            providers: providers.filter(|name| !name.starts_with("FARGATE")).collect(),
            zones: own_network.then(|| subnet_zones(service, known)).flatten(),
            taken: tasks.filter(|_| distinct).filter_map(|task| task.container_instance_arn.as_deref()).collect(),
        }
    }

    /// What `instance` lacks; empty if the task fits.
    fn shortfalls(&self, instance: &Instance) -> Vec<Shortfall> {
        let mut lacks = Vec::new();
        let mut lack = |lacking: bool, what: Shortfall| {
            if lacking {
                lacks.push(what);
            }
        };
        let status = instance.status.as_deref().unwrap_or("ACTIVE");
        lack(status != "ACTIVE", Shortfall::Status(in_words(status)));
        lack(!instance.agent_connected, Shortfall::Agent);
        let provider = instance.capacity_provider_name.as_deref().unwrap_or_default();
        lack(!self.providers.is_empty() && !self.providers.contains(&provider), Shortfall::Provider);
        let zone = instance.availability_zone.as_deref();
        lack(self.zones.as_ref().zip(zone).is_some_and(|(zones, zone)| !zones.contains(zone)), Shortfall::Zone);
        for (name, value) in self.attributes {
            let found = instance.attributes.iter().find(|(known, _)| known == name);
            let meets = found.is_some_and(|(_, has)| value.is_none() || value == has);
            // Instances with old agents, and emulators, have no list of attributes.
            lack(!instance.attributes.is_empty() && !meets, Shortfall::Attribute(name.clone()));
        }
        for expression in &self.constraints {
            let meets = constraint::satisfies(expression, instance).unwrap_or(true);
            lack(!meets, Shortfall::Constraint((*expression).to_owned()));
        }
        lack(self.gpus > instance.gpus, Shortfall::Gpu);
        lack(self.taken.contains(instance.container_instance_arn.as_str()), Shortfall::Taken);
        for (port, protocol) in &self.ports {
            let taken = if *protocol == "udp" { &instance.udp_ports } else { &instance.ports };
            lack(taken.contains(port), Shortfall::Port(*port, (*protocol).to_owned()));
        }
        lack(instance.cpu.remaining < self.cpu, Shortfall::Cpu(instance.cpu.remaining));
        lack(instance.memory.remaining < self.memory, Shortfall::Memory(instance.memory.remaining));
        lacks
    }

    /// Distance of an instance from fitting: 1 for each lack, and the missing part of resources.
    fn distance(&self, lacks: &[Shortfall]) -> f64 {
        let share = |free: i32, wanted: i32| f64::from(wanted - free) / f64::from(wanted.max(1));
        let one = |lack: &Shortfall| match lack {
            Shortfall::Cpu(free) => share(*free, self.cpu),
            Shortfall::Memory(free) => share(*free, self.memory),
            _ => 1.0,
        };
        lacks.iter().map(one).sum()
    }
}

const DISTINCT: &str = "distinctInstance";

/// Availability Zones of a service's subnets, from instances in them; absent unless all are known.
fn subnet_zones<'a>(service: &Service, known: &Known<'a>) -> Option<BTreeSet<&'a str>> {
    let instances = known.instances(&service.cluster_name);
    let zone = |subnet: &String| {
        let inside = instances.iter().find(|instance| instance.attribute("ecs.subnet-id") == Some(subnet));
        inside.and_then(|instance| instance.availability_zone.as_deref())
    };
    (!service.subnets.is_empty()).then(|| service.subnets.iter().map(zone).collect()).flatten()
}

/// Why a task of `service` doesn't fit on the instances of its cluster; absent while they or its task definition are
/// not loaded, and for tasks that don't run on instances.
pub(super) fn check_placement<'a>(service: &'a Service, known: &Known<'a>) -> Option<Placement<'a>> {
    let instances = known.instances(&service.cluster_name);
    let definition = service.primary().and_then(|primary| primary.task_definition.as_deref());
    let revision = known.revision(definition.or(service.task_definition.as_deref())?)?;
    if instances.is_empty() || !service.on_instances() {
        return None;
    }
    let demand = Requirements::new(service, revision, known);
    let unjudged = demand.constraints.iter().copied();
    let unjudged = unjudged.filter(|text| constraint::satisfies(text, instances[0]).is_none()).collect();
    let mut instances: Vec<_> = instances.iter().map(|instance| (*instance, demand.shortfalls(instance))).collect();
    instances.sort_by_key(|(instance, _)| instance.short_name());
    Some(Placement { requirements: demand, instances, unparsed: unjudged })
}

impl Placement<'_> {
    fn fitting(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|(_, lacks)| lacks.is_empty()).map(|(instance, _)| *instance)
    }

    /// The closest instance, if the task fits on none.
    fn nearest(&self) -> Option<(&Instance, &[Shortfall])> {
        let distance = |lacks: &[Shortfall]| self.requirements.distance(lacks);
        let nearest = self.instances.iter().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)))?;
        (!nearest.1.is_empty()).then_some((nearest.0, &*nearest.1))
    }

    /// Why the task fits on no instance but `instance`; absent if it fits on another one.
    pub(super) fn shortfall_elsewhere(mut self, instance: &Instance) -> Option<String> {
        self.instances.retain(|(other, _)| other.container_instance_arn != instance.container_instance_arn);
        if self.instances.is_empty() {
            return Some("there is no other instance".to_owned());
        }
        self.nearest_miss()
    }

    /// The nearest miss in one line: `needs 4096 CPU units; best is i-0ab… with 2944 free`.
    pub(super) fn nearest_miss(&self) -> Option<String> {
        let (instance, lacks) = self.nearest()?;
        let name = instance.short_name();
        let room: Vec<&Shortfall> =
            lacks.iter().filter(|lack| matches!(lack, Shortfall::Cpu(_) | Shortfall::Memory(_))).collect();
        let needs = |lack: &Shortfall| match lack {
            Shortfall::Cpu(_) => format!("{} CPU units", self.requirements.cpu),
            _ => format!("{} MiB", self.requirements.memory),
        };
        let Some(other) = lacks.iter().find(|lack| !room.contains(lack)) else {
            return Some(match room.as_slice() {
                [one @ (Shortfall::Cpu(free) | Shortfall::Memory(free))] => {
                    format!("needs {}; best is {name} with {free} free", needs(one))
                }
                _ => {
                    let Requirements { cpu, memory, .. } = self.requirements;
                    let (free_cpu, free_memory) = (instance.cpu.remaining, instance.memory.remaining);
                    format!("needs {cpu} CPU and {memory} MiB; closest is {name}: {free_cpu} and {free_memory}")
                }
            });
        };
        let further = if lacks.len() > 1 { format!(", and {} more", lacks.len() - 1) } else { String::new() };
        Some(match other {
            Shortfall::Status(status) => format!("closest is {name}, which is {status}{further}"),
            Shortfall::Agent => format!("closest is {name}, whose agent is disconnected{further}"),
            Shortfall::Provider => {
                format!("no instance of {} has room{further}", self.requirements.providers.join(", "))
            }
            Shortfall::Zone => format!("closest is {name}, in a zone without a subnet of the service{further}"),
            Shortfall::Attribute(attribute) => format!("closest is {name}, which lacks {attribute}{further}"),
            Shortfall::Constraint(text) => format!("closest is {name}, which fails {text}{further}"),
            Shortfall::Gpu => format!("needs {} GPUs; {name} has {}{further}", self.requirements.gpus, instance.gpus),
            Shortfall::Taken => format!("one task an instance, and {name} has one already{further}"),
            Shortfall::Port(port, _) => format!("needs host port {port}; it is taken on {name}{further}"),
            Shortfall::Cpu(_) | Shortfall::Memory(_) => return None,
        })
    }

    /// Writes how many instances each requirement excludes, and which comes closest.
    pub(super) fn write_to(&self, section: &mut Section) {
        let all = self.instances.len();
        let fitting: Vec<&str> = self.fitting().map(Instance::short_name).collect();
        section
            .field("Needs", self.describe_needs())
            .field("Instances", format!("{all} in the cluster, {} fit", fitting.len()));
        for (what, names) in self.count_shortfalls() {
            let some = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = if names.len() > NAMED { ", …" } else { "" };
            section.text(0, format!("{} of {all} {what}: {some}{more}", names.len()), Tone::Warn);
        }
        if let Some(miss) = self.nearest_miss() {
            section.text(0, format!("nearest miss: {miss}"), Tone::Bad);
        }
        if !fitting.is_empty() {
            let some = fitting.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            section.text(0, format!("by this {some} would fit now; ECS retries automatically"), Tone::Plain);
        }
        for expression in &self.unparsed {
            section.text(0, format!("not checked: constraint {expression}"), Tone::Muted);
        }
        section.text(0, "not checked: free network interfaces, which the API does not tell", Tone::Muted);
    }

    /// The requirements as text.
    fn describe_needs(&self) -> String {
        let Requirements { cpu, memory, gpus, ports, constraints, providers, .. } = &self.requirements;
        let some = |needed: bool, text: String| needed.then_some(text);
        let parts = [
            some(*cpu > 0, format!("{cpu} CPU units")),
            some(*memory > 0, format!("{memory} MiB")),
            some(*gpus > 0, format!("{gpus} GPUs")),
            some(!ports.is_empty(), {
                let ports: Vec<_> = ports.iter().map(|(port, protocol)| format!("{port}/{protocol}")).collect();
                format!("host port {}", ports.join(", "))
            }),
            some(!constraints.is_empty(), constraints.join(", ")),
            some(!providers.is_empty(), format!("an instance of {}", providers.join(" or "))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// What instances lack, and which; the most frequent first.
    fn count_shortfalls(&self) -> Vec<(String, Vec<&str>)> {
        let mut tally: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (instance, lacks) in &self.instances {
            for lack in lacks {
                tally.entry(self.describe(lack)).or_default().push(instance.short_name());
            }
        }
        let mut tally: Vec<_> = tally.into_iter().collect();
        tally.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
        tally
    }

    fn describe(&self, lack: &Shortfall) -> String {
        let most = |free: fn(&Instance) -> i32| self.instances.iter().map(|(one, _)| free(one)).max().unwrap_or(0);
        match lack {
            Shortfall::Status(status) => status.clone(),
            Shortfall::Agent => "without an agent".into(),
            Shortfall::Provider => "of another capacity provider".into(),
            Shortfall::Zone => "in a zone without a subnet of the service".into(),
            Shortfall::Attribute(name) => format!("without {name}"),
            Shortfall::Constraint(expression) => format!("fail {expression}"),
            Shortfall::Gpu => "without enough GPUs".into(),
            Shortfall::Taken => "run one of its tasks already".into(),
            Shortfall::Port(port, protocol) => format!("use port {port}/{protocol}"),
            Shortfall::Cpu(_) => {
                let size = most(|instance| instance.cpu.registered);
                let too_large =
                    if size < self.requirements.cpu { format!(", the largest has {size}") } else { String::new() };
                format!("with too little CPU (at most {} free{too_large})", most(|instance| instance.cpu.remaining))
            }
            Shortfall::Memory(_) => {
                let size = most(|instance| instance.memory.registered);
                let too_large =
                    if size < self.requirements.memory { format!(", the largest has {size}") } else { String::new() };
                format!(
                    "with too little memory (at most {} MiB free{too_large})",
                    most(|instance| instance.memory.remaining)
                )
            }
        }
    }
}

/// Number of instances to name in a line.
const NAMED: usize = 2;

#[cfg(test)]
mod tests;
