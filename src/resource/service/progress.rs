//! Progress of a service's current deployment, which DescribeServices leaves out and DescribeServiceDeployments returns.

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

/// Greatest number of service deployment ARNs in one call.
const BATCH: usize = 20;

/// The part of a service deployment that is not in `deployments[]` of the service.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// `IN_PROGRESS`, `ROLLBACK_IN_PROGRESS`, …
    pub status: Option<String>,
    pub status_reason: Option<String>,
    /// Stage of a blue/green, linear or canary deployment: `SCALE_UP`, `BAKE_TIME`, …
    pub lifecycle_stage: Option<String>,
    /// Failures counted by the circuit breaker, and its threshold.
    pub breaker: Option<(i32, i32)>,
    pub triggered_alarms: Vec<String>,
    pub rollback_reason: Option<String>,
    pub rollback_at: Option<Timestamp>,
    /// The hook that waits for approval.
    pub pause: Option<Pause>,
    /// ARN of the function of the hook in progress, or else the hook's id.
    pub hook_at_work: Option<String>,
    pub started_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// A lifecycle hook that waits for somebody to continue the deployment or roll it back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    pub hook_id: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// What AWS does when the hook times out: `ROLLBACK` or `CONTINUE`.
    pub timeout_action: Option<String>,
}

impl Progress {
    fn from_sdk(deployment: Sdk) -> Self {
        let hooks = deployment.lifecycle_hook_details.unwrap_or_default();
        let running = hooks.iter().find(|hook| hook.status == Some(DeploymentLifecycleHookStatus::InProgress));
        let hook_at_work = running.and_then(|hook| hook.target_arn.clone().or_else(|| hook.hook_id.clone()));
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

    /// Status in words, where it says more than `in progress`.
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
    /// Sentence that says what somebody has to do, by when, and what happens otherwise.
    pub fn advice(&self, now: Timestamp) -> String {
        let left = self.expires_at.map(|at| duration(at.as_second() - now.as_second()));
        let on_timeout = self.on_timeout();
        match left {
            Some(left) => {
                format!("waiting for approval: continue it or roll it back; {on_timeout} by itself in {left}")
            }
            None => "waiting for approval: continue it or roll it back".to_owned(),
        }
    }

    /// What the deployment does when the hook times out.
    pub fn on_timeout(&self) -> &'static str {
        match self.timeout_action.as_deref() {
            Some("CONTINUE") => "goes on",
            _ => "rolls back",
        }
    }
}

/// Adds the progress of their deployments to those of `services` that are deploying, with at most one call. Without the
/// permission it adds nothing.
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
