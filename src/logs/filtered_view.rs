//! The lines in sight: those of a ring that pass the filters, found from the place outwards that a person looks at.

use std::{collections::VecDeque, ops::Range};

use super::{
    Line,
    filter::{FilterStack, FilterVerdict},
    ring::{Inserted, Ring},
};

/// What asking about a line costs besides its text, in bytes that are searched.
const LINE: usize = 64;
/// What it costs to take a line that nothing is asked about.
const UNASKED: usize = 16;

/// The numbers of the lines that pass, of one ring through one stack of filters. Looking is done in steps, as many bytes
/// in each as the caller has time for, and nearest first; what is let go drops out, what is new is looked at once.
#[derive(Debug, Clone, Default)]
pub struct FilteredView {
    numbers: VecDeque<i64>,
    /// Where looking began.
    anchor: i64,
    /// The numbers of the lines that have been looked at; none before there are lines.
    seen: Option<Range<i64>>,
    /// The end of the lines when looking began: what is beyond is new, and comes first.
    news: i64,
    /// The lowest and the highest line that was looked for.
    matched: Option<(i64, i64)>,
    /// Lines out of sight near the ends of what has been looked at, in order: a match beyond would bring them in.
    near: [VecDeque<i64>; 2],
    squeezed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

impl FilteredView {
    /// Nothing yet; looking begins at the line with this number.
    pub fn new(anchor: i64) -> Self {
        Self { anchor, ..Self::default() }
    }

    /// The numbers of the lines in sight, in order.
    pub fn numbers(&self) -> &VecDeque<i64> {
        &self.numbers
    }

    /// The index of a line in sight.
    ///
    /// # Errors
    /// Where it is out of sight: the index of the next line that is not.
    pub fn position(&self, number: i64) -> Result<usize, usize> {
        self.numbers.binary_search(&number)
    }

    /// Lines that have been looked at and are out of sight.
    pub fn hidden(&self) -> u64 {
        let seen = self.seen.as_ref().map_or(0, |seen| (seen.end - seen.start).unsigned_abs());
        seen.saturating_sub(self.numbers.len() as u64)
    }

    /// How often lines came into sight between others, for the sake of context: whoever follows `numbers` at its ends
    /// must begin anew.
    pub fn squeezed(&self) -> u64 {
        self.squeezed
    }

    /// Lets go what the ring let go.
    pub fn settle(&mut self, ring: &Ring) {
        let held = ring.numbers();
        let Some(seen) = &mut self.seen else {
            if !held.is_empty() {
                self.anchor = self.anchor.clamp(held.start, held.end);
                self.news = held.end;
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

    /// Follows lines that were put between others. Not with context: that changes with every line that comes between.
    pub fn insert(&mut self, inserted: &Inserted, ring: &Ring, stack: &FilterStack) {
        let moved = |number: i64| inserted.moved(number);
        (self.anchor, self.news) = (moved(self.anchor), moved(self.news));
        self.matched = self.matched.map(|(lowest, highest)| (moved(lowest), moved(highest)));
        let Some(seen) = &mut self.seen else { return };
        *seen = moved(seen.start)..moved(seen.end);
        let asked = stack.is_active();
        let passes = |line: &Line| !asked || matches!(stack.verdict(line), FilterVerdict::Match | FilterVerdict::Pass);
        let shown = |number: i64| seen.contains(&number) && ring.get(number).is_some_and(passes);
        inserted.follow(&mut self.numbers, shown);
    }

    /// Looks at more lines, for as long as it takes to search about so many bytes; whether all have been looked at.
    pub fn advance(&mut self, ring: &Ring, stack: &FilterStack, bytes: usize) -> bool {
        self.settle(ring);
        let held = ring.numbers();
        let Some(mut seen) = self.seen.clone() else { return true };
        let asked = stack.is_active();
        let context = if asked { i64::from(stack.context.unwrap_or_default()) } else { 0 };
        let mut left = bytes;
        while seen != held && left > 0 {
            let side = self.side(&seen, &held);
            let number = if side == Side::Above { seen.start - 1 } else { seen.end };
            let Some(line) = ring.get(number) else { break };
            let (verdict, cost) = match asked {
                true => (stack.verdict(line), LINE + stack.cost(line.text.len())),
                false => (FilterVerdict::Pass, UNASKED),
            };
            left = left.saturating_sub(cost);
            self.take(side, number, verdict, context, &seen);
            match side {
                Side::Above => seen.start = number,
                Side::Below => seen.end = number + 1,
            }
        }
        let done = seen == held;
        self.seen = Some(seen);
        done
    }

    /// Where the next line is looked at: what is new comes first, then what is nearer to where looking began.
    fn side(&self, seen: &Range<i64>, held: &Range<i64>) -> Side {
        let nearer = || seen.end >= self.news || seen.end - self.anchor <= self.anchor - seen.start;
        match seen.end < held.end && (seen.start == held.start || nearer()) {
            true => Side::Below,
            false => Side::Above,
        }
    }

    /// Takes in what was said of a line beyond those that have been looked at.
    fn take(&mut self, side: Side, number: i64, verdict: FilterVerdict, context: i64, seen: &Range<i64>) {
        let shown = match verdict {
            FilterVerdict::Match => {
                self.bring_in(number, context);
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

    /// Brings into sight what is near to a line that was looked for.
    fn bring_in(&mut self, number: i64, context: i64) {
        for near in &mut self.near {
            let start = near.partition_point(|other| *other < number - context);
            let end = near.partition_point(|other| *other <= number + context);
            for number in near.drain(start..end) {
                if let Err(at) = self.numbers.binary_search(&number) {
                    self.squeezed += u64::from(at > 0 && at < self.numbers.len());
                    self.numbers.insert(at, number);
                }
            }
        }
    }

    /// Remembers a line out of sight, for as long as it is near to an end.
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
