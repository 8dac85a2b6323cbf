use rstest::rstest;

use super::*;
use crate::{
    diagnose::builders::*,
    resource::{Row, instance::HealthIssue, service::Service, task::Task},
};

fn found(subject: &Instance, others: &[&dyn Row]) -> Vec<(Problem, String)> {
    let mut rows: Vec<&dyn Row> = vec![subject];
    rows.extend(others);
    super::diagnose_instance(subject, &known(&rows))
        .into_iter()
        .map(|finding| (finding.problem, finding.cause))
        .collect()
}

fn here() -> Instance {
    host("i-0a1b")
}

#[test]
fn a_healthy_instance_has_no_finding() {
    assert_eq!(found(&here(), &[&on(task("a1", 7), "i-0a1b")]), []);
    let checked =
        HealthIssue { kind: "CONTAINER_RUNTIME".into(), status: "INITIALIZING".into(), ..HealthIssue::default() };
    assert_eq!(found(&Instance { health_issues: vec![checked], ..here() }, &[]), []);
}

#[test]
fn a_disconnected_agent_is_reported_with_the_tasks() {
    let lost = Instance { agent_connected: false, agent_lost_at: ago(600), ..here() };
    assert_eq!(found(&lost, &[]), [(Problem::AgentLost, "3 tasks there can't be managed".into())]);
    let batch = Task { group: Some("family:batch".into()), ..on(task("b1", 2), "i-0a1b") };
    let rows: [&dyn Row; 2] = [&on(task("a1", 7), "i-0a1b"), &batch];
    assert_eq!(found(&lost, &rows), [(Problem::AgentLost, "3 tasks there: family:batch, web".into())]);
    assert_eq!(super::diagnose_instance(&lost, &known(&[]))[0].since, ago(600));
}

#[rstest]
#[case::a_moment(Some(170), 0)]
#[case::longer(Some(190), 1)]
#[case::nobody_knows(None, 1)]
fn agents_may_be_disconnected_for_a_moment(#[case] gone: Option<i64>, #[case] findings: usize) {
    let lost = Instance { agent_connected: false, agent_lost_at: gone.and_then(ago), ..here() };
    assert_eq!(found(&lost, &[]).len(), findings);
}

#[test]
fn a_deregistered_instance_has_no_agent_finding() {
    assert_eq!(found(&Instance { status: Some("INACTIVE".into()), agent_connected: false, ..here() }, &[]), []);
}

#[test]
fn a_drain_is_blocked_by_tasks_that_stay() {
    let draining = Instance { status: Some("DRAINING".into()), running_tasks_count: 2, ..here() };
    let batch = Task { group: Some("family:batch".into()), ..on(task("b1b2b3b4b5", 2), "i-0a1b") };
    let of_service = on(task("a1", 7), "i-0a1b");
    let standalone = "blocked by batch (b1b2b3b4), a standalone task: draining does not stop it";
    assert_eq!(found(&draining, &[&batch, &of_service]), [(Problem::DrainStuck, standalone.into())]);
    // A service's task is replaced, unless nothing allows it.
    assert_eq!(found(&draining, &[&of_service, &web(4)]), []);
    let tight = Service { maximum_percent: Some(100), ..web(4) };
    let held = "blocked by web (a1), whose service leaves no room: minimum and maximum percent";
    assert_eq!(found(&draining, &[&of_service, &tight]), [(Problem::DrainStuck, held.into())]);
    let mut placeless = web(4);
    placeless
        .events
        .insert(0, event("was unable to place a task because no container instance met all of its requirements.", 60));
    let held = "blocked by web (a1), whose replacement can't be placed";
    assert_eq!(found(&draining, &[&of_service, &placeless]), [(Problem::DrainStuck, held.into())]);
    let daemon = Service { scheduling_strategy: Some("DAEMON".into()), ..tight };
    assert_eq!(found(&draining, &[&of_service, &daemon]), []);
}

#[test]
fn a_drain_with_unknown_tasks_is_a_notice() {
    let draining = Instance { status: Some("DRAINING".into()), running_tasks_count: 1, ..here() };
    assert_eq!(found(&draining, &[]), [(Problem::Notice, "drains; 1 task still there".into())]);
    let long = Instance { draining_since: ago(20 * MINUTE), ..draining.clone() };
    assert_eq!(found(&long, &[]), [(Problem::DrainStuck, "1 task still there".into())]);
    assert_eq!(found(&Instance { running_tasks_count: 0, ..draining }, &[]), []);
}

#[test]
fn problems_reported_by_aws_are_shown() {
    let failed = Instance {
        status: Some("REGISTRATION_FAILED".into()),
        status_reason: Some("ENI trunk could not be created".into()),
        ..here()
    };
    let cause = "could not join the cluster: ENI trunk could not be created";
    assert_eq!(found(&failed, &[]), [(Problem::InstanceImpaired, cause.into())]);
    let ill = HealthIssue {
        kind: "ACCELERATED_COMPUTE".into(),
        status: "IMPAIRED".into(),
        reason: Some("XID 79".into()),
        since: ago(60),
    };
    let agent = HealthIssue { kind: "AGENT_CONNECTIVITY".into(), status: "IMPAIRED".into(), ..HealthIssue::default() };
    let cause = "accelerated compute impaired: XID 79";
    assert_eq!(
        found(&Instance { health_issues: vec![ill, agent], ..here() }, &[]),
        [(Problem::InstanceImpaired, cause.into())]
    );
}
