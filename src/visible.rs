//! Makes text safe to display: characters that could control the terminal or mislead the reader are replaced.

use std::borrow::Cow;

/// Replaces unsafe characters: control characters by their pictures (`␛`), bidirectional and invisible formatting
/// characters by `�`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
        safe.push_str(&rest[..at]);
        safe.push_str(picture(c));
        rest = &rest[at + c.len_utf8()..];
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

/// [`safe`] for text of several lines: line breaks stay. With `colours`, colour sequences stay too, for text whose
/// parts were made safe before they were coloured.
pub fn safe_lines(text: &str, colours: bool) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let kept = match rest.as_bytes() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [0x1b, b'[', codes @ ..] if colours => {
                let digits = codes.iter().take_while(|byte| byte.is_ascii_digit() || b";:".contains(byte)).count();
                if codes.get(digits) == Some(&b'm') { digits + 3 } else { 0 }
            }
            _ => 0,
        };
        if kept > 0 {
            shown.push_str(&rest[..kept]);
            rest = &rest[kept..];
        } else if let Some(c) = rest.chars().next() {
            shown.push_str(picture(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    shown.push_str(rest);
    shown
}

/// Escapes unsafe characters in the strings of a JSON text; line breaks between its parts stay.
pub fn safe_json(json: String) -> String {
    let hidden = |c: char| is_unsafe(c) && c != '\n';
    if !json.contains(hidden) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// `text` on one line: tabs and line breaks become spaces, other unsafe characters are replaced.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return safe(text);
    }
    let parts = text.split(breaks).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Cow::Owned(safe(&parts).into_owned())
}

/// Returns whether a character could control the terminal or mislead the reader.
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}' | '\u{00ad}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// The pictures of the control characters, three bytes each.
const PICTURES: &str = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟";

/// The replacement for an unsafe character.
pub fn picture(c: char) -> &'static str {
    let at = c as usize * 3;
    match c {
        '\u{7f}' => "␡",
        _ => PICTURES.get(at..at + 3).unwrap_or("\u{fffd}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("payments", "payments")]
    #[case("日本 👩‍👩‍👧 é", "日本 👩‍👩‍👧 é")]
    #[case("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇")]
    #[case("a\nb\tc\u{7f}\u{9b}", "a␊b␉c␡\u{fffd}")]
    #[case("\0\u{1f}", "␀␟")]
    #[case("invoice\u{202e}gpj.exe", "invoice\u{fffd}gpj.exe")]
    fn unsafe_characters_are_replaced(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(safe(text), expected);
    }

    #[rstest]
    #[case("a\nb\r\nc\rd", false, "a\nb\r\nc␍d")]
    #[case("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J", true, "\u{1b}[1;31mred\u{1b}[0m ␛[2J")]
    #[case("\u{1b}[31mred", false, "␛[31mred")]
    #[case("\u{1b}[31", true, "␛[31")]
    fn line_breaks_stay_and_colours_only_if_allowed(#[case] text: &str, #[case] colours: bool, #[case] expected: &str) {
        assert_eq!(safe_lines(text, colours), expected);
    }

    #[rstest]
    #[case("a\tb\n\n c", "a b  c")]
    #[case("\u{1b}[2Jevil\u{85}", "␛[2Jevil")]
    fn one_line_has_no_breaks(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(one_line(text), expected);
    }

    proptest! {
        #[test]
        fn safe_json_has_the_same_value(text in any::<String>()) {
            let json = safe_json(serde_json::to_string_pretty(&[&text]).unwrap());
            prop_assert!(!json.contains(|c| is_unsafe(c) && c != '\n'));
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
        }

        #[test]
        fn safe_lines_have_no_unsafe_characters(text in any::<String>()) {
            prop_assert!(!safe_lines(&text, false).replace("\r\n", "").contains(|c| is_unsafe(c) && c != '\n'));
            prop_assert!(!one_line(&text).contains(is_unsafe));
        }

        #[test]
        fn safe_text_has_no_unsafe_characters(text in any::<String>()) {
            prop_assert!(!safe(&text).contains(is_unsafe));
        }
    }
}
