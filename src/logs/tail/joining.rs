//! Streams that come and go: which group reads them.

use std::{cmp::Reverse, collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    LINGER, Tail,
    backward_reader::BackwardReader,
    fetch_request::STREAMS,
    stream_group::{OpenStream, StreamGroup, same_group},
};
use crate::logs::{Range, Stream, StreamSet, TailPhase, groups};

/// How long to wait for further streams before the first lines are read.
const RESOLVE: Duration = Duration::from_secs(3);
/// Number of pages after which the search for the newest lines ends.
const PATIENCE: u32 = 10;

impl Tail {
    /// Applies a new set of streams.
    pub(super) fn set_streams(&mut self, set: StreamSet) {
        let now = self.current_time();
        let mut ends: HashMap<&Stream, Option<Instant>> = HashMap::new();
        let mut joining = Vec::new();
        let mut streams: Vec<_> = set.streams.iter().collect();
        // Newest first: where not all streams exist, recent ones are the most likely to.
        streams.sort_by_key(|followed| (followed.ended.is_some(), Reverse(followed.ended)));
        for followed in streams {
            let until = followed.ended.map(|ended| now.at + linger_time(ended, now.clock));
            ends.insert(&followed.source.stream, until);
            if self.known.insert(followed.source.stream.clone()) {
                self.sources.push(followed.source.clone());
                joining.push(OpenStream { source: followed.source.clone(), until });
            }
        }
        let stream_groups = self.stream_groups.iter_mut().flat_map(|group| &mut group.streams);
        for stream in stream_groups.chain(&mut self.waiting).filter(|stream| stream.until.is_none()) {
            // A stream that is no longer in the set has ended.
            stream.until =
                ends.get(&stream.source.stream).copied().unwrap_or(Some(now.at + linger_time(now.clock, now.clock)));
        }
        self.status.groups = groups::from_streams(&set.streams).into();
        self.set = set;
        if self.phase == TailPhase::Resolving {
            self.waiting.extend(joining);
            if !self.waiting.is_empty() && self.resolved_at.is_none() {
                self.resolved_at = Some(now.at + RESOLVE);
            }
            return;
        }
        let backward = self.phase == TailPhase::History && self.range == Range::Newest;
        let stream_groups = self.group_streams(joining, backward.then(history), now.at);
        self.stream_groups.extend(stream_groups);
        self.insert_marks();
        self.update_session();
    }

    /// Starts reading once the streams are known.
    pub(super) fn start_reading(&mut self) {
        let now = self.current_time();
        let ready = self.set.complete || self.resolved_at.is_some_and(|at| at <= now.at);
        if self.phase != TailPhase::Resolving || !ready {
            return;
        }
        self.resolved_at = None;
        self.phase = if self.waiting.is_empty() { TailPhase::Following } else { TailPhase::History };
        let streams = std::mem::take(&mut self.waiting);
        let backward = (self.range == Range::Newest).then(history);
        self.stream_groups = self.group_streams(streams, backward, now.at);
        self.stream_groups.iter_mut().for_each(|group| group.initial = true);
        self.start_grace_period(now.at);
        if self.range != Range::Newest || self.stream_groups.is_empty() {
            self.insert_marks();
        }
    }

    /// Sorts streams into groups: each of one log group, of either running or stopped tasks, and no larger than one
    /// call takes. Running tasks come first.
    pub(super) fn group_streams(
        &mut self,
        streams: Vec<OpenStream>,
        backward: Option<BackwardReader>,
        now: Instant,
    ) -> Vec<StreamGroup> {
        let mut stream_groups: Vec<StreamGroup> = Vec::new();
        let (running, ended): (Vec<_>, Vec<_>) = streams.into_iter().partition(|stream| stream.until.is_none());
        for stream in running.into_iter().chain(ended) {
            let alike = |group: &StreamGroup| {
                group.reads_group_of(&stream.source) && group.has_ended() == stream.until.is_some()
            };
            let room = |group: &&mut StreamGroup| alike(group) && group.streams.len() < STREAMS;
            match stream_groups.iter_mut().find(room) {
                Some(group) => group.streams.push(stream),
                None => {
                    self.numbers += 1;
                    stream_groups.push(StreamGroup::new(self.numbers, vec![stream], backward.clone(), now));
                }
            }
        }
        stream_groups
    }

    /// Merges caught-up groups of the same log group.
    pub(super) fn merge_groups(&mut self, now: Instant) {
        let mut number = 0;
        while number < self.stream_groups.len() {
            let group = &self.stream_groups[number];
            let taker = group.is_steady().then(|| {
                let fits = |other: &StreamGroup| {
                    let room = other.streams.len() + group.streams.len() <= STREAMS;
                    room && other.has_ended() == group.has_ended()
                        && other.is_steady()
                        && same_group(&other.streams[0].source, &group.streams[0].source)
                };
                self.stream_groups[..number].iter().position(fits)
            });
            match taker.flatten() {
                Some(taker) => {
                    let group = self.stream_groups.remove(number);
                    self.stream_groups[taker].absorb(group, now);
                }
                None => number += 1,
            }
        }
    }
}

/// A reader that looks for the newest lines.
fn history() -> BackwardReader {
    BackwardReader::new(None, Some(PATIENCE))
}

/// How long the stream of a task that stopped at `ended` is still followed.
fn linger_time(ended: Timestamp, clock: Timestamp) -> Duration {
    let rest = LINGER - clock.duration_since(ended).max(SignedDuration::ZERO);
    Duration::try_from(rest).unwrap_or_default()
}
