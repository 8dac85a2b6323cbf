//! GetLogEvents: one stream, read in either direction.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    Here, PAGE, PAGE_BYTES,
    input::{self, text},
    invalid,
    store::{Event, Position, Stream},
    token::{Token, Way},
};
use crate::demo::wire::ApiError;

pub(super) fn get(here: Here, input: &Value) -> Result<Value, ApiError> {
    let (_, group) = input::readable(here, "GetLogEvents", input)?;
    let name = text(input, "logStreamName").ok_or_else(|| invalid("logStreamName must be given."))?;
    let (_, stream) = input::stream(group, name)?;
    let limit = input::limit(input, PAGE)?;
    let from_head = input["startFromHead"].as_bool().unwrap_or_default();

    let start_ms = input["startTime"].as_i64().max(group.kept_from_ms(here.now_ms));
    let mut range = stream.between(start_ms, input["endTime"].as_i64(), here.now_ms);
    let token = text(input, "nextToken").map(|token| Token::read(token, here.now_ms)).transpose()?;
    // A forward token without startFromHead reads the newest of what follows; whatever doesn't fit the page is skipped.
    let from_head = match token {
        Some(Token { way: Way::Forward, at, .. }) => {
            range.start = range.start.max(stream.before(at)).min(range.end);
            from_head
        }
        Some(Token { way: Way::Backward, at, .. }) => {
            range.end = range.end.min(stream.before(at)).max(range.start);
            false
        }
        None => from_head,
    };
    let page = fit(stream, range, limit, from_head);
    let (backward, forward) = boundaries(stream, &page, token, from_head);
    // If there is nothing new, the given token comes back, with its age.
    let written = |way, at| match token {
        Some(given) if (given.way, given.at) == (way, at) => given.write(),
        _ => Token { way, at, given_ms: here.now_ms }.write(),
    };
    let events: Vec<_> = stream.events.range(page).map(event_json).collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": written(Way::Forward, forward),
        "nextBackwardToken": written(Way::Backward, backward),
    }))
}

/// The JSON of an event, the same for both operations.
pub(super) fn event_json(event: &Event) -> Value {
    json!({ "timestamp": event.at.timestamp_ms, "message": event.message, "ingestionTime": event.ingested_ms })
}

/// The part of a range that fits in a page, from its head or its tail.
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

/// The positions of a page's tokens, before and after it. An empty page keeps the position of the request.
fn boundaries(stream: &Stream, page: &Range<usize>, token: Option<Token>, from_head: bool) -> (Position, Position) {
    let at = |index: usize| stream.events.get(index).map(|event| event.at);
    if !page.is_empty() {
        let (first, last) = (at(page.start), at(page.end - 1));
        return (first.unwrap_or_default(), last.map(Position::after).unwrap_or_default());
    }
    let boundary = match token {
        Some(Token { at, .. }) => at,
        None if from_head => at(page.start).unwrap_or_default(),
        None => page.end.checked_sub(1).and_then(at).map(Position::after).unwrap_or_default(),
    };
    (boundary, boundary)
}
