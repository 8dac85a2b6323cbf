//! Reading towards the end, in passes: with FilterLogEvents each reaches back a little and ends; with GetLogEvents one
//! goes on from page to page for as long as there is something to come.
//!
//! Lines come late: the more of them, the less a pass can reach back without reading the same over and over. Where that
//! would not be far enough, all of it is looked at a second time, page by page between the passes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::fetch_request::{EVENTS, FetchRequest, LogPage};
use crate::logs::{
    Source,
    dedup::{Dedup, DedupPass},
    merge::LogEvent,
};

/// How far a pass reaches back, in milliseconds and in lines, whichever is less: what comes late is found, and what has
/// come is not read over and over.
const OVERLAP: Reach = (30_000, 2_000);
/// But so far at least for what several writers wrote at the same time: each sends its lines in batches.
const OVERLAP_BUSY: Reach = (10_000, 5_000);
const OVERLAP_IDLE: Reach = (30_000, 500);
/// A pass once in a while reaches back further, but no more lines than a page takes.
const OVERLAP_WIDE: Reach = (300_000, EVENTS as usize);
const WIDE_EVERY: Duration = Duration::from_mins(1);
/// Clocks are taken to differ by no more than this, in milliseconds.
const CLOCKS_MS: i64 = 3_600_000;
/// A page of GetLogEvents with fewer lines, the last of them no older than this in milliseconds, is the last for now.
const SMALL: usize = 1_000;
const FRESH_MS: i64 = 60_000;

type Reach = (i64, usize);

/// Between which times is read, in milliseconds; both are part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// When something is, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub at: Instant,
    pub clock: Timestamp,
}

/// How far some streams are read.
#[derive(Debug, Clone, Default)]
pub(super) struct ForwardReader {
    seen: Dedup,
    /// The time of the youngest line, in milliseconds.
    newest: Option<i64>,
    pass: PassPosition,
    /// A second look, under way.
    second: Option<PassPosition>,
    /// The call under way is for it; calls for both take turns.
    is_second: bool,
    /// Up to when it was looked twice, in milliseconds.
    sure: Option<i64>,
    wide_at: Option<Instant>,
    /// What Live Tail sessions have told.
    live: DedupPass,
    /// When the pass began; none while what was written before is all that was read.
    began: Option<Instant>,
    /// As of when all that AWS had to tell was read; none while it is behind.
    polled: Option<Timestamp>,
    /// The last page brought something.
    spoke: bool,
    /// The oldest of it that is older than what had come before: when that was written.
    straggler: Option<Timestamp>,
}

/// Where a pass is.
#[derive(Debug, Clone, Default)]
struct PassPosition {
    bounds: Bounds,
    token: Option<String>,
    pass: DedupPass,
}

impl ForwardReader {
    /// What was read before this; `follow` is where it goes on, if that is known. Those of the lines that no Live Tail
    /// session has told meanwhile.
    pub(super) fn begin(&mut self, said: Vec<LogEvent>, follow: Option<String>, now: Clocks) -> Vec<LogEvent> {
        self.polled = Some(now.clock);
        self.pass.token = follow;
        let new = said.into_iter().filter(|said| self.note(said)).collect();
        self.forget(now);
        new
    }

    pub(super) fn ask(
        &mut self,
        streams: Vec<Arc<Source>>,
        bounds: Bounds,
        pattern: Option<Arc<str>>,
        now: Clocks,
    ) -> FetchRequest {
        if self.pass.token.is_none() && !self.is_second {
            let wide = *self.wide_at.get_or_insert(now.at + WIDE_EVERY) <= now.at;
            if wide {
                self.wide_at = Some(now.at + WIDE_EVERY);
                self.look_again(bounds, now);
            }
            let overlaps: &[Reach] = match (wide && self.second.is_none(), self.spoke) {
                (true, _) => &[OVERLAP_WIDE],
                (false, true) => &[OVERLAP, OVERLAP_BUSY],
                (false, false) => &[OVERLAP_IDLE],
            };
            let from = self.reach(overlaps, now.clock).max(bounds.from);
            self.pass = PassPosition { bounds: Bounds { from, ..bounds }, ..PassPosition::default() };
            self.began = Some(now.at);
        }
        let place = self.second.as_ref().filter(|_| self.is_second).unwrap_or(&self.pass);
        let PassPosition { bounds: Bounds { from, to }, token, .. } = place.clone();
        FetchRequest { streams, from, to, token, backward: false, limit: EVENTS, pattern }
    }

    /// From where on to read again. A writer's clock may run ahead: what others write now must not be left out.
    fn reach(&self, overlaps: &[Reach], clock: Timestamp) -> Option<i64> {
        let again = self.newest.and_then(|newest| {
            let newest = newest.min(clock.as_millisecond());
            overlaps.iter().map(|(span, most)| self.seen.again(newest, *span, *most)).min()
        });
        again.max(self.polled.map(|polled| polled.as_millisecond().saturating_sub(CLOCKS_MS)))
    }

