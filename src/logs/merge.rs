//! The lines of many streams in the order of their time, as far as one can wait for it.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use jiff::Timestamp;

use super::{Line, Role, Source, level};

/// One event as AWS tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub source: Arc<Source>,
    /// FilterLogEvents names it.
    pub id: Option<String>,
    pub at: Timestamp,
    pub text: String,
}

/// Lines that wait until those before them are there.
#[derive(Debug, Default)]
pub struct Merge {
    waiting: BinaryHeap<Reverse<Waiting>>,
    taken: u64,
    /// What is the youngest that was let out.
    out: Option<Timestamp>,
}

#[derive(Debug)]
struct Waiting {
    /// Its place in time: no later than when it came, for a clock that runs ahead must not hold up the others.
    place: Timestamp,
    at: Timestamp,
    number: u64,
    line: Line,
}

impl Merge {
    /// Takes in an event that came at `now`.
    pub fn push(&mut self, said: Said, now: Timestamp) {
        self.put(said.into(), now);
    }

    /// Takes in any line.
    pub fn put(&mut self, line: Line, now: Timestamp) {
        self.taken += 1;
        self.waiting.push(Reverse(Waiting { place: line.at.min(now), at: line.at, number: self.taken, line }));
    }

    /// Lets out, in order, what is not younger than `up_to`, at most so many lines; those whose place is past are
    /// marked, for lines that are read do not move any more.
    pub fn release(&mut self, up_to: Timestamp, most: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while lines.len() < most && self.next().is_some_and(|place| place <= up_to) {
            let Some(Reverse(Waiting { place, mut line, .. })) = self.waiting.pop() else { break };
            line.late = self.out.is_some_and(|out| place < out);
            self.out = self.out.max(Some(place));
            lines.push(line);
        }
        lines
    }

    /// The place in time of the first that waits.
    pub fn next(&self) -> Option<Timestamp> {
        self.waiting.peek().map(|Reverse(first)| first.place)
    }

    /// Lines that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

impl Waiting {
    fn rank(&self) -> (Timestamp, Timestamp, u64) {
        (self.place, self.at, self.number)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl From<Said> for Line {
    fn from(said: Said) -> Self {
        Self {
            source: Some(said.source),
            at: said.at,
            role: Role::Output,
            level: level::of(&said.text),
            late: false,
            text: said.text.into(),
        }
    }
}
