//! Trouble: all problems, worst first: findings about services and container instances, and standalone tasks that keep
//! failing. Based on what is polled anyway; what could not be checked is listed, too.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Known, diagnose_instance};
use crate::{
    knowledge::Verdict,
    resource::{
        Ability, Cell, Column, Compose, Context, Document, Field, Kind, LogTarget, Material, Order, Origin, Part,
        Query, Relation, Resource, Row, Status, Tone, TypedRow, View, columns,
        finding::{Finding, Problem},
        format::{age_cell, age_order, text_cell, text_order, when},
        inspect, instance, service, task,
    },
};

mod notices;
mod remarks;
mod standalone;

use remarks::Remark;

pub static KIND: Kind = Kind {
    name: "trouble",
    plural: "trouble",
    aliases: &["tr", "home"],
    about: "all problems, worst first: what, since when, and the cause",
    columns: columns::<Trouble>,
    abilities: &[
        Ability::Explain,
        Ability::Logs,
        Ability::StoppedTasks,
        Ability::Events,
        Ability::Rollout,
        Ability::Timeline,
        Ability::TaskDefinition,
        Ability::Diff,
        Ability::Service,
        Ability::Deploy,
    ],
    states: &["service", "instance", "task"],
    sort: ("problem", false),
    in_cluster: true,
    json_key: "trouble",
    origin: Origin::Composed(&Troubles),
};

/// Lines of the pane beneath the table: the cause and part of the verdict, so that most rows stay visible.
const PANE: u16 = 7;

/// A problem, or a remark on what was checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    #[serde(skip)]
    id: String,
    #[serde(flatten)]
    pub what: What,
    pub cluster: Option<String>,
    /// The kind of its subject: `service`, `instance`, `task`; absent for a remark.
    pub kind: Option<&'static str>,
    pub name: String,
    pub since: Option<Timestamp>,
    /// The cause in one line.
    pub cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Arc<Verdict>>,
    /// Other problems of the subject, worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Other>,
    #[serde(skip)]
    subject: Option<TroubleRow>,
}

/// A lesser problem of the same row, or one of several rows that a notice is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Other {
    /// The name of the row, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub problem: Problem,
    pub since: Option<Timestamp>,
    pub cause: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Problem(Problem),
    Remark(Remark),
}

/// The row with the problem, and the view that contains it.
#[derive(Debug, Clone)]
struct TroubleRow {
    view: View,
    row: Arc<dyn Row>,
}

impl PartialEq for TroubleRow {
    fn eq(&self, other: &Self) -> bool {
        self.view == other.view && self.row.same(&*other.row)
    }
}

impl Trouble {
    /// The worst of `findings` about `row` in `view`, with the others beside it; absent without findings.
    fn from_findings(findings: &[Finding], row: &Arc<dyn Row>, view: View) -> Option<Self> {
        let (worst, others) = findings.split_first()?;
        let other = |finding: &Finding| Other {
            name: None,
            problem: finding.problem,
            since: finding.since,
            cause: finding.cause.clone(),
        };
        Some(Self {
            id: row.id().to_owned(),
            what: What::Problem(worst.problem),
            cluster: row.cluster().map(str::to_owned),
            kind: Some(row.kind().name),
            name: row.name().into_owned(),
            since: worst.since,
            cause: worst.cause.clone(),
            verdict: worst.verdict.clone(),
            others: others.iter().map(other).collect(),
            subject: Some(TroubleRow { view, row: row.clone() }),
        })
    }

    /// The cause as the table shows it: with how much else is wrong.
    fn summary(&self) -> String {
        match (self.others.len(), &self.subject) {
            (0, _) | (_, None) => self.cause.clone(),
            (more, Some(_)) => format!("{} (+{more} more)", self.cause),
        }
    }

    fn word(&self) -> &'static str {
        match self.what {
            What::Problem(problem) => problem.word(),
            What::Remark(remark) => remark.label(),
        }
    }

    fn tone(&self) -> Tone {
        match self.what {
            What::Problem(problem) => problem.tone(),
            What::Remark(remark) => remark.tone(),
        }
    }

    fn is_remark(&self) -> bool {
        matches!(self.what, What::Remark(_))
    }

    /// Worst first, then newest first; remarks come last whatever the order.
    fn rank(&self) -> Order<'static> {
        /// More seconds than there will be.
        const ERA: f64 = 1e11;
        match self.what {
            What::Problem(problem) => {
                let since = self.since.map_or(0.0, |since| since.as_second() as f64);
                Order::Number(f64::from(problem as u8) * ERA - since)
            }
            What::Remark(_) => Order::Absent,
        }
    }

    /// `order`, but for remarks.
    fn unless_remark<'a>(&self, order: Order<'a>) -> Order<'a> {
        if self.is_remark() { Order::Absent } else { order }
    }
}

impl Other {
    /// `also unhealthy: wrong health check code: 502`, or `image-resizer: Spot reclaimed tasks, twice in the last hour`.
    fn text(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}: {}", self.cause),
            None => format!("also {}: {}", self.problem.word(), self.cause),
        }
    }
}

