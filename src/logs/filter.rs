//! Filters of a log view.
//!
//! The grammar is that of [`crate::grammar`], with terms of its own:
//!
//! ```text
//! level op word         level>=warn    a line of unknown level passes >, >=, < and <=
//! source op text        task:1a2b container=app service:pay revision:42
//! .key op value         .status>=500 .user.id=7 .error~"time.?out"    in JSON lines
//! is:state              is:late is:mark is:output
//! ```
//!
//! A comparison of a key matches only lines that have the key: `.status!=200` does not match lines without a status.

use std::ops::Range;

use regex::Regex;

mod field;
mod line_test;
mod needle;
mod stack;
mod vocabulary;

use field::FieldCondition;
use line_test::{LineState, LineTest, SourcePart};
use needle::Needle;
pub use stack::{FilterMode, FilterRule, FilterStack, FilterVerdict};
pub use vocabulary::{keys, names, states, values};

use super::{Level, Line, Role, ansi};
use crate::grammar::{self, Case, Fault, Op, Term, Test, collate, compile, is_id, option, regular};

/// The most matches highlighted per line: more than fit on a screen.
const MOST_MATCHES: usize = 1000;

/// A parsed filter.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    text: String,
    conditions: Vec<(bool, Condition)>,
}

/// A term, with everything precomputed that doesn't depend on the line.
#[derive(Debug, Clone)]
enum Condition {
    /// Anywhere in the text.
    Plain(Needle),
    Regular(Regex),
    Level {
        op: Op,
        level: Level,
    },
    /// The source of the line. `wanted` is false for `!=` and `!~`.
    Place {
        place: SourcePart,
        name: Needle,
        wanted: bool,
        /// A full id or ARN, as pasted by the user.
        id: Option<String>,
    },
    Ordered {
        place: SourcePart,
        op: Op,
        value: String,
    },
    Field(Box<FieldCondition>),
    State(LineState),
}

impl PartialEq for LineFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl LineFilter {
    /// Parses a filter for logs.
    ///
    /// # Errors
    /// The position and the reason of a syntax error.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        for (flag, reason) in [
            ("-f", "fuzzy search is not available in logs; use a word or a regular expression"),
            ("-l", "log lines have no tags; use task:, container: or .key="),
        ] {
            if option(text, flag).is_some() {
                return Err(Fault::new(0, reason));
            }
        }
        let (terms, case) = grammar::terms(text, line_test::own)?;
        let mut conditions = terms
            .into_iter()
            .map(|term| Ok((term.negated, Condition::new(term, case)?)))
            .collect::<Result<Vec<_>, Fault>>()?;
        // The cheapest first, so that the others are evaluated less often.
        conditions.sort_by_key(|(_, condition)| condition.cost());
        Ok(Self { text: text.trim().into(), conditions })
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether it has no conditions, and so admits every line.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Returns whether the line may match: conditions on an unknown level count as true.
    pub fn admits(&self, line: &Line) -> bool {
        self.holds(line, true)
    }

    /// Returns whether the line certainly matches: conditions on an unknown level count as false.
    pub fn certainly_matches(&self, line: &Line) -> bool {
        self.holds(line, false)
    }

    fn holds(&self, line: &Line, if_unknown: bool) -> bool {
        let mut text = None;
        self.conditions.iter().all(|(negated, condition)| {
            let holds = match condition {
                Condition::Plain(needle) => needle.is_in(text.get_or_insert_with(|| ansi::bare(&line.text))),
                Condition::Regular(regex) => regex.is_match(text.get_or_insert_with(|| ansi::bare(&line.text))),
                Condition::Level { op, level } => match line.level {
                    Some(of) => op.accepts(of.cmp(level)),
                    None if matches!(op, Op::Equals | Op::Contains) => false,
                    None if matches!(op, Op::Differs) => true,
                    None => return if_unknown,
                },
                condition => condition.holds(line),
            };
            holds != *negated
        })
    }

    /// The matches in `text` as byte ranges, in order and not overlapping.
    pub fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.find(text, &mut found);
        merge_ranges(found)
    }

    fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        for (negated, condition) in &self.conditions {
            match condition {
                Condition::Plain(needle) if !negated => found.extend(needle.find(text).take(MOST_MATCHES)),
                Condition::Regular(regex) if !negated => {
                    let ranges = regex.find_iter(text).map(|found| found.range());
                    found.extend(ranges.filter(|range| !range.is_empty()).take(MOST_MATCHES));
                }
                _ => {}
            }
        }
    }

    /// The cost of evaluating the filter on a text of this length.
    fn cost(&self, length: usize) -> usize {
        let cost = |condition: &Condition| {
            let (line, byte) = condition.cost();
            line.saturating_add(length.saturating_mul(byte))
        };
        self.conditions.iter().map(|(_, condition)| cost(condition)).sum()
    }
}

