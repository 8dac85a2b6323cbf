//! The lines that pass the filters.

use std::collections::VecDeque;

use super::{filter::Stack, ring::Ring};

/// Numbers of the lines that pass, found outwards from an anchor.
#[derive(Debug, Default)]
pub struct Sight {
    numbers: VecDeque<i64>,
    /// What is scanned: from the first to before the second.
    scanned: (i64, i64),
    hidden: u64,
}

impl Sight {
    pub fn new(anchor: i64) -> Self {
        Self { numbers: VecDeque::new(), scanned: (anchor, anchor), hidden: 0 }
    }

    /// Scans on by about so many bytes of text; true when all lines are scanned.
    pub fn advance(&mut self, ring: &Ring, stack: &Stack, _bytes: usize) -> bool {
        let held = ring.numbers();
        for number in self.scanned.1.max(held.start)..held.end {
            match ring.get(number).is_some_and(|line| stack.admits(line)) {
                true => self.numbers.push_back(number),
                false => self.hidden += 1,
            }
        }
        for number in (held.start..self.scanned.0.min(held.end)).rev() {
            match ring.get(number).is_some_and(|line| stack.admits(line)) {
                true => self.numbers.push_front(number),
                false => self.hidden += 1,
            }
        }
        self.scanned = (held.start, held.end);
        true
    }

    pub fn numbers(&self) -> &VecDeque<i64> {
        &self.numbers
    }

    /// Where a number is among them, or would be.
    pub fn position(&self, number: i64) -> Result<usize, usize> {
        self.numbers.binary_search(&number)
    }

    pub fn hidden(&self) -> u64 {
        self.hidden
    }

    /// Forgets what is no longer held.
    pub fn settle(&mut self, ring: &Ring) {
        while self.numbers.front().is_some_and(|number| *number < ring.numbers().start) {
            self.numbers.pop_front();
        }
    }
}
