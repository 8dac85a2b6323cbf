//! The rows of a table. Only those in sight are built, so a frame costs the same however many there are.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{columns, scrollbar};
use crate::{
    data::Entry,
    model::{Table, layout::Slot, text::safe},
    resource::{Align, Cell, Column, Context, Row, Tone},
    ui::{
        text::{Pen, fit, width},
        theme::{Scope, Theme},
    },
};

/// Cells left of the first column: mark, sign of the row's tone, blank.
pub const GUTTER: u16 = 3;
/// Seconds for which a changed cell stays marked.
const NEWS: i64 = 5;

/// Draws the column heads in the first row of `area`, and rows below. `stale` rows are of the past and shown so.
pub fn draw(buf: &mut Buffer, area: Rect, table: &Table, cx: &Context, stale: bool, theme: &Theme) {
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let end = table.rows.len().min(table.top.saturating_add(usize::from(body.height)));
    let visible = table.top.min(end)..end;
    // The last column is the scrollbar's.
    let room = area.width.saturating_sub(GUTTER + 1);
    let slots = columns::slots(table, visible.clone(), room, cx);
    let columns = (table.view.kind.columns)();

    heads(buf, area, table, &columns, &slots, theme);
    for (index, y) in visible.zip(body.y..) {
        let painter = Painter { table, columns: &columns, slots: &slots, cx, stale, theme };
        painter.row(buf, Rect { y, height: 1, ..area }, index);
    }
    scrollbar::draw(buf, body, table.top, table.rows.len(), theme);
}

/// The titles, the sorted one with its direction.
pub fn heads(buf: &mut Buffer, area: Rect, table: &Table, columns: &[&Column], slots: &[Slot], theme: &Theme) {
    if table.left > 0 {
        Pen::new(buf, area.x + 1, area.y, area.right()).put(theme.glyphs.more_left, theme.get(Scope::Faint));
    }
    for slot in slots {
        let Some(column) = columns.get(slot.column) else { continue };
        let sorted = slot.column == table.sort.column;
        let mut style = theme.get(if sorted { Scope::TableHeaderSorted } else { Scope::TableHeader });
        if table.picked == Some(slot.column) {
            style = style.patch(theme.get(Scope::TableSelected));
        }
        let x = area.x + GUTTER + slot.x;
        let title = fit(column.title, slot.width, theme.glyphs.ellipsis);
        let indent = if column.align == Align::Right { slot.width.saturating_sub(width(&title)) } else { 0 };
        // The arrow stands in the gap, so that sorting moves nothing.
        let mut pen = Pen::new(buf, x + indent, area.y, area.right());
        pen.put(&title, style);
        if sorted {
            let arrow = if table.sort.descending { theme.glyphs.descending } else { theme.glyphs.ascending };
            pen.put(arrow, style);
        }
    }
}

struct Painter<'a> {
    table: &'a Table,
    columns: &'a [&'static Column],
    slots: &'a [Slot],
    cx: &'a Context,
    stale: bool,
    theme: &'a Theme,
}

impl Painter<'_> {
    fn row(&self, buf: &mut Buffer, area: Rect, index: usize) {
        let Some(entry) = self.table.rows.get(index) else { return };
        let (theme, selected) = (self.theme, index == self.table.cursor);
        let tone = row_tone(&*entry.row, self.columns.len(), self.cx);

        let mut pen = Pen::new(buf, area.x, area.y, area.right());
        let marked = self.table.marked(index);
        pen.put(if marked { theme.glyphs.mark } else { " " }, theme.get(Scope::TableMarked));
        pen.put(theme.glyphs.tone(tone), theme.tone(tone));

        for slot in self.slots {
            let cell = entry.row.cell(slot.column, self.cx);
            let mut style = match cell.tone {
                Tone::Plain | Tone::Good if self.stale => theme.get(Scope::TableStale),
                // What a row is called says at once that something is wrong with it.
                Tone::Plain if slot.column == 0 && tone == Tone::Bad => theme.tone(Tone::Bad),
                // What is as it should be needs no colour but its sign's: then what is not stands out.
                Tone::Good => Style::new(),
                tone => theme.tone(tone),
            };
            if slot.column == 0 && marked {
                style = style.patch(theme.get(Scope::TableMarked));
            }
            let align = self.columns.get(slot.column).map_or(Align::Left, |column| column.align);
            self.cell(buf, area, slot, align, &cell, style);
        }
        if selected {
            buf.set_style(area, theme.get(Scope::TableSelected).remove_modifier(Modifier::DIM));
        }
        for slot in self.slots.iter().filter(|slot| self.is_news(entry, slot.column)) {
            let rect = Rect { x: area.x + GUTTER + slot.x, width: slot.width, ..area };
            buf.set_style(rect.intersection(area), theme.get(Scope::TableChanged));
        }
    }

    fn cell(&self, buf: &mut Buffer, area: Rect, slot: &Slot, align: Align, cell: &Cell<'_>, style: Style) {
        let text = safe(&cell.text);
        let text = fit(&text, slot.width, self.theme.glyphs.ellipsis);
        let indent = if align == Align::Right { slot.width.saturating_sub(width(&text)) } else { 0 };
        let x = area.x + GUTTER + slot.x;
        Pen::new(buf, x + indent, area.y, (x + slot.width).min(area.right())).put(&text, style);
    }

    fn is_news(&self, entry: &Entry, column: usize) -> bool {
        let fresh = |at| self.cx.now.duration_since(at).as_secs() < NEWS;
        column < 64 && entry.changed & (1 << column) != 0 && entry.changed_at.is_some_and(fresh)
    }
}

/// How a row stands: the gravest of its cells, the hidden ones too, within what its kind calls a fault. What is absent
/// counts for nothing.
fn row_tone(row: &dyn Row, columns: usize, cx: &Context) -> Tone {
    let cells = (0..columns).map(|index| row.cell(index, cx)).filter(|cell| cell.text != "-");
    let tone = cells.map(|cell| cell.tone).max_by_key(|tone| gravity(*tone)).unwrap_or_default();
    match row.fault() {
        true if gravity(tone) < gravity(Tone::Warn) => Tone::Warn,
        false if tone == Tone::Bad => Tone::Warn,
        _ => tone,
    }
}

fn gravity(tone: Tone) -> u8 {
    match tone {
        Tone::Plain => 0,
        Tone::Muted => 1,
        Tone::Good => 2,
        Tone::Wait => 3,
        Tone::Busy => 4,
        Tone::Warn => 5,
        Tone::Bad => 6,
    }
}
