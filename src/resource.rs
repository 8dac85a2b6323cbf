//! Resource kinds: what a service, a task or an instance is to this console.
//!
//! A kind is one file below `resource/` and one line in [`KINDS`]. The file is the whole truth about it: the struct (ours;
//! SDK types stop at the end of its `fetch`), how it is fetched, its columns, what Enter opens, what makes it a fault.
//! Text and [`Tone`] only: no colours and no terminal types.

use std::{any::Any, borrow::Cow, fmt, sync::Arc};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::{Clients, Failure};

pub mod cluster;
pub mod container;
pub mod deployment;
pub mod document;
pub mod event;
pub mod export;
pub mod family;
pub mod format;
pub mod instance;
pub mod query;
pub mod revision;
pub mod service;
pub mod task;

pub use document::Document;
pub use query::{Part, Query, Relation, Status, View};

/// Every kind, in the order in which help and completion list them.
pub static KINDS: &[&Kind] = &[
    &cluster::KIND,
    &service::KIND,
    &task::KIND,
    &container::KIND,
    &instance::KIND,
    &deployment::KIND,
    &event::KIND,
    &family::KIND,
    &revision::KIND,
];

/// Finds a kind by name, plural or alias, ignoring case.
pub fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.names().any(|name| name.eq_ignore_ascii_case(word)))
}

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

/// How soon a row may change again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Never again (a stopped task, a task definition revision): fetched once.
    Final,
    Calm,
    /// Deploying, pending, stopping: looked at most often.
    Moving,
}

/// A row type: implemented once per kind; [`Row`] follows from it.
pub trait Resource: Any + fmt::Debug + Send + Sync + PartialEq + Serialize + Sized {
    /// The descriptor of this kind.
    fn kind() -> &'static Kind;
    /// Its columns, in the order of the table.
    fn fields() -> &'static [Field<Self>];
    /// The ARN, or what stands for one: selection, marks and the store go by it.
    fn id(&self) -> &str;
    /// The short name a person calls it.
    fn name(&self) -> Cow<'_, str>;
    /// The cluster it lives in, by name.
    fn cluster(&self) -> Option<&str> {
        None
    }
    /// The id of the row it was derived from.
    fn parent(&self) -> Option<&str> {
        None
    }
    fn pace(&self) -> Pace {
        Pace::Calm
    }
    /// Something is wrong with it that a person should look at.
    fn fault(&self) -> bool {
        false
    }
    /// Words that `is:WORD` filters understand beside `fault`, `marked` and `changed`: `stopped`, `unhealthy`, …
    fn states(&self) -> Vec<&'static str> {
        Vec::new()
    }
    /// What Enter opens.
    fn drill(&self) -> Option<View> {
        None
    }
    /// Where `relation` leads from here; absent when this row has none.
    fn related(&self, _relation: Relation) -> Option<View> {
        None
    }
    /// The AWS CLI call that shows this row, as the words after `aws`: `["ecs", "describe-services", …]`.
    fn cli(&self) -> Option<Vec<String>> {
        None
    }
    /// Everything known, in human words, findings first.
    fn describe(&self, cx: &Context) -> Document;
}

/// A row of any kind. The blanket implementation for every [`Resource`] is the only one.
pub trait Row: Any + fmt::Debug + Send + Sync {
    fn kind(&self) -> &'static Kind;
    fn id(&self) -> &str;
    fn name(&self) -> Cow<'_, str>;
    fn cluster(&self) -> Option<&str>;
    fn parent(&self) -> Option<&str>;
    fn pace(&self) -> Pace;
    fn fault(&self) -> bool;
    fn states(&self) -> Vec<&'static str>;
    fn drill(&self) -> Option<View>;
    fn related(&self, relation: Relation) -> Option<View>;
    fn cli(&self) -> Option<Vec<String>>;
    fn describe(&self, cx: &Context) -> Document;
    /// The cell in column `index` of the kind's columns; absent when there is no such column.
    fn cell(&self, index: usize, cx: &Context) -> Cell<'_>;
    /// What column `index` sorts by.
    fn order(&self, index: usize, cx: &Context) -> Order<'_>;
    /// The columns, as bits, whose text differs from `old`'s, the ageing ones left out.
    fn changes(&self, old: &dyn Row, cx: &Context) -> u64;
    fn same(&self, other: &dyn Row) -> bool;
    /// Our own struct as JSON, for `-o json` of what AWS no longer knows.
    fn json(&self) -> serde_json::Value;
    fn any(&self) -> &dyn Any;
}

