//! Everything a key or a `:` command can do. Actions stand beside what they act on: on every screen and on rows below
//! here, on one screen in its folder. [`ACTIONS`] has them all; keys, help, hints, palette, completion and the README's
//! key table follow from it.

use super::Model;
use crate::{
    kinds::KINDS,
    resource::{Ability, Kind},
};

mod arg;
pub(super) mod changes;
pub mod copy;
mod list;
mod moving;
pub mod row;
pub mod session;
pub mod views;

pub use arg::{Arg, KnownArguments};
pub(super) use arg::{check_filter, check_scope};
pub use list::{ACTIONS, contexts};

/// The actions of one file, each with a name of its own in the code: what refers to one that is renamed or gone does not
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
    /// What it is for, in a message.
    things: &'static str,
    /// Another context of the same screen whose keys must differ.
    beside: Option<&'static ActionContext>,
}

/// On every screen.
pub const EVERYWHERE: ActionContext = ActionContext::new("Everywhere", "rows");

impl ActionContext {
    /// A context with this title in help, for such `things`.
    pub(super) const fn new(title: &'static str, things: &'static str) -> Self {
        Self { title, things, beside: None }
    }

    /// The same, on screens on which keys of another work, too, and must differ.
    pub(super) const fn along_with(mut self, other: &'static Self) -> Self {
        self.beside = Some(other);
        self
    }

    /// Whether keys of both must differ. A text's own keys win over those of the row that it is about.
    fn meets(self, other: Self) -> bool {
        self == other
            || [self, other].contains(&EVERYWHERE)
            || self.beside == Some(&other)
            || other.beside == Some(&self)
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

/// One action: its keys, words, help and hint follow from this alone.
#[derive(Clone, Copy)]
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

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What every text will do for, as the argument of a command.
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
        Self { name, place, needs: None, keys: &[], words: &[], arg: Arg::None, about, hint: None, run }
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

    pub(super) const fn needs(mut self, ability: Ability) -> Self {
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
        match self.kinds().as_slice() {
            [] => self.place.things.into(),
            kinds => kinds.join(", "),
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
        for action in ACTIONS.iter() {
            for key in action.keys {
                key.parse::<Key>().unwrap_or_else(|error| panic!("{}: {error}", action.name));
            }
        }
        assert_eq!(Keymap::default().conflicts(), [""; 0]);
    }

    #[test]
    fn names_and_words_are_given_once_and_words_hide_no_kind() {
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

    /// tmux and screen take their prefix, XON/XOFF and job control theirs, and some terminals keep shift-arrows.
    #[test]
    fn keys_that_may_never_arrive_have_a_second_key_or_a_command() {
        const FRAGILE: [&str; 9] =
            ["ctrl-a", "ctrl-b", "ctrl-\\", "ctrl-space", "ctrl-s", "ctrl-q", "ctrl-z", "shift-left", "shift-right"];
        for action in ACTIONS.iter() {
            let safe = action.keys.iter().any(|key| !FRAGILE.contains(key)) || !action.words.is_empty();
            let fragile = action.keys.iter().any(|key| FRAGILE.contains(key));
            assert!(!fragile || safe, "{} may be out of reach", action.name);
        }
    }
}
