//! Changes of the built binary without a screen: what is refused before anything is sent, what is sent, and how it ends.

use ecsight::demo::{Endpoint, Options};
use rstest::rstest;

use crate::{
    cli::Answer,
    support::{aws::Aws, requests::mutating},
};

/// Changes that the embedded AWS has seen.
fn sent(aws: &Aws) -> Vec<String> {
    mutating(&aws.endpoint)
}

/// An account whose time passes `speed` times as fast as real time.
fn fast(speed: f64, faults: &[&str]) -> Aws {
    let faults = faults.iter().map(|spec| spec.parse().expect("a fault")).collect();
    Aws::on(Endpoint::new(Options { speed, faults, ..Options::default() }))
}

#[rstest]
#[case::read_only(&["restart", "auth-staging", "--yes"], 2, "staging is read-only")]
#[case::read_only_in_production(&["restart", "auth", "--yes"], 2, "prod (PROD) is read-only")]
#[case::unconfirmed(&["restart", "auth-staging", "--write"], 2, "add --yes")]
#[case::production(&["restart", "auth", "--write", "--yes"], 2, "add --i-mean auth")]
#[case::the_name_of_another(&["restart", "auth", "--write", "--yes", "--i-mean", "web"], 2, "add --i-mean auth")]
#[case::for_good(&["scale", "auth-staging", "0", "--write", "--yes"], 2, "add --i-mean auth-staging")]
#[case::nothing_to_do(&["scale", "auth-staging", "1", "--write", "--yes"], 1, "has 1 task already")]
#[case::no_count(&["scale", "auth-staging", "many", "--write", "--yes"], 2, "invalid count `many`")]
#[case::no_revision(&["rollback", "auth-staging", "x", "--write", "--yes"], 2, "invalid revision `x`")]
#[case::no_tag(&["tag", "auth-staging", "team", "--write", "--yes"], 1, "expected KEY=VALUE")]
#[case::reserved_tag(&["tag", "auth-staging", "aws:x=y", "--write", "--yes"], 1, "reserved for AWS")]
#[case::no_such_tag(&["tag", "auth-staging", "--remove", "x", "--write", "--yes"], 1, "has no tag `x`")]
#[case::both_ways(&["tag", "auth-staging", "a=b", "--remove", "x"], 2, "cannot be used with")]
#[case::tag_of_nothing(&["tag", "cluster/stagign", "a=b", "--write", "--yes"], 1, "did you mean staging")]
#[case::deregister_unconfirmed(&["deregister", "ranking:1", "--write", "--yes"], 2, "add --i-mean ranking:1")]
#[case::deregister_read_only(&["deregister", "ranking:1", "--yes"], 2, "ranking:1 is read-only")]
#[case::deregister_a_family(&["deregister", "ranking", "--write", "--yes"], 2, "expected FAMILY:NUMBER")]
#[case::deregister_unknown(&["deregister", "ranking:99", "--write", "--yes"], 1, "Unable to describe task definition")]
#[case::no_pause(&["approve", "auth-staging", "--write", "--yes"], 1, "is waiting for approval")]
#[case::unknown(&["restart", "atuh-staging", "--write", "--yes"], 1, "did you mean auth-staging")]
#[case::of_another_kind(&["stop", "auth-staging", "--write", "--yes"], 1, "there is no task `auth-staging`")]
fn what_is_not_allowed_is_refused_before_anything_is_sent(
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] message: &str,
) {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(args);
    assert_eq!(answer.code, Some(code), "{}", answer.err);
    assert!(answer.err.contains(message), "{}", answer.err);
    assert_eq!(sent(&aws), [""; 0]);
}

