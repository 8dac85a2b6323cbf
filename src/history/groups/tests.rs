use rstest::rstest;

use super::*;
use crate::{
    history::{
        HistoryConfig, Observation,
        tests::{NOW, ago, first, scope, stopped, tidy},
    },
    resource::{Status, View, container::Container, query::DAY, task},
};

/// The same task with another exit code.
fn exited(code: i32, task: Task) -> Task {
    let containers = task.containers.into_iter().map(|container| Container { exit_code: Some(code), ..container });
    Task { containers: containers.collect(), ..task }
}

fn in_service(service: &str, task: Task) -> Task {
    Task { group: Some(format!("service:{service}")), ..task }
}

fn recorded_history(tasks: impl IntoIterator<Item = Task>) -> History {
    let mut history = History::open(HistoryConfig::default(), NOW).0;
    let tasks: Vec<Observation> = tasks.into_iter().map(first).collect();
    history.record(&scope(), &tasks, NOW).expect("recorded");
    history
}

fn groups(history: &mut History, query: &Query) -> Vec<Failures> {
    let rows = history.failures(&scope(), query, NOW).expect("counted");
    rows.iter().map(|row| row.any().downcast_ref::<Failures>().expect("a group").clone()).collect()
}

/// Service, count and exit codes of each group, sorted by service.
fn counts(history: &mut History, query: &Query) -> Vec<(String, u64, Vec<i32>)> {
    let mut counts: Vec<_> =
        groups(history, query).into_iter().map(|group| (group.service, group.count, group.exit_codes)).collect();
    counts.sort();
    counts
}

#[test]
fn failures_are_grouped_by_service_revision_container_and_cause() {
    let other = |task: Task| Task { task_definition_arn: Some("arn:task-definition/web:8".into()), ..task };
    let sidecar = |mut task: Task| {
        task.containers[0].name = "proxy".into();
        task
    };
    let mut history = recorded_history([
        stopped("a1", 60),
        stopped("a2", 4_000),
        other(stopped("b1", 70)),
        sidecar(stopped("c1", 80)),
        exited(137, stopped("d1", 90)),
        in_service("api", stopped("e1", 100)),
    ]);
    let groups = groups(&mut history, &Query::cluster("prod"));
    assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [2, 1, 1, 1, 1], "the newest first");
    let first = &groups[0];
    assert_eq!((&*first.service, &*first.revision, &*first.container), ("web", "web:7", "app"));
    assert_eq!((first.first, first.last, &*first.exit_codes), (ago(4_000), ago(60), &[1][..]));
    assert!(first.verdict.is_some(), "{first:?}");
    assert_eq!(first.about().expect("the newest member").1.id(), stopped("a1", 60).task_arn);
}

#[test]
fn expected_stops_are_not_failures() {
    let by_hand = Task { stop_code: Some("UserInitiated".into()), ..exited(143, stopped("a", 60)) };
    let spot = Task {
        stop_code: Some("SpotInterruption".into()),
        stopped_reason: Some("Your Spot Task was interrupted.".into()),
        ..exited(143, stopped("b", 60))
    };
    let mut history = recorded_history([exited(0, stopped("c", 60)), by_hand, spot]);
    assert_eq!(groups(&mut history, &Query::cluster("prod")), []);
}

#[rstest]
#[case(Query::cluster("prod"), 3)]
#[case(Query::default(), 3)]
#[case(Query::cluster("staging"), 0)]
#[case(Query::service("prod", "web"), 2)]
#[case(Query { since: Some(600), ..Query::default() }, 1)]
#[case(Query { since: Some(30 * DAY), ..Query::default() }, 4)]
fn a_query_limits_groups_by_cluster_service_and_time(#[case] query: Query, #[case] count: u64) {
    let mut history = recorded_history([
        stopped("now", 60),
        stopped("today", 7_200),
        stopped("then", 3 * i64::from(DAY)),
        in_service("api", stopped("api", 7_200)),
    ]);
    let counted: u64 = groups(&mut history, &query).iter().map(|group| group.count).sum();
    assert_eq!(counted, count);
}

#[test]
fn a_failure_observed_twice_counts_once() {
    let mut history = recorded_history([stopped("a", 60), stopped("b", 70)]);
    history
        .record(&scope(), &[first(stopped("a", 60)), first(Task { version: 9, ..stopped("b", 70) })], NOW)
        .expect("recorded");
    assert_eq!(counts(&mut history, &Query::default()), [("web".into(), 2, vec![1])]);
}

#[test]
fn a_group_opens_its_members() {
    let mut history = recorded_history([
        stopped("a", 60),
        stopped("b", 70),
        exited(0, stopped("c", 60)),
        exited(2, stopped("d", 60)),
    ]);
    for group in groups(&mut history, &Query::cluster("prod")) {
        let view = group.drill().expect("members");
        assert_eq!((view.kind, view.query.status), (&task::KIND, Status::Stopped));
        let members = history.archived_rows(&scope(), &view, NOW).expect("loaded").rows;
        assert_eq!(members.len() as u64, group.count);
        let name = view.query.group.as_deref().expect("a group");
        assert!(members.iter().all(|row| in_group(row.any().downcast_ref().expect("a task"), name)));
    }
}

#[test]
fn groups_of_standalone_tasks_open_their_members() {
    let alone = |id| Task { group: Some("family:batch".into()), ..stopped(id, 60) };
    let mut history = recorded_history([alone("a"), alone("b")]);
    let groups = groups(&mut history, &Query::default());
    assert_eq!((groups.len(), groups[0].count, &*groups[0].service), (1, 2, "family:batch"));
    let view: View = groups[0].drill().expect("members");
    assert_eq!(history.archived_rows(&scope(), &view, NOW).expect("loaded").rows.len(), 2);
}

#[test]
fn a_newer_program_reclassifies_older_records() {
    let mut history = recorded_history((0..450).map(|n| stopped(&format!("t{n}"), 60 + n)));
    let connection = history.connection().expect("open");
    connection
        .execute_batch(
            "UPDATE cause SET name = 'as it was called', cause = 'unknown', failure = 0;
             UPDATE judgement SET version = 0;",
        )
        .expect("written");
    assert_eq!(groups(&mut history, &Query::default()), []);
    tidy(&mut history);
    assert_eq!(counts(&mut history, &Query::default()), [("web".into(), 450, vec![1])]);
}

#[test]
fn failures_are_counted_in_memory_too() {
    let (mut history, notice) = History::open(crate::history::HistoryConfig::default(), NOW);
    assert_eq!(notice, None);
    history.record(&scope(), &[first(stopped("a", 60))], NOW).expect("recorded");
    assert_eq!(counts(&mut history, &Query::default()), [("web".into(), 1, vec![1])]);
}
