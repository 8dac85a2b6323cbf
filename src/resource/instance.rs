//! Container instances: the EC2, external and managed hosts of a cluster.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{
    Attachment, ContainerInstance as Sdk, ContainerInstanceField, InstanceHealthCheckResult, InstanceHealthCheckState,
    Resource as SdkResource,
};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, LogTarget, Only, Order, Origin, Pace,
    Page, Part, Query, Relation, Resource, Tone, TypedRow, Unit, View, cluster, count_cell,
    format::{age_cell, age_order, amount, last_part, text_cell, text_order, timestamp, words},
    service,
    session_target::HostTarget,
    task,
};
use crate::aws::{Clients, Failure, operation};

mod describe;

pub static KIND: Kind = Kind {
    name: "instance",
    plural: "instances",
    aliases: &["ci", "no", "node", "nodes"],
    about: "container instances: agent, state, free CPU and memory",
    columns: super::columns::<Instance>,
    abilities: &[Ability::Explain, Ability::Logs, Ability::Drain, Ability::Shell, Ability::Tag],
    states: &["disconnected", "draining"],
    sort: ("id", false),
    in_cluster: true,
    json_key: "containerInstances",
    origin: Origin::Fetched(&Instances),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    pub container_instance_arn: String,
    pub cluster_name: String,
    pub ec2_instance_id: Option<String>,
    pub status: Option<String>,
    pub status_reason: Option<String>,
    pub agent_connected: bool,
    pub agent_version: Option<String>,
    pub docker_version: Option<String>,
    pub agent_update_status: Option<String>,
    /// `OK`, `IMPAIRED`, …; absent where AWS doesn't check the instance's health.
    pub health: Option<String>,
    pub running_tasks_count: i32,
    pub pending_tasks_count: i32,
    /// CPU units.
    pub cpu: HostResource,
    /// MiB.
    pub memory: HostResource,
    /// Host ports in use.
    pub ports: Vec<i32>,
    pub udp_ports: Vec<i32>,
    /// Registered GPUs. AWS gives no number of free ones.
    pub gpus: usize,
    /// Number of network interfaces attached for tasks.
    pub interfaces: usize,
    /// Attributes: names and values. Capabilities have no value.
    pub attributes: Vec<(String, Option<String>)>,
    /// Results other than `OK` of AWS's last health check.
    pub health_issues: Vec<HealthIssue>,
    /// When its agent disconnected, from AWS or as the console noticed it.
    pub agent_lost_at: Option<Timestamp>,
    /// When it began to drain, if the console noticed it.
    pub draining_since: Option<Timestamp>,
    pub instance_type: Option<String>,
    pub availability_zone: Option<String>,
    pub ami_id: Option<String>,
    pub capacity_provider_name: Option<String>,
    pub registered_at: Option<Timestamp>,
    pub tags: Vec<(String, String)>,
}

/// How much of a resource an instance has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HostResource {
    /// Not reserved by a task.
    pub remaining: i32,
    pub registered: i32,
}

/// A health check result of an instance other than `OK`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthIssue {
    /// `CONTAINER_RUNTIME`, `AGENT_CONNECTIVITY`, `ACCELERATED_COMPUTE`, `DAEMON`.
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    pub since: Option<Timestamp>,
}

impl HealthIssue {
    fn from_sdk(check: InstanceHealthCheckResult) -> Option<Self> {
        Some(Self {
            kind: check.r#type?.as_str().to_owned(),
            status: check.status.filter(|status| *status != InstanceHealthCheckState::Ok)?.as_str().to_owned(),
            reason: check.status_reason,
            since: timestamp(check.last_status_change.as_ref()),
        })
    }

    /// Whether it only says that the agent is disconnected.
    pub fn is_about_agent(&self) -> bool {
        self.kind == "AGENT_CONNECTIVITY"
    }
}

