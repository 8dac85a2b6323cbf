//! Filters: which rows of a table are shown.
//!
//! The grammar is that of [`crate::grammar`], with `column op value` and `is:state`. A word matches in any shown column
//! except ages. `-f text` finds rows with similar names.
//!
//! A comparison applies to what the cell shows, in the column's unit: `=` and the ordering operators hold if any value
//! of the cell does, `!=` if none is equal. None holds for a cell without a value: `exit!=0` excludes what is still
//! running, `!exit=0` does not.

use std::borrow::Cow;

use fuzzy_matcher::FuzzyMatcher;
use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;

mod amount;
mod complete;
mod row_test;

use amount::Amount;
pub(super) use complete::complete;
use row_test::RowTest;

use super::text::FUZZY;
use crate::{
    data::Entry,
    grammar::{Case, Fault, Op, Term, Test, collate, compile, is_id, regular},
    resource::{Cell, Column, Context, Kind, Unit},
};

/// A parsed filter.
#[derive(Debug, Clone, Default)]
pub struct RowFilter {
    text: String,
    conditions: Vec<(bool, RowCondition)>,
    ages: bool,
}

/// A term with everything evaluated that doesn't depend on the row.
#[derive(Debug, Clone)]
enum RowCondition {
    /// In any shown column; plain words also match a whole id (a pasted ARN).
    Anywhere {
        regex: Regex,
        id: Option<String>,
    },
    /// The name of the row is similar to the text: its score is `least` or more.
    Fuzzy {
        text: String,
        least: i64,
    },
    Cell {
        column: usize,
        comparison: Comparison,
    },
    State(String),
}

/// A condition on one cell. None holds for a cell without a value.
#[derive(Debug, Clone)]
enum Comparison {
    /// The drawn text matches; `wanted` is false for `!~`.
    Matches { regex: Regex, wanted: bool },
    /// One of the values or the drawn text equals this; `wanted` is false for `!=`.
    Equals { regex: Regex, wanted: bool },
    /// One of the values has this order.
    Ordered { op: Op, lower: String },
    /// One of the values, as a number in the column's unit, compares like this; for `!=`, none is equal.
    Amount { op: Op, amount: Amount },
}

/// A row, and what a filter may use besides its cells.
#[derive(Debug, Clone, Copy)]
pub struct RowInFilter<'a> {
    pub entry: &'a Entry,
    pub marked: bool,
    /// Some of its cells have changed recently.
    pub changed: bool,
}

/// Minimum similarity of fuzzy matches, in percent of the score of an equal text.
const ALIKE: i64 = 60;

/// State for evaluating filters: the columns of a kind, those in which words are searched, and the time. Keeps its
/// buffer between rows.
pub struct Lens {
    columns: Vec<&'static Column>,
    searched: Vec<usize>,
    cx: Context,
    haystack: String,
}

impl Lens {
    /// `searched` are the indices of the columns in which words are searched.
    pub fn new(kind: &Kind, searched: Vec<usize>, cx: Context) -> Self {
        Self { columns: (kind.columns)(), searched, cx, haystack: String::new() }
    }

    /// Writes the shown cells into the haystack, one per line.
    fn fill_haystack(&mut self, entry: &Entry) {
        self.haystack.clear();
        for &column in &self.searched {
            self.haystack.push_str(&entry.row.cell(column, &self.cx).text);
            self.haystack.push('\n');
        }
    }

    fn unit(&self, column: usize) -> Unit {
        self.columns.get(column).map(|column| column.unit).unwrap_or_default()
    }

    /// The names of a row: its own, and those of its cluster, service or task.
    fn names<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = Cow<'a, str>> {
        let places = self.columns.iter().enumerate().filter(|(_, column)| column.hidden_by.is_some());
        [entry.row.name()].into_iter().chain(places.map(|(index, _)| entry.row.cell(index, &self.cx).text))
    }
}

impl RowFilter {
    /// Parses a filter for tables of `kind`. Times of day are the last before `now` in `zone`.
    ///
    /// # Errors
    ///
    /// What is invalid, and where.
    pub fn parse(text: &str, kind: &Kind, now: Timestamp, zone: &TimeZone) -> Result<Self, Fault> {
        let (terms, case) = row_test::parse(text, kind)?;
        let columns = (kind.columns)();
        let ages = terms.iter().any(|term| match &term.test {
            Test::Own(RowTest::Compare { column, .. }) => columns.get(*column).is_some_and(|column| column.ages),
            Test::Own(RowTest::State(state)) => state == "changed",
            _ => false,
        });
        let reading = ConditionContext { columns: &columns, case, now, zone };
        let conditions = terms
            .into_iter()
            .map(|term| Ok((term.negated, RowCondition::new(term, &reading)?)))
            .collect::<Result<_, Fault>>()?;
        Ok(Self { text: text.trim().into(), conditions, ages })
    }

