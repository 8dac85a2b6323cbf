//! The lines of a log in memory, and those that pass the filters.

use super::columns::Origins;
use crate::logs::{
    Line, Role,
    filter::FilterStack,
    filtered_view::FilteredView,
    ring::{Inserted, Ring},
};

/// Bytes to filter at once; the rest follows at the next tick.
const AT_ONCE: usize = 4 << 20;

/// What is known about lines before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Older {
    /// There may be some.
    #[default]
    Unknown,
    /// They must be requested.
    Wanted,
    Asked,
    /// There are none.
    None,
    /// There is no room for them.
    Full,
}

/// The lines in memory, and those that are shown. An index counts shown lines; a number identifies a line of the ring.
#[derive(Debug)]
pub struct LogBuffer {
    pub ring: Ring,
    /// The lines of the ring that pass the filters.
    pub view: FilteredView,
    /// The filters; [`set_filters`](Self::set_filters) changes them.
    pub stack: FilterStack,
    /// Lines with lower numbers have been cleared from the screen.
    pub cleared: Option<i64>,
    pub older: Older,
    pub(super) origins: Origins,
    /// Incremented whenever the filters change.
    pub revision: u64,
}

impl LogBuffer {
    pub fn new(ring: Ring) -> Self {
        Self {
            ring,
            view: FilteredView::default(),
            stack: FilterStack::default(),
            cleared: None,
            older: Older::default(),
            origins: Origins::default(),
            revision: 0,
        }
    }

    /// Appends lines.
    pub fn push(&mut self, lines: Vec<Line>) {
        for line in lines {
            self.origins.note(&line);
            self.ring.push(line);
        }
    }

    /// Prepends older lines; `end` means that there are no others.
    pub fn prepend(&mut self, lines: Vec<Line>, end: bool) {
        lines.iter().for_each(|line| self.origins.note(line));
        let came = lines.len();
        let taken = self.ring.prepend(lines);
        self.older = match end {
            _ if taken < came => Older::Full,
            true => Older::None,
            false => Older::Unknown,
        };
    }

    /// Inserts late lines by their time. With context lines around matches, the filters must be set again.
    pub fn insert(&mut self, late: Vec<Line>) -> Inserted {
        late.iter().for_each(|line| self.origins.note(line));
        let inserted = self.ring.insert(late);
        self.cleared = self.cleared.map(|number| inserted.moved(number));
        if inserted.first().is_some() && self.stack.context.is_none() {
            self.view.insert(&inserted, &self.ring, &self.stack);
        }
        inserted
    }

    /// Sets the filters; lines are filtered from `anchor` outwards.
    pub fn set_filters(&mut self, stack: FilterStack, anchor: i64) {
        self.stack = stack;
        self.view = FilteredView::new(anchor);
        self.revision += 1;
    }

    /// Filters more lines; returns whether all have been filtered.
    pub fn settle(&mut self) -> bool {
        self.view.settle(&self.ring);
        self.view.advance(&self.ring, &self.stack, AT_ONCE)
    }

    /// Requests the lines before the first, unless they have been requested or would leave a gap.
    pub fn want_older(&mut self) {
        if self.older == Older::Unknown && self.cleared.is_none() && self.ring.dropped() == 0 {
            self.older = Older::Wanted;
        }
    }

    /// Number of shown lines.
    pub fn shown(&self) -> usize {
        self.view.numbers().len() - self.cleared_lines()
    }

    /// Number of passing lines that have been cleared from the screen.
    pub fn cleared_lines(&self) -> usize {
        self.cleared.map_or(0, |before| self.view.position(before).unwrap_or_else(|index| index))
    }

    /// The index of the last line; 0 if there is none.
    pub fn last(&self) -> usize {
        self.shown().saturating_sub(1)
    }

    /// The number of the line with this index.
    pub fn number(&self, index: usize) -> Option<i64> {
        self.view.numbers().get(self.cleared_lines() + index).copied()
    }

    /// The index of the line with this number, or of the next shown one.
    pub fn index(&self, number: i64) -> usize {
        let index = self.view.position(number).unwrap_or_else(|index| index);
        index.saturating_sub(self.cleared_lines()).min(self.last())
    }

    /// The line with this index, and its number.
    pub fn line(&self, index: usize) -> Option<(i64, &Line)> {
        let number = self.number(index)?;
        Some((number, self.ring.get(number)?))
    }

