//! Columns: their heads, and the cells that rows fill them with.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Part, Query, Zone};

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

/// One cell of a table: the text that is drawn, and what filters compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    pub text: Cow<'a, str>,
    pub tone: Tone,
    /// What filters compare, where that is not the text as a whole: each of several values, or the value without what is
    /// drawn beside it. Numbers are in the unit of the column, times in RFC 3339.
    values: Vec<Cow<'a, str>>,
    /// A text for where there is no room for the whole one.
    brief: Option<Cow<'a, str>>,
}

impl<'a> Cell<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>, tone: Tone) -> Self {
        Self { text: text.into(), tone, values: Vec::new(), brief: None }
    }

    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// What is not there, or not known.
    pub fn absent() -> Self {
        Self::new(ABSENT, Tone::Muted)
    }

    /// What is still to be fetched.
    pub fn pending() -> Self {
        Self::new(PENDING, Tone::Muted)
    }

    /// Several values, drawn with `separator` between them; absent when there are none.
    pub fn list(values: impl IntoIterator<Item = impl Into<Cow<'a, str>>>, separator: &str, tone: Tone) -> Self {
        let values: Vec<Cow<'a, str>> = values.into_iter().map(Into::into).collect();
        match values.is_empty() {
            true => Self::absent(),
            false => Self::new(values.join(separator), tone).values(values),
        }
    }

    /// The same cell in another tone.
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The same cell, with what filters compare in place of its text.
    pub fn values(mut self, values: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        self.values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Whether it says only that there is no value, or none yet.
    pub fn is_absent(&self) -> bool {
        matches!(&*self.text, "" | ABSENT | PENDING)
    }

    /// What filters compare: each value, or the text where it is the value. Nothing when absent.
    pub fn compared(&self) -> impl Iterator<Item = &str> {
        let text = Some(&*self.text).filter(|_| self.values.is_empty() && !self.is_absent());
        self.values.iter().map(|value| &**value).chain(text)
    }

    /// The same cell, with a shorter text for where there is no room for the whole one.
    pub fn or_briefly(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.brief = Some(text.into());
        self
    }

    /// The shortest text that says it.
    pub fn briefly(&self) -> &str {
        self.brief.as_deref().unwrap_or(&self.text)
    }

    /// Whether there is no value, and none to come.
    pub fn is_empty(&self) -> bool {
        matches!(&*self.text, "" | ABSENT)
    }
}

/// What is drawn where there is no value, and where it is still to be fetched.
const ABSENT: &str = "-";
const PENDING: &str = "…";

/// What a cell may depend on besides its row.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Timestamp,
    /// The zone that times are shown in.
    pub zone: Zone,
}

/// The value a column sorts by. Absent values sort last in either direction.
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
    /// CPU units; `256` and `0.25vcpu` are understood.
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
    /// 0 goes last when the screen is narrow, the highest first.
    pub priority: u8,
    /// Shown only in the wide view.
    pub wide: bool,
    /// Part of what tells two rows apart: it stays however narrow the screen is, and while the others are scrolled.
    pub identity: bool,
    /// The cell alone may be why a row is marked as a warning or worse: the column stays while one is.
    pub marks_row: bool,
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
            identity: false,
            marks_row: false,
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

    /// Part of what tells two rows apart.
    pub const fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// May alone be why a row is marked.
    pub const fn marks_row(mut self) -> Self {
        self.marks_row = true;
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

    /// Whether `word` names this column: its name, an alias, or its title as it stands on screen. Case does not count,
    /// nor do the spaces and dashes of titles of two words.
    pub fn answers_to(&self, word: &str) -> bool {
        let bare = |text: &str| text.replace([' ', '-', '_'], "").to_lowercase();
        let word = bare(word);
        !word.is_empty() && self.names().any(|name| bare(name) == word)
    }

    /// Everything that it can be called; a title such as `FAIL/H` also without the part after the slash.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let counted = self.title.split_once('/').map(|(what, _)| what);
        [self.name].into_iter().chain(self.aliases.iter().copied()).chain([self.title]).chain(counted)
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
