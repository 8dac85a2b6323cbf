//! CloudWatch Logs: the store the world's containers write to, and the operations that read it.

mod describe;
mod filter;
mod get;
mod input;
mod insights;
mod live;
mod pattern;
mod store;
#[cfg(test)]
mod tests;
mod token;

use serde_json::Value;

use super::{wire::ApiError, world::World};

pub(crate) use filter::postpone_events;
pub use insights::Queries;
pub use live::{Tail, broken, timed_out};
pub use store::{Access, LogStore, Settings, Stream};

/// The most events per page, and the most bytes as AWS counts them (but always at least one event).
const PAGE: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;

/// The logs of an account in one Region at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub store: &'a LogStore,
    pub region: &'a str,
    pub account_id: &'a str,
    pub now_ms: i64,
}

impl Here<'_> {
    /// A group's ARN, without the `:*` that means its streams.
    fn group_arn(&self, name: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{name}", self.region, self.account_id)
    }
}

/// Answers one Logs operation in a Region; `None` if there is no such operation, or if it answers with a stream.
pub fn call(world: &mut World, region: &str, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    let here = world.logs_in(region);
    Some(match operation {
        "DescribeLogGroups" => describe::log_groups(here, input),
        "DescribeLogStreams" => describe::log_streams(here, input),
        "FilterLogEvents" => filter::filter(here, input),
        "GetLogEvents" => get::get(here, input),
        "StartQuery" => insights::Query::from_input(here, input).and_then(|query| world.queries.start(query)),
        "GetQueryResults" => world.queries.results(input),
        "StopQuery" => world.queries.stop(input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}
