//! Log groups, their streams and events, in bounded memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    ops::Range,
};

/// The most events per stream; older ones are dropped.
const STREAM_EVENTS: usize = 10_000;
/// The most bytes of all events; beyond this an eighth is dropped, oldest first.
const TOTAL_BYTES: usize = 16 << 20;
/// Overhead of an event in bytes.
const EVENT_BYTES: usize = 48;
/// Bytes that AWS adds per event when it counts.
const AWS_EVENT_BYTES: usize = 26;

/// Time until an event can be read. At AWS it is 2 to 10 seconds.
pub(super) const INGESTION_MS: i64 = 2_000;

/// The most late arrivals remembered per stream.
const LATE_KEPT: usize = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Log groups, their streams and events.
///
/// Memory is bounded: a stream keeps its newest 10,000 events, all streams together 16 MiB, unless changed by
/// [`Self::allow`]. A stream without events is removed. An event can be read two seconds after its timestamp (its
/// ingestion), or after it is put, if that is later.
#[derive(Debug)]
pub struct LogStore {
    groups: BTreeMap<String, Group>,
    bytes: usize,
    /// Number of the next event.
    next: u64,
    stream_events: usize,
    total_bytes: usize,
}

/// One log group.
#[derive(Debug)]
pub struct Group {
    pub created_ms: i64,
    pub streams: BTreeMap<String, Stream>,
    pub settings: Settings,
}

/// Settings of a group, and who may read it.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Class INFREQUENT_ACCESS, which few operations can read; else STANDARD.
    pub infrequent: bool,
    /// Older events are deleted.
    pub retention_days: Option<u32>,
    /// The id of the KMS key that its events are encrypted with.
    pub key: Option<String>,
    pub access: Access,
}

impl Settings {
    /// The class by AWS's name.
    pub fn class(&self) -> &'static str {
        if self.infrequent { "INFREQUENT_ACCESS" } else { "STANDARD" }
    }
}

/// The caller's permissions on a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    Granted,
    /// Every operation on the group is denied.
    Denied,
    /// The operations are allowed, but not decrypting with its key.
    KeyDenied,
}

/// A log stream: events by time, and by arrival where times are equal.
#[derive(Debug)]
pub struct Stream {
    pub created_ms: i64,
    pub events: VecDeque<Event>,
    /// Positions of the newest late arrivals, in order of arrival.
    late: VecDeque<Position>,
}

/// One log event.
#[derive(Debug)]
pub struct Event {
    pub at: Position,
    /// Time of its ingestion, in milliseconds since the Unix epoch.
    pub ingested_ms: i64,
    pub message: Box<str>,
}

/// Position of an event among all others; or a boundary between two events: after every smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The event's own time, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Unique among all events.
    pub number: u64,
}

impl Position {
    /// The boundary just after this event.
    pub fn after(self) -> Self {
        Self { number: self.number + 1, ..self }
    }
}

impl Default for LogStore {
    fn default() -> Self {
        Self::new()
    }
}

impl LogStore {
    /// A store without groups.
    pub const fn new() -> Self {
        Self { groups: BTreeMap::new(), bytes: 0, next: 0, stream_events: STREAM_EVENTS, total_bytes: TOTAL_BYTES }
    }

    /// Raises the limits to this many events per stream and this many bytes in total.
    pub fn allow(&mut self, stream_events: usize, total_bytes: usize) {
        self.stream_events = self.stream_events.max(stream_events);
        self.total_bytes = self.total_bytes.max(total_bytes);
    }

    /// Creates a group, or changes its settings.
    pub fn set(&mut self, group: &str, created_ms: i64, settings: Settings) {
        self.group(group, created_ms).settings = settings;
    }

    /// Appends one event, creating group and stream if needed. `timestamp_ms` is the event's timestamp.
    pub fn put(&mut self, group: &str, stream: &str, timestamp_ms: i64, message: String) {
        self.put_at(group, stream, timestamp_ms, timestamp_ms, message);
    }

