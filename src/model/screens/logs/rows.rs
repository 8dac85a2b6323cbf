//! From lines to rows of the screen. Only lines in sight are set, so a frame costs the same however many there are.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{
    Json, LogView, Times,
    body::{self, Setting, cut},
    columns::Columns,
};
use crate::{
    logs::{Level, Line, Role, Source, filter::FilterVerdict},
    resource::format::{duration, grouped},
};

/// How a piece of a row is to look; the theme gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStyle {
    Plain,
    /// What matters less than the rest.
    Faint,
    Time,
    /// The task that a line is of, by the number of its colour.
    Task(u8),
    /// The container or service that a line is of.
    Origin,
    Level(Level),
    /// As the line itself says by its escapes.
    Look(crate::logs::ansi::Look),
    /// The key of a field, in a row and in a tree.
    Key,
    Name,
    Text,
    Number,
    Literal,
    Punctuation,
    /// Where text was left out, and how much there is of it.
    Cut,
}

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Safe to draw as it is.
    pub text: String,
    pub ink: LogStyle,
    /// A filter found it.
    pub hit: bool,
}

impl Piece {
    pub fn new(text: impl Into<String>, ink: LogStyle) -> Self {
        Self { text: text.into(), ink, hit: false }
    }
}

/// Why there is a rule across the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Divider {
    /// Another day begins.
    Day,
    /// Where the log begins, and what is known of what was before.
    Edge,
    Gap,
    Started,
    Stopped {
        fault: bool,
    },
    Note,
    Mark,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The first row of a line.
    First,
    /// A further one of it.
    More,
    /// A rule over the full width, with words in it.
    Rule(Divider),
    /// More of its words.
    Under(Divider),
}

/// One row on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// The line it is of; what stands above a line is of none.
    pub line: Option<i64>,
    pub shape: Shape,
    pub level: Option<Level>,
    pub late: bool,
    /// It was not looked for, but what is near it.
    pub aside: bool,
    /// Time and origin.
    pub prefix: Vec<Piece>,
    /// Cells of the prefix, blank where there is none.
    pub indent: u16,
    pub text: Vec<Piece>,
}

impl LogRow {
    pub(super) fn rule(rule: Divider, words: impl Into<String>) -> Self {
        Self {
            line: None,
            shape: Shape::Rule(rule),
            level: None,
            late: false,
            aside: false,
            prefix: Vec::new(),
            indent: 0,
            text: vec![Piece::new(words, LogStyle::Plain)],
        }
    }
}

/// Sets lines to rows.
pub(super) struct RowLayout<'a> {
    pub reader: &'a LogView,
    pub columns: Columns,
    pub zone: &'a TimeZone,
    pub now: Timestamp,
    /// Cells of a row.
    pub width: u16,
}

impl<'a> RowLayout<'a> {
    pub fn new(reader: &'a LogView, zone: &'a TimeZone, now: Timestamp, width: u16) -> Self {
        let columns = Columns::of(reader, width);
        Self { reader, columns, zone, now, width }
    }

    /// The rows of the line with this number.
    pub fn line(&self, number: i64, line: &Line) -> Vec<LogRow> {
        let (prefix, indent) = self.prefix(line);
        let row = LogRow {
            line: Some(number),
            shape: Shape::First,
            level: line.level,
            late: line.late,
            aside: self.reader.stack.context.is_some() && self.reader.stack.verdict(line) == FilterVerdict::Miss,
            prefix,
            indent,
            text: Vec::new(),
        };
        if let Some(rule) = rule(line.role) {
            return self.rule(rule, &words(line), LogRow { level: None, ..row });
        }
        let expanded = self.reader.expanded.contains(&number);
        let set = Setting {
            json: self.reader.json,
            timed: self.columns.time > 0,
            expanded,
            wrap: self.reader.wraps(expanded),
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

    /// How many rows that is.
    pub fn height(&self, number: i64, line: &Line) -> usize {
        let expanded = self.reader.expanded.contains(&number);
        // Line breaks may be written out in what is JSON.
        let breaks = || line.text.contains('\n') || (self.reader.json == Json::Fields && line.text.contains("\\n"));
        let single = match rule(line.role) {
            Some(_) => words(line).len() <= usize::from(self.words_room(self.prefix(line).1)),
            None => !self.reader.wraps(expanded) && self.reader.json != Json::Pretty && !breaks(),
        };
        if single { 1 } else { self.line(number, line).len() }
    }

    /// A rule, and more rows where its words need them.
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

    /// Cells of the words of a rule: all but the gutter, the prefix, the rule before them, a sign, and the scrollbar.
    fn words_room(&self, indent: u16) -> u16 {
        self.width.saturating_sub(indent + 8).max(1)
    }

    /// Cells of text: all but the gutter, the prefix, the edge that tells the level, and the scrollbar.
    fn room(&self, indent: u16) -> u16 {
        self.width.saturating_sub(indent + 3).max(1)
    }

    /// The rule above a line that is the first of its day.
    pub fn day(&self, line: &Line, before: Option<&Line>) -> Option<LogRow> {
        if matches!(self.reader.times, Times::Off | Times::Relative) || line.late {
            return None;
        }
        let day = self.date(line.at);
        let new = match before {
            Some(before) => self.date(before.at) < day,
            None => self.date(self.now) != day,
        };
        new.then(|| LogRow::rule(Divider::Day, day.strftime("%A %-d %B %Y").to_string()))
    }

    /// The day of a moment, as times are shown.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// What stands before the text, and its cells.
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
        if let Some(elapsed) = self.reader.elapsed(line) {
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
                put(source.task(), columns.task, LogStyle::Task(colour(source)));
            }
            if columns.container > 0 {
                put(&source.container, columns.container, LogStyle::Origin);
            }
        }
        (prefix, columns.cells())
    }

    fn time(&self, at: Timestamp) -> String {
        let format = match (self.reader.times, self.columns.short) {
            (Times::Off, _) => return String::new(),
            (Times::Relative, _) => return format!("{:>7}", ago(self.now.duration_since(at))),
            (_, true) => "%H:%M:%S",
            (_, false) => "%H:%M:%S.%3f",
        };
        at.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
    }

    /// Marks what filters have found.
    fn find(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let mut found = self.reader.stack.highlights(&text);
        if found.is_empty() {
            return pieces;
        }
        found.sort_by_key(|range| range.start);
        body::mark(pieces, &found)
    }
}

/// The rule that shows what is no output.
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

/// What a rule says. Its sign is drawn, as the terminal can show it.
fn words(line: &Line) -> String {
    match line.role {
        Role::Gap(count) => gap(count, &line.text),
        _ => body::plain(line.text.trim_start_matches(['+', '−', '-', ' '])),
    }
}

/// What is missing, and why where that is told.
fn gap(count: Option<u64>, why: &str) -> String {
    let what = match count {
        Some(1) => "1 line not shown".into(),
        Some(count) => format!("{} lines not shown", grouped(count)),
        None => "lines not shown".into(),
    };
    if why.is_empty() { what } else { format!("{what}: {}", body::plain(why)) }
}

/// How long ago, to the second; what is of the future by another clock is of now.
fn ago(age: SignedDuration) -> String {
    duration(age.as_secs())
}

/// Which of the twelve colours a task wears: the same everywhere and always, by FNV-1a.
pub fn colour(source: &Source) -> u8 {
    let hash =
        source.task_arn.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash % 12) as u8
}
