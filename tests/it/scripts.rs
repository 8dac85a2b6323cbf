//! Guarantees for scripts, over all commands without a screen: names, refusals, output, hostile text.

use std::{
    io::Read,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ecsight::{kinds::KINDS, resource::Kind};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use regex::Regex;
use rstest::rstest;
use serde_json::Value;

use crate::{cli::Answer, support::aws::Aws};

/// Runs `ecsight` for each of `calls`, several at a time. Returns answers and durations, in order.
fn all(aws: &Aws, calls: &[Vec<&str>]) -> Vec<(Answer, Duration)> {
    const AT_ONCE: usize = 6;
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<Option<(Answer, Duration)>>> = Mutex::new(calls.iter().map(|_| None).collect());
    let commands: Vec<Mutex<Command>> = calls.iter().map(|call| Mutex::new(aws.command(call))).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(command) = commands.get(index) else { return };
                    let begun = Instant::now();
                    let answer = Answer::of(command.lock().unwrap().output().expect("the binary runs"));
                    answers.lock().unwrap()[index] = Some((answer, begun.elapsed()));
                }
            });
        }
    });
    answers.into_inner().unwrap().into_iter().map(|answer| answer.expect("each has run")).collect()
}

/// Every command that calls AWS, with an existing name.
fn commands() -> Vec<Vec<&'static str>> {
    let listed = |kind: &&'static Kind| match kind.by_service() {
        true => vec!["get", kind.plural, "-s", "checkout"],
        false => vec!["get", kind.plural],
    };
    let kinds = KINDS.iter().map(listed);
    let more: [&[&str]; 6] = [
        &["get", "stopped", "-s", "checkout"],
        &["get", "services", "-o", "json"],
        &["why", "checkout"],
        &["logs", "checkout"],
        &["report", "checkout"],
        &["info"],
    ];
    kinds.chain(more.iter().map(|call| call.to_vec())).collect()
}

#[test]
fn an_unknown_name_is_exit_code_1_with_the_nearest_in_every_command() {
    let aws = Aws::incident_now(&[]);
    let mut calls: Vec<(Vec<&str>, &str)> = vec![
        (vec!["why", "chekout"], "did you mean checkout?"),
        (vec!["logs", "chekout"], "did you mean checkout?"),
        (vec!["report", "chekout"], "did you mean checkout?"),
        (vec!["get", "services", "chekout"], "did you mean checkout?"),
        (vec!["get", "clusters", "prd"], "did you mean prod?"),
        (vec!["get", "families", "chekout"], "did you mean checkout"),
        (vec!["get", "tasks", "--family", "chekout"], "did you mean checkout"),
        (vec!["get", "revisions", "--family", "chekout"], "did you mean checkout"),
        (vec!["logs", "checkout", "--container", "ap"], "did you mean app?"),
        (vec!["why", "checkout", "-c", "prd"], "unknown cluster `prd`; did you mean prod?"),
        (vec!["logs", "checkout", "-c", "prd"], "unknown cluster `prd`; did you mean prod?"),
        (vec!["report", "checkout", "-c", "prd"], "unknown cluster `prd`; did you mean prod?"),
    ];
    for kind in KINDS.iter().filter(|kind| kind.in_cluster) {
        let mut call = vec!["get", kind.plural, "-c", "prd"];
        if kind.by_service() {
            call.extend(["-s", "checkout"]);
        }
        calls.push((call, "unknown cluster `prd`; did you mean prod?"));
    }
    let of_service =
        ["services", "tasks", "stopped", "containers", "deployments", "rollouts", "events", "failures", "timeline"];
    for kind in of_service {
        calls.push((vec!["get", kind, "-s", "chekout"], "did you mean checkout?"));
        calls.push((vec!["get", kind, "-s", "chekout", "-c", "prod"], "did you mean checkout?"));
    }
    let args: Vec<Vec<&str>> = calls.iter().map(|(args, _)| args.clone()).collect();
    for ((answer, _), (args, message)) in all(&aws, &args).iter().zip(&calls) {
        assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{args:?}: {}", answer.err);
        assert!(answer.err.contains(message), "{args:?}: {}", answer.err);
        assert!(answer.err.len() < 400, "{args:?}: {}", answer.err);
    }
}

