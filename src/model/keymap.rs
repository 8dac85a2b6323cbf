//! Keys by name, and which action each one calls.

use crossterm::event::{KeyCode, KeyModifiers};

/// A key with its modifiers, in one spelling: shift is folded into letters (`G`), never kept beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Which keys call which action.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// For each action of the table, in its order: its keys.
    pub keys: Vec<Vec<Key>>,
}
