//! Converts the results of a query to lines.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_cloudwatchlogs::types::ResultField;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{MOST, plan::QueryPlan};
use crate::{
    logs::{Followed, Line, Role, Scanned, Source, Stream, level},
    resource::format::{grouped, size},
};

/// Fields that are not shown as text: they are a line's position and time, or AWS's own.
const META_FIELDS: [&str; 5] = ["@timestamp", "@ingestionTime", "@logStream", "@log", "@ptr"];

/// The sources that results can come from.
pub(super) struct KnownSources<'a> {
    /// By the name of the stream.
    sources: HashMap<&'a str, Vec<&'a Arc<Source>>>,
    plan: &'a QueryPlan,
}

impl<'a> KnownSources<'a> {
    pub(super) fn new(streams: &'a [Followed], plan: &'a QueryPlan) -> Self {
        let mut sources: HashMap<&str, Vec<&Arc<Source>>> = HashMap::new();
        for followed in streams.iter().filter(|followed| followed.source.stream.region == plan.region) {
            sources.entry(&followed.source.stream.name).or_default().push(&followed.source);
        }
        Self { sources, plan }
    }

    /// The source with this stream. For tasks that ECS has forgotten it is derived from the stream's name.
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
        is_task_id(task).then(|| Source { stream, task_arn, container, service: None, revision: None }.into())
    }
}

/// Returns whether this is a task's id: 32 hexadecimal digits, or a UUID.
fn is_task_id(id: &str) -> bool {
    id.chars().filter(char::is_ascii_hexdigit).count() == 32 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// The results as lines: by time if they are sorted by time in either direction, otherwise in their own order. Lines
/// without a time get `end`.
pub(super) fn lines(found: &[Vec<ResultField>], known: &KnownSources<'_>, end: Timestamp) -> Vec<Line> {
    let widths = widths(found);
    let mut lines: Vec<Line> = found.iter().map(|row| line(row, known, end, &widths)).collect();
    if lines.is_sorted_by(|one, next| one.at >= next.at)
        && lines.first().map(|line| line.at) != lines.last().map(|line| line.at)
    {
        lines.reverse();
    }
    lines
}

/// A summary of the results and what they cost.
pub(super) fn summary(found: usize, scanned: Scanned) -> String {
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
    let at = field("@timestamp").and_then(parse_time);
    // Counts by time have it in the field they are grouped by.
    let by_time = || {
        row.iter()
            .filter(|field| field.field().is_some_and(|name| name.starts_with("bin(")))
            .find_map(|field| parse_time(field.value()?))
    };
    let group = field("@log").map(|log| log.rsplit_once(':').map_or(log, |(_, group)| group));
    let source = field("@logStream").and_then(|stream| known.source(group, stream));
    let text = text(row, field("@message"), widths);
    Line {
        source,
        at: at.or_else(by_time).unwrap_or(end),
        role: Role::Output,
        level: level::detect(&text),
        late: false,
        task: None,
        text: text.into(),
    }
}

/// The message, and the other fields as `key=value`; in columns where there is no message.
fn text(row: &[ResultField], message: Option<&str>, widths: &HashMap<&str, usize>) -> String {
    let mut text = message.map(|message| message.trim_end_matches(['\r', '\n']).to_owned()).unwrap_or_default();
    // A JSON message contains the other fields already.
    if text.starts_with('{') {
        return text;
    }
    for field in row {
        let (Some(name), Some(value)) = (field.field(), field.value()) else { continue };
        if META_FIELDS.contains(&name) || name == "@message" {
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

/// The largest width of each field.
fn widths(found: &[Vec<ResultField>]) -> HashMap<&str, usize> {
    let mut widths = HashMap::new();
    for (name, value) in found.iter().flatten().filter_map(|field| Some((field.field()?, field.value()?))) {
        let width: &mut usize = widths.entry(name).or_default();
        *width = (*width).max(pair(name, value).chars().count()).min(WIDEST);
    }
    widths
}

/// The most that a column is padded to.
const WIDEST: usize = 48;

/// Parses a time as Insights writes it: `2026-01-31 14:05:09.123`, in UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