    /// Begins a second look at what has come since the last one, if a wide pass would not be one.
    fn look_again(&mut self, bounds: Bounds, now: Clocks) {
        if self.second.is_some() {
            return;
        }
        let Some(newest) = self.newest.map(|newest| newest.min(now.clock.as_millisecond())) else { return };
        let to = newest.saturating_sub(OVERLAP.0);
        let from = self.seen.again(newest, OVERLAP_WIDE.0, usize::MAX).max(self.sure.unwrap_or(i64::MIN));
        self.sure = Some(to);
        if from < to && self.seen.since(from) > OVERLAP_WIDE.1 {
            let bounds = Bounds { from: Some(from).max(bounds.from), to: Some(to) };
            self.second = Some(PassPosition { bounds, ..PassPosition::default() });
        }
    }

    /// Takes in a page: what is new of it. Lines older than the bounds are another reading's.
    pub(super) fn take(&mut self, page: LogPage, bounds: Bounds, now: Clocks) -> Vec<LogEvent> {
        if self.is_second {
            return self.take_second(page);
        }
        let of_one = page.follow.is_some();
        let last = page.said.iter().map(|said| said.at.as_millisecond()).max();
        let small = page.said.len() < SMALL
            && last.is_some_and(|last| last.saturating_add(FRESH_MS) >= now.clock.as_millisecond());
        let within = |said: &LogEvent| bounds.from.is_none_or(|from| said.at.as_millisecond() >= from);
        let before = self.newest;
        let new: Vec<LogEvent> = page.said.into_iter().filter(|said| within(said) && self.note(said)).collect();
        let straggles = |at: &Timestamp| before > Some(at.as_millisecond());
        self.straggler = new.iter().map(|said| said.at).filter(straggles).min();
        self.spoke = !new.is_empty();
        self.forget(now);
        let behind = page.next.is_some() && !(of_one && small);
        self.polled = (!behind).then_some(now.clock);
        self.pass.token = page.next.or(page.follow);
        self.is_second = self.second.is_some() && !behind;
        new
    }

    fn take_second(&mut self, page: LogPage) -> Vec<LogEvent> {
        (self.is_second, self.straggler) = (false, None);
        let Some(mut place) = self.second.take() else { return Vec::new() };
        let new = page.said.into_iter().filter(|said| {
            // What was forgotten meanwhile would seem new.
            self.seen.reaches(said) && self.seen.is_new(&mut place.pass, said)
        });
        let new = new.collect();
        place.token = page.next;
        self.second = place.token.is_some().then_some(place);
        new
    }

    /// Keeps an event in mind: whether it is new.
    pub(super) fn note(&mut self, said: &LogEvent) -> bool {
        self.newest = self.newest.max(Some(said.at.as_millisecond()));
        self.seen.is_new(&mut self.pass.pass, said)
    }

    /// Takes in an event that a Live Tail session tells: whether it is new.
    pub(super) fn hear(&mut self, said: &LogEvent) -> bool {
        self.newest = self.newest.max(Some(said.at.as_millisecond()));
        self.seen.is_new(&mut self.live, said)
    }

    /// All that has come in up to now was told by a session.
    pub(super) fn heard(&mut self, now: Clocks) {
        self.polled = Some(now.clock);
        self.forget(now);
    }

    fn forget(&mut self, now: Clocks) {
        if let Some(newest) = self.newest {
            self.seen.forget(newest.min(now.clock.as_millisecond()));
        }
    }

    pub(super) fn polled(&self) -> Option<Timestamp> {
        self.polled
    }

    pub(super) fn straggler(&self) -> Option<Timestamp> {
        self.straggler
    }

    /// The next call is for the second look.
    pub(super) fn is_second(&self) -> bool {
        self.is_second
    }

    /// Up to where lines have come, while it is behind, in milliseconds.
    pub(super) fn reached(&self) -> Option<i64> {
        self.newest.max(self.pass.bounds.from)
    }

    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    pub(super) fn has_place(&self) -> bool {
        self.pass.token.is_some() || self.second.is_some()
    }

    /// Gives up its place: the next pass reaches back, and finds what is missing.
    pub(super) fn let_go(&mut self) {
        self.pass.token = None;
        self.second = None;
        self.is_second = false;
    }

    /// Gives up its place: the next pass reaches back far.
    pub(super) fn look_back(&mut self, now: Instant) {
        self.let_go();
        self.wide_at = Some(now);
    }

    /// A second look is under way.
    pub(super) fn looks_again(&self) -> bool {
        self.second.is_some()
    }

    /// Takes over what another has read, of other streams: both were at the end.
    pub(super) fn absorb(&mut self, other: Self, now: Instant) {
        self.seen.absorb(other.seen);
        self.live.absorb(other.live);
        self.newest = self.newest.max(other.newest);
        self.polled = self.polled.min(other.polled);
        self.look_back(now);
    }
}
