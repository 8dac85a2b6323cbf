//! The dialog for a CloudWatch Logs Insights query: text, time range, log groups and cost.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    prompt::field,
    question::{framed, keys},
};
use crate::{
    logs::insights::DOLLARS_A_GB,
    model::{Layout, overlay::QueryPrompt, prompt::Prompt},
    resource::Tone,
    ui::{
        text::{RowWriter, width},
        theme::{Scope, Theme},
    },
};

/// Greatest width in cells.
const WIDTH: u16 = 116;
const HEIGHT: u16 = 12;
/// Width of the labels in cells.
const LABELS: u16 = 7;

pub(super) fn draw(buf: &mut Buffer, layout: &Layout, query: &QueryPrompt, theme: &Theme) -> Position {
    let wide = WIDTH.min(layout.width.saturating_sub(2));
    let (area, inner) = framed(buf, layout, "query with CloudWatch Logs Insights", (wide, HEIGHT), theme);
    let row =
        |number: u16| Rect { x: inner.x + 1, y: inner.y + number, width: inner.width.saturating_sub(2), height: 1 };
    let text = input_line(buf, row(1), "query", &query.text, !query.in_time, theme);
    let time = input_line(buf, row(3), "time", &query.time, query.in_time, theme);
    let at = row(3);
    let x = at.right().saturating_sub(width(&query.between));
    if x > time.x + 2 {
        RowWriter::new(buf, x, at.y, at.right()).put(&query.between, theme.get(Scope::Faint));
    }
    labelled(buf, row(5), "over", &query.over, theme);
    let cost = format!("AWS bills ${DOLLARS_A_GB} for each GB it scans: a shorter time costs less;");
    labelled(buf, row(6), "cost", &cost, theme);
    labelled(buf, row(7), "", "the amount is shown while it runs, and esc cancels it", theme);
    let other = if query.in_time { "the query" } else { "the time" };
    let hints = [("enter", "run"), ("tab", other), ("up", "earlier queries"), ("esc", "leave")];
    keys(buf, Rect { y: area.bottom().saturating_sub(2), ..row(0) }, &hints, theme);
    if query.in_time { time } else { text }
}

/// Draws an input line, and the mistake in it below.
fn input_line(buf: &mut Buffer, row: Rect, label: &str, prompt: &Prompt, active: bool, theme: &Theme) -> Position {
    let scope = match (&prompt.fault, active) {
        (Some(_), _) => Scope::PromptError,
        (None, true) => Scope::Prompt,
        (None, false) => Scope::Faint,
    };
    RowWriter::new(buf, row.x, row.y, row.right()).put(label, theme.get(scope));
    let start = row.x + LABELS;
    let cursor = field(&mut RowWriter::new(buf, start, row.y, row.right()), prompt, theme);
    if let Some(fault) = &prompt.fault {
        let mut writer = RowWriter::new(buf, start, row.y + 1, row.right());
        writer.put(theme.glyphs.tone(Tone::Bad), theme.get(Scope::PromptError)).skip(1);
        writer.fit(&fault.reason, theme.glyphs.ellipsis, theme.get(Scope::PromptError));
    }
    cursor
}

fn labelled(buf: &mut Buffer, row: Rect, label: &str, text: &str, theme: &Theme) {
    RowWriter::new(buf, row.x, row.y, row.right()).put(label, theme.get(Scope::Faint));
    RowWriter::new(buf, row.x + LABELS, row.y, row.right()).fit(text, theme.glyphs.ellipsis, theme.get(Scope::Base));
}
