//! Log targets of each kind.

use rstest::rstest;

use jiff::SignedDuration;

use super::*;
use crate::{
    diagnose::{
        failures::{FailureCounts, Failures},
        timeline,
    },
    logs::{LogSubject, Range},
    resource::{
        Context, Material, Origin, Resource, Status, Zone,
        container::Container,
        deployment::Deployment,
        event::ServiceEvent,
        family::Family,
        format::short_id,
        instance::Instance,
        query::DAY,
        revision::Revision,
        service::Service,
        task::{self, Task},
    },
};

const NOW: Timestamp = Timestamp::constant(2_000_000, 0);

fn ago(seconds: i64) -> Option<Timestamp> {
    Some(NOW - SignedDuration::from_secs(seconds))
}

pub(super) fn task(id: &str) -> Task {
    Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        task_definition_arn: Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7".into()),
        last_status: Some("STOPPED".into()),
        stopped_at: ago(60),
        ..Task::default()
    }
}

fn service(name: &str) -> Service {
    Service { service_name: name.into(), cluster_name: "prod".into(), ..Service::default() }
}

fn container(name: &str) -> Container {
    Container {
        name: name.into(),
        cluster_name: "prod".into(),
        task_arn: task("0123456789").task_arn,
        ..Container::default()
    }
}

fn deployment() -> Deployment {
    Deployment {
        id: "ecs-svc/9".into(),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7".into()),
        created_at: ago(7_200),
        ..Deployment::default()
    }
}

fn event(seconds: i64) -> ServiceEvent {
    ServiceEvent {
        id: "e".into(),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        created_at: ago(seconds),
        message: "(service web) has reached a steady state.".into(),
        ..ServiceEvent::default()
    }
}

fn failures() -> Failures {
    let counted = FailureCounts {
        cluster_name: "prod".into(),
        name: "web:7 app oom".into(),
        service: "web".into(),
        revision: "web:7".into(),
        container: "app".into(),
        cause: "STOP-OOM".into(),
        count: 3,
        first: NOW,
        last: NOW,
        exit_codes: vec![137],
    };
    Failures::new(counted, None, Some(3_600))
}

fn unknown<'a>(_: &str) -> Option<&'a dyn Row> {
    None
}

fn target(row: &dyn Row) -> LogTarget {
    LogTarget::of(row, unknown, NOW).unwrap()
}

fn subject(row: &dyn Row) -> LogSubject {
    LogSubject::new(target(row))
}

fn only(ids: &[&str]) -> Arc<[Arc<str>]> {
    ids.iter().map(|id| Arc::from(*id)).collect()
}

fn web_query() -> Query {
    Query::service("prod", "web")
}

#[rstest]
#[case::service(&service("web"), "web", web_query())]
#[case::deployment(
    &deployment(),
    "web web:7",
    Query { only: Some(Only::Deployments(only(&["ecs-svc/9"]))), ..web_query() },
)]
#[case::task(&task("0123456789"), "web/01234567", web_query())]
#[case::standalone(
    &Task { group: Some("family:web".into()), ..task("0123456789") },
    "web/01234567",
    Query { family: Some("web".into()), ..Query::cluster("prod") },
)]
#[case::instance(
    &Instance { container_instance_arn: "i-1".into(), cluster_name: "prod".into(), ..Instance::default() },
    "i-1",
    Query::instance("prod", "i-1"),
)]
#[case::event(&event(10), "web", web_query())]
#[case::family(&Family { family: "web".into() }, "web", Query::family("web"))]
#[case::revision(
    &Revision { task_definition_arn: "arn:1:task-definition/web:7".into(), family: "web".into(), ..Revision::default() },
    "web:7",
    Query { only: Some(Only::Definitions(only(&["web:7"]))), ..Query::family("web") },
)]
fn the_target_of_a_row_has_tasks_in_any_state(#[case] row: &dyn Row, #[case] name: &str, #[case] query: Query) {
    let subject = subject(row);
    assert_eq!((&*subject.name, &subject.view.query), (name, &Query { status: Status::All, ..query }));
    assert_eq!(subject.view.kind, &task::KIND);
}

#[test]
fn the_target_of_a_failure_group_is_its_stopped_tasks() {
    let subject = subject(&failures());
    assert_eq!(Some(subject.view), Resource::drill(&failures()));
}

#[test]
fn the_target_of_a_task_is_that_task_with_the_query_of_its_service() {
    let one = subject(&task("0123456789"));
    assert_eq!((one.tasks, one.container), (Some(only(&[&task("0123456789").task_arn])), None));
    let alone = subject(&container("app"));
    assert_eq!((&*alone.name, alone.container.as_deref()), ("01234567/app", Some("app")));
    assert_eq!(alone.view.query.task.as_deref(), Some(&*task("0123456789").task_arn), "its service is not known");
    let (task, container) = (task("0123456789"), container("app"));
    let known = LogTarget::of(&container, |id| (id == task.task_arn).then_some(&task as &dyn Row), NOW).unwrap();
    assert_eq!((&*known.name, known.query), ("web/01234567/app", web_query()));
}

