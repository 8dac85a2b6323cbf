use rstest::rstest;

use super::*;
use crate::{
    aws::{Failure, FailureKind as Kind},
    resource::{Zone, container::Container, service::Service, task::Task},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_769_868_300 + second).unwrap()
}

fn service(cluster: &str, name: &str, problems: &[(Problem, i64)]) -> Arc<dyn Row> {
    let finding = |(problem, since): &(Problem, i64)| Finding {
        problem: *problem,
        since: Some(at(-since)),
        cause: format!("because of {name}"),
        verdict: None,
    };
    Arc::new(Service {
        service_arn: format!("arn:aws:ecs:eu-west-1:1:service/{cluster}/{name}"),
        service_name: name.into(),
        cluster_name: cluster.into(),
        findings: problems.iter().map(finding).collect(),
        ..Service::default()
    })
}

/// A run of the standalone family `nightly` that ended `minutes` ago with this exit code.
fn run(minutes: i64, code: i32) -> Arc<dyn Row> {
    Arc::new(Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/batch/{minutes:032}"),
        cluster_name: "batch".into(),
        group: Some("family:nightly".into()),
        task_definition_arn: Some("arn:aws:ecs:eu-west-1:1:task-definition/nightly:7".into()),
        last_status: Some("STOPPED".into()),
        stop_code: Some("EssentialContainerExited".into()),
        stopped_at: Some(at(-60 * minutes)),
        containers: vec![Container { name: "job".into(), exit_code: Some(code), ..Container::default() }],
        ..Task::default()
    })
}

/// The row with its verdict, as the data layer adds it to a stopped task.
fn judged(row: Arc<dyn Row>) -> Arc<dyn Row> {
    let task = row.any().downcast_ref::<Task>().unwrap();
    let verdict = crate::diagnose::diagnose_stop(task, &Known::default());
    Arc::new(Task { verdict: Some(Arc::new(verdict)), ..task.clone() })
}

fn view(kind: &'static Kinds, cluster: &str) -> View {
    let status = if kind == &task::KIND { Status::Stopped } else { Status::Running };
    View::new(kind, Query { status, ..Query::cluster(cluster) })
}

type Kinds = crate::resource::Kind;

fn denied(operation: &'static str) -> Arc<Failure> {
    Arc::new(Failure { kind: Kind::Denied, ..Failure::local(operation, Kind::Denied, "not authorized") })
}

fn rows(material: &Material<'_>) -> Vec<Trouble> {
    let rows = Troubles.rows(&Query::default(), material, &Context { now: at(0), zone: Zone::UTC });
    rows.iter().map(|row| row.any().downcast_ref::<Trouble>().unwrap().clone()).collect()
}

fn of(rows_of: &[Arc<dyn Row>]) -> Vec<Trouble> {
    let seen = [view(&service::KIND, "prod")];
    rows(&Material { rows: rows_of, seen: &seen, awaited: &[], gaps: &[] })
}

/// The rows in the initial order of a table.
fn ranked(mut rows: Vec<Trouble>) -> Vec<(&'static str, String)> {
    let rank = |row: &Trouble| match row.rank() {
        Order::Number(rank) => rank,
        _ => f64::MAX,
    };
    rows.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    rows.iter().map(|row| (row.word(), row.name.clone())).collect()
}

#[test]
fn the_worst_is_first_and_among_equals_the_newest() {
    let rows = of(&[
        service("prod", "cart", &[(Problem::Short, 10), (Problem::Notice, 5)]),
        service("prod", "old", &[(Problem::CrashLoop, 900)]),
        service("prod", "well", &[]),
        service("prod", "new", &[(Problem::CrashLoop, 30)]),
        service("prod", "api", &[(Problem::RolloutFailed, 9_000)]),
    ]);
    let expected = [("rollout failed", "api"), ("crash loop", "new"), ("crash loop", "old"), ("tasks missing", "cart")];
    let summary = rows.iter().find(|row| row.name == "cart").unwrap().summary();
    assert_eq!(summary, "because of cart (+1 more)", "one service is one row");
    assert_eq!(ranked(rows), expected.map(|(word, name)| (word, name.to_owned())));
}

