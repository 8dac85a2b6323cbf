//! The picker: a list to choose from, in the middle of the screen.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    widgets::{Block, Widget},
};

use super::{
    list,
    prompt::{field, panel},
};
use crate::{
    model::{
        Layout,
        overlay::{Picker, PickerItem},
    },
    ui::{
        text::{RowWriter, width},
        theme::{Scope, Theme},
    },
};

/// Smallest width of a picker in cells. It grows with its items, up to the width of the window.
const NARROWEST: u16 = 40;
/// Rows around the list: border, prompt, a blank, border.
const FRAME: u16 = 4;

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, picker: &Picker, theme: &Theme) -> Position {
    let screen = Rect::new(0, 0, layout.width, layout.height);
    // The height fits all items, so that the picker does not shrink while the user types.
    let rows = u16::try_from(picker.items.len().max(1)).unwrap_or(u16::MAX);
    let height = rows.saturating_add(FRAME).min(layout.height.saturating_sub(4).max(FRAME + 1));
    let column = |of: fn(&PickerItem) -> &str| picker.items.iter().map(|item| width(of(item))).max().unwrap_or(0);
    let needed = column(|item| &item.text) + column(|item| &item.about) + 8;
    let wide = needed.max(NARROWEST).min(layout.width.saturating_sub(4));
    let area = screen.centered(wide.into(), height.into());

    panel(buf, area, theme);
    Block::bordered().border_set(theme.glyphs.border).border_style(theme.get(Scope::Border)).render(area, buf);
    let count = format!("{}/{}", picker.shown.len(), picker.items.len());
    let mut writer = RowWriter::new(buf, area.x + 2, area.y, area.right() - 2);
    writer.put(" ", Style::new()).fit(&picker.title, theme.glyphs.ellipsis, theme.get(Scope::TitleName));
    writer.put(" ", Style::new());
    let x = area.right().saturating_sub(width(&count) + 4);
    RowWriter::new(buf, x, area.y, area.right() - 2).put(&format!(" {count} "), theme.get(Scope::Faint));

    let inner = Rect { x: area.x + 1, y: area.y + 3, width: area.width - 2, height: area.height - FRAME };
    let lines = picker.shown.iter().filter_map(|shown| {
        let item = picker.items.get(shown.item)?;
        Some(list::ListLine { text: &item.text, about: &item.about, matched: &shown.matched })
    });
    list::draw(buf, inner, lines, Some(picker.selected), theme);
    if picker.shown.is_empty() {
        let nothing = if picker.items.is_empty() { "there is nothing to pick from" } else { "nothing matches" };
        RowWriter::new(buf, inner.x + 1, inner.y, inner.right()).put(nothing, theme.get(Scope::Faint));
    }

    let mut writer = RowWriter::new(buf, area.x + 2, area.y + 1, area.right() - 2);
    writer.put(theme.glyphs.pointer, theme.get(Scope::Prompt)).skip(1);
    field(&mut writer, &picker.prompt, theme)
}
