//! Filters: which rows of a table are shown.
//!
//! Their grammar is that of [`crate::grammar`], with `column op value` and `is:state`. A word may stand in any shown
//! column but those that tell an age. `-f text` finds rows whose names are like it.
//!
//! A comparison judges what the cell shows, in the column's unit: `=` and the ordering operators hold if any of the cell's
//! values does so, `!=` if none equals. None holds for a cell without a value: `exit!=0` leaves out what has not ended,
//! `!exit=0` does not.

use std::borrow::Cow;

use fuzzy_matcher::FuzzyMatcher;
use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;

mod complete;
mod parse;
mod value;

pub(super) use complete::complete;
use parse::RowTest;
use value::Amount;

use super::text::FUZZY;
use crate::{
    data::Entry,
    grammar::{Case, Fault, Op, Term, Test, collate, compile, is_id, regular},
    resource::{Cell, Column, Context, Kind, Unit},
};

/// A filter as it was typed, ready to be asked about rows.
#[derive(Debug, Clone, Default)]
pub struct RowFilter {
    text: String,
    conditions: Vec<(bool, RowCondition)>,
    ages: bool,
}

/// A term with everything worked out that doesn't depend on the row.
#[derive(Debug, Clone)]
enum RowCondition {
    /// Somewhere in the shown columns; plain words match a whole id (an ARN that was pasted), too.
    Anywhere {
        regex: Regex,
        id: Option<String>,
    },
    /// What the row is called is like the text: at least as much as `least`.
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

/// What is asked of one cell. Nothing holds for a cell without a value.
#[derive(Debug, Clone)]
enum Comparison {
    /// The text that is drawn matches; `wanted` is false for `!~`.
    Matches { regex: Regex, wanted: bool },
    /// Any of the values is this text, or the text that is drawn is; `wanted` is false for `!=`.
    Equals { regex: Regex, wanted: bool },
    /// Any of the values is ordered so.
    Ordered { op: Op, lower: String },
    /// Any of the values, as numbers in the column's unit, compares so; for `!=` none equals.
    Amount { op: Op, amount: Amount },
}

/// What a filter may ask about a row besides its cells.
#[derive(Debug, Clone, Copy)]
pub struct RowInFilter<'a> {
    pub entry: &'a Entry,
    pub marked: bool,
    /// Some of its cells changed a moment ago.
    pub changed: bool,
}

/// How much a name must be like what is looked for fuzzily, in per cent of what the same text would score.
const ALIKE: i64 = 60;

/// What rows are looked at with: the columns of their kind, those in which words are looked for, and the time. Keeps its
/// buffer between rows.
pub struct Lens {
    columns: Vec<&'static Column>,
    searched: Vec<usize>,
    cx: Context,
    haystack: String,
}

impl Lens {
    /// `searched` are the indices of the columns of `kind` in which words are looked for.
    pub fn new(kind: &Kind, searched: Vec<usize>, cx: Context) -> Self {
        Self { columns: (kind.columns)(), searched, cx, haystack: String::new() }
    }

    /// Puts the shown cells into the haystack, one a line.
    fn look(&mut self, entry: &Entry) {
        self.haystack.clear();
        for &column in &self.searched {
            self.haystack.push_str(&entry.row.cell(column, &self.cx).text);
            self.haystack.push('\n');
        }
    }

    fn unit(&self, column: usize) -> Unit {
        self.columns.get(column).map(|column| column.unit).unwrap_or_default()
    }

    /// What the row is called: its own name, and the cluster, service or task that it belongs to.
    fn names<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = Cow<'a, str>> {
        let places = self.columns.iter().enumerate().filter(|(_, column)| column.hidden_by.is_some());
        [entry.row.name()].into_iter().chain(places.map(|(index, _)| entry.row.cell(index, &self.cx).text))
    }
}

impl RowFilter {
    /// Reads a filter for tables of `kind`. Times of day in it are those before `now` in `zone`.
    ///
    /// # Errors
    /// Where it can't be read, and why.
    pub fn parse(text: &str, kind: &Kind, now: Timestamp, zone: &TimeZone) -> Result<Self, Fault> {
        let (terms, case) = parse::parse(text, kind)?;
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

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets every row through.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether it compares the values of this column.
    pub fn asks_for(&self, column: usize) -> bool {
        let asked = |condition: &RowCondition| matches!(condition, RowCondition::Cell { column: asked, .. } if *asked == column);
        self.conditions.iter().any(|(_, condition)| asked(condition))
    }

    /// Whether time alone can change its verdict.
    pub fn ages(&self) -> bool {
        self.ages
    }

    /// Whether the row is to be shown.
    pub fn admits(&self, candidate: RowInFilter<'_>, lens: &mut Lens) -> bool {
        let mut looked = false;
        self.conditions.iter().all(|(negated, condition)| {
            if !looked && matches!(condition, RowCondition::Anywhere { .. }) {
                lens.look(candidate.entry);
                looked = true;
            }
            condition.holds(candidate, lens) != *negated
        })
    }
}

/// What the terms of one filter are read with.
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
            return Ok(Self::Amount { op, amount: value::read(&value, unit, reading.now, reading.zone)? });
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
        let mut amounts = cell.compared().filter_map(|value| value::of(value, unit));
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
