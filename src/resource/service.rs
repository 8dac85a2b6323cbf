//! Services.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{
    DeploymentConfiguration, PlacementConstraint, PlacementConstraintType, Service as Sdk, ServiceField,
    ServiceRevisionCleanup,
};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Batch, Cadence, Context, Document, Fetch, Kind, LogTarget, Origin, Pace, Page, Query, Relation, Resource,
    TypedRow, View, cluster,
    deployment::Deployment,
    event::{self, ServiceEvent},
    finding::{Finding, Problem},
    format::{amount, last_part, timestamp, words},
    instance, present, revision,
    rollout::{self, BreakerSetting, Rollout},
    task,
};
use crate::aws::{Clients, Failure, operation};

mod columns;
mod describe;
mod health;
mod task_set;

pub use health::ServiceHealth;
pub use task_set::TaskSet;

pub static KIND: Kind = Kind {
    name: "service",
    plural: "services",
    aliases: &["svc", "dp"],
    about: "services: counts, rollout, failures of the last hour",
    columns: super::columns::<Service>,
    abilities: &[
        Ability::Explain,
        Ability::Evidence,
        Ability::Logs,
        Ability::StoppedTasks,
        Ability::Events,
        Ability::Rollout,
        Ability::Timeline,
        Ability::TaskDefinition,
        Ability::Diff,
        Ability::Run,
        Ability::Service,
        Ability::Deploy,
        Ability::Tag,
        Ability::Forward,
    ],
    states: &[
        "failed",
        "failing",
        "stuck",
        "crashing",
        "unplaced",
        "short",
        "unhealthy",
        "waiting",
        "deploying",
        "starting",
        "stopping",
        "draining",
        "inactive",
        "steady",
    ],
    sort: ("name", false),
    in_cluster: true,
    json_key: "services",
    origin: Origin::Fetched(&Services),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    pub service_arn: String,
    pub service_name: String,
    pub cluster_name: String,
    pub status: Option<String>,
    pub desired_count: i32,
    pub running_count: i32,
    pub pending_count: i32,
    pub launch_type: Option<String>,
    pub capacity_providers: Vec<StrategyItem>,
    pub platform_version: Option<String>,
    pub task_definition: Option<String>,
    pub scheduling_strategy: Option<String>,
    pub deployment_controller: Option<String>,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub deployment_strategy: Option<String>,
    pub minimum_healthy_percent: Option<i32>,
    pub maximum_percent: Option<i32>,
    pub circuit_breaker: Option<BreakerSetting>,
    /// Alarms that watch its deployments.
    pub deployment_alarms: Vec<String>,
    /// How long ECS watches a deployment after its tasks are up, in minutes.
    pub bake_time_in_minutes: Option<i32>,
    /// Whether a deployment completes before its old tasks have drained.
    pub defers_cleanup: bool,
    /// Expressions that an instance must match; `distinctInstance` means one task of the service per instance.
    pub placement_constraints: Vec<String>,
    pub health_check_grace_period_seconds: Option<i32>,
    pub enable_execute_command: bool,
    pub availability_zone_rebalancing: Option<String>,
    pub target_groups: Vec<String>,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    pub assign_public_ip: Option<String>,
    pub current_service_deployment: Option<String>,
    pub created_at: Option<Timestamp>,
    pub created_by: Option<String>,
    pub deployments: Vec<Deployment>,
    /// What another deployment controller than ECS rolls out.
    pub task_sets: Vec<TaskSet>,
    /// Events, newest first, at most 100.
    pub events: Vec<ServiceEvent>,
    pub tags: Vec<(String, String)>,
    /// Its rollout; absent when none is under way or the permission is missing.
    pub rollout: Option<Box<Rollout>>,
    /// Number of its tasks that failed in the last hour; absent until the stopped tasks have been fetched.
    pub failed_last_hour: Option<u32>,
    /// Problems found so far, worst first.
    pub findings: Vec<Finding>,
}

/// A capacity provider and the share of the tasks that go to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyItem {
    pub capacity_provider: String,
    pub weight: i32,
    pub base: i32,
}

