//! Backfill: the newest lines first, older ones on request.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    mem::discriminant,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    GRACE, Tail,
    backward_reader::BackwardReader,
    forward::Clocks,
    stream_group::{OpenStream, StreamGroup},
};
use crate::logs::{Line, Range, TailPhase, TailUpdate};

/// The most lines per update.
pub(super) const BATCH: usize = 2_000;
/// How far before the start forward reading begins where backward reading found no lines, in milliseconds.
const BEFORE_MS: i64 = 3_600_000;

/// A request for the lines before the oldest, under way.
pub(super) struct Backfill {
    pub stream_groups: Vec<StreamGroup>,
    /// The newest time it reads, in milliseconds: just before the oldest line when it began.
    to: i64,
}

impl Tail {
    /// Starts the grace period once everything that must be shown first is read.
    pub(super) fn start_grace_period(&mut self, now: Instant) {
        let first = |group: &StreamGroup| !group.probing && (!group.has_ended() || !self.has_running_tasks());
        if self.grace_until.is_none()
            && self.stream_groups.iter().filter(|group| first(group)).all(StreamGroup::backfill_done)
        {
            self.grace_until = Some(now + GRACE);
        }
    }

    /// Returns whether any task is running.
    fn has_running_tasks(&self) -> bool {
        self.stream_groups.iter().any(|group| !group.has_ended())
    }

    /// Returns whether the other groups don't wait for this one: its tasks have stopped, or its streams may not exist.
    pub(super) fn is_optional(&self, group: &StreamGroup, now: Instant) -> bool {
        let patient = self.grace_until.is_none_or(|until| now < until);
        let over = group.has_ended() && self.has_running_tasks();
        if patient { over && group.probing } else { (over && !group.caught_up) || group.probing }
    }

    /// Requests the lines of stopped tasks that were missing from the first ones shown, once it is known which of their
    /// streams exist.
    pub(super) fn start_deferred_backfill(&mut self) {
        if self.backfill_deferred && !self.stream_groups.iter().any(|group| group.probing && !group.is_skipped()) {
            (self.backfill_deferred, self.older_asked) = (false, true);
        }
    }

    /// Shows the newest lines and starts following, once every group has found its own. Lines are shown only from where
    /// all groups are complete.
    pub(super) fn show_backfill(&mut self, now: Clocks) {
        if self.phase != TailPhase::History {
            return;
        }
        if self.range != Range::Newest {
            if self.stream_groups.iter().all(|group| group.backfill_done() || self.is_optional(group, now.at)) {
                self.phase = TailPhase::Following;
            }
            return;
        }
        let awaited = |group: &StreamGroup| !group.is_skipped() && !self.is_optional(group, now.at);
        let sought = |group: &StreamGroup| group.backward.is_some() && awaited(group);
        let found = self.stream_groups.iter().any(|group| group.past.is_some());
        if self.stream_groups.iter().any(sought) || (!found && !self.stream_groups.is_empty()) {
            return;
        }
        let begin = self.start.clock.as_millisecond().saturating_sub(BEFORE_MS);
        let late = self.stream_groups.iter().any(|group| group.backward.is_some() && !group.is_skipped());
        let complete = whole_from(&self.stream_groups, begin);
        // A late group is read from the first line shown; its older lines come with the backfill.
        let first = self
            .stream_groups
            .iter()
            .filter_map(|group| group.past.as_ref()?.events.first())
            .map(|event| event.at)
            .min();
        let whole_from = complete.or(late.then(|| first.map_or(begin, Timestamp::as_millisecond)));
        self.backfill_deferred = late && complete.is_none();
        (self.bounds.from, self.oldest) = (whole_from, whole_from);
        self.phase = TailPhase::Following;
        let mut lines = Vec::new();
        for group in &mut self.stream_groups {
            let Some(past) = group.past.take() else {
                // A group that is blocked or late is read from where the others begin.
                self.numbers += 1;
                group.stop_backfill(self.numbers);
                continue;
            };
            let events = group.forward.begin(past.events, past.follow, now);
            (group.caught_up, group.due) = (true, now.at);
            lines.extend(events.into_iter().filter(|event| is_within(event.at, whole_from)));
        }
        for event in lines {
            self.push(event, now.clock);
        }
        self.insert_marks();
    }

