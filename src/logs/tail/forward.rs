//! Reading towards the end, in passes: with FilterLogEvents each reaches back a little and ends; with GetLogEvents one
//! goes on from page to page for as long as there is something to come.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::ask::{Ask, EVENTS, Page};
use crate::logs::{
    Source,
    merge::Said,
    seen::{Pass, Seen},
};

/// How far a pass reaches back, in milliseconds and in lines: what comes late is found, and what has come is not read
/// over and over. Less when nothing comes, more once in a while.
const OVERLAP: (i64, usize) = (30_000, 5_000);
const OVERLAP_IDLE: (i64, usize) = (30_000, 500);
const OVERLAP_WIDE: (i64, usize) = (300_000, 10_000);
const WIDE_EVERY: Duration = Duration::from_secs(60);
/// Clocks are taken to differ by no more than this, in milliseconds.
const CLOCKS_MS: i64 = 3_600_000;
/// A page of GetLogEvents with fewer lines, the last of them no older than this in milliseconds, is the last for now.
const SMALL: usize = 1_000;
const FRESH_MS: i64 = 60_000;

/// Between which times is read, in milliseconds; both are part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// When something is, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub at: Instant,
    pub clock: Timestamp,
}

/// How far some streams are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Forward {
    seen: Seen,
    /// The time of the youngest line, in milliseconds.
    newest: Option<i64>,
    pass: Pass,
    /// What Live Tail sessions have told.
    live: Pass,
    from: Option<i64>,
    token: Option<String>,
    /// When the pass began.
    began: Option<Instant>,
    wide_at: Option<Instant>,
    /// As of when all that AWS had to tell was read; none while it is behind.
    polled: Option<Timestamp>,
    /// The last page brought something.
    spoke: bool,
}

impl Forward {
    /// What was read before this; `follow` is where it goes on, if that is known.
    pub(super) fn after(said: &[Said], follow: Option<String>, now: Moment) -> Self {
        let mut forward = Self { began: Some(now.at), polled: Some(now.clock), token: follow, ..Self::default() };
        for said in said {
            forward.note(said);
        }
        forward.forget(now);
        forward
    }

    pub(super) fn ask(
        &mut self,
        streams: Vec<Arc<Source>>,
        bounds: Bounds,
        pattern: Option<Arc<str>>,
        now: Moment,
    ) -> Ask {
        if self.token.is_none() {
            let wide = *self.wide_at.get_or_insert(now.at + WIDE_EVERY) <= now.at;
            if wide {
                self.wide_at = Some(now.at + WIDE_EVERY);
            }
            let overlap = match (wide, self.spoke) {
                (true, _) => OVERLAP_WIDE,
                (false, true) => OVERLAP,
                (false, false) => OVERLAP_IDLE,
            };
            self.from = self.reach(overlap, now.clock).max(bounds.from);
            self.pass = Pass::default();
            self.began = Some(now.at);
        }
        Ask {
            streams,
            from: self.from,
            to: bounds.to,
            token: self.token.clone(),
            backward: false,
            limit: EVENTS,
            pattern,
        }
    }

    /// From where on to read again. A writer's clock may run ahead: what others write now must not be left out.
    fn reach(&self, (span, most): (i64, usize), clock: Timestamp) -> Option<i64> {
        let again = self.newest.map(|newest| self.seen.again(newest.min(clock.as_millisecond()), span, most));
        again.max(self.polled.map(|polled| polled.as_millisecond().saturating_sub(CLOCKS_MS)))
    }

    /// Takes in a page: what is new of it. Lines older than the bounds are another reading's.
    pub(super) fn take(&mut self, page: Page, bounds: Bounds, now: Moment) -> Vec<Said> {
        let of_one = page.follow.is_some();
        let last = page.said.iter().map(|said| said.at.as_millisecond()).max();
        let small = page.said.len() < SMALL
            && last.is_some_and(|last| last.saturating_add(FRESH_MS) >= now.clock.as_millisecond());
        let within = |said: &Said| bounds.from.is_none_or(|from| said.at.as_millisecond() >= from);
        let new: Vec<Said> = page.said.into_iter().filter(|said| within(said) && self.note(said)).collect();
        self.spoke = !new.is_empty();
        self.forget(now);
        let behind = page.next.is_some() && !(of_one && small);
        self.polled = (!behind).then_some(now.clock);
        self.token = page.next.or(page.follow);
        new
    }

    /// Keeps an event in mind: whether it is new.
    pub(super) fn note(&mut self, said: &Said) -> bool {
        self.newest = self.newest.max(Some(said.at.as_millisecond()));
        self.seen.is_new(&mut self.pass, said)
    }

    /// Takes in an event that a Live Tail session tells: whether it is new.
    pub(super) fn hear(&mut self, said: &Said) -> bool {
        self.newest = self.newest.max(Some(said.at.as_millisecond()));
        self.seen.is_new(&mut self.live, said)
    }

    /// All that has come in up to now was told by a session.
    pub(super) fn heard(&mut self, now: Moment) {
        self.polled = Some(now.clock);
        self.forget(now);
    }

    fn forget(&mut self, now: Moment) {
        if let Some(newest) = self.newest {
            self.seen.forget([&mut self.pass, &mut self.live], newest.min(now.clock.as_millisecond()));
        }
    }

    pub(super) fn polled(&self) -> Option<Timestamp> {
        self.polled
    }

    /// Up to where lines have come, while it is behind, in milliseconds.
    pub(super) fn reached(&self) -> Option<i64> {
        self.newest.max(self.from)
    }

    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    pub(super) fn has_place(&self) -> bool {
        self.token.is_some()
    }

    /// Gives up its place: the next pass reaches back, and finds what is missing.
    pub(super) fn let_go(&mut self) {
        self.token = None;
    }

    /// Takes over what another has read, of other streams: both were at the end.
    pub(super) fn absorb(&mut self, other: Self, now: Instant) {
        self.seen.absorb(other.seen);
        self.live.absorb(other.live);
        self.newest = self.newest.max(other.newest);
        self.polled = self.polled.min(other.polled);
        self.token = None;
        self.wide_at = Some(now);
    }
}
