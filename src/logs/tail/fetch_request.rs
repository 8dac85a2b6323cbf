//! One call for events, and its answer in one form whichever operation it was.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    aws::{Clients, Failure, operation},
    logs::{Source, Stream, merge::LogEvent},
};

/// Streams that one call takes.
pub(super) const STREAMS: usize = 100;
/// Events that one call brings at most.
pub(super) const EVENTS: i32 = 10_000;
/// The earliest time, in milliseconds, from which FilterLogEvents reads backward: 2024-01-01.
const BACKWARD_FROM_MS: i64 = 1_704_067_200_000;

/// One call to make. Times are in milliseconds, and both are part of what is read.
#[derive(Debug, Clone)]
pub(super) struct FetchRequest {
    /// All of one group.
    pub streams: Vec<Arc<Source>>,
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Where the page before ended.
    pub token: Option<String>,
    /// The newest first.
    pub backward: bool,
    pub limit: i32,
    pub pattern: Option<Arc<str>>,
}

/// What a call brought.
#[derive(Debug, Default)]
pub(super) struct LogPage {
    /// In the order of the answer.
    pub said: Vec<LogEvent>,
    /// Where the next page in this direction begins; there is none at the end.
    pub next: Option<String>,
    /// Where what comes later begins, as far as the operation tells.
    pub follow: Option<String>,
}

/// An event as both operations have it.
struct RawEvent {
    at: Option<i64>,
    ingested: Option<i64>,
    text: Option<String>,
    id: Option<String>,
}

impl FetchRequest {
    /// GetLogEvents, which knows where it was; it takes one stream, and no pattern.
    pub(super) fn is_of_one(&self) -> bool {
        self.streams.len() == 1 && self.pattern.is_none()
    }

    /// Makes the call.
    ///
    /// # Errors
    /// Whatever it failed with.
    pub(super) async fn make(self, clients: &Clients) -> Result<LogPage, Failure> {
        match self.streams.as_slice() {
            [] => Ok(LogPage::default()),
            [one] if self.is_of_one() => self.of_stream(clients, one).await,
            [first, ..] => self.of_group(clients, &first.stream).await,
        }
    }

    async fn of_stream(&self, clients: &Clients, source: &Arc<Source>) -> Result<LogPage, Failure> {
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
        let next = told(onward).filter(|token| self.token.as_ref() != Some(token));
        let follow = told(&answer.next_forward_token);
        let events = answer.events.unwrap_or_default().into_iter().map(|event| {
            let (at, ingested) = (event.timestamp, event.ingestion_time);
            (source.clone(), RawEvent { at, ingested, text: event.message, id: None })
        });
        Ok(LogPage { said: said(events), next, follow })
    }

    async fn of_group(&self, clients: &Clients, stream: &Stream) -> Result<LogPage, Failure> {
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
            let source = known.cloned().unwrap_or_else(|| stranger(stream, event.log_stream_name));
            let (at, ingested) = (event.timestamp, event.ingestion_time);
            (source, RawEvent { at, ingested, text: event.message, id: event.event_id })
        });
        Ok(LogPage { said: said(events), next: told(&answer.next_token), follow: None })
    }
}

/// An empty token would start over.
fn told(token: &Option<String>) -> Option<String> {
    token.clone().filter(|token| !token.is_empty())
}

/// Whoever wrote a line of which AWS doesn't say by whom it is.
fn stranger(stream: &Stream, name: Option<String>) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { name: name.unwrap_or_default(), ..stream.clone() },
        task_arn: "".into(),
        container: "?".into(),
        service: None,
        revision: None,
    })
}

/// Events whose time is not told stand where they came. Text that is not told is empty, which no event's is.
fn said(events: impl Iterator<Item = (Arc<Source>, RawEvent)>) -> Vec<LogEvent> {
    let mut last = None;
    let said = events.filter_map(|(source, event)| {
        let known = event.at.or(event.ingested).and_then(|at| Timestamp::from_millisecond(at).ok());
        last = known.or(last);
        Some(LogEvent { source, id: event.id, at: last?, text: event.text.unwrap_or_default() })
    });
    said.collect()
}
