//! Keys by name, and which action each one calls.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, ActionContext};
use crate::{nearest, resource::Kind};

/// A key with its modifiers, in one spelling: shift is folded into letters (`G`), never kept beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Keys with names of their own.
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

/// Modifiers in the order in which they are written.
const MODIFIERS: [(&str, KeyModifiers); 3] =
    [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];

/// What a terminal sends for these is what it sends for backspace, tab, enter, enter and escape.
const INDISTINGUISHABLE: [(char, KeyCode); 5] =
    [('h', KeyCode::Backspace), ('i', KeyCode::Tab), ('j', KeyCode::Enter), ('m', KeyCode::Enter), ('[', KeyCode::Esc)];

/// The key that ctrl with `c` can't be told from.
fn twin(c: char) -> Option<KeyCode> {
    INDISTINGUISHABLE.iter().find(|(twin, _)| *twin == c.to_ascii_lowercase()).map(|(_, code)| *code)
}

impl Key {
    /// The key of `code` and `modifiers`, whichever way the terminal reported it.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                // With ctrl, terminals do not tell capitals.
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

    /// Reads `ctrl-r`, `shift-left`, `G` or `shift-g`, `space`, `f5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        // A single character is itself, even `-`.
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
                format!("no key is called `{text}`{near}")
            })?,
        };
        let key = Self::new(code, modifiers);
        match code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) && twin(c).is_some() => {
                Err(format!("`{text}` can't be told from {key} in a terminal"))
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

/// Which keys call which action.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// For each action of the table, in its order: its keys.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let read = |action: &Action| action.keys.iter().filter_map(|key| key.parse().ok()).collect();
        Self { keys: ACTIONS.iter().map(read).collect() }
    }
}

impl Keymap {
    /// The usual keys, with `changes` made: keys by action name, as the configuration has them.
    ///
    /// # Errors
    /// A sentence that names the action or key that is unknown, or the two actions that one key would call.
    pub fn new(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut keymap = Self::default();
        for (action, keys) in changes {
            keymap.rebind(action, keys)?;
        }
        match keymap.conflicts().into_iter().next() {
            Some(conflict) => Err(conflict),
            None => Ok(keymap),
        }
    }

    /// Gives the action called `name` these keys instead of those it had; none takes them all away.
    ///
    /// # Errors
    /// A sentence that names what is unknown and what comes near it. Clashes are told by [`Keymap::conflicts`], once
    /// every key is in its place.
    pub fn rebind<S: AsRef<str>>(&mut self, name: &str, keys: &[S]) -> Result<(), String> {
        let index = ACTIONS.iter().position(|action| action.name == name).ok_or_else(|| {
            format!("no action is called `{name}`{}", nearest::hint(name, ACTIONS.iter().map(|action| action.name)))
        })?;
        self.keys[index] = keys.iter().map(|key| key.as_ref().parse()).collect::<Result<_, String>>()?;
        Ok(())
    }

    /// The keys of an action, in order; empty when it has none.
    pub fn keys(&self, action: &Action) -> &[Key] {
        ACTIONS
            .iter()
            .position(|other| other == action)
            .and_then(|index| self.keys.get(index))
            .map_or(&[], Vec::as_slice)
    }

    /// The key that hints and advice show for an action; absent when it has none.
    pub fn key_of(&self, action: &Action) -> Option<Key> {
        self.keys(action).first().copied()
    }

    /// The action that `key` calls on rows of `kind`, and which of its keys it is. The first of `contexts` in
    /// which the key calls one counts.
    pub fn find(&self, key: Key, contexts: &[ActionContext], kind: Option<&Kind>) -> Option<(&'static Action, usize)> {
        contexts
            .iter()
            .find_map(|place| self.called_by(key).find(|(action, _)| action.place == *place && action.suits(kind)))
    }

    /// Every action that `key` calls somewhere, and which of its keys it is.
    pub fn called_by(&self, key: Key) -> impl Iterator<Item = (&'static Action, usize)> {
        let nth = move |keys: &Vec<Key>| keys.iter().position(|other| *other == key);
        ACTIONS.iter().zip(&self.keys).filter_map(move |(action, keys)| Some((action, nth(keys)?)))
    }

    /// Every pair of actions that one key would call at the same place, in words.
    pub fn conflicts(&self) -> Vec<String> {
        let bound: Vec<_> = ACTIONS
            .iter()
            .zip(&self.keys)
            .flat_map(|(action, keys)| keys.iter().map(move |key| (action, key)))
            .collect();
        let mut conflicts = Vec::new();
        for (index, (action, key)) in bound.iter().enumerate() {
            for (other, _) in bound[index + 1..].iter().filter(|(other, twin)| twin == key && action.meets(other)) {
                conflicts.push(format!("{key} calls both `{}` and `{}`", action.name, other.name));
            }
        }
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::{
        model::{action::EVERYWHERE, screens::table::actions::IN_TABLES},
        resource::task,
    };

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
    #[case("ctrl-spce", "no key is called `ctrl-spce`; did you mean space?")]
    #[case("ctrl-i", "`ctrl-i` can't be told from tab in a terminal")]
    #[case("", "no key is called ``")]
    #[case("f99", "no key is called `f99`")]
    fn what_is_no_key_is_named(#[case] text: &str, #[case] error: &str) {
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
    fn reports_are_brought_to_one_spelling(
        #[case] code: KeyCode,
        #[case] modifiers: KeyModifiers,
        #[case] expected: &str,
    ) {
        assert_eq!(Ok(Key::from(KeyEvent::new(code, modifiers))), expected.parse());
    }

    #[test]
    fn an_action_is_rebound_by_name() {
        let mut keymap = Keymap::default();
        keymap.rebind("refresh", &["f9"]).unwrap();
        let find = |key: &str| {
            keymap
                .find(key.parse().unwrap(), &[IN_TABLES, EVERYWHERE], Some(&task::KIND))
                .map(|(action, _)| action.name)
        };
        assert_eq!(find("f9"), Some("refresh"));
        assert_eq!(find("ctrl-r"), None);
        assert_eq!(keymap.conflicts(), [""; 0]);
    }

    #[test]
    fn mistakes_in_a_binding_are_told() {
        let mut keymap = Keymap::default();
        assert_eq!(
            keymap.rebind("refesh", &["f9"]).unwrap_err().split(';').next(),
            Some("no action is called `refesh`")
        );
        assert!(keymap.rebind("refesh", &["f9"]).unwrap_err().contains("refresh"));
        assert!(keymap.rebind("refresh", &["ctrl-nope"]).unwrap_err().contains("`ctrl-nope`"));
        keymap.rebind("refresh", &["?"]).unwrap();
        assert_eq!(keymap.conflicts(), ["? calls both `help` and `refresh`"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
        }
    }
}
