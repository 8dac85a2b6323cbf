//! From tasks to streams: the choice of tasks, markers, and containers without lines.

use rstest::rstest;

use super::*;
use crate::{
    aws::FailureKind,
    knowledge::{Certainty, Class, Verdict},
    logs::CallRate,
    resource::{Query, View, container::Container, revision::Definition as Part, task},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

/// A task of the service `web`, with the containers `app` and `proxy`, started at `second`.
fn running(id: &str, revision: u32, second: i64) -> Task {
    let container =
        |name: &str| Container { name: name.into(), runtime_id: Some(format!("{id}-{name}")), ..Container::default() };
    Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        task_definition_arn: Some(format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}")),
        last_status: Some("RUNNING".into()),
        created_at: Some(at(second - 20)),
        pull_stopped_at: Some(at(second - 5)),
        started_at: Some(at(second)),
        containers: vec![container("app"), container("proxy")],
        ..Task::default()
    }
}

fn stopped(id: &str, revision: u32, second: i64, end: i64) -> Task {
    let verdict = Verdict {
        rule: None,
        short: "out of memory",
        class: Class::Failure,
        cause: "It ran out of memory.".into(),
        certainty: Certainty::Certain,
        evidence: Vec::new(),
        container: Some("app".into()),
        exit_code: Some(137),
        next: Vec::new(),
        command: None,
        page: None,
    };
    Task {
        last_status: Some("STOPPED".into()),
        execution_stopped_at: Some(at(end)),
        stopped_at: Some(at(end + 30)),
        verdict: Some(Arc::new(verdict)),
        ..running(id, revision, second)
    }
}

/// Revision 1 logs to `/one`, and so on; the proxy has no driver.
fn definitions(revisions: impl IntoIterator<Item = u32>) -> HashMap<Arc<str>, KnownDefinition> {
    let definition = |revision: u32| {
        let app = Part {
            name: "app".into(),
            log_driver: Some("awslogs".into()),
            log_options: vec![
                ("awslogs-group".into(), format!("/{revision}")),
                ("awslogs-stream-prefix".into(), "ecs".into()),
            ],
            ..Part::default()
        };
        let proxy = Part { name: "proxy".into(), ..Part::default() };
        let arn = format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}");
        let revision = Revision { containers: vec![app, proxy], described: true, ..Revision::default() };
        (arn.into(), KnownDefinition { revision: Some(Arc::new(revision)), ..KnownDefinition::default() })
    };
    revisions.into_iter().map(definition).collect()
}

fn wanted(range: Range) -> LogRequest {
    let view = View::new(&task::KIND, Query::service("prod", "web"));
    let of = LogSubject { name: "web".into(), view, tasks: None, container: None };
    LogRequest { id: 1, of, read: Read::Tail { range, pattern: None, live: false }, pace: CallRate::default() }
}

fn set(wanted: &LogRequest, tasks: &[Task], definitions: &HashMap<Arc<str>, KnownDefinition>) -> StreamSet {
    let chosen = TailTasks::choose(wanted, tasks.iter().collect(), true);
    TailMarkers::default().stream_set(&wanted.of, &chosen, definitions, None)
}

/// `group stream`, and whether it has ended.
fn streams(set: &StreamSet) -> Vec<(String, bool)> {
    let one = |stream: &Followed| {
        let found = &stream.source.stream;
        (format!("{} {}", found.group, found.name), stream.ended.is_some())
    };
    set.streams.iter().map(one).collect()
}

fn silent(set: &StreamSet) -> Vec<String> {
    set.silent.iter().map(|source| format!("{}: {}", source.what, source.why)).collect()
}

#[test]
fn streams_follow_the_revision_of_each_task_and_silent_containers_have_one_reason() {
    let tasks = [running("a", 2, 100), stopped("b", 1, 0, 50), running("c", 2, 90)];
    let set = set(&wanted(Range::Newest), &tasks, &definitions([1, 2]));
    let expected = [("/2 ecs/app/a", false), ("/2 ecs/app/c", false), ("/1 ecs/app/b", true)];
    assert_eq!(streams(&set), expected.map(|(name, ended)| (name.to_owned(), ended)), "running tasks, newest first");
    assert_eq!(silent(&set), ["proxy: no log driver is set for proxy, so its lines are not in CloudWatch"]);
    assert!(set.complete);
    assert_eq!(set.streams[2].ended, Some(at(80)), "as ECS reports it");
}

#[test]
fn markers_have_the_time_and_the_cause_of_starts_and_stops() {
    let set = set(&wanted(Range::Newest), &[stopped("1a2b3c4d99", 42, 0, 50)], &definitions([42]));
    let marks: Vec<_> = set.marks.iter().map(|mark| (mark.at, mark.role, &*mark.text)).collect();
    assert_eq!(
        marks,
        [
            (at(-5), Role::Started, "+ task 1a2b3c4d started, revision 42"),
            (at(50), Role::Stopped { fault: true }, "− task 1a2b3c4d stopped: out of memory: app (137)"),
        ]
    );
}

