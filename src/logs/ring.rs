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
        }
        self.numbers().end - 1
    }

    /// Puts older lines before the first, as many of the youngest as there is room for: how many that was.
    pub fn prepend(&mut self, older: Vec<Line>) -> usize {
        let mut taken = 0;
        for line in older.into_iter().rev() {
            let bytes = self.bytes + size(&line);
            if self.lines.len() >= self.limits.lines || bytes > self.limits.bytes {
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
