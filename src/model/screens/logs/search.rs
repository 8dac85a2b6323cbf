//! Searching in a log: its matches, counts over time, and the time to go to.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::buffer::LogBuffer;
use crate::logs::{
    Line, Role,
    filter::{FilterMode, FilterStack, FilterVerdict},
    histogram::Histogram,
    ring::{Inserted, Ring},
};

/// Bytes to search at once; the rest follows at the next tick.
const AT_ONCE: usize = 4 << 20;

/// State of searching in a log.
#[derive(Debug, Default)]
pub struct SearchState {
    pub matches: Matches,
    /// Show the strip of counts over time.
    pub strip: bool,
    /// The counts in the strip.
    pub(super) histogram: Histogram,
    /// The time to go to once its lines have arrived.
    pub seek: Option<Timestamp>,
}

impl SearchState {
    /// Updates counts, and matches once all lines are filtered (`searched`); returns whether it is complete.
    pub(super) fn settle(&mut self, buffer: &LogBuffer, searched: bool) -> bool {
        if self.strip {
            self.histogram.settle(&buffer.ring, &buffer.view);
        }
        searched && self.matches.advance(&buffer.ring, &buffer.stack, AT_ONCE)
    }
}

/// The lines that match highlights, or else includes. Searched in steps, outwards from an anchor.
#[derive(Debug, Default)]
pub struct Matches {
    numbers: VecDeque<i64>,
    /// Numbers that have been searched: from the first to before the second.
    seen: (i64, i64),
}

impl Matches {
    pub fn new(anchor: i64) -> Self {
        Self { numbers: VecDeque::new(), seen: (anchor, anchor) }
    }

    /// Whether there is something to search.
    pub fn sought(stack: &FilterStack) -> bool {
        searched(stack).is_some()
    }

    /// Searches about `bytes` more; returns true when all lines have been searched.
    pub fn advance(&mut self, ring: &Ring, stack: &FilterStack, bytes: usize) -> bool {
        let Some(mode) = searched(stack) else { return true };
        let held = ring.numbers();
        self.settle(ring);
        let mut left = bytes;
        while left > 0 && (self.seen.1 < held.end || self.seen.0 > held.start) {
            // The end first, where the user reads.
            let ahead = self.seen.1 < held.end;
            let number = if ahead { self.seen.1 } else { self.seen.0 - 1 };
            if let Some(line) = ring.get(number) {
                left = left.saturating_sub(line.text.len() + size_of::<Line>());
                if matches(stack, mode, line) {
                    if ahead { self.numbers.push_back(number) } else { self.numbers.push_front(number) }
                }
            }
            if ahead { self.seen.1 += 1 } else { self.seen.0 -= 1 }
        }
        self.seen == (held.start, held.end)
    }

    /// Adjusts line numbers after lines were inserted.
    pub fn insert(&mut self, inserted: &Inserted, ring: &Ring, stack: &FilterStack) {
        self.seen = (inserted.moved(self.seen.0), inserted.moved(self.seen.1));
        let (seen, mode) = (self.seen.0..self.seen.1, searched(stack));
        let found = |line: &Line| mode.is_some_and(|mode| matches(stack, mode, line));
        inserted.follow(&mut self.numbers, |number| seen.contains(&number) && ring.get(number).is_some_and(found));
    }

    /// Drops lines that are no longer in memory.
    fn settle(&mut self, ring: &Ring) {
        let held = ring.numbers();
        let within = |number: i64| number.clamp(held.start, held.end);
        self.seen = (within(self.seen.0), within(self.seen.1));
        while self.numbers.front().is_some_and(|number| *number < held.start) {
            self.numbers.pop_front();
        }
    }

    /// The next match after a line, or the previous one.
    pub fn step(&self, from: i64, forward: bool) -> Option<i64> {
        let after = self.numbers.partition_point(|number| *number <= from);
        let before = self.numbers.partition_point(|number| *number < from);
        let index = if forward { Some(after) } else { before.checked_sub(1) };
        self.numbers.get(index?).copied()
    }

    /// The position of a match among all found so far, counted from 1, if the line is one; and their number.
    pub fn count(&self, at: Option<i64>) -> (Option<usize>, usize) {
        let place = at.and_then(|number| self.numbers.binary_search(&number).ok());
        (place.map(|place| place + 1), self.numbers.len())
    }
}

/// The filters to search for: highlights if there are any.
fn searched(stack: &FilterStack) -> Option<FilterMode> {
    let any = |mode: FilterMode| !stack.suspended && stack.rules.iter().any(|rule| rule.on && rule.mode == mode);
    [FilterMode::Highlight, FilterMode::Include].into_iter().find(|mode| any(*mode))
}

fn matches(stack: &FilterStack, mode: FilterMode, line: &Line) -> bool {
    let verdict = stack.verdict(line);
    let mut lit = stack.rules.iter().filter(|rule| rule.on && rule.mode == mode);
    match mode {
        FilterMode::Highlight => {
            verdict != FilterVerdict::Excluded && line.role == Role::Output && lit.any(|rule| rule.filter.admits(line))
        }
        FilterMode::Include | FilterMode::Exclude => verdict == FilterVerdict::Match,
    }
}
