//! Rollouts: the service deployments of the last 90 days, what each replaced, and what became of it.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>

use std::borrow::Cow;

use aws_sdk_ecs::types::{ServiceDeployment as Sdk, ServiceRevisionSummary};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Context, Document, Kind, Origin, Pace, Query, Relation, Resource, Tone, TypedRow, View,
    deployment::Deployment,
    format::{amount, in_words, last_part, seconds_since, timestamp, words},
    revision, service, task,
};

mod columns;
mod configuration;
mod describe;
mod fetch;
mod hook;

pub use configuration::{BreakerSetting, Configuration, Shift};
pub(super) use fetch::complete;
pub use hook::Hook;

pub static KIND: Kind = Kind {
    name: "rollout",
    plural: "rollouts",
    aliases: &["servicedeployment", "servicedeployments"],
    about: "service deployments of the last 90 days: replaced revision and outcome",
    columns: super::columns::<Rollout>,
    abilities: &[
        Ability::Rollout,
        Ability::Service,
        Ability::Deploy,
        Ability::Events,
        Ability::TaskDefinition,
        Ability::Diff,
    ],
    states: &["running", "successful", "failed"],
    sort: ("started", false),
    in_cluster: true,
    json_key: "serviceDeployments",
    origin: Origin::Fetched(&fetch::Rollouts),
};

