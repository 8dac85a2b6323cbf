//! The tail: what was written before, then what comes.
//!
//! Streams of one group are read together, in a [`Lane`]; lanes take turns at the pace that is allowed. Each says what
//! its next call is and takes in the answer; here they are called, their lines put in order, and what hinders them told.
//! Streams of tasks that run are read apart from those of tasks that have ended, and before them: what is written now is
//! shown though streams of tasks that ended cannot be had, or don't exist. Streams that join are read in a lane of their own until they have caught up, and are then taken in by another.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Channels, Line, LogRequest, Range, Read, Role, SilentSource, Source, Stream, StreamSet, TailMessage, TailPhase,
    TailStatus, TailUpdate, merge::LogEvent, merge::Merge, messages, pace::Pacer,
};
use crate::aws::{Clients, Failure};

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
use stream_group::{After, OpenStream, PARTS, StreamGroup};

/// How often a lane that has caught up is asked for what is new, and when nothing has come for a while.
const EVERY: Duration = Duration::from_secs(2);
const EVERY_IDLE: Duration = Duration::from_secs(5);
const IDLE_AFTER: Duration = Duration::from_secs(30);
/// A line is shown once it is so old: until then one that belongs before it may come. Where some do come later, as they
/// do when each writer sends its lines in batches, it is a little more than the oldest of them, up to so much.
const WINDOW: SignedDuration = SignedDuration::from_secs(2);
const WINDOW_MOST: SignedDuration = SignedDuration::from_secs(8);
const WINDOW_MARGIN: SignedDuration = SignedDuration::from_millis(500);
/// It is measured over so long.
const WINDOW_EVERY: Duration = Duration::from_mins(1);
/// A line that comes later is still put in its place if it is at most this much older than the youngest one shown: as far
/// as the widest second look goes back. Lines written before the reading began always are.
const REACH: SignedDuration = SignedDuration::from_secs(300);
/// A line that is so far ahead of this machine's clock shows that one of them is wrong.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// How long the stream of a task that has ended is still followed, and that of a range that is over.
const LINGER: SignedDuration = SignedDuration::from_secs(60);
/// Calls under way at once.
const CONCURRENCY: usize = 4;
/// Lines that wait for their turn before lanes that are ahead are left alone.
const WAITING: usize = 20_000;
/// Streams that aren't there are looked for so often, one at a time.
const ABSENT_EVERY: Duration = Duration::from_secs(5);
/// Times a stream is looked for whose task has ended.
const ABSENT_TRIES: u32 = 3;
/// How long what is read waits, before the first lines are shown, for streams of tasks that have ended and for those of
/// which it is not known whether they exist.
const GRACE: Duration = Duration::from_secs(4);

/// Reads until nobody listens any more.
pub(super) async fn run(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, ends: Channels) {
    let Read::Tail { range, pattern, live } = &wanted.read else { return };
    let bounds = match *range {
        Range::Newest | Range::Oldest => Bounds::default(),
        Range::Since(from) => Bounds { from: Some(from.as_millisecond()), to: None },
        Range::Between(from, to) => Bounds { from: Some(from.as_millisecond()), to: Some(to.as_millisecond()) },
    };
    let start = Clocks { at: Instant::now(), clock: now() };
    // Nothing comes of a time that is over.
    let live = *live && bounds.to.is_none();
    let tail = Tail {
        clients,
        id: wanted.id,
        range: *range,
        pattern: pattern.clone(),
        fixed: wanted.of.tasks.is_some(),
        now,
        start,
        pacer: Pacer::new(wanted.pace),
        set: StreamSet::default(),
        known: HashSet::new(),
        sources: Vec::new(),
        waiting: Vec::new(),
        resolved_at: None,
        patient_until: None,
        filling: false,
        lanes: Vec::new(),
        numbers: 0,
        bounds,
        oldest: bounds.from,
        elder: None,
        older_asked: false,
        merge: Merge::default(),
        window: WINDOW,
        needed: WINDOW,
        measured_at: start.at,
        tap: if live { LiveSource::due(start.at) } else { LiveSource::default() },
        marked: HashSet::new(),
        phase: TailPhase::Resolving,
        ahead: false,
        heard_at: start.at,
        absent_at: start.at,
        hindered: None,
        calls: JoinSet::new(),
        status: TailStatus::default(),
        left: Vec::new(),
        out: Vec::new(),
        told: None,
    };
    tail.run(ends).await;
}

