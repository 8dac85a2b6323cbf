//! Capacity providers: where tasks of a cluster run, and how AWS scales it.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::{
    operation::describe_capacity_providers::builders::DescribeCapacityProvidersFluentBuilder,
    types::{
        AutoScalingGroupProvider, CapacityProvider as Sdk, CapacityProviderField, ManagedInstancesProvider,
        ManagedScaling,
    },
};
use futures::{FutureExt, future::BoxFuture};
use serde::Serialize;

use super::{
    Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, Order, Origin, Pace, Page, Part, Query,
    Relation, Resource, Tone, Unit, View, cluster,
    format::{in_words, last_part, text_cell, text_order, words},
};
use crate::aws::{Clients, Failure, operation};

mod describe;

pub static KIND: Kind = Kind {
    name: "provider",
    plural: "providers",
    aliases: &["capacity", "capacity-provider", "capacity-providers"],
    about: "capacity providers of clusters: type, scaling, last update",
    columns: super::columns::<CapacityProvider>,
    abilities: &[],
    states: &["updating"],
    sort: ("name", false),
    in_cluster: true,
    json_key: "capacityProviders",
    origin: Origin::Fetched(&CapacityProviders),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProvider {
    pub capacity_provider_arn: String,
    pub name: String,
    /// Name of the only cluster that can use it; absent where any cluster can.
    pub cluster_name: Option<String>,
    /// `FARGATE`, `FARGATE_SPOT`, `EC2_AUTOSCALING`, `MANAGED_INSTANCES`.
    pub r#type: Option<String>,
    /// `PROVISIONING`, `ACTIVE`, `DEPROVISIONING`, `INACTIVE`.
    pub status: Option<String>,
    /// `CREATE`, `UPDATE` or `DELETE`, with `_IN_PROGRESS`, `_COMPLETE` or `_FAILED`.
    pub update_status: Option<String>,
    pub update_status_reason: Option<String>,
    pub auto_scaling_group: Option<AutoScalingGroup>,
    pub managed_instances: Option<ManagedInstances>,
    pub tags: Vec<(String, String)>,
}

/// The Auto Scaling group behind a capacity provider.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoScalingGroup {
    /// The ARN, or only the name.
    pub arn: String,
    /// Whether ECS scales the group: `on` or `off`, like the two other switches.
    pub managed_scaling: Option<String>,
    /// The share of the instances to keep in use, in percent.
    pub target_capacity: Option<i32>,
    /// Smallest and greatest number of instances started or terminated at once.
    pub steps: (Option<i32>, Option<i32>),
    /// Seconds until a new instance counts.
    pub warmup: Option<i32>,
    /// Whether instances with tasks are protected when the group scales in.
    pub termination_protection: Option<String>,
    /// Whether instances are drained before they are terminated.
    pub draining: Option<String>,
}

/// Settings of a managed instances provider.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedInstances {
    pub infrastructure_role_arn: Option<String>,
    /// `ON_DEMAND`, `SPOT`, `RESERVED`.
    pub capacity_option: Option<String>,
    /// Source of the tags of its instances: `CAPACITY_PROVIDER`, `NONE`.
    pub propagate_tags: Option<String>,
    /// Time an idle instance is kept, in seconds; -1 means forever.
    pub scale_in_after: Option<i32>,
    /// Whether AWS replaces impaired instances: `on`, `off`.
    pub auto_repair: Option<String>,
}

impl AutoScalingGroup {
    fn from_sdk(provider: AutoScalingGroupProvider) -> Self {
        let scaling = provider.managed_scaling.unwrap_or_else(|| ManagedScaling::builder().build());
        Self {
            arn: provider.auto_scaling_group_arn,
            managed_scaling: scaling.status.map(|status| switch(status.as_str())),
            target_capacity: scaling.target_capacity,
            steps: (scaling.minimum_scaling_step_size, scaling.maximum_scaling_step_size),
            warmup: scaling.instance_warmup_period,
            termination_protection: provider.managed_termination_protection.map(|status| switch(status.as_str())),
            draining: provider.managed_draining.map(|status| switch(status.as_str())),
        }
    }

    /// Name of the group.
    pub fn name(&self) -> &str {
        last_part(&self.arn)
    }

    /// Managed scaling in words: `to 90 %`, `off`.
    fn scaling(&self) -> Option<Cow<'_, str>> {
        match self.target() {
            Some(target) => Some(format!("to {target} %").into()),
            None => self.managed_scaling.as_deref().map(Into::into),
        }
    }

    /// Target capacity in percent; absent while managed scaling is off.
    fn target(&self) -> Option<i32> {
        self.target_capacity.filter(|_| self.managed_scaling.as_deref() == Some("on"))
    }
}

