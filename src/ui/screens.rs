//! Screens: the body of the terminal window.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    text::{RowWriter, width},
    theme::{Scope, Theme},
};
use crate::{
    aws::FailureKind,
    data::FeedState,
    model::{Model, Screen, header::coarse},
    resource::{Tone, format::duration},
};

mod forwards;
mod logs;
pub(super) mod pane;
mod table;
pub(super) mod text;

/// Draws the top screen.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model, theme: &Theme) {
    match model.screen() {
        Screen::Table(table) => table::draw(buf, area, table, model, theme),
        Screen::Text(viewer) => text::draw(buf, area, viewer, theme),
        Screen::Logs(reader) => logs::draw(buf, area, reader, model, theme),
        Screen::Forwards(list) => forwards::draw(buf, area, list, model, theme),
    }
}

/// Draws a hint that the window is too small. Keys still work.
pub(super) fn too_small(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let lines = [
        ("ecsight needs at least 50x12", theme.get(Scope::HeaderScope)),
        (&*format!("this window has {}x{}", area.width, area.height), theme.get(Scope::Faint)),
    ];
    let top = area.y + area.height.saturating_sub(2) / 2;
    for ((line, style), y) in lines.into_iter().zip(top..) {
        let x = area.x + area.width.saturating_sub(width(line)) / 2;
        RowWriter::new(buf, x, y, area.right()).fit(line, theme.glyphs.ellipsis, style);
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Note at the end of a title: age of the data if given, and the failure. Throttling alone is not noted, because it passes.
fn failure_note(state: &FeedState, age: Option<i64>, theme: &Theme) -> Option<(String, Scope)> {
    let age = age.map(|age| format!("{} old", duration(coarse(age))));
    let failure = state.reported_failure().filter(|failure| age.is_some() || failure.kind != FailureKind::Throttled);
    let cause = failure.map(|failure| failure.in_short());
    let parts: Vec<String> = age.into_iter().chain(cause).collect();
    let note = format!("{} {}", theme.glyphs.tone(Tone::Warn), parts.join(&format!(" {} ", theme.glyphs.dot)));
    (!parts.is_empty()).then_some((note, Scope::ToneWarn))
}

/// Draws a title, a rule from it to the right edge, and `notes` at the end of the rule.
fn title(buf: &mut Buffer, area: Rect, parts: &[(&str, Scope)], notes: &[(String, Scope)], theme: &Theme) {
    let cells: u16 = notes.iter().map(|(text, _)| width(text) + 2).sum();
    // Notes may take half of the row.
    let notes_x = area.right().saturating_sub(cells.min(area.width / 2) + 2);

    let mut writer = RowWriter::new(buf, area.x + 1, area.y, notes_x.saturating_sub(2));
    for (text, scope) in parts {
        writer.fit(text, theme.glyphs.ellipsis, theme.get(*scope));
    }
    let x = writer.x + 1;
    RowWriter::new(buf, x, area.y, area.right()).fill(theme.glyphs.rule, theme.get(Scope::Border));

    let mut writer = RowWriter::new(buf, notes_x.max(x), area.y, area.right().saturating_sub(2));
    for (text, scope) in notes {
        writer
            .put(" ", theme.get(*scope))
            .fit(text, theme.glyphs.ellipsis, theme.get(*scope))
            .put(" ", theme.get(*scope));
    }
}
