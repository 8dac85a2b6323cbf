//! `ecsight why`, the built binary: every fault that is planted in the incident, and what must raise no alarm.

use std::{io::Write, process::Stdio, sync::LazyLock};

use ecsight::demo::{Endpoint, Options, world::World};
use rstest::rstest;
use serde_json::Value;

use crate::{
    cli::{Answer, Home},
    support::aws::{Aws, START_MS},
};

/// The incident, as it stands when the first test looks at it.
static INCIDENT: LazyLock<Aws> = LazyLock::new(|| Aws::incident_now(&[]));

/// What `ecsight why ARGS` says, as data, and its exit code.
fn why(args: &[&str]) -> (Value, Option<i32>) {
    let answer = INCIDENT.run(&[&["why"], args, &["-o", "json"]].concat());
    assert_eq!(answer.err, "", "{args:?}");
    (serde_json::from_str(&answer.out).expect("JSON"), answer.code)
}

/// All that is said, in one text.
fn words(said: &Value) -> String {
    said.to_string().to_lowercase()
}

/// Every planted fault: who has it, the problem it is, the rule of its cause, and words that must be said.
#[rstest]
#[case::memory("checkout", "crash loop", "STOP-OOM", &["memory", "app", "137"])]
#[case::target_health("search-api", "", "", &["502"])]
#[case::image_tag("recommendations", "", "", &["1.20.0-rc1", "image"])]
#[case::denied_secret("payments", "", "", &["acquirer-api-key", "secretsmanager:getsecretvalue"])]
#[case::failing_rollout("orders-api", "rollout failing", "", &["connection refused", "of 20"])]
#[case::pause("catalog", "waits for you", "", &["continue", "roll it back"])]
#[case::no_room("ranking", "can't be placed", "", &["cpu"])]
#[case::deadlock("cms-staging", "rollout stuck", "", &["100"])]
#[case::health_check("feature-flags", "", "STOP-HEALTHCHECK", &["health check"])]
#[case::entrypoint("docs-staging", "", "", &["/app/entrypoint.sh"])]
#[case::image("geocoder-staging", "", "", &["image", "main-c3d98e0"])]
fn a_planted_fault_is_explained(
    #[case] service: &str,
    #[case] problem: &str,
    #[case] rule: &str,
    #[case] said: &[&str],
) {
    let (told, code) = why(&[service]);
    let list = |what: &str, key: &str| -> Vec<String> {
        let items = told[what].as_array().expect("a list").iter();
        items.filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    };
    let (problems, rules) = (list("findings", "problem"), list("verdicts", "rule"));
    assert!(problem.is_empty() || problems.iter().any(|found| found == problem), "{problem} is not in {told:#}");
    assert!(rule.is_empty() || rules.iter().any(|found| found == rule), "{rule} is not in {told:#}");
    let words = words(&told);
    for part in said {
        assert!(words.contains(part), "{part:?} is not in {told:#}");
    }
    assert_eq!(code, Some(1), "{told:#}");
}

#[rstest]
#[case("web")]
#[case("api-gateway")]
#[case("node-agent")]
#[case::deploys_well("pricing")]
#[case::nothing_wanted("mailer-staging")]
#[case::batch("queue-worker")]
#[case::spot("image-resizer")]
fn what_is_well_raises_no_alarm(#[case] service: &str) {
    let (told, code) = why(&[service]);
    assert_eq!(code, Some(0), "{told:#}");
    let findings = told["findings"].as_array().expect("a list");
    assert!(findings.iter().all(|finding| finding["problem"] == "notice"), "{told:#}");
}

/// Rows of a table, as records by column name.
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
fn spot_is_named_as_such_and_blamed_on_nobody() {
    let (told, _) = why(&["image-resizer"]);
    assert!(words(&told).contains("spot"), "{told:#}");
}

#[test]
fn an_instance_without_its_agent_is_found_by_any_of_its_names() {
    let lost = rows(&["instances", "-c", "prod"]).into_iter().find(|row| row["agentConnected"] == false).expect("one");
    let arn = text(&lost, "containerInstanceArn");
    let id = arn.rsplit('/').next().expect("an id");
    for name in [arn, id, &id[..8], text(&lost, "ec2InstanceId")] {
        let (told, code) = why(&[name]);
        assert_eq!((code, &told["subject"]["arn"]), (Some(1), &lost["containerInstanceArn"]));
        assert_eq!(told["findings"][0]["problem"], "agent gone", "{told:#}");
    }
}

