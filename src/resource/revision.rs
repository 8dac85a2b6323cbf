//! Task definition revisions. Only their status ever changes, so each is described once.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{SortOrder, Tag, TaskDefinition as Sdk, TaskDefinitionField};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, LogTarget, Only, Order, Origin, Pace,
    Page, Query, Relation, Resource, Row, Tone, TypedRow, Unit, View, family,
    format::{age_cell, age_order, amount, last_part, number_order, text_cell, text_order, timestamp, words},
};
use crate::aws::{Clients, Failure, FailureKind, operation};

mod definition;
mod describe;

pub use definition::{Check, Definition, STOP_TIMEOUT};

pub static KIND: Kind = Kind {
    name: "revision",
    plural: "revisions",
    aliases: &["taskdefinition", "taskdefinitions"],
    about: "task definition revisions: images, sizes, roles",
    columns: super::columns::<Revision>,
    abilities: &[Ability::Logs, Ability::Diff, Ability::Deploy, Ability::Run, Ability::Deregister, Ability::Tag],
    states: &[],
    sort: ("revision", true),
    in_cluster: false,
    json_key: "taskDefinitions",
    origin: Origin::Fetched(&Revisions),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    pub task_definition_arn: String,
    pub family: String,
    pub revision: i32,
    pub status: Option<String>,
    pub cpu: Option<String>,
    pub memory: Option<String>,
    pub network_mode: Option<String>,
    /// Whose processes its containers see: `task`, `host`; absent for their own.
    pub pid_mode: Option<String>,
    pub requires_compatibilities: Vec<String>,
    pub runtime_platform: Option<String>,
    /// Attributes an instance must have: names, and values where they matter.
    pub requires_attributes: Vec<(String, Option<String>)>,
    /// Expressions in the cluster query language that an instance must match.
    pub placement_constraints: Vec<String>,
    pub task_role_arn: Option<String>,
    pub execution_role_arn: Option<String>,
    pub enable_fault_injection: bool,
    pub volumes: Vec<String>,
    pub registered_at: Option<Timestamp>,
    pub registered_by: Option<String>,
    pub containers: Vec<Definition>,
    pub tags: Vec<(String, String)>,
    /// Whether it has been described; until then only its ARN is known.
    #[serde(skip)]
    pub described: bool,
}

impl Revision {
    /// Creates a placeholder from the ARN alone.
    fn stub(arn: &str) -> Self {
        let (family, revision) = last_part(arn).rsplit_once(':').unwrap_or((last_part(arn), "0"));
        Self {
            task_definition_arn: arn.to_owned(),
            family: family.to_owned(),
            revision: revision.parse().unwrap_or_default(),
            ..Self::default()
        }
    }

