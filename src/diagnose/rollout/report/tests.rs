use rstest::rstest;

use super::*;
use crate::{
    diagnose::{
        MINUTE,
        builders::{ago, arn, crashed, deployment, now, web},
    },
    resource::{
        rollout::{BreakerSetting, Configuration, Hook, Rollback},
        service::TaskSet,
    },
};

/// A revision of `web`: requested, running, pending.
fn revision(number: u32, [requested, running, pending]: [i32; 3]) -> RolloutRevision {
    RolloutRevision {
        service_revision_arn: arn("service-revision", &format!("prod/web/{number}")),
        requested,
        running,
        pending,
        ..RolloutRevision::default()
    }
}

/// A rollout of `web` to revision 8 that began `age` seconds ago.
fn rollout(status: &str, age: i64) -> Rollout {
    Rollout {
        service_deployment_arn: arn("service-deployment", &format!("prod/web/r{age}")),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        status: Some(status.into()),
        created_at: ago(age),
        started_at: ago(age),
        target: Some(revision(8, [4, 2, 1])),
        sources: vec![revision(7, [2, 2, 0])],
        ..Rollout::default()
    }
}

fn ended(status: &str, age: i64, took: i64) -> Rollout {
    Rollout { finished_at: ago(age - took), ..rollout(status, age) }
}

/// A service in that rollout, with `web:8` as one of its deployments.
fn service(rollout: &Rollout, failed: i32) -> Service {
    let new = Deployment { failed_tasks: failed, ..deployment(8, "IN_PROGRESS", [4, 2, 1], 90) };
    let old = Deployment { status: Some("ACTIVE".into()), ..deployment(7, "COMPLETED", [2, 2, 0], 9_000) };
    Service {
        deployments: vec![new, old],
        current_service_deployment: Some(rollout.service_deployment_arn.clone()),
        rollout: Some(Box::new(rollout.clone())),
        ..web(4)
    }
}

/// The lines of a report, with `Label: value` for fields.
fn lines(row: &dyn Row, others: &[&dyn Row]) -> Vec<String> {
    let known = Known::of([row].into_iter().chain(others.iter().copied()), now());
    let text = |spans: &[Span]| spans.iter().map(|(text, _)| text.as_str()).collect::<String>();
    let line = |line: &DocumentLine| match line {
        DocumentLine::Field { label, value } => format!("{label}: {}", text(value)),
        DocumentLine::Bar { label, bar, text: after } => {
            let cells: String = bar.cells().into_iter().map(|(cells, _)| cells).collect();
            format!("{label}: {} {}", cells.trim_end(), text(after))
        }
        DocumentLine::Text { spans, .. } => text(spans),
        DocumentLine::Check { question, .. } => (*question).to_owned(),
    };
    rollout_report(row, &known).sections.iter().flat_map(|section| &section.lines).map(line).collect()
}

/// The value of `label`.
fn field(lines: &[String], label: &str) -> String {
    let found = lines.iter().find_map(|line| line.strip_prefix(&format!("{label}: ")));
    found.unwrap_or("-").to_owned()
}

#[test]
fn old_and_new_have_proportional_bars_with_names() {
    let rollout = rollout("IN_PROGRESS", 90);
    let lines = lines(&service(&rollout, 0), &[]);
    assert_eq!(field(&lines, "Status"), "in progress for 1m30s");
    assert_eq!(field(&lines, "New"), "██████▒▒▒░░░ web:8: 2 of 4 running, 1 pending");
    assert_eq!(field(&lines, "Old"), "██████ web:7: 2 of 2 running");
}

#[test]
fn the_service_is_sufficient_without_other_permissions() {
    let denied = Service { rollout: None, ..service(&rollout("IN_PROGRESS", 90), 0) };
    let lines = lines(&denied, &[]);
    assert_eq!(field(&lines, "Status"), "in progress for 1m30s");
    assert_eq!(field(&lines, "New"), "██████▒▒▒░░░ web:8: 2 of 4 running, 1 pending");
}