#[test]
fn the_target_of_a_timeline_entry_is_its_task() {
    let Origin::Composed(compose) = timeline::KIND.origin else { panic!("it is put together") };
    let rows: [Arc<dyn Row>; 1] = [Arc::new(task("0123456789"))];
    let material = Material { rows: &rows, seen: &[], awaited: &[], gaps: &[] };
    let moments = compose.rows(&web_query(), &material, &Context { now: NOW, zone: Zone::UTC });
    let entry_target = target(&**moments.last().unwrap());
    assert_eq!((&*entry_target.name, entry_target.moment), ("web/01234567", ago(60)));
}

#[test]
fn an_event_is_shown_around_its_time_and_a_recent_one_is_followed() {
    let minutes = |minutes| NOW - SignedDuration::from_mins(minutes);
    let range = |event: &ServiceEvent| Range::around(target(event).moment.unwrap(), NOW);
    assert_eq!(range(&event(3_600)), Range::Between(minutes(65), minutes(55)));
    assert_eq!(range(&event(60)), Range::Since(minutes(6)));
}

#[test]
fn an_old_archived_task_looks_back_to_its_time() {
    let old = Task { archived: true, stopped_at: ago(3 * i64::from(DAY)), ..task("a") };
    assert_eq!(subject(&old).view.query.since, Some(3 * DAY + 3_600));
    assert_eq!(subject(&Task { stopped_at: ago(60), ..old }).view.query.since, None);
}

fn merged(rows: Vec<Arc<dyn Row>>) -> Result<LogSubject, String> {
    LogTarget::of_all(&rows, unknown, NOW).map(LogSubject::new)
}

#[test]
fn marked_rows_have_one_target() {
    let services = merged(vec![Arc::new(service("web")), Arc::new(service("api"))]).unwrap();
    let expected = Query { only: Some(Only::Services(only(&["web", "api"]))), ..Query::cluster("prod") };
    assert_eq!(services.view.query, Query { status: Status::All, ..expected });
    assert_eq!(services.name, "web and 1 more");

    let tasks = merged(vec![Arc::new(task("a")), Arc::new(task("b"))]).unwrap();
    assert_eq!((tasks.view.query.service.as_deref(), tasks.tasks.map(|tasks| tasks.len())), (Some("web"), Some(2)));

    let other = Task { group: Some("service:api".into()), ..task("c") };
    let apart = merged(vec![Arc::new(task("a")), Arc::new(other)]).unwrap();
    assert_eq!((apart.view.query.service, apart.view.query.cluster.as_deref()), (None, Some("prod")));

    let same = merged(vec![Arc::new(container("app")), Arc::new(container("app"))]).unwrap();
    let different = merged(vec![Arc::new(container("app")), Arc::new(container("proxy"))]).unwrap();
    assert_eq!((same.container.as_deref(), different.container.as_deref()), (Some("app"), None));
}

#[test]
fn rows_without_a_common_query_are_refused() {
    let elsewhere = Service { cluster_name: "staging".into(), ..service("web") };
    let reason = merged(vec![Arc::new(service("web")), Arc::new(elsewhere)]).unwrap_err();
    assert_eq!(reason, "the logs of these can't be read together; mark rows of one kind and cluster");
    assert_eq!(merged(Vec::new()).unwrap_err(), "there is no row here");
}

#[test]
fn thousands_of_events_merge_into_their_services() {
    let rows: Vec<Arc<dyn Row>> = (0..10_000)
        .map(|number| ServiceEvent { service_name: format!("web{}", number % 25), ..event(number) })
        .map(|event| Arc::new(event) as Arc<dyn Row>)
        .collect();
    let all = LogTarget::of_all(&rows, unknown, NOW).unwrap();
    let Some(Only::Services(services)) = &all.query.only else { panic!("{all:?}") };
    assert_eq!((services.len(), all.name.as_str(), all.moment), (25, "web0 and 24 more", None));
}

#[test]
fn marked_tasks_keep_the_order_of_their_rows() {
    let rows: Vec<Arc<dyn Row>> = (0..7).map(|id| Arc::new(task(&id.to_string())) as Arc<dyn Row>).collect();
    let all = LogTarget::of_all(&rows, unknown, NOW).unwrap();
    let ids: Vec<&str> = all.tasks.iter().map(|arn| short_id(arn)).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4", "5", "6"]);
}