impl ManagedInstances {
    fn from_sdk(provider: ManagedInstancesProvider) -> Self {
        let option = provider.instance_launch_template.and_then(|template| template.capacity_option_type);
        Self {
            capacity_option: option.map(|option| option.as_str().to_owned()),
            infrastructure_role_arn: provider.infrastructure_role_arn,
            propagate_tags: provider.propagate_tags.map(|tags| tags.as_str().to_owned()),
            scale_in_after: provider.infrastructure_optimization.and_then(|optimization| optimization.scale_in_after),
            auto_repair: provider
                .auto_repair_configuration
                .and_then(|repair| Some(switch(repair.actions_status?.as_str()))),
        }
    }
}

impl CapacityProvider {
    fn from_sdk(provider: Sdk) -> Option<Self> {
        let capacity_provider_arn = provider.capacity_provider_arn.or_else(|| provider.name.clone())?;
        Some(Self {
            name: provider.name.unwrap_or_else(|| last_part(&capacity_provider_arn).to_owned()),
            capacity_provider_arn,
            cluster_name: provider.cluster.map(|cluster| last_part(&cluster).to_owned()),
            r#type: provider.r#type.map(|kind| kind.as_str().to_owned()),
            status: provider.status.map(|status| status.as_str().to_owned()),
            update_status: provider.update_status.map(|status| status.as_str().to_owned()),
            update_status_reason: provider.update_status_reason,
            auto_scaling_group: provider.auto_scaling_group_provider.map(AutoScalingGroup::from_sdk),
            managed_instances: provider.managed_instances_provider.map(ManagedInstances::from_sdk),
            tags: super::tags(provider.tags),
        })
    }

    /// Type in words. Some Regions leave the type out, so it is derived from the settings.
    fn type_in_words(&self) -> Option<Cow<'_, str>> {
        Some(match self.r#type.as_deref() {
            Some("FARGATE") => "Fargate".into(),
            Some("FARGATE_SPOT") => "Fargate Spot".into(),
            Some("EC2_AUTOSCALING") => "Auto Scaling group".into(),
            Some("MANAGED_INSTANCES") => "managed instances".into(),
            Some(other) => in_words(other).into(),
            None if self.auto_scaling_group.is_some() => "Auto Scaling group".into(),
            None if self.managed_instances.is_some() => "managed instances".into(),
            None => return None,
        })
    }

    /// A part of the Auto Scaling group; absent where there is no group.
    fn group_part<'a, T>(&'a self, part: impl FnOnce(&'a AutoScalingGroup) -> Option<T>) -> Option<T> {
        self.auto_scaling_group.as_ref().and_then(part)
    }

    fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("ACTIVE") => Tone::Good,
            Some("PROVISIONING" | "DEPROVISIONING") => Tone::Busy,
            _ => Tone::Muted,
        }
    }

    fn update_tone(&self) -> Tone {
        match self.update_status.as_deref() {
            Some(status) if status.ends_with("_FAILED") => Tone::Bad,
            Some(status) if status.ends_with("_IN_PROGRESS") => Tone::Busy,
            _ => Tone::Muted,
        }
    }
}

/// Converts `ENABLED` and `DISABLED` to `on` and `off`, other constants to words.
fn switch(setting: &str) -> String {
    match setting {
        "ENABLED" => "on".to_owned(),
        "DISABLED" => "off".to_owned(),
        other => in_words(other),
    }
}

