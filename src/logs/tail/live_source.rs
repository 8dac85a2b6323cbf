//! Following over a Live Tail session. Polling goes on until a session is open and what came in before that is read, and
//! takes over again when there is none: nothing is missing between the two, and nothing comes twice.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::{task::JoinSet, time::Instant};

use super::{Tail, forward::Clocks, stream_group::StreamGroup};
use crate::{
    aws::Failure,
    logs::{
        Followed, Line, Live, Role, TailPhase,
        live::{self, LiveSession, LiveUpdate, SessionEnd, reason},
        merge::LogEvent,
        messages,
    },
};

#[cfg(test)]
mod tests;

/// A session that lasted shorter than this did no good: the next one waits.
const SHORT: Duration = Duration::from_mins(1);
/// How long the next one waits at first, and at most.
const WAIT: Duration = Duration::from_secs(5);
const WAIT_MOST: Duration = Duration::from_mins(5);

/// Where lines come from while they are followed live.
#[derive(Default)]
pub(super) struct LiveSource {
    state: LiveSourceState,
    /// How long sessions lasted that are over.
    paid: SignedDuration,
    sampled: u64,
    /// Sessions in a row that did no good.
    short: u32,
    /// What was said last of why there is none.
    said: Option<String>,
}

#[derive(Default)]
enum LiveSourceState {
    /// None is wanted, or none is to be had.
    #[default]
    Shut,
    /// One is to be opened then.
    Due(Instant),
    Opening(JoinSet<Result<LiveSession, Failure>>),
    Open {
        session: Box<LiveSession>,
        since: Clocks,
    },
}

/// What comes out of it.
pub(super) enum SessionEvent {
    Opened(Result<LiveSession, Failure>),
    Told(Result<LiveUpdate, SessionEnd>),
}

impl LiveSource {
    pub(super) fn due(now: Instant) -> Self {
        Self { state: LiveSourceState::Due(now), ..Self::default() }
    }

    /// What comes next; waits for ever where nothing can. May be dropped and called again.
    pub(super) async fn next(&mut self) -> SessionEvent {
        match &mut self.state {
            LiveSourceState::Opening(call) => match call.join_next().await {
                Some(Ok(opened)) => SessionEvent::Opened(opened),
                _ => std::future::pending().await,
            },
            LiveSourceState::Open { session, .. } => SessionEvent::Told(session.next().await),
            LiveSourceState::Shut | LiveSourceState::Due(_) => std::future::pending().await,
        }
    }

    /// Whether all that a lane has to tell comes from here: it was polled after the session was opened.
    pub(super) fn covers(&self, lane: &StreamGroup) -> bool {
        let LiveSourceState::Open { since, .. } = &self.state else { return false };
        lane.is_steady() && !lane.on.looks_again() && lane.on.began().is_some_and(|began| began >= since.at)
    }

    /// Whether a lane is to be looked at once more from before the session was opened.
    pub(super) fn overtook(&self, lane: &StreamGroup) -> bool {
        matches!(&self.state, LiveSourceState::Open { since, .. } if lane.on.began() < Some(since.at))
    }

    /// What there is to say of the session that is open.
    pub(super) fn live(&self) -> Option<Live> {
        let LiveSourceState::Open { since, .. } = &self.state else { return None };
        let since = since.clock.saturating_sub(self.paid).unwrap_or(since.clock);
        Some(Live { since, sampled: self.sampled })
    }

    /// Ends the session that is open.
    fn close(&mut self, next: LiveSourceState, now: Clocks) {
        if let LiveSourceState::Open { since, .. } = &self.state {
            let lasted = now.at - since.at;
            self.short = if lasted < SHORT { self.short + 1 } else { 0 };
            self.paid = self.paid.saturating_add(SignedDuration::try_from(lasted).unwrap_or_default());
        }
        self.state = next;
    }

    /// How long the next session waits.
    fn wait(&self) -> Duration {
        match self.short {
            0 | 1 => Duration::ZERO,
            more => WAIT.saturating_mul(1 << (more - 2).min(10)).min(WAIT_MOST),
        }
    }
}

impl Tail {
    /// Opens a session where one is due; when one will be.
    pub(super) fn open_tap(&mut self) -> Option<Instant> {
        let LiveSourceState::Due(at) = self.tap.state else { return None };
        // What was written before by tasks that run is here, or there is nothing that it could be read of.
        let read = self.lanes.iter().all(|lane| lane.arrived || lane.held.is_some() || lane.is_over());
        if self.phase == TailPhase::Resolving || self.lanes.is_empty() || !read {
            return None;
        }
        if at > Instant::now() {
            return Some(at);
        }
        let streams = self.tapped();
        if streams.is_empty() {
            return None;
        }
        let (clients, growing, pattern) = (self.clients.clone(), !self.fixed, self.pattern.clone());
        let mut call = JoinSet::new();
        call.spawn(async move { live::open(&clients, &streams, growing, pattern.as_deref()).await });
        self.status.calls += 1;
        self.tap.state = LiveSourceState::Opening(call);
        None
    }

