//! Task definitions.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{contains, invalid, parse},
    json::{Object, seconds, tags},
    paging::{PageRequest, page},
};
use crate::demo::{
    sts,
    wire::ApiError,
    world::{TaskDefinition, World},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    family_prefix: Option<String>,
    status: Option<String>,
    sort: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let wanted = request.status.as_deref().unwrap_or("ACTIVE");
    let has_status =
        |definition: &&Arc<TaskDefinition>| definition.body.get("status").and_then(Value::as_str) == Some(wanted);
    let mut items: Vec<(String, String)> = world
        .families
        .iter()
        // Despite its name, the prefix must be the whole family name.
        .filter(|(family, _)| request.family_prefix.as_ref().is_none_or(|wanted| wanted == *family))
        .flat_map(|(_, revisions)| revisions)
        .filter(has_status)
        .map(|definition| (format!("{}:{:010}", definition.family, definition.revision), definition.arn.clone()))
        .collect();
    items.sort_unstable();
    if request.sort.as_deref() == Some("DESC") {
        items.reverse();
    }
    let (arns, next) = page(&request.page, "task definitions", 100, 100, items)?;
    Ok(Object::new().set("taskDefinitionArns", arns).maybe("nextToken", next).done())
}

pub(super) fn families(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let prefix = request.family_prefix.unwrap_or_default();
    // A family is ACTIVE as long as one of its revisions is.
    let has_status = |revisions: &[Arc<TaskDefinition>]| {
        let active = revisions.iter().any(|definition| definition.is_active());
        match request.status.as_deref() {
            Some("ACTIVE") => active,
            Some("INACTIVE") => !active,
            _ => true,
        }
    };
    let items = world
        .families
        .iter()
        .filter(|(family, revisions)| family.starts_with(&prefix) && has_status(revisions))
        .map(|(family, _)| (family.clone(), family.clone()))
        .collect();
    let (families, next) = page(&request.page, "families", 100, 100, items)?;
    Ok(Object::new().set("families", families).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    task_definition: String,
    include: Vec<String>,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    let definition = world
        .task_definition(&request.task_definition)
        .ok_or_else(|| ApiError::client("ClientException", "Unable to describe task definition."))?;
    let own_tags = contains(&request.include, "TAGS").then(|| tags(&definition.tags));
    Ok(Object::new().set("taskDefinition", &definition.body).maybe("tags", own_tags).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Deregister {
    task_definition: String,
}

pub(super) fn deregister(world: &mut World, input: &Value) -> Answer {
    let request: Deregister = parse(input)?;
    let now = world.now_ms;
    let name =
        request.task_definition.rsplit_once("task-definition/").map_or(&*request.task_definition, |(_, name)| name);
    if !name.contains(':') {
        return Err(ApiError::client("ClientException", "Revision is missing."));
    }
    let definition = world
        .task_definition_mut(name)
        .ok_or_else(|| ApiError::client("ClientException", "The specified task definition does not exist."))?;
    if definition.is_active() {
        definition.body.insert("status".into(), json!("INACTIVE"));
        definition.body.insert("deregisteredAt".into(), json!(seconds(now)));
    }
    Ok(json!({ "taskDefinition": definition.body }))
}

/// The members of `RegisterTaskDefinition`'s input that are stored.
const KEPT: [&str; 18] = [
    "containerDefinitions",
    "cpu",
    "enableFaultInjection",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "inferenceAccelerators",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "proxyConfiguration",
    "requiresCompatibilities",
    "runtimePlatform",
    "tags",
    "taskRoleArn",
    "volumes",
];

pub(super) fn register(world: &mut World, input: &Value) -> Answer {
    let client = |message: &str| Err(ApiError::client("ClientException", message));
    let Some(given) = input.as_object() else { return client("Family should not be null or empty.") };
    let family = given.get("family").and_then(Value::as_str).unwrap_or_default();
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if family.is_empty() {
        return client("Family should not be null or empty.");
    }
    if family.len() > 255 || !family.chars().all(allowed) {
        return client("Family contains invalid characters.");
    }
    let containers = given.get("containerDefinitions").and_then(Value::as_array);
    let Some(containers) = containers.filter(|containers| !containers.is_empty()) else {
        return client("Container definitions should not be null or empty.");
    };
    for container in containers {
        let text = |key| container.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text("name").is_none() {
            return client("Container.name should not be null or empty.");
        }
        if text("image").is_none() {
            return client("Container.image should not be null or empty.");
        }
    }
    let fargate = given
        .get("requiresCompatibilities")
        .and_then(Value::as_array)
        .is_some_and(|values| values.iter().any(|value| value == "FARGATE"));
    if fargate && (!given.contains_key("cpu") || !given.contains_key("memory")) {
        return client("Fargate requires that 'cpu' be defined at the task level.");
    }
    if fargate && given.get("networkMode").and_then(Value::as_str) != Some("awsvpc") {
        return Err(invalid("Fargate only supports network mode 'awsvpc'."));
    }
    let kept = given.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
    let kept = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    let by = sts::caller_arn(&world.account_id);
    let now = world.now_ms;
    let definition = world.register(&kept, now, &by);
    Ok(json!({ "taskDefinition": definition.body, "tags": tags(&definition.tags) }))
}
