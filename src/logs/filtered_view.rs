//! The lines of a ring that pass the filters, computed in steps from the cursor outwards.

use std::{collections::VecDeque, ops::Range};

use super::{
    Line,
    filter::{FilterStack, FilterVerdict},
    ring::{Inserted, Ring},
};

/// The cost of evaluating a line besides its text, in bytes searched.
const LINE: usize = 64;
/// The cost of a line when there is no filter.
const UNFILTERED_LINE: usize = 16;

/// Numbers of the lines of a ring that pass a filter stack. Evaluation is done in steps, each of as many bytes as the
/// caller has time for, nearest lines first. Lines dropped by the ring drop out, new lines are evaluated first.
#[derive(Debug, Clone, Default)]
pub struct FilteredView {
    numbers: VecDeque<i64>,
    /// The line number where evaluation started.
    anchor: i64,
    /// The numbers of the lines evaluated; none while the ring is empty.
    seen: Option<Range<i64>>,
    /// The end of the ring when evaluation started: lines after it are new, and come first.
    new_from: i64,
    /// The lowest and the highest matching line.
    matched: Option<(i64, i64)>,
    /// Hidden lines near either end of those evaluated, in order: a match beyond the end would make them context.
    near: [VecDeque<i64>; 2],
    context_inserts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

impl FilteredView {
    /// An empty view; evaluation starts at the line with this number.
    pub fn new(anchor: i64) -> Self {
        Self { anchor, ..Self::default() }
    }

    /// The numbers of the lines shown, in order.
    pub fn numbers(&self) -> &VecDeque<i64> {
        &self.numbers
    }

    /// The index of a line in the view.
    ///
    /// # Errors
    /// The line is hidden; the error is the index of the next line shown.
    pub fn position(&self, number: i64) -> Result<usize, usize> {
        self.numbers.binary_search(&number)
    }

    /// Number of lines evaluated and hidden.
    pub fn hidden(&self) -> u64 {
        let seen = self.seen.as_ref().map_or(0, |seen| (seen.end - seen.start).unsigned_abs());
        seen.saturating_sub(self.numbers.len() as u64)
    }

    /// Number of times that context lines were inserted between others. Whoever follows `numbers` at its ends must
    /// start over when it changes.
    pub fn context_inserts(&self) -> u64 {
        self.context_inserts
    }

    /// Drops the lines that the ring has dropped.
    pub fn settle(&mut self, ring: &Ring) {
        let held = ring.numbers();
        let Some(seen) = &mut self.seen else {
            if !held.is_empty() {
                self.anchor = self.anchor.clamp(held.start, held.end);
                self.new_from = held.end;
                self.seen = Some(self.anchor..self.anchor);
            }
            return;
        };
        if seen.start < held.start {
            seen.start = held.start;
            seen.end = seen.end.max(held.start);
            for numbers in [&mut self.numbers].into_iter().chain(&mut self.near) {
                numbers.drain(..numbers.partition_point(|number| *number < held.start));
            }
        }
    }

    /// Applies an insertion of late lines. Not for use with context, which would change around every inserted line.
    pub fn insert(&mut self, inserted: &Inserted, ring: &Ring, stack: &FilterStack) {
        let moved = |number: i64| inserted.moved(number);
        (self.anchor, self.new_from) = (moved(self.anchor), moved(self.new_from));
        self.matched = self.matched.map(|(lowest, highest)| (moved(lowest), moved(highest)));
        let Some(seen) = &mut self.seen else { return };
        *seen = moved(seen.start)..moved(seen.end);
        let filtered = stack.is_active();
        let passes =
            |line: &Line| !filtered || matches!(stack.verdict(line), FilterVerdict::Match | FilterVerdict::Pass);
        let shown = |number: i64| seen.contains(&number) && ring.get(number).is_some_and(passes);
        inserted.follow(&mut self.numbers, shown);
    }

    /// Evaluates more lines, up to a cost of about `bytes`; returns whether all have been evaluated.
    pub fn advance(&mut self, ring: &Ring, stack: &FilterStack, bytes: usize) -> bool {
        self.settle(ring);
        let held = ring.numbers();
        let Some(mut seen) = self.seen.clone() else { return true };
        let filtered = stack.is_active();
        let context = if filtered { i64::from(stack.context.unwrap_or_default()) } else { 0 };
        let mut left = bytes;
        while seen != held && left > 0 {
            let side = self.side(&seen, &held);
            let number = if side == Side::Above { seen.start - 1 } else { seen.end };
            let Some(line) = ring.get(number) else { break };
            let (verdict, cost) = match filtered {
                true => (stack.verdict(line), LINE + stack.cost(line.text.len())),
                false => (FilterVerdict::Pass, UNFILTERED_LINE),
            };
            left = left.saturating_sub(cost);
            self.add(side, number, verdict, context, &seen);
            match side {
                Side::Above => seen.start = number,
                Side::Below => seen.end = number + 1,
            }
        }
        let done = seen == held;
        self.seen = Some(seen);
        done
    }

    /// The side to evaluate next: new lines come first, then the side nearer to the anchor.
    fn side(&self, seen: &Range<i64>, held: &Range<i64>) -> Side {
        let nearer = || seen.end >= self.new_from || seen.end - self.anchor <= self.anchor - seen.start;
        match seen.end < held.end && (seen.start == held.start || nearer()) {
            true => Side::Below,
            false => Side::Above,
        }
    }

    /// Adds a newly evaluated line.
    fn add(&mut self, side: Side, number: i64, verdict: FilterVerdict, context: i64, seen: &Range<i64>) {
        let shown = match verdict {
            FilterVerdict::Match => {
                self.show_context(number, context);
                let (lowest, highest) = self.matched.unwrap_or((number, number));
                self.matched = Some((lowest.min(number), highest.max(number)));
                true
            }
            FilterVerdict::Pass => true,
            FilterVerdict::Miss => self.matched.is_some_and(|(lowest, highest)| {
                let distance = if side == Side::Above { lowest - number } else { number - highest };
                distance <= context
            }),
            FilterVerdict::Excluded => false,
        };
        match (shown, side) {
            (true, Side::Above) => self.numbers.push_front(number),
            (true, Side::Below) => self.numbers.push_back(number),
            (false, _) if verdict == FilterVerdict::Miss && context > 0 => self.keep_near(side, number, context, seen),
            (false, _) => {}
        }
    }

    /// Shows the hidden lines near a match as context.
    fn show_context(&mut self, number: i64, context: i64) {
        for near in &mut self.near {
            let start = near.partition_point(|other| *other < number - context);
            let end = near.partition_point(|other| *other <= number + context);
            for number in near.drain(start..end) {
                if let Err(at) = self.numbers.binary_search(&number) {
                    self.context_inserts += u64::from(at > 0 && at < self.numbers.len());
                    self.numbers.insert(at, number);
                }
            }
        }
    }

    /// Remembers a hidden line while it is near an end.
    fn keep_near(&mut self, side: Side, number: i64, context: i64, seen: &Range<i64>) {
        let [above, below] = &mut self.near;
        match side {
            Side::Above => {
                above.push_front(number);
                above.truncate(above.partition_point(|other| *other < number + context));
                if number >= seen.end - context {
                    below.push_front(number);
                }
            }
            Side::Below => {
                below.push_back(number);
                below.drain(..below.partition_point(|other| *other <= number - context));
                if number < seen.start + context {
                    above.push_back(number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
