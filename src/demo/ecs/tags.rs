//! Tags of resources.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{invalid, parse},
    json::tags as tags_json,
};
use crate::demo::{
    wire::ApiError,
    world::{Tag, TaskId, World},
};

/// Limits of the tags of a resource.
const MOST: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    resource_arn: String,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    Ok(json!({ "tags": tags_json(tags_of(world, &request.resource_arn)?) }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Set {
    resource_arn: String,
    tags: Vec<RequestedTag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedTag {
    key: String,
    value: String,
}

pub(super) fn set(world: &mut World, input: &Value) -> Answer {
    let request: Set = parse(input)?;
    for tag in &request.tags {
        check_key(&tag.key)?;
        if tag.value.chars().count() > LONGEST_VALUE {
            return Err(invalid(format!("Tag values can have at most {LONGEST_VALUE} characters.")));
        }
        check_characters(&tag.value)?;
    }
    let tags = tags_of(world, &request.resource_arn)?;
    let mut changed = tags.clone();
    for RequestedTag { key, value } in request.tags {
        match changed.iter_mut().find(|(own, _)| *own == key) {
            Some((_, own)) => *own = value,
            None => changed.push((key, value)),
        }
    }
    if changed.iter().filter(|(key, _)| !is_reserved(key)).count() > MOST {
        return Err(invalid(format!("A resource can have at most {MOST} tags.")));
    }
    *tags = changed;
    Ok(json!({}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(world: &mut World, input: &Value) -> Answer {
    let request: Remove = parse(input)?;
    request.tag_keys.iter().try_for_each(|key| check_key(key))?;
    // A key that is not there is no error.
    tags_of(world, &request.resource_arn)?.retain(|(key, _)| !request.tag_keys.contains(key));
    Ok(json!({}))
}

fn check_key(key: &str) -> Result<(), ApiError> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        return Err(invalid(format!("Tag keys must have between 1 and {LONGEST_KEY} characters.")));
    }
    if is_reserved(key) {
        return Err(invalid("Tag keys that begin with aws: are reserved for AWS."));
    }
    check_characters(key)
}

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn check_characters(text: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c);
    if text.chars().all(allowed) { Ok(()) } else { Err(invalid("Tags contain invalid characters.")) }
}

/// The tags of the resource with this ARN.
fn tags_of<'a>(world: &'a mut World, arn: &str) -> Result<&'a mut Vec<Tag>, ApiError> {
    let malformed = || invalid("The specified ARN is invalid.");
    let (_, resource) = arn.strip_prefix("arn:").and_then(|_| arn.split_once(":ecs:")).ok_or_else(malformed)?;
    let resource = resource.splitn(3, ':').nth(2).ok_or_else(malformed)?;
    let mut parts = resource.split('/');
    let (kind, first) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let cluster = || {
        let found = world.find_cluster(first);
        found.ok_or_else(|| ApiError::client("ClusterNotFoundException", "Cluster not found."))
    };
    let gone = || invalid("The specified resource was not found.");
    Ok(match kind {
        "cluster" => {
            let index = cluster()?;
            &mut world.clusters[index].tags
        }
        "service" => {
            let index = world.find_service(cluster()?, arn).ok_or_else(gone)?;
            &mut world.services[index].tags
        }
        "task" => &mut TaskId::parse(arn).and_then(|id| world.tasks.get_mut(&id)).ok_or_else(gone)?.tags,
        "container-instance" => {
            let index = world.find_instance(cluster()?, arn).ok_or_else(gone)?;
            &mut world.instances[index].tags
        }
        "task-definition" => &mut world.task_definition_mut(arn).ok_or_else(gone)?.tags,
        "capacity-provider" => {
            let provider = world.capacity_providers.iter_mut().find(|provider| provider.name == first);
            &mut provider.ok_or_else(gone)?.tags
        }
        _ => return Err(malformed()),
    })
}
