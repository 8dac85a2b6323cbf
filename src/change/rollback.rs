//! Rolling back: to the previous revision while a deployment is in progress; to a given one at any time.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, primary_id, require_ecs_controller,
    restart::{pace, running_tasks_are},
    rollout_progress, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Row, TypedRow, View,
        diff::{DiffQuestion, DiffSide},
        format::last_part,
        rollout::Rollout,
        service::Service,
    },
};

pub static ROLLBACK: ChangeKind = ChangeKind {
    name: "rollback",
    title: "Roll back",
    button: "roll back",
    starts_rollout: true,
    make,
    reports_progress: false,
    evidence: None,
};

pub static DEPLOY: ChangeKind = ChangeKind {
    name: "deploy",
    title: "Deploy a revision",
    button: "deploy",
    starts_rollout: true,
    make: |row, revision, known| match revision {
        "" => Err("no revision to deploy".to_owned()),
        revision => make(row, revision, known),
    },
    reports_progress: false,
    evidence: None,
};

fn make(row: &dyn Row, revision: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let service = service_of(row, known)?;
    require_ecs_controller(service)?;
    let (name, target) = (&service.service_name, service_target(service));
    if revision.is_empty()
        && service.deploying()
        && let Some(deployment) = &service.current_service_deployment
    {
        let consequences = in_progress(service);
        return Ok(Arc::new(StopDeployment {
            target,
            deployment: deployment.clone(),
            consequences,
            before: primary_id(service),
            to: earlier_revision(service),
        }));
    }
    let to = match revision {
        "" => earlier_revision(service).or_else(|| last_good_revision(service, known)).ok_or_else(|| {
            format!(
                "no earlier revision of {name} is known: z shows its rollouts, `:rollback FAMILY:REVISION` names one"
            )
        })?,
        named => {
            let family = service.revision().rsplit_once(':').map(|(family, _)| family);
            read_revision(named, family.unwrap_or_default())?
        }
    };
    deploy(service, to)
}

/// A deployment of `to`.
fn deploy(service: &Service, to: String) -> Result<Arc<dyn Change>, String> {
    if to == service.revision() {
        return Err(format!("{} runs {to} already", service.service_name));
    }
    let consequences = vec![
        format!("a deployment of {to} replaces the tasks of {}{}", service.revision(), pace(service)),
        "only the task definition changes; the rest of the service stays the same".to_owned(),
    ];
    let from = service.task_definition.clone().unwrap_or_else(|| service.revision().to_owned());
    Ok(Arc::new(DeployRevision {
        target: service_target(service),
        from,
        to,
        consequences,
        before: primary_id(service),
    }))
}

/// The revision to roll back to for a chosen `row`: that of a past rollout.
pub fn chosen_revision(row: &dyn Row) -> Option<String> {
    let TypedRow::Rollout(rollout) = row.typed() else { return None };
    if rollout.in_progress() {
        return None;
    }
    Some(last_part(rollout.target.as_ref()?.task_definition.as_deref()?).to_owned())
}

/// The consequences of stopping and rolling back the deployment in progress.
fn in_progress(service: &Service) -> Vec<String> {
    let back = earlier_revision(service).map(|revision| format!(" to {revision}")).unwrap_or_default();
    let mut says = vec![format!("the deployment of {} is stopped and rolled back{back}", service.revision())];
    if let Some(primary) = service.primary()
        && primary.running_count > 0
    {
        let of = format!(" of {}", primary.revision());
        says.push(format!("{} replaced", running_tasks_are(primary.running_count, &of)));
    }
    says
}

/// The revision of another deployment that the service still has, which runs beside the new one.
fn earlier_revision(service: &Service) -> Option<String> {
    let current = service.revision();
    let mut others = service.deployments.iter().filter(|deployment| deployment.revision() != current);
    others.find_map(|deployment| Some(deployment.revision().to_owned()).filter(|revision| !revision.is_empty()))
}

/// The newest revision of another task definition with a successful rollout.
fn last_good_revision(service: &Service, known: &Known<'_>) -> Option<String> {
    let rollouts = known.rollouts(&service.cluster_name, &service.service_name).iter();
    let good = rollouts.filter(|rollout| rollout.status.as_deref() == Some("SUCCESSFUL"));
    let revision = |rollout: &Rollout| Some(last_part(rollout.target.as_ref()?.task_definition.as_deref()?).to_owned());
    let others = good.filter_map(|rollout| Some((rollout.created_at, revision(rollout)?)));
    others.filter(|(_, revision)| revision != service.revision()).max().map(|(_, revision)| revision)
}

/// Checks the form of a revision, before the service is known.
///
/// # Errors
///
/// A message with the expected form.
pub fn check_revision(text: &str) -> Result<(), String> {
    read_revision(text, "payments").map(drop)
}

/// Parses `payments:56`, its ARN, or `56` for a revision of `family`.
fn read_revision(text: &str, family: &str) -> Result<String, String> {
    let name = last_part(text);
    let name = if name.contains(':') { name.to_owned() } else { format!("{family}:{name}") };
    let number = name.rsplit_once(':').and_then(|(family, number)| (!family.is_empty()).then_some(number));
    match number.map(str::parse::<u32>) {
        Some(Ok(1..)) => Ok(name),
        _ => Err(format!("invalid revision `{text}`; expected FAMILY:NUMBER, such as {family}:56")),
    }
}

/// Stops the deployment in progress, so that ECS rolls back.
#[derive(Debug)]
struct StopDeployment {
    target: ChangeTarget,
    deployment: String,
    consequences: Vec<String>,
    /// The stopped deployment.
    before: String,
    /// The revision that ECS rolls back to, if it is known.
    to: Option<String>,
}

impl Change for StopDeployment {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn basis(&self) -> Vec<String> {
        vec![self.before.clone(), self.to.clone().unwrap_or_default()]
    }

    fn api_call(&self) -> ApiCall {
        input(
            operation::STOP_SERVICE_DEPLOYMENT,
            [("serviceDeploymentArn", json!(self.deployment)), ("stopType", json!("ROLLBACK"))],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        rollout_progress(&self.target, known, &self.before, self.to.as_deref())
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let request = clients.ecs.stop_service_deployment().service_deployment_arn(&self.deployment);
        let request = request.stop_type(aws_sdk_ecs::types::StopServiceDeploymentStopType::Rollback);
        async move {
            clients.call(operation::STOP_SERVICE_DEPLOYMENT, request.send()).await?;
            Ok("rolling back".to_owned())
        }
        .boxed()
    }
}

/// Deploys an earlier revision.
#[derive(Debug)]
struct DeployRevision {
    target: ChangeTarget,
    /// The current revision: its ARN, or `family:revision`.
    from: String,
    /// `family:revision`.
    to: String,
    consequences: Vec<String>,
    /// The previous deployment.
    before: String,
}

impl Change for DeployRevision {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn comparison(&self) -> Option<DiffQuestion> {
        let side = |revision: &String| DiffSide::TaskDefinition(revision.clone());
        Some(DiffQuestion::Sides(side(&self.from), side(&self.to)))
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { name, cluster, .. } = &self.target;
        input(
            operation::UPDATE_SERVICE,
            [("cluster", json!(cluster)), ("service", json!(name)), ("taskDefinition", json!(self.to))],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        rollout_progress(&self.target, known, &self.before, Some(&self.to))
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { name, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_service().cluster(cluster).service(name).task_definition(&self.to);
        let to = self.to.clone();
        async move {
            clients.call(operation::UPDATE_SERVICE, request.send()).await?;
            Ok(format!("a deployment of {to} has begun"))
        }
        .boxed()
    }
}
