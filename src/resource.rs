//! Resource kinds: what a service, a task or an instance is to this console.
//!
//! A kind is one file below `resource/` and one line in `crate::kinds`. The file holds everything about the kind: our struct
//! (SDK types stop at the end of its `fetch`), how it is fetched, its columns, what Enter opens, what counts as a fault.
//! It uses text and [`Tone`] only, no colours and no terminal types.

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
pub mod diff;
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
pub mod rollout;
pub mod secrets;
pub mod service;
pub mod session_target;
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

/// State, and word in tables, of a row that AWS has forgotten.
const ARCHIVED: &str = "archived";
/// Explanation of [`ARCHIVED`] in a description.
const ARCHIVED_LONG: &str = "ECS has forgotten it; from ecsight's history";

/// How soon a row is likely to change again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Never: a stopped task, a task definition revision. Described once.
    Final,
    Calm,
    /// Soon: deploying, pending, stopping. Polled most often.
    Moving,
}

/// A row type. Each kind implements it once; a blanket implementation makes it a [`Row`].
pub trait Resource: Any + fmt::Debug + Send + Sync + PartialEq + Serialize + Sized {
    /// The descriptor of this kind.
    fn kind() -> &'static Kind;
    /// The row by its type, for code that handles several kinds differently.
    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Other
    }
    /// Columns, in the order of the table.
    fn fields() -> &'static [Field<Self>];
    /// Unique id, usually the ARN. Selection, marks and the store use it as the key.
    fn id(&self) -> &str;
    /// Short name, as people use it.
    fn name(&self) -> Cow<'_, str>;
    /// Name of the cluster the row belongs to.
    fn cluster(&self) -> Option<&str> {
        None
    }
    /// Id of the row this one is derived from.
    fn parent(&self) -> Option<&str> {
        None
    }
    fn pace(&self) -> Pace {
        Pace::Calm
    }
    /// Whether something is wrong that a person should look at.
    fn fault(&self) -> bool {
        false
    }
    /// Whether AWS has forgotten the row, which then comes from the history as it was last seen.
    fn archived(&self) -> bool {
        false
    }
    /// States the row is in, out of its kind's [`Kind::states`].
    fn states(&self) -> Vec<&'static str> {
        Vec::new()
    }
    /// View that Enter opens.
    fn drill(&self) -> Option<View> {
        None
    }
    /// View of the rows that `relation` names; absent when this row has none.
    fn related(&self, _relation: Relation) -> Option<View> {
        None
    }
    /// Row to explain in place of this one, with a view that contains it; absent when this row is explained itself.
    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        None
    }
    /// The service or task that its timeline shows; absent for kinds without a timeline.
    fn timeline(&self) -> Option<Query> {
        None
    }
    /// Tasks whose logs are the logs of this row at time `now`. By default those that Enter opens; absent where there are none.
    fn log_target(&self, _now: Timestamp) -> Option<LogTarget> {
        let tasks = self.drill().filter(|view| view.kind.name == task::KIND.name)?;
        Some(LogTarget::new(self.name(), tasks.query))
    }
    /// Views that an explanation of this row consults in addition to its own.
    fn consults(&self) -> Vec<View> {
        Vec::new()
    }
    /// AWS CLI call that shows this row, as the words after `aws`: `["ecs", "describe-services", …]`.
    fn cli(&self) -> Option<Vec<String>> {
        None
    }
    /// Description of everything known about the row, findings first.
    fn describe(&self, cx: &Context) -> Document;
    /// Height in lines of the pane below tables of `query` that shows details of the row under the cursor; 0 means there
    /// is no such pane.
    fn inspects(_query: &Query) -> u16 {
        0
    }
    /// Content of that pane in about `lines` lines, the most useful first. Its one section also gives the pane its title.
    fn inspect(&self, _cx: &Context, _lines: u16) -> Option<Document> {
        None
    }
}

