//! Streams of one group that are read together, and how far they are read. It makes no call: it says which one is next,
//! and takes in what that brought.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    backward_reader::{BackwardReader, PastEvents},
    fetch_request::{FetchRequest, LogPage},
    forward::{Bounds, Clocks, ForwardReader},
};
use crate::{
    aws::{Failure, FailureKind},
    logs::{Source, merge::LogEvent},
};

/// How long to wait after failures that pass by themselves, and after those that somebody has to put right: at first,
/// and at most.
const WAIT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(7));
const WAIT_LONG: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// The others don't wait for a lane that has failed so many times.
const PATIENCE: u32 = 3;
/// Parts that are tried of a lane in which a stream isn't there. One missing stream is found with as many calls as by
/// halves, and many of them with fewer.
pub(super) const PARTS: usize = 4;

/// A stream of a lane.
#[derive(Debug, Clone)]
pub(super) struct OpenStream {
    pub source: Arc<Source>,
    /// Its task has ended: from then on it has no more to tell.
    pub until: Option<Instant>,
}

/// What keeps a lane from being read.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    pub failure: Arc<Failure>,
    pub attempts: u32,
}

/// What follows from a failed call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It is tried again later.
    Wait,
    /// One of several streams isn't there, and AWS does not say which: parts are tried.
    Split,
    /// Its place in the log is lost; it goes on from the last line.
    Resume,
}

#[derive(Debug, Clone)]
pub(super) struct StreamGroup {
    pub number: u64,
    pub streams: Vec<OpenStream>,
    /// What was written before is looked for.
    pub back: Option<BackwardReader>,
    /// It is found, and waits until it is for all lanes.
    pub past: Option<PastEvents>,
    pub on: ForwardReader,
    pub due: Instant,
    /// When the next pass is, while a call in between comes first.
    pass_due: Instant,
    /// A call is under way.
    pub busy: bool,
    pub held: Option<Blocked>,
    /// It was read to its end once.
    pub arrived: bool,
    /// Pages in a row that had no line and led on.
    pub empty: u32,
    /// A line came.
    pub spoke: bool,
    /// It was there from the beginning: lines wait for its.
    pub founding: bool,
    /// Some of its streams don't exist, and it is being found out which.
    pub doubtful: bool,
    /// It is read from here on, in milliseconds, where that is earlier than for the others.
    from: Option<i64>,
    /// Places lost in a row.
    lost: u32,
}

impl StreamGroup {
    pub(super) fn new(number: u64, streams: Vec<OpenStream>, back: Option<BackwardReader>, now: Instant) -> Self {
        Self {
            number,
            streams,
            back,
            past: None,
            on: ForwardReader::default(),
            due: now,
            pass_due: now,
            busy: false,
            held: None,
            arrived: false,
            empty: 0,
            spoke: false,
            founding: false,
            doubtful: false,
            from: None,
            lost: 0,
        }
    }

    /// Whether all its tasks have ended.
    pub(super) fn is_over(&self) -> bool {
        self.streams.iter().all(|kept| kept.until.is_some())
    }

    /// Whether what was written before is read, or cannot be.
    pub(super) fn is_read(&self) -> bool {
        self.arrived || self.past.is_some() || self.is_left_behind()
    }

    /// Which part of the log it reads.
    pub(super) fn bounds(&self, common: Bounds) -> Bounds {
        Bounds { from: self.from.or(common.from), ..common }
    }

    /// Gives up all that it has read, and reads from `from` on, in milliseconds.
    pub(super) fn restart(&mut self, from: i64, now: Instant) {
        (self.on, self.from) = (ForwardReader::default(), Some(from));
        (self.doubtful, self.due) = (false, now);
    }

    /// Stops looking for what was written before without having found it: the answer under way counts no more.
    pub(super) fn stop_looking(&mut self, number: u64) {
        if self.back.take().is_some() && std::mem::take(&mut self.busy) {
            self.number = number;
        }
        self.founding = false;
    }

    /// Whether it reads streams of that group.
    pub(super) fn is_of(&self, source: &Source) -> bool {
        self.streams.first().is_some_and(|kept| same_group(&kept.source, source))
    }

    /// The next call.
    pub(super) fn ask(&mut self, bounds: Bounds, pattern: Option<&Arc<str>>, now: Clocks) -> FetchRequest {
        let streams: Vec<_> = self.streams.iter().map(|kept| kept.source.clone()).collect();
        if let Some(back) = &self.back {
            return back.ask(streams, pattern.cloned());
        }
        // The last lines of a task that has ended come late: they are looked for once more.
        let began = self.on.began();
        let ended = |kept: &OpenStream| kept.until.is_some_and(|until| until <= now.at && began < Some(until));
        if self.on.polled().is_some() && self.streams.iter().any(ended) {
            self.on.let_go();
        }
        self.on.ask(streams, bounds, pattern.cloned(), now)
    }