#[test]
fn ids_are_found_by_their_beginning_and_wrong_ones_are_reported() {
    let aws = Aws::incident_now(&[]);
    let arns = |args: &[&str]| -> Vec<String> {
        let answer = aws.run(&[args, &["-o", "json"]].concat());
        let json: Value = serde_json::from_str(&answer.out).expect("JSON");
        let tasks = json["tasks"].as_array().expect("a list").iter();
        tasks.map(|task| task["taskArn"].as_str().expect("an ARN").to_owned()).collect()
    };
    let task = arns(&["get", "tasks", "-c", "prod"]).swap_remove(0);
    let short = &task.rsplit('/').next().expect("an id")[..8];
    assert_eq!(arns(&["get", "tasks", short]), [task.as_str()]);
    // One digit off.
    let last = if short.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &short[..7]);
    for args in [["get", "tasks", &mistyped], ["why", &mistyped, "--timeout=30s"], ["get", "tasks", "ffffffff"]] {
        let answer = aws.run(&args);
        assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{answer:?}");
        assert!(answer.err.len() < 200, "{}", answer.err);
        assert!(args[1] == "ffffffff" || args[2] == "ffffffff" || answer.err.contains(short), "{}", answer.err);
    }
}

#[rstest]
#[case("tasks")]
#[case("stopped")]
#[case("containers")]
#[case("failures")]
#[case("timeline")]
#[case("services")]
#[case("deployments")]
#[case("events")]
fn a_service_is_found_without_its_cluster(#[case] kind: &str) {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["get", kind, "-s", "checkout", "-o", "csv"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    let named = aws.run(&["get", kind, "-s", "checkout", "-c", "prod", "-o", "csv"]);
    assert!(answer.out.lines().count() > 1, "{}", answer.out);
    assert_eq!(answer.out.lines().count(), named.out.lines().count());
}

/// Exit code of a command that could not get an answer.
fn refused(args: &[&str]) -> i32 {
    if args[0] == "why" { 2 } else { 1 }
}

#[rstest]
#[case("deny", &["not authorized", "AccessDenied"])]
#[case("throttle", &["Rate exceeded", "throttled"])]
#[case("hang", &["within 3s", "no answer", "gave up"])]
fn a_failing_call_ends_every_command_with_the_reason(#[case] fault: &str, #[case] expected: &[&str]) {
    let aws = Aws::incident_now(&[fault]);
    let calls: Vec<Vec<&str>> = commands().into_iter().map(|args| [args, vec!["--timeout", "3s"]].concat()).collect();
    for ((answer, took), args) in all(&aws, &calls).iter().zip(&calls) {
        assert_eq!(answer.code, Some(refused(args)), "{args:?}: {answer:?}");
        assert!(expected.iter().any(|part| answer.err.contains(part)), "{args:?}: {}", answer.err);
        assert!(*took < Duration::from_secs(25), "{args:?} took {took:?}");
    }
}

#[rstest]
#[case("deny:ListTasks")]
#[case("deny:DescribeTasks")]
fn a_log_whose_tasks_are_denied_ends_with_the_reason(#[case] fault: &str) {
    let aws = Aws::incident_now(&[fault]);
    for args in [&["logs", "checkout"][..], &["logs", "checkout", "--follow"], &["logs", "checkout", "--previous"]] {
        let answer = aws.run(args);
        let action = fault.replace("deny:", "ecs:");
        assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{args:?}: {}", answer.err);
        assert!(answer.err.contains(&action), "{args:?}: {}", answer.err);
    }
}

#[test]
fn a_long_wait_is_reported_on_standard_error() {
    let aws = Aws::incident_now(&["latency:DescribeServices=3s"]);
    let answer = Answer::of(aws.command(&["get", "services", "-c", "prod"]).output().expect("the binary runs"));
    assert_eq!(answer.code, Some(0));
    assert!(answer.waited.contains("waiting for services in prod"), "{answer:?}");
}

