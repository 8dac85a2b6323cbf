//! The life of a task from PROVISIONING to RUNNING, and what can happen to it while it runs.

use super::{
    ScheduledEvent, World,
    image::Behaviour,
    rng::Span,
    task::{Health, Phase, Status, Stop, StopCode, TaskId},
};

/// One step in a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The network interface is attached.
    Attach,
    /// Secrets are requested.
    Prepare,
    PullStart,
    PullStop,
    Start,
    Activate,
    FailToStart,
    /// A container ends by itself.
    Exit(usize),
    /// The first health check of a container is decided.
    Checked(usize),
    /// The load balancer's health check is decided.
    TargetChecked,
    /// Spot reclaims the capacity.
    Reclaim,
    /// A step towards STOPPED.
    Unwind,
}

/// Why a task can't start: the container at fault, its reason, and the task's reason.
struct StartFailure {
    container: Option<usize>,
    container_reason: Option<String>,
    stopped_reason: String,
}

impl World {
    /// Schedules the next step of a task.
    pub(crate) fn then(&mut self, id: TaskId, step: Step, delay: Span, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let due = at + task.rng.within(delay);
        let epoch = task.epoch;
        self.schedule(due, ScheduledEvent::Task { id, epoch, step });
    }

    pub(super) fn step(&mut self, id: TaskId, step: Step, at: i64) {
        match step {
            Step::Attach => self.attach(id, at),
            Step::Prepare => self.prepare(id, at),
            Step::PullStart => self.pull(id, at),
            Step::PullStop => self.pulled(id, at),
            Step::Start => self.start(id, at),
            Step::Activate => self.run(id, at),
            Step::FailToStart => self.fail_to_start(id, at),
            Step::Exit(container) => self.exit(id, container, at),
            Step::Checked(container) => self.checked(id, container, at),
            Step::TargetChecked => self.target_checked(id, at),
            Step::Reclaim => self.stop_task(id, Stop::new(StopCode::TerminationNotice, SPOT_REASON), at),
            Step::Unwind => self.unwind(id, at),
        }
    }

    fn attach(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let failure = (self.volumes_refused && task.definition.volume.is_some()).then(|| {
            format!(
                "ECS was unable to assume the configured ECS Infrastructure Role '{}'. Please verify that the role being \
                 passed has the proper trust relationship with Amazon ECS",
                self.infrastructure_role()
            )
        });
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if failure.is_some() {
            task.volume_failure = failure;
            task.version += 1;
            return self.then(id, Step::FailToStart, (2_000, 6_000), at);
        }
        task.status = Status::Pending;
        task.version += 1;
        self.then(id, Step::Prepare, (400, 1_500), at);
    }

    fn prepare(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.times.connected = Some(at);
        let mut secrets = task.definition.containers.iter().flat_map(|spec| &spec.secrets);
        if secrets.any(|secret| self.denied_secrets.contains(secret)) {
            self.then(id, Step::FailToStart, (3_000, 9_000), at);
        } else {
            self.then(id, Step::PullStart, (500, 2_500), at);
        }
    }

    fn pull(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.times.pull_started = Some(at);
        let fargate = task.site.launch_type == "FARGATE";
        let definition = task.definition.clone();
        let missing =
            definition.containers.iter().any(|spec| matches!(self.image(&spec.image).behaviour, Behaviour::Missing));
        match (missing, fargate) {
            (true, true) => self.then(id, Step::FailToStart, (9_000, 24_000), at),
            (true, false) => self.then(id, Step::FailToStart, (1_500, 5_000), at),
            (false, true) => self.then(id, Step::PullStop, (3_000, 18_000), at),
            // Instances cache images.
            (false, false) => self.then(id, Step::PullStop, (300, 6_000), at),
        }
    }

