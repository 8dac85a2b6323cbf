//! Deregistering a task definition revision: what runs it keeps running, and nothing else can run it again.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html>

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input,
    register::{revision_target, revision_views},
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Query, Row, TypedRow, View,
        format::{count_tasks, in_words},
        revision,
        service::Service,
    },
};

pub static DEREGISTER: ChangeKind = ChangeKind {
    name: "deregister",
    title: "Deregister a task definition",
    button: "deregister",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: None,
};

/// Maximum number of services to name in the dialog.
const NAMED: usize = 3;

fn make(row: &dyn Row, _: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let TypedRow::Revision(revision) = row.typed() else {
        return Err(format!("{} {} is not a task definition revision", row.kind().name, row.name()));
    };
    let name = row.name();
    match revision.status.as_deref() {
        None | Some("ACTIVE") => {}
        Some("INACTIVE") => return Err(format!("{name} is deregistered already")),
        Some(status) => return Err(format!("{name} is {}", in_words(status))),
    }
    let arn = &revision.task_definition_arn;
    let services = known.services_of_revision(arn).into_iter().map(label).collect();
    let tasks = i32::try_from(known.tasks_of_revision(arn).len()).unwrap_or(i32::MAX);
    Ok(Arc::new(Deregister { target: revision_target(arn), services, tasks }))
}

/// `web in prod`.
fn label(service: &Service) -> String {
    format!("{} in {}", service.service_name, service.cluster_name)
}

#[derive(Debug)]
struct Deregister {
    target: ChangeTarget,
    /// The loaded services that run it.
    services: Vec<String>,
    /// Number of loaded tasks that run it.
    tasks: i32,
}

impl Deregister {
    fn users(&self) -> String {
        let services = match self.services.as_slice() {
            [] => String::new(),
            [one] => format!("service {one}"),
            several if several.len() <= NAMED => format!("services {}", several.join(", ")),
            several => format!("services {} and {} more", several[..NAMED].join(", "), several.len() - NAMED),
        };
        match (services.as_str(), self.tasks) {
            ("", 0) => "no loaded service or task runs it; others may".to_owned(),
            ("", tasks) => {
                format!("run by {} that {} loaded", count_tasks(tasks), if tasks == 1 { "is" } else { "are" })
            }
            (services, 0) => format!("run by {services}"),
            (services, tasks) => format!("run by {services}, with {}", count_tasks(tasks)),
        }
    }
}

impl Change for Deregister {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Destructive
    }

    fn consequences(&self) -> Vec<String> {
        vec![
            self.users(),
            "what runs it keeps running: its services still replace and scale their tasks".to_owned(),
            "deploying it, rolling back to it or running a task of it fails, within ten minutes".to_owned(),
        ]
    }

    /// Which services run it: the count of tasks changes by itself.
    fn basis(&self) -> Vec<String> {
        self.services.clone()
    }

    fn api_call(&self) -> ApiCall {
        input(operation::DEREGISTER_TASK_DEFINITION, [("taskDefinition", json!(self.target.name))])
    }

    fn touches(&self) -> Vec<View> {
        let all = View::new(&revision::KIND, Query::default());
        revision_views(&self.target.name).into_iter().chain([all]).collect()
    }

    fn progress(&self, _: &Known<'_>) -> ChangeProgress {
        ChangeProgress::Settled("deregistered".to_owned())
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let request = clients.ecs.deregister_task_definition().task_definition(&self.target.name);
        async move {
            clients.call(operation::DEREGISTER_TASK_DEFINITION, request.send()).await?;
            Ok("deregistered".to_owned())
        }
        .boxed()
    }
}
