//! Choices one below the other: a text, what matched in it, and a line about it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    text::{Pen, fit, width},
    theme::{Scope, Theme},
};

/// One line of the list.
pub struct Line<'a> {
    pub text: &'a str,
    pub about: &'a str,
    /// Characters of `text` that matched, ascending.
    pub matched: &'a [usize],
}

/// Draws as many lines as `area` has rows, the chosen one among them.
pub fn draw<'a>(
    buf: &mut Buffer,
    area: Rect,
    lines: impl Iterator<Item = Line<'a>>,
    chosen: Option<usize>,
    theme: &Theme,
) {
    let page = usize::from(area.height);
    let top = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(page));
    let shown: Vec<Line<'_>> = lines.skip(top).take(page).collect();
    let column = shown.iter().map(|line| width(line.text)).max().unwrap_or(0).min(area.width / 2);

    for ((index, line), y) in shown.iter().enumerate().zip(area.y..) {
        let row = Rect { y, height: 1, ..area };
        draw_one(buf, row, line, column, theme);
        if chosen == Some(top + index) {
            buf.set_style(row, theme.get(Scope::PickerSelected));
        }
    }
}

fn draw_one(buf: &mut Buffer, row: Rect, line: &Line<'_>, column: u16, theme: &Theme) {
    let start = row.x + 1;
    let text = fit(line.text, column, theme.glyphs.ellipsis);
    let cut = text.len() != line.text.len();
    let mut pen = Pen::new(buf, start, row.y, (start + column).min(row.right()));
    for (at, c) in text.chars().enumerate() {
        let matched = !cut && line.matched.binary_search(&at).is_ok();
        let style = if matched { theme.get(Scope::PickerMatch) } else { Style::new() };
        pen.put(c.encode_utf8(&mut [0; 4]), style);
    }
    let mut pen = Pen::new(buf, start + column + 2, row.y, row.right().saturating_sub(1));
    pen.fit(line.about, theme.glyphs.ellipsis, theme.get(Scope::Faint));
}
