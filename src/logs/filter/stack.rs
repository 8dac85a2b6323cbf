//! The stack of filters of a log, each of them on or off.

use std::ops::Range;

use super::{LineFilter, merge_ranges};
use crate::logs::{Line, Role};

/// Effect of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterMode {
    /// Only lines are shown that this or another including filter admits.
    Include,
    /// Lines that certainly match are hidden.
    Exclude,
    /// Nothing is hidden; matches are highlighted.
    Highlight,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FilterRule {
    pub mode: FilterMode,
    pub filter: LineFilter,
    pub on: bool,
}

/// The filters of a log. They only apply to container output: marks, notes and task starts are always shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FilterStack {
    pub rules: Vec<FilterRule>,
    /// All filters are switched off for now.
    pub suspended: bool,
    /// Number of context lines before and after each match, shown unless excluded.
    pub context: Option<u16>,
}

/// What a stack decides about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterVerdict {
    /// An including filter matches.
    Match,
    /// Nothing hides it.
    Pass,
    /// No including filter matches; it may still be shown as context.
    Miss,
    Excluded,
}

impl FilterStack {
    pub fn verdict(&self, line: &Line) -> FilterVerdict {
        if line.role != Role::Output {
            return FilterVerdict::Pass;
        }
        if self.active(FilterMode::Exclude).any(|filter| !filter.is_empty() && filter.certainly_matches(line)) {
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

    /// Returns whether the line is shown, context aside.
    pub fn admits(&self, line: &Line) -> bool {
        matches!(self.verdict(line), FilterVerdict::Match | FilterVerdict::Pass)
    }

    /// The matches to highlight in `text` as byte ranges, in order and not overlapping.
    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for filter in self.active(FilterMode::Include).chain(self.active(FilterMode::Highlight)) {
            filter.find(text, &mut found);
        }
        merge_ranges(found)
    }

    /// Returns whether it can hide lines.
    pub fn is_active(&self) -> bool {
        self.active(FilterMode::Include).chain(self.active(FilterMode::Exclude)).any(|filter| !filter.is_empty())
    }

    /// The cost of evaluating the stack on a text of this length; a unit is the cost of searching one byte for a word.
    pub(in crate::logs) fn cost(&self, length: usize) -> usize {
        self.active(FilterMode::Include).chain(self.active(FilterMode::Exclude)).map(|filter| filter.cost(length)).sum()
    }

    fn active(&self, mode: FilterMode) -> impl Iterator<Item = &LineFilter> {
        self.rules.iter().filter(move |rule| rule.on && rule.mode == mode && !self.suspended).map(|rule| &rule.filter)
    }
}
