//! Rows of a small, realistic account at a fixed time.

use std::sync::Arc;

use ecsight::{
    aws::{Failure, FailureKind},
    data::{Entry, Feed, Phase},
    diagnose::{self, Known},
    resource::{
        Row,
        cluster::Cluster,
        container::Container,
        deployment::Deployment,
        event::ServiceEvent,
        rollout::BreakerSetting,
        service::{Service, StrategyItem},
        task::Task,
    },
};
use jiff::{SignedDuration, Timestamp};

/// Saturday, five past two in the afternoon, UTC.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_769_868_300).unwrap_or_default()
}

pub fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_secs(seconds))
}

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 86_400;

pub fn arn(kind: &str, path: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:481516234217:{kind}/{path}")
}

pub fn entry(row: impl Row) -> Entry {
    Entry { row: Arc::new(row), changed: 0, changed_at: None }
}

/// A complete feed, confirmed just now.
pub fn feed(rows: Vec<Entry>) -> Feed {
    Feed {
        rows: Arc::new(rows),
        phase: Phase::Ready,
        revision: 1,
        fetched: Some(now()),
        late_after: 30,
        ..Feed::default()
    }
}

pub fn denied(operation: &'static str) -> Failure {
    Failure {
        operation,
        kind: FailureKind::Denied,
        code: Some("AccessDeniedException".into()),
        message: format!(
            "User: arn:aws:sts::481516234217:assumed-role/OnCall/dana is not authorized to perform: ecs:{operation} \
             on resource: arn:aws:ecs:eu-west-1:481516234217:cluster/acme-prod because no identity-based policy \
             allows the ecs:{operation} action"
        ),
        advice: Some(format!("ask for a policy that allows ecs:{operation}")),
        at: now(),
    }
}

pub fn offline(operation: &'static str) -> Failure {
    Failure {
        operation,
        kind: FailureKind::Offline,
        code: None,
        message: "the connection to ecs.eu-west-1.amazonaws.com was refused".into(),
        advice: Some("check the network, the VPN and the proxy settings".into()),
        at: now(),
    }
}

pub fn clusters() -> Vec<Entry> {
    let cluster = |name: &str, counts: [i32; 4], providers: &[&str], insights: &str| {
        entry(Cluster {
            cluster_arn: arn("cluster", name),
            cluster_name: name.into(),
            status: Some("ACTIVE".into()),
            active_services_count: counts[0],
            running_tasks_count: counts[1],
            pending_tasks_count: counts[2],
            registered_container_instances_count: counts[3],
            capacity_providers: providers.iter().map(|name| (*name).to_owned()).collect(),
            container_insights: Some(insights.into()),
            tags: Vec::new(),
        })
    };
    vec![
        cluster("acme-prod", [12, 61, 2, 0], &["FARGATE", "FARGATE_SPOT"], "enhanced"),
        cluster("acme-batch", [1, 9, 0, 6], &["batch-asg"], "enabled"),
        cluster("acme-staging", [12, 20, 0, 0], &["FARGATE"], "disabled"),
    ]
}

fn service_arn(name: &str) -> String {
    arn("service", &format!("acme-prod/{name}"))
}

pub fn blank_service(name: &str) -> Service {
    Service {
        service_arn: service_arn(name),
        service_name: name.into(),
        cluster_name: "acme-prod".into(),
        status: Some("ACTIVE".into()),
        desired_count: 0,
        running_count: 0,
        pending_count: 0,
        launch_type: Some("FARGATE".into()),
        capacity_providers: Vec::new(),
        platform_version: Some("1.4.0".into()),
        task_definition: None,
        scheduling_strategy: Some("REPLICA".into()),
        deployment_controller: Some("ECS".into()),
        deployment_strategy: Some("ROLLING".into()),
        minimum_healthy_percent: Some(100),
        maximum_percent: Some(200),
        circuit_breaker: Some(BreakerSetting { enabled: true, rolls_back: true, ..BreakerSetting::default() }),
        deployment_alarms: Vec::new(),
        bake_time_in_minutes: None,
        defers_cleanup: false,
        placement_constraints: Vec::new(),
        health_check_grace_period_seconds: Some(60),
        enable_execute_command: true,
        availability_zone_rebalancing: Some("ENABLED".into()),
        target_groups: Vec::new(),
        subnets: vec!["subnet-0a1b2c3d".into(), "subnet-4e5f6071".into()],
        security_groups: vec!["sg-0123456789abcdef0".into()],
        assign_public_ip: Some("DISABLED".into()),
        current_service_deployment: None,
        created_at: ago(212 * DAY),
        created_by: Some("arn:aws:iam::481516234217:role/deployer".into()),
        deployments: Vec::new(),
        task_sets: Vec::new(),
        events: Vec::new(),
        tags: vec![("team".into(), "checkout".into())],
        rollout: None,
        failed_last_hour: Some(0),
        findings: Vec::new(),
    }
}

