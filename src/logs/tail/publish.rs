//! Publishes a tail: lines in order, and its status.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{sync::mpsc, time::Instant};

use super::{
    REACH, Tail,
    backfill::BATCH,
    forward::Clocks,
    stream_group::{Blocked, StreamGroup},
};
use crate::logs::{Range, SilentSource, TailMessage, TailPhase, TailStatus, TailUpdate, merge::Released, messages};

/// The least time between two statuses.
const STATUS_EVERY: Duration = Duration::from_millis(500);
/// Number of empty pages after which the status says that the search goes on.
const SEARCHING: u32 = 3;
/// A stall this long is reported in the log when it is over.
const STANDSTILL: Duration = Duration::from_secs(5);

impl Tail {
    /// Sends what is ready; returns when there will be more. `None`: the receiver was dropped.
    pub(super) async fn publish(&mut self, news: &mpsc::Sender<TailMessage>) -> Option<Option<Instant>> {
        for update in std::mem::take(&mut self.outbox) {
            self.send(news, update).await?;
        }
        loop {
            let reach = if self.status.caught_up { REACH } else { SignedDuration::MAX };
            let Released { late, lines } = self.merge.release(self.release_up_to(), reach, BATCH);
            if late.is_empty() && lines.is_empty() {
                break;
            }
            if !late.is_empty() {
                self.send(news, TailUpdate::Late(late)).await?;
            }
            if !lines.is_empty() {
                self.send(news, TailUpdate::Lines(lines)).await?;
            }
        }
        self.finish_if_done();
        let older = self.backfill_deferred || self.older_asked || self.backfill.is_some();
        let read = self.stream_groups.iter().all(StreamGroup::backfill_done) && !older;
        let sent = read && self.merge.next().is_none_or(|at| at > self.start.clock);
        self.status.caught_up |= sent && matches!(self.phase, TailPhase::Following | TailPhase::Done);
        let (status, now) = (self.status(), Instant::now());
        match &self.published {
            Some((published, _)) if **published == status => return Some(None),
            Some((_, at)) if now < *at + STATUS_EVERY => return Some(Some(*at + STATUS_EVERY)),
            _ => {}
        }
        let status = Arc::new(status);
        self.published = Some((status.clone(), now));
        self.send(news, TailUpdate::Status(status)).await?;
        Some(None)
    }

    /// Marks the tail as done once all streams have ended and no others can join.
    fn finish_if_done(&mut self) {
        let last = self.fixed || matches!(self.range, Range::Between(..));
        let read = self.phase == TailPhase::Following && self.stream_groups.is_empty() && self.merge.waiting() == 0;
        if last && read && self.set.complete {
            self.phase = TailPhase::Done;
        }
        if self.phase == TailPhase::Done && !self.stream_groups.is_empty() {
            self.phase = TailPhase::Following;
        }
    }

    fn status(&self) -> TailStatus {
        let now = self.current_time();
        let blocking_group = self.blocking_group();
        let retry_at = blocking_group.and_then(|group| {
            let wait = SignedDuration::try_from(group.due.saturating_duration_since(now.at)).ok()?;
            now.clock.saturating_add(wait).ok()
        });
        // While a retry is under way, the last time stands.
        let retry_at = match &self.published {
            Some((published, _)) if blocking_group.is_some_and(|group| group.busy) => published.retry_at,
            _ => retry_at.map(|at| at.round(jiff::Unit::Second).unwrap_or(at)),
        };
        TailStatus {
            phase: self.phase,
            streams: self.stream_groups.iter().map(|group| group.streams.len()).sum(),
            silent: self.silent(),
            failure: blocking_group.and_then(|group| group.blocked.as_ref()).map(|blocked| blocked.failure.clone()),
            since: self.stalled.as_ref().filter(|_| blocking_group.is_some()).map(|(since, _)| since.clock),
            retry_at,
            live: self.live_source.live(),
            ..self.status.clone()
        }
    }

    /// The group whose failure explains best why nothing is read: a failure that affects every group, or the first
    /// where all groups have failed.
    fn blocking_group(&self) -> Option<&StreamGroup> {
        let older = self.backfill.iter().flat_map(|backfill| &backfill.stream_groups);
        let mut blocked =
            self.stream_groups.iter().chain(older).filter_map(|group| Some((group, group.blocked.as_ref()?)));
        let common = blocked.find(|(_, blocked)| blocked.failure.kind.is_transient()).map(|(group, _)| group);
        let all = self.stream_groups.iter().all(|group| group.blocked.is_some() && !group.is_absent());
        common.or_else(|| self.stream_groups.first().filter(|_| all))
    }

    /// The containers without lines, and why.
    fn silent(&self) -> Vec<SilentSource> {
        let unreadable = |group: &StreamGroup, blocked: &Blocked| {
            let source = &group.streams.first()?.source;
            (!blocked.failure.kind.is_transient()).then(|| messages::unreadable(source, &blocked.failure))
        };
        let mut silent = self.set.silent.clone();
        silent.extend(self.abandoned.iter().cloned());
        let older = self.backfill.iter().flat_map(|backfill| &backfill.stream_groups);
        for group in self.stream_groups.iter().chain(older) {
            let Some(stream) = group.streams.first() else { continue };
            match &group.blocked {
                Some(trouble) => silent.extend(unreadable(group, trouble)),
                None if group.empty >= SEARCHING => silent.push(messages::still_searching(&stream.source, group.empty)),
                None if group.streams.len() == 1 && group.caught_up && !group.had_events => {
                    silent.push(messages::silent(&stream.source, stream.until.is_some()));
                }
                None => {}
            }
        }
        silent
    }

    /// Records when reading stalls, and adds a note once it continues.
    pub(super) fn track_stall(&mut self, now: Clocks) {
        let failure =
            self.blocking_group().and_then(|group| group.blocked.as_ref()).map(|blocked| blocked.failure.clone());
        match (failure, self.stalled.take()) {
            (Some(failure), stalled) => self.stalled = stalled.or(Some((now, failure))),
            (None, Some((since, failure))) if now.at - since.at >= STANDSTILL => {
                self.add_note(messages::goes_on(now.at - since.at, &failure), now);
            }
            (None, _) => {}
        }
    }
}
