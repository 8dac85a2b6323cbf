//! The tail: backfill, then follow.
//!
//! Streams of one log group are read together, in a [`StreamGroup`]; the groups take turns at the permitted call rate.
//! A group says what its next call is and takes in the answer; the tail makes the calls, merges the lines and reports
//! failures.
//!
//! Streams of running tasks are read apart from those of stopped tasks, and before them: current lines are shown even
//! if streams of stopped tasks can't be read or don't exist. Streams that join are read in a group of their own until
//! they have caught up; then the two groups are merged.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Channels, Line, LogRequest, Range, Read, Role, SilentSource, Source, Stream, StreamSet, TailMessage, TailPhase,
    TailStatus, TailUpdate, merge::LogEvent, merge::Merge, messages, pace::call_bucket,
};
use crate::aws::{Clients, Failure, token_bucket::TokenBucket};

mod backfill;
mod backward_reader;
mod fetch_request;
mod forward;
mod joining;
mod live_source;
mod publish;
mod stream_group;
#[cfg(test)]
mod tests;

use backfill::Backfill;
use fetch_request::LogPage;
use forward::{Bounds, Clocks};
use live_source::LiveSource;
use stream_group::{AfterFailure, OpenStream, PARTS, StreamGroup};

/// How often a caught-up group is polled, and how often when no line has arrived for a while.
const EVERY: Duration = Duration::from_secs(2);
const EVERY_IDLE: Duration = Duration::from_secs(5);
const IDLE_AFTER: Duration = Duration::from_secs(30);
/// Age at which a line is shown: until then an older one may still arrive. Where lines arrive later than that, as they
/// do when writers send in batches, the window grows to a little more than the latest of them, up to a maximum.
const WINDOW: SignedDuration = SignedDuration::from_secs(2);
const WINDOW_MOST: SignedDuration = SignedDuration::from_secs(8);
const WINDOW_MARGIN: SignedDuration = SignedDuration::from_millis(500);
/// The window is measured over this time.
const WINDOW_EVERY: Duration = Duration::from_mins(1);
/// A late line is still inserted in order if it is at most this much older than the newest one shown: as much as the
/// widest recheck covers. Lines written before the tail began are always inserted in order.
const REACH: SignedDuration = SignedDuration::from_secs(300);
/// A line this far ahead of the local clock shows that one of the two clocks is wrong.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// How long the stream of a stopped task is still followed, and a time range that has ended.
const LINGER: SignedDuration = SignedDuration::from_secs(60);
/// Calls under way at once.
const CONCURRENCY: usize = 4;
/// Number of waiting lines above which groups that are ahead are not read.
const WAITING: usize = 20_000;
/// How often missing streams are tried again, one at a time.
const ABSENT_EVERY: Duration = Duration::from_secs(5);
/// Number of tries for the missing stream of a stopped task.
const ABSENT_TRIES: u32 = 3;
/// How long the first lines are held back for streams of stopped tasks and for streams that may not exist.
const GRACE: Duration = Duration::from_secs(4);

/// Reads a tail until the receiver is dropped.
pub(super) async fn run(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, channels: Channels) {
    let Read::Tail { range, pattern, live } = &wanted.read else { return };
    let bounds = match *range {
        Range::Newest | Range::Oldest => Bounds::default(),
        Range::Since(from) => Bounds { from: Some(from.as_millisecond()), to: None },
        Range::Between(from, to) => Bounds { from: Some(from.as_millisecond()), to: Some(to.as_millisecond()) },
    };
    let start = Clocks { at: Instant::now(), clock: now() };
    // Nothing new arrives for a time range that is over.
    let live = *live && bounds.to.is_none();
    let tail = Tail {
        clients,
        id: wanted.id,
        range: *range,
        pattern: pattern.clone(),
        fixed: wanted.of.tasks.is_some(),
        now,
        start,
        pacer: call_bucket(wanted.pace),
        set: StreamSet::default(),
        known: HashSet::new(),
        sources: Vec::new(),
        waiting: Vec::new(),
        resolved_at: None,
        grace_until: None,
        backfill_deferred: false,
        stream_groups: Vec::new(),
        numbers: 0,
        bounds,
        oldest: bounds.from,
        backfill: None,
        older_asked: false,
        merge: Merge::default(),
        window: WINDOW,
        needed: WINDOW,
        measured_at: start.at,
        live_source: if live { LiveSource::due(start.at) } else { LiveSource::default() },
        marked: HashSet::new(),
        phase: TailPhase::Resolving,
        ahead: false,
        last_line_at: start.at,
        absent_at: start.at,
        stalled: None,
        calls: JoinSet::new(),
        status: TailStatus::default(),
        abandoned: Vec::new(),
        outbox: Vec::new(),
        published: None,
    };
    tail.run(channels).await;
}

