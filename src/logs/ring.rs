//! The lines that are held: the newest so many, in so many bytes.

use std::{collections::VecDeque, ops::Range};

use super::Line;

/// What a ring holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    pub lines: usize,
    /// The lines' text and what each takes besides.
    pub bytes: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { lines: 100_000, bytes: 64 << 20 }
    }
}

/// Lines in the order in which they are read, numbered: the next one at the end has the next number, older ones put before
/// the first have lower numbers, below zero if need be. A line keeps its number until others are put before it.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    /// The number of the first line.
    first: i64,
    bytes: usize,
    limits: RingLimits,
    let_go: u64,
    /// Lines that were put between others.
    inserted: u64,
    /// Lines are missing before the first: older ones would not join on.
    cut: bool,
}

impl Ring {
    pub fn new(limits: RingLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// A ring that holds nothing yet, of the same size.
    pub fn emptied(&self) -> Self {
        Self::new(self.limits)
    }

    /// Puts a line at the end; the oldest ones make room for it. Its number.
    pub fn push(&mut self, line: Line) -> i64 {
        self.bytes += size(&line);
        self.lines.push_back(line);
        self.make_room();
        self.numbers().end - 1
    }

    /// Puts lines that came late, in order of time, where they belong: each after those of the same time. What is older
    /// than a ring that has let lines go is let go as well.
    pub fn insert(&mut self, late: Vec<Line>) -> Inserted {
        let (mut after, mut inserted) = (Vec::new(), Vec::new());
        for line in late.into_iter().rev() {
            // What is out of place says nothing about time.
            while let Some(younger) = self.lines.pop_back_if(|held| held.late || held.at > line.at) {
                after.push(younger);
            }
            if self.lines.is_empty() && self.cut {
                self.let_go += 1;
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

    /// Lets the oldest lines go that there is no room for.
    fn make_room(&mut self) {
        while self.lines.len() > 1 && (self.lines.len() > self.limits.lines || self.bytes > self.limits.bytes) {
            self.bytes -= self.lines.pop_front().map_or(0, |line| size(&line));
            self.first += 1;
            self.let_go += 1;
            self.cut = true;
        }
    }

    /// Puts older lines before the first, as many of the youngest as there is room for: how many that was. None where
    /// there are lines between that are not held: nothing may look complete that isn't.
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

    /// The line with this number, while it is held.
    pub fn get(&self, number: i64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The numbers of the lines that are held.
    pub fn numbers(&self) -> Range<i64> {
        self.first..self.first + self.lines.len() as i64
    }

    /// Lines that had to make room.
    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Lines that were put between others.
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// What the lines take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Lines that were put between others: for each the number, until then, of the line that it was put before. In order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inserted(Vec<i64>);

impl Inserted {
    /// The first number that another line has now.
    pub fn first(&self) -> Option<i64> {
        self.0.first().copied()
    }

    /// The number, now, of the line that had `number`.
    pub fn moved(&self, number: i64) -> i64 {
        number + self.0.partition_point(|before| *before <= number) as i64
    }

    /// The numbers of the lines that were put in, in order.
    pub fn numbers(&self) -> impl Iterator<Item = i64> {
        self.0.iter().zip(0..).map(|(before, nth)| before + nth)
    }

    /// Moves the numbers of lines, which are in order, and puts in those new ones that are `wanted`.
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

/// What a line takes: its text, and what it takes besides.
fn size(line: &Line) -> usize {
    line.text.len() + size_of::<Line>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::fixture::said;

    fn texts(ring: &Ring) -> Vec<&str> {
        ring.numbers().filter_map(|number| ring.get(number)).map(|line| &*line.text).collect()
    }

    fn ring(limits: RingLimits, lines: &[&str]) -> Ring {
        let mut ring = Ring::new(limits);
        for text in lines {
            ring.push(said(text));
        }
        ring
    }

    #[test]
    fn numbers_stay_those_of_their_lines() {
        let mut ring = ring(RingLimits { lines: 3, ..RingLimits::default() }, &["c", "d"]);
        assert_eq!(ring.prepend(vec![said("b")]), 1);
        assert_eq!((ring.numbers(), texts(&ring)), (-1..2, vec!["b", "c", "d"]));
        assert_eq!(ring.push(said("e")), 2);
        assert_eq!((ring.numbers(), texts(&ring)), (0..3, vec!["c", "d", "e"]));
        assert_eq!((ring.get(-1), ring.get(3), ring.let_go()), (None, None, 1));
    }

    fn at(second: i64, text: &str) -> Line {
        Line { at: jiff::Timestamp::from_second(second).unwrap(), ..said(text) }
    }

    #[test]
    fn a_late_line_is_put_after_those_of_its_time_and_the_numbers_behind_it_move() {
        let mut ring = Ring::new(RingLimits { lines: 6, ..RingLimits::default() });
        for line in [at(1, "a"), at(3, "b"), at(3, "c"), at(5, "d")] {
            ring.push(line);
        }
        let inserted = ring.insert(vec![at(0, "first"), at(3, "late")]);
        assert_eq!(texts(&ring), ["first", "a", "b", "c", "late", "d"]);
        assert_eq!(inserted.numbers().collect::<Vec<_>>(), [0, 4]);
        assert_eq!((0..5).map(|number| inserted.moved(number)).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
        // The oldest make room, and what is older than them has no place any more.
        let inserted = ring.insert(vec![at(4, "later")]);
        assert_eq!(texts(&ring), ["a", "b", "c", "late", "later", "d"]);
        assert_eq!((ring.let_go(), inserted.first()), (1, Some(5)));
        assert_eq!(ring.insert(vec![at(0, "too old")]), Inserted::default());
        assert_eq!((ring.let_go(), ring.numbers()), (2, 1..7));
    }

    #[test]
    fn lines_that_are_out_of_place_or_ahead_of_time_hold_no_late_line_up() {
        let mut ring = Ring::default();
        for line in [at(10, "a"), at(9_999, "ahead"), at(12, "b"), Line { late: true, ..at(5, "old") }, at(14, "c")] {
            ring.push(line);
        }
        ring.insert(vec![at(13, "late")]);
        assert_eq!(texts(&ring), ["a", "ahead", "b", "late", "old", "c"]);
    }

    #[test]
    fn bytes_are_limited_as_lines_are_but_one_line_is_always_held() {
        let limits = RingLimits { bytes: 2 * size(&said("12")), ..RingLimits::default() };
        let mut ring = ring(limits, &["12", "34", "56"]);
        assert_eq!(texts(&ring), ["34", "56"]);
        assert_eq!(ring.bytes(), limits.bytes);
        ring.push(said(&"x".repeat(1000)));
        assert_eq!((ring.numbers(), ring.let_go()), (3..4, 3));
    }

    #[test]
    fn older_lines_are_taken_up_to_the_limit_the_youngest_first() {
        let mut ring = ring(RingLimits { lines: 3, ..RingLimits::default() }, &["d"]);
        assert_eq!(ring.prepend(vec![said("a"), said("b"), said("c")]), 2);
        assert_eq!(texts(&ring), ["b", "c", "d"]);
        assert_eq!(ring.prepend(vec![said("a")]), 0);
    }

    #[test]
    fn older_lines_never_join_on_where_some_between_are_gone() {
        let limits = RingLimits { bytes: 3 * size(&said("1")), ..RingLimits::default() };
        let mut ring = ring(limits, &["1", "2", "3"]);
        ring.push(said("45"));
        assert_eq!(texts(&ring), ["3", "45"]);
        assert_eq!(ring.prepend(vec![said("")]), 0, "there would be room for it");
        assert_eq!(texts(&ring), ["3", "45"]);
    }
}