/// Sorts ranges and merges those that touch.
fn merge_ranges(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let touch = next.start <= last.end;
        if touch {
            last.end = last.end.max(next.end);
        }
        touch
    });
    ranges
}

impl Condition {
    fn new(term: Term<LineTest>, case: Case) -> Result<Self, Fault> {
        let fault = |reason| Fault::new(term.at, reason);
        Ok(match term.test {
            Test::Word(word) => match regular(&word, case) {
                Some(regex) => Self::Regular(regex),
                None => Self::Plain(Needle::new(&word, case).map_err(fault)?),
            },
            Test::Quoted(text) => Self::Plain(Needle::new(&text, case).map_err(fault)?),
            Test::Own(LineTest::Level { op, level }) => Self::Level { op, level },
            Test::Own(LineTest::State(state)) => Self::State(state),
            Test::Own(LineTest::Field { path, op, value }) => {
                Self::Field(Box::new(FieldCondition::new(path, op, &value, case).map_err(fault)?))
            }
            Test::Own(LineTest::Place { place, op, value }) => match op.pattern(&value) {
                Some((pattern, wanted)) => {
                    let name = match op {
                        Op::Contains => Needle::new(&value, case),
                        _ => compile(&pattern, &value, case).map(Needle::Regular),
                    };
                    let id = (!matches!(op, Op::Matches | Op::MatchesNot)).then_some(value);
                    Self::Place { place, name: name.map_err(fault)?, wanted, id }
                }
                None => Self::Ordered { place, op, value: value.to_lowercase() },
            },
        })
    }

    /// The cost of evaluating it, per line and per byte of text. A unit is the cost of searching one byte for a word.
    fn cost(&self) -> (usize, usize) {
        match self {
            Self::Level { .. } | Self::State(_) => (0, 0),
            Self::Place { .. } | Self::Ordered { .. } => (256, 0),
            Self::Plain(_) => (0, 1),
            Self::Regular(_) => (64, 4),
            Self::Field(_) => (64, 8),
        }
    }

    /// Returns whether it holds; for conditions on neither the text nor the level.
    fn holds(&self, line: &Line) -> bool {
        match self {
            Self::Place { place, name: needle, wanted, id } => line.source.as_deref().is_some_and(|source| {
                let is = |name: &str| needle.is_in(name) || id.as_deref().is_some_and(|id| is_id(id, name));
                let mut names = place.names(source).peekable();
                names.peek().is_some() && names.any(is) == *wanted
            }),
            Self::Ordered { place, op, value } => {
                let name = line.source.as_deref().and_then(|source| place.names(source).next());
                name.is_some_and(|name| op.accepts(collate(name, value)))
            }
            Self::Field(field) => field.holds(&line.text),
            Self::State(LineState::Late) => line.late,
            Self::State(LineState::Mark) => line.role == Role::Mark,
            Self::State(LineState::Output) => line.role == Role::Output,
            Self::Plain(_) | Self::Regular(_) | Self::Level { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests;
