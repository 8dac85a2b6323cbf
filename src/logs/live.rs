//! A Live Tail session: AWS sends each line as it arrives, and bills by the minute.
//!
//! ```text
//! AWS ──► pump: takes each update at once, or AWS drops them ──► a bounded queue ──► next
//! ```
//!
//! AWS buffers ten updates for a slow reader and then drops the oldest without notice. So the pump drops updates itself
//! when the queue is full, and counts them.

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
        LiveTailSessionLogEvent, LiveTailSessionUpdate, StartLiveTailResponseStream,
        error::StartLiveTailResponseStreamError,
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

/// Price of a session minute in US dollars, as published for most Regions; and the free minutes per month.
pub const DOLLARS_A_MINUTE: f64 = 0.01;
pub const FREE_MINUTES: u32 = 1_800;
/// The most lines per second that AWS sends; of more it sends a sample.
pub const MOST_A_SECOND: u32 = 500;

/// Time limit for opening a session.
const OPENING: Duration = Duration::from_secs(15);
/// AWS sends an update every second: after this long without one, the connection is broken.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Number of updates that wait for the reader: a minute's worth.
const WAITING: usize = 60;
/// Number of lines held for streams that are not known yet, and for how long: a task is only known a moment after its
/// first lines arrive.
const UNKNOWN: usize = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_mins(1);

type LiveStream = EventReceiver<StartLiveTailResponseStream, StartLiveTailResponseStreamError>;

impl Live {
    /// The minutes begun by `now`: AWS bills whole minutes.
    pub fn minutes(&self, now: Timestamp) -> i64 {
        (now.as_second() - self.since.as_second()).max(0) / 60 + 1
    }

    /// The cost by `now` in US dollars, free minutes not deducted.
    pub fn dollars(&self, now: Timestamp) -> f64 {
        self.minutes(now) as f64 * DOLLARS_A_MINUTE
    }
}

/// One second's update of a session.
#[derive(Debug, Default, PartialEq)]
pub struct LiveUpdate {
    pub events: Vec<LogEvent>,
    /// AWS left lines out: there were more than it sends.
    pub sampled: bool,
    /// Number of lines dropped because they arrived faster than they were read.
    pub missed: u64,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnd {
    /// The three hours that AWS allows are over.
    #[error("the limit of three hours was reached")]
    Over,
    #[error("no update for {} seconds", HEARTBEAT.as_secs())]
    Silent,
    #[error("closed by AWS")]
    Closed,
    #[error("{0}")]
    Broken(String),
}

/// An open session. Dropping it ends the session.
pub struct LiveSession {
    address: Address,
    growing: bool,
    updates: mpsc::Receiver<Result<RawUpdate, SessionEnd>>,
    pump: AbortHandle,
    /// The sources, by the names of group and stream.
    sources: HashMap<(String, String), Arc<Source>>,
    unknown: VecDeque<(Instant, LiveTailSessionLogEvent)>,
}

/// An update as AWS sends it.
#[derive(Debug, Default)]
struct RawUpdate {
    events: Vec<LiveTailSessionLogEvent>,
    sampled: bool,
    missed: u64,
}

/// Opens a session for these streams, and if `growing` for those of future tasks too. Once it is open, it delivers
/// everything that arrives from then on.
///
/// # Errors
/// The failure of the call, or why no single session can cover these streams: see [`reason`].
pub async fn open(
    clients: &Clients,
    streams: &[Followed],
    growing: bool,
    pattern: Option<&str>,
) -> Result<LiveSession, Failure> {
    let impossible = |why| Failure::local(START_LIVE_TAIL.name, FailureKind::Invalid, why);
    let address = Address::for_streams(streams, growing).map_err(impossible)?;
    let client = clients.logs(address.region.as_deref());
    let opened = async {
        match timeout(OPENING, request(&client, &address, pattern)).await {
            Ok(answer) => answer,
            Err(late) => Err(SdkError::timeout_error(late)),
        }
    };
    let mut stream = clients.call(START_LIVE_TAIL, opened).await?.response_stream;
    let first = match receive(&mut stream).await {
        Ok(first) => first,
        Err(ended) => return Err(Failure::local(START_LIVE_TAIL.name, FailureKind::Offline, ended.to_string())),
    };
    let (queue, updates) = mpsc::channel(WAITING);
    let pump = tokio::spawn(pump(stream, first, queue)).abort_handle();
    let mut session =
        LiveSession { address, growing, updates, pump, sources: HashMap::new(), unknown: VecDeque::new() };
    session.set_streams(streams);
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
        Streams::WithPrefix(prefixes) => (None, Some(prefixes)),
    };
    // A session lasts for hours, and has its own heartbeat.
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

/// Takes updates off the wire at once, so that AWS never drops any.
async fn pump(mut stream: LiveStream, first: RawUpdate, queue: mpsc::Sender<Result<RawUpdate, SessionEnd>>) {
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
                // The receiver may be gone.
                let _ = queue.send(Ok(last)).await;
                let _ = queue.send(Err(ended)).await;
                return;
            }
        }
        next = receive(&mut stream).await;
    }
}

