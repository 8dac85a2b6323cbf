//! Overlays of the log view: the prompt for a filter, the list of filters, the prompt for a time.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    widgets::{Block, Widget},
};

use super::prompt::{advise, line, panel};
use crate::{
    logs::filter::{FilterMode, FilterRule, FilterStack},
    model::{
        Layout,
        overlay::{RuleList, RulePrompt, WhenPrompt},
        screens::logs::{
            LogView,
            stack::{KEYS, Press, word},
        },
        text::safe,
    },
    ui::{
        text::{RowWriter, width},
        theme::{Scope, Theme},
    },
};

/// Width of the list in cells.
const WIDTH: u16 = 76;
/// Rows around the filters: border, a blank, keys in two rows, border.
const FRAME: u16 = 5;
/// Width of the longest mode in cells.
const MODES: u16 = 9;

/// Draws the filter prompt after its mode. An empty prompt shows the key that changes the mode.
pub(super) fn prompt(buf: &mut Buffer, layout: &Layout, rule: &RulePrompt, theme: &Theme) -> Position {
    let sign = format!("{} /", word(rule.mode()));
    let cursor = line(buf, layout, &sign, &rule.prompt, theme);
    advise(buf, layout, &rule.prompt, cursor, "ctrl-x: exclude, highlight", theme);
    cursor
}

/// Draws the prompt for a time or a time range.
pub(super) fn when(buf: &mut Buffer, layout: &Layout, when: &WhenPrompt, theme: &Theme) -> Position {
    let cursor = line(buf, layout, "@ ", &when.prompt, theme);
    advise(buf, layout, &when.prompt, cursor, "14:05  -2h  10:00..10:20  2026-01-31 14:05", theme);
    cursor
}

/// Draws the list of filters and the keys that change them.
pub(super) fn list(
    buf: &mut Buffer,
    layout: &Layout,
    list: &RuleList,
    log: Option<&LogView>,
    theme: &Theme,
) -> Position {
    let none = FilterStack::default();
    let stack = log.map_or(&none, |reader| &reader.buffer.stack);
    let screen = Rect::new(0, 0, layout.width, layout.height);
    let rows = u16::try_from(stack.rules.len().max(1)).unwrap_or(u16::MAX);
    let height = rows.saturating_add(FRAME).min(layout.height.saturating_sub(2)).max(FRAME + 1);
    let area = screen.centered(WIDTH.min(layout.width.saturating_sub(4)).into(), height.into());

    panel(buf, area, theme);
    Block::bordered().border_set(theme.glyphs.border).border_style(theme.get(Scope::Border)).render(area, buf);
    let mut writer = RowWriter::new(buf, area.x + 2, area.y, area.right() - 2);
    writer.put(" ", Style::new()).put("filters", theme.get(Scope::TitleName)).put(" ", Style::new());
    if stack.suspended {
        writer.put("suspended: z resumes ", theme.get(Scope::ToneWarn));
    }

    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - FRAME };
    let selected = list.selected.min(stack.rules.len().saturating_sub(1));
    let top = (selected + 1).saturating_sub(inner.height.into());
    for ((index, rule), y) in stack.rules.iter().enumerate().skip(top).zip(inner.y..inner.bottom()) {
        let row = Rect { y, height: 1, ..inner };
        draw_one(buf, row, rule, !rule.on || stack.suspended, theme);
        if index == selected {
            buf.set_style(row, theme.get(Scope::PickerSelected));
        }
    }
    if stack.rules.is_empty() {
        RowWriter::new(buf, inner.x + 1, inner.y, inner.right())
            .put("no filters: all lines are shown", theme.get(Scope::Faint));
    }
    keys(buf, Rect { y: inner.bottom() + 1, height: 2, ..inner }, theme);
    Position::new(inner.x, inner.y + u16::try_from(selected - top).unwrap_or(0))
}

fn draw_one(buf: &mut Buffer, row: Rect, rule: &FilterRule, off: bool, theme: &Theme) {
    let (mode, text) = match (rule.mode, off) {
        (_, true) => (Scope::Faint, Scope::Faint),
        (FilterMode::Include, _) => (Scope::ToneGood, Scope::Base),
        (FilterMode::Exclude, _) => (Scope::ToneBad, Scope::Base),
        (FilterMode::Highlight, _) => (Scope::ToneWarn, Scope::Base),
    };
    let mut writer = RowWriter::new(buf, row.x + 1, row.y, row.right().saturating_sub(1));
    writer.put(if rule.on { "on   " } else { "off  " }, theme.get(mode));
    let start = writer.x;
    writer.put(word(rule.mode), theme.get(mode)).to(start + MODES + 2);
    writer.fit(&safe(rule.filter.text()), theme.glyphs.ellipsis, theme.get(text));
}

/// Draws the keys of the list, as many as fit.
fn keys(buf: &mut Buffer, area: Rect, theme: &Theme) {
    const SHOWN: [(Press, &str); 7] = [
        (Press::Toggle, "on, off"),
        (Press::Edit, "edit"),
        (Press::Mode, "mode"),
        (Press::Remove, "remove"),
        (Press::Add, "add"),
        (Press::Suspend, "suspend all"),
        (Press::Close, "back"),
    ];
    let (mut x, mut y) = (area.x + 1, area.y);
    for (press, text) in SHOWN {
        let key = KEYS.iter().find(|(_, does, _)| *does == press).and_then(|(keys, ..)| keys.first());
        let key = key.copied().unwrap_or_default();
        let cells = width(key) + width(text) + 3;
        if x + cells > area.right() && x > area.x + 1 {
            (x, y) = (area.x + 1, y + 1);
        }
        let mut writer = RowWriter::new(buf, x, y, if y < area.bottom() { area.right() } else { x });
        writer.put(key, theme.get(Scope::HintKey)).skip(1).put(text, theme.get(Scope::HintText));
        x += cells;
    }
}
