//! Test data: clusters, services and tasks with few columns, and keys typed by name.

use std::{borrow::Cow, sync::Arc};

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::Timestamp;
use serde::Serialize;

use super::{Keymap, Model, Settings, Start, Table, Viewer, keymap::Key};
use crate::{
    data::{Entry, Feed, Phase, Snapshot},
    event::{Effect, Event},
    resource::{
        Cell, Column, Context, Document, Field, Kind, Order, Origin, Query, Relation, Resource, Row, Status, Tone,
        Unit, View, cluster, service, task,
    },
};

pub(super) static KINDS: &[&Kind] = &[&CLUSTER, &SERVICE, &TASK];

macro_rules! kind {
    ($name:ident, $row:ty, $singular:literal, $aliases:expr, $in_cluster:literal, $sort:expr, $abilities:expr) => {
        pub(super) static $name: Kind = Kind {
            name: $singular,
            plural: concat!($singular, "s"),
            aliases: $aliases,
            about: concat!("all ", $singular, "s"),
            columns: || <$row>::fields().iter().map(|field| &field.column).collect(),
            abilities: $abilities,
            states: &["running", "stopped"],
            sort: $sort,
            in_cluster: $in_cluster,
            json_key: concat!($singular, "s"),
            origin: Origin::Derived { from: &CLUSTER, rows: |_| Vec::new() },
        };
    };
}

kind!(CLUSTER, Cluster, "cluster", &["cl"], false, ("name", false), cluster::KIND.abilities);
kind!(SERVICE, Service, "service", &["svc"], true, ("name", false), service::KIND.abilities);
kind!(TASK, Task, "task", &["ta"], true, ("name", false), task::KIND.abilities);

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cluster(pub String);

impl Resource for Cluster {
    fn kind() -> &'static Kind {
        &CLUSTER
    }

    fn fields() -> &'static [Field<Self>] {
        const FIELDS: &[Field<Cluster>] = &[Field {
            column: Column::new("name", "NAME", 8, 40),
            cell: |row, _| Cell::plain(&*row.0),
            order: |row, _| Order::Text(Cow::Borrowed(&row.0)),
        }];
        FIELDS
    }

    fn id(&self) -> &str {
        &self.0
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.0)
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&SERVICE, Query::cluster(&*self.0)))
    }

    fn describe(&self, _: &Context) -> Document {
        Document::default()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Service {
    pub cluster: String,
    pub name: String,
    pub arn: String,
}

impl Resource for Service {
    fn kind() -> &'static Kind {
        &SERVICE
    }

    fn fields() -> &'static [Field<Self>] {
        const FIELDS: &[Field<Service>] = &[
            Field {
                column: Column::new("name", "NAME", 8, 40),
                cell: |row, _| Cell::plain(&*row.name),
                order: |row, _| Order::Text(Cow::Borrowed(&row.name)),
            },
            Field {
                column: Column::new("cluster", "CLUSTER", 8, 40).priority(5),
                cell: |row, _| Cell::plain(&*row.cluster),
                order: |row, _| Order::Text(Cow::Borrowed(&row.cluster)),
            },
        ];
        FIELDS
    }

    fn id(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster)
    }

    fn drill(&self) -> Option<View> {
        let mut query = Query::cluster(&*self.cluster);
        query.service = Some(self.name.as_str().into());
        Some(View::new(&TASK, query))
    }

    fn describe(&self, _: &Context) -> Document {
        Document::default()
    }
}

/// A task; with `exit`, a stopped one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Task {
    pub name: String,
    pub id: String,
    pub cluster: String,
    pub status: String,
    pub exit: Option<i32>,
    pub reason: String,
    pub memory: f64,
    pub started: Timestamp,
}