    /// Takes in a page: what is new of it. When it has caught up it is due again `every` so often.
    pub(super) fn take(&mut self, page: LogPage, bounds: Bounds, every: Duration, now: Clocks) -> Vec<LogEvent> {
        self.held = None;
        self.doubtful = false;
        self.due = now.at;
        self.spoke |= !page.said.is_empty();
        self.empty = if page.said.is_empty() && page.next.is_some() { self.empty + 1 } else { 0 };
        if let Some(back) = &mut self.back {
            if let Some(past) = back.take(page) {
                self.past = Some(past);
                self.back = None;
            }
            return Vec::new();
        }
        let second = self.on.is_second();
        let new = self.on.take(page, bounds, now);
        if second {
            // The pass that is due has waited for it.
            self.due = self.pass_due.max(now.at);
            return new;
        }
        if self.on.polled().is_some() {
            self.pass_due = now.at + every;
            self.due = if self.on.is_second() { now.at + every / 2 } else { self.pass_due };
            (self.arrived, self.lost, self.empty) = (true, 0, 0);
            let began = self.on.began();
            self.streams.retain(|kept| kept.until.is_none_or(|until| began < Some(until)));
        }
        new
    }

    /// Takes in that a call failed.
    pub(super) fn fail(&mut self, failure: Failure, now: Instant) -> After {
        if self.is_absent_with(&failure) && self.streams.len() > 1 {
            return After::Split;
        }
        self.doubtful &= !self.is_absent_with(&failure);
        let has_place = self.back.as_ref().map_or(self.on.has_place(), BackwardReader::has_place);
        if failure.kind == FailureKind::Invalid && has_place {
            self.let_go();
            self.lost += 1;
            self.due = now + doubled(WAIT, self.lost);
            return After::Resume;
        }
        let attempts = self.held.as_ref().map_or(0, |held| held.attempts) + 1;
        self.due = now + doubled(if passes(failure.kind) { WAIT } else { WAIT_LONG }, attempts);
        self.held = Some(Blocked { failure: Arc::new(failure), attempts });
        After::Wait
    }

    fn let_go(&mut self) {
        if let Some(back) = &mut self.back {
            back.let_go();
        }
        self.on.let_go();
    }

    /// Its one stream isn't there.
    pub(super) fn is_absent(&self) -> bool {
        self.held.as_ref().is_some_and(|held| self.is_absent_with(&held.failure))
    }

    fn is_absent_with(&self, failure: &Failure) -> bool {
        failure.kind == FailureKind::NotFound && failure.message.to_lowercase().contains("stream")
    }

    /// The others need not wait for it.
    pub(super) fn is_left_behind(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.attempts >= PATIENCE || !passes(held.failure.kind))
    }

    /// Keeps a part of its streams; the others go into lanes of their own, numbered from `number` on.
    pub(super) fn split(&mut self, number: u64, now: Instant) -> Vec<Self> {
        let size = self.streams.len().div_ceil(PARTS);
        let others = self.streams.split_off(size);
        self.let_go();
        (self.doubtful, self.due) = (true, now);
        let parts = (number..).zip(others.chunks(size));
        parts.map(|(number, part)| Self { number, streams: part.to_vec(), ..self.clone() }).collect()
    }

    /// Whether it can take in the streams of another, or be taken in: it follows, and nothing is in its way.
    pub(super) fn is_steady(&self) -> bool {
        let at_rest = !self.busy && self.held.is_none() && self.back.is_none() && self.past.is_none();
        at_rest && self.arrived && self.on.polled().is_some()
    }

    pub(super) fn absorb(&mut self, other: Self, now: Instant) {
        self.streams.extend(other.streams);
        self.spoke |= other.spoke;
        self.from = None;
        self.on.absorb(other.on, now);
    }
}

pub(super) fn same_group(one: &Source, other: &Source) -> bool {
    (&one.stream.region, &one.stream.group) == (&other.stream.region, &other.stream.group)
}

/// Trouble that passes by itself, or is everybody's.
pub(super) fn passes(trouble: FailureKind) -> bool {
    match trouble {
        FailureKind::Throttled
        | FailureKind::Credentials
        | FailureKind::Offline
        | FailureKind::Garbled
        | FailureKind::Server => true,
        FailureKind::Denied | FailureKind::NotFound | FailureKind::Invalid | FailureKind::ReadOnly => false,
    }
}

fn doubled((first, most): (Duration, Duration), times: u32) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(10)).min(most)
}
