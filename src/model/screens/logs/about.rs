//! The fields of a log line, and the state of its log.

use std::sync::Arc;

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use unicode_width::UnicodeWidthStr;

use super::{LogView, fields};
use crate::{
    logs::{Line, Range, Read},
    resource::{
        Tone, Zone,
        document::{self, Document, Section},
        format::{duration, grouped, seconds_since},
    },
};

/// The raw event: its text as received, then its fields.
pub(super) fn event(line: &Line) -> Arc<Document> {
    let mut document = Document::default();
    document.section("message").text(0, line.text.trim_end(), Tone::Plain);
    let section = document.section("event");
    section.field("timestamp", line.at.as_millisecond().to_string());
    if let Some(source) = &line.source {
        section.field("logGroupName", source.stream.group.as_str());
        section.field("logStreamName", source.stream.name.as_str());
    }
    Arc::new(document)
}

/// The fields of a line and its source, then the state of the log.
pub(super) fn document(reader: &LogView, line: Option<&Line>, zone: &Zone, now: Timestamp) -> Arc<Document> {
    let mut document = Document::default();
    if let Some(line) = line {
        of_line(&mut document, line, &zone.zone, now);
    }
    of_log(document.section("the log"), reader, zone);
    let quiet = &reader.status.silent;
    if !quiet.is_empty() {
        let section = document.section("without a log");
        for quiet in quiet {
            section.text(0, format!("{}: {}", quiet.what, quiet.why), Tone::Plain);
        }
    }
    Arc::new(document)
}

fn of_line(document: &mut Document, line: &Line, zone: &TimeZone, now: Timestamp) {
    let fields = fields::list(line);
    let section = document.section(if fields.is_empty() { "message" } else { "fields" });
    let width = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, value) in &fields {
        let name = format!("{name}{}  ", " ".repeat(width - name.width()));
        section.lines.push(document::DocumentLine::Text {
            depth: 0,
            spans: vec![(name, Tone::Muted), (value.clone(), Tone::Plain)],
        });
    }
    if fields.is_empty() {
        section.text(0, line.text.trim_end(), Tone::Plain);
    }
    let section = document.section("event");
    let at = |zone: TimeZone| line.at.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S.%3f %Z").to_string();
    section.field("at", format!("{} ({} ago)", at(zone.clone()), duration(seconds_since(line.at, now))));
    if line.at.to_zoned_datetime(zone.clone()).offset() != Offset::UTC {
        section.field("", at(TimeZone::UTC));
    }
    section.field("level", line.level.map(|level| level.word().to_owned()).unwrap_or_default());
    if line.late {
        section.toned("late", "it arrived late: newer lines are above it", Tone::Wait);
    }
    if let Some(source) = &line.source {
        section
            .field("task", crate::resource::format::last_part(&source.task_arn))
            .field("container", source.container.as_str())
            .field("service", source.service.clone().unwrap_or_default())
            .field("revision", source.revision.clone().unwrap_or_default())
            .field("group", source.stream.group.as_str())
            .field("stream", source.stream.name.as_str())
            .field("region", source.stream.region.clone().unwrap_or_default());
    }
    section.field("size", format!("{} bytes", grouped(line.text.len() as u64)));
}

fn of_log(section: &mut Section, reader: &LogView, zone: &Zone) {
    let (status, held) = (&reader.status, reader.buffer.ring.numbers());
    section
        .field("of", reader.subject().name.as_str())
        .field("range", range(&reader.wanted.read, zone))
        .field("streams", grouped(status.streams as u64))
        .field("lines", grouped(held.end.abs_diff(held.start)))
        .field("dropped", grouped(reader.buffer.ring.dropped()))
        .field("lost", grouped(status.lost))
        .field("calls", grouped(status.calls));
    if let Some(failure) = &status.failure {
        section.toned("blocked by", failure.to_string(), Tone::Bad);
        section.field("", failure.advice.clone().unwrap_or_default());
    }
}

fn range(read: &Read, zone: &Zone) -> String {
    match read {
        Read::Tail { range: Range::Newest, .. } => "the newest lines, and new ones".into(),
        Read::Tail { range: Range::Oldest, .. } => "from the first line on".into(),
        Read::Tail { range: Range::Since(at), .. } => format!("from {} on", zone.clock(*at)),
        Read::Tail { range: Range::Between(from, to), .. } | Read::Query { from, to, .. } => {
            format!("from {} to {}", zone.clock(*from), zone.clock(*to))
        }
    }
}
