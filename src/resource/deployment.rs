//! Deployments of services, old and new. They come with DescribeServices, at no extra call.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ARCHIVED, ARCHIVED_LONG, Ability, Cell, Column, Context, Document, Field, Kind, LogTarget, Only, Order, Origin,
    Pace, Part, Query, Relation, Resource, Row, Tone, TypedRow, Unit, View, count_cell,
    event::ServiceEvent,
    finding::{Finding, Problem},
    format::{age_cell, age_order, amount, last_part, one_line, text_cell, text_order, timestamp, when},
    revision,
    service::{self, Service, ServiceHealth},
    task,
};

pub static KIND: Kind = Kind {
    name: "deployment",
    plural: "deployments",
    aliases: &["dep", "rs"],
    about: "deployments of services: rollout state and counts, old and new",
    columns: super::columns::<Deployment>,
    abilities: &[
        Ability::Explain,
        Ability::Evidence,
        Ability::Logs,
        Ability::Events,
        Ability::Timeline,
        Ability::TaskDefinition,
        Ability::Diff,
        Ability::Rollout,
        Ability::Service,
        Ability::Deploy,
        Ability::Archive,
    ],
    states: &["failed", "failing", "stuck", "crashing", "unplaced", "short", "unhealthy", "waiting", ARCHIVED],
    sort: ("age", false),
    in_cluster: true,
    json_key: "deployments",
    origin: Origin::Derived { from: &service::KIND, rows },
};

fn rows(row: &dyn Row) -> Vec<Arc<dyn Row>> {
    let Some(service) = row.any().downcast_ref::<Service>() else { return Vec::new() };
    let deployment = |deployment: &Deployment| {
        let finding =
            service.primary().filter(|primary| primary.id == deployment.id).and_then(|_| blocking_finding(service));
        Arc::new(Deployment { finding: finding.cloned(), ..deployment.clone() }) as Arc<dyn Row>
    };
    service.deployments.iter().map(deployment).collect()
}

/// Finding of `service` that explains why its rollout fails, is stuck or waits.
fn blocking_finding(service: &Service) -> Option<&Finding> {
    let completed = service.primary()?.rollout_state.as_deref() == Some("COMPLETED") && service.deployments.len() == 1;
    let is_about_rollout =
        |finding: &&Finding| finding.problem <= Problem::Waiting || finding.problem == Problem::NotPlaced;
    service.findings.iter().find(is_about_rollout).filter(|_| !completed)
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
    /// Tasks that failed in a row; zero again once a task runs.
    pub failed_tasks: i32,
    pub rollout_state: Option<String>,
    pub rollout_state_reason: Option<String>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// When it completed or failed; absent when no event says so (any more).
    pub ended_at: Option<Timestamp>,
    /// Why it fails, is stuck or waits.
    #[serde(skip)]
    pub finding: Option<Finding>,
    /// Whether ECS has forgotten it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
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
            desired_count: amount(deployment.desired_count),
            pending_count: amount(deployment.pending_count),
            running_count: amount(deployment.running_count),
            failed_tasks: amount(deployment.failed_tasks),
            rollout_state: deployment.rollout_state.map(|state| state.as_str().to_owned()),
            rollout_state_reason: deployment.rollout_state_reason,
            created_at: timestamp(deployment.created_at.as_ref()),
            updated_at: timestamp(deployment.updated_at.as_ref()),
            ended_at: None,
            finding: None,
            archived: false,
        }
    }

    /// Sets the time of its end from the service's `events`.
    pub(super) fn set_end(&mut self, events: &[ServiceEvent]) {
        let end = match self.rollout_state.as_deref() {
            Some("COMPLETED") => "deployment completed",
            Some("FAILED") => "deployment failed",
            _ => return,
        };
        let is_end = |event: &&ServiceEvent| event.message.contains(&self.id) && event.message.contains(end);
        self.ended_at = events.iter().find(is_end).and_then(|event| event.created_at);
    }

    pub fn is_primary(&self) -> bool {
        !self.archived && self.status.as_deref() == Some("PRIMARY")
    }

    /// Rollout state in words; the deployment's status where AWS gives no rollout state.
    pub fn progress(&self) -> &str {
        match self.rollout_state.as_deref() {
            _ if self.superseded() => "superseded",
            Some("COMPLETED") => "completed",
            Some("IN_PROGRESS") => "in progress",
            Some("FAILED") => "failed",
            Some(other) => other,
            None => self.status.as_deref().unwrap_or("-"),
        }
    }

    /// Whether another deployment replaced it before it completed.
    fn superseded(&self) -> bool {
        self.archived && self.rollout_state.as_deref() == Some("IN_PROGRESS")
    }

    /// AWS's reason for the rollout state; absent when superseded, because it says `in progress`.
    fn reason(&self) -> Option<&str> {
        self.rollout_state_reason.as_deref().filter(|_| !self.superseded())
    }

    /// Why it fails, is stuck or waits; absent when archived.
    fn blocking_finding(&self) -> Option<&Finding> {
        self.finding.as_ref().filter(|_| !self.archived)
    }

    /// State in one word: the health that follows from its finding (`stuck`, `waiting`), or else the rollout state.
    pub fn state(&self) -> &str {
        let health = self.blocking_finding().and_then(|finding| ServiceHealth::from_problem(finding.problem));
        health.map_or_else(|| self.progress(), |health| health.word())
    }

    pub fn tone(&self) -> Tone {
        if let Some(finding) = self.blocking_finding() {
            return finding.problem.tone();
        }
        match self.rollout_state.as_deref() {
            Some("FAILED") => Tone::Bad,
            _ if self.archived => Tone::Muted,
            Some("IN_PROGRESS") if self.failed_tasks > 0 => Tone::Warn,
            Some("IN_PROGRESS") => Tone::Busy,
            Some("COMPLETED") => Tone::Good,
            _ => Tone::Muted,
        }
    }

    /// Summary with counts: `web:57 in progress: 2 of 4 running, 1 pending, 3 failed`.
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

    /// Start of its current state: its end where an event reports it, or else its start. `updatedAt` is no use: AWS updates it
    /// whenever a task is replaced, even long after the rollout.
    pub fn since(&self) -> Option<Timestamp> {
        self.ended_at.or(self.created_at)
    }

    pub fn revision(&self) -> &str {
        self.task_definition.as_deref().map(last_part).unwrap_or_default()
    }
}

