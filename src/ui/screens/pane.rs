//! The pane next to or below a table, with details of the row under the cursor.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{capitalised, text::draw_row, title};
use crate::{
    model::{Keymap, Viewer, action::row, layout::Pane},
    ui::{
        text::RowWriter,
        theme::{Scope, Theme},
    },
};

/// Draws the content of `viewer` that fits, and the key that shows the rest.
pub(crate) fn draw(buf: &mut Buffer, pane: Pane, viewer: &Viewer, keymap: &Keymap, theme: &Theme) {
    let area = Rect::new(pane.x, pane.y, pane.width, pane.height).intersection(buf.area);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut x = area.x;
    if pane.beside() {
        for y in area.y..area.bottom() {
            RowWriter::new(buf, x, y, area.right()).put(theme.glyphs.border.vertical_left, theme.get(Scope::Border));
        }
        x += 1;
    }
    let cut = viewer.rows.len() > usize::from(body.height);
    // Enter explains a row that is composed of others; the row has no more details of its own.
    let explained =
        viewer.source.subject().is_some_and(|subject| subject.row.drill().is_none() && subject.row.about().is_some());
    let (action, what) = if explained { (row::OPEN, "explains") } else { (row::EXPLAIN, "shows all") };
    let rest = keymap.key_of(&action).filter(|_| cut || explained);
    let rest = rest.map(|key| (format!("{key} {what}"), Scope::Faint));
    let notes: Vec<_> = rest.into_iter().collect();
    let head = Rect { x, height: 1, width: area.right().saturating_sub(x), ..area };
    title(buf, head, &[(&capitalised(&viewer.title), Scope::TitleName)], &notes, theme);
    for (row, y) in viewer.rows.iter().zip(body.y..body.bottom()) {
        let Some(line) = viewer.lines.get(row.line) else { continue };
        let area = Rect { x, y, width: pane.text_width(), height: 1 };
        draw_row(buf, area, viewer, line, *row, theme);
    }
}
