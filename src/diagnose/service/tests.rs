use rstest::rstest;

use super::*;
use crate::{
    diagnose::builders::*,
    resource::{
        Row,
        deployment::Deployment,
        rollout::{Hook, Rollout},
    },
};

/// The findings of `service` in short.
fn found(subject: &Service, others: &[&dyn Row]) -> Vec<(Problem, String)> {
    let mut rows: Vec<&dyn Row> = vec![subject];
    rows.extend(others);
    super::diagnose_service(subject, &known(&rows))
        .into_iter()
        .map(|finding| (finding.problem, finding.cause))
        .collect()
}

fn one(problem: Problem, cause: &str) -> Vec<(Problem, String)> {
    vec![(problem, cause.to_owned())]
}

/// Tasks of revision 7 that crashed, with these ages in seconds.
fn crashes(ages: &[i64]) -> Vec<Task> {
    ages.iter().enumerate().map(|(index, age)| crashed(&format!("c{index}"), 7, 1, *age)).collect()
}

fn rows(tasks: &[Task]) -> Vec<&dyn Row> {
    tasks.iter().map(|task| task as &dyn Row).collect()
}

#[test]
fn a_healthy_service_has_no_finding() {
    assert_eq!(found(&web(4), &[&task("a1", 7)]), []);
    assert_eq!(found(&web(0), &[]), []);
    let done = crashed("a1", 7, 0, 60);
    let batch = Task { group: Some("family:report".into()), started_by: None, ..crashed("a2", 7, 0, 60) };
    assert_eq!(found(&Service { service_name: "report".into(), ..web(0) }, &[&done, &batch]), []);
}

#[test]
fn a_normal_rollout_is_not_a_finding() {
    let stopped = Task {
        stop_code: Some("ServiceSchedulerInitiated".into()),
        stopped_reason: Some("Scaling activity initiated by (deployment ecs-svc/8)".into()),
        ..crashed("b1", 7, 143, 40)
    };
    let mut rolling = rolling([3, 1], 2 * MINUTE);
    rolling.events.insert(0, event("has started 2 tasks: (task a1) (task a2).", 60));
    assert_eq!(found(&rolling, &[&task("a1", 8), &starting("a2", 8, "PROVISIONING", 15), &stopped]), []);
}

#[test]
fn tasks_that_keep_failing_are_a_crash_loop() {
    let tasks = crashes(&[60, 200, 400, 700]);
    assert_eq!(
        found(&web(4), &rows(&tasks)),
        one(Problem::CrashLoop, "application error: app (1), 4 times in the last hour")
    );
    let mut mixed = tasks;
    mixed.push(crashed("d1", 7, 139, 300));
    let cause = "application error: app (1), 4 of 5 failures in the last hour";
    assert_eq!(found(&web(4), &rows(&mixed)), one(Problem::CrashLoop, cause));
}

#[rstest]
#[case::few(&[60, 200], "application error: app (1), twice in the last hour")]
#[case::long_past(&[3000, 3100, 3200], "application error: app (1), 3 times in the last hour, not any more")]
fn past_failures_are_not_a_crash_loop(#[case] ages: &[i64], #[case] cause: &str) {
    assert_eq!(found(&web(4), &rows(&crashes(ages))), one(Problem::TaskFailed, cause));
}

#[test]
fn failures_of_a_replaced_revision_are_past() {
    let tasks: Vec<Task> = (0..5).map(|n| crashed(&format!("c{n}"), 6, 1, 60 * (n + 1))).collect();
    let cause = "application error: app (1), 5 times in the last hour, not any more";
    assert_eq!(found(&web(4), &rows(&tasks)), one(Problem::TaskFailed, cause));
    assert_eq!(found(&web(4), &rows(&crashes(&[3700, 3800, 3900]))), [], "longer than an hour ago");
}

