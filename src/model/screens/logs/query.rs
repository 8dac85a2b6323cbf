//! Queries of CloudWatch Logs Insights: the query, its time range and log groups, and its cost.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    LogView,
    reader::reader,
    span::{self, When},
};
use crate::{
    grammar::Fault,
    logs::{LogGroup, LogSubject, Range, Read, groups},
    model::{
        Model,
        action::{Call, Outcome},
        overlay::{Overlay, QueryPrompt},
        prompt::Prompt,
    },
    resource::format::{duration, seconds_since},
};

/// Maximum number of streams, and of stream name prefixes, that a query contains.
const NAMED: usize = 8;
const TRIED: usize = 4;

/// Default time range of a query.
const USUAL: SignedDuration = SignedDuration::from_hours(1);

impl QueryPrompt {
    /// A prompt for a query of the open log.
    fn of(reader: &LogView, text: &str, now: Timestamp, zone: &TimeZone) -> Self {
        let groups = reader.groups();
        let (before, time) = match &reader.wanted.read {
            Read::Query { text, from, to } => (Some(text.to_string()), stretch(*from, *to, now)),
            Read::Tail { range: Range::Since(from), .. } => (None, ago(*from, now)),
            Read::Tail { range: Range::Between(from, to), .. } => (None, stretch(*from, *to, now)),
            Read::Tail { .. } => (None, ago(now.checked_sub(USUAL).unwrap_or(now), now)),
        };
        let text = match text {
            "" => before.unwrap_or_else(|| prefilled(&groups, reader.subject())),
            text => text.to_owned(),
        };
        let mut prompt = Self { over: over(&groups), time: Prompt::preselected(&time), ..Self::default() };
        prompt.text.set(&text);
        // Before the sort: a filter is typed next.
        if let Some(at) = text.find("| sort ") {
            let cursor = text[..at].chars().count();
            prompt.text.input = std::mem::take(&mut prompt.text.input).with_cursor(cursor);
        }
        prompt.note_time(now, zone);
        prompt
    }

    /// The time range, if it is valid.
    fn between(&self, now: Timestamp, zone: &TimeZone) -> Result<(Timestamp, Timestamp), Fault> {
        Ok(match span::read(self.time.text(), now, zone)? {
            When::At(from) | When::Since(from) => (from, now),
            When::Between(from, to) => (from, to),
        })
    }

    /// Shows the time range in full, or what is wrong with it.
    fn note_time(&mut self, now: Timestamp, zone: &TimeZone) {
        let between = self.between(now, zone);
        self.between = between.as_ref().map(|(from, to)| spelt(*from, *to, zone)).unwrap_or_default();
        self.time.fault = between.err().filter(|_| !self.time.text().trim().is_empty());
    }
}

impl LogView {
    /// The log groups of the open streams; before those are known, of the lines in memory.
    fn groups(&self) -> Vec<LogGroup> {
        if !self.status.groups.is_empty() {
            return self.status.groups.to_vec();
        }
        let mut seen = HashSet::new();
        let sources = self.buffer.ring.numbers().filter_map(|number| self.buffer.ring.get(number)?.source.as_ref());
        groups::from_sources(sources.filter(|source| seen.insert(Arc::as_ptr(source))).map(|source| &**source))
    }
}

/// A query for the newest lines of the open log.
fn prefilled(groups: &[LogGroup], of: &LogSubject) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let streams: Vec<String> = groups.iter().flat_map(|group| &group.streams).map(|name| quoted(name)).collect();
    let mut prefixes: Vec<&String> = groups.iter().flat_map(|group| &group.prefixes).collect();
    prefixes.sort();
    prefixes.dedup();
    let covered = groups.iter().all(|group| !group.prefixes.is_empty());
    let named = (1..=NAMED).contains(&streams.len()).then(|| format!("@logStream in [{}]", streams.join(", ")));
    let tried = (covered && (1..=TRIED).contains(&prefixes.len())).then(|| {
        let like = |prefix: &&String| format!("@logStream like {}", quoted(prefix));
        prefixes.iter().map(like).collect::<Vec<_>>().join(" or ")
    });
    // Past tasks of a service have streams that are no longer known.
    let narrowed = if of.tasks.is_some() { named.or(tried) } else { tried.or(named) };
    let log = if groups.len() > 1 { ", @log" } else { "" };
    let filter = narrowed.map(|narrowed| format!("| filter {narrowed} ")).unwrap_or_default();
    format!("fields @timestamp, @message, @logStream{log} {filter}| sort @timestamp desc | limit 1000")
}

