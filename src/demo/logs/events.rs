//! GetLogEvents and FilterLogEvents.

use std::{collections::BinaryHeap, iter, ops::Range};

use serde_json::{Value, json};

use super::{
    input::{self, text},
    invalid,
    pattern::Pattern,
    store::{Event, Group, Position, Stream},
    token::{self, Token},
};
use crate::demo::{wire::ApiError, world::World};

/// A page holds at most this many events, and this many bytes as AWS counts them (but always one event).
const PAGE: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;
/// Events one FilterLogEvents looks at: a rare match leaves pages empty, with a token to go on.
const LOOKED_AT: usize = 10_000;
/// Stream names one FilterLogEvents takes.
const STREAM_NAMES: usize = 100;
/// The earliest start for newest-first: 2024-01-01.
const NEWEST_FIRST_FROM_MS: i64 = 1_704_067_200_000;

pub fn get(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (_, group) = input::group(world, input)?;
    let name = text(input, "logStreamName").ok_or_else(|| invalid("logStreamName must be given."))?;
    let (_, stream) = input::stream(group, name)?;
    let limit = input::limit(input, PAGE)?;
    let from_head = input["startFromHead"].as_bool().unwrap_or_default();

    let mut range = stream.between(input["startTime"].as_i64(), input["endTime"].as_i64(), world.now_ms);
    let token = text(input, "nextToken").map(Token::read).transpose()?;
    // A forward token without startFromHead takes the newest of what follows: whatever doesn't fit the page is lost.
    let from_head = match token {
        Some(Token::Forward(at)) => {
            range.start = range.start.max(stream.before(at)).min(range.end);
            from_head
        }
        Some(Token::Backward(at)) => {
            range.end = range.end.min(stream.before(at)).max(range.start);
            false
        }
        None => from_head,
    };
    let page = fit(stream, range, limit, from_head);
    let (backward, forward) = boundaries(stream, &page, token, from_head);
    let events: Vec<_> = stream.events.range(page).map(event_json).collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": Token::Forward(forward).write(),
        "nextBackwardToken": Token::Backward(backward).write(),
    }))
}

fn event_json(event: &Event) -> Value {
    json!({ "timestamp": event.at.timestamp_ms, "message": event.message, "ingestionTime": event.ingested_ms() })
}

/// The part of a range that makes one page, from its head or its tail.
fn fit(stream: &Stream, range: Range<usize>, limit: usize, from_head: bool) -> Range<usize> {
    let fitting = |events: &mut dyn Iterator<Item = &Event>| {
        let mut bytes = 0;
        let within = |event: &&Event| {
            let first = bytes == 0;
            bytes += event.aws_bytes();
            first || bytes <= PAGE_BYTES
        };
        events.take(limit).take_while(within).count()
    };
    let mut events = stream.events.range(range.clone());
    if from_head {
        range.start..range.start + fitting(&mut events)
    } else {
        range.end - fitting(&mut events.rev())..range.end
    }
}

/// Where the tokens of a page go on: before it and after it. An empty page stays where it was asked.
fn boundaries(stream: &Stream, page: &Range<usize>, token: Option<Token>, from_head: bool) -> (Position, Position) {
    let at = |index: usize| stream.events.get(index).map(|event| event.at);
    if !page.is_empty() {
        let (first, last) = (at(page.start), at(page.end - 1));
        return (first.unwrap_or_default(), last.map(Position::after).unwrap_or_default());
    }
    let boundary = match token {
        Some(Token::Forward(at) | Token::Backward(at)) => at,
        None if from_head => at(page.start).unwrap_or_default(),
        None => page.end.checked_sub(1).and_then(at).map(Position::after).unwrap_or_default(),
    };
    (boundary, boundary)
}