/// A row of any kind. Only the blanket implementation for every [`Resource`] exists.
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
    /// Cell in column `index` of the kind; absent when there is no such column.
    fn cell(&self, index: usize, cx: &Context) -> Cell<'_>;
    /// Sort value in column `index`.
    fn order(&self, index: usize, cx: &Context) -> Order<'_>;
    /// Bit set of the columns whose text differs from that of `old`. Columns that change with the clock don't count.
    fn changes(&self, old: &dyn Row, cx: &Context) -> u64;
    fn same(&self, other: &dyn Row) -> bool;
    /// Our own struct as JSON. `-o json` prints it for rows that AWS no longer knows.
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

/// Descriptor of a kind: everything about it that needs no row.
pub struct Kind {
    /// Singular, lower case: `service`.
    pub name: &'static str,
    /// Plural, used as the title of the table and as the word after `ecsight get`.
    pub plural: &'static str,
    pub aliases: &'static [&'static str],
    /// One line for help and completion.
    pub about: &'static str,
    pub columns: fn() -> Vec<&'static Column>,
    /// Abilities of its rows. Keys, commands, help and hints follow from them.
    pub abilities: &'static [Ability],
    /// Words that `is:WORD` filters accept for its rows, in addition to `fault`, `marked` and `changed`.
    pub states: &'static [&'static str],
    /// Initial sort column, and whether it sorts in descending order.
    pub sort: (&'static str, bool),
    /// Whether its rows belong to a cluster. Clusters and task definitions exist once per account and Region.
    pub in_cluster: bool,
    /// JSON key under which the AWS CLI lists this kind: `services`.
    pub json_key: &'static str,
    pub origin: Origin,
}

impl Kind {
    /// Name, plural and aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let plural = Some(self.plural).filter(|plural| *plural != self.name);
        [self.name].into_iter().chain(plural).chain(self.aliases.iter().copied())
    }

    /// Whether AWS lists its rows for one service only.
    pub fn by_service(&self) -> bool {
        matches!(self.origin, Origin::Fetched(fetch) if fetch.by_service())
    }

    /// Whether its rows have `ability`.
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }

    /// Index of the column called `word`, by name or alias.
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

/// Source of the rows of a kind.
pub enum Origin {
    /// Calls to AWS: a list for ids, a batched describe for details.
    Fetched(&'static dyn Fetch),
    /// Rows of another kind, which contain these. Costs no call.
    Derived { from: &'static Kind, rows: fn(&dyn Row) -> Vec<Arc<dyn Row>> },
    /// Rows of several views, combined and diagnosed. Costs no call of its own.
    Composed(&'static dyn Compose),
}

/// Builds rows from the rows of other views.
pub trait Compose: Send + Sync {
    /// Views that the rows are built from.
    fn sources(&self, query: &Query) -> Vec<View>;
    /// Number of fetched lists behind the sources, counted from the first, that are polled as if they were on screen. The
    /// rest is polled more slowly.
    fn followed(&self) -> usize {
        1
    }
    /// Builds the rows.
    fn rows(&self, query: &Query, material: &Material<'_>, cx: &Context) -> Vec<Arc<dyn Row>>;
    /// Archived data that the rows are built from as well.
    fn past(&self) -> Past {
        Past::Nothing
    }
    /// Explains an empty table, one sentence each, the most important first. Empty when there is nothing to explain.
    fn nothing(&self, _query: &Query, _material: &Material<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// Archived data that a composed kind uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    Nothing,
    /// Stopped tasks, events and deployments of its sources that AWS has forgotten.
    Rows,
    /// Failures grouped by what they have in common: rows of `crate::diagnose::failures`.
    Failures,
}

/// Input that a composed kind builds its rows from.
pub struct Material<'a> {
    /// Rows of the sources, of several kinds.
    pub rows: &'a [Arc<dyn Row>],
    /// Sources that have been fetched.
    pub seen: &'a [View],
    /// Sources that are still being fetched.
    pub awaited: &'a [View],
    /// Sources that could not be fetched, and why.
    pub gaps: &'a [(View, Arc<Failure>)],
}

/// Columns of `R` without their functions.
pub(crate) fn columns<R: Resource>() -> Vec<&'static Column> {
    R::fields().iter().map(|field| &field.column).collect()
}