#[test]
fn a_row_opens_its_subject() {
    let row = &of(&[service("prod", "cart", &[(Problem::Short, 10)])])[0];
    let (view, subject) = Resource::about(row).unwrap();
    assert_eq!((view, &*subject.name()), (View::new(&service::KIND, Query::cluster("prod")), "cart"));
    assert_eq!(Resource::related(row, Relation::Owner), Some(View::new(&service::KIND, Query::cluster("prod"))));
    assert_eq!(Resource::related(row, Relation::Events), subject.related(Relation::Events));
    assert_eq!(Resource::parent(row), Some(subject.id()));
    assert!(Resource::fault(row));
    assert!(!Resource::fault(&of(&[service("prod", "cart", &[(Problem::Notice, 10)])])[0]));
}

#[rstest]
#[case::all_well(&[run(5, 0), run(15, 0)], None)]
#[case::three_in_a_row(&[run(5, 1), run(15, 1), run(25, 1), run(35, 0)], Some(("crash loop", 1500)))]
#[case::the_newest(&[run(5, 1), run(15, 0)], Some(("tasks failed", 300)))]
#[case::made_good(&[run(5, 0), run(15, 1)], None)]
#[case::now_and_then(&[run(5, 0), run(15, 1), run(20, 1), run(30, 0), run(35, 1)], Some(("tasks failed", 2100)))]
#[case::long_ago(&[run(65, 1), run(75, 1), run(85, 1)], None)]
fn standalone_tasks_are_trouble_while_they_keep_failing(
    #[case] runs: &[Arc<dyn Row>],
    #[case] expected: Option<(&str, i64)>,
) {
    let rows = of(&runs.iter().cloned().map(judged).collect::<Vec<_>>());
    let words = rows.first().map(|row| (row.word(), at(0).as_second() - row.since.unwrap().as_second()));
    assert_eq!(words, expected);
    assert!(rows.iter().all(|row| row.name == "nightly" && row.kind == Some("task")));
}

#[test]
fn gaps_are_listed_last_and_do_not_count() {
    let seen = [view(&service::KIND, "prod")];
    let awaited = [view(&task::KIND, "prod"), view(&task::KIND, "batch")];
    let gaps = ["a", "b", "c", "d", "e"].map(|name| (view(&instance::KIND, name), denied("ListContainerInstances")));
    let wrong = [service("prod", "cart", &[(Problem::Short, 10)])];
    let rows = rows(&Material { rows: &wrong, seen: &seen, awaited: &awaited, gaps: &gaps });
    let words: Vec<_> = rows.iter().map(|row| (row.word(), &*row.name, &*row.cause)).collect();
    assert_eq!(
        words[1..],
        [
            ("still checking", "stopped tasks", "of prod, batch"),
            (
                "not checked",
                "container instances",
                "of a, b, c and 2 more clusters: no permission (ecs:ListContainerInstances)"
            ),
        ]
    );
    let cx = Context { now: at(0), zone: Zone::UTC };
    for remark in &rows[1..] {
        assert!(FIELDS.iter().all(|field| (field.order)(remark, &cx) == Order::Absent), "last in any order");
        assert!(!Resource::fault(remark) && Resource::about(remark).is_none());
    }
}

#[test]
fn without_problems_the_extent_of_the_check_is_shown() {
    let seen = [view(&service::KIND, "prod"), view(&service::KIND, "batch"), view(&task::KIND, "prod")];
    let well = [service("prod", "cart", &[])];
    let material = Material { rows: &well, seen: &seen, awaited: &[], gaps: &[] };
    assert!(rows(&material).is_empty());
    assert_eq!(remarks::nothing(&material), ["No problems in 2 clusters, 1 service"]);

    let awaited = [view(&task::KIND, "prod")];
    let soon = Material { awaited: &awaited, ..material };
    let lines = remarks::nothing(&soon);
    assert_eq!(lines, ["no problems so far in 2 clusters, 1 service", "still checking stopped tasks of prod"]);

    // If services could not be checked, there may be problems: that comes first, and as a warning.
    let gaps = [(view(&service::KIND, "batch"), denied("ListServices"))];
    let partly = rows(&Material { rows: &well, seen: &seen, awaited: &[], gaps: &gaps });
    let words: Vec<_> = partly.iter().map(|row| (row.word(), row.tone(), &*row.cause)).collect();
    let gap = ("not checked", Tone::Warn, "of batch: no permission (ecs:ListServices)");
    assert_eq!(words, [gap, ("no problems", Tone::Good, "2 clusters, 1 service checked")]);
    let seen_beside = [view(&task::KIND, "prod"), view(&instance::KIND, "prod")];
    let blind = rows(&Material { rows: &[], seen: &seen_beside, awaited: &[], gaps: &gaps });
    assert_eq!(blind.iter().map(Trouble::word).collect::<Vec<_>>(), ["not checked"]);

    // With a gap, an empty table would be misleading: there are rows.
    let gaps = [(view(&instance::KIND, "prod"), denied("ListContainerInstances"))];
    let partly = rows(&Material { rows: &well, seen: &seen, awaited: &[], gaps: &gaps });
    let words: Vec<_> = partly.iter().map(|row| (row.word(), &*row.cause)).collect();
    assert_eq!(words[0], ("no problems", "2 clusters, 1 service checked"));
    assert_eq!(words[1].0, "not checked");
}