#[test]
fn the_failure_of_a_rollout_is_reported_once() {
    let mut rolling = rolling([0, 1], 10 * MINUTE);
    rolling.deployments[0].failed_tasks = 3;
    let new: Vec<Task> = (0..3).map(|n| crashed(&format!("c{n}"), 8, 1, 60 * (n + 1))).collect();
    let cause = "application error: app (1), 3 times in this rollout";
    assert_eq!(found(&rolling, &rows(&new)), one(Problem::RolloutFailing, cause));
    // Failures of the old revision are separate.
    let mut both = new;
    both.extend((0..3).map(|n| crashed(&format!("o{n}"), 7, 139, 60 * (n + 1))));
    let problems: Vec<Problem> = found(&rolling, &rows(&both)).into_iter().map(|(problem, _)| problem).collect();
    assert_eq!(problems, [Problem::RolloutFailing, Problem::CrashLoop]);
}

#[test]
fn a_paused_deployment_shows_what_to_do_and_until_when() {
    let mut waiting = rolling([4, 0], 30 * MINUTE);
    let pause = Hook {
        hook_id: Some("h".into()),
        status: Some("AWAITING_ACTION".into()),
        expires_at: ago(-2 * HOUR),
        timeout_action: Some("ROLLBACK".into()),
        ..Hook::default()
    };
    waiting.rollout = Some(Box::new(Rollout { hooks: vec![pause], ..Rollout::default() }));
    let cause = "waiting for approval: continue or roll back; rolls back automatically at 16:05Z";
    assert_eq!(found(&waiting, &[]), one(Problem::Waiting, cause));
}

#[test]
fn missing_tasks_are_reported_with_the_cause() {
    let short = Service { running_count: 2, ..web(4) };
    assert_eq!(found(&short, &[]), one(Problem::Short, "2 of 4 tasks run, 0 pending"));
    let short = Service {
        events: vec![event(
            "was unable to place a task because no container instance met all of its requirements.",
            60,
        )],
        ..short.clone()
    };
    assert_eq!(found(&short, &[]), one(Problem::NotPlaced, "no fitting instance"));
    let denied = Service {
        events: vec![event("failed to launch a task with (error ECS was unable to assume the role 'r').", 60)],
        ..short
    };
    assert_eq!(found(&denied, &[]), one(Problem::Short, "2 of 4 tasks run: role can't be assumed"));
}

#[test]
fn tasks_that_just_stopped_or_are_starting_are_not_missing() {
    let short = Service { running_count: 3, ..web(4) };
    let just_stopped = Task { stop_code: Some("UserInitiated".into()), ..crashed("a1", 7, 143, 20) };
    assert_eq!(found(&short, &[&just_stopped]), []);
    let mut coming = Service { pending_count: 1, ..short };
    coming.events.insert(0, event("has started 1 tasks: (task a1).", 30));
    assert_eq!(found(&coming, &[&starting("a1", 7, "PENDING", 30)]), []);
    coming.events[0].created_at = ago(600);
    let cause = "3 of 4 tasks run; the rest is pending";
    assert_eq!(found(&coming, &[&starting("a1", 7, "PENDING", 600)]), one(Problem::Short, cause));
    assert_eq!(found(&coming, &[]), one(Problem::Short, cause));
    // A recent error event does not reset the time.
    coming.events.insert(0, event("failed to launch a task with (error ECS was unable to assume the role 'r').", 60));
    assert_eq!(found(&coming, &[]), one(Problem::Short, "3 of 4 tasks run: role can't be assumed"));
}

#[test]
fn one_failed_health_check_is_ignored_and_two_are_reported() {
    let text =
        "(port 80) is unhealthy in (target-group t) due to (reason Health checks failed with these codes: [502]).";
    let mut ill = web(4);
    ill.events.insert(0, event(text, 100));
    assert_eq!(found(&ill, &[]), []);
    ill.events.insert(0, event(text, 50));
    assert_eq!(found(&ill, &[]), one(Problem::Unhealthy, "wrong health check code: 502, twice in the last hour"));
    ill.events.insert(0, event("has reached a steady state.", 10));
    assert_eq!(found(&ill, &[]), []);
    // Lists don't know the tasks: an explanation reports those that fail.
    let failing = Task { health_status: Some("UNHEALTHY".into()), ..task("a1", 7) };
    assert_eq!(found(&web(4), &[&failing]), []);
}

