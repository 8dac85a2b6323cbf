//! The text of a line: as received, or formatted as JSON.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::{
    display::Json,
    fields,
    rows::{LogStyle, Piece, looks},
};
use crate::{
    cells,
    logs::{Line, strip_timestamp},
    model::text::safe,
    resource::format::{one_line, size},
};

/// Bytes above which a line is shortened to a few rows unless expanded.
const LONG: usize = 16 << 10;
/// Maximum bytes of an expanded line.
const OPENED: usize = 64 << 10;
/// Rows of a long line when lines are wrapped.
const HELD: u16 = 3;
/// Maximum rows of an event with line breaks, unless expanded.
const BREAKS: usize = 12;

/// Options for laying out the text of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub json: Json,
    /// Its timestamp is shown in a column.
    pub timed: bool,
    /// It is shown in full.
    pub expanded: bool,
    pub wrap: bool,
    /// Width of a row in cells.
    pub room: u16,
}

/// Lays out the text of a line in one or more rows of pieces.
pub(super) fn lines(line: &Line, set: Setting) -> Vec<Vec<Piece>> {
    let text = line.text.trim_end_matches(['\n', '\r']);
    if text.len() > LONG {
        return vec![long(text, set)];
    }
    let read = match set.json {
        _ if set.expanded => fields::tree(text),
        Json::Raw => None,
        Json::Fields => fields::row(line, set.timed),
        Json::Pretty => fields::tree(text),
    };
    // In full and as received, it keeps the time in its text.
    let shown = match set.json {
        Json::Fields if set.timed && !set.expanded => strip_timestamp(text, line.at),
        _ => text,
    };
    let mut lines = read.unwrap_or_else(|| shown.split('\n').map(looks).collect());
    if !set.expanded && set.json != Json::Pretty && lines.len() > BREAKS {
        let more = lines.len() - BREAKS + 1;
        lines.truncate(BREAKS - 1);
        lines.push(vec![Piece::new(format!(" {more} more rows"), LogStyle::Cut)]);
    }
    lines
}

/// The beginning of a long line that fits, and its length.
fn long(text: &str, set: Setting) -> Vec<Piece> {
    let size = format!("({})", size(text.len() as f64));
    let rows = if set.wrap { HELD } else { 1 };
    // An ellipsis precedes the length.
    let room = usize::from(set.room.saturating_mul(rows)).saturating_sub(size.len() + 1);
    let (mut shown, mut cut) = held(text, if set.expanded { OPENED } else { LONG });
    if !set.expanded {
        (shown, cut) = (cells::head(shown, room), true);
    }
    let mut pieces = looks(shown);
    if cut {
        pieces.push(Piece::new(size, LogStyle::Cut));
    }
    pieces
}

/// The first `most` bytes, and whether anything is missing.
fn held(text: &str, most: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(most);
    (&text[..end], end < text.len())
}

/// Text in one row, safe to draw.
pub(super) fn plain(text: &str) -> String {
    safe(&one_line(text)).into_owned()
}

/// `text` in exactly `width` cells.
pub(super) fn fit(text: &str, width: u16) -> String {
    let (width, text) = (usize::from(width), safe(text));
    let shown = cells::head(&text, width);
    shown.to_owned() + &" ".repeat(width.saturating_sub(shown.width()))
}

/// Splits pieces at matches, and marks those.
pub(super) fn mark(pieces: Vec<Piece>, found: &[Range<usize>]) -> Vec<Piece> {
    let mut marked = Vec::with_capacity(pieces.len() + 2 * found.len());
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.text.len();
        let mut at = start;
        for range in found.iter().filter(|range| range.start < end && range.end > start) {
            let hit = range.start.clamp(at, end)..range.end.clamp(at, end);
            for (part, hit) in [(at..hit.start, false), (hit.clone(), true)] {
                if let Some(text) = piece.text.get(part.start - start..part.end - start).filter(|text| !text.is_empty())
                {
                    marked.push(Piece { text: text.into(), hit, ..piece });
                }
            }
            at = hit.end;
        }
        if let Some(text) = piece.text.get(at - start..).filter(|text| !text.is_empty()) {
            marked.push(Piece { text: text.into(), ..piece });
        }
        start = end;
    }
    marked
}

/// Wraps pieces to rows of at most `room` cells: between words if there is a break in the last third of a row, and
/// never within a grapheme.
pub(super) fn cut(pieces: Vec<Piece>, room: u16) -> Vec<Vec<Piece>> {
    let room = usize::from(room);
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let mut rows = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let mut end = cells::head(rest, room).len();
        if end < rest.len() {
            if let Some(space) = rest[..end].rfind(' ').filter(|space| rest[..*space].width() * 3 > room * 2) {
                end = space + 1;
            }
            // A grapheme wider than a row must not cause an endless loop.
            end = end.max(cells::first_grapheme(rest));
        }
        rows.push(slice(&pieces, start..start + end));
        start += end;
    }
    if rows.is_empty() {
        rows.push(Vec::new());
    }
    rows
}

/// The pieces within a byte range of their text.
fn slice(pieces: &[Piece], range: Range<usize>) -> Vec<Piece> {
    let mut start = 0;
    let mut taken = Vec::new();
    for piece in pieces {
        let end = start + piece.text.len();
        let part = range.start.clamp(start, end) - start..range.end.clamp(start, end) - start;
        if let Some(text) = piece.text.get(part).filter(|text| !text.is_empty()) {
            taken.push(Piece { text: text.into(), ..*piece });
        }
        start = end;
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(rows: Vec<Vec<Piece>>) -> Vec<String> {
        rows.into_iter().map(|row| row.into_iter().map(|piece| piece.text).collect()).collect()
    }

    #[test]
    fn rows_are_wrapped_between_words_if_that_wastes_little_space() {
        let piece = |text: &str| vec![Piece::new(text, LogStyle::Plain)];
        assert_eq!(texts(cut(piece("one two three"), 8)), ["one two ", "three"]);
        assert_eq!(texts(cut(piece("a verylongword"), 8)), ["a verylo", "ngword"]);
        assert_eq!(texts(cut(piece("日本語"), 5)), ["日本", "語"]);
        assert_eq!(texts(cut(Vec::new(), 5)), [""]);
    }

    #[test]
    fn matches_are_marked_across_pieces() {
        let pieces = vec![Piece::new("abc", LogStyle::Plain), Piece::new("def", LogStyle::Faint)];
        let marked: Vec<_> = mark(pieces, &[0..1, 2..5]).into_iter().map(|piece| (piece.text, piece.hit)).collect();
        let expected = [("a", true), ("b", false), ("c", true), ("de", true), ("f", false)];
        assert_eq!(marked, expected.map(|(text, hit)| (text.to_owned(), hit)));
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_fits(text in "[a-z 日é👩]{0,80}", room in 2u16..20) {
            let rows = texts(cut(vec![Piece::new(text.clone(), LogStyle::Plain)], room));
            prop_assert!(rows.iter().all(|row| row.width() <= usize::from(room)));
            prop_assert_eq!(rows.concat(), text);
        }

        #[test]
        fn a_column_has_its_width(text in "\\PC{0,20}", width in 1u16..12) {
            prop_assert_eq!(fit(&text, width).width(), usize::from(width));
        }
    }
}
