use jiff::Timestamp;

use super::*;
use crate::{
    knowledge::{self, Certainty},
    resource::{container::Container, task::Attachment},
};

mod anything;
mod causes;
mod evidence;

const EXITED: &str = "Essential container in task exited";
const OOM: &str = "OutOfMemoryError: Container killed due to memory usage";
const IMAGE: &str = "481516234217.dkr.ecr.eu-west-1.amazonaws.com/payments:2026.01.31-5";
const REVISION: &str = "arn:aws:ecs:eu-west-1:481516234217:task-definition/payments:57";

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_769_868_300 + second).ok()
}

fn container(name: &str, exit_code: Option<i32>, reason: &str) -> Container {
    Container {
        name: name.to_owned(),
        exit_code,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        image: Some(format!("481516234217.dkr.ecr.eu-west-1.amazonaws.com/{name}:1.4.2")),
        memory: Some("768".to_owned()),
        ..Container::default()
    }
}

/// A task of the service `payments` that ran for an hour and took two seconds to stop.
fn task(code: &str, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> Task {
    Task {
        task_arn: "arn:aws:ecs:eu-west-1:481516234217:task/prod/0f3c9a1e5b7d4c2f8a6e1d3b5c7f9e02".to_owned(),
        cluster_name: "prod".to_owned(),
        group: Some("service:payments".to_owned()),
        started_by: Some("ecs-svc/4816000000720".to_owned()),
        task_definition_arn: Some(REVISION.to_owned()),
        last_status: Some("STOPPED".to_owned()),
        stop_code: (!code.is_empty()).then(|| code.to_owned()),
        stopped_reason: (!reason.is_empty()).then(|| reason.to_owned()),
        memory: Some("1024".to_owned()),
        created_at: at(0),
        started_at: at(20),
        stopping_at: at(3620),
        execution_stopped_at: at(3622),
        stopped_at: at(3640),
        containers: containers.iter().map(|(name, code, reason)| container(name, *code, reason)).collect(),
        ..Task::default()
    }
}

fn exited(containers: &[(&str, Option<i32>, &str)]) -> Task {
    task("EssentialContainerExited", EXITED, containers)
}

fn unstarted(reason: &str, containers: &[(&str, &str)]) -> Task {
    let containers: Vec<_> = containers.iter().map(|(name, reason)| (*name, None, *reason)).collect();
    Task { started_at: None, ..task("TaskFailedToStart", reason, &containers) }
}

trait As: Sized {
    fn change(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl As for Task {
    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// A standalone task.
fn standalone(task: Task) -> Task {
    task.change(|task| (task.group, task.started_by) = (Some("family:payments".to_owned()), None))
}

/// It ran for three seconds.
fn brief(task: Task) -> Task {
    task.change(|task| task.started_at = at(3617))
}

/// Its containers were killed after their stop timeout.
fn killed_after_timeout(task: Task) -> Task {
    task.change(|task| (task.execution_stopped_at, task.stopped_at) = (at(3651), at(3660)))
}

fn attached(task: Task, reason: &str) -> Task {
    let volume = Attachment {
        kind: "AmazonElasticBlockStorage".to_owned(),
        status: "DELETED".to_owned(),
        reason: Some(reason.to_owned()),
    };
    task.change(|task| task.attachments.push(volume))
}

fn sick(task: Task) -> Task {
    task.change(|task| task.containers[0].health_status = Some("UNHEALTHY".to_owned()))
}
