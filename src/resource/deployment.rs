//! Deployments of a service, old and new side by side; out of DescribeServices, at no extra call.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Cell, Column, Context, Document, Field, KEPT, KEPT_LONG, Kind, Order, Origin, Pace, Part, Query, Relation,
    Resource, Row, Tone, Unit, View, count_cell,
    format::{age_cell, age_order, last_part, one_line, text_cell, text_order, timestamp, when},
    revision,
    service::{self, Service},
    task,
};

pub static KIND: Kind = Kind {
    name: "deployment",
    plural: "deployments",
    aliases: &["dep", "rs"],
    about: "deployments of services: rollout state and counts, old and new",
    columns: super::columns::<Deployment>,
    states: &[KEPT],
    sort: ("age", false),
    in_cluster: true,
    json_key: "deployments",
    origin: Origin::Derived { from: &service::KIND, rows },
};

fn rows(row: &dyn Row) -> Vec<Arc<dyn Row>> {
    let Some(service) = row.any().downcast_ref::<Service>() else { return Vec::new() };
    service.deployments.iter().map(|deployment| Arc::new(deployment.clone()) as Arc<dyn Row>).collect()
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    pub id: String,
    #[serde(skip)]
    pub cluster_name: String,
    #[serde(skip)]
    pub service_name: String,
    #[serde(skip)]
    pub service_arn: String,
    pub status: Option<String>,
    pub task_definition: Option<String>,
    pub desired_count: i32,
    pub pending_count: i32,
    pub running_count: i32,
    /// Failed in a row; back to zero once a task runs.
    pub failed_tasks: i32,
    pub rollout_state: Option<String>,
    pub rollout_state_reason: Option<String>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// ECS has forgotten it: it stands as it was last seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
}

impl Deployment {
    pub(super) fn from_sdk(
        deployment: aws_sdk_ecs::types::Deployment,
        cluster: &str,
        service: &str,
        service_arn: &str,
    ) -> Self {
        Self {
            id: deployment.id.unwrap_or_else(|| format!("{service_arn}#deployment")),
            cluster_name: cluster.to_owned(),
            service_name: service.to_owned(),
            service_arn: service_arn.to_owned(),
            status: deployment.status,
            task_definition: deployment.task_definition,
            desired_count: deployment.desired_count,
            pending_count: deployment.pending_count,
            running_count: deployment.running_count,
            failed_tasks: deployment.failed_tasks,
            rollout_state: deployment.rollout_state.map(|state| state.as_str().to_owned()),
            rollout_state_reason: deployment.rollout_state_reason,
            created_at: timestamp(deployment.created_at.as_ref()),
            updated_at: timestamp(deployment.updated_at.as_ref()),
            remembered: false,
        }
    }

    pub fn is_primary(&self) -> bool {
        !self.remembered && self.status.as_deref() == Some("PRIMARY")
    }

    /// The rollout state in one word; the deployment's status where AWS gives no rollout state.
    pub fn progress(&self) -> &str {
        match self.rollout_state.as_deref() {
            Some("COMPLETED") => "completed",
            Some("IN_PROGRESS") => "in progress",
            Some("FAILED") => "failed",
            Some(other) => other,
            None => self.status.as_deref().unwrap_or("-"),
        }
    }

    pub fn tone(&self) -> Tone {
        match self.rollout_state.as_deref() {
            Some("FAILED") => Tone::Bad,
            _ if self.remembered => Tone::Muted,
            Some("IN_PROGRESS") if self.failed_tasks > 0 => Tone::Warn,
            Some("IN_PROGRESS") => Tone::Busy,
            Some("COMPLETED") => Tone::Good,
            _ => Tone::Muted,
        }
    }

    /// `web:57 in progress: 2 of 4 running, 1 pending, 3 failed`.
    pub fn counts(&self) -> String {
        format!(
            "{} {}: {} of {} running, {} pending, {} failed",
            self.revision(),
            self.progress(),
            self.running_count,
            self.desired_count,
            self.pending_count,
            self.failed_tasks
        )
    }

    /// Since when it is in its state: its last change once it is settled, its start while it runs.
    pub fn since(&self) -> Option<Timestamp> {
        match self.rollout_state.as_deref() {
            Some("COMPLETED" | "FAILED") => self.updated_at.or(self.created_at),
            _ => self.created_at,
        }
    }

    pub fn revision(&self) -> &str {
        self.task_definition.as_deref().map(last_part).unwrap_or_default()
    }
}

