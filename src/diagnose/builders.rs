//! Builders of rows for tests: one service `web` in cluster `prod`, at a fixed time.

use jiff::{SignedDuration, Timestamp};

use super::Known;
use crate::resource::{
    Row,
    container::Container,
    deployment::Deployment,
    event::ServiceEvent,
    instance::{HostResource, Instance},
    revision::Revision,
    service::Service,
    task::Task,
};

use super::HOUR;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_769_868_300).unwrap()
}

pub(super) fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_secs(seconds))
}

pub(super) fn arn(kind: &str, path: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:{kind}/{path}")
}

/// A service of `desired` tasks, all running, with a completed rollout.
pub(super) fn web(desired: i32) -> Service {
    Service {
        service_arn: arn("service", "prod/web"),
        service_name: "web".into(),
        cluster_name: "prod".into(),
        status: Some("ACTIVE".into()),
        desired_count: desired,
        running_count: desired,
        launch_type: Some("FARGATE".into()),
        task_definition: Some(arn("task-definition", "web:7")),
        minimum_healthy_percent: Some(100),
        maximum_percent: Some(200),
        failed_last_hour: Some(0),
        deployments: vec![deployment(7, "COMPLETED", [desired, desired, 0], 2 * HOUR)],
        events: vec![event("has reached a steady state.", 2 * HOUR)],
        ..Service::default()
    }
}

/// A PRIMARY deployment of `web:{revision}`; counts are desired, running, pending.
pub(super) fn deployment(revision: u32, rollout: &str, counts: [i32; 3], age: i64) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{revision}"),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        service_arn: arn("service", "prod/web"),
        status: Some("PRIMARY".into()),
        task_definition: Some(arn("task-definition", &format!("web:{revision}"))),
        desired_count: counts[0],
        running_count: counts[1],
        pending_count: counts[2],
        rollout_state: Some(rollout.into()),
        created_at: ago(age),
        updated_at: ago(age),
        ..Deployment::default()
    }
}

/// A service of four tasks with a rollout of revision 8 in progress for `age` seconds; `counts` are its running and
/// pending tasks.
pub(super) fn rolling(counts: [i32; 2], age: i64) -> Service {
    let [running, pending] = counts;
    let mut service = web(4);
    let old = Deployment { status: Some("ACTIVE".into()), ..deployment(7, "COMPLETED", [4, 4, 0], 30 * HOUR) };
    service.deployments = vec![deployment(8, "IN_PROGRESS", [4, running, pending], age), old];
    service.running_count = 4 + running;
    service.pending_count = pending;
    service.task_definition = Some(arn("task-definition", "web:8"));
    service
}

pub(super) fn event(message: &str, age: i64) -> ServiceEvent {
    ServiceEvent {
        id: format!("event {age} {message}"),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        service_arn: arn("service", "prod/web"),
        created_at: ago(age),
        message: format!("(service web) {message}"),
        ..ServiceEvent::default()
    }
}

/// A running task of `revision`, started by its deployment.
pub(super) fn task(id: &str, revision: u32) -> Task {
    Task {
        task_arn: arn("task", &format!("prod/{id}")),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        started_by: Some(format!("ecs-svc/{revision}")),
        task_definition_arn: Some(arn("task-definition", &format!("web:{revision}"))),
        last_status: Some("RUNNING".into()),
        desired_status: Some("RUNNING".into()),
        launch_type: Some("FARGATE".into()),
        created_at: ago(3 * HOUR),
        started_at: ago(3 * HOUR - 30),
        containers: vec![Container { name: "app".into(), ..Container::default() }],
        ..Task::default()
    }
}

/// A starting task in `state` for `age` seconds.
pub(super) fn starting(id: &str, revision: u32, state: &str, age: i64) -> Task {
    Task { last_status: Some(state.into()), created_at: ago(age), started_at: None, ..task(id, revision) }
}

/// A stopping task in `state` for `age` seconds.
pub(super) fn stopping(id: &str, revision: u32, state: &str, age: i64) -> Task {
    Task {
        last_status: Some(state.into()),
        desired_status: Some("STOPPED".into()),
        stopping_at: ago(age),
        ..task(id, revision)
    }
}

/// A task whose container `app` ended with `exit_code` `age` seconds ago.
pub(super) fn crashed(id: &str, revision: u32, exit_code: i32, age: i64) -> Task {
    let app = Container { name: "app".into(), exit_code: Some(exit_code), ..Container::default() };
    Task {
        last_status: Some("STOPPED".into()),
        desired_status: Some("STOPPED".into()),
        stop_code: Some("EssentialContainerExited".into()),
        stopped_reason: Some("Essential container in task exited".into()),
        created_at: ago(age + 120),
        started_at: ago(age + 90),
        stopping_at: ago(age + 5),
        stopped_at: ago(age),
        containers: vec![app],
        ..task(id, revision)
    }
}

pub(super) fn host(id: &str) -> Instance {
    Instance {
        container_instance_arn: arn("container-instance", &format!("prod/{id}")),
        ec2_instance_id: Some(id.into()),
        cluster_name: "prod".into(),
        status: Some("ACTIVE".into()),
        agent_connected: true,
        cpu: HostResource { remaining: 1024, registered: 4096 },
        memory: HostResource { remaining: 2048, registered: 16_000 },
        running_tasks_count: 3,
        ..Instance::default()
    }
}

/// `task` on the instance `id`.
pub(super) fn on(task: Task, id: &str) -> Task {
    let instance = Some(arn("container-instance", &format!("prod/{id}")));
    Task { container_instance_arn: instance, launch_type: Some("EC2".into()), ..task }
}

pub(super) fn revision(number: u32) -> Revision {
    Revision {
        task_definition_arn: arn("task-definition", &format!("web:{number}")),
        family: "web".into(),
        described: true,
        ..Revision::default()
    }
}

/// An index of these rows.
pub(super) fn known<'a>(rows: &[&'a dyn Row]) -> Known<'a> {
    Known::of(rows.iter().copied(), now())
}
