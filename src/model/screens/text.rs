//! Scrollable text: describe, raw JSON, explain, help, messages.

use std::{collections::HashSet, ops::Range, sync::Arc};

use jiff::Timestamp;
use regex::RegexBuilder;

use crate::{
    aws::Failure,
    journal::JournalLine,
    resource::{Document, Origin, Relation, Row, Tone, View, evidence::Evidence},
};

mod about;
pub mod actions;
mod content;
pub mod diff;
mod json;
mod prose;
pub(in crate::model) mod wrap;

pub(super) use actions::{ACTIONS, CONTEXTS};
pub use diff::DiffView;
pub use json::lines as json_lines;
pub use prose::lines as prose_lines;

/// Style of a piece of text; the theme sets its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextStyle {
    Tone(Tone),
    /// The sign of a check, one character: drawn as the theme defines it.
    Sign(Tone),
    /// A part of a bar: drawn as the theme defines it.
    Bar(Tone),
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

/// A line before wrapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TextLine {
    /// Safe to draw; without line breaks. Indentation is included.
    pub spans: Vec<(String, TextStyle)>,
    /// Indentation of continuation rows in cells when it is wrapped.
    pub hang: u16,
}

impl TextLine {
    /// A line of one span.
    pub fn new(text: impl Into<String>, ink: TextStyle) -> Self {
        Self { spans: vec![(text.into(), ink)], hang: 0 }
    }

    /// The text without styles.
    pub fn text(&self) -> String {
        self.spans.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// The part of it that is in `row`, with its indentation.
    pub(in crate::model) fn part(&self, row: &TextRow) -> Self {
        let mut start = 0;
        let mut spans = vec![(" ".repeat(row.indent.into()), TextStyle::Tone(Tone::Plain))];
        for (text, ink) in &self.spans {
            let (from, to) = (row.start.max(start), row.end.min(start + text.len()));
            if let Some(part) = text.get(from.saturating_sub(start)..to.saturating_sub(start)).filter(|_| from < to) {
                spans.push((part.to_owned(), *ink));
            }
            start += text.len();
        }
        Self { spans, hang: 0 }
    }

    pub(in crate::model) fn is_title(&self) -> bool {
        self.spans.iter().any(|(_, ink)| *ink == TextStyle::Title)
    }
}

/// One row on screen: a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRow {
    /// Index into `lines`.
    pub line: usize,
    /// Byte range of the line's text in this row.
    pub start: usize,
    pub end: usize,
    /// Indentation in cells: the line's `hang` on continuation rows.
    pub indent: u16,
}

/// The source of a text.
#[derive(Debug, Clone)]
pub enum TextSource {
    /// The description of a row.
    Describe(TextSubject),
    /// The JSON of a row as AWS returned it.
    Raw(TextSubject, RawAnswer),
    /// The explanation of a row.
    Explain(TextSubject, Explaining),
    /// The progress of a rollout.
    Rollout(TextSubject, MadeOf),
    /// How the revision of the row differs from another one.
    Diff(TextSubject, Box<DiffView>),
    /// Whether ECS Exec can enter a container.
    ExecCheck(TextSubject, MadeOf),
    /// The fields of a log line, or of a forward.
    Document(Arc<Document>),
    Help,
    Aliases,
    Messages,
    /// The changes in the journal, once it has been read.
    Journal(Option<Result<Arc<Vec<JournalLine>>, String>>),
}

impl TextSource {
    /// The row that it is about.
    pub fn subject(&self) -> Option<&TextSubject> {
        match self {
            Self::Describe(subject)
            | Self::Raw(subject, _)
            | Self::Explain(subject, _)
            | Self::Rollout(subject, _)
            | Self::Diff(subject, _)
            | Self::ExecCheck(subject, _) => Some(subject),
            Self::Document(_) | Self::Help | Self::Aliases | Self::Messages | Self::Journal(_) => None,
        }
    }

    /// Digest of the rows that it was made from, if it uses others than its own.
    pub fn made(&self) -> Option<&MadeOf> {
        match self {
            Self::Explain(_, explaining) => Some(&explaining.made),
            Self::Rollout(_, made) | Self::ExecCheck(_, made) => Some(made),
            _ => None,
        }
    }

    fn made_mut(&mut self) -> Option<&mut MadeOf> {
        match self {
            Self::Explain(_, explaining) => Some(&mut explaining.made),
            Self::Rollout(_, made) | Self::ExecCheck(_, made) => Some(made),
            _ => None,
        }
    }

    fn subject_mut(&mut self) -> Option<&mut TextSubject> {
        match self {
            Self::Describe(subject)
            | Self::Raw(subject, _)
            | Self::Explain(subject, _)
            | Self::Rollout(subject, _)
            | Self::Diff(subject, _)
            | Self::ExecCheck(subject, _) => Some(subject),
            Self::Document(_) | Self::Help | Self::Aliases | Self::Messages | Self::Journal(_) => None,
        }
    }

