//! Text cut to terminal cells, always between graphemes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Longest beginning of `text` that fits into `room` cells.
pub fn head(text: &str, room: usize) -> &str {
    let end = take_fitting(text.grapheme_indices(true), room).last().map_or(0, |(at, grapheme)| at + grapheme.len());
    &text[..end]
}

/// Longest end of `text` that fits into `room` cells.
pub fn tail(text: &str, room: usize) -> &str {
    let start = take_fitting(text.grapheme_indices(true).rev(), room).last().map_or(text.len(), |(at, _)| at);
    &text[start..]
}

fn take_fitting<'a>(
    graphemes: impl Iterator<Item = (usize, &'a str)>,
    mut room: usize,
) -> impl Iterator<Item = (usize, &'a str)> {
    graphemes.map_while(move |(at, grapheme)| {
        room = room.checked_sub(grapheme.width())?;
        Some((at, grapheme))
    })
}

/// Length in bytes of the first row of `text`, wrapped between words at `room` cells. A longer word is cut; the row has at
/// least one grapheme.
pub fn row_end(text: &str, room: usize) -> usize {
    let (mut cells, mut end, mut word) = (0, 0, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        cells += grapheme.width();
        if cells > room {
            // Spaces at the start are indentation, not a place to cut.
            let cut = if grapheme == " " { Some(at) } else { word };
            return cut.unwrap_or(end).max(first_grapheme(text));
        }
        end = at + grapheme.len();
        if grapheme == " " && !text[..at].trim_start().is_empty() {
            word = Some(end);
        }
    }
    end
}

/// Length in bytes of the first grapheme of `text`.
pub fn first_grapheme(text: &str) -> usize {
    text.graphemes(true).next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("payments", 3, "pay", "nts")]
    #[case("日本語", 5, "日本", "本語")]
    #[case("e\u{301}a", 1, "e\u{301}", "a")]
    #[case("ab", 0, "", "")]
    fn both_ends_fit(#[case] text: &str, #[case] room: usize, #[case] first: &str, #[case] last: &str) {
        assert_eq!((head(text, room), tail(text, room)), (first, last));
    }

    #[rstest]
    #[case("one two", 7, 7)]
    #[case("one two", 5, 4)]
    #[case("one two", 3, 3)]
    #[case("  abc", 3, 3)]
    #[case("日本", 1, 3)]
    #[case("", 3, 0)]
    fn a_row_ends_between_words_where_there_are_any(#[case] text: &str, #[case] room: usize, #[case] end: usize) {
        assert_eq!(row_end(text, room), end);
    }
}
