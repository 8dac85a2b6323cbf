//! How far a service's current deployment is: what DescribeServices leaves out and DescribeServiceDeployments knows.

use aws_sdk_ecs::types::{DeploymentLifecycleHookStatus, ServiceDeployment as Sdk};
use jiff::Timestamp;
use serde::Serialize;

use super::Service;
use crate::{
    aws::{Clients, operation},
    resource::{
        Tone,
        format::{amount, duration, timestamp},
    },
};

/// Service deployment ARNs in one call, at most.
const BATCH: usize = 20;

/// A service deployment as far as it tells more than `deployments[]`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// `IN_PROGRESS`, `ROLLBACK_IN_PROGRESS`, …
    pub status: Option<String>,
    pub status_reason: Option<String>,
    /// Of blue/green, linear and canary deployments: `SCALE_UP`, `BAKE_TIME`, …
    pub lifecycle_stage: Option<String>,
    /// Failures counted by the circuit breaker, and how many trip it.
    pub breaker: Option<(i32, i32)>,
    pub triggered_alarms: Vec<String>,
    pub rollback_reason: Option<String>,
    pub rollback_at: Option<Timestamp>,
    /// The pause that waits for somebody.
    pub pause: Option<Pause>,
    /// The hook that is at work, by the ARN of its function.
    pub hook_at_work: Option<String>,
    pub started_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// A lifecycle hook that awaits a person's decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    pub hook_id: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// What AWS does when nobody decides: `ROLLBACK` or `CONTINUE`.
    pub timeout_action: Option<String>,
}

impl Progress {
    fn from_sdk(deployment: Sdk) -> Self {
        let hooks = deployment.lifecycle_hook_details.unwrap_or_default();
        let works = hooks.iter().find(|hook| hook.status == Some(DeploymentLifecycleHookStatus::InProgress));
        let hook_at_work = works.and_then(|hook| hook.target_arn.clone().or_else(|| hook.hook_id.clone()));
        let pause = hooks.into_iter().find(|hook| hook.status == Some(DeploymentLifecycleHookStatus::AwaitingAction));
        Self {
            status: deployment.status.map(|status| status.as_str().to_owned()),
            status_reason: deployment.status_reason,
            lifecycle_stage: deployment.lifecycle_stage.map(|stage| stage.as_str().to_owned()),
            breaker: deployment
                .deployment_circuit_breaker
                .filter(|breaker| breaker.threshold > 0)
                .map(|breaker| (amount(breaker.failure_count), amount(breaker.threshold))),
            triggered_alarms: deployment.alarms.and_then(|alarms| alarms.triggered_alarm_names).unwrap_or_default(),
            rollback_at: timestamp(deployment.rollback.as_ref().and_then(|rollback| rollback.started_at.as_ref())),
            rollback_reason: deployment.rollback.and_then(|rollback| rollback.reason),
            updated_at: timestamp(deployment.updated_at.as_ref()),
            pause: pause.map(|hook| Pause {
                hook_id: hook.hook_id,
                expires_at: timestamp(hook.expires_at.as_ref()),
                timeout_action: hook.timeout_action.map(|action| action.as_str().to_owned()),
            }),
            hook_at_work,
            started_at: timestamp(deployment.started_at.as_ref()),
        }
    }

    pub fn rolling_back(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.starts_with("ROLLBACK_"))
    }

    /// The deployment's status for a person, where it says more than `in progress`.
    pub fn word(&self) -> Option<&'static str> {
        match self.status.as_deref() {
            _ if self.pause.is_some() => Some("paused"),
            Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS") => Some("rolling back"),
            Some("ROLLBACK_SUCCESSFUL") => Some("rolled back"),
            Some("ROLLBACK_FAILED") => Some("rollback failed"),
            Some("STOP_REQUESTED") => Some("stopping"),
            Some("STOPPED") => Some("stopped"),
            _ => None,
        }
    }

    pub fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("ROLLBACK_FAILED") => Tone::Bad,
            _ if self.pause.is_some() => Tone::Wait,
            Some(status) if status.starts_with("ROLLBACK_") || status.starts_with("STOP") => Tone::Warn,
            _ if self.breaker.is_some_and(|(failed, _)| failed > 0) => Tone::Warn,
            _ => Tone::Busy,
        }
    }
}

impl Pause {
    /// Who has to do what until when, and what happens otherwise.
    pub fn told(&self, now: Timestamp) -> String {
        let left = self.expires_at.map(|at| duration(at.as_second() - now.as_second()));
        let otherwise = self.otherwise();
        match left {
            Some(left) => format!("waiting for approval: continue it or roll it back; {otherwise} by itself in {left}"),
            None => "waiting for approval: continue it or roll it back".to_owned(),
        }
    }

    /// What it does when nobody decides.
    pub fn otherwise(&self) -> &'static str {
        match self.timeout_action.as_deref() {
            Some("CONTINUE") => "goes on",
            _ => "rolls back",
        }
    }
}

/// Completes `services` with the progress of their deployments, those of them that are deploying: at most one call a
/// batch. Without the permission they stay as they are.
pub(super) async fn complete(aws: &Clients, services: &mut [Service]) {
    let deploying = services.iter().filter(|service| service.deploying());
    let arns: Vec<String> = deploying.filter_map(|s| s.current_service_deployment.clone()).take(BATCH).collect();
    if arns.is_empty() {
        return;
    }
    let request = aws.ecs.describe_service_deployments().set_service_deployment_arns(Some(arns));
    let Some(answer) = aws.optional(operation::DESCRIBE_SERVICE_DEPLOYMENTS, request.send()).await else { return };
    for deployment in answer.service_deployments.unwrap_or_default() {
        let arn = deployment.service_deployment_arn.clone();
        let same = |service: &&mut Service| arn.is_some() && service.current_service_deployment == arn;
        if let Some(service) = services.iter_mut().find(same) {
            service.progress = Some(Progress::from_sdk(deployment));
        }
    }
}
