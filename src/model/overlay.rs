//! What lies over a screen and takes the keys first: prompts and pickers.

use super::{filter::Filter, prompt::Prompt};
use crate::logs::{Range, Subject};

mod palette;
mod picker;
mod press;

/// What lies over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// `:`, in the footer row, its candidates right above it.
    Command(Palette),
    /// `/` in a table, in the footer row; the table follows as one types.
    Filter(FilterPrompt),
    /// `/` in a text, in the footer row; the text follows as one types.
    Search(SearchPrompt),
    /// A list to pick from, in the middle.
    Picker(Picker),
}

impl Overlay {
    /// The line being typed.
    pub fn prompt(&self) -> &Prompt {
        match self {
            Self::Command(palette) => &palette.prompt,
            Self::Filter(filter) => &filter.prompt,
            Self::Search(search) => &search.prompt,
            Self::Picker(picker) => &picker.prompt,
        }
    }

    pub(super) fn prompt_mut(&mut self) -> &mut Prompt {
        match self {
            Self::Command(palette) => &mut palette.prompt,
            Self::Filter(filter) => &mut filter.prompt,
            Self::Search(search) => &mut search.prompt,
            Self::Picker(picker) => &mut picker.prompt,
        }
    }
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

/// The search prompt; esc restores what was there before.
#[derive(Debug)]
pub struct SearchPrompt {
    pub prompt: Prompt,
    /// What was searched for before the prompt opened, and the row that was at the top.
    pub before: String,
    pub top: usize,
}

/// A list to pick one of, by typing some of it.
#[derive(Debug, Default)]
pub struct Picker {
    pub title: String,
    pub prompt: Prompt,
    /// Everything there is to pick.
    pub items: Vec<Item>,
    /// What matches, best first; all of them while nothing is typed.
    pub shown: Vec<Shown>,
    /// Index into `shown`.
    pub selected: usize,
    /// Profiles are still to be added when they are known.
    pub wants_profiles: bool,
}

/// An item that matches what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Index into `items`.
    pub item: usize,
    /// Characters of its text that matched, ascending.
    pub matched: Vec<usize>,
}

/// Something to pick.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Safe to draw as it is.
    pub text: String,
    /// One line beside it; may be empty. Safe to draw as it is.
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
    Theme(String),
    /// A log, and which part of it.
    Log(Subject, Range),
}
