//! Filters: which lines of a log are shown.
//!
//! Their grammar is that of [`crate::grammar`], with what only logs know:
//!
//! ```text
//! level op word         level>=warn    a line whose level is not known stays in sight where levels are put in order
//! where op text         task:1a2b container=app service:pay revision:42
//! .key op value         .status>=500 .user.id=7 .error~"time.?out"    of a line that is JSON
//! is:state              is:late is:mark is:output
//! ```
//!
//! A comparison of a key holds only for lines that have it: `.status!=200` leaves out what tells no status.

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

/// Ranges that are found in one text at most: more than anybody can see.
const MOST_MATCHES: usize = 1000;

/// A filter as it was typed, ready to be asked about lines.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    text: String,
    conditions: Vec<(bool, Condition)>,
}

/// A term with everything worked out that doesn't depend on the line.
#[derive(Debug, Clone)]
enum Condition {
    /// Somewhere in the text.
    Plain(Needle),
    Regular(Regex),
    Level {
        op: Op,
        level: Level,
    },
    /// Where the line comes from. `wanted` is false for `!=` and `!~`.
    Place {
        place: SourcePart,
        name: Needle,
        wanted: bool,
        /// What a person may have pasted whole.
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
    /// Reads a filter for logs.
    ///
    /// # Errors
    /// Where it can't be read, and why.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        for (flag, reason) in [
            ("-f", "nothing is looked for fuzzily in a log; a word or a regular expression is"),
            ("-l", "lines have no tags; task:, container: and .key= are known"),
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
        // The cheapest first: those behind it are asked less often.
        conditions.sort_by_key(|(_, condition)| condition.cost());
        Ok(Self { text: text.trim().into(), conditions })
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets every line through.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether the line is one that is asked for, as far as anybody knows: what depends on a level that is not known is
    /// taken to hold.
    pub fn admits(&self, line: &Line) -> bool {
        self.holds(line, true)
    }

    /// Whether the line is one that is asked for beyond doubt.
    pub fn surely(&self, line: &Line) -> bool {
        self.holds(line, false)
    }

    fn holds(&self, line: &Line, in_doubt: bool) -> bool {
        let mut text = None;
        self.conditions.iter().all(|(negated, condition)| {
            let holds = match condition {
                Condition::Plain(needle) => needle.is_in(text.get_or_insert_with(|| ansi::bare(&line.text))),
                Condition::Regular(regex) => regex.is_match(text.get_or_insert_with(|| ansi::bare(&line.text))),
                Condition::Level { op, level } => match line.level {
                    Some(of) => op.accepts(of.cmp(level)),
                    None if matches!(op, Op::Equals | Op::Contains) => false,
                    None if matches!(op, Op::Differs) => true,
                    None => return in_doubt,
                },
                condition => condition.holds(line),
            };
            holds != *negated
        })
    }

    /// What of `text` is looked for: the ranges of bytes, in order and apart from each other.
    pub fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.find(text, &mut found);
        apart(found)
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

    /// What asking about a text of this length costs.
    fn cost(&self, length: usize) -> usize {
        let cost = |condition: &Condition| {
            let (line, byte) = condition.cost();
            line.saturating_add(length.saturating_mul(byte))
        };
        self.conditions.iter().map(|(_, condition)| cost(condition)).sum()
    }
}

/// The ranges in order; those that touch are one.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
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

    /// What asking costs, for a line and for each byte of its text: so many bytes could be searched for a word meanwhile.
    fn cost(&self) -> (usize, usize) {
        match self {
            Self::Level { .. } | Self::State(_) => (0, 0),
            Self::Place { .. } | Self::Ordered { .. } => (256, 0),
            Self::Plain(_) => (0, 1),
            Self::Regular(_) => (64, 4),
            Self::Field(_) => (64, 8),
        }
    }

    /// Whether it holds, for those that are neither about the text nor about the level.
    fn holds(&self, line: &Line) -> bool {
        match self {
            Self::Place { place, name: asked, wanted, id } => line.source.as_deref().is_some_and(|source| {
                let is = |name: &str| asked.is_in(name) || id.as_deref().is_some_and(|id| is_id(id, name));
                let mut names = place.of(source).peekable();
                names.peek().is_some() && names.any(is) == *wanted
            }),
            Self::Ordered { place, op, value } => {
                let name = line.source.as_deref().and_then(|source| place.of(source).next());
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
