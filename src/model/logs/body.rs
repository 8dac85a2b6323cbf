//! The text of a line: as it came, or as the JSON that it is.

use std::{borrow::Cow, ops::Range};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{
    Json, fields,
    rows::{Ink, Piece},
};
use crate::{
    logs::{Line, ansi},
    model::text::safe,
};

/// Longer lines are held to a part until they are opened.
const LONG: usize = 16 << 10;
/// How much is shown of a long one until then, and of one that is opened.
const HELD: usize = 1 << 10;
const OPENED: usize = 64 << 10;
/// Rows of an event that has line breaks in it, until it is opened.
const BREAKS: usize = 12;

/// The text of a line, as one or more rows of pieces.
pub(super) fn lines(line: &Line, json: Json, timed: bool, expanded: bool) -> Vec<Vec<Piece>> {
    let text = line.text.trim_end_matches(['\n', '\r']);
    let read = match json {
        _ if expanded => fields::tree(text),
        Json::Raw => None,
        Json::Fields => fields::row(line, timed),
        Json::Pretty => fields::tree(text),
    };
    let most = match (expanded, text.len() > LONG) {
        (true, _) => OPENED,
        (false, true) => HELD,
        (false, false) => LONG,
    };
    let (shown, cut) = held(text, most);
    let mut lines = read.unwrap_or_else(|| shown.split('\n').map(looks).collect());
    if !expanded && json != Json::Pretty && lines.len() > BREAKS {
        let more = lines.len() - BREAKS + 1;
        lines.truncate(BREAKS - 1);
        lines.push(vec![Piece::new(format!(" {more} more rows"), Ink::Cut)]);
    }
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        last.push(Piece::new(format!("({})", size(text.len())), Ink::Cut));
    }
    lines
}

/// As much of the beginning as `most` bytes hold, and whether that is not all.
fn held(text: &str, most: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(most);
    (&text[..end], end < text.len())
}

/// `96 KiB`, `1.2 MiB`.
fn size(bytes: usize) -> String {
    match bytes >> 10 {
        kib @ ..1024 => format!("{kib} KiB"),
        kib => format!("{:.1} MiB", kib as f64 / 1024.0),
    }
}

/// Text with the looks that its escapes give it.
pub(super) fn looks(text: &str) -> Vec<Piece> {
    let text = text.trim_end_matches('\r');
    let spans = ansi::spans(text).filter(|(text, _)| !text.is_empty());
    spans
        .map(|(text, look)| Piece::new(text, if look == ansi::Look::default() { Ink::Plain } else { Ink::Look(look) }))
        .collect()
}

/// Text in one row, safe to draw.
pub(super) fn plain(text: &str) -> String {
    let words: Cow<'_, str> = Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "));
    safe(&words).into_owned()
}

/// `text` in exactly `width` cells.
pub(super) fn fit(text: &str, width: u16) -> String {
    let (width, text) = (usize::from(width), safe(text));
    let end = fitting(&text, width);
    let shown = &text[..end];
    shown.to_owned() + &" ".repeat(width.saturating_sub(shown.width()))
}

/// Bytes of `text` that fit into `width` cells.
fn fitting(text: &str, width: usize) -> usize {
    let mut cells = 0;
    let fits = |(_, grapheme): &(usize, &str)| {
        cells += grapheme.width();
        cells <= width
    };
    text.grapheme_indices(true).take_while(fits).last().map_or(0, |(at, grapheme)| at + grapheme.len())
}

/// Cuts pieces where something was found, and marks what was.
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

/// Cuts pieces into rows of at most `room` cells: between words where there are any in the last third of a row, and never
/// within a grapheme.
pub(super) fn cut(pieces: Vec<Piece>, room: u16) -> Vec<Vec<Piece>> {
    let room = usize::from(room);
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let mut rows = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let mut end = fitting(rest, room);
        if end < rest.len() {
            if let Some(space) = rest[..end].rfind(' ').filter(|space| rest[..*space].width() * 3 > room * 2) {
                end = space + 1;
            }
            // What is wider than a row must not keep us here for ever.
            end = end.max(rest.graphemes(true).next().map_or(rest.len(), str::len));
        }
        rows.push(slice(&pieces, start..start + end));
        start += end;
    }
    if rows.is_empty() {
        rows.push(Vec::new());
    }
    rows
}

/// The pieces within a range of bytes of their text.
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