pub fn filter(world: &World, input: &Value) -> Result<Value, ApiError> {
    let (_, group) = input::group(world, input)?;
    let limit = input::limit(input, PAGE)?;
    let pattern: Pattern =
        text(input, "filterPattern").unwrap_or_default().parse().map_err(|message: String| invalid(message))?;
    let (start_ms, end_ms) = (input["startTime"].as_i64(), input["endTime"].as_i64());
    let token = text(input, "nextToken").map(Token::read).transpose()?;
    let newest_first = match token {
        Some(token) => matches!(token, Token::Backward(_)),
        None => input["startFromHead"].as_bool() == Some(false),
    };
    if newest_first && start_ms.is_some_and(|start| start < NEWEST_FIRST_FROM_MS) {
        return Err(invalid("startFromHead can only be false when startTime is on or after 2024-01-01T00:00:00Z."));
    }

    let sources = streams(group, input)?.into_iter().map(|(name, stream)| {
        // Unlike GetLogEvents, this one includes its end.
        let mut range = stream.between(start_ms, end_ms.map(|end| end.saturating_add(1)), world.now_ms);
        match token {
            Some(Token::Forward(at)) => range.start = range.start.max(stream.before(at)).min(range.end),
            Some(Token::Backward(at)) => range.end = range.end.min(stream.before(at)).max(range.start),
            None => {}
        }
        Source { name, stream, range }
    });
    let mut all = merged(sources.collect(), newest_first).peekable();
    let (mut events, mut bytes, mut last) = (Vec::new(), 0, Position::default());
    for _ in 0..LOOKED_AT {
        let fits = |(_, event): &(&str, &Event)| {
            events.len() < limit && (bytes == 0 || bytes + event.aws_bytes() <= PAGE_BYTES)
        };
        let Some((stream, event)) = all.next_if(fits) else { break };
        last = event.at;
        if pattern.matches(&event.message) {
            bytes += event.aws_bytes();
            events.push(filtered_json(stream, event));
        }
    }
    // AWS has not said which streams it searched since 2020, but still answers the field.
    let mut answer = json!({ "events": events, "searchedLogStreams": [] });
    if all.peek().is_some() {
        let token = if newest_first { Token::Backward(last) } else { Token::Forward(last.after()) };
        answer["nextToken"] = token.write().into();
    }
    Ok(answer)
}

fn filtered_json(stream: &str, event: &Event) -> Value {
    let mut json = event_json(event);
    json["logStreamName"] = stream.into();
    json["eventId"] = token::event_id(event.at).into();
    json
}

/// The streams to search: those named, those with a prefix, or all.
fn streams<'a>(group: &'a Group, input: &Value) -> Result<Vec<(&'a str, &'a Stream)>, ApiError> {
    let prefix = text(input, "logStreamNamePrefix");
    let Some(names) = input["logStreamNames"].as_array() else {
        let wanted = |name: &str| prefix.is_none_or(|prefix| name.starts_with(prefix));
        let streams = group.streams.iter().filter(|(name, _)| wanted(name));
        return Ok(streams.map(|(name, stream)| (name.as_str(), stream)).collect());
    };
    if prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot both be given."));
    }
    if !(1..=STREAM_NAMES).contains(&names.len()) {
        let bound = if names.is_empty() { "greater than or equal to 1" } else { "less than or equal to 100" };
        return Err(invalid(format!(
            "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have \
             length {bound}"
        )));
    }
    names.iter().filter_map(Value::as_str).map(|name| input::stream(group, name)).collect()
}

/// The part of a stream that is searched and not yet taken.
struct Source<'a> {
    name: &'a str,
    stream: &'a Stream,
    range: Range<usize>,
}

impl<'a> Source<'a> {
    fn take(&mut self, newest_first: bool) -> Option<&'a Event> {
        let index = if newest_first { self.range.next_back() } else { self.range.next() };
        self.stream.events.get(index?)
    }
}