pub fn deployment(service: &str, revision: &str, rollout: &str, counts: [i32; 3], failed: i32, age: i64) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{}", 4_816_000_000_000 + age),
        cluster_name: "acme-prod".into(),
        service_name: service.into(),
        service_arn: service_arn(service),
        status: Some("PRIMARY".into()),
        task_definition: Some(arn("task-definition", revision)),
        desired_count: counts[0],
        running_count: counts[1],
        pending_count: counts[2],
        failed_tasks: failed,
        rollout_state: Some(rollout.into()),
        created_at: ago(age),
        updated_at: ago(age),
        ..Deployment::default()
    }
}

fn service(
    name: &str,
    counts: [i32; 3],
    failed_last_hour: u32,
    rollout: &str,
    failed: i32,
    age: i64,
    revision: u32,
) -> Service {
    let revision = format!("{name}:{revision}");
    let [desired_count, running_count, pending_count] = counts;
    Service {
        desired_count,
        running_count,
        pending_count,
        rollout: None,
        failed_last_hour: Some(failed_last_hour),
        task_definition: Some(arn("task-definition", &revision)),
        deployments: vec![deployment(name, &revision, rollout, counts, failed, age)],
        events: vec![ServiceEvent {
            id: format!("{name}-1"),
            cluster_name: "acme-prod".into(),
            service_name: name.into(),
            service_arn: service_arn(name),
            created_at: ago(age.min(4 * MINUTE)),
            message: format!("(service {name}) has reached a steady state."),
            ..ServiceEvent::default()
        }],
        ..blank_service(name)
    }
}

/// A service with its findings.
fn diagnosed(service: Service) -> Entry {
    let tasks = tasks();
    let known = Known::of(tasks.iter().map(|entry| &*entry.row), now());
    let findings = diagnose::diagnose_service(&service, &known);
    entry(Service { findings, ..service })
}

/// Twelve services, four of them with problems.
pub fn services() -> Vec<Entry> {
    let spot = |mut service: Service| {
        service.launch_type = None;
        service.capacity_providers =
            vec![StrategyItem { capacity_provider: "FARGATE_SPOT".into(), weight: 1, base: 0 }];
        service
    };
    vec![
        diagnosed(service("cart", [6, 6, 0], 0, "COMPLETED", 0, 3 * DAY, 118)),
        diagnosed(service("catalog-search", [8, 8, 0], 0, "COMPLETED", 0, 9 * HOUR, 341)),
        diagnosed(service("checkout-api", [10, 7, 3], 0, "IN_PROGRESS", 0, 4 * MINUTE, 77)),
        diagnosed(service("frontend", [12, 12, 0], 0, "COMPLETED", 0, 26 * HOUR, 905)),
        diagnosed(service("identity", [4, 4, 0], 0, "COMPLETED", 0, 41 * DAY, 23)),
        diagnosed(spot(service("image-resizer", [6, 6, 0], 2, "COMPLETED", 0, 6 * DAY, 12))),
        diagnosed(service("inventory", [3, 2, 1], 14, "IN_PROGRESS", 6, 38 * MINUTE, 64)),
        diagnosed(service("notifications", [2, 2, 0], 0, "COMPLETED", 0, 12 * DAY, 31)),
        diagnosed(service("payments", [4, 1, 0], 23, "FAILED", 10, 12 * MINUTE, 57)),
        diagnosed(service("pricing-recalculation-worker-eu-central", [2, 2, 0], 0, "COMPLETED", 0, 5 * HOUR, 8)),
        diagnosed(service("recommendations", [4, 0, 0], 8, "IN_PROGRESS", 8, 21 * MINUTE, 19)),
        diagnosed(service("reports", [0, 0, 0], 0, "COMPLETED", 0, 90 * DAY, 2)),
    ]
}

