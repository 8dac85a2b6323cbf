//! What a tail tells: lines in their order, and how it stands.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{sync::mpsc, time::Instant};

use super::{
    REACH, Tail,
    backfill::BATCH,
    forward::Clocks,
    stream_group::{Blocked, StreamGroup, passes},
};
use crate::logs::{Range, SilentSource, TailMessage, TailPhase, TailStatus, TailUpdate, merge::Released, messages};

/// The status is told no more often.
const STATUS_EVERY: Duration = Duration::from_millis(500);
/// Pages without a line after which it is said that lines are still looked for.
const SEARCHING: u32 = 3;
/// A standstill this long is told when it is over.
const STANDSTILL: Duration = Duration::from_secs(5);

impl Tail {
    /// Tells what there is to tell; when there will be more. `None` when nobody listens any more.
    pub(super) async fn tell(&mut self, news: &mpsc::Sender<TailMessage>) -> Option<Option<Instant>> {
        for told in std::mem::take(&mut self.out) {
            self.send(news, told).await?;
        }
        loop {
            let reach = if self.status.caught_up { REACH } else { SignedDuration::MAX };
            let Released { late, lines } = self.merge.release(self.ripe(), reach, BATCH);
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
        self.end();
        let older = self.filling || self.older_asked || self.elder.is_some();
        let read = self.lanes.iter().all(StreamGroup::is_read) && !older;
        let told = read && self.merge.next().is_none_or(|at| at > self.start.clock);
        self.status.caught_up |= told && matches!(self.phase, TailPhase::Following | TailPhase::Done);
        let (status, now) = (self.status(), Instant::now());
        match &self.told {
            Some((told, _)) if **told == status => return Some(None),
            Some((_, at)) if now < *at + STATUS_EVERY => return Some(Some(*at + STATUS_EVERY)),
            _ => {}
        }
        let status = Arc::new(status);
        self.told = Some((status.clone(), now));
        self.send(news, TailUpdate::Status(status)).await?;
        Some(None)
    }

    /// It is over when all streams have ended, and no others can come.
    fn end(&mut self) {
        let last = self.fixed || matches!(self.range, Range::Between(..));
        let read = self.phase == TailPhase::Following && self.lanes.is_empty() && self.merge.waiting() == 0;
        if last && read && self.set.complete {
            self.phase = TailPhase::Done;
        }
        if self.phase == TailPhase::Done && !self.lanes.is_empty() {
            self.phase = TailPhase::Following;
        }
    }

    fn status(&self) -> TailStatus {
        let now = self.moment();
        let hindrance = self.hindrance();
        let retry_at = hindrance.and_then(|lane| {
            let wait = SignedDuration::try_from(lane.due.saturating_duration_since(now.at)).ok()?;
            now.clock.saturating_add(wait).ok()
        });
        // When a call that tries again is under way, nothing more is known than before.
        let retry_at = match &self.told {
            Some((told, _)) if hindrance.is_some_and(|lane| lane.busy) => told.retry_at,
            _ => retry_at.map(|at| at.round(jiff::Unit::Second).unwrap_or(at)),
        };
        TailStatus {
            phase: self.phase,
            streams: self.lanes.iter().map(|lane| lane.streams.len()).sum(),
            quiet: self.quiet(),
            failure: hindrance.and_then(|lane| lane.held.as_ref()).map(|held| held.failure.clone()),
            since: self.hindered.as_ref().filter(|_| hindrance.is_some()).map(|(since, _)| since.clock),
            retry_at,
            live: self.tap.live(),
            ..self.status.clone()
        }
    }

    /// The lane that tells best what is in the way: trouble that is everybody's, or that of the only ones there are.
    fn hindrance(&self) -> Option<&StreamGroup> {
        let older = self.elder.iter().flat_map(|elder| &elder.lanes);
        let mut held = self.lanes.iter().chain(older).filter_map(|lane| Some((lane, lane.held.as_ref()?)));
        let common = held.find(|(_, held)| passes(held.failure.kind)).map(|(lane, _)| lane);
        let all = self.lanes.iter().all(|lane| lane.held.is_some() && !lane.is_absent());
        common.or_else(|| self.lanes.first().filter(|_| all))
    }

    /// What has no lines to show, and why.
    fn quiet(&self) -> Vec<SilentSource> {
        let held = |lane: &StreamGroup, held: &Blocked| {
            let source = &lane.streams.first()?.source;
            (!passes(held.failure.kind)).then(|| messages::held(source, &held.failure))
        };
        let mut quiet = self.set.silent.clone();
        quiet.extend(self.left.iter().cloned());
        let older = self.elder.iter().flat_map(|elder| &elder.lanes);
        for lane in self.lanes.iter().chain(older) {
            let Some(kept) = lane.streams.first() else { continue };
            match &lane.held {
                Some(trouble) => quiet.extend(held(lane, trouble)),
                None if lane.empty >= SEARCHING => quiet.push(messages::searching(&kept.source, lane.empty)),
                None if lane.streams.len() == 1 && lane.arrived && !lane.spoke => {
                    quiet.push(messages::silent(&kept.source, kept.until.is_some()));
                }
                None => {}
            }
        }
        quiet
    }

    /// Notes that it came to a standstill, and says so in the log once it goes on.
    pub(super) fn notice(&mut self, now: Clocks) {
        let failure = self.hindrance().and_then(|lane| lane.held.as_ref()).map(|held| held.failure.clone());
        match (failure, self.hindered.take()) {
            (Some(failure), hindered) => self.hindered = hindered.or(Some((now, failure))),
            (None, Some((since, failure))) if now.at - since.at >= STANDSTILL => {
                self.note(messages::goes_on(now.at - since.at, &failure), now);
            }
            (None, _) => {}
        }
    }
}
