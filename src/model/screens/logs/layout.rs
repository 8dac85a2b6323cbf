//! The layout of log lines in rows, as a function of the lines, the display settings and the size. Only visible lines
//! are laid out, so the cost of a frame does not depend on the number of lines.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    body::{self, Setting, cut},
    buffer::{LogBuffer, Older},
    columns::Columns,
    display::{Json, LogDisplay, Times},
    rows::{Divider, LogRow, LogStyle, Piece, Shape},
};
use crate::{
    logs::{Line, Role, filter::FilterVerdict},
    resource::format::{counted, duration},
};

/// Lays out lines in rows.
pub(super) struct RowLayout<'a> {
    pub buffer: &'a LogBuffer,
    pub display: &'a LogDisplay,
    pub columns: Columns,
    pub zone: &'a TimeZone,
    pub now: Timestamp,
    /// Width of a row in cells.
    pub width: u16,
}

impl<'a> RowLayout<'a> {
    pub(super) fn new(
        buffer: &'a LogBuffer,
        display: &'a LogDisplay,
        zone: &'a TimeZone,
        now: Timestamp,
        width: u16,
    ) -> Self {
        let columns = Columns::of(&buffer.origins, display, width);
        Self { buffer, display, columns, zone, now, width }
    }

    /// The rows of the line with this number.
    pub(super) fn line(&self, number: i64, line: &Line) -> Vec<LogRow> {
        let (prefix, indent) = self.prefix(line);
        let row = LogRow {
            line: Some(number),
            shape: Shape::First,
            level: line.level,
            late: line.late,
            aside: self.buffer.stack.context.is_some() && self.buffer.stack.verdict(line) == FilterVerdict::Miss,
            prefix,
            indent,
            text: Vec::new(),
        };
        if let Some(rule) = rule(line.role) {
            return self.rule(rule, &words(line), LogRow { level: None, ..row });
        }
        let set = Setting {
            json: self.display.json,
            timed: self.columns.time > 0,
            expanded: self.display.expanded.contains(&number),
            wrap: self.display.wraps(number),
            room: self.room(indent),
        };
        let mut rows = Vec::new();
        for text in body::lines(line, set) {
            let text = self.find(text);
            match set.wrap {
                true => rows.extend(cut(text, set.room).into_iter().map(|text| LogRow { text, ..row.clone() })),
                false => rows.push(LogRow { text, ..row.clone() }),
            }
        }
        for row in rows.iter_mut().skip(1) {
            row.shape = Shape::More;
            row.prefix = Vec::new();
        }
        rows
    }

    /// The number of rows of a line.
    pub(super) fn height(&self, number: i64, line: &Line) -> usize {
        // Line breaks in JSON may be escaped.
        let breaks = || line.text.contains('\n') || (self.display.json == Json::Fields && line.text.contains("\\n"));
        let single = match rule(line.role) {
            Some(_) => words(line).len() <= usize::from(self.words_room(self.prefix(line).1)),
            None => !self.display.wraps(number) && self.display.json != Json::Pretty && !breaks(),
        };
        if single { 1 } else { self.line(number, line).len() }
    }

    /// A divider, with more rows if its text needs them.
    fn rule(&self, rule: Divider, words: &str, row: LogRow) -> Vec<LogRow> {
        let parts = cut(vec![Piece::new(words, LogStyle::Plain)], self.words_room(row.indent));
        let mut rows: Vec<LogRow> =
            parts.into_iter().map(|text| LogRow { shape: Shape::Under(rule), text, ..row.clone() }).collect();
        if let Some(first) = rows.first_mut() {
            first.shape = Shape::Rule(rule);
        }
        rows.iter_mut().skip(1).for_each(|row| row.prefix = Vec::new());
        rows
    }

    /// Width of a divider's text in cells: without gutter, prefix, leading rule, sign and scrollbar.
    fn words_room(&self, indent: u16) -> u16 {
        self.width.saturating_sub(indent + 8).max(1)
    }

    /// Width of text in cells: without gutter, prefix, level edge and scrollbar.
    fn room(&self, indent: u16) -> u16 {
        self.width.saturating_sub(indent + 3).max(1)
    }

    /// The rows above the line with this index: the date of a new day, and what is known about lines before the first.
    pub(super) fn rows_above(&self, index: usize) -> Vec<LogRow> {
        let before = index.checked_sub(1).and_then(|before| self.buffer.line(before)).map(|(_, line)| line);
        let edge = if index == 0 { self.edge() } else { None };
        let day = self.buffer.line(index).and_then(|(_, line)| self.day(line, before));
        edge.into_iter().chain(day).collect()
    }