static FIELDS: &[Field<Deployment>] = &[
    Field {
        column: Column::new("status", "STATUS", 7, 10),
        cell: |row, _| {
            let status = if row.archived { Some(ARCHIVED) } else { row.status.as_deref() };
            let tone = if row.is_primary() { Tone::Plain } else { Tone::Muted };
            Cell::new(status.unwrap_or("-"), tone)
        },
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("service", "SERVICE", 8, 32).aliases(&["svc"]).hidden_by(Part::Service).identity(),
        cell: |row, _| text_cell(Some(&row.service_name)),
        order: |row, _| Order::Text((&*row.service_name).into()),
    },
    Field {
        column: Column::new("rollout", "ROLLOUT", 11, 14),
        cell: |row, _| Cell::new(row.state(), row.tone()),
        order: |row, _| Order::Text(row.state().into()),
    },
    Field {
        column: Column::new("taskdef", "REVISION", 8, 40).aliases(&["td", "revision", "rev"]).identity(),
        cell: |row, _| text_cell(Some(row.revision())),
        order: |row, _| text_order(Some(row.revision())),
    },
    Field {
        column: Column::new("desired", "DES", 3, 5).unit(Unit::Count).priority(1),
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
        // The counts of the last hour change with the clock.
        column: Column {
            ages: true,
            ..Column::new("cause", "CAUSE", 12, 64).aliases(&["why"]).priority(1).marks_row()
        },
        cell: |row, _| match row.blocking_finding() {
            Some(finding) => Cell::new(&*finding.cause, finding.problem.tone()),
            None => Cell::absent(),
        },
        order: |row, _| text_order(row.blocking_finding().map(|finding| &*finding.cause)),
    },
    Field {
        column: Column::new("reason", "REASON", 12, 90).priority(2),
        cell: |row, _| row.reason().map_or_else(Cell::absent, |reason| Cell::plain(one_line(reason))),
        order: |row, _| text_order(row.reason()),
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

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Deployment(self)
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
        match self.rollout_state.as_deref() {
            _ if self.archived => Pace::Final,
            Some("IN_PROGRESS") => Pace::Moving,
            _ => Pace::Calm,
        }
    }

    fn fault(&self) -> bool {
        self.blocking_finding().is_some() || matches!(self.tone(), Tone::Bad | Tone::Warn)
    }

    fn archived(&self) -> bool {
        self.archived
    }

    fn states(&self) -> Vec<&'static str> {
        let health = self.blocking_finding().and_then(|finding| ServiceHealth::from_problem(finding.problem));
        self.archived.then_some(ARCHIVED).into_iter().chain(health.map(ServiceHealth::word)).collect()
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&task::KIND, Query::service(&*self.cluster_name, &*self.service_name)))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::TaskDefinition => revision::view(self.task_definition.as_deref()?),
            relation => service::related(relation, Query::service(&*self.cluster_name, &*self.service_name)),
        }
    }

    fn timeline(&self) -> Option<Query> {
        Some(Query::service(&*self.cluster_name, &*self.service_name))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let service = Query::service(&*self.cluster_name, &*self.service_name);
        let only = Only::Deployments([Arc::from(&*self.id)].into());
        let name = format!("{} {}", self.service_name, self.revision());
        Some(LogTarget::group(name, Query { only: Some(only.clone()), ..service.clone() }, service, only))
    }

    fn consults(&self) -> Vec<View> {
        let Self { cluster_name, service_name, .. } = self;
        let running = View::new(&task::KIND, Query::service(&**cluster_name, &**service_name));
        let mut views = vec![service::view(cluster_name, service_name), task::stopped_view(cluster_name), running];
        views.extend(self.task_definition.as_deref().and_then(revision::view));
        views
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
            .toned("Rollout", self.state(), self.tone())
            .field("Cause", self.blocking_finding().map(|finding| finding.cause.clone()).unwrap_or_default())
            .field("Reason", self.reason().unwrap_or_default())
            .field("Task definition", self.revision())
            .field("Desired", self.desired_count.to_string())
            .field("Running", self.running_count.to_string())
            .field("Pending", self.pending_count.to_string())
            .toned(
                "Failed in a row",
                self.failed_tasks.to_string(),
                if self.failed_tasks > 0 { Tone::Bad } else { Tone::Plain },
            )
            .field("Started", when(self.created_at, cx))
            .field("Updated", when(self.updated_at, cx))
            .toned("Archived", if self.archived { ARCHIVED_LONG } else { "" }, Tone::Muted);
        document
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_769_868_300 + second).unwrap()
    }

    fn deployment(state: &str) -> Deployment {
        Deployment {
            id: "ecs-svc/8".into(),
            status: Some("PRIMARY".into()),
            rollout_state: Some(state.into()),
            created_at: Some(at(0)),
            updated_at: Some(at(90_000)),
            ..Deployment::default()
        }
    }

    #[rstest]
    #[case::stuck(Problem::RolloutStuck, "stuck", Tone::Warn)]
    #[case::waiting(Problem::Waiting, "waiting", Tone::Wait)]
    #[case::placement(Problem::NotPlaced, "unplaced", Tone::Bad)]
    fn a_blocked_rollout_shows_it_in_its_own_row(#[case] problem: Problem, #[case] word: &str, #[case] tone: Tone) {
        let finding = Finding { problem, since: None, cause: "because".into(), verdict: None };
        let old = Deployment { id: "ecs-svc/7".into(), status: Some("ACTIVE".into()), ..deployment("COMPLETED") };
        let service = Service {
            deployments: vec![deployment("IN_PROGRESS"), old],
            findings: vec![finding],
            ..Service::default()
        };
        let rows = rows(&service);
        let row = rows[0].any().downcast_ref::<Deployment>().unwrap();
        assert_eq!((row.state(), row.tone(), Row::fault(row)), (word, tone, true));
        assert_eq!(row.finding.as_ref().map(|finding| &*finding.cause), Some("because"));
        let archived = Deployment { archived: true, ..row.clone() };
        assert_eq!((archived.state(), archived.tone(), Row::fault(&archived)), ("superseded", Tone::Muted, false));
        let old = rows[1].any().downcast_ref::<Deployment>().unwrap();
        assert_eq!((old.state(), Row::fault(old)), ("completed", false));
    }

    #[test]
    fn the_end_of_a_rollout_comes_from_an_event_not_from_updated_at() {
        let event = |message: &str, second| ServiceEvent {
            created_at: Some(at(second)),
            message: format!("(service web) (deployment ecs-svc/8) {message}"),
            ..ServiceEvent::default()
        };
        let events = [event("has reached a steady state.", 80_000), event("deployment completed.", 300)];
        let mut completed = deployment("COMPLETED");
        assert_eq!(completed.since(), Some(at(0)));
        completed.set_end(&events);
        assert_eq!(completed.since(), Some(at(300)));
        let mut failed = deployment("FAILED");
        failed.set_end(&events);
        assert_eq!(failed.since(), Some(at(0)));
        failed.set_end(&[event("deployment failed: tasks failed to start.", 200)]);
        assert_eq!(failed.since(), Some(at(200)));
    }

    #[test]
    fn an_archived_deployment_in_progress_is_superseded() {
        assert_eq!(deployment("IN_PROGRESS").progress(), "in progress");
        assert_eq!(Deployment { archived: true, ..deployment("IN_PROGRESS") }.progress(), "superseded");
        assert_eq!(Deployment { archived: true, ..deployment("COMPLETED") }.progress(), "completed");
        let reason = Some("ECS deployment ecs-svc/8 in progress.".to_owned());
        let going = Deployment { rollout_state_reason: reason, ..deployment("IN_PROGRESS") };
        assert_eq!(going.reason(), going.rollout_state_reason.as_deref());
        assert_eq!(Deployment { archived: true, ..going }.reason(), None);
    }
}
