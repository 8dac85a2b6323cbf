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
mod json;
mod prose;
pub(in crate::model) mod wrap;

pub(super) use actions::{ACTIONS, CONTEXTS};
pub use json::lines as json_lines;
pub use prose::lines as prose_lines;

/// How a piece of text is to look; the theme gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextStyle {
    Tone(Tone),
    /// The sign of a check, one character: drawn as the theme has it.
    Sign(Tone),
    /// A part of a bar: drawn as the theme has it.
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

/// One line before wrapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TextLine {
    /// Safe to draw as they are; no line breaks in them. Indentation is part of them.
    pub spans: Vec<(String, TextStyle)>,
    /// Cells by which continuation rows are indented when it is wrapped.
    pub hang: u16,
}

impl TextLine {
    /// A line in one piece.
    pub fn new(text: impl Into<String>, ink: TextStyle) -> Self {
        Self { spans: vec![(text.into(), ink)], hang: 0 }
    }

    /// The text without its looks.
    pub fn text(&self) -> String {
        self.spans.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// The part of it that stands in `row`, indented as it is there.
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
pub enum TextSource {
    /// The row in human words.
    Describe(TextSubject),
    /// The row as AWS tells it.
    Raw(TextSubject, RawAnswer),
    /// Why the row is as it is.
    Explain(TextSubject, Explaining),
    /// How far its rollout is.
    Rollout(TextSubject, MadeOf),
    /// What is known of a line of a log.
    Line(Arc<Document>),
    Help,
    Aliases,
    Messages,
    /// The changes that were made, once the journal has been read.
    Journal(Option<Result<Arc<Vec<JournalLine>>, String>>),
}

impl TextSource {
    /// The row it is about.
    pub fn subject(&self) -> Option<&TextSubject> {
        match self {
            Self::Describe(subject) | Self::Raw(subject, _) | Self::Explain(subject, _) | Self::Rollout(subject, _) => {
                Some(subject)
            }
            Self::Line(_) | Self::Help | Self::Aliases | Self::Messages | Self::Journal(_) => None,
        }
    }

    /// What it was made of, where it draws on more than its row.
    pub fn made(&self) -> Option<&MadeOf> {
        match self {
            Self::Explain(_, explaining) => Some(&explaining.made),
            Self::Rollout(_, made) => Some(made),
            _ => None,
        }
    }

    fn made_mut(&mut self) -> Option<&mut MadeOf> {
        match self {
            Self::Explain(_, explaining) => Some(&mut explaining.made),
            Self::Rollout(_, made) => Some(made),
            _ => None,
        }
    }

    fn subject_mut(&mut self) -> Option<&mut TextSubject> {
        match self {
            Self::Describe(subject) | Self::Raw(subject, _) | Self::Explain(subject, _) | Self::Rollout(subject, _) => {
                Some(subject)
            }
            Self::Line(_) | Self::Help | Self::Aliases | Self::Messages | Self::Journal(_) => None,
        }
    }

    /// The views it draws on beside the row's own.
    pub fn consults(&self) -> Vec<View> {
        match self {
            Self::Explain(subject, _) => subject.row.consults(),
            Self::Rollout(subject, _) => {
                subject.row.consults().into_iter().chain(subject.row.related(Relation::Rollouts)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Searching leaves out the lines that don't match.
    fn is_list(&self) -> bool {
        matches!(self, Self::Help | Self::Aliases | Self::Messages | Self::Journal(_))
    }
}

/// The row a text is about.
#[derive(Debug, Clone)]
pub struct TextSubject {
    /// The table it was taken from.
    pub view: View,
    /// As last seen.
    pub row: Arc<dyn Row>,
    /// It is no longer among the data.
    pub gone: bool,
}

/// What a text tells about its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum About {
    Description,
    Raw,
    Explanation,
    Rollout,
}

/// The subject of an explanation that was asked for of `subject`.
pub(in crate::model) fn explained(subject: TextSubject) -> Result<TextSubject, String> {
    let row = &subject.row;
    match row.about() {
        Some((view, row)) => Ok(TextSubject { view, row, gone: false }),
        None if matches!(row.kind().origin, Origin::Composed(_)) => Err("there is nothing to explain here".into()),
        None => Ok(subject),
    }
}

/// The raw answer, on its way or here.
#[derive(Debug, Clone)]
pub enum RawAnswer {
    Asked,
    Here(serde_json::Value),
    Failed(Failure),
}

/// How far an explanation is.
#[derive(Debug, Clone)]
pub struct Explaining {
    pub inquiry: Inquiry,
    /// What helps, ready to paste, most useful first.
    pub commands: Vec<String>,
    pub made: MadeOf,
}

/// What a text that draws on many rows was made of, and when.
#[derive(Debug, Clone, Copy, Default)]
pub struct MadeOf {
    /// A digest of the data.
    pub digest: u64,
    pub at: Option<Timestamp>,
}

impl Explaining {
    /// One that is still to be made.
    pub fn new(inquiry: Inquiry) -> Self {
        Self { inquiry, commands: Vec::new(), made: MadeOf::default() }
    }
}

/// What is asked once for an explanation, beyond what is polled.
#[derive(Debug, Clone)]
pub enum Inquiry {
    None,
    Asked,
    Here(Arc<Evidence>),
}

/// Places where the searched text occurs.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub text: String,
    /// In ascending order.
    pub matches: Vec<TextMatch>,
    /// Index into `matches` of the current one.
    pub current: usize,
}

/// A place where the searched text occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// Index of the line.
    pub line: usize,
    /// Bytes of the text of the line.
    pub range: Range<usize>,
}

/// A text and the part of it that is in sight.
#[derive(Debug)]
pub struct Viewer {
    pub title: String,
    pub source: TextSource,
    /// The lines that are shown: all of them, or in help and messages those that were searched for.
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
    /// Cells of a row.
    width: u16,
}

impl Viewer {
    /// A text without lines yet.
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

    /// Takes new lines, keeping place, search and match.
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

    /// Cuts the lines to rows of `width` cells.
    pub fn fit(&mut self, width: u16) {
        if self.width != width {
            self.width = width;
            self.cut();
        }
    }

    /// Wraps long lines, or lets them run out to the right. The line at the top stays there.
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

    /// Scrolls by so many rows, so that a page of `page` rows stays filled where it can be.
    pub fn scroll_by(&mut self, rows: isize, page: u16) {
        self.top = self.top.saturating_add_signed(rows).min(self.last_top(page));
    }

    /// The furthest `top` that fills a page.
    pub fn last_top(&self, page: u16) -> usize {
        self.rows.len().saturating_sub(page.into())
    }

    /// Scrolls sideways by so many cells, up to the end of the longest line; not when lines are wrapped.
    pub fn scroll_sideways(&mut self, cells: i16) {
        let longest = self.lines.iter().map(|line| unicode_width::UnicodeWidthStr::width(&*line.text())).max();
        let furthest = longest.unwrap_or(0).saturating_sub(usize::from(self.width / 2));
        let furthest = if self.wrap { 0 } else { u16::try_from(furthest).unwrap_or(u16::MAX) };
        self.left = self.left.saturating_add_signed(cells).min(furthest);
    }

    /// Looks for `text` (smart case) and shows the first match at or below the top; nothing is looked for when it is
    /// empty. The lines must be set anew afterwards where searching leaves some out.
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

    /// Goes on by `steps` matches, around the end.
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

    /// Scrolls the current match into sight.
    fn show_match(&mut self, page: u16) {
        let Some(found) = self.search.as_ref().and_then(|search| search.matches.get(search.current)) else { return };
        let row = self.rows.partition_point(|row| (row.line, row.end) <= (found.line, found.range.start));
        if row < self.top || row >= self.top + usize::from(page) {
            self.top = row.saturating_sub(usize::from(page / 3)).min(self.last_top(page));
        }
    }

    /// The whole text, as it is shown: masked values stay masked.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.extend(line.spans.iter().map(|(text, _)| text.as_str()));
            text.push('\n');
        }
        text
    }

    /// The same row as found in `rows`, or that it is gone. True when it is another one than before.
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

/// Every place where `text` occurs, by smart case.
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

/// The lines in which `text` occurs, under their titles.
fn retain(lines: Vec<TextLine>, text: &str) -> Vec<TextLine> {
    let matching: HashSet<usize> = find(&lines, text).into_iter().map(|found| found.line).collect();
    let mut kept: Vec<TextLine> = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        if line.is_title() {
            // A title with nothing under it makes way for the next.
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
