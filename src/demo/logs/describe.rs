//! DescribeLogGroups and DescribeLogStreams.

use serde_json::{Value, json};

use super::{
    Here,
    input::{self, text},
    invalid,
    store::{Group, Stream},
    token,
};
use crate::demo::wire::ApiError;

const PAGE: usize = 50;

pub(super) fn log_groups(here: Here, input: &Value) -> Result<Value, ApiError> {
    let (prefix, pattern) = (text(input, "logGroupNamePrefix"), text(input, "logGroupNamePattern"));
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let matches = |name: &str| {
        prefix.is_none_or(|prefix| name.starts_with(prefix)) && pattern.is_none_or(|pattern| name.contains(pattern))
    };
    let groups = here.store.groups().iter().filter(|(name, _)| matches(name));
    let groups = groups.map(|(name, group)| (name.clone(), group_json(here, name, group, pattern.is_some())));
    page("logGroups", groups, false, input)
}

/// The JSON of a group; a search by pattern returns fewer fields.
fn group_json(here: Here, name: &str, group: &Group, brief: bool) -> Value {
    let arn = here.group_arn(name);
    let mut json = json!({ "logGroupName": name, "arn": format!("{arn}:*"), "creationTime": group.created_ms });
    if !brief {
        json["logGroupArn"] = arn.into();
        json["logGroupClass"] = group.settings.class().into();
        json["metricFilterCount"] = 0.into();
        json["storedBytes"] = group.stored_bytes().into();
        if let Some(days) = group.settings.retention_days {
            json["retentionInDays"] = days.into();
        }
        if let Some(key) = &group.settings.key {
            json["kmsKeyId"] = input::key_arn(here, key).into();
        }
    }
    json
}