#[test]
fn a_dry_run_prints_the_request_and_sends_none() {
    let aws = Aws::incident_now(&[]);
    let Answer { code, out, .. } = aws.run(&["scale", "auth-staging", "+2", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("from 1 to 3: ECS starts 2 tasks"), "{out}");
    let command = "aws ecs update-service --cluster staging --service auth-staging --desired-count 3 --region eu-west-1 \
                   --endpoint-url http://127.0.0.1:";
    assert!(out.contains(command), "{out}");
    assert_eq!(sent(&aws), [""; 0]);
}

#[test]
fn scaling_says_what_auto_scaling_does_to_the_count() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["scale", "web", "12", "--dry-run"]);
    let limits = "auto scaling keeps it between 2 and 10: its next scaling activity brings a count of 12 back to 10";
    assert!(answer.out.contains(limits), "{}{}", answer.out, answer.err);
    assert_eq!(aws.endpoint.count("DescribeScalableTargets"), 1);
    let aws = Aws::incident_now(&["deny:DescribeScalableTargets"]);
    let answer = aws.run(&["scale", "auth-staging", "2", "--write", "--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("application-autoscaling:DescribeScalableTargets"), "{}", answer.out);
}

#[test]
fn an_empty_journal_says_so_and_where_it_would_be() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["journal"]);
    assert_eq!((answer.code, &*answer.out), (Some(0), ""));
    assert!(answer.err.contains("nothing was changed yet") && answer.err.contains("journal.jsonl"), "{}", answer.err);
}

#[test]
fn what_was_accepted_is_in_the_journal() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["scale", "auth-staging", "3", "--write", "--yes"]);
    assert_eq!((answer.code, sent(&aws)), (Some(0), vec!["UpdateService".to_owned()]), "{}", answer.err);
    let journal = aws.run(&["journal"]).out;
    let lines: Vec<&str> = journal.lines().collect();
    assert_eq!(lines.len(), 2, "{journal}");
    assert!(lines[0].contains("sent      scale service auth-staging in staging, by arn:aws:sts"), "{journal}");
    assert!(lines[0].contains(": aws ecs update-service --cluster staging --desired-count 3 "), "{journal}");
    assert!(lines[1].contains("accepted") && lines[1].ends_with("3 tasks desired now"), "{journal}");
    let json = aws.run(&["journal", "-o", "json", "--since", "1h"]).out;
    let last: serde_json::Value = serde_json::from_str(json.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["input"]["desiredCount"], 3);
}

