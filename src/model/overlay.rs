//! What lies over a screen and takes the keys first: prompts and pickers.

use super::{filter::RowFilter, prompt::Prompt};
use crate::logs::{
    LogSubject, Range,
    filter::{FilterMode, FilterStack},
};

mod code;
mod complete;
pub mod confirm;
mod picker;
mod press;

pub use code::CodePrompt;
pub use confirm::Confirmation;
pub(super) use picker::{current_first, profile_items};

/// What lies over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// `:`, in the footer row, its candidates right above it.
    Command(Prompt),
    /// `/` in a table, in the footer row; the table follows as one types.
    Filter(FilterPrompt),
    /// `/` in a text, in the footer row; the text follows as one types.
    Search(SearchPrompt),
    /// A list to pick from, in the middle.
    Picker(Picker),
    /// `/` in a log, in the footer row; the log follows as one types.
    Rule(RulePrompt),
    /// The filters of a log, in the middle.
    Rules(RuleList),
    /// `@` in a log: a moment, or a stretch of time, in the footer row.
    When(WhenPrompt),
    /// A query for CloudWatch Logs Insights, in the middle.
    Query(Box<QueryPrompt>),
    /// A question to answer before something is done, in the middle.
    Question(Question),
    /// The dialog before a change, in the middle.
    Confirm(Box<Confirmation>),
    /// The code of an MFA device, in the middle.
    Code(CodePrompt),
}

impl Overlay {
    /// The line being typed, where one is.
    pub fn prompt(&self) -> Option<&Prompt> {
        Some(match self {
            Self::Command(prompt) => prompt,
            Self::Filter(filter) => &filter.prompt,
            Self::Search(search) => &search.prompt,
            Self::Picker(picker) => &picker.prompt,
            Self::Rule(rule) => &rule.prompt,
            Self::When(when) => &when.prompt,
            Self::Query(query) => match query.in_time {
                true => &query.time,
                false => &query.text,
            },
            Self::Confirm(dialog) => &dialog.typed.as_ref()?.1,
            Self::Code(code) => &code.prompt,
            Self::Rules(_) | Self::Question(_) => return None,
        })
    }

    pub(super) fn prompt_mut(&mut self) -> Option<&mut Prompt> {
        Some(match self {
            Self::Command(prompt) => prompt,
            Self::Filter(filter) => &mut filter.prompt,
            Self::Search(search) => &mut search.prompt,
            Self::Picker(picker) => &mut picker.prompt,
            Self::Rule(rule) => &mut rule.prompt,
            Self::When(when) => &mut when.prompt,
            Self::Query(query) => match query.in_time {
                true => &mut query.time,
                false => &mut query.text,
            },
            Self::Confirm(dialog) => &mut dialog.typed.as_mut()?.1,
            Self::Code(code) => &mut code.prompt,
            Self::Rules(_) | Self::Question(_) => return None,
        })
    }
}

/// The filter prompt; esc restores what was there before.
#[derive(Debug)]
pub struct FilterPrompt {
    pub prompt: Prompt,
    /// The filter in force before the prompt opened.
    pub before: RowFilter,
}

/// The search prompt; esc restores what was there before.
#[derive(Debug)]
pub struct SearchPrompt {
    pub prompt: Prompt,
    /// What was searched for before the prompt opened, and the row that was at the top.
    pub before: String,
    pub top: usize,
}

/// The prompt for one filter of a log; esc restores what was there before.
#[derive(Debug)]
pub struct RulePrompt {
    pub prompt: Prompt,
    /// What is made of it, unless its text says so itself.
    pub mode: FilterMode,
    /// Which filter of the stack it is; one more where there is none.
    pub index: usize,
    /// The filters in force before the prompt opened.
    pub before: FilterStack,
    /// It leads back to the list.
    pub from_list: bool,
}

/// The list of a log's filters.
#[derive(Debug, Default)]
pub struct RuleList {
    pub selected: usize,
}

/// The prompt for a moment, or a stretch of time.
#[derive(Debug, Default)]
pub struct WhenPrompt {
    pub prompt: Prompt,
}

/// A query that is about to be asked.
#[derive(Debug, Default)]
pub struct QueryPrompt {
    pub text: Prompt,
    /// The time that it is about.
    pub time: Prompt,
    /// It is the time that is typed.
    pub in_time: bool,
    /// The time in full, while it can be read.
    pub between: String,
    /// The groups that it runs over.
    pub over: String,
}

/// A question to answer before something is done.
#[derive(Debug)]
pub struct Question {
    pub title: String,
    /// What is to be known before.
    pub says: Vec<String>,
    /// What enter does, and what esc.
    pub yes: &'static str,
    pub no: &'static str,
    pub choice: PickAction,
}

/// A list to pick one of, by typing some of it.
#[derive(Debug, Default)]
pub struct Picker {
    pub title: String,
    pub prompt: Prompt,
    /// Everything there is to pick.
    pub items: Vec<PickerItem>,
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
pub struct PickerItem {
    /// Safe to draw as it is.
    pub text: String,
    /// One line beside it; may be empty. Safe to draw as it is.
    pub about: String,
    pub choice: PickAction,
}

/// What picking does.
#[derive(Debug, Clone, PartialEq)]
pub enum PickAction {
    Profile(String),
    Region(String),
    /// `None` is all clusters.
    Cluster(Option<String>),
    Copy(String),
    /// Sort by this column.
    Sort(usize),
    Theme(String),
    /// A log, and which part of it.
    Log(Box<LogSubject>, Range),
    /// Follow over Live Tail.
    Live,
}