static FIELDS: &[Field<CapacityProvider>] = &[
    Field {
        column: Column::new("name", "NAME", 11, 48).aliases(&["provider"]).identity(),
        cell: |row, _| Cell::plain(&*row.name),
        order: |row, _| Order::Text((&*row.name).into()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster),
        cell: |row, _| text_cell(row.cluster_name.as_deref()),
        order: |row, _| text_order(row.cluster_name.as_deref()),
    },
    Field {
        column: Column::new("type", "TYPE", 8, 18),
        cell: |row, _| row.type_in_words().map_or_else(Cell::absent, Cell::plain),
        order: |row, _| row.type_in_words().map_or(Order::Absent, Order::Text),
    },
    Field {
        column: Column::new("status", "STATUS", 8, 14).aliases(&["state"]),
        cell: |row, _| row.status.as_deref().map_or_else(Cell::absent, |it| Cell::new(in_words(it), row.tone())),
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("update", "UPDATE", 8, 20).marks_row(),
        cell: |row, _| {
            let status = row.update_status.as_deref();
            status.map_or_else(Cell::absent, |status| Cell::new(in_words(status), row.update_tone()))
        },
        order: |row, _| text_order(row.update_status.as_deref()),
    },
    Field {
        column: Column::new("reason", "REASON", 12, 160).aliases(&["why"]).wide(),
        cell: |row, _| text_cell(row.update_status_reason.as_deref()),
        order: |row, _| text_order(row.update_status_reason.as_deref()),
    },
    Field {
        column: Column::new("asg", "AUTO SCALING GROUP", 10, 40).aliases(&["group"]).priority(2),
        cell: |row, _| text_cell(row.group_part(|group| Some(group.name()))),
        order: |row, _| text_order(row.group_part(|group| Some(group.name()))),
    },
    Field {
        column: Column::new("scaling", "SCALING", 7, 9).aliases(&["target"]).unit(Unit::Count).priority(1),
        cell: |row, _| {
            let cell = row.group_part(AutoScalingGroup::scaling).map_or_else(Cell::absent, Cell::plain);
            cell.values(row.group_part(AutoScalingGroup::target).map(|target| target.to_string()))
        },
        order: |row, _| {
            let target = row.group_part(AutoScalingGroup::target);
            target.map_or(Order::Absent, |target| Order::Number(target.into()))
        },
    },
    Field {
        column: Column::new("protection", "PROTECTION", 10, 10).priority(3),
        cell: |row, _| text_cell(row.group_part(|group| group.termination_protection.as_deref())),
        order: |row, _| text_order(row.group_part(|group| group.termination_protection.as_deref())),
    },
    Field {
        column: Column::new("draining", "DRAINING", 8, 8).priority(4),
        cell: |row, _| text_cell(row.group_part(|group| group.draining.as_deref())),
        order: |row, _| text_order(row.group_part(|group| group.draining.as_deref())),
    },
];

impl Resource for CapacityProvider {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.capacity_provider_arn
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.name).into()
    }

    fn cluster(&self) -> Option<&str> {
        self.cluster_name.as_deref()
    }

    fn pace(&self) -> Pace {
        let moving = self.tone() == Tone::Busy || self.update_tone() == Tone::Busy;
        if moving { Pace::Moving } else { Pace::Calm }
    }

    fn fault(&self) -> bool {
        self.update_tone() == Tone::Bad
    }

    fn states(&self) -> Vec<&'static str> {
        if Resource::pace(self) == Pace::Moving { vec!["updating"] } else { Vec::new() }
    }

    fn related(&self, relation: Relation) -> Option<View> {
        (relation == Relation::Owner).then(|| View::new(&cluster::KIND, Query::default()))
    }

    fn cli(&self) -> Option<Vec<String>> {
        let mut call = words(["ecs", "describe-capacity-providers", "--capacity-providers", &self.name])?;
        call.extend(self.cluster_name.as_ref().into_iter().flat_map(|name| ["--cluster".to_owned(), name.clone()]));
        Some(call)
    }

    fn describe(&self, _: &Context) -> Document {
        describe::provider(self)
    }
}

/// Fetches capacity providers with one operation that lists and describes them.
struct CapacityProviders;

impl CapacityProviders {
    fn request(aws: &Clients, query: &Query) -> DescribeCapacityProvidersFluentBuilder {
        let request = aws.ecs.describe_capacity_providers().include(CapacityProviderField::Tags);
        request.set_cluster(super::owned(&query.cluster))
    }
}

impl Fetch for CapacityProviders {
    /// AWS returns ten at most, whatever the request asks for.
    fn batch(&self) -> usize {
        10
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 60, visible: 15, moving: 5, sweep: 60 }
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            let request = Self::request(aws, query).set_next_token(token);
            let answer = aws.call(operation::DESCRIBE_CAPACITY_PROVIDERS, request.send()).await?;
            let row = CapacityProvider::from_sdk;
            Page::from_rows(operation::DESCRIBE_CAPACITY_PROVIDERS, answer.capacity_providers, row, answer.next_token)
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
            let request = Self::request(aws, query).set_capacity_providers(Some(super::strings(&ids)));
            let answer = aws.call(operation::DESCRIBE_CAPACITY_PROVIDERS, request.send()).await?;
            let row = CapacityProvider::from_sdk;
            Batch::new(operation::DESCRIBE_CAPACITY_PROVIDERS, answer.capacity_providers, row, answer.failures)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
