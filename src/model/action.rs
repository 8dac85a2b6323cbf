//! The one table of everything a key or a `:` command can do.

use super::Model;

/// Where an action's keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// On every screen.
    Everywhere,
    /// In tables.
    Table,
    /// In describe, raw, help and messages.
    Text,
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

/// One row of the table: the keys, words, help and hint of an action follow from it alone.
pub struct Action {
    /// What `config.toml` calls it.
    pub name: &'static str,
    pub place: Place,
    /// Names of the kinds in whose tables it works; empty for all.
    pub kinds: &'static [&'static str],
    /// Default keys, the one that hints show first.
    pub keys: &'static [&'static str],
    /// `:` command words.
    pub words: &'static [&'static str],
    pub arg: Arg,
    /// One line for help and palette.
    pub about: &'static str,
    /// Text of the hint and its rank: the lowest ranks are shown first, and dropped last.
    pub hint: Option<(&'static str, u8)>,
    /// Does it; an error is a sentence for the person.
    pub run: fn(&mut Model, Call<'_>) -> Result<(), String>,
}

/// A key and what it does, for header and footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub key: String,
    pub text: &'static str,
    pub rank: u8,
}