static FIELDS: &[Field<Deployment>] = &[
    Field {
        column: Column::new("status", "STATUS", 8, 10),
        cell: |row, _| {
            let status = if row.remembered { Some(KEPT) } else { row.status.as_deref() };
            let tone = if row.is_primary() { Tone::Plain } else { Tone::Muted };
            Cell::new(status.unwrap_or("-"), tone)
        },
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("service", "SERVICE", 8, 32).aliases(&["svc"]).told_by(Part::Service),
        cell: |row, _| text_cell(Some(&row.service_name)),
        order: |row, _| Order::Text((&*row.service_name).into()),
    },
    Field {
        column: Column::new("rollout", "ROLLOUT", 10, 14),
        cell: |row, _| Cell::new(row.progress(), row.tone()),
        order: |row, _| Order::Text(row.progress().into()),
    },
    Field {
        column: Column::new("taskdef", "TASK DEFINITION", 10, 40).aliases(&["td", "revision", "rev"]),
        cell: |row, _| text_cell(Some(row.revision())),
        order: |row, _| text_order(Some(row.revision())),
    },
    Field {
        column: Column::new("desired", "DES", 3, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.desired_count, Tone::Plain),
        order: |row, _| Order::Number(row.desired_count.into()),
    },
    Field {
        column: Column::new("running", "RUN", 3, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.running_count, Tone::Plain),
        order: |row, _| Order::Number(row.running_count.into()),
    },
    Field {
        column: Column::new("pending", "PEND", 4, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.pending_count, Tone::Busy),
        order: |row, _| Order::Number(row.pending_count.into()),
    },
    Field {
        column: Column::new("failed", "FAIL", 4, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.failed_tasks, Tone::Bad),
        order: |row, _| Order::Number(row.failed_tasks.into()),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age(),
        cell: |row, cx| age_cell(row.created_at, cx.now),
        order: |row, cx| age_order(row.created_at, cx.now),
    },
    Field {
        column: Column::new("reason", "REASON", 16, 90).priority(2),
        cell: |row, _| row.rollout_state_reason.as_deref().map_or_else(Cell::absent, |r| Cell::plain(one_line(r))),
        order: |row, _| text_order(row.rollout_state_reason.as_deref()),
    },
    Field {
        column: Column::new("id", "ID", 12, 28).wide(),
        cell: |row, _| Cell::plain(&*row.id),
        order: |row, _| Order::Text((&*row.id).into()),
    },
];

impl Resource for Deployment {
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
        (&*self.id).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.service_arn)
    }

    fn pace(&self) -> Pace {
        match self.tone() {
            _ if self.remembered => Pace::Final,
            Tone::Busy | Tone::Warn => Pace::Moving,
            _ => Pace::Calm,
        }
    }

    fn fault(&self) -> bool {
        matches!(self.tone(), Tone::Bad | Tone::Warn)
    }

    fn remembered(&self) -> bool {
        self.remembered
    }

    fn states(&self) -> Vec<&'static str> {
        self.remembered.then_some(KEPT).into_iter().collect()
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&task::KIND, Query::service(&*self.cluster_name, &*self.service_name)))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::TaskDefinition => revision::view(self.task_definition.as_deref()?),
            // It is one of them.
            Relation::Deployments => None,
            relation => service::related(relation, Query::service(&*self.cluster_name, &*self.service_name)),
        }
    }

    fn cli(&self) -> Option<Vec<String>> {
        service::cli(&self.cluster_name, &self.service_name)
    }

    fn describe(&self, cx: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Deployment")
            .field("Id", &*self.id)
            .field("Service", &*self.service_name)
            .field("Status", self.status.clone().unwrap_or_default())
            .toned("Rollout", self.progress(), self.tone())
            .field("Reason", self.rollout_state_reason.clone().unwrap_or_default())
            .field("Task definition", self.revision())
            .field("Desired", self.desired_count.to_string())
            .field("Running", self.running_count.to_string())
            .field("Pending", self.pending_count.to_string())
            .toned(
                "Failed in a row",
                self.failed_tasks.to_string(),
                if self.failed_tasks > 0 { Tone::Bad } else { Tone::Plain },
            )
            .field("Started", when(self.created_at, cx.now))
            .field("Updated", when(self.updated_at, cx.now))
            .toned("Kept", if self.remembered { KEPT_LONG } else { "" }, Tone::Muted);
        document
    }
}
