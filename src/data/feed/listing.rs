//! A paginated list: which page is next, and the ids so far. No I/O.

use std::{collections::HashSet, sync::Arc};

use tokio::time::Instant;

use crate::{
    aws::{Failure, FailureKind},
    resource::Page,
};

/// Pages in a row without a new id after which the list counts as endless. AWS sometimes returns empty pages.
const MAX_EMPTY_PAGES: u32 = 20;
/// Pages after which a list counts as endless in any case.
const MAX_PAGES: usize = 1_000;

/// A list, from its first page to its last.
#[derive(Debug)]
pub(super) struct Listing {
    next: Next,
    /// The ids of all pages so far, each once, in their order.
    collected: Vec<Arc<str>>,
    known: HashSet<Arc<str>>,
    /// Tokens that have been used.
    followed: HashSet<String>,
    empty_pages: u32,
    /// AWS rejected a token as unknown, and the list was started over.
    restarted: bool,
}

#[derive(Debug)]
enum Next {
    /// The first page, due at this time.
    First(Instant),
    Page(String),
    /// The page with this token is in flight.
    InFlight(Option<String>),
}

/// The effect of a page.
#[derive(Debug)]
pub(super) enum PageResult {
    /// Another page follows; the new ids of this one.
    More(Vec<Arc<str>>),
    Complete(Vec<Arc<str>>),
    /// The list would never end.
    Endless(Failure),
    /// The page is no longer awaited.
    Unexpected,
}

impl Listing {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: Next::First(now),
            collected: Vec::new(),
            known: HashSet::new(),
            followed: HashSet::new(),
            empty_pages: 0,
            restarted: false,
        }
    }

    /// When the next page is due; absent while one is in flight.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match self.next {
            Next::First(at) => Some(at),
            Next::Page(_) => Some(now),
            Next::InFlight(_) => None,
        }
    }

    /// The token of the page to request now.
    pub(super) fn next_token(&mut self) -> Option<String> {
        let token = match &self.next {
            Next::First(_) | Next::InFlight(None) => None,
            Next::Page(token) | Next::InFlight(Some(token)) => Some(token.clone()),
        };
        self.next = Next::InFlight(token.clone());
        token
    }

    /// Schedules the first page for `at`, unless the list has begun.
    pub(super) fn start_at(&mut self, at: Instant) {
        if let Next::First(due) = &mut self.next {
            *due = at;
        }
    }

    /// Discards all pages, and schedules the first one for `at`.
    pub(super) fn restart(&mut self, at: Instant) {
        *self = Self { restarted: self.restarted, ..Self::new(at) };
    }

    pub(super) fn add_page(&mut self, page: Page) -> PageResult {
        let Next::InFlight(_) = self.next else { return PageResult::Unexpected };
        let new: Vec<Arc<str>> = page.ids.into_iter().filter(|id| self.known.insert(id.clone())).collect();
        self.collected.extend(new.iter().cloned());
        let Some(token) = page.next else {
            self.restarted = false;
            return PageResult::Complete(std::mem::take(&mut self.collected));
        };
        self.empty_pages = if new.is_empty() { self.empty_pages + 1 } else { 0 };
        let endless = if !self.followed.insert(token.clone()) {
            "the list has a page that refers to an earlier page"
        } else if self.empty_pages >= MAX_EMPTY_PAGES || self.followed.len() >= MAX_PAGES {
            "the list does not end"
        } else {
            self.next = Next::Page(token);
            return PageResult::More(new);
        };
        PageResult::Endless(Failure::garbled(page.operation, endless))
    }

    /// Applies a failure; the page is requested again. If AWS no longer knows its token, the list is started over,
    /// once. Returns whether it was.
    pub(super) fn on_failed(&mut self, failure: &Failure, now: Instant) -> bool {
        let Next::InFlight(token) = &mut self.next else { return false };
        match token.take() {
            Some(_) if failure.kind == FailureKind::Invalid => {
                self.restart(now);
                !std::mem::replace(&mut self.restarted, true)
            }
            Some(token) => {
                self.next = Next::Page(token);
                false
            }
            None => {
                self.next = Next::First(now);
                false
            }
        }
    }
}
