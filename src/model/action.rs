//! Everything a key or a `:` command can do. [`ACTIONS`] is the one table; keys, help, hints, palette, completion and
//! the README's key table follow from it.

use super::Model;

mod rows;
mod session;
mod table;
mod views;

pub use table::ACTIONS;

/// Where an action's keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// On every screen.
    Everywhere,
    /// In tables.
    Table,
    /// In describe, raw, help and messages.
    Text,
    /// In logs.
    Logs,
}

/// What a `:` command takes after its word; completion follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    None,
    Cluster,
    Profile,
    Region,
    Theme,
    Column,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Free text; named so in help.
    Text(&'static str),
}

/// How an action was called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// What stood after the command word; empty for a key.
    pub arg: &'a str,
    /// Which of the action's keys was pressed, counted from 0.
    pub nth: usize,
}

/// What an action's function answers; an error is a sentence for the person.
pub type Outcome = Result<(), String>;

/// One row of the table: the keys, words, help and hint of an action follow from it alone.
pub struct Action {
    /// What `config.toml` calls it.
    pub name: &'static str,
    pub place: Place,
    /// Names of the kinds in whose tables, and in texts about whose rows, it works; empty for all.
    pub kinds: &'static [&'static str],
    /// Default keys, the one that hints show first.
    pub keys: &'static [&'static str],
    /// `:` command words, the one that completion offers first.
    pub words: &'static [&'static str],
    pub arg: Arg,
    /// One line for help and palette.
    pub about: &'static str,
    /// Text of the hint and its rank: the lowest ranks are shown first, and dropped last.
    pub hint: Option<(&'static str, u8)>,
    /// Does it.
    pub run: fn(&mut Model, Call<'_>) -> Outcome,
}

/// A key and what it does, for header and footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub key: String,
    pub text: &'static str,
    pub rank: u8,
}

impl Action {
    const fn new(
        name: &'static str,
        place: Place,
        about: &'static str,
        run: fn(&mut Model, Call<'_>) -> Outcome,
    ) -> Self {
        Self { name, place, kinds: &[], keys: &[], words: &[], arg: Arg::None, about, hint: None, run }
    }

    const fn keys(mut self, keys: &'static [&'static str]) -> Self {
        self.keys = keys;
        self
    }

    const fn words(mut self, words: &'static [&'static str], arg: Arg) -> Self {
        self.words = words;
        self.arg = arg;
        self
    }

    const fn hint(mut self, text: &'static str, rank: u8) -> Self {
        self.hint = Some((text, rank));
        self
    }

    const fn kinds(mut self, kinds: &'static [&'static str]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Whether its keys work at `place`, in a table of the kind called `kind` or a text about such a row.
    pub fn works_in(&self, place: Place, kind: &str) -> bool {
        let there = self.place == Place::Everywhere || self.place == place;
        there && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    /// Whether there is a place where the keys of both work.
    pub fn meets(&self, other: &Self) -> bool {
        let places = self.place == other.place || [self.place, other.place].contains(&Place::Everywhere);
        let kinds =
            self.kinds.is_empty() || other.kinds.is_empty() || self.kinds.iter().any(|kind| other.kinds.contains(kind));
        places && kinds
    }

    /// How the command is written: `theme NAME`; `None` when it has no word.
    pub fn usage(&self) -> Option<String> {
        let word = self.words.first()?;
        Some(match self.arg {
            Arg::None => (*word).into(),
            Arg::Cluster => format!("{word} [cluster]"),
            Arg::Profile => format!("{word} [profile]"),
            Arg::Region => format!("{word} [region]"),
            Arg::Theme => format!("{word} [theme]"),
            Arg::Column => format!("{word} [column]"),
            Arg::OneOf(words) => format!("{word} [{}]", words.join("|")),
            Arg::Text(name) => format!("{word} [{name}]"),
        })
    }
}

/// The action with this `:` command word.
pub fn by_word(word: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.words.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::{Keymap, keymap::Key};

    #[test]
    fn the_default_keys_are_readable_and_do_not_clash() {
        for action in ACTIONS {
            for key in action.keys {
                key.parse::<Key>().unwrap_or_else(|error| panic!("{}: {error}", action.name));
            }
        }
        assert_eq!(Keymap::default().conflicts(), [""; 0]);
    }

    #[test]
    fn names_and_words_are_given_once_and_words_hide_no_kind() {
        let (mut names, mut words) = (HashSet::new(), HashSet::new());
        for action in ACTIONS {
            assert!(names.insert(action.name), "{} twice", action.name);
            for word in action.words {
                assert!(words.insert(*word), "`:{word}` twice");
                assert!(crate::kinds::kind(word).is_none(), "`:{word}` hides a kind");
            }
            for kind in action.kinds {
                assert!(crate::kinds::KINDS.iter().any(|known| known.name == *kind), "no kind is called {kind}");
            }
            assert!(!action.about.is_empty() && !action.about.ends_with('.'), "{}", action.name);
            assert!(!action.keys.is_empty() || !action.words.is_empty(), "{} can't be called", action.name);
        }
    }

    /// tmux and screen take their prefix, XON/XOFF and job control theirs, and some terminals keep shift-arrows.
    #[test]
    fn keys_that_may_never_arrive_have_a_second_key_or_a_command() {
        const FRAGILE: [&str; 9] =
            ["ctrl-a", "ctrl-b", "ctrl-\\", "ctrl-space", "ctrl-s", "ctrl-q", "ctrl-z", "shift-left", "shift-right"];
        for action in ACTIONS {
            let safe = action.keys.iter().any(|key| !FRAGILE.contains(key)) || !action.words.is_empty();
            let fragile = action.keys.iter().any(|key| FRAGILE.contains(key));
            assert!(!fragile || safe, "{} may be out of reach", action.name);
        }
    }
}
