//! The simulated account: clusters, services, tasks, instances, and the clock that moves them.
//!
//! Nothing ticks. Whatever will happen is in one queue, ordered by time; [`World::advance_to`] lets happen what has come
//! due. Every handler acts at the time its turn was due, not at the time of the call, so that the account's history does
//! not depend on how often anybody looked.

mod arn;
mod chatter;
mod cluster;
mod deployment;
mod founding;
mod image;
mod instance;
mod launch;
mod lifecycle;
mod load;
mod rng;
mod rollout;
mod routine;
mod scheduler;
mod service;
mod stages;
mod target;
mod task;
mod taskdef;
mod unwind;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    sync::Arc,
};

use serde_json::Value;

use self::lifecycle::Step;
pub(crate) use self::{
    arn::last_part,
    chatter::Voice,
    cluster::{Backing, CapacityProvider, Cluster, StrategyItem, Tag},
    deployment::{Breaker, Deployment, DeploymentConfig, PauseHook, Rollout, RolloutStatus, Stage, Threshold},
    founding::{ContainerPlan, Logging, ServicePlan, TaskPlan},
    image::{Conduct, Image, Quirk},
    instance::{Instance, RESERVED_PORTS},
    launch::NewTask,
    load::Load,
    rng::Rng,
    routine::Act,
    service::{LoadBalancer, Service},
    stages::HookAction,
    target::{Target, TargetGroup, TargetState},
    task::{Container, Interface, Phase, Site, Status, Stop, StopCode, Task, TaskId},
    taskdef::TaskDefinition,
};
use super::{
    logs::{Here, LogStore, Queries},
    scenario::{self, Scenario},
};

/// A write is seen by reads this much later: ECS is eventually consistent.
pub(crate) const READ_LAG: i64 = 300;
/// Stopped tasks can be described for an hour.
const STOPPED_KEPT: i64 = 3_600_000;
/// The oldest chatter a young world holds; what crashes say is kept from the beginning.
const CHATTER_KEPT: i64 = 15 * 60_000;

/// Everything the account holds. Times are milliseconds since the Unix epoch, in world time.
#[derive(Debug)]
pub struct World {
    /// The time up to which the world has lived.
    pub now_ms: i64,
    /// What its containers have logged in its own Region,
    pub logs: LogStore,
    /// and in others, by Region.
    pub(crate) logs_elsewhere: BTreeMap<String, LogStore>,
    /// CloudWatch Logs Insights.
    pub(crate) queries: Queries,
    /// Twelve digits.
    pub account_id: String,
    /// For example `eu-west-1`.
    pub region: String,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) services: Vec<Service>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    /// Revision n of a family is at n - 1.
    pub(crate) families: BTreeMap<String, Vec<Arc<TaskDefinition>>>,
    pub(crate) capacity_providers: Vec<CapacityProvider>,
    images: BTreeMap<String, Image>,
    /// Secrets that execution roles may not read.
    denied_secrets: BTreeSet<String>,
    /// Log groups that somebody deleted: what is written to them is lost.
    deleted_groups: BTreeSet<String>,
    /// Lines under way that arrive late, by their number.
    late: BTreeMap<u64, chatter::Late>,
    /// The role that attaches volumes does not trust ECS.
    volumes_refused: bool,
    routines: Vec<routine::Routine>,
    pub(crate) loads: Vec<load::Load>,
    queue: BinaryHeap<Reverse<Due>>,
    scheduled: u64,
    /// What reads still see of things just written: by ARN, until when, and the old answer.
    stale: BTreeMap<String, (i64, Value)>,
    pub(crate) seed: u64,
    /// Ids of what callers create.
    pub(crate) ids: Rng,
    /// Tasks that RunTask started, by client token: a retry starts nothing again.
    pub(crate) run_tokens: BTreeMap<String, Vec<TaskId>>,
    chatter_from: i64,
    /// Services that stay steady say so every six hours.
    announces: bool,
}

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: i64,
    /// Among equals, first come first served.
    order: u64,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A task takes a step, unless it has turned towards its end since.
    Task { id: TaskId, epoch: u32, step: Step },
    /// A container writes to its log.
    Chatter { id: TaskId, container: usize },
    /// A line comes in that was written a while ago.
    Arrival(u64),
    /// A stopped task is forgotten.
    Forget(TaskId),
    /// The scheduler looks at a service.
    Reconcile(usize),
    /// A service that stayed steady says so again.
    StillSteady(usize),
    /// A blue/green deployment leaves a stage.
    LeaveStage { service: usize, rollout: usize, stage: Stage },
    /// Nobody answered a pause hook.
    HookTimeout { service: usize, rollout: usize, hook: usize },
    /// The scenario acts.
    Routine(usize),
}

impl World {
    /// The account of `scenario`, as it stands at `now_ms` after a past of its own. Equal arguments make equal worlds.
    pub fn new(scenario: Scenario, seed: u64, now_ms: i64) -> Self {
        scenario::build(scenario, seed, now_ms)
    }