impl Instance {
    fn from_sdk(instance: Sdk, cluster: &str) -> Option<Self> {
        let attributes = instance.attributes.unwrap_or_default();
        let attribute = |name: &str| {
            attributes.iter().find(|attribute| attribute.name == name).and_then(|attribute| attribute.value.clone())
        };
        let named = |resources: &Option<Vec<SdkResource>>, name: &str| {
            let resources = resources.as_deref().unwrap_or_default();
            resources
                .iter()
                .find(|r| r.name.as_deref() == Some(name))
                .map_or(0, |resource| amount(resource.integer_value))
        };
        let both = |name: &str| HostResource {
            remaining: named(&instance.remaining_resources, name),
            registered: named(&instance.registered_resources, name),
        };
        let (cpu, memory) = (both("CPU"), both("MEMORY"));
        let set = |resources: &Option<Vec<SdkResource>>, name: &str| {
            let resources = resources.as_deref().unwrap_or_default();
            resources.iter().find(|r| r.name.as_deref() == Some(name)).and_then(|r| r.string_set_value.clone())
        };
        let ports = |name: &str| {
            let taken = set(&instance.remaining_resources, name).unwrap_or_default();
            taken.iter().filter_map(|port| port.parse().ok()).collect()
        };
        let version = instance.version_info;
        let health = instance.health_status;
        let overall = health.as_ref().and_then(|health| health.overall_status.clone());
        let checks = health.and_then(|health| health.details).unwrap_or_default();
        let health_issues: Vec<_> = checks.into_iter().filter_map(HealthIssue::from_sdk).collect();
        let lost = health_issues.iter().find(|issue| issue.is_about_agent()).filter(|_| !instance.agent_connected);
        Some(Self {
            agent_lost_at: lost.and_then(|issue| issue.since),
            draining_since: None,
            ports: ports("PORTS"),
            udp_ports: ports("PORTS_UDP"),
            gpus: set(&instance.registered_resources, "GPU").map_or(0, |gpus| gpus.len()),
            interfaces: interfaces(instance.attachments.as_deref().unwrap_or_default()),
            health_issues,
            container_instance_arn: instance.container_instance_arn?,
            cluster_name: cluster.to_owned(),
            ec2_instance_id: instance.ec2_instance_id,
            status: instance.status,
            status_reason: instance.status_reason,
            agent_connected: instance.agent_connected,
            agent_version: version.as_ref().and_then(|version| version.agent_version.clone()),
            docker_version: version.and_then(|version| version.docker_version),
            agent_update_status: instance.agent_update_status.map(|status| status.as_str().to_owned()),
            health: overall.map(|status| status.as_str().to_owned()),
            running_tasks_count: amount(instance.running_tasks_count),
            pending_tasks_count: amount(instance.pending_tasks_count),
            cpu,
            memory,
            instance_type: attribute("ecs.instance-type"),
            availability_zone: attribute("ecs.availability-zone"),
            ami_id: attribute("ecs.ami-id"),
            capacity_provider_name: instance.capacity_provider_name,
            registered_at: timestamp(instance.registered_at.as_ref()),
            tags: super::tags(instance.tags),
            attributes: attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect(),
        })
    }

    /// Value of an attribute; absent for a capability, or when there is no such attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref())
    }

    pub fn draining(&self) -> bool {
        self.status.as_deref() == Some("DRAINING")
    }

    /// Carries over from `before` the times that AWS does not give: when its agent disconnected, and when it began to drain.
    pub fn remember(&mut self, before: &Self, now: Timestamp) {
        if !self.agent_connected {
            let seen = before.agent_lost_at.or(before.agent_connected.then_some(now));
            self.agent_lost_at = self.agent_lost_at.or(seen);
        }
        if self.draining() {
            self.draining_since = before.draining_since.or((!before.draining()).then_some(now));
        }
    }

    fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("ACTIVE") if !self.agent_connected => Tone::Bad,
            Some("ACTIVE") => Tone::Good,
            Some("REGISTERING" | "DEREGISTERING") => Tone::Busy,
            Some("DRAINING") => Tone::Warn,
            Some("REGISTRATION_FAILED") => Tone::Bad,
            _ => Tone::Muted,
        }
    }
}

