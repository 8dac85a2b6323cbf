//! The simulated account: clusters, services, tasks, instances, and the clock that moves them.
//!
//! There is no tick. Everything that will happen is in one queue ordered by time; [`World::advance_to`] processes what
//! is due. Every handler acts at the time its event was due, not at the time of the call, so that the account's history
//! does not depend on how often it is read.

mod arn;
mod auto_scaling;
mod chatter;
mod cluster;
mod deployment;
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
mod setup;
mod stages;
mod stopping;
mod target;
mod task;
mod taskdef;

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
    image::{Behaviour, Image, Quirk},
    instance::{Instance, RESERVED_PORTS},
    launch::NewTask,
    load::Load,
    rng::Rng,
    routine::Act,
    service::{LoadBalancer, ScalingLimits, Service},
    setup::{ContainerPlan, Logging, ServicePlan, TaskPlan},
    stages::HookAction,
    target::{Target, TargetGroup, TargetState},
    task::{Container, Interface, Phase, Site, Status, Stop, StopCode, Task, TaskId},
    taskdef::TaskDefinition,
};
use super::{
    logs::{Here, LogStore, Queries},
    scenario::{self, Scenario},
    session::Sessions,
};

/// Reads lag behind writes by this much: ECS is eventually consistent.
pub(crate) const READ_LAG: i64 = 300;
/// Stopped tasks can be described for an hour.
const STOPPED_KEPT: i64 = 3_600_000;
/// Everyday log lines older than this are not written to a new world; the output of crashes is kept from the start.
const CHATTER_KEPT: i64 = 15 * 60_000;

/// Everything the account holds. Times are milliseconds since the Unix epoch, in world time.
#[derive(Debug)]
pub struct World {
    /// The time up to which the world has been simulated.
    pub now_ms: i64,
    /// The logs in its own Region.
    pub logs: LogStore,
    /// The logs in other Regions, by Region.
    pub(crate) logs_elsewhere: BTreeMap<String, LogStore>,
    /// Queries of CloudWatch Logs Insights.
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
    /// Log groups that have been deleted: what is written to them is lost.
    deleted_groups: BTreeSet<String>,
    /// Late lines that have not been ingested yet, by number.
    late: BTreeMap<u64, chatter::Late>,
    /// ECS can't assume the role that attaches volumes.
    volumes_refused: bool,
    routines: Vec<routine::Routine>,
    pub(crate) loads: Vec<load::Load>,
    queue: BinaryHeap<Reverse<Due>>,
    scheduled: u64,
    /// Outdated answers that reads still see after a write: by ARN, until when, and the answer.
    stale: BTreeMap<String, (i64, Value)>,
    pub(crate) seed: u64,
    /// Random numbers for the ids of resources that callers create.
    pub(crate) ids: Rng,
    /// Tasks started by RunTask, by client token: a retry starts no further tasks.
    pub(crate) run_tokens: BTreeMap<String, Vec<TaskId>>,
    pub(crate) sessions: Sessions,
    chatter_from: i64,
    /// Steady services report it again every six hours.
    announces: bool,
}

/// An event in the queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: i64,
    /// Order among events at the same time: first in, first out.
    order: u64,
    what: ScheduledEvent,
}

/// What happens when an event is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ScheduledEvent {
    /// A task takes a step, unless it has begun to stop meanwhile.
    Task { id: TaskId, epoch: u32, step: Step },
    /// A container writes to its log.
    Chatter { id: TaskId, container: usize },
    /// A late line is ingested.
    Arrival(u64),
    /// A stopped task is forgotten.
    Forget(TaskId),
    /// The scheduler runs for a service.
    Reconcile(usize),
    /// A service reports that it is still steady.
    StillSteady(usize),
    /// A blue/green deployment leaves a stage.
    LeaveStage { service: usize, rollout: usize, stage: Stage },
    /// A pause hook times out.
    HookTimeout { service: usize, rollout: usize, hook: usize },
    /// Auto scaling corrects the desired count of a service.
    ScalingActivity(usize),
    /// A routine of the scenario runs.
    Routine(usize),
}

impl World {
    /// Creates the account of `scenario` at `now_ms`, with a simulated past. Equal arguments create equal worlds.
    pub fn new(scenario: Scenario, seed: u64, now_ms: i64) -> Self {
        scenario::build(scenario, seed, now_ms)
    }

