//! A Live Tail session: AWS tells each line as it comes in, and bills the minutes.
//!
//! ```text
//! AWS ──► pump: takes each update at once, or AWS drops them ──► a bounded queue ──► next
//! ```
//!
//! AWS holds ten updates for a slow reader and then drops the oldest without a word. So the pump drops them itself where
//! the queue is full, and counts.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use aws_sdk_cloudwatchlogs::{
    Client,
    config::{Config, StalledStreamProtectionConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::start_live_tail::StartLiveTailOutput,
    primitives::event_stream::EventReceiver,
    types::{
        LiveTailSessionLogEvent, LiveTailSessionUpdate, StartLiveTailResponseStream as Told,
        error::StartLiveTailResponseStreamError as Fault,
    },
};
use jiff::Timestamp;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::AbortHandle,
    time::{Instant, timeout},
};

use super::{Followed, Live, Source, merge::LogEvent};
use crate::aws::{Clients, Failure, FailureKind, operation::START_LIVE_TAIL};

mod address;
pub mod reason;
#[cfg(test)]
mod tests;

use address::{Address, Streams};

/// What AWS bills for a minute of a session, in US dollars, as published for most Regions; and the minutes of a month
/// that it doesn't bill.
pub const DOLLARS_A_MINUTE: f64 = 0.01;
pub const FREE_MINUTES: u32 = 1_800;
/// Lines of one second that AWS tells at most: of more it tells a sample.
pub const MOST_A_SECOND: u32 = 500;

/// How long opening may take.
const OPENING: Duration = Duration::from_secs(15);
/// AWS tells something every second: after so long without, the connection is broken.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Updates that wait for the reader: a minute's worth.
const WAITING: usize = 60;
/// Lines of streams that are not known yet, and for how long they are held: a task is known a moment after its first
/// lines are here.
const UNKNOWN: usize = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_mins(1);

impl Live {
    /// The minutes that have begun by `now`: AWS bills them whole.
    pub fn minutes(&self, now: Timestamp) -> i64 {
        (now.as_second() - self.since.as_second()).max(0) / 60 + 1
    }

    /// What it has cost by `now`, in US dollars, were none of its minutes free.
    pub fn dollars(&self, now: Timestamp) -> f64 {
        self.minutes(now) as f64 * DOLLARS_A_MINUTE
    }
}

/// What a session tells of one second.
#[derive(Debug, Default, PartialEq)]
pub struct LiveUpdate {
    pub events: Vec<LogEvent>,
    /// AWS left lines out: more came than it tells.
    pub sampled: bool,
    /// Lines that came faster than they were taken, and were dropped.
    pub missed: u64,
}

/// Why a session is no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnd {
    /// The three hours that AWS gives it are over.
    #[error("its three hours are over")]
    Over,
    #[error("nothing came for {} seconds", HEARTBEAT.as_secs())]
    Silent,
    #[error("AWS closed it")]
    Closed,
    #[error("{0}")]
    Broken(String),
}

/// A session that is open. It ends when this is dropped.
pub struct LiveSession {
    address: Address,
    growing: bool,
    updates: mpsc::Receiver<Result<RawUpdate, SessionEnd>>,
    pump: AbortHandle,
    /// Which stream is whose, by the names of group and stream.
    sources: HashMap<(String, String), Arc<Source>>,
    unknown: VecDeque<(Instant, LiveTailSessionLogEvent)>,
}

/// An update as AWS tells it.
#[derive(Debug, Default)]
struct RawUpdate {
    events: Vec<LiveTailSessionLogEvent>,
    sampled: bool,
    missed: u64,
}

/// Opens a session for these streams, and where it is `growing` for those of tasks to come. Once it is open, everything
/// that comes in from then on is told.
///
/// # Errors
/// What the call failed with, or why no one session can tell of these streams: see [`reason`].
pub async fn open(
    clients: &Clients,
    streams: &[Followed],
    growing: bool,
    pattern: Option<&str>,
) -> Result<LiveSession, Failure> {
    let impossible = |why| Failure::local(START_LIVE_TAIL.name, FailureKind::Invalid, why);
    let address = Address::of(streams, growing).map_err(impossible)?;
    let client = clients.logs(address.region.as_deref());
    let opened = async {
        match timeout(OPENING, request(&client, &address, pattern)).await {
            Ok(answer) => answer,
            Err(late) => Err(SdkError::timeout_error(late)),
        }
    };
    let mut stream = clients.call(START_LIVE_TAIL, opened).await?.response_stream;
    let first = match told(&mut stream).await {
        Ok(first) => first,
        Err(ended) => return Err(Failure::local(START_LIVE_TAIL.name, FailureKind::Offline, ended.to_string())),
    };
    let (queue, updates) = mpsc::channel(WAITING);
    let pump = tokio::spawn(pump(stream, first, queue)).abort_handle();
    let mut session =
        LiveSession { address, growing, updates, pump, sources: HashMap::new(), unknown: VecDeque::new() };
    session.know(streams);
    Ok(session)
}

async fn request(
    client: &Client,
    address: &Address,
    pattern: Option<&str>,
) -> Result<StartLiveTailOutput, SdkError<aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailError>> {
    let (names, prefixes) = match address.streams.clone() {
        Streams::All => (None, None),
        Streams::Named(names) => (Some(names), None),
        Streams::Beginning(prefixes) => (None, Some(prefixes)),
    };
    // A session lasts for hours, and is watched here.
    let timeouts = TimeoutConfig::builder().disable_operation_timeout().disable_operation_attempt_timeout().build();
    let config =
        Config::builder().timeout_config(timeouts).stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    client
        .start_live_tail()
        .set_log_group_identifiers(Some(address.groups.clone()))
        .set_log_stream_names(names)
        .set_log_stream_name_prefixes(prefixes)
        .set_log_event_filter_pattern(pattern.map(str::to_owned))
        .customize()
        .config_override(config)
        .send()
        .await
}