/// A service deployment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    pub service_deployment_arn: String,
    pub cluster_name: String,
    pub service_name: String,
    pub service_arn: Option<String>,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_IN_PROGRESS`, …
    pub status: Option<String>,
    pub status_reason: Option<String>,
    /// Of blue/green, linear and canary deployments: `SCALE_UP`, `BAKE_TIME`, …
    pub lifecycle_stage: Option<String>,
    pub created_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// What it deploys.
    pub target: Option<RolloutRevision>,
    /// What it replaces.
    pub sources: Vec<RolloutRevision>,
    pub breaker: Option<BreakerCount>,
    /// The alarms that watch it, and those of them that have fired.
    pub alarms: Vec<String>,
    pub triggered_alarms: Vec<String>,
    pub rollback: Option<Rollback>,
    pub hooks: Vec<Hook>,
    pub configuration: Configuration,
}

/// A service revision and how much of it there is.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutRevision {
    pub service_revision_arn: String,
    pub requested: i32,
    pub running: i32,
    pub pending: i32,
    /// Percent of the production and of the test traffic that it is to get; of blue/green and its like only.
    pub production_weight: Option<f64>,
    pub test_weight: Option<f64>,
    /// ARN of its task definition; absent until the revision itself was read.
    pub task_definition: Option<String>,
    /// Its images with their digests.
    pub images: Vec<RevisionImage>,
}

/// An image of a service revision, as ECS resolved it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionImage {
    pub container: String,
    pub image: Option<String>,
    pub digest: Option<String>,
}

/// What the circuit breaker has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerCount {
    pub failures: i32,
    /// How many failures trip it.
    pub threshold: i32,
    /// It has tripped.
    pub triggered: bool,
}

impl BreakerCount {
    /// `3 of 10`.
    pub fn words(self) -> String {
        format!("{} of {}", self.failures, self.threshold)
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollback {
    pub reason: Option<String>,
    pub started_at: Option<Timestamp>,
    pub service_revision_arn: Option<String>,
}

impl RolloutRevision {
    fn from_sdk(summary: ServiceRevisionSummary) -> Option<Self> {
        Some(Self {
            service_revision_arn: summary.arn?,
            requested: amount(summary.requested_task_count),
            running: amount(summary.running_task_count),
            pending: amount(summary.pending_task_count),
            production_weight: summary.requested_production_traffic_weight,
            test_weight: summary.requested_test_traffic_weight,
            ..Self::default()
        })
    }

    /// Whether its tasks are those of `deployment`: both have the number of the service revision.
    pub fn is_of(&self, deployment: &Deployment) -> bool {
        last_part(&self.service_revision_arn) == last_part(&deployment.id)
    }

    /// `payments:57`; until its task definition is known, the number of the service revision.
    pub fn name(&self) -> &str {
        last_part(self.task_definition.as_deref().unwrap_or(&self.service_revision_arn))
    }
}

impl Rollout {
    pub(super) fn from_sdk(deployment: Sdk) -> Option<Self> {
        let arn = deployment.service_deployment_arn?;
        // …:service-deployment/CLUSTER/SERVICE/ID
        let mut parts = arn.rsplit('/').skip(1);
        let (service, cluster) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let alarms = deployment.alarms;
        Some(Self {
            cluster_name: deployment.cluster_arn.as_deref().map_or(cluster, last_part).to_owned(),
            service_name: deployment.service_arn.as_deref().map_or(service, last_part).to_owned(),
            service_arn: deployment.service_arn,
            status: deployment.status.map(|status| status.as_str().to_owned()),
            status_reason: deployment.status_reason,
            lifecycle_stage: deployment.lifecycle_stage.map(|stage| stage.as_str().to_owned()),
            created_at: timestamp(deployment.created_at.as_ref()),
            started_at: timestamp(deployment.started_at.as_ref()),
            finished_at: timestamp(deployment.finished_at.as_ref()),
            stopped_at: timestamp(deployment.stopped_at.as_ref()),
            updated_at: timestamp(deployment.updated_at.as_ref()),
            target: deployment.target_service_revision.and_then(RolloutRevision::from_sdk),
            sources: deployment
                .source_service_revisions
                .unwrap_or_default()
                .into_iter()
                .filter_map(RolloutRevision::from_sdk)
                .collect(),
            breaker: deployment.deployment_circuit_breaker.filter(|breaker| breaker.threshold > 0).map(|breaker| {
                BreakerCount {
                    failures: amount(breaker.failure_count),
                    threshold: amount(breaker.threshold),
                    triggered: breaker.status.is_some_and(|status| status.as_str() == "TRIGGERED"),
                }
            }),
            triggered_alarms: alarms.as_ref().and_then(|it| it.triggered_alarm_names.clone()).unwrap_or_default(),
            alarms: alarms.and_then(|alarms| alarms.alarm_names).unwrap_or_default(),
            rollback: deployment.rollback.map(|rollback| Rollback {
                started_at: timestamp(rollback.started_at.as_ref()),
                reason: rollback.reason,
                service_revision_arn: rollback.service_revision_arn,
            }),
            hooks: deployment.lifecycle_hook_details.unwrap_or_default().into_iter().map(Hook::from_sdk).collect(),
            configuration: deployment.deployment_configuration.map(Configuration::from_sdk).unwrap_or_default(),
            service_deployment_arn: arn,
        })
    }

    /// What DescribeServices alone says of a service's rollout: its deployments stand for the revisions.
    pub fn from_deployments(service: &service::Service) -> Option<Self> {
        let primary = service.primary()?;
        let revision = |deployment: &Deployment| RolloutRevision {
            service_revision_arn: last_part(&deployment.id).to_owned(),
            requested: deployment.desired_count,
            running: deployment.running_count,
            pending: deployment.pending_count,
            task_definition: deployment.task_definition.clone(),
            ..RolloutRevision::default()
        };
        let status = match primary.rollout_state.as_deref() {
            Some("COMPLETED") => Some("SUCCESSFUL".to_owned()),
            other => other.map(str::to_owned),
        };
        Some(Self {
            service_deployment_arn: primary.id.clone(),
            cluster_name: service.cluster_name.clone(),
            service_name: service.service_name.clone(),
            service_arn: Some(service.service_arn.clone()),
            status,
            status_reason: primary.rollout_state_reason.clone(),
            created_at: primary.created_at,
            started_at: primary.created_at,
            finished_at: primary.ended_at,
            updated_at: primary.updated_at,
            target: Some(revision(primary)),
            sources: service.deployments.iter().filter(|other| other.id != primary.id).map(revision).collect(),
            alarms: service.deployment_alarms.clone(),
            configuration: Configuration {
                strategy: service.deployment_strategy.clone(),
                minimum_healthy_percent: service.minimum_healthy_percent,
                maximum_percent: service.maximum_percent,
                bake_minutes: service.bake_time_in_minutes,
                breaker: service.circuit_breaker.clone(),
                ..Configuration::default()
            },
            ..Self::default()
        })
    }

    /// Takes the task definitions of its revisions from the deployments that have the same numbers.
    fn take_names(&mut self, deployments: &[Deployment]) {
        for revision in self.target.iter_mut().chain(&mut self.sources) {
            if let Some(deployment) = deployments.iter().find(|deployment| revision.is_of(deployment)) {
                revision.task_definition.clone_from(&deployment.task_definition);
            }
        }
    }

    /// The target and the sources.
    pub fn revisions(&self) -> impl Iterator<Item = &RolloutRevision> {
        self.target.iter().chain(&self.sources)
    }

    /// It has not ended yet.
    pub fn in_progress(&self) -> bool {
        let over = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "FAILED"];
        self.status.as_deref().is_some_and(|status| !over.contains(&status))
    }

    pub fn rolling_back(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.starts_with("ROLLBACK_"))
    }

    /// The hook that waits for somebody's decision.
    pub fn pause(&self) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.status.as_deref() == Some("AWAITING_ACTION"))
    }

    /// The hook whose function is at work.
    pub fn hook_at_work(&self) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.status.as_deref() == Some("IN_PROGRESS"))
    }

    /// Its status in words.
    pub fn word(&self) -> Cow<'_, str> {
        match self.status.as_deref() {
            Some("PENDING" | "IN_PROGRESS") if self.pause().is_some() => "paused".into(),
            Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS") => "rolling back".into(),
            Some("ROLLBACK_SUCCESSFUL") => "rolled back".into(),
            Some("STOP_REQUESTED") => "stopping".into(),
            Some(status) => in_words(status).into(),
            None => "-".into(),
        }
    }

    pub fn tone(&self) -> Tone {
        match self.status.as_deref() {
            Some("ROLLBACK_FAILED" | "FAILED") => Tone::Bad,
            Some("SUCCESSFUL") => Tone::Good,
            _ if self.pause().is_some() => Tone::Wait,
            Some(status) if status.starts_with("ROLLBACK_") || status.starts_with("STOP") => Tone::Warn,
            _ if self.breaker.is_some_and(|breaker| breaker.failures > 0) => Tone::Warn,
            _ => Tone::Busy,
        }
    }

    /// Seconds that it took, or has taken so far; absent where its start is not known, or its end isn't although it has one.
    pub fn seconds(&self, now: Timestamp) -> Option<i64> {
        let from = self.started_at.or(self.created_at)?;
        let to = if self.in_progress() { now } else { self.finished_at.or(self.stopped_at)? };
        Some(seconds_since(from, to))
    }

    /// Why it ended as it did, or rolls back, as AWS says it.
    pub fn reason(&self) -> Option<&str> {
        let rollback = self.rollback.as_ref().and_then(|rollback| rollback.reason.as_deref());
        rollback.or(self.status_reason.as_deref())
    }

    /// The last part of its ARN.
    pub fn short_name(&self) -> &str {
        last_part(&self.service_deployment_arn)
    }
}

impl Resource for Rollout {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Rollout(self)
    }

    fn fields() -> &'static [super::Field<Self>] {
        columns::FIELDS
    }

    fn id(&self) -> &str {
        &self.service_deployment_arn
    }

    fn name(&self) -> Cow<'_, str> {
        self.short_name().into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        self.service_arn.as_deref()
    }

    fn pace(&self) -> Pace {
        if self.in_progress() { Pace::Moving } else { Pace::Final }
    }

    fn fault(&self) -> bool {
        matches!(self.tone(), Tone::Bad | Tone::Warn)
    }

    fn states(&self) -> Vec<&'static str> {
        vec![match self.status.as_deref() {
            _ if self.in_progress() => "running",
            Some("SUCCESSFUL") => "successful",
            _ => "failed",
        }]
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::TaskDefinition => revision::view(self.target.as_ref()?.task_definition.as_deref()?),
            // It is one of them.
            Relation::Rollouts => None,
            relation => service::related(relation, Query::service(&*self.cluster_name, &*self.service_name)),
        }
    }

    fn consults(&self) -> Vec<View> {
        let Self { cluster_name, service_name, .. } = self;
        let running = View::new(&task::KIND, Query::service(&**cluster_name, &**service_name));
        vec![service::view(cluster_name, service_name), task::stopped_view(cluster_name), running]
    }

    fn cli(&self) -> Option<Vec<String>> {
        let arn = &self.service_deployment_arn;
        words(["ecs", "describe-service-deployments", "--service-deployment-arns", arn])
    }

    fn describe(&self, cx: &Context) -> Document {
        describe::rollout(self, cx)
    }
}

/// The rollouts of a service.
pub fn view(cluster: &str, service: &str) -> View {
    View::new(&KIND, Query::service(cluster, service))
}

#[cfg(test)]
mod tests;
