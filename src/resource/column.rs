//! Columns and cells of tables.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Part, Query, Zone};

/// Emphasis of a value, in ascending order. The theme maps it to a colour; glyph and text say the same without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Past, absent or unimportant.
    Muted,
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// In progress.
    Busy,
    /// Waiting for something or somebody.
    Wait,
    Warn,
    Bad,
}

/// One cell of a table: the text that is drawn, and the values that filters compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    pub text: Cow<'a, str>,
    pub tone: Tone,
    /// Values that filters compare, where they differ from the text: each of several values, or the value without the text
    /// drawn beside it. Numbers are in the unit of the column, times in RFC 3339. Empty means the text itself.
    values: Vec<Cow<'a, str>>,
    /// Shorter text for a narrow column.
    brief: Option<Cow<'a, str>>,
}

impl<'a> Cell<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>, tone: Tone) -> Self {
        Self { text: text.into(), tone, values: Vec::new(), brief: None }
    }

    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// A cell without a value.
    pub fn absent() -> Self {
        Self::new(ABSENT, Tone::Muted)
    }

    /// A cell whose value is still being fetched.
    pub fn pending() -> Self {
        Self::new(PENDING, Tone::Muted)
    }

    /// A cell with several values, drawn with `separator` between them; absent when there are none.
    pub fn list(values: impl IntoIterator<Item = impl Into<Cow<'a, str>>>, separator: &str, tone: Tone) -> Self {
        let values: Vec<Cow<'a, str>> = values.into_iter().map(Into::into).collect();
        match values.is_empty() {
            true => Self::absent(),
            false => Self::new(values.join(separator), tone).values(values),
        }
    }

    /// Replaces the tone.
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// Sets the values that filters compare in place of the text.
    pub fn values(mut self, values: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        self.values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Whether there is no value, or none yet.
    pub fn is_absent(&self) -> bool {
        matches!(&*self.text, "" | ABSENT | PENDING)
    }

    /// Values that filters compare: those set explicitly, or else the text. None when the cell is absent.
    pub fn compared(&self) -> impl Iterator<Item = &str> {
        let text = Some(&*self.text).filter(|_| self.values.is_empty() && !self.is_absent());
        self.values.iter().map(|value| &**value).chain(text)
    }

    /// Sets a shorter text for a narrow column.
    pub fn or_short(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.brief = Some(text.into());
        self
    }

    /// The shortest text of the cell.
    pub fn short_text(&self) -> &str {
        self.brief.as_deref().unwrap_or(&self.text)
    }

    /// Whether there is no value and none is being fetched.
    pub fn is_empty(&self) -> bool {
        matches!(&*self.text, "" | ABSENT)
    }
}

/// Text of a cell without a value, and of one whose value is still being fetched.
const ABSENT: &str = "-";
const PENDING: &str = "…";

/// Clock and time zone, which a cell may depend on besides its row.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Timestamp,
    /// Time zone of the times on screen.
    pub zone: Zone,
}

/// Sort value of a cell. Absent values sort last in either direction.
#[derive(Debug, Clone, PartialEq)]
pub enum Order<'a> {
    Absent,
    Number(f64),
    Text(Cow<'a, str>),
}

/// Unit of a column's values, used to parse and compare what is typed after `<`, `>` or `=`.
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

/// Alignment of a column's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    #[default]
    Left,
    Right,
}

/// Descriptor of a column: everything about it that needs no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Lower-case name used in filters, sort and `config.toml`.
    pub name: &'static str,
    pub title: &'static str,
    pub aliases: &'static [&'static str],
    /// Smallest width while shown, in terminal cells.
    pub min: u16,
    /// Greatest width, in terminal cells.
    pub max: u16,
    pub align: Align,
    pub unit: Unit,
    /// Drop priority on a narrow screen: the highest is dropped first, 0 last.
    pub priority: u8,
    /// Shown only in the wide view.
    pub wide: bool,
    /// Whether the column identifies a row. It stays on a narrow screen and while the others scroll.
    pub identity: bool,
    /// Whether the cell alone may be the reason why a row is shown as a warning or worse. The column stays while one is.
    pub marks_row: bool,
    /// Part of a query that, once fixed, makes all rows equal in this column and hides it.
    pub hidden_by: Option<Part>,
    /// Whether the text changes with the clock. Such a change is not highlighted.
    pub ages: bool,
}

impl Column {
    /// Creates a left-aligned text column that is always shown.
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
            hidden_by: None,
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

    /// Marks the column as one that identifies a row.
    pub const fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// Keeps the column on a narrow screen while its cell is why a row is marked.
    pub const fn marks_row(mut self) -> Self {
        self.marks_row = true;
        self
    }

    /// Hides the column where the query fixes `part`.
    pub const fn hidden_by(mut self, part: Part) -> Self {
        self.hidden_by = Some(part);
        self
    }

    pub const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// Sets the unit, and aligns numbers right.
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        if !matches!(unit, Unit::Text) {
            self.align = Align::Right;
        }
        self
    }

    /// Makes it an age in seconds, which grows with the clock.
    pub const fn age(mut self) -> Self {
        self.ages = true;
        self.unit(Unit::Seconds)
    }

    /// Marks the text as one that changes with the clock.
    pub const fn drifting(mut self) -> Self {
        self.ages = true;
        self
    }

    /// Whether a table of `query` has this column.
    pub fn shown(&self, query: &Query, wide: bool) -> bool {
        wide || !(self.wide || self.hidden_by.is_some_and(|part| query.fixes(part)))
    }

    /// Whether `word` is the name, an alias or the title of this column. Case is ignored, and so are spaces and dashes in
    /// titles of two words.
    pub fn answers_to(&self, word: &str) -> bool {
        let bare = |text: &str| text.replace([' ', '-', '_'], "").to_lowercase();
        let word = bare(word);
        !word.is_empty() && self.names().any(|name| bare(name) == word)
    }

    /// Name, aliases and title; a title such as `FAIL/H` also without the part after the slash.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let counted = self.title.split_once('/').map(|(what, _)| what);
        [self.name].into_iter().chain(self.aliases.iter().copied()).chain([self.title]).chain(counted)
    }
}

/// A column of kind `R`, with the functions that return a row's cell and sort value.
pub struct Field<R> {
    pub column: Column,
    pub cell: for<'a> fn(&'a R, &Context) -> Cell<'a>,
    pub order: for<'a> fn(&'a R, &Context) -> Order<'a>,
}

/// Cell with a count: muted when zero, otherwise in `tone`.
pub(super) fn count_cell(count: i32, tone: Tone) -> Cell<'static> {
    Cell::new(count.to_string(), if count == 0 { Tone::Muted } else { tone })
}
