//! Rows of a log for drawing.

use crate::logs::{Level, ansi};

/// Style of a piece; the theme sets its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStyle {
    Plain,
    /// Less important.
    Faint,
    Time,
    /// The task of a line, by the number of its colour.
    Task(u8),
    /// The container or service of a line.
    Origin,
    Level(Level),
    /// The style from escape sequences in the line.
    Look(ansi::Look),
    /// The key of a field, in a row and in a tree.
    Key,
    Name,
    Text,
    Number,
    Literal,
    Punctuation,
    /// Where text was left out, and how much.
    Cut,
}

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Safe to draw.
    pub text: String,
    pub ink: LogStyle,
    /// It matches a filter.
    pub hit: bool,
}

impl Piece {
    pub fn new(text: impl Into<String>, ink: LogStyle) -> Self {
        Self { text: text.into(), ink, hit: false }
    }
}

/// The reason for a divider across the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Divider {
    /// The beginning of another day.
    Day,
    /// The beginning of the log, and what is known about earlier lines.
    Edge,
    Gap,
    Started,
    Stopped {
        fault: bool,
    },
    Note,
    Mark,
}

/// The kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The first row of a line.
    First,
    /// A further row of a line.
    More,
    /// A divider over the full width, with text.
    Rule(Divider),
    /// A further row of a divider's text.
    Under(Divider),
}

/// One row on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// The number of its line; absent for rows above a line.
    pub line: Option<i64>,
    pub shape: Shape,
    pub level: Option<Level>,
    pub late: bool,
    /// It is context of a match, not a match.
    pub aside: bool,
    /// Time and source.
    pub prefix: Vec<Piece>,
    /// Width of the prefix in cells, blank on further rows.
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

/// Text with the styles of its escape sequences.
pub(super) fn looks(text: &str) -> Vec<Piece> {
    let text = text.trim_end_matches('\r');
    let spans = ansi::spans(text).filter(|(text, _)| !text.is_empty());
    spans
        .map(|(text, look)| {
            Piece::new(text, if look == ansi::Look::default() { LogStyle::Plain } else { LogStyle::Look(look) })
        })
        .collect()
}
