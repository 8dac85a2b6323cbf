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
        let place = line.at.min(now);
        self.waiting.push(Reverse(Waiting { place, at: line.at, number: self.taken, line }));
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
            task: None,
            text: said.text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::logs::Stream;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn said(ms: i64, number: usize) -> Said {
        let source = Arc::new(Source {
            stream: Stream { region: None, group: "web".into(), name: "one".into() },
            task_arn: "task".into(),
            container: "app".into(),
            service: None,
            revision: None,
        });
        Said { source, id: None, at: at(ms), text: number.to_string() }
    }

    const WINDOW: i64 = 2_000;

    proptest! {
        /// Lines written at some time come up to so much later.
        #[test]
        fn lines_are_complete_and_what_comes_within_the_window_is_in_order(
            written in vec((0..60_000_i64, 0..4_000_i64), 0..300),
        ) {
            let mut coming: Vec<(i64, i64, usize)> =
                written.iter().enumerate().map(|(number, (at, delay))| (at + delay, *at, number)).collect();
            coming.sort_unstable();
            let mut merge = Merge::default();
            let mut lines = Vec::new();
            for (now, ms, number) in coming {
                lines.extend(merge.release(at(now) - SignedDuration::from_millis(WINDOW), usize::MAX));
                merge.push(said(ms, number), at(now));
            }
            lines.extend(merge.release(at(i64::from(u32::MAX)), usize::MAX));
            let mut shown = at(-1);
            for line in &lines {
                prop_assert_eq!(line.late, line.at < shown);
                shown = shown.max(line.at);
                let (_, delay) = written[line.text.parse::<usize>().unwrap()];
                prop_assert!(!line.late || delay > WINDOW, "late after {} ms", delay);
            }
            let mut numbers: Vec<usize> = lines.iter().map(|line| line.text.parse().unwrap()).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..written.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_alike_in_time_stays_as_it_came() {
        let mut merge = Merge::default();
        (0..50).for_each(|number| merge.push(said(5, number), at(10)));
        let texts: Vec<_> = merge.release(at(10), 100).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, (0..50).map(|number| number.to_string().into()).collect::<Vec<Box<str>>>());
    }

    #[test]
    fn a_line_from_the_future_is_in_its_place_when_it_came() {
        let mut merge = Merge::default();
        merge.push(said(9_000_000, 0), at(10));
        merge.push(said(20, 1), at(30));
        let lines = merge.release(at(30), 100);
        assert_eq!(lines.iter().map(|line| (&*line.text, line.late)).collect::<Vec<_>>(), [("0", false), ("1", false)]);
    }
}
