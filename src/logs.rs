//! Logs: from a task to its streams, from streams to merged lines, from lines to what the log view shows.
//!
//! ```text
//! streams    a container and its task definition ─► a log stream, or the reason why there is none
//! tail       backfill, then follow: FilterLogEvents for several streams, GetLogEvents for one
//!   live     follow over a Live Tail session
//!   dedup    recognises events that two calls return
//!   merge    orders lines by time, and handles late ones
//!   pace     limits the calls per second
//!   messages user-facing sentences about what went wrong
//! insights   runs one Logs Insights query instead of a tail
//!                │ TailMessage, through a bounded channel: a slow reader makes the sender wait, nothing is dropped
//!                ▼
//! ring       the lines held in memory
//! filtered_view   those of them that pass the filters
//! histogram  line and error counts by time
//! level, json, ansi   parse a line's level, JSON and escapes
//! ```
//!
//! The streams of a log change while it is read: the data layer announces each change with a new [`StreamSet`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::{
    aws::{Clients, Failure},
    resource::{LogTarget, Query, Status, View, task},
};

pub mod ansi;
mod dedup;
pub mod export;
pub mod filter;
pub mod filtered_view;
pub mod groups;
pub mod histogram;
pub mod insights;
pub mod json;
pub mod level;
pub mod live;
pub mod merge;
mod messages;
mod pace;
pub mod ring;
#[cfg(test)]
mod scripted;
mod streams;
mod tail;
mod timestamp;

#[cfg(test)]
mod fixture;

pub use groups::LogGroup;
pub use streams::{NoStream, Stream, dropping_buffer, stream};
pub use timestamp::strip_timestamp;

/// Time range read before and after a moment.
const AROUND: SignedDuration = SignedDuration::from_mins(5);

/// Where a line comes from: one container of one task.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    pub stream: Stream,
    pub task_arn: Arc<str>,
    pub container: String,
    pub service: Option<String>,
    /// `family:revision` of the task's own task definition.
    pub revision: Option<String>,
}

/// Severity of a line, where its text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// Kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Output of a container.
    Output,
    /// A task started.
    Started,
    /// A task stopped.
    Stopped { fault: bool },
    /// Lines are missing here; their number, if known.
    Gap(Option<u64>),
    /// A message of the tail itself: it is blocked, it continues.
    Note,
    /// A mark that the user set.
    Mark,
}

/// One line of a log. The text is unchanged; whoever draws it removes the escapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The container that wrote it; absent for lines that no container wrote.
    pub source: Option<Arc<Source>>,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    pub role: Role,
    pub level: Option<Level>,
    /// It arrived too late to be put in order: it follows newer lines.
    pub late: bool,
    /// The ARN of the task that started or stopped here; absent for all other roles.
    pub task: Option<Arc<str>>,
    pub text: Box<str>,
}

/// The tasks and containers whose logs are read.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSubject {
    /// Display name: `payments`, `payments/app`.
    pub name: String,
    /// The view that lists the tasks, running and stopped.
    pub view: View,
    /// ARNs, if only these tasks of the view are wanted.
    pub tasks: Option<Arc<[Arc<str>]>>,
    /// Container name, if only this container is wanted.
    pub container: Option<Arc<str>>,
}

impl LogSubject {
    /// The logs of `target`: of its tasks in any state, but of a failure group only the stopped ones.
    pub fn new(target: LogTarget) -> Self {
        let status = if target.query.group.is_some() { Status::Stopped } else { Status::All };
        let view = View::new(&task::KIND, Query { status, ..target.query });
        let tasks = Some(target.tasks).filter(|tasks| !tasks.is_empty()).map(Into::into);
        Self { name: target.name, view, tasks, container: target.container }
    }
}

/// The part of a log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The newest lines, then follow.
    Newest,
    /// From the oldest line there is, then follow.
    Oldest,
    /// From a moment on, then follow.
    Since(Timestamp),
    /// Between two moments.
    Between(Timestamp, Timestamp),
}

impl Range {
    /// A few minutes before and after `moment`; follows if they are not over yet.
    pub fn around(moment: Timestamp, now: Timestamp) -> Self {
        let from = moment.checked_sub(AROUND).unwrap_or(Timestamp::MIN);
        let to = moment.checked_add(AROUND).unwrap_or(Timestamp::MAX);
        if to < now { Self::Between(from, to) } else { Self::Since(from) }
    }
}

/// How a log is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Tail {
        range: Range,
        /// CloudWatch filter pattern: events that don't match are not returned.
        pattern: Option<Arc<str>>,
        /// Follow over a Live Tail session, which AWS bills by the minute.
        live: bool,
    },
    /// One query of CloudWatch Logs Insights, which AWS bills by the amount of data scanned.
    Query { text: Arc<str>, from: Timestamp, to: Timestamp },
}

