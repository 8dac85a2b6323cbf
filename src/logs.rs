//! Logs: from a task to its streams, from streams to lines in order, from lines to what a person reads.
//!
//! ```text
//! streams    a container and its task definition ─► a log stream, or the reason why there is none
//! tail       history, then follow: FilterLogEvents for many streams, GetLogEvents for one
//!   live     the same over a Live Tail session
//!   seen     what has come before
//!   merge    order, and what comes late for its place in it
//!   pace     how many calls a second it costs
//!   words    what went wrong, for people
//! insights   one query past the tail
//!                │ News, through a bounded channel: who reads slowly is waited for, nothing is dropped
//!                ▼
//! ring       the lines that are held
//! sight      those of them that pass the filters
//! histogram  how many of them when
//! level, json, ansi   what a line is made of
//! ```
//!
//! Which streams belong to what is asked for changes while one reads: the data layer says so with a new [`StreamSet`].

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
pub use streams::{NoStream, Stream, leaky, stream};
pub use timestamp::strip_timestamp;

/// How much is read before and after a moment.
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

/// How much a line matters, as far as it says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// What a container wrote.
    Output,
    /// A task began.
    Started,
    /// A task ended.
    Stopped { fault: bool },
    /// Lines are missing here; how many, where that is known.
    Gap(Option<u64>),
    /// What the tail says of itself: it waits, it goes on.
    Note,
    /// A mark that the reader set.
    Mark,
}

/// One line of a log. Its text is as it came: whoever draws it takes the escapes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it comes from; absent where that is no container.
    pub source: Option<Arc<Source>>,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    pub role: Role,
    pub level: Option<Level>,
    /// It came too late to be put in its place: it stands after younger lines.
    pub late: bool,
    /// The ARN of the task that began or ended here; absent for everything else.
    pub task: Option<Arc<str>>,
    pub text: Box<str>,
}

/// Whose lines are read.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSubject {
    /// What a person calls it: `payments`, `payments/app`.
    pub name: String,
    /// The tasks it is about: those that run and those that have stopped.
    pub view: View,
    /// Only these of them, by ARN.
    pub tasks: Option<Arc<[Arc<str>]>>,
    /// Only this container of theirs.
    pub container: Option<Arc<str>>,
}

impl LogSubject {
    /// What is read of `target`: its tasks in any state, but of a group of failures those that stopped.
    pub fn new(target: LogTarget) -> Self {
        let status = if target.query.group.is_some() { Status::Stopped } else { Status::All };
        let view = View::new(&task::KIND, Query { status, ..target.query });
        let tasks = Some(target.tasks).filter(|tasks| !tasks.is_empty()).map(Into::into);
        Self { name: target.name, view, tasks, container: target.container }
    }
}

/// Which part of a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The newest lines, and those that come.
    Newest,
    /// From the first line there is, and those that come.
    Oldest,
    /// From a moment on, and those that come.
    Since(Timestamp),
    /// From one moment to another.
    Between(Timestamp, Timestamp),
}

impl Range {
    /// Some minutes before and after `moment`; where they are not over yet, with the lines that come.
    pub fn around(moment: Timestamp, now: Timestamp) -> Self {
        let from = moment.checked_sub(AROUND).unwrap_or(Timestamp::MIN);
        let to = moment.checked_add(AROUND).unwrap_or(Timestamp::MAX);
        if to < now { Self::Between(from, to) } else { Self::Since(from) }
    }
}

/// How it is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Tail {
        range: Range,
        /// CloudWatch leaves out what does not match this filter pattern of its own.
        pattern: Option<Arc<str>>,
        /// Follow over a Live Tail session, which AWS bills by the minute.
        live: bool,
    },
    /// One query of CloudWatch Logs Insights, which AWS bills by the amount of data scanned.
    Query { text: Arc<str>, from: Timestamp, to: Timestamp },
}

/// What a person wants to read: a part of [`crate::data::Demand`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogRequest {
    /// What comes in answer carries it; another one begins anew.
    pub id: u64,
    pub of: LogSubject,
    pub read: Read,
    /// The most calls a second for it.
    pub pace: CallRate,
}

/// Calls a second that reading logs may cost at most, in all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallRate(pub f64);

impl Default for CallRate {
    fn default() -> Self {
        Self(1.0)
    }
}

/// A stream that is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    pub source: Arc<Source>,
    /// When its task ended. It is followed for a while longer: the last lines come late.
    pub ended: Option<Timestamp>,
}

/// A container that has no lines to read, and the sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentSource {
    /// The container, and its task where there are several.
    pub what: String,
    pub why: String,
}

/// The streams that belong to what is read, at this moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamSet {
    pub streams: Vec<Followed>,
    /// What befell the tasks: each is shown once, in its place in time.
    pub marks: Vec<Line>,
    pub silent: Vec<SilentSource>,
    /// All tasks and their task definitions are known; before, more may come at any moment.
    pub complete: bool,
}

/// How far a tail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TailPhase {
    /// The tasks and their streams are looked up.
    #[default]
    Resolving,
    /// What was written before is read.
    History,
    Following,
    /// All of it is read; nothing will come any more.
    Done,
}

/// A Live Tail session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub since: Timestamp,
    /// Updates of one second in which AWS left lines out.
    pub sampled: u64,
}

/// What an Insights query has cost and found so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scanned {
    pub bytes: f64,
    pub records: f64,
    pub matched: f64,
}

/// The state of a tail.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TailStatus {
    pub phase: TailPhase,
    /// All that was written before it began has been told.
    pub caught_up: bool,
    /// Streams that are read.
    pub streams: usize,
    /// The log groups that they are in.
    pub groups: Arc<[LogGroup]>,
    /// Containers without lines, and why.
    pub quiet: Vec<SilentSource>,
    /// What keeps it from going on, until it does; it tries again at `retry_at`.
    pub failure: Option<Arc<Failure>>,
    /// Since when it does.
    pub since: Option<Timestamp>,
    pub retry_at: Option<Timestamp>,
    /// How old what has just come was when it came.
    pub lag: Option<SignedDuration>,
    pub live: Option<Live>,
    pub scanned: Option<Scanned>,
    /// Calls made for it.
    pub calls: u64,
    /// Lines that AWS left out, or that could not be had.
    pub lost: u64,
}

/// News of the tail called `tail`.
#[derive(Debug, Clone)]
pub struct TailMessage {
    pub tail: u64,
    pub update: TailUpdate,
}

#[derive(Debug, Clone)]
pub enum TailUpdate {
    /// Lines to be put at the end, in their order.
    Lines(Vec<Line>),
    /// Lines that came late, to be put between the others by their time; in order.
    Late(Vec<Line>),
    /// Lines older than all others, in their order; `end`: there are none before them.
    Older {
        lines: Vec<Line>,
        end: bool,
    },
    Status(Arc<TailStatus>),
}

/// The ends of a tail: what it is told, and where its news go.
#[derive(Debug)]
pub struct Channels {
    /// The streams that belong to what is read, as tasks come and go.
    pub set: watch::Receiver<StreamSet>,
    /// Asked for the lines before the oldest.
    pub older: mpsc::Receiver<()>,
    /// Whoever reads slowly is waited for.
    pub news: mpsc::Sender<TailMessage>,
}

/// Reads what is wanted until nobody listens any more. Nothing that goes wrong ends it: it is told, and tried again.
pub async fn read(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, ends: Channels) {
    match &wanted.read {
        Read::Tail { .. } => tail::run(clients, wanted, now, ends).await,
        Read::Query { .. } => insights::run(clients, wanted, now, ends).await,
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