fn blank_task(id: &str) -> Task {
    Task {
        task_arn: arn("task", &format!("acme-prod/{id}")),
        cluster_name: "acme-prod".into(),
        group: Some("service:payments".into()),
        started_by: Some("ecs-svc/4816000000720".into()),
        task_definition_arn: Some(arn("task-definition", "payments:57")),
        last_status: Some("RUNNING".into()),
        desired_status: Some("RUNNING".into()),
        health_status: Some("HEALTHY".into()),
        connectivity: Some("CONNECTED".into()),
        launch_type: Some("FARGATE".into()),
        platform_version: Some("1.4.0".into()),
        availability_zone: Some("eu-west-1a".into()),
        cpu: Some("512".into()),
        memory: Some("1024".into()),
        enable_execute_command: true,
        private_address: Some("10.0.17.42".into()),
        created_at: ago(3 * HOUR),
        pull_started_at: ago(3 * HOUR - 12),
        pull_stopped_at: ago(3 * HOUR - 20),
        started_at: ago(3 * HOUR - 25),
        version: 5,
        current: Some(true),
        ..Task::default()
    }
}

pub fn container(task: &str, name: &str, exit_code: Option<i32>, reason: Option<&str>) -> Container {
    let stopped = exit_code.is_some() || reason.is_some();
    Container {
        container_arn: arn("container", &format!("acme-prod/{task}/{name}")),
        name: name.into(),
        cluster_name: "acme-prod".into(),
        task_arn: arn("task", &format!("acme-prod/{task}")),
        group: Some("service:payments".into()),
        image: Some(format!("481516234217.dkr.ecr.eu-west-1.amazonaws.com/{name}:2026.01.31-4")),
        image_digest: Some("sha256:9b2c1f0e5a7d4c3b8a6e1d2f3c4b5a69788796a5b4c3d2e1f0a9b8c7d6e5f4a3".into()),
        runtime_id: Some(format!("{task}-0527074092")),
        last_status: Some(if stopped { "STOPPED" } else { "RUNNING" }.into()),
        health_status: Some(if stopped { "UNKNOWN" } else { "HEALTHY" }.into()),
        exit_code,
        reason: reason.map(str::to_owned),
        cpu: Some("256".into()),
        memory: Some("512".into()),
        memory_reservation: None,
        network_bindings: Vec::new(),
        private_address: Some("10.0.17.42".into()),
        exec_agent: Some(if stopped { "STOPPED" } else { "RUNNING" }.into()),
        exec_reason: None,
    }
}

pub fn stopped(id: &str, age: i64, code: &str, reason: &str, containers: Vec<Container>) -> Task {
    let task = Task {
        last_status: Some("STOPPED".into()),
        desired_status: Some("STOPPED".into()),
        health_status: Some("UNKNOWN".into()),
        stop_code: Some(code.into()),
        stopped_reason: Some(reason.into()),
        created_at: ago(age + 190),
        pull_started_at: ago(age + 181),
        pull_stopped_at: ago(age + 172),
        started_at: ago(age + 169),
        stopping_at: ago(age + 5),
        stopped_at: ago(age),
        containers,
        ..blank_task(id)
    };
    with_verdict(task)
}

fn with_verdict(task: Task) -> Task {
    Task { verdict: Some(Arc::new(diagnose::diagnose_stop(&task, &Known::default()))), ..task }
}

