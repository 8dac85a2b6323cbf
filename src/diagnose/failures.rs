//! Failures grouped by service, revision, container and cause. Counted by the history, which includes tasks that ECS
//! has forgotten. Whether a failure is current depends on the services.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    knowledge::Verdict,
    resource::{
        Ability, Cell, Column, Compose, Context, Document, Field, Kind, Material, Order, Origin, Part, Past, Query,
        Relation, Resource, Row, Status, Tone, Unit, View, columns,
        format::{age_cell, age_order, duration, last_part, one_line, seconds_since, text_cell, text_order, when},
        inspect,
        query::DAY,
        revision,
        service::{self, Service},
        task::{self, Task},
    },
};

pub static KIND: Kind = Kind {
    name: "failure",
    plural: "failures",
    aliases: &["fail", "crash", "crashes"],
    about: "failed tasks by service, revision, container and cause: how often, since when",
    columns: columns::<Failures>,
    abilities: &[
        Ability::Explain,
        Ability::Logs,
        Ability::Events,
        Ability::Rollout,
        Ability::Timeline,
        Ability::TaskDefinition,
        Ability::Archive,
    ],
    states: &["running", "gone"],
    sort: ("last", false),
    in_cluster: true,
    json_key: "failures",
    origin: Origin::Composed(&Groups),
};

/// The shortest period for a rate: three failures within a minute are not 180 per hour.
const HOUR: i64 = 3_600;

/// Stopped tasks that failed with the same cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Failures {
    id: String,
    /// The name of the group in queries.
    name: Arc<str>,
    /// The period in seconds.
    since: Option<u32>,
    pub cluster_name: String,
    /// The name of the service; for standalone tasks their group.
    pub service: String,
    /// `family:revision`.
    pub revision: String,
    pub container: String,
    /// The id of the rule, or the unknown message.
    pub cause: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub exit_codes: Vec<i32>,
    /// Whether its revision is still deployed; absent for standalone tasks, and while the service is not loaded.
    pub deployed: Option<bool>,
    /// The cause of the newest stop.
    pub verdict: Option<Arc<Verdict>>,
    newest: Option<NewestTask>,
}

impl Serialize for Failures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct FailureRecord<'a> {
            cluster: &'a str,
            service: &'a str,
            revision: &'a str,
            container: &'a str,
            rule: Option<&'static str>,
            cause: &'a str,
            count: u64,
            first: Timestamp,
            last: Timestamp,
            exit_codes: &'a [i32],
            deployed: Option<bool>,
            verdict: Option<&'a Verdict>,
        }
        let verdict = self.verdict.as_deref();
        FailureRecord {
            cluster: &self.cluster_name,
            service: &self.service,
            revision: &self.revision,
            container: &self.container,
            rule: verdict.and_then(|verdict| verdict.rule),
            cause: verdict.map_or(&*self.cause, |verdict| &*verdict.cause),
            count: self.count,
            first: self.first,
            last: self.last,
            exit_codes: &self.exit_codes,
            deployed: self.deployed,
            verdict,
        }
        .serialize(serializer)
    }
}

/// The counts of a group.
#[derive(Debug)]
pub struct FailureCounts {
    pub cluster_name: String,
    pub name: Arc<str>,
    pub service: String,
    pub revision: String,
    pub container: String,
    pub cause: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub exit_codes: Vec<i32>,
}

/// The newest task.
#[derive(Debug, Clone)]
struct NewestTask(Arc<Task>);

impl PartialEq for NewestTask {
    fn eq(&self, other: &Self) -> bool {
        self.0.task_arn == other.0.task_arn
    }
}

impl Failures {
    /// A group for the last `since` seconds, with its newest task.
    pub fn new(counted: FailureCounts, newest: Option<Arc<Task>>, since: Option<u32>) -> Self {
        let FailureCounts { cluster_name, name, service, revision, container, cause, count, first, last, exit_codes } =
            counted;
        Self {
            id: format!("{cluster_name}/{service}/{name}"),
            name,
            since,
            cluster_name,
            service,
            revision,
            container,
            cause,
            count,
            first,
            last,
            exit_codes,
            deployed: None,
            verdict: newest.as_ref().and_then(|task| task.verdict.clone()),
            newest: newest.map(NewestTask),
        }
    }

