//! Everything a key or a `:` command can do. Actions are defined beside what they act on: those for every screen and
//! for rows below this folder, those for one screen in its folder. [`ACTIONS`] has them all; keys, help, hints,
//! palette, completion and the README's key table follow from it.

use super::Model;
use crate::{
    kinds::KINDS,
    resource::{Ability, Kind},
};

mod alerts;
mod arg;
pub(super) mod changes;
pub mod copies;
pub mod copy;
pub mod forwards;
mod list;
mod moving;
pub(super) mod revisions;
pub mod row;
pub mod session;
pub mod sessions;
pub mod views;

pub use arg::{Arg, KnownArguments};
pub(super) use arg::{check_filter, check_scope};
pub use list::{ACTIONS, contexts};

/// Defines the actions of one file, each as a constant, so that references to a renamed or removed action do not
/// compile.
macro_rules! actions {
    ($($id:ident = $action:expr;)*) => {
        $(pub(crate) const $id: Action = $action;)*

        pub(crate) const ACTIONS: &[Action] = &[$($id),*];
    };
}
pub(super) use actions;

/// Where an action's keys work: everywhere, on rows, or on one screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionContext {
    /// Its title in help and in the README.
    pub title: &'static str,
    /// The noun for its items in messages.
    things: &'static str,
    /// Another context of the same screen whose keys must differ.
    beside: Option<&'static ActionContext>,
}

/// On every screen.
pub const EVERYWHERE: ActionContext = ActionContext::new("Everywhere", "rows");

impl ActionContext {
    /// A context with a title for help, and a noun for its items.
    pub(super) const fn new(title: &'static str, things: &'static str) -> Self {
        Self { title, things, beside: None }
    }

    /// Adds a context of the same screen, whose keys must differ.
    pub(super) const fn along_with(mut self, other: &'static Self) -> Self {
        self.beside = Some(other);
        self
    }

    /// Whether the keys of both contexts must differ. Keys of a text take precedence over those of its row.
    fn conflicts_with(self, other: Self) -> bool {
        self == other
            || [self, other].contains(&EVERYWHERE)
            || self.beside == Some(&other)
            || other.beside == Some(&self)
    }
}

/// How an action was called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// The argument of the command; empty for a key.
    pub arg: &'a str,
    /// Index of the pressed key among the keys of the action, or of the word among its words.
    pub nth: usize,
}

/// The result of an action's function; an error is a message for the user.
pub type Outcome = Result<(), String>;