    /// Appends an event that arrives at `arrived_ms`, which must be the current time.
    pub fn put_at(&mut self, group: &str, stream: &str, timestamp_ms: i64, arrived_ms: i64, message: String) {
        let at = Position { timestamp_ms, number: self.next };
        self.next += 1;
        self.bytes += message.len() + EVENT_BYTES;
        let limit = self.stream_events;
        let group = self.group(group, timestamp_ms);
        group.created_ms = group.created_ms.min(timestamp_ms);
        let new = || Stream { created_ms: timestamp_ms, events: VecDeque::new(), late: VecDeque::new() };
        // Check first: an event is rarely the first of its stream.
        let stream = match group.streams.contains_key(stream) {
            true => group.streams.get_mut(stream),
            false => Some(group.streams.entry(stream.to_owned()).or_insert_with(new)),
        };
        let ingested_ms = arrived_ms.max(timestamp_ms.saturating_add(INGESTION_MS));
        let event = Event { at, ingested_ms, message: message.into_boxed_str() };
        // A late event has to be found by its arrival as well as by its time.
        let late = arrived_ms >= timestamp_ms.saturating_add(INGESTION_MS);
        let gone = stream.map_or(0, |stream| stream.put(event, late, limit));
        self.bytes -= gone;
        if self.bytes > self.total_bytes {
            self.evict();
        }
    }

    fn group(&mut self, name: &str, created_ms: i64) -> &mut Group {
        let new = || Group { created_ms, streams: BTreeMap::new(), settings: Settings::default() };
        self.groups.entry(name.to_owned()).or_insert_with(new)
    }

    /// The groups by name.
    pub fn groups(&self) -> &BTreeMap<String, Group> {
        &self.groups
    }

    /// The position at `now_ms`, to ask later for what has arrived since.
    pub fn mark(&self, now_ms: i64) -> Position {
        Position { timestamp_ms: now_ms, number: self.next }
    }

    /// Drops the oldest events until an eighth of the memory is free, so that it isn't needed for each event.
    fn evict(&mut self) {
        let mut streams: Vec<&mut Stream> =
            self.groups.values_mut().flat_map(|group| group.streams.values_mut()).collect();
        let oldest = |stream: &Stream| stream.events.front().map(|event| Reverse(event.at));
        let mut queue: BinaryHeap<_> =
            streams.iter().enumerate().filter_map(|(index, stream)| Some((oldest(stream)?, index))).collect();
        while self.bytes > self.total_bytes / 8 * 7
            && let Some((_, index)) = queue.pop()
        {
            self.bytes -= streams[index].events.pop_front().map_or(0, |event| event.bytes());
            queue.extend(oldest(streams[index]).map(|at| (at, index)));
        }
        for group in self.groups.values_mut() {
            group.streams.retain(|_, stream| !stream.events.is_empty());
        }
    }
}

impl Group {
    /// The start of the retention period.
    pub fn kept_from_ms(&self, now_ms: i64) -> Option<i64> {
        self.settings.retention_days.map(|days| now_ms.saturating_sub(i64::from(days) * DAY_MS))
    }

    /// The bytes that AWS would bill.
    pub fn stored_bytes(&self) -> usize {
        let events = self.streams.values().flat_map(|stream| &stream.events);
        events.map(Event::aws_bytes).sum()
    }
}

impl Stream {
    /// Inserts an event in order; returns the bytes of dropped events.
    fn put(&mut self, event: Event, late: bool, limit: usize) -> usize {
        self.created_ms = self.created_ms.min(event.at.timestamp_ms);
        if late {
            self.late.push_back(event.at);
            self.late.drain(..self.late.len().saturating_sub(LATE_KEPT));
        }
        match self.events.back() {
            Some(last) if last.at > event.at => self.events.insert(self.before(event.at), event),
            _ => self.events.push_back(event),
        }
        if self.events.len() <= limit {
            return 0;
        }
        self.events.pop_front().map_or(0, |event| event.bytes())
    }

    /// Number of events before a boundary.
    pub fn before(&self, boundary: Position) -> usize {
        self.events.partition_point(|event| event.at < boundary)
    }

