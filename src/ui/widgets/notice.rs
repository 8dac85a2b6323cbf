//! The notice shown in place of rows: why there are none, and what to do.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    text::{RowWriter, wrap},
    theme::{Scope, Theme},
};
use crate::{model::text::safe, resource::Tone};

/// Greatest width of a line of running text that is easy to read, in cells.
const MEASURE: u16 = 76;

/// A notice: a headline with the sign of its tone, an explanation, and advice.
#[derive(Debug, Default)]
pub(crate) struct NoticePanel {
    pub tone: Tone,
    pub headline: String,
    /// Paragraphs of the explanation.
    pub body: Vec<String>,
    /// Things to do or keys to press, one line each.
    pub advice: Vec<String>,
}

impl NoticePanel {
    /// Number of rows it takes in an area of `width` cells.
    pub(crate) fn height(&self, width: u16) -> u16 {
        let paragraphs = std::iter::once(&self.headline).chain(&self.body).chain(&self.advice);
        let rows = paragraphs.map(|text| wrap(&safe(text), MEASURE.min(width.saturating_sub(6))).len()).sum::<usize>();
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    /// Draws it at the top left of `area`.
    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let sign = theme.glyphs.tone(self.tone);
        let faint = theme.get(Scope::Faint);
        let mut lines = area.y..area.bottom();
        let mut paragraph = |sign: &str, sign_style: Style, text: &str, style: Style| {
            let text = safe(text);
            for (at, part) in wrap(&text, MEASURE.min(area.width.saturating_sub(6))).into_iter().enumerate() {
                let Some(y) = lines.next() else { return };
                let mut writer = RowWriter::new(buf, area.x + 3, y, area.right());
                writer.put(if at == 0 { sign } else { " " }, sign_style).skip(1).put(part, style);
            }
        };
        paragraph(sign, theme.tone(self.tone), &self.headline, theme.get(Scope::HeaderScope));
        for text in &self.body {
            paragraph(" ", faint, text, Style::new());
        }
        for text in &self.advice {
            paragraph(theme.glyphs.pointer, theme.get(Scope::HintKey), text, faint);
        }
    }
}
