//! Streams of one log group that are read together, and their reading position. A stream group makes no calls: it says
//! which call is next, and takes in the answer.

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

/// How long to wait after a transient failure, and after one that a person has to fix: at first, and at most.
const WAIT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(7));
const WAIT_LONG: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// Number of failures after which the other groups don't wait for this one.
const PATIENCE: u32 = 3;
/// Number of parts into which a group with a missing stream is split. One missing stream takes as many calls as with
/// halves, several take fewer.
pub(super) const PARTS: usize = 4;

/// A stream of a group.
#[derive(Debug, Clone)]
pub(super) struct OpenStream {
    pub source: Arc<Source>,
    /// Its task has stopped: no lines are expected after this time.
    pub until: Option<Instant>,
}

/// The failure that blocks a group.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    pub failure: Arc<Failure>,
    pub attempts: u32,
}

/// What to do after a failed call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// Try again later.
    Wait,
    /// One of several streams doesn't exist, and AWS does not say which: try parts of the group.
    Split,
    /// The position in the log has expired; continue from the last event.
    Resume,
}

/// Streams of one log group that are read with the same calls.
#[derive(Debug, Clone)]
pub(super) struct StreamGroup {
    pub number: u64,
    pub streams: Vec<OpenStream>,
    /// The backfill, while it is under way.
    pub backward: Option<BackwardReader>,
    /// The result of the backfill, until all groups have theirs.
    pub past: Option<PastEvents>,
    pub forward: ForwardReader,
    pub due: Instant,
    /// When the next pass is due, while a recheck comes first.
    pass_due: Instant,
    /// A call is under way.
    pub busy: bool,
    pub blocked: Option<Blocked>,
    /// It was read to its end once.
    pub caught_up: bool,
    /// Number of empty pages in a row that had a next page.
    pub empty: u32,
    /// At least one event came.
    pub had_events: bool,
    /// It was there when reading began: the first lines wait for it.
    pub initial: bool,
    /// Some of its streams don't exist, and the calls find out which.
    pub probing: bool,
    /// Where it starts, in milliseconds, if that is earlier than for the other groups.
    from: Option<i64>,
    /// Number of expired positions in a row.
    lost: u32,
}

impl StreamGroup {
    pub(super) fn new(number: u64, streams: Vec<OpenStream>, backward: Option<BackwardReader>, now: Instant) -> Self {
        Self {
            number,
            streams,
            backward,
            past: None,
            forward: ForwardReader::default(),
            due: now,
            pass_due: now,
            busy: false,
            blocked: None,
            caught_up: false,
            empty: 0,
            had_events: false,
            initial: false,
            probing: false,
            from: None,
            lost: 0,
        }
    }

    /// Returns whether all its tasks have stopped.
    pub(super) fn has_ended(&self) -> bool {
        self.streams.iter().all(|stream| stream.until.is_some())
    }

    /// Returns whether its backfill is complete, or impossible.
    pub(super) fn backfill_done(&self) -> bool {
        self.caught_up || self.past.is_some() || self.is_skipped()
    }

    /// The part of the log it reads.
    pub(super) fn bounds(&self, common: Bounds) -> Bounds {
        Bounds { from: self.from.or(common.from), ..common }
    }

    /// Discards everything it has read and starts over at `from`, in milliseconds.
    pub(super) fn restart(&mut self, from: i64, now: Instant) {
        (self.forward, self.from) = (ForwardReader::default(), Some(from));
        (self.probing, self.due) = (false, now);
    }

    /// Ends the backfill without a result; the answer of the call under way will be ignored.
    pub(super) fn stop_backfill(&mut self, number: u64) {
        if self.backward.take().is_some() && std::mem::take(&mut self.busy) {
            self.number = number;
        }
        self.initial = false;
    }

    /// Returns whether it reads the log group of `source`.
    pub(super) fn reads_group_of(&self, source: &Source) -> bool {
        self.streams.first().is_some_and(|stream| same_group(&stream.source, source))
    }

    /// The next call to make.
    pub(super) fn next_request(&mut self, bounds: Bounds, pattern: Option<&Arc<str>>, now: Clocks) -> FetchRequest {
        let streams: Vec<_> = self.streams.iter().map(|stream| stream.source.clone()).collect();
        if let Some(backward) = &self.backward {
            return backward.next_request(streams, pattern.cloned());
        }
        // The last lines of a stopped task arrive late: read them once more.
        let began = self.forward.began();
        let ended = |stream: &OpenStream| stream.until.is_some_and(|until| until <= now.at && began < Some(until));
        if self.forward.polled().is_some() && self.streams.iter().any(ended) {
            self.forward.drop_position();
        }
        self.forward.next_request(streams, bounds, pattern.cloned(), now)
    }

