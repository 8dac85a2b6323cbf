use rstest::rstest;

use super::*;
use crate::{
    knowledge::{Certainty, Class},
    resource::{
        deployment::Deployment,
        event::ServiceEvent,
        rollout::{Hook, Rollback, Rollout},
        service::Service,
    },
};

fn at(second: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(1_769_868_000 + second).unwrap())
}

/// A stopped task with nothing but an ARN.
fn task() -> Task {
    Task {
        task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef".into(),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        started_by: Some("ecs-svc/1".into()),
        task_definition_arn: Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7".into()),
        last_status: Some("STOPPED".into()),
        ..Task::default()
    }
}

/// A task with all steps: at seconds 0, 4, 13, 20, 200, 203 and 215.
fn lived() -> Task {
    Task {
        created_at: at(0),
        pull_started_at: at(4),
        pull_stopped_at: at(13),
        started_at: at(20),
        stopping_at: at(200),
        execution_stopped_at: at(203),
        stopped_at: at(215),
        ..task()
    }
}

fn summary(entries: &[TimelineEntry]) -> Vec<(i64, &str, &str)> {
    let second = |entry: &TimelineEntry| entry.at.as_second() - at(0).unwrap().as_second();
    entries.iter().map(|entry| (second(entry), &*entry.what, entry.detail.as_str())).collect()
}

fn verdict(class: Class) -> Arc<Verdict> {
    Arc::new(Verdict {
        rule: Some("STOP-OOM"),
        short: "out of memory",
        class,
        cause: "The kernel killed it at its memory limit.".into(),
        certainty: Certainty::Certain,
        evidence: Vec::new(),
        container: Some("app".into()),
        exit_code: Some(137),
        next: Vec::new(),
        command: None,
        page: None,
    })
}

#[rstest]
#[case::all(lived(), &[
    (0, "created", "web:7"),
    (20, "running", "20s after its creation, image pulled in 9s"),
    (200, "stopping", "after running for 3m"),
    (215, "stopped", "the stop took 15s"),
])]
#[case::none(task(), &[])]
#[case::still_pulling(Task { last_status: Some("PENDING".into()), created_at: at(0), pull_started_at: at(5), ..task() }, &[
    (0, "created", "web:7"),
    (5, "pulling image", ""),
])]
#[case::pulled_and_not_started_yet(
    Task { last_status: Some("PENDING".into()), created_at: at(0), pull_started_at: at(5), pull_stopped_at: at(9), ..task() },
    &[(0, "created", "web:7"), (9, "pull ended", "after 4s")],
)]
#[case::never_started(Task { pull_stopped_at: None, started_at: None, ..lived() }, &[
    (0, "created", "web:7"),
    (4, "pulling image", "it never finished"),
    (200, "stopping", ""),
    (215, "stopped", "it never ran, the stop took 15s"),
])]
#[case::being_stopped(
    Task { last_status: Some("DEACTIVATING".into()), stopped_reason: Some("Scaling activity\n initiated".into()), stopped_at: None, ..lived() },
    &[
        (0, "created", "web:7"),
        (20, "running", "20s after its creation, image pulled in 9s"),
        (200, "stopping", "Scaling activity initiated, after running for 3m"),
    ],
)]
#[case::stopped_at_once(Task { stopping_at: at(215), ..lived() }, &[
    (0, "created", "web:7"),
    (20, "running", "20s after its creation, image pulled in 9s"),
    (215, "stopped", "it ran for 3m15s"),
])]
#[case::nobody_asked_it_to_stop(Task { stopping_at: None, ..lived() }, &[
    (0, "created", "web:7"),
    (20, "running", "20s after its creation, image pulled in 9s"),
    (203, "stopping", "after running for 3m3s"),
    (215, "stopped", "the stop took 12s"),
])]
#[case::only_its_end_is_known(Task { stopped_at: at(9), ..task() }, &[(9, "stopped", "")])]
#[case::clocks_that_disagree(
    Task { created_at: at(30), pull_started_at: at(14), pull_stopped_at: at(13), started_at: at(20), stopping_at: at(10), stopped_at: at(5), ..task() },
    &[(30, "created", "web:7"), (20, "running", ""), (10, "stopping", ""), (5, "stopped", "")],
)]
fn a_task_has_an_entry_for_each_step_with_a_time(#[case] task: Task, #[case] entries: &[(i64, &str, &str)]) {
    assert_eq!(summary(&task_entries(&task)), entries);
}

#[rstest]
#[case(Class::Failure, Tone::Bad, true)]
#[case(Class::Warning, Tone::Warn, false)]
#[case(Class::Normal, Tone::Muted, false)]
fn a_stop_has_the_cause_and_its_severity(#[case] class: Class, #[case] tone: Tone, #[case] fault: bool) {
    let task = Task { verdict: Some(verdict(class)), ..lived() };
    let stop = task_entries(&task).pop().unwrap();
    assert_eq!(stop.detail, "out of memory: app (137), the stop took 15s");
    assert_eq!((stop.tone, Resource::fault(&stop)), (tone, fault));
    assert!(Resource::inspect(&stop, &cx(), 4).is_some());
}

