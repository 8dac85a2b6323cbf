//! What has come before, so that what is read twice is shown once.
//!
//! An event is known by its stream, its time and its text: GetLogEvents and Live Tail tell no ids, and a tail changes
//! from one way of reading to another while tasks come and go. Those that are alike in all three are told apart by how
//! many of them one pass over the log brings; one whose id is known is known in any case.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::merge::Said;

/// Events that are kept in mind at most.
const MOST: usize = 25_000;
/// Events older than this, in milliseconds, before what is newest are not: no pass reaches back that far.
const SPAN_MS: i64 = 6 * 60 * 1_000;

/// A time in milliseconds, and what stands for an event of that time.
type Key = (i64, u64);

/// The events of some streams that have come.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// In their order of time.
    events: BTreeSet<Key>,
    ids: BTreeSet<Key>,
    /// What is older than this may have been seen and forgotten.
    floor: Option<i64>,
}

/// One pass over a log, from some time on towards its end: how many of each have come.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass(HashMap<Key, u32>);

impl Pass {
    /// Takes over what another, of other streams, has counted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl Seen {
    /// Whether an event is new, which it is once.
    pub(super) fn is_new(&mut self, pass: &mut Pass, said: &Said) -> bool {
        let at = said.at.as_millisecond();
        let known = said.id.as_ref().is_some_and(|id| !self.ids.insert((at, digest(id))));
        let what = digest(&(&said.source.stream, &said.text));
        let nth = pass.0.entry((at, what)).or_default();
        *nth += 1;
        self.events.insert((at, digest(&(what, *nth)))) && !known
    }

    /// Forgets what no pass comes back to, as seen from `newest`, in milliseconds.
    pub(super) fn forget(&mut self, passes: [&mut Pass; 2], newest: i64) {
        let mut floor = newest.saturating_sub(SPAN_MS);
        if let Some(beyond) = self.events.len().checked_sub(MOST) {
            // A whole millisecond is known, or nothing of it.
            floor = floor.max(self.events.iter().nth(beyond).map_or(floor, |(at, _)| at.saturating_add(1)));
        }
        if self.events.first().is_none_or(|(at, _)| *at >= floor) {
            return;
        }
        self.events = self.events.split_off(&(floor, 0));
        self.ids = self.ids.split_off(&(floor, 0));
        for pass in passes {
            pass.0.retain(|(at, _), _| *at >= floor);
        }
        self.floor = self.floor.max(Some(floor));
    }

    /// From where on to read again, in milliseconds: at most `span` before `newest`, no more than `most` events, and
    /// nothing that was forgotten.
    pub(super) fn again(&self, newest: i64, span: i64, most: usize) -> i64 {
        let by_count = self.events.iter().rev().nth(most).map(|(at, _)| *at);
        newest.saturating_sub(span).max(by_count.unwrap_or(i64::MIN)).max(self.floor.unwrap_or(i64::MIN))
    }

    /// Takes over what another knows.
    pub(super) fn absorb(&mut self, mut other: Self) {
        self.events.append(&mut other.events);
        self.ids.append(&mut other.ids);
        self.floor = self.floor.max(other.floor);
    }
}

fn digest(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
