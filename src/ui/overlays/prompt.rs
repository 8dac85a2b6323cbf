//! The prompt in the last row: input, completion candidates and the first mistake.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    widgets::{Clear, Widget},
};

use super::list;
use crate::{
    model::{
        Layout,
        overlay::PortsPrompt,
        prompt::{Completion, Prompt},
        text::safe,
    },
    ui::{
        text::{RowWriter, width as text_width},
        theme::{Scope, Theme},
    },
};

/// Greatest number of candidates shown above a prompt, and their greatest width in cells.
const CANDIDATES: u16 = 10;
const LIST_WIDTH: u16 = 72;

/// Draws the prompt for a table filter.
pub(super) fn filter(buf: &mut Buffer, layout: &Layout, prompt: &Prompt, theme: &Theme) -> Position {
    let cursor = line(buf, layout, "/", prompt, theme);
    advise(buf, layout, prompt, cursor, "word  column=value  is:fault", theme);
    cursor
}

/// Draws the prompt for the ports of a forward.
pub(super) fn ports(buf: &mut Buffer, layout: &Layout, ports: &PortsPrompt, theme: &Theme) -> Position {
    let container = ports.container.as_ref().map(|name| format!("{name} of ")).unwrap_or_default();
    let sign = format!("forward to {container}{} ", ports.subject);
    let cursor = line(buf, layout, &safe(&sign), &ports.prompt, theme);
    advise(buf, layout, &ports.prompt, cursor, "[LOCAL:][HOST:]PORT", theme);
    cursor
}

/// Draws the candidates for the last word above the prompt. They cover at most half of the body.
fn candidates(buf: &mut Buffer, layout: &Layout, completion: &Completion, theme: &Theme) {
    let count = completion.candidates.len();
    let most = CANDIDATES.min(layout.footer.saturating_sub(layout.header) / 2);
    let rows = u16::try_from(count).unwrap_or(most).min(most);
    if rows == 0 {
        return;
    }
    let width = if layout.width < 2 * LIST_WIDTH { layout.width } else { LIST_WIDTH };
    // A horizontal rule separates the list from the screen.
    let above = Rect { x: 0, y: layout.footer - rows - 1, width, height: rows + 1 };
    panel(buf, above, theme);
    RowWriter::new(buf, 0, above.y, width).fill(theme.glyphs.rule, theme.get(Scope::Border));
    if count > usize::from(rows) {
        let text = format!(" {rows} of {count} ");
        RowWriter::new(buf, width.saturating_sub(text_width(&text) + 2), above.y, width)
            .put(&text, theme.get(Scope::Faint));
    }
    let area = Rect { y: layout.footer - rows, height: rows, ..above }.intersection(buf.area);
    let lines = completion.candidates.iter().map(|candidate| list::ListLine {
        text: &candidate.text,
        about: &candidate.about,
        matched: &candidate.matched,
    });
    list::draw(buf, area, lines, completion.chosen, theme);
}

/// Shows examples of input while the prompt is empty.
pub(super) fn advise(
    buf: &mut Buffer,
    layout: &Layout,
    prompt: &Prompt,
    cursor: Position,
    advice: &str,
    theme: &Theme,
) {
    let x = layout.width.saturating_sub(text_width(advice) + 1);
    if prompt.text().is_empty() && prompt.searching.is_none() && x > cursor.x + 1 {
        RowWriter::new(buf, x, layout.footer, layout.width).put(advice, theme.get(Scope::Faint));
    }
}

/// Clears an area and gives it the style of a panel.
pub(super) fn panel(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    buf.set_style(area, theme.get(Scope::Base).patch(theme.get(Scope::Picker)));
}

/// Draws a prompt that starts with `sign`, and its candidates above it.
pub(super) fn line(buf: &mut Buffer, layout: &Layout, sign: &str, prompt: &Prompt, theme: &Theme) -> Position {
    candidates(buf, layout, &prompt.completion, theme);
    let area = Rect { x: 0, y: layout.footer, width: layout.width, height: 1 }.intersection(buf.area);
    Clear.render(area, buf);
    buf.set_style(area, theme.get(Scope::Base));
    let sign = match &prompt.searching {
        Some(wanted) => format!("history \"{wanted}\" {}", theme.glyphs.step),
        None => sign.to_owned(),
    };
    // The mistake is shown on the right; the text keeps at least half of the row.
    let mut end = area.right();
    if let Some(fault) = &prompt.fault {
        let reason = format!("{} {}", theme.glyphs.tone(crate::resource::Tone::Bad), fault.reason);
        let x = end.saturating_sub(text_width(&reason).min(area.width / 2) + 1);
        RowWriter::new(buf, x, area.y, end).fit(&reason, theme.glyphs.ellipsis, theme.get(Scope::PromptError));
        end = x.saturating_sub(2);
    }
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, end);
    writer.put(&sign, theme.get(if prompt.fault.is_some() { Scope::PromptError } else { Scope::Prompt }));
    if prompt.searching.is_some() {
        writer.skip(1);
    }
    field(&mut writer, prompt, theme)
}

/// Draws the input, scrolled so that the cursor is visible, and returns the position of the cursor.
pub(super) fn field(writer: &mut RowWriter<'_>, prompt: &Prompt, theme: &Theme) -> Position {
    let start = writer.x;
    // One cell is reserved for the cursor after the last character.
    let scrolled = prompt.input.visual_scroll(usize::from(writer.room().saturating_sub(1)));
    let fault = prompt.fault.as_ref().map_or(usize::MAX, |fault| fault.at);
    let mut passed = 0;
    for (at, c) in safe(prompt.input.value()).chars().enumerate() {
        let cells = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        passed += cells;
        if passed <= scrolled {
            continue;
        }
        let scope = match () {
            () if prompt.preselected => Scope::PromptSelected,
            () if at >= fault => Scope::PromptError,
            () => Scope::PromptText,
        };
        writer.put(c.encode_utf8(&mut [0; 4]), theme.get(scope));
    }
    writer.put(&prompt.ghost, theme.get(Scope::PromptGhost));
    let cursor = prompt.input.visual_cursor().saturating_sub(scrolled);
    Position::new(start.saturating_add(u16::try_from(cursor).unwrap_or(u16::MAX)), writer.y())
}
