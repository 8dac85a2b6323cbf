//! Routines of an account: pipelines that deploy, schedules that run jobs, Spot that reclaims capacity.

use super::{
    ScheduledEvent, World,
    launch::NewTask,
    lifecycle::Step,
    rng::{Rng, Span},
    task::TaskId,
};

/// A recurring action.
#[derive(Debug, Clone)]
pub(crate) struct Routine {
    pub(crate) act: Act,
    pub(crate) every: Span,
    pub(crate) rng: Rng,
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Deploys a task definition (ARN, `family:revision` or `family`) to a service, unless a deployment is under way or
    /// the service was changed from outside.
    Deploy { service: usize, definition: String },
    /// Deploys it even if a deployment is under way.
    DeployAgain { service: usize, definition: String },
    /// Runs standalone tasks of a family.
    Run { cluster: usize, family: String, started_by: String, launch_type: &'static str },
    /// Reclaims the Spot capacity of one task of a service.
    ReclaimSpot { service: usize },
}

/// How long a pipeline waits when a deployment is under way.
const PIPELINE_WAIT: i64 = 30_000;

impl World {
    /// Schedules `act` at `first` and then repeatedly.
    pub(crate) fn repeat(&mut self, act: Act, first: i64, every: Span) {
        let index = self.routines.len();
        let rng = Rng::stream(self.seed, &format!("routine {index}"));
        self.routines.push(Routine { act, every, rng });
        self.schedule(first, ScheduledEvent::Routine(index));
    }

    pub(super) fn perform(&mut self, index: usize, at: i64) {
        let Some(routine) = self.routines.get_mut(index) else { return };
        let act = routine.act.clone();
        let mut next = at + routine.rng.within(routine.every);
        match act {
            Act::Deploy { service, definition } => {
                let data = &mut self.services[service];
                if data.taken_over {
                    return;
                }
                if data.rollout_mut().is_some() {
                    next = at + PIPELINE_WAIT;
                } else {
                    self.deploy_named(service, &definition, at);
                }
            }
            Act::DeployAgain { service, definition } => {
                if self.services[service].taken_over {
                    return;
                }
                self.deploy_named(service, &definition, at);
            }
            Act::Run { cluster, family, started_by, launch_type } => {
                if let Some(definition) = self.task_definition(&family)
                    && let Ok(site) = self.place(cluster, launch_type, None, &definition, [0; 3])
                {
                    let new = NewTask {
                        cluster,
                        service: None,
                        group: format!("family:{}", definition.family),
                        tags: definition.tags.clone(),
                        definition,
                        site,
                        started_by: Some(started_by),
                        exec: false,
                        overrides: serde_json::json!({ "containerOverrides": [] }),
                    };
                    let id = TaskId(self.routines[index].rng.wide());
                    self.create_task(id, new, at);
                }
            }
            Act::ReclaimSpot { service } => {
                let spot: Vec<TaskId> = self.services[service]
                    .live
                    .iter()
                    .filter_map(|id| self.tasks.get(id))
                    .filter(|task| task.ready() && task.site.capacity_provider.as_deref() == Some("FARGATE_SPOT"))
                    .map(|task| task.id)
                    .collect();
                if !spot.is_empty() {
                    let id = *self.routines[index].rng.pick(&spot);
                    self.then(id, Step::Reclaim, (0, 0), at);
                }
            }
        }
        self.schedule(next, ScheduledEvent::Routine(index));
    }

    fn deploy_named(&mut self, service: usize, definition: &str, at: i64) {
        if let Some(definition) = self.task_definition(definition) {
            self.deploy(service, definition, at);
        }
    }
}
