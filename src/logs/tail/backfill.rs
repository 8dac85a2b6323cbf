//! What was written before: the newest lines first, older ones when they are asked for.

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

/// Lines told at once.
pub(super) const BATCH: usize = 2_000;
/// How far before the start lines are read towards the end where none were found, in milliseconds.
const BEFORE_MS: i64 = 3_600_000;

/// The search for lines before the oldest.
pub(super) struct Backfill {
    pub lanes: Vec<StreamGroup>,
    /// The oldest there was when it began, in milliseconds.
    to: i64,
}

impl Tail {
    /// Once all that is to be shown first is read: begins to wait for the rest, but not for long.
    pub(super) fn be_patient(&mut self, now: Instant) {
        let first = |lane: &StreamGroup| !lane.doubtful && (!lane.is_over() || !self.runs());
        if self.patient_until.is_none() && self.lanes.iter().filter(|lane| first(lane)).all(StreamGroup::is_read) {
            self.patient_until = Some(now + GRACE);
        }
    }

    /// Whether there are tasks that run.
    fn runs(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.is_over())
    }

    /// Whether the others don't wait for a lane: it is of tasks that have ended, or of streams that may not exist.
    pub(super) fn may_be_late(&self, lane: &StreamGroup, now: Instant) -> bool {
        let patient = self.patient_until.is_none_or(|until| now < until);
        let over = lane.is_over() && self.runs();
        if patient { over && lane.doubtful } else { (over && !lane.arrived) || lane.doubtful }
    }

    /// Where the first lines were shown without those of ended tasks: looks for these as soon as it is known which of
    /// their streams exist.
    pub(super) fn fill(&mut self) {
        if self.filling && !self.lanes.iter().any(|lane| lane.doubtful && !lane.is_left_behind()) {
            (self.filling, self.older_asked) = (false, true);
        }
    }

    /// Once the newest lines of all lanes are found: shows them as far back as they are complete, and follows.
    pub(super) fn assemble(&mut self, now: Clocks) {
        if self.phase != TailPhase::History {
            return;
        }
        if self.range != Range::Newest {
            if self.lanes.iter().all(|lane| lane.is_read() || self.may_be_late(lane, now.at)) {
                self.phase = TailPhase::Following;
            }
            return;
        }
        let awaited = |lane: &StreamGroup| !lane.is_left_behind() && !self.may_be_late(lane, now.at);
        let sought = |lane: &StreamGroup| lane.back.is_some() && awaited(lane);
        let found = self.lanes.iter().any(|lane| lane.past.is_some());
        if self.lanes.iter().any(sought) || (!found && !self.lanes.is_empty()) {
            return;
        }
        let begin = self.start.clock.as_millisecond().saturating_sub(BEFORE_MS);
        let late = self.lanes.iter().any(|lane| lane.back.is_some() && !lane.is_left_behind());
        let complete = whole_from(&self.lanes, begin);
        // What comes late is read from the first line that is shown on; older lines are put before that.
        let first = self.lanes.iter().filter_map(|lane| lane.past.as_ref()?.said.first()).map(|said| said.at).min();
        let whole_from = complete.or(late.then(|| first.map_or(begin, Timestamp::as_millisecond)));
        self.filling = late && complete.is_none();
        (self.bounds.from, self.oldest) = (whole_from, whole_from);
        self.phase = TailPhase::Following;
        let mut lines = Vec::new();
        for lane in &mut self.lanes {
            let Some(past) = lane.past.take() else {
                // One that is held up, or comes late, is read from where the others begin.
                self.numbers += 1;
                lane.stop_looking(self.numbers);
                continue;
            };
            let said = lane.on.begin(past.said, past.follow, now);
            (lane.arrived, lane.due) = (true, now.at);
            lines.extend(said.into_iter().filter(|said| is_within(said.at, whole_from)));
        }
        for said in lines {
            self.push(said, now.clock);
        }
        self.mark();
    }

    /// Puts in what befell the tasks, each once.
    pub(super) fn mark(&mut self) {
        let clock = self.moment().clock;
        for mark in std::mem::take(&mut self.set.marks) {
            let within = is_within(mark.at, self.bounds.from);
            let before_end = self.bounds.to.is_none_or(|to| mark.at.as_millisecond() <= to);
            if within && before_end && self.marked.insert(digest(&mark)) {
                self.merge.put(mark.clone(), clock);
            }
            self.set.marks.push(mark);
        }
    }

    /// Begins to look for lines before the oldest, if that is wanted and can be done.
    pub(super) fn start_elder(&mut self, now: Instant) {
        let reading = matches!(self.phase, TailPhase::Following | TailPhase::Done);
        if !self.older_asked || !reading || self.elder.is_some() {
            return;
        }
        self.older_asked = false;
        let Some(oldest) = self.oldest else {
            self.out.push(TailUpdate::Older { lines: Vec::new(), end: true });
            return;
        };
        // What may not exist would be waited for.
        let lanes = self.lanes.iter().filter(|lane| lane.doubtful || lane.is_absent());
        let doubtful: HashSet<_> = lanes.flat_map(|lane| &lane.streams).map(|kept| &kept.source.stream).collect();
        let known = self.sources.iter().filter(|source| !doubtful.contains(&source.stream));
        let streams = known.map(|source| OpenStream { source: source.clone(), until: None }).collect();
        let to = oldest.saturating_sub(1);
        let lanes = self.lanes_of(streams, Some(BackwardReader::new(Some(to), None)), now);
        self.elder = Some(Backfill { lanes, to });
        self.finish_elder();
    }

    /// Looks for older lines of these streams as well, while it looks for any.
    pub(super) fn join_elder(&mut self, streams: Vec<OpenStream>, now: Instant) {
        let Some(to) = self.elder.as_ref().map(|elder| elder.to) else { return };
        let lanes = self.lanes_of(streams, Some(BackwardReader::new(Some(to), None)), now);
        self.elder.iter_mut().for_each(|elder| elder.lanes.extend(lanes.clone()));
    }

    /// Tells the older lines once all of them are found.
    pub(super) fn finish_elder(&mut self) {
        let Some(elder) = &mut self.elder else { return };
        // What cannot be read has no older lines to tell.
        elder.lanes.retain(|lane| lane.held.as_ref().is_none_or(|held| super::stream_group::passes(held.failure.kind)));
        if elder.lanes.iter().any(|lane| lane.past.is_none()) {
            return;
        }
        let Some(elder) = self.elder.take() else { return };
        let whole_from = whole_from(&elder.lanes, elder.to);
        let pasts = elder.lanes.into_iter().filter_map(|lane| lane.past);
        let said = pasts.flat_map(|past| past.said).filter(|said| is_within(said.at, whole_from));
        let mut lines: Vec<Line> = said.map(Line::from).collect();
        for mark in &self.set.marks {
            let within = is_within(mark.at, whole_from) && mark.at.as_millisecond() <= elder.to;
            if within && self.marked.insert(digest(mark)) {
                lines.push(mark.clone());
            }
        }
        lines.sort_by_key(|line| line.at);
        self.oldest = whole_from;
        let end = whole_from.is_none();
        while lines.len() > BATCH {
            let lines = lines.split_off(lines.len() - BATCH);
            self.out.push(TailUpdate::Older { lines, end: false });
        }
        self.out.push(TailUpdate::Older { lines, end });
    }
}

/// The time, in milliseconds, from which on the lines of all lanes are complete; none where they are from the first.
fn whole_from(lanes: &[StreamGroup], unknown: i64) -> Option<i64> {
    let pasts = lanes.iter().filter_map(|lane| lane.past.as_ref());
    pasts.filter_map(|past| past.whole_from.or(past.gave_up.then_some(unknown))).max()
}

fn is_within(at: Timestamp, from: Option<i64>) -> bool {
    from.is_none_or(|from| at.as_millisecond() >= from)
}

/// What stands for a mark: its words may change as more is known of it.
fn digest(mark: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    (mark.at, discriminant(&mark.role)).hash(&mut hasher);
    match &mark.source {
        Some(source) => source.task_arn.hash(&mut hasher),
        None => mark.text.hash(&mut hasher),
    }
    hasher.finish()
}
