//! Everything a key or a `:` command can do. [`ACTIONS`] is the one table; keys, help, hints, palette, completion and
//! the README's key table follow from it.

use super::Model;
use crate::{
    kinds::KINDS,
    resource::{Ability, Kind},
};

mod arg;
mod rows;
mod session;
mod table;
mod views;

pub use arg::{Arg, KnownArguments};
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
    /// What rows must be able to do for it to work in their tables, and in texts about them; absent where all will do.
    pub needs: Option<Ability>,
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
        Self { name, place, needs: None, keys: &[], words: &[], arg: Arg::None, about, hint: None, run }
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

    const fn needs(mut self, ability: Ability) -> Self {
        self.needs = Some(ability);
        self
    }

    /// Whether it works at one of `places`, in a table of `kind` or a text about such a row.
    pub fn works_in(&self, places: &[ActionContext], kind: Option<&Kind>) -> bool {
        places.contains(&self.place) && self.suits(kind)
    }

    /// Whether it works on rows of `kind`; where there are none, only what all rows can do does.
    pub fn suits(&self, kind: Option<&Kind>) -> bool {
        self.needs.is_none_or(|ability| kind.is_some_and(|kind| kind.can(ability)))
    }

    /// Whether there is a screen on which one key can't call both.
    pub fn meets(&self, other: &Self) -> bool {
        let both = |kind: &&'static Kind| self.suits(Some(kind)) && other.suits(Some(kind));
        self.place.meets(other.place) && KINDS.iter().any(both)
    }

    /// The kinds on whose rows it works, by name; empty for all.
    fn kinds(&self) -> Vec<&'static str> {
        let able = |ability| KINDS.iter().filter(move |kind| kind.can(ability)).map(|kind| kind.name);
        self.needs.into_iter().flat_map(able).collect()
    }

    /// What it does, and for which kinds of rows where it is not for all.
    pub fn about_in_full(&self) -> String {
        match self.kinds().as_slice() {
            [] => self.about.to_owned(),
            kinds => format!("{} ({})", self.about, kinds.join(", ")),
        }
    }

    /// Refuses what its command does not take, so that nothing is passed over in silence.
    ///
    /// # Errors
    /// Which word is too many, or what is wrong with it, and the nearest that would do.
    pub fn takes(&self, verb: &str, rest: &str, known: &KnownArguments<'_>) -> Outcome {
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
        match (self.kinds().as_slice(), self.place) {
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
            assert!(action.needs.is_none() || !action.kinds().is_empty(), "no row can {:?}", action.needs);
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
