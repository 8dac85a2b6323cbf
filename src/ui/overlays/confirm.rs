//! The dialog before a change: its text, which scrolls, and below it what answers it.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    prompt::field,
    question::{framed, keys},
};
use crate::{
    change::Risk,
    model::{
        Layout,
        overlay::{Confirmation, confirm::ConfirmLine},
        text::safe,
    },
    resource::{Tone, command::CommandScope},
    ui::{
        text::{RowWriter, width, wrap},
        theme::{Scope, Theme},
    },
};

/// Cells that it takes at most.
const WIDTH: u16 = 100;
/// Rows around the text: border and blank, blank, buttons, keys and border.
const FRAME: u16 = 7;

pub(super) fn draw(
    buf: &mut Buffer,
    layout: &Layout,
    dialog: &Confirmation,
    scope: &CommandScope,
    theme: &Theme,
) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(2));
    let room = wide.saturating_sub(6);
    let lines = dialog.lines(|command| scope.apply(command));
    let rows: Vec<(ConfirmLine, String)> = lines.iter().flat_map(|(line, text)| set(*line, text, room)).collect();
    let high = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(FRAME).min(layout.height);
    let title = match dialog.changes.as_slice() {
        [_] => dialog.kind.title.to_owned(),
        several => format!("{} ({})", dialog.kind.title, several.len()),
    };
    let title = dialog.env.as_ref().map_or(title.clone(), |env| format!("{env}: {title}"));
    let (area, inner) = framed(buf, layout, &title, (wide, high), theme);
    let body = Rect { x: inner.x + 2, y: inner.y + 1, width: room, height: high.saturating_sub(FRAME) };
    let top = dialog.top.min(rows.len().saturating_sub(body.height.into()));
    for ((line, text), y) in rows.iter().skip(top).zip(body.top()..body.bottom()) {
        let style = match line {
            ConfirmLine::Notice => theme.tone(Tone::Warn),
            ConfirmLine::Target => theme.get(Scope::TitleName),
            ConfirmLine::Consequence => theme.get(Scope::Base),
            ConfirmLine::Command => theme.get(Scope::Faint),
        };
        RowWriter::new(buf, body.x, y, inner.right()).put(text, style);
    }
    let left = rows.len().saturating_sub(top + usize::from(body.height));
    if left > 0 {
        let more = format!("{left} more: {}", theme.glyphs.below);
        RowWriter::new(buf, inner.right().saturating_sub(width(&more) + 1), body.bottom(), inner.right())
            .put(&more, theme.get(Scope::Faint));
    }
    let answer = Rect { x: inner.x + 2, y: area.bottom().saturating_sub(4), width: room, height: 1 };
    let below = Rect { y: area.bottom().saturating_sub(2), ..answer };
    match &dialog.typed {
        Some((wanted, prompt)) => {
            let mut writer = RowWriter::new(buf, answer.x, answer.y, answer.right());
            writer.put("type ", theme.get(Scope::Base)).put(&safe(wanted), theme.tone(Tone::Bad));
            writer.put(&format!(" to {}: ", dialog.kind.button), theme.get(Scope::Base));
            let cursor = field(&mut writer, prompt, theme);
            let enter = dialog.typed_in_full().then_some(("enter", dialog.kind.button));
            let diff = dialog.comparison().map(|_| ("tab", "diff"));
            let hints: Vec<_> = enter.into_iter().chain(diff).chain([("esc", "cancel")]).collect();
            keys(buf, below, &hints, theme);
            cursor
        }
        None => {
            let mut writer = RowWriter::new(buf, answer.x, answer.y, answer.right());
            let tone = if dialog.risk == Risk::Reversible { Tone::Plain } else { Tone::Bad };
            let button = |chosen: bool, tone: Tone| match chosen {
                true => theme.get(Scope::PickerSelected).patch(theme.tone(tone)),
                false => theme.get(Scope::Faint),
            };
            writer.put("  Cancel  ", button(!dialog.ready, Tone::Plain)).skip(3);
            writer.put(&format!("  {}  ", capitalized(dialog.kind.button)), button(dialog.ready, tone));
            let enter = if dialog.ready { dialog.kind.button } else { "cancel" };
            let diff = dialog.comparison().map(|_| ("v", "diff"));
            let hints = [Some(("enter", enter)), Some(("tab", "switch")), diff, Some(("esc", "cancel"))];
            keys(buf, below, &hints.into_iter().flatten().collect::<Vec<_>>(), theme);
            Position::new(answer.x, answer.y)
        }
    }
}

/// A line of the text as rows of `room` cells: the text about a target and its commands are indented.
fn set(line: ConfirmLine, text: &str, room: u16) -> Vec<(ConfirmLine, String)> {
    let indent = match line {
        ConfirmLine::Notice | ConfirmLine::Target => "",
        ConfirmLine::Consequence | ConfirmLine::Command => "  ",
    };
    let text = safe(text);
    let wrapped = wrap(&text, room.saturating_sub(2)).into_iter();
    let rows = wrapped.map(|row| (line, format!("{indent}{row}")));
    let apart = matches!(line, ConfirmLine::Command).then(|| (line, String::new()));
    rows.chain(apart).collect()
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
