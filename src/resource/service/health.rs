//! Health of a service in one word.

use super::Service;
use crate::resource::{Tone, finding::Problem};

/// Health of a service, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceHealth {
    /// The rollout failed.
    Failed,
    /// Tasks of the rollout fail, or it is being rolled back.
    Failing,
    /// The rollout makes no progress.
    Stuck,
    /// Tasks fail repeatedly.
    Crashing,
    /// Tasks can't be placed.
    Unplaced,
    /// Fewer tasks run than desired, without a rollout.
    Short,
    /// Health checks fail, or the scheduler repeats an error.
    Unhealthy,
    /// The rollout is paused until somebody continues it or rolls it back.
    Waiting,
    Deploying,
    /// Fewer tasks run than desired, for the moment and without a rollout.
    Starting,
    /// More tasks run than desired, without a rollout.
    Stopping,
    Draining,
    Inactive,
    Steady,
}

impl ServiceHealth {
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Failing => "failing",
            Self::Stuck => "stuck",
            Self::Crashing => "crashing",
            Self::Unplaced => "unplaced",
            Self::Short => "short",
            Self::Unhealthy => "unhealthy",
            Self::Waiting => "waiting",
            Self::Deploying => "deploying",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Draining => "draining",
            Self::Inactive => "inactive",
            Self::Steady => "steady",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Failed | Self::Failing | Self::Crashing | Self::Unplaced | Self::Short | Self::Unhealthy => Tone::Bad,
            Self::Waiting => Tone::Wait,
            Self::Deploying | Self::Starting | Self::Stopping => Tone::Busy,
            Self::Stuck | Self::Draining => Tone::Warn,
            Self::Inactive => Tone::Muted,
            Self::Steady => Tone::Good,
        }
    }

    /// Health of a service with `problem`; absent where the problem doesn't concern the whole service.
    pub(in crate::resource) fn from_problem(problem: Problem) -> Option<Self> {
        match problem {
            Problem::RolloutFailed => Some(Self::Failed),
            Problem::RolloutFailing => Some(Self::Failing),
            Problem::RolloutStuck => Some(Self::Stuck),
            Problem::Waiting => Some(Self::Waiting),
            Problem::CrashLoop => Some(Self::Crashing),
            Problem::NotPlaced => Some(Self::Unplaced),
            Problem::Short => Some(Self::Short),
            Problem::Unhealthy | Problem::Complaint => Some(Self::Unhealthy),
            _ => None,
        }
    }
}

impl Service {
    /// Health by its findings, or by its counts when there are none.
    pub fn health(&self) -> ServiceHealth {
        let found = self.findings.iter().find_map(|finding| ServiceHealth::from_problem(finding.problem));
        found.unwrap_or_else(|| self.health_by_counts())
    }

    /// Health by its counts and rollout state alone.
    pub(super) fn health_by_counts(&self) -> ServiceHealth {
        let primary = self.primary();
        let rollout = primary.and_then(|primary| primary.rollout_state.as_deref());
        match self.status.as_deref() {
            Some("DRAINING") => ServiceHealth::Draining,
            Some("INACTIVE") => ServiceHealth::Inactive,
            _ if rollout == Some("FAILED") => ServiceHealth::Failed,
            _ if self.deploying() && self.rollout.as_ref().is_some_and(|rollout| rollout.pause().is_some()) => {
                ServiceHealth::Waiting
            }
            _ if self.deploying() => ServiceHealth::Deploying,
            // Failing tasks, and tasks missing for too long, are findings.
            _ if self.running_count > self.desired_count => ServiceHealth::Stopping,
            _ if self.running_count < self.desired_count || self.pending_count > 0 => ServiceHealth::Starting,
            _ => ServiceHealth::Steady,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{Deployment as SdkDeployment, DeploymentRolloutState, Service as Sdk};
    use rstest::rstest;

    use super::*;

    fn service(desired: i32, running: i32, deployments: &[(&str, &str, i32)]) -> Service {
        let deployments = deployments.iter().map(|(status, rollout, failed)| {
            SdkDeployment::builder()
                .status(*status)
                .rollout_state(DeploymentRolloutState::from(*rollout))
                .failed_tasks(*failed)
                .build()
        });
        let service = Sdk::builder()
            .service_name("web")
            .status("ACTIVE")
            .desired_count(desired)
            .running_count(running)
            .set_deployments(Some(deployments.collect()))
            .build();
        Service::from_sdk(service).unwrap()
    }

    #[rstest]
    #[case(service(2, 2, &[("PRIMARY", "COMPLETED", 0)]), ServiceHealth::Steady)]
    #[case(service(2, 1, &[("PRIMARY", "COMPLETED", 0)]), ServiceHealth::Starting)]
    #[case(service(2, 3, &[("PRIMARY", "COMPLETED", 0)]), ServiceHealth::Stopping)]
    #[case(service(2, 2, &[("PRIMARY", "IN_PROGRESS", 0), ("ACTIVE", "COMPLETED", 0)]), ServiceHealth::Deploying)]
    #[case(service(2, 2, &[("PRIMARY", "IN_PROGRESS", 3), ("ACTIVE", "COMPLETED", 0)]), ServiceHealth::Deploying)]
    #[case(service(2, 2, &[("PRIMARY", "FAILED", 3)]), ServiceHealth::Failed)]
    #[case(service(0, 0, &[]), ServiceHealth::Steady)]
    fn health_without_findings_follows_from_counts_and_rollout(
        #[case] service: Service,
        #[case] health: ServiceHealth,
    ) {
        assert_eq!(service.health(), health);
    }
}
