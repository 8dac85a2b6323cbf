//! What one does with a log while reading it: what is looked for, where one has been, what is picked.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::LogView;
use crate::logs::{
    Line, Role,
    filter::{FilterMode, FilterStack, FilterVerdict},
    histogram::Histogram,
    ring::{Inserted, Ring},
};

/// What a reader keeps for finding things.
#[derive(Debug, Default)]
pub struct SearchState {
    pub matches: Matches,
    /// Where a range that is being picked begins.
    pub range: Option<i64>,
    /// The strip of counts over time is shown.
    pub strip: bool,
    /// What it shows.
    pub(super) histogram: Histogram,
    /// From when on elapsed time is told beside every line.
    pub elapsed: Option<Since>,
    /// Where to go once the lines are there.
    pub seek: Option<Timestamp>,
}

/// Where elapsed time begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// At the last mark.
    Mark(Timestamp),
    /// At a line.
    Line(Timestamp),
}

impl Since {
    pub fn at(self) -> Timestamp {
        match self {
            Self::Mark(at) | Self::Line(at) => at,
        }
    }
}

/// The lines that match what is searched for: what is highlighted, else what is included. Found outwards from an anchor,
/// some at a time.
#[derive(Debug, Default)]
pub struct Matches {
    numbers: VecDeque<i64>,
    /// What has been looked at: from the first number to before the second.
    seen: (i64, i64),
}

impl Matches {
    pub fn new(anchor: i64) -> Self {
        Self { numbers: VecDeque::new(), seen: (anchor, anchor) }
    }

    /// Whether anything is searched for.
    pub fn sought(stack: &FilterStack) -> bool {
        searched(stack).is_some()
    }

    /// Looks at about so many bytes more; true when all lines have been looked at.
    pub fn advance(&mut self, ring: &Ring, stack: &FilterStack, bytes: usize) -> bool {
        let Some(mode) = searched(stack) else { return true };
        let held = ring.numbers();
        self.settle(ring);
        let mut left = bytes;
        while left > 0 && (self.seen.1 < held.end || self.seen.0 > held.start) {
            // The end first: that is where one reads.
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

    /// Follows lines that were put between others.
    pub fn insert(&mut self, inserted: &Inserted, ring: &Ring, stack: &FilterStack) {
        self.seen = (inserted.moved(self.seen.0), inserted.moved(self.seen.1));
        let (seen, mode) = (self.seen.0..self.seen.1, searched(stack));
        let found = |line: &Line| mode.is_some_and(|mode| matches(stack, mode, line));
        inserted.follow(&mut self.numbers, |number| seen.contains(&number) && ring.get(number).is_some_and(found));
    }

    /// Forgets what is no longer held.
    fn settle(&mut self, ring: &Ring) {
        let held = ring.numbers();
        let within = |number: i64| number.clamp(held.start, held.end);
        self.seen = (within(self.seen.0), within(self.seen.1));
        while self.numbers.front().is_some_and(|number| *number < held.start) {
            self.numbers.pop_front();
        }
    }

    /// The next match after a line, or the one before it.
    pub fn step(&self, from: i64, forward: bool) -> Option<i64> {
        let after = self.numbers.partition_point(|number| *number <= from);
        let before = self.numbers.partition_point(|number| *number < from);
        let index = if forward { Some(after) } else { before.checked_sub(1) };
        self.numbers.get(index?).copied()
    }

    /// The match's place among all that are found, counted from 1, when the line is one; and how many are found.
    pub fn count(&self, at: Option<i64>) -> (Option<usize>, usize) {
        let place = at.and_then(|number| self.numbers.binary_search(&number).ok());
        (place.map(|place| place + 1), self.numbers.len())
    }
}

/// What is searched for: highlights where there are any.
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

/// Text that is looked through for matches at once; the rest has its turn at the next tick.
const AT_ONCE: usize = 4 << 20;

impl LogView {
    /// Looks for matches, once all lines that pass are known, and goes where it was meant to; whether it is through.
    pub(super) fn settle_finding(&mut self, searched: bool) -> bool {
        self.arrive();
        self.picked = self.picked.split_off(&self.ring.numbers().start);
        self.search.range.take_if(|_| self.follow);
        if self.search.strip {
            self.search.histogram.settle(&self.ring, &self.view);
        }
        searched && self.search.matches.advance(&self.ring, &self.stack, AT_ONCE)
    }

    /// Leaves one layer of what was looked for and picked; false when there is none.
    pub(super) fn leave_found(&mut self) -> bool {
        let mut stack = self.stack.clone();
        let highlighted = stack.rules.iter().any(|rule| rule.mode == FilterMode::Highlight);
        if self.search.range.take().is_some() {
        } else if !self.picked.is_empty() {
            self.picked.clear();
        } else if stack.context.take().is_some() {
            self.set_stack(stack);
        } else if highlighted {
            stack.rules.retain(|rule| rule.mode != FilterMode::Highlight);
            self.set_stack(stack);
        } else if !stack.rules.is_empty() {
            self.set_stack(FilterStack::default());
        } else {
            return false;
        }
        true
    }
}