/// Takes what comes off the wire at once, whatever becomes of it.
async fn pump(
    mut stream: EventReceiver<Told, Fault>,
    first: RawUpdate,
    queue: mpsc::Sender<Result<RawUpdate, SessionEnd>>,
) {
    let mut next = Ok(first);
    let (mut missed, mut sampled) = (0, false);
    loop {
        match next {
            Ok(update) => {
                let update = RawUpdate { missed, sampled: update.sampled || sampled, ..update };
                (missed, sampled) = match queue.try_send(Ok(update)) {
                    Ok(()) => (0, false),
                    Err(TrySendError::Full(Ok(update))) => (update.missed + update.events.len() as u64, update.sampled),
                    Err(_) => return,
                };
            }
            Err(ended) => {
                let last = RawUpdate { sampled, missed, ..RawUpdate::default() };
                // Nobody may be left to hear of it.
                let _ = queue.send(Ok(last)).await;
                let _ = queue.send(Err(ended)).await;
                return;
            }
        }
        next = told(&mut stream).await;
    }
}

/// What the session tells next.
async fn told(stream: &mut EventReceiver<Told, Fault>) -> Result<RawUpdate, SessionEnd> {
    match timeout(HEARTBEAT, stream.recv()).await {
        Err(_) => Err(SessionEnd::Silent),
        Ok(Ok(None)) => Err(SessionEnd::Closed),
        Ok(Ok(Some(Told::SessionUpdate(update)))) => Ok(raw(update)),
        Ok(Ok(Some(_))) => Ok(RawUpdate::default()),
        Ok(Err(error)) => Err(match error.as_service_error() {
            Some(Fault::SessionTimeoutException(_)) => SessionEnd::Over,
            Some(Fault::SessionStreamingException(fault)) => {
                SessionEnd::Broken(fault.message().unwrap_or("AWS could not go on with it").to_owned())
            }
            _ => SessionEnd::Broken("the connection was cut".to_owned()),
        }),
    }
}

fn raw(update: LiveTailSessionUpdate) -> RawUpdate {
    RawUpdate {
        sampled: update.session_metadata.is_some_and(|metadata| metadata.sampled),
        events: update.session_results.unwrap_or_default(),
        missed: 0,
    }
}

impl LiveSession {
    /// What comes next: once a second, empty or not. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// When the session is no more.
    pub async fn next(&mut self) -> Result<LiveUpdate, SessionEnd> {
        let RawUpdate { events, sampled, missed } = self.updates.recv().await.unwrap_or(Err(SessionEnd::Closed))?;
        let mut said = Vec::with_capacity(events.len());
        for event in events {
            match self.said(event) {
                Ok(event) => said.push(event),
                Err(event) => self.unknown.push_back((Instant::now(), event)),
            }
        }
        let excess = self.unknown.len().saturating_sub(UNKNOWN);
        self.unknown.drain(..excess);
        while self.unknown.front().is_some_and(|(came, _)| came.elapsed() > UNKNOWN_FOR) {
            self.unknown.pop_front();
        }
        Ok(LiveUpdate { events: said, sampled, missed })
    }

    /// Takes note of the streams there are now: the lines of the new ones that have come already.
    pub fn know(&mut self, streams: &[Followed]) -> Vec<LogEvent> {
        let named = |source: &Arc<Source>| (source.stream.group.clone(), source.stream.name.clone());
        self.sources = streams.iter().map(|followed| (named(&followed.source), followed.source.clone())).collect();
        let mut said = Vec::new();
        for (came, event) in std::mem::take(&mut self.unknown) {
            match self.said(event) {
                Ok(event) => said.push(event),
                Err(event) => self.unknown.push_back((came, event)),
            }
        }
        said
    }

    /// Whether it tells of all these streams; if not, it takes another session.
    pub fn covers(&self, streams: &[Followed]) -> bool {
        let Ok(needed) = Address::of(streams, self.growing) else { return false };
        let groups = needed.region == self.address.region
            && needed.groups.iter().all(|group| self.address.groups.contains(group));
        groups
            && match (&self.address.streams, needed.streams) {
                (Streams::All, _) => true,
                (Streams::Named(known), Streams::Named(needed)) => needed.iter().all(|name| known.contains(name)),
                (Streams::Beginning(known), Streams::Beginning(needed) | Streams::Named(needed)) => {
                    needed.iter().all(|name| known.iter().any(|start| name.starts_with(start)))
                }
                _ => false,
            }
    }

    /// The event with its source, while that is known.
    fn said(&self, event: LiveTailSessionLogEvent) -> Result<LogEvent, LiveTailSessionLogEvent> {
        let group = event.log_group_identifier().unwrap_or_default();
        // `account:name`, an ARN, or the name.
        let group = group.rsplit_once(':').map_or(group, |(_, name)| name);
        let key = (group.to_owned(), event.log_stream_name().unwrap_or_default().to_owned());
        let at = event.timestamp.or(event.ingestion_time).and_then(|at| Timestamp::from_millisecond(at).ok());
        match (self.sources.get(&key), at) {
            (Some(source), Some(at)) => {
                Ok(LogEvent { source: source.clone(), id: None, at, text: event.message.unwrap_or_default() })
            }
            _ => Err(event),
        }
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.pump.abort();
    }
}
