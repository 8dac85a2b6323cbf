//! The life of a task from the decision to stop to STOPPED.

use super::{
    STOPPED_KEPT, ScheduledEvent, World,
    deployment::RolloutStatus,
    image::Behaviour,
    lifecycle::Step,
    task::{Health, Phase, Status, Stop, StopCode, Task, TaskId},
};

/// The longest time between attempts.
const LONGEST_BACKOFF: i64 = 27 * 60_000;

impl Stop {
    /// Returns whether the stop counts as a failure of its deployment.
    fn counts_as_failure(&self) -> bool {
        match self.code {
            StopCode::TaskFailedToStart | StopCode::EssentialContainerExited => true,
            StopCode::ServiceSchedulerInitiated => self.reason.starts_with("Task failed"),
            StopCode::UserInitiated | StopCode::SpotInterruption | StopCode::TerminationNotice => false,
        }
    }
}

/// How long launches wait after this many rounds of tasks that stopped before RUNNING.
fn backoff(rounds: u32) -> i64 {
    match rounds {
        0 => 0,
        rounds => (10_000_i64 << (rounds - 1).min(8)).min(LONGEST_BACKOFF),
    }
}

impl World {
    /// Begins to stop a task. A task that is stopping already is left alone.
    pub(crate) fn stop_task(&mut self, id: TaskId, stop: Stop, at: i64) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.unwanted && task.status < Status::Stopped) else {
            return;
        };
        task.unwanted = true;
        task.times.stopping = Some(at);
        task.version += 1;
        task.epoch += 1;
        let (service, deployment, was_ready) = (task.service, task.started_by.clone(), task.was_ready);
        let registered = task.status >= Status::Activating && task.target.is_some();
        let stuck = task.status >= Status::Activating
            && task.containers.iter().any(|container| container.phase == Phase::Running)
            && task.site.instance.is_some_and(|instance| !self.instances[instance].agent_connected);
        let blamed = stop.counts_as_failure();
        let never_started = stop.code == StopCode::TaskFailedToStart;
        // Fargate gives Spot tasks two minutes; most programs end long before.
        let pause = if stop.code == StopCode::TerminationNotice { (20_000, 60_000) } else { (300, 1_500) };
        task.stop = Some(stop);

        if let Some(service) = service {
            if registered {
                self.add_target_event(id, "deregistered", at);
            }
            if blamed && !was_ready {
                self.count_failure(service, deployment.as_deref().unwrap_or_default(), at);
            }
            if never_started {
                self.count_impaired(service, at);
            }
            self.services[service].steady = false;
            self.schedule_round(service, at + 1_000);
        }
        // Without its agent, the instance does not receive the request.
        if !stuck {
            self.then(id, Step::Unwind, pause, at);
        }
    }

    fn count_failure(&mut self, service: usize, deployment: &str, at: i64) {
        let service = &mut self.services[service];
        if let Some(entry) = service.deployment_mut(deployment) {
            entry.failed_tasks += 1;
            entry.updated = at;
        }
        if let Some(rollout) = service.rollout_mut()
            && rollout.deployment == deployment
            && rollout.status == RolloutStatus::InProgress
        {
            rollout.failures += 1;
            rollout.updated = at;
        }
    }

    fn count_impaired(&mut self, service: usize, at: i64) {
        let service = &mut self.services[service];
        service.impaired += 1;
        let round = service.desired.max(1) as u32;
        service.next_launch = at + backoff(service.impaired.div_ceil(round));
        if service.impaired > 2 * round {
            service.add_event_once(
                at,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section \
                 of the Amazon ECS Developer Guide.",
            );
        }
    }

    /// Clears the failure counts when a task has passed its checks.
    pub(super) fn became_ready(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.ready() && !task.was_ready) else { return };
        task.was_ready = true;
        let (Some(service), Some(deployment)) = (task.service, task.started_by.clone()) else { return };
        let data = &mut self.services[service];
        data.impaired = 0;
        data.next_launch = 0;
        if let Some(entry) = data.deployment_mut(&deployment) {
            entry.failed_tasks = 0;
            entry.updated = at;
        }
        if let Some(rollout) = data.rollout_mut()
            && rollout.deployment == deployment
            && rollout.breaker.is_some_and(|breaker| breaker.reset_on_healthy_task)
        {
            rollout.failures = 0;
        }
        self.schedule_round(service, at + 1_000);
    }

    /// Takes the next step towards STOPPED.
    pub(super) fn unwind(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let interface = task.definition.awsvpc;
        let next = match task.status {
            Status::Provisioning | Status::Pending if interface => Status::Deprovisioning,
            Status::Provisioning | Status::Pending => Status::Stopped,
            Status::Activating | Status::Running if task.target.is_some() => Status::Deactivating,
            Status::Activating | Status::Running | Status::Deactivating => Status::Stopping,
            Status::Stopping if interface => Status::Deprovisioning,
            Status::Stopping | Status::Deprovisioning | Status::Stopped => Status::Stopped,
        };
        let grace = self.stop_grace(id);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.status == Status::Stopping {
            finish_containers(task, grace.1);
            task.times.execution_stopped.get_or_insert(at);
            if let Some(stop) = task.stop.as_mut().filter(|stop| stop.code == StopCode::TerminationNotice) {
                stop.code = StopCode::SpotInterruption;
            }
        }
        task.status = next;
        task.version += 1;
        let running = task.containers.iter().any(|container| container.phase == Phase::Running);
        let serves = task
            .definition
            .containers
            .iter()
            .zip(&task.containers)
            .all(|(spec, container)| !spec.essential || container.phase == Phase::Running);
        match next {
            // Connections drain only if a healthy target still serves them.
            Status::Deactivating if serves && task.target == Some(Health::Healthy) => {
                self.add_draining_event(id, at);
                self.then(id, Step::Unwind, (20_000, 40_000), at);
            }
            Status::Deactivating => self.then(id, Step::Unwind, (1_000, 4_000), at),
            Status::Stopping if running => {
                self.log_stop_request(id, at);
                self.then(id, Step::Unwind, (grace.0, grace.0), at);
            }
            Status::Stopping => self.then(id, Step::Unwind, (200, 1_000), at),
            Status::Deprovisioning => self.then(id, Step::Unwind, (8_000, 20_000), at),
            _ => self.stopped(id, at),
        }
    }

    /// How long the containers take to stop, and their exit code.
    fn stop_grace(&mut self, id: TaskId) -> (i64, i32) {
        let Some(task) = self.tasks.get(&id) else { return (0, 0) };
        let definition = task.definition.clone();
        let deaf = definition
            .containers
            .iter()
            .filter(|spec| matches!(self.image(&spec.image).behaviour, Behaviour::IgnoresSigterm))
            .map(|spec| spec.stop_timeout)
            .max();
        match (deaf, self.tasks.get_mut(&id)) {
            (Some(timeout), _) => (timeout, 137),
            (None, Some(task)) => (task.rng.within((400, 5_000)), 143),
            (None, None) => (0, 0),
        }
    }

    fn stopped(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.times.stopped = Some(at);
        for container in &mut task.containers {
            container.phase = Phase::Stopped;
        }
        let (service, instance) = (task.service, task.site.instance);
        if let Some(service) = service {
            self.services[service].live.retain(|live| *live != id);
            self.schedule_round(service, at + 1_000);
        }
        if let Some(instance) = instance.and_then(|instance| self.instances.get_mut(instance)) {
            instance.tasks.remove(&id);
            instance.version += 1;
        }
        self.schedule(at + STOPPED_KEPT, ScheduledEvent::Forget(id));
    }

    /// `(service NAME) registered 1 targets in (target-group …)`
    pub(super) fn add_target_event(&mut self, id: TaskId, what: &str, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        if let (Some(service), Some(group)) = (task.service, self.target_group(task)) {
            let text = format!("{what} 1 targets in (target-group {group})");
            self.services[service].add_event(at, &text);
        }
    }

    fn add_draining_event(&mut self, id: TaskId, at: i64) {
        if let Some(service) = self.tasks.get(&id).and_then(|task| task.service) {
            self.services[service].add_event(at, "has begun draining connections on 1 tasks.");
        }
    }
}

fn finish_containers(task: &mut Task, exit_code: i32) {
    for container in &mut task.containers {
        if container.phase == Phase::Running {
            container.phase = Phase::Stopped;
            container.exit_code = Some(exit_code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_apart_up_to_27_minutes() {
        assert_eq!((0..4).map(backoff).collect::<Vec<_>>(), [0, 10_000, 20_000, 40_000]);
        assert_eq!(backoff(9), LONGEST_BACKOFF);
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }

    #[test]
    fn only_some_stops_count_as_failures() {
        let blames = |code, reason: &str| Stop::new(code, reason).counts_as_failure();
        assert!(blames(StopCode::TaskFailedToStart, "x"));
        assert!(blames(StopCode::ServiceSchedulerInitiated, "Task failed ELB health checks in (target-group t)"));
        assert!(!blames(StopCode::ServiceSchedulerInitiated, "Scaling activity initiated by (deployment ecs-svc/1)"));
        assert!(!blames(StopCode::UserInitiated, "Task failed to please me"));
    }
}