    /// The streams that a session is to tell of: of tasks that run, and of those to come.
    fn tapped(&self) -> Vec<Followed> {
        self.set.streams.iter().filter(|followed| !self.fixed || followed.ended.is_none()).cloned().collect()
    }

    /// Takes in what came over it.
    pub(super) fn heard(&mut self, heard: SessionEvent) {
        let now = self.moment();
        match heard {
            SessionEvent::Opened(Ok(session)) => {
                self.tap.state = LiveSourceState::Open { session: Box::new(session), since: now };
                self.tap.said = None;
                // What came in before it was open is looked for once more.
                self.poll_all(now);
                self.note(messages::LIVE.into(), now);
                self.tell_tap();
            }
            SessionEvent::Opened(Err(failure)) => {
                tracing::warn!(code = failure.code, message = failure.message, "no live tail");
                let stream = self.sources.first().and_then(|source| source.stream.region.clone());
                let region = stream.or_else(|| self.clients.scope.region.clone()).unwrap_or_default();
                let later = reason::later(&failure, &region);
                self.tap.state = later.map_or(LiveSourceState::Shut, |later| LiveSourceState::Due(now.at + later));
                let said = messages::not_live(&reason::of(&failure, &region), later.is_some());
                if self.tap.said.as_ref() != Some(&said) {
                    self.note(said.clone(), now);
                    self.tap.said = Some(said);
                }
            }
            SessionEvent::Told(Ok(update)) => self.update(update, now),
            SessionEvent::Told(Err(ended)) => {
                self.tap.close(LiveSourceState::Shut, now);
                let wait = self.tap.wait();
                self.tap.state = LiveSourceState::Due(now.at + wait);
                self.poll_all(now);
                self.note(messages::live_ended(&ended, wait), now);
            }
        }
    }

    /// Every stream is polled again, from a little before its last line on.
    fn poll_all(&mut self, now: Clocks) {
        for lane in &mut self.lanes {
            lane.on.look_back(now.at);
            lane.due = lane.due.min(now.at);
        }
    }

    fn update(&mut self, update: LiveUpdate, now: Clocks) {
        let mut new = Vec::with_capacity(update.events.len());
        new.extend(update.events.into_iter().filter(|said| self.is_unheard(said)));
        new.sort_by_key(|said| said.at);
        let last = new.last().map_or(now.clock, |said| said.at);
        self.take_in(new, now);
        if update.sampled {
            self.tap.sampled += 1;
            self.gap(None, messages::SAMPLED, last, now);
        }
        if update.missed > 0 {
            self.status.lost += update.missed;
            self.gap(Some(update.missed), messages::MISSED, last, now);
        }
        for lane in self.lanes.iter_mut().filter(|lane| self.tap.covers(lane)) {
            lane.on.heard(now);
            lane.streams.retain(|kept| kept.until.is_none_or(|until| now.at < until));
        }
        self.tidy(now);
        if self.phase == TailPhase::Done || self.fixed && self.lanes.is_empty() {
            // What has ended costs nothing more.
            self.tap.close(LiveSourceState::Shut, now);
        }
    }

    /// Whether an event has not come by polling.
    fn is_unheard(&mut self, said: &LogEvent) -> bool {
        let of = |lane: &&mut StreamGroup| lane.streams.iter().any(|kept| kept.source.stream == said.source.stream);
        match self.lanes.iter_mut().find(of) {
            Some(lane) => {
                lane.spoke = true;
                lane.on.hear(said)
            }
            None => true,
        }
    }

    fn gap(&mut self, lines: Option<u64>, text: &str, at: jiff::Timestamp, now: Clocks) {
        let (source, role, text) = (None, Role::Gap(lines), text.into());
        self.merge.put(Line { source, at, role, level: None, late: false, task: None, text }, now.clock);
    }

    /// Tells the session which streams there are now; opens another where it does not tell of all of them.
    pub(super) fn tell_tap(&mut self) {
        let streams = self.tapped();
        let now = self.moment();
        let LiveSourceState::Open { session, .. } = &mut self.tap.state else { return };
        let all = self.set.streams.clone();
        let held = session.know(&all);
        let covered = streams.is_empty() || session.covers(&streams);
        let new: Vec<LogEvent> = held.into_iter().filter(|said| self.is_unheard(said)).collect();
        self.take_in(new, now);
        if !covered {
            self.tap.close(LiveSourceState::Due(now.at), now);
            self.poll_all(now);
        }
    }
}
