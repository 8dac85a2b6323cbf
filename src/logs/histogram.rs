//! How many lines there are when, and how many of them are errors.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use jiff::Timestamp;

use super::{Level, Line, Role, filtered_view::FilteredView, ring::Ring};

/// How many lines a stretch of time has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub lines: u32,
    /// Those of them that are errors, or worse.
    pub errors: u32,
}

/// The lines in sight, counted by the second in which they were written. It follows one [`FilteredView`]; another one is counted
/// anew.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    seconds: BTreeMap<i64, Count>,
    /// What is counted, in order: the number of the line, its second, whether it is an error.
    counted: VecDeque<(i64, i64, bool)>,
    squeezed: u64,
}

impl Histogram {
    /// Counts what has come into sight since the last time, and no more what has gone from it.
    pub fn settle(&mut self, ring: &Ring, sight: &FilteredView) {
        if self.squeezed != sight.squeezed() {
            *self = Self { squeezed: sight.squeezed(), ..Self::default() };
        }
        let numbers = sight.numbers();
        let first = numbers.front().copied().unwrap_or(i64::MAX);
        while let Some((_, second, error)) = self.counted.pop_front_if(|(number, ..)| *number < first) {
            self.uncount(second, error);
        }
        let (start, end) = match (self.counted.front(), self.counted.back()) {
            (Some((start, ..)), Some((end, ..))) => (*start, *end),
            _ => (i64::MAX, i64::MAX),
        };
        let older = numbers.partition_point(|number| *number < start);
        let newer = numbers.partition_point(|number| *number <= end);
        for number in numbers.range(..older).rev() {
            if let Some((second, error)) = written(ring, *number).map(|line| self.count(line)) {
                self.counted.push_front((*number, second, error));
            }
        }
        for number in numbers.range(newer..) {
            if let Some((second, error)) = written(ring, *number).map(|line| self.count(line)) {
                self.counted.push_back((*number, second, error));
            }
        }
    }

    /// Counts no more what has this number or a higher one: the numbers have moved, and are counted anew.
    pub fn cut(&mut self, number: i64) {
        while let Some((_, second, error)) = self.counted.pop_back_if(|(counted, ..)| *counted >= number) {
            self.uncount(second, error);
        }
    }

    /// From the first second that has a line to the end of the last.
    pub fn span(&self) -> Option<Range<Timestamp>> {
        let (first, _) = self.seconds.first_key_value()?;
        let (last, _) = self.seconds.last_key_value()?;
        Some(Timestamp::from_second(*first).ok()?..Timestamp::from_second(last + 1).ok()?)
    }

    /// The counts of the seconds that have any, in order.
    pub fn seconds(&self) -> impl Iterator<Item = (i64, Count)> {
        self.seconds.iter().map(|(second, count)| (*second, *count))
    }

    fn count(&mut self, line: &Line) -> (i64, bool) {
        let (second, error) = (line.at.as_second(), line.level >= Some(Level::Error));
        let count = self.seconds.entry(second).or_default();
        count.lines += 1;
        count.errors += u32::from(error);
        (second, error)
    }

    fn uncount(&mut self, second: i64, error: bool) {
        let Some(count) = self.seconds.get_mut(&second) else { return };
        count.lines -= 1;
        count.errors -= u32::from(error);
        if count.lines == 0 {
            self.seconds.remove(&second);
        }
    }
}

/// The line, if a container wrote it: a task that started a week ago is no sign of how busy that week was.
fn written(ring: &Ring, number: i64) -> Option<&Line> {
    ring.get(number).filter(|line| line.role == Role::Output)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::{
        filter::{FilterMode, FilterRule, FilterStack, LineFilter},
        fixture::said,
        ring::RingLimits,
    };

    fn line(second: i64, text: &str) -> Line {
        Line { at: Timestamp::from_second(second).unwrap(), ..said(text) }
    }

    fn counts(histogram: &Histogram) -> Vec<(i64, u32, u32)> {
        histogram.seconds().map(|(second, count)| (second, count.lines, count.errors)).collect()
    }

    fn counted(lines: &[(i64, &str)]) -> Histogram {
        let (mut ring, mut sight, mut histogram) = (Ring::default(), FilteredView::new(0), Histogram::default());
        for (second, text) in lines {
            ring.push(line(*second, text));
        }
        sight.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &sight);
        histogram
    }

    #[test]
    fn lines_and_errors_are_counted_by_time() {
        let histogram = counted(&[(100, "a"), (100, "ERROR b"), (103, "FATAL c"), (101, "WARN late"), (109, "d")]);
        assert_eq!(counts(&histogram), [(100, 2, 1), (101, 1, 0), (103, 1, 1), (109, 1, 0)]);
        let span = histogram.span().unwrap();
        assert_eq!((span.start.as_second(), span.end.as_second()), (100, 110));
        assert_eq!(counted(&[]).span(), None);
    }

    #[test]
    fn what_befell_tasks_stretches_no_time() {
        let (mut ring, mut sight, mut histogram) = (Ring::default(), FilteredView::new(0), Histogram::default());
        ring.push(Line { role: Role::Started, ..line(1, "+ task started") });
        ring.push(line(100, "a"));
        ring.push(Line { role: Role::Stopped { fault: true }, ..line(900, "- task stopped") });
        sight.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &sight);
        assert_eq!(counts(&histogram), [(100, 1, 0)]);
        ring.push(line(101, "b"));
        sight.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &sight);
        assert_eq!(counts(&histogram), [(100, 1, 0), (101, 1, 0)]);
    }

    proptest! {
        /// However lines come and go, what is counted is what is in sight.
        #[test]
        fn it_follows_what_is_in_sight(
            steps in prop::collection::vec((0u8..5, 0i64..30), 1..80),
            context in prop::option::of(0u16..4),
        ) {
            let filter = LineFilter::parse("error").unwrap();
            let rules = vec![FilterRule { mode: FilterMode::Include, filter, on: true }];
            let stack = FilterStack { rules, suspended: false, context };
            let mut ring = Ring::new(RingLimits { lines: 20, ..RingLimits::default() });
            let (mut sight, mut histogram) = (FilteredView::new(0), Histogram::default());
            for (step, second) in steps {
                let line = line(second, if second % 3 == 0 { "ERROR" } else { "fine" });
                match step {
                    0 => { ring.prepend(vec![line]); }
                    1 => { sight.advance(&ring, &stack, 150); }
                    2 => {
                        let inserted = ring.insert(vec![line]);
                        inserted.first().into_iter().for_each(|first| histogram.cut(first));
                        match stack.context {
                            None => sight.insert(&inserted, &ring, &stack),
                            Some(_) => (sight, histogram) = (FilteredView::new(0), Histogram::default()),
                        }
                    }
                    _ => { ring.push(line); }
                }
                if second % 2 == 0 {
                    sight.settle(&ring);
                    histogram.settle(&ring, &sight);
                }
            }
            sight.settle(&ring);
            histogram.settle(&ring, &sight);
            let mut anew = Histogram::default();
            anew.settle(&ring, &sight);
            prop_assert_eq!(&histogram.seconds, &anew.seconds);
        }
    }
}