    fn pulled(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.times.pull_stopped = Some(at);
        task.version += 1;
        let definition = task.definition.clone();
        let broken = |image: &str| matches!(self.image(image).behaviour, Behaviour::CannotStart { .. });
        if definition.containers.iter().any(|spec| broken(&spec.image)) {
            self.then(id, Step::FailToStart, (300, 1_500), at);
        } else {
            self.then(id, Step::Start, (300, 1_800), at);
        }
    }

    fn start(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        for container in &mut task.containers {
            container.phase = Phase::Running;
        }
        task.version += 1;
        if task.target.is_none() {
            return self.run(id, at);
        }
        task.status = Status::Activating;
        self.add_target_event(id, "registered", at);
        self.then(id, Step::Activate, (800, 3_000), at);
    }

    fn run(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.status = Status::Running;
        task.times.started = Some(at);
        task.version += 1;
        let grace = task.service.map_or(0, |service| i64::from(self.services[service].grace_seconds) * 1_000);
        self.log_start(id, at);
        self.schedule_outcomes(id, grace, at);
        self.became_ready(id, at);
    }

    /// Schedules the future of a task that has just started running.
    pub(super) fn schedule_outcomes(&mut self, id: TaskId, grace: i64, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let definition = task.definition.clone();
        let mut target_fails = false;
        for (index, spec) in definition.containers.iter().enumerate() {
            let Some(behaviour) = self.tasks.get(&id).map(|task| self.behaviour_of(task, index)) else { return };
            match &behaviour {
                Behaviour::Crashes { after, .. } | Behaviour::Completes { after, .. } => {
                    self.then(id, Step::Exit(index), *after, at);
                }
                Behaviour::Grows { needs_mib, after } if spec.memory.unwrap_or(definition.memory) < *needs_mib => {
                    self.then(id, Step::Exit(index), *after, at);
                }
                Behaviour::FailsTargetChecks { .. } => target_fails = true,
                _ => {}
            }
            if let Some((start_period, interval)) = spec.health_check {
                // A failing check only counts after the start period and three tries; a passing one counts at once.
                let decided = match behaviour {
                    Behaviour::FailsHealthChecks => start_period.max(grace) + 3 * interval,
                    _ => (start_period / 2).max(interval),
                };
                self.then(id, Step::Checked(index), (decided, decided + 2_000), at);
            }
            self.begin_chatter(id, index, at);
        }
        if self.tasks.get(&id).is_some_and(|task| task.target.is_some()) {
            let delay = if target_fails { (grace + 60_000, grace + 95_000) } else { (12_000, 25_000) };
            self.then(id, Step::TargetChecked, delay, at);
        }
    }

    fn checked(&mut self, id: TaskId, container: usize, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let Some(image) = task.definition.containers.get(container).map(|spec| spec.image.clone()) else { return };
        let fails = matches!(self.image(&image).behaviour, Behaviour::FailsHealthChecks);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if let Some(container) = task.containers.get_mut(container) {
            container.health = if fails { Health::Unhealthy } else { Health::Healthy };
        }
        task.version += 1;
        if fails && let Some(service) = task.service {
            self.services[service].add_event(at, &format!("(task {id}) failed container health checks."));
            self.schedule_round(service, at + 2_000);
        }
        self.became_ready(id, at);
    }

    fn target_checked(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let code = self.failing_code(&task.definition);
        let text = code.zip(self.target(task)).zip(self.target_group(task)).map(|((code, target), group)| {
            let instance = target.zone.map_or_else(|| format!("(instance {}) ", target.id), |_| String::new());
            format!(
                "(task {id}) {instance}(port {}) is unhealthy in (target-group {group}) due to (reason Health checks \
                 failed with these codes: [{code}]).",
                target.port
            )
        });
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.target = Some(if code.is_some() { Health::Unhealthy } else { Health::Healthy });
        if let Some(service) = task.service.filter(|_| code.is_some()) {
            if let Some(text) = text {
                self.services[service].add_event(at, &text);
            }
            self.schedule_round(service, at + 2_000);
        }
        self.became_ready(id, at);
    }