/// The events of many streams in one order.
fn merged<'a>(mut sources: Vec<Source<'a>>, newest_first: bool) -> impl Iterator<Item = (&'a str, &'a Event)> {
    // The heap gives its greatest, so oldest-first negates.
    let rank = move |at: Position| {
        let sign = if newest_first { 1 } else { -1 };
        (sign * i128::from(at.timestamp_ms), sign * i128::from(at.number))
    };
    let mut heads: Vec<_> = sources.iter_mut().map(|source| source.take(newest_first)).collect();
    let ranked = |(index, head): (usize, &Option<&Event>)| Some((rank(head.as_ref()?.at), index));
    let mut queue: BinaryHeap<_> = heads.iter().enumerate().filter_map(ranked).collect();
    iter::from_fn(move || {
        let (_, index) = queue.pop()?;
        let source = &mut sources[index];
        let event = std::mem::replace(&mut heads[index], source.take(newest_first))?;
        queue.extend(heads[index].map(|head| (rank(head.at), index)));
        Some((source.name, event))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START_MS: i64 = 1_769_900_000_000;

    /// A world an hour after its events: `stream`, milliseconds after the start, message.
    fn world(events: &[(&str, i64, &str)]) -> World {
        let mut world = World::empty(0, START_MS + 3_600_000);
        for (stream, at_ms, message) in events {
            world.logs.put("app", stream, START_MS + at_ms, (*message).to_owned());
        }
        world
    }

    /// `count` events in one stream, a second apart, each its own number.
    fn numbered(count: i64) -> World {
        let mut world = world(&[]);
        (0..count).for_each(|n| world.logs.put("app", "one", START_MS + n * 1_000, n.to_string()));
        world
    }

    /// Asks one operation for the `app` group.
    fn ask(
        operation: fn(&World, &Value) -> Result<Value, ApiError>,
        world: &World,
        mut input: Value,
    ) -> Result<Value, ApiError> {
        input["logGroupName"] = "app".into();
        operation(world, &input)
    }

    fn get_one(world: &World, mut input: Value) -> Value {
        input["logStreamName"] = "one".into();
        ask(get, world, input).unwrap()
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
    fn going_forward_ends_where_the_token_stays_and_goes_on_with_new_events() {
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
    fn going_backward_ends_where_the_token_stays() {
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
    fn following_an_empty_stream_loses_nothing() {
        let mut world = numbered(3);
        // Everything so far lies before the window.
        let window = START_MS + 10_000;
        let page = get_one(&world, json!({ "startTime": window, "startFromHead": true }));
        assert_eq!(messages(&page).len(), 0);
        world.logs.put("app", "one", window, "first".into());
        let input = json!({ "startTime": window, "startFromHead": true, "nextToken": page["nextForwardToken"] });
        assert_eq!(messages(&get_one(&world, input)), ["first"]);
    }

    #[test]
    fn ranges_end_differently() {
        let world = numbered(10);
        let range = json!({ "startTime": START_MS + 3_000, "endTime": START_MS + 5_000 });
        assert_eq!(messages(&get_one(&world, range.clone())), ["3", "4"]);
        assert_eq!(messages(&ask(filter, &world, range).unwrap()), ["3", "4", "5"]);
    }

    #[test]
    fn a_page_holds_a_megabyte() {
        let mut world = world(&[]);
        let message = "m".repeat(100_000);
        (0..25).for_each(|n| world.logs.put("app", "one", START_MS + n, message.clone()));
        for newest in [false, true] {
            assert_eq!(messages(&get_one(&world, json!({ "startFromHead": newest }))).len(), 10);
        }
        let page = ask(filter, &world, json!({})).unwrap();
        assert!(messages(&page).len() == 10 && page["nextToken"].is_string());
    }

    #[test]
    fn streams_interleave_by_time_from_either_end() {
        let world = world(&[("a", 1, "1"), ("b", 2, "2"), ("c", 3, "3"), ("a", 4, "4"), ("b", 4, "5")]);
        assert_eq!(messages(&ask(filter, &world, json!({})).unwrap()), ["1", "2", "3", "4", "5"]);
        let newest = ask(filter, &world, json!({ "startFromHead": false })).unwrap();
        assert_eq!(messages(&newest), ["5", "4", "3", "2", "1"]);
        let two = ask(filter, &world, json!({ "logStreamNames": ["a", "c"] })).unwrap();
        assert_eq!(messages(&two), ["1", "3", "4"]);
        assert_eq!(two["events"][1]["logStreamName"], "c");
        let prefix = ask(filter, &world, json!({ "logStreamNamePrefix": "b" })).unwrap();
        assert_eq!(messages(&prefix), ["2", "5"]);
    }

    #[test]
    fn a_rare_match_leaves_pages_empty_with_a_token() {
        let mut world = world(&[]);
        for n in 0..LOOKED_AT as i64 + 1 {
            let message = if n == LOOKED_AT as i64 { "ERROR" } else { "fine" };
            world.logs.put("app", ["a", "b"][n as usize % 2], START_MS + n, message.into());
        }
        let empty = ask(filter, &world, json!({ "filterPattern": "ERROR" })).unwrap();
        assert_eq!(messages(&empty).len(), 0);
        let last = ask(filter, &world, json!({ "filterPattern": "ERROR", "nextToken": empty["nextToken"] })).unwrap();
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
        let error = filter(&world(&[("a", 0, "x")]), &input).unwrap_err();
        assert_eq!((error.status, error.code), (400, code));
        assert!(error.message.contains(message), "{}", error.message);
    }

    proptest! {
        /// Whatever the page size and the filter, paging gives every event that matches once, in order.
        #[test]
        fn paging_misses_nothing_and_repeats_nothing(
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
            expected.sort();
            if newest_first {
                expected.reverse();
            }

            let mut seen = Vec::new();
            let mut input = json!({ "limit": limit, "filterPattern": "yes", "startFromHead": !newest_first });
            loop {
                let page = ask(filter, &world, input.clone()).unwrap();
                for event in page["events"].as_array().unwrap() {
                    let number = event["message"].as_str().unwrap()["yes ".len()..].parse().unwrap();
                    seen.push((event["timestamp"].as_i64().unwrap(), number));
                }
                let Some(token) = page.get("nextToken") else { break };
                input["nextToken"] = token.clone();
            }
            prop_assert_eq!(seen, expected);
        }

        /// The same for one stream, forward and backward.
        #[test]
        fn tokens_walk_a_stream_both_ways(
            times in prop::collection::vec(0..50_i64, 1..60),
            limit in 1..10_usize,
            forward: bool,
        ) {
            let mut world = world(&[]);
            times.iter().enumerate().for_each(|(n, at)| world.logs.put("app", "one", START_MS + at, n.to_string()));
            let mut expected: Vec<_> = times.iter().enumerate().map(|(n, at)| (*at, n)).collect();
            expected.sort();

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
}
