//! Starting and stopping tasks.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, invalid, parse},
    tasks,
};
use crate::demo::{
    wire::ApiError,
    world::{NewTask, Stop, StopCode, StrategyItem, TaskDefinition, TaskId, World},
};

/// An item of a capacity provider strategy, as requested.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestedProvider {
    capacity_provider: String,
    weight: u32,
    base: u32,
}

/// Parses a strategy of capacity providers of the cluster.
pub(super) fn strategy(
    world: &World,
    cluster: usize,
    requested: &[RequestedProvider],
) -> Result<Vec<StrategyItem>, ApiError> {
    requested
        .iter()
        .map(|item| {
            if !world.clusters[cluster].capacity_providers.contains(&item.capacity_provider) {
                return Err(invalid("The specified capacity provider was not found."));
            }
            Ok(StrategyItem::new(&item.capacity_provider, item.weight, item.base))
        })
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Run {
    cluster: Option<String>,
    task_definition: String,
    count: Option<usize>,
    capacity_provider_strategy: Vec<RequestedProvider>,
    launch_type: Option<String>,
    network_configuration: Option<Value>,
    overrides: Option<Value>,
    group: Option<String>,
    started_by: Option<String>,
    client_token: Option<String>,
    enable_execute_command: bool,
    tags: Vec<RequestedTag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedTag {
    key: String,
    value: String,
}

pub(super) fn run(world: &mut World, input: &Value) -> Answer {
    let request: Run = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let definition = world
        .task_definition(&request.task_definition)
        .ok_or_else(|| ApiError::client("ClientException", "TaskDefinition not found."))?;
    input::require_active(&definition)?;
    let count = request.count.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("Count must be between 1 and 10."));
    }
    if definition.awsvpc && request.network_configuration.is_none() {
        return Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."));
    }
    if request.group.as_deref().is_some_and(|group| group.starts_with("service:")) {
        return Err(invalid("Invalid namespace for group."));
    }
    let definition = resized(definition, request.overrides.as_ref());
    let mut strategy = strategy(world, cluster, &request.capacity_provider_strategy)?;
    if request.launch_type.is_some() && !strategy.is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    if request.launch_type.is_none() && strategy.is_empty() {
        strategy.clone_from(&world.clusters[cluster].default_strategy);
    }
    let launch_type = match request.launch_type.as_deref() {
        Some("EC2") => Some("EC2"),
        Some("FARGATE") => Some("FARGATE"),
        Some(other) => return Err(invalid(format!("Unsupported launch type: {other}"))),
        None => None,
    };
    let on_fargate =
        launch_type == Some("FARGATE") || strategy.first().is_some_and(|item| item.provider.starts_with("FARGATE"));
    if on_fargate && !definition.awsvpc {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    // A retried call starts no further tasks.
    if let Some(ids) = request.client_token.as_ref().and_then(|token| world.run_tokens.get(token)) {
        let started: Vec<Value> =
            ids.iter().filter_map(|id| world.tasks.get(id)).map(|task| tasks::task_json(world, task)).collect();
        return Ok(json!({ "tasks": started, "failures": [] }));
    }

    let (mut ids, mut failures) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut taken = [0; 3];
        for task in ids.iter().filter_map(|id| world.tasks.get(id)) {
            taken[task.site.zone % 3] += 1;
        }
        let chosen = world.choose_provider(&strategy, |provider| {
            let started = ids.iter().filter_map(|id| world.tasks.get(id));
            started.filter(|task| task.site.capacity_provider.as_deref() == Some(provider)).count()
        });
        let (launch_type, provider) = match (chosen, launch_type) {
            (Some((launch_type, provider)), _) => (launch_type, Some(provider)),
            (None, launch_type) => (launch_type.unwrap_or("EC2"), None),
        };
        let site = match world.place(cluster, launch_type, provider, &definition, taken) {
            Ok(site) => site,
            Err(no_place) => {
                let arn = no_place
                    .closest()
                    .map(|id| world.arn(&format!("container-instance/{}/{id}", world.clusters[cluster].name)));
                let arn = arn.unwrap_or_else(|| world.cluster_arn(cluster));
                failures.push(json!({ "arn": arn, "reason": no_place.failure() }));
                continue;
            }
        };
        let new = NewTask {
            cluster,
            service: None,
            definition: definition.clone(),
            site,
            started_by: request.started_by.clone(),
            group: request.group.clone().unwrap_or_else(|| format!("family:{}", definition.family)),
            exec: request.enable_execute_command,
            overrides: request.overrides.clone().unwrap_or_else(|| json!({ "containerOverrides": [] })),
            tags: request.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        };
        let id = TaskId(world.ids.wide());
        let now = world.now_ms;
        world.create_task(id, new, now);
        ids.push(id);
    }
    let started: Vec<Value> =
        ids.iter().filter_map(|id| world.tasks.get(id)).map(|task| tasks::task_json(world, task)).collect();
    if let Some(token) = request.client_token {
        world.run_tokens.insert(token, ids);
    }
    Ok(json!({ "tasks": started, "failures": failures }))
}

/// The task definition with the CPU units and the memory of the overrides.
fn resized(definition: Arc<TaskDefinition>, overrides: Option<&Value>) -> Arc<TaskDefinition> {
    let size = |name: &str| overrides.and_then(|overrides| overrides[name].as_str()?.parse().ok());
    let (cpu, memory): (Option<u32>, Option<u32>) = (size("cpu"), size("memory"));
    if cpu.is_none() && memory.is_none() {
        return definition;
    }
    let mut resized = TaskDefinition::clone(&definition);
    resized.cpu = cpu.unwrap_or(resized.cpu);
    resized.memory = memory.unwrap_or(resized.memory);
    Arc::new(resized)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StopRequest {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

pub(super) fn stop(world: &mut World, input: &Value) -> Answer {
    let request: StopRequest = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let found = tasks::find(world, cluster, &request.task);
    let task = found.ok_or_else(|| invalid("The referenced task was not found."))?;
    let (id, arn, before) = (task.id, world.task_arn(task), tasks::task_json(world, task));
    let reason = request.reason.unwrap_or_else(|| "Task stopped by user".to_owned());
    let now = world.now_ms;
    if !task.unwanted {
        world.hold_back(arn, before);
        world.stop_task(id, Stop::new(StopCode::UserInitiated, reason), now);
        if let Some(task) = world.tasks.get_mut(&id) {
            task.tags.clear();
        }
    }
    let task = world.tasks.get(&id).map(|task| tasks::task_json(world, task));
    Ok(json!({ "task": task }))
}
