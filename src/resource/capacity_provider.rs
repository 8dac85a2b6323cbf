//! Capacity providers: what tasks get their machines from.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{CapacityProvider as Sdk, CapacityProviderField};
use futures::{FutureExt, future::BoxFuture};
use serde::Serialize;

use super::{
    Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, Order, Origin, Pace, Page, Query, Resource,
    Tone, Unit,
    format::{duration, last_part, text_cell, text_order, words},
    gone,
};
use crate::aws::{Clients, Failure, operation};

pub static KIND: Kind = Kind {
    name: "provider",
    plural: "providers",
    aliases: &["cp", "capacity-provider", "capacity-providers"],
    about: "capacity providers of the account: Fargate, Auto Scaling groups, scaling target in per cent",
    columns: super::columns::<CapacityProvider>,
    states: &["updating"],
    sort: ("name", false),
    in_cluster: false,
    json_key: "capacityProviders",
    origin: Origin::Fetched(&CapacityProviders),
};

/// A capacity provider; every part that AWS leaves out is absent.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProvider {
    pub capacity_provider_arn: String,
    pub name: String,
    /// `FARGATE`, `FARGATE_SPOT`, `EC2_AUTOSCALING`, `MANAGED_INSTANCES`.
    #[serde(rename = "type")]
    pub provider_type: Option<String>,
    pub status: Option<String>,
    /// What became of the last change: `UPDATE_COMPLETE`, `DELETE_FAILED`.
    pub update_status: Option<String>,
    pub update_status_reason: Option<String>,
    pub auto_scaling_group: Option<AutoScalingGroup>,
    pub managed_instances: Option<ManagedInstances>,
    pub tags: Vec<(String, String)>,
}

/// How ECS drives an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct AutoScalingGroup {
    pub arn: String,
    /// `ENABLED` or `DISABLED`, as the two below.
    pub managed_scaling: Option<String>,
    pub managed_termination_protection: Option<String>,
    pub managed_draining: Option<String>,
    /// Per cent of the group's instances that tasks should use.
    pub target_capacity: Option<i32>,
    /// Instances started or stopped at once.
    pub minimum_scaling_step_size: Option<i32>,
    pub maximum_scaling_step_size: Option<i32>,
    /// Seconds.
    pub instance_warmup_period: Option<i32>,
}

/// How ECS manages instances itself.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct ManagedInstances {
    pub infrastructure_role_arn: Option<String>,
    /// Seconds that an instance may be idle.
    pub scale_in_after: Option<i32>,
}

impl CapacityProvider {
    fn from_sdk(provider: Sdk) -> Option<Self> {
        let capacity_provider_arn = provider.capacity_provider_arn.or_else(|| provider.name.clone())?;
        let group = provider.auto_scaling_group_provider.map(|group| {
            let scaling = group.managed_scaling;
            let scaling = scaling.as_ref();
            AutoScalingGroup {
                managed_scaling: scaling.and_then(|scaling| scaling.status.as_ref()).map(|is| is.as_str().to_owned()),
                managed_termination_protection: group.managed_termination_protection.map(|is| is.as_str().to_owned()),
                managed_draining: group.managed_draining.map(|is| is.as_str().to_owned()),
                target_capacity: scaling.and_then(|scaling| scaling.target_capacity),
                minimum_scaling_step_size: scaling.and_then(|scaling| scaling.minimum_scaling_step_size),
                maximum_scaling_step_size: scaling.and_then(|scaling| scaling.maximum_scaling_step_size),
                instance_warmup_period: scaling.and_then(|scaling| scaling.instance_warmup_period),
                arn: group.auto_scaling_group_arn,
            }
        });
        let instances = provider.managed_instances_provider.map(|instances| ManagedInstances {
            infrastructure_role_arn: instances.infrastructure_role_arn,
            scale_in_after: instances.infrastructure_optimization.and_then(|how| how.scale_in_after),
        });
        Some(Self {
            name: provider.name.unwrap_or_else(|| last_part(&capacity_provider_arn).to_owned()),
            capacity_provider_arn,
            provider_type: provider.r#type.map(|is| is.as_str().to_owned()),
            status: provider.status.map(|is| is.as_str().to_owned()),
            update_status: provider.update_status.map(|is| is.as_str().to_owned()),
            update_status_reason: provider.update_status_reason,
            auto_scaling_group: group,
            managed_instances: instances,
            tags: super::tags(provider.tags),
        })
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
            Some(update) if update.ends_with("_FAILED") => Tone::Bad,
            Some(update) if update.ends_with("_IN_PROGRESS") => Tone::Busy,
            _ => Tone::Muted,
        }
    }

    fn group(&self) -> Option<&str> {
        self.auto_scaling_group.as_ref().map(|group| last_part(&group.arn))
    }

    fn of_group<'a>(&'a self, part: impl Fn(&'a AutoScalingGroup) -> &'a Option<String>) -> Option<&'a str> {
        self.auto_scaling_group.as_ref().and_then(|group| part(group).as_deref())
    }

    fn target(&self) -> Option<i32> {
        self.auto_scaling_group.as_ref().and_then(|group| group.target_capacity)
    }
}

