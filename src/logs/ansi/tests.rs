use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// The parts of a line, neighbours of the same style merged.
fn pieces(text: &str) -> Vec<(String, Look)> {
    let mut pieces: Vec<(String, Look)> = Vec::new();
    for (piece, look) in spans(text) {
        match pieces.last_mut().filter(|(_, last)| *last == look) {
            Some((last, _)) => last.push_str(piece),
            None => pieces.push((piece.into(), look)),
        }
    }
    pieces
}

const PLAIN: Look =
    Look { fg: None, bg: None, bold: false, dim: false, italic: false, underline: false, reverse: false };

#[rstest]
#[case("31", Look { fg: Some(Colour::Ansi(1)), ..PLAIN })]
#[case("1;4;37;41", Look { fg: Some(Colour::Ansi(7)), bg: Some(Colour::Ansi(1)), bold: true, underline: true, ..PLAIN })]
#[case("93;102", Look { fg: Some(Colour::Ansi(11)), bg: Some(Colour::Ansi(10)), ..PLAIN })]
#[case("38;5;208", Look { fg: Some(Colour::Ansi(208)), ..PLAIN })]
#[case("38;2;1;2;3;1", Look { fg: Some(Colour::Rgb(1, 2, 3)), bold: true, ..PLAIN })]
#[case("48:5:7", Look { bg: Some(Colour::Ansi(7)), ..PLAIN })]
#[case("38:2::1:2:3", Look { fg: Some(Colour::Rgb(1, 2, 3)), ..PLAIN })]
#[case("38:2:1:2:3", Look { fg: Some(Colour::Rgb(1, 2, 3)), ..PLAIN })]
#[case("2;3;7", Look { dim: true, italic: true, reverse: true, ..PLAIN })]
#[case("4:3", Look { underline: true, ..PLAIN })]
#[case("4;4:0", PLAIN)]
#[case("1;2;3;4;7;22;23;24;27", PLAIN)]
#[case("31;42;39;49", PLAIN)]
#[case("31;0", PLAIN)]
#[case("31;", PLAIN)]
#[case("", PLAIN)]
// Unknown or invalid codes are ignored.
#[case("38;5;999", PLAIN)]
#[case("38;2;1", PLAIN)]
#[case("38", PLAIN)]
#[case("99999999", PLAIN)]
#[case("5;8;9;53", PLAIN)]
#[case(">4;2", PLAIN)]
fn colours_and_attributes_are_parsed(#[case] codes: &str, #[case] look: Look) {
    assert_eq!(pieces(&format!("\u{1b}[{codes}mtext")), [("text".into(), look)]);
}

#[test]
fn a_style_lasts_until_it_is_changed() {
    let red = Look { fg: Some(Colour::Ansi(1)), ..PLAIN };
    let expected = [("a ", PLAIN), ("b", red), ("c", Look { bold: true, ..red }), (" d", PLAIN)];
    let expected = expected.map(|(text, look)| (text.to_owned(), look));
    assert_eq!(pieces("a \u{1b}[31mb\u{1b}[1mc\u{1b}[m d"), expected);
}

#[rstest]
#[case::link("\u{1b}]8;;https://example.com\u{1b}\\here\u{1b}]8;;\u{1b}\\ it is", "here it is")]
#[case::title("\u{1b}]0;owned\u{7}text", "text")]
#[case::clipboard("\u{1b}]52;c;aGk=\u{7}text", "text")]
#[case::device("\u{1b}P1$r0m\u{1b}\\text", "text")]
#[case::cursor("a\u{1b}[2K\u{1b}[1Gb\u{1b}[?25l", "ab")]
#[case::charset("a\u{1b}(Bb\u{1b}7c\u{1b}=d\u{1b}c", "abcd")]
#[case::broken_off("text\u{1b}[31", "text␛[31")]
#[case::never_ends("\u{1b}]0;text without end", "␛]0;text without end")]
#[case::broken_within("\u{1b}]0;a\u{1b}[31mb", "␛]0;ab")]
#[case::lone_escape("a\u{1b}", "a␛")]
#[case::bell("a\u{7}b\u{8}c\0", "a␇b␈c␀")]
#[case::eight_bits("a\u{9b}31mb\u{85}", "a\u{fffd}31mb\u{fffd}")]
#[case::right_to_left("invoice\u{202e}gpj.exe", "invoice\u{fffd}gpj.exe")]
#[case::zero_width("pay\u{200b}ment\u{feff}", "pay\u{fffd}ment\u{fffd}")]
#[case::windows("text\r\nmore\r", "text␊more")]
#[case::progress("10%\r20%", "10%␍20%")]
#[case::tabs("a\tb\tc", "a       b       c")]
#[case::tabs_after_wide("日本\tb", "日本    b")]
#[case::tabs_after_colour("\u{1b}[1mab\u{1b}[0m\tb", "ab      b")]
#[case::plain("日本 👩‍👩‍👧 é", "日本 👩‍👩‍👧 é")]
fn control_characters_are_removed_or_made_visible(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(plain(text), shown);
}

#[rstest]
#[case("\u{1b}[31mred\u{1b}[0m\tand\u{7}", "red\tand\u{7}")]
#[case("broken\u{1b}[31", "broken\u{1b}[31")]
#[case("é\u{1b}é\u{1b}[mé", "é\u{1b}éé")]
#[case("nothing", "nothing")]
fn searched_text_has_no_escapes(#[case] text: &str, #[case] searched: &str) {
    assert_eq!(bare(text), searched);
}

#[test]
fn a_long_line_is_scanned_in_pieces() {
    let long = "é".repeat(100_000);
    let (first, _) = spans(&long).next().unwrap();
    assert!(first.len() <= PIECE);
    assert_eq!(plain(&long), long);
    assert_eq!(spans(&long).map(|(piece, _)| piece).collect::<String>(), long);
}

proptest! {
    #[test]
    fn no_control_character_is_left(text in r"[\x00-\x1f\[\]0-9;:m?P_^\\a-zé\u{9b}\u{202e}\u{200b}]{0,60}") {
        prop_assert!(!plain(&text).contains(is_unsafe));
    }

    #[test]
    fn no_control_character_is_left_in_arbitrary_text(text in any::<String>()) {
        prop_assert!(!plain(&text).contains(is_unsafe));
        prop_assert!(!spans(&text).any(|(piece, _)| piece.is_empty()));
    }

    #[test]
    fn text_without_escapes_is_unchanged(text in r"[^\p{C}\p{Z}]{0,60}") {
        prop_assert_eq!(spans(&text).map(|(piece, _)| piece).collect::<String>(), text.as_str());
        prop_assert_eq!(bare(&text), text.as_str());
    }
}