    /// The readable events from `start_ms` (inclusive) to `end_ms` (exclusive).
    pub fn between(&self, start_ms: Option<i64>, end_ms: Option<i64>, now_ms: i64) -> Range<usize> {
        let boundary = |timestamp_ms| Position { timestamp_ms, number: 0 };
        let readable = boundary(now_ms.saturating_sub(INGESTION_MS).saturating_add(1));
        let end = end_ms.map_or(readable, |end| readable.min(boundary(end)));
        let end = self.before(end);
        start_ms.map_or(0, |start| self.before(boundary(start))).min(end)..end
    }

    /// The events that have become readable since `since`, late ones first. `since` comes from [`LogStore::mark`].
    pub fn arrivals(&self, since: Position, now_ms: i64) -> impl Iterator<Item = &Event> {
        let sent_to_ms = since.timestamp_ms.saturating_sub(INGESTION_MS);
        let on_time = self.between(Some(sent_to_ms.saturating_add(1)), None, now_ms);
        let late = self.late.iter().filter(move |at| at.timestamp_ms <= sent_to_ms && at.number >= since.number);
        late.filter_map(|at| self.events.get(self.before(*at))).chain(self.events.range(on_time))
    }
}

impl Event {
    fn bytes(&self) -> usize {
        self.message.len() + EVENT_BYTES
    }

    /// Its size in bytes as AWS counts it.
    pub fn aws_bytes(&self) -> usize {
        self.message.len() + AWS_EVENT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream<'a>(store: &'a LogStore, name: &str) -> &'a Stream {
        &store.groups()["app"].streams[name]
    }

    #[test]
    fn events_are_ordered_by_time_then_arrival() {
        let mut store = LogStore::default();
        for (timestamp_ms, message) in [(20, "b"), (30, "d"), (10, "a"), (20, "c")] {
            store.put("app", "one", timestamp_ms, message.into());
        }
        let messages: String = stream(&store, "one").events.iter().map(|event| &*event.message).collect();
        assert_eq!(messages, "abcd");
        assert_eq!(stream(&store, "one").created_ms, 10);
        assert_eq!(store.groups()["app"].stored_bytes(), 4 * 27);
    }

    #[test]
    fn an_event_can_be_read_only_after_its_ingestion() {
        let mut store = LogStore::default();
        store.put("app", "one", 1_000, "early".into());
        store.put("app", "one", 2_000, "late".into());
        let readable = |now_ms| stream(&store, "one").between(None, None, now_ms).len();
        assert_eq!([2_999, 3_000, 3_999, 4_000].map(readable), [0, 1, 1, 2]);
    }

    #[test]
    fn a_range_includes_its_start_and_not_its_end() {
        let mut store = LogStore::default();
        (0..10).for_each(|second| store.put("app", "one", second * 1_000, second.to_string()));
        let between = |start, end| stream(&store, "one").between(start, end, 60_000);
        assert_eq!(between(Some(3_000), Some(5_000)), 3..5);
        assert_eq!(between(Some(5_000), Some(3_000)).len(), 0);
        assert_eq!(between(Some(9_001), None).len(), 0);
    }

    #[test]
    fn a_stream_keeps_its_newest_events() {
        let mut store = LogStore::default();
        (0..STREAM_EVENTS as i64 + 5).for_each(|time| store.put("app", "one", time, "x".into()));
        let events = &stream(&store, "one").events;
        assert_eq!((events.len(), events[0].at.timestamp_ms), (STREAM_EVENTS, 5));
        assert_eq!(store.bytes, STREAM_EVENTS * (1 + EVENT_BYTES));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_events_of_all_streams_go_first() {
        let mut store = LogStore::default();
        store.put("app", "old", 0, "first to go".into());
        let message = "m".repeat(10_000);
        (1..4_000).for_each(|time| store.put("app", ["even", "odd"][time as usize % 2], time, message.clone()));
        assert!(store.bytes <= TOTAL_BYTES, "{}", store.bytes);
        assert!(!store.groups()["app"].streams.contains_key("old"));
        let [even, odd] = ["even", "odd"].map(|name| stream(&store, name).events[0].at.timestamp_ms);
        assert_eq!(even.abs_diff(odd), 1);
        let kept: usize = store.groups()["app"].streams.values().flat_map(|s| &s.events).map(Event::bytes).sum();
        assert_eq!(kept, store.bytes);
    }
}
