//! Filters: which rows of a table are shown.
//!
//! Their grammar is that of [`crate::grammar`], with `column op value` and `is:state`. A word may stand in any shown
//! column but those that tell an age. `-f text` is fuzzy. A comparison holds only for rows that have a value: `exit!=0`
//! leaves out what has not ended, `!exit=0` does not.

use fuzzy_matcher::FuzzyMatcher;
use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;

mod parse;
mod value;

use parse::Own;

use super::text::FUZZY;
use crate::{
    data::Entry,
    grammar::{Case, Fault, Op, Term, Test, collate, compile, is_id, regular},
    resource::{Column, Context, Kind, Order, Unit},
};

/// A filter as it was typed, ready to be asked about rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    conditions: Vec<(bool, Condition)>,
    ages: bool,
}

/// A term with everything worked out that doesn't depend on the row.
#[derive(Debug, Clone)]
enum Condition {
    /// Somewhere in the shown columns; plain words match a whole id (an ARN that was pasted), too.
    Anywhere {
        regex: Regex,
        id: Option<String>,
    },
    Fuzzy(String),
    /// The text of one column; `wanted` is false for `!=` and `!~`.
    Cell {
        column: usize,
        regex: Regex,
        wanted: bool,
    },
    Number {
        column: usize,
        op: Op,
        value: f64,
    },
    Collated {
        column: usize,
        op: Op,
        value: String,
    },
    State(String),
}

/// What a filter may ask about a row besides its cells.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub entry: &'a Entry,
    pub marked: bool,
    /// Some of its cells changed a moment ago.
    pub changed: bool,
}

/// What rows are looked at with: the columns that words are looked for in, and the time. Keeps its buffer between rows.
pub struct Lens {
    columns: Vec<usize>,
    cx: Context,
    haystack: String,
}

impl Lens {
    /// `columns` are the indices of those in which words are looked for.
    pub fn new(columns: Vec<usize>, cx: Context) -> Self {
        Self { columns, cx, haystack: String::new() }
    }

    /// The shown cells, one a line.
    fn look(&mut self, entry: &Entry) {
        self.haystack.clear();
        for &column in &self.columns {
            self.haystack.push_str(&entry.row.cell(column, &self.cx).text);
            self.haystack.push('\n');
        }
    }
}

impl Filter {
    /// Reads a filter for tables of `kind`. Times of day in it are those before `now` in `zone`.
    ///
    /// # Errors
    /// Where it can't be read, and why.
    pub fn parse(text: &str, kind: &Kind, now: Timestamp, zone: &TimeZone) -> Result<Self, Fault> {
        let (terms, case) = parse::parse(text, kind)?;
        let columns = (kind.columns)();
        let ages = terms.iter().any(|term| match &term.test {
            Test::Own(Own::Compare { column, .. }) => columns.get(*column).is_some_and(|column| column.ages),
            Test::Own(Own::State(state)) => state == "changed",
            _ => false,
        });
        let conditions = terms
            .into_iter()
            .map(|term| Ok((term.negated, Condition::new(term, &columns, case, now, zone)?)))
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

    /// Whether time alone can change its verdict.
    pub fn ages(&self) -> bool {
        self.ages
    }

    /// Whether the row is to be shown.
    pub fn admits(&self, candidate: Candidate<'_>, lens: &mut Lens) -> bool {
        let mut looked = false;
        self.conditions.iter().all(|(negated, condition)| {
            if !looked && matches!(condition, Condition::Anywhere { .. } | Condition::Fuzzy(_)) {
                lens.look(candidate.entry);
                looked = true;
            }
            condition.holds(candidate, lens) != *negated
        })
    }
}

impl Condition {
    fn new(term: Term<Own>, columns: &[&Column], case: Case, now: Timestamp, zone: &TimeZone) -> Result<Self, Fault> {
        let at = term.at;
        Ok(match term.test {
            Test::Word(word) => match regular(&word, case) {
                Some(regex) => Self::Anywhere { regex, id: None },
                None => Self::plain(word, case, at)?,
            },
            Test::Quoted(text) => Self::plain(text, case, at)?,
            Test::Own(Own::Fuzzy(text)) => Self::Fuzzy(text),
            Test::Own(Own::State(state)) => Self::State(state),
            Test::Own(Own::Compare { column, op, value }) => {
                let unit = columns.get(column).map(|column| column.unit).unwrap_or_default();
                let compared = unit != Unit::Text && matches!(op, Op::Equals | Op::Differs);
                match op.pattern(&value).filter(|_| !compared) {
                    Some((pattern, wanted)) => {
                        let regex = compile(&pattern, &value, case).map_err(|reason| Fault::new(at, reason))?;
                        Self::Cell { column, regex, wanted }
                    }
                    None if unit == Unit::Text => Self::Collated { column, op, value: value.to_lowercase() },
                    None => {
                        let value = value::number(&value, unit, now, zone).map_err(|reason| Fault::new(at, reason))?;
                        Self::Number { column, op, value }
                    }
                }
            }
        })
    }

    fn plain(text: String, case: Case, at: usize) -> Result<Self, Fault> {
        let regex = compile(&regex::escape(&text), &text, case).map_err(|reason| Fault::new(at, reason))?;
        Ok(Self::Anywhere { regex, id: Some(text) })
    }

    fn holds(&self, Candidate { entry, marked, changed }: Candidate<'_>, lens: &Lens) -> bool {
        let row = &entry.row;
        match self {
            Self::Anywhere { regex, id } => {
                regex.is_match(&lens.haystack) || id.as_deref().is_some_and(|id| is_id(row.id(), id))
            }
            Self::Fuzzy(text) => FUZZY.fuzzy_match(&lens.haystack, text).is_some(),
            Self::Cell { column, regex, wanted } => {
                let cell = row.cell(*column, &lens.cx);
                regex.is_match(&cell.text) == *wanted && (*wanted || row.order(*column, &lens.cx) != Order::Absent)
            }
            Self::Number { column, op, value } => match row.order(*column, &lens.cx) {
                Order::Number(number) => number.partial_cmp(value).is_some_and(|order| op.accepts(order)),
                Order::Absent | Order::Text(_) => false,
            },
            Self::Collated { column, op, value } => match row.order(*column, &lens.cx) {
                Order::Text(text) => op.accepts(collate(&text, value)),
                Order::Number(number) => value
                    .parse()
                    .ok()
                    .and_then(|value| number.partial_cmp(&value))
                    .is_some_and(|order| op.accepts(order)),
                Order::Absent => false,
            },
            Self::State(state) => match state.as_str() {
                "fault" => row.fault(),
                "marked" => marked,
                "changed" => changed,
                state => row.states().contains(&state),
            },
        }
    }
}

#[cfg(test)]
mod tests;
