//! `ecsight why` of the built binary: every planted fault of the incident, and rows without a problem.

use std::{io::Write, process::Stdio, sync::LazyLock};

use ecsight::demo::{Endpoint, Options, world::World};
use rstest::rstest;
use serde_json::Value;

use crate::{
    cli::{Answer, Home},
    support::aws::{Aws, START_MS},
};

/// The incident, with the clock at the start of the first test.
static INCIDENT: LazyLock<Aws> = LazyLock::new(|| Aws::incident_now(&[]));

/// JSON output of `ecsight why ARGS`, and its exit code.
fn why(args: &[&str]) -> (Value, Option<i32>) {
    let answer = INCIDENT.run(&[&["why"], args, &["-o", "json"]].concat());
    assert_eq!(answer.err, "", "{args:?}");
    (serde_json::from_str(&answer.out).expect("JSON"), answer.code)
}

/// The JSON output as one text.
fn words(answer: &Value) -> String {
    answer.to_string().to_lowercase()
}

/// Every planted fault: name of the row, problem, rule of its cause, and words in the explanation.
#[rstest]
#[case::memory("checkout", "crash loop", "STOP-OOM", &["memory", "app", "137"])]
#[case::target_health("search-api", "", "", &["502"])]
#[case::image_tag("recommendations", "", "", &["1.20.0-rc1", "image"])]
#[case::denied_secret("payments", "", "", &["acquirer-api-key", "secretsmanager:getsecretvalue"])]
#[case::failing_rollout("orders-api", "rollout failing", "", &["connection refused", "of 20"])]
#[case::pause("catalog", "needs approval", "", &["continue", "roll it back"])]
#[case::no_room("ranking", "can't be placed", "", &["cpu"])]
#[case::deadlock("cms-staging", "rollout stuck", "", &["100"])]
#[case::health_check("feature-flags", "", "STOP-HEALTHCHECK", &["health check"])]
#[case::entrypoint("docs-staging", "", "", &["/app/entrypoint.sh"])]
#[case::image("geocoder-staging", "", "", &["image", "main-c3d98e0"])]
fn a_planted_fault_is_explained(
    #[case] service: &str,
    #[case] problem: &str,
    #[case] rule: &str,
    #[case] expected: &[&str],
) {
    let (answer, code) = why(&[service]);
    let list = |what: &str, key: &str| -> Vec<String> {
        let items = answer[what].as_array().expect("a list").iter();
        items.filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    };
    let (problems, rules) = (list("findings", "problem"), list("verdicts", "rule"));
    assert!(problem.is_empty() || problems.iter().any(|found| found == problem), "{problem} is not in {answer:#}");
    assert!(rule.is_empty() || rules.iter().any(|found| found == rule), "{rule} is not in {answer:#}");
    let words = words(&answer);
    for part in expected {
        assert!(words.contains(part), "{part:?} is not in {answer:#}");
    }
    assert_eq!(code, Some(1), "{answer:#}");
}

#[rstest]
#[case("web")]
#[case("api-gateway")]
#[case("node-agent")]
#[case::deploys_well("pricing")]
#[case::nothing_wanted("mailer-staging")]
#[case::batch("queue-worker")]
#[case::spot("image-resizer")]
fn a_healthy_service_has_no_findings(#[case] service: &str) {
    let (answer, code) = why(&[service]);
    assert_eq!(code, Some(0), "{answer:#}");
    let findings = answer["findings"].as_array().expect("a list");
    assert!(findings.iter().all(|finding| finding["problem"] == "notice"), "{answer:#}");
}