/// Tasks of a service that keeps running out of memory, and of a rollout that can't pull its image.
pub fn tasks() -> Vec<Entry> {
    let oom = |id: &str, age: i64| {
        let reason = "OutOfMemoryError: Container killed due to memory usage";
        let containers =
            vec![container(id, "payments", Some(137), Some(reason)), container(id, "envoy", Some(0), None)];
        stopped(id, age, "EssentialContainerExited", "Essential container in task exited", containers)
    };
    let pull = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
                481516234217.dkr.ecr.eu-west-1.amazonaws.com/payments:2026.01.31-5: not found";
    vec![
        entry(Task {
            containers: vec![container("0f3c9a1e", "payments", None, None), container("0f3c9a1e", "envoy", None, None)],
            current: Some(false),
            task_definition_arn: Some(arn("task-definition", "payments:56")),
            ..blank_task("0f3c9a1e5b7d4c2f8a6e1d3b5c7f9e02")
        }),
        entry(oom("1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90", 2 * MINUTE)),
        entry(oom("2b8e4c6f1a3d4e5f9b7c8d0e1f2a3b4c", 9 * MINUTE)),
        entry(oom("3c5d7e9f0b2a4c6e8d1f3a5b7c9e0d2f", 17 * MINUTE)),
        entry(with_verdict(Task {
            pull_stopped_at: None,
            started_at: None,
            ..stopped(
                "4e6f8a0c2d4b4f6e9a1c3e5d7f9b0a2c",
                25 * MINUTE,
                "TaskFailedToStart",
                pull,
                vec![container("4e6f8a0c", "payments", None, Some("CannotPullContainerError"))],
            )
        })),
        entry(stopped(
            "5a7c9e1b3d5f4a7c8e0b2d4f6a8c1e3b",
            31 * MINUTE,
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/4816000000720)",
            vec![container("5a7c9e1b", "payments", Some(0), None)],
        )),
        entry(Task {
            last_status: Some("PENDING".into()),
            health_status: Some("UNKNOWN".into()),
            started_at: None,
            created_at: ago(20),
            pull_started_at: ago(11),
            pull_stopped_at: None,
            availability_zone: Some("eu-west-1c".into()),
            ..blank_task("6b8d0f2a4c6e4b8d9f1a3c5e7b9d2f4a")
        }),
    ]
}

/// History of the service that keeps running out of memory: its tasks and its events.
pub fn history() -> Vec<Arc<dyn Row>> {
    let event = |number: usize, age: i64, what: &str| ServiceEvent {
        id: format!("payments-event-{number}"),
        cluster_name: "acme-prod".into(),
        service_name: "payments".into(),
        service_arn: service_arn("payments"),
        created_at: ago(age),
        message: format!("(service payments) {what}"),
        ..ServiceEvent::default()
    };
    let words = [
        (22, "has started 1 tasks: (task 6b8d0f2a4c6e4b8d9f1a3c5e7b9d2f4a)."),
        (5 * MINUTE + 12, "has started 1 tasks: (task 1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90)."),
        (11 * MINUTE, "(deployment ecs-svc/4816000000720) deployment failed: tasks failed to start."),
        (
            14 * MINUTE,
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ),
        (31 * MINUTE, "has begun draining connections on 1 tasks."),
        (58 * MINUTE, "has reached a steady state."),
    ];
    let events: Vec<_> = words.iter().enumerate().map(|(number, (age, what))| event(number, *age, what)).collect();
    let mut rows: Vec<Arc<dyn Row>> = tasks().into_iter().map(|entry| entry.row).collect();
    let payments = service("payments", [4, 1, 0], 23, "FAILED", 10, 12 * MINUTE, 57);
    rows.push(Arc::new(Service { events, ..payments }));
    rows
}

pub fn containers() -> Vec<Entry> {
    let id = "1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90";
    vec![
        entry(container(id, "payments", Some(137), Some("OutOfMemoryError: Container killed due to memory usage"))),
        entry(container(id, "envoy", Some(0), None)),
        entry(container(id, "log-router", None, None)),
    ]
}

/// Services with hostile names: escape sequences, control and bidirectional characters, wide letters.
pub fn hostile_services() -> Vec<Entry> {
    let names =
        ["\u{1b}[31mred\u{1b}[0m", "line\nbreak\ttab", "日本語サービス名前", "gnp\u{202e}exe.tac", "e\u{301}te\u{0}"];
    names.iter().map(|name| entry(service(name, [1, 1, 0], 0, "COMPLETED", 0, DAY, 1))).collect()
}

/// A number of services with numbered names.
pub fn many_services(count: i32) -> Vec<Entry> {
    let one = |n: i32| {
        let failing = n % 97 == 0;
        let rollout = if failing { "FAILED" } else { "COMPLETED" };
        entry(service(&format!("service-{n:05}"), [4, 4 - 2 * i32::from(failing), 0], 0, rollout, 0, HOUR, 7))
    };
    (0..count).map(one).collect()
}