/// A time up to now in the form that users type: `-3h`, `-21m`.
fn ago(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs().max(1);
    let minutes = (seconds + 59) / 60;
    if minutes % 60 == 0 { format!("-{}h", minutes / 60) } else { format!("-{minutes}m") }
}

/// A time range in the form that users type; open if it ends now.
fn stretch(from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    let whole = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if now.duration_since(to).as_secs() < 60 { ago(from, now) } else { format!("{}..{}", whole(from), whole(to)) }
}

/// The log groups of a query, as text.
fn over(groups: &[LogGroup]) -> String {
    let names: Vec<&str> = groups.iter().take(2).map(|group| &*group.name).collect();
    let more = match groups.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match &names[..] {
        [] => "the log groups of its tasks, once they are known".into(),
        names => format!("{}{more}", names.join(", ")),
    }
}

/// A time range in full: `Nov 21 14:05 to 17:05 UTC, 3h`.
fn spelt(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    let (begin, end) = (from.to_zoned_datetime(zone.clone()), to.to_zoned_datetime(zone.clone()));
    let end_format = if begin.date() == end.date() { "%H:%M %Z" } else { "%b %d %H:%M %Z" };
    let length = duration(seconds_since(from, to));
    format!("{} to {}, {length}", begin.strftime("%b %d %H:%M"), end.strftime(end_format))
}

impl Model {
    /// Handles a change in the prompt.
    pub(in crate::model) fn query_changed(&self, prompt: &mut QueryPrompt) {
        prompt.text.fault = None;
        prompt.note_time(self.now, &self.settings.zone.zone);
    }

    /// Runs the query, if it is valid.
    pub(in crate::model) fn query_entered(&mut self, mut prompt: Box<QueryPrompt>) {
        let text = prompt.text.text().trim().to_owned();
        if text.is_empty() {
            prompt.text.fault = Some(Fault::new(0, "a query is missing: fields @timestamp, @message"));
        }
        match prompt.between(self.now, &self.settings.zone.zone) {
            Ok((from, to)) if prompt.text.fault.is_none() => {
                self.remember("queries", &text);
                self.ask(Read::Query { text: text.into(), from, to });
                return;
            }
            Ok(_) => prompt.in_time = false,
            Err(fault) => {
                prompt.in_time = true;
                prompt.time.fault = Some(fault);
            }
        }
        self.overlay = Some(Overlay::Query(prompt));
    }

    /// Shows results of a query in place of the log, until the user goes back.
    fn ask(&mut self, query: Read) {
        let Some(reader) = self.front.get::<LogView>() else { return };
        let beneath = match &reader.wanted.read {
            tail @ Read::Tail { .. } => Some(tail.clone()),
            Read::Query { .. } => reader.beneath.clone(),
        };
        self.read_again(query, true, None);
        if let Some(reader) = self.front.get_mut::<LogView>() {
            reader.beneath = beneath;
        }
    }

    /// Returns from results of a query to the log; false if there are none.
    pub(in crate::model) fn leave_query(&mut self) -> bool {
        let Some(reader) = self.front.get_mut::<LogView>() else { return false };
        let Some(tail) = reader.beneath.take() else { return false };
        self.read_again(tail, true, None);
        true
    }
}

pub(in crate::model) fn open(model: &mut Model, call: Call<'_>) -> Outcome {
    let (now, zone) = (model.now, model.settings.zone.zone.clone());
    let prompt = QueryPrompt::of(reader(model)?, call.arg, now, &zone);
    model.overlay = Some(Overlay::Query(Box::new(prompt)));
    Ok(())
}
