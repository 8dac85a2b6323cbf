//! The service scheduler: brings the tasks of a service closer to what it wants, one round at a time.

use super::{
    World,
    cluster::Tag,
    deployment::{Deployment, RolloutState},
    launch::{NewTask, NoPlace},
    service::Service,
    task::{Health, Status, Stop, StopCode, TaskId},
};

/// The most tasks launched in one round.
const BATCH: usize = 10;
/// Time until a failed placement is retried.
const PLACEMENT_RETRY: i64 = 45_000;
/// How often a daemon looks whether it is the last on a draining instance.
const DAEMON_RETRY: i64 = 5_000;
/// How often a steady service reports it.
const STEADY_AGAIN: i64 = 6 * 3_600_000;

/// The tasks of a service that are still wanted, by state.
#[derive(Debug, Default)]
struct Survey {
    /// Tasks of the primary deployment, healthy or starting.
    current: Vec<TaskId>,
    /// Tasks of older deployments, or on draining instances.
    old: Vec<TaskId>,
    /// Tasks failing their checks, of any deployment.
    failing: Vec<TaskId>,
    current_ready: usize,
    old_ready: usize,
    /// Number of stopping tasks.
    stopping: usize,
}

impl Survey {
    fn wanted(&self) -> usize {
        self.current.len() + self.old.len() + self.failing.len()
    }
}

impl World {
    /// Schedules a round for a service at `at`, unless an earlier one is scheduled.
    pub(crate) fn schedule_round(&mut self, service: usize, at: i64) {
        let due = &mut self.services[service].next_round;
        if due.is_none_or(|due| due > at) {
            *due = Some(at);
            self.schedule(at, super::ScheduledEvent::Reconcile(service));
        }
    }

    fn survey(&self, service: usize) -> Survey {
        let data = &self.services[service];
        let primary = data.primary().map(|deployment| deployment.id.as_str());
        let mut survey = Survey::default();
        for task in data.live.iter().filter_map(|id| self.tasks.get(id)) {
            let displaced =
                !data.daemon && task.site.instance.is_some_and(|instance| self.instances[instance].draining);
            if task.unwanted {
                survey.stopping += 1;
            } else if task.failing() {
                survey.failing.push(task.id);
            } else if task.started_by.as_deref() == primary && !displaced {
                survey.current.push(task.id);
                survey.current_ready += usize::from(task.ready());
            } else {
                survey.old.push(task.id);
                survey.old_ready += usize::from(task.ready());
            }
        }
        survey
    }

    /// Runs one round for a service.
    pub(super) fn reconcile(&mut self, service: usize, at: i64) {
        if self.services[service].next_round != Some(at) {
            return;
        }
        self.services[service].next_round = None;
        self.check_failures(service, at);
        if self.services[service].daemon {
            self.reconcile_daemon(service, at);
        } else {
            self.replace_and_scale(service, at);
        }
        self.drop_empty_deployments(service);
        self.settle_deployment(service, at);
    }

    fn replace_and_scale(&mut self, service: usize, at: i64) {
        let survey = self.survey(service);
        let data = &self.services[service];
        let desired = data.desired;
        let (floor, ceiling) = (data.config.floor(desired), data.config.ceiling(desired));
        // Blue/green keeps the old side complete until the traffic has moved.
        let both_sides = self.keeps_both_sides(service);
        let mut stops: Vec<(TaskId, Stop)> = Vec::new();
        let scaling = Stop::new(
            StopCode::ServiceSchedulerInitiated,
            format!("Scaling activity initiated by (deployment {})", data.primary().map_or("", |primary| &primary.id)),
        );

        // Too many tasks: those not started go first, then the newest; protected tasks stay.
        let surplus = survey.current.len().saturating_sub(desired);
        if surplus > 0 {
            let mut candidates: Vec<_> = survey.current.iter().filter_map(|id| self.tasks.get(id)).collect();
            candidates.retain(|task| !task.protected(at));
            candidates.sort_by_key(|task| (task.status == Status::Running, std::cmp::Reverse(task.times.created)));
            stops.extend(candidates.iter().take(surplus).map(|task| (task.id, scaling.clone())));
        }

        // Old tasks: those that serve no traffic go at once, the others while enough healthy ones remain.
        if !both_sides {
            let mut spare = (survey.current_ready + survey.old_ready).saturating_sub(floor);
            for task in survey.old.iter().filter_map(|id| self.tasks.get(id)).filter(|task| !task.protected(at)) {
                if !task.ready() {
                    stops.push((task.id, scaling.clone()));
                } else if spare > 0 {
                    spare -= 1;
                    stops.push((task.id, scaling.clone()));
                }
            }
        }

        // Failing tasks: replaced first if the maximum allows, else stopped to make room.
        if survey.current_ready >= desired || survey.wanted() >= ceiling {
            for id in &survey.failing {
                if let Some(stop) = self.health_stop(*id) {
                    stops.push((*id, stop));
                }
            }
        }
        self.stop_for_service(service, &stops, at);
        if surplus > 0 || !both_sides {
            let held = if surplus > 0 { &survey.current } else { &survey.old };
            self.wait_for_protection(service, held, at);
        }

        let missing = desired.saturating_sub(survey.current.len());
        let room = if both_sides {
            (2 * desired).saturating_sub(survey.wanted())
        } else {
            ceiling.saturating_sub(survey.wanted() - stops.len().min(survey.wanted()))
        };
        self.launch(service, 0, missing.min(room).min(BATCH), survey.failing.len(), at);
        if both_sides {
            self.launch(service, 1, desired.saturating_sub(survey.old.len()).min(BATCH), 0, at);
        }

        let data = &mut self.services[service];
        if missing > 0 && room == 0 && stops.is_empty() && survey.stopping == 0 && data.config.deadlocked(desired) {
            data.add_event_once(
                at,
                "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
                 Update the minimumHealthyPercent or maximumPercent value and try again.",
            );
        }
    }

