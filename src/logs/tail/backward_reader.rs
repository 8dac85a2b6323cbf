//! Reads backward: the newest lines before some time, and from when on they are complete.

use std::sync::Arc;

use super::fetch_request::{EVENTS, FetchRequest, LogPage};
use crate::logs::{Source, merge::LogEvent};

/// Number of lines to find before it stops.
pub(super) const WANTED: usize = 1_000;

/// Reads the newest lines of some streams backward. Times are in milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct BackwardReader {
    /// The newest time to read.
    to: Option<i64>,
    /// Number of pages after which it stops with what it has.
    patience: Option<u32>,
    token: Option<String>,
    got: Vec<LogEvent>,
    pages: u32,
    /// The server answers oldest first whatever it is asked for, so it is read to the end.
    upward: bool,
    /// Lines older than those in `got` were dropped.
    more: bool,
    follow: Option<String>,
}

/// The result of reading backward.
#[derive(Debug, Clone, Default)]
pub(super) struct PastEvents {
    /// Oldest first.
    pub events: Vec<LogEvent>,
    /// Time from which the events are complete; if absent, there are no older ones.
    pub whole_from: Option<i64>,
    /// It stopped before it had found any events.
    pub gave_up: bool,
    /// Token from which later events can be read, if the operation returned one.
    pub follow: Option<String>,
}

impl BackwardReader {
    pub(super) fn new(to: Option<i64>, patience: Option<u32>) -> Self {
        Self { to, patience, ..Self::default() }
    }

    pub(super) fn next_request(&self, streams: Vec<Arc<Source>>, pattern: Option<Arc<str>>) -> FetchRequest {
        let limit = if self.upward { EVENTS } else { WANTED as i32 };
        FetchRequest { streams, from: None, to: self.to, token: self.token.clone(), backward: true, limit, pattern }
    }

    /// Adds a page; returns the events once there are enough.
    pub(super) fn add_page(&mut self, page: LogPage) -> Option<PastEvents> {
        // Within a page, GetLogEvents answers oldest first even when reading backward; some servers do so for
        // FilterLogEvents.
        let upward = page.events.first().zip(page.events.last()).is_some_and(|(first, last)| first.at < last.at);
        let newest_first = page.follow.is_none() && !upward;
        if self.pages == 0 {
            self.upward = page.follow.is_none() && page.next.is_some() && upward;
            self.follow = page.follow;
        }
        self.pages += 1;
        self.token = page.next;
        let end = self.token.is_none();
        if self.upward {
            self.got.extend(page.events);
            return self.read_upward(end);
        }
        // Events of the same millisecond keep their order: a stack trace often has one timestamp.
        let mut older = page.events;
        if newest_first {
            older.reverse();
        }
        self.got.splice(0..0, older);
        let tired = self.patience.is_some_and(|pages| self.pages >= pages);
        if !end && !tired && self.got.len() < WANTED {
            return None;
        }
        let mut events = std::mem::take(&mut self.got);
        events.sort_by_key(|event| event.at);
        if end {
            return Some(PastEvents { events, follow: self.follow.take(), ..PastEvents::default() });
        }
        // The oldest millisecond may be incomplete.
        let oldest = events.first().map(|event| event.at.as_millisecond());
        let whole = events.partition_point(|event| Some(event.at.as_millisecond()) <= oldest);
        if whole == events.len() && !tired {
            self.got = events;
            return None;
        }
        let events = events.split_off(whole);
        let whole_from = oldest.map(|oldest| oldest.saturating_add(1));
        Some(PastEvents { gave_up: events.is_empty(), events, whole_from, follow: self.follow.take() })
    }

    /// Keeps the newest events until the last page.
    fn read_upward(&mut self, end: bool) -> Option<PastEvents> {
        if end || self.got.len() > WANTED * 4 {
            self.got.sort_by_key(|event| event.at);
            let first = self.got.len().checked_sub(WANTED).map(|first| self.got[first].at);
            let cut = first.map_or(0, |first| self.got.partition_point(|event| event.at < first));
            self.more |= cut > 0;
            self.got.drain(..cut);
        }
        if !end {
            return None;
        }
        let events = std::mem::take(&mut self.got);
        let oldest = events.first().map(|event| event.at.as_millisecond());
        Some(PastEvents { events, whole_from: oldest.filter(|_| self.more), ..PastEvents::default() })
    }

    pub(super) fn has_position(&self) -> bool {
        self.token.is_some()
    }

    /// Drops its position and starts over.
    pub(super) fn drop_position(&mut self) {
        *self = Self::new(self.to, self.patience);
    }
}