#[rstest]
#[case::as_by_default(None, None, "3 of 10 failures, then ECS rolls back (50 % of the desired count, 3 to 200)")]
#[case::count(Some("COUNT"), Some(10), "3 of 10 failures, then ECS rolls back")]
#[case::unbounded(
    Some("UNBOUNDED_PERCENT"),
    Some(200),
    "3 of 10 failures, then ECS rolls back (200 % of the desired count)"
)]
fn the_circuit_breaker_shows_count_and_threshold(
    #[case] kind: Option<&str>,
    #[case] value: Option<i32>,
    #[case] expected: &str,
) {
    let setting = BreakerSetting {
        enabled: true,
        rolls_back: true,
        resets: true,
        threshold_type: kind.map(str::to_owned),
        threshold_value: value,
    };
    let counting = Rollout {
        breaker: Some(BreakerCount { failures: 3, threshold: 10, triggered: false }),
        configuration: Configuration { breaker: Some(setting), ..Configuration::default() },
        ..rollout("IN_PROGRESS", 10 * MINUTE)
    };
    let failed = [40, 60, 80].map(|age| crashed(&format!("t{age}"), 8, 1, age));
    let failed: Vec<&dyn Row> = failed.iter().map(|task| task as &dyn Row).collect();
    let lines = lines(&service(&counting, 3), &failed);
    assert_eq!(field(&lines, "Circuit breaker"), format!("{expected}; a healthy task sets the count back to 0"));
    assert_eq!(field(&lines, "It trips"), "in about 2m20s: 7 failures left, one every 20s");
    assert!(lines.iter().any(|line| line.starts_with("3x application error")), "{lines:?}");
}

#[test]
fn an_estimate_shows_its_basis_and_is_absent_for_failing_rollouts() {
    let running = rollout("IN_PROGRESS", 90);
    let earlier = [ended("SUCCESSFUL", 9_000, 240), ended("SUCCESSFUL", 8_000, 120), ended("SUCCESSFUL", 7_000, 180)];
    let stopped = ended("STOPPED", 6_000, 5);
    let others: Vec<&dyn Row> = earlier.iter().chain([&stopped]).map(|it| it as &dyn Row).collect();
    assert_eq!(field(&lines(&service(&running, 0), &others), "Usually"), "the last 3 took 2m to 4m: about 1m30s to go");
    assert_eq!(field(&lines(&service(&running, 2), &others), "Usually"), "the last 3 took 2m to 4m");
    let long = rollout("IN_PROGRESS", 500);
    let usually = field(&lines(&service(&long, 0), &others), "Usually");
    assert_eq!(usually, "the last 3 took 2m to 4m: this one takes longer");
    let lines = lines(&service(&running, 0), &others);
    assert!(lines.iter().any(|line| line.contains("stopped after 5s")), "{lines:?}");
}

#[test]
fn stage_traffic_and_the_decision_of_a_blue_green_rollout() {
    let hook = Hook { status: Some("AWAITING_ACTION".into()), expires_at: ago(-600), ..Hook::default() };
    let weighted = |number, weight| RolloutRevision { production_weight: Some(weight), ..revision(number, [4, 4, 0]) };
    let paused = Rollout {
        lifecycle_stage: Some("POST_TEST_TRAFFIC_SHIFT".into()),
        hooks: vec![hook],
        target: Some(weighted(8, 0.0)),
        sources: vec![weighted(7, 100.0)],
        configuration: Configuration { strategy: Some("BLUE_GREEN".into()), ..Configuration::default() },
        ..rollout("IN_PROGRESS", 900)
    };
    let lines = lines(&service(&paused, 0), &[]);
    assert_eq!(field(&lines, "Status"), "paused for 15m");
    assert!(field(&lines, "Hook").ends_with("rolls back automatically in 10m"), "{lines:?}");
    let stage = "post test traffic shift (6 of 11), then pre production traffic shift";
    assert_eq!(field(&lines, "Stage"), stage);
    assert_eq!(field(&lines, "Traffic"), "production 0 % web:8, 100 % web:7");
}