    /// Other views that it uses besides that of its row.
    pub fn consults(&self) -> Vec<View> {
        match self {
            Self::Explain(subject, _) | Self::ExecCheck(subject, _) => subject.row.consults(),
            Self::Rollout(subject, _) => {
                subject.row.consults().into_iter().chain(subject.row.related(Relation::Rollouts)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether searching hides lines that don't match.
    fn is_list(&self) -> bool {
        matches!(self, Self::Help | Self::Aliases | Self::Messages | Self::Journal(_))
    }
}

/// The row that a text is about.
#[derive(Debug, Clone)]
pub struct TextSubject {
    /// The table that it was opened from.
    pub view: View,
    /// Its last known state.
    pub row: Arc<dyn Row>,
    /// It is no longer in the data.
    pub gone: bool,
}

/// The kind of text about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum About {
    Description,
    Raw,
    Explanation,
    Rollout,
    ExecCheck,
}

/// The subject of an explanation that was requested for `subject`.
pub(in crate::model) fn explained(subject: TextSubject) -> Result<TextSubject, String> {
    let row = &subject.row;
    match row.about() {
        Some((view, row)) => Ok(TextSubject { view, row, gone: false }),
        None if matches!(row.kind().origin, Origin::Composed(_)) => Err("this row has no explanation".into()),
        None => Ok(subject),
    }
}

/// The raw response, or its state.
#[derive(Debug, Clone)]
pub enum RawAnswer {
    Asked,
    Here(serde_json::Value),
    Failed(Failure),
}

/// The state of an explanation.
#[derive(Debug, Clone)]
pub struct Explaining {
    pub inquiry: Inquiry,
    /// Recommended commands, ready to paste, most useful first.
    pub commands: Vec<String>,
    pub made: MadeOf,
}

/// What a text that uses many rows was made from, and when.
#[derive(Debug, Clone, Copy, Default)]
pub struct MadeOf {
    /// A digest of the data.
    pub digest: u64,
    pub at: Option<Timestamp>,
}

impl Explaining {
    /// For a text that has not been made yet.
    pub fn new(inquiry: Inquiry) -> Self {
        Self { inquiry, commands: Vec::new(), made: MadeOf::default() }
    }
}

/// The state of the evidence that an explanation requests once.
#[derive(Debug, Clone)]
pub enum Inquiry {
    None,
    Asked,
    Here(Arc<Evidence>),
}

/// A search and its matches.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub text: String,
    /// In ascending order.
    pub matches: Vec<TextMatch>,
    /// Index of the current match.
    pub current: usize,
}

/// A match of the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// Index of the line.
    pub line: usize,
    /// Byte range in the text of the line.
    pub range: Range<usize>,
}

/// A text, and its visible part.
#[derive(Debug)]
pub struct Viewer {
    pub title: String,
    pub source: TextSource,
    /// The shown lines: all of them, or in help and messages those that match the search.
    pub lines: Vec<TextLine>,
    /// The rows of the lines: one per line without wrapping, or as many as needed.
    pub rows: Vec<TextRow>,
    /// Index of the first visible row.
    pub top: usize,
    /// Cells scrolled off to the left; always 0 with wrapping.
    pub left: u16,
    pub wrap: bool,
    pub search: Option<Search>,
    /// Show secret values.
    pub reveal: bool,
    /// Width of a row in cells.
    width: u16,
}

impl Viewer {
    /// An empty text.
    pub fn new(title: impl Into<String>, source: TextSource) -> Self {
        Self {
            title: title.into(),
            source,
            lines: Vec::new(),
            rows: Vec::new(),
            top: 0,
            left: 0,
            wrap: true,
            search: None,
            reveal: false,
            width: u16::MAX,
        }
    }

    /// Replaces the lines; keeps position, search and match.
    pub fn set_lines(&mut self, lines: Vec<TextLine>) {
        self.lines = match &self.search {
            Some(search) if self.source.is_list() => retain(lines, &search.text),
            _ => lines,
        };
        if let Some(search) = &mut self.search {
            search.matches = find(&self.lines, &search.text);
            search.current = search.current.min(search.matches.len().saturating_sub(1));
        }
        self.cut();
    }

    /// Wraps the lines to rows of `width` cells.
    pub fn fit(&mut self, width: u16) {
        if self.width != width {
            self.width = width;
            self.cut();
        }
    }

    /// Toggles wrapping of long lines. The line at the top stays there.
    pub fn toggle_wrap(&mut self) {
        self.wrap = !self.wrap;
        self.left = 0;
        self.cut();
    }