struct Tail {
    clients: Clients,
    id: u64,
    range: Range,
    pattern: Option<Arc<str>>,
    /// No other tasks will join.
    fixed: bool,
    now: fn() -> Timestamp,
    start: Clocks,
    pacer: Pacer,
    set: StreamSet,
    /// Streams that were taken up, and whose they are.
    known: HashSet<Stream>,
    sources: Vec<Arc<Source>>,
    /// Those that are there before reading begins.
    waiting: Vec<OpenStream>,
    /// When reading begins even if not all streams are known.
    resolved_at: Option<Instant>,
    /// Up to when the first lines wait for lanes that may come late.
    patient_until: Option<Instant>,
    /// Lines before the first that is shown are read once it is known which streams exist.
    filling: bool,
    lanes: Vec<StreamGroup>,
    numbers: u64,
    /// Which part of the log this is: lines before it are asked for apart.
    bounds: Bounds,
    /// The time, in milliseconds, from which on nothing is missing; where that is everything, none.
    oldest: Option<i64>,
    elder: Option<Backfill>,
    older_asked: bool,
    merge: Merge,
    /// How old a line is when it is shown.
    window: SignedDuration,
    /// How old it would have had to be lately, and since when that is measured.
    needed: SignedDuration,
    measured_at: Instant,
    tap: LiveSource,
    /// Marks that have been put in their place.
    marked: HashSet<u64>,
    phase: TailPhase,
    /// It was told that a clock is wrong.
    ahead: bool,
    /// When the last line came.
    heard_at: Instant,
    /// When the next stream that isn't there is looked for.
    absent_at: Instant,
    /// Since when all of it is at a standstill, and why.
    hindered: Option<(Clocks, Arc<Failure>)>,
    calls: JoinSet<(u64, Result<LogPage, Failure>)>,
    status: TailStatus,
    /// Streams that were given up.
    left: Vec<SilentSource>,
    /// What is to be told besides lines.
    out: Vec<TailUpdate>,
    /// The status as it was last told, and when.
    told: Option<(Arc<TailStatus>, Instant)>,
}

