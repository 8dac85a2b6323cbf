//! Evidence that is read once, when an explanation opens: the task definition, the last log lines, the health of
//! targets. At most three calls. A failed one is reported as a gap.

use futures::future;
use jiff::Timestamp;

use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    diagnose::Known,
    logs::{self, Stream},
    resource::{
        Row, TypedRow,
        container::Container,
        evidence::{Evidence, Excerpt, Target},
        format::last_part,
        revision::{self, Revision},
        secrets::Masker,
        task::Task,
    },
};

/// How many log lines to read.
const LINES: i32 = 20;

/// Collects evidence about `subject`, a task or a service. For a service, it examines the newest failed task, or else
/// the newest running one.
pub async fn collect_evidence(clients: &Clients, subject: &dyn Row, known: &Known<'_>) -> Evidence {
    let (task, service) = match subject.typed() {
        TypedRow::Task(task) => (Some(task), task.service().and_then(|name| known.service(&task.cluster_name, name))),
        TypedRow::Service(service) => {
            (most_telling_task(known.tasks(&service.cluster_name, &service.service_name)), Some(service))
        }
        _ => return Evidence::default(),
    };
    let definition = match task {
        Some(task) => task.task_definition_arn.as_deref(),
        None => service.and_then(|service| service.task_definition.as_deref()),
    };
    let groups = service.map(|service| service.target_groups.as_slice()).unwrap_or_default();
    let (mut evidence, health) =
        future::join(task_evidence(clients, task, definition, known), target_evidence(clients, groups)).await;
    evidence.targets = health.targets;
    evidence.gaps.extend(health.gaps);
    evidence
}

/// The evidence about a subject that no longer exists.
pub(super) fn unknown_subject(id: &str) -> Evidence {
    Evidence { gaps: vec![format!("{} is not known any more", last_part(id))], ..Evidence::default() }
}

/// The task that says most about its service.
fn most_telling_task<'a>(tasks: &[&'a Task]) -> Option<&'a Task> {
    let failed = tasks.iter().filter(|task| task.failed()).max_by_key(|task| task.stopped_at);
    let running = || tasks.iter().filter(|task| !task.stopped()).max_by_key(|task| task.started_at);
    failed.or_else(running).copied()
}

/// The task definition, and the last log lines of the root container.
async fn task_evidence(
    clients: &Clients,
    task: Option<&Task>,
    definition: Option<&str>,
    known: &Known<'_>,
) -> Evidence {
    let mut evidence = Evidence::default();
    let Some(arn) = definition else { return evidence };
    let revision = match known.revision(arn) {
        Some(revision) => revision.clone(),
        None => match revision::describe(clients, arn).await {
            Ok(revision) => revision,
            Err(failure) => {
                evidence
                    .gaps
                    .push(failure.describe_gap(&format!("the task definition {} could not be read", last_part(arn))));
                return evidence;
            }
        },
    };
    if let Some(task) = task {
        match log_excerpt(clients, task, &revision).await {
            Ok(lines) => evidence.lines = lines,
            Err(reason) => evidence.gaps.push(reason),
        }
    }
    evidence.revision = Some(revision);
    evidence
}

/// The last lines of the root container's log, or the reason for having none.
async fn log_excerpt(clients: &Clients, task: &Task, revision: &Revision) -> Result<Option<Excerpt>, String> {
    let Some(container) = root_container(task, revision) else { return Ok(None) };
    let stream = logs::stream(task, container, revision).map_err(|reason| reason.to_string())?;
    let request = clients
        .logs(stream.region.as_deref())
        .get_log_events()
        .log_group_name(&stream.group)
        .log_stream_name(&stream.name)
        .start_from_head(false)
        .limit(LINES);
    let answer = clients.call(operation::GET_LOG_EVENTS, request.send()).await;
    let events =
        answer.map_err(|failure| explain_missing_log(task, container, &stream, &failure))?.events.unwrap_or_default();
    let mut masker = Masker::default();
    let lines: Vec<_> = events
        .into_iter()
        .filter_map(|event| {
            let at = event.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
            let line = masker.mask(&event.message?);
            Some((at, logs::strip_timestamp(&line, at).to_owned()))
        })
        .collect();
    if lines.is_empty() {
        return Err(format!("the log of {} is empty", container.name));
    }
    Ok(Some(Excerpt {
        task_arn: task.task_arn.clone(),
        container: container.name.clone(),
        group: stream.group,
        stream: stream.name,
        lines,
    }))
}

/// The container that caused the task to stop; while the task runs, its first essential container.
fn root_container<'a>(task: &'a Task, revision: &Revision) -> Option<&'a Container> {
    let named = |name: &str| task.containers.iter().find(|container| container.name == name);
    let judged = task.verdict.as_ref().and_then(|verdict| verdict.container.as_deref());
    let mut essential = revision.containers.iter().filter(|definition| definition.essential);
    judged
        .and_then(named)
        .or_else(|| essential.find_map(|definition| named(&definition.name)))
        .or_else(|| task.containers.first())
}

fn explain_missing_log(task: &Task, container: &Container, stream: &Stream, failure: &Failure) -> String {
    let ran = task.started_at.is_some() || container.exit_code.is_some();
    match failure.kind {
        FailureKind::NotFound if !ran => logs::NoStream::NotStarted.to_string(),
        FailureKind::NotFound if failure.message.contains("group") => format!("there is no log group {}", stream.group),
        FailureKind::NotFound => format!("the log stream of {} is gone, or it wrote nothing", container.name),
        _ => failure.describe_gap(&format!("the log of {} could not be read", container.name)),
    }
}

/// The health of the targets in the first target group.
async fn target_evidence(clients: &Clients, groups: &[String]) -> Evidence {
    let mut evidence = Evidence::default();
    let [first, others @ ..] = groups else { return evidence };
    let request = clients.elb().describe_target_health().target_group_arn(first);
    match clients.call(operation::DESCRIBE_TARGET_HEALTH, request.send()).await {
        Ok(answer) => {
            let targets = answer.target_health_descriptions.unwrap_or_default().into_iter().map(|target| {
                let (health, target) = (target.target_health, target.target);
                Target {
                    group_arn: first.clone(),
                    id: target.as_ref().and_then(|target| target.id.clone()).unwrap_or_default(),
                    port: target.and_then(|target| target.port),
                    state: health
                        .as_ref()
                        .and_then(|health| health.state.as_ref())
                        .map(|state| state.as_str().to_owned())
                        .unwrap_or_default(),
                    reason: health
                        .as_ref()
                        .and_then(|health| health.reason.as_ref())
                        .map(|reason| reason.as_str().to_owned()),
                    description: health.and_then(|health| health.description),
                }
            });
            evidence.targets = targets.collect();
        }
        Err(failure) => evidence.gaps.push(failure.describe_gap("the health of the targets could not be read")),
    }
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|arn| group_name(arn)).collect();
        evidence.gaps.push(format!("other target groups were not checked: {}", names.join(", ")));
    }
    evidence
}

/// The name in `…:targetgroup/NAME/ID`.
fn group_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}
