//! CloudWatch Logs: the store the world's containers write to, and the operations that read it.

mod describe;
mod events;
mod input;
mod pattern;
mod store;
mod token;

use serde_json::Value;

use super::{wire::ApiError, world::World};

pub use store::LogStore;

/// Answers one Logs operation as the world stands; `None` when there is no such operation.
pub fn call(world: &World, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "DescribeLogGroups" => describe::log_groups(world, input),
        "DescribeLogStreams" => describe::log_streams(world, input),
        "FilterLogEvents" => events::filter(world, input),
        "GetLogEvents" => events::get(world, input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}