    fn from_sdk(definition: Sdk, tags: Option<Vec<Tag>>) -> Option<Self> {
        let stub = Self::stub(definition.task_definition_arn.as_deref()?);
        let platform = definition.runtime_platform.as_ref().map(|platform| {
            let family = platform.operating_system_family.as_ref().map(|family| family.as_str());
            let cpu = platform.cpu_architecture.as_ref().map(|cpu| cpu.as_str());
            [family, cpu].into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        Some(Self {
            status: definition.status.map(|status| status.as_str().to_owned()),
            cpu: definition.cpu,
            memory: definition.memory,
            network_mode: definition.network_mode.map(|mode| mode.as_str().to_owned()),
            pid_mode: definition.pid_mode.map(|mode| mode.as_str().to_owned()),
            requires_compatibilities: definition
                .requires_compatibilities
                .unwrap_or_default()
                .into_iter()
                .map(|compatibility| compatibility.as_str().to_owned())
                .collect(),
            runtime_platform: platform.filter(|platform| !platform.is_empty()),
            requires_attributes: definition
                .requires_attributes
                .unwrap_or_default()
                .into_iter()
                .map(|attribute| (attribute.name, attribute.value))
                .collect(),
            placement_constraints: definition
                .placement_constraints
                .unwrap_or_default()
                .into_iter()
                .filter_map(|constraint| constraint.expression)
                .collect(),
            task_role_arn: definition.task_role_arn,
            execution_role_arn: definition.execution_role_arn,
            enable_fault_injection: definition.enable_fault_injection.unwrap_or_default(),
            volumes: definition.volumes.unwrap_or_default().into_iter().filter_map(|volume| volume.name).collect(),
            registered_at: timestamp(definition.registered_at.as_ref()),
            registered_by: definition.registered_by,
            containers: definition
                .container_definitions
                .unwrap_or_default()
                .into_iter()
                .map(Definition::from_sdk)
                .collect(),
            tags: super::tags(tags),
            described: true,
            ..stub
        })
    }

    /// Longest stop timeout of its containers, in seconds.
    pub fn stop_timeout(&self) -> i32 {
        self.containers.iter().map(Definition::stop_timeout).max().unwrap_or(STOP_TIMEOUT)
    }

    /// CPU units that a task takes on an instance: those of the task, or else the sum of its containers.
    pub fn cpu_units(&self) -> i32 {
        let own = self.cpu.as_deref().and_then(|cpu| cpu.parse().ok());
        own.map_or_else(|| self.containers.iter().map(|container| container.cpu).fold(0, i32::saturating_add), amount)
    }

    /// Memory in MiB that a task takes on an instance: that of the task, or else the sum of what its containers reserve.
    pub fn mebibytes(&self) -> i32 {
        let own = self.memory.as_deref().and_then(|memory| memory.parse().ok());
        let reserved = |container: &Definition| container.memory_reservation.or(container.memory).unwrap_or_default();
        own.map_or_else(|| self.containers.iter().map(reserved).fold(0, i32::saturating_add), amount)
    }

    /// Images without their registries.
    fn images(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().filter_map(|container| container.image.as_deref()).map(last_part)
    }

    /// Returns `cell`, or a pending one until the revision is described.
    fn once_described<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        if self.described { cell } else { Cell::pending() }
    }
}

static FIELDS: &[Field<Revision>] = &[
    Field {
        column: Column::new("revision", "REVISION", 12, 60).aliases(&["name", "family"]),
        cell: |row, _| Cell::plain(last_part(&row.task_definition_arn)),
        // Revision 10 comes after 9, within its family.
        order: |row, _| Order::Text(format!("{}:{:010}", row.family, row.revision).into()),
    },
    Field {
        column: Column::new("status", "STATUS", 8, 18),
        cell: |row, _| {
            row.once_described(match row.status.as_deref() {
                Some("ACTIVE") => Cell::new("active", Tone::Good),
                Some(status) => Cell::new(status.to_lowercase(), Tone::Muted),
                None => Cell::absent(),
            })
        },
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("cpu", "CPU", 4, 6).unit(Unit::Cpu).priority(3),
        cell: |row, _| row.once_described(text_cell(row.cpu.as_deref())),
        order: |row, _| number_order(row.cpu.as_deref()),
    },
    Field {
        column: Column::new("memory", "MEM", 4, 7).aliases(&["mem"]).unit(Unit::Mebibytes).priority(3),
        cell: |row, _| row.once_described(text_cell(row.memory.as_deref())),
        order: |row, _| number_order(row.memory.as_deref()),
    },
    Field {
        column: Column::new("network", "NETWORK", 6, 8).priority(4),
        cell: |row, _| row.once_described(text_cell(row.network_mode.as_deref())),
        order: |row, _| text_order(row.network_mode.as_deref()),
    },
    Field {
        column: Column::new("images", "IMAGES", 16, 80).aliases(&["image"]).priority(1),
        cell: |row, _| row.once_described(Cell::list(row.images(), ", ", Tone::Plain)),
        order: |row, _| Order::Text(row.images().collect::<Vec<_>>().join(", ").into()),
    },
    Field {
        column: Column::new("by", "REGISTERED BY", 10, 32).priority(5),
        cell: |row, _| row.once_described(text_cell(row.registered_by.as_deref().map(last_part))),
        order: |row, _| text_order(row.registered_by.as_deref()),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age().priority(2),
        cell: |row, cx| row.once_described(age_cell(row.registered_at, cx.now)),
        order: |row, cx| age_order(row.registered_at, cx.now),
    },
];

impl Resource for Revision {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Revision(self)
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.task_definition_arn
    }