#[test]
fn each_marker_is_added_once_and_a_stop_with_its_cause_only() {
    let (wanted, definitions) = (wanted(Range::Newest), definitions([1]));
    let mut drawn = TailMarkers::default();
    let mut marks = |task: &Task| {
        let chosen = TailTasks::choose(&wanted, vec![task], true);
        drawn.stream_set(&wanted.of, &chosen, &definitions, None).marks.len()
    };
    let ended = stopped("a", 1, 0, 50);
    assert_eq!(marks(&Task { verdict: None, ..ended.clone() }), 1);
    assert_eq!(marks(&ended), 2);
    let again = Task { stopped_at: Some(at(99)), execution_stopped_at: Some(at(98)), ..ended };
    assert_eq!(marks(&again), 2);
}

#[test]
fn an_unreadable_revision_is_named_and_a_missing_one_leaves_the_set_incomplete() {
    let tasks = [running("a", 1, 100), running("b", 2, 90), running("c", 3, 80)];
    let mut known = definitions([1]);
    let arn = |revision: u32| Arc::from(format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}"));
    let why = "its task definition could not be read: not allowed";
    known.insert(arn(2), KnownDefinition { failure: Some(why.into()), ..KnownDefinition::default() });
    let denied = set(&wanted(Range::Newest), &tasks[..2], &known);
    assert_eq!(silent(&denied)[1], format!("web:2 of b: {why}"));
    assert!(denied.complete, "it is not requested again");
    known.insert(arn(3), KnownDefinition::default());
    assert!(!set(&wanted(Range::Newest), &tasks, &known).complete);
}

#[rstest]
#[case::newest(Range::Newest, &["new", "mid", "old"])]
#[case::since(Range::Since(at(5_000)), &["new", "mid"])]
#[case::between(Range::Between(at(0), at(1_000)), &["old"])]
#[case::last_lines_come_late(Range::Since(at(1_200)), &["new", "mid", "old"])]
fn only_tasks_that_existed_in_the_range_are_read(#[case] range: Range, #[case] ids: &[&str]) {
    let tasks = [stopped("old", 1, 0, 1_000), stopped("mid", 1, 4_000, 6_000), running("new", 1, 7_000)];
    let set = set(&wanted(range), &tasks, &definitions([1]));
    let found: Vec<_> = set.streams.iter().map(|stream| stream.source.task()).collect();
    assert_eq!(found, ids);
}

#[test]
fn the_newest_stopped_tasks_are_read_and_the_rest_is_counted() {
    let tasks: Vec<Task> = (0..500).map(|n| stopped(&format!("{n:03}"), 1, n * 10, n * 10 + 5)).collect();
    let set = set(&wanted(Range::Newest), &tasks, &definitions([1]));
    let read: Vec<_> = set.streams.iter().map(|stream| stream.source.task()).collect();
    assert_eq!((read.len(), read[0], read[49]), (50, "499", "450"), "two containers each, a hundred streams");
    assert_eq!(silent(&set)[1], "450 older tasks: left out, because there are too many; reading the newest 50");
}

#[test]
fn one_container_of_one_task_is_read_alone_and_a_forgotten_task_has_a_reason() {
    let arn = |id: &str| Arc::from(format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"));
    let mut wanted = wanted(Range::Newest);
    wanted.of.tasks = Some([arn("b"), arn("0123456789")].into());
    wanted.of.container = Some("app".into());
    let found = set(&wanted, &[running("a", 1, 0), running("b", 1, 0)], &definitions([1]));
    assert_eq!(streams(&found), [("/1 ecs/app/b".to_owned(), false)]);
    assert_eq!(silent(&found), ["task 01234567: ECS no longer knows it, so its log streams are unknown"]);
    wanted.of.container = Some("sidecar".into());
    let found = set(&wanted, &[running("b", 1, 0)], &definitions([1]));
    assert_eq!(silent(&found)[0], "sidecar: web:1 has no such container");
}

#[test]
fn no_tasks_and_no_response_have_different_reasons() {
    let empty = |range| silent(&set(&wanted(range), &[], &HashMap::new()));
    assert_eq!(empty(Range::Newest), ["web: it has no running tasks, and no stopped ones that are still known"]);
    assert_eq!(empty(Range::Since(at(0))), ["web: none of its known tasks ran in this time range"]);
    let wanted = wanted(Range::Newest);
    let failure = Arc::new(Failure {
        operation: "ListTasks",
        kind: FailureKind::Denied,
        code: None,
        message: "not authorized".into(),
        advice: Some("ask for ecs:ListTasks".into()),
        at: at(0),
    });
    let chosen = TailTasks::choose(&wanted, Vec::new(), false);
    let set = TailMarkers::default().stream_set(&wanted.of, &chosen, &HashMap::new(), Some(&failure));
    assert_eq!(silent(&set), ["web: its tasks could not be looked up: ask for ecs:ListTasks"]);
    assert!(!set.complete);
}

#[test]
fn a_non_blocking_driver_is_noted_once() {
    let mut known = definitions([1]);
    for definition in known.values_mut() {
        let mut revision = Revision::clone(definition.revision.as_ref().unwrap());
        revision.containers[0].log_options.push(("mode".into(), "non-blocking".into()));
        definition.revision = Some(Arc::new(revision));
    }
    let set = set(&wanted(Range::Newest), &[running("a", 1, 0), running("b", 1, 9)], &known);
    let notes: Vec<_> = set.marks.iter().filter(|mark| mark.role == Role::Note).map(|mark| &*mark.text).collect();
    assert_eq!(notes, ["app logs in non-blocking mode: lines are lost when its buffer is full"]);
}
