//! Input of the operations.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::demo::{
    wire::ApiError,
    world::{TaskDefinition, World},
};

/// An `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// Parses an operation's input; wrong types are refused as by AWS's protocol layer.
pub(super) fn parse<T: DeserializeOwned + Default>(input: &Value) -> Result<T, ApiError> {
    if input.is_null() {
        return Ok(T::default());
    }
    T::deserialize(input).map_err(|error| ApiError::client("SerializationException", error.to_string()))
}

/// The cluster of a request; without a name the one called `default`.
pub(super) fn cluster(world: &World, name: Option<&str>) -> Result<usize, ApiError> {
    world
        .find_cluster(name.unwrap_or("default"))
        .ok_or_else(|| ApiError::client("ClusterNotFoundException", "Cluster not found."))
}

/// The service of a request.
pub(super) fn service(world: &World, cluster: usize, name: &str) -> Result<usize, ApiError> {
    world.find_service(cluster, name).ok_or_else(|| ApiError::client("ServiceNotFoundException", "Service not found."))
}

/// Refuses a task definition that has been deregistered.
pub(super) fn require_active(definition: &TaskDefinition) -> Result<(), ApiError> {
    match definition.is_active() {
        true => Ok(()),
        false => Err(ApiError::client("ClientException", "TaskDefinition is inactive")),
    }
}

/// Refuses an empty list, or one longer than `most`. `title` starts the first message, `noun` the second.
pub(super) fn bounded(list: &[String], most: usize, title: &str, noun: &str) -> Result<(), ApiError> {
    if list.is_empty() {
        return Err(invalid(format!("{title} cannot be empty.")));
    }
    if list.len() > most {
        return Err(invalid(format!("{noun} can have at most {most} items.")));
    }
    Ok(())
}

/// Returns whether `include` contains `what`.
pub(super) fn contains(include: &[String], what: &str) -> bool {
    include.iter().any(|name| name == what)
}
