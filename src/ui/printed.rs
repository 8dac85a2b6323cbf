//! Documents as plain output of a command, for a terminal or a pipe.

use crossterm::style::{ContentStyle, StyledContent};
use ratatui::backend::IntoCrossterm;

use super::{
    screens::text::{clip, ink_style},
    theme::{Glyphs, Theme},
};
use crate::{
    model::{
        Viewer,
        screens::text::{TextSource, TextStyle, prose_lines},
    },
    resource::Document,
};

/// Formats the lines of `document`, wrapped at `width` cells if given, with signs of `glyphs` before checks, and with the
/// colours of `theme` if given.
pub fn printed(document: &Document, width: Option<u16>, glyphs: &Glyphs, theme: Option<&Theme>) -> String {
    let mut viewer = Viewer::new("", TextSource::Help);
    viewer.set_lines(prose_lines(document));
    viewer.fit(width.unwrap_or(u16::MAX));
    let mut text = String::new();
    for row in &viewer.rows {
        let Some(line) = viewer.lines.get(row.line) else { continue };
        text.push_str(&" ".repeat(row.indent.into()));
        let mut start = 0;
        for (span, ink) in &line.spans {
            let range = clip(&(start..start + span.len()), row.start, row.end);
            let part = span.get(range.start - start..range.end.saturating_sub(start)).unwrap_or_default();
            let part = match ink {
                TextStyle::Sign(outcome) => glyphs.check(*outcome),
                _ => part,
            };
            start += span.len();
            let style: Option<ContentStyle> =
                theme.map(|theme| ink_style(*ink, &viewer.source, theme).into_crossterm());
            match style {
                Some(style) if !part.trim().is_empty() => text.push_str(&StyledContent::new(style, part).to_string()),
                _ => text.push_str(part),
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Tone, document::DocumentLine};

    #[test]
    fn checks_have_the_signs_of_the_glyphs() {
        let mut document = Document::default();
        let check = |outcome| DocumentLine::Check { outcome, question: "Enough tasks?", answer: Vec::new() };
        document.section("Checked").lines = [Tone::Good, Tone::Bad, Tone::Wait].map(check).to_vec();
        let text = printed(&document, None, Glyphs::new(true), None);
        assert!(text.is_ascii(), "{text}");
        let text = printed(&document, None, Glyphs::new(false), None);
        assert!(["✓", "✖", "○"].iter().all(|sign| text.contains(sign)), "{text}");
    }
}