/// Rows of a table as records by column name.
fn rows(args: &[&str]) -> Vec<Value> {
    let answer = INCIDENT.run(&[&["get"], args, &["-o", "json"]].concat());
    assert_eq!(answer.err, "");
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    json.as_object().and_then(|json| json.values().next()?.as_array().cloned()).expect("a list")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn a_spot_interruption_is_a_notice_not_a_fault() {
    let (answer, _) = why(&["image-resizer"]);
    assert!(words(&answer).contains("spot"), "{answer:#}");
}

#[test]
fn an_instance_without_its_agent_is_found_by_any_of_its_names() {
    let lost = rows(&["instances", "-c", "prod"]).into_iter().find(|row| row["agentConnected"] == false).expect("one");
    let arn = text(&lost, "containerInstanceArn");
    let id = arn.rsplit('/').next().expect("an id");
    for name in [arn, id, &id[..8], text(&lost, "ec2InstanceId")] {
        let (answer, code) = why(&[name]);
        assert_eq!((code, &answer["subject"]["arn"]), (Some(1), &lost["containerInstanceArn"]));
        assert_eq!(answer["findings"][0]["problem"], "agent disconnected", "{answer:#}");
    }
}

#[test]
fn a_standalone_task_blocks_a_drain() {
    let held = rows(&["instances", "-c", "batch"]).into_iter().find(|row| row["status"] == "DRAINING").expect("one");
    let (answer, code) = why(&[text(&held, "ec2InstanceId")]);
    assert_eq!((code, &answer["findings"][0]["problem"]), (Some(1), &"drain stuck".into()), "{answer:#}");
    assert!(words(&answer).contains("model-training") && words(&answer).contains("standalone"), "{answer:#}");
}

/// Newest stopped task of a group for which `found` holds.
fn stopped(cluster: &str, group: &str, found: fn(&Value) -> bool) -> Value {
    let tasks = rows(&["tasks", "-c", cluster, "--status", "stopped", "--sort", "stopped"]);
    tasks.into_iter().find(|task| text(task, "group") == group && found(task)).expect("such a task")
}

#[test]
fn only_a_failed_batch_task_has_a_problem() {
    let well = stopped("batch", "family:nightly-report", |task| task["containers"][0]["exitCode"] == 0);
    let (answer, code) = why(&[text(&well, "taskArn")]);
    assert_eq!((code, &answer["verdicts"][0]["class"]), (Some(0), &"normal".into()), "{answer:#}");

    let badly = stopped("batch", "family:invoice-export", |task| task["containers"][0]["exitCode"] != 0);
    let (answer, code) = why(&[text(&badly, "taskArn")]);
    assert_eq!((code, &answer["verdicts"][0]["class"]), (Some(1), &"failure".into()), "{answer:#}");
}

#[test]
fn a_refused_volume_names_the_role() {
    let task = stopped("batch", "family:backfill", |_| true);
    let (answer, code) = why(&[text(&task, "taskArn")]);
    assert_eq!(code, Some(1));
    assert!(words(&answer).contains("ecs-infrastructure"), "{answer:#}");
}

#[test]
fn a_task_killed_after_its_stop_timeout_is_explained() {
    let deaf = |task: &Value| task["containers"][0]["exitCode"] == 137;
    let task = stopped("staging", "service:legacy-admin", deaf);
    let (answer, code) = why(&[text(&task, "taskArn")]);
    assert_eq!(code, Some(0), "a rollout replaced it: {answer:#}");
    assert!(words(&answer).contains("when asked to"), "{answer:#}");
}

#[test]
fn the_explanation_of_a_crash_has_the_last_log_lines() {
    let task = stopped("prod", "service:orders-api", |task| task["containers"][0]["exitCode"] == 1);
    let answer = INCIDENT.run(&["why", text(&task, "taskArn"), "--region", "eu-west-1"]);
    assert!(answer.out.contains("connection refused"), "{}", answer.out);
    assert!(!answer.out.contains('\u{1b}'), "a pipe gets no colours");
}

/// Keys of a JSON answer.
const KEYS: [&str; 7] = ["commands", "findings", "gaps", "log", "subject", "targets", "verdicts"];

fn keys(answer: &Value) -> Vec<&String> {
    answer.as_object().expect("an object").keys().collect()
}

#[test]
fn the_answer_has_the_same_keys_for_every_subject() {
    for name in ["web", "checkout"] {
        let (answer, _) = why(&[name, "--cluster", "prod"]);
        assert_eq!(keys(&answer), KEYS);
        assert_eq!((&answer["subject"]["kind"], &answer["subject"]["name"]), (&"service".into(), &name.into()));
    }
    let (answer, _) = why(&["checkout"]);
    let verdict = answer["verdicts"].as_array().and_then(|verdicts| verdicts.first()).expect("a verdict");
    for key in ["rule", "class", "cause", "certainty", "evidence", "next", "container", "exitCode", "command", "page"] {
        assert!(!verdict[key].is_null(), "{key}: {verdict:#}");
    }
    assert!(verdict["evidence"][0]["field"].is_string() && verdict["evidence"][0]["text"].is_string());
}

#[test]
fn markdown_has_headings_and_a_fenced_command() {
    let answer = INCIDENT.run(&["why", "checkout", "-o", "markdown"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(1), ""));
    assert!(answer.out.starts_with("# service checkout in prod\n\n## Findings\n\n- crash loop"), "{}", answer.out);
}

#[rstest]
#[case(&["why", "checkuot"], &["`checkuot`", "did you mean checkout"])]
#[case(&["why", "checkuot", "-c", "prod"], &["`checkuot` in prod", "did you mean checkout"])]
#[case(&["why", "web", "-c", "missing"], &["unknown cluster `missing`", "prod"])]
#[case(&["why", "0123abcd"], &["`0123abcd`"])]
#[case(&["why", "arn:aws:ecs:eu-west-1:123456789012:task/prod/00000000000000000000000000000000"], &["no task", "after an hour"])]
#[case(&["report", "checkuot"], &["no service `checkuot`", "did you mean checkout"])]
fn an_unknown_name_is_exit_code_1(#[case] args: &[&str], #[case] expected: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{answer:?}");
    for part in expected {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}

#[rstest]
#[case(&["why", "arn:aws:ecs:eu-west-1:123456789012:service/prod/web", "-c", "batch"], &["--cluster batch", "prod"])]
#[case(&["why", "arn:aws:s3:::bucket"], &["arn:aws:s3:::bucket", "is not an ECS service, task or container instance"])]
#[case(&["why"], &["<NAME>"])]
#[case(&["why", "web", "--message", "text"], &["--message"])]
#[case(&["why", "--message", " "], &["--message", "the text is empty"])]
fn an_argument_that_cannot_be_explained_is_exit_code_2(#[case] args: &[&str], #[case] expected: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for part in expected {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}

#[test]
fn a_refused_row_is_exit_code_2_and_refused_evidence_is_a_gap() {
    let denied = Aws::incident_now(&["deny:DescribeServices"]).run(&["why", "web", "-c", "prod"]);
    assert_eq!((denied.code, denied.out.as_str()), (Some(2), ""));
    assert!(denied.err.contains("ecs:DescribeServices"), "{}", denied.err);

    let partly = Aws::incident_now(&["deny:GetLogEvents", "deny:ListTasks"]);
    let answer = partly.run(&["why", "checkout", "-c", "prod", "-o", "json"]);
    let answer: Value = serde_json::from_str(&answer.out).expect("JSON");
    let gaps = answer["gaps"].to_string();
    assert!(gaps.contains("ecs:ListTasks"), "{gaps}");
}

#[test]
fn an_ambiguous_name_lists_its_meanings() {
    let aws = Aws::on(Endpoint::with_world(World::sized(2, 1, 1, START_MS), Options::default()));
    let answer = aws.run(&["why", "service-0000"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(answer.err.contains("--cluster") && answer.err.matches("arn:aws:ecs:").count() == 2, "{}", answer.err);
}

/// Explains a message without credentials, Region or network.
fn explain_message(args: &[&str]) -> Answer {
    Home::new().run(&[&["why"], args].concat())
}

#[rstest]
#[case(&["--message", "Essential container in task exited", "--exit-code", "137"], 1, "The container was killed")]
#[case(&["--message", "OutOfMemoryError: Container killed due to memory usage"], 1, "out of memory")]
#[case(&["--message", "Scaling activity initiated by (deployment ecs-svc/1)"], 0, "normal")]
#[case(&["--message", "(service web) has reached a steady state."], 0, "")]
#[case(&["--stop-code", "SpotInterruption"], 1, "Spot")]
#[case(&["--exit-code", "0"], 0, "")]
#[case(&["--exit-code", "-1"], 1, "")]
#[case(&["--message", "the cat ate it"], 1, "unknown message: the cat ate it")]
fn a_message_is_explained_without_an_account(#[case] args: &[&str], #[case] code: i32, #[case] words: &str) {
    let answer = explain_message(args);
    assert_eq!((answer.code, answer.err.as_str()), (Some(code), ""), "{}", answer.out);
    assert!(answer.out.contains(words), "{words:?} is not in: {}", answer.out);
}

#[test]
fn a_message_may_come_from_a_pipe() {
    let mut command = Home::new().command(&["why", "--message", "-", "-o", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all("OutOfMemoryError:\n Container killed due to memory usage\n".as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &answer["verdicts"][0]["rule"]), (Some(1), &"STOP-OOM".into()), "{answer:#}");
    assert_eq!(keys(&answer), KEYS);
}

/// Report of a service.
fn report(service: &str) -> String {
    let answer = INCIDENT.run(&["report", service, "--cluster", "prod"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    answer.out
}

#[test]
fn a_report_has_state_findings_causes_failures_timeline_and_last_log_lines() {
    let report = report("orders-api");
    let headings: Vec<&str> = report.lines().filter(|line| line.starts_with('#')).collect();
    let [title, state, findings, why, cause, failures, timeline, log] = headings.as_slice() else {
        panic!("other headings: {headings:#?}")
    };
    assert_eq!(
        [*title, *state, *findings, *why, *failures, *timeline],
        [
            "# Incident report: service orders-api in prod",
            "## State",
            "## Findings",
            "## Why",
            "## Failures of the last 6h",
            "## Timeline",
        ]
    );
    assert!(cause.starts_with("### ") && cause.contains("app (1)"), "{cause}");
    assert!(log.starts_with("## Last log lines of app (task "), "{log}");
    for part in ["rollout failing", "| orders-api:4 | 1 |", "deployment begun", "rolling back", "connection refused"] {
        assert!(report.contains(part), "{part:?} is not in {report}");
    }
    assert!(!report.contains('\u{1b}'));
}

#[test]
fn the_report_of_a_healthy_service_is_short() {
    let report = report("web");
    assert!(report.contains("found no problems") && !report.contains("## Why"), "{report}");
    assert!(!report.contains("## Failures"), "{report}");
}

#[rstest]
#[case(&["report", "arn:aws:ecs:eu-west-1:123456789012:task/prod/0123456789abcdef0123456789abcdef"], &["is not a service"])]
#[case(&["report", "web", "--since", "soon"], &["--since", "`soon`", "6h"])]
#[case(&["report"], &["<SERVICE>"])]
fn a_subject_that_cannot_be_reported_is_named(#[case] args: &[&str], #[case] expected: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for part in expected {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}
