//! The dialog for an MFA code, in the middle of the screen.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use tui_input::Input;

use super::question::{framed, keys};
use crate::{
    model::{Layout, overlay::CodePrompt, prompt::Prompt, text::safe},
    resource::Tone,
    ui::{
        overlays::prompt::field,
        text::RowWriter,
        theme::{Scope, Theme},
    },
};

/// Maximum width in cells, and height in rows.
const WIDTH: u16 = 76;
const HEIGHT: u16 = 9;
/// Shown in place of each digit.
const HIDDEN: &str = "*";

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, code: &CodePrompt, theme: &Theme) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(2));
    let (area, inner) = framed(buf, layout, "MFA code", (wide, HEIGHT), theme);
    let row = |number: u16| {
        Rect { x: inner.x + 1, y: inner.y + number, width: inner.width.saturating_sub(2), height: 1 }
            .intersection(buf.area)
    };
    let rows = [0, 1, 3, 4].map(row);
    let question = &code.question;
    let says = [format!("profile `{}` needs the code of this MFA device:", question.profile), question.device.clone()];
    for (text, row) in says.iter().zip(rows) {
        RowWriter::new(buf, row.x, row.y, row.right()).fit(&safe(text), theme.glyphs.ellipsis, theme.get(Scope::Base));
    }
    let [.., typed, beneath] = rows;
    let mut pen = RowWriter::new(buf, typed.x, typed.y, typed.right());
    pen.put("code", theme.get(Scope::Prompt)).skip(2);
    let cursor = field(&mut pen, &hidden(&code.prompt), theme);
    let refused = question.refused && code.prompt.text().is_empty();
    let reason = code.prompt.fault.as_ref().map(|fault| fault.reason.as_str());
    if let Some(reason) = reason.or(refused.then_some("AWS did not accept the code; wait for the next one")) {
        let mut pen = RowWriter::new(buf, beneath.x, beneath.y, beneath.right());
        pen.put(theme.glyphs.tone(Tone::Bad), theme.get(Scope::PromptError)).skip(1);
        pen.fit(reason, theme.glyphs.ellipsis, theme.get(Scope::PromptError));
    }
    let foot = Rect { y: area.bottom().saturating_sub(2), ..rows[0] };
    keys(buf, foot, &[("enter", "sign in"), ("esc", "cancel")], theme);
    cursor
}

/// A prompt like `prompt`, with the digits hidden.
fn hidden(prompt: &Prompt) -> Prompt {
    let mut hidden = Prompt::default();
    let stars = HIDDEN.repeat(prompt.text().chars().count());
    hidden.input = Input::new(stars).with_cursor(prompt.input.cursor());
    hidden
}
