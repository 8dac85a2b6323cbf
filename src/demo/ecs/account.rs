//! Account settings and tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{invalid, parse},
    json::{Object, tags as tags_json},
    paging::{PageRequest, page},
};
use crate::demo::{
    wire::ApiError,
    world::{TaskId, World},
};

/// Names and values of the account settings, as for an account created recently.
const SETTINGS: [(&str, &str); 10] = [
    ("awsvpcTrunking", "disabled"),
    ("containerInsights", "enabled"),
    ("containerInstanceLongArnFormat", "enabled"),
    ("defaultLogDriverMode", "non-blocking"),
    ("fargateFIPSMode", "disabled"),
    ("fargateTaskRetirementWaitPeriod", "7"),
    ("guardDutyActivate", "off"),
    ("serviceLongArnFormat", "enabled"),
    ("tagResourceAuthorization", "off"),
    ("taskLongArnFormat", "enabled"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    name: Option<String>,
    value: Option<String>,
    principal_arn: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn settings(world: &mut World, input: &Value) -> Answer {
    let request: Settings = parse(input)?;
    let root = format!("arn:aws:iam::{}:root", world.account_id);
    let principal = request.principal_arn.unwrap_or(root);
    let items = SETTINGS
        .iter()
        .filter(|(name, _)| request.name.as_deref().is_none_or(|wanted| wanted == *name))
        .filter(|(_, value)| request.value.as_deref().is_none_or(|wanted| wanted == *value))
        .map(|(name, value)| {
            let setting = json!({ "name": name, "value": value, "principalArn": principal, "type": "user" });
            ((*name).to_owned(), setting)
        })
        .collect();
    let (settings, next) = page(&request.page, "settings", 10, 10, items)?;
    Ok(Object::new().set("settings", settings).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tags {
    resource_arn: String,
}

pub(super) fn tags(world: &mut World, input: &Value) -> Answer {
    let request: Tags = parse(input)?;
    let arn = request.resource_arn.as_str();
    let malformed = || invalid("The specified ARN is invalid.");
    let (_, resource) = arn.strip_prefix("arn:").and_then(|_| arn.split_once(":ecs:")).ok_or_else(malformed)?;
    let resource = resource.splitn(3, ':').nth(2).ok_or_else(malformed)?;
    let mut parts = resource.split('/');
    let (kind, first) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let cluster =
        || world.find_cluster(first).ok_or_else(|| ApiError::client("ClusterNotFoundException", "Cluster not found."));
    let gone = || invalid("The specified resource was not found.");
    let found = match kind {
        "cluster" => world.clusters[cluster()?].tags.clone(),
        "service" => world.services[world.find_service(cluster()?, arn).ok_or_else(gone)?].tags.clone(),
        "task" => TaskId::parse(arn).and_then(|id| world.tasks.get(&id)).ok_or_else(gone)?.tags.clone(),
        "container-instance" => world.instances[world.find_instance(cluster()?, arn).ok_or_else(gone)?].tags.clone(),
        "task-definition" => world.task_definition(arn).ok_or_else(gone)?.tags.clone(),
        "capacity-provider" => {
            let provider = world.capacity_providers.iter().find(|provider| provider.name == first);
            provider.ok_or_else(gone)?.tags.clone()
        }
        _ => return Err(malformed()),
    };
    Ok(json!({ "tags": tags_json(&found) }))
}
