//! CloudWatch Logs: the store the world's containers write to, and the operations that read it.

mod describe;
mod filter;
mod get;
mod input;
mod pattern;
mod store;
#[cfg(test)]
mod tests;
mod token;

use serde_json::Value;

use super::{wire::ApiError, world::World};

pub use store::LogStore;

/// A page of events holds at most this many, and this many bytes as AWS counts them (but always one event).
const PAGE: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;

/// Answers one Logs operation as the world stands; `None` when there is no such operation.
pub fn call(world: &World, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "DescribeLogGroups" => describe::log_groups(world, input),
        "DescribeLogStreams" => describe::log_streams(world, input),
        "FilterLogEvents" => filter::filter(world, input),
        "GetLogEvents" => get::get(world, input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}
