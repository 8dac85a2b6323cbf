//! `UpdateService`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, invalid, parse},
    run::{RequestedProvider, strategy},
    services::service_json,
};
use crate::demo::{
    wire::ApiError,
    world::{Breaker, DeploymentConfig, PauseHook, Stage, Threshold, World},
};

/// The quota of tasks per service.
const MOST_TASKS: usize = 5_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Update {
    cluster: Option<String>,
    service: String,
    desired_count: Option<i64>,
    task_definition: Option<String>,
    force_new_deployment: bool,
    capacity_provider_strategy: Option<Vec<RequestedProvider>>,
    deployment_configuration: Option<Config>,
    enable_execute_command: Option<bool>,
    health_check_grace_period_seconds: Option<u32>,
    availability_zone_rebalancing: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    deployment_circuit_breaker: Option<RequestedBreaker>,
    maximum_percent: Option<u32>,
    minimum_healthy_percent: Option<u32>,
    strategy: Option<String>,
    bake_time_in_minutes: Option<u32>,
    lifecycle_hooks: Option<Vec<Hook>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RequestedBreaker {
    enable: bool,
    rollback: bool,
    reset_on_healthy_task: Option<bool>,
    threshold_configuration: Option<RequestedThreshold>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedThreshold {
    r#type: String,
    value: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Hook {
    target_type: Option<String>,
    lifecycle_stages: Vec<String>,
    timeout_configuration: Timeout,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Timeout {
    timeout_in_minutes: Option<u32>,
    action: Option<String>,
}

impl Config {
    /// Applies the requested changes to a configuration.
    fn applied_to(self, mut config: DeploymentConfig) -> Result<DeploymentConfig, ApiError> {
        if let Some(percent) = self.maximum_percent {
            config.maximum_percent = percent;
        }
        if let Some(percent) = self.minimum_healthy_percent {
            config.minimum_healthy_percent = percent;
        }
        if config.maximum_percent <= config.minimum_healthy_percent && config.maximum_percent < 100 {
            return Err(invalid("Maximum percent must be greater than minimum healthy percent."));
        }
        if let Some(minutes) = self.bake_time_in_minutes {
            config.bake_minutes = minutes;
        }
        match self.strategy.as_deref() {
            None => {}
            Some("ROLLING") => config.blue_green = false,
            Some("BLUE_GREEN") => config.blue_green = true,
            Some(other) => {
                let message = format!("The deployment strategy {other} is not supported.");
                return Err(ApiError::client("UnsupportedFeatureException", message));
            }
        }
        if let Some(breaker) = self.deployment_circuit_breaker {
            let threshold = breaker.threshold_configuration.map_or(Breaker::STANDARD.threshold, |threshold| {
                match threshold.r#type.as_str() {
                    "COUNT" => Threshold::Count(threshold.value),
                    "UNBOUNDED_PERCENT" => Threshold::UnboundedPercent(threshold.value),
                    _ => Threshold::BoundedPercent(threshold.value),
                }
            });
            config.breaker = breaker.enable.then_some(Breaker {
                rollback: breaker.rollback,
                reset_on_healthy_task: breaker.reset_on_healthy_task.unwrap_or(true),
                threshold,
            });
        }
        if let Some(hooks) = self.lifecycle_hooks {
            let pauses = hooks.iter().filter(|hook| hook.target_type.as_deref() == Some("PAUSE"));
            config.pauses = pauses
                .flat_map(|hook| {
                    hook.lifecycle_stages.iter().filter_map(|stage| Stage::parse(stage)).map(|stage| PauseHook {
                        stage,
                        timeout_minutes: hook.timeout_configuration.timeout_in_minutes.unwrap_or(1_440),
                        then_continue: hook.timeout_configuration.action.as_deref() == Some("CONTINUE"),
                    })
                })
                .collect();
        }
        Ok(config)
    }
}

pub(super) fn service(world: &mut World, input: &Value) -> Answer {
    let request: Update = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let index = input::service(world, cluster, &request.service)?;
    let current = world.services[index].primary().map(|primary| primary.definition.clone());
    let definition = match request.task_definition.as_deref() {
        Some(name) => {
            let found = world.task_definition(name);
            let found = found.ok_or_else(|| ApiError::client("ClientException", "TaskDefinition not found."))?;
            // A service can keep what it has.
            if current.as_ref().is_none_or(|current| current.arn != found.arn) {
                input::require_active(&found)?;
            }
            Some(found)
        }
        None => None,
    };
    let desired = match request.desired_count {
        Some(_) if world.services[index].daemon => {
            return Err(invalid(
                "The daemon scheduling strategy does not support a desired count for services. Remove a desired count value \
                 and try again.",
            ));
        }
        Some(count) => {
            let count = usize::try_from(count).ok().filter(|count| *count <= MOST_TASKS);
            Some(count.ok_or_else(|| invalid(format!("desiredCount must be between 0 and {MOST_TASKS}.")))?)
        }
        None => None,
    };
    let strategy = request.capacity_provider_strategy.map(|items| strategy(world, cluster, &items)).transpose()?;
    let next = definition.clone().or_else(|| current.clone());
    let has_role = next.as_ref().is_some_and(|next| next.body.contains_key("taskRoleArn"));
    if request.enable_execute_command == Some(true) && !has_role {
        return Err(invalid(
            "The service couldn't be updated because a valid taskRoleArn is not being used. Specify a valid task role in your \
             task definition and try again.",
        ));
    }
    let config = match request.deployment_configuration {
        Some(config) => config.applied_to(world.services[index].config.clone())?,
        None => world.services[index].config.clone(),
    };

    if world.services[index].external && (definition.is_some() || request.force_new_deployment) {
        return Err(invalid(
            "Unable to update task definition on services with an EXTERNAL deployment controller. Use UpdateTaskSet to \
             update the task set.",
        ));
    }

    let before = service_json(world, index);
    world.hold_back(world.service_arn(index), before);
    let now = world.now_ms;
    let data = &mut world.services[index];
    data.taken_over = true;
    data.config = config;
    if let Some(desired) = desired
        && desired != data.desired
    {
        data.desired = desired;
        data.steady = false;
        world.schedule_scaling(index, now);
    }
    let data = &mut world.services[index];
    if let Some(exec) = request.enable_execute_command {
        data.exec = exec;
    }
    if let Some(seconds) = request.health_check_grace_period_seconds {
        data.grace_seconds = seconds;
    }
    if let Some(rebalancing) = request.availability_zone_rebalancing {
        data.rebalancing = rebalancing == "ENABLED";
    }
    let moved = strategy.is_some();
    if let Some(strategy) = strategy {
        data.strategy = strategy;
    }
    let changed =
        definition.as_ref().map(|new| &new.arn) != current.as_ref().map(|old| &old.arn) && definition.is_some();
    if let Some(next) = next.filter(|_| changed || moved || request.force_new_deployment) {
        world.deploy(index, next, now);
    }
    world.schedule_round(index, now + 1_500);
    Ok(json!({ "service": service_json(world, index) }))
}
