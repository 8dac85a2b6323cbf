//! StartLiveTail: the frames of a session's event stream.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    Here,
    input::{self, text},
    invalid,
    pattern::Pattern,
    store::{Event, Position, Stream},
};
use crate::demo::wire::ApiError;

/// The most groups per session, and the most stream names or prefixes.
const GROUPS: usize = 10;
const STREAMS: usize = 100;
/// The most events per update; of more, a sample is sent.
const SAMPLE: usize = 500;
/// The most message bytes per update, because frames are limited.
const SAMPLE_BYTES: usize = 8 << 20;
/// Duration of a session.
const LIFE_MS: i64 = 3 * 3_600_000;

/// A session: its streams, its filter and how far it has been read.
#[derive(Debug, Clone)]
pub struct Tail {
    region: String,
    groups: Vec<String>,
    chosen: Chosen,
    pattern: Pattern,
    /// The request, as repeated in the first event.
    request: Value,
    began_ms: i64,
    /// The position up to which events have been sent.
    sent_to: Position,
}

/// Which streams of its groups a session follows.
#[derive(Debug, Clone)]
enum Chosen {
    All,
    Named(Vec<String>),
    WithPrefix(Vec<String>),
}

impl Chosen {
    fn includes(&self, stream: &str) -> bool {
        match self {
            Chosen::All => true,
            Chosen::Named(names) => names.iter().any(|name| name == stream),
            Chosen::WithPrefix(prefixes) => prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str())),
        }
    }
}

impl Tail {
    /// Starts a session with the events that arrive from now on. `ids` are those of the request and of the session.
    ///
    /// # Errors
    /// AWS's refusal of the request.
    pub fn start(here: Here, input: &Value, ids: [String; 2]) -> Result<Self, ApiError> {
        let identifiers = texts(input, "logGroupIdentifiers").unwrap_or_default();
        if !(1..=GROUPS).contains(&identifiers.len()) {
            return Err(constrained("logGroupIdentifiers", identifiers.len(), GROUPS));
        }
        let groups = identifiers.iter().map(|identifier| group(here, identifier)).collect::<Result<Vec<_>, _>>()?;
        let chosen = chosen(input, groups.len())?;
        let pattern = text(input, "logEventFilterPattern").unwrap_or_default();
        let pattern = pattern.parse().map_err(|message: String| invalid(message))?;
        let [request_id, session_id] = ids;
        let mut request = json!({ "requestId": request_id, "sessionId": session_id });
        for member in ["logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern"] {
            if let Some(value) = input.get(member) {
                request[member] = value.clone();
            }
        }
        let (began_ms, sent_to) = (here.now_ms, here.store.mark(here.now_ms));
        Ok(Self { region: here.region.to_owned(), groups, chosen, pattern, request, began_ms, sent_to })
    }

    /// The Region it is in.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The first frames of a session.
    pub fn first_frames(&self) -> Bytes {
        let mut frames = Vec::new();
        frame(&mut frames, "event", "initial-response", &json!({}));
        frame(&mut frames, "event", "sessionStart", &self.request);
        frames.into()
    }

    /// Returns whether its time is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.began_ms) >= LIFE_MS
    }

    /// The frame with the events that arrived since the last one; AWS sends one every second.
    pub fn update(&mut self, here: Here) -> Bytes {
        let mut events: Vec<(&str, &str, &Event)> = Vec::new();
        for name in &self.groups {
            let Some(group) = here.store.groups().get(name) else { continue };
            let streams = group.streams.iter().filter(|(stream, _)| self.chosen.includes(stream));
            for (stream, new) in streams.map(|(stream, events)| (stream, self.new_events(events, here.now_ms))) {
                events.extend(new.map(|event| (name.as_str(), stream.as_str(), event)));
            }
        }
        events.sort_by_key(|(_, _, event)| (event.ingested_ms, event.at));
        let (all, mut bytes) = (events.len(), 0);
        let sample = events.into_iter().enumerate().filter(|(index, _)| is_sampled(*index, all));
        let results: Vec<_> = sample
            .map(|(_, event)| event)
            .take_while(|(_, _, event)| {
                bytes += event.aws_bytes();
                bytes <= SAMPLE_BYTES
            })
            .map(|(group, stream, event)| {
                json!({
                    "logGroupIdentifier": format!("{}:{group}", here.account_id),
                    "logStreamName": stream,
                    "message": event.message,
                    "timestamp": event.at.timestamp_ms,
                    "ingestionTime": event.ingested_ms,
                })
            })
            .collect();
        self.sent_to = here.store.mark(here.now_ms);
        let sampled = results.len() < all;
        let mut frames = Vec::new();
        let update = json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results });
        frame(&mut frames, "event", "sessionUpdate", &update);
        frames.into()
    }

    fn new_events<'a>(&'a self, stream: &'a Stream, now_ms: i64) -> impl Iterator<Item = &'a Event> {
        stream.arrivals(self.sent_to, now_ms).filter(|event| self.pattern.matches(&event.message))
    }
}

