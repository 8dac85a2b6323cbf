//! Filters upon each other, each on or off.

use std::ops::Range;

use super::{LineFilter, apart};
use crate::logs::{Line, Role};

/// What a filter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterMode {
    /// Only lines that it admits are shown, or that another such filter admits.
    Include,
    /// No line is shown that it surely admits.
    Exclude,
    /// Nothing is hidden; what it finds is lit.
    Highlight,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FilterRule {
    pub mode: FilterMode,
    pub filter: LineFilter,
    pub on: bool,
}

/// The filters of a log. What no container wrote, they never hide.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FilterStack {
    pub rules: Vec<FilterRule>,
    /// None of them counts for now.
    pub suspended: bool,
    /// So many lines before and after each that was looked for are shown, too, unless they are excluded.
    pub context: Option<u16>,
}

/// What a stack says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterVerdict {
    /// It was looked for.
    Match,
    /// Nothing speaks against it.
    Pass,
    /// It was not looked for; it may be shown for the sake of one near it.
    Miss,
    Excluded,
}

impl FilterStack {
    pub fn verdict(&self, line: &Line) -> FilterVerdict {
        if line.role != Role::Output {
            return FilterVerdict::Pass;
        }
        if self.active(FilterMode::Exclude).any(|filter| !filter.is_empty() && filter.surely(line)) {
            return FilterVerdict::Excluded;
        }
        let mut verdict = FilterVerdict::Pass;
        for filter in self.active(FilterMode::Include).filter(|filter| !filter.is_empty()) {
            if filter.admits(line) {
                return FilterVerdict::Match;
            }
            verdict = FilterVerdict::Miss;
        }
        verdict
    }

    /// Whether the line is shown for its own sake.
    pub fn admits(&self, line: &Line) -> bool {
        matches!(self.verdict(line), FilterVerdict::Match | FilterVerdict::Pass)
    }

    /// What of `text` is looked for or lit: the ranges of bytes, in order and apart from each other.
    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for filter in self.active(FilterMode::Include).chain(self.active(FilterMode::Highlight)) {
            filter.find(text, &mut found);
        }
        apart(found)
    }

    /// Whether it may hide a line.
    pub fn is_active(&self) -> bool {
        self.active(FilterMode::Include).chain(self.active(FilterMode::Exclude)).any(|filter| !filter.is_empty())
    }

    /// What asking about a text of this length costs, in bytes that could be searched for a word meanwhile.
    pub(in crate::logs) fn cost(&self, length: usize) -> usize {
        self.active(FilterMode::Include).chain(self.active(FilterMode::Exclude)).map(|filter| filter.cost(length)).sum()
    }

    fn active(&self, mode: FilterMode) -> impl Iterator<Item = &LineFilter> {
        self.rules.iter().filter(move |rule| rule.on && rule.mode == mode && !self.suspended).map(|rule| &rule.filter)
    }
}