    /// The group, with whether one of `services` still deploys its revision.
    fn with_services(&self, services: &HashMap<(&str, &str), &Service>, all: bool) -> Self {
        let service = services.get(&(self.cluster_name.as_str(), self.service.as_str()));
        let deployed = match (self.in_service(), service) {
            (true, Some(service)) => Some(deploys(service, &self.revision)),
            // A deleted service runs nothing.
            (true, None) => all.then_some(false),
            (false, _) => None,
        };
        Self { deployed, ..self.clone() }
    }

    /// Whether it belongs to a service; the group of standalone tasks is `family:batch`.
    fn in_service(&self) -> bool {
        !self.service.is_empty() && !self.service.contains(':')
    }

    /// The cause in a few words; for an unknown message, its text.
    pub fn title(&self) -> Cow<'_, str> {
        match self.verdict.as_deref() {
            Some(verdict) if !verdict.short.is_empty() => verdict.short.into(),
            _ => one_line(&self.cause).into(),
        }
    }

    /// Failures per hour since the first, over an hour at least.
    pub fn rate(&self, now: Timestamp) -> f64 {
        let seconds = seconds_since(self.first, now).max(HOUR);
        self.count as f64 * HOUR as f64 / seconds as f64
    }

    fn state(&self) -> Option<&'static str> {
        self.deployed.map(|deployed| if deployed { "running" } else { "gone" })
    }

    fn tone(&self) -> Tone {
        match self.deployed {
            Some(false) => Tone::Muted,
            Some(true) => Tone::Bad,
            None => Tone::Warn,
        }
    }

    fn exit_codes(&self) -> String {
        self.exit_codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    fn of_service(&self) -> Option<Query> {
        self.in_service().then(|| Query::service(&*self.cluster_name, &*self.service))
    }

    fn task(&self) -> Option<&Task> {
        self.newest.as_ref().map(|newest| &*newest.0)
    }
}

/// Whether `service` deploys this revision.
fn deploys(service: &Service, revision: &str) -> bool {
    service.revision() == revision || service.deployments.iter().any(|deployment| deployment.revision() == revision)
}