#[test]
fn a_drain_is_held_by_a_standalone_task() {
    let held = rows(&["instances", "-c", "batch"]).into_iter().find(|row| row["status"] == "DRAINING").expect("one");
    let (told, code) = why(&[text(&held, "ec2InstanceId")]);
    assert_eq!((code, &told["findings"][0]["problem"]), (Some(1), &"drain stuck".into()), "{told:#}");
    assert!(words(&told).contains("model-training") && words(&told).contains("standalone"), "{told:#}");
}

/// The newest stopped task that `found` finds in a cluster.
fn stopped(cluster: &str, group: &str, found: fn(&Value) -> bool) -> Value {
    let tasks = rows(&["tasks", "-c", cluster, "--status", "stopped", "--sort", "stopped"]);
    tasks.into_iter().find(|task| text(task, "group") == group && found(task)).expect("such a task")
}

#[test]
fn a_batch_task_that_ended_well_raises_no_alarm_and_one_that_failed_does() {
    let well = stopped("batch", "family:nightly-report", |task| task["containers"][0]["exitCode"] == 0);
    let (told, code) = why(&[text(&well, "taskArn")]);
    assert_eq!((code, &told["verdicts"][0]["class"]), (Some(0), &"normal".into()), "{told:#}");

    let badly = stopped("batch", "family:invoice-export", |task| task["containers"][0]["exitCode"] != 0);
    let (told, code) = why(&[text(&badly, "taskArn")]);
    assert_eq!((code, &told["verdicts"][0]["class"]), (Some(1), &"failure".into()), "{told:#}");
}

#[test]
fn a_volume_that_is_refused_names_the_role() {
    let task = stopped("batch", "family:backfill", |_| true);
    let (told, code) = why(&[text(&task, "taskArn")]);
    assert_eq!(code, Some(1));
    assert!(words(&told).contains("ecs-infrastructure"), "{told:#}");
}

#[test]
fn a_task_that_had_to_be_killed_was_asked_to_end_and_did_not() {
    let deaf = |task: &Value| task["containers"][0]["exitCode"] == 137;
    let task = stopped("staging", "service:legacy-admin", deaf);
    let (told, code) = why(&[text(&task, "taskArn")]);
    assert_eq!(code, Some(0), "a rollout replaced it: {told:#}");
    assert!(words(&told).contains("when asked to"), "{told:#}");
}

#[test]
fn last_words_are_in_the_explanation_of_a_crash() {
    let task = stopped("prod", "service:orders-api", |task| task["containers"][0]["exitCode"] == 1);
    let answer = INCIDENT.run(&["why", text(&task, "taskArn"), "--region", "eu-west-1"]);
    assert!(answer.out.contains("connection refused"), "{}", answer.out);
    assert!(!answer.out.contains('\u{1b}'), "a pipe gets no colours");
}

/// What an answer is made of.
const KEYS: [&str; 7] = ["commands", "findings", "gaps", "log", "subject", "targets", "verdicts"];

fn keys(told: &Value) -> Vec<&String> {
    told.as_object().expect("an object").keys().collect()
}

#[test]
fn the_answer_has_the_same_keys_for_everything() {
    for name in ["web", "checkout"] {
        let (told, _) = why(&[name, "--cluster", "prod"]);
        assert_eq!(keys(&told), KEYS);
        assert_eq!((&told["subject"]["kind"], &told["subject"]["name"]), (&"service".into(), &name.into()));
    }
    let (told, _) = why(&["checkout"]);
    let verdict = told["verdicts"].as_array().and_then(|verdicts| verdicts.first()).expect("a verdict");
    for key in ["rule", "class", "cause", "certainty", "evidence", "next", "container", "exitCode", "command", "page"] {
        assert!(!verdict[key].is_null(), "{key}: {verdict:#}");
    }
    assert!(verdict["evidence"][0]["field"].is_string() && verdict["evidence"][0]["text"].is_string());
}

