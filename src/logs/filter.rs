//! What a person wants to see of a log, and what not.

use std::ops::Range;

use super::{Line, Role};

/// Words that a line has, or has not.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, crate::grammar::Fault> {
        Ok(Self { text: text.into() })
    }
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn admits(&self, line: &Line) -> bool {
        line.text.contains(&self.text)
    }

    /// Where it matches in `text`.
    pub fn matches(&self, text: &str) -> Vec<Range<usize>> {
        text.match_indices(&self.text).map(|(at, found)| at..at + found.len()).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Include,
    Exclude,
    Highlight,
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub mode: Mode,
    pub filter: Filter,
    pub on: bool,
}

/// The filters in force.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    pub rules: Vec<Rule>,
    pub suspended: bool,
    pub context: Option<u16>,
}

impl Stack {
    fn rules(&self, mode: Mode) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| !self.suspended && rule.on && rule.mode == mode)
    }

    pub fn admits(&self, line: &Line) -> bool {
        line.role != Role::Output
            || (self.rules(Mode::Include).all(|rule| rule.filter.admits(line))
                && !self.rules(Mode::Exclude).any(|rule| rule.filter.admits(line)))
    }

    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        self.rules(Mode::Highlight).flat_map(|rule| rule.filter.matches(text)).collect()
    }

    pub fn is_active(&self) -> bool {
        self.rules(Mode::Include).chain(self.rules(Mode::Exclude)).next().is_some()
    }
}