impl Service {
    fn from_sdk(service: Sdk) -> Option<Self> {
        let service_arn = service.service_arn.or_else(|| service.service_name.clone())?;
        let service_name = service.service_name.unwrap_or_else(|| last_part(&service_arn).to_owned());
        let cluster_name = service.cluster_arn.as_deref().map(last_part).unwrap_or_default().to_owned();
        let configuration = service.deployment_configuration;
        let breaker = configuration.as_ref().and_then(|c| c.deployment_circuit_breaker.as_ref());
        let alarms = configuration.as_ref().and_then(|c| c.alarms.as_ref()).filter(|alarms| alarms.enable);
        let constraints = service.placement_constraints.unwrap_or_default();
        let vpc = service.network_configuration.and_then(|network| network.awsvpc_configuration);
        let providers = service.capacity_provider_strategy.unwrap_or_default();
        let balancers = service.load_balancers.unwrap_or_default();
        let deployments = service.deployments.unwrap_or_default();
        let events = service.events.unwrap_or_default().into_iter();
        let events: Vec<ServiceEvent> =
            events.map(|event| ServiceEvent::from_sdk(event, &cluster_name, &service_name, &service_arn)).collect();
        Some(Self {
            status: service.status,
            desired_count: amount(service.desired_count),
            running_count: amount(service.running_count),
            pending_count: amount(service.pending_count),
            launch_type: service.launch_type.map(|kind| kind.as_str().to_owned()),
            capacity_providers: providers
                .into_iter()
                .map(|item| StrategyItem {
                    capacity_provider: item.capacity_provider,
                    weight: item.weight,
                    base: item.base,
                })
                .collect(),
            platform_version: service.platform_version,
            task_definition: service.task_definition,
            scheduling_strategy: service.scheduling_strategy.map(|strategy| strategy.as_str().to_owned()),
            deployment_controller: service
                .deployment_controller
                .map(|controller| controller.r#type.as_str().to_owned()),
            deployment_strategy: configuration
                .as_ref()
                .and_then(|c| c.strategy.as_ref())
                .map(|strategy| strategy.as_str().to_owned()),
            minimum_healthy_percent: configuration.as_ref().and_then(|c| c.minimum_healthy_percent).map(amount),
            maximum_percent: configuration.as_ref().and_then(|c| c.maximum_percent).map(amount),
            circuit_breaker: breaker.map(BreakerSetting::from_sdk),
            deployment_alarms: alarms.map(|alarms| alarms.alarm_names.clone()).unwrap_or_default(),
            bake_time_in_minutes: configuration.as_ref().and_then(|c| c.bake_time_in_minutes).map(amount),
            defers_cleanup: configuration.as_ref().is_some_and(defers_cleanup),
            placement_constraints: constraints.into_iter().filter_map(constraint).collect(),
            health_check_grace_period_seconds: service.health_check_grace_period_seconds.map(amount),
            enable_execute_command: service.enable_execute_command,
            availability_zone_rebalancing: service.availability_zone_rebalancing.map(|on| on.as_str().to_owned()),
            target_groups: balancers.into_iter().filter_map(|balancer| balancer.target_group_arn).collect(),
            subnets: vpc.as_ref().map(|vpc| vpc.subnets.clone()).unwrap_or_default(),
            assign_public_ip: vpc
                .as_ref()
                .and_then(|vpc| vpc.assign_public_ip.as_ref())
                .map(|assign| assign.as_str().to_owned()),
            security_groups: vpc.and_then(|vpc| vpc.security_groups).unwrap_or_default(),
            current_service_deployment: service.current_service_deployment,
            created_at: timestamp(service.created_at.as_ref()),
            created_by: service.created_by,
            deployments: deployments
                .into_iter()
                .map(|deployment| {
                    let mut deployment = Deployment::from_sdk(deployment, &cluster_name, &service_name, &service_arn);
                    deployment.set_end(&events);
                    deployment
                })
                .collect(),
            task_sets: service.task_sets.unwrap_or_default().into_iter().map(TaskSet::from_sdk).collect(),
            events,
            tags: super::tags(service.tags),
            rollout: None,
            failed_last_hour: None,
            findings: Vec::new(),
            service_arn,
            service_name,
            cluster_name,
        })
    }

    /// Primary deployment: the one the service is moving to.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.is_primary()).or_else(|| self.deployments.first())
    }

    /// Whether there are several deployments, or one that has not completed.
    pub fn deploying(&self) -> bool {
        self.deployments.len() > 1
            || self.primary().is_some_and(|primary| primary.rollout_state.as_deref() == Some("IN_PROGRESS"))
    }

    /// Whether nothing is in progress and no task is missing.
    pub fn settled(&self) -> bool {
        !self.deploying() && self.running_count == self.desired_count && self.pending_count == 0
    }

    /// Whether its tasks run on container instances, by launch type or capacity provider.
    pub fn on_instances(&self) -> bool {
        match self.capacity_providers.as_slice() {
            [] => self.launch_type.as_deref().is_some_and(|kind| kind != "FARGATE"),
            several => several.iter().any(|item| !item.capacity_provider.starts_with("FARGATE")),
        }
    }

    /// Counts in words: `4 desired, 3 running, 1 pending`.
    pub fn counts(&self) -> String {
        let Self { desired_count, running_count, pending_count, .. } = self;
        format!("{desired_count} desired, {running_count} running, {pending_count} pending")
    }

