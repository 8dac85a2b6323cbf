//! New tasks: placement and first state.

use std::sync::Arc;

use serde_json::Value;

use super::{
    World,
    cluster::{StrategyItem, Tag},
    instance::Remaining,
    lifecycle::Step,
    rng::Rng,
    task::{Container, Health, Phase, Site, Status, Task, TaskId, Times},
    taskdef::TaskDefinition,
};

/// The properties of a new task.
#[derive(Debug, Clone)]
pub(crate) struct NewTask {
    pub(crate) cluster: usize,
    pub(crate) service: Option<usize>,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) site: Site,
    pub(crate) started_by: Option<String>,
    pub(crate) group: String,
    pub(crate) exec: bool,
    pub(crate) overrides: Value,
    pub(crate) tags: Vec<Tag>,
}

/// Why a task could not be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The cluster has no instances that accept tasks.
    NoInstances,
    /// The closest instance, by id, and the missing resource: `CPU`, `MEMORY`, `ENI`, `PORTS` or its `AGENT`.
    Lacks { closest: String, resource: &'static str },
}

impl NoPlace {
    /// The text of the service event.
    pub(crate) fn event(&self) -> String {
        let cause = match self {
            Self::NoInstances => "Reason: No Container Instances were found in your cluster.".to_owned(),
            Self::Lacks { closest, resource } => {
                let lack = match *resource {
                    "CPU" => "has insufficient CPU units available".to_owned(),
                    "MEMORY" => "has insufficient memory available".to_owned(),
                    "PORTS" => "is already using a port required by your task".to_owned(),
                    _ => format!("encountered error \"{}\"", self.failure()),
                };
                format!("The closest matching (container-instance {closest}) {lack}.")
            }
        };
        format!(
            "was unable to place a task because no container instance met all of its requirements. {cause} \
             For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        )
    }

    /// The id of the closest instance.
    pub(crate) fn closest(&self) -> Option<&str> {
        match self {
            Self::NoInstances => None,
            Self::Lacks { closest, .. } => Some(closest),
        }
    }

    /// `reason` in the `failures` of RunTask.
    pub(crate) fn failure(&self) -> String {
        match self {
            Self::NoInstances => "EMPTY CLUSTER".to_owned(),
            Self::Lacks { resource: "AGENT", .. } => "AGENT".to_owned(),
            Self::Lacks { resource, .. } => format!("RESOURCE:{resource}"),
        }
    }
}

impl World {
    /// Places a task in the least crowded zone, given the zones of similar tasks.
    pub(crate) fn place(
        &self,
        cluster: usize,
        launch_type: &'static str,
        capacity_provider: Option<String>,
        definition: &TaskDefinition,
        taken: [usize; 3],
    ) -> Result<Site, NoPlace> {
        if launch_type != "EC2" {
            let zone = (0..3).min_by_key(|zone| taken[*zone]).unwrap_or(0);
            return Ok(Site { launch_type, capacity_provider, instance: None, zone });
        }
        let lacks = |instance: usize, left: Remaining| {
            let lacks = [
                ("CPU", left.cpu < definition.cpu),
                ("MEMORY", left.memory < definition.memory),
                ("ENI", definition.awsvpc && left.interfaces == 0),
                ("PORTS", !definition.awsvpc && self.port_taken(instance, definition)),
            ];
            lacks.into_iter().find_map(|(resource, lacks)| lacks.then_some(resource))
        };
        let members = || (0..self.instances.len()).filter(|instance| self.instances[*instance].cluster == cluster);
        let mut open: Vec<(usize, Remaining)> = members()
            .filter(|instance| self.instances[*instance].open())
            .map(|instance| (instance, self.remaining(instance)))
            .collect();
        open.sort_by_key(|(instance, left)| {
            (taken[self.instances[*instance].zone % 3], std::cmp::Reverse(left.memory), *instance)
        });
        if let Some((instance, _)) = open.iter().find(|(instance, left)| lacks(*instance, *left).is_none()) {
            let zone = self.instances[*instance].zone;
            return Ok(Site { launch_type, capacity_provider, instance: Some(*instance), zone });
        }
        let closest = open.iter().max_by_key(|(_, left)| (left.memory, left.cpu));
        let nearest = closest.and_then(|(instance, left)| Some((*instance, lacks(*instance, *left)?)));
        // No instance accepts tasks: find one that would if its agent were connected.
        let lost =
            || members().find(|instance| !self.instances[*instance].draining).map(|instance| (instance, "AGENT"));
        let (closest, resource) = nearest.or_else(lost).ok_or(NoPlace::NoInstances)?;
        Err(NoPlace::Lacks { closest: self.instances[closest].id.clone(), resource })
    }

