//! Services: configuration, deployments and events.

use std::collections::{BTreeMap, VecDeque};

use super::{
    cluster::{StrategyItem, Tag},
    deployment::{Deployment, DeploymentConfig, Revision, Rollout},
    rng::Rng,
    task::TaskId,
};

/// The most events kept per service.
const EVENTS_KEPT: usize = 100;
/// A repeated event is only added again after six hours.
const REPEAT_AFTER: i64 = 6 * 3_600_000;

/// A load balancer's target group in front of a container.
#[derive(Debug, Clone)]
pub(crate) struct LoadBalancer {
    pub(crate) target_group: String,
    /// The second target group of a blue/green service.
    pub(crate) alternate: Option<String>,
    pub(crate) container: String,
    pub(crate) port: u16,
}

/// The limits of Application Auto Scaling for a service, which is registered with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScalingLimits {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) registered: i64,
}

/// An event of a service.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) message: String,
}

/// Network settings; the subnets are those of the account's zones.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) security_groups: Vec<String>,
    pub(crate) public_ip: bool,
}

/// A service; tasks refer to it by its index in `World::services`.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) cluster: usize,
    pub(crate) desired: usize,
    /// `FARGATE` or `EC2`, unless capacity providers are set.
    pub(crate) launch_type: &'static str,
    pub(crate) strategy: Vec<StrategyItem>,
    /// One task on every instance.
    pub(crate) daemon: bool,
    pub(crate) config: DeploymentConfig,
    pub(crate) balancers: Vec<LoadBalancer>,
    pub(crate) grace_seconds: u32,
    pub(crate) exec: bool,
    pub(crate) network: Option<Network>,
    pub(crate) rebalancing: bool,
    /// An external controller rolls it out, with task sets.
    pub(crate) external: bool,
    /// Its names in Service Connect: port name and port.
    pub(crate) connect: Option<(String, u16)>,
    pub(crate) scaling: Option<ScalingLimits>,
    pub(crate) created: i64,
    pub(crate) created_by: String,
    pub(crate) tags: Vec<Tag>,
    /// Newest first.
    pub(crate) deployments: Vec<Deployment>,
    /// Newest last.
    pub(crate) rollouts: Vec<Rollout>,
    pub(crate) revisions: Vec<Revision>,
    /// Newest first.
    pub(crate) events: VecDeque<ServiceEvent>,
    /// Tasks that are not STOPPED, oldest first.
    pub(crate) live: Vec<TaskId>,
    /// Consecutive tasks that stopped before RUNNING, and when the next attempt is allowed.
    pub(crate) impaired: u32,
    pub(crate) next_launch: i64,
    /// When the scheduler runs for it next.
    pub(crate) next_round: Option<i64>,
    /// It has reached a steady state, and has not left it since.
    pub(crate) steady: bool,
    /// It was changed by a caller: the scenario's pipelines leave it alone from then on.
    pub(crate) taken_over: bool,
    /// When each repeating message was last added.
    last_added: BTreeMap<String, i64>,
    pub(crate) rng: Rng,
}

impl Service {
    /// Creates a service without tasks.
    pub(crate) fn new(name: &str, cluster: usize, created: i64, rng: Rng) -> Self {
        Self {
            name: name.to_owned(),
            cluster,
            desired: 0,
            launch_type: "FARGATE",
            strategy: Vec::new(),
            daemon: false,
            config: DeploymentConfig::default(),
            balancers: Vec::new(),
            grace_seconds: 0,
            exec: false,
            network: None,
            rebalancing: false,
            external: false,
            connect: None,
            scaling: None,
            created,
            created_by: String::new(),
            tags: Vec::new(),
            deployments: Vec::new(),
            rollouts: Vec::new(),
            revisions: Vec::new(),
            events: VecDeque::new(),
            live: Vec::new(),
            impaired: 0,
            next_launch: 0,
            next_round: None,
            steady: true,
            taken_over: false,
            last_added: BTreeMap::new(),
            rng,
        }
    }

    /// Adds an event: `(service NAME) ` and `text`.
    pub(crate) fn add_event(&mut self, at: i64, text: &str) {
        let event = ServiceEvent { id: self.rng.uuid(), at, message: format!("(service {}) {text}", self.name) };
        self.events.push_front(event);
        self.events.truncate(EVENTS_KEPT);
    }

    /// Adds an event, unless the same was added within six hours and its cause has not cleared since.
    pub(crate) fn add_event_once(&mut self, at: i64, text: &str) {
        if self.last_added.get(text).is_none_or(|last| at - last >= REPEAT_AFTER) {
            self.last_added.insert(text.to_owned(), at);
            self.add_event(at, text);
        }
    }

    /// Records that causes have cleared, so that events may repeat.
    pub(crate) fn clear_repeats(&mut self) {
        self.last_added.clear();
    }

    /// The newest deployment.
    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    pub(crate) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    /// The service deployment under way.
    pub(crate) fn rollout_mut(&mut self) -> Option<&mut Rollout> {
        self.rollouts.last_mut().filter(|rollout| !rollout.status.over())
    }

    /// Formats tasks as in events: `2 tasks: (task a) (task b)`.
    pub(crate) fn name_tasks(ids: &[TaskId]) -> String {
        ids.iter().map(|id| format!(" (task {id})")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_limited_to_a_hundred_and_repeats_are_held_back() {
        let mut service = Service::new("web", 0, 0, Rng::stream(1, "web"));
        for at in 0..150 {
            service.add_event(at, "has reached a steady state.");
        }
        assert_eq!(service.events.len(), 100);
        assert_eq!(service.events[0].at, 149);
        assert_eq!(service.events[0].message, "(service web) has reached a steady state.");

        let mut service = Service::new("web", 0, 0, Rng::stream(1, "web"));
        for at in [0, 1_000, REPEAT_AFTER] {
            service.add_event_once(at, "was unable to place a task.");
        }
        assert_eq!(service.events.len(), 2);
        service.clear_repeats();
        service.add_event_once(REPEAT_AFTER + 1, "was unable to place a task.");
        assert_eq!(service.events.len(), 3);
    }
}