/// Text with control characters, direction changes, or a formula.
const HOSTILE: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{1b}[8mEVIL\u{9b}31m\u{202e}\u{7f}\r\u{200b}\u{e0041}";

/// An account with hostile free texts.
fn hostile() -> Aws {
    let fields = [
        "reason",
        "stoppedReason",
        "message",
        "rolloutStateReason",
        "stopCode",
        "image",
        "createdBy",
        "Description",
        "description",
        "Reason",
        "statusReason",
        "value",
        "agentVersion",
        "healthStatus",
        "tag",
    ];
    let faults: Vec<String> = fields.iter().map(|field| format!("unknown:{field}={HOSTILE}")).collect();
    Aws::incident_now(&faults.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Every command in every output format.
fn printers() -> Vec<Vec<&'static str>> {
    let forms = |args: &[&'static str], forms: &[&'static str]| -> Vec<Vec<&'static str>> {
        forms.iter().map(|form| [args, &["-o", form]].concat()).collect()
    };
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for kind in KINDS {
        calls.extend(forms(&["get", kind.plural], &["wide", "csv"]));
    }
    calls.extend(forms(&["get", "stopped", "-c", "prod"], &["table", "csv-excel", "json", "ndjson"]));
    calls.extend(forms(&["get", "events", "-c", "prod"], &["json"]));
    calls.extend(forms(&["why", "checkout"], &["text", "json", "markdown"]));
    calls.extend(forms(&["why", "--message", HOSTILE], &["text", "json", "markdown"]));
    calls.extend(forms(&["logs", "checkout"], &["text", "json"]));
    calls.push(vec!["report", "checkout"]);
    calls.push(vec!["why", HOSTILE]);
    calls.push(vec!["get", "services", HOSTILE]);
    calls.push(vec!["get", "services", "--filter", "age<\u{1b}[2J"]);
    calls
}

#[test]
fn control_characters_from_aws_never_reach_a_pipe() {
    let aws = hostile();
    let calls = printers();
    let mut seen = 0;
    for ((answer, _), args) in all(&aws, &calls).iter().zip(&calls) {
        seen += usize::from(answer.out.contains("EVIL"));
        let out = answer.out.replace("\r\n", "\n");
        for text in [out.trim_start_matches('\u{feff}'), &answer.err] {
            let acting: Vec<char> = text.chars().filter(|c| *c != '\n' && ecsight::visible::is_unsafe(*c)).collect();
            assert!(acting.is_empty(), "{args:?}: {acting:?}");
        }
        assert!(answer.code.is_some_and(|code| code < 100), "{args:?}: {answer:?}");
    }
    assert!(seen > 10, "the hostile text is shown in its harmless form: {seen}");
}

/// Everything that a command writes to a terminal.
fn on_a_terminal(aws: &Aws, args: &[&str]) -> String {
    let size = PtySize { rows: 30, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ecsight"));
    command.args(args);
    command.env_clear();
    let plain = aws.command(args);
    for (name, value) in plain.get_envs() {
        command.env(name, value.expect("a value"));
    }
    command.env("TERM", "xterm-256color");
    command.cwd(aws.home.path());
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    // EIO means that the last program in the pseudo terminal has ended.
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    child.wait().expect("it ends");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn control_characters_from_aws_never_reach_a_terminal() {
    let aws = hostile();
    let calls: [&[&str]; 9] = [
        &["get", "stopped", "-c", "prod"],
        &["get", "stopped", "-c", "prod", "-o", "wide"],
        &["get", "stopped", "-c", "prod", "-o", "csv"],
        &["get", "events", "-c", "prod"],
        // With a cluster name, so that no answer about another cluster is needed, whose MISSING is hostile, too.
        &["why", "checkout", "-c", "prod"],
        &["logs", "checkout", "-c", "prod"],
        &["report", "checkout", "-c", "prod"],
        &["why", "--message", HOSTILE],
        &["why", HOSTILE],
    ];
    let colours = Regex::new("\u{1b}\\[[0-9;:]*m").expect("a pattern");
    for args in calls {
        let text = on_a_terminal(&aws, args);
        assert!(text.contains("EVIL"), "{args:?}: {text:?}");
        // The terminal driver ends lines with CRLF; colours come from ecsight.
        let rest = colours.replace_all(&text.replace("\r\n", "\n"), "").into_owned();
        let acting: Vec<char> = rest.chars().filter(|c| *c != '\n' && ecsight::visible::is_unsafe(*c)).collect();
        assert!(acting.is_empty(), "{args:?}: {acting:?} in {rest:?}");
        // Concealed text is an escape from AWS, not a colour of ecsight.
        assert!(!text.contains("\u{1b}[8m"), "{args:?}");
    }
}

#[test]
fn nothing_is_cut_in_a_pipe() {
    let aws = Aws::incident_now(&["long-reason"]);
    let answer = aws.run(&["get", "stopped", "-c", "prod"]);
    assert_eq!(answer.code, Some(0));
    assert!(!answer.out.contains('…'), "{}", answer.out.lines().find(|line| line.contains('…')).unwrap_or_default());
    assert!(answer.out.contains("ServiceSchedulerInitiated"), "{}", answer.out);
}

#[test]
fn lines_of_csv_end_in_a_line_feed_and_for_excel_in_crlf() {
    let aws = Aws::incident(&[]);
    let plain = aws.run(&["get", "services", "-c", "prod", "-o", "csv"]);
    assert!(plain.out.ends_with('\n') && !plain.out.contains('\r'));
    let excel = aws.run(&["get", "services", "-c", "prod", "-o", "csv-excel"]);
    assert_eq!(excel.out.trim_start_matches('\u{feff}').replace("\r\n", "\n"), plain.out);
    assert!(excel.out.starts_with('\u{feff}') && excel.out.ends_with("\r\n"));
}

#[test]
fn ndjson_has_the_objects_of_json() {
    let aws = Aws::incident(&[]);
    let list: Value =
        serde_json::from_str(&aws.run(&["get", "services", "-c", "prod", "-o", "json"]).out).expect("JSON");
    let lines = aws.run(&["get", "services", "-c", "prod", "-o", "ndjson"]).out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(list["services"].as_array().expect("a list"), &lines);
}

#[test]
fn starts_and_stops_name_their_task_in_json() {
    let aws = Aws::incident_now(&[]);
    let answer = aws.run(&["logs", "checkout", "-o", "json"]);
    let records: Vec<Value> =
        answer.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let marks: Vec<&Value> =
        records.iter().filter(|record| record["kind"] == "started" || record["kind"] == "stopped").collect();
    assert!(!marks.is_empty());
    for mark in marks {
        let task = mark["task"].as_str().unwrap_or_default();
        assert!(task.starts_with("arn:aws:ecs:") && task.contains(":task/prod/"), "{mark}");
        let short = &task.rsplit('/').next().expect("an id")[..8];
        assert!(mark["text"].as_str().is_some_and(|text| text.contains(short)), "{mark}");
    }
}

/// A profile with its own keys, because keys in the environment don't sign for an explicit profile.
const MY_PROD: &str = "[profile my-prod]
region = eu-west-1
aws_access_key_id = AKIAMYPROD
aws_secret_access_key = secret
";

#[rstest]
#[case(&["-o", "text"])]
#[case(&["-o", "json"])]
#[case(&["-o", "markdown"])]
fn commands_are_ready_to_paste(#[case] form: &[&str]) {
    let mut aws = Aws::incident_now(&[]);
    aws.home = aws.home.with(".aws/config", MY_PROD);
    let answer = aws.run(&[&["why", "checkout", "-p", "my-prod"], form].concat());
    let commands: Vec<&str> = answer.out.lines().filter(|line| line.contains("aws ecs ")).collect();
    assert!(!commands.is_empty(), "{}", answer.out);
    for command in commands {
        assert!(command.contains("--region eu-west-1") && command.contains("--profile my-prod"), "{command}");
    }
}

#[test]
fn the_commands_of_a_report_are_ready_to_paste() {
    let mut aws = Aws::incident_now(&[]);
    aws.home = aws.home.with(".aws/config", MY_PROD);
    let answer = aws.run(&["report", "checkout", "-p", "my-prod"]);
    let commands: Vec<&str> = answer.out.lines().filter(|line| line.starts_with("aws ")).collect();
    assert!(!commands.is_empty(), "{}", answer.out);
    assert!(
        commands
            .iter()
            .all(|command| command.contains("--region eu-west-1 --profile my-prod")
                || command.contains("--profile my-prod")),
        "{commands:?}"
    );
}
