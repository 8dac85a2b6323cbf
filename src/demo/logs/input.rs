//! Parameters of Logs operations.

use serde_json::Value;

use super::{
    Here, invalid,
    store::{Access, Group, Stream},
};
use crate::demo::{sts, wire::ApiError};

/// A text parameter.
pub(super) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input[name].as_str()
}

/// A page size from 1 to `max`, which is also the default.
///
/// # Errors
/// `InvalidParameterException` for a number out of range.
pub(super) fn limit(input: &Value, max: usize) -> Result<usize, ApiError> {
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

/// The group of an operation, given by name or ARN, and its name.
///
/// # Errors
/// `InvalidParameterException` without exactly one of the two, `ResourceNotFoundException` without such a group,
/// `AccessDeniedException` where it is out of bounds.
pub(super) fn group<'a>(here: Here<'a>, operation: &str, input: &Value) -> Result<(&'a str, &'a Group), ApiError> {
    let name = match (text(input, "logGroupName"), text(input, "logGroupIdentifier")) {
        (Some(name), None) => name,
        (None, Some(identifier)) => group_name(identifier),
        _ => return Err(invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")),
    };
    let found = here.store.groups().get_key_value(name);
    let (name, group) = found.map(|(name, group)| (name.as_str(), group)).ok_or_else(|| not_found("group"))?;
    match group.settings.access {
        Access::Denied => Err(denied(here, operation, name)),
        Access::Granted | Access::KeyDenied => Ok((name, group)),
    }
}

/// The name in a group's ARN, or the name itself.
pub(super) fn group_name(identifier: &str) -> &str {
    identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name.strip_suffix(":*").unwrap_or(name))
}

/// The same for an operation that reads events.
///
/// # Errors
/// Also if the class of the group doesn't allow the operation, and if the caller may not use its key.
pub(super) fn readable<'a>(here: Here<'a>, operation: &str, input: &Value) -> Result<(&'a str, &'a Group), ApiError> {
    let (name, group) = self::group(here, operation, input)?;
    if group.settings.infrequent {
        let class = group.settings.class();
        return Err(ApiError::client(
            "InvalidOperationException",
            format!(
                "The log group {name} is of log-group-class {class}. {operation} is not supported for this log class."
            ),
        ));
    }
    decrypted(here, group)?;
    Ok((name, group))
}

/// # Errors
/// `AccessDeniedException` if the caller may not use the group's key.
pub(super) fn decrypted(here: Here, group: &Group) -> Result<(), ApiError> {
    match &group.settings.key {
        Some(key) if group.settings.access == Access::KeyDenied => Err(ApiError::client(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: kms:Decrypt on resource: {} because no resource-based policy allows \
                 the kms:Decrypt action",
                sts::caller_arn(here.account_id),
                key_arn(here, key),
            ),
        )),
        _ => Ok(()),
    }
}

/// The ARN of a KMS key.
pub(super) fn key_arn(here: Here, id: &str) -> String {
    format!("arn:aws:kms:{}:{}:key/{id}", here.region, here.account_id)
}

fn denied(here: Here, operation: &str, group: &str) -> ApiError {
    let (caller, arn) = (sts::caller_arn(here.account_id), here.group_arn(group));
    ApiError::client(
        "AccessDeniedException",
        format!(
            "User: {caller} is not authorized to perform: logs:{operation} on resource: {arn}:log-stream: because no \
             identity-based policy allows the logs:{operation} action"
        ),
    )
}

/// A stream of a group, and its name.
///
/// # Errors
/// `ResourceNotFoundException` without such a stream.
pub(super) fn stream<'a>(group: &'a Group, name: &str) -> Result<(&'a str, &'a Stream), ApiError> {
    let found = group.streams.get_key_value(name);
    found.map(|(name, stream)| (name.as_str(), stream)).ok_or_else(|| not_found("stream"))
}

pub(super) fn not_found(what: &str) -> ApiError {
    ApiError::client("ResourceNotFoundException", format!("The specified log {what} does not exist."))
}