#[test]
fn no_data_is_not_reported_as_healthy() {
    let awaited = [view(&service::KIND, "prod"), view(&task::KIND, "prod")];
    let dark = Material { rows: &[], seen: &[], awaited: &awaited, gaps: &[] };
    assert_eq!(remarks::nothing(&dark), ["checking services of prod; stopped tasks of prod"]);
    let gaps = [(view(&service::KIND, "prod"), denied("ListServices"))];
    let blind = Material { rows: &[], seen: &[], awaited: &[], gaps: &gaps };
    assert!(rows(&blind).is_empty(), "the reason stands in the rows' place");
}

#[test]
fn notices_of_many_services_are_one_row() {
    let spot = |name: &str| {
        let subject = Service { service_name: name.into(), cluster_name: "prod".into(), ..Service::default() };
        let verdict = crate::diagnose::VerdictBuilder::from_rule(&crate::knowledge::situations::SPOT);
        let verdict = Some(Arc::new(verdict.build(crate::knowledge::Names::default())));
        let cause = "Spot reclaimed tasks, once in the last hour".to_owned();
        let finding = Finding { problem: Problem::Notice, since: Some(at(-60)), cause, verdict };
        Arc::new(Service { service_arn: name.into(), findings: vec![finding], ..subject }) as Arc<dyn Row>
    };
    let mut services: Vec<_> = ["e", "d", "c", "b", "a"].map(spot).into();
    services.push(service("prod", "cart", &[(Problem::Short, 10)]));
    services.push(service("prod", "deaf", &[(Problem::Notice, 10)]));
    let rows = of(&services);
    let words: Vec<_> = rows.iter().map(|row| (row.word(), &*row.name, row.summary())).collect();
    assert_eq!(
        words,
        [
            ("tasks missing", "cart", "because of cart".to_owned()),
            ("notice", "deaf", "because of deaf".to_owned()),
            ("notice", "5 services", "Spot reclaimed tasks: a, b, c and 2 more".to_owned()),
        ]
    );
    assert_eq!(rows[2].others.len(), 5);
    assert_eq!(Resource::related(&rows[2], Relation::Owner), Some(View::new(&service::KIND, Query::cluster("prod"))));
    assert!(!Resource::fault(&rows[2]) && Resource::about(&rows[2]).is_none());
    let pane = Resource::inspect(&rows[2], &Context { now: at(0), zone: Zone::UTC }, 7).unwrap();
    assert_eq!(pane.sections[0].lines.len(), 6, "each is words in the pane");
}

#[test]
fn json_has_problem_kind_and_name() {
    let json = serde_json::to_value(&of(&[service("prod", "cart", &[(Problem::Short, 10)])])[0]).unwrap();
    assert_eq!(
        (&json["problem"], &json["kind"], &json["name"]),
        (&"tasks missing".into(), &"service".into(), &"cart".into())
    );
    let gaps = [(view(&instance::KIND, "prod"), denied("ListContainerInstances"))];
    let seen = [view(&service::KIND, "prod")];
    let rows = rows(&Material { rows: &[], seen: &seen, awaited: &[], gaps: &gaps });
    assert_eq!(serde_json::to_value(&rows[1]).unwrap()["remark"], "not checked");
}
