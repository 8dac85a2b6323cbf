use rstest::rstest;

use super::*;
use crate::{
    diagnose::{HOUR, Known, builders::*},
    resource::{
        Row,
        revision::{Check, Definition, Revision},
        rollout::{BreakerCount, Hook, Rollback, Rollout},
        service::Service,
    },
};

/// What blocks the rollout of `service`: number of the question, problem, cause, rule.
fn blocked_by(service: &Service, others: &[&dyn Row]) -> Option<(usize, Problem, String, &'static str)> {
    let mut rows: Vec<&dyn Row> = vec![service];
    rows.extend(others);
    let known: Known<'_> = known(&rows);
    let context = ServiceContext::new(service, &known);
    let found = diagnose_rollout(&context)?;
    let place = ask_all(&context, &[]).iter().position(|step| matches!(step.answer, QuestionResult::Stuck(_)));
    let rule = found.rule().unwrap_or("none");
    Some((place.map_or(0, |place| place + 1), found.problem, found.cause, rule))
}

/// The answer to question `place` about `service` when its tasks are known.
fn in_detail(service: &Service, others: &[&dyn Row], place: usize) -> (String, &'static str) {
    let mut rows: Vec<&dyn Row> = vec![service];
    rows.extend(others);
    let known: Known<'_> = known(&rows);
    let context = ServiceContext::new(service, &known);
    match ask_all(&context, known.tasks("prod", "web")).swap_remove(place - 1).answer {
        QuestionResult::Stuck(found) => (found.cause.clone(), found.rule().unwrap_or("none")),
        QuestionResult::Fine(text) | QuestionResult::Bad(text) | QuestionResult::Open(text) => (text, ""),
    }
}

fn is(
    place: usize,
    problem: Problem,
    cause: &str,
    rule: &'static str,
) -> Option<(usize, Problem, String, &'static str)> {
    Some((place, problem, cause.to_owned(), rule))
}

#[test]
fn a_normal_rollout_is_not_blocked() {
    let fresh = starting("a1", 8, "PENDING", 20);
    assert_eq!(blocked_by(&rolling([1, 1], 90), &[&fresh]), None);
    assert_eq!(blocked_by(&rolling([4, 0], 90), &[&task("a1", 8)]), None);
    assert_eq!(blocked_by(&web(4), &[]), None);
}

#[test]
fn question_1_ecs_failed_the_deployment() {
    let mut service = rolling([0, 0], 20 * MINUTE);
    service.deployments[0].rollout_state = Some("FAILED".into());
    service.deployments[0].rollout_state_reason = Some("ECS deployment circuit breaker: tasks failed to start.".into());
    let reason = "ECS deployment circuit breaker: tasks failed to start.";
    assert_eq!(blocked_by(&service, &[]), is(1, Problem::RolloutFailed, reason, "ROLLOUT-FAILED"));
    let (one, two) = (crashed("a1", 8, 1, 60), crashed("a2", 8, 1, 400));
    assert_eq!(
        blocked_by(&service, &[&one, &two]),
        is(1, Problem::RolloutFailed, "application error: app (1), twice in this rollout", "EXIT-1")
    );
}

#[rstest]
#[case::placement(
    "was unable to place a task because no container instance met all of its requirements. The closest matching \
     (container-instance 0a1b) has insufficient CPU units available.",
    Problem::NotPlaced,
    "no room: CPU",
    "EV-PLACE-CPU"
)]
#[case::anything_else("TARGET GROUP IS NOT FOUND", Problem::RolloutStuck, "target group gone", "EV-TG-GONE")]
fn question_2_an_event_reports_an_error(
    #[case] message: &str,
    #[case] problem: Problem,
    #[case] cause: &str,
    #[case] rule: &'static str,
) {
    let mut service = rolling([1, 0], 4 * MINUTE);
    service.events.insert(0, event(message, 3 * MINUTE));
    assert_eq!(blocked_by(&service, &[]), is(2, problem, cause, rule));
    service.events.insert(0, event(message, 2 * MINUTE));
    assert_eq!(blocked_by(&service, &[]), is(2, problem, &format!("{cause}, twice in the last hour"), rule));
    // Errors before the rollout or before a steady state don't count.
    service.events.remove(0);
    service.events[0].created_at = ago(5 * MINUTE);
    assert_eq!(blocked_by(&service, &[]), None);
    service.events[0].created_at = ago(3 * MINUTE);
    service.events.insert(0, event("has reached a steady state.", MINUTE));
    assert_eq!(blocked_by(&service, &[]), None);
}

