//! The timeline: events of a service and its tasks on one time axis, one row per entry.

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::Known;
use crate::{
    knowledge::Verdict,
    resource::{
        Ability, Cell, Column, Compose, Context, Document, Field, Kind, LogTarget, Material, Order, Origin, Pace, Part,
        Past, Query, Relation, Resource, Row, Status, Tone, TypedRow, Unit, View, Zone, columns, deployment, event,
        format::{age_cell, age_order, id_cell, last_part, seconds_since, short_id, text_cell, text_order, when},
        inspect, service,
        task::{self, Task},
    },
};

mod entries;

pub use entries::{deployment_entries, event_entry, service_entries, task_entries};

pub static KIND: Kind = Kind {
    name: "entry",
    plural: "timeline",
    aliases: &["tl"],
    about: "events of services and their tasks on one time axis",
    columns: columns::<TimelineEntry>,
    abilities: &[Ability::Explain, Ability::Logs, Ability::Events, Ability::Timeline, Ability::Archive],
    states: &["task", "event", "deployment", "start", "stop"],
    sort: ("time", true),
    in_cluster: true,
    json_key: "timeline",
    origin: Origin::Composed(&Timeline),
};

/// Kinds of entries. Entries with the same second are ordered like this: first requests by people or pipelines, then
/// actions of the scheduler, then effects on tasks, and finally results according to the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A deployment began.
    Begun,
    RollingBack,
    /// An event of the scheduler: an action, or an error.
    Event,
    Created,
    Pulling,
    Pulled,
    Running,
    Stopping,
    Stopped,
    /// The scheduler reports a steady state.
    Settled,
    /// A deployment waits for a decision.
    Waiting,
    Completed,
    Failed,
}

impl EntryKind {
    /// The words for `is:`: the kind of the subject, and whether something starts or stops.
    fn states(self) -> &'static [&'static str] {
        match self {
            Self::Begun | Self::RollingBack | Self::Waiting | Self::Completed | Self::Failed => &["deployment"],
            Self::Event | Self::Settled => &["event"],
            Self::Created | Self::Pulling | Self::Pulled | Self::Running => &["task", "start"],
            Self::Stopping | Self::Stopped => &["task", "stop"],
        }
    }
}

/// One row of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    #[serde(skip)]
    id: String,
    pub at: Timestamp,
    pub step: EntryKind,
    #[serde(rename = "cluster")]
    pub cluster_name: String,
    #[serde(rename = "service", skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// The id of the task, event or deployment: an ARN for tasks.
    pub of: String,
    /// What happened, in one to three words.
    pub what: Cow<'static, str>,
    pub detail: String,
    #[serde(skip)]
    pub tone: Tone,
    /// The cause of a stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Arc<Verdict>>,
    #[serde(skip)]
    subject: Option<EntryRow>,
}

/// The row of an entry.
#[derive(Debug, Clone)]
struct EntryRow(Arc<dyn Row>);

impl PartialEq for EntryRow {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
    }
}

impl TimelineEntry {
    /// The subject as in the table: `1a2b3c4d`, `event`, `deployment`.
    pub fn subject(&self) -> &str {
        match self.step.states() {
            ["task", ..] => short_id(&self.of),
            [word, ..] => word,
            [] => "-",
        }
    }

    /// The subject with its service: `task 1a2b3c4d of web`, `event of web`.
    fn subject_with_service(&self) -> String {
        let task = if self.is_of_a_task() { "task " } else { "" };
        let of = self.service_name.as_deref().map(|service| format!(" of {service}")).unwrap_or_default();
        format!("{task}{}{of}", self.subject())
    }

    /// The entry as one about a row that contains the original one.
    fn about(self, row: &(impl Resource + Clone)) -> Self {
        Self { subject: Some(EntryRow(Arc::new(row.clone()))), ..self }
    }

    /// The query for its subject: the task in any state, or the rows of the service.
    fn subject_query(&self) -> Option<Query> {
        match self.is_of_a_task() {
            true => Some(Query { status: Status::All, ..Query::task(&*self.cluster_name, &*self.of) }),
            false => Some(Query::service(&*self.cluster_name, self.service_name.as_deref()?)),
        }
    }

    fn is_of_a_task(&self) -> bool {
        self.step.states().contains(&"task")
    }

    /// The order: by second, then by cause, then by time within the second.
    fn order(&self) -> Order<'static> {
        let (second, millisecond) = (self.at.as_second(), f64::from(self.at.subsec_millisecond()));
        Order::Number(second as f64 + f64::from(self.step as u8) / 32.0 + millisecond / 64_000.0)
    }
}

