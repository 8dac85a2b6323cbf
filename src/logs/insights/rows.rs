//! From the rows of a query's results to lines.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_cloudwatchlogs::types::ResultField;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{MOST, plan::QueryPlan};
use crate::{
    logs::{Followed, Line, Role, Scanned, Source, Stream, level},
    resource::format::{grouped, size},
};

/// Fields that say where and when, or that only AWS understands: they are no text.
const MARKS: [&str; 5] = ["@timestamp", "@ingestionTime", "@logStream", "@log", "@ptr"];

/// The sources that results can come from.
pub struct KnownSources<'a> {
    /// By the stream's name.
    sources: HashMap<&'a str, Vec<&'a Arc<Source>>>,
    plan: &'a QueryPlan,
}

impl<'a> KnownSources<'a> {
    pub fn of(streams: &'a [Followed], plan: &'a QueryPlan) -> Self {
        let mut sources: HashMap<&str, Vec<&Arc<Source>>> = HashMap::new();
        for followed in streams.iter().filter(|followed| followed.source.stream.region == plan.region) {
            sources.entry(&followed.source.stream.name).or_default().push(&followed.source);
        }
        Self { sources, plan }
    }

    /// The source with this stream. Tasks that ECS has forgotten still have their name in that of their stream.
    fn source(&self, group: Option<&str>, stream: &str) -> Option<Arc<Source>> {
        let group = group.or(match &self.plan.groups[..] {
            [only] => Some(only),
            _ => None,
        });
        let mut known = self.sources.get(stream).into_iter().flatten();
        if let Some(source) = known.find(|source| group.is_none_or(|group| source.stream.group == group)) {
            return Some(Arc::clone(source));
        }
        let (rest, task) = stream.rsplit_once('/')?;
        let (_, container) = rest.rsplit_once('/')?;
        let stream = Stream { region: self.plan.region.clone(), group: group?.to_owned(), name: stream.to_owned() };
        let (task_arn, container) = (task.into(), container.to_owned());
        looks_like_a_task(task).then(|| Source { stream, task_arn, container, service: None, revision: None }.into())
    }
}

/// A task's id: 32 hexadecimal digits, or a UUID.
fn looks_like_a_task(id: &str) -> bool {
    id.chars().filter(char::is_ascii_hexdigit).count() == 32 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// The results as lines: in the order of time where they are in that order or its reverse, else as they came. What has
/// no time of its own gets `end`.
pub fn lines(found: &[Vec<ResultField>], known: &KnownSources<'_>, end: Timestamp) -> Vec<Line> {
    let widths = widths(found);
    let mut lines: Vec<Line> = found.iter().map(|row| line(row, known, end, &widths)).collect();
    if lines.is_sorted_by(|one, next| one.at >= next.at)
        && lines.first().map(|line| line.at) != lines.last().map(|line| line.at)
    {
        lines.reverse();
    }
    lines
}

/// What a query found and what it took to find it.
pub fn summary(found: usize, scanned: Scanned) -> String {
    let results = match found {
        0 => "nothing matches".to_owned(),
        1 => "1 result".to_owned(),
        MOST.. => format!("{} results, the most that a query gives", grouped(found as u64)),
        _ => format!("{} results", grouped(found as u64)),
    };
    let (matched, records) = (grouped(scanned.matched as u64), grouped(scanned.records as u64));
    let (size, price) = (size(scanned.bytes), scanned.price());
    format!("{results}; {matched} of {records} records match, {size} scanned, {price}")
}

fn line(row: &[ResultField], known: &KnownSources<'_>, end: Timestamp, widths: &HashMap<&str, usize>) -> Line {
    let field = |name: &str| row.iter().find(|field| field.field() == Some(name))?.value();
    let at = field("@timestamp").and_then(moment);
    // Counts by time carry it in the field that they are counted by.
    let by_time = || {
        row.iter()
            .filter(|field| field.field().is_some_and(|name| name.starts_with("bin(")))
            .find_map(|field| moment(field.value()?))
    };
    let group = field("@log").map(|log| log.rsplit_once(':').map_or(log, |(_, group)| group));
    let source = field("@logStream").and_then(|stream| known.source(group, stream));
    let text = text(row, field("@message"), widths);
    Line {
        source,
        at: at.or_else(by_time).unwrap_or(end),
        role: Role::Output,
        level: level::of(&text),
        late: false,
        task: None,
        text: text.into(),
    }
}

/// The message, and the other fields as `key=value`; in columns where there is no message.
fn text(row: &[ResultField], message: Option<&str>, widths: &HashMap<&str, usize>) -> String {
    let mut text = message.map(|message| message.trim_end_matches(['\r', '\n']).to_owned()).unwrap_or_default();
    // What is written in JSON has its fields in it.
    if text.starts_with('{') {
        return text;
    }
    for field in row {
        let (Some(name), Some(value)) = (field.field(), field.value()) else { continue };
        if MARKS.contains(&name) || name == "@message" {
            continue;
        }
        if !text.is_empty() {
            text.push_str("  ");
        }
        let pair = pair(name, value);
        let width = if message.is_some() { 0 } else { widths.get(name).copied().unwrap_or_default() };
        text.push_str(&format!("{pair:width$}"));
    }
    text.truncate(text.trim_end().len());
    text
}

fn pair(name: &str, value: &str) -> String {
    match value.chars().any(|c| c.is_whitespace() || c == '"') {
        true => format!("{name}={value:?}"),
        false => format!("{name}={value}"),
    }
}

/// How wide each field is at its widest.
fn widths(found: &[Vec<ResultField>]) -> HashMap<&str, usize> {
    let mut widths = HashMap::new();
    for (name, value) in found.iter().flatten().filter_map(|field| Some((field.field()?, field.value()?))) {
        let width: &mut usize = widths.entry(name).or_default();
        *width = (*width).max(pair(name, value).chars().count()).min(WIDEST);
    }
    widths
}

/// Columns grow no wider than this.
const WIDEST: usize = 48;

/// A moment as Insights writes it: `2026-01-31 14:05:09.123`, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