#[test]
fn a_rolled_back_rollout_shows_reason_and_target() {
    let back = Rollback {
        reason: Some("Service deployment rolled back because of 3 failed tasks.".into()),
        service_revision_arn: Some(arn("service-revision", "prod/web/7")),
        ..Rollback::default()
    };
    let over = Rollout { rollback: Some(back), ..ended("ROLLBACK_SUCCESSFUL", 900, 300) };
    let lines = lines(&over, &[&web(4)]);
    assert_eq!(field(&lines, "Status"), "rolled back after 5m");
    assert_eq!(field(&lines, "Back to"), "web:7");
    assert!(field(&lines, "Reason").contains("3 failed tasks"));
}

#[test]
fn a_rollback_under_way_counts_from_its_own_start() {
    let back = Rollback { started_at: ago(10), ..Rollback::default() };
    let rolling_back =
        Rollout { rollback: Some(back), sources: vec![revision(7, [0, 0, 0])], ..rollout("ROLLBACK_IN_PROGRESS", 90) };
    let lines = lines(&rolling_back, &[]);
    assert_eq!(field(&lines, "Status"), "rolling back for 10s");
    assert!(field(&lines, "Old").ends_with(": no tasks left"), "{lines:?}");
}

#[rstest]
#[case([0, 0, 4], "░░░░░░░░░░░░")]
#[case([0, 1, 400], "▒░░░░░░░░░░░")]
#[case([4, 0, 4], "████████████")]
#[case([1, 0, 400], "█░░░░░░░░░░░")]
#[case([0, 0, 0], "")]
fn a_bar_shows_even_small_numbers(#[case] counts: [i32; 3], #[case] expected: &str) {
    let drawn: String = bar(counts, counts[2].max(1), Tone::Good).cells().into_iter().map(|(cells, _)| cells).collect();
    assert_eq!((drawn.trim_end(), drawn.chars().count()), (expected, 12));
}

/// CodeDeploy shifts `web` from one task set to another.
#[test]
fn the_task_sets_of_another_controller_are_listed_with_the_primary_first() {
    let set = |status: &str, number: u32, counts: [i32; 3], stability: &str| TaskSet {
        id: format!("ecs-svc/{number}"),
        status: Some(status.into()),
        task_definition: Some(arn("task-definition", &format!("web:{number}"))),
        external_id: Some(format!("d-{number}")),
        started_by: Some("CODE_DEPLOY".into()),
        scale: Some("100 %".into()),
        computed_desired_count: counts[0],
        running_count: counts[1],
        pending_count: counts[2],
        stability_status: Some(stability.into()),
        stability_status_at: ago(180),
        created_at: ago(600),
    };
    let service = Service {
        deployment_controller: Some("CODE_DEPLOY".into()),
        deployments: Vec::new(),
        task_sets: vec![set("ACTIVE", 8, [4, 1, 2], "STABILIZING"), set("PRIMARY", 7, [4, 4, 0], "STEADY_STATE")],
        ..web(4)
    };
    let lines = lines(&service, &[]);
    assert_eq!(field(&lines, "Controller"), "CodeDeploy");
    assert_eq!(field(&lines, "Primary"), "████████████ web:7: 4 of 4 running; scale 100 %; steady for 3m");
    assert_eq!(
        field(&lines, "Active"),
        "███▒▒▒▒▒▒░░░ web:8: 1 of 4 running, 2 pending; scale 100 %; stabilizing for 3m"
    );
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
    assert!(at("Primary") < at("Active"));
    assert_eq!(lines[at("Active") + 1], "d-8 (ecs-svc/8), started by CODE_DEPLOY");
}