/// `12`, or `0.4` below ten.
fn rate_text(rate: f64) -> String {
    if rate < 9.95 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

static FIELDS: &[Field<Failures>] = &[
    Field {
        column: Column::new("service", "SERVICE", 8, 32).aliases(&["svc", "group"]).hidden_by(Part::Service).identity(),
        cell: |row, _| text_cell(Some(&row.service)),
        order: |row, _| text_order(Some(&row.service)),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("revision", "REVISION", 8, 32).aliases(&["rev", "taskdef", "td"]).identity(),
        cell: |row, _| text_cell(Some(&row.revision)),
        order: |row, _| text_order(Some(&row.revision)),
    },
    Field {
        column: Column::new("container", "CONTAINER", 6, 20).priority(1),
        cell: |row, _| text_cell(Some(&row.container)),
        order: |row, _| text_order(Some(&row.container)),
    },
    Field {
        column: Column::new("cause", "CAUSE", 12, 48).aliases(&["why", "reason"]),
        cell: |row, _| Cell::new(row.title(), row.tone()),
        order: |row, _| Order::Text(row.title()),
    },
    Field {
        column: Column::new("count", "COUNT", 5, 6).unit(Unit::Count),
        cell: |row, _| Cell::plain(row.count.to_string()),
        order: |row, _| Order::Number(row.count as f64),
    },
    Field {
        column: Column::new("rate", "RATE/H", 6, 6).unit(Unit::Count).drifting().priority(4),
        cell: |row, cx| Cell::plain(rate_text(row.rate(cx.now))),
        order: |row, cx| Order::Number(row.rate(cx.now)),
    },
    Field {
        column: Column::new("last", "LAST", 4, 6).aliases(&["age"]).age(),
        cell: |row, cx| age_cell(Some(row.last), cx.now),
        order: |row, cx| age_order(Some(row.last), cx.now),
    },
    Field {
        column: Column::new("first", "FIRST", 5, 6).age().wide(),
        cell: |row, cx| age_cell(Some(row.first), cx.now),
        order: |row, cx| age_order(Some(row.first), cx.now),
    },
    Field {
        column: Column::new("exit", "EXIT", 4, 12).aliases(&["exitcode"]).unit(Unit::Count).priority(3),
        cell: |row, _| Cell::list(row.exit_codes.iter().map(ToString::to_string), " ", Tone::Plain),
        order: |row, _| row.exit_codes.first().map_or(Order::Absent, |code| Order::Number((*code).into())),
    },
    Field {
        column: Column::new("state", "STATE", 7, 7).aliases(&["status"]).priority(2),
        cell: |row, _| row.state().map_or_else(Cell::absent, |state| Cell::new(state, row.tone())),
        order: |row, _| text_order(row.state()),
    },
];

impl Resource for Failures {
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
        (&*self.name).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        self.task().map(|task| &*task.task_arn)
    }

    fn fault(&self) -> bool {
        self.deployed != Some(false)
    }

    fn states(&self) -> Vec<&'static str> {
        self.state().into_iter().collect()
    }

    /// The tasks of the group.
    fn drill(&self) -> Option<View> {
        let query = self.of_service().unwrap_or_else(|| Query::cluster(&*self.cluster_name));
        let (status, group) = (Status::Stopped, Some(self.name.clone()));
        Some(View::new(&task::KIND, Query { status, group, since: self.since, ..query }))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::TaskDefinition => revision::view(&self.revision),
            relation => service::related(relation, self.of_service()?),
        }
    }

    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        let NewestTask(task) = self.newest.as_ref()?;
        let query = Query { status: Status::All, ..Query::task(&*self.cluster_name, &*task.task_arn) };
        Some((View::new(&task::KIND, query), task.clone()))
    }

    fn timeline(&self) -> Option<Query> {
        Some(Resource::related(self, Relation::Owner)?.query)
    }

    fn cli(&self) -> Option<Vec<String>> {
        task::cli(&self.cluster_name, self.task()?.task_id())
    }

    fn inspects(_: &Query) -> u16 {
        inspect::LINES
    }

    fn inspect(&self, _: &Context, lines: u16) -> Option<Document> {
        let whom = format!("failures of {} in {}", self.service, self.cluster_name);
        self.verdict.as_deref().map(|verdict| inspect::titled_verdict(&whom, verdict, lines))
    }

    fn describe(&self, cx: &Context) -> Document {
        let window = duration(self.since.unwrap_or(DAY).into());
        let rate = rate_text(self.rate(cx.now));
        let mut document = Document::default();
        document
            .section("Failures")
            .toned("Cause", self.title(), self.tone())
            .field("Service", &*self.service)
            .field("Task definition", &*self.revision)
            .field("Container", &*self.container)
            .field("Count", format!("{} in the last {window}, {rate} an hour", self.count))
            .field("First", when(Some(self.first), cx))
            .field("Last", when(Some(self.last), cx))
            .field("Exit codes", self.exit_codes())
            .toned("State", self.state_text(), self.tone());
        if let Some(verdict) = &self.verdict {
            document.sections.extend(inspect::verdict(verdict, inspect::IN_FULL).sections);
        }
        document.section("Newest").text(
            0,
            self.task().map(|task| last_part(&task.task_arn)).unwrap_or_default(),
            Tone::Plain,
        );
        document
    }
}

impl Failures {
    fn state_text(&self) -> &'static str {
        match self.deployed {
            Some(true) => "running: the service still deploys this revision",
            Some(false) => "gone: the service no longer deploys this revision",
            None => "",
        }
    }
}

struct Groups;

impl Compose for Groups {
    fn sources(&self, query: &Query) -> Vec<View> {
        let of = |status| Query {
            cluster: query.cluster.clone(),
            service: query.service.clone(),
            status,
            ..Query::default()
        };
        vec![View::new(&task::KIND, of(Status::Stopped)), View::new(&service::KIND, of(Status::Running))]
    }

    fn past(&self) -> Past {
        Past::Failures
    }

    fn rows(&self, _: &Query, material: &Material<'_>, _: &Context) -> Vec<Arc<dyn Row>> {
        let services = material.rows.iter().filter_map(|row| row.any().downcast_ref::<Service>());
        let services = services.map(|service| ((&*service.cluster_name, &*service.service_name), service)).collect();
        let seen = |cluster: &str| {
            let of = |view: &View| view.kind == &service::KIND && view.query.cluster.as_deref() == Some(cluster);
            material.seen.iter().any(of)
        };
        let groups = material.rows.iter().filter_map(|row| row.any().downcast_ref::<Failures>());
        let groups = groups.map(|group| group.with_services(&services, seen(&group.cluster_name)));
        groups.map(|group| Arc::new(group) as Arc<dyn Row>).collect()
    }
}

#[cfg(test)]
mod tests;
