//! Going to a place in a log: a match, an error, a moment; and reading another part of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    LogView,
    reader::reader,
    search::Matches,
    span::{self, When},
};
use crate::{
    grammar::Fault,
    logs::{Level, Line, LogRequest, Range, Read, Role, TailPhase},
    model::{
        Model,
        action::{Call, Outcome},
        overlay::{Overlay, WhenPrompt},
    },
};

/// A moment before which is every time that is meant: what is still to come depends on when it is asked for.
const LATEST: Timestamp = Timestamp::constant(200_000_000_000, 0);

/// Minutes behind the keys 2 to 8.
const MINUTES: [i64; 7] = [1, 5, 15, 30, 60, 180, 720];

impl LogView {
    /// The line from which on matches and errors are looked for, and whether forwards. Who follows stands behind the
    /// last line: all there is lies before, whichever key is pressed.
    fn begin_at(&self, forward: bool) -> Result<(i64, bool), String> {
        let (number, _) = self.current().ok_or("there are no lines yet")?;
        Ok(if self.viewport.cursor.is_none() { (number + 1, false) } else { (number, forward) })
    }

    /// Whether what is held reaches from before a moment to after it.
    fn holds(&self, moment: Timestamp) -> bool {
        let at = |number: i64| self.buffer.ring.get(number).map(|line| line.at);
        let held = self.buffer.ring.numbers();
        let range = match self.wanted.read {
            Read::Tail { range, .. } => range,
            Read::Query { from, to, .. } => Range::Between(from, to),
        };
        let complete =
            matches!(self.status.phase, TailPhase::Following | TailPhase::Done) && self.buffer.ring.dropped() == 0;
        let begun = at(held.start).is_some_and(|first| first <= moment)
            || complete && matches!(range, Range::Since(from) | Range::Between(from, _) if from <= moment);
        // What goes on to now holds what is younger than its last line, too: nothing.
        let ended = match range {
            Range::Between(_, to) => moment <= to,
            Range::Newest | Range::Oldest | Range::Since(_) => true,
        };
        begun && ended && !held.is_empty()
    }
}

impl Model {
    /// Reads another part of the log that is seen, or the same anew.
    pub(super) fn read_anew(&mut self, read: Read, follow: bool, seek: Option<Timestamp>) {
        if let Some(reader) = self.front.get_mut::<LogView>() {
            self.logs_opened += 1;
            reader.begin(LogRequest { id: self.logs_opened, read, ..reader.wanted.clone() }, follow, seek);
        }
    }

    /// Reads another range of it.
    fn set_range(&mut self, range: Range, follow: bool) -> Outcome {
        let (_, pattern, live) = tail(reader(self)?)?;
        // A stretch that is over has nothing to follow.
        let live = live && !matches!(range, Range::Between(..));
        let from = match range {
            Range::Newest | Range::Oldest => Timestamp::MIN,
            Range::Since(from) | Range::Between(from, _) => from,
        };
        self.read_anew(Read::Tail { range, pattern, live }, follow, Some(from).filter(|_| !follow));
        Ok(())
    }

    /// What is typed as a moment has changed.
    pub(in crate::model) fn when_changed(&self, prompt: &mut WhenPrompt) {
        // What is empty is only unreadable once it is entered.
        let text = prompt.prompt.text();
        let fault = span::read(text, self.now, &self.settings.zone.zone).err();
        prompt.prompt.fault = fault.filter(|_| !text.trim().is_empty());
    }

    /// A moment, or a stretch of time, was typed.
    pub(in crate::model) fn when_entered(&mut self, mut prompt: WhenPrompt) {
        if prompt.prompt.text().trim().is_empty() {
            return;
        }
        match self.go(prompt.prompt.text()) {
            Ok(()) => {}
            Err(fault) => {
                prompt.prompt.fault = Some(fault);
                self.overlay = Some(Overlay::When(prompt));
            }
        }
    }

    fn go(&mut self, text: &str) -> Result<(), Fault> {
        let when = span::read(text, self.now, &self.settings.zone.zone)?;
        let told = |reason: String| Fault::new(0, reason);
        match when {
            When::At(moment) => {
                let reader = reader(self).map_err(told)?;
                if reader.holds(moment) {
                    reader.go_to_moment(moment);
                    return Ok(());
                }
                self.set_range(Range::Since(moment), false)
            }
            When::Since(moment) => self.set_range(Range::Since(moment), false),
            When::Between(from, to) => self.set_range(Range::Between(from, to), false),
        }
        .map_err(told)
    }
}

/// What a tail reads.
fn tail(reader: &LogView) -> Result<(Range, Option<Arc<str>>, bool), String> {
    match &reader.wanted.read {
        Read::Tail { range, pattern, live } => Ok((*range, pattern.clone(), *live)),
        Read::Query { .. } => Err("this is what a query found; :query asks anew".into()),
    }
}