#[test]
fn a_refused_change_is_exit_code_1_with_the_missing_action() {
    let aws = Aws::incident_now(&["deny:UpdateService"]);
    let answer = aws.run(&["restart", "auth-staging", "--write", "--yes"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("ecs:UpdateService"), "{}", answer.err);
    assert!(aws.run(&["journal"]).out.contains("refused"));
}

#[test]
fn a_change_is_waited_for_until_it_has_settled() {
    let aws = fast(60.0, &[]);
    let answer = aws.run(&["scale", "auth-staging", "2", "--write", "--yes", "--wait"]);
    assert_eq!(
        (answer.code, answer.out.lines().last()),
        (Some(0), Some("auth-staging: 2 tasks run")),
        "{}",
        answer.err
    );
    let answer = aws.run(&["restart", "auth-staging", "--write", "--yes", "--wait"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.ends_with("steady: 2 tasks of auth-staging:3 run\n"), "{}", answer.out);
}

#[rstest]
#[case("sh -c 'exit 3'", 3, "auth-staging:3: exit code 3")]
#[case("./manage.py migrate", 0, "auth-staging:3: exit code 0")]
fn the_exit_code_of_a_run_is_that_of_its_task(#[case] command: &str, #[case] code: i32, #[case] line: &str) {
    let aws = fast(60.0, &[]);
    let run = ["run", "auth-staging:3", "-c", "staging", "--command", command, "--write", "--yes", "--wait"];
    let answer = aws.run(&run);
    assert_eq!(answer.code, Some(code), "{}{}", answer.out, answer.err);
    assert!(answer.out.lines().last().is_some_and(|last| last.starts_with(line)), "{}", answer.out);
    assert_eq!(sent(&aws), ["RunTask"]);
}

#[test]
fn a_run_without_a_like_needs_one_service_of_the_family() {
    let aws = Aws::incident_now(&[]);
    let dry = aws.run(&["run", "auth-staging", "-c", "staging", "--env", "A=b", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert!(dry.out.contains("like service auth-staging") && dry.out.contains("app gets A"), "{}", dry.out);
    let none = aws.run(&["run", "nightly-report", "-c", "staging", "--dry-run"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("no service in staging runs nightly-report"), "{}", none.err);
    assert_eq!(sent(&aws), [""; 0]);
}

#[test]
fn a_drain_is_followed_until_the_instance_is_empty() {
    let aws = fast(60.0, &[]);
    let listed = aws.run(&["get", "instances", "-c", "prod", "-o", "csv"]).out;
    let names = listed.lines().skip(1).filter(|line| !line.contains("lost"));
    let names: Vec<&str> = names.filter_map(|line| line.split(',').next()).collect();
    let plan = |name: &str| aws.run(&["drain", name, "-c", "prod", "--dry-run"]).out;
    let free = |plan: &str| plan.contains("is a daemon: it stops last") && !plan.contains(" stays: ");
    let name = names.iter().find(|name| free(&plan(name))).expect("an instance without a task that stays");
    let drain = ["drain", name, "-c", "prod", "--write", "--yes", "--i-mean", name, "--wait", "--within", "60s"];
    let answer = aws.run(&drain);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    assert!(answer.out.ends_with(": empty\n"), "{}", answer.out);
}

#[test]
fn a_rollout_that_is_rolled_back_is_a_failure() {
    let aws = fast(60.0, &[]);
    let name = "orders-api";
    let rollback = aws.run(&["rollback", name, "--write", "--yes", "--i-mean", name]);
    assert_eq!(rollback.code, Some(0), "{}", rollback.err);
    let answer = aws.run(&["watch", name, "--until", "steady", "--within", "60s"]);
    assert_eq!(answer.code, Some(1), "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("rolled back"), "{}", answer.out);
}

#[test]
fn time_that_is_up_is_exit_code_3() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["watch", "payments", "--within", "1s"]);
    assert_eq!(answer.code, Some(3), "{}", answer.err);
    assert!(answer.err.contains("not done in time"), "{}", answer.err);
}

#[test]
fn a_revision_is_deregistered_with_a_list_of_who_runs_it() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["deregister", "ranking:4", "--write", "--yes", "--i-mean", "ranking:4"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("run by service ranking in prod"), "{}", answer.out);
    assert_eq!(sent(&aws), ["DeregisterTaskDefinition"]);
    let again = aws.run(&["deregister", "ranking:4", "--write", "--yes", "--i-mean", "ranking:4"]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("ranking:4 is deregistered already"), "{}", again.err);
}

#[rstest]
#[case("auth-staging", "service auth-staging in staging")]
#[case("cluster/staging", "cluster staging")]
#[case("ranking:1", "revision ranking:1")]
fn tags_are_set_and_removed(#[case] resource: &str, #[case] label: &str) {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["tag", resource, "owner=jo doe", "zone=blue", "--write", "--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains(&format!("Set tags: {label}\n  owner = jo doe is added")), "{}", answer.out);
    let answer = aws.run(&["tag", resource, "--remove", "owner", "--remove", "zone", "--write", "--yes"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("zone = blue is removed"), "{}", answer.out);
    assert_eq!(sent(&aws), ["TagResource", "UntagResource"]);
}

#[test]
fn of_several_targets_each_result_is_printed_and_the_worst_is_the_exit_code() {
    let aws = Aws::incident_now(&["deny-encoded:TagResource#1"]);
    let answer = aws.run(&["deregister", "ranking:1", "ranking:2", "--write", "--yes", "--i-mean", "ranking:1"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    assert_eq!(sent(&aws), [""; 0]);
    let answer = aws.run(&["tag", "auth-staging", "a=b", "--write", "--yes"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("not authorized to perform: ecs:TagResource"), "{}", answer.err);
    let tasks = aws.run(&["get", "tasks", "--cluster", "staging", "-o", "json"]).out;
    let tasks: serde_json::Value = serde_json::from_str(&tasks).expect("JSON");
    let arn = |index: usize| tasks["tasks"][index]["taskArn"].as_str().expect("an ARN").to_owned();
    let aws = Aws::incident_now(&["deny:StopTask#1"]);
    let answer = aws.run(&["stop", &arn(0), &arn(1), "--write", "--yes"]);
    assert_eq!(answer.code, Some(1), "{}", answer.err);
    assert!(answer.err.contains("ask for ecs:StopTask") && answer.err.contains("1 of 2 accepted"), "{}", answer.err);
}