/// The timeline for `row`, and the id of its entry there; `None` for rows without one.
pub fn view(row: &dyn Row) -> Option<(View, Option<String>)> {
    let view = View::new(&KIND, row.timeline()?);
    let entry = match row.typed() {
        TypedRow::Event(event) => event_entry(event),
        TypedRow::Deployment(deployment) => deployment_entries(deployment).pop(),
        _ => None,
    };
    Some((view, entry.map(|entry| entry.id)))
}

struct Timeline;

impl Compose for Timeline {
    fn sources(&self, query: &Query) -> Vec<View> {
        let services = Query { task: None, status: Status::Running, ..query.clone() };
        let tasks = Query { service: query.service.clone().filter(|_| query.task.is_none()), ..query.clone() };
        let mut views = vec![View::new(&task::KIND, Query { status: Status::All, ..tasks })];
        // For a task, its service shows what happened at the same time; a standalone task has none.
        if query.service.is_some() || query.task.is_none() {
            views.extend([&event::KIND, &deployment::KIND].map(|kind| View::new(kind, services.clone())));
        }
        views
    }

    fn followed(&self) -> usize {
        2
    }

    fn past(&self) -> Past {
        Past::Rows
    }

    fn rows(&self, query: &Query, material: &Material<'_>, cx: &Context) -> Vec<Arc<dyn Row>> {
        let mut entries: Vec<TimelineEntry> = material.rows.iter().flat_map(|row| of_row(row, &cx.zone)).collect();
        if let Some(since) = query.since {
            entries.retain(|entry| seconds_since(entry.at, cx.now) <= since.into());
        }
        if query.task.is_some() {
            let task = material.rows.iter().find_map(|row| row.any().downcast_ref::<Task>());
            let life = task.map(Life::of).unwrap_or_default();
            entries.retain(|entry| entry.is_of_a_task() || life.touches(entry));
        }
        // Archived and live rows may describe the same event.
        let mut seen = HashSet::new();
        entries.retain(|entry: &TimelineEntry| seen.insert(entry.id.clone()));
        entries.into_iter().map(|entry| Arc::new(entry) as Arc<dyn Row>).collect()
    }

    fn nothing(&self, query: &Query, _: &Material<'_>) -> Vec<String> {
        let of = query.task.as_deref().map(short_id).or(query.service.as_deref());
        let whom = of.map(|name| format!(" to {name}")).unwrap_or_default();
        vec![
            format!("Nothing is known to have happened{whom}"),
            "AWS keeps stopped tasks for an hour, and the newest 100 events of a service".into(),
        ]
    }
}

/// The entries of a row of any kind, and that row.
fn of_row(row: &Arc<dyn Row>, zone: &Zone) -> Vec<TimelineEntry> {
    let entries = match row.typed() {
        TypedRow::Task(task) => task_entries(task),
        TypedRow::Service(service) => service_entries(service, zone),
        TypedRow::Event(event) => event_entry(event).into_iter().collect(),
        TypedRow::Deployment(deployment) => deployment_entries(deployment),
        _ => Vec::new(),
    };
    let own = |entry: &TimelineEntry| entry.subject.clone().or_else(|| Some(EntryRow(row.clone())));
    entries.into_iter().map(|entry| TimelineEntry { subject: own(&entry), ..entry }).collect()
}

/// The lifetime of a task, for related events.
#[derive(Debug, Default)]
struct Life<'a> {
    id: &'a str,
    deployment: &'a str,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl<'a> Life<'a> {
    fn of(task: &'a Task) -> Self {
        let last = [task.stopped_at, task.execution_stopped_at, task.stopping_at].into_iter().flatten().next();
        Self {
            id: task.task_id(),
            deployment: task.started_by.as_deref().unwrap_or_default(),
            from: task.created_at.or(task.started_at),
            to: last.filter(|_| task.stopped()),
        }
    }

    /// Whether the entry is within the lifetime, or names the task or what started it.
    fn touches(&self, entry: &TimelineEntry) -> bool {
        let within = self.from.is_some_and(|from| from <= entry.at) && self.to.is_none_or(|to| entry.at <= to);
        let named = !self.id.is_empty() && entry.detail.contains(short_id(self.id));
        within || named || (entry.step == EntryKind::Begun && entry.of == self.deployment)
    }
}