pub(in crate::model) fn next_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, true)
}

pub(in crate::model) fn previous_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, false)
}

fn step(model: &mut Model, forward: bool) -> Outcome {
    let reader = reader(model)?;
    if !Matches::sought(&reader.buffer.stack) {
        return Err("nothing is searched for; / searches".into());
    }
    let (from, forward) = reader.begin_at(forward)?;
    let found = reader.search.matches.step(from, forward);
    // What is cleared from the screen is not gone to.
    let found = found.filter(|number| reader.buffer.shows(*number));
    let found = found.ok_or_else(|| nothing("match", forward))?;
    reader.seek(found);
    Ok(())
}

pub(in crate::model) fn next_error(model: &mut Model, _: Call<'_>) -> Outcome {
    error(model, true)
}

pub(in crate::model) fn previous_error(model: &mut Model, _: Call<'_>) -> Outcome {
    error(model, false)
}

fn error(model: &mut Model, forward: bool) -> Outcome {
    let reader = reader(model)?;
    let (from, forward) = reader.begin_at(forward)?;
    let grave = |line: &Line| line.level >= Some(Level::Error) || line.role == Role::Stopped { fault: true };
    let found = reader.buffer.near(from, forward, grave).ok_or_else(|| nothing("error", forward))?;
    reader.seek(found);
    Ok(())
}

fn nothing(what: &str, forward: bool) -> String {
    format!("no {what} {} here", if forward { "after" } else { "before" })
}

/// A minute back by the first key, a minute on by the second.
pub(in crate::model) fn minute(model: &mut Model, call: Call<'_>) -> Outcome {
    move_in_time(model, if call.nth == 0 { -1 } else { 1 })
}

pub(in crate::model) fn ten_minutes(model: &mut Model, call: Call<'_>) -> Outcome {
    move_in_time(model, if call.nth == 0 { -10 } else { 10 })
}

fn move_in_time(model: &mut Model, minutes: i64) -> Outcome {
    let reader = reader(model)?;
    let (_, here) = reader.current().ok_or("there are no lines yet")?;
    let moment = here.at.checked_add(SignedDuration::from_mins(minutes)).map_err(|_| "time ends there")?;
    reader.go_to_moment(moment);
    Ok(())
}

/// Asks for a moment or a stretch of time, or takes the one that is named.
pub(in crate::model) fn time(model: &mut Model, call: Call<'_>) -> Outcome {
    reader(model)?;
    if call.arg.is_empty() {
        model.overlay = Some(Overlay::When(WhenPrompt::default()));
        return Ok(());
    }
    model.go(call.arg).map_err(|fault| fault.reason)
}

/// Refuses what is neither a time nor a range.
pub(in crate::model) fn check_time(text: &str) -> Outcome {
    span::read(text, LATEST, &TimeZone::UTC).map(drop).map_err(|fault| fault.reason)
}

/// By the key: the newest lines, the oldest, the last minutes or hours.
pub(in crate::model) fn range(model: &mut Model, call: Call<'_>) -> Outcome {
    let range = match call.nth {
        0 => Range::Newest,
        1 => Range::Oldest,
        nth => {
            let minutes = MINUTES.get(nth - 2).copied().unwrap_or(1);
            let from = model.now.checked_sub(SignedDuration::from_mins(minutes));
            Range::Since(from.map_err(|_| "time begins later")?)
        }
    };
    model.set_range(range, range != Range::Oldest)
}

/// Reads the same range anew, and comes back to where one was.
pub(in crate::model) fn reload(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (range, pattern, live) = tail(reader)?;
    let follow = reader.viewport.follow;
    let place = reader.viewport.cursor.and_then(|number| reader.buffer.ring.get(number)).map(|line| line.at);
    model.read_anew(Read::Tail { range, pattern, live }, follow, place.filter(|_| !follow));
    Ok(())
}

/// Has CloudWatch leave out what a filter pattern of its own does not match.
pub(in crate::model) fn pattern(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (range, before, live) = tail(reader)?;
    let pattern = Some(call.arg).filter(|text| !text.is_empty());
    if pattern == before.as_deref() {
        return Err("CloudWatch leaves nothing out; a pattern changes that: :pattern ERROR".into());
    }
    let follow = reader.viewport.follow;
    model.read_anew(Read::Tail { range, pattern: pattern.map(Into::into), live }, follow, None);
    model.info(match pattern {
        Some(_) => "CloudWatch leaves out what does not match; :pattern alone brings it back",
        None => "CloudWatch leaves nothing out",
    });
    Ok(())
}
