//! Reading backward: the newest lines before some time, and how far back they are all of them.

use std::sync::Arc;

use super::fetch_request::{EVENTS, FetchRequest, LogPage};
use crate::logs::{Source, merge::LogEvent};

/// Lines that are looked for at once.
pub(super) const WANTED: usize = 1_000;

/// The search for the newest lines of some streams. Times are in milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct BackwardReader {
    /// None younger than this.
    to: Option<i64>,
    /// Pages after which it is content with what there is.
    patience: Option<u32>,
    token: Option<String>,
    got: Vec<LogEvent>,
    pages: u32,
    /// The server answers the oldest first, whatever it is asked for: it is read to its end.
    upward: bool,
    /// Lines older than those at hand were passed by.
    more: bool,
    follow: Option<String>,
}

/// What a search has found.
#[derive(Debug, Clone, Default)]
pub(super) struct PastEvents {
    /// The oldest first.
    pub said: Vec<LogEvent>,
    /// From here on nothing is missing; where that is everything, there are no older lines.
    pub whole_from: Option<i64>,
    /// It stopped before it had found any, so nothing is known of where they are.
    pub gave_up: bool,
    /// Where what comes later begins, as far as that is told.
    pub follow: Option<String>,
}

impl BackwardReader {
    pub(super) fn new(to: Option<i64>, patience: Option<u32>) -> Self {
        Self { to, patience, ..Self::default() }
    }

    pub(super) fn ask(&self, streams: Vec<Arc<Source>>, pattern: Option<Arc<str>>) -> FetchRequest {
        let limit = if self.upward { EVENTS } else { WANTED as i32 };
        FetchRequest { streams, from: None, to: self.to, token: self.token.clone(), backward: true, limit, pattern }
    }

    /// Takes in a page; what was found once that is enough.
    pub(super) fn take(&mut self, page: LogPage) -> Option<PastEvents> {
        // GetLogEvents answers the page before in its own order, the oldest first; so do some servers of the other.
        let upward = page.said.first().zip(page.said.last()).is_some_and(|(first, last)| first.at < last.at);
        let newest_first = page.follow.is_none() && !upward;
        if self.pages == 0 {
            self.upward = page.follow.is_none() && page.next.is_some() && upward;
            self.follow = page.follow;
        }
        self.pages += 1;
        self.token = page.next;
        let end = self.token.is_none();
        if self.upward {
            self.got.extend(page.said);
            return self.read_upward(end);
        }
        // Of one moment, too, what came first is to stand first: a stack trace is all of one millisecond.
        let mut older = page.said;
        if newest_first {
            older.reverse();
        }
        self.got.splice(0..0, older);
        let tired = self.patience.is_some_and(|pages| self.pages >= pages);
        if !end && !tired && self.got.len() < WANTED {
            return None;
        }
        let mut said = std::mem::take(&mut self.got);
        said.sort_by_key(|said| said.at);
        if end {
            return Some(PastEvents { said, follow: self.follow.take(), ..PastEvents::default() });
        }
        // Of the oldest millisecond there may be more.
        let oldest = said.first().map(|said| said.at.as_millisecond());
        let whole = said.partition_point(|said| Some(said.at.as_millisecond()) <= oldest);
        if whole == said.len() && !tired {
            self.got = said;
            return None;
        }
        let said = said.split_off(whole);
        let whole_from = oldest.map(|oldest| oldest.saturating_add(1));
        Some(PastEvents { gave_up: said.is_empty(), said, whole_from, follow: self.follow.take() })
    }

    /// Keeps the newest of what has come, until there is no more.
    fn read_upward(&mut self, end: bool) -> Option<PastEvents> {
        if end || self.got.len() > WANTED * 4 {
            self.got.sort_by_key(|said| said.at);
            let first = self.got.len().checked_sub(WANTED).map(|first| self.got[first].at);
            let cut = first.map_or(0, |first| self.got.partition_point(|said| said.at < first));
            self.more |= cut > 0;
            self.got.drain(..cut);
        }
        if !end {
            return None;
        }
        let said = std::mem::take(&mut self.got);
        let oldest = said.first().map(|said| said.at.as_millisecond());
        Some(PastEvents { said, whole_from: oldest.filter(|_| self.more), ..PastEvents::default() })
    }

    pub(super) fn has_place(&self) -> bool {
        self.token.is_some()
    }

    /// Gives up its place, and begins anew.
    pub(super) fn let_go(&mut self) {
        *self = Self::new(self.to, self.patience);
    }
}