#[test]
fn markdown_is_for_a_ticket() {
    let answer = INCIDENT.run(&["why", "checkout", "-o", "markdown"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(1), ""));
    assert!(answer.out.starts_with("# service checkout in prod\n\n## Findings\n\n- crash loop"), "{}", answer.out);
}

#[rstest]
#[case(&["why", "checkuot"], &["`checkuot`", "did you mean checkout"])]
#[case(&["why", "checkuot", "-c", "prod"], &["`checkuot` in prod", "did you mean checkout"])]
#[case(&["why", "web", "-c", "nowhere"], &["unknown cluster `nowhere`", "prod"])]
#[case(&["why", "0123abcd"], &["`0123abcd`"])]
#[case(&["why", "arn:aws:ecs:eu-west-1:123456789012:task/prod/00000000000000000000000000000000"], &["no task", "after an hour"])]
#[case(&["report", "checkuot"], &["no service `checkuot`", "did you mean checkout"])]
fn what_there_is_not_is_exit_code_1(#[case] args: &[&str], #[case] said: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{answer:?}");
    for part in said {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}

#[rstest]
#[case(&["why", "arn:aws:ecs:eu-west-1:123456789012:service/prod/web", "-c", "batch"], &["--cluster batch", "prod"])]
#[case(&["why", "arn:aws:s3:::bucket"], &["arn:aws:s3:::bucket", "no service, task or container instance"])]
#[case(&["why"], &["<NAME>"])]
#[case(&["why", "web", "--message", "text"], &["--message"])]
#[case(&["why", "--message", " "], &["--message", "nothing in it"])]
fn what_cannot_be_explained_is_exit_code_2(#[case] args: &[&str], #[case] said: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for part in said {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}

#[test]
fn what_aws_refuses_is_exit_code_2_and_what_only_adds_is_a_gap() {
    let denied = Aws::incident_now(&["deny:DescribeServices"]).run(&["why", "web", "-c", "prod"]);
    assert_eq!((denied.code, denied.out.as_str()), (Some(2), ""));
    assert!(denied.err.contains("ecs:DescribeServices"), "{}", denied.err);

    let partly = Aws::incident_now(&["deny:GetLogEvents", "deny:ListTasks"]);
    let answer = partly.run(&["why", "checkout", "-c", "prod", "-o", "json"]);
    let told: Value = serde_json::from_str(&answer.out).expect("JSON");
    let gaps = told["gaps"].to_string();
    assert!(gaps.contains("ecs:ListTasks"), "{gaps}");
}

#[test]
fn a_name_that_means_several_things_lists_them() {
    let aws = Aws::on(Endpoint::with_world(World::sized(2, 1, 1, START_MS), Options::default()));
    let answer = aws.run(&["why", "service-0000"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(answer.err.contains("--cluster") && answer.err.matches("arn:aws:ecs:").count() == 2, "{}", answer.err);
}

/// Explains words alone: nobody there has credentials, a Region or a network.
fn said(args: &[&str]) -> Answer {
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
#[case(&["--message", "the cat ate it"], 1, "no rule knows this: the cat ate it")]
fn a_message_is_explained_without_an_account(#[case] args: &[&str], #[case] code: i32, #[case] words: &str) {
    let answer = said(args);
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
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &told["verdicts"][0]["rule"]), (Some(1), &"STOP-OOM".into()), "{told:#}");
    assert_eq!(keys(&told), KEYS);
}

/// The report on a service.
fn report(service: &str) -> String {
    let answer = INCIDENT.run(&["report", service, "--cluster", "prod"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    answer.out
}

#[test]
fn a_report_has_state_findings_causes_failures_timeline_and_last_words() {
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
fn a_report_on_what_is_well_is_short() {
    let report = report("web");
    assert!(report.contains("nothing is wrong") && !report.contains("## Why"), "{report}");
    assert!(!report.contains("## Failures"), "{report}");
}

#[rstest]
#[case(&["report", "arn:aws:ecs:eu-west-1:123456789012:task/prod/0123456789abcdef0123456789abcdef"], &["no service"])]
#[case(&["report", "web", "--since", "soon"], &["--since", "`soon`", "6h"])]
#[case(&["report"], &["<SERVICE>"])]
fn what_cannot_be_reported_is_named(#[case] args: &[&str], #[case] said: &[&str]) {
    let answer = INCIDENT.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for part in said {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
}
