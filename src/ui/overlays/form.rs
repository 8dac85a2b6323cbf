//! A form: one line a field.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    prompt::field,
    question::{framed, keys},
};
use crate::{
    model::{Layout, overlay::Form},
    resource::Tone,
    ui::{
        text::RowWriter,
        theme::{Scope, Theme},
    },
};

/// Greatest width in cells.
const WIDTH: u16 = 100;
/// Rows around the fields: border and blank, what it is for, blank; mistake, keys and border.
const FRAME: u16 = 8;
/// Width of the labels in cells.
const LABELS: u16 = 13;

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, form: &Form, theme: &Theme) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(2));
    let high = u16::try_from(form.fields.len()).unwrap_or(u16::MAX).saturating_add(FRAME).min(layout.height);
    let (area, inner) = framed(buf, layout, form.title, (wide, high), theme);
    let row =
        |number: u16| Rect { x: inner.x + 2, y: inner.y + number, width: inner.width.saturating_sub(4), height: 1 };
    let says = row(1);
    RowWriter::new(buf, says.x, says.y, says.right()).fit(
        &form.says,
        theme.glyphs.ellipsis,
        theme.get(Scope::TitleName),
    );
    let mut cursor = Position::new(says.x, says.y);
    for (line, index) in form.fields.iter().zip(0_u16..) {
        let at = row(3 + index);
        let active = usize::from(index) == form.focus;
        let scope = match (&line.prompt.fault, active) {
            (Some(_), _) => Scope::PromptError,
            (None, true) => Scope::Prompt,
            (None, false) => Scope::Faint,
        };
        RowWriter::new(buf, at.x, at.y, at.right()).put(line.label, theme.get(scope));
        let mut writer = RowWriter::new(buf, at.x + LABELS, at.y, at.right());
        if line.prompt.text().is_empty() && !active {
            writer.fit(line.empty, theme.glyphs.ellipsis, theme.get(Scope::Faint));
            continue;
        }
        let place = field(&mut writer, &line.prompt, theme);
        if active {
            cursor = place;
        }
    }
    let below = Rect { y: area.bottom().saturating_sub(2), ..row(0) };
    let mistake = form.fields.iter().find_map(|line| line.prompt.fault.as_ref());
    let focused = form.fields.get(form.focus).filter(|line| line.prompt.text().is_empty());
    let mut note = RowWriter::new(buf, below.x, below.y.saturating_sub(1), below.right());
    if let Some(fault) = mistake {
        note.put(theme.glyphs.tone(Tone::Bad), theme.get(Scope::PromptError)).skip(1);
        note.fit(&fault.reason, theme.glyphs.ellipsis, theme.get(Scope::PromptError));
    } else if let Some(line) = focused.filter(|line| !line.empty.is_empty()) {
        note.fit(&format!("empty: {}", line.empty), theme.glyphs.ellipsis, theme.get(Scope::Faint));
    }
    keys(buf, below, &[("enter", "continue"), ("tab", "next"), ("esc", "cancel")], theme);
    cursor
}