static FIELDS: &[Field<TimelineEntry>] = &[
    Field {
        column: Column::new("time", "TIME", 9, 17).aliases(&["at", "clock"]).unit(Unit::Time),
        cell: |row, cx| Cell::plain(cx.zone.short(row.at, cx.now)).values([row.at.to_string()]),
        order: |row, _| row.order(),
    },
    Field {
        column: Column::new("date", "DATE", 10, 10).wide(),
        cell: |row, cx| Cell::new(cx.zone.date(row.at), Tone::Muted),
        order: |row, _| row.order(),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age().priority(3),
        cell: |row, cx| age_cell(Some(row.at), cx.now),
        order: |row, cx| age_order(Some(row.at), cx.now),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("service", "SERVICE", 8, 24).aliases(&["svc"]).hidden_by(Part::Service).identity(),
        cell: |row, _| text_cell(row.service_name.as_deref()),
        order: |row, _| text_order(row.service_name.as_deref()),
    },
    Field {
        column: Column::new("subject", "SUBJECT", 8, 10).aliases(&["task", "id"]).identity(),
        cell: |row, _| match row.is_of_a_task() {
            true => id_cell(&row.of, Tone::Plain),
            false => Cell::new(row.subject(), Tone::Muted),
        },
        order: |row, _| Order::Text(row.of.as_str().into()),
    },
    Field {
        column: Column::new("what", "WHAT", 8, 22).aliases(&["status", "state"]),
        cell: |row, _| Cell::new(&*row.what, row.tone),
        order: |row, _| text_order(Some(&row.what)),
    },
    Field {
        column: Column::new("detail", "DETAIL", 12, 200).aliases(&["message", "reason", "why"]),
        cell: |row, _| match row.detail.as_str() {
            "" => Cell::absent(),
            detail => Cell::new(detail, if row.tone >= Tone::Warn { row.tone } else { Tone::Plain }),
        },
        order: |row, _| text_order(Some(&row.detail)),
    },
];

impl Resource for TimelineEntry {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> Cow<'_, str> {
        last_part(&self.of).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.of)
    }

    fn pace(&self) -> Pace {
        Pace::Final
    }

    fn fault(&self) -> bool {
        self.tone == Tone::Bad || matches!(self.step, EntryKind::RollingBack | EntryKind::Waiting)
    }

    fn states(&self) -> Vec<&'static str> {
        self.step.states().to_vec()
    }

    fn drill(&self) -> Option<View> {
        let kind = match self.step.states() {
            ["task", ..] => &task::KIND,
            ["event", ..] => &event::KIND,
            _ => &deployment::KIND,
        };
        Some(View::new(kind, self.subject_query()?))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        service::related(relation, Query::service(&*self.cluster_name, self.service_name.as_deref()?))
    }

    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        let row = &self.subject.as_ref()?.0;
        Some((View::new(row.kind(), self.subject_query()?), row.clone()))
    }

    fn log_target(&self, now: Timestamp) -> Option<LogTarget> {
        let subject = &self.subject.as_ref()?.0;
        Some(subject.log_target(now)?.around(Some(self.at)))
    }

    fn cli(&self) -> Option<Vec<String>> {
        match (self.is_of_a_task(), &self.service_name) {
            (true, _) => task::cli(&self.cluster_name, last_part(&self.of)),
            (false, Some(service)) => service::cli(&self.cluster_name, service),
            (false, None) => None,
        }
    }

    fn describe(&self, cx: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Timeline entry")
            .toned("What", &*self.what, self.tone)
            .field("Of", &*self.of)
            .field("At", when(Some(self.at), cx));
        document.section("Detail").text(0, &*self.detail, self.tone);
        if let Some(EntryRow(row)) = &self.subject {
            document.sections.extend(row.describe(cx).sections);
        }
        document
    }

    /// Few lines: entries before and after are more useful.
    fn inspects(_: &Query) -> u16 {
        4
    }

    fn inspect(&self, cx: &Context, lines: u16) -> Option<Document> {
        if let Some(verdict) = &self.verdict {
            return Some(inspect::titled_verdict(&self.subject_with_service(), verdict, lines));
        }
        let mut document = Document::default();
        let title = match self.step.states() {
            ["event" | "task", ..] => format!("{}: {}", self.subject_with_service(), self.what),
            _ => format!("{} {}", self.subject_with_service(), self.what),
        };
        let section = document.section(title);
        section.toned("Detail", &*self.detail, self.tone);
        if let Some(TypedRow::Event(event)) = self.subject.as_ref().map(|subject| subject.0.typed()) {
            let verdict = super::diagnose_event(event, &Known::default());
            section.field("Means", verdict.cause).field("Next", verdict.next.join("; "));
        }
        section.field("At", cx.zone.clock(self.at));
        Some(document)
    }
}

#[cfg(test)]
mod tests;
