use jiff::SignedDuration;

use super::*;
use crate::resource::{container::Container, finding::Problem, instance::Instance, revision::Definition};

const NOW: Timestamp = Timestamp::constant(1_769_868_300, 0);

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

fn service(running: i32) -> Service {
    Service {
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/web".into(),
        service_name: "web".into(),
        cluster_name: "prod".into(),
        status: Some("ACTIVE".into()),
        desired_count: 2,
        running_count: running,
        ..Service::default()
    }
}

fn crashed(id: &str, at: Timestamp) -> Task {
    let app = Container { name: "app".into(), exit_code: Some(1), ..Container::default() };
    Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        last_status: Some("STOPPED".into()),
        stop_code: Some("EssentialContainerExited".into()),
        started_at: Some(at - SignedDuration::from_secs(30)),
        stopped_at: Some(at),
        containers: vec![app],
        ..Task::default()
    }
}

/// The problems of the service, and whether any of them is marked as a change.
fn problems(store: &Store) -> (Vec<Problem>, bool) {
    let entry = store.get(&service(0).service_arn).unwrap();
    let service = entry.row.any().downcast_ref::<Service>().unwrap();
    (service.findings.iter().map(|finding| finding.problem).collect(), entry.changed != 0)
}

#[test]
fn a_service_is_diagnosed_with_rules_and_again_when_its_tasks_change() {
    let mut store = Store::default();
    store.put(Arc::new(service(1)), NOW);
    store.enrich(NOW);
    assert_eq!(problems(&store), (vec![], false), "nothing is diagnosed without rules");
    store.enable_rules(NOW);
    store.enrich(NOW);
    assert_eq!(problems(&store), (vec![Problem::Short], false), "what was so before is not a change");
    store.put(Arc::new(service(2)), NOW);
    store.enrich(NOW);
    assert_eq!(problems(&store), (vec![], true), "what has changed is");
    for n in 0..3 {
        store.put(Arc::new(crashed(&format!("c{n}"), NOW)), NOW);
    }
    store.enrich(NOW);
    assert_eq!(problems(&store).0, [Problem::CrashLoop]);
    store.mark_all_dirty();
    store.enrich(after(4000));
    assert_eq!(problems(&store).0, [], "the hour is over");
}

#[test]
fn an_equal_response_is_not_a_change() {
    let mut store = Store::default();
    store.enable_rules(NOW);
    store.put(Arc::new(service(1)), NOW);
    store.enrich(NOW);
    store.changed_kinds.clear();
    store.put(Arc::new(service(1)), after(15));
    store.enrich(after(15));
    assert_eq!(problems(&store).0, [Problem::Short]);
    assert!(store.changed_kinds.is_empty(), "{:?}", store.changed_kinds);
}

#[test]
fn the_time_an_agent_disconnected_is_kept_if_it_was_observed() {
    let instance = |agent_connected: bool, status: &str| Instance {
        container_instance_arn: "i".into(),
        agent_connected,
        status: Some(status.into()),
        ..Instance::default()
    };
    let mut store = Store::default();
    let seen = |store: &Store| {
        let instance = store.get("i").unwrap().row.any().downcast_ref::<Instance>().unwrap();
        (instance.agent_lost_at, instance.draining_since)
    };
    store.put(Arc::new(instance(false, "DRAINING")), NOW);
    assert_eq!(seen(&store), (None, None), "it may have been disconnected for days");
    store.put(Arc::new(instance(true, "ACTIVE")), after(10));
    assert_eq!(seen(&store), (None, None));
    store.put(Arc::new(instance(false, "DRAINING")), after(20));
    store.put(Arc::new(instance(false, "DRAINING")), after(30));
    assert_eq!(seen(&store), (Some(after(20)), Some(after(20))));
}

const REVISION: &str = "arn:aws:ecs:eu-west-1:1:task-definition/web:7";

fn stopped(id: &str) -> Arc<dyn Row> {
    let ended = |name: &str, code| Container { name: name.to_owned(), exit_code: Some(code), ..Container::default() };
    Arc::new(Task {
        task_arn: id.to_owned(),
        task_definition_arn: Some(REVISION.to_owned()),
        last_status: Some("STOPPED".to_owned()),
        stop_code: Some("EssentialContainerExited".to_owned()),
        stopped_reason: Some("Essential container in task exited".to_owned()),
        containers: vec![ended("init", 0), ended("app", 143)],
        ..Task::default()
    })
}

fn rule(store: &Store, id: &str) -> Option<&'static str> {
    let task = store.get(id)?.row.any().downcast_ref::<Task>()?;
    task.verdict.as_ref()?.rule
}

#[test]
fn tasks_from_before_the_rules_get_verdicts_without_a_change() {
    let mut store = Store::default();
    store.put(stopped("a"), NOW);
    assert_eq!(rule(&store, "a"), None);
    store.enable_rules(NOW);
    assert_eq!(rule(&store, "a"), Some("EXIT-0"));
    assert_eq!((store.entries["a"].changed, store.entries["a"].changed_at), (0, None));
    store.changed_kinds.clear();
    store.put(stopped("a"), NOW);
    assert!(store.changed_kinds.is_empty(), "the same task again");
    store.put(stopped("b"), NOW);
    assert_eq!(rule(&store, "b"), Some("EXIT-0"));
}

#[test]
fn a_task_definition_that_arrives_later_is_used_too() {
    let mut store = Store::default();
    store.enable_rules(NOW);
    store.put(stopped("a"), NOW);
    let definition = |name: &str, essential| Definition { name: name.to_owned(), essential, ..Definition::default() };
    store.put(
        Arc::new(Revision {
            task_definition_arn: REVISION.to_owned(),
            containers: vec![definition("init", false), definition("app", true)],
            described: true,
            ..Revision::default()
        }),
        NOW,
    );
    assert_eq!(rule(&store, "a"), Some("EXIT-143"));
}
