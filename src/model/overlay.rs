//! What lies over a screen and takes the keys first.

use super::{filter::Filter, prompt::Prompt};

/// What lies over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// `:`, in the footer row, its candidates right above it.
    Command(Palette),
    /// `/` in a table, in the footer row; the table follows as one types.
    Filter(FilterPrompt),
    /// `/` in a text, in the footer row.
    Search(Prompt),
    /// A list to pick from, in the middle.
    Picker(Picker),
}

/// The command prompt and what its last word could become.
#[derive(Debug, Default)]
pub struct Palette {
    pub prompt: Prompt,
    pub candidates: Vec<Candidate>,
    /// The candidate that tab has put into the prompt.
    pub chosen: Option<usize>,
}

/// What a word could become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// One line beside it; may be empty.
    pub about: String,
    /// Characters of `text` that matched, ascending.
    pub matched: Vec<usize>,
}

/// The filter prompt; esc restores what was there before.
#[derive(Debug)]
pub struct FilterPrompt {
    pub prompt: Prompt,
    /// The filter in force before the prompt opened.
    pub before: Filter,
}

/// A list to pick one of, by typing some of it.
#[derive(Debug)]
pub struct Picker {
    pub title: String,
    pub prompt: Prompt,
    /// Everything there is to pick.
    pub items: Vec<Item>,
    /// What matches, best first.
    pub shown: Vec<Candidate>,
    /// Index into `shown`.
    pub selected: usize,
}

/// Something to pick.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub text: String,
    pub about: String,
    pub choice: Choice,
}

/// What picking does.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    Profile(String),
    Region(String),
    /// `None` is all clusters.
    Cluster(Option<String>),
    Copy(String),
    /// Sort by this column.
    Sort(usize),
}
