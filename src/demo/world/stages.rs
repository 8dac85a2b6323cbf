//! Blue/green deployments: stages and pauses.

use super::{
    ScheduledEvent, World,
    deployment::{HookRun, RolloutStatus, Stage},
    rng::Span,
};

/// The answer to a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookAction {
    Continue,
    RollBack,
}

/// How long a stage takes; `None`: until its work is done.
fn stage_duration(stage: Stage, bake_minutes: u32) -> Option<Span> {
    match stage {
        Stage::ScaleUp | Stage::CleanUp => None,
        Stage::PreScaleUp | Stage::PostScaleUp | Stage::PostTestTrafficShift => Some((2_000, 5_000)),
        Stage::PreProductionTrafficShift | Stage::PostProductionTrafficShift => Some((2_000, 5_000)),
        Stage::TestTrafficShift | Stage::ProductionTrafficShift => Some((8_000, 20_000)),
        Stage::BakeTime => Some((i64::from(bake_minutes) * 60_000, i64::from(bake_minutes) * 60_000)),
    }
}

impl World {
    /// Returns whether the service deployment `rollout` is at `stage`.
    fn at_stage(&self, service: usize, rollout: usize, stage: Stage) -> bool {
        let rollout = self.services[service].rollouts.get(rollout);
        rollout.is_some_and(|rollout| rollout.status == RolloutStatus::InProgress && rollout.stage == Some(stage))
    }

    /// Returns whether blue and green tasks both have to run.
    pub(super) fn keeps_both_sides(&self, service: usize) -> bool {
        let rollout = self.services[service].rollouts.last();
        rollout.is_some_and(|rollout| {
            rollout.status == RolloutStatus::InProgress && rollout.stage.is_some_and(|stage| stage < Stage::CleanUp)
        })
    }

    pub(super) fn enter_stage(&mut self, service: usize, rollout: usize, stage: Stage, at: i64) {
        let data = &mut self.services[service];
        let pause = data.config.pauses.iter().find(|pause| pause.stage == stage).cloned();
        let bake = data.config.bake_minutes;
        let hook_id = format!(
            "ecs-pause-{}",
            data.rng.text(43, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
        );
        let Some(entry) = data.rollouts.get_mut(rollout) else { return };
        entry.stage = Some(stage);
        entry.updated = at;
        if let Some(pause) = pause {
            let expires = at + i64::from(pause.timeout_minutes) * 60_000;
            entry.hooks.push(HookRun {
                id: hook_id,
                status: "AWAITING_ACTION",
                expires,
                then_continue: pause.then_continue,
            });
            let hook = entry.hooks.len() - 1;
            return self.schedule(expires, ScheduledEvent::HookTimeout { service, rollout, hook });
        }
        if let Some(span) = stage_duration(stage, bake) {
            let due = at + data.rng.within(span);
            self.schedule(due, ScheduledEvent::LeaveStage { service, rollout, stage });
        }
        self.schedule_round(service, at + 500);
    }

    pub(super) fn leave_stage(&mut self, service: usize, rollout: usize, stage: Stage, at: i64) {
        if self.at_stage(service, rollout, stage)
            && let Some(next) = stage.next()
        {
            self.enter_stage(service, rollout, next, at);
        }
    }

    /// Ends the scale-up stage: all green tasks are running.
    pub(super) fn green_is_up(&mut self, service: usize, at: i64) {
        let rollout = self.services[service].rollouts.len().saturating_sub(1);
        self.leave_stage(service, rollout, Stage::ScaleUp, at);
    }

    /// Answers a pause hook that awaits action; returns false if there is none with that id.
    pub(crate) fn answer_hook(
        &mut self,
        service: usize,
        rollout: usize,
        hook: usize,
        action: HookAction,
        at: i64,
    ) -> bool {
        self.close_hook(service, rollout, hook, action, None, at)
    }

    pub(super) fn hook_timeout(&mut self, service: usize, rollout: usize, hook: usize, at: i64) {
        let found = self.services[service].rollouts.get(rollout).and_then(|rollout| rollout.hooks.get(hook));
        let Some(then_continue) = found.map(|hook| hook.then_continue) else { return };
        let action = if then_continue { HookAction::Continue } else { HookAction::RollBack };
        self.close_hook(service, rollout, hook, action, Some("TIMED_OUT"), at);
    }

    fn close_hook(
        &mut self,
        service: usize,
        rollout: usize,
        hook: usize,
        action: HookAction,
        status: Option<&'static str>,
        at: i64,
    ) -> bool {
        let Some(entry) = self.services[service].rollouts.get_mut(rollout) else { return false };
        let stage = entry.stage;
        let Some(hook) = entry.hooks.get_mut(hook).filter(|hook| hook.status == "AWAITING_ACTION") else {
            return false;
        };
        if entry.status != RolloutStatus::InProgress {
            return false;
        }
        entry.updated = at;
        match action {
            HookAction::Continue => {
                hook.status = status.unwrap_or("SUCCEEDED");
                if let Some(stage) = stage {
                    self.leave_stage(service, rollout, stage, at);
                }
            }
            HookAction::RollBack => {
                hook.status = status.unwrap_or("FAILED");
                self.roll_back(service, "Service deployment rolled back because of a lifecycle hook failure.", at);
            }
        }
        true
    }
}
