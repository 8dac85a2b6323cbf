//! Enabling ECS Exec for a service: tasks that are started from then on can be entered.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{Row, View, format::count_tasks},
};

pub static ENABLE_EXEC: ChangeKind = ChangeKind {
    name: "enable-exec",
    title: "Enable ECS Exec",
    button: "enable",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: None,
};

fn make(row: &dyn Row, _: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let service = service_of(row, known)?;
    if service.enable_execute_command {
        return Err(format!("ECS Exec is enabled for {} already", service.service_name));
    }
    Ok(Arc::new(EnableExec { target: service_target(service), running: service.running_count }))
}

#[derive(Debug)]
struct EnableExec {
    target: ChangeTarget,
    running: i32,
}

impl Change for EnableExec {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        let mut says = vec!["tasks that are started from now on can be entered with ECS Exec".to_owned()];
        if self.running > 0 {
            let running = count_tasks(self.running);
            says.push(format!("{running} now running cannot, until a new deployment replaces them (restart)"));
        }
        says.push("the task role needs the four ssmmessages permissions".to_owned());
        says
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { name, cluster, .. } = &self.target;
        input(
            operation::UPDATE_SERVICE,
            [("cluster", json!(cluster)), ("service", json!(name)), ("enableExecuteCommand", json!(true))],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let ChangeTarget { cluster, name, .. } = &self.target;
        match known.service(cluster, name).is_some_and(|service| service.enable_execute_command) {
            true => ChangeProgress::Settled("ECS Exec is enabled".to_owned()),
            false => ChangeProgress::UnderWay("accepted".to_owned()),
        }
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { name, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_service().cluster(cluster).service(name).enable_execute_command(true);
        async move {
            clients.call(operation::UPDATE_SERVICE, request.send()).await?;
            Ok("ECS Exec is enabled for new tasks".to_owned())
        }
        .boxed()
    }
}
