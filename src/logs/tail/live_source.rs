//! Follows over a Live Tail session. Polling continues until a session is open and everything from before it is read,
//! and resumes when the session ends: no line is missing, and none comes twice.

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

/// A session shorter than this was of no use: the next one waits.
const SHORT: Duration = Duration::from_mins(1);
/// How long the next session waits at first, and at most.
const WAIT: Duration = Duration::from_secs(5);
const WAIT_MOST: Duration = Duration::from_mins(5);

/// Opens, reads and reopens the Live Tail session of a tail.
#[derive(Default)]
pub(super) struct LiveSource {
    state: LiveSourceState,
    /// Total duration of the sessions that have ended.
    paid: SignedDuration,
    sampled: u64,
    /// Number of short sessions in a row.
    short: u32,
    /// The last message about why there is no session.
    last_message: Option<String>,
}

#[derive(Default)]
enum LiveSourceState {
    /// No session is wanted, or none is possible.
    #[default]
    Closed,
    /// A session is to be opened at this time.
    Due(Instant),
    Opening(JoinSet<Result<LiveSession, Failure>>),
    Open {
        session: Box<LiveSession>,
        since: Clocks,
    },
}

/// Result of opening a session, or of reading from it.
pub(super) enum SessionEvent {
    Opened(Result<LiveSession, Failure>),
    Update(Result<LiveUpdate, SessionEnd>),
}

impl LiveSource {
    pub(super) fn due(now: Instant) -> Self {
        Self { state: LiveSourceState::Due(now), ..Self::default() }
    }

    /// Waits for the next event; never returns where there can be none. Cancel safe.
    pub(super) async fn next(&mut self) -> SessionEvent {
        match &mut self.state {
            LiveSourceState::Opening(call) => match call.join_next().await {
                Some(Ok(opened)) => SessionEvent::Opened(opened),
                _ => std::future::pending().await,
            },
            LiveSourceState::Open { session, .. } => SessionEvent::Update(session.next().await),
            LiveSourceState::Closed | LiveSourceState::Due(_) => std::future::pending().await,
        }
    }

    /// Returns whether all new lines of a group come from the session: it was polled after the session opened.
    pub(super) fn covers(&self, group: &StreamGroup) -> bool {
        let LiveSourceState::Open { since, .. } = &self.state else { return false };
        group.is_steady()
            && !group.forward.is_rechecking()
            && group.forward.began().is_some_and(|began| began >= since.at)
    }

    /// Returns whether a group has to be polled once more from before the session opened.
    pub(super) fn needs_rewind(&self, group: &StreamGroup) -> bool {
        matches!(&self.state, LiveSourceState::Open { since, .. } if group.forward.began() < Some(since.at))
    }

    /// The state of the open session.
    pub(super) fn live(&self) -> Option<Live> {
        let LiveSourceState::Open { since, .. } = &self.state else { return None };
        let since = since.clock.saturating_sub(self.paid).unwrap_or(since.clock);
        Some(Live { since, sampled: self.sampled })
    }

    /// Closes the open session.
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
    /// Opens a session if one is due; returns when one will be.
    pub(super) fn open_session(&mut self) -> Option<Instant> {
        let LiveSourceState::Due(at) = self.live_source.state else { return None };
        // The backfill of running tasks is complete, or can't be read.
        let read =
            self.stream_groups.iter().all(|group| group.caught_up || group.blocked.is_some() || group.has_ended());
        if self.phase == TailPhase::Resolving || self.stream_groups.is_empty() || !read {
            return None;
        }
        if at > Instant::now() {
            return Some(at);
        }
        let streams = self.streams_to_follow();
        if streams.is_empty() {
            return None;
        }
        let (clients, growing, pattern) = (self.clients.clone(), !self.fixed, self.pattern.clone());
        let mut call = JoinSet::new();
        call.spawn(async move { live::open(&clients, &streams, growing, pattern.as_deref()).await });
        self.status.calls += 1;
        self.live_source.state = LiveSourceState::Opening(call);
        None
    }

    /// The streams to follow: those of running tasks, and where tasks may join all of them.
    fn streams_to_follow(&self) -> Vec<Followed> {
        self.set.streams.iter().filter(|followed| !self.fixed || followed.ended.is_none()).cloned().collect()
    }

