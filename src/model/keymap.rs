//! The keymap: which keys call which action.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Action, ActionContext};
use crate::{nearest, resource::Kind};

mod key;

pub use key::Key;

/// The keys of each action.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// The keys of each action, in the order of [`ACTIONS`].
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let read = |action: &Action| action.keys.iter().filter_map(|key| key.parse().ok()).collect();
        Self { keys: ACTIONS.iter().map(read).collect() }
    }
}

impl Keymap {
    /// The default keys with `changes` from the configuration: keys by action name.
    ///
    /// # Errors
    ///
    /// A message about an unknown action or key, or about two actions with the same key.
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

    /// Replaces the keys of the action called `name`; an empty list removes them.
    ///
    /// # Errors
    ///
    /// A message about an unknown name, with suggestions. For conflicts, call [`Keymap::conflicts`] once all keys are
    /// set.
    pub fn rebind<S: AsRef<str>>(&mut self, name: &str, keys: &[S]) -> Result<(), String> {
        let index = ACTIONS.iter().position(|action| action.name == name).ok_or_else(|| {
            format!("unknown action `{name}`{}", nearest::hint(name, ACTIONS.iter().map(|action| action.name)))
        })?;
        self.keys[index] = keys.iter().map(|key| key.as_ref().parse()).collect::<Result<_, String>>()?;
        Ok(())
    }

    /// The keys of an action; empty if it has none.
    pub fn keys(&self, action: &Action) -> &[Key] {
        ACTIONS
            .iter()
            .position(|other| other == action)
            .and_then(|index| self.keys.get(index))
            .map_or(&[], Vec::as_slice)
    }

    /// The key of an action for hints and advice; absent if it has none.
    pub fn key_of(&self, action: &Action) -> Option<Key> {
        self.keys(action).first().copied()
    }

    /// The action that `key` calls on rows of `kind`, and the index of the key. Earlier `contexts` take precedence.
    pub fn find(&self, key: Key, contexts: &[ActionContext], kind: Option<&Kind>) -> Option<(&'static Action, usize)> {
        contexts
            .iter()
            .find_map(|place| self.called_by(key).find(|(action, _)| action.place == *place && action.works_on(kind)))
    }

    /// All actions that `key` calls somewhere, with the index of the key.
    pub fn called_by(&self, key: Key) -> impl Iterator<Item = (&'static Action, usize)> {
        let nth = move |keys: &Vec<Key>| keys.iter().position(|other| *other == key);
        ACTIONS.iter().zip(&self.keys).filter_map(move |(action, keys)| Some((action, nth(keys)?)))
    }

    /// A message for each pair of actions with the same key in the same place.
    pub fn conflicts(&self) -> Vec<String> {
        let bound: Vec<_> = ACTIONS
            .iter()
            .zip(&self.keys)
            .flat_map(|(action, keys)| keys.iter().map(move |key| (action, key)))
            .collect();
        let mut conflicts = Vec::new();
        for (index, (action, key)) in bound.iter().enumerate() {
            for (other, _) in
                bound[index + 1..].iter().filter(|(other, twin)| twin == key && action.conflicts_with(other))
            {
                conflicts.push(format!("{key} calls both `{}` and `{}`", action.name, other.name));
            }
        }
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{action::EVERYWHERE, screens::table::actions::IN_TABLES},
        resource::task,
    };

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
    fn mistakes_in_a_binding_are_reported() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.rebind("refesh", &["f9"]).unwrap_err().split(';').next(), Some("unknown action `refesh`"));
        assert!(keymap.rebind("refesh", &["f9"]).unwrap_err().contains("refresh"));
        assert!(keymap.rebind("refresh", &["ctrl-nope"]).unwrap_err().contains("`ctrl-nope`"));
        keymap.rebind("refresh", &["?"]).unwrap();
        assert_eq!(keymap.conflicts(), ["? calls both `help` and `refresh`"]);
    }
}