    /// Whether the line with this number is shown.
    pub fn shows(&self, number: i64) -> bool {
        self.view.position(number).is_ok_and(|index| index >= self.cleared_lines())
    }

    /// The nearest shown line after `from`, or before it, that satisfies `wanted`.
    pub fn near(&self, from: i64, forward: bool, wanted: impl Fn(&Line) -> bool) -> Option<i64> {
        let at = self.view.position(from);
        let found = |number: &&i64| self.ring.get(**number).is_some_and(&wanted);
        match forward {
            true => self.view.numbers().range(at.map_or_else(|at| at, |at| at + 1)..).find(found),
            false => {
                let shown = self.view.numbers().range(self.cleared_lines()..);
                shown.rev().skip_while(|number| **number >= from).find(found)
            }
        }
        .copied()
    }

    /// The first shown line that satisfies `wanted`, or else the last line.
    pub fn first_or_last(&self, wanted: impl Fn(&Line) -> bool) -> Option<i64> {
        let mut shown = self.view.numbers().range(self.cleared_lines()..).copied();
        let found = shown.find(|number| self.ring.get(*number).is_some_and(&wanted));
        found.or_else(|| self.view.numbers().back().copied())
    }

    /// The time of the last mark.
    pub fn marked(&self) -> Option<jiff::Timestamp> {
        let mut lines = self.ring.numbers().rev().filter_map(|number| self.ring.get(number));
        lines.find(|line| line.role == Role::Mark).map(|line| line.at)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::logs::{
        filter::{FilterMode, FilterRule, LineFilter},
        ring::RingLimits,
    };

    fn line(second: i64) -> Line {
        let at = Timestamp::from_second(second).unwrap();
        let text = if second % 2 == 0 { "even" } else { "odd" };
        Line { source: None, at, role: Role::Output, level: None, late: false, task: None, text: text.into() }
    }

    /// Lines of seconds 0 to 9, with the same numbers.
    fn ten() -> LogBuffer {
        let mut buffer = LogBuffer::new(Ring::new(RingLimits { lines: 12, ..RingLimits::default() }));
        buffer.push((0..10).map(line).collect());
        buffer.settle();
        buffer
    }

    fn filter(buffer: &mut LogBuffer, text: &str) {
        let filter = LineFilter::parse(text).unwrap();
        let rules = vec![FilterRule { mode: FilterMode::Include, filter, on: true }];
        buffer.set_filters(FilterStack { rules, ..FilterStack::default() }, 10);
        buffer.settle();
    }

    #[test]
    fn an_index_counts_passing_lines_that_are_not_cleared() {
        let mut buffer = ten();
        filter(&mut buffer, "odd");
        assert_eq!((buffer.shown(), buffer.number(0), buffer.number(4)), (5, Some(1), Some(9)));
        assert_eq!(buffer.index(4), 2, "the next one that is shown");
        buffer.cleared = Some(4);
        assert_eq!((buffer.shown(), buffer.cleared_lines(), buffer.number(0)), (3, 2, Some(5)));
        assert!(buffer.shows(5) && !buffer.shows(3) && !buffer.shows(6));
    }

    #[test]
    fn the_nearest_line_is_found_both_ways_except_among_cleared_ones() {
        let mut buffer = ten();
        buffer.cleared = Some(4);
        assert_eq!(buffer.near(6, true, |line| &*line.text == "even"), Some(8));
        assert_eq!(buffer.near(6, false, |line| &*line.text == "even"), Some(4));
        assert_eq!(buffer.near(4, false, |_| true), None);
        assert_eq!(buffer.first_or_last(|line| line.at.as_second() >= 7), Some(7));
        assert_eq!(buffer.first_or_last(|line| line.at.as_second() >= 70), Some(9));
    }

    #[test]
    fn a_late_line_moves_what_was_cleared_with_its_lines() {
        let mut buffer = ten();
        buffer.cleared = Some(8);
        buffer.insert(vec![line(3)]);
        assert_eq!((buffer.cleared, buffer.shown()), (Some(9), 2));
    }

    #[test]
    fn older_lines_are_requested_once_and_never_with_a_gap() {
        let mut buffer = ten();
        buffer.want_older();
        assert_eq!(buffer.older, Older::Wanted);
        buffer.prepend(vec![line(0)], true);
        buffer.want_older();
        assert_eq!(buffer.older, Older::None);
        let mut full = ten();
        full.push((10..20).map(line).collect());
        full.want_older();
        assert_eq!(full.older, Older::Unknown);
    }
}
