//! Differences of revisions: from the key on each kind of row to the lines on screen, and `ecsight diff`.

use ecsight::demo::Options;
use rstest::rstest;

use crate::support::{
    aws::Aws,
    console::{User, run_console},
};

const WIDE: (u16, u16) = (120, 30);
const NARROW: (u16, u16) = (80, 24);

/// Opens the services of prod, with only `name` in the table.
async fn service(user: &mut User, name: &str) {
    user.keys(&format!(":services prod /^{name}\r"));
    user.wait_for("[1/").await;
}

fn calls(user: &User, operation: &str) -> usize {
    user.endpoint.requests().iter().filter(|request| request.operation == operation).count()
}

#[rstest]
#[case::wide(WIDE)]
#[case::narrow(NARROW)]
#[tokio::test(start_paused = true)]
async fn a_service_shows_what_its_last_change_was(#[case] size: (u16, u16)) {
    run_console(size, Options::default(), async |mut user| {
        service(&mut user, "payments").await;
        let before = calls(&user, "DescribeTaskDefinition");
        user.keys("v");
        user.wait_for("Diff service payments").await;
        user.wait_for("--- payments:3").await;
        user.wait_for("+++ payments:4").await;
        user.wait_for("+ secrets.ACQUIRER_API_KEY").await;
        assert_eq!(calls(&user, "DescribeTaskDefinition"), before + 2);
        let shown = user.shown().text;
        assert!(!shown.contains("logConfiguration") && shown.contains("more lines are the same"), "{shown}");
        user.keys("m");
        user.wait_for("networkMode").await;
        user.keys("m");
        user.wait_until_gone("networkMode").await;
        // The same key goes back.
        user.keys("v");
        user.wait_for("Services(prod)").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_beside_each_other_where_there_is_room() {
    run_console(WIDE, Options::default(), async |mut user| {
        service(&mut user, "ranking").await;
        user.keys("v");
        user.wait_for("- cpu").await;
        user.keys("\t");
        user.wait_until("one line a field", |shown| {
            shown.lines().any(|line| line.contains("~ cpu") && line.contains("1024") && line.contains("4096"))
        })
        .await;
        user.keys("\t");
        user.wait_for("- cpu").await;
    })
    .await;
    run_console(NARROW, Options::default(), async |mut user| {
        service(&mut user, "ranking").await;
        user.keys("v");
        user.wait_for("- cpu").await;
        user.keys("\t");
        user.wait_for("side by side takes 110 columns; this terminal has 80").await;
        user.wait_for("- cpu").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_compared_with_what_its_service_deploys() {
    run_console(NARROW, Options::default(), async |mut user| {
        user.keys(":tasks prod /ranking\r");
        user.wait_for("running").await;
        user.keys("v");
        user.wait_for("--- ranking:3").await;
        user.wait_for("+++ ranking:4").await;
        user.wait_for("- cpu").await;
        user.keys("\x1b:containers prod /ranking\r");
        user.wait_for("Containers(prod").await;
        user.wait_for("ranking").await;
        user.keys("v");
        user.wait_for("+++ ranking:4").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_service_is_compared_with_its_family() {
    run_console(NARROW, Options::default(), async |mut user| {
        user.keys(":tasks batch /model-training\r");
        user.wait_for("running").await;
        user.keys("v");
        user.wait_for("+++ model-training:1").await;
        user.wait_for("no differences").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn revisions_are_compared_with_the_one_before_or_with_each_other() {
    run_console(NARROW, Options::default(), async |mut user| {
        service(&mut user, "ranking").await;
        user.keys("t");
        user.wait_for("Revisions(").await;
        user.wait_for("ranking:1").await;
        user.keys("gv");
        user.wait_for("--- ranking:3").await;
        user.wait_for("+++ ranking:4").await;
        user.keys("\x1b");
        user.wait_for("Revisions(").await;
        user.keys("g   v");
        user.wait_for("3 rows are marked; two are compared").await;
        user.keys("gj ");
        user.keys("v");
        user.wait_for("Diff revision ranking:4 and ranking:2").await;
        user.wait_for("--- ranking:2").await;
        user.wait_for("+++ ranking:4").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rollouts_and_deployments_are_compared_with_what_they_replace() {
    run_console(NARROW, Options::default(), async |mut user| {
        service(&mut user, "search-api").await;
        user.keys("zz");
        user.wait_for("Rollouts(search-api)").await;
        user.wait_for("successful").await;
        user.keys("gv");
        user.wait_for("- image").await;
        user.wait_for("- imageDigest").await;
        user.keys("\x1b:deployments prod /search-api\r");
        user.wait_for("Deployments(prod").await;
        user.wait_for("search-api").await;
        user.keys("v");
        user.wait_for("+++ search-api").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_service_revisions_task_definitions_are_compared() {
    let faults = ["deny:ListServiceDeployments", "deny:DescribeServiceRevisions"];
    let faults = faults.map(|fault| fault.parse().expect("a fault")).into();
    run_console(NARROW, Options { faults, ..Options::default() }, async |mut user| {
        service(&mut user, "payments").await;
        user.keys("v");
        user.wait_for("--- payments:3").await;
        user.wait_for("+ secrets.ACQUIRER_API_KEY").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_can_not_be_read_says_why_and_is_asked_for_again() {
    run_console(NARROW, Options::default(), async |mut user| {
        service(&mut user, "payments").await;
        user.add_fault("deny:DescribeTaskDefinition#1");
        user.keys("v");
        user.wait_for("ecs:DescribeTaskDefinition").await;
        user.keys("\x12");
        user.wait_for("+ secrets.ACQUIRER_API_KEY").await;
    })
    .await;
}

#[rstest]
#[case::two_revisions(&["ranking:3", "ranking:4"], 1, &["--- ranking:3", "+++ ranking:4", "- cpu", "+ cpu"])]
#[case::one_revision(&["ranking:4"], 1, &["--- ranking:3", "+++ ranking:4"])]
#[case::a_service(&["payments", "-c", "prod"], 1, &["--- payments:3", "+++ payments:4", "+ secrets.ACQUIRER_API_KEY"])]
#[case::a_revision_and_a_service(&["ranking:4", "ranking", "-c", "prod"], 0, &["no differences"])]
#[case::no_differences(&["ranking:4", "ranking:4"], 0, &["no differences"])]
#[case::all_lines(&["ranking:4", "ranking:4", "--all"], 0, &["no differences", "networkMode"])]
fn the_command_prints_what_differs(#[case] args: &[&str], #[case] code: i32, #[case] expected: &[&str]) {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&[&["diff"], args].concat());
    assert_eq!((answer.code, answer.err.as_str()), (Some(code), ""), "{}", answer.out);
    for part in expected {
        assert!(answer.out.contains(part), "{part:?} is not in: {}", answer.out);
    }
}

#[rstest]
#[case::unknown_revision(&["ranking:4", "ranking:999"], "Unable to describe task definition")]
#[case::first_revision(&["ranking:1"], "ranking:1 has no earlier revision; name two")]
#[case::no_number(&["ranking:x"], "expected FAMILY:NUMBER")]
#[case::unknown_service(&["rankin", "-c", "prod"], "did you mean ranking")]
#[case::unknown_format(&["ranking:4", "-o", "yaml"], "[possible values: text, json]")]
fn what_can_not_be_compared_is_exit_code_2(#[case] args: &[&str], #[case] message: &str) {
    let answer = Aws::incident_now(&[]).run(&[&["diff"], args].concat());
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{}", answer.err);
    assert!(answer.err.contains(message), "{}", answer.err);
}

#[test]
fn the_json_has_fields_of_both_sides_and_no_secret() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["diff", "payments", "-c", "prod", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!((json["old"].as_str(), json["new"].as_str()), (Some("payments:3"), Some("payments:4")));
    let sections = json["sections"].as_array().expect("a list");
    let lines: Vec<_> = sections.iter().flat_map(|section| section["lines"].as_array().expect("lines")).collect();
    assert_eq!(json["differences"], lines.len());
    let secret = lines.iter().find(|line| line["field"] == "secrets.ACQUIRER_API_KEY").expect("the new secret");
    assert_eq!((secret["old"].is_null(), secret["same"].as_bool()), (true, Some(false)));
}