/// One action: its keys, words, help and hint follow from this alone.
#[derive(Clone, Copy)]
pub struct Action {
    /// Name in `config.toml`.
    pub name: &'static str,
    pub place: ActionContext,
    /// The ability that rows need for the action to work in their tables and in texts about them; absent if it works
    /// for all.
    pub needs: Option<Ability>,
    /// Default keys; hints show the first.
    pub keys: &'static [&'static str],
    /// `:` command words; completion offers the first.
    pub words: &'static [&'static str],
    pub arg: Arg,
    /// One line for help and palette.
    pub about: &'static str,
    /// Its command works on every screen; its keys only in `place`.
    pub is_anywhere: bool,
    /// Text of the hint and its rank: low ranks are shown first and dropped last.
    pub hint: Option<(&'static str, u8)>,
    /// The function.
    pub run: fn(&mut Model, Call<'_>) -> Outcome,
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Accepts any argument of a command.
pub(super) fn anything(_: &str) -> Outcome {
    Ok(())
}

/// A key and what it does, for header and footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub key: String,
    pub text: &'static str,
    pub rank: u8,
}

impl Action {
    pub(super) const fn new(
        name: &'static str,
        place: ActionContext,
        about: &'static str,
        run: fn(&mut Model, Call<'_>) -> Outcome,
    ) -> Self {
        Self {
            name,
            place,
            needs: None,
            keys: &[],
            words: &[],
            arg: Arg::None,
            about,
            is_anywhere: false,
            hint: None,
            run,
        }
    }

    pub(super) const fn keys(mut self, keys: &'static [&'static str]) -> Self {
        self.keys = keys;
        self
    }

    pub(super) const fn words(mut self, words: &'static [&'static str], arg: Arg) -> Self {
        self.words = words;
        self.arg = arg;
        self
    }

    pub(super) const fn hint(mut self, text: &'static str, rank: u8) -> Self {
        self.hint = Some((text, rank));
        self
    }

    pub(super) const fn anywhere(mut self) -> Self {
        self.is_anywhere = true;
        self
    }

    pub(super) const fn needs(mut self, ability: Ability) -> Self {
        self.needs = Some(ability);
        self
    }

    /// Whether it works in one of `places`, in a table of `kind` or a text about such a row.
    pub fn works_in(&self, places: &[ActionContext], kind: Option<&Kind>) -> bool {
        places.contains(&self.place) && self.works_on(kind)
    }

    /// Whether it works on rows of `kind`; without a kind, only if it works on all rows.
    pub fn works_on(&self, kind: Option<&Kind>) -> bool {
        self.needs.is_none_or(|ability| kind.is_some_and(|kind| kind.can(ability)))
    }

    /// Whether both work on some screen, so that their keys must differ.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let both = |kind: &&'static Kind| self.works_on(Some(kind)) && other.works_on(Some(kind));
        self.place.conflicts_with(other.place) && KINDS.iter().any(both)
    }

    /// Names of the kinds with rows that it works on; empty for all.
    fn kinds(&self) -> Vec<&'static str> {
        let able = |ability| KINDS.iter().filter(move |kind| kind.can(ability)).map(|kind| kind.name);
        self.needs.into_iter().flat_map(able).collect()
    }

    /// The help line, with the kinds of rows if it does not work for all.
    pub fn about_in_full(&self) -> String {
        match self.kinds().as_slice() {
            [] => self.about.to_owned(),
            kinds => format!("{} ({})", self.about, kinds.join(", ")),
        }
    }

    /// Refuses arguments that the command does not take, so that none is ignored silently.
    ///
    /// # Errors
    ///
    /// Which word is unexpected or invalid, and the nearest valid one.
    pub fn takes(&self, verb: &str, rest: &str, known: &KnownArguments<'_>) -> Outcome {
        let excess = self.arg.most().and_then(|most| Some((most, rest.split_whitespace().nth(most)?)));
        match excess {
            _ if rest.is_empty() => Ok(()),
            None => self.arg.check(rest, known),
            Some((0, word)) => Err(format!("`:{verb}` takes no argument; unexpected `{word}`")),
            Some((_, word)) => Err(format!("unexpected `{word}`; `:{verb}` takes one argument")),
        }
    }

    /// Where it works, for a message: the kinds of its rows, or the screens.
    pub fn whereabouts(&self) -> String {
        match self.kinds().as_slice() {
            [] => self.place.things.into(),
            kinds => kinds.join(", "),
        }
    }

    /// Syntax of the command, such as `theme NAME`; `None` without a command word.
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
        for action in ACTIONS.iter() {
            for key in action.keys {
                key.parse::<Key>().unwrap_or_else(|error| panic!("{}: {error}", action.name));
            }
        }
        assert_eq!(Keymap::default().conflicts(), [""; 0]);
    }

    #[test]
    fn names_and_words_are_unique_and_words_hide_no_kind() {
        let (mut names, mut words) = (HashSet::new(), HashSet::new());
        for action in ACTIONS.iter() {
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

    /// tmux and screen use their prefix key, terminals XON/XOFF and job control, and some shift-arrows.
    #[test]
    fn keys_that_may_not_arrive_have_an_alternative() {
        const FRAGILE: [&str; 9] =
            ["ctrl-a", "ctrl-b", "ctrl-\\", "ctrl-space", "ctrl-s", "ctrl-q", "ctrl-z", "shift-left", "shift-right"];
        for action in ACTIONS.iter() {
            let safe = action.keys.iter().any(|key| !FRAGILE.contains(key)) || !action.words.is_empty();
            let fragile = action.keys.iter().any(|key| FRAGILE.contains(key));
            assert!(!fragile || safe, "{} may be unreachable", action.name);
        }
    }
}