impl Resource for Task {
    fn kind() -> &'static Kind {
        &TASK
    }

    fn fields() -> &'static [Field<Self>] {
        const FIELDS: &[Field<Task>] = &[
            Field {
                column: Column::new("name", "NAME", 8, 40),
                cell: |row, _| Cell::plain(&*row.name),
                order: |row, _| Order::Text(Cow::Borrowed(&row.name)),
            },
            Field {
                column: Column::new("status", "STATUS", 7, 12).aliases(&["state"]),
                cell: |row, _| Cell::new(&*row.status, Tone::Good),
                order: |row, _| Order::Text(Cow::Borrowed(&row.status)),
            },
            Field {
                column: Column::new("exit", "EXIT", 4, 6).unit(Unit::Count).priority(1),
                cell: |row, _| row.exit.map_or_else(Cell::absent, |exit| Cell::plain(exit.to_string())),
                order: |row, _| row.exit.map_or(Order::Absent, |exit| Order::Number(exit.into())),
            },
            Field {
                column: Column::new("age", "AGE", 4, 6).age().priority(2),
                cell: |row, cx| Cell::plain(format!("{}s", seconds(row, cx))),
                order: |row, cx| Order::Number(seconds(row, cx) as f64),
            },
            Field {
                column: Column::new("reason", "REASON", 10, 80).priority(3),
                cell: |row, _| if row.reason.is_empty() { Cell::absent() } else { Cell::plain(&*row.reason) },
                order: |row, _| match row.reason.as_str() {
                    "" => Order::Absent,
                    reason => Order::Text(reason.into()),
                },
            },
            Field {
                column: Column::new("memory", "MEM", 5, 8).unit(Unit::Mebibytes).wide(),
                cell: |row, _| Cell::plain(format!("{}Mi", row.memory)),
                order: |row, _| Order::Number(row.memory),
            },
        ];
        FIELDS
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster)
    }

    fn fault(&self) -> bool {
        self.exit.is_some_and(|exit| exit != 0)
    }

    fn states(&self) -> Vec<&'static str> {
        if self.exit.is_some() { vec!["stopped"] } else { vec!["running"] }
    }

    fn related(&self, relation: Relation) -> Option<View> {
        (relation == Relation::Owner).then(|| View::new(&SERVICE, Query::cluster(&*self.cluster)))
    }

    fn cli(&self) -> Option<Vec<String>> {
        let words = ["ecs", "describe-tasks", "--cluster", &self.cluster, "--tasks", &self.id];
        Some(words.map(str::to_owned).into())
    }

    fn describe(&self, _: &Context) -> Document {
        let mut document = Document::default();
        document.section("Task").field("Name", &*self.name).field("Reason", &*self.reason);
        document
    }

    fn inspects(query: &Query) -> u16 {
        if query.status == Status::Stopped { 6 } else { 0 }
    }

    fn inspect(&self, _: &Context, _: u16) -> Option<Document> {
        let mut document = Document::default();
        document.section("why").field("Cause", &*self.reason);
        (!self.reason.is_empty()).then_some(document)
    }
}

fn seconds(task: &Task, cx: &Context) -> i64 {
    cx.now.duration_since(task.started).as_secs()
}

/// A running task of cluster `prod` called `name`, started at second 0.
pub(super) fn task(name: &str) -> Task {
    Task {
        name: name.into(),
        id: format!("arn:aws:ecs:eu-west-1:1:task/prod/{name}"),
        cluster: "prod".into(),
        status: "running".into(),
        exit: None,
        reason: String::new(),
        memory: 512.0,
        started: at(0),
    }
}

/// A stopped task.
pub(super) fn stopped(name: &str, exit: i32, reason: &str) -> Task {
    Task { exit: Some(exit), status: "stopped".into(), reason: reason.into(), ..task(name) }
}