#[test]
fn a_failed_placement_counts_while_tasks_are_missing() {
    let complaint = "was unable to place a task because no container instance met all of its requirements.";
    let mut service = rolling([4, 0], 4 * MINUTE);
    service.events.insert(0, event(complaint, 60));
    assert_eq!(blocked_by(&service, &[]), None, "none is missing");
    let mut service = rolling([3, 1], 4 * MINUTE);
    service.events.insert(0, event(complaint, 60));
    let found = is(2, Problem::NotPlaced, "no fitting instance", "EV-PLACE-NOINST");
    assert_eq!(blocked_by(&service, &[]), found);
    // A task that started later was placed.
    service.events.insert(0, event("has started 1 tasks: (task a1).", 30));
    assert_eq!(blocked_by(&service, &[]), None);
    assert_eq!(blocked_by(&service, &[&crashed("a1", 8, 1, 10)]), found, "unless it is gone again");
    // Unless placement errors continue.
    service.events.push(event(complaint, 120));
    let cause = "no fitting instance, twice in the last hour";
    let steady = service.events.remove(2);
    service.events.push(steady);
    assert_eq!(blocked_by(&service, &[]), is(2, Problem::NotPlaced, cause, "EV-PLACE-NOINST"));
}

#[test]
fn error_events_are_not_progress() {
    let mut service = rolling([1, 1], 5 * HOUR);
    let complaint = "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later \
                     or in a different availability zone.";
    service.events.splice(0..0, (0..28).map(|n| event(complaint, 30 + 120 * n)));
    let cause = "no capacity, 28 times in the last hour";
    assert_eq!(blocked_by(&service, &[]), is(2, Problem::NotPlaced, cause, "EV-PLACE-NO-CAPACITY"));
    let waiting = starting("a1b2c3d4e5", 8, "PROVISIONING", 90);
    assert_eq!(blocked_by(&service, &[&waiting]), is(2, Problem::NotPlaced, cause, "EV-PLACE-NO-CAPACITY"));
    assert_eq!(in_detail(&service, &[&waiting], 4).1, "WAIT-PROVISIONING");
}

#[rstest]
#[case::nothing_known(None, 5)]
#[case::fast(Some(20), 3)]
#[case::slow(Some(240), 12)]
fn a_start_is_stuck_when_it_takes_longer_than_usual(#[case] takes: Option<i64>, #[case] minutes: i64) {
    let ended = |seconds| Task {
        created_at: ago(2 * HOUR),
        started_at: ago(2 * HOUR - seconds),
        stop_code: Some("ServiceSchedulerInitiated".into()),
        ..crashed("b1", 7, 0, HOUR)
    };
    let ended = takes.map(ended);
    let others: Vec<&dyn Row> = ended.iter().map(|task| task as &dyn Row).collect();
    assert_eq!(blocked_by(&rolling([1, 1], minutes * MINUTE), &others), None);
    let cause = "1 task is pending and doesn't start";
    let late = rolling([1, 1], minutes * MINUTE + 1);
    assert_eq!(blocked_by(&late, &others), is(4, Problem::RolloutStuck, cause, "WAIT-PENDING"));
}

#[test]
fn question_3_tasks_are_failing() {
    let mut service = rolling([0, 1], 10 * MINUTE);
    service.deployments[0].failed_tasks = 2;
    assert_eq!(blocked_by(&service, &[]), is(3, Problem::RolloutFailing, "2 tasks failed in a row", "ROLLOUT-DYING"));
    let tasks =
        [crashed("a1", 8, 1, 60), crashed("a2", 8, 1, 200), crashed("a3", 8, 139, 300), crashed("b1", 7, 1, 900)];
    let rows: Vec<&dyn Row> = tasks.iter().map(|task| task as &dyn Row).collect();
    assert_eq!(
        blocked_by(&service, &rows),
        is(
            3,
            Problem::RolloutFailing,
            "application error: app (1), twice in this rollout, 3 in the last hour",
            "EXIT-1"
        )
    );
    let breaker = Some(BreakerCount { failures: 2, threshold: 3, triggered: false });
    service.rollout = Some(Box::new(Rollout { breaker, ..Rollout::default() }));
    let cause = "application error: app (1), twice in this rollout; failures 2 of 3";
    assert_eq!(blocked_by(&service, &rows[..3]), is(3, Problem::RolloutFailing, cause, "EXIT-1"));
}

#[test]
fn a_rollout_without_a_breaker_shows_back_off() {
    let mut service = rolling([0, 0], 40 * MINUTE);
    service.deployments[0].failed_tasks = 6;
    service.events.insert(0, event("is unable to consistently start tasks successfully.", 10 * MINUTE));
    let cause = "6 tasks failed in a row; ECS backs off";
    assert_eq!(blocked_by(&service, &[]), is(3, Problem::RolloutFailing, cause, "ROLLOUT-DYING"));
}

