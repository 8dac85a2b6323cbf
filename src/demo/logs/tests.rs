//! GetLogEvents and FilterLogEvents on one store.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Access, Here, Settings,
    filter::{SEARCHED, filter},
    get::get,
};
use crate::demo::{wire::ApiError, world::World};

const START_MS: i64 = 1_769_900_000_000;

/// A world one hour after its events: stream, milliseconds after the start, message.
fn world(events: &[(&str, i64, &str)]) -> World {
    let mut world = World::empty(0, START_MS + 3_600_000);
    for (stream, at_ms, message) in events {
        world.logs.put("app", stream, START_MS + at_ms, (*message).to_owned());
    }
    world
}

/// `count` events in one stream, one per second, each with its number as message.
fn numbered(count: i64) -> World {
    let mut world = world(&[]);
    (0..count).for_each(|n| world.logs.put("app", "one", START_MS + n * 1_000, n.to_string()));
    world
}

/// Calls one operation for the `app` group.
fn call_logs(
    operation: fn(Here, &Value) -> Result<Value, ApiError>,
    world: &World,
    mut input: Value,
) -> Result<Value, ApiError> {
    input["logGroupName"] = "app".into();
    operation(world.logs_in(&world.region), &input)
}

fn get_one(world: &World, mut input: Value) -> Value {
    input["logStreamName"] = "one".into();
    call_logs(get, world, input).unwrap()
}