    /// Launch type (`FARGATE`, `EC2`) or the names of the capacity providers.
    pub fn launch(&self) -> Cow<'_, str> {
        match self.capacity_providers.as_slice() {
            [] => self.launch_type.as_deref().unwrap_or_default().into(),
            [only] => only.capacity_provider.as_str().into(),
            several => several.iter().map(|item| item.capacity_provider.as_str()).collect::<Vec<_>>().join("+").into(),
        }
    }

    /// Task definition as `family:revision`. AWS gives either that or an ARN.
    pub fn revision(&self) -> &str {
        self.task_definition.as_deref().map(last_part).unwrap_or_default()
    }
}

/// Whether a deployment completes before its old tasks have drained.
fn defers_cleanup(configuration: &DeploymentConfiguration) -> bool {
    let early = configuration.early_success_criteria.as_ref().filter(|early| early.enable);
    early.is_some_and(|early| early.source_service_revision_cleanup == Some(ServiceRevisionCleanup::Deferred))
}

fn constraint(constraint: PlacementConstraint) -> Option<String> {
    match constraint.r#type {
        Some(PlacementConstraintType::DistinctInstance) => Some("distinctInstance".to_owned()),
        _ => constraint.expression,
    }
}

impl Resource for Service {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Service(self)
    }

    fn fields() -> &'static [super::Field<Self>] {
        columns::FIELDS
    }

    fn id(&self) -> &str {
        &self.service_arn
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.service_name).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn pace(&self) -> Pace {
        match self.health_by_counts() {
            ServiceHealth::Steady | ServiceHealth::Inactive => Pace::Calm,
            _ => Pace::Moving,
        }
    }

    fn fault(&self) -> bool {
        let found = self.findings.iter().any(|finding| finding.problem < Problem::Notice);
        found || self.health() < ServiceHealth::Deploying || self.failed_last_hour.is_some_and(|failed| failed > 0)
    }

    fn states(&self) -> Vec<&'static str> {
        vec![self.health().word()]
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&task::KIND, Query::service(&*self.cluster_name, &*self.service_name)))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::Owner => Some(View::new(&cluster::KIND, Query::default())),
            Relation::TaskDefinition => revision::view(self.task_definition.as_deref()?),
            relation => related(relation, Query::service(&*self.cluster_name, &*self.service_name)),
        }
    }

    fn timeline(&self) -> Option<Query> {
        Some(Query::service(&*self.cluster_name, &*self.service_name))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        Some(LogTarget::service(&self.cluster_name, &self.service_name))
    }

    fn consults(&self) -> Vec<View> {
        let Self { cluster_name, service_name, .. } = self;
        let mut views = vec![task::stopped_view(cluster_name)];
        if self.running_count + self.pending_count > 0 && !self.settled() {
            views.push(View::new(&task::KIND, Query::service(&**cluster_name, &**service_name)));
        }
        if self.on_instances() && !self.settled() {
            views.push(View::new(&instance::KIND, Query::cluster(&**cluster_name)));
            views.extend(self.task_definition.as_deref().and_then(revision::view));
        }
        views
    }

    fn cli(&self) -> Option<Vec<String>> {
        cli(&self.cluster_name, &self.service_name)
    }

    fn describe(&self, cx: &Context) -> Document {
        describe::service(self, cx)
    }
}

/// View of one service.
pub fn view(cluster: &str, service: &str) -> View {
    View::new(&KIND, Query::service(cluster, service))
}

/// View of the rows that `relation` names, for a row that belongs to the service of `query`.
pub(crate) fn related(relation: Relation, query: Query) -> Option<View> {
    let kind = match relation {
        Relation::Owner => &KIND,
        Relation::Events => &event::KIND,
        Relation::Rollouts => &rollout::KIND,
        Relation::TaskDefinition | Relation::Instance => return None,
    };
    Some(View::new(kind, query))
}

/// AWS CLI call that shows a service.
pub fn cli(cluster: &str, service: &str) -> Option<Vec<String>> {
    words(["ecs", "describe-services", "--cluster", cluster, "--services", service])
}

struct Services;

impl Fetch for Services {
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
            if let Some(service) = &query.service {
                return Ok(Page::single(service));
            }
            let cluster = super::owned(&query.cluster);
            let request = aws.ecs.list_services().set_cluster(cluster).max_results(100).set_next_token(token);
            let answer = aws.call(operation::LIST_SERVICES, request.send()).await?;
            Page::new(operation::LIST_SERVICES, answer.service_arns, answer.next_token)
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
                .describe_services()
                .set_cluster(super::owned(&query.cluster))
                .set_services(Some(super::strings(&ids)))
                .include(ServiceField::Tags);
            let answer = aws.call(operation::DESCRIBE_SERVICES, request.send()).await?;
            let services = present(operation::DESCRIBE_SERVICES, answer.services)?;
            let mut services: Vec<Service> = services.into_iter().filter_map(Service::from_sdk).collect();
            rollout::complete(aws, &mut services).await;
            Batch::new(operation::DESCRIBE_SERVICES, Some(services), Some, answer.failures)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
