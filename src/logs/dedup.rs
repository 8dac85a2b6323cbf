//! Recognises events that were read before, so that they are shown once.
//!
//! An event is identified by stream, time and text: GetLogEvents and Live Tail return no ids, and a tail changes from
//! one API to another while tasks start and stop. Identical events are distinguished by their number within one pass
//! over the log; an id, if there is one, identifies an event in any case.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::merge::LogEvent;

/// Events are remembered and forgotten by tenths of a second.
const TENTH_MS: i64 = 100;
/// The most events to remember.
const MOST: usize = 500_000;
/// Events older than the newest by more than this, in milliseconds, are forgotten: no pass reaches back that far.
const SPAN_MS: i64 = 6 * 60 * 1_000;
/// Number of counts in a pass above which old ones are dropped, and the age in milliseconds at which they are: a pass
/// reads in order of time.
const PASS: usize = 50_000;
const PASS_MS: i64 = 5_000;

/// The events of some streams that have arrived.
#[derive(Debug, Clone, Default)]
pub(super) struct Dedup {
    tenths: BTreeMap<i64, Tenth>,
    events: usize,
    /// Events older than this, in milliseconds, may have been seen and forgotten.
    floor: Option<i64>,
}

/// The events of a tenth of a second: a key for each event and each id.
#[derive(Debug, Clone, Default)]
struct Tenth {
    keys: HashSet<u64>,
    events: usize,
}

/// One pass over a log, forward in time: how often each event has occurred in it.
#[derive(Debug, Clone, Default)]
pub(super) struct DedupPass {
    counts: HashMap<(i64, u64), u32>,
}

impl DedupPass {
    /// Takes over the counts of another pass over other streams.
    pub(super) fn absorb(&mut self, other: Self) {
        self.counts.extend(other.counts);
    }
}

impl Dedup {
    /// Records an event; returns whether it is new.
    pub(super) fn is_new(&mut self, pass: &mut DedupPass, event: &LogEvent) -> bool {
        let at = event.at.as_millisecond();
        let nth = pass.count(at, digest(&(&event.source.stream, &event.text)));
        let tenth = self.tenths.entry(at.div_euclid(TENTH_MS)).or_default();
        let known = event.id.as_ref().is_some_and(|id| !tenth.keys.insert(digest(&(at, id))));
        if !tenth.keys.insert(digest(&(at, &event.source.stream, &event.text, nth))) || known {
            return false;
        }
        tenth.events += 1;
        self.events += 1;
        true
    }

    /// Forgets events that no pass will read again; `newest` is in milliseconds.
    pub(super) fn forget(&mut self, newest: i64) {
        let oldest = newest.saturating_sub(SPAN_MS).div_euclid(TENTH_MS);
        while let Some(first) = self.tenths.first_entry() {
            if *first.key() >= oldest && self.events <= MOST {
                break;
            }
            let (tenth, forgotten) = first.remove_entry();
            self.events -= forgotten.events;
            self.floor = self.floor.max(Some((tenth + 1) * TENTH_MS));
        }
    }

    /// Where the next pass should start, in milliseconds: at most `span` before `newest`, with about `most` events to
    /// read again, and none that were forgotten.
    pub(super) fn overlap_start(&self, newest: i64, span: i64, most: usize) -> i64 {
        let mut events = 0;
        let beyond = self.tenths.iter().rev().find(|(_, tenth)| {
            events += tenth.events;
            events > most
        });
        let by_count = beyond.map(|(tenth, _)| ((tenth + 1) * TENTH_MS).min(newest));
        let from = Some(newest.saturating_sub(span)).max(by_count).max(self.floor);
        from.unwrap_or(newest)
    }

    /// Number of events since `from`, in milliseconds.
    pub(super) fn count_since(&self, from: i64) -> usize {
        self.tenths.range(from.div_euclid(TENTH_MS)..).map(|(_, tenth)| tenth.events).sum()
    }

    /// Returns whether the event would still be remembered, had it arrived.
    pub(super) fn remembers(&self, event: &LogEvent) -> bool {
        self.floor.is_none_or(|floor| event.at.as_millisecond() >= floor)
    }