    /// What is known about the lines before the first shown one.
    fn edge(&self) -> Option<LogRow> {
        let buffer = self.buffer;
        if buffer.cleared.is_some() {
            let cleared = buffer.cleared_lines() as u64;
            return (cleared > 0).then(|| LogRow::rule(Divider::Edge, format!("{} cleared", counted(cleared, "line"))));
        }
        let gone = buffer.ring.dropped();
        if gone > 0 {
            let words = format!("{} not shown: the buffer is full", counted(gone, "older line"));
            return Some(LogRow::rule(Divider::Gap, words));
        }
        match buffer.older {
            Older::Unknown => None,
            Older::Wanted | Older::Asked => Some(LogRow::rule(Divider::Edge, "reading older lines")),
            Older::None => Some(LogRow::rule(Divider::Edge, "the log begins here")),
            Older::Full => Some(LogRow::rule(Divider::Gap, "older lines not shown: the buffer is full")),
        }
    }

    /// The divider above the first line of a day.
    fn day(&self, line: &Line, before: Option<&Line>) -> Option<LogRow> {
        if matches!(self.display.times, Times::Off | Times::Relative) || line.late {
            return None;
        }
        let day = self.date(line.at);
        let new = match before {
            Some(before) => self.date(before.at) < day,
            None => self.date(self.now) != day,
        };
        new.then(|| LogRow::rule(Divider::Day, day.strftime("%A %-d %B %Y").to_string()))
    }

    /// The date of a time as shown.
    pub(super) fn date(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// The columns before the text, and their width.
    fn prefix(&self, line: &Line) -> (Vec<Piece>, u16) {
        let mut prefix = Vec::new();
        let mut put = |text: &str, width: u16, ink: LogStyle| {
            let text = body::fit(text, width);
            prefix.push(Piece::new(text + " ", ink));
        };
        let columns = &self.columns;
        if columns.time > 0 {
            put(&self.time(line.at), columns.time, LogStyle::Time);
        }
        if let Some(elapsed) = self.display.elapsed(line) {
            put(&format!("{elapsed:>8}"), columns.elapsed, LogStyle::Time);
        }
        if rule(line.role).is_some() {
            return (prefix, Columns { service: 0, task: 0, container: 0, ..*columns }.cells());
        }
        if let Some(source) = &line.source {
            if columns.service > 0 {
                put(source.service.as_deref().unwrap_or_default(), columns.service, LogStyle::Origin);
            }
            if columns.task > 0 {
                put(source.task(), columns.task, LogStyle::Task(source.colour()));
            }
            if columns.container > 0 {
                put(&source.container, columns.container, LogStyle::Origin);
            }
        }
        (prefix, columns.cells())
    }

    fn time(&self, at: Timestamp) -> String {
        let format = match (self.display.times, self.columns.short) {
            (Times::Off, _) => return String::new(),
            (Times::Relative, _) => return format!("{:>7}", duration(self.now.duration_since(at).as_secs())),
            (_, true) => "%H:%M:%S",
            (_, false) => "%H:%M:%S.%3f",
        };
        at.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
    }

    /// Marks matches of filters.
    fn find(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let mut found = self.buffer.stack.highlights(&text);
        if found.is_empty() {
            return pieces;
        }
        found.sort_by_key(|range| range.start);
        body::mark(pieces, &found)
    }
}

/// The divider for a line that is not output.
fn rule(role: Role) -> Option<Divider> {
    Some(match role {
        Role::Output => return None,
        Role::Started => Divider::Started,
        Role::Stopped { fault } => Divider::Stopped { fault },
        Role::Gap(_) => Divider::Gap,
        Role::Note => Divider::Note,
        Role::Mark => Divider::Mark,
    })
}

/// The text of a divider. Its sign is drawn separately, because terminals differ.
fn words(line: &Line) -> String {
    match line.role {
        Role::Gap(count) => gap(count, &line.text),
        _ => body::plain(line.text.trim_start_matches(['+', '−', '-', ' '])),
    }
}

/// What is missing, and why, if known.
fn gap(count: Option<u64>, why: &str) -> String {
    let what = match count {
        Some(count) => format!("{} not shown", counted(count, "line")),
        None => "lines not shown".into(),
    };
    if why.is_empty() { what } else { format!("{what}: {}", body::plain(why)) }
}
