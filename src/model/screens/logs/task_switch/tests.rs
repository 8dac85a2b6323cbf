//! Switching between logs, by keys.

use super::*;
use crate::{
    aws::{Failure, FailureKind},
    data::{Feed, Snapshot},
    event::Event,
    knowledge::{Certainty, Class, Verdict},
    model::{
        Keymap, Settings, Start, Table,
        fixture::{at, feed, flash, give, press, type_in},
        screens::logs::LogView,
    },
    resource::{Kind, Query, cluster, container::Container, service, service::Service, task},
};

static KINDS: &[&Kind] = &[&cluster::KIND, &service::KIND, &task::KIND];

fn services() -> View {
    View::new(&service::KIND, Query::cluster("prod"))
}

fn tasks() -> View {
    View::new(&task::KIND, Query { status: Status::All, ..Query::service("prod", "web") })
}

/// A task of `web` with the containers `app` and `proxy` that started at `begun` and, with `end`, stopped then.
fn task(id: &str, begun: i64, end: Option<i64>) -> Task {
    let verdict = |_| {
        Arc::new(Verdict {
            rule: None,
            short: "out of memory",
            class: Class::Failure,
            cause: String::new(),
            certainty: Certainty::Certain,
            evidence: Vec::new(),
            container: Some("app".into()),
            exit_code: Some(137),
            next: Vec::new(),
            command: None,
            page: None,
        })
    };
    let container = |name: &str| Container { name: name.into(), ..Container::default() };
    Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        task_definition_arn: Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7".into()),
        last_status: Some(if end.is_some() { "STOPPED" } else { "RUNNING" }.into()),
        created_at: Some(at(begun)),
        stopped_at: end.map(at),
        verdict: end.map(verdict),
        containers: ["app", "proxy"].map(container).into(),
        ..Task::default()
    }
}

/// Three tasks of a service, one after another; the last is running.
fn tasks_of_web() -> [Task; 3] {
    [task("one", 100, Some(200)), task("two", 210, Some(300)), task("three", 310, None)]
}

/// The services of `prod` at second 1000; the tasks of `web` are not loaded yet.
fn console() -> Model {
    let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(1_000), (120, 30)));
    model.show(services());
    give(&mut model, 1_000, world(1, None));
    model
}

fn world(revision: u64, tasks: Option<&[Task]>) -> Snapshot {
    let mut snapshot = Snapshot { revision, ..Snapshot::default() };
    let web = Service { service_name: "web".into(), cluster_name: "prod".into(), ..Service::default() };
    snapshot.feeds.insert(services(), feed(1, [web]));
    if let Some(tasks) = tasks {
        // The feed has just been confirmed.
        let feed = Feed { fetched: Some(at(1_001)), ..feed(revision, tasks.to_vec()) };
        snapshot.feeds.insert(self::tasks(), feed);
    }
    snapshot
}

fn log(model: &Model) -> &LogView {
    model.front.get().unwrap_or_else(|| panic!("a log was expected, not {:?}", model.front))
}

fn name(model: &Model) -> &str {
    &log(model).subject().name
}

/// The merged log of `web`, with loaded tasks.
fn in_the_log() -> Model {
    let mut model = console();
    press(&mut model, "l");
    give(&mut model, 1_001, world(2, Some(&tasks_of_web())));
    model
}

#[test]
fn a_services_log_has_all_its_tasks_and_is_requested_while_open() {
    let mut model = console();
    press(&mut model, "l");
    let demand = model.demand();
    let wanted = demand.log.unwrap();
    assert_eq!((name(&model), &wanted.of.view, wanted.of.tasks), ("web", &tasks(), None));
    assert_eq!(demand.foreground, Some(tasks()));
    press(&mut model, "q");
    assert_eq!(model.demand().log, None);
}

#[test]
fn the_last_stopped_task_opens_with_one_key_even_before_it_is_loaded() {
    let mut model = console();
    press(&mut model, "p");
    assert_eq!(log(&model).subject().tasks.as_deref(), Some(&[][..]), "nothing is read until it is known");
    let before = log(&model).wanted.id;
    give(&mut model, 1_001, world(2, Some(&tasks_of_web())));
    assert_eq!((name(&model), model.behind.len()), ("web/two", 2), "in place of the pending task");
    assert_ne!(log(&model).wanted.id, before);
    assert_eq!(flash(&model), "task two stopped 11m ago: out of memory: app (137)");
    press(&mut model, "p");
    assert_eq!(name(&model), "web/one");
    press(&mut model, "p");
    assert_eq!((name(&model), flash(&model)), ("web/one", "no earlier stopped task is known"));
    press(&mut model, "q");
    assert!(model.front.is::<Table>(), "steps do not pile up");
}

/// The tasks of `web` as listed at a second, or a failure to list them.
fn listed(second: i64, tasks: &[Task], failure: Option<Failure>) -> Snapshot {
    let mut snapshot = world(u64::try_from(second).unwrap(), Some(tasks));
    let feed = snapshot.feeds.get_mut(&self::tasks()).unwrap();
    (feed.fetched, feed.failure) = (Some(at(second)), failure.map(Arc::new));
    snapshot
}