    /// A quiet, steady account of an exact size, in which nothing changes.
    pub fn sized(clusters: usize, services_per_cluster: usize, tasks_per_service: usize, now_ms: i64) -> Self {
        scenario::build_sized(clusters, services_per_cluster, tasks_per_service, now_ms)
    }

    /// An account with nothing in it.
    pub(crate) fn empty(seed: u64, now_ms: i64) -> Self {
        Self {
            now_ms,
            logs: LogStore::new(),
            logs_elsewhere: BTreeMap::new(),
            queries: Queries::default(),
            account_id: "123456789012".into(),
            region: "eu-west-1".into(),
            clusters: Vec::new(),
            services: Vec::new(),
            instances: Vec::new(),
            tasks: BTreeMap::new(),
            families: BTreeMap::new(),
            capacity_providers: Vec::new(),
            images: BTreeMap::new(),
            denied_secrets: BTreeSet::new(),
            deleted_groups: BTreeSet::new(),
            late: BTreeMap::new(),
            volumes_refused: false,
            routines: Vec::new(),
            loads: Vec::new(),
            queue: BinaryHeap::new(),
            scheduled: 0,
            stale: BTreeMap::new(),
            seed,
            ids: Rng::stream(seed, "ids"),
            run_tokens: BTreeMap::new(),
            chatter_from: i64::MIN,
            announces: true,
        }
    }

    /// An account whose past begins at `start`, of which only the end, before `now_ms`, fills the logs.
    pub(crate) fn beginning(seed: u64, start: i64, now_ms: i64) -> Self {
        Self { chatter_from: now_ms - CHATTER_KEPT, ..Self::empty(seed, start) }
    }

    /// The logs that a Region holds.
    pub fn logs_in<'a>(&'a self, region: &'a str) -> Here<'a> {
        static NONE: LogStore = LogStore::new();
        let elsewhere = || self.logs_elsewhere.get(region).unwrap_or(&NONE);
        let store = if region == self.region { &self.logs } else { elsewhere() };
        Here { store, region, account_id: &self.account_id, now_ms: self.now_ms }
    }

    /// Steady services keep silent: nothing happens but log lines.
    pub(crate) fn hush(&mut self) {
        self.announces = false;
    }

    /// Describes an image to the account's registry.
    pub(crate) fn publish(&mut self, reference: &str, image: Image) {
        self.images.insert(reference.to_owned(), image);
    }

    /// Takes the right to read a secret from everybody.
    pub(crate) fn deny_secret(&mut self, arn: &str) {
        self.denied_secrets.insert(arn.to_owned());
    }

    /// Deletes a log group for good.
    pub(crate) fn delete_group(&mut self, name: &str) {
        self.deleted_groups.insert(name.to_owned());
    }

    /// Makes the role that attaches volumes trust nobody.
    pub(crate) fn refuse_volumes(&mut self) {
        self.volumes_refused = true;
    }

    /// Lets the world live on until `now_ms`.
    pub fn advance_to(&mut self, now_ms: i64) {
        while let Some(Reverse(due)) = self.queue.peek() {
            if due.at > now_ms {
                break;
            }
            let Some(Reverse(due)) = self.queue.pop() else { break };
            self.now_ms = self.now_ms.max(due.at);
            self.happen(due.what, due.at);
        }
        self.now_ms = self.now_ms.max(now_ms);
        self.bear_loads();
        self.stale.retain(|_, (until, _)| *until > now_ms);
    }

    /// Plans something. What is already past happens at the next advance, in its turn.
    pub(crate) fn schedule(&mut self, at: i64, what: What) {
        self.scheduled += 1;
        self.queue.push(Reverse(Due { at, order: self.scheduled, what }));
    }

    fn happen(&mut self, what: What, at: i64) {
        match what {
            What::Task { id, epoch, step } => {
                if self.tasks.get(&id).is_some_and(|task| task.epoch == epoch) {
                    self.step(id, step, at);
                }
            }
            What::Chatter { id, container } => self.chatter(id, container, at),
            What::Arrival(number) => self.arrive(number, at),
            What::Forget(id) => {
                self.tasks.remove(&id);
            }
            What::Reconcile(service) => self.reconcile(service, at),
            What::StillSteady(service) => self.still_steady(service, at),
            What::LeaveStage { service, rollout, stage } => self.leave_stage(service, rollout, stage, at),
            What::HookTimeout { service, rollout, hook } => self.hook_timeout(service, rollout, hook, at),
            What::Routine(routine) => self.perform(routine, at),
        }
    }

    /// Keeps showing `answer` for the thing named `arn` until the write about to happen has spread.
    pub(crate) fn hold_back(&mut self, arn: String, answer: Value) {
        let until = self.now_ms + READ_LAG;
        // A second write within the lag keeps the answer of before the first.
        self.stale.entry(arn).or_insert((until, answer));
    }

    /// What reads still see instead of the truth.
    pub(crate) fn stale(&self, arn: &str) -> Option<&Value> {
        self.stale.get(arn).filter(|(until, _)| *until > self.now_ms).map(|(_, answer)| answer)
    }
}