struct Tail {
    clients: Clients,
    id: u64,
    range: Range,
    pattern: Option<Arc<str>>,
    /// The set of tasks is fixed: no others will join.
    fixed: bool,
    now: fn() -> Timestamp,
    start: Clocks,
    pacer: TokenBucket,
    set: StreamSet,
    /// Streams that were added, and their sources.
    known: HashSet<Stream>,
    sources: Vec<Arc<Source>>,
    /// Streams found before reading begins.
    waiting: Vec<OpenStream>,
    /// When reading begins even if not all streams are known.
    resolved_at: Option<Instant>,
    /// Until when the first lines are held back for groups that may come late.
    grace_until: Option<Instant>,
    /// A backfill for streams of stopped tasks starts once it is known which of them exist.
    backfill_deferred: bool,
    stream_groups: Vec<StreamGroup>,
    numbers: u64,
    /// The part of the log that the groups read; older lines are read by a backfill.
    bounds: Bounds,
    /// Time in milliseconds from which no line is missing; none if the log is complete.
    oldest: Option<i64>,
    backfill: Option<Backfill>,
    older_asked: bool,
    merge: Merge,
    /// Age at which a line is shown.
    window: SignedDuration,
    /// The age that would have been needed lately, and since when that is measured.
    needed: SignedDuration,
    measured_at: Instant,
    live_source: LiveSource,
    /// Digests of the marks that have been inserted.
    marked: HashSet<u64>,
    phase: TailPhase,
    /// The user has been warned that a clock is wrong.
    ahead: bool,
    /// When the last line arrived.
    last_line_at: Instant,
    /// When the next missing stream is tried again.
    absent_at: Instant,
    /// Since when all reading is blocked, and why.
    stalled: Option<(Clocks, Arc<Failure>)>,
    calls: JoinSet<(u64, Result<LogPage, Failure>)>,
    status: TailStatus,
    /// Streams that were given up.
    abandoned: Vec<SilentSource>,
    /// Updates other than lines that wait to be sent.
    outbox: Vec<TailUpdate>,
    /// The status that was last sent, and when.
    published: Option<(Arc<TailStatus>, Instant)>,
}

