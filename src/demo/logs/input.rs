//! Reading the parameters of Logs operations.

use serde_json::Value;

use super::{
    invalid,
    store::{Group, Stream},
};
use crate::demo::{wire::ApiError, world::World};

/// A text parameter.
pub fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input[name].as_str()
}

/// A page size from 1 to `max`, which is also the default.
///
/// # Errors
/// `InvalidParameterException` for a number out of range.
pub fn limit(input: &Value, max: usize) -> Result<usize, ApiError> {
    let Some(limit) = input["limit"].as_i64() else { return Ok(max) };
    let constraint = match limit {
        ..1 => "greater than or equal to 1".to_owned(),
        limit if limit > max as i64 => format!("less than or equal to {max}"),
        limit => return Ok(limit as usize),
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value \
         {constraint}"
    )))
}

/// The group an operation is about, by name or ARN, and its name.
///
/// # Errors
/// `InvalidParameterException` without exactly one of the two, `ResourceNotFoundException` without such a group.
pub fn group<'a>(world: &'a World, input: &Value) -> Result<(&'a str, &'a Group), ApiError> {
    let name = match (text(input, "logGroupName"), text(input, "logGroupIdentifier")) {
        (Some(name), None) => name,
        (None, Some(identifier)) => {
            identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name.strip_suffix(":*").unwrap_or(name))
        }
        _ => return Err(invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")),
    };
    let found = world.logs.groups().get_key_value(name);
    found.map(|(name, group)| (name.as_str(), group)).ok_or_else(|| not_found("group"))
}

/// A stream of a group, and its name.
///
/// # Errors
/// `ResourceNotFoundException` without such a stream.
pub fn stream<'a>(group: &'a Group, name: &str) -> Result<(&'a str, &'a Stream), ApiError> {
    let found = group.streams.get_key_value(name);
    found.map(|(name, stream)| (name.as_str(), stream)).ok_or_else(|| not_found("stream"))
}

fn not_found(what: &str) -> ApiError {
    ApiError::client("ResourceNotFoundException", format!("The specified log {what} does not exist."))
}
