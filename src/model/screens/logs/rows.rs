//! Rows of a log, as they are drawn.

use crate::logs::{Level, ansi};

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
    Look(ansi::Look),
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

/// Text with the looks that its escapes give it.
pub(super) fn looks(text: &str) -> Vec<Piece> {
    let text = text.trim_end_matches('\r');
    let spans = ansi::spans(text).filter(|(text, _)| !text.is_empty());
    spans
        .map(|(text, look)| {
            Piece::new(text, if look == ansi::Look::default() { LogStyle::Plain } else { LogStyle::Look(look) })
        })
        .collect()
}
