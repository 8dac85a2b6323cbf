//! Reads forward, in passes. With FilterLogEvents each pass overlaps the one before and ends; with GetLogEvents one
//! pass continues from page to page.
//!
//! Events arrive late. The busier a log, the less time an overlap can cover without reading the same events over and
//! over. Where that is not enough, the last minutes are read once more, page by page between the passes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::fetch_request::{EVENTS, FetchRequest, LogPage};
use crate::logs::{
    Source,
    dedup::{Dedup, DedupPass},
    merge::LogEvent,
};

/// Overlap of two passes, in milliseconds and in events, whichever is less: late events are found, and most of what has
/// arrived is not read again.
const OVERLAP: Overlap = (30_000, 2_000);
/// The least overlap for a log with several writers: each sends its events in batches.
const OVERLAP_BUSY: Overlap = (10_000, 5_000);
const OVERLAP_IDLE: Overlap = (30_000, 500);
/// Now and then a pass overlaps more, but by no more events than fit in a page.
const OVERLAP_WIDE: Overlap = (300_000, EVENTS as usize);
const WIDE_EVERY: Duration = Duration::from_mins(1);
/// The most that clocks are assumed to differ, in milliseconds.
const CLOCKS_MS: i64 = 3_600_000;
/// A GetLogEvents page with fewer events, the last of them no older than this in milliseconds, is the last for now.
const SMALL: usize = 1_000;
const FRESH_MS: i64 = 60_000;

type Overlap = (i64, usize);

/// The time range to read, in milliseconds, inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub at: Instant,
    pub clock: Timestamp,
}

/// Reading position of some streams.
#[derive(Debug, Clone, Default)]
pub(super) struct ForwardReader {
    seen: Dedup,
    /// The time of the newest event, in milliseconds.
    newest: Option<i64>,
    pass: PassPosition,
    /// A recheck under way.
    recheck: Option<PassPosition>,
    /// The next call is for the recheck; its calls alternate with those of the pass.
    is_recheck: bool,
    /// The time up to which events have been rechecked, in milliseconds.
    rechecked_to: Option<i64>,
    wide_at: Option<Instant>,
    /// Counts of the events that Live Tail sessions delivered.
    live: DedupPass,
    /// When the pass began; none while only the backfill has been read.
    began: Option<Instant>,
    /// When it last read everything AWS had; none while it is behind.
    polled: Option<Timestamp>,
    /// The last page had new events.
    had_events: bool,
    /// The oldest new event of the last page that is older than those before it.
    straggler: Option<Timestamp>,
}

/// Position of a pass.
#[derive(Debug, Clone, Default)]
struct PassPosition {
    bounds: Bounds,
    token: Option<String>,
    pass: DedupPass,
}

impl ForwardReader {
    /// Starts after a backfill; `follow` is the token to continue from, if known. Returns the events that no Live Tail
    /// session has delivered meanwhile.
    pub(super) fn begin(&mut self, events: Vec<LogEvent>, follow: Option<String>, now: Clocks) -> Vec<LogEvent> {
        self.polled = Some(now.clock);
        self.pass.token = follow;
        let new = events.into_iter().filter(|event| self.record(event)).collect();
        self.forget(now);
        new
    }

    pub(super) fn next_request(
        &mut self,
        streams: Vec<Arc<Source>>,
        bounds: Bounds,
        pattern: Option<Arc<str>>,
        now: Clocks,
    ) -> FetchRequest {
        if self.pass.token.is_none() && !self.is_recheck {
            let wide = *self.wide_at.get_or_insert(now.at + WIDE_EVERY) <= now.at;
            if wide {
                self.wide_at = Some(now.at + WIDE_EVERY);
                self.start_recheck(bounds, now);
            }
            let overlaps: &[Overlap] = match (wide && self.recheck.is_none(), self.had_events) {
                (true, _) => &[OVERLAP_WIDE],
                (false, true) => &[OVERLAP, OVERLAP_BUSY],
                (false, false) => &[OVERLAP_IDLE],
            };
            let from = self.reach(overlaps, now.clock).max(bounds.from);
            self.pass = PassPosition { bounds: Bounds { from, ..bounds }, ..PassPosition::default() };
            self.began = Some(now.at);
        }
        let place = self.recheck.as_ref().filter(|_| self.is_recheck).unwrap_or(&self.pass);
        let PassPosition { bounds: Bounds { from, to }, token, .. } = place.clone();
        FetchRequest { streams, from, to, token, backward: false, limit: EVENTS, pattern }
    }

    /// Where the next pass starts. A writer's clock may run ahead, which must not hide the events of others.
    fn reach(&self, overlaps: &[Overlap], clock: Timestamp) -> Option<i64> {
        let again = self.newest.and_then(|newest| {
            let newest = newest.min(clock.as_millisecond());
            overlaps.iter().map(|(span, most)| self.seen.overlap_start(newest, *span, *most)).min()
        });
        again.max(self.polled.map(|polled| polled.as_millisecond().saturating_sub(CLOCKS_MS)))
    }

