//! Deployments begin, complete, fail and roll back.

use std::sync::Arc;

use super::{
    World,
    deployment::{Deployment, Revision, Rollback, Rollout, RolloutState, RolloutStatus, Stage},
    taskdef::TaskDefinition,
};

/// The alphabet of service deployment ids.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

impl World {
    /// Starts a new deployment of a service.
    pub(crate) fn deploy(&mut self, service: usize, definition: Arc<TaskDefinition>, at: i64) {
        let data = &mut self.services[service];
        let number = data.rng.digits();
        let sources: Vec<String> = data.deployments.iter().map(|deployment| deployment.revision.clone()).collect();
        if let Some(rollout) = data.rollout_mut() {
            rollout.status = RolloutStatus::Stopped;
            rollout.status_reason = Some("A new service deployment was started.".to_owned());
            rollout.stopped = Some(at);
            rollout.finished = Some(at);
            rollout.updated = at;
        }
        // Green is the side that blue is not on.
        let mut standing = data.deployments.iter().filter(|entry| entry.state == RolloutState::Completed);
        let alternate = data.config.blue_green && !standing.any(|entry| entry.alternate);
        let deployment = Deployment {
            id: format!("ecs-svc/{number}"),
            revision: number.clone(),
            definition: definition.clone(),
            created: at,
            updated: at,
            failed_tasks: 0,
            state: RolloutState::InProgress,
            reason: format!("ECS deployment ecs-svc/{number} in progress."),
            alternate,
        };
        data.revisions.push(Revision {
            number: number.clone(),
            definition,
            strategy: data.strategy.clone(),
            created: at,
        });
        let rollout = Rollout {
            id: data.rng.text(21, ID_ALPHABET),
            deployment: deployment.id.clone(),
            created: at,
            updated: at,
            finished: None,
            stopped: None,
            sources,
            target: number,
            status: RolloutStatus::InProgress,
            status_reason: None,
            stage: data.config.blue_green.then_some(Stage::PreScaleUp),
            hooks: Vec::new(),
            breaker: data.config.breaker,
            tripped: false,
            failures: 0,
            threshold: data.config.breaker.map_or(0, |breaker| breaker.trips_at(data.desired)),
            rollback: None,
            desired: data.desired,
        };
        data.rollouts.push(rollout);
        data.deployments.insert(0, deployment);
        data.impaired = 0;
        data.next_launch = 0;
        data.steady = false;
        data.clear_repeats();
        if data.config.blue_green {
            let rollout = data.rollouts.len() - 1;
            self.enter_stage(service, rollout, Stage::PreScaleUp, at);
        }
        self.schedule_round(service, at + 1_500);
    }

    /// Requests a rollback of the deployment under way; pipelines then leave the service alone.
    pub(crate) fn request_rollback(&mut self, service: usize) {
        let at = self.now_ms;
        let data = &mut self.services[service];
        data.taken_over = true;
        if let Some(rollout) = data.rollout_mut()
            && rollout.status == RolloutStatus::InProgress
        {
            rollout.status = RolloutStatus::RollbackRequested;
            rollout.updated = at;
        }
        self.schedule_round(service, at + 1_000);
    }

    /// Completes the deployments of a service that has all tasks of the primary one and no others.
    pub(super) fn complete(&mut self, service: usize, at: i64) {
        let data = &mut self.services[service];
        let desired = data.desired;
        let Some(primary) = data.deployments.first_mut().filter(|primary| primary.state == RolloutState::InProgress)
        else {
            return;
        };
        primary.state = RolloutState::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.updated = at;
        let id = primary.id.clone();
        data.deployments.truncate(1);
        if let Some(rollout) = data.rollout_mut() {
            rollout.status = match rollout.status {
                RolloutStatus::RollbackRequested | RolloutStatus::RollbackInProgress => {
                    RolloutStatus::RollbackSuccessful
                }
                _ => RolloutStatus::Successful,
            };
            rollout.finished = Some(at);
            rollout.updated = at;
            rollout.desired = desired;
        }
        data.add_event(at, &format!("(deployment {id}) deployment completed."));
    }