/// The last frame of a session that has lasted too long.
pub fn timed_out() -> Bytes {
    let mut frames = Vec::new();
    let payload = json!({ "message": "The session has timed out after 3 hours." });
    frame(&mut frames, "exception", "SessionTimeoutException", &payload);
    frames.into()
}

/// The last frame of a session that AWS could not continue.
pub fn broken() -> Bytes {
    let mut frames = Vec::new();
    let payload = json!({ "message": "The session could not be continued." });
    frame(&mut frames, "exception", "SessionStreamingException", &payload);
    frames.into()
}

/// Spreads a sample evenly over all events.
fn is_sampled(index: usize, all: usize) -> bool {
    all <= SAMPLE || index * SAMPLE / all != (index + 1) * SAMPLE / all
}

/// Appends one message of an event stream.
fn frame(frames: &mut Vec<u8>, kind: &'static str, name: &'static str, payload: &Value) {
    let header = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let name_of = if kind == "event" { ":event-type" } else { ":exception-type" };
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", kind))
        .add_header(header(name_of, name))
        .add_header(header(":content-type", "application/json"));
    // Fails only for messages larger than an update can be.
    let _ = write_message_to(&message, frames);
}

/// The group of an ARN, if a session can follow it.
fn group(here: Here, identifier: &str) -> Result<String, ApiError> {
    let name = identifier.strip_prefix(&here.group_arn("")).filter(|name| !name.is_empty() && !name.contains(':'));
    let Some(name) = name else {
        return Err(invalid(format!(
            "The specified log group identifier '{identifier}' is invalid: it must be the ARN of a log group of this \
             Region, without :* at its end."
        )));
    };
    let by_name = json!({ "logGroupName": name });
    Ok(input::readable(here, "StartLiveTail", &by_name)?.0.to_owned())
}

fn chosen(input: &Value, groups: usize) -> Result<Chosen, ApiError> {
    let (names, prefixes) = (texts(input, "logStreamNames"), texts(input, "logStreamNamePrefixes"));
    let (member, list) = match (names, prefixes) {
        (None, None) => return Ok(Chosen::All),
        (Some(_), Some(_)) => return Err(invalid("logStreamNames and logStreamNamePrefixes cannot both be given.")),
        (Some(names), None) => ("logStreamNames", names),
        (None, Some(prefixes)) => ("logStreamNamePrefixes", prefixes),
    };
    if groups > 1 {
        return Err(invalid(format!("{member} can be given only with a single log group.")));
    }
    if !(1..=STREAMS).contains(&list.len()) {
        return Err(constrained(member, list.len(), STREAMS));
    }
    let list = list.into_iter().map(str::to_owned).collect();
    Ok(if member == "logStreamNames" { Chosen::Named(list) } else { Chosen::WithPrefix(list) })
}

fn texts<'a>(input: &'a Value, member: &str) -> Option<Vec<&'a str>> {
    Some(input[member].as_array()?.iter().filter_map(Value::as_str).collect())
}

fn constrained(member: &str, length: usize, max: usize) -> ApiError {
    let bound = if length == 0 { "greater than or equal to 1".into() } else { format!("less than or equal to {max}") };
    invalid(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length {bound}"
    ))
}