#[test]
fn question_4_a_task_is_stuck_while_starting() {
    let service = rolling([1, 1], 10 * MINUTE);
    let pulling = Task { pull_started_at: ago(8 * MINUTE), ..starting("a1b2c3d4e5", 8, "PENDING", 9 * MINUTE) };
    // The count is sufficient after a while: lists know no more.
    let cause = "1 task is pending and doesn't start";
    assert_eq!(blocked_by(&service, &[]), is(4, Problem::RolloutStuck, cause, "WAIT-PENDING"));
    assert_eq!(blocked_by(&service, &[&pulling]), is(4, Problem::RolloutStuck, cause, "WAIT-PENDING"));
    assert_eq!(in_detail(&service, &[], 4), (cause.to_owned(), "WAIT-PENDING"));
    let cause = "task a1b2c3d4: PENDING, pulls its image (usually 10 to 60 s)";
    assert_eq!(in_detail(&service, &[&pulling], 4), (cause.to_owned(), "WAIT-PULL"));
    assert_eq!(blocked_by(&rolling([1, 1], 2 * MINUTE), &[]), None);
}

#[test]
fn question_5_percentages_leave_no_room() {
    let mut service = rolling([0, 0], 10);
    (service.running_count, service.maximum_percent) = (4, Some(100));
    let cause = "min 100 % and max 100 % of 4 tasks leave no room";
    assert_eq!(blocked_by(&service, &[]), is(5, Problem::RolloutStuck, cause, "ROLLOUT-DEADLOCK"));
    // A stopped task leaves room to start a new one.
    service.running_count = 3;
    assert_eq!(blocked_by(&service, &[]), None);
    let answer = "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
                Update the minimumHealthyPercent or maximumPercent value and try again.";
    service.events.insert(0, event(answer, 5));
    assert_eq!(blocked_by(&service, &[]), is(5, Problem::RolloutStuck, cause, "ROLLOUT-DEADLOCK"));
}

#[test]
fn question_6_new_tasks_are_unhealthy() {
    let mut service = rolling([4, 0], 3 * MINUTE);
    let ill = Task { health_status: Some("UNHEALTHY".into()), ..task("a1", 8) };
    let cause = "1 of 2 new tasks fail their health check";
    let tasks: [&dyn Row; 3] = [&ill, &task("a2", 8), &task("b1", 7)];
    assert_eq!(blocked_by(&service, &tasks), None, "lists don't know the tasks");
    assert_eq!(in_detail(&service, &tasks, 6), (cause.to_owned(), "ROLLOUT-UNHEALTHY"));
    let check = Check { interval: 10, timeout: 5, retries: 3, start_period: 0 };
    let app = Definition { name: "app".into(), essential: true, check: Some(check), ..Definition::default() };
    let revision = Revision { containers: vec![app], ..revision(8) };
    let silent = Task { health_status: Some("UNKNOWN".into()), started_at: ago(2 * MINUTE), ..task("a1b2c3d4e5", 8) };
    let cause = "task a1b2c3d4: RUNNING, health unknown (usually a few checks)";
    assert_eq!(in_detail(&service, &[&silent, &revision], 6), (cause.to_owned(), "WAIT-HEALTH"));
    service.events.insert(
        0,
        event(
            "(port 80) is unhealthy in (target-group t) due to (reason Health checks failed with these codes: [502]).",
            30,
        ),
    );
    let cause = "wrong health check code: 502";
    assert_eq!(blocked_by(&service, &[&task("a1", 8)]), is(6, Problem::RolloutStuck, cause, "EV-UNHEALTHY-CODES"));
}

#[test]
fn question_7_old_tasks_do_not_stop() {
    let service = rolling([4, 0], 12 * MINUTE);
    let old = stopping("b1b2b3b4b5", 7, "DEACTIVATING", 8 * MINUTE);
    let cause = "task b1b2b3b4: DEACTIVATING, drains connections (usually the target group's deregistration delay)";
    assert_eq!(in_detail(&service, &[&old], 7), (cause.to_owned(), "WAIT-DEACTIVATING"));
    let cause = "all new tasks run, but 4 old ones don't stop";
    assert_eq!(blocked_by(&service, &[&old]), is(7, Problem::RolloutStuck, cause, "ROLLOUT-OLD-TASKS"));
    assert_eq!(blocked_by(&service, &[]), is(7, Problem::RolloutStuck, cause, "ROLLOUT-OLD-TASKS"));

    let mut held = rolling([4, 0], 2 * MINUTE);
    held.events.insert(0, event("was unable to reach steady state because 4 tasks are protected.", 60));
    let cause = "4 old tasks stay: protected against scale-in";
    assert_eq!(blocked_by(&held, &[&task("b1", 7)]), is(7, Problem::RolloutStuck, cause, "SERVICE-PROTECTED"));

    let side_by_side = Service {
        deployment_strategy: Some("BLUE_GREEN".into()),
        bake_time_in_minutes: Some(30),
        rollout: Some(Box::new(Rollout { lifecycle_stage: Some("BAKE_TIME".into()), ..Rollout::default() })),
        ..service
    };
    assert_eq!(blocked_by(&side_by_side, &[&task("b1", 7)]), None);
}

