//! Task definitions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{contains, invalid, parse},
    json::{Object, tags},
    paging::{PageRequest, page},
};
use crate::demo::{sts, wire::ApiError, world::World};

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
    // Every revision here is ACTIVE.
    let active = request.status.as_deref().is_none_or(|status| status == "ACTIVE");
    let mut items: Vec<(String, String)> = world
        .families
        .iter()
        // Despite its name, the prefix must be the whole family name.
        .filter(|(family, _)| active && request.family_prefix.as_ref().is_none_or(|wanted| wanted == *family))
        .flat_map(|(_, revisions)| revisions)
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
    let inactive = request.status.as_deref() == Some("INACTIVE");
    let prefix = request.family_prefix.unwrap_or_default();
    let items = world
        .families
        .keys()
        .filter(|family| !inactive && family.starts_with(&prefix))
        .map(|family| (family.clone(), family.clone()))
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
