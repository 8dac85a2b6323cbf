//! What could act on the terminal or deceive the eye, and what is shown in its place.

use std::borrow::Cow;

/// `text` with everything replaced that could act on the terminal or deceive the eye: control characters by their
/// pictures (`␛`), bidirectional and invisible formatting characters by `�`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts(*c)) {
        safe.push_str(&rest[..at]);
        safe.push_str(picture(c));
        rest = &rest[at + c.len_utf8()..];
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

/// Whether a character could act or deceive.
pub fn acts(c: char) -> bool {
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

/// What is shown for a character that acts.
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
    fn what_could_act_is_shown_instead(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(safe(text), expected);
    }

    proptest! {
        #[test]
        fn safe_text_has_nothing_unsafe_in_it(text in any::<String>()) {
            prop_assert!(!safe(&text).contains(acts));
        }
    }
}