#[test]
fn question_8_alarms_are_still_monitored() {
    let mut service = rolling([4, 0], 10 * MINUTE);
    service.deployments.truncate(1);
    service.deployment_alarms = vec!["errors".into()];
    assert_eq!(blocked_by(&service, &[&task("a1", 8)]), None);
    service.deployments[0].created_at = ago(30 * MINUTE);
    service.deployments[0].updated_at = ago(20 * MINUTE);
    let cause = "all new tasks run; ECS still watches its alarms";
    assert_eq!(blocked_by(&service, &[]), is(8, Problem::RolloutStuck, cause, "ROLLOUT-WATCHED"));
}

#[test]
fn question_9_no_progress_without_a_reason() {
    let mut service = rolling([1, 0], 6 * MINUTE);
    let cause = "no progress: 1 of 4 new tasks run, no reason known";
    assert_eq!(blocked_by(&service, &[]), is(9, Problem::RolloutStuck, cause, "ROLLOUT-STALLED"));
    // A started task that stays is progress, and so is an old one that stops; one that failed is not.
    service.events.insert(0, event("has started 1 tasks: (task a1).", 30));
    assert_eq!(blocked_by(&service, &[]), None);
    let dead = Task { stop_code: Some("TaskFailedToStart".into()), ..crashed("a1", 8, 0, 20) };
    assert_eq!(blocked_by(&service, &[&dead]), is(9, Problem::RolloutStuck, cause, "ROLLOUT-STALLED"));
    service.events.insert(0, event("has stopped 1 running tasks: (task b1).", 30));
    assert_eq!(blocked_by(&service, &[&dead]), None);
}

#[test]
fn a_rollback_shows_the_cause() {
    let mut service = rolling([2, 1], 2 * MINUTE);
    let reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/7.";
    service.deployments[0].rollout_state_reason = Some(reason.into());
    let failed = crashed("a1", 9, 1, 3 * MINUTE);
    let (_, problem, cause, rule) = blocked_by(&service, &[&failed]).expect("a finding");
    assert_eq!((problem, rule), (Problem::RolloutFailing, "ROLLOUT-BACK"));
    assert_eq!(cause, "rolling back to web:8: application error: app (1)");
}

#[test]
fn a_rollback_to_an_old_deployment_is_not_as_old_as_that() {
    let mut service = rolling([2, 1], 7 * 24 * HOUR);
    service.deployments[0].rollout_state_reason =
        Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/7.".into());
    let given_up = deployment(9, "FAILED", [0, 0, 0], 4 * MINUTE);
    service.deployments[1] = Deployment { status: Some("INACTIVE".into()), ..given_up };
    let since = |service: &Service| {
        let known = Known::of([service as &dyn Row], now());
        diagnose_rollout(&ServiceContext::new(service, &known)).and_then(|finding| finding.since)
    };
    assert_eq!(since(&service), ago(4 * MINUTE));
    let rollback = Some(Rollback { started_at: ago(20), ..Rollback::default() });
    service.rollout =
        Some(Box::new(Rollout { status: Some("ROLLBACK_IN_PROGRESS".into()), rollback, ..Rollout::default() }));
    assert_eq!(since(&service), ago(20));
}

#[test]
fn alarms_and_hooks_are_reported() {
    let mut service = rolling([4, 0], 20 * MINUTE);
    service.rollout =
        Some(Box::new(Rollout { triggered_alarms: vec!["5xx".into(), "latency".into()], ..Rollout::default() }));
    let (_, problem, cause, _) = blocked_by(&service, &[]).expect("a finding");
    assert_eq!((problem, &*cause), (Problem::RolloutFailing, "alarm fired: 5xx and 1 more"));
    let hook = "arn:aws:lambda:eu-west-1:111122223333:function:smoke-test";
    let at_work = Hook { target_arn: Some(hook.into()), status: Some("IN_PROGRESS".into()), ..Hook::default() };
    service.rollout = Some(Box::new(Rollout { hooks: vec![at_work], ..Rollout::default() }));
    let (_, problem, cause, rule) = blocked_by(&service, &[]).expect("a finding");
    assert_eq!((problem, &*cause, rule), (Problem::RolloutStuck, "waits for hook smoke-test", "ROLLOUT-HOOK"));
}
