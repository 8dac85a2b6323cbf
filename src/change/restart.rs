//! Forcing a new deployment: replaces all tasks of a service with the same task definition.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, primary_id, require_ecs_controller,
    rollout_progress, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Row, View,
        format::{count_tasks, duration},
        service::Service,
    },
};

pub static RESTART: ChangeKind = ChangeKind {
    name: "restart",
    title: "Force a new deployment",
    button: "deploy",
    starts_rollout: true,
    make,
    reports_progress: false,
    evidence: None,
};

fn make(row: &dyn Row, _: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let service = service_of(row, known)?;
    require_ecs_controller(service)?;
    Ok(Arc::new(Restart {
        target: service_target(service),
        consequences: consequences(service),
        pace: pace(service),
        before: primary_id(service),
        revision: service.revision().to_owned(),
    }))
}

/// The consequences of replacing the tasks of `service`.
fn consequences(service: &Service) -> Vec<String> {
    let mut says = Vec::new();
    if service.running_count == 0 {
        says.push(format!("no task runs now; ECS starts {}", count_tasks(service.desired_count)));
    } else {
        says.push(format!("{} replaced{}", running_tasks_are(service.running_count, ""), pace(service)));
    }
    if service.deploying() {
        says.push("the deployment in progress is superseded".to_owned());
    }
    let took = service.deployments.iter().find_map(|deployment| {
        let (begun, ended) = deployment.created_at.zip(deployment.ended_at)?;
        (deployment.rollout_state.as_deref() == Some("COMPLETED")).then(|| ended.duration_since(begun).as_secs())
    });
    if let Some(seconds) = took {
        says.push(format!("the last deployment took {}", duration(seconds)));
    }
    says
}

/// `1 running task is`, `4 running tasks of web:3 are`.
pub(super) fn running_tasks_are(count: i32, of: &str) -> String {
    match count {
        1 => format!("1 running task{of} is"),
        count => format!("{count} running tasks{of} are"),
    }
}

/// Minimum and maximum number of running tasks during the deployment, if the limits are known.
pub(super) fn pace(service: &Service) -> String {
    let Some((minimum, maximum)) = service.minimum_healthy_percent.zip(service.maximum_percent) else {
        return String::new();
    };
    let desired = i64::from(service.desired_count);
    // ECS rounds the lower limit up and the upper one down.
    let (least, most) = ((desired * i64::from(minimum) + 99) / 100, desired * i64::from(maximum) / 100);
    format!(
        ": at least {least} and at most {most} run during the deployment (minimum {minimum} %, maximum {maximum} %)"
    )
}

#[derive(Debug)]
struct Restart {
    target: ChangeTarget,
    consequences: Vec<String>,
    /// Minimum and maximum number of running tasks during the deployment.
    pace: String,
    /// The previous deployment.
    before: String,
    /// The revision that is deployed again.
    revision: String,
}

impl Change for Restart {
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
        vec![self.before.clone(), self.pace.clone()]
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { name, cluster, .. } = &self.target;
        input(
            operation::UPDATE_SERVICE,
            [("cluster", json!(cluster)), ("service", json!(name)), ("forceNewDeployment", json!(true))],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        rollout_progress(&self.target, known, &self.before, Some(&self.revision))
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { name, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_service().cluster(cluster).service(name).force_new_deployment(true);
        async move {
            let answer = clients.call(operation::UPDATE_SERVICE, request.send()).await?;
            let deployment = answer.service.and_then(|service| service.deployments?.into_iter().next()?.id);
            Ok(deployment.map(|id| format!("deployment {id} has begun")).unwrap_or_default())
        }
        .boxed()
    }
}
