//! What the dialog of a drain reads besides known rows: the tasks there, their services and task definitions, the other
//! instances, and protections.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;

use crate::{
    aws::{Clients, Failure, operation},
    change::ChangeTarget,
    diagnose::Known,
    resource::{Kind, Origin, Query, Status, TypedRow, evidence::Evidence, instance, revision, service, task},
};

/// Maximum number of tasks in one call for protections.
const PROTECTIONS: usize = 100;
/// Maximum number of task definitions to read, one call each.
const DEFINITIONS: usize = 10;

/// Reads what is not known yet: at most two calls for the tasks of each instance and two for every hundred other
/// instances, one for ten services, one for each task definition up to ten, one for a hundred protections.
pub(super) fn collect<'a>(
    clients: &'a Clients,
    targets: &'a [ChangeTarget],
    known: &'a Known<'a>,
) -> BoxFuture<'a, Evidence> {
    async move {
        let mut evidence = Evidence::default();
        for target in targets {
            let cluster = &*target.cluster;
            let own = Query { status: Status::Running, ..Query::instance(cluster, &*target.arn) };
            if known.on_instance(&target.arn).is_empty() {
                read(clients, &task::KIND, own, &mut evidence).await;
            }
            if known.instances(cluster).len() <= targets.len() {
                read(clients, &instance::KIND, Query::cluster(cluster), &mut evidence).await;
            }
            read_services(clients, target, known, &mut evidence).await;
        }
        evidence
    }
    .boxed()
}

/// Adds all rows of a view.
async fn read(clients: &Clients, kind: &'static Kind, query: Query, evidence: &mut Evidence) {
    let Origin::Fetched(fetch) = kind.origin else { return };
    let read = async {
        let mut token = None;
        loop {
            let page = fetch.list(clients, &query, token).await?;
            for ids in page.ids.chunks(fetch.batch().max(1)) {
                evidence.rows.extend(fetch.describe(clients, &query, ids.to_vec()).await?.rows);
            }
            token = page.next;
            if token.is_none() {
                return Ok::<(), Failure>(());
            }
        }
    };
    if let Err(failure) = read.await {
        evidence.gaps.push(failure.describe_gap(&format!("{} could not be read", kind.plural)));
    }
}

/// Adds the services of the tasks on an instance, their task definitions, and which tasks are protected.
async fn read_services(clients: &Clients, target: &ChangeTarget, known: &Known<'_>, evidence: &mut Evidence) {
    let rows = evidence.rows.clone();
    let read = rows.iter().filter_map(|row| match row.typed() {
        TypedRow::Task(task) if task.container_instance_arn.as_ref() == Some(&target.arn) => Some(task),
        _ => None,
    });
    let here: Vec<&task::Task> = known.on_instance(&target.arn).iter().copied().chain(read).collect();
    let of_services: Vec<&task::Task> =
        here.into_iter().filter(|task| !task.stopped() && task.service().is_some()).collect();
    let mut names: Vec<Arc<str>> = of_services.iter().filter_map(|task| task.service().map(Arc::from)).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| known.service(&target.cluster, name).is_none());
    let query = Query::cluster(&*target.cluster);
    if let Origin::Fetched(fetch) = service::KIND.origin {
        for names in names.chunks(fetch.batch().max(1)) {
            match fetch.describe(clients, &query, names.to_vec()).await {
                Ok(batch) => evidence.rows.extend(batch.rows),
                Err(failure) => evidence.gaps.push(failure.describe_gap("services could not be read")),
            }
        }
    }
    let mut definitions: Vec<&str> =
        of_services.iter().filter_map(|task| task.task_definition_arn.as_deref()).collect();
    definitions.sort_unstable();
    definitions.dedup();
    definitions.retain(|arn| known.revision(arn).is_none());
    for arn in definitions.into_iter().take(DEFINITIONS) {
        match revision::describe(clients, arn).await {
            Ok(revision) => evidence.rows.push(Arc::new(revision)),
            Err(failure) => {
                evidence.gaps.push(failure.describe_gap("task definitions could not be read"));
                break;
            }
        }
    }
    read_protections(clients, target, &of_services, evidence).await;
}

async fn read_protections(clients: &Clients, target: &ChangeTarget, tasks: &[&task::Task], evidence: &mut Evidence) {
    for tasks in tasks.chunks(PROTECTIONS) {
        let arns = tasks.iter().map(|task| task.task_arn.clone()).collect();
        let request = clients.ecs.get_task_protection().cluster(&target.cluster).set_tasks(Some(arns));
        match clients.call(operation::GET_TASK_PROTECTION, request.send()).await {
            Ok(answer) => {
                let protected = answer.protected_tasks.unwrap_or_default().into_iter();
                evidence.protected.extend(protected.filter(|task| task.protection_enabled).filter_map(|task| {
                    let until = Timestamp::from_second(task.expiration_date?.secs()).ok()?;
                    Some((task.task_arn?, until))
                }));
            }
            Err(failure) => evidence.gaps.push(failure.describe_gap("protected tasks could not be read")),
        }
    }
}
