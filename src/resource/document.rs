//! Descriptions: the text that `d` shows for a row.

use super::{
    Tone,
    secrets::{MASK, is_secret_name, masked},
};

/// A piece of a line in one tone.
pub type Span = (String, Tone);

/// One line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentLine {
    /// A label and its value, set in two columns.
    Field { label: &'static str, value: Vec<Span> },
    /// Running text, indented by `depth` steps.
    Text { depth: u8, spans: Vec<Span> },
    /// A bar, with a label before it and its meaning after it.
    Bar { label: &'static str, bar: Bar, text: Vec<Span> },
    /// A question, whether all is well there, and the answer.
    Check { outcome: Tone, question: &'static str, answer: Vec<Span> },
}

/// How much of something there is: cells of what is there, on its way, missing, and left blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bar {
    pub there: u16,
    pub coming: u16,
    pub missing: u16,
    pub blank: u16,
    /// The tone of what is there.
    pub tone: Tone,
}

impl Bar {
    /// One character a cell: `█` for what is there, `▒` for what is on its way, `░` for what is missing.
    pub fn cells(self) -> [(String, Tone); 4] {
        [
            ('█', self.there, self.tone),
            ('▒', self.coming, Tone::Busy),
            ('░', self.missing, Tone::Muted),
            (' ', self.blank, Tone::Muted),
        ]
        .map(|(cell, count, tone)| (cell.to_string().repeat(count.into()), tone))
    }
}

/// A titled part of a document. A section without lines is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    pub title: String,
    pub lines: Vec<DocumentLine>,
    /// Whether the lines are commands or log lines, which are shown and copied unchanged.
    pub verbatim: bool,
}

impl DocumentLine {
    /// Sign before a check: passed, failed or not known yet.
    pub fn sign(outcome: Tone) -> &'static str {
        match outcome {
            Tone::Good => "✓",
            Tone::Wait => "○",
            Tone::Warn => "▲",
            _ => "✖",
        }
    }
}

/// A description: sections from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    pub sections: Vec<Section>,
}

impl Document {
    /// Starts a section and returns it.
    pub fn section(&mut self, title: impl Into<String>) -> &mut Section {
        self.sections.push(Section { title: title.into(), ..Section::default() });
        let last = self.sections.len() - 1;
        &mut self.sections[last]
    }

    /// Copy of the document with every secret in its values masked.
    pub fn masked(&self) -> Self {
        let mut document = self.clone();
        for line in document.sections.iter_mut().flat_map(|section| &mut section.lines) {
            let (DocumentLine::Field { value: spans, .. }
            | DocumentLine::Text { spans, .. }
            | DocumentLine::Bar { text: spans, .. }
            | DocumentLine::Check { answer: spans, .. }) = line;
            for (text, _) in spans {
                *text = masked_line(text);
            }
        }
        document
    }

    /// Adds a section with the tags, if there are any.
    pub fn tags(&mut self, tags: &[(String, String)]) {
        if !tags.is_empty() {
            let section = self.section("Tags");
            for (key, value) in tags {
                section.text(0, format!("{key} = {value}"), Tone::Plain);
            }
        }
    }
}

/// Masks the secrets in a line. In a line `name = value` (a tag or an option) a secret name also masks the value.
fn masked_line(text: &str) -> String {
    match text.split_once(" = ") {
        Some((name, value)) if is_secret_name(name) && !value.starts_with("arn:aws") => format!("{name} = {MASK}"),
        _ => masked(text),
    }
}

impl Section {
    /// Adds a label and a plain value, unless the value is empty.
    pub fn field(&mut self, label: &'static str, value: impl Into<String>) -> &mut Self {
        self.toned(label, value, Tone::Plain)
    }

    /// Adds a label and a value in a tone, unless the value is empty.
    pub fn toned(&mut self, label: &'static str, value: impl Into<String>, tone: Tone) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.lines.push(DocumentLine::Field { label, value: vec![(value, tone)] });
        }
        self
    }

    /// Marks the lines as commands or log lines, to be shown unchanged.
    pub fn verbatim(&mut self) -> &mut Self {
        self.verbatim = true;
        self
    }

    /// Adds a line of running text.
    pub fn text(&mut self, depth: u8, text: impl Into<String>, tone: Tone) -> &mut Self {
        self.lines.push(DocumentLine::Text { depth, spans: vec![(text.into(), tone)] });
        self
    }
}