    /// Waits for the protection of tasks that should stop.
    fn wait_for_protection(&mut self, service: usize, held: &[TaskId], at: i64) {
        let protected =
            held.iter().filter_map(|id| self.tasks.get(id)).filter(|task| !task.unwanted && task.protected(at));
        let Some(until) = protected.filter_map(|task| task.protected_until).min() else { return };
        let data = &mut self.services[service];
        let primary = data.primary().map(|primary| primary.id.clone()).unwrap_or_default();
        let text = format!(
            "was unable to reach steady state because task set ({primary}) was unable to scale in. Reason: The number of \
             protected tasks are more than the desired count of tasks."
        );
        data.add_event_once(at, &text);
        self.schedule_round(service, until);
    }

    /// The stop reason of a failing task.
    fn health_stop(&self, id: TaskId) -> Option<Stop> {
        let task = self.tasks.get(&id)?;
        let reason = if task.target == Some(Health::Unhealthy) {
            format!("Task failed ELB health checks in (target-group {})", self.target_group(task)?)
        } else {
            "Task failed container health checks".to_owned()
        };
        Some(Stop::new(StopCode::ServiceSchedulerInitiated, reason))
    }

    /// Stops tasks and adds the service event.
    pub(super) fn stop_for_service(&mut self, service: usize, stops: &[(TaskId, Stop)], at: i64) {
        let (mut running, mut pending) = (Vec::new(), Vec::new());
        for (id, stop) in stops {
            match self.tasks.get(id) {
                Some(task) if task.status >= Status::Activating => running.push(*id),
                Some(_) => pending.push(*id),
                None => continue,
            }
            self.stop_task(*id, stop.clone(), at);
        }
        for (ids, kind) in [(running, "running"), (pending, "pending")] {
            if !ids.is_empty() {
                let text = format!("has stopped {} {kind} tasks:{}.", ids.len(), Service::name_tasks(&ids));
                self.services[service].add_event(at, &text);
            }
        }
    }

    /// Launches up to `count` tasks of the deployment at an index of the list.
    fn launch(&mut self, service: usize, deployment: usize, count: usize, failing: usize, at: i64) {
        let data = &self.services[service];
        let Some(deployment) = data.deployments.get(deployment).cloned() else { return };
        if count == 0 || deployment.state == RolloutState::Failed {
            return;
        }
        if data.next_launch > at {
            let next = data.next_launch;
            return self.schedule_round(service, next);
        }
        let mut started = Vec::new();
        for _ in 0..count {
            match self.launch_one(service, &deployment, None, at) {
                Ok(id) => started.push(id),
                Err(no_place) => {
                    let data = &mut self.services[service];
                    data.add_event_once(at, &no_place.event());
                    self.schedule_round(service, at + PLACEMENT_RETRY);
                    break;
                }
            }
        }
        if started.is_empty() {
            return;
        }
        let mut text = format!("has started {} tasks:{}.", started.len(), Service::name_tasks(&started));
        if failing > 0 {
            text.push_str(&format!(
                " Amazon ECS replaced {} tasks due to an unhealthy status.",
                failing.min(started.len())
            ));
        }
        let data = &mut self.services[service];
        data.add_event(at, &text);
        data.steady = false;
        // The next round continues a large launch.
        self.schedule_round(service, at + 1_000);
    }

    fn launch_one(
        &mut self,
        service: usize,
        deployment: &Deployment,
        instance: Option<usize>,
        at: i64,
    ) -> Result<TaskId, NoPlace> {
        let data = &self.services[service];
        let tasks = || data.live.iter().filter_map(|id| self.tasks.get(id)).filter(|task| !task.unwanted);
        let mut taken = [0; 3];
        for task in tasks() {
            taken[task.site.zone % 3] += 1;
        }
        let running =
            |provider: &str| tasks().filter(|task| task.site.capacity_provider.as_deref() == Some(provider)).count();
        let (launch_type, provider) = match self.choose_provider(&data.strategy, running) {
            Some((launch_type, provider)) => (launch_type, Some(provider)),
            None => (data.launch_type, None),
        };
        let site = match instance {
            Some(instance) => super::task::Site {
                launch_type,
                capacity_provider: provider,
                instance: Some(instance),
                zone: self.instances[instance].zone,
            },
            None => self.place(data.cluster, launch_type, provider, &deployment.definition, taken)?,
        };
        let new = NewTask {
            cluster: data.cluster,
            service: Some(service),
            definition: deployment.definition.clone(),
            site,
            started_by: Some(deployment.id.clone()),
            group: format!("service:{}", data.name),
            exec: data.exec,
            overrides: serde_json::json!({ "containerOverrides": [] }),
            tags: self.task_tags(service),
        };
        let id = TaskId(self.services[service].rng.wide());
        self.create_task(id, new, at);
        Ok(id)
    }