#[rstest]
#[case("2026-01-31T00:00:01Z", "00:00:01Z")]
#[case("2026-01-30T23:59:59Z", "01-30 23:59Z")]
fn the_date_is_shown_unless_it_is_today(#[case] at: Timestamp, #[case] summary: &str) {
    assert_eq!(Zone::UTC.short(at, "2026-01-31T14:05:00Z".parse().unwrap()), summary);
}

#[test]
fn a_pause_shows_when_it_ends_automatically() {
    let pause = Hook {
        status: Some("AWAITING_ACTION".into()),
        expires_at: at(3600),
        timeout_action: Some("CONTINUE".into()),
        ..Hook::default()
    };
    let rollback = Rollback { started_at: at(30), reason: Some("an alarm\n fired".into()), service_revision_arn: None };
    let rollout = Rollout { hooks: vec![pause], updated_at: at(60), rollback: Some(rollback), ..Rollout::default() };
    let service = Service {
        current_service_deployment: Some("arn:aws:ecs:eu-west-1:1:service-deployment/prod/web/1".into()),
        deployments: vec![Deployment { created_at: None, ..deployment("IN_PROGRESS") }],
        rollout: Some(Box::new(rollout)),
        ..Service::default()
    };
    let entries = service_entries(&service, &Zone::UTC);
    assert_eq!(
        summary(&entries),
        [
            (30, "rolling back", "an alarm fired"),
            (60, "needs approval", "until 2026-01-31 15:00:00Z, then it continues automatically"),
        ]
    );
    assert!(entries.iter().all(|entry| entry.of == "ecs-svc/1" && Resource::fault(entry)));
}

#[test]
fn deployments_have_a_beginning_and_an_end() {
    let deployment = deployment("IN_PROGRESS");
    assert_eq!(summary(&deployment_entries(&deployment)), [(0, "begun", "web:7, 4 tasks wanted")]);
    let failed = Deployment {
        rollout_state: Some("FAILED".into()),
        rollout_state_reason: Some("tasks failed\nto start".into()),
        ..deployment.clone()
    };
    let entries = deployment_entries(&failed);
    assert_eq!(summary(&entries)[1], (90, "failed by then", "web:7, tasks failed to start, 1m30s after it began"));
    assert!(Resource::fault(&entries[1]));
    let completed = Deployment { rollout_state: Some("COMPLETED".into()), ..deployment };
    assert_eq!(summary(&deployment_entries(&completed))[1].1, "completed by then");
    let long_ago = Deployment { created_at: at(-86_400), ..completed };
    assert_eq!(deployment_entries(&long_ago).len(), 1, "its last change is no longer its end");
}

/// The update time of a deployment is only a hint at its end.
#[test]
fn the_event_about_a_deployments_end_has_the_more_precise_time() {
    let done = "(service web) (deployment ecs-svc/1) deployment completed.";
    let service = |message: &str| Service {
        deployments: vec![deployment("COMPLETED")],
        events: vec![ServiceEvent { message: message.into(), ..event("a", 60) }],
        ..Service::default()
    };
    let of =
        |service: &Service| service_entries(service, &Zone::UTC).iter().map(|entry| entry.step).collect::<Vec<_>>();
    assert_eq!(of(&service(done)), [EntryKind::Settled, EntryKind::Begun]);
    assert_eq!(
        of(&service(&done.replace("svc/1", "svc/2"))),
        [EntryKind::Settled, EntryKind::Begun, EntryKind::Completed]
    );
}

#[test]
fn entries_of_the_same_second_are_in_causal_order() {
    let same = Task { created_at: at(0), started_at: at(0), stopping_at: at(0), stopped_at: at(0), ..task() };
    let settled = ServiceEvent {
        created_at: at(0),
        message: "(service web) has reached a steady state.".into(),
        ..event("b", 0)
    };
    let rows: Vec<Arc<dyn Row>> = vec![
        Arc::new(settled),
        Arc::new(same),
        Arc::new(event("a", 0)),
        Arc::new(deployment("IN_PROGRESS")),
        Arc::new(ServiceEvent { created_at: at(-1), ..event("c", 0) }),
    ];
    let mut entries = entries(&Query::service("prod", "web"), &rows);
    entries.sort_by(|a, b| order(a).total_cmp(&order(b)));
    let what: Vec<_> = entries.iter().map(|entry| (entry.subject().to_owned(), entry.step)).collect();
    let of = |subject: &str, step| (subject.to_owned(), step);
    assert_eq!(
        what,
        [
            of("event", EntryKind::Event),
            of("deployment", EntryKind::Begun),
            of("event", EntryKind::Event),
            of("01234567", EntryKind::Created),
            of("01234567", EntryKind::Running),
            of("01234567", EntryKind::Stopped),
            of("event", EntryKind::Settled),
        ]
    );
}