    /// Handles a container that ends by itself.
    fn exit(&mut self, id: TaskId, container: usize, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let Some(spec) = task.definition.containers.get(container) else { return };
        let (behaviour, essential) = (self.behaviour_of(task, container), spec.essential);
        let (exit_code, reason) = match &behaviour {
            Behaviour::Grows { .. } => (137, Some("OutOfMemoryError: Container killed due to memory usage".to_owned())),
            Behaviour::Crashes { exit_code, .. } => (*exit_code, None),
            Behaviour::Completes { failing_percent, .. } => {
                let fails = self.tasks.get_mut(&id).is_some_and(|task| task.rng.chance(*failing_percent));
                (i32::from(fails), None)
            }
            _ => (0, None),
        };
        self.log_exit(id, container, exit_code, at);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.version += 1;
        if let Some(container) = task.containers.get_mut(container) {
            container.phase = Phase::Stopped;
            container.exit_code = Some(exit_code);
            container.reason = reason;
        }
        if essential {
            self.stop_task(id, Stop::new(StopCode::EssentialContainerExited, "Essential container in task exited"), at);
        }
    }

    fn fail_to_start(&mut self, id: TaskId, at: i64) {
        let Some(failure) = self.start_failure(id) else { return };
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.times.pull_started.is_some() {
            task.times.pull_stopped.get_or_insert(at);
            task.times.execution_stopped = Some(at);
        }
        for container in &mut task.containers {
            container.phase = Phase::Stopped;
        }
        if let Some(container) = failure.container.and_then(|index| task.containers.get_mut(index)) {
            container.reason = failure.container_reason;
        }
        self.stop_task(id, Stop::new(StopCode::TaskFailedToStart, failure.stopped_reason), at);
    }

    fn start_failure(&mut self, id: TaskId) -> Option<StartFailure> {
        let task = self.tasks.get(&id)?;
        if task.volume_failure.is_some() {
            // The attachment has the reason.
            let stopped_reason = "Task failed to start".to_owned();
            return Some(StartFailure { container: None, container_reason: None, stopped_reason });
        }
        let definition = task.definition.clone();
        let secrets = definition.containers.iter().flat_map(|spec| &spec.secrets);
        if let Some(secret) = secrets.clone().find(|secret| self.denied_secrets.contains(*secret)) {
            let role =
                definition.body.get("executionRoleArn").and_then(|role| role.as_str()).map_or("", super::last_part);
            let request = self.tasks.get_mut(&id)?.rng.uuid();
            return Some(StartFailure {
                container: None,
                container_reason: None,
                stopped_reason: format!(
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
                     failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch \
                     secret {secret} from secrets manager: AccessDeniedException: User: arn:aws:sts::{account}:assumed-role/\
                     {role}/{id} is not authorized to perform: secretsmanager:GetSecretValue on resource: {secret} because \
                     no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: \
                     {request}",
                    account = self.account_id,
                ),
            });
        }
        let fargate = self.tasks.get(&id)?.site.launch_type == "FARGATE";
        definition.containers.iter().enumerate().find_map(|(index, spec)| {
            let image = &spec.image;
            let text = match self.image(image).behaviour {
                Behaviour::Missing if fargate => format!(
                    "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref \
                     {image}: {image}: not found"
                ),
                Behaviour::Missing => format!(
                    "CannotPullContainerError: The task can\u{2019}t pull the image. Check whether the image exists. Error \
                     response from daemon: manifest for {image} not found: manifest unknown: Requested image not found"
                ),
                Behaviour::CannotStart { reason } => reason.to_owned(),
                _ => return None,
            };
            // Fargate repeats a failed pull as the task's reason.
            let stopped_reason =
                if text.starts_with("CannotPull") && fargate { text.clone() } else { "Task failed to start".to_owned() };
            Some(StartFailure { container: Some(index), container_reason: Some(text), stopped_reason })
        })
    }
}

/// AWS's reason for every Spot task it reclaims.
pub(super) const SPOT_REASON: &str = "Your Spot Task was interrupted.";
