//! The lines held in memory: the newest ones, up to a number of lines and bytes.

use std::{collections::VecDeque, ops::Range};

use super::Line;

/// The most that a ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    pub lines: usize,
    /// Text and overhead of all lines.
    pub bytes: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { lines: 100_000, bytes: 64 << 20 }
    }
}

/// Numbered lines in display order. The next line appended gets the next number; older lines prepended get lower
/// numbers, below zero if needed. A line keeps its number until others are inserted before it.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    /// The number of the first line.
    first: i64,
    bytes: usize,
    limits: RingLimits,
    dropped: u64,
    /// Number of lines inserted between others.
    inserted: u64,
    /// Lines before the first are missing, so older ones can't be prepended any more.
    cut: bool,
}

impl Ring {
    pub fn new(limits: RingLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// An empty ring of the same size.
    pub fn emptied(&self) -> Self {
        Self::new(self.limits)
    }

    /// Appends a line, dropping the oldest ones if needed; returns its number.
    pub fn push(&mut self, line: Line) -> i64 {
        self.bytes += size(&line);
        self.lines.push_back(line);
        self.make_room();
        self.numbers().end - 1
    }

    /// Inserts late lines, sorted by time, where they belong: each after those of the same time. Lines older than the
    /// first line of a ring that has dropped lines are dropped too.
    pub fn insert(&mut self, late: Vec<Line>) -> Inserted {
        let (mut after, mut inserted) = (Vec::new(), Vec::new());
        for line in late.into_iter().rev() {
            // A late line, and one that is out of order, says nothing about the time of its neighbours.
            while let Some(younger) = self.lines.pop_back_if(|held| held.late || held.at > line.at) {
                after.push(younger);
            }
            if self.lines.is_empty() && self.cut {
                self.dropped += 1;
                continue;
            }
            self.bytes += size(&line);
            self.inserted += 1;
            inserted.push(self.numbers().end);
            after.push(line);
        }
        self.lines.extend(after.into_iter().rev());
        self.make_room();
        inserted.reverse();
        Inserted(inserted)
    }

    /// Drops the oldest lines until the limits are met.
    fn make_room(&mut self) {
        while self.lines.len() > 1 && (self.lines.len() > self.limits.lines || self.bytes > self.limits.bytes) {
            self.bytes -= self.lines.pop_front().map_or(0, |line| size(&line));
            self.first += 1;
            self.dropped += 1;
            self.cut = true;
        }
    }

    /// Prepends older lines, as many of the newest as fit; returns how many. None fit once lines before the first are
    /// missing: a log with a hole must not look complete.
    pub fn prepend(&mut self, older: Vec<Line>) -> usize {
        let mut taken = 0;
        for line in older.into_iter().rev() {
            let bytes = self.bytes + size(&line);
            self.cut |= self.lines.len() >= self.limits.lines || bytes > self.limits.bytes;
            if self.cut {
                break;
            }
            self.bytes = bytes;
            self.first -= 1;
            self.lines.push_front(line);
            taken += 1;
        }
        taken
    }

    /// The line with this number, if it is held.
    pub fn get(&self, number: i64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The numbers of the lines held.
    pub fn numbers(&self) -> Range<i64> {
        self.first..self.first + self.lines.len() as i64
    }

    /// Number of lines dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Number of lines inserted between others.
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// Size of all lines in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Lines inserted between others: for each the old number of the line it was inserted before, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inserted(Vec<i64>);

impl Inserted {
    /// The first number that now belongs to another line.
    pub fn first(&self) -> Option<i64> {
        self.0.first().copied()
    }

    /// The new number of the line that had `number`.
    pub fn moved(&self, number: i64) -> i64 {
        number + self.0.partition_point(|before| *before <= number) as i64
    }

    /// The numbers of the inserted lines, in order.
    pub fn numbers(&self) -> impl Iterator<Item = i64> {
        self.0.iter().zip(0..).map(|(before, nth)| before + nth)
    }

    /// Updates a sorted list of line numbers, adding the inserted lines that are `wanted`.
    pub fn follow(&self, numbers: &mut VecDeque<i64>, wanted: impl Fn(i64) -> bool) {
        let Some(first) = self.first() else { return };
        let after = numbers.split_off(numbers.partition_point(|number| *number < first));
        let mut new = self.numbers().filter(|number| wanted(*number)).peekable();
        for number in after {
            let number = self.moved(number);
            while let Some(new) = new.next_if(|new| *new < number) {
                numbers.push_back(new);
            }
            numbers.push_back(number);
        }
        numbers.extend(new);
    }
}

/// Size of a line in bytes: text and overhead.
fn size(line: &Line) -> usize {
    line.text.len() + size_of::<Line>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::fixture::output_line;

    fn texts(ring: &Ring) -> Vec<&str> {
        ring.numbers().filter_map(|number| ring.get(number)).map(|line| &*line.text).collect()
    }

    fn ring(limits: RingLimits, lines: &[&str]) -> Ring {
        let mut ring = Ring::new(limits);
        for text in lines {
            ring.push(output_line(text));
        }
        ring
    }

    #[test]
    fn a_line_keeps_its_number() {
        let mut ring = ring(RingLimits { lines: 3, ..RingLimits::default() }, &["c", "d"]);
        assert_eq!(ring.prepend(vec![output_line("b")]), 1);
        assert_eq!((ring.numbers(), texts(&ring)), (-1..2, vec!["b", "c", "d"]));
        assert_eq!(ring.push(output_line("e")), 2);
        assert_eq!((ring.numbers(), texts(&ring)), (0..3, vec!["c", "d", "e"]));
        assert_eq!((ring.get(-1), ring.get(3), ring.dropped()), (None, None, 1));
    }

    fn at(second: i64, text: &str) -> Line {
        Line { at: jiff::Timestamp::from_second(second).unwrap(), ..output_line(text) }
    }

    #[test]
    fn a_late_line_goes_after_those_of_its_time_and_later_numbers_move() {
        let mut ring = Ring::new(RingLimits { lines: 6, ..RingLimits::default() });
        for line in [at(1, "a"), at(3, "b"), at(3, "c"), at(5, "d")] {
            ring.push(line);
        }
        let inserted = ring.insert(vec![at(0, "first"), at(3, "late")]);
        assert_eq!(texts(&ring), ["first", "a", "b", "c", "late", "d"]);
        assert_eq!(inserted.numbers().collect::<Vec<_>>(), [0, 4]);
        assert_eq!((0..5).map(|number| inserted.moved(number)).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
        // The oldest are dropped, and a line older than those has no place any more.
        let inserted = ring.insert(vec![at(4, "later")]);
        assert_eq!(texts(&ring), ["a", "b", "c", "late", "later", "d"]);
        assert_eq!((ring.dropped(), inserted.first()), (1, Some(5)));
        assert_eq!(ring.insert(vec![at(0, "too old")]), Inserted::default());
        assert_eq!((ring.dropped(), ring.numbers()), (2, 1..7));
    }

    #[test]
    fn a_late_line_is_inserted_despite_lines_out_of_order() {
        let mut ring = Ring::default();
        for line in [at(10, "a"), at(9_999, "ahead"), at(12, "b"), Line { late: true, ..at(5, "old") }, at(14, "c")] {
            ring.push(line);
        }
        ring.insert(vec![at(13, "late")]);
        assert_eq!(texts(&ring), ["a", "ahead", "b", "late", "old", "c"]);
    }

    #[test]
    fn bytes_are_limited_but_one_line_is_always_held() {
        let limits = RingLimits { bytes: 2 * size(&output_line("12")), ..RingLimits::default() };
        let mut ring = ring(limits, &["12", "34", "56"]);
        assert_eq!(texts(&ring), ["34", "56"]);
        assert_eq!(ring.bytes(), limits.bytes);
        ring.push(output_line(&"x".repeat(1000)));
        assert_eq!((ring.numbers(), ring.dropped()), (3..4, 3));
    }

    #[test]
    fn older_lines_are_prepended_up_to_the_limit_newest_first() {
        let mut ring = ring(RingLimits { lines: 3, ..RingLimits::default() }, &["d"]);
        assert_eq!(ring.prepend(vec![output_line("a"), output_line("b"), output_line("c")]), 2);
        assert_eq!(texts(&ring), ["b", "c", "d"]);
        assert_eq!(ring.prepend(vec![output_line("a")]), 0);
    }

    #[test]
    fn older_lines_are_not_prepended_after_a_hole() {
        let limits = RingLimits { bytes: 3 * size(&output_line("1")), ..RingLimits::default() };
        let mut ring = ring(limits, &["1", "2", "3"]);
        ring.push(output_line("45"));
        assert_eq!(texts(&ring), ["3", "45"]);
        assert_eq!(ring.prepend(vec![output_line("")]), 0, "there would be room for it");
        assert_eq!(texts(&ring), ["3", "45"]);
    }
}
