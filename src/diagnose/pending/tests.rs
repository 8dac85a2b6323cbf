use rstest::rstest;

use super::*;
use crate::{
    diagnose::builders::{self, *},
    resource::{
        Row,
        revision::{Check, Definition},
    },
};

/// The rule and the cause that `task` is overdue for.
fn overdue(task: &Task, others: &[&dyn Row]) -> Option<(&'static str, String)> {
    let mut rows: Vec<&dyn Row> = vec![task];
    rows.extend(others);
    let finding = diagnose_pending(task, &known(&rows))?;
    assert_eq!(finding.problem, Problem::TaskStuck);
    Some((finding.rule().unwrap_or("none"), finding.cause))
}

fn provider(task: Task) -> Task {
    Task { capacity_provider_name: Some("prod-ec2".into()), ..task }
}

fn pulled(task: Task, started: i64, stopped: Option<i64>) -> Task {
    Task { pull_started_at: ago(started), pull_stopped_at: stopped.and_then(ago), ..task }
}

#[rstest]
#[case::network(starting("a", 7, "PROVISIONING", 0), 60, "WAIT-PROVISIONING")]
#[case::instance(provider(starting("a", 7, "PROVISIONING", 0)), 600, "WAIT-INSTANCE")]
#[case::agent(starting("a", 7, "PENDING", 0), 180, "WAIT-PENDING")]
#[case::pull(pulled(starting("a", 7, "PENDING", 0), 0, None), 180, "WAIT-PULL")]
#[case::start(pulled(starting("a", 7, "PENDING", 0), 0, Some(0)), 180, "WAIT-START")]
#[case::registration(starting("a", 7, "ACTIVATING", 0), 60, "WAIT-ACTIVATING")]
#[case::draining(stopping("a", 7, "DEACTIVATING", 0), 360, "WAIT-DEACTIVATING")]
#[case::stopping(stopping("a", 7, "STOPPING", 0), 60, "WAIT-STOPPING")]
#[case::network_back(stopping("a", 7, "DEPROVISIONING", 0), 120, "WAIT-DEPROVISIONING")]
#[case::intent(stopping("a", 7, "RUNNING", 0), 60, "WAIT-STOP")]
fn each_state_has_a_time_limit(#[case] task: Task, #[case] limit: i64, #[case] rule: &str) {
    let after = |seconds: i64| {
        let known = Known::of([&task as &dyn Row], now() + jiff::SignedDuration::from_secs(seconds));
        diagnose_pending(&task, &known).and_then(|finding| finding.rule())
    };
    assert_eq!(after(limit), None);
    assert_eq!(after(limit + 1), Some(rule));
}

#[test]
fn a_healthy_running_task_waits_for_nothing() {
    assert_eq!(overdue(&task("a", 7), &[]), None);
    assert_eq!(overdue(&crashed("a", 7, 1, 900), &[]), None);
    assert_eq!(overdue(&Task { last_status: Some("FROBNICATING".into()), ..task("a", 7) }, &[]), None);
    assert_eq!(overdue(&Task { last_status: None, ..task("a", 7) }, &[]), None);
}

#[test]
fn the_task_definition_extends_time_limits() {
    let app = Definition { stop_timeout: Some(110), start_timeout: Some(600), ..Definition::default() };
    let revision = Revision { containers: vec![app], ..builders::revision(7) };
    assert_eq!(overdue(&stopping("a", 7, "STOPPING", 130), &[&revision]), None);
    assert!(overdue(&stopping("a", 7, "STOPPING", 145), &[&revision]).is_some());
    let starting = pulled(starting("a", 7, "PENDING", 700), 650, Some(640));
    assert_eq!(overdue(&starting, &[&revision]), None);
    assert!(overdue(&starting, &[]).is_some());
}

#[test]
fn a_health_check_must_have_a_result_in_time() {
    let check = Check { interval: 30, timeout: 5, retries: 3, start_period: 60 };
    let app = Definition { essential: true, check: Some(check), ..Definition::default() };
    let revision = Revision { containers: vec![app], ..builders::revision(7) };
    let silent = |age: i64| Task { health_status: Some("UNKNOWN".into()), started_at: ago(age), ..task("a", 7) };
    assert_eq!(overdue(&silent(200), &[&revision]), None);
    assert_eq!(
        overdue(&silent(220), &[&revision]),
        Some(("WAIT-HEALTH", "RUNNING, health unknown (usually a few checks)".into()))
    );
    assert_eq!(overdue(&silent(3000), &[&builders::revision(7)]), None, "it has no health check");
}

#[test]
fn a_disconnected_agent_explains_any_wait() {
    let lost = Instance { agent_connected: false, ..host("i-0a1b") };
    for task in [starting("a", 7, "PENDING", 90), stopping("a", 7, "RUNNING", 90), stopping("a", 7, "STOPPING", 90)] {
        let state = task.last_status.clone().unwrap();
        let task = on(task, "i-0a1b");
        let cause = format!("{state}: the agent on i-0a1b is disconnected");
        assert_eq!(overdue(&task, &[&lost]), Some(("WAIT-AGENT", cause)));
    }
    assert_eq!(overdue(&on(task("a", 7), "i-0a1b"), &[&lost]), None, "it runs on");
}

#[test]
fn the_duration_of_an_image_pull_is_shown() {
    let task = pulled(starting("a", 7, "PENDING", 500), 480, None);
    let finding = diagnose_pending(&task, &known(&[&task])).unwrap();
    assert_eq!(finding.since, ago(480));
    let verdict = finding.verdict.unwrap();
    let quotes: Vec<_> = verdict.evidence.iter().map(|quote| (&*quote.field, &*quote.text)).collect();
    assert!(quotes.contains(&("pullStartedAt", "8m ago")), "{quotes:?}");
    assert!(!verdict.next.is_empty());
}