impl<R: Resource> Row for R {
    fn kind(&self) -> &'static Kind {
        R::kind()
    }

    fn id(&self) -> &str {
        Resource::id(self)
    }

    fn name(&self) -> Cow<'_, str> {
        Resource::name(self)
    }

    fn cluster(&self) -> Option<&str> {
        Resource::cluster(self)
    }

    fn parent(&self) -> Option<&str> {
        Resource::parent(self)
    }

    fn pace(&self) -> Pace {
        Resource::pace(self)
    }

    fn fault(&self) -> bool {
        Resource::fault(self)
    }

    fn states(&self) -> Vec<&'static str> {
        Resource::states(self)
    }

    fn drill(&self) -> Option<View> {
        Resource::drill(self)
    }

    fn related(&self, relation: Relation) -> Option<View> {
        Resource::related(self, relation)
    }

    fn cli(&self) -> Option<Vec<String>> {
        Resource::cli(self)
    }

    fn describe(&self, cx: &Context) -> Document {
        Resource::describe(self, cx)
    }

    fn cell(&self, index: usize, cx: &Context) -> Cell<'_> {
        R::fields().get(index).map_or_else(Cell::absent, |field| (field.cell)(self, cx))
    }

    fn order(&self, index: usize, cx: &Context) -> Order<'_> {
        R::fields().get(index).map_or(Order::Absent, |field| (field.order)(self, cx))
    }

    fn changes(&self, old: &dyn Row, cx: &Context) -> u64 {
        let Some(old) = old.any().downcast_ref::<R>() else { return 0 };
        R::fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| !field.column.ages)
            .filter(|(_, field)| (field.cell)(self, cx) != (field.cell)(old, cx))
            .fold(0, |bits, (index, _)| bits | 1 << index)
    }

    fn same(&self, other: &dyn Row) -> bool {
        other.any().downcast_ref::<R>() == Some(self)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

/// What is said of a kind without a row at hand.
pub struct Kind {
    /// Singular, lower case: `service`.
    pub name: &'static str,
    /// Plural: the title of its table, and the word after `ecsight get`.
    pub plural: &'static str,
    pub aliases: &'static [&'static str],
    /// One line for help and completion.
    pub about: &'static str,
    pub columns: fn() -> Vec<&'static Column>,
    /// The column it is sorted by at first, and whether downwards.
    pub sort: (&'static str, bool),
    /// False for what exists once per account and Region: clusters, task definitions.
    pub in_cluster: bool,
    /// The JSON key under which the AWS CLI lists this kind: `services`.
    pub json_key: &'static str,
    pub origin: Origin,
}

impl Kind {
    /// Name, plural and aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.plural].into_iter().chain(self.aliases.iter().copied())
    }

    /// The index of the column called `word`, by name or alias.
    pub fn column(&self, word: &str) -> Option<usize> {
        (self.columns)().iter().position(|column| column.answers_to(word))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Where the rows of a kind come from.
pub enum Origin {
    /// From AWS: a list call for ids, a batched describe for details.
    Fetched(&'static dyn Fetch),
    /// Out of the rows of another kind; costs no call.
    Derived { from: &'static Kind, rows: fn(&dyn Row) -> Vec<Arc<dyn Row>> },
}

/// One page of ids.
#[derive(Debug, Default)]
pub struct Page {
    pub ids: Vec<Arc<str>>,
    pub next: Option<String>,
}

/// What a describe call brought.
#[derive(Debug, Default)]
pub struct Batch {
    pub rows: Vec<Arc<dyn Row>>,
    /// Ids that AWS no longer knows (`failures[]` with reason MISSING).
    pub missing: Vec<Arc<str>>,
}

/// How often, at most, a feed asks.
#[derive(Debug, Clone, Copy)]
pub struct Cadence {
    /// Seconds between two full lists; stretched for long ones.
    pub list: u32,
    /// Seconds between two looks at a visible calm row, and at a moving one.
    pub visible: u32,
    pub moving: u32,
    /// Seconds in which every row is looked at once; stretched for many rows.
    pub sweep: u32,
}

/// The two calls behind a fetched kind.
pub trait Fetch: Send + Sync {
    /// Ids a describe call takes; 0 when the list is all there is and [`Fetch::stub`] makes the rows.
    fn batch(&self) -> usize;
    fn cadence(&self) -> Cadence;
    /// Describe only what is on screen (one call a row would be needed for the rest).
    fn visible_only(&self) -> bool {
        false
    }
    /// Rows that a later list leaves out stay: AWS forgets stopped tasks after an hour, the console does not.
    fn keeps_gone(&self, _query: &Query) -> bool {
        false
    }
    /// One page of ids; full pages are asked for.
    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>>;
    /// The rows behind `ids`, of which there are at most [`Fetch::batch`].
    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>>;
    /// A row made of its id alone, shown until it is described.
    fn stub(&self, _id: &str) -> Option<Arc<dyn Row>> {
        None
    }
}

impl Page {
    fn new(ids: Option<Vec<String>>, next: Option<String>) -> Self {
        // An empty token would start the list over.
        let next = next.filter(|token| !token.is_empty());
        Self { ids: ids.unwrap_or_default().into_iter().map(Arc::from).collect(), next }
    }

    /// A list that needs no call: the one row that was asked for.
    fn one(id: &Arc<str>) -> Self {
        Self { ids: vec![id.clone()], next: None }
    }
}

impl Batch {
    /// Rows out of an answer's items; those without so much as a name are left out.
    fn new<S, R: Resource>(items: Option<Vec<S>>, row: impl Fn(S) -> Option<R>, missing: Vec<Arc<str>>) -> Self {
        let rows = items.unwrap_or_default().into_iter().filter_map(row);
        Self { rows: rows.map(|row| Arc::new(row) as Arc<dyn Row>).collect(), missing }
    }
}

/// The columns of `R` without their functions.
fn columns<R: Resource>() -> Vec<&'static Column> {
    R::fields().iter().map(|field| &field.column).collect()
}

/// The ids of `failures[]` that AWS calls MISSING: gone, which is no error.
fn gone(failures: Option<Vec<aws_sdk_ecs::types::Failure>>) -> Vec<Arc<str>> {
    let missing = failures.unwrap_or_default().into_iter().filter(|f| f.reason.as_deref() == Some("MISSING"));
    missing.filter_map(|failure| failure.arn.map(Arc::from)).collect()
}

fn strings(ids: &[Arc<str>]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn tags(tags: Option<Vec<aws_sdk_ecs::types::Tag>>) -> Vec<(String, String)> {
    let pair = |tag: aws_sdk_ecs::types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.unwrap_or_default().into_iter().filter_map(pair).collect()
}

/// A count; zero recedes, anything else is in `tone`.
fn count_cell(count: i32, tone: Tone) -> Cell<'static> {
    Cell::new(count.to_string(), if count == 0 { Tone::Muted } else { tone })
}