    /// Handles an event of the session.
    pub(super) fn on_session_event(&mut self, event: SessionEvent) {
        let now = self.current_time();
        match event {
            SessionEvent::Opened(Ok(session)) => {
                self.live_source.state = LiveSourceState::Open { session: Box::new(session), since: now };
                self.live_source.last_message = None;
                // Events from before the session opened are read by one more poll.
                self.poll_all(now);
                self.add_note(messages::LIVE.into(), now);
                self.update_session();
            }
            SessionEvent::Opened(Err(failure)) => {
                tracing::warn!(code = failure.code, message = failure.message, "no live tail");
                let stream = self.sources.first().and_then(|source| source.stream.region.clone());
                let region = stream.or_else(|| self.clients.scope.region.clone()).unwrap_or_default();
                let later = reason::retry_after(&failure, &region);
                self.live_source.state =
                    later.map_or(LiveSourceState::Closed, |later| LiveSourceState::Due(now.at + later));
                let message = messages::not_live(&reason::describe(&failure, &region), later.is_some());
                if self.live_source.last_message.as_ref() != Some(&message) {
                    self.add_note(message.clone(), now);
                    self.live_source.last_message = Some(message);
                }
            }
            SessionEvent::Update(Ok(update)) => self.update(update, now),
            SessionEvent::Update(Err(ended)) => {
                self.live_source.close(LiveSourceState::Closed, now);
                let wait = self.live_source.wait();
                self.live_source.state = LiveSourceState::Due(now.at + wait);
                self.poll_all(now);
                self.add_note(messages::live_ended(&ended, wait), now);
            }
        }
    }

    /// Polls every stream again, from a little before its last event.
    fn poll_all(&mut self, now: Clocks) {
        for group in &mut self.stream_groups {
            group.forward.rewind(now.at);
            group.due = group.due.min(now.at);
        }
    }

    fn update(&mut self, update: LiveUpdate, now: Clocks) {
        let mut new = Vec::with_capacity(update.events.len());
        new.extend(update.events.into_iter().filter(|event| self.is_new_event(event)));
        new.sort_by_key(|event| event.at);
        let last = new.last().map_or(now.clock, |event| event.at);
        self.add_events(new, now);
        if update.sampled {
            self.live_source.sampled += 1;
            self.add_gap(None, messages::SAMPLED, last, now);
        }
        if update.missed > 0 {
            self.status.lost += update.missed;
            self.add_gap(Some(update.missed), messages::MISSED, last, now);
        }
        for group in self.stream_groups.iter_mut().filter(|group| self.live_source.covers(group)) {
            group.forward.live_caught_up(now);
            group.streams.retain(|stream| stream.until.is_none_or(|until| now.at < until));
        }
        self.update_after_answer(now);
        if self.phase == TailPhase::Done || self.fixed && self.stream_groups.is_empty() {
            // A session costs nothing once everything has ended.
            self.live_source.close(LiveSourceState::Closed, now);
        }
    }

    /// Records an event of the session; returns whether polling has not delivered it already.
    fn is_new_event(&mut self, event: &LogEvent) -> bool {
        let contains =
            |group: &&mut StreamGroup| group.streams.iter().any(|stream| stream.source.stream == event.source.stream);
        match self.stream_groups.iter_mut().find(contains) {
            Some(group) => {
                group.had_events = true;
                group.forward.record_live(event)
            }
            None => true,
        }
    }

    fn add_gap(&mut self, lines: Option<u64>, text: &str, at: jiff::Timestamp, now: Clocks) {
        let (source, role, text) = (None, Role::Gap(lines), text.into());
        self.merge.put(Line { source, at, role, level: None, late: false, task: None, text }, now.clock);
    }

    /// Passes the current streams to the session; replaces the session if it doesn't cover them all.
    pub(super) fn update_session(&mut self) {
        let streams = self.streams_to_follow();
        let now = self.current_time();
        let LiveSourceState::Open { session, .. } = &mut self.live_source.state else { return };
        let all = self.set.streams.clone();
        let early = session.set_streams(&all);
        let covered = streams.is_empty() || session.covers(&streams);
        let new: Vec<LogEvent> = early.into_iter().filter(|event| self.is_new_event(event)).collect();
        self.add_events(new, now);
        if !covered {
            self.live_source.close(LiveSourceState::Due(now.at), now);
            self.poll_all(now);
        }
    }
}