    /// Starts a recheck of the events since the last one, if a wide pass can't cover them.
    fn start_recheck(&mut self, bounds: Bounds, now: Clocks) {
        if self.recheck.is_some() {
            return;
        }
        let Some(newest) = self.newest.map(|newest| newest.min(now.clock.as_millisecond())) else { return };
        let to = newest.saturating_sub(OVERLAP.0);
        let from =
            self.seen.overlap_start(newest, OVERLAP_WIDE.0, usize::MAX).max(self.rechecked_to.unwrap_or(i64::MIN));
        self.rechecked_to = Some(to);
        if from < to && self.seen.count_since(from) > OVERLAP_WIDE.1 {
            let bounds = Bounds { from: Some(from).max(bounds.from), to: Some(to) };
            self.recheck = Some(PassPosition { bounds, ..PassPosition::default() });
        }
    }

    /// Adds a page; returns its new events. Events before the bounds belong to the backfill.
    pub(super) fn add_page(&mut self, page: LogPage, bounds: Bounds, now: Clocks) -> Vec<LogEvent> {
        if self.is_recheck {
            return self.add_recheck_page(page);
        }
        let of_one = page.follow.is_some();
        let last = page.events.iter().map(|event| event.at.as_millisecond()).max();
        let small = page.events.len() < SMALL
            && last.is_some_and(|last| last.saturating_add(FRESH_MS) >= now.clock.as_millisecond());
        let within = |event: &LogEvent| bounds.from.is_none_or(|from| event.at.as_millisecond() >= from);
        let before = self.newest;
        let new: Vec<LogEvent> = page.events.into_iter().filter(|event| within(event) && self.record(event)).collect();
        let is_older = |at: &Timestamp| before > Some(at.as_millisecond());
        self.straggler = new.iter().map(|event| event.at).filter(is_older).min();
        self.had_events = !new.is_empty();
        self.forget(now);
        let behind = page.next.is_some() && !(of_one && small);
        self.polled = (!behind).then_some(now.clock);
        self.pass.token = page.next.or(page.follow);
        self.is_recheck = self.recheck.is_some() && !behind;
        new
    }

    fn add_recheck_page(&mut self, page: LogPage) -> Vec<LogEvent> {
        (self.is_recheck, self.straggler) = (false, None);
        let Some(mut place) = self.recheck.take() else { return Vec::new() };
        let new = page.events.into_iter().filter(|event| {
            // Events that were forgotten meanwhile would seem new.
            self.seen.remembers(event) && self.seen.is_new(&mut place.pass, event)
        });
        let new = new.collect();
        place.token = page.next;
        self.recheck = place.token.is_some().then_some(place);
        new
    }

    /// Records a polled event; returns whether it is new.
    pub(super) fn record(&mut self, event: &LogEvent) -> bool {
        self.newest = self.newest.max(Some(event.at.as_millisecond()));
        self.seen.is_new(&mut self.pass.pass, event)
    }

    /// Records an event of a Live Tail session; returns whether it is new.
    pub(super) fn record_live(&mut self, event: &LogEvent) -> bool {
        self.newest = self.newest.max(Some(event.at.as_millisecond()));
        self.seen.is_new(&mut self.live, event)
    }

    /// Records that a session has delivered everything up to now.
    pub(super) fn live_caught_up(&mut self, now: Clocks) {
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

    /// Returns whether the next call is for the recheck.
    pub(super) fn is_recheck(&self) -> bool {
        self.is_recheck
    }

    /// The time up to which it has read while it is behind, in milliseconds.
    pub(super) fn reached(&self) -> Option<i64> {
        self.newest.max(self.pass.bounds.from)
    }

    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    pub(super) fn has_position(&self) -> bool {
        self.pass.token.is_some() || self.recheck.is_some()
    }

    /// Drops its position: the next pass overlaps, and finds what is missing.
    pub(super) fn drop_position(&mut self) {
        self.pass.token = None;
        self.recheck = None;
        self.is_recheck = false;
    }

    /// Drops its position: the next pass overlaps widely.
    pub(super) fn rewind(&mut self, now: Instant) {
        self.drop_position();
        self.wide_at = Some(now);
    }

    /// Returns whether a recheck is under way.
    pub(super) fn is_rechecking(&self) -> bool {
        self.recheck.is_some()
    }

    /// Takes over the state of another reader for other streams; both have caught up.
    pub(super) fn absorb(&mut self, other: Self, now: Instant) {
        self.seen.absorb(other.seen);
        self.live.absorb(other.live);
        self.newest = self.newest.max(other.newest);
        self.polled = self.polled.min(other.polled);
        self.rewind(now);
    }
}