/// A log to read, as asked for by the user: a part of [`crate::data::Demand`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogRequest {
    /// Id of the request; each answer carries it, and a new id starts over.
    pub id: u64,
    pub of: LogSubject,
    pub read: Read,
    /// The most calls per second for it.
    pub pace: CallRate,
}

/// The most calls per second that reading logs may make in total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallRate(pub f64);

impl Default for CallRate {
    fn default() -> Self {
        Self(1.0)
    }
}

/// A stream that is being read.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    pub source: Arc<Source>,
    /// When its task stopped. The stream is followed a little longer, because the last lines arrive late.
    pub ended: Option<Timestamp>,
}

/// A container without lines to read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentSource {
    /// The container, and its task where there are several.
    pub what: String,
    pub why: String,
}

/// The streams that a log consists of at the moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamSet {
    pub streams: Vec<Followed>,
    /// Starts and stops of tasks: each is shown once, at its place in time.
    pub marks: Vec<Line>,
    pub silent: Vec<SilentSource>,
    /// All tasks and their task definitions are known; until then more streams may be added at any moment.
    pub complete: bool,
}

/// Progress of a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TailPhase {
    /// Looking up the tasks and their streams.
    #[default]
    Resolving,
    /// Reading the lines from before the tail began.
    History,
    Following,
    /// Everything is read, and no more lines can come.
    Done,
}

/// State of an open Live Tail session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub since: Timestamp,
    /// Number of one-second updates from which AWS left out lines.
    pub sampled: u64,
}

/// What an Insights query has cost and found so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scanned {
    pub bytes: f64,
    pub records: f64,
    pub matched: f64,
}

/// State of a tail, as shown to the user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TailStatus {
    pub phase: TailPhase,
    /// All lines from before the tail began have been sent.
    pub caught_up: bool,
    /// Number of streams being read.
    pub streams: usize,
    /// The log groups of those streams.
    pub groups: Arc<[LogGroup]>,
    /// Containers without lines, and why.
    pub silent: Vec<SilentSource>,
    /// The failure that blocks all reading, until it is overcome; the next try is at `retry_at`.
    pub failure: Option<Arc<Failure>>,
    /// When that failure first occurred.
    pub since: Option<Timestamp>,
    pub retry_at: Option<Timestamp>,
    /// Age of the newest event when it arrived.
    pub lag: Option<SignedDuration>,
    pub live: Option<Live>,
    pub scanned: Option<Scanned>,
    /// Number of calls made.
    pub calls: u64,
    /// Number of lines that AWS left out or that could not be read.
    pub lost: u64,
}

/// An update of the tail with the id `tail`.
#[derive(Debug, Clone)]
pub struct TailMessage {
    pub tail: u64,
    pub update: TailUpdate,
}

/// What changed in a tail.
#[derive(Debug, Clone)]
pub enum TailUpdate {
    /// Lines to append, in order.
    Lines(Vec<Line>),
    /// Lines that arrived late, to be inserted by their time; in order.
    Late(Vec<Line>),
    /// Lines older than all others, in order; `end`: there are none before them.
    Older {
        lines: Vec<Line>,
        end: bool,
    },
    Status(Arc<TailStatus>),
}

/// The channels of a tail: its inputs and its output.
#[derive(Debug)]
pub struct Channels {
    /// The streams to read, as tasks come and go.
    pub set: watch::Receiver<StreamSet>,
    /// Requests for the lines before the oldest.
    pub older: mpsc::Receiver<()>,
    /// Updates; a slow reader makes the tail wait.
    pub updates: mpsc::Sender<TailMessage>,
}

/// Reads a log until the receiver is dropped. No failure ends it: failures are reported and retried.
pub async fn read(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, channels: Channels) {
    match &wanted.read {
        Read::Tail { .. } => tail::run(clients, wanted, now, channels).await,
        Read::Query { .. } => insights::run(clients, wanted, now, channels).await,
    }
}

impl Source {
    /// Which of the twelve colours of tasks it has: the same everywhere and always, by FNV-1a.
    pub fn colour(&self) -> u8 {
        let hash = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        (self.task_arn.bytes().fold(0x811c_9dc5_u32, hash) % 12) as u8
    }

    /// The task's id, short: its first eight characters.
    pub fn task(&self) -> &str {
        let id = crate::resource::format::last_part(&self.task_arn);
        id.char_indices().nth(8).map_or(id, |(end, _)| &id[..end])
    }
}
