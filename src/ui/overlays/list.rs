//! Candidates one below the other: a text, what matched in it, and a line about it.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    model::overlay::Candidate,
    ui::{
        text::{Pen, fit, width},
        theme::{Scope, Theme},
    },
};

/// Draws as many candidates as `area` has rows, the chosen one among them.
pub fn draw(buf: &mut Buffer, area: Rect, candidates: &[Candidate], chosen: Option<usize>, theme: &Theme) {
    let page = usize::from(area.height);
    let top = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(page));
    let shown = || candidates.iter().skip(top).take(page);
    let column = shown().map(|candidate| width(&candidate.text)).max().unwrap_or(0).min(area.width / 2);

    for ((index, candidate), y) in shown().enumerate().zip(area.y..) {
        let row = Rect { y, height: 1, ..area };
        draw_one(buf, row, candidate, column, theme);
        if chosen == Some(top + index) {
            buf.set_style(row, theme.get(Scope::PickerSelected));
        }
    }
}

fn draw_one(buf: &mut Buffer, row: Rect, candidate: &Candidate, column: u16, theme: &Theme) {
    let start = row.x + 1;
    let text = fit(&candidate.text, column, theme.glyphs.ellipsis);
    let mut pen = Pen::new(buf, start, row.y, (start + column).min(row.right()));
    let cut = text.len() != candidate.text.len();
    for (at, c) in text.chars().enumerate() {
        let matched = !cut && candidate.matched.binary_search(&at).is_ok();
        let style = if matched { theme.get(Scope::PickerMatch) } else { Style::new() };
        pen.put(c.encode_utf8(&mut [0; 4]), style);
    }
    Pen::new(buf, start + column + 2, row.y, row.right().saturating_sub(1)).fit(
        &candidate.about,
        theme.glyphs.ellipsis,
        theme.get(Scope::Faint),
    );
}