/// Waits for the next update of the session.
async fn receive(stream: &mut LiveStream) -> Result<RawUpdate, SessionEnd> {
    match timeout(HEARTBEAT, stream.recv()).await {
        Err(_) => Err(SessionEnd::Silent),
        Ok(Ok(None)) => Err(SessionEnd::Closed),
        Ok(Ok(Some(StartLiveTailResponseStream::SessionUpdate(update)))) => Ok(raw_update(update)),
        Ok(Ok(Some(_))) => Ok(RawUpdate::default()),
        Ok(Err(error)) => Err(match error.as_service_error() {
            Some(StartLiveTailResponseStreamError::SessionTimeoutException(_)) => SessionEnd::Over,
            Some(StartLiveTailResponseStreamError::SessionStreamingException(fault)) => {
                SessionEnd::Broken(fault.message().unwrap_or("AWS could not continue the session").to_owned())
            }
            _ => SessionEnd::Broken("the connection was cut".to_owned()),
        }),
    }
}

fn raw_update(update: LiveTailSessionUpdate) -> RawUpdate {
    RawUpdate {
        sampled: update.session_metadata.is_some_and(|metadata| metadata.sampled),
        events: update.session_results.unwrap_or_default(),
        missed: 0,
    }
}

impl LiveSession {
    /// Waits for the next update: one per second, empty or not. Cancel safe.
    ///
    /// # Errors
    /// The session ended.
    pub async fn next(&mut self) -> Result<LiveUpdate, SessionEnd> {
        let RawUpdate { events, sampled, missed } = self.updates.recv().await.unwrap_or(Err(SessionEnd::Closed))?;
        let mut known = Vec::with_capacity(events.len());
        for event in events {
            match self.resolve(event) {
                Ok(event) => known.push(event),
                Err(event) => self.unknown.push_back((Instant::now(), event)),
            }
        }
        let excess = self.unknown.len().saturating_sub(UNKNOWN);
        self.unknown.drain(..excess);
        while self.unknown.front().is_some_and(|(came, _)| came.elapsed() > UNKNOWN_FOR) {
            self.unknown.pop_front();
        }
        Ok(LiveUpdate { events: known, sampled, missed })
    }

    /// Sets the streams to deliver; returns the lines of new ones that have already arrived.
    pub fn set_streams(&mut self, streams: &[Followed]) -> Vec<LogEvent> {
        let named = |source: &Arc<Source>| (source.stream.group.clone(), source.stream.name.clone());
        self.sources = streams.iter().map(|followed| (named(&followed.source), followed.source.clone())).collect();
        let mut known = Vec::new();
        for (came, event) in std::mem::take(&mut self.unknown) {
            match self.resolve(event) {
                Ok(event) => known.push(event),
                Err(event) => self.unknown.push_back((came, event)),
            }
        }
        known
    }

    /// Returns whether it covers all these streams; if not, another session is needed.
    pub fn covers(&self, streams: &[Followed]) -> bool {
        let Ok(needed) = Address::for_streams(streams, self.growing) else { return false };
        let groups = needed.region == self.address.region
            && needed.groups.iter().all(|group| self.address.groups.contains(group));
        groups
            && match (&self.address.streams, needed.streams) {
                (Streams::All, _) => true,
                (Streams::Named(known), Streams::Named(needed)) => needed.iter().all(|name| known.contains(name)),
                (Streams::WithPrefix(known), Streams::WithPrefix(needed) | Streams::Named(needed)) => {
                    needed.iter().all(|name| known.iter().any(|start| name.starts_with(start)))
                }
                _ => false,
            }
    }

    /// Converts an event, if its source is known.
    fn resolve(&self, event: LiveTailSessionLogEvent) -> Result<LogEvent, LiveTailSessionLogEvent> {
        let group = event.log_group_identifier().unwrap_or_default();
        // `account:name`, an ARN, or a name.
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
