//! A list that comes in pages: which page is next, and what the pages have brought. No I/O.

use std::{collections::HashSet, sync::Arc};

use tokio::time::Instant;

use crate::{
    aws::{Failure, FailureKind},
    resource::Page,
};

/// Pages in a row without a new id after which the list counts as endless. AWS sends an empty page now and then.
const MAX_EMPTY_PAGES: u32 = 20;
/// Pages after which it counts as endless whatever they bring.
const MAX_PAGES: usize = 1_000;

/// A list, from its first page to its last.
#[derive(Debug)]
pub(super) struct Listing {
    next: Next,
    /// The ids of all pages so far, each once, in their order.
    collected: Vec<Arc<str>>,
    known: HashSet<Arc<str>>,
    /// Tokens that have led to a page.
    followed: HashSet<String>,
    empty_pages: u32,
    /// AWS no longer knew a token, and the list has begun over.
    restarted: bool,
}

#[derive(Debug)]
enum Next {
    /// The first page, from then on.
    First(Instant),
    Page(String),
    /// The page after this token is on its way.
    UnderWay(Option<String>),
}

/// What a page means.
#[derive(Debug)]
pub(super) enum PageResult {
    /// Another page follows; the ids that this one adds.
    More(Vec<Arc<str>>),
    Complete(Vec<Arc<str>>),
    /// It would never end.
    Endless(Failure),
    /// Nobody waits for it any more.
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

    /// When the next page is due; absent while one is on its way.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match self.next {
            Next::First(at) => Some(at),
            Next::Page(_) => Some(now),
            Next::UnderWay(_) => None,
        }
    }

    /// The token of the page that is asked for now.
    pub(super) fn next_token(&mut self) -> Option<String> {
        let token = match &self.next {
            Next::First(_) | Next::UnderWay(None) => None,
            Next::Page(token) | Next::UnderWay(Some(token)) => Some(token.clone()),
        };
        self.next = Next::UnderWay(token.clone());
        token
    }

    /// Begins from the first page at `at`, unless it has begun.
    pub(super) fn start_at(&mut self, at: Instant) {
        if let Next::First(due) = &mut self.next {
            *due = at;
        }
    }

    /// Gives up what has come, and begins from the first page at `at`.
    pub(super) fn restart(&mut self, at: Instant) {
        *self = Self { restarted: self.restarted, ..Self::new(at) };
    }

    pub(super) fn add_page(&mut self, page: Page) -> PageResult {
        let Next::UnderWay(_) = self.next else { return PageResult::Unexpected };
        let new: Vec<Arc<str>> = page.ids.into_iter().filter(|id| self.known.insert(id.clone())).collect();
        self.collected.extend(new.iter().cloned());
        let Some(token) = page.next else {
            self.restarted = false;
            return PageResult::Complete(std::mem::take(&mut self.collected));
        };
        self.empty_pages = if new.is_empty() { self.empty_pages + 1 } else { 0 };
        let endless = if !self.followed.insert(token.clone()) {
            "the list leads back to one of its own pages"
        } else if self.empty_pages >= MAX_EMPTY_PAGES || self.followed.len() >= MAX_PAGES {
            "the list goes on and on without an end"
        } else {
            self.next = Next::Page(token);
            return PageResult::More(new);
        };
        PageResult::Endless(Failure::garbled(page.operation, endless))
    }

    /// The page that was asked for failed. It is asked for again; where AWS no longer knows its token, the list begins
    /// over, once. Whether that is so.
    pub(super) fn on_failed(&mut self, failure: &Failure, now: Instant) -> bool {
        let Next::UnderWay(token) = &mut self.next else { return false };
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
