//! Rows of a table. Only visible rows are built, so the cost of a frame doesn't depend on the number of rows.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::scrollbar;
use crate::{
    model::{
        Table,
        layout::{self, Slot},
        screens::table::fresh,
        text::safe,
    },
    resource::{Align, Cell, Column, Context, Row, Tone},
    ui::{
        text::{RowWriter, fit, width},
        theme::{Scope, Theme},
    },
};

/// Draws the column headers in the first row of `area` and the rows below. `stale` rows are drawn muted.
pub(crate) fn draw(buf: &mut Buffer, area: Rect, table: &Table, cx: &Context, stale: bool, theme: &Theme) {
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let slots = slots(area, table, cx);
    heads(buf, area, table, &slots, theme);

    let shown = table.columns();
    let columns = (table.view.kind.columns)();
    let painter = Painter { table, columns: &columns, shown: &shown, slots: &slots, cx, stale, theme };
    let marked = table.marked();
    for (index, y) in table.visible_rows(body.height).zip(body.y..) {
        painter.row(buf, Rect { y, height: 1, ..area }, index, marked(index));
    }
    scrollbar::draw(buf, body, table.top, table.rows.len(), theme);
}

/// Lays out the columns in `area`, stopping the last cells to the scrollbar.
fn slots(area: Rect, table: &Table, cx: &Context) -> Vec<Slot> {
    layout::columns(table, area.width.saturating_sub(1), area.height.saturating_sub(1), cx)
}

/// Draws the column headers while rows are still loading.
pub(crate) fn draw_heads(buf: &mut Buffer, area: Rect, table: &Table, cx: &Context, theme: &Theme) {
    heads(buf, area, table, &slots(area, table, cx), theme);
}

/// Draws the column titles, with the sort direction.
fn heads(buf: &mut Buffer, area: Rect, table: &Table, slots: &[Slot], theme: &Theme) {
    let columns = (table.view.kind.columns)();
    if table.left > 0 {
        RowWriter::new(buf, area.x + 1, area.y, area.right()).put(theme.glyphs.more_left, theme.get(Scope::Faint));
    }
    for slot in slots {
        let Some(column) = columns.get(slot.column) else { continue };
        let sorted = slot.column == table.sort.column;
        let mut style = theme.get(if sorted { Scope::TableHeaderSorted } else { Scope::TableHeader });
        if table.picked == Some(slot.column) {
            style = style.patch(theme.get(Scope::TableSelected));
        }
        let x = area.x + slot.x;
        let title = fit(column.title, slot.width, theme.glyphs.ellipsis);
        let indent = if column.align == Align::Right { slot.width.saturating_sub(width(&title)) } else { 0 };
        // The arrow is drawn in the gap, so that sorting moves nothing.
        let mut writer = RowWriter::new(buf, x + indent, area.y, area.right());
        writer.put(&title, style);
        if sorted {
            let arrow = if table.sort.descending { theme.glyphs.descending } else { theme.glyphs.ascending };
            writer.put(arrow, style);
        }
    }
}

struct Painter<'a> {
    table: &'a Table,
    columns: &'a [&'static Column],
    /// Indexes of the columns that are shown where there is room.
    shown: &'a [usize],
    slots: &'a [Slot],
    cx: &'a Context,
    stale: bool,
    theme: &'a Theme,
}

