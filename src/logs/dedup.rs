//! What has come before, so that what is read twice is shown once.
//!
//! An event is known by its stream, its time and its text: GetLogEvents and Live Tail tell no ids, and a tail changes
//! from one way of reading to another while tasks come and go. Those that are alike in all three are told apart by how
//! many of them one pass over the log brings; one whose id is known is known in any case.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::merge::LogEvent;

/// Events are kept in mind by the tenth of a second, and forgotten by it.
const TENTH_MS: i64 = 100;
/// Events that are kept in mind at most.
const MOST: usize = 500_000;
/// Events older than this, in milliseconds, before what is newest are not: no pass reaches back that far.
const SPAN_MS: i64 = 6 * 60 * 1_000;
/// A pass goes from the oldest to the newest: it need not remember more than this, but for a while.
const PASS: usize = 50_000;
const PASS_MS: i64 = 5_000;

/// The events of some streams that have come.
#[derive(Debug, Clone, Default)]
pub(super) struct Dedup {
    tenths: BTreeMap<i64, Tenth>,
    events: usize,
    /// What is older than this, in milliseconds, may have been seen and forgotten.
    floor: Option<i64>,
}

/// The events of a tenth of a second: what stands for each of them, and for its id.
#[derive(Debug, Clone, Default)]
struct Tenth {
    keys: HashSet<u64>,
    events: usize,
}

/// One pass over a log, from some time on towards its end: how many have come of each.
#[derive(Debug, Clone, Default)]
pub(super) struct DedupPass {
    counts: HashMap<(i64, u64), u32>,
}

impl DedupPass {
    /// Takes over what another, of other streams, has counted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.counts.extend(other.counts);
    }
}

impl Dedup {
    /// Whether an event is new, which it is once.
    pub(super) fn is_new(&mut self, pass: &mut DedupPass, said: &LogEvent) -> bool {
        let at = said.at.as_millisecond();
        let nth = pass.count(at, digest(&(&said.source.stream, &said.text)));
        let tenth = self.tenths.entry(at.div_euclid(TENTH_MS)).or_default();
        let known = said.id.as_ref().is_some_and(|id| !tenth.keys.insert(digest(&(at, id))));
        if !tenth.keys.insert(digest(&(at, &said.source.stream, &said.text, nth))) || known {
            return false;
        }
        tenth.events += 1;
        self.events += 1;
        true
    }

    /// Forgets what no pass comes back to, as seen from `newest`, in milliseconds.
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

    /// From where on to read again, in milliseconds: at most `span` before `newest`, about `most` events, and nothing
    /// that was forgotten.
    pub(super) fn again(&self, newest: i64, span: i64, most: usize) -> i64 {
        let mut events = 0;
        let beyond = self.tenths.iter().rev().find(|(_, tenth)| {
            events += tenth.events;
            events > most
        });
        let by_count = beyond.map(|(tenth, _)| ((tenth + 1) * TENTH_MS).min(newest));
        let from = Some(newest.saturating_sub(span)).max(by_count).max(self.floor);
        from.unwrap_or(newest)
    }

    /// How many events are known since then.
    pub(super) fn since(&self, from: i64) -> usize {
        self.tenths.range(from.div_euclid(TENTH_MS)..).map(|(_, tenth)| tenth.events).sum()
    }

    /// Whether it would be known if it had come.
    pub(super) fn reaches(&self, said: &LogEvent) -> bool {
        self.floor.is_none_or(|floor| said.at.as_millisecond() >= floor)
    }

    /// Takes over what another knows.
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
    /// The how many-th one of its kind this is.
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

    fn said(at: i64, text: &str, id: Option<String>) -> LogEvent {
        LogEvent { source: source(), id, at: Timestamp::from_millisecond(at).unwrap(), text: text.into() }
    }

    fn new(seen: &mut Dedup, pass: &[LogEvent]) -> usize {
        let mut told = DedupPass::default();
        pass.iter().filter(|said| seen.is_new(&mut told, said)).count()
    }

    proptest! {
        #[test]
        fn however_often_and_by_whatever_call_an_event_is_read_it_is_new_once(
            written in vec((0..400_i64, 0..3_u8), 1..60),
            passes in vec((0..400_i64, any::<bool>(), 1..60_usize), 1..8),
        ) {
            let mut events: Vec<(i64, u8, usize)> =
                written.iter().enumerate().map(|(number, (at, text))| (*at, *text, number)).collect();
            events.sort_unstable();
            let mut seen = Dedup::default();
            let mut shown = 0;
            // Every pass finds what was there when it was made; the last one all of it.
            let last = (0, true, events.len());
            for (from, ids, there) in passes.into_iter().chain([last]) {
                let found = events.iter().filter(|(at, _, number)| *at >= from && *number < there);
                let pass: Vec<LogEvent> = found
                    .map(|(at, text, number)| said(*at, &text.to_string(), ids.then(|| number.to_string())))
                    .collect();
                shown += new(&mut seen, &pass);
            }
            prop_assert_eq!(shown, events.len());
        }
    }

    #[test]
    fn what_is_alike_in_all_is_new_as_often_as_it_was_written() {
        let mut seen = Dedup::default();
        let twice = [said(5, "retry", None), said(5, "retry", None)];
        assert_eq!(new(&mut seen, &twice), 2);
        assert_eq!(new(&mut seen, &twice), 0);
        let thrice = [twice.as_slice(), &[said(5, "retry", None)]].concat();
        assert_eq!(new(&mut seen, &thrice), 1);
    }

    #[test]
    fn what_one_call_brings_twice_is_known_by_its_id() {
        let mut seen = Dedup::default();
        let event = said(5, "once", Some("1".into()));
        assert_eq!(new(&mut seen, &[event.clone(), event]), 1);
    }

    #[test]
    fn what_is_forgotten_is_not_read_again() {
        let mut seen = Dedup::default();
        new(&mut seen, &[said(0, "old", None), said(SPAN_MS + 1_000, "new", None)]);
        seen.forget(SPAN_MS + 1_000);
        assert_eq!(seen.again(SPAN_MS + 1_000, i64::MAX, 10), TENTH_MS);
        assert!(!seen.reaches(&said(0, "old", None)));
    }

    #[test]
    fn of_many_events_few_are_read_again() {
        let mut seen = Dedup::default();
        let many: Vec<LogEvent> = (0..10_000).map(|at| said(at, "x", None)).collect();
        new(&mut seen, &many);
        assert_eq!(seen.again(9_999, 30_000, 1_000), 9_000);
        assert_eq!(seen.again(9_999, 30_000, 100_000), 9_999 - 30_000);
        assert_eq!(seen.since(9_000), 1_000);
    }
}
