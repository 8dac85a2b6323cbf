//! Keys and their names.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::nearest;

/// A key with its modifiers, normalised: shift is part of a letter (`G`), never a modifier of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Named keys.
const NAMED: [(&str, KeyCode); 15] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

/// Modifiers in the order of names.
const MODIFIERS: [(&str, KeyModifiers); 3] =
    [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];

/// Terminals send the same bytes for these with ctrl as for backspace, tab, enter, enter and escape.
const INDISTINGUISHABLE: [(char, KeyCode); 5] =
    [('h', KeyCode::Backspace), ('i', KeyCode::Tab), ('j', KeyCode::Enter), ('m', KeyCode::Enter), ('[', KeyCode::Esc)];

/// The key that a terminal reports for ctrl with `c`.
fn twin(c: char) -> Option<KeyCode> {
    INDISTINGUISHABLE.iter().find(|(twin, _)| *twin == c.to_ascii_lowercase()).map(|(_, code)| *code)
}

impl Key {
    /// The key for `code` and `modifiers` in any form that terminals report.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                // With ctrl, terminals do not distinguish capitals.
                modifiers -= KeyModifiers::SHIFT;
                match c.to_ascii_lowercase() {
                    // The bytes 0x1c to 0x1f are reported as ctrl with a digit.
                    c @ '4'..='7' => KeyCode::Char(['\\', ']', '^', '_'][c as usize - '4' as usize]),
                    // Some terminals send ctrl-h for backspace, and ctrl-j for enter.
                    c => match twin(c) {
                        Some(twin) => {
                            modifiers -= KeyModifiers::CONTROL;
                            twin
                        }
                        None => KeyCode::Char(c),
                    },
                }
            }
            KeyCode::Char(c) => {
                let shifted = modifiers.contains(KeyModifiers::SHIFT);
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(if shifted { c.to_ascii_uppercase() } else { c })
            }
            code => code,
        };
        Self { code, modifiers }
    }

    /// The character it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl FromStr for Key {
    type Err = String;

    /// Parses `ctrl-r`, `shift-left`, `G` or `shift-g`, `space`, `f5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        // A single character is a key itself, even `-`.
        while let Some((prefix, modifier)) = MODIFIERS.iter().find(|(prefix, _)| begins(rest, prefix)) {
            modifiers |= *modifier;
            rest = &rest[prefix.len()..];
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => named(rest).ok_or_else(|| {
                let near = nearest::nearest(rest, NAMED.iter().map(|(name, _)| *name));
                let near =
                    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
                format!("unknown key `{text}`{near}")
            })?,
        };
        let key = Self::new(code, modifiers);
        match code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) && twin(c).is_some() => {
                Err(format!("`{text}` is the same as {key} in a terminal"))
            }
            _ => Ok(key),
        }
    }
}

fn begins(text: &str, prefix: &str) -> bool {
    text.len() > prefix.len() && text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn named(name: &str) -> Option<KeyCode> {
    let function = || name.strip_prefix(['f', 'F'])?.parse().ok().filter(|number| (1..=24).contains(number));
    NAMED
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, code)| *code)
        .or_else(|| function().map(KeyCode::F))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (prefix, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                f.write_str(prefix)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if c.is_ascii_uppercase() => write!(f, "shift-{}", c.to_ascii_lowercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            code => write!(f, "{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ctrl-r", KeyCode::Char('r'), KeyModifiers::CONTROL, "ctrl-r")]
    #[case("Ctrl-R", KeyCode::Char('r'), KeyModifiers::CONTROL, "ctrl-r")]
    #[case("ctrl--", KeyCode::Char('-'), KeyModifiers::CONTROL, "ctrl--")]
    #[case("-", KeyCode::Char('-'), KeyModifiers::NONE, "-")]
    #[case("G", KeyCode::Char('G'), KeyModifiers::NONE, "shift-g")]
    #[case("shift-g", KeyCode::Char('G'), KeyModifiers::NONE, "shift-g")]
    #[case("shift-left", KeyCode::Left, KeyModifiers::SHIFT, "shift-left")]
    #[case("shift-tab", KeyCode::Tab, KeyModifiers::SHIFT, "shift-tab")]
    #[case("ctrl-space", KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space")]
    #[case("f5", KeyCode::F(5), KeyModifiers::NONE, "f5")]
    #[case("f", KeyCode::Char('f'), KeyModifiers::NONE, "f")]
    #[case("é", KeyCode::Char('é'), KeyModifiers::NONE, "é")]
    fn keys_are_read_and_written(
        #[case] text: &str,
        #[case] code: KeyCode,
        #[case] modifiers: KeyModifiers,
        #[case] written: &str,
    ) {
        let key: Key = text.parse().unwrap();
        assert_eq!(key, Key { code, modifiers });
        assert_eq!(key.to_string(), written);
        assert_eq!(written.parse::<Key>(), Ok(key));
    }

    #[rstest]
    #[case("ctrl-spce", "unknown key `ctrl-spce`; did you mean space?")]
    #[case("ctrl-i", "`ctrl-i` is the same as tab in a terminal")]
    #[case("", "unknown key ``")]
    #[case("f99", "unknown key `f99`")]
    fn an_invalid_key_is_named(#[case] text: &str, #[case] error: &str) {
        assert_eq!(text.parse::<Key>(), Err(error.into()));
    }

    /// Terminals report the same key in different ways.
    #[rstest]
    #[case(KeyCode::Char('g'), KeyModifiers::SHIFT, "G")]
    #[case(KeyCode::Char('G'), KeyModifiers::SHIFT, "G")]
    #[case(KeyCode::Char('4'), KeyModifiers::CONTROL, "ctrl-\\")]
    #[case(KeyCode::Char('h'), KeyModifiers::CONTROL, "backspace")]
    #[case(KeyCode::Char('j'), KeyModifiers::CONTROL, "enter")]
    #[case(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab")]
    #[case(KeyCode::BackTab, KeyModifiers::NONE, "shift-tab")]
    #[case(KeyCode::Char('?'), KeyModifiers::SHIFT, "?")]
    fn reports_are_normalised(#[case] code: KeyCode, #[case] modifiers: KeyModifiers, #[case] expected: &str) {
        assert_eq!(Ok(Key::from(KeyEvent::new(code, modifiers))), expected.parse());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
        }
    }
}