fn messages(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[test]
fn the_newest_events_come_by_default_in_order_of_time() {
    let page = get_one(&numbered(5), json!({ "limit": 2 }));
    assert_eq!(messages(&page), ["3", "4"]);
    assert_eq!(page["events"][0]["timestamp"], START_MS + 3_000);
    assert_eq!(page["events"][0]["ingestionTime"], START_MS + 5_000);
}

#[test]
fn reading_forward_ends_with_an_unchanged_token_and_continues_with_new_events() {
    let mut world = numbered(3);
    let mut page = get_one(&world, json!({ "limit": 2, "startFromHead": true }));
    assert_eq!(messages(&page), ["0", "1"]);
    let next = |world: &World, page: &Value| {
        get_one(world, json!({ "limit": 2, "startFromHead": true, "nextToken": page["nextForwardToken"] }))
    };
    page = next(&world, &page);
    assert_eq!(messages(&page), ["2"]);
    let end = next(&world, &page);
    assert_eq!((messages(&end).len(), &end["nextForwardToken"]), (0, &page["nextForwardToken"]));

    world.logs.put("app", "one", START_MS + 3_000, "3".into());
    assert_eq!(messages(&next(&world, &end)), ["3"]);
}

#[test]
fn reading_backward_ends_with_an_unchanged_token() {
    let world = numbered(3);
    let mut page = get_one(&world, json!({ "limit": 2 }));
    let next = |page: &Value| get_one(&world, json!({ "limit": 2, "nextToken": page["nextBackwardToken"] }));
    page = next(&page);
    assert_eq!(messages(&page), ["0"]);
    let end = next(&page);
    assert_eq!((messages(&end).len(), &end["nextBackwardToken"]), (0, &page["nextBackwardToken"]));
}

#[test]
fn a_forward_token_without_start_from_head_skips_to_the_newest() {
    let world = numbered(10);
    let page = get_one(&world, json!({ "limit": 2, "startFromHead": true }));
    let page = get_one(&world, json!({ "limit": 2, "nextToken": page["nextForwardToken"] }));
    assert_eq!(messages(&page), ["8", "9"]);
}

#[test]
fn following_an_empty_stream_loses_no_events() {
    let mut world = numbered(3);
    // All events so far are before the range.
    let window = START_MS + 10_000;
    let page = get_one(&world, json!({ "startTime": window, "startFromHead": true }));
    assert_eq!(messages(&page).len(), 0);
    world.logs.put("app", "one", window, "first".into());
    let input = json!({ "startTime": window, "startFromHead": true, "nextToken": page["nextForwardToken"] });
    assert_eq!(messages(&get_one(&world, input)), ["first"]);
}

#[test]
fn the_end_of_a_range_is_inclusive_only_for_filter_log_events() {
    let world = numbered(10);
    let range = json!({ "startTime": START_MS + 3_000, "endTime": START_MS + 5_000 });
    assert_eq!(messages(&get_one(&world, range.clone())), ["3", "4"]);
    assert_eq!(messages(&call_logs(filter, &world, range).unwrap()), ["3", "4", "5"]);
}

#[test]
fn a_page_holds_a_megabyte() {
    let mut world = world(&[]);
    let message = "m".repeat(100_000);
    (0..25).for_each(|n| world.logs.put("app", "one", START_MS + n, message.clone()));
    for newest in [false, true] {
        assert_eq!(messages(&get_one(&world, json!({ "startFromHead": newest }))).len(), 10);
    }
    let page = call_logs(filter, &world, json!({})).unwrap();
    assert!(messages(&page).len() == 10 && page["nextToken"].is_string());
}

#[test]
fn streams_are_interleaved_in_either_direction() {
    let world = world(&[("a", 1, "1"), ("b", 2, "2"), ("c", 3, "3"), ("a", 4, "4"), ("b", 4, "5")]);
    assert_eq!(messages(&call_logs(filter, &world, json!({})).unwrap()), ["1", "2", "3", "4", "5"]);
    let newest = call_logs(filter, &world, json!({ "startFromHead": false })).unwrap();
    assert_eq!(messages(&newest), ["5", "4", "3", "2", "1"]);
    let two = call_logs(filter, &world, json!({ "logStreamNames": ["a", "c"] })).unwrap();
    assert_eq!(messages(&two), ["1", "3", "4"]);
    assert_eq!(two["events"][1]["logStreamName"], "c");
    let prefix = call_logs(filter, &world, json!({ "logStreamNamePrefix": "b" })).unwrap();
    assert_eq!(messages(&prefix), ["2", "5"]);
}

#[test]
fn rare_matches_give_empty_pages_with_a_token() {
    let mut world = world(&[]);
    for n in 0..=(SEARCHED as i64) {
        let message = if n == SEARCHED as i64 { "ERROR" } else { "fine" };
        world.logs.put("app", ["a", "b"][n as usize % 2], START_MS + n, message.into());
    }
    let empty = call_logs(filter, &world, json!({ "filterPattern": "ERROR" })).unwrap();
    assert_eq!(messages(&empty).len(), 0);
    let last = call_logs(filter, &world, json!({ "filterPattern": "ERROR", "nextToken": empty["nextToken"] })).unwrap();
    assert_eq!(messages(&last), ["ERROR"]);
    assert_eq!(last.get("nextToken"), None);
}

#[rstest::rstest]
#[case(json!({ "logGroupName": "none" }), "ResourceNotFoundException", "The specified log group does not exist.")]
#[case(json!({ "logGroupName": "app", "logStreamNames": ["none"] }), "ResourceNotFoundException", "The specified log stream does not exist.")]
#[case(json!({}), "InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be given.")]
#[case(json!({ "logGroupName": "app", "logGroupIdentifier": "app" }), "InvalidParameterException", "Exactly one of")]
#[case(json!({ "logGroupName": "app", "limit": 10_001 }), "InvalidParameterException", "Member must have value less than or equal to 10000")]
#[case(json!({ "logGroupName": "app", "limit": 0 }), "InvalidParameterException", "greater than or equal to 1")]
#[case(json!({ "logGroupName": "app", "logStreamNames": [] }), "InvalidParameterException", "length greater than")]
#[case(json!({ "logGroupName": "app", "logStreamNames": vec!["a"; 101] }), "InvalidParameterException", "length less than or equal to 100")]
#[case(json!({ "logGroupName": "app", "logStreamNames": ["a"], "logStreamNamePrefix": "a" }), "InvalidParameterException", "cannot both")]
#[case(json!({ "logGroupName": "app", "nextToken": "x" }), "InvalidParameterException", "nextToken is invalid")]
#[case(json!({ "logGroupName": "app", "filterPattern": "a:b" }), "InvalidParameterException", "'a:b'")]
#[case(json!({ "logGroupName": "app", "startFromHead": false, "startTime": 1_704_067_199_999_i64 }), "InvalidParameterException", "2024-01-01")]
fn bad_input_is_refused(#[case] input: Value, #[case] code: &str, #[case] message: &str) {
    let world = world(&[("a", 0, "x")]);
    let error = filter(world.logs_in(&world.region), &input).unwrap_err();
    assert_eq!((error.status, error.code), (400, code));
    assert!(error.message.contains(message), "{}", error.message);
}

proptest! {
    /// Whatever the page size and filter, paging returns every match once and in order.
    #[test]
    fn paging_neither_misses_nor_repeats_events(
        events in prop::collection::vec((0..4_usize, 0..50_i64, prop::bool::ANY), 0..60),
        limit in 1..10_usize,
        newest_first: bool,
    ) {
        let names = ["a", "b", "c", "d"];
        let mut world = world(&[("a", 0, "anchor")]);
        for (number, (stream, at_ms, matches)) in events.iter().enumerate() {
            let message = format!("{} {number}", if *matches { "yes" } else { "no" });
            world.logs.put("app", names[*stream], START_MS + at_ms, message);
        }
        let mut expected: Vec<(i64, usize)> = events.iter().enumerate()
            .filter(|(_, (_, _, matches))| *matches)
            .map(|(number, (_, at_ms, _))| (START_MS + at_ms, number))
            .collect();
        expected.sort_unstable();
        if newest_first {
            expected.reverse();
        }

        let mut seen = Vec::new();
        let mut input = json!({ "limit": limit, "filterPattern": "yes", "startFromHead": !newest_first });
        loop {
            let page = call_logs(filter, &world, input.clone()).unwrap();
            for event in page["events"].as_array().unwrap() {
                let number = event["message"].as_str().unwrap()["yes ".len()..].parse().unwrap();
                seen.push((event["timestamp"].as_i64().unwrap(), number));
            }
            let Some(token) = page.get("nextToken") else { break };
            input["nextToken"] = token.clone();
        }
        prop_assert_eq!(seen, expected);
    }

    /// The same for one stream, in both directions.
    #[test]
    fn tokens_read_a_stream_in_both_directions(
        times in prop::collection::vec(0..50_i64, 1..60),
        limit in 1..10_usize,
        forward: bool,
    ) {
        let mut world = world(&[]);
        times.iter().enumerate().for_each(|(n, at)| world.logs.put("app", "one", START_MS + at, n.to_string()));
        let mut expected: Vec<_> = times.iter().enumerate().map(|(n, at)| (*at, n)).collect();
        expected.sort_unstable();

        let token = if forward { "nextForwardToken" } else { "nextBackwardToken" };
        let mut seen: Vec<(i64, usize)> = Vec::new();
        let mut input = json!({ "limit": limit, "startFromHead": forward });
        loop {
            let page = get_one(&world, input.clone());
            if page[token] == input["nextToken"] {
                break;
            }
            let events = page["events"].as_array().unwrap().iter().map(|event| {
                let at_ms = event["timestamp"].as_i64().unwrap() - START_MS;
                (at_ms, event["message"].as_str().unwrap().parse().unwrap())
            });
            if forward {
                seen.extend(events);
            } else {
                seen.splice(0..0, events);
            }
            input["nextToken"] = page[token].clone();
        }
        prop_assert_eq!(seen, expected);
    }
}

/// One event in a group with these settings.
fn set(settings: Settings) -> World {
    let mut world = world(&[("a", 0, "x")]);
    world.logs.set("app", START_MS, settings);
    world
}

#[rstest::rstest]
#[case::denied(
    Settings { access: Access::Denied, ..Settings::default() },
    "AccessDeniedException",
    "is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:eu-west-1:123456789012:log-group:app:"
)]
#[case::key_denied(
    Settings { access: Access::KeyDenied, key: Some("k-1".into()), ..Settings::default() },
    "AccessDeniedException",
    "is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/k-1"
)]
#[case::infrequent(
    Settings { infrequent: true, ..Settings::default() },
    "InvalidOperationException",
    "The log group app is of log-group-class INFREQUENT_ACCESS. FilterLogEvents is not supported for this log class."
)]
fn some_groups_cannot_be_read(#[case] settings: Settings, #[case] code: &str, #[case] message: &str) {
    let error = call_logs(filter, &set(settings), json!({})).unwrap_err();
    assert_eq!(error.code, code);
    assert!(error.message.contains(message), "{}", error.message);
}

