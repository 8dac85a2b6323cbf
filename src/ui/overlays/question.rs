//! The confirmation dialog: a question and its consequences, in the middle of the screen.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    widgets::{Block, Widget},
};

use super::prompt::panel;
use crate::{
    model::{Layout, overlay::Question},
    ui::{
        text::{RowWriter, width, wrap},
        theme::{Scope, Theme},
    },
};

/// Greatest width in cells.
const WIDTH: u16 = 76;
/// Rows around the text: border and blank, blank, keys and border.
const FRAME: u16 = 5;

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, question: &Question, theme: &Theme) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(4));
    let lines: Vec<&str> = question.says.iter().flat_map(|text| wrap(text, wide.saturating_sub(6))).collect();
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let (area, inner) = framed(buf, layout, &question.title, (wide, rows.saturating_add(FRAME)), theme);
    for (text, y) in lines.iter().zip(inner.y + 1..inner.bottom().saturating_sub(1)) {
        RowWriter::new(buf, inner.x + 2, y, inner.right()).put(text, theme.get(Scope::Base));
    }
    let y = area.bottom().saturating_sub(2);
    keys(
        buf,
        Rect { x: inner.x + 2, y, width: inner.width.saturating_sub(2), height: 1 },
        &[("enter", question.yes), ("esc", question.no)],
        theme,
    );
    Position::new(inner.x + 2, y)
}

/// Draws a frame with a title in the middle of the screen. Returns its area and the area inside.
pub(super) fn framed(
    buf: &mut Buffer,
    layout: &Layout,
    title: &str,
    (wide, high): (u16, u16),
    theme: &Theme,
) -> (Rect, Rect) {
    let screen = Rect::new(0, 0, layout.width, layout.height);
    let area = screen.centered(wide.into(), high.min(layout.height).into());
    panel(buf, area, theme);
    Block::bordered().border_set(theme.glyphs.border).border_style(theme.get(Scope::Border)).render(area, buf);
    let mut writer = RowWriter::new(buf, area.x + 2, area.y, area.right().saturating_sub(2));
    writer.put(" ", Style::new()).fit(title, theme.glyphs.ellipsis, theme.get(Scope::TitleName)).put(" ", Style::new());
    let inner = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    (area, inner)
}

/// Draws keys and their meanings, as many as fit.
pub(super) fn keys(buf: &mut Buffer, area: Rect, keys: &[(&str, &str)], theme: &Theme) {
    let mut writer = RowWriter::new(buf, area.x, area.y, area.right());
    for (key, does) in keys {
        if width(key) + width(does) + 1 > writer.room() {
            break;
        }
        writer.put(key, theme.get(Scope::HintKey)).skip(1).put(does, theme.get(Scope::HintText)).skip(3);
    }
}