impl Painter<'_> {
    fn row(&self, buf: &mut Buffer, area: Rect, index: usize, marked: bool) {
        let Some(entry) = self.table.rows.get(index) else { return };
        let (theme, selected) = (self.theme, index == self.table.cursor);
        let tone = row_tone(&*entry.row, self.shown, self.cx);

        let mut writer = RowWriter::new(buf, area.x, area.y, area.right());
        writer.put(if marked { theme.glyphs.mark } else { " " }, theme.get(Scope::TableMarked));
        writer.put(theme.glyphs.tone(tone), theme.tone(tone));

        for slot in self.slots {
            let cell = entry.row.cell(slot.column, self.cx);
            let mut style = match cell.tone {
                Tone::Plain | Tone::Good if self.stale => theme.get(Scope::TableStale),
                // The name of a failing row is highlighted as well.
                Tone::Plain if slot.column == 0 && tone == Tone::Bad => {
                    theme.tone(Tone::Bad).add_modifier(Modifier::BOLD)
                }
                // Good values are not coloured, so that bad ones stand out.
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
        let news = fresh(entry, self.cx.now);
        for slot in self.slots.iter().filter(|slot| slot.column < 64 && news & (1 << slot.column) != 0) {
            let rect = Rect { x: area.x + slot.x, width: slot.width, ..area };
            buf.set_style(rect.intersection(area), theme.get(Scope::TableChanged));
        }
    }

    fn cell(&self, buf: &mut Buffer, area: Rect, slot: &Slot, align: Align, cell: &Cell<'_>, style: Style) {
        let text = safe(&cell.text);
        let text = if width(&text) > slot.width { safe(cell.short_text()) } else { text };
        let text = fit(&text, slot.width, self.theme.glyphs.ellipsis);
        let indent = if align == Align::Right { slot.width.saturating_sub(width(&text)) } else { 0 };
        let x = area.x + slot.x;
        RowWriter::new(buf, x + indent, area.y, (x + slot.width).min(area.right())).put(&text, style);
    }
}

/// Tone of a row: the worst of its cells, including those of hidden columns. At least a warning for a fault, at most a warning
/// otherwise. Absent cells don't count.
fn row_tone(row: &dyn Row, columns: &[usize], cx: &Context) -> Tone {
    let cells = columns.iter().map(|index| row.cell(*index, cx)).filter(|cell| cell.text != "-");
    let tone = cells.map(|cell| cell.tone).filter(|tone| *tone != Tone::Plain).max().unwrap_or_default();
    match row.fault() {
        true => tone.max(Tone::Warn),
        false => tone.min(Tone::Warn),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        borrow::Cow,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use jiff::Timestamp;
    use serde::Serialize;

    use super::*;
    use crate::{
        data::Entry,
        resource::{Document, Field, Kind, Order, Origin, Query, Resource, View, Zone, cluster},
    };

    /// A row that counts the requests for its cells.
    #[derive(Debug, PartialEq, Serialize)]
    struct Counted(String);

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    static KIND: Kind = Kind {
        name: "counted",
        plural: "counted",
        aliases: &[],
        about: "",
        columns: || Counted::fields().iter().map(|field| &field.column).collect(),
        abilities: &[],
        states: &[],
        sort: ("name", false),
        in_cluster: false,
        json_key: "counted",
        origin: Origin::Derived { from: &cluster::KIND, rows: |_| Vec::new() },
    };

    static FIELDS: &[Field<Counted>] = &[Field {
        column: Column::new("name", "NAME", 4, 20),
        cell: |row, _| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            Cell::plain(&*row.0)
        },
        order: |_, _| Order::Absent,
    }];

    impl Resource for Counted {
        fn kind() -> &'static Kind {
            &KIND
        }

        fn fields() -> &'static [Field<Self>] {
            FIELDS
        }

        fn id(&self) -> &str {
            &self.0
        }

        fn name(&self) -> Cow<'_, str> {
            (&*self.0).into()
        }

        fn describe(&self, _: &Context) -> Document {
            Document::default()
        }
    }

    /// Number of cells requested for one frame.
    fn cells_requested(rows: usize) -> usize {
        let mut table = Table::new(View::new(&KIND, Query::default()));
        let entry = |n| Entry { row: Arc::new(Counted(format!("row-{n:06}"))), changed: 0, changed_at: None };
        table.rows = (0..rows).map(entry).collect();
        table.top = rows / 2;
        let area = Rect::new(0, 0, 80, 24);
        let before = ASKED.load(Ordering::Relaxed);
        let cx = Context { now: Timestamp::UNIX_EPOCH, zone: Zone::UTC };
        draw(&mut Buffer::empty(area), area, &table, &cx, false, &Theme::default());
        ASKED.load(Ordering::Relaxed) - before
    }

    #[test]
    fn the_cost_of_a_frame_does_not_depend_on_the_number_of_rows() {
        let (few, many) = (cells_requested(1_000), cells_requested(100_000));
        assert!(many <= few + 10, "{few} cells for 1,000 rows, {many} for 100,000");
    }
}