static FIELDS: &[Field<CapacityProvider>] = &[
    Field {
        column: Column::new("name", "PROVIDER", 8, 64).aliases(&["provider"]),
        cell: |row, _| Cell::plain(&*row.name),
        order: |row, _| Order::Text((&*row.name).into()),
    },
    Field {
        column: Column::new("type", "TYPE", 7, 17),
        cell: |row, _| text_cell(row.provider_type.as_deref()),
        order: |row, _| text_order(row.provider_type.as_deref()),
    },
    Field {
        column: Column::new("status", "STATUS", 6, 14).marks_row(),
        cell: |row, _| text_cell(row.status.as_deref()).toned(row.tone()),
        order: |row, _| text_order(row.status.as_deref()),
    },
    Field {
        column: Column::new("update", "LAST UPDATE", 8, 18).priority(1).marks_row(),
        cell: |row, _| text_cell(row.update_status.as_deref()).toned(row.update_tone()),
        order: |row, _| text_order(row.update_status.as_deref()),
    },
    Field {
        column: Column::new("scaling", "SCALING", 7, 8).priority(2),
        cell: |row, _| text_cell(row.of_group(|group| &group.managed_scaling)),
        order: |row, _| text_order(row.of_group(|group| &group.managed_scaling)),
    },
    Field {
        column: Column::new("target", "TARGET", 3, 8).unit(Unit::Count).priority(2),
        cell: |row, _| row.target().map_or_else(Cell::absent, |target| Cell::plain(target.to_string())),
        order: |row, _| row.target().map_or(Order::Absent, |target| Order::Number(target.into())),
    },
    Field {
        column: Column::new("group", "AUTO SCALING GROUP", 12, 64).aliases(&["asg"]).priority(3),
        cell: |row, _| text_cell(row.group()),
        order: |row, _| text_order(row.group()),
    },
    Field {
        column: Column::new("reason", "REASON", 12, 160).aliases(&["why"]).priority(1),
        cell: |row, _| text_cell(row.update_status_reason.as_deref()),
        order: |row, _| text_order(row.update_status_reason.as_deref()),
    },
    Field {
        column: Column::new("draining", "DRAINING", 8, 8).wide(),
        cell: |row, _| text_cell(row.of_group(|group| &group.managed_draining)),
        order: |row, _| text_order(row.of_group(|group| &group.managed_draining)),
    },
    Field {
        column: Column::new("protection", "TERMINATION PROTECTION", 8, 22).wide(),
        cell: |row, _| text_cell(row.of_group(|group| &group.managed_termination_protection)),
        order: |row, _| text_order(row.of_group(|group| &group.managed_termination_protection)),
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

    fn pace(&self) -> Pace {
        if self.tone() == Tone::Busy || self.update_tone() == Tone::Busy { Pace::Moving } else { Pace::Calm }
    }

    fn fault(&self) -> bool {
        self.update_tone() == Tone::Bad
    }

    fn states(&self) -> Vec<&'static str> {
        if self.pace() == Pace::Moving { vec!["updating"] } else { Vec::new() }
    }

    fn cli(&self) -> Option<Vec<String>> {
        words(["ecs", "describe-capacity-providers", "--capacity-providers", &self.name])
    }

    fn describe(&self, _: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Capacity provider")
            .field("Name", &*self.name)
            .field("Type", self.provider_type.clone().unwrap_or_default())
            .toned("Status", self.status.clone().unwrap_or_default(), self.tone())
            .toned("Last update", self.update_status.clone().unwrap_or_default(), self.update_tone())
            .field("Reason", self.update_status_reason.clone().unwrap_or_default())
            .field("ARN", &*self.capacity_provider_arn);
        if let Some(group) = &self.auto_scaling_group {
            let number =
                |number: Option<i32>, unit: &str| number.map(|number| format!("{number}{unit}")).unwrap_or_default();
            let seconds = |seconds: Option<i32>| seconds.map(|seconds| duration(seconds.into())).unwrap_or_default();
            document
                .section("Auto Scaling group")
                .field("Name", last_part(&group.arn))
                .field("Managed scaling", group.managed_scaling.clone().unwrap_or_default())
                .field("Target capacity", number(group.target_capacity, " %"))
                .field("Smallest step", number(group.minimum_scaling_step_size, ""))
                .field("Largest step", number(group.maximum_scaling_step_size, ""))
                .field("Instance warm-up", seconds(group.instance_warmup_period))
                .field("Managed draining", group.managed_draining.clone().unwrap_or_default())
                .field("Termination protection", group.managed_termination_protection.clone().unwrap_or_default())
                .field("ARN", &*group.arn);
        }
        if let Some(instances) = &self.managed_instances {
            let idle = instances.scale_in_after.map(|seconds| duration(seconds.into())).unwrap_or_default();
            document
                .section("Managed Instances")
                .field("Infrastructure role", instances.infrastructure_role_arn.clone().unwrap_or_default())
                .field("Scale in after", idle);
        }
        document.tags(&self.tags);
        document
    }
}

/// One operation lists and describes them.
struct CapacityProviders;

impl Fetch for CapacityProviders {
    fn batch(&self) -> usize {
        100
    }

    /// The list brings the rows, so only those that are being updated are looked at in between.
    fn cadence(&self) -> Cadence {
        Cadence { list: 60, visible: 90, moving: 10, sweep: 120 }
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        _: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            let request = aws
                .ecs
                .describe_capacity_providers()
                .include(CapacityProviderField::Tags)
                .max_results(10)
                .set_next_token(token);
            let answer = aws.call(operation::DESCRIBE_CAPACITY_PROVIDERS, request.send()).await?;
            let (items, next) = (answer.capacity_providers, answer.next_token);
            Page::of_rows(operation::DESCRIBE_CAPACITY_PROVIDERS, items, CapacityProvider::from_sdk, next)
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
                .describe_capacity_providers()
                .set_capacity_providers(Some(super::strings(&ids)))
                .include(CapacityProviderField::Tags);
            let answer = aws.call(operation::DESCRIBE_CAPACITY_PROVIDERS, request.send()).await?;
            let missing = gone(answer.failures);
            Batch::new(
                operation::DESCRIBE_CAPACITY_PROVIDERS,
                answer.capacity_providers,
                CapacityProvider::from_sdk,
                missing,
            )
        }
        .boxed()
    }
}
