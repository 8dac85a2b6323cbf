//! Everything a key or a `:` command can do. [`ACTIONS`] is the one table; keys, help, hints, palette, completion and
//! the README's key table follow from it.

use super::Model;

mod arg;
mod rows;
mod session;
mod table;
mod views;

pub use arg::{Arg, Known};
pub(super) use arg::{check_filter, check_scope};
pub use table::ACTIONS;
pub(super) use views::asked;

/// Where an action's keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionContext {
    /// On every screen.
    Everywhere,
    /// On a row: in its table, and in texts about it.
    Row,
    /// In tables.
    Table,
    /// In describe, JSON, explain, help and messages.
    Text,
    /// In the JSON of a row.
    Json,
    /// In logs.
    Logs,
}

impl ActionContext {
    /// Every place and its title in help and in the README, in the order in which both list them.
    pub const ALL: [(Self, &str); 6] = [
        (Self::Text, "In texts"),
        (Self::Json, "In JSON"),
        (Self::Row, "On a row, and in texts about one"),
        (Self::Table, "In tables"),
        (Self::Logs, "In logs"),
        (Self::Everywhere, "Everywhere"),
    ];

    /// Whether keys of both places must differ. A text's own keys win over those of the row that it is about.
    fn meets(self, other: Self) -> bool {
        let both = |one, two| (self, other) == (one, two) || (other, self) == (one, two);
        self == other
            || [self, other].contains(&Self::Everywhere)
            || both(Self::Table, Self::Row)
            || both(Self::Text, Self::Json)
    }
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
    pub place: ActionContext,
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
        place: ActionContext,
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

    /// Whether it works at one of `places`, in a table of the kind called `kind` or a text about such a row.
    pub fn works_in(&self, places: &[ActionContext], kind: &str) -> bool {
        places.contains(&self.place) && self.suits(kind)
    }

    /// Whether it works on rows of the kind called `kind`.
    pub fn suits(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether there is a screen on which one key can't call both.
    pub fn meets(&self, other: &Self) -> bool {
        let kinds = self.kinds.is_empty() || other.kinds.iter().any(|kind| self.suits(kind));
        self.place.meets(other.place) && (kinds || other.kinds.is_empty())
    }

    /// Refuses what its command does not take, so that nothing is passed over in silence.
    ///
    /// # Errors
    /// Which word is too many, or what is wrong with it, and the nearest that would do.
    pub fn takes(&self, verb: &str, rest: &str, known: &Known<'_>) -> Outcome {
        let excess = self.arg.most().and_then(|most| Some((most, rest.split_whitespace().nth(most)?)));
        match excess {
            _ if rest.is_empty() => Ok(()),
            None => self.arg.check(rest, known),
            Some((0, word)) => Err(format!("`:{verb}` takes no argument; `{word}` is one word too many")),
            Some((_, word)) => Err(format!("`{word}` is one word too many; `:{verb}` takes one")),
        }
    }

    /// Where it works, for a message: the kinds of its rows, or the screens.
    pub fn whereabouts(&self) -> String {
        match (self.kinds, self.place) {
            ([], ActionContext::Everywhere | ActionContext::Row) => "rows".into(),
            ([], ActionContext::Table) => "tables".into(),
            ([], ActionContext::Text) => "texts".into(),
            ([], ActionContext::Json) => "JSON".into(),
            ([], ActionContext::Logs) => "logs".into(),
            (kinds, _) => kinds.join(", "),
        }
    }

    /// How the command is written: `theme NAME`; `None` when it has no word.
    pub fn usage(&self) -> Option<String> {
        let word = self.words.first()?;
        Some(self.arg.usage().map_or_else(|| (*word).into(), |arg| format!("{word} [{arg}]")))
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