    /// Takes over the events of another.
    pub(super) fn absorb(&mut self, other: Self) {
        for (at, tenth) in other.tenths {
            let own = self.tenths.entry(at).or_default();
            own.keys.extend(tenth.keys);
            own.events += tenth.events;
        }
        self.events += other.events;
        self.floor = self.floor.max(other.floor);
    }
}

impl DedupPass {
    /// Counts an event; returns how often it has occurred.
    fn count(&mut self, at: i64, what: u64) -> u32 {
        if self.counts.len() > PASS {
            self.counts.retain(|(other, _), _| other.saturating_add(PASS_MS) >= at);
        }
        let count = self.counts.entry((at, what)).or_default();
        *count += 1;
        *count
    }
}

fn digest(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::logs::{Source, Stream};

    fn source() -> Arc<Source> {
        Arc::new(Source {
            stream: Stream { region: None, group: "web".into(), name: "one".into() },
            task_arn: "task".into(),
            container: "app".into(),
            service: None,
            revision: None,
        })
    }

    fn event(at: i64, text: &str, id: Option<String>) -> LogEvent {
        LogEvent { source: source(), id, at: Timestamp::from_millisecond(at).unwrap(), text: text.into() }
    }

    fn new(seen: &mut Dedup, pass: &[LogEvent]) -> usize {
        let mut counts = DedupPass::default();
        pass.iter().filter(|event| seen.is_new(&mut counts, event)).count()
    }

    proptest! {
        #[test]
        fn an_event_is_new_once_however_often_it_is_read(
            written in vec((0..400_i64, 0..3_u8), 1..60),
            passes in vec((0..400_i64, any::<bool>(), 1..60_usize), 1..8),
        ) {
            let mut events: Vec<(i64, u8, usize)> =
                written.iter().enumerate().map(|(number, (at, text))| (*at, *text, number)).collect();
            events.sort_unstable();
            let mut seen = Dedup::default();
            let mut shown = 0;
            // Each pass finds the events written before it; the last one finds them all.
            let last = (0, true, events.len());
            for (from, ids, there) in passes.into_iter().chain([last]) {
                let found = events.iter().filter(|(at, _, number)| *at >= from && *number < there);
                let pass: Vec<LogEvent> = found
                    .map(|(at, text, number)| event(*at, &text.to_string(), ids.then(|| number.to_string())))
                    .collect();
                shown += new(&mut seen, &pass);
            }
            prop_assert_eq!(shown, events.len());
        }
    }

    #[test]
    fn identical_events_are_new_as_often_as_they_were_written() {
        let mut seen = Dedup::default();
        let twice = [event(5, "retry", None), event(5, "retry", None)];
        assert_eq!(new(&mut seen, &twice), 2);
        assert_eq!(new(&mut seen, &twice), 0);
        let thrice = [twice.as_slice(), &[event(5, "retry", None)]].concat();
        assert_eq!(new(&mut seen, &thrice), 1);
    }

    #[test]
    fn an_event_returned_twice_by_one_call_is_recognised_by_its_id() {
        let mut seen = Dedup::default();
        let event = event(5, "once", Some("1".into()));
        assert_eq!(new(&mut seen, &[event.clone(), event]), 1);
    }

    #[test]
    fn forgotten_events_are_not_read_again() {
        let mut seen = Dedup::default();
        new(&mut seen, &[event(0, "old", None), event(SPAN_MS + 1_000, "new", None)]);
        seen.forget(SPAN_MS + 1_000);
        assert_eq!(seen.overlap_start(SPAN_MS + 1_000, i64::MAX, 10), TENTH_MS);
        assert!(!seen.remembers(&event(0, "old", None)));
    }

    #[test]
    fn a_busy_log_has_a_short_overlap() {
        let mut seen = Dedup::default();
        let many: Vec<LogEvent> = (0..10_000).map(|at| event(at, "x", None)).collect();
        new(&mut seen, &many);
        assert_eq!(seen.overlap_start(9_999, 30_000, 1_000), 9_000);
        assert_eq!(seen.overlap_start(9_999, 30_000, 100_000), 9_999 - 30_000);
        assert_eq!(seen.count_since(9_000), 1_000);
    }
}
