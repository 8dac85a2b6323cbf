//! Resource kinds: what a service, a task or an instance is to this console.
//!
//! A kind is one file below `resource/` and one line in `crate::kinds`. The file is the whole truth about it: the struct (ours;
//! SDK types stop at the end of its `fetch`), how it is fetched, its columns, what Enter opens, what makes it a fault.
//! Text and [`Tone`] only: no colours and no terminal types.

use std::{any::Any, borrow::Cow, fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

mod ability;
pub mod capacity_provider;
pub mod cluster;
mod column;
pub mod command;
pub mod container;
pub mod deployment;
pub mod document;
pub mod event;
pub mod evidence;
pub mod export;
pub mod family;
mod fetch;
pub mod finding;
pub mod format;
pub mod inspect;
pub mod instance;
mod log_target;
pub mod markdown;
pub mod query;
pub mod revision;
pub mod secrets;
pub mod service;
pub mod task;
mod typed;
pub mod zone;

pub use ability::Ability;
pub use column::{Align, Cell, Column, Context, Field, Order, Tone, Unit};
pub use document::Document;
pub use fetch::{Batch, Cadence, Fetch, Page};
pub use log_target::LogTarget;
pub use query::{Only, Part, Query, Relation, Status, View};
pub use typed::TypedRow;
pub use zone::Zone;

use crate::aws::Failure;

use column::count_cell;
use fetch::{owned, present, strings, tags};

/// The state, and the word in tables, of what AWS has forgotten.
const ARCHIVED: &str = "archived";
/// The same in words.
const ARCHIVED_LONG: &str = "ECS has forgotten it; from ecsight's history";

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
    /// The row by its type, for code that treats several kinds each in its own way.
    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Other
    }
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
    /// AWS has forgotten it; it stands as it was last seen.
    fn archived(&self) -> bool {
        false
    }
    /// Which of its kind's [`Kind::states`] it is in.
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
    /// The row that an explanation of this one is about, and a view that holds it; absent where that is the row itself.
    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        None
    }
    /// What its timeline is about: a service or a task; absent where it has none of its own.
    fn timeline(&self) -> Option<Query> {
        None
    }
    /// The tasks whose logs are its logs, at the moment `now`: those that Enter opens, unless a kind says otherwise; absent
    /// where it has none.
    fn log_target(&self, _now: Timestamp) -> Option<LogTarget> {
        let tasks = self.drill().filter(|view| view.kind.name == task::KIND.name)?;
        Some(LogTarget::new(self.name(), tasks.query))
    }
    /// The views that an explanation of it consults besides its own.
    fn consults(&self) -> Vec<View> {
        Vec::new()
    }
    /// The AWS CLI call that shows this row, as the words after `aws`: `["ecs", "describe-services", …]`.
    fn cli(&self) -> Option<Vec<String>> {
        None
    }
    /// Everything known, in human words, findings first.
    fn describe(&self, cx: &Context) -> Document;
    /// Lines of the pane that says more of the row under the cursor in tables of `query`, where it lies beneath them; 0:
    /// they have none.
    fn inspects(_query: &Query) -> u16 {
        0
    }
    /// What that pane says in about so many lines, most needed first, in one section, whose title is the pane's.
    fn inspect(&self, _cx: &Context, _lines: u16) -> Option<Document> {
        None
    }
}

/// A row of any kind. The blanket implementation for every [`Resource`] is the only one.
pub trait Row: Any + fmt::Debug + Send + Sync {
    fn kind(&self) -> &'static Kind;
    fn typed(&self) -> TypedRow<'_>;
    fn id(&self) -> &str;
    fn name(&self) -> Cow<'_, str>;
    fn cluster(&self) -> Option<&str>;
    fn parent(&self) -> Option<&str>;
    fn pace(&self) -> Pace;
    fn fault(&self) -> bool;
    fn archived(&self) -> bool;
    fn states(&self) -> Vec<&'static str>;
    fn drill(&self) -> Option<View>;
    fn related(&self, relation: Relation) -> Option<View>;
    fn about(&self) -> Option<(View, Arc<dyn Row>)>;
    fn timeline(&self) -> Option<Query>;
    fn log_target(&self, now: Timestamp) -> Option<LogTarget>;
    fn consults(&self) -> Vec<View>;
    fn cli(&self) -> Option<Vec<String>>;
    fn describe(&self, cx: &Context) -> Document;
    fn inspects(&self, query: &Query) -> u16;
    fn inspect(&self, cx: &Context, lines: u16) -> Option<Document>;
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

    fn typed(&self) -> TypedRow<'_> {
        Resource::typed(self)
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

    fn archived(&self) -> bool {
        Resource::archived(self)
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

    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        Resource::about(self)
    }

    fn timeline(&self) -> Option<Query> {
        Resource::timeline(self)
    }

    fn log_target(&self, now: Timestamp) -> Option<LogTarget> {
        Resource::log_target(self, now)
    }

    fn consults(&self) -> Vec<View> {
        Resource::consults(self)
    }

    fn cli(&self) -> Option<Vec<String>> {
        Resource::cli(self)
    }

    fn describe(&self, cx: &Context) -> Document {
        Resource::describe(self, cx)
    }

    fn inspects(&self, query: &Query) -> u16 {
        R::inspects(query)
    }

    fn inspect(&self, cx: &Context, lines: u16) -> Option<Document> {
        Resource::inspect(self, cx, lines)
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
    /// What its rows can do, or have: keys, commands, help and hints follow from it.
    pub abilities: &'static [Ability],
    /// The words that `is:WORD` filters understand for its rows, beside `fault`, `marked` and `changed`.
    pub states: &'static [&'static str],
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
        let plural = Some(self.plural).filter(|plural| *plural != self.name);
        [self.name].into_iter().chain(plural).chain(self.aliases.iter().copied())
    }

    /// Whether its rows can do, or have, this.
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
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
    /// Put together out of the rows of several views, and judged; costs no call of its own.
    Composed(&'static dyn Compose),
}

/// Rows that are put together out of those of other views.
pub trait Compose: Send + Sync {
    /// The views it is made of.
    fn sources(&self, query: &Query) -> Vec<View>;
    /// How many of the lists that are fetched for them, from the first on, are followed as if they were on screen; the
    /// rest more slowly.
    fn followed(&self) -> usize {
        1
    }
    /// The rows, out of everything the sources hold.
    fn rows(&self, query: &Query, material: &Material<'_>, cx: &Context) -> Vec<Arc<dyn Row>>;
    /// The archived rows that it is also made of.
    fn past(&self) -> Past {
        Past::Nothing
    }
    /// What it means that there are no rows, a sentence each, the one that matters first; none where that is plain.
    fn nothing(&self, _query: &Query, _material: &Material<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// What of the past a composed kind is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    Nothing,
    /// Stopped tasks, events and deployments of its sources that AWS has forgotten are among the rows.
    Rows,
    /// Failures are among the rows, by what they have in common: rows of `crate::diagnose::failures`.
    Failures,
}

/// What a composed kind is made of.
pub struct Material<'a> {
    /// The rows of the sources, of several kinds.
    pub rows: &'a [Arc<dyn Row>],
    /// Sources that have been looked at.
    pub seen: &'a [View],
    /// Sources that have not come yet, or not all of them.
    pub awaited: &'a [View],
    /// Sources that could not be looked at, and why.
    pub gaps: &'a [(View, Arc<Failure>)],
}

/// The columns of `R` without their functions.
pub(crate) fn columns<R: Resource>() -> Vec<&'static Column> {
    R::fields().iter().map(|field| &field.column).collect()
}
