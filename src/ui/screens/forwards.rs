//! The forwards screen.

use ratatui::{buffer::Buffer, layout::Rect};

use super::title;
use crate::{
    model::{
        Model,
        action::forwards,
        screens::forwards::{ForwardList, ForwardRow},
        text::safe,
    },
    resource::Tone,
    ui::{
        text::{RowWriter, fit, width},
        theme::{Scope, Theme},
        widgets::{notice::NoticePanel, scrollbar},
    },
};

/// A column: its title, its text, its greatest width, whether it is aligned to the right, and its rank: where there is no
/// room, those of a high rank are left out.
struct ForwardColumn {
    title: &'static str,
    text: fn(&ForwardRow) -> &str,
    most: u16,
    is_number: bool,
    rank: u8,
}

const COLUMNS: [ForwardColumn; 9] = [
    ForwardColumn { title: "FORWARD", text: |row| &row.target, most: 32, is_number: false, rank: 0 },
    ForwardColumn { title: "CLUSTER", text: |row| &row.cluster, most: 20, is_number: false, rank: 6 },
    ForwardColumn { title: "LOCAL", text: |row| &row.local, most: 28, is_number: false, rank: 1 },
    ForwardColumn { title: "REMOTE", text: |row| &row.remote, most: 36, is_number: false, rank: 2 },
    ForwardColumn { title: "STATE", text: |row| row.state, most: 12, is_number: false, rank: 0 },
    ForwardColumn { title: "CONNS", text: |row| &row.connections, most: 9, is_number: true, rank: 3 },
    ForwardColumn { title: "SENT", text: |row| &row.sent, most: 7, is_number: true, rank: 4 },
    ForwardColumn { title: "RECEIVED", text: |row| &row.received, most: 8, is_number: true, rank: 4 },
    ForwardColumn { title: "AGE", text: |row| &row.age, most: 6, is_number: true, rank: 5 },
];

/// Cells before the columns: a blank, the sign of the state and a blank.
const MARGIN: u16 = 3;
/// Cells between columns.
const GAP: u16 = 2;

pub(super) fn draw(buf: &mut Buffer, area: Rect, list: &ForwardList, model: &Model, theme: &Theme) {
    let rows = ForwardList::rows(model);
    let head = Rect { height: 1, ..area };
    let count = format!("[{}]", rows.len());
    title(buf, head, &[("Forwards", Scope::TitleName), (&count, Scope::TitleCount)], &[], theme);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if rows.is_empty() {
        let key = model.keymap.key_of(&forwards::FORWARD).map_or_else(|| ":forward".into(), |key| key.to_string());
        let notice = NoticePanel {
            tone: Tone::Muted,
            headline: "There are no forwards".into(),
            body: vec!["A forward carries connections from this machine to a port of a task.".into()],
            advice: vec![
                format!("{key} on a service, task or container starts one"),
                "[[forward]] in config.toml saves one under a name".into(),
            ],
        };
        return notice.draw(buf, Rect { y: below.y + 2, height: below.height.saturating_sub(2), ..below }, theme);
    }
    let slots = slots(&rows, below.width.saturating_sub(MARGIN + 1));
    let mut x = below.x + MARGIN;
    for (column, wide) in &slots {
        let indent = if column.is_number { wide.saturating_sub(width(column.title)) } else { 0 };
        RowWriter::new(buf, x + indent, below.y, below.right()).put(column.title, theme.get(Scope::TableHeader));
        x += wide + GAP;
    }
    let body = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    for (index, y) in (list.top..rows.len()).zip(body.y..body.bottom()) {
        let row = &rows[index];
        let tone = row.tone;
        RowWriter::new(buf, body.x, y, body.right()).skip(1).put(theme.glyphs.tone(tone), theme.tone(tone));
        let mut x = body.x + MARGIN;
        for (column, wide) in &slots {
            let text = safe((column.text)(row));
            let text = fit(&text, *wide, theme.glyphs.ellipsis);
            let indent = if column.is_number { wide.saturating_sub(width(&text)) } else { 0 };
            let style =
                if column.title == "STATE" || !row.is_active { theme.tone(tone) } else { theme.tone(Tone::Plain) };
            RowWriter::new(buf, x + indent, y, body.right()).put(&text, style);
            x += wide + GAP;
        }
        if index == list.cursor {
            buf.set_style(Rect { y, height: 1, ..body }, theme.get(Scope::TableSelected));
        }
    }
    scrollbar::draw(buf, body, list.top, rows.len(), theme);
}

/// The columns that fit, with their widths.
fn slots(rows: &[ForwardRow], room: u16) -> Vec<(&'static ForwardColumn, u16)> {
    let wide = |column: &ForwardColumn| {
        let longest = rows.iter().map(|row| width(&safe((column.text)(row)))).max().unwrap_or(0);
        longest.max(width(column.title)).min(column.most)
    };
    let mut slots: Vec<(&ForwardColumn, u16)> = COLUMNS.iter().map(|column| (column, wide(column))).collect();
    let total = |slots: &[(&ForwardColumn, u16)]| slots.iter().map(|(_, wide)| wide + GAP).sum::<u16>();
    while total(&slots) > room + GAP {
        let worst = slots.iter().map(|(column, _)| column.rank).max().unwrap_or(0);
        if worst == 0 {
            break;
        }
        slots.retain(|(column, _)| column.rank < worst);
    }
    slots
}