    /// Fails deployments with too many failed tasks, and starts requested rollbacks.
    pub(super) fn check_failures(&mut self, service: usize, at: i64) {
        let data = &mut self.services[service];
        let Some(rollout) = data.rollout_mut() else { return };
        if rollout.status == RolloutStatus::RollbackRequested {
            return self.roll_back(service, "Service deployment rolled back because it was stopped by a user.", at);
        }
        let Some(breaker) = rollout.breaker else { return };
        if rollout.status != RolloutStatus::InProgress || rollout.failures < rollout.threshold {
            return;
        }
        rollout.tripped = true;
        let deployment = rollout.deployment.clone();
        if let Some(entry) = data.deployment_mut(&deployment) {
            entry.state = RolloutState::Failed;
            entry.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
            entry.updated = at;
        }
        data.add_event(at, &format!("(deployment {deployment}) deployment failed: tasks failed to start."));
        if breaker.rollback {
            self.roll_back(
                service,
                "Service deployment rolled back because the circuit breaker threshold was exceeded.",
                at,
            );
        } else if let Some(rollout) = data.rollout_mut() {
            rollout.status = RolloutStatus::Stopped;
            rollout.status_reason =
                Some("Service deployment failed because the circuit breaker threshold was exceeded.".to_owned());
            rollout.stopped = Some(at);
            rollout.finished = Some(at);
        }
    }

    /// Rolls back to the previous revision.
    pub(super) fn roll_back(&mut self, service: usize, reason: &str, at: i64) {
        let data = &mut self.services[service];
        let Some(rollout) = data.rollout_mut() else { return };
        let (failed, tripped) = (rollout.deployment.clone(), rollout.tripped);
        rollout.status_reason = Some(reason.to_owned());
        rollout.updated = at;
        // The last revision whose deployment completed.
        let standing =
            data.deployments.iter().find(|entry| entry.state == RolloutState::Completed).map(|entry| &entry.revision);
        let recorded = || {
            data.rollouts
                .iter()
                .rev()
                .find(|entry| entry.status == RolloutStatus::Successful)
                .map(|entry| &entry.target)
        };
        let revision = standing
            .or_else(recorded)
            .and_then(|number| data.revisions.iter().find(|revision| revision.number == *number))
            .cloned();
        let Some(revision) = revision else {
            if let Some(rollout) = data.rollout_mut() {
                rollout.status = RolloutStatus::RollbackFailed;
                rollout.status_reason = Some(format!("{reason} No rollback candidate was found to run the rollback."));
                rollout.finished = Some(at);
            }
            return;
        };
        if let Some(entry) = data.deployment_mut(&failed)
            && entry.state == RolloutState::InProgress
        {
            entry.state = RolloutState::Failed;
            entry.reason = format!("ECS deployment {failed} stopped.");
            entry.updated = at;
        }
        // The old deployment usually still has its tasks, and becomes primary again.
        let position = data.deployments.iter().position(|deployment| deployment.revision == revision.number);
        let mut restored = match position {
            Some(position) => data.deployments.remove(position),
            None => Deployment {
                id: format!("ecs-svc/{}", revision.number),
                revision: revision.number.clone(),
                definition: revision.definition.clone(),
                created: at,
                updated: at,
                failed_tasks: 0,
                state: RolloutState::InProgress,
                reason: String::new(),
                alternate: false,
            },
        };
        restored.state = RolloutState::InProgress;
        restored.updated = at;
        restored.reason = if tripped {
            format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", restored.id)
        } else {
            format!("ECS deployment {} in progress.", restored.id)
        };
        let id = restored.id.clone();
        data.deployments.insert(0, restored);
        data.impaired = 0;
        data.next_launch = 0;
        if let Some(rollout) = data.rollout_mut() {
            rollout.status = RolloutStatus::RollbackInProgress;
            rollout.rollback =
                Some(Rollback { reason: reason.to_owned(), started: at, revision: revision.number.clone() });
        }
        data.add_event(at, &format!("rolling back to deployment {id}."));
        self.schedule_round(service, at + 1_000);
    }
}
