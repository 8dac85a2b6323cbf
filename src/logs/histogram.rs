//! Counts lines and errors by time.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use jiff::Timestamp;

use super::{Level, Line, Role, filtered_view::FilteredView, ring::Ring};

/// Line counts of a time span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub lines: u32,
    /// Lines of level error or worse.
    pub errors: u32,
}

/// The lines of one [`FilteredView`], counted by second; counting starts over when the view does.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    seconds: BTreeMap<i64, Count>,
    /// The lines counted, in order: number, second, whether it is an error.
    counted: VecDeque<(i64, i64, bool)>,
    context_inserts: u64,
}

impl Histogram {
    /// Counts the lines that have entered the view since the last call, and removes those that have left it.
    pub fn settle(&mut self, ring: &Ring, view: &FilteredView) {
        if self.context_inserts != view.context_inserts() {
            *self = Self { context_inserts: view.context_inserts(), ..Self::default() };
        }
        let numbers = view.numbers();
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

    /// Removes all lines from this number on: their numbers have changed, and they will be counted again.
    pub fn cut(&mut self, number: i64) {
        while let Some((_, second, error)) = self.counted.pop_back_if(|(counted, ..)| *counted >= number) {
            self.uncount(second, error);
        }
    }

    /// From the first second with a line to the end of the last.
    pub fn span(&self) -> Option<Range<Timestamp>> {
        let (first, _) = self.seconds.first_key_value()?;
        let (last, _) = self.seconds.last_key_value()?;
        Some(Timestamp::from_second(*first).ok()?..Timestamp::from_second(last + 1).ok()?)
    }

    /// The counts of all seconds with lines, in order.
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

/// The line, if a container wrote it: task starts and stops may lie far in the past, and would stretch the time axis.
fn written(ring: &Ring, number: i64) -> Option<&Line> {
    ring.get(number).filter(|line| line.role == Role::Output)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::{
        filter::{FilterMode, FilterRule, FilterStack, LineFilter},
        fixture::output_line,
        ring::RingLimits,
    };

    fn line(second: i64, text: &str) -> Line {
        Line { at: Timestamp::from_second(second).unwrap(), ..output_line(text) }
    }

    fn counts(histogram: &Histogram) -> Vec<(i64, u32, u32)> {
        histogram.seconds().map(|(second, count)| (second, count.lines, count.errors)).collect()
    }

    fn counted(lines: &[(i64, &str)]) -> Histogram {
        let (mut ring, mut view, mut histogram) = (Ring::default(), FilteredView::new(0), Histogram::default());
        for (second, text) in lines {
            ring.push(line(*second, text));
        }
        view.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &view);
        histogram
    }

    #[test]
    fn lines_and_errors_are_counted_by_second() {
        let histogram = counted(&[(100, "a"), (100, "ERROR b"), (103, "FATAL c"), (101, "WARN late"), (109, "d")]);
        assert_eq!(counts(&histogram), [(100, 2, 1), (101, 1, 0), (103, 1, 1), (109, 1, 0)]);
        let span = histogram.span().unwrap();
        assert_eq!((span.start.as_second(), span.end.as_second()), (100, 110));
        assert_eq!(counted(&[]).span(), None);
    }

    #[test]
    fn task_starts_and_stops_are_not_counted() {
        let (mut ring, mut view, mut histogram) = (Ring::default(), FilteredView::new(0), Histogram::default());
        ring.push(Line { role: Role::Started, ..line(1, "+ task started") });
        ring.push(line(100, "a"));
        ring.push(Line { role: Role::Stopped { fault: true }, ..line(900, "- task stopped") });
        view.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &view);
        assert_eq!(counts(&histogram), [(100, 1, 0)]);
        ring.push(line(101, "b"));
        view.advance(&ring, &FilterStack::default(), usize::MAX);
        histogram.settle(&ring, &view);
        assert_eq!(counts(&histogram), [(100, 1, 0), (101, 1, 0)]);
    }

    proptest! {
        /// Whatever lines come and go, the counts match the view.
        #[test]
        fn the_counts_match_the_view(
            steps in prop::collection::vec((0u8..5, 0i64..30), 1..80),
            context in prop::option::of(0u16..4),
        ) {
            let filter = LineFilter::parse("error").unwrap();
            let rules = vec![FilterRule { mode: FilterMode::Include, filter, on: true }];
            let stack = FilterStack { rules, suspended: false, context };
            let mut ring = Ring::new(RingLimits { lines: 20, ..RingLimits::default() });
            let (mut view, mut histogram) = (FilteredView::new(0), Histogram::default());
            for (step, second) in steps {
                let line = line(second, if second % 3 == 0 { "ERROR" } else { "fine" });
                match step {
                    0 => { ring.prepend(vec![line]); }
                    1 => { view.advance(&ring, &stack, 150); }
                    2 => {
                        let inserted = ring.insert(vec![line]);
                        inserted.first().into_iter().for_each(|first| histogram.cut(first));
                        match stack.context {
                            None => view.insert(&inserted, &ring, &stack),
                            Some(_) => (view, histogram) = (FilteredView::new(0), Histogram::default()),
                        }
                    }
                    _ => { ring.push(line); }
                }
                if second % 2 == 0 {
                    view.settle(&ring);
                    histogram.settle(&ring, &view);
                }
            }
            view.settle(&ring);
            histogram.settle(&ring, &view);
            let mut recounted = Histogram::default();
            recounted.settle(&ring, &view);
            prop_assert_eq!(&histogram.seconds, &recounted.seconds);
        }
    }
}
