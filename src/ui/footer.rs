//! The footer: breadcrumbs, or the latest message for a moment.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    text::{RowWriter, width},
    theme::{Scope, Theme},
};
use crate::{
    event::NoticeLevel,
    model::{Keymap, Model, action::session, messages::Message},
    resource::Tone,
};

/// Draws the flash message if there is one, or else the breadcrumbs.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model, theme: &Theme) {
    match &model.messages.flash {
        Some(message) => flash(buf, area, message, &model.keymap, theme),
        None if model.layout().footer >= model.layout().body + model.layout().body_height => {
            let cells = forwards(buf, area, model.forwards.active().count(), theme);
            let area = Rect { width: area.width.saturating_sub(cells), ..area };
            crumbs(buf, area, &model.crumbs(), theme);
        }
        None => {}
    }
}

fn flash(buf: &mut Buffer, area: Rect, message: &Message, keymap: &Keymap, theme: &Theme) {
    let (scope, tone) = match message.level {
        NoticeLevel::Info => (Scope::FlashInfo, Tone::Plain),
        NoticeLevel::Warn => (Scope::FlashWarn, Tone::Warn),
        NoticeLevel::Error => (Scope::FlashError, Tone::Bad),
    };
    buf.set_style(area, theme.get(Scope::Base));
    let mut writer = RowWriter::new(buf, area.x, area.y, area.right());
    writer.fill(" ", theme.get(scope));
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, area.right().saturating_sub(1));
    if tone != Tone::Plain {
        writer.put(theme.glyphs.tone(tone), theme.get(scope)).skip(1);
    }
    let more = keymap.key_of(&session::MESSAGES).map(|key| format!(" ({key} shows all)")).unwrap_or_default();
    if width(&message.text) <= writer.room() {
        writer.put(&message.text, theme.get(scope));
    } else {
        let end = area.right().saturating_sub(1 + width(&more));
        let x = writer.x;
        RowWriter::new(buf, x, area.y, end).fit(&message.text, theme.glyphs.ellipsis, theme.get(scope));
        RowWriter::new(buf, end, area.y, area.right()).put(&more, theme.get(Scope::Faint));
    }
}

/// Draws how many forwards run, at the right, and returns how many cells that takes.
fn forwards(buf: &mut Buffer, area: Rect, count: usize, theme: &Theme) -> u16 {
    if count == 0 {
        return 0;
    }
    let text = format!("{count} forward{}", if count == 1 { "" } else { "s" });
    let cells = width(&text) + 2;
    RowWriter::new(buf, area.right().saturating_sub(cells - 1), area.y, area.right())
        .put(&text, theme.get(Scope::Faint));
    cells
}

/// Draws the breadcrumbs. Where there is no room for all, the first are left out.
fn crumbs(buf: &mut Buffer, area: Rect, crumbs: &[String], theme: &Theme) {
    let room = area.width.saturating_sub(2);
    let cells = |from: usize| crumbs[from..].iter().map(|crumb| width(crumb) + 3).fold(0, u16::saturating_add);
    let first = (0..crumbs.len()).find(|from| cells(*from) <= room).unwrap_or(crumbs.len().saturating_sub(1));

    let mut writer = RowWriter::new(buf, area.x + 1, area.y, area.right().saturating_sub(1));
    if first > 0 {
        writer.put(theme.glyphs.ellipsis, theme.get(Scope::Crumb)).skip(1);
    }
    for (at, crumb) in crumbs.iter().enumerate().skip(first) {
        let last = at + 1 == crumbs.len();
        let scope = if last { Scope::CrumbActive } else { Scope::Crumb };
        writer.fit(crumb, theme.glyphs.ellipsis, theme.get(scope));
        if !last {
            writer.skip(1).put(theme.glyphs.step, theme.get(Scope::Border)).skip(1);
        }
    }
}