    /// Launch type and capacity provider for the next task of a strategy, given the tasks per provider.
    pub(crate) fn choose_provider(
        &self,
        strategy: &[StrategyItem],
        running: impl Fn(&str) -> usize,
    ) -> Option<(&'static str, String)> {
        let unfilled = strategy.iter().find(|item| running(&item.provider) < item.base as usize);
        let chosen = unfilled.or_else(|| {
            strategy.iter().filter(|item| item.weight > 0).min_by_key(|item| {
                let beyond_base = running(&item.provider).saturating_sub(item.base as usize);
                // In thousandths, so that weights compare as fractions.
                (beyond_base + 1) * 1_000 / item.weight as usize
            })
        })?;
        let launch_type = if chosen.provider.starts_with("FARGATE") { "FARGATE" } else { "EC2" };
        Some((launch_type, chosen.provider.clone()))
    }

    /// Creates a task; its life then proceeds by itself.
    pub(crate) fn create_task(&mut self, id: TaskId, new: NewTask, at: i64) {
        let provisions = new.definition.awsvpc || new.definition.volume.is_some();
        let task = self.make_task(id, new, at, if provisions { Status::Provisioning } else { Status::Pending });
        let (first, delay) = match (provisions, task.site.launch_type) {
            (true, "FARGATE") => (Step::Attach, (4_000, 11_000)),
            (true, _) => (Step::Attach, (2_000, 5_000)),
            (false, _) => (Step::Prepare, (300, 1_500)),
        };
        self.then(id, first, delay, at);
    }

    /// Adds a task in the given state, without scheduling anything.
    pub(crate) fn make_task(&mut self, id: TaskId, new: NewTask, at: i64, status: Status) -> &mut Task {
        let balanced = new.service.is_some_and(|service| !self.services[service].balancers.is_empty());
        if let Some(service) = new.service {
            self.services[service].live.push(id);
        }
        let bridged = !new.definition.awsvpc;
        let mut containers: Vec<_> = new
            .definition
            .containers
            .iter()
            .map(|_| Container {
                phase: Phase::Pending,
                exit_code: None,
                reason: None,
                health: Health::Unknown,
                host_ports: Vec::new(),
                agent_failure: None,
            })
            .collect();
        if let Some(instance) = new.site.instance.and_then(|instance| self.instances.get_mut(instance)) {
            instance.tasks.insert(id);
            instance.version += 1;
            if bridged {
                for (container, spec) in containers.iter_mut().zip(&new.definition.containers) {
                    for (_, host_port) in &spec.ports {
                        let dynamic = *host_port == 0;
                        container.host_ports.push(if dynamic { instance.next_port } else { *host_port });
                        if dynamic {
                            instance.next_port = instance.next_port.checked_add(1).unwrap_or(32_768);
                        }
                    }
                }
            }
        }
        let task = Task {
            id,
            cluster: new.cluster,
            service: new.service,
            definition: new.definition,
            site: new.site,
            started_by: new.started_by,
            group: new.group,
            status,
            unwanted: false,
            times: Times { created: at, ..Times::default() },
            stop: None,
            volume_failure: None,
            containers,
            target: balanced.then_some(Health::Unknown),
            was_ready: false,
            protected_until: None,
            exec: new.exec,
            overrides: new.overrides,
            tags: new.tags,
            version: 1,
            epoch: 0,
            rng: Rng::stream(self.seed, &id.to_string()),
        };
        self.tasks.entry(id).insert_entry(task).into_mut()
    }
}
