//! How a rollout is to be made.

use aws_sdk_ecs::types::{DeploymentCircuitBreaker, DeploymentConfiguration, ServiceRevisionCleanup};
use serde::Serialize;

use crate::resource::format::amount;

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: Option<String>,
    pub minimum_healthy_percent: Option<i32>,
    pub maximum_percent: Option<i32>,
    pub bake_minutes: Option<i32>,
    /// How linear and canary rollouts shift the traffic.
    pub shift: Option<Shift>,
    pub breaker: Option<BreakerSetting>,
    /// The rollout counts as done while old tasks still drain.
    pub defers_cleanup: bool,
}

/// How a circuit breaker is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerSetting {
    pub enabled: bool,
    /// It rolls back, and doesn't only stop.
    pub rolls_back: bool,
    /// A task that becomes healthy sets its count back to 0.
    pub resets: bool,
    /// `COUNT`, `BOUNDED_PERCENT`, `UNBOUNDED_PERCENT`.
    pub threshold_type: Option<String>,
    pub threshold_value: Option<i32>,
}

/// A part of the traffic at a time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shift {
    /// Percent of the traffic that is shifted at once.
    pub percent: f64,
    /// Minutes that each step is watched.
    pub bake_minutes: i32,
}

impl Configuration {
    pub(super) fn from_sdk(sdk: DeploymentConfiguration) -> Self {
        let early = sdk.early_success_criteria.filter(|early| early.enable);
        let linear = sdk.linear_configuration.map(|it| (it.step_percent, it.step_bake_time_in_minutes));
        let canary = sdk.canary_configuration.map(|it| (it.canary_percent, it.canary_bake_time_in_minutes));
        let shift = linear.or(canary).and_then(|(percent, minutes)| {
            Some(Shift { percent: percent?, bake_minutes: amount(minutes.unwrap_or_default()) })
        });
        Self {
            strategy: sdk.strategy.map(|strategy| strategy.as_str().to_owned()),
            minimum_healthy_percent: sdk.minimum_healthy_percent.map(amount),
            maximum_percent: sdk.maximum_percent.map(amount),
            bake_minutes: sdk.bake_time_in_minutes.map(amount),
            shift,
            breaker: sdk.deployment_circuit_breaker.as_ref().map(BreakerSetting::from_sdk),
            defers_cleanup: early
                .is_some_and(|early| early.source_service_revision_cleanup == Some(ServiceRevisionCleanup::Deferred)),
        }
    }

    /// Tasks are replaced in place, a few at a time.
    pub fn rolling(&self) -> bool {
        self.strategy.as_deref().is_none_or(|strategy| strategy == "ROLLING")
    }
}

impl BreakerSetting {
    pub(in crate::resource) fn from_sdk(sdk: &DeploymentCircuitBreaker) -> Self {
        let threshold = sdk.threshold_configuration.as_ref();
        Self {
            enabled: sdk.enable,
            rolls_back: sdk.rollback,
            // The default of AWS.
            resets: sdk.reset_on_healthy_task.unwrap_or(true),
            threshold_type: threshold.map(|threshold| threshold.r#type.as_str().to_owned()),
            threshold_value: threshold.map(|threshold| amount(threshold.value)),
        }
    }

    /// `50 % of the desired count, 3 to 200`: how the threshold is found.
    pub fn threshold(&self) -> String {
        let value = self.threshold_value.unwrap_or(50);
        match self.threshold_type.as_deref() {
            Some("COUNT") => format!("{value} failures"),
            Some("UNBOUNDED_PERCENT") => format!("{value} % of the desired count"),
            _ => format!("{value} % of the desired count, 3 to 200"),
        }
    }
}
