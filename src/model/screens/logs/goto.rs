//! Moving to a match, an error or a time in a log, and reading another range of it.

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

/// An upper bound for parsing times in the future, which are checked when they are used.
const LATEST: Timestamp = Timestamp::constant(200_000_000_000, 0);

/// Minutes for the keys 2 to 8.
const MINUTES: [i64; 7] = [1, 5, 15, 30, 60, 180, 720];

impl LogView {
    /// The line to search from, and whether to search forwards. When following, the search begins at the end and goes
    /// backwards with either key.
    fn begin_at(&self, forward: bool) -> Result<(i64, bool), String> {
        let (number, _) = self.current().ok_or("there are no lines yet")?;
        Ok(if self.viewport.cursor.is_none() { (number + 1, false) } else { (number, forward) })
    }

    /// Whether the lines in memory span a time.
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
        // A range up to now has no lines after its last.
        let ended = match range {
            Range::Between(_, to) => moment <= to,
            Range::Newest | Range::Oldest | Range::Since(_) => true,
        };
        begun && ended && !held.is_empty()
    }
}

impl Model {
    /// Reads another range of the log on screen, or the same again.
    pub(super) fn read_again(&mut self, read: Read, follow: bool, seek: Option<Timestamp>) {
        if let Some(reader) = self.front.get_mut::<LogView>() {
            self.logs_opened += 1;
            reader.begin(LogRequest { id: self.logs_opened, read, ..reader.wanted.clone() }, follow, seek);
        }
    }

    /// Sets the range to read.
    fn set_range(&mut self, range: Range, follow: bool) -> Outcome {
        let (_, pattern, live) = tail(reader(self)?)?;
        // A range in the past can't be followed.
        let live = live && !matches!(range, Range::Between(..));
        let from = match range {
            Range::Newest | Range::Oldest => Timestamp::MIN,
            Range::Since(from) | Range::Between(from, _) => from,
        };
        self.read_again(Read::Tail { range, pattern, live }, follow, Some(from).filter(|_| !follow));
        Ok(())
    }

    /// Handles a change in the time prompt.
    pub(in crate::model) fn when_changed(&self, prompt: &mut WhenPrompt) {
        // Empty text is reported only on enter.
        let text = prompt.prompt.text();
        let fault = span::read(text, self.now, &self.settings.zone.zone).err();
        prompt.prompt.fault = fault.filter(|_| !text.trim().is_empty());
    }

    /// Handles enter in the time prompt.
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
        let fault = |reason: String| Fault::new(0, reason);
        match when {
            When::At(moment) => {
                let reader = reader(self).map_err(fault)?;
                if reader.holds(moment) {
                    reader.go_to_moment(moment);
                    return Ok(());
                }
                self.set_range(Range::Since(moment), false)
            }
            When::Since(moment) => self.set_range(Range::Since(moment), false),
            When::Between(from, to) => self.set_range(Range::Between(from, to), false),
        }
        .map_err(fault)
    }
}

/// The range, pattern and source of a tail.
fn tail(reader: &LogView) -> Result<(Range, Option<Arc<str>>, bool), String> {
    match &reader.wanted.read {
        Read::Tail { range, pattern, live } => Ok((*range, pattern.clone(), *live)),
        Read::Query { .. } => Err("these are results of a query; :query runs another".into()),
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
        return Err("no search yet; / starts one".into());
    }
    let (from, forward) = reader.begin_at(forward)?;
    let found = reader.search.matches.step(from, forward);
    // Lines that were cleared from the screen are skipped.
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

/// Moves a minute back with the first key, forward with the second.
pub(in crate::model) fn minute(model: &mut Model, call: Call<'_>) -> Outcome {
    move_in_time(model, if call.nth == 0 { -1 } else { 1 })
}

pub(in crate::model) fn ten_minutes(model: &mut Model, call: Call<'_>) -> Outcome {
    move_in_time(model, if call.nth == 0 { -10 } else { 10 })
}

fn move_in_time(model: &mut Model, minutes: i64) -> Outcome {
    let reader = reader(model)?;
    let (_, here) = reader.current().ok_or("there are no lines yet")?;
    let moment = here.at.checked_add(SignedDuration::from_mins(minutes)).map_err(|_| "the time is out of range")?;
    reader.go_to_moment(moment);
    Ok(())
}

/// Opens the time prompt, or goes to the time in the command.
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

/// Reads, by key, the newest lines, the oldest, or the last minutes or hours.
pub(in crate::model) fn range(model: &mut Model, call: Call<'_>) -> Outcome {
    let range = match call.nth {
        0 => Range::Newest,
        1 => Range::Oldest,
        nth => {
            let minutes = MINUTES.get(nth - 2).copied().unwrap_or(1);
            let from = model.now.checked_sub(SignedDuration::from_mins(minutes));
            Range::Since(from.map_err(|_| "the time is out of range")?)
        }
    };
    model.set_range(range, range != Range::Oldest)
}

/// Reads the same range again, and returns to the current position.
pub(in crate::model) fn reload(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (range, pattern, live) = tail(reader)?;
    let follow = reader.viewport.follow;
    let place = reader.viewport.cursor.and_then(|number| reader.buffer.ring.get(number)).map(|line| line.at);
    model.read_again(Read::Tail { range, pattern, live }, follow, place.filter(|_| !follow));
    Ok(())
}

/// Sets a filter pattern that CloudWatch applies.
pub(in crate::model) fn pattern(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (range, before, live) = tail(reader)?;
    let pattern = Some(call.arg).filter(|text| !text.is_empty());
    if pattern == before.as_deref() {
        return Err("no CloudWatch pattern is set; `:pattern ERROR` sets one".into());
    }
    let follow = reader.viewport.follow;
    model.read_again(Read::Tail { range, pattern: pattern.map(Into::into), live }, follow, None);
    model.info(match pattern {
        Some(_) => "CloudWatch returns matching lines only; `:pattern` shows all again",
        None => "CloudWatch returns all lines",
    });
    Ok(())
}
