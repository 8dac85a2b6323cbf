//! The results of changes that were confirmed together.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::question::{framed, keys};
use crate::{
    model::{Layout, overlay::ChangeResults, text::safe},
    resource::Tone,
    ui::{
        text::{RowWriter, width, wrap},
        theme::{Scope, Theme},
    },
};

/// Cells that it takes at most.
const WIDTH: u16 = 100;
/// Rows around the text: border and blank, blank, keys and border.
const FRAME: u16 = 5;
/// Cells of the outcome's word and the gap after it.
const WORD: u16 = 10;

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, results: &ChangeResults, theme: &Theme) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(2));
    let room = wide.saturating_sub(6);
    let mut rows: Vec<(&str, Tone, String)> = Vec::new();
    for (target, word, tone, says) in results.rows() {
        rows.push((word, tone, safe(&target).into_owned()));
        let says = safe(&says);
        rows.extend(wrap(&says, room.saturating_sub(WORD)).into_iter().map(|row| ("", Tone::Muted, row.to_owned())));
    }
    rows.retain(|(word, _, text)| !(word.is_empty() && text.is_empty()));
    let high = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(FRAME).min(layout.height);
    let (area, inner) = framed(buf, layout, &results.title(), (wide, high), theme);
    let body = Rect { x: inner.x + 2, y: inner.y + 1, width: room, height: high.saturating_sub(FRAME) };
    let top = results.top.min(rows.len().saturating_sub(body.height.into()));
    for ((word, tone, text), y) in rows.iter().skip(top).zip(body.top()..body.bottom()) {
        RowWriter::new(buf, body.x, y, inner.right()).put(word, theme.tone(*tone));
        let style = if word.is_empty() { theme.get(Scope::Base) } else { theme.get(Scope::TitleName) };
        RowWriter::new(buf, body.x + WORD, y, inner.right()).put(text, style);
    }
    let left = rows.len().saturating_sub(top + usize::from(body.height));
    if left > 0 {
        let more = format!("{left} more: {}", theme.glyphs.below);
        RowWriter::new(buf, inner.right().saturating_sub(width(&more) + 1), body.bottom(), inner.right())
            .put(&more, theme.get(Scope::Faint));
    }
    let below = Rect { x: inner.x + 2, y: area.bottom().saturating_sub(2), width: room, height: 1 };
    keys(buf, below, &[("enter", "close")], theme);
    Position::new(below.x, below.y)
}
