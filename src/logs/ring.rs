//! The lines that are held: the newest so many, in so many bytes.

use std::{collections::VecDeque, ops::Range};

use super::Line;

/// What a ring holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub lines: usize,
    /// The lines' text and what each takes besides.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lines: 100_000, bytes: 64 << 20 }
    }
}

/// Lines in the order in which they are read, each with a number that stays its own: the next one at the end has the
/// next number, older ones put before the first have lower numbers, below zero if need be.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    /// The number of the first line.
    first: i64,
    bytes: usize,
    limits: Limits,
    let_go: u64,
    /// Lines are missing before the first: older ones would not join on.
    cut: bool,
}

impl Ring {
    pub fn new(limits: Limits) -> Self {
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
        while self.lines.len() > 1 && (self.lines.len() > self.limits.lines || self.bytes > self.limits.bytes) {
            self.bytes -= self.lines.pop_front().map_or(0, |line| size(&line));
            self.first += 1;
            self.let_go += 1;
            self.cut = true;
        }
        self.numbers().end - 1
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

    /// What the lines take.
    pub fn bytes(&self) -> usize {
        self.bytes
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

    fn ring(limits: Limits, lines: &[&str]) -> Ring {
        let mut ring = Ring::new(limits);
        for text in lines {
            ring.push(said(text));
        }
        ring
    }

    #[test]
    fn numbers_stay_those_of_their_lines() {
        let mut ring = ring(Limits { lines: 3, ..Limits::default() }, &["c", "d"]);
        assert_eq!(ring.prepend(vec![said("b")]), 1);
        assert_eq!((ring.numbers(), texts(&ring)), (-1..2, vec!["b", "c", "d"]));
        assert_eq!(ring.push(said("e")), 2);
        assert_eq!((ring.numbers(), texts(&ring)), (0..3, vec!["c", "d", "e"]));
        assert_eq!((ring.get(-1), ring.get(3), ring.let_go()), (None, None, 1));
    }

    #[test]
    fn bytes_are_limited_as_lines_are_but_one_line_is_always_held() {
        let limits = Limits { bytes: 2 * size(&said("12")), ..Limits::default() };
        let mut ring = ring(limits, &["12", "34", "56"]);
        assert_eq!(texts(&ring), ["34", "56"]);
        assert_eq!(ring.bytes(), limits.bytes);
        ring.push(said(&"x".repeat(1000)));
        assert_eq!((ring.numbers(), ring.let_go()), (3..4, 3));
    }

    #[test]
    fn older_lines_are_taken_up_to_the_limit_the_youngest_first() {
        let mut ring = ring(Limits { lines: 3, ..Limits::default() }, &["d"]);
        assert_eq!(ring.prepend(vec![said("a"), said("b"), said("c")]), 2);
        assert_eq!(texts(&ring), ["b", "c", "d"]);
        assert_eq!(ring.prepend(vec![said("a")]), 0);
    }

    #[test]
    fn older_lines_never_join_on_where_some_between_are_gone() {
        let limits = Limits { bytes: 3 * size(&said("1")), ..Limits::default() };
        let mut ring = ring(limits, &["1", "2", "3"]);
        ring.push(said("45"));
        assert_eq!(texts(&ring), ["3", "45"]);
        assert_eq!(ring.prepend(vec![said("")]), 0, "there would be room for it");
        assert_eq!(texts(&ring), ["3", "45"]);
    }
}
