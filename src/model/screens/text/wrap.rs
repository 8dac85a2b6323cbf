//! Wrapping lines to the width of the screen.

use unicode_width::UnicodeWidthStr;

use super::{TextLine, TextRow};
use crate::cells;

/// Wraps `lines` to `width` cells: between words if possible, and never within a grapheme.
pub(in crate::model) fn rows(lines: &[TextLine], width: u16) -> Vec<TextRow> {
    let mut rows = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let text = line.text();
        if width == u16::MAX || text.width() <= usize::from(width) {
            rows.push(TextRow { line: index, start: 0, end: text.len(), indent: 0 });
            continue;
        }
        // A hanging indent that leaves no room for words is ignored.
        let hang = if line.hang <= width / 2 { line.hang } else { 0 };
        let mut start = 0;
        while start < text.len() {
            let indent = if start == 0 { 0 } else { hang };
            let end = start + cells::row_end(&text[start..], usize::from((width - indent).max(1)));
            rows.push(TextRow { line: index, start, end, indent });
            // The space at the break is neither drawn nor carried over.
            start = end + text[end..].len() - text[end..].trim_start_matches(' ').len();
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::{model::screens::text::TextStyle, resource::Tone};

    fn line(text: &str, hang: u16) -> TextLine {
        TextLine { hang, ..TextLine::new(text, TextStyle::Tone(Tone::Plain)) }
    }

    fn cut(text: &str, hang: u16, width: u16) -> Vec<String> {
        let rows = rows(&[line(text, hang)], width);
        rows.iter().map(|row| " ".repeat(row.indent.into()) + text[row.start..row.end].trim_end()).collect()
    }

    #[rstest]
    #[case("short", 0, 10, &["short"])]
    #[case("", 0, 10, &[""])]
    #[case("one two three", 0, 8, &["one two", "three"])]
    #[case("one two three", 0, 7, &["one two", "three"])]
    #[case("key: one two", 5, 9, &["key: one", "two"])]
    #[case("key: one two three", 4, 9, &["key: one", "    two", "    three"])]
    #[case("abcdefghij", 0, 4, &["abcd", "efgh", "ij"])]
    #[case("日本語", 0, 4, &["日本", "語"])]
    #[case("    indented words", 0, 14, &["    indented", "words"])]
    fn lines_are_wrapped_between_words(
        #[case] text: &str,
        #[case] hang: u16,
        #[case] width: u16,
        #[case] expected: &[&str],
    ) {
        assert_eq!(cut(text, hang, width), expected);
    }

    proptest! {
        #[test]
        fn only_spaces_at_breaks_are_lost(text in "[a-z 日é]{0,60}", hang in 0u16..12, width in 1u16..20) {
            let rows = rows(&[line(&text, hang)], width);
            let shown: String = rows.iter().map(|row| text[row.start..row.end].replace(' ', "")).collect();
            prop_assert_eq!(shown, text.replace(' ', ""));
        }
    }
}