    /// The text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it accepts every row.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether it compares values of this column.
    pub fn asks_for(&self, column: usize) -> bool {
        let asked = |condition: &RowCondition| matches!(condition, RowCondition::Cell { column: asked, .. } if *asked == column);
        self.conditions.iter().any(|(_, condition)| asked(condition))
    }

    /// Whether its result depends on the time.
    pub fn ages(&self) -> bool {
        self.ages
    }

    /// Whether to show the row.
    pub fn admits(&self, candidate: RowInFilter<'_>, lens: &mut Lens) -> bool {
        let mut looked = false;
        self.conditions.iter().all(|(negated, condition)| {
            if !looked && matches!(condition, RowCondition::Anywhere { .. }) {
                lens.fill_haystack(candidate.entry);
                looked = true;
            }
            condition.holds(candidate, lens) != *negated
        })
    }
}

/// The context for parsing the terms of a filter.
struct ConditionContext<'a> {
    columns: &'a [&'static Column],
    case: Case,
    now: Timestamp,
    zone: &'a TimeZone,
}

impl RowCondition {
    fn new(term: Term<RowTest>, reading: &ConditionContext<'_>) -> Result<Self, Fault> {
        let fault = |reason| Fault::new(term.at, reason);
        let plain = |text: String| {
            let regex = compile(&regex::escape(&text), &text, reading.case).map_err(fault)?;
            Ok(Self::Anywhere { regex, id: Some(text) })
        };
        match term.test {
            Test::Word(word) => match regular(&word, reading.case) {
                Some(regex) => Ok(Self::Anywhere { regex, id: None }),
                None => plain(word),
            },
            Test::Quoted(text) => plain(text),
            Test::Own(RowTest::Fuzzy(text)) => {
                let perfect = FUZZY.fuzzy_match(&text, &text).unwrap_or_default();
                Ok(Self::Fuzzy { least: perfect * ALIKE / 100, text })
            }
            Test::Own(RowTest::State(state)) => Ok(Self::State(state)),
            Test::Own(RowTest::Compare { column, op, value }) => {
                let unit = reading.columns.get(column).map(|column| column.unit).unwrap_or_default();
                Ok(Self::Cell { column, comparison: Comparison::new(op, value, unit, reading).map_err(fault)? })
            }
        }
    }

    fn holds(&self, RowInFilter { entry, marked, changed }: RowInFilter<'_>, lens: &Lens) -> bool {
        let row = &entry.row;
        match self {
            Self::Anywhere { regex, id } => {
                regex.is_match(&lens.haystack) || id.as_deref().is_some_and(|id| is_id(row.id(), id))
            }
            Self::Fuzzy { text, least } => {
                lens.names(entry).any(|name| FUZZY.fuzzy_match(&name, text).is_some_and(|score| score >= *least))
            }
            Self::Cell { column, comparison } => comparison.holds(&row.cell(*column, &lens.cx), lens.unit(*column)),
            Self::State(state) => match state.as_str() {
                "fault" => row.fault(),
                "marked" => marked,
                "changed" => changed,
                state => row.states().contains(&state),
            },
        }
    }
}

impl Comparison {
    fn new(op: Op, value: String, unit: Unit, reading: &ConditionContext<'_>) -> Result<Self, String> {
        let matches = matches!(op, Op::Contains | Op::Matches | Op::MatchesNot);
        if unit != Unit::Text && !matches {
            return Ok(Self::Amount { op, amount: amount::parse_amount(&value, unit, reading.now, reading.zone)? });
        }
        let Some((pattern, wanted)) = op.pattern(&value) else {
            return Ok(Self::Ordered { op, lower: value.to_lowercase() });
        };
        let regex = compile(&pattern, &value, reading.case)?;
        Ok(if matches { Self::Matches { regex, wanted } } else { Self::Equals { regex, wanted } })
    }

    fn holds(&self, cell: &Cell<'_>, unit: Unit) -> bool {
        if cell.is_absent() {
            return false;
        }
        let mut amounts = cell.compared().filter_map(|value| amount::parse_number(value, unit));
        match self {
            Self::Matches { regex, wanted } => regex.is_match(&cell.text) == *wanted,
            Self::Equals { regex, wanted } => {
                cell.compared().chain([&*cell.text]).any(|value| regex.is_match(value)) == *wanted
            }
            Self::Ordered { op, lower } => cell.compared().any(|value| op.accepts(collate(value, lower))),
            Self::Amount { op: Op::Differs, amount } => !amounts.any(|value| amount.is(Op::Equals, value)),
            Self::Amount { op, amount } => amounts.any(|value| amount.is(*op, value)),
        }
    }
}

#[cfg(test)]
mod tests;