/// Counts the network interfaces among the attachments of an instance.
fn interfaces(attachments: &[Attachment]) -> usize {
    let detached = ["DETACHED", "DELETED", "FAILED"];
    let here =
        attachments.iter().filter(|attachment| attachment.status().is_none_or(|status| !detached.contains(&status)));
    here.filter(|attachment| matches!(attachment.r#type(), Some("eni" | "ElasticNetworkInterface"))).count()
}

/// Cell `free/all`. Filters compare the free part; less than a tenth is a warning.
fn share(resource: HostResource) -> Cell<'static> {
    let HostResource { remaining: free, registered: all } = resource;
    let tone = if all > 0 && free * 10 < all { Tone::Warn } else { Tone::Plain };
    Cell::new(format!("{free}/{all}"), tone).values([free.to_string()])
}

static FIELDS: &[Field<Instance>] = &[
    Field {
        column: Column::new("id", "INSTANCE", 12, 36).aliases(&["name", "ec2"]).identity(),
        cell: |row, _| Cell::plain(row.short_name()),
        order: |row, _| Order::Text(row.short_name().into()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| Order::Text((&*row.cluster_name).into()),
    },
    Field {
        column: Column::new("status", "STATUS", 8, 20).aliases(&["state"]),
        cell: |row, _| Cell::new(row.status.as_deref().map_or("-".into(), str::to_lowercase), row.tone()),
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("agent", "AGENT", 9, 12),
        cell: |row, _| {
            if row.agent_connected { Cell::new("connected", Tone::Good) } else { Cell::new("lost", Tone::Bad) }
        },
        order: |row, _| Order::Number(f64::from(row.agent_connected)),
    },
    Field {
        column: Column::new("health", "HEALTH", 6, 18).priority(4).marks_row(),
        cell: |row, _| match row.health.as_deref() {
            Some("OK") => Cell::new("ok", Tone::Good),
            Some("IMPAIRED") => Cell::new("impaired", Tone::Bad),
            Some(other) => Cell::new(other.to_lowercase(), Tone::Muted),
            None => Cell::absent(),
        },
        order: |row, _| text_order(row.health.as_deref()),
    },
    Field {
        column: Column::new("running", "RUN", 3, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.running_tasks_count, Tone::Plain),
        order: |row, _| Order::Number(row.running_tasks_count.into()),
    },
    Field {
        column: Column::new("pending", "PEND", 4, 5).unit(Unit::Count),
        cell: |row, _| count_cell(row.pending_tasks_count, Tone::Busy),
        order: |row, _| Order::Number(row.pending_tasks_count.into()),
    },
    Field {
        column: Column::new("cpu", "CPU FREE", 9, 13).unit(Unit::Cpu).priority(1),
        cell: |row, _| share(row.cpu),
        order: |row, _| Order::Number(row.cpu.remaining.into()),
    },
    Field {
        column: Column::new("memory", "MEM FREE", 9, 15).aliases(&["mem"]).unit(Unit::Mebibytes).priority(1),
        cell: |row, _| share(row.memory),
        order: |row, _| Order::Number(row.memory.remaining.into()),
    },
    Field {
        column: Column::new("type", "TYPE", 8, 16).priority(3),
        cell: |row, _| text_cell(row.instance_type.as_deref()),
        order: |row, _| text_order(row.instance_type.as_deref()),
    },
    Field {
        column: Column::new("az", "AZ", 6, 16).aliases(&["zone"]).priority(5),
        cell: |row, _| text_cell(row.availability_zone.as_deref()),
        order: |row, _| text_order(row.availability_zone.as_deref()),
    },
    Field {
        column: Column::new("provider", "PROVIDER", 8, 28).aliases(&["capacity"]).priority(6),
        cell: |row, _| text_cell(row.capacity_provider_name.as_deref()),
        order: |row, _| text_order(row.capacity_provider_name.as_deref()),
    },
    Field {
        column: Column::new("version", "AGENT VERSION", 7, 13).wide(),
        cell: |row, _| text_cell(row.agent_version.as_deref()),
        order: |row, _| text_order(row.agent_version.as_deref()),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age().priority(2),
        cell: |row, cx| age_cell(row.registered_at, cx.now),
        order: |row, cx| age_order(row.registered_at, cx.now),
    },
];

impl Instance {
    /// EC2 instance id, or the end of the ARN for hosts outside EC2.
    pub fn short_name(&self) -> &str {
        self.ec2_instance_id.as_deref().unwrap_or_else(|| last_part(&self.container_instance_arn))
    }

    /// The host for a session of Systems Manager; absent where AWS names no id.
    pub fn host_target(&self) -> Option<HostTarget> {
        Some(HostTarget {
            cluster_name: self.cluster_name.clone(),
            container_instance_arn: self.container_instance_arn.clone(),
            managed_id: self.ec2_instance_id.clone()?,
        })
    }
}

impl Resource for Instance {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Instance(self)
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.container_instance_arn
    }

    fn name(&self) -> Cow<'_, str> {
        self.short_name().into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn pace(&self) -> Pace {
        if matches!(self.tone(), Tone::Good | Tone::Muted) { Pace::Calm } else { Pace::Moving }
    }

    fn fault(&self) -> bool {
        self.tone() == Tone::Bad || self.health.as_deref() == Some("IMPAIRED")
    }

    fn states(&self) -> Vec<&'static str> {
        let mut states = Vec::new();
        if !self.agent_connected {
            states.push("disconnected");
        }
        if self.draining() {
            states.push("draining");
        }
        states
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&task::KIND, Query::instance(&*self.cluster_name, &*self.container_instance_arn)))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        (relation == Relation::Owner).then(|| View::new(&cluster::KIND, Query::default()))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let only = Only::Instances([Arc::from(&*self.container_instance_arn)].into());
        let here = Query::instance(&*self.cluster_name, &*self.container_instance_arn);
        Some(LogTarget::group(self.short_name(), here, Query::cluster(&*self.cluster_name), only))
    }

    fn consults(&self) -> Vec<View> {
        let here = Query::instance(&*self.cluster_name, &*self.container_instance_arn);
        let mut views = vec![View::new(&task::KIND, here)];
        if self.draining() {
            views.push(View::new(&service::KIND, Query::cluster(&*self.cluster_name)));
        }
        views
    }

    fn cli(&self) -> Option<Vec<String>> {
        let id = last_part(&self.container_instance_arn);
        words(["ecs", "describe-container-instances", "--cluster", &self.cluster_name, "--container-instances", id])
    }

    fn describe(&self, cx: &Context) -> Document {
        describe::instance(self, cx)
    }
}