    /// Adds a page; returns its new events. A group that has caught up is due again after `every`.
    pub(super) fn add_page(&mut self, page: LogPage, bounds: Bounds, every: Duration, now: Clocks) -> Vec<LogEvent> {
        self.blocked = None;
        self.probing = false;
        self.due = now.at;
        self.had_events |= !page.events.is_empty();
        self.empty = if page.events.is_empty() && page.next.is_some() { self.empty + 1 } else { 0 };
        if let Some(backward) = &mut self.backward {
            if let Some(past) = backward.add_page(page) {
                self.past = Some(past);
                self.backward = None;
            }
            return Vec::new();
        }
        let recheck = self.forward.is_recheck();
        let new = self.forward.add_page(page, bounds, now);
        if recheck {
            // The pass that is due has waited for the recheck.
            self.due = self.pass_due.max(now.at);
            return new;
        }
        if self.forward.polled().is_some() {
            self.pass_due = now.at + every;
            self.due = if self.forward.is_recheck() { now.at + every / 2 } else { self.pass_due };
            (self.caught_up, self.lost, self.empty) = (true, 0, 0);
            let began = self.forward.began();
            self.streams.retain(|stream| stream.until.is_none_or(|until| began < Some(until)));
        }
        new
    }

    /// Handles a failed call.
    pub(super) fn fail(&mut self, failure: Failure, now: Instant) -> AfterFailure {
        if self.is_absent_with(&failure) && self.streams.len() > 1 {
            return AfterFailure::Split;
        }
        self.probing &= !self.is_absent_with(&failure);
        let has_position = self.backward.as_ref().map_or(self.forward.has_position(), BackwardReader::has_position);
        if failure.kind == FailureKind::Invalid && has_position {
            self.drop_position();
            self.lost += 1;
            self.due = now + doubled(WAIT, self.lost);
            return AfterFailure::Resume;
        }
        let attempts = self.blocked.as_ref().map_or(0, |blocked| blocked.attempts) + 1;
        self.due = now + doubled(if failure.kind.is_transient() { WAIT } else { WAIT_LONG }, attempts);
        self.blocked = Some(Blocked { failure: Arc::new(failure), attempts });
        AfterFailure::Wait
    }

    fn drop_position(&mut self) {
        if let Some(backward) = &mut self.backward {
            backward.drop_position();
        }
        self.forward.drop_position();
    }

    /// Returns whether its only stream doesn't exist.
    pub(super) fn is_absent(&self) -> bool {
        self.blocked.as_ref().is_some_and(|blocked| self.is_absent_with(&blocked.failure))
    }

    fn is_absent_with(&self, failure: &Failure) -> bool {
        failure.kind == FailureKind::NotFound && failure.message.to_lowercase().contains("stream")
    }

    /// Returns whether the other groups don't wait for it.
    pub(super) fn is_skipped(&self) -> bool {
        self.blocked
            .as_ref()
            .is_some_and(|blocked| blocked.attempts >= PATIENCE || !blocked.failure.kind.is_transient())
    }

    /// Keeps a part of its streams; moves the others to new groups, numbered from `number`.
    pub(super) fn split(&mut self, number: u64, now: Instant) -> Vec<Self> {
        let size = self.streams.len().div_ceil(PARTS);
        let others = self.streams.split_off(size);
        self.drop_position();
        (self.probing, self.due) = (true, now);
        let parts = (number..).zip(others.chunks(size));
        parts.map(|(number, part)| Self { number, streams: part.to_vec(), ..self.clone() }).collect()
    }

    /// Returns whether it can be merged with another group: it has caught up, and nothing blocks it.
    pub(super) fn is_steady(&self) -> bool {
        let at_rest = !self.busy && self.blocked.is_none() && self.backward.is_none() && self.past.is_none();
        at_rest && self.caught_up && self.forward.polled().is_some()
    }

    pub(super) fn absorb(&mut self, other: Self, now: Instant) {
        self.streams.extend(other.streams);
        self.had_events |= other.had_events;
        self.from = None;
        self.forward.absorb(other.forward, now);
    }
}

pub(super) fn same_group(one: &Source, other: &Source) -> bool {
    (&one.stream.region, &one.stream.group) == (&other.stream.region, &other.stream.group)
}

fn doubled((first, most): (Duration, Duration), times: u32) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(10)).min(most)
}