    fn name(&self) -> Cow<'_, str> {
        last_part(&self.task_definition_arn).into()
    }

    fn pace(&self) -> Pace {
        if self.described { Pace::Final } else { Pace::Moving }
    }

    fn related(&self, relation: Relation) -> Option<View> {
        (relation == Relation::Owner).then(|| View::new(&family::KIND, Query::default()))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let name = last_part(&self.task_definition_arn);
        let only = Only::Definitions([Arc::from(name)].into());
        let query = Query { only: Some(only.clone()), ..Query::family(&*self.family) };
        Some(LogTarget::group(name, query, Query::default(), only))
    }

    fn cli(&self) -> Option<Vec<String>> {
        words(["ecs", "describe-task-definition", "--task-definition", last_part(&self.task_definition_arn)])
    }

    fn describe(&self, cx: &Context) -> Document {
        describe::revision(self, cx)
    }
}

/// View of the one revision with this ARN or `family:revision`. Absent where no revision is named: that would be a view of the
/// whole family, whose rows are described only while on screen.
pub fn view(definition: &str) -> Option<View> {
    let name = last_part(definition);
    let (family, number) = name.rsplit_once(':')?;
    (!family.is_empty() && number.parse::<u32>().is_ok()).then(|| View::new(&KIND, Query::family(name)))
}

/// Reads one task definition, by ARN, `family:revision` or `family`.
///
/// # Errors
///
/// The failure of the call; also if AWS knows no such task definition.
pub async fn describe(clients: &Clients, definition: &str) -> Result<Revision, Failure> {
    let operation = operation::DESCRIBE_TASK_DEFINITION;
    let request = clients.ecs.describe_task_definition().task_definition(definition).include(TaskDefinitionField::Tags);
    let answer = clients.call(operation, request.send()).await?;
    let none = || Failure::local(operation.name, FailureKind::NotFound, "AWS knows no such task definition");
    let tags = answer.tags;
    answer.task_definition.and_then(|definition| Revision::from_sdk(definition, tags)).ok_or_else(none)
}

/// Name of a single revision in the query, as `family:revision`.
fn single_revision(query: &Query) -> Option<&Arc<str>> {
    query.family.as_ref().filter(|family| family.contains(':'))
}

struct Revisions;

impl Fetch for Revisions {
    fn batch(&self) -> usize {
        1
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 300, visible: 60, moving: 5, sweep: 300 }
    }

    fn visible_only(&self, query: &Query) -> bool {
        single_revision(query).is_none()
    }

    /// Lists the revisions of `query.family`, newest first, or the single one given as `family:revision`.
    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            if let Some(name) = single_revision(query) {
                return Ok(Page::single(name));
            }
            let request = aws
                .ecs
                .list_task_definitions()
                .set_family_prefix(super::owned(&query.family))
                .sort(SortOrder::Desc)
                .max_results(100)
                .set_next_token(token);
            let answer = aws.call(operation::LIST_TASK_DEFINITIONS, request.send()).await?;
            Page::new(operation::LIST_TASK_DEFINITIONS, answer.task_definition_arns, answer.next_token)
        }
        .boxed()
    }

    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        _: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>> {
        async move {
            let id = ids.first().map(ToString::to_string);
            let request = aws.ecs.describe_task_definition().set_task_definition(id).include(TaskDefinitionField::Tags);
            let answer = aws.call(operation::DESCRIBE_TASK_DEFINITION, request.send()).await?;
            let (found, tags) = (answer.task_definition.map(|definition| vec![definition]), answer.tags);
            let revision = |definition| Revision::from_sdk(definition, tags.clone());
            Batch::new(operation::DESCRIBE_TASK_DEFINITION, found, revision, None)
        }
        .boxed()
    }

    fn stub(&self, id: &str) -> Option<Arc<dyn Row>> {
        Some(Arc::new(Revision::stub(id)))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("arn:aws:ecs:eu-west-1:1:task-definition/web:7", Some("web:7"))]
    #[case("web:7", Some("web:7"))]
    #[case::no_revision("arn:aws:ecs:eu-west-1:1:task-definition/web", None)]
    #[case::no_number("web:latest", None)]
    #[case::no_family(":7", None)]
    #[case::nothing("", None)]
    fn only_a_definition_with_a_revision_has_a_view(#[case] definition: &str, #[case] family: Option<&str>) {
        assert_eq!(view(definition).and_then(|view| view.query.family).as_deref(), family);
    }
}