impl Tail {
    async fn run(mut self, mut ends: Channels) {
        let set = ends.set.borrow_and_update().clone();
        self.settle(set);
        let (mut set_open, mut older_open) = (true, true);
        loop {
            self.begin();
            let Some(flush_at) = self.tell(&ends.news).await else { return };
            let patient_until = self.patient_until.filter(|at| *at > Instant::now());
            let wake = [self.call(), self.open_tap(), flush_at, self.resolved_at, patient_until, self.release_at()]
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
                changed = ends.set.changed(), if set_open => {
                    set_open = changed.is_ok();
                    let set = ends.set.borrow_and_update().clone();
                    self.settle(set);
                }
                asked = ends.older.recv(), if older_open => {
                    older_open = asked.is_some();
                    self.older_asked |= older_open;
                }
                Some(answer) = self.calls.join_next() => if let Ok((number, answer)) = answer {
                    self.answered(number, answer);
                },
                heard = self.tap.next() => self.heard(heard),
                () = ends.news.closed() => return,
                () = wake => if self.phase == TailPhase::History {
                    self.tidy(self.moment());
                },
            }
        }
    }

    /// The clock of this tail never stands still, and never goes back: lines would wait for it.
    fn moment(&self) -> Clocks {
        let at = Instant::now();
        let since = SignedDuration::try_from(at - self.start.at).unwrap_or_default();
        let clock = self.start.clock.saturating_add(since).unwrap_or(self.start.clock);
        Clocks { at, clock: clock.max((self.now)()) }
    }

    /// Makes the calls that are due; when to look again.
    fn call(&mut self) -> Option<Instant> {
        let now = self.moment();
        self.start_elder(now.at);
        // The oldest first: those ahead would fill the memory with lines that have to wait.
        let behind = |lane: &StreamGroup| lane.back.is_none() && lane.on.polled().is_none() && lane.held.is_none();
        let hindmost = self.lanes.iter().filter(|lane| behind(lane)).map(|lane| lane.on.reached()).min();
        let full = self.merge.waiting() > WAITING;
        let (pattern, bounds, absent_at, tap) = (self.pattern.as_ref(), self.bounds, self.absent_at, &self.tap);
        let lanes = self.lanes.iter_mut().chain(self.elder.iter_mut().flat_map(|elder| &mut elder.lanes));
        let mut waiting: Vec<(Instant, &mut StreamGroup)> = lanes
            .filter(|lane| !lane.busy && lane.past.is_none() && !tap.covers(lane))
            .filter(|lane| !full || !behind(lane) || Some(lane.on.reached()) <= hindmost)
            .map(|lane| (if lane.is_absent() { lane.due.max(absent_at) } else { lane.due }, lane))
            .collect();
        // Which streams of ended tasks exist is found out when there is nothing else to do.
        waiting.sort_by_key(|(due, lane)| ((*due).max(now.at), lane.doubtful && lane.is_over(), *due));
        for (due, lane) in waiting {
            if self.calls.len() >= CONCURRENCY {
                return None;
            }
            if due > now.at {
                return Some(due);
            }
            if let Err(at) = self.pacer.take(now.at) {
                return Some(at);
            }
            if lane.is_absent() {
                self.absent_at = now.at + ABSENT_EVERY;
            }
            if tap.overtook(lane) {
                lane.on.look_back(now.at);
            }
            lane.busy = true;
            self.status.calls += 1;
            let (number, clients, ask) =
                (lane.number, self.clients.clone(), lane.ask(lane.bounds(bounds), pattern, now));
            self.calls.spawn(async move { (number, ask.make(&clients).await) });
        }
        None
    }

    fn answered(&mut self, number: u64, answer: Result<LogPage, Failure>) {
        let now = self.moment();
        let every = if now.at - self.heard_at > IDLE_AFTER { EVERY_IDLE } else { EVERY };
        let bounds = self.bounds;
        let next_number = self.numbers + 1;
        self.numbers += PARTS as u64;
        let moved = self.elder.is_some() || self.oldest != bounds.from;
        let reading = self.phase != TailPhase::History;
        let lanes = match &mut self.elder {
            Some(elder) if elder.lanes.iter().any(|lane| lane.number == number) => &mut elder.lanes,
            _ => &mut self.lanes,
        };
        let Some(lane) = lanes.iter_mut().find(|lane| lane.number == number) else { return };
        lane.busy = false;
        match answer {
            Ok(_) if lane.doubtful && reading && moved => {
                // It exists after all, but older lines were looked for without it.
                lane.restart(self.oldest.unwrap_or_default(), now.at);
                let streams = lane.streams.clone();
                self.join_elder(streams, now.at);
            }
            Ok(page) => {
                let bounds = lane.bounds(bounds);
                let new = lane.take(page, bounds, every, now);
                let straggler = lane.on.straggler();
                let over = bounds.to.is_some_and(|to| over(to, now.clock));
                if over && lane.on.polled().is_some() {
                    lane.streams.clear();
                }
                self.take_in(new, now);
                self.adapt(straggler, now);
            }
            Err(failure) => {
                tracing::warn!(code = failure.code, message = failure.message, "log not read");
                match lane.fail(failure, now.at) {
                    After::Wait => {}
                    After::Split => {
                        let parts = lane.split(next_number, now.at);
                        lanes.extend(parts);
                    }
                    After::Resume => self.note(messages::PLACE_LOST.into(), now),
                }
            }
        }
        self.tidy(now);
    }

    /// Takes in events that are new.
    fn take_in(&mut self, new: Vec<LogEvent>, now: Clocks) {
        let Some(last) = new.last() else { return };
        self.heard_at = now.at;
        let ahead = last.at.duration_since(now.clock);
        if ahead > AHEAD && !std::mem::replace(&mut self.ahead, true) {
            self.note(messages::ahead(ahead), now);
        }
        self.status.lag = Some(now.clock.duration_since(last.at).max(SignedDuration::ZERO));
        for said in new {
            self.push(said, now.clock);
        }
    }

    fn push(&mut self, said: LogEvent, clock: Timestamp) {
        if said.text.is_empty() {
            self.status.lost += 1;
            let gap = Line { role: Role::Gap(Some(1)), text: messages::TEXTLESS.into(), ..Line::from(said) };
            return self.merge.put(gap, clock);
        }
        self.merge.push(said, clock);
    }

    fn note(&mut self, text: String, now: Clocks) {
        let (source, at, text) = (None, now.clock, text.into());
        self.merge.put(Line { source, at, role: Role::Note, level: None, late: false, task: None, text }, now.clock);
    }

    /// What follows from an answer: the past is complete, streams are done with, lanes go together.
    fn tidy(&mut self, now: Clocks) {
        for lane in &mut self.lanes {
            let tried = lane.held.as_ref().is_some_and(|held| held.attempts >= ABSENT_TRIES);
            let over = |kept: &OpenStream| kept.until.is_some_and(|until| tried || until <= now.at);
            if lane.is_absent() && lane.streams.iter().all(over) {
                let gone = std::mem::take(&mut lane.streams);
                self.sources.retain(|source| gone.iter().all(|kept| kept.source.stream != source.stream));
                self.left.extend(gone.iter().map(|kept| messages::nothing_left(&kept.source)));
            }
        }
        self.lanes.retain(|lane| !lane.streams.is_empty());
        self.be_patient(now.at);
        self.assemble(now);
        self.fill();
        self.finish_elder();
        self.unite(now.at);
        self.notice(now);
    }

    /// Waits longer for lines where some come late, and less again where they don't: what is older still than one would
    /// wait for is no matter of batches.
    fn adapt(&mut self, straggler: Option<Timestamp>, now: Clocks) {
        let ages = straggler.map(|at| now.clock.duration_since(at).saturating_add(WINDOW_MARGIN));
        self.needed = ages.filter(|age| *age <= WINDOW_MOST).map_or(self.needed, |age| age.max(self.needed));
        self.window = self.window.max(self.needed);
        if now.at - self.measured_at >= WINDOW_EVERY {
            self.measured_at = now.at;
            self.window = std::mem::replace(&mut self.needed, WINDOW);
        }
    }

    /// Up to when lines can be shown: nothing older is to come, as far as one can tell.
    fn ripe(&self) -> Timestamp {
        let now = self.moment();
        let several = self.lanes.len() > 1;
        let bound = |lane: &StreamGroup| match lane.on.polled() {
            _ if lane.is_left_behind() || self.may_be_late(lane, now.at) => None,
            Some(polled) => several.then(|| polled.saturating_sub(self.window).unwrap_or(polled)),
            None if !lane.founding && !lane.arrived => None,
            None => {
                let reached = lane.on.reached().and_then(|at| Timestamp::from_millisecond(at).ok());
                Some(reached.unwrap_or(Timestamp::MIN))
            }
        };
        let age = now.clock.saturating_sub(self.window).unwrap_or(now.clock);
        self.lanes.iter().filter_map(bound).fold(age, Timestamp::min)
    }

    /// When the next line is old enough to be shown, if nothing else keeps it.
    fn release_at(&self) -> Option<Instant> {
        let now = self.moment();
        let wait = self.merge.next()?.saturating_add(self.window).ok()?.duration_since(now.clock);
        let wait = Duration::try_from(wait).ok().filter(|wait| !wait.is_zero())?;
        Some(now.at + wait)
    }

    async fn send(&self, news: &mpsc::Sender<TailMessage>, told: TailUpdate) -> Option<()> {
        news.send(TailMessage { tail: self.id, update: told }).await.ok()
    }
}

/// Whether nothing can come any more of a range that ends at `to`, in milliseconds.
fn over(to: i64, clock: Timestamp) -> bool {
    to.saturating_add(LINGER.as_millis() as i64) < clock.as_millisecond()
}
