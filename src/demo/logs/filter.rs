//! FilterLogEvents: searches a group, or some of its streams, interleaved.

use std::{collections::BinaryHeap, iter, ops::Range};

use serde_json::{Value, json};

use super::{
    Here, PAGE, PAGE_BYTES,
    get::event_json,
    input::{self, text},
    invalid,
    pattern::Pattern,
    store::{Event, Group, Position, Stream},
    token::{self, Token, Way},
};
use crate::demo::{wire::ApiError, world::Rng};

/// Events searched per call: if matches are rare, pages are empty but have a token.
pub(super) const SEARCHED: usize = 10_000;
/// The most stream names per call.
const STREAM_NAMES: usize = 100;
/// The earliest start time for reading newest first: 2024-01-01.
const NEWEST_FIRST_FROM_MS: i64 = 1_704_067_200_000;

pub(super) fn filter(here: Here, input: &Value) -> Result<Value, ApiError> {
    let (_, group) = input::readable(here, "FilterLogEvents", input)?;
    let limit = input::limit(input, PAGE)?;
    let pattern: Pattern =
        text(input, "filterPattern").unwrap_or_default().parse().map_err(|message: String| invalid(message))?;
    let (start_ms, end_ms) = (input["startTime"].as_i64(), input["endTime"].as_i64());
    let kept_ms = start_ms.max(group.kept_from_ms(here.now_ms));
    let token = text(input, "nextToken").map(|token| Token::read(token, here.now_ms)).transpose()?;
    let newest_first = match token {
        Some(token) => token.way == Way::Backward,
        None => input["startFromHead"].as_bool() == Some(false),
    };
    if newest_first && start_ms.is_some_and(|start| start < NEWEST_FIRST_FROM_MS) {
        return Err(invalid("startFromHead can only be false when startTime is on or after 2024-01-01T00:00:00Z."));
    }

    let sources = streams(group, input)?.into_iter().map(|(name, stream)| {
        // Unlike in GetLogEvents, the end is inclusive.
        let mut range = stream.between(kept_ms, end_ms.map(|end| end.saturating_add(1)), here.now_ms);
        match token {
            Some(Token { way: Way::Forward, at, .. }) => {
                range.start = range.start.max(stream.before(at)).min(range.end);
            }
            Some(Token { way: Way::Backward, at, .. }) => range.end = range.end.min(stream.before(at)).max(range.start),
            None => {}
        }
        Source { name, stream, range }
    });
    let mut all = merged(sources.collect(), newest_first).peekable();
    let (mut events, mut bytes, mut last) = (Vec::new(), 0, Position::default());
    for _ in 0..SEARCHED {
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
    // Since 2020 AWS no longer lists the streams searched, but still returns the field.
    let mut answer = json!({ "events": events, "searchedLogStreams": [] });
    if all.peek().is_some() {
        let (way, at) = if newest_first { (Way::Backward, last) } else { (Way::Forward, last.after()) };
        answer["nextToken"] = Token { way, at, given_ms: here.now_ms }.write().into();
    }
    Ok(answer)
}

/// Replaces a page by an empty one with a token for the same events.
pub(crate) fn postpone_events(answer: &mut Value, rng: &mut Rng) {
    let id = |event: Option<&Value>| event.and_then(|event| token::read_id(event["eventId"].as_str()?));
    let Some(events) = answer["events"].as_array() else { return };
    let (Some(first), Some(last)) = (id(events.first()), id(events.last())) else { return };
    let (way, at) = if first <= last { (Way::Forward, first) } else { (Way::Backward, first.after()) };
    // Tokens must differ: clients take a repeated one for the end.
    let came_ms = events.iter().filter_map(|event| event["ingestionTime"].as_i64()).max().unwrap_or_default();
    let given_ms = came_ms.saturating_sub(rng.within((0, 3_600_000)));
    answer["events"] = json!([]);
    answer["nextToken"] = Token { way, at, given_ms }.write().into();
}

fn filtered_json(stream: &str, event: &Event) -> Value {
    let mut json = event_json(event);
    json["logStreamName"] = stream.into();
    json["eventId"] = token::event_id(event.at).into();
    json
}

/// The streams to search: the named ones, those with a prefix, or all.
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

/// The part of a stream that is still to be returned.
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

/// The events of several streams in one order.
fn merged(mut sources: Vec<Source<'_>>, newest_first: bool) -> impl Iterator<Item = (&str, &Event)> {
    // The heap returns its greatest, so oldest first negates.
    let rank = move |at: Position| {
        let sign = if newest_first { 1 } else { -1 };
        (sign * i128::from(at.timestamp_ms), sign * i128::from(at.number))
    };
    let mut heads: Vec<_> = sources.iter_mut().map(|source| source.take(newest_first)).collect();
    let ranked = |(index, head): (usize, Option<&Event>)| Some((rank(head?.at), index));
    let mut queue: BinaryHeap<_> = heads.iter().copied().enumerate().filter_map(ranked).collect();
    iter::from_fn(move || {
        let (_, index) = queue.pop()?;
        let source = &mut sources[index];
        let event = std::mem::replace(&mut heads[index], source.take(newest_first))?;
        queue.extend(heads[index].map(|head| (rank(head.at), index)));
        Some((source.name, event))
    })
}
