//! A list of choices, each with a text, its matched characters and a description.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    text::{RowWriter, fit_ends, width},
    theme::{Scope, Theme},
};

/// Cells between a text and its description.
const GAP: u16 = 2;

/// One line of the list.
pub(super) struct ListLine<'a> {
    pub text: &'a str,
    pub about: &'a str,
    /// Indexes of the characters of `text` that matched, ascending.
    pub matched: &'a [usize],
}

/// Draws the lines that fit into `area`, scrolled so that the chosen one is visible.
pub(super) fn draw<'a>(
    buf: &mut Buffer,
    area: Rect,
    lines: impl Iterator<Item = ListLine<'a>>,
    chosen: Option<usize>,
    theme: &Theme,
) {
    let page = usize::from(area.height);
    let top = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(page));
    let shown: Vec<ListLine<'_>> = lines.skip(top).take(page).collect();
    let widest = |of: fn(&ListLine<'a>) -> &'a str| shown.iter().map(|line| width(of(line))).max().unwrap_or(0);
    // A long text leaves at least half of the room to the description.
    let (room, about) = (area.width.saturating_sub(2), widest(|line| line.about));
    let beside = if about > 0 { about.saturating_add(GAP).min(room / 2) } else { 0 };
    let column = widest(|line| line.text).min(room - beside);

    for ((index, line), y) in shown.iter().enumerate().zip(area.y..) {
        let row = Rect { y, height: 1, ..area };
        draw_one(buf, row, line, column, theme);
        if chosen == Some(top + index) {
            buf.set_style(row, theme.get(Scope::PickerSelected));
        }
    }
}

fn draw_one(buf: &mut Buffer, row: Rect, line: &ListLine<'_>, column: u16, theme: &Theme) {
    let start = row.x + 1;
    let text = fit_ends(line.text, column, theme.glyphs.ellipsis);
    let cut = text != line.text;
    let mut writer = RowWriter::new(buf, start, row.y, (start + column).min(row.right()));
    for (at, c) in text.chars().enumerate() {
        let matched = !cut && line.matched.binary_search(&at).is_ok();
        let style = if matched { theme.get(Scope::PickerMatch) } else { Style::new() };
        writer.put(c.encode_utf8(&mut [0; 4]), style);
    }
    let mut writer = RowWriter::new(buf, start + column + GAP, row.y, row.right().saturating_sub(1));
    writer.fit(line.about, theme.glyphs.ellipsis, theme.get(Scope::Faint));
}