    /// Creates a steady account of an exact size, in which nothing changes.
    pub fn sized(clusters: usize, services_per_cluster: usize, tasks_per_service: usize, now_ms: i64) -> Self {
        scenario::build_sized(clusters, services_per_cluster, tasks_per_service, now_ms)
    }

    /// Creates an empty account.
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
            sessions: Sessions::default(),
            chatter_from: i64::MIN,
            announces: true,
        }
    }

    /// Creates an account whose past begins at `start`; only the time just before `now_ms` fills the logs.
    pub(crate) fn beginning(seed: u64, start: i64, now_ms: i64) -> Self {
        Self { chatter_from: now_ms - CHATTER_KEPT, ..Self::empty(seed, start) }
    }

    /// The logs of a Region.
    pub fn logs_in<'a>(&'a self, region: &'a str) -> Here<'a> {
        static NONE: LogStore = LogStore::new();
        let elsewhere = || self.logs_elsewhere.get(region).unwrap_or(&NONE);
        let store = if region == self.region { &self.logs } else { elsewhere() };
        Here { store, region, account_id: &self.account_id, now_ms: self.now_ms }
    }

    /// Silences steady services: nothing happens but log lines.
    pub(crate) fn silence_steady_services(&mut self) {
        self.announces = false;
    }

    /// Adds an image to the account's registry.
    pub(crate) fn publish(&mut self, reference: &str, image: Image) {
        self.images.insert(reference.to_owned(), image);
    }

    /// Denies reading a secret to every role.
    pub(crate) fn deny_secret(&mut self, arn: &str) {
        self.denied_secrets.insert(arn.to_owned());
    }

    /// Deletes a log group permanently.
    pub(crate) fn delete_group(&mut self, name: &str) {
        self.deleted_groups.insert(name.to_owned());
    }

    /// Makes the role that attaches volumes unusable.
    pub(crate) fn refuse_volumes(&mut self) {
        self.volumes_refused = true;
    }

    /// Simulates the world up to `now_ms`.
    pub fn advance_to(&mut self, now_ms: i64) {
        while let Some(Reverse(due)) = self.queue.peek() {
            if due.at > now_ms {
                break;
            }
            let Some(Reverse(due)) = self.queue.pop() else { break };
            self.now_ms = self.now_ms.max(due.at);
            self.handle(due.what, due.at);
        }
        self.now_ms = self.now_ms.max(now_ms);
        self.write_loads();
        self.stale.retain(|_, (until, _)| *until > now_ms);
    }

    /// Schedules an event. One in the past happens at the next advance, in order.
    pub(crate) fn schedule(&mut self, at: i64, what: ScheduledEvent) {
        self.scheduled += 1;
        self.queue.push(Reverse(Due { at, order: self.scheduled, what }));
    }

    fn handle(&mut self, what: ScheduledEvent, at: i64) {
        match what {
            ScheduledEvent::Task { id, epoch, step } => {
                if self.tasks.get(&id).is_some_and(|task| task.epoch == epoch) {
                    self.step(id, step, at);
                }
            }
            ScheduledEvent::Chatter { id, container } => self.chatter(id, container, at),
            ScheduledEvent::Arrival(number) => self.arrive(number, at),
            ScheduledEvent::Forget(id) => {
                self.tasks.remove(&id);
            }
            ScheduledEvent::Reconcile(service) => self.reconcile(service, at),
            ScheduledEvent::StillSteady(service) => self.still_steady(service, at),
            ScheduledEvent::LeaveStage { service, rollout, stage } => self.leave_stage(service, rollout, stage, at),
            ScheduledEvent::HookTimeout { service, rollout, hook } => self.hook_timeout(service, rollout, hook, at),
            ScheduledEvent::ScalingActivity(service) => self.correct_desired(service, at),
            ScheduledEvent::Routine(routine) => self.perform(routine, at),
        }
    }

    /// Keeps returning `answer` for the resource `arn` until the write about to happen has propagated.
    pub(crate) fn hold_back(&mut self, arn: String, answer: Value) {
        let until = self.now_ms + READ_LAG;
        // A second write within the lag keeps the answer from before the first.
        self.stale.entry(arn).or_insert((until, answer));
    }

    /// The outdated answer that reads still see.
    pub(crate) fn stale(&self, arn: &str) -> Option<&Value> {
        self.stale.get(arn).filter(|(until, _)| *until > self.now_ms).map(|(_, answer)| answer)
    }
}
