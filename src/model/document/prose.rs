//! A description of a row as lines of text.

use unicode_width::UnicodeWidthStr;

use super::{Ink, TextLine};
use crate::{
    model::text::safe,
    resource::document::{Document, Line, Section},
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
        Line::Text { .. } => None,
    });
    widths.max().unwrap_or(0)
}

/// One line of a document; more where a value has line breaks in it.
fn set(line: &Line, labels: usize) -> Vec<TextLine> {
    match line {
        Line::Field { label, value } => {
            let head = format!("  {label}{}  ", " ".repeat(labels - label.width().min(labels)));
            let hang = u16::try_from(head.width()).unwrap_or(0);
            let mut lines = pieces(value);
            for (index, line) in lines.iter_mut().enumerate() {
                let lead = if index == 0 { (head.clone(), Ink::Label) } else { (" ".repeat(head.width()), Ink::Label) };
                line.spans.insert(0, lead);
                line.hang = hang;
            }
            lines
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

/// Cells of the number that a line of a list begins with: what follows of the line stands beneath its text.
fn numbering(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && text[digits..].starts_with(". ") { digits + 2 } else { 0 }
}

/// Spans cut at line breaks, and made safe.
fn pieces(spans: &[crate::resource::document::Span]) -> Vec<TextLine> {
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
