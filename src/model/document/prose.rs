//! A description of a row as lines of text.

use unicode_width::UnicodeWidthStr;

use super::{Ink, TextLine};
use crate::{
    model::text::safe,
    resource::{
        Tone,
        document::{Document, Line, Section, Span},
    },
};

/// The lines of a document: titles, labels in one column and their values in another, running text indented.
pub fn lines(document: &Document) -> Vec<TextLine> {
    let mut lines = Vec::new();
    for section in document.sections.iter().filter(|section| !section.lines.is_empty()) {
        if !lines.is_empty() {
            lines.push(TextLine::default());
        }
        if !section.title.is_empty() {
            lines.push(TextLine::new(safe(&section.title), Ink::Title));
        }
        let labels = label_width(section);
        lines.extend(section.lines.iter().flat_map(|line| set(line, labels)));
    }
    lines
}

/// Cells of the widest label of a section.
fn label_width(section: &Section) -> usize {
    let widths = section.lines.iter().filter_map(|line| match line {
        Line::Field { label, .. } => Some(label.width()),
        Line::Check { question, .. } => Some(question.width()),
        Line::Text { .. } => None,
    });
    widths.max().unwrap_or(0)
}

/// One line of a document; more where a value has line breaks in it.
fn set(line: &Line, labels: usize) -> Vec<TextLine> {
    let padded = |head: &str| format!("{head}{}  ", " ".repeat(labels - head.width().min(labels)));
    match line {
        Line::Field { label, value } => headed(vec![(format!("  {}", padded(label)), Ink::Label)], value),
        Line::Check { outcome, question, answer } => {
            let sign = (Line::sign(*outcome).to_owned(), Ink::Sign(*outcome));
            let question = (format!(" {}", padded(question)), Ink::Tone(Tone::Plain));
            headed(vec![("  ".to_owned(), Ink::Label), sign, question], answer)
        }
        Line::Text { depth, spans } => {
            let indent = 2 + 2 * usize::from(*depth);
            let mut lines = pieces(spans);
            for line in &mut lines {
                line.hang = u16::try_from(indent + numbering(&line.text())).unwrap_or(0);
                line.spans.insert(0, (" ".repeat(indent), Ink::Label));
            }
            lines
        }
    }
}

/// A value after what stands before it; all its lines begin in the same column.
fn headed(head: Vec<(String, Ink)>, value: &[Span]) -> Vec<TextLine> {
    let width = head.iter().map(|(text, _)| text.width()).sum();
    let below = vec![(" ".repeat(width), Ink::Label)];
    let mut lines = pieces(value);
    for (index, line) in lines.iter_mut().enumerate() {
        line.spans.splice(0..0, if index == 0 { head.clone() } else { below.clone() });
        line.hang = u16::try_from(width).unwrap_or(0);
    }
    lines
}

/// Cells of the number that a line of a list begins with: what follows of the line stands beneath its text.
fn numbering(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && text[digits..].starts_with(". ") { digits + 2 } else { 0 }
}

/// Spans cut at line breaks, and made safe.
fn pieces(spans: &[Span]) -> Vec<TextLine> {
    let mut lines = vec![TextLine::default()];
    for (text, tone) in spans {
        for (index, piece) in text.split('\n').enumerate() {
            if index > 0 {
                lines.push(TextLine::default());
            }
            // Tabs are indentation, in logs of stack traces above all.
            let piece = piece.trim_end_matches('\r').replace('\t', "  ");
            let piece = safe(&piece);
            if let Some(line) = lines.last_mut().filter(|_| !piece.is_empty()) {
                line.spans.push((piece.into_owned(), Ink::Tone(*tone)));
            }
        }
    }
    lines
}
