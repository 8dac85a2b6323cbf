//! One call for events, and its answer in the same form for both operations.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    aws::{Clients, Failure, operation},
    logs::{Source, Stream, merge::LogEvent},
};

/// The most streams per call.
pub(super) const STREAMS: usize = 100;
/// The most events per call.
pub(super) const EVENTS: i32 = 10_000;
/// The earliest time, in milliseconds, from which FilterLogEvents reads backward: 2024-01-01.
const BACKWARD_FROM_MS: i64 = 1_704_067_200_000;

/// One call for events. Times are in milliseconds and inclusive.
#[derive(Debug, Clone)]
pub(super) struct FetchRequest {
    /// Streams of one log group.
    pub streams: Vec<Arc<Source>>,
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Token of the next page.
    pub token: Option<String>,
    /// Read newest first.
    pub backward: bool,
    pub limit: i32,
    pub pattern: Option<Arc<str>>,
}

/// One page of events.
#[derive(Debug, Default)]
pub(super) struct LogPage {
    /// In the order of the answer.
    pub events: Vec<LogEvent>,
    /// Token of the next page in this direction; absent at the end.
    pub next: Option<String>,
    /// Token from which later events can be read, if the operation returns one.
    pub follow: Option<String>,
}

/// An event as either operation returns it.
struct RawEvent {
    at: Option<i64>,
    ingested: Option<i64>,
    text: Option<String>,
    id: Option<String>,
}

impl FetchRequest {
    /// Returns whether GetLogEvents can be used: it takes a single stream and no pattern, and its token stays valid at
    /// the end.
    pub(super) fn uses_get_log_events(&self) -> bool {
        self.streams.len() == 1 && self.pattern.is_none()
    }

    /// Makes the call.
    ///
    /// # Errors
    /// The call failed.
    pub(super) async fn send(self, clients: &Clients) -> Result<LogPage, Failure> {
        match self.streams.as_slice() {
            [] => Ok(LogPage::default()),
            [one] if self.uses_get_log_events() => self.get_log_events(clients, one).await,
            [first, ..] => self.filter_log_events(clients, &first.stream).await,
        }
    }

    async fn get_log_events(&self, clients: &Clients, source: &Arc<Source>) -> Result<LogPage, Failure> {
        let request = clients
            .logs(source.stream.region.as_deref())
            .get_log_events()
            .log_group_name(&source.stream.group)
            .log_stream_name(&source.stream.name)
            .set_start_time(self.from)
            .set_end_time(self.to.map(|to| to.saturating_add(1)))
            .set_next_token(self.token.clone())
            .start_from_head(!self.backward)
            .limit(self.limit);
        let answer = clients.call(operation::GET_LOG_EVENTS, request.send()).await?;
        let onward = if self.backward { &answer.next_backward_token } else { &answer.next_forward_token };
        // At the end the token comes back unchanged.
        let next = non_empty(onward).filter(|token| self.token.as_ref() != Some(token));
        let follow = non_empty(&answer.next_forward_token);
        let events = answer.events.unwrap_or_default().into_iter().map(|event| {
            let (at, ingested) = (event.timestamp, event.ingestion_time);
            (source.clone(), RawEvent { at, ingested, text: event.message, id: None })
        });
        Ok(LogPage { events: to_events(events), next, follow })
    }

    async fn filter_log_events(&self, clients: &Clients, stream: &Stream) -> Result<LogPage, Failure> {
        let from = if self.backward {
            Some(self.from.map_or(BACKWARD_FROM_MS, |at| at.max(BACKWARD_FROM_MS)))
        } else {
            self.from
        };
        let names = self.streams.iter().map(|source| source.stream.name.clone()).collect();
        let request = clients
            .logs(stream.region.as_deref())
            .filter_log_events()
            .log_group_name(&stream.group)
            .set_log_stream_names(Some(names))
            .set_start_time(from)
            .set_end_time(self.to)
            .set_next_token(self.token.clone())
            .set_filter_pattern(self.pattern.as_deref().map(str::to_owned))
            .set_start_from_head(self.backward.then_some(false))
            .limit(self.limit);
        let answer = clients.call(operation::FILTER_LOG_EVENTS, request.send()).await?;
        let sources: HashMap<&str, &Arc<Source>> =
            self.streams.iter().map(|source| (source.stream.name.as_str(), source)).collect();
        let events = answer.events.unwrap_or_default().into_iter().map(|event| {
            let known = event.log_stream_name.as_deref().and_then(|name| sources.get(name).copied());
            let source = known.cloned().unwrap_or_else(|| unknown_source(stream, event.log_stream_name));
            let (at, ingested) = (event.timestamp, event.ingestion_time);
            (source, RawEvent { at, ingested, text: event.message, id: event.event_id })
        });
        Ok(LogPage { events: to_events(events), next: non_empty(&answer.next_token), follow: None })
    }
}

/// Returns the token unless it is empty: sending an empty one would start over.
fn non_empty(token: &Option<String>) -> Option<String> {
    token.clone().filter(|token| !token.is_empty())
}

/// A placeholder for an event whose stream is not one of those asked for.
fn unknown_source(stream: &Stream, name: Option<String>) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { name: name.unwrap_or_default(), ..stream.clone() },
        task_arn: "".into(),
        container: "?".into(),
        service: None,
        revision: None,
    })
}

/// Converts events. Without a timestamp an event gets that of the event before it; without a text it gets an empty one,
/// which no real event has.
fn to_events(events: impl Iterator<Item = (Arc<Source>, RawEvent)>) -> Vec<LogEvent> {
    let mut last = None;
    let events = events.filter_map(|(source, event)| {
        let known = event.at.or(event.ingested).and_then(|at| Timestamp::from_millisecond(at).ok());
        last = known.or(last);
        Some(LogEvent { source, id: event.id, at: last?, text: event.text.unwrap_or_default() })
    });
    events.collect()
}