struct Instances;

impl Fetch for Instances {
    fn batch(&self) -> usize {
        100
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 30, visible: 15, moving: 8, sweep: 60 }
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            if let Some(instance) = &query.instance {
                return Ok(Page::single(instance));
            }
            let cluster = super::owned(&query.cluster);
            let request =
                aws.ecs.list_container_instances().set_cluster(cluster).max_results(100).set_next_token(token);
            let answer = aws.call(operation::LIST_CONTAINER_INSTANCES, request.send()).await?;
            Page::new(operation::LIST_CONTAINER_INSTANCES, answer.container_instance_arns, answer.next_token)
        }
        .boxed()
    }

    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>> {
        async move {
            let request = aws
                .ecs
                .describe_container_instances()
                .set_cluster(super::owned(&query.cluster))
                .set_container_instances(Some(super::strings(&ids)))
                .include(ContainerInstanceField::Tags)
                .include(ContainerInstanceField::ContainerInstanceHealth);
            let answer = aws.call(operation::DESCRIBE_CONTAINER_INSTANCES, request.send()).await?;
            let cluster = query.cluster.as_deref().unwrap_or_default();
            let row = |instance| Instance::from_sdk(instance, cluster);
            Batch::new(operation::DESCRIBE_CONTAINER_INSTANCES, answer.container_instances, row, answer.failures)
        }
        .boxed()
    }
}
