//! Merges the lines of several streams by time, within a window. Lines that arrive after it are released separately, to
//! be inserted between the others.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Line, Role, Source, level};

/// One event as AWS returns it.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    pub source: Arc<Source>,
    /// Only FilterLogEvents returns one.
    pub id: Option<String>,
    pub at: Timestamp,
    pub text: String,
}

/// Lines that wait for earlier ones.
#[derive(Debug, Default)]
pub struct Merge {
    waiting: BinaryHeap<Reverse<Waiting>>,
    taken: u64,
    /// The newest place that was released.
    out: Option<Timestamp>,
}

/// Lines that are released together.
#[derive(Debug, Default)]
pub struct Released {
    /// Lines that belong before some released earlier; in order.
    pub late: Vec<Line>,
    /// Lines to append; in order.
    pub lines: Vec<Line>,
}

#[derive(Debug)]
struct Waiting {
    /// Its place in time: no later than its arrival, so that a clock that runs ahead doesn't hold up other lines.
    place: Timestamp,
    at: Timestamp,
    number: u64,
    line: Line,
}

impl Merge {
    /// Adds an event that arrived at `now`.
    pub fn push(&mut self, event: LogEvent, now: Timestamp) {
        self.put(event.into(), now);
    }

    /// Adds any line.
    pub fn put(&mut self, line: Line, now: Timestamp) {
        self.taken += 1;
        let place = line.at.min(now);
        self.waiting.push(Reverse(Waiting { place, at: line.at, number: self.taken, line }));
    }

    /// Releases at most `most` lines that are not newer than `up_to`. A line older than some already released is
    /// inserted before these if it is at most `reach` older; starts and stops of tasks always are. An even later line
    /// is marked late, and appended.
    pub fn release(&mut self, up_to: Timestamp, reach: SignedDuration, most: usize) -> Released {
        let mut released = Released::default();
        while released.late.len() + released.lines.len() < most && self.next().is_some_and(|place| place <= up_to) {
            let Some(Reverse(Waiting { place, mut line, .. })) = self.waiting.pop() else { break };
            let behind = self.out.map(|out| out.duration_since(place)).filter(SignedDuration::is_positive);
            let is_edge = matches!(line.role, Role::Started | Role::Stopped { .. });
            match behind {
                Some(behind) if is_edge || behind <= reach => released.late.push(line),
                _ => {
                    line.late = behind.is_some();
                    self.out = self.out.max(Some(place));
                    released.lines.push(line);
                }
            }
        }
        released
    }

    /// The place in time of the first waiting line.
    pub fn next(&self) -> Option<Timestamp> {
        self.waiting.peek().map(|Reverse(first)| first.place)
    }

    /// Number of waiting lines.
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

impl From<LogEvent> for Line {
    fn from(event: LogEvent) -> Self {
        Self {
            source: Some(event.source),
            at: event.at,
            role: Role::Output,
            level: level::detect(&event.text),
            late: false,
            task: None,
            text: event.text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::logs::{Stream, ring::Ring};

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn event(ms: i64, number: usize) -> LogEvent {
        let source = Arc::new(Source {
            stream: Stream { region: None, group: "web".into(), name: "one".into() },
            task_arn: "task".into(),
            container: "app".into(),
            service: None,
            revision: None,
        });
        LogEvent { source, id: None, at: at(ms), text: number.to_string() }
    }

    const WINDOW: i64 = 2_000;
    const REACH: SignedDuration = SignedDuration::from_secs(60);

    proptest! {
        /// Each line arrives up to four seconds after it was written.
        #[test]
        fn lines_within_the_window_are_in_order_and_late_ones_are_inserted(
            written in vec((0..60_000_i64, 0..4_000_i64), 0..300),
        ) {
            let mut coming: Vec<(i64, i64, usize)> =
                written.iter().enumerate().map(|(number, (at, delay))| (at + delay, *at, number)).collect();
            coming.sort_unstable();
            let mut merge = Merge::default();
            let (mut ring, mut newest) = (Ring::default(), at(-1));
            let mut take = |released: Released| {
                for line in &released.late {
                    let (_, delay) = written[line.text.parse::<usize>().unwrap()];
                    assert!(line.at < newest && delay > WINDOW, "late after {delay} ms");
                }
                ring.insert(released.late);
                for line in released.lines {
                    assert!(line.at >= newest && !line.late);
                    newest = line.at;
                    ring.push(line);
                }
            };
            for (now, ms, number) in &coming {
                take(merge.release(at(*now) - SignedDuration::from_millis(WINDOW), REACH, usize::MAX));
                merge.push(event(*ms, *number), at(*now));
            }
            take(merge.release(at(i64::from(u32::MAX)), REACH, usize::MAX));
            // By time; lines of the same time in the order of arrival.
            let mut expected: Vec<(i64, usize)> = coming.iter().map(|(_, ms, number)| (*ms, *number)).collect();
            expected.sort_by_key(|(ms, _)| *ms);
            let held = ring.numbers().filter_map(|number| ring.get(number));
            let found: Vec<_> = held.map(|line| (line.at.as_millisecond(), line.text.parse().unwrap())).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn lines_of_the_same_time_keep_their_order_of_arrival() {
        let mut merge = Merge::default();
        (0..50).for_each(|number| merge.push(event(5, number), at(10)));
        let texts: Vec<_> = merge.release(at(10), REACH, 100).lines.into_iter().map(|line| line.text).collect();
        assert_eq!(texts, (0..50).map(|number| number.to_string().into()).collect::<Vec<Box<str>>>());
    }

    #[test]
    fn a_line_from_the_future_is_placed_at_its_arrival() {
        let mut merge = Merge::default();
        merge.push(event(9_000_000, 0), at(10));
        merge.push(event(20, 1), at(30));
        let released = merge.release(at(30), REACH, 100);
        assert!(released.late.is_empty());
        let lines: Vec<_> = released.lines.iter().map(|line| (&*line.text, line.late)).collect();
        assert_eq!(lines, [("0", false), ("1", false)]);
    }

    #[test]
    fn lines_beyond_the_reach_are_appended_as_late_except_task_starts_and_stops() {
        let mut merge = Merge::default();
        merge.push(event(100_000, 0), at(100_000));
        merge.release(at(100_000), REACH, 100);
        merge.push(event(40_000, 1), at(100_000));
        merge.push(event(39_999, 2), at(100_000));
        for role in [Role::Started, Role::Stopped { fault: true }] {
            merge.put(Line { role, ..event(1_000, 3).into() }, at(100_000));
        }
        let Released { late, lines } = merge.release(at(100_000), REACH, 100);
        let roles: Vec<_> = late.iter().map(|line| (line.role, &*line.text, line.late)).collect();
        let stopped = Role::Stopped { fault: true };
        assert_eq!(roles, [(Role::Started, "3", false), (stopped, "3", false), (Role::Output, "1", false)]);
        assert_eq!(lines.iter().map(|line| (&*line.text, line.late)).collect::<Vec<_>>(), [("2", true)]);
    }
}
