//! Text from outside made safe to draw, and other small matters of text.

use std::{borrow::Cow, sync::LazyLock};

use fuzzy_matcher::skim::SkimMatcherV2;

/// The one way in which anything is matched fuzzily.
pub(super) static FUZZY: LazyLock<SkimMatcherV2> = LazyLock::new(|| SkimMatcherV2::default().smart_case());

/// `text` with everything replaced that could act on the terminal or deceive the eye: control characters by their
/// pictures (`␛`), bidirectional and invisible formatting characters by `�`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(unsafe_char) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if unsafe_char(c) { picture(c) } else { c }).collect())
}

fn unsafe_char(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}' | '\u{00ad}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ => '\u{fffd}',
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
    #[case("invoice\u{202e}gpj.exe", "invoice\u{fffd}gpj.exe")]
    fn what_could_act_is_shown_instead(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(safe(text), expected);
    }

    proptest! {
        #[test]
        fn safe_text_has_nothing_unsafe_in_it(text in any::<String>()) {
            prop_assert!(!safe(&text).contains(unsafe_char));
        }
    }
}