/// The loaded list may be outdated, and the key means the task that has just stopped.
#[test]
fn aws_is_asked_once_for_the_newest_stopped_task() {
    let mut model = console();
    give(&mut model, 1_000, listed(990, &tasks_of_web(), None));
    let before = model.demand().refresh;
    press(&mut model, "p");
    assert_eq!(model.demand().refresh, before + 1);
    assert_eq!(log(&model).subject().tasks.as_deref(), Some(&[][..]), "what was listed before is not the newest");
    let mut newer = tasks_of_web();
    newer[2].stopped_at = Some(at(999));
    newer[2].last_status = Some("STOPPED".into());
    give(&mut model, 1_001, listed(1_001, &newer, None));
    assert_eq!(name(&model), "web/three");
    // In a log as on a row.
    press(&mut model, "p");
    assert_eq!(model.demand().refresh, before + 2);
    give(&mut model, 1_001, listed(1_001, &newer, None));
    assert_eq!(name(&model), "web/two");
}

#[test]
fn known_tasks_are_used_if_aws_does_not_respond() {
    for (second, failing, paused) in [(1_004, true, false), (1_000, false, true)] {
        let mut model = console();
        model.paused = paused;
        give(&mut model, 1_000, listed(990, &tasks_of_web(), None));
        press(&mut model, "p");
        let failure = failing.then(|| Failure {
            operation: "ListTasks",
            kind: FailureKind::Denied,
            code: None,
            message: "no".into(),
            advice: None,
            at: at(1_001),
        });
        give(&mut model, second, listed(990, &tasks_of_web(), failure));
        assert_eq!(name(&model), "web/two");
    }
    let mut model = console();
    give(&mut model, 1_000, listed(990, &tasks_of_web(), None));
    press(&mut model, "p");
    assert_eq!(model.next_tick(), Some(at(1_005)));
    model.update(at(1_004), Event::Tick);
    assert_eq!(log(&model).subject().tasks.as_deref(), Some(&[][..]));
    model.update(at(1_005), Event::Tick);
    assert_eq!(name(&model), "web/two");
}

#[test]
fn without_a_stopped_task_the_log_stays_with_a_message() {
    let mut model = console();
    press(&mut model, "p");
    give(&mut model, 1_001, world(2, Some(&tasks_of_web()[2..])));
    assert!(model.front.is::<Table>());
    assert_eq!(flash(&model), "no stopped task of web is known");
}

#[test]
fn angle_brackets_step_through_tasks_by_time() {
    let mut model = in_the_log();
    let mut steps = |keys: &str| {
        press(&mut model, keys);
        (name(&model).to_owned(), flash(&model).to_owned())
    };
    assert_eq!(steps(">").1, "this log has several tasks; < opens the log of the newest");
    assert_eq!(steps("<").0, "web/three");
    assert_eq!(steps("<").0, "web/two");
    assert_eq!(steps("< <"), ("web/one".into(), "this is the oldest known task".into()));
    assert_eq!(steps("> >").0, "web/three");
    assert_eq!(steps(">").1, "this is the newest task");
}

/// Tasks of a service run side by side: the one that stopped last need not be the one that started last.
#[test]
fn the_previous_task_is_the_same_for_each_key() {
    let tasks = [task("one", 100, Some(900)), task("two", 210, Some(300)), task("three", 310, None)];
    for (key, last) in [("<", "this is the oldest known task"), ("p", "no earlier stopped task is known")] {
        let mut model = in_the_log();
        give(&mut model, 1_001, world(3, Some(&tasks)));
        press(&mut model, "<");
        for expected in ["web/two", "web/one"] {
            press(&mut model, key);
            give(&mut model, 1_001, world(3, Some(&tasks)));
            assert_eq!(name(&model), expected, "{key}");
        }
        press(&mut model, key);
        give(&mut model, 1_001, world(3, Some(&tasks)));
        assert_eq!((name(&model), flash(&model)), ("web/one", last));
    }
}

#[test]
fn one_key_shows_the_lines_around_the_last_stop() {
    let mut model = in_the_log();
    let range = |model: &Model| match log(model).wanted.read {
        Read::Tail { range, .. } => range,
        Read::Query { .. } => panic!("a tail was expected"),
    };
    press(&mut model, "9");
    assert_eq!((name(&model), range(&model)), ("web", Range::Between(at(0), at(600))), "of all, around the newest");
    press(&mut model, "< < < 9");
    assert_eq!((name(&model), range(&model)), ("web/one", Range::around(at(200), at(1_001))));
    press(&mut model, "> > 9");
    assert_eq!((range(&model), flash(&model)), (Range::Newest, "no task of this log has stopped"));
}

#[test]
fn a_single_container_is_kept_across_tasks_and_one_key_shows_all() {
    let mut model = in_the_log();
    press(&mut model, "a");
    type_in(&mut model, "app");
    press(&mut model, "enter");
    assert_eq!((name(&model), log(&model).subject().container.as_deref()), ("web/app", Some("app")));
    press(&mut model, "<");
    assert_eq!((name(&model), log(&model).subject().container.as_deref()), ("web/three/app", Some("app")));
    press(&mut model, "p");
    assert_eq!(name(&model), "web/two/app");
    press(&mut model, "a");
    assert_eq!((name(&model), log(&model).subject().container.as_deref()), ("web/two", None));
    press(&mut model, "a");
    assert_eq!(name(&model), "web/two/app");
}

#[test]
fn container_and_time_can_be_picked_before_opening() {
    let mut model = console();
    give(&mut model, 1_001, world(2, Some(&tasks_of_web())));
    press(&mut model, "shift-l");
    type_in(&mut model, "proxy last stop");
    press(&mut model, "enter");
    let Read::Tail { range, .. } = log(&model).wanted.read else { panic!("a tail was expected") };
    assert_eq!((name(&model), range), ("web/proxy", Range::around(at(300), at(1_001))));
}

#[test]
fn a_text_about_a_row_opens_its_log() {
    let mut model = console();
    press(&mut model, "d l");
    assert_eq!(name(&model), "web");
}
