//! A description of a row as lines of text.

use unicode_width::UnicodeWidthStr;

use super::{TextLine, TextStyle};
use crate::{
    model::text::safe,
    resource::{
        Tone,
        document::{Document, DocumentLine, Section, Span},
    },
};

/// The lines of a document: titles, aligned labels and values, and indented text.
pub fn lines(document: &Document) -> Vec<TextLine> {
    let mut lines = Vec::new();
    for section in document.sections.iter().filter(|section| !section.lines.is_empty()) {
        if !lines.is_empty() {
            lines.push(TextLine::default());
        }
        if !section.title.is_empty() {
            lines.push(TextLine::new(safe(&section.title), TextStyle::Title));
        }
        let labels = label_width(section);
        lines.extend(section.lines.iter().flat_map(|line| set(line, labels)));
    }
    lines
}

/// Width of the widest label of a section in cells.
fn label_width(section: &Section) -> usize {
    let widths = section.lines.iter().filter_map(|line| match line {
        DocumentLine::Field { label, .. } | DocumentLine::Bar { label, .. } => Some(label.width()),
        DocumentLine::Check { question, .. } => Some(question.width()),
        DocumentLine::Text { .. } => None,
    });
    widths.max().unwrap_or(0)
}

/// Lays out one line of a document; several lines for a value with line breaks.
fn set(line: &DocumentLine, labels: usize) -> Vec<TextLine> {
    let padded = |head: &str| format!("{head}{}  ", " ".repeat(labels - head.width().min(labels)));
    match line {
        DocumentLine::Field { label, value } => headed(vec![(format!("  {}", padded(label)), TextStyle::Label)], value),
        DocumentLine::Bar { label, bar, text } => {
            let bar = bar.cells().into_iter().filter(|(cells, _)| !cells.is_empty());
            let bar = bar.map(|(cells, tone)| (cells, TextStyle::Bar(tone)));
            let label = (format!("  {}", padded(label)), TextStyle::Label);
            headed([label].into_iter().chain(bar).chain([("  ".to_owned(), TextStyle::Label)]).collect(), text)
        }
        DocumentLine::Check { outcome, question, answer } => {
            let sign = (DocumentLine::sign(*outcome).to_owned(), TextStyle::Sign(*outcome));
            let question = (format!(" {}", padded(question)), TextStyle::Tone(Tone::Plain));
            headed(vec![("  ".to_owned(), TextStyle::Label), sign, question], answer)
        }
        DocumentLine::Text { depth, spans } => {
            let indent = 2 + 2 * usize::from(*depth);
            let mut lines = pieces(spans);
            for line in &mut lines {
                line.hang = u16::try_from(indent + numbering(&line.text())).unwrap_or(0);
                line.spans.insert(0, (" ".repeat(indent), TextStyle::Label));
            }
            lines
        }
    }
}

/// A value with a prefix; all its lines are aligned.
fn headed(head: Vec<(String, TextStyle)>, value: &[Span]) -> Vec<TextLine> {
    let width = head.iter().map(|(text, _)| text.width()).sum();
    let below = vec![(" ".repeat(width), TextStyle::Label)];
    let mut lines = pieces(value);
    for (index, line) in lines.iter_mut().enumerate() {
        line.spans.splice(0..0, if index == 0 { head.clone() } else { below.clone() });
        line.hang = u16::try_from(width).unwrap_or(0);
    }
    lines
}

/// Width of the number at the beginning of a list item; its continuation lines are indented by it.
fn numbering(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && text[digits..].starts_with(". ") { digits + 2 } else { 0 }
}

/// Spans split at line breaks, and made safe to draw.
fn pieces(spans: &[Span]) -> Vec<TextLine> {
    let mut lines = vec![TextLine::default()];
    for (text, tone) in spans {
        for (index, piece) in text.split('\n').enumerate() {
            if index > 0 {
                lines.push(TextLine::default());
            }
            // Tabs are indentation, mostly in stack traces.
            let piece = piece.trim_end_matches('\r').replace('\t', "  ");
            let piece = safe(&piece);
            if let Some(line) = lines.last_mut().filter(|_| !piece.is_empty()) {
                line.spans.push((piece.into_owned(), TextStyle::Tone(*tone)));
            }
        }
    }
    lines
}
