//! Rows as text for files and pipes: CSV, and a table without colours.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Align, Column, Context, Row, View};

/// The columns of a table of `view` with their indexes: all of them when `wide`.
fn columns(view: &View, wide: bool) -> Vec<(usize, &'static Column)> {
    (view.kind.columns)().into_iter().enumerate().filter(|(_, column)| column.shown(&view.query, wide)).collect()
}

/// CSV by RFC 4180: a head of column names, one record a row, every column, CRLF.
pub fn csv<'a>(view: &View, rows: impl IntoIterator<Item = &'a dyn Row>, cx: &Context) -> String {
    let columns = columns(view, true);
    let mut text = String::new();
    record(&mut text, columns.iter().map(|(_, column)| Cow::Borrowed(column.name)));
    for row in rows {
        record(&mut text, columns.iter().map(|(index, _)| row.cell(*index, cx).text));
    }
    text
}

fn record<'a>(text: &mut String, fields: impl Iterator<Item = Cow<'a, str>>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&field);
        }
    }
    text.push_str("\r\n");
}

/// A table aligned by display width, two spaces between columns, titles on top. Cells are cut at their column's greatest
/// width, unless `wide`: then there is every column, in full.
///
/// One line a row whatever is in it: control characters, which a terminal might obey, become spaces.
pub fn table<'a>(view: &View, wide: bool, rows: impl IntoIterator<Item = &'a dyn Row>, cx: &Context) -> String {
    let columns = columns(view, wide);
    let head = columns.iter().map(|(_, column)| column.title.to_owned()).collect();
    let cell = |row: &dyn Row, (index, column): &(usize, &Column)| {
        let text = tame(&row.cell(*index, cx).text);
        if wide { text } else { cut(text, column.max.into()) }
    };
    let body = rows.into_iter().map(|row| columns.iter().map(|column| cell(row, column)).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    let widths: Vec<usize> =
        (0..columns.len()).map(|column| lines.iter().map(|line| line[column].width()).max().unwrap_or(0)).collect();

    let mut text = String::new();
    for line in &lines {
        let start = text.len();
        for ((cell, (_, column)), width) in line.iter().zip(&columns).zip(&widths) {
            if text.len() > start {
                text.push_str("  ");
            }
            let padding = " ".repeat(width - cell.width());
            match column.align {
                Align::Left => text.extend([cell, padding.as_str()]),
                Align::Right => text.extend([padding.as_str(), cell]),
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// `text` on one line, its control characters, line breaks and changes of direction turned into single spaces.
pub(super) fn tame(text: &str) -> String {
    let unruly = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.split(unruly).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `text` in at most `width` cells; an ellipsis stands for what is left out.
fn cut(text: String, width: usize) -> String {
    if text.width() <= width {
        return text;
    }
    let mut room = width.saturating_sub(1);
    let fits = text.graphemes(true).take_while(|grapheme| {
        let fits = grapheme.width() <= room;
        room = room.saturating_sub(grapheme.width());
        fits
    });
    fits.chain(["…"]).collect()
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::resource::{Cell, Document, Field, Kind, Order, Origin, Query, Resource, Unit};

    #[derive(Debug, PartialEq, Serialize)]
    struct Thing {
        name: &'static str,
        count: &'static str,
        note: &'static str,
    }

    static KIND: Kind = Kind {
        name: "thing",
        plural: "things",
        aliases: &[],
        about: "",
        columns: || Thing::fields().iter().map(|field| &field.column).collect(),
        states: &[],
        sort: ("name", false),
        in_cluster: false,
        json_key: "things",
        origin: Origin::Derived { from: &KIND, rows: |_| Vec::new() },
    };

    fn view() -> View {
        View::new(&KIND, Query::default())
    }

    impl Resource for Thing {
        fn kind() -> &'static Kind {
            &KIND
        }

        fn fields() -> &'static [Field<Self>] {
            const NO_ORDER: for<'a> fn(&'a Thing, &Context) -> Order<'a> = |_, _| Order::Absent;
            const FIELDS: &[Field<Thing>] = &[
                Field {
                    column: Column::new("name", "NAME", 4, 20),
                    cell: |thing, _| Cell::plain(thing.name),
                    order: NO_ORDER,
                },
                Field {
                    column: Column::new("count", "COUNT", 3, 5).unit(Unit::Count),
                    cell: |thing, _| Cell::plain(thing.count),
                    order: NO_ORDER,
                },
                Field {
                    column: Column::new("note", "NOTE", 4, 20).wide(),
                    cell: |thing, _| Cell::plain(thing.note),
                    order: NO_ORDER,
                },
            ];
            FIELDS
        }

        fn id(&self) -> &str {
            self.name
        }

        fn name(&self) -> Cow<'_, str> {
            self.name.into()
        }

        fn describe(&self, _: &Context) -> Document {
            Document::default()
        }
    }

    const CX: Context = Context { now: jiff::Timestamp::UNIX_EPOCH };
    const THINGS: [Thing; 3] = [
        Thing { name: "a", count: "1", note: "plain" },
        Thing { name: "日本", count: "1,000", note: "said \"no\",\nand went" },
        Thing { name: "\u{1b}[2Jevil", count: "-", note: "" },
    ];

    fn rows() -> impl Iterator<Item = &'static dyn Row> {
        THINGS.iter().map(|thing| thing as &dyn Row)
    }

    #[test]
    fn csv_quotes_what_rfc_4180_says_and_nothing_else() {
        assert_eq!(
            csv(&view(), rows(), &CX),
            "name,count,note\r\na,1,plain\r\n日本,\"1,000\",\"said \"\"no\"\",\nand went\"\r\n\u{1b}[2Jevil,-,\r\n"
        );
    }

    #[test]
    fn a_table_is_aligned_by_display_width_and_its_cells_are_tamed() {
        assert_eq!(
            table(&view(), false, rows(), &CX),
            "NAME     COUNT\na            1\n日本     1,000\n[2Jevil      -\n"
        );
        assert!(table(&view(), true, rows(), &CX).contains("  said \"no\", and went\n"));
    }

    #[test]
    fn what_is_too_long_is_cut_between_graphemes() {
        assert_eq!(cut("abcdef".into(), 6), "abcdef");
        assert_eq!(cut("abcdefg".into(), 6), "abcde…");
        assert_eq!(cut("日本語です".into(), 6), "日本…");
        assert_eq!(cut("ab".into(), 0), "…");
    }

    #[test]
    fn no_rows_leave_the_head() {
        assert_eq!(table(&view(), false, [], &CX), "NAME  COUNT\n");
        assert_eq!(csv(&view(), [], &CX), "name,count,note\r\n");
    }
}
