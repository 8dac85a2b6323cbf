//! Text in terminal cells: measuring, cutting, wrapping and writing it to the buffer.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, style::Style};
use unicode_width::UnicodeWidthStr;

use crate::cells;

/// Greatest width reported for a text, wider than any screen. The limit keeps sums of widths from overflowing.
const WIDEST: u16 = 4_000;

/// Width of a text in cells.
pub(super) fn width(text: &str) -> u16 {
    // Printable ASCII, which most text is, needs no Unicode tables.
    let ascii = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let cells = if ascii { text.len() } else { text.width() };
    u16::try_from(cells).map_or(WIDEST, |cells| cells.min(WIDEST))
}

/// Cuts `text` to at most `room` cells. A phrase loses its end; a name loses its middle, since names differ at either end.
pub(super) fn fit<'a>(text: &'a str, room: u16, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if text.contains(' ') || room.saturating_sub(width(ellipsis)) < 5 {
        return Cow::Owned([cells::head(text, room.saturating_sub(width(ellipsis)).into()), ellipsis].concat());
    }
    fit_ends(text, room, ellipsis)
}

/// Cuts `text` to at most `room` cells by replacing its middle.
pub(super) fn fit_ends<'a>(text: &'a str, room: u16, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let room = room.saturating_sub(width(ellipsis));
    let tail = cells::tail(text, (room / 2).into());
    Cow::Owned([cells::head(text, (room - width(tail)).into()), ellipsis, tail].concat())
}

/// Writes text into one row of the buffer, from left to right and never past its end.
pub(super) struct RowWriter<'a> {
    buf: &'a mut Buffer,
    pub x: u16,
    y: u16,
    end: u16,
}

impl<'a> RowWriter<'a> {
    /// Creates a writer at column `x` of row `y` that stops before column `end`.
    pub(super) fn new(buf: &'a mut Buffer, x: u16, y: u16, end: u16) -> Self {
        let end = if (buf.area.top()..buf.area.bottom()).contains(&y) { end.min(buf.area.right()) } else { x };
        Self { buf, x, y, end }
    }

    /// Row that it writes to.
    pub(super) fn y(&self) -> u16 {
        self.y
    }

    /// Number of cells left.
    pub(super) fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Writes `text`, cut off where there is no more room.
    pub(super) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        if self.room() > 0 {
            (self.x, _) = self.buf.set_stringn(self.x, self.y, text, usize::from(self.room()), style);
        }
        self
    }

    /// Writes `text`, cut with an ellipsis where it is too long.
    pub(super) fn fit(&mut self, text: &str, ellipsis: &str, style: Style) -> &mut Self {
        let text = fit(text, self.room(), ellipsis);
        self.put(&text, style)
    }

    /// Leaves `cells` blank.
    pub(super) fn skip(&mut self, cells: u16) -> &mut Self {
        self.x = self.x.saturating_add(cells);
        self
    }

    /// Moves to column `x`, but never back.
    pub(super) fn to(&mut self, x: u16) -> &mut Self {
        self.x = self.x.max(x);
        self
    }

    /// Fills the rest of the row with `symbol`.
    pub(super) fn fill(&mut self, symbol: &str, style: Style) {
        let text = symbol.repeat(usize::from(self.room()));
        self.put(&text, style);
    }
}

/// Wraps `text` at spaces into lines of at most `room` cells. A longer word is cut.
pub(super) fn wrap(text: &str, room: u16) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() && room > 0 {
        let end = cells::row_end(rest, room.into());
        lines.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("payments", 8, "payments")]
    #[case("payments-api-worker", 10, "payme…rker")]
    #[case("payments-api", 5, "paym…")]
    #[case("out of memory", 8, "out of …")]
    #[case("日本語テスト名前", 9, "日本…名前")]
    #[case("ab", 1, "…")]
    #[case("ab", 0, "…")]
    fn long_texts_are_cut(#[case] text: &str, #[case] room: u16, #[case] cut: &str) {
        assert_eq!(fit(text, room, "…"), cut);
    }

    #[rstest]
    #[case("one two three", 7, &["one two", "three"])]
    #[case("one  two", 4, &["one", "two"])]
    #[case("abcdefgh", 3, &["abc", "def", "gh"])]
    #[case("日本", 1, &["日", "本"])]
    #[case("", 5, &[])]
    fn running_text_is_wrapped(#[case] text: &str, #[case] room: u16, #[case] lines: &[&str]) {
        assert_eq!(wrap(text, room), lines);
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in "\\PC{0,40}", room in 1u16..30) {
            prop_assert!(width(&fit(&text, room, "…")) <= room);
        }

        #[test]
        fn wrapping_loses_no_word(text in "[a-z日 ]{0,60}", room in 2u16..20) {
            let kept: String = wrap(&text, room).concat();
            prop_assert_eq!(kept.replace(' ', ""), text.replace(' ', ""));
        }
    }
}
