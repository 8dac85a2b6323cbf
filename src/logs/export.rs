//! Lines as they are written to a file, or to a terminal without a screen.

use std::fmt::Write;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Level, Line, Role, ansi};
use crate::visible::safe_json;

/// Writes lines as text: time, task and container, and what was written without its escapes.
pub struct LineFormatter {
    zone: TimeZone,
    /// The last second that was written, and what stands before and after its fraction: neighbours are mostly of one.
    second: (i64, String, String),
}

impl LineFormatter {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, second: (i64::MIN, String::new(), String::new()) }
    }

    /// Adds a line to `text`.
    pub fn write(&mut self, line: &Line, text: &mut String) {
        if self.second.0 != line.at.as_second() {
            let at = line.at.to_zoned_datetime(self.zone.clone());
            let (before, after) = (at.strftime("%Y-%m-%dT%H:%M:%S").to_string(), at.strftime("%:z").to_string());
            self.second = (line.at.as_second(), before, after);
        }
        let millis = line.at.subsec_millisecond();
        // Writing to a string can't fail.
        let _ = write!(text, "{}.{millis:03}{} ", self.second.1, self.second.2);
        if let Some(source) = &line.source {
            let _ = write!(text, "{}/{} ", source.task(), source.container);
        }
        text.push_str(&plain(line));
        text.push('\n');
    }
}

/// A line as JSON on a line of its own, its text as it came.
pub fn record(line: &Line) -> String {
    let json = serde_json::to_string(&ExportRecord::of(line)).unwrap_or_default();
    safe_json(json) + "\n"
}

/// A line as it is saved.
#[derive(Serialize)]
struct ExportRecord<'a> {
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    /// What it is, where no container wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    text: &'a str,
}

impl<'a> ExportRecord<'a> {
    fn of(line: &'a Line) -> Self {
        let source = line.source.as_deref();
        Self {
            at: line.at,
            task: source.map(|source| &*source.task_arn).or(line.task.as_deref()),
            container: source.map(|source| &*source.container),
            group: source.map(|source| &*source.stream.group),
            stream: source.map(|source| &*source.stream.name),
            level: line.level.map(Level::word),
            kind: kind(line.role),
            text: &line.text,
        }
    }
}

/// What a line is that no container wrote.
fn kind(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Output => return None,
        Role::Started => "started",
        Role::Stopped { .. } => "stopped",
        Role::Gap(_) => "gap",
        Role::Note => "note",
        Role::Mark => "mark",
    })
}

/// The text of a line, without what would act on a terminal.
pub fn plain(line: &Line) -> String {
    let parts = line.text.trim_end().split('\n').map(|part| ansi::plain(part.trim_end_matches('\r')));
    let text = parts.collect::<Vec<_>>().join("\n");
    match line.role {
        Role::Output => text,
        Role::Gap(Some(count)) if text.is_empty() => format!("-- {count} lines are missing here --"),
        Role::Gap(Some(count)) => format!("-- {count} lines are missing here: {text} --"),
        Role::Gap(None) if text.is_empty() => "-- lines are missing here --".into(),
        _ => format!("-- {text} --"),
    }
}