#[test]
fn an_event_is_one_line_with_short_names() {
    let message = "(service web) has registered 1 targets\n in (target-group \
                   arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-blue/6d0ecf831eec9f09) (task \
                   0123456789abcdef0123456789abcdef).";
    let entry = event_entry(&ServiceEvent { message: message.into(), ..event("a", 0) }).unwrap();
    assert_eq!(entry.detail, "has registered 1 targets in (target-group web-blue) (task 01234567).");
}

/// Archived rows appear beside live ones.
#[test]
fn nothing_is_listed_twice() {
    let rows: Vec<Arc<dyn Row>> =
        vec![Arc::new(lived()), Arc::new(event("a", 5)), Arc::new(event("a", 5)), Arc::new(lived())];
    assert_eq!(entries(&Query::service("prod", "web"), &rows).len(), 5);
}

#[test]
fn a_task_has_its_own_entries_and_events_of_its_service() {
    let id = "0123456789abcdef0123456789abcdef";
    let named =
        ServiceEvent { message: format!("(service web) has started 1 tasks: (task {id})."), ..event("named", -2) };
    let rows: Vec<Arc<dyn Row>> = vec![
        Arc::new(lived()),
        Arc::new(deployment("IN_PROGRESS")),
        Arc::new(Deployment { id: "ecs-svc/2".into(), created_at: at(-600), ..deployment("COMPLETED") }),
        Arc::new(event("before", -100)),
        Arc::new(named),
        Arc::new(event("meanwhile", 100)),
        Arc::new(event("after", 300)),
    ];
    let query = Query { service: Some("web".into()), ..Query::task("prod", lived().task_arn) };
    let of: Vec<_> = entries(&query, &rows).into_iter().map(|entry| entry.of).collect();
    let task = lived().task_arn;
    let task = task.as_str();
    // Of the older deployment only its end, which is within the task's lifetime.
    assert_eq!(of, [task, task, task, task, "ecs-svc/1", "ecs-svc/2", "named", "meanwhile"]);
}

#[test]
fn every_entry_opens_its_row_and_matches_its_states() {
    let rows: Vec<Arc<dyn Row>> = vec![Arc::new(lived()), Arc::new(deployment("FAILED")), Arc::new(event("a", 5))];
    for entry in entries(&Query::service("prod", "web"), &rows) {
        let view = Resource::drill(&entry).unwrap();
        let (kind, word) = match entry.subject() {
            "event" => ("event", "event"),
            "deployment" => ("deployment", "deployment"),
            _ => ("task", "task"),
        };
        assert_eq!(view.kind.name, kind, "{entry:?}");
        assert!(Resource::states(&entry).contains(&word), "{entry:?}");
        assert!(Resource::about(&entry).is_some() && Resource::cli(&entry).is_some(), "{entry:?}");
        for field in FIELDS {
            assert!(!(field.cell)(&entry, &cx()).text.is_empty(), "{entry:?}: {}", field.column.name);
        }
        assert!(!Resource::describe(&entry, &cx()).sections.is_empty());
    }
    let stop = task_entries(&lived()).pop().unwrap();
    assert_eq!(Resource::states(&stop), ["task", "stop"]);
}

#[test]
fn rows_know_their_timeline() {
    let (query, entry) = view(&lived()).map(|(view, entry)| (view.query, entry)).unwrap();
    assert_eq!((query.task.as_deref(), query.service.as_deref(), entry), (Some(&*lived().task_arn), Some("web"), None));
    let (query, entry) = view(&event("a", 5)).map(|(view, entry)| (view.query, entry)).unwrap();
    assert_eq!((query, entry.as_deref()), (Query::service("prod", "web"), Some("a#event")));
    let alone = Task { group: Some("family:web".into()), ..lived() };
    let (view, _) = view(&alone).unwrap();
    assert_eq!(Timeline.sources(&view.query).len(), 1, "a standalone task has no service to ask");
}

fn order(entry: &TimelineEntry) -> f64 {
    match entry.order() {
        Order::Number(number) => number,
        order => panic!("{order:?}"),
    }
}

fn entries(query: &Query, rows: &[Arc<dyn Row>]) -> Vec<TimelineEntry> {
    let material = Material { rows, seen: &[], awaited: &[], gaps: &[] };
    let rows = Timeline.rows(query, &material, &cx());
    rows.iter().map(|row| row.any().downcast_ref::<TimelineEntry>().unwrap().clone()).collect()
}

fn cx() -> Context {
    Context { now: at(1000).unwrap(), zone: Zone::UTC }
}

fn event(id: &str, second: i64) -> ServiceEvent {
    ServiceEvent {
        id: id.into(),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/web".into(),
        created_at: at(second),
        message: "(service web) has begun draining connections on 1 tasks.".into(),
        ..ServiceEvent::default()
    }
}

fn deployment(rollout: &str) -> Deployment {
    Deployment {
        id: "ecs-svc/1".into(),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/web".into(),
        status: Some("PRIMARY".into()),
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7".into()),
        desired_count: 4,
        pending_count: 0,
        running_count: 0,
        failed_tasks: 0,
        rollout_state: Some(rollout.into()),
        rollout_state_reason: None,
        created_at: at(0),
        updated_at: at(90),
        ended_at: None,
        finding: None,
        archived: false,
    }
}
