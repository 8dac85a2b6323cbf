//! The cost of a full history: 100,000 stopped tasks of one day, in 500 failure groups.
//!
//! `cargo bench --bench history`

#![expect(clippy::expect_used, reason = "what can't be measured fails")]

use std::sync::{Arc, Mutex};

use divan::Bencher;
use ecsight::{
    aws::ScopeId,
    history::{History, HistoryConfig, HistoryLimits, Observation},
    resource::{Query, Status, View, container::Container, task, task::Task},
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const TASKS: u32 = 100_000;
const NOW: Timestamp = Timestamp::constant(1_769_868_000, 0);

fn main() {
    divan::main();
}

fn scope() -> ScopeId {
    ScopeId::new("dev", "123456789012", "eu-west-1", "")
}

/// A task of one of 100 services in five clusters, with one of five failures.
fn stopped(number: u32) -> Task {
    let (service, cluster) = (number % 100, number % 5);
    let (code, reason) = match number / 100 % 5 {
        0 => (Some(137), "OutOfMemoryError: Container killed due to history usage"),
        1 => (Some(1), ""),
        2 => (Some(139), ""),
        3 => (Some(127), ""),
        _ => (None, "CannotPullContainerError: ref pull has been retried 1 time(s): image: not found"),
    };
    let arn = |kind: &str, name: &str| format!("arn:aws:ecs:eu-west-1:123456789012:{kind}/{name}");
    let task_arn = arn("task", &format!("cluster-{cluster}/{number:032x}"));
    let container = |name: &str, exit_code, reason: &str| Container {
        container_arn: arn("container", &format!("cluster-{cluster}/{number:032x}/{name}")),
        name: name.into(),
        image: Some(format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/{name}:2026.01.31-4")),
        image_digest: Some("sha256:9b2c1f0e5a7d4c3b8a6e1d2f3c4b5a69788796a5b4c3d2e1f0a9b8c7d6e5f4a3".into()),
        last_status: Some("STOPPED".into()),
        exit_code,
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        ..Container::default()
    };
    let at = |before: u32| Some(NOW - SignedDuration::from_secs(i64::from(number * 4 / 5 + before)));
    Task {
        task_arn,
        cluster_name: format!("cluster-{cluster}"),
        group: Some(format!("service:service-{service:03}")),
        task_definition_arn: Some(arn("task-definition", &format!("service-{service:03}:7"))),
        last_status: Some("STOPPED".into()),
        desired_status: Some("STOPPED".into()),
        stop_code: Some(if code.is_some() { "EssentialContainerExited" } else { "TaskFailedToStart" }.into()),
        stopped_reason: Some("Essential container in task exited".into()).filter(|_| code.is_some()),
        launch_type: Some("FARGATE".into()),
        availability_zone: Some("eu-west-1a".into()),
        created_at: at(90),
        started_at: at(60),
        stopping_at: at(10),
        stopped_at: at(0),
        version: 5,
        containers: vec![container("app", code, reason), container("envoy", Some(0), "")],
        ..Task::default()
    }
}

/// A full history, and its folder.
struct Full {
    history: History,
    _folder: TempDir,
}

fn full() -> &'static Mutex<Full> {
    static FULL: std::sync::OnceLock<Mutex<Full>> = std::sync::OnceLock::new();
    FULL.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut history, notice) =
            History::open(HistoryConfig::in_folder(folder.path(), HistoryLimits::default()), NOW);
        assert_eq!(notice, None);
        for batch in (0..TASKS).collect::<Vec<_>>().chunks(1_000) {
            let observation = |number: &u32| Observation { row: Arc::new(stopped(*number)), before: None };
            let batch: Vec<Observation> = batch.iter().map(observation).collect();
            history.record(&scope(), &batch, NOW).expect("recorded");
        }
        Mutex::new(Full { history, _folder: folder })
    })
}

/// The query of `:failures`: of everything, one cluster, one service.
#[divan::bench(args = ["everything", "cluster", "service"])]
fn failures(bencher: Bencher<'_, '_>, of: &str) {
    let query = match of {
        "everything" => Query::default(),
        "cluster" => Query::cluster("cluster-0"),
        _ => Query::service("cluster-0", "service-000"),
    };
    let mut full = full().lock().expect("not poisoned");
    let groups = full.history.failures(&scope(), &query, NOW).expect("counted").len();
    assert!(groups >= 5, "{groups} groups");
    bencher.bench_local(|| full.history.failures(&scope(), &query, NOW).expect("counted"));
}

/// The stopped tasks of one cluster: the newest 2,000 of the last day.
#[divan::bench]
fn archived_rows(bencher: Bencher<'_, '_>) {
    let view = View::new(&task::KIND, Query { status: Status::Stopped, ..Query::cluster("cluster-0") });
    let mut full = full().lock().expect("not poisoned");
    bencher.bench_local(|| full.history.archived_rows(&scope(), &view, NOW).expect("loaded"));
}

/// Records a hundred tasks that have just stopped.
#[divan::bench]
fn record(bencher: Bencher<'_, '_>) {
    let mut next = TASKS;
    let mut full = full().lock().expect("not poisoned");
    let batch = || {
        next += 100;
        let observation = |number| Observation { row: Arc::new(stopped(number)), before: None };
        (next - 100..next).map(observation).collect::<Vec<_>>()
    };
    bencher
        .with_inputs(batch)
        .bench_local_values(|batch| full.history.record(&scope(), &batch, NOW).expect("recorded"));
}

/// Opens an existing file.
#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = HistoryConfig::in_folder(folder.path(), HistoryLimits::default());
    drop(History::open(config.clone(), NOW));
    bencher.bench_local(|| History::open(config.clone(), NOW));
}