pub(super) fn log_streams(here: Here, input: &Value) -> Result<Value, ApiError> {
    let (group_name, group) = input::group(here, "DescribeLogStreams", input)?;
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
    let arn = here.group_arn(group_name);
    let streams = group.streams.iter().filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)));
    let mut streams: Vec<_> = streams
        .map(|(name, stream)| {
            let last_ms = readable(stream, here.now_ms).map_or(0, |(_, last)| last);
            let key = if by_time { format!("{last_ms:020}/{name}") } else { name.clone() };
            (key, stream_json(&arn, name, stream, here.now_ms))
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

/// The times of the first and the last readable event.
fn readable(stream: &Stream, now_ms: i64) -> Option<(i64, i64)> {
    let range = stream.between(None, None, now_ms);
    let time = |index: usize| stream.events.get(index).map(|event| event.at.timestamp_ms);
    if range.is_empty() { None } else { Some((time(range.start)?, time(range.end - 1)?)) }
}

/// One page of items sorted by key, in reverse if `descending`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::World;

    const START_MS: i64 = 1_769_900_000_000;

    fn world() -> World {
        World::empty(0, START_MS + 3_600_000)
    }

    fn here(world: &World) -> Here<'_> {
        world.logs_in(&world.region)
    }

    fn names(page: &Value, list: &str, name: &str) -> Vec<String> {
        page[list].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn groups_are_found_by_prefix_or_by_part_and_come_in_pages() {
        let mut world = world();
        (0..60).for_each(|n| world.logs.put(&format!("/ecs/app-{n:02}"), "s", START_MS, "four".into()));
        world.logs.put("/other", "s", START_MS, "x".into());

        let first = log_groups(here(&world), &json!({})).unwrap();
        assert_eq!(names(&first, "logGroups", "logGroupName").len(), 50);
        let rest = log_groups(here(&world), &json!({ "nextToken": first["nextToken"] })).unwrap();
        assert_eq!(names(&rest, "logGroups", "logGroupName").last().unwrap(), "/other");
        assert_eq!((rest["logGroups"].as_array().unwrap().len(), rest.get("nextToken")), (11, None));

        let exactly = log_groups(here(&world), &json!({ "logGroupNamePrefix": "/ecs/app-1", "limit": 10 })).unwrap();
        assert_eq!((exactly["logGroups"].as_array().unwrap().len(), exactly.get("nextToken")), (10, None));
        let group = &exactly["logGroups"][0];
        assert_eq!(
            group["logGroupArn"],
            format!("arn:aws:logs:{}:{}:log-group:/ecs/app-10", world.region, world.account_id)
        );
        assert_eq!(group["arn"], format!("{}:*", group["logGroupArn"].as_str().unwrap()));
        assert_eq!(group["storedBytes"], 30);

        let part = log_groups(here(&world), &json!({ "logGroupNamePattern": "the" })).unwrap();
        assert_eq!(names(&part, "logGroups", "logGroupName"), ["/other"]);
        assert_eq!(part["logGroups"][0].as_object().unwrap().len(), 3, "a search by pattern answers three fields");
        let both = json!({ "logGroupNamePattern": "a", "logGroupNamePrefix": "b" });
        assert_eq!(log_groups(here(&world), &both).unwrap_err().code, "InvalidParameterException");
    }

    fn streams(world: &World, mut input: Value) -> Result<Value, ApiError> {
        input["logGroupIdentifier"] = "arn:aws:logs:eu-west-1:123456789012:log-group:app:*".into();
        log_streams(here(world), &input)
    }

    #[test]
    fn streams_are_ordered_by_name_or_by_their_newest_event() {
        let mut world = world();
        for (stream, at_ms) in [("a", 30), ("b", 10), ("b", 40), ("c", 20)] {
            world.logs.put("app", stream, START_MS + at_ms, "x".into());
        }
        let order = |input| names(&streams(&world, input).unwrap(), "logStreams", "logStreamName").concat();
        assert_eq!(order(json!({})), "abc");
        assert_eq!(order(json!({ "descending": true })), "cba");
        assert_eq!(order(json!({ "orderBy": "LastEventTime", "descending": true })), "bac");
        assert_eq!(order(json!({ "logStreamNamePrefix": "b" })), "b");

        let stream = &streams(&world, json!({ "logStreamNamePrefix": "b" })).unwrap()["logStreams"][0];
        assert_eq!(stream["firstEventTimestamp"], START_MS + 10);
        assert_eq!(stream["lastEventTimestamp"], START_MS + 40);
        assert_eq!(
            stream["arn"],
            format!("arn:aws:logs:{}:{}:log-group:app:log-stream:b", world.region, world.account_id)
        );
    }

    #[test]
    fn pages_keep_the_order_of_the_first_request() {
        let mut world = world();
        (0..7).for_each(|n| world.logs.put("app", &format!("s{n}"), START_MS + (n * 37 % 7), "x".into()));
        for (order, descending) in [("LogStreamName", false), ("LastEventTime", true), ("LastEventTime", false)] {
            let mut input = json!({ "orderBy": order, "descending": descending });
            let whole = names(&streams(&world, input.clone()).unwrap(), "logStreams", "logStreamName");
            let mut paged = Vec::new();
            input["limit"] = 3.into();
            loop {
                let page = streams(&world, input.clone()).unwrap();
                paged.extend(names(&page, "logStreams", "logStreamName"));
                let Some(token) = page.get("nextToken") else { break };
                input["nextToken"] = token.clone();
            }
            assert_eq!(paged, whole);
        }
    }

    #[test]
    fn a_stream_without_readable_events_shows_no_times() {
        let mut world = world();
        world.logs.put("app", "new", world.now_ms, "x".into());
        let stream = &streams(&world, json!({})).unwrap()["logStreams"][0];
        assert_eq!(stream["logStreamName"], "new");
        assert_eq!(stream.get("lastEventTimestamp"), None);
    }

    #[rstest::rstest]
    #[case(json!({ "orderBy": "LastEventTime", "logStreamNamePrefix": "a" }), "Cannot order by LastEventTime with a logStreamNamePrefix.")]
    #[case(json!({ "orderBy": "Size" }), "Value 'Size' at 'orderBy' failed to satisfy constraint")]
    #[case(json!({ "limit": 51 }), "Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50")]
    #[case(json!({ "nextToken": "%" }), "The specified nextToken is invalid.")]
    fn bad_input_is_refused(#[case] input: Value, #[case] message: &str) {
        let mut world = world();
        world.logs.put("app", "a", START_MS, "x".into());
        let error = streams(&world, input).unwrap_err();
        assert!(error.code == "InvalidParameterException" && error.message.contains(message), "{error:?}");
    }
}