pub(super) fn service(name: &str) -> Service {
    let arn = format!("arn:aws:ecs:eu-west-1:1:service/prod/{name}");
    Service { cluster: "prod".into(), name: name.into(), arn }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(super) fn entry(row: impl Row) -> Entry {
    Entry { row: Arc::new(row), changed: 0, changed_at: None }
}

/// A complete feed, confirmed at second 0 and late after a minute.
pub(super) fn feed<R: Row>(revision: u64, rows: impl IntoIterator<Item = R>) -> Feed {
    Feed {
        rows: Arc::new(rows.into_iter().map(entry).collect()),
        phase: Phase::Ready,
        revision,
        fetched: Some(at(0)),
        late_after: 60,
        ..Feed::default()
    }
}

pub(super) fn clusters() -> View {
    View::new(&CLUSTER, Query::default())
}

pub(super) fn services() -> View {
    View::new(&SERVICE, Query::cluster("prod"))
}

/// The tasks of the service `api`.
pub(super) fn tasks() -> View {
    Resource::drill(&service("api")).unwrap()
}

pub(super) fn stopped_tasks() -> View {
    let mut view = tasks();
    view.query.status = Status::Stopped;
    view
}

/// Clusters `prod` and `staging`, services `api` and `web` in `prod`, and `tasks` of `api`.
pub(super) fn world(revision: u64, tasks: Vec<Task>) -> Snapshot {
    let mut snapshot = Snapshot { revision, ..Snapshot::default() };
    let names = ["prod", "staging"].map(|name| Cluster(name.into()));
    snapshot.feeds.insert(clusters(), feed(1, names));
    snapshot.feeds.insert(services(), feed(1, ["api", "web"].map(service)));
    snapshot.feeds.insert(self::tasks(), feed(revision, tasks.clone()));
    snapshot.feeds.insert(stopped_tasks(), feed(revision, tasks.into_iter().filter(|task| task.exit.is_some())));
    snapshot
}

/// A console at second 0 with the tasks `a`, `b` and `c`, of which `b` has run out of memory.
pub(super) fn console() -> Model {
    let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (120, 30)));
    give(&mut model, 0, world(1, vec![task("a"), stopped("b", 137, "OutOfMemory"), task("c")]));
    model
}

pub(super) fn give(model: &mut Model, second: i64, snapshot: Snapshot) -> Vec<Effect> {
    model.update(at(second), Event::Snapshot(Arc::new(snapshot)))
}

/// Presses keys, separated by spaces, all at the same time.
pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let now = model.now;
    keys.split(' ').flat_map(|key| model.update(now, Event::Key(key_event(key)))).collect()
}

/// Types text, character by character.
pub(super) fn type_in(model: &mut Model, text: &str) -> Vec<Effect> {
    let now = model.now;
    let key = |c: char| KeyEvent::new(crossterm::event::KeyCode::Char(c), crossterm::event::KeyModifiers::NONE);
    text.chars().flat_map(|c| model.update(now, Event::Key(key(c)))).collect()
}

pub(super) fn key_event(name: &str) -> KeyEvent {
    let key: Key = name.parse().unwrap();
    KeyEvent::new_with_kind(key.code, key.modifiers, KeyEventKind::Press)
}

/// The effects except demands, which follow every movement.
pub(super) fn but_demands(effects: Vec<Effect>) -> Vec<Effect> {
    effects.into_iter().filter(|effect| !matches!(effect, Effect::Demand(_))).collect()
}

pub(super) fn front_table(model: &Model) -> &Table {
    model.front.get().unwrap_or_else(|| panic!("a table was expected, not {:?}", model.front))
}

pub(super) fn front_text(model: &Model) -> &Viewer {
    model.front.get().unwrap_or_else(|| panic!("a text was expected, not {:?}", model.front))
}

pub(super) fn names(table: &Table) -> Vec<String> {
    table.rows.iter().map(|entry| entry.row.name().into_owned()).collect()
}

/// The current flash.
pub(super) fn flash(model: &Model) -> &str {
    model.messages.flash.as_ref().map_or("", |message| &message.text)
}