static FIELDS: &[Field<Trouble>] = &[
    Field {
        column: Column::new("problem", "PROBLEM", 12, 18).aliases(&["status", "what"]),
        cell: |row, _| Cell::new(row.word(), row.tone()),
        order: |row, _| row.rank(),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(row.cluster.as_deref()),
        order: |row, _| row.unless_remark(text_order(row.cluster.as_deref())),
    },
    Field {
        column: Column::new("name", "NAME", 8, 40).aliases(&["service"]).identity(),
        cell: |row, _| if row.is_remark() { Cell::new(&*row.name, Tone::Muted) } else { text_cell(Some(&row.name)) },
        order: |row, _| row.unless_remark(Order::Text((&*row.name).into())),
    },
    Field {
        column: Column::new("since", "SINCE", 5, 6).aliases(&["age"]).age(),
        cell: |row, cx| age_cell(row.since, cx.now),
        order: |row, cx| age_order(row.since, cx.now),
    },
    Field {
        column: Column::new("cause", "CAUSE", 12, 160).aliases(&["reason", "why"]),
        cell: |row, _| Cell::new(row.summary(), if row.is_remark() { Tone::Muted } else { Tone::Plain }),
        order: |row, _| row.unless_remark(text_order(Some(&row.cause))),
    },
    Field {
        column: Column::new("kind", "KIND", 7, 10).wide(),
        cell: |row, _| text_cell(row.kind),
        order: |row, _| text_order(row.kind),
    },
];

impl Resource for Trouble {
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
        self.cluster.as_deref()
    }

    fn parent(&self) -> Option<&str> {
        self.subject.as_ref().map(|subject| subject.row.id())
    }

    fn fault(&self) -> bool {
        !matches!(self.what, What::Problem(Problem::Notice) | What::Remark(_))
    }

    fn states(&self) -> Vec<&'static str> {
        self.kind.into_iter().collect()
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::Owner => {
                let query = self.cluster.as_deref().map(Query::cluster).unwrap_or_default();
                self.kind.map(|_| View::new(&service::KIND, query))
            }
            _ => self.subject.as_ref()?.row.related(relation),
        }
    }

    fn about(&self) -> Option<(View, Arc<dyn Row>)> {
        self.subject.as_ref().map(|subject| (subject.view.clone(), subject.row.clone()))
    }

    fn log_target(&self, now: Timestamp) -> Option<LogTarget> {
        self.subject.as_ref()?.row.log_target(now)
    }

    fn cli(&self) -> Option<Vec<String>> {
        self.subject.as_ref()?.row.cli()
    }

    fn inspects(_: &Query) -> u16 {
        PANE
    }

    /// What has no room in the row: where it is, the whole of the cause, and what the verdict adds to it.
    fn inspect(&self, _: &Context, lines: u16) -> Option<Document> {
        let mut document = Document::default();
        if self.is_remark() {
            let text = [&*self.name, &*self.cause].join(" ");
            document.section(self.word()).text(0, text.trim(), Tone::Plain);
            return Some(document);
        }
        let place = self.cluster.as_deref().map(|cluster| format!(" in {cluster}")).unwrap_or_default();
        let with = [self.kind.unwrap_or_default(), &self.name].join(" ");
        let section = document.section(format!("{}: {}{place}", self.word(), with.trim()));
        section.text(0, &*self.cause, self.tone());
        if self.subject.is_none() {
            self.others.iter().for_each(|other| _ = section.text(0, other.text(), Tone::Plain));
        } else if !self.others.is_empty() {
            let also: Vec<_> = self.others.iter().map(|other| other.problem.word()).collect();
            section.text(0, format!("also: {}", also.join(", ")), Tone::Plain);
        }
        if let Some(verdict) = &self.verdict {
            let left = lines.saturating_sub(u16::from(!self.others.is_empty()));
            section.lines.extend(inspect::verdict(verdict, left).sections.into_iter().flat_map(|why| why.lines));
        }
        Some(document)
    }

    fn describe(&self, cx: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Trouble")
            .toned("Problem", self.word(), self.tone())
            .field("With", [self.kind.unwrap_or_default(), &self.name].join(" ").trim())
            .field("Cluster", self.cluster.clone().unwrap_or_default())
            .field("Since", when(self.since, cx))
            .field("Cause", &*self.cause);
        let others = document.section("Also");
        for other in &self.others {
            others.text(0, other.text(), other.problem.tone());
        }
        if let Some(verdict) = &self.verdict {
            let why = document.section("Why");
            why.text(0, &*verdict.cause, Tone::Plain);
            for quote in &verdict.evidence {
                why.text(1, format!("{}: {}", quote.field, quote.text), Tone::Muted);
            }
            let next = document.section("Next");
            for step in &verdict.next {
                next.text(0, step, Tone::Plain);
            }
        }
        document
    }
}

struct Troubles;

impl Compose for Troubles {
    fn sources(&self, query: &Query) -> Vec<View> {
        let of = |status| Query { cluster: query.cluster.clone(), status, ..Query::default() };
        vec![
            View::new(&service::KIND, of(Status::Running)),
            View::new(&task::KIND, of(Status::Stopped)),
            View::new(&instance::KIND, of(Status::Running)),
        ]
    }

    fn rows(&self, _: &Query, material: &Material<'_>, cx: &Context) -> Vec<Arc<dyn Row>> {
        let mut known = Known::of(material.rows.iter().map(|row| &**row), cx.now);
        known.zone.clone_from(&cx.zone);
        let mut rows = Vec::new();
        for row in material.rows {
            let home = || View::new(row.kind(), Query { cluster: row.cluster().map(Arc::from), ..Query::default() });
            match row.typed() {
                TypedRow::Service(service) => rows.extend(Trouble::from_findings(&service.findings, row, home())),
                TypedRow::Instance(instance) => {
                    rows.extend(Trouble::from_findings(&diagnose_instance(instance, &known), row, home()));
                }
                _ => {}
            }
        }
        rows.extend(standalone::find_crash_loops(material.rows, cx.now));
        let rows = notices::fold_notices(rows);
        let remarks = remarks::remarks(material, rows.is_empty());
        rows.into_iter().chain(remarks).map(|row| Arc::new(row) as Arc<dyn Row>).collect()
    }

    fn nothing(&self, _: &Query, material: &Material<'_>) -> Vec<String> {
        remarks::nothing(material)
    }
}

#[cfg(test)]
mod tests;