#[test]
fn events_are_deleted_after_their_retention() {
    let mut world = set(Settings { retention_days: Some(1), ..Settings::default() });
    for (hours, left) in [(23, 1), (25, 0)] {
        world.now_ms = START_MS + hours * 3_600_000;
        assert_eq!(messages(&call_logs(filter, &world, json!({})).unwrap()).len(), left);
        let input = json!({ "logStreamName": "a" });
        assert_eq!(messages(&call_logs(get, &world, input).unwrap()).len(), left);
    }
}

#[test]
fn a_token_is_valid_for_a_day() {
    let mut world = numbered(3);
    let page = get_one(&world, json!({ "limit": 1, "startFromHead": true }));
    let next =
        json!({ "logStreamName": "one", "limit": 1, "nextToken": page["nextForwardToken"], "startFromHead": true });
    world.now_ms += 24 * 3_600_000;
    assert_eq!(messages(&call_logs(get, &world, next.clone()).unwrap()), ["1"]);
    world.now_ms += 1;
    assert_eq!(call_logs(get, &world, next).unwrap_err().code, "InvalidParameterException");
}

#[test]
fn a_late_event_is_ordered_by_its_timestamp() {
    let mut world = numbered(3);
    world.logs.put_at("app", "one", START_MS + 500, START_MS + 40_000, "late".into());
    let page = call_logs(filter, &world, json!({})).unwrap();
    assert_eq!(messages(&page), ["0", "late", "1", "2"]);
    assert_eq!(page["events"][1]["ingestionTime"], START_MS + 40_000);
}

#[test]
fn each_region_has_its_own_groups() {
    let mut world = world(&[("a", 0, "here")]);
    world.logs_elsewhere.entry("us-east-1".into()).or_default().put("app", "a", START_MS, "there".into());
    let input = json!({ "logGroupName": "app" });
    for (region, message) in [("eu-west-1", Some("here")), ("us-east-1", Some("there")), ("eu-west-3", None)] {
        let found = filter(world.logs_in(region), &input);
        assert_eq!(found.ok().map(|page| messages(&page)[0].to_owned()).as_deref(), message);
    }
}
