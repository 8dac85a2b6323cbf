//! The container that a forward goes through.

use super::Run;
use crate::{
    aws::{Failure, FailureKind},
    forwarding::ForwardSubject,
    resource::{
        Query, Status,
        container::{Container, ExecTarget},
        task::{self, Task},
    },
};

/// Why there is no session.
pub(super) struct Obstacle {
    pub why: String,
    /// It may pass by itself.
    pub is_temporary: bool,
}

impl Obstacle {
    fn of_call(failure: &Failure) -> Self {
        let is_temporary = matches!(
            failure.kind,
            FailureKind::Throttled
                | FailureKind::Offline
                | FailureKind::Server
                | FailureKind::Garbled
                | FailureKind::Credentials
        );
        Self { why: failure.with_advice(), is_temporary }
    }
}

impl Run {
    /// Finds a running task and the container in it.
    pub(super) async fn find_target(&self) -> Result<ExecTarget, Obstacle> {
        let cluster = self.request.cluster.as_str();
        let query = match &self.request.subject {
            ForwardSubject::Task(arn) => Query { status: Status::All, ..Query::task(cluster, arn.as_str()) },
            ForwardSubject::Service(name) => Query::service(cluster, name.as_str()),
            ForwardSubject::Family(name) => Query { cluster: Some(cluster.into()), ..Query::family(name.as_str()) },
        };
        let mut tasks = task::fetch(&self.clients, &query).await.map_err(|failure| Obstacle::of_call(&failure))?;
        // The newest one is the last that will be replaced.
        tasks.sort_by(|a, b| b.creation().cmp(&a.creation()));
        let judged = tasks.iter().map(|task| self.container_of(task).map(|container| task.exec_target(container)));
        let mut first = None;
        for target in judged {
            match target {
                Ok(target) => return Ok(target),
                Err(why) => _ = first.get_or_insert(why),
            }
        }
        let subject = &self.request.subject;
        // Another task may take over, once it has started.
        let is_temporary = !matches!(subject, ForwardSubject::Task(_));
        let why = first.unwrap_or_else(|| match is_temporary {
            true => format!("{subject} in {cluster} has no running task"),
            false => format!("ECS no longer knows {subject} in {cluster}"),
        });
        Err(Obstacle { why, is_temporary })
    }

    /// The container of a task to go through: the named one, or of those that can be entered the one with the port.
    fn container_of<'a>(&self, task: &'a Task) -> Result<&'a Container, String> {
        if let Some(why) = why_stopped(task) {
            return Err(why);
        }
        let named = |container: &&Container| self.request.container.as_ref().is_none_or(|name| container.name == *name);
        let containers: Vec<&Container> = task.containers.iter().filter(named).collect();
        if containers.is_empty() {
            let name = self.request.container.as_deref().unwrap_or_default();
            return Err(format!("{} has no container {name}", task.label()));
        }
        let ready: Vec<&Container> = containers.iter().copied().filter(|container| is_ready(container)).collect();
        let port = i32::from(self.request.ports.port);
        let has_port =
            |container: &&&Container| container.network_bindings.iter().any(|binding| binding.container_port == port);
        let chosen = ready.iter().find(has_port).filter(|_| self.request.ports.host.is_none()).or(ready.first());
        chosen.copied().ok_or_else(|| {
            let states = containers.iter().map(|container| format!("{} {}", container.name, container.exec().0));
            let states = states.collect::<Vec<_>>().join(", ");
            match task.enable_execute_command {
                false => format!("ECS Exec was off when {} was started, and forwarding needs its agent", task.label()),
                true => format!("the exec agent that forwards does not run in {}: {states}", task.label()),
            }
        })
    }

    /// Why the task of a target has stopped or is about to; absent while it runs, and if nobody knows.
    pub(super) async fn why_stopped(&self, target: &ExecTarget) -> Option<String> {
        let query = Query { status: Status::All, ..Query::task(&*target.cluster_name, &*target.task_arn) };
        let tasks = task::fetch(&self.clients, &query).await.ok()?;
        match tasks.first() {
            Some(task) => why_stopped(task),
            None => Some(format!("ECS no longer knows the task of {}", target.label())),
        }
    }
}

/// Whether the agent in a container can be connected to.
fn is_ready(container: &Container) -> bool {
    container.exec().0 == "ready"
        && container.runtime_id.is_some()
        && container.last_status.as_deref() == Some("RUNNING")
}

/// Why a task has stopped or is about to; absent while it runs.
fn why_stopped(task: &Task) -> Option<String> {
    let is = |status: &Option<String>, word: &str| status.as_deref() == Some(word);
    let state = match (is(&task.last_status, "STOPPED"), is(&task.desired_status, "STOPPED")) {
        (true, _) => "has stopped",
        (false, true) => "is stopping",
        (false, false) => return None,
    };
    let reason = task.reason().unwrap_or_else(|| "no reason given".to_owned());
    let failed = task.containers.iter().find_map(|container| {
        let code = container.exit_code.filter(|code| *code != 0)?;
        Some(format!("; {} has exited with {code}", container.name))
    });
    Some(format!("{} {state}: {reason}{}", task.label(), failed.unwrap_or_default()))
}