    /// The tags of a service that its tasks inherit, and those that ECS adds.
    pub(super) fn task_tags(&self, service: usize) -> Vec<Tag> {
        let data = &self.services[service];
        let managed = [
            ("aws:ecs:serviceName", data.name.clone()),
            ("aws:ecs:clusterName", self.clusters[data.cluster].name.clone()),
        ];
        data.tags.iter().cloned().chain(managed.map(|(key, value)| (key.to_owned(), value))).collect()
    }

    /// Keeps one task on every instance that accepts tasks.
    fn reconcile_daemon(&mut self, service: usize, at: i64) {
        let cluster = self.services[service].cluster;
        let members: Vec<usize> =
            (0..self.instances.len()).filter(|instance| self.instances[*instance].cluster == cluster).collect();
        let survey = self.survey(service);
        let (mut stops, mut drains) = (Vec::new(), false);
        let primary = self.services[service].primary().cloned();
        let Some(primary) = primary else { return };
        let reason = format!("Scaling activity initiated by (deployment {})", primary.id);
        for id in &survey.old {
            stops.push((*id, Stop::new(StopCode::ServiceSchedulerInitiated, reason.clone())));
        }
        for task in survey.current.iter().filter_map(|id| self.tasks.get(id)) {
            let Some(instance) = task.site.instance.filter(|instance| self.instances[*instance].draining) else {
                continue;
            };
            // A daemon leaves a draining instance last.
            let others = self.instances[instance].tasks.iter().filter_map(|id| self.tasks.get(id));
            let is_daemon = |task: &super::Task| task.service.is_some_and(|service| self.services[service].daemon);
            if others.clone().all(is_daemon) {
                stops.push((task.id, Stop::new(StopCode::ServiceSchedulerInitiated, reason.clone())));
            } else {
                drains = true;
            }
        }
        self.stop_for_service(service, &stops, at);
        if drains {
            self.schedule_round(service, at + DAEMON_RETRY);
        }
        self.services[service].desired = members.len();
        let mut started = Vec::new();
        for instance in members {
            let served = self.services[service]
                .live
                .iter()
                .filter_map(|id| self.tasks.get(id))
                .any(|task| task.site.instance == Some(instance) && !task.unwanted);
            if !served
                && self.instances[instance].open()
                && let Ok(id) = self.launch_one(service, &primary, Some(instance), at)
            {
                started.push(id);
            }
        }
        if !started.is_empty() {
            let text = format!("has started {} tasks:{}.", started.len(), Service::name_tasks(&started));
            self.services[service].add_event(at, &text);
        }
    }

    /// Removes old deployments without tasks, unless a rollback may need them.
    fn drop_empty_deployments(&mut self, service: usize) {
        let data = &self.services[service];
        let keeps = |id: &str| {
            data.live.iter().any(|task| self.tasks.get(task).and_then(|task| task.started_by.as_deref()) == Some(id))
        };
        let kept: Vec<bool> = data
            .deployments
            .iter()
            .enumerate()
            .map(|(index, deployment)| {
                index == 0 || deployment.state == RolloutState::Completed || keeps(&deployment.id)
            })
            .collect();
        let mut kept = kept.into_iter();
        self.services[service].deployments.retain(|_| kept.next().unwrap_or(true));
    }

    /// Completes the deployment when it has all its tasks, and reports when the service is steady.
    fn settle_deployment(&mut self, service: usize, at: i64) {
        let survey = self.survey(service);
        let data = &self.services[service];
        let all_fit =
            survey.current.len() == data.desired && survey.current_ready == data.desired && survey.failing.is_empty();
        let alone = survey.old.is_empty();
        if self.keeps_both_sides(service) {
            if all_fit {
                self.green_is_up(service, at);
            }
            return;
        }
        if !(all_fit && alone && survey.stopping == 0) {
            return;
        }
        self.complete(service, at);
        let data = &mut self.services[service];
        if !data.steady {
            data.steady = true;
            data.clear_repeats();
            data.add_event(at, "has reached a steady state.");
            self.schedule(at + STEADY_AGAIN, super::ScheduledEvent::StillSteady(service));
        }
    }

    pub(super) fn still_steady(&mut self, service: usize, at: i64) {
        let announces = self.announces;
        let data = &mut self.services[service];
        // If it was disturbed since, a later announcement is scheduled already.
        let undisturbed = data.events.front().is_some_and(|event| at - event.at >= STEADY_AGAIN);
        if announces && data.steady && undisturbed {
            data.add_event(at, "has reached a steady state.");
            self.schedule(at + STEADY_AGAIN, super::ScheduledEvent::StillSteady(service));
        }
    }
}