#[test]
fn spot_interruptions_are_a_notice_only() {
    let taken = |id: &str, age: i64| Task {
        stop_code: Some("SpotInterruption".into()),
        stopped_reason: Some("Your Spot Task was interrupted.".into()),
        ..crashed(id, 7, 143, age)
    };
    let tasks: Vec<Task> = [300, 600, 900, 1200].map(|age| taken(&format!("s{age}"), age)).into();
    let subject = web(4);
    assert_eq!(found(&subject, &rows(&tasks)), one(Problem::Notice, "Spot reclaimed tasks, 4 times in the last hour"));
    let findings = super::diagnose_service(&subject, &known(&rows(&tasks)));
    assert!(!Row::fault(&Service { findings, ..subject }));
}

#[rstest]
#[case("DRAINING", 30, Problem::Notice, "being deleted; 4 tasks left")]
#[case("DRAINING", 900, Problem::DrainStuck, "being deleted, but 4 tasks don't stop")]
#[case("INACTIVE", 30, Problem::Notice, "deleted")]
fn a_deleted_service_is_reported_as_deleted(
    #[case] status: &str,
    #[case] age: i64,
    #[case] problem: Problem,
    #[case] cause: &str,
) {
    let events = vec![event("has begun draining connections on 4 tasks.", age)];
    let subject = Service { status: Some(status.into()), deployments: Vec::new(), events, ..web(4) };
    assert_eq!(found(&subject, &[]), one(problem, cause));
}

#[test]
fn a_repeated_scheduler_error_is_reported_although_all_tasks_run() {
    let mut subject = web(4);
    subject.events.insert(0, event("TARGET GROUP IS NOT FOUND", 300));
    assert_eq!(found(&subject, &[]), [], "once may be over");
    subject.events.insert(0, event("TARGET GROUP IS NOT FOUND", 60));
    let cause = "target group gone, twice in the last hour";
    assert_eq!(found(&subject, &[]), one(Problem::Complaint, cause));
    subject.events.insert(0, event("has reached a steady state.", 10));
    assert_eq!(found(&subject, &[]), []);
}

#[test]
fn counts_include_all_failures_of_the_hour() {
    let mut tasks = crashes(&[60, 600, 700, 800]);
    tasks.push(crashed("d1", 7, 139, 30));
    tasks.push(crashed("e1", 6, 139, 900));
    let cause = "application error: app (1), 4 of 6 failures in the last hour";
    assert_eq!(found(&web(4), &rows(&tasks)), one(Problem::CrashLoop, cause));
    let each = [crashed("c1", 7, 1, 60), crashed("c2", 7, 139, 90)];
    let cause = "2 failures in the last hour, newest: application error: app (1)";
    assert_eq!(found(&web(4), &rows(&each)), one(Problem::TaskFailed, cause));
}

#[test]
fn the_worst_is_first() {
    let mut subject = rolling([0, 0], 10 * MINUTE);
    subject.deployments[0] = Deployment { rollout_state: Some("FAILED".into()), ..subject.deployments[0].clone() };
    let text = "(port 80) is unhealthy in (target-group t) due to (reason Request timed out).";
    subject.events.splice(0..0, [event(text, 10), event(text, 20)]);
    let problems: Vec<Problem> =
        found(&subject, &rows(&crashes(&[10, 20, 30]))).into_iter().map(|(problem, _)| problem).collect();
    assert_eq!(problems, [Problem::RolloutFailed, Problem::CrashLoop, Problem::Unhealthy]);
}

#[test]
fn the_same_rows_in_any_order_make_the_same_findings() {
    let tasks = [crashes(&[60, 60, 60]), (0..3).map(|n| crashed(&format!("d{n}"), 7, 139, 60)).collect()].concat();
    let mut other = tasks.clone();
    other.reverse();
    assert_eq!(found(&web(4), &rows(&tasks)), found(&web(4), &rows(&other)));
}
