//! Columns: their heads, and the cells that rows fill them with.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Part, Query};

/// How a value should strike the eye, in the order in which it should. The theme gives it a colour; the glyph and the
/// text carry it without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Past, absent or unimportant.
    Muted,
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// At work, on its way.
    Busy,
    /// Waiting for something or somebody.
    Wait,
    Warn,
    Bad,
}

/// The text of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    pub text: Cow<'a, str>,
    pub tone: Tone,
}

impl<'a> Cell<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// What is not there, or not known.
    pub fn absent() -> Self {
        Self::new("-", Tone::Muted)
    }
}

/// What a cell may depend on besides its row.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub now: Timestamp,
}

/// The value a column sorts and compares by. Absent values sort last in either direction.
#[derive(Debug, Clone, PartialEq)]
pub enum Order<'a> {
    Absent,
    Number(f64),
    Text(Cow<'a, str>),
}

/// How the values of a column compare with what a person types after `<`, `>` or `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Text; compared by smart case.
    #[default]
    Text,
    /// A plain number.
    Count,
    /// Seconds; `10m`, `2h`, `1d12h` are understood.
    Seconds,
    /// Seconds since the epoch; `14:05` and `2026-01-31` are understood.
    Time,
    /// MiB; `512Mi`, `2Gi` are understood.
    Mebibytes,
    /// vCPU; `256` CPU units or `0.25vcpu`.
    Cpu,
}

/// The side a column's text is flush with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    #[default]
    Left,
    Right,
}

/// What is said of a column without a row at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Lower-case name, as filters, sort and `config.toml` use it.
    pub name: &'static str,
    pub title: &'static str,
    pub aliases: &'static [&'static str],
    /// Cells: never narrower than `min` while shown, never wider than `max`.
    pub min: u16,
    pub max: u16,
    pub align: Align,
    pub unit: Unit,
    /// 0 is always shown; the highest goes first when the screen is narrow.
    pub priority: u8,
    /// Shown only in the wide view.
    pub wide: bool,
    /// The part of a query that makes every row alike in this column: not shown then.
    pub told_by: Option<Part>,
    /// The text moves with the clock alone: such a change is no news.
    pub ages: bool,
}

impl Column {
    /// A left-aligned text column that is always shown.
    pub const fn new(name: &'static str, title: &'static str, min: u16, max: u16) -> Self {
        Self {
            name,
            title,
            aliases: &[],
            min,
            max,
            align: Align::Left,
            unit: Unit::Text,
            priority: 0,
            wide: false,
            told_by: None,
            ages: false,
        }
    }

    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    pub const fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// Left out where the query fixes `part`.
    pub const fn told_by(mut self, part: Part) -> Self {
        self.told_by = Some(part);
        self
    }

    pub const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// Compared as `unit` and flush right when it is a number.
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        if !matches!(unit, Unit::Text) {
            self.align = Align::Right;
        }
        self
    }

    /// An age: seconds that grow with the clock.
    pub const fn age(mut self) -> Self {
        self.ages = true;
        self.unit(Unit::Seconds)
    }

    /// The text moves with the clock alone.
    pub const fn drifting(mut self) -> Self {
        self.ages = true;
        self
    }

    /// Whether a table of `query` has it at all.
    pub fn shown(&self, query: &Query, wide: bool) -> bool {
        wide || !(self.wide || self.told_by.is_some_and(|part| query.fixes(part)))
    }

    /// Whether `word` names this column.
    pub fn answers_to(&self, word: &str) -> bool {
        self.name.eq_ignore_ascii_case(word) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(word))
    }
}

/// A column of kind `R`: its head, and how a row fills and orders it.
pub struct Field<R> {
    pub column: Column,
    pub cell: for<'a> fn(&'a R, &Context) -> Cell<'a>,
    pub order: for<'a> fn(&'a R, &Context) -> Order<'a>,
}

/// A count; zero recedes, anything else is in `tone`.
pub(super) fn count_cell(count: i32, tone: Tone) -> Cell<'static> {
    Cell::new(count.to_string(), if count == 0 { Tone::Muted } else { tone })
}
