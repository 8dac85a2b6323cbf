//! Export of rows for files and pipes: CSV, and a table without colours.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::{Align, Column, Context, Row, View, secrets::masked};
use crate::{
    cells,
    visible::{one_line, safe_lines},
};

/// Columns of a table of `view`, with their indexes; all columns when `wide`.
fn columns(view: &View, wide: bool) -> Vec<(usize, &'static Column)> {
    (view.kind.columns)().into_iter().enumerate().filter(|(_, column)| column.shown(&view.query, wide)).collect()
}

/// Dialect of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Csv {
    /// Lines end in a line feed, for `cut`, `awk` and other programs that read lines.
    Plain,
    /// Lines end in CRLF; the file starts with [`MARK`].
    Excel,
}

/// The byte order mark by which Excel knows UTF-8.
pub const MARK: &str = "\u{feff}";

/// Formats rows as CSV: a header with the column names, then one record per row with all columns, quoted as in RFC 4180.
///
/// Line breaks within a cell stay; other control characters are made visible. A cell that a spreadsheet would take for
/// a formula gets an apostrophe in front, which a spreadsheet doesn't show; numbers stay as they are. Secrets are
/// masked.
pub fn csv<'a>(view: &View, form: Csv, rows: impl IntoIterator<Item = &'a dyn Row>, cx: &Context) -> String {
    let columns = columns(view, true);
    let end = match form {
        Csv::Plain => "\n",
        Csv::Excel => "\r\n",
    };
    let mut text = String::new();
    record(&mut text, columns.iter().map(|(_, column)| Cow::Borrowed(column.name)), end);
    for row in rows {
        record(&mut text, columns.iter().map(|(index, _)| Cow::Owned(masked(&row.cell(*index, cx).text))), end);
    }
    text
}

fn record<'a>(text: &mut String, fields: impl Iterator<Item = Cow<'a, str>>, end: &str) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        let field = safe_lines(&field.replace("\r\n", "\n"), false);
        let field = if is_formula(&field) { format!("'{field}") } else { field };
        if field.contains([',', '"', '\n']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&field);
        }
    }
    text.push_str(end);
}

/// Whether a spreadsheet would evaluate the cell. Leading apostrophes are skipped, so that a reader of the file can always
/// remove exactly the one that we add.
fn is_formula(cell: &str) -> bool {
    let begins = cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    begins && cell != "-" && cell.parse::<f64>().is_err()
}

/// Formats rows as a table aligned by display width, with titles on top and two spaces between columns; all columns when
/// `wide`. When `cut`, cells are cut at the greatest width of their column.
///
/// Each row takes one line. Control characters are made visible.
pub fn table<'a>(
    view: &View,
    wide: bool,
    cut: bool,
    rows: impl IntoIterator<Item = &'a dyn Row>,
    cx: &Context,
) -> String {
    let columns = columns(view, wide);
    let head = columns.iter().map(|(_, column)| column.title.to_owned()).collect();
    let cell = |row: &dyn Row, (index, column): &(usize, &Column)| {
        let text = one_line(&masked(&row.cell(*index, cx).text)).into_owned();
        if cut { shortened(text, column.max.into()) } else { text }
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

/// Shortens `text` to at most `width` terminal cells, with an ellipsis for the rest.
fn shortened(text: String, width: usize) -> String {
    if text.width() <= width {
        return text;
    }
    [cells::head(&text, width.saturating_sub(1)), "…"].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde::Serialize;

    use super::*;
    use crate::{
        resource::{Cell, Document, Field, Kind, Order, Origin, Query, Resource, Unit, Zone},
        visible::is_unsafe,
    };

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
        abilities: &[],
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

    const CX: Context = Context { now: jiff::Timestamp::UNIX_EPOCH, zone: Zone::UTC };
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
            csv(&view(), Csv::Plain, rows(), &CX),
            "name,count,note\na,1,plain\n日本,\"1,000\",\"said \"\"no\"\",\nand went\"\n␛[2Jevil,-,\n"
        );
        assert!(csv(&view(), Csv::Excel, rows(), &CX).starts_with("name,count,note\r\na,1,plain\r\n"));
    }

    #[rstest]
    #[case("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    #[case("+1+1", "'+1+1")]
    #[case("@SUM(A1)", "'@SUM(A1)")]
    #[case("-2+3", "'-2+3")]
    #[case("'=1", "''=1")]
    #[case("-5", "-5")]
    #[case("-1.5", "-1.5")]
    #[case("-", "-")]
    #[case("it's", "it's")]
    #[case("a=b", "a=b")]
    fn no_cell_is_a_formula(#[case] cell: &str, #[case] written: &str) {
        let mut text = String::new();
        record(&mut text, [Cow::Borrowed(cell)].into_iter(), "");
        assert_eq!(text, written);
    }

    /// The fields of one record, as a spreadsheet reads it.
    fn read(record: &str) -> Vec<String> {
        let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
        let mut characters = record.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                c => field.push(c),
            }
        }
        fields.push(field);
        let guarded = |field: &String| field.starts_with('\'') && is_formula(&field[1..]);
        fields.into_iter().map(|field| if guarded(&field) { field[1..].to_owned() } else { field }).collect()
    }

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(fields in prop::collection::vec("[-=+@',\"\na-z0-9é.]{0,8}", 1..5)) {
            let mut text = String::new();
            record(&mut text, fields.iter().map(|field| Cow::Borrowed(field.as_str())), "");
            prop_assert_eq!(read(&text), fields);
        }

        #[test]
        fn no_record_acts_on_a_terminal_or_a_spreadsheet(field in any::<String>()) {
            let mut text = String::new();
            record(&mut text, [Cow::Borrowed(field.as_str())].into_iter(), "");
            prop_assert!(!text.contains(|c| c != '\n' && is_unsafe(c)), "{:?}", text);
            let cell = text.strip_prefix('"').map_or(text.clone(), |quoted| quoted.replace("\"\"", "\""));
            let formula = cell.starts_with(['=', '+', '@']) && cell.trim_end_matches('"').parse::<f64>().is_err();
            prop_assert!(!formula, "{:?}", cell);
        }
    }

    #[test]
    fn a_table_is_aligned_by_display_width_and_shows_control_characters() {
        assert_eq!(
            table(&view(), false, true, rows(), &CX),
            "NAME      COUNT\na             1\n日本      1,000\n␛[2Jevil      -\n"
        );
        assert!(table(&view(), true, false, rows(), &CX).contains("  said \"no\", and went\n"));
    }

    #[test]
    fn cells_are_cut_only_on_request() {
        let long = [Thing { name: "a name of more than twenty letters", count: "1", note: "" }];
        let rows = || long.iter().map(|thing| thing as &dyn Row);
        assert!(table(&view(), false, true, rows(), &CX).contains("a name of more than…"));
        assert!(table(&view(), false, false, rows(), &CX).contains("a name of more than twenty letters"));
    }

    #[test]
    fn long_text_is_cut_between_graphemes() {
        assert_eq!(shortened("abcdef".into(), 6), "abcdef");
        assert_eq!(shortened("abcdefg".into(), 6), "abcde…");
        assert_eq!(shortened("日本語です".into(), 6), "日本…");
        assert_eq!(shortened("ab".into(), 0), "…");
    }

    #[test]
    fn no_rows_leave_the_head() {
        assert_eq!(table(&view(), false, true, [], &CX), "NAME  COUNT\n");
        assert_eq!(csv(&view(), Csv::Plain, [], &CX), "name,count,note\n");
    }
}