    fn cut(&mut self) {
        let top = self.rows.get(self.top).map_or(0, |row| row.line);
        let width = if self.wrap { self.width } else { u16::MAX };
        self.rows = wrap::rows(&self.lines, width);
        self.top = self.rows.partition_point(|row| row.line < top);
    }

    /// Scrolls by `rows`; a page of `page` rows stays full if possible.
    pub fn scroll_by(&mut self, rows: isize, page: u16) {
        self.top = self.top.saturating_add_signed(rows).min(self.last_top(page));
    }

    /// The greatest `top` that fills a page.
    pub fn last_top(&self, page: u16) -> usize {
        self.rows.len().saturating_sub(page.into())
    }

    /// Scrolls sideways by `cells`, up to the end of the longest line; not when lines are wrapped.
    pub fn scroll_sideways(&mut self, cells: i16) {
        let longest = self.lines.iter().map(|line| unicode_width::UnicodeWidthStr::width(&*line.text())).max();
        let furthest = longest.unwrap_or(0).saturating_sub(usize::from(self.width / 2));
        let furthest = if self.wrap { 0 } else { u16::try_from(furthest).unwrap_or(u16::MAX) };
        self.left = self.left.saturating_add_signed(cells).min(furthest);
    }

    /// Searches `text` (smart case) and shows the first match at or below the top; an empty text ends the search. If
    /// searching hides lines, they must be set again afterwards.
    pub fn look_for(&mut self, text: &str, page: u16) {
        if text.is_empty() {
            self.search = None;
            return;
        }
        let matches = find(&self.lines, text);
        let top = self.rows.get(self.top).map_or(0, |row| row.line);
        let current = matches.partition_point(|found| found.line < top);
        let current = if current < matches.len() { current } else { 0 };
        self.search = Some(Search { text: text.into(), matches, current });
        self.show_match(page);
    }

    /// Moves by `steps` matches, wrapping around.
    pub fn step(&mut self, steps: isize, page: u16) {
        if let Some(search) = &mut self.search
            && let Ok(count) = isize::try_from(search.matches.len())
            && count > 0
        {
            let current = isize::try_from(search.current).unwrap_or(0);
            search.current = (current + steps).rem_euclid(count).unsigned_abs();
            self.show_match(page);
        }
    }

    /// Scrolls to the current match.
    fn show_match(&mut self, page: u16) {
        let Some(found) = self.search.as_ref().and_then(|search| search.matches.get(search.current)) else { return };
        let row = self.rows.partition_point(|row| (row.line, row.end) <= (found.line, found.range.start));
        if row < self.top || row >= self.top + usize::from(page) {
            self.top = row.saturating_sub(usize::from(page / 3)).min(self.last_top(page));
        }
    }

    /// The whole text as shown: masked values stay masked.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.extend(line.spans.iter().map(|(text, _)| text.as_str()));
            text.push('\n');
        }
        text
    }

    /// Updates the row from `rows`, or notes that it is gone. Returns whether it has changed.
    pub fn follow<'a>(&mut self, mut rows: impl Iterator<Item = &'a Arc<dyn Row>>) -> bool {
        let Some(subject) = self.source.subject_mut() else { return false };
        let found = rows.find(|row| row.id() == subject.row.id());
        let gone = found.is_none();
        let changed = gone != subject.gone || found.is_some_and(|row| !row.same(&*subject.row));
        if let Some(row) = found {
            subject.row = row.clone();
        }
        subject.gone = gone;
        changed
    }
}

/// All matches of `text`, with smart case.
fn find(lines: &[TextLine], text: &str) -> Vec<TextMatch> {
    let ignore = !text.contains(char::is_uppercase);
    let Ok(needle) = RegexBuilder::new(&regex::escape(text)).case_insensitive(ignore).build() else {
        return Vec::new();
    };
    let matches = |(index, line): (usize, &TextLine)| {
        let found: Vec<_> =
            needle.find_iter(&line.text()).map(|found| TextMatch { line: index, range: found.range() }).collect();
        found
    };
    lines.iter().enumerate().flat_map(matches).collect()
}

/// The lines that contain `text`, with their titles.
fn retain(lines: Vec<TextLine>, text: &str) -> Vec<TextLine> {
    let matching: HashSet<usize> = find(&lines, text).into_iter().map(|found| found.line).collect();
    let mut kept: Vec<TextLine> = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        if line.is_title() {
            // Drop a title without lines.
            kept.pop_if(|last| last.is_title());
            kept.push(line);
        } else if matching.contains(&index) {
            kept.push(line);
        }
    }
    kept.pop_if(|last| last.is_title());
    kept
}

#[cfg(test)]
mod tests;
