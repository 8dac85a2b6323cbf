//! Clusters.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{Cluster as Sdk, ClusterField};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, LogTarget, Only, Order, Origin, Page,
    Query, Resource, Tone, TypedRow, Unit, View,
    format::{amount, last_part, text_cell, text_order, words},
    service,
};
use crate::aws::{Clients, Failure, operation};

pub static KIND: Kind = Kind {
    name: "cluster",
    plural: "clusters",
    aliases: &["cl"],
    about: "clusters of the account and Region, with what runs on them",
    columns: super::columns::<Cluster>,
    abilities: &[Ability::Logs, Ability::Tag],
    states: &[],
    sort: ("name", false),
    in_cluster: false,
    json_key: "clusters",
    origin: Origin::Fetched(&Clusters),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    pub cluster_arn: String,
    pub cluster_name: String,
    pub status: Option<String>,
    pub active_services_count: i32,
    pub running_tasks_count: i32,
    pub pending_tasks_count: i32,
    pub registered_container_instances_count: i32,
    pub capacity_providers: Vec<String>,
    /// The cluster setting: `disabled`, `enabled` or `enhanced`.
    pub container_insights: Option<String>,
    pub tags: Vec<(String, String)>,
}

impl Cluster {
    fn from_sdk(cluster: Sdk) -> Option<Self> {
        let cluster_arn = cluster.cluster_arn.or_else(|| cluster.cluster_name.clone())?;
        let insights = cluster
            .settings
            .unwrap_or_default()
            .into_iter()
            .find(|setting| setting.name.as_ref().is_some_and(|name| name.as_str() == "containerInsights"));
        Some(Self {
            cluster_name: cluster.cluster_name.unwrap_or_else(|| last_part(&cluster_arn).to_owned()),
            cluster_arn,
            status: cluster.status,
            active_services_count: amount(cluster.active_services_count),
            running_tasks_count: amount(cluster.running_tasks_count),
            pending_tasks_count: amount(cluster.pending_tasks_count),
            registered_container_instances_count: amount(cluster.registered_container_instances_count),
            capacity_providers: cluster.capacity_providers.unwrap_or_default(),
            container_insights: insights.and_then(|setting| setting.value),
            tags: super::tags(cluster.tags),
        })
    }

    fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("ACTIVE") => Tone::Good,
            Some("PROVISIONING" | "DEPROVISIONING") => Tone::Busy,
            Some("FAILED") => Tone::Bad,
            _ => Tone::Muted,
        }
    }
}

static FIELDS: &[Field<Cluster>] = &[
    Field {
        column: Column::new("name", "NAME", 8, 48).aliases(&["cluster"]),
        cell: |row, _| Cell::plain(&*row.cluster_name),
        order: |row, _| Order::Text((&*row.cluster_name).into()),
    },
    Field {
        column: Column::new("status", "STATUS", 8, 16),
        cell: |row, _| Cell::new(row.status.as_deref().unwrap_or("-"), row.tone()),
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("services", "SERVICES", 4, 8).aliases(&["svc"]).unit(Unit::Count),
        cell: |row, _| super::count_cell(row.active_services_count, Tone::Plain),
        order: |row, _| Order::Number(row.active_services_count.into()),
    },
    Field {
        column: Column::new("running", "RUNNING", 4, 8).aliases(&["run"]).unit(Unit::Count),
        cell: |row, _| super::count_cell(row.running_tasks_count, Tone::Plain),
        order: |row, _| Order::Number(row.running_tasks_count.into()),
    },
    Field {
        column: Column::new("pending", "PENDING", 4, 8).aliases(&["pend"]).unit(Unit::Count),
        cell: |row, _| super::count_cell(row.pending_tasks_count, Tone::Busy),
        order: |row, _| Order::Number(row.pending_tasks_count.into()),
    },
    Field {
        column: Column::new("instances", "INSTANCES", 4, 9).unit(Unit::Count).priority(2),
        cell: |row, _| super::count_cell(row.registered_container_instances_count, Tone::Plain),
        order: |row, _| Order::Number(row.registered_container_instances_count.into()),
    },
    Field {
        column: Column::new("insights", "INSIGHTS", 8, 10).priority(4),
        cell: |row, _| text_cell(row.container_insights.as_deref()),
        order: |row, _| text_order(row.container_insights.as_deref()),
    },
    Field {
        column: Column::new("providers", "CAPACITY PROVIDERS", 10, 48).aliases(&["capacity"]).priority(3),
        cell: |row, _| Cell::list(row.capacity_providers.iter().map(String::as_str), ", ", Tone::Plain),
        order: |row, _| Order::Text(row.capacity_providers.join(", ").into()),
    },
];

impl Resource for Cluster {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Cluster(self)
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.cluster_arn
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.cluster_name).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn fault(&self) -> bool {
        self.tone() == Tone::Bad
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&service::KIND, Query::cluster(&*self.cluster_name)))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let only = Only::Clusters([Arc::from(&*self.cluster_name)].into());
        Some(LogTarget::group(&*self.cluster_name, Query::cluster(&*self.cluster_name), Query::default(), only))
    }

    fn cli(&self) -> Option<Vec<String>> {
        words(["ecs", "describe-clusters", "--clusters", &self.cluster_name])
    }

    fn describe(&self, _: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Cluster")
            .field("Name", &*self.cluster_name)
            .toned("Status", self.status.clone().unwrap_or_default(), self.tone())
            .field("ARN", &*self.cluster_arn)
            .field("Container Insights", self.container_insights.clone().unwrap_or_default())
            .field("Capacity providers", self.capacity_providers.join(", "));
        document
            .section("Counts")
            .field("Active services", self.active_services_count.to_string())
            .field("Running tasks", self.running_tasks_count.to_string())
            .field("Pending tasks", self.pending_tasks_count.to_string())
            .field("Container instances", self.registered_container_instances_count.to_string());
        document.tags(&self.tags);
        document
    }
}

struct Clusters;

impl Fetch for Clusters {
    fn batch(&self) -> usize {
        100
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 300, visible: 30, moving: 5, sweep: 60 }
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        _: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            let request = aws.ecs.list_clusters().max_results(100).set_next_token(token);
            let answer = aws.call(operation::LIST_CLUSTERS, request.send()).await?;
            Page::new(operation::LIST_CLUSTERS, answer.cluster_arns, answer.next_token)
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
            let request = aws
                .ecs
                .describe_clusters()
                .set_clusters(Some(super::strings(&ids)))
                .include(ClusterField::Settings)
                .include(ClusterField::Tags);
            let answer = aws.call(operation::DESCRIBE_CLUSTERS, request.send()).await?;
            Batch::new(operation::DESCRIBE_CLUSTERS, answer.clusters, Cluster::from_sdk, answer.failures)
        }
        .boxed()
    }
}
