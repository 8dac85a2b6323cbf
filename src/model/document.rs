//! Scrollable text: describe, raw JSON, help, messages.

use std::sync::Arc;

use crate::{
    aws::Failure,
    resource::{Row, Tone, View},
};

/// How a piece of text is to look; the theme gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    Tone(Tone),
    /// Title of a section.
    Title,
    /// Label of a field, key of an object.
    Label,
    /// A string, a number, a literal and a bracket of JSON.
    Text,
    Number,
    Literal,
    Punctuation,
    /// A masked secret.
    Masked,
    /// A key of the keyboard.
    Key,
}

/// One line before wrapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TextLine {
    /// Safe to draw as they are; no line breaks in them. Indentation is part of them.
    pub spans: Vec<(String, Ink)>,
    /// Cells by which continuation rows are indented when it is wrapped.
    pub hang: u16,
}

/// One row on the screen: a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRow {
    /// Index into `lines`.
    pub line: usize,
    /// Bytes of the line's text shown in this row.
    pub start: usize,
    pub end: usize,
    /// Cells it is indented by (the line's `hang` on continuation rows).
    pub indent: u16,
}

/// Where the text comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The row in human words.
    Describe(Subject),
    /// The row as AWS tells it.
    Raw(Subject, Raw),
    Help,
    Messages,
}

/// The row a text is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The table it was taken from.
    pub view: View,
    /// As last seen.
    pub row: Arc<dyn Row>,
    /// It is no longer among the data.
    pub gone: bool,
}

/// The raw answer, on its way or here.
#[derive(Debug, Clone)]
pub enum Raw {
    Asked,
    Here(serde_json::Value),
    Failed(Failure),
}

/// Places where the searched text occurs.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub text: String,
    /// Line, first and end byte within its text; ascending.
    pub matches: Vec<(usize, usize, usize)>,
    /// Index into `matches` of the current one.
    pub current: usize,
}

/// A text and the part of it that is in sight.
#[derive(Debug)]
pub struct Viewer {
    pub title: String,
    pub source: Source,
    pub lines: Vec<TextLine>,
    /// The lines cut to rows: one a line without wrapping, as many as needed with it.
    pub rows: Vec<TextRow>,
    /// Index into `rows` of the first one in sight.
    pub top: usize,
    /// Cells scrolled off to the left; always 0 with wrapping.
    pub left: u16,
    pub wrap: bool,
    pub search: Option<Search>,
    /// Secrets are shown.
    pub reveal: bool,
}