    /// Inserts the starts and stops of tasks, each once.
    pub(super) fn insert_marks(&mut self) {
        let clock = self.current_time().clock;
        for mark in std::mem::take(&mut self.set.marks) {
            let within = is_within(mark.at, self.bounds.from);
            let before_end = self.bounds.to.is_none_or(|to| mark.at.as_millisecond() <= to);
            if within && before_end && self.marked.insert(digest(&mark)) {
                self.merge.put(mark.clone(), clock);
            }
            self.set.marks.push(mark);
        }
    }

    /// Starts a backfill, if one is requested and possible.
    pub(super) fn start_backfill(&mut self, now: Instant) {
        let reading = matches!(self.phase, TailPhase::Following | TailPhase::Done);
        if !self.older_asked || !reading || self.backfill.is_some() {
            return;
        }
        self.older_asked = false;
        let Some(oldest) = self.oldest else {
            self.outbox.push(TailUpdate::Older { lines: Vec::new(), end: true });
            return;
        };
        // Streams that may not exist would hold it up.
        let stream_groups = self.stream_groups.iter().filter(|group| group.probing || group.is_absent());
        let probing: HashSet<_> =
            stream_groups.flat_map(|group| &group.streams).map(|stream| &stream.source.stream).collect();
        let known = self.sources.iter().filter(|source| !probing.contains(&source.stream));
        let streams = known.map(|source| OpenStream { source: source.clone(), until: None }).collect();
        let to = oldest.saturating_sub(1);
        let stream_groups = self.group_streams(streams, Some(BackwardReader::new(Some(to), None)), now);
        self.backfill = Some(Backfill { stream_groups, to });
        self.finish_backfill();
    }

    /// Adds streams to the backfill under way, if there is one.
    pub(super) fn join_backfill(&mut self, streams: Vec<OpenStream>, now: Instant) {
        let Some(to) = self.backfill.as_ref().map(|backfill| backfill.to) else { return };
        let stream_groups = self.group_streams(streams, Some(BackwardReader::new(Some(to), None)), now);
        self.backfill.iter_mut().for_each(|backfill| backfill.stream_groups.extend(stream_groups.clone()));
    }

    /// Sends the older lines once all groups of the backfill have found theirs.
    pub(super) fn finish_backfill(&mut self) {
        let Some(backfill) = &mut self.backfill else { return };
        // Groups that can't be read have no older lines.
        backfill
            .stream_groups
            .retain(|group| group.blocked.as_ref().is_none_or(|blocked| blocked.failure.kind.is_transient()));
        if backfill.stream_groups.iter().any(|group| group.past.is_none()) {
            return;
        }
        let Some(backfill) = self.backfill.take() else { return };
        let whole_from = whole_from(&backfill.stream_groups, backfill.to);
        let pasts = backfill.stream_groups.into_iter().filter_map(|group| group.past);
        let events = pasts.flat_map(|past| past.events).filter(|event| is_within(event.at, whole_from));
        let mut lines: Vec<Line> = events.map(Line::from).collect();
        for mark in &self.set.marks {
            let within = is_within(mark.at, whole_from) && mark.at.as_millisecond() <= backfill.to;
            if within && self.marked.insert(digest(mark)) {
                lines.push(mark.clone());
            }
        }
        lines.sort_by_key(|line| line.at);
        self.oldest = whole_from;
        let end = whole_from.is_none();
        while lines.len() > BATCH {
            let lines = lines.split_off(lines.len() - BATCH);
            self.outbox.push(TailUpdate::Older { lines, end: false });
        }
        self.outbox.push(TailUpdate::Older { lines, end });
    }
}

/// Returns the time in milliseconds from which the lines of all groups are complete; `None` if they are from the first.
fn whole_from(stream_groups: &[StreamGroup], unknown: i64) -> Option<i64> {
    let pasts = stream_groups.iter().filter_map(|group| group.past.as_ref());
    pasts.filter_map(|past| past.whole_from.or(past.gave_up.then_some(unknown))).max()
}

fn is_within(at: Timestamp, from: Option<i64>) -> bool {
    from.is_none_or(|from| at.as_millisecond() >= from)
}

/// Identifies a mark. Its text is left out where possible, because it may change as more becomes known.
fn digest(mark: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    (mark.at, discriminant(&mark.role)).hash(&mut hasher);
    match &mark.source {
        Some(source) => source.task_arn.hash(&mut hasher),
        None => mark.text.hash(&mut hasher),
    }
    hasher.finish()
}
