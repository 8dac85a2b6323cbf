//! Streams that come and go: which lane reads them.

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

/// How long further streams are waited for before the first lines are read.
const RESOLVE: Duration = Duration::from_secs(3);
/// Pages without enough lines after which the newest lines are no longer looked for.
const PATIENCE: u32 = 10;

impl Tail {
    /// Takes in which streams there are.
    pub(super) fn settle(&mut self, set: StreamSet) {
        let now = self.moment();
        let mut ends: HashMap<&Stream, Option<Instant>> = HashMap::new();
        let mut joining = Vec::new();
        let mut streams: Vec<_> = set.streams.iter().collect();
        // The newest first: where not all of them exist, these do sooner than others.
        streams.sort_by_key(|followed| (followed.ended.is_some(), Reverse(followed.ended)));
        for followed in streams {
            let until = followed.ended.map(|ended| now.at + lingers(ended, now.clock));
            ends.insert(&followed.source.stream, until);
            if self.known.insert(followed.source.stream.clone()) {
                self.sources.push(followed.source.clone());
                joining.push(OpenStream { source: followed.source.clone(), until });
            }
        }
        let lanes = self.lanes.iter_mut().flat_map(|lane| &mut lane.streams);
        for kept in lanes.chain(&mut self.waiting).filter(|kept| kept.until.is_none()) {
            // What is no longer spoken of has ended, too.
            kept.until = ends.get(&kept.source.stream).copied().unwrap_or(Some(now.at + lingers(now.clock, now.clock)));
        }
        self.status.groups = groups::of(&set.streams).into();
        self.set = set;
        if self.phase == TailPhase::Resolving {
            self.waiting.extend(joining);
            if !self.waiting.is_empty() && self.resolved_at.is_none() {
                self.resolved_at = Some(now.at + RESOLVE);
            }
            return;
        }
        let backward = self.phase == TailPhase::History && self.range == Range::Newest;
        let lanes = self.lanes_of(joining, backward.then(history), now.at);
        self.lanes.extend(lanes);
        self.mark();
        self.tell_tap();
    }

    /// Begins to read once it is known what.
    pub(super) fn begin(&mut self) {
        let now = self.moment();
        let ready = self.set.complete || self.resolved_at.is_some_and(|at| at <= now.at);
        if self.phase != TailPhase::Resolving || !ready {
            return;
        }
        self.resolved_at = None;
        self.phase = if self.waiting.is_empty() { TailPhase::Following } else { TailPhase::History };
        let streams = std::mem::take(&mut self.waiting);
        let back = (self.range == Range::Newest).then(history);
        self.lanes = self.lanes_of(streams, back, now.at);
        self.lanes.iter_mut().for_each(|lane| lane.founding = true);
        self.be_patient(now.at);
        if self.range != Range::Newest || self.lanes.is_empty() {
            self.mark();
        }
    }

    /// Lanes for these streams: one group each, either of tasks that run or of such as have ended, and no more of them
    /// than a call takes. What runs comes first.
    pub(super) fn lanes_of(
        &mut self,
        streams: Vec<OpenStream>,
        back: Option<BackwardReader>,
        now: Instant,
    ) -> Vec<StreamGroup> {
        let mut lanes: Vec<StreamGroup> = Vec::new();
        let (running, ended): (Vec<_>, Vec<_>) = streams.into_iter().partition(|kept| kept.until.is_none());
        for kept in running.into_iter().chain(ended) {
            let alike = |lane: &StreamGroup| lane.is_of(&kept.source) && lane.is_over() == kept.until.is_some();
            let room = |lane: &&mut StreamGroup| alike(lane) && lane.streams.len() < STREAMS;
            match lanes.iter_mut().find(room) {
                Some(lane) => lane.streams.push(kept),
                None => {
                    self.numbers += 1;
                    lanes.push(StreamGroup::new(self.numbers, vec![kept], back.clone(), now));
                }
            }
        }
        lanes
    }

    /// Puts lanes of one group together that have caught up.
    pub(super) fn unite(&mut self, now: Instant) {
        let mut number = 0;
        while number < self.lanes.len() {
            let lane = &self.lanes[number];
            let taker = lane.is_steady().then(|| {
                let fits = |other: &StreamGroup| {
                    let room = other.streams.len() + lane.streams.len() <= STREAMS;
                    room && other.is_over() == lane.is_over()
                        && other.is_steady()
                        && same_group(&other.streams[0].source, &lane.streams[0].source)
                };
                self.lanes[..number].iter().position(fits)
            });
            match taker.flatten() {
                Some(taker) => {
                    let lane = self.lanes.remove(number);
                    self.lanes[taker].absorb(lane, now);
                }
                None => number += 1,
            }
        }
    }
}

/// The search for the newest lines.
fn history() -> BackwardReader {
    BackwardReader::new(None, Some(PATIENCE))
}

/// How long a stream is still followed whose task ended at `ended`.
fn lingers(ended: Timestamp, clock: Timestamp) -> Duration {
    let rest = LINGER - clock.duration_since(ended).max(SignedDuration::ZERO);
    Duration::try_from(rest).unwrap_or_default()
}