impl Tail {
    async fn run(mut self, mut channels: Channels) {
        let set = channels.set.borrow_and_update().clone();
        self.set_streams(set);
        let (mut set_open, mut older_open) = (true, true);
        loop {
            self.start_reading();
            let Some(flush_at) = self.publish(&channels.updates).await else { return };
            let grace_until = self.grace_until.filter(|at| *at > Instant::now());
            let wake = [
                self.make_due_calls(),
                self.open_session(),
                flush_at,
                self.resolved_at,
                grace_until,
                self.release_at(),
            ]
            .into_iter()
            .flatten()
            .min();
            let wake = async {
                match wake {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = channels.set.changed(), if set_open => {
                    set_open = changed.is_ok();
                    let set = channels.set.borrow_and_update().clone();
                    self.set_streams(set);
                }
                asked = channels.older.recv(), if older_open => {
                    older_open = asked.is_some();
                    self.older_asked |= older_open;
                }
                Some(answer) = self.calls.join_next() => if let Ok((number, answer)) = answer {
                    self.handle_answer(number, answer);
                },
                event = self.live_source.next() => self.on_session_event(event),
                () = channels.updates.closed() => return,
                () = wake => if self.phase == TailPhase::History {
                    self.update_after_answer(self.current_time());
                },
            }
        }
    }

    /// The current time. It never goes backwards, because lines would then be held back.
    fn current_time(&self) -> Clocks {
        let at = Instant::now();
        let since = SignedDuration::try_from(at - self.start.at).unwrap_or_default();
        let clock = self.start.clock.saturating_add(since).unwrap_or(self.start.clock);
        Clocks { at, clock: clock.max((self.now)()) }
    }

    /// Makes the calls that are due; returns when to check again.
    fn make_due_calls(&mut self) -> Option<Instant> {
        let now = self.current_time();
        self.start_backfill(now.at);
        // The group that is furthest behind comes first: lines of the others would only wait in memory.
        let behind = |group: &StreamGroup| {
            group.backward.is_none() && group.forward.polled().is_none() && group.blocked.is_none()
        };
        let hindmost =
            self.stream_groups.iter().filter(|group| behind(group)).map(|group| group.forward.reached()).min();
        let full = self.merge.waiting() > WAITING;
        let (pattern, bounds, absent_at, live_source) =
            (self.pattern.as_ref(), self.bounds, self.absent_at, &self.live_source);
        let stream_groups = self
            .stream_groups
            .iter_mut()
            .chain(self.backfill.iter_mut().flat_map(|backfill| &mut backfill.stream_groups));
        let mut waiting: Vec<(Instant, &mut StreamGroup)> = stream_groups
            .filter(|group| !group.busy && group.past.is_none() && !live_source.covers(group))
            .filter(|group| !full || !behind(group) || Some(group.forward.reached()) <= hindmost)
            .map(|group| (if group.is_absent() { group.due.max(absent_at) } else { group.due }, group))
            .collect();
        // Streams of stopped tasks are probed when there is nothing else to do.
        waiting.sort_by_key(|(due, group)| ((*due).max(now.at), group.probing && group.has_ended(), *due));
        for (due, group) in waiting {
            if self.calls.len() >= CONCURRENCY {
                return None;
            }
            if due > now.at {
                return Some(due);
            }
            if let Err(at) = self.pacer.take(now.at) {
                return Some(at);
            }
            if group.is_absent() {
                self.absent_at = now.at + ABSENT_EVERY;
            }
            if live_source.needs_rewind(group) {
                group.forward.rewind(now.at);
            }
            group.busy = true;
            self.status.calls += 1;
            let (number, clients, request) =
                (group.number, self.clients.clone(), group.next_request(group.bounds(bounds), pattern, now));
            self.calls.spawn(async move { (number, request.send(&clients).await) });
        }
        None
    }

    /// Handles the answer to a call.
    fn handle_answer(&mut self, number: u64, answer: Result<LogPage, Failure>) {
        let now = self.current_time();
        let every = if now.at - self.last_line_at > IDLE_AFTER { EVERY_IDLE } else { EVERY };
        let bounds = self.bounds;
        let next_number = self.numbers + 1;
        self.numbers += PARTS as u64;
        let moved = self.backfill.is_some() || self.oldest != bounds.from;
        let reading = self.phase != TailPhase::History;
        let stream_groups = match &mut self.backfill {
            Some(backfill) if backfill.stream_groups.iter().any(|group| group.number == number) => {
                &mut backfill.stream_groups
            }
            _ => &mut self.stream_groups,
        };
        let Some(group) = stream_groups.iter_mut().find(|group| group.number == number) else { return };
        group.busy = false;
        match answer {
            Ok(_) if group.probing && reading && moved => {
                // It exists after all, but the backfill has read without it.
                group.restart(self.oldest.unwrap_or_default(), now.at);
                let streams = group.streams.clone();
                self.join_backfill(streams, now.at);
            }
            Ok(page) => {
                let bounds = group.bounds(bounds);
                let new = group.add_page(page, bounds, every, now);
                let straggler = group.forward.straggler();
                let over = bounds.to.is_some_and(|to| is_range_over(to, now.clock));
                if over && group.forward.polled().is_some() {
                    group.streams.clear();
                }
                self.add_events(new, now);
                self.adapt_window(straggler, now);
            }
            Err(failure) => {
                tracing::warn!(code = failure.code, message = failure.message, "log not read");
                match group.fail(failure, now.at) {
                    AfterFailure::Wait => {}
                    AfterFailure::Split => {
                        let parts = group.split(next_number, now.at);
                        stream_groups.extend(parts);
                    }
                    AfterFailure::Resume => self.add_note(messages::PLACE_LOST.into(), now),
                }
            }
        }
        self.update_after_answer(now);
    }

    /// Adds new events.
    fn add_events(&mut self, new: Vec<LogEvent>, now: Clocks) {
        let Some(last) = new.last() else { return };
        self.last_line_at = now.at;
        let ahead = last.at.duration_since(now.clock);
        if ahead > AHEAD && !std::mem::replace(&mut self.ahead, true) {
            self.add_note(messages::ahead(ahead), now);
        }
        self.status.lag = Some(now.clock.duration_since(last.at).max(SignedDuration::ZERO));
        for event in new {
            self.push(event, now.clock);
        }
    }

    fn push(&mut self, event: LogEvent, clock: Timestamp) {
        if event.text.is_empty() {
            self.status.lost += 1;
            let gap = Line { role: Role::Gap(Some(1)), text: messages::TEXTLESS.into(), ..Line::from(event) };
            return self.merge.put(gap, clock);
        }
        self.merge.push(event, clock);
    }

    fn add_note(&mut self, text: String, now: Clocks) {
        let (source, at, text) = (None, now.clock, text.into());
        self.merge.put(Line { source, at, role: Role::Note, level: None, late: false, task: None, text }, now.clock);
    }

    /// Updates what depends on an answer: backfill state, finished streams, groups to merge.
    fn update_after_answer(&mut self, now: Clocks) {
        for group in &mut self.stream_groups {
            let tried = group.blocked.as_ref().is_some_and(|blocked| blocked.attempts >= ABSENT_TRIES);
            let over = |stream: &OpenStream| stream.until.is_some_and(|until| tried || until <= now.at);
            if group.is_absent() && group.streams.iter().all(over) {
                let gone = std::mem::take(&mut group.streams);
                self.sources.retain(|source| gone.iter().all(|stream| stream.source.stream != source.stream));
                self.abandoned.extend(gone.iter().map(|stream| messages::never_written(&stream.source)));
            }
        }
        self.stream_groups.retain(|group| !group.streams.is_empty());
        self.start_grace_period(now.at);
        self.show_backfill(now);
        self.start_deferred_backfill();
        self.finish_backfill();
        self.merge_groups(now.at);
        self.track_stall(now);
    }

    /// Widens the window when lines arrive late, and narrows it again when they don't. Lines later than the maximum are
    /// ignored: batching doesn't explain them.
    fn adapt_window(&mut self, straggler: Option<Timestamp>, now: Clocks) {
        let ages = straggler.map(|at| now.clock.duration_since(at).saturating_add(WINDOW_MARGIN));
        self.needed = ages.filter(|age| *age <= WINDOW_MOST).map_or(self.needed, |age| age.max(self.needed));
        self.window = self.window.max(self.needed);
        if now.at - self.measured_at >= WINDOW_EVERY {
            self.measured_at = now.at;
            self.window = std::mem::replace(&mut self.needed, WINDOW);
        }
    }

    /// The time up to which lines can be shown, because nothing older is expected.
    fn release_up_to(&self) -> Timestamp {
        let now = self.current_time();
        let several = self.stream_groups.len() > 1;
        let bound = |group: &StreamGroup| match group.forward.polled() {
            _ if group.is_skipped() || self.is_optional(group, now.at) => None,
            Some(polled) => several.then(|| polled.saturating_sub(self.window).unwrap_or(polled)),
            None if !group.initial && !group.caught_up => None,
            None => {
                let reached = group.forward.reached().and_then(|at| Timestamp::from_millisecond(at).ok());
                Some(reached.unwrap_or(Timestamp::MIN))
            }
        };
        let age = now.clock.saturating_sub(self.window).unwrap_or(now.clock);
        self.stream_groups.iter().filter_map(bound).fold(age, Timestamp::min)
    }

    /// When the next line is old enough to be shown, unless a group holds it back.
    fn release_at(&self) -> Option<Instant> {
        let now = self.current_time();
        let wait = self.merge.next()?.saturating_add(self.window).ok()?.duration_since(now.clock);
        let wait = Duration::try_from(wait).ok().filter(|wait| !wait.is_zero())?;
        Some(now.at + wait)
    }

    async fn send(&self, news: &mpsc::Sender<TailMessage>, update: TailUpdate) -> Option<()> {
        news.send(TailMessage { tail: self.id, update }).await.ok()
    }
}

/// Returns whether nothing can arrive any more for a range that ends at `to`, in milliseconds.
fn is_range_over(to: i64, clock: Timestamp) -> bool {
    to.saturating_add(LINGER.as_millis() as i64) < clock.as_millisecond()
}
