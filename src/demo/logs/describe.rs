//! DescribeLogGroups and DescribeLogStreams.

use serde_json::{Value, json};

use super::{
    input::{self, text},
    invalid,
    store::{Group, Stream},
    token,
};
use crate::demo::{wire::ApiError, world::World};

const PAGE: usize = 50;

pub fn log_groups(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (prefix, pattern) = (text(input, "logGroupNamePrefix"), text(input, "logGroupNamePattern"));
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let matches = |name: &str| {
        prefix.is_none_or(|prefix| name.starts_with(prefix)) && pattern.is_none_or(|pattern| name.contains(pattern))
    };
    let groups = world.logs.groups().iter().filter(|(name, _)| matches(name));
    let groups = groups.map(|(name, group)| (name.clone(), group_json(world, name, group, pattern.is_some())));
    page("logGroups", groups, false, input)
}

/// A search by pattern answers with fewer fields.
fn group_json(world: &World, name: &str, group: &Group, brief: bool) -> Value {
    let arn = group_arn(world, name);
    let mut json = json!({ "logGroupName": name, "arn": format!("{arn}:*"), "creationTime": group.created_ms });
    if !brief {
        json["logGroupArn"] = arn.into();
        json["logGroupClass"] = "STANDARD".into();
        json["metricFilterCount"] = 0.into();
        json["storedBytes"] = group.stored_bytes().into();
    }
    json
}

fn group_arn(world: &World, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", world.region, world.account_id)
}

pub fn log_streams(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (group_name, group) = input::group(world, input)?;
    let prefix = text(input, "logStreamNamePrefix");
    let by_time = match text(input, "orderBy") {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(invalid(format!(
                "1 validation error detected: Value '{other}' at 'orderBy' failed to satisfy constraint: Member must \
                 satisfy enum value set: [LogStreamName, LastEventTime]"
            )));
        }
    };
    let arn = group_arn(world, group_name);
    let streams = group.streams.iter().filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)));
    let mut streams: Vec<_> = streams
        .map(|(name, stream)| {
            let last_ms = readable(stream, world.now_ms).map_or(0, |(_, last)| last);
            let key = if by_time { format!("{last_ms:020}/{name}") } else { name.clone() };
            (key, stream_json(&arn, name, stream, world.now_ms))
        })
        .collect();
    streams.sort_by(|(a, _), (b, _)| a.cmp(b));
    let descending = input["descending"].as_bool().unwrap_or_default();
    page("logStreams", streams, descending, input)
}

fn stream_json(group_arn: &str, name: &str, stream: &Stream, now_ms: i64) -> Value {
    let mut json = json!({
        "logStreamName": name,
        "arn": format!("{group_arn}:log-stream:{name}"),
        "creationTime": stream.created_ms,
        "storedBytes": 0,
    });
    if let Some((first_ms, last_ms)) = readable(stream, now_ms) {
        json["firstEventTimestamp"] = first_ms.into();
        json["lastEventTimestamp"] = last_ms.into();
        json["lastIngestionTime"] = (last_ms + super::store::INGESTION_MS).into();
    }
    json
}

/// When the first and the last event happened that can be read.
fn readable(stream: &Stream, now_ms: i64) -> Option<(i64, i64)> {
    let range = stream.between(None, None, now_ms);
    let time = |index: usize| stream.events.get(index).map(|event| event.at.timestamp_ms);
    if range.is_empty() { None } else { Some((time(range.start)?, time(range.end - 1)?)) }
}

/// One page of items that come in the order of their keys, turned round when `descending`.
fn page(
    name: &str,
    items: impl IntoIterator<Item = (String, Value)>,
    descending: bool,
    input: &Value,
) -> Result<Value, ApiError> {
    let limit = input::limit(input, PAGE)?;
    let last_seen = text(input, "nextToken").map(token::read_after).transpose()?;
    let mut items: Vec<_> = items.into_iter().collect();
    if descending {
        items.reverse();
    }
    let unseen = |key: &String| match &last_seen {
        None => true,
        Some(last) if descending => key < last,
        Some(last) => key > last,
    };
    items.retain(|(key, _)| unseen(key));
    let token = items.get(limit).and_then(|_| items.get(limit - 1)).map(|(key, _)| token::after(key));
    let items: Vec<_> = items.into_iter().take(limit).map(|(_, item)| item).collect();
    let mut page = json!({ name: items });
    if let Some(token) = token {
        page["nextToken"] = token.into();
    }
    Ok(page)
}
