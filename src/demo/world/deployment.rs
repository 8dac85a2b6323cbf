//! Deployments of a service: data and calculations. `scheduler` and `rollout` change them.

use std::sync::Arc;

use super::{cluster::StrategyItem, taskdef::TaskDefinition};

/// How a service replaces its tasks.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentConfig {
    pub(crate) minimum_healthy_percent: u32,
    pub(crate) maximum_percent: u32,
    pub(crate) breaker: Option<Breaker>,
    /// `ROLLING` or `BLUE_GREEN`.
    pub(crate) blue_green: bool,
    pub(crate) bake_minutes: u32,
    pub(crate) pauses: Vec<PauseHook>,
}

impl Default for DeploymentConfig {
    fn default() -> Self {
        Self {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            breaker: None,
            blue_green: false,
            bake_minutes: 0,
            pauses: Vec::new(),
        }
    }
}

impl DeploymentConfig {
    /// The most tasks allowed at once for `desired` running ones.
    pub(crate) fn ceiling(&self, desired: usize) -> usize {
        desired * self.maximum_percent as usize / 100
    }

    /// The fewest healthy tasks allowed for `desired` running ones.
    pub(crate) fn floor(&self, desired: usize) -> usize {
        (desired * self.minimum_healthy_percent as usize).div_ceil(100)
    }

    /// Returns whether neither a start nor a stop is ever allowed.
    pub(crate) fn deadlocked(&self, desired: usize) -> bool {
        desired > 0 && self.ceiling(desired) <= desired && self.floor(desired) >= desired
    }
}

/// The deployment circuit breaker's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) rollback: bool,
    pub(crate) reset_on_healthy_task: bool,
    pub(crate) threshold: Threshold,
}

/// The number of failed tasks that trips the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threshold {
    Count(u32),
    /// Per cent of the desired count, at least 3 and at most 200.
    BoundedPercent(u32),
    UnboundedPercent(u32),
}

impl Breaker {
    /// AWS's default.
    pub(crate) const STANDARD: Self =
        Self { rollback: true, reset_on_healthy_task: true, threshold: Threshold::BoundedPercent(50) };

    pub(crate) fn trips_at(&self, desired: usize) -> u32 {
        let share = |percent: u32| (desired as u32).saturating_mul(percent).div_ceil(100);
        match self.threshold {
            Threshold::Count(count) => count,
            Threshold::BoundedPercent(percent) => share(percent).clamp(3, 200),
            Threshold::UnboundedPercent(percent) => share(percent).max(1),
        }
    }
}

/// A pause hook of the deployment configuration.
#[derive(Debug, Clone)]
pub(crate) struct PauseHook {
    pub(crate) stage: Stage,
    pub(crate) timeout_minutes: u32,
    /// Action on timeout: CONTINUE, else ROLLBACK.
    pub(crate) then_continue: bool,
}

/// `rolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// An entry of a service's `deployments`; the first is PRIMARY, the others ACTIVE.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// `ecs-svc/` and nineteen digits.
    pub(crate) id: String,
    /// The number of its service revision.
    pub(crate) revision: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// Number of consecutive tasks that failed to start.
    pub(crate) failed_tasks: u32,
    pub(crate) state: RolloutState,
    pub(crate) reason: String,
    /// Its tasks are in the second target group of a blue/green service.
    pub(crate) alternate: bool,
}

/// An immutable service revision.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    pub(crate) number: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) strategy: Vec<StrategyItem>,
    pub(crate) created: i64,
}

/// `status` of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutStatus {
    InProgress,
    Successful,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl RolloutStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Returns whether nothing more can happen to it.
    pub(crate) fn over(self) -> bool {
        !matches!(self, Self::InProgress | Self::RollbackRequested | Self::RollbackInProgress)
    }
}

/// The stages of a blue/green deployment, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

impl Stage {
    pub(crate) const ALL: [Self; 10] = [
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    pub(crate) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }
}

/// A hook reached by a service deployment.
#[derive(Debug, Clone)]
pub(crate) struct HookRun {
    pub(crate) id: String,
    /// `AWAITING_ACTION`, `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
    pub(crate) status: &'static str,
    pub(crate) expires: i64,
    pub(crate) then_continue: bool,
}

/// A rollback within a service deployment.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started: i64,
    pub(crate) revision: String,
}

/// A service deployment.
#[derive(Debug, Clone)]
pub(crate) struct Rollout {
    /// The last part of its ARN.
    pub(crate) id: String,
    /// The `ecs-svc/…` id of the deployment it brings in.
    pub(crate) deployment: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) finished: Option<i64>,
    pub(crate) stopped: Option<i64>,
    /// The numbers of the revisions it replaces.
    pub(crate) sources: Vec<String>,
    pub(crate) target: String,
    pub(crate) status: RolloutStatus,
    pub(crate) status_reason: Option<String>,
    /// Only of blue/green deployments.
    pub(crate) stage: Option<Stage>,
    pub(crate) hooks: Vec<HookRun>,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) tripped: bool,
    pub(crate) failures: u32,
    pub(crate) threshold: u32,
    pub(crate) rollback: Option<Rollback>,
    /// Task counts of source and target at the end: a finished service deployment is a snapshot.
    pub(crate) desired: usize,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(100, 200, 4, 4, 8)]
    #[case(50, 100, 3, 2, 3)]
    #[case(100, 150, 1, 1, 1)]
    #[case(66, 125, 10, 7, 12)]
    #[case(0, 100, 1, 0, 1)]
    #[case(100, 200, 0, 0, 0)]
    fn bounds_are_rounded_to_the_safe_side(
        #[case] minimum: u32,
        #[case] maximum: u32,
        #[case] desired: usize,
        #[case] floor: usize,
        #[case] ceiling: usize,
    ) {
        let config =
            DeploymentConfig { minimum_healthy_percent: minimum, maximum_percent: maximum, ..Default::default() };
        assert_eq!((config.floor(desired), config.ceiling(desired)), (floor, ceiling));
    }

    #[test]
    fn a_deadlock_needs_both_bounds() {
        let config = |minimum, maximum| DeploymentConfig {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            ..Default::default()
        };
        assert!(config(100, 100).deadlocked(4));
        assert!(config(100, 150).deadlocked(1));
        assert!(!config(100, 150).deadlocked(2));
        assert!(!config(50, 100).deadlocked(4));
        assert!(!config(100, 100).deadlocked(0));
    }

    #[rstest]
    #[case(Threshold::BoundedPercent(50), 1, 3)]
    #[case(Threshold::BoundedPercent(50), 25, 13)]
    #[case(Threshold::BoundedPercent(50), 1_000, 200)]
    #[case(Threshold::UnboundedPercent(50), 1_000, 500)]
    #[case(Threshold::UnboundedPercent(10), 1, 1)]
    #[case(Threshold::Count(20), 4, 20)]
    fn the_breaker_trips_at(#[case] threshold: Threshold, #[case] desired: usize, #[case] failures: u32) {
        assert_eq!(Breaker { threshold, ..Breaker::STANDARD }.trips_at(desired), failures);
    }

    #[test]
    fn stages_follow_each_other() {
        assert_eq!(Stage::PreScaleUp.next(), Some(Stage::ScaleUp));
        assert_eq!(Stage::CleanUp.next(), None);
        assert!(Stage::ALL.into_iter().all(|stage| Stage::parse(stage.as_str()) == Some(stage)));
    }
}
