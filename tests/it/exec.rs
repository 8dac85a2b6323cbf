//! `ecsight exec`, and the shell of the console, against the embedded AWS: its gateway, its agent and its toy shell.

use std::{
    io::Write,
    process::{Output, Stdio},
    time::Duration,
};

use ecsight::demo::{Endpoint, Options, Scenario};

use crate::{
    cli::Answer,
    support::{
        aws::Aws,
        pty::{Program, Pty},
    },
};

pub fn account() -> Aws {
    Aws::on(Endpoint::new(Options { scenario: Scenario::Calm, ..Options::default() }))
}

/// The id of a task that can be entered, and its cluster.
pub fn enterable(aws: &Aws) -> (String, String) {
    let answer = aws.run(&["get", "containers", "--filter", "exec=ready", "-o", "csv"]);
    let mut lines = answer.out.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row: Vec<&str> = lines.next().unwrap_or_else(|| panic!("none is ready: {answer:?}")).split(',').collect();
    let cell = |name: &str| row[header.iter().position(|title| title.eq_ignore_ascii_case(name)).expect("a column")];
    (cell("task").to_owned(), cell("cluster").to_owned())
}

/// Runs a command in a container, with this input.
fn exec(aws: &Aws, input: &[u8], args: &[&str]) -> Output {
    let (task, cluster) = enterable(aws);
    let whole = [&["exec", &task, "-c", &cluster, "--write", "--yes"], args].concat();
    let mut command = aws.command(&whole);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("written");
    output
}

#[test]
fn a_command_has_its_own_output_errors_and_exit_code() {
    let aws = account();
    let output = exec(&aws, b"", &["--no-input", "--", "sh", "-c", "echo out; lss; exit 7"]);
    let answer = Answer::of(output);
    assert_eq!((answer.code, &*answer.out), (Some(7), "out\n"), "{}", answer.err);
    assert!(answer.err.ends_with("sh: lss: not found\n"), "{}", answer.err);
    assert_eq!(aws.endpoint.count("ExecuteCommand"), 1);
}

#[test]
fn standard_input_arrives_and_any_byte_comes_back() {
    let aws = account();
    let output = exec(&aws, b"hi\n", &["--", "cat"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"hi\n"[..]), "{output:?}");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let output = exec(&aws, &bytes, &["--", "cat"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == bytes, "{} bytes", output.stdout.len());
}

#[test]
fn a_long_output_arrives_whole() {
    let aws = account();
    let output = exec(&aws, b"", &["--no-input", "--", "seq", "100000"]);
    let expected: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(output.stdout == expected.as_bytes(), "{} bytes", output.stdout.len());
}

#[test]
fn the_journal_says_where_a_session_was_but_not_what_ran() {
    let aws = account();
    exec(&aws, b"", &["--no-input", "--", "echo", "hunter2"]);
    let journal = aws.run(&["journal", "-o", "json"]).out;
    let lines: Vec<&str> = journal.lines().collect();
    assert_eq!(lines.len(), 2, "{journal}");
    assert!(
        lines[0].contains("\"exec\"") && lines[1].contains("\"ended\"") && !journal.contains("hunter2"),
        "{journal}"
    );
}

#[test]
fn a_session_needs_permission_and_a_container_that_can_be_entered() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let refused = aws.run(&["exec", &task, "-c", &cluster, "--", "true"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("is read-only; no session was opened. To open one, add --write"), "{}", refused.err);
    let check = aws.run(&["exec", &task, "-c", &cluster, "--check"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    assert!(check.out.contains("ok    Does its exec agent run? yes"), "{}", check.out);
    let missing = aws.run(&["exec", &task, "-c", &cluster, "--container", "nosuch", "--write", "--yes", "--", "true"]);
    assert!(missing.code == Some(1) && missing.err.contains("no container `nosuch`"), "{}", missing.err);
    assert_eq!(aws.endpoint.count("ExecuteCommand"), 0);
}

#[test]
fn a_command_ends_with_its_task_and_says_why() {
    let options = Options { scenario: Scenario::Calm, speed: 120.0, ..Options::default() };
    let aws = Aws::on(Endpoint::new(options));
    let (task, cluster) = enterable(&aws);
    let mut command = aws.command(&["exec", &task, "-c", &cluster, "--write", "--yes", "-n", "--", "sleep", "600"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    while aws.endpoint.count("ExecuteCommand") == 0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let stop = aws.run(&["stop", &task, "-c", &cluster, "--write", "--yes", "--i-mean", &task]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    let answer = Answer::of(child.wait_with_output().expect("it ends"));
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.err.contains("has stopped: "), "{}", answer.err);
}

#[test]
fn a_command_that_takes_too_long_is_given_up() {
    let aws = account();
    let output = exec(&aws, b"", &["--no-input", "--within", "2s", "--", "sleep", "600"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The service of a task that can be entered, its cluster, its container, and how many tasks it has.
fn enterable_service(aws: &Aws) -> (String, String, String, usize) {
    let (task, cluster) = enterable(aws);
    let checks = aws.run(&["exec", &task, "-c", &cluster, "--check"]).out;
    let container = checks.split(' ').next().expect("a name").to_owned();
    let answer = aws.run(&["get", "tasks", "-c", &cluster, "-o", "json"]);
    let tasks: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    let tasks = tasks["tasks"].as_array().expect("tasks").clone();
    let group = tasks.iter().find(|found| found["taskArn"].as_str().is_some_and(|arn| arn.contains(&*task)));
    let group = group.expect("the task")["group"].clone();
    let count = tasks.iter().filter(|task| task["group"] == group).count();
    let service = group.as_str().and_then(|group| group.strip_prefix("service:")).expect("a service");
    (service.to_owned(), cluster, container, count)
}

#[test]
fn a_command_runs_in_all_tasks_of_a_service_and_fails_with_the_worst() {
    let aws = account();
    let (service, cluster, container, count) = enterable_service(&aws);
    assert!(count > 1, "{service} has {count} tasks");
    let all = ["exec", "--all", &service, "-c", &cluster, "--container", &container];
    let run = |more: &[&str]| aws.run(&[&all[..], more].concat());
    let refused = run(&["--", "hostname"]);
    assert!(refused.code == Some(2) && refused.err.contains("is read-only"), "{}", refused.err);
    assert_eq!(aws.endpoint.count("ExecuteCommand"), 0);

    let answer = run(&["--write", "--yes", "--", "hostname"]);
    assert_eq!((answer.code, &*answer.err), (Some(0), ""));
    let headings = answer.out.lines().filter(|line| line.starts_with("== ")).count();
    assert_eq!((headings, answer.out.lines().count()), (count, 2 * count), "{}", answer.out);
    assert_eq!(aws.endpoint.count("ExecuteCommand"), count as u64);

    let failed = run(&["--write", "--yes", "--", "sh", "-c", "echo oops >&2; exit 7"]);
    assert_eq!(failed.code, Some(7), "{}", failed.err);
    assert!(failed.err.contains(&format!("{count} of {count} tasks failed:")), "{}", failed.err);
    assert_eq!(failed.err.matches(&format!(" {container}: oops\n")).count(), count, "{}", failed.err);
    assert_eq!(failed.err.matches(": exit code 7\n").count(), count, "{}", failed.err);

    let late = run(&["--write", "--yes", "--within", "2s", "--", "sleep", "600"]);
    assert!(late.code == Some(3) && late.err.contains("it has not ended in time"), "{}", late.err);
}

#[test]
fn a_command_is_not_sent_to_more_tasks_than_the_rule_allows() {
    let aws = account();
    let (service, cluster, container, count) = enterable_service(&aws);
    std::fs::write(
        aws.home.path().join("few.toml"),
        "[[scope]]\nenv = \"STAGE\"\ntone = \"warn\"\nmode = \"write\"\nmax_bulk = 1\n",
    )
    .expect("written");
    let config = aws.home.path().join("few.toml");
    let config = config.to_str().expect("UTF-8");
    let refused = aws.run(&[
        "exec",
        "--all",
        &service,
        "-c",
        &cluster,
        "--config",
        config,
        "--container",
        &container,
        "--",
        "true",
    ]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(
        refused.err.contains(&format!("{count} targets are too many; one command is sent to 1 at most")),
        "{}",
        refused.err
    );
    assert_eq!(aws.endpoint.count("ExecuteCommand"), 0);
}

/// The program on the account, with `args`, in a terminal.
pub fn in_terminal(aws: &Aws, args: &[&str]) -> Pty {
    Program::ecsight(args)
        .env("AWS_ENDPOINT_URL", &aws.server.url())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .start()
}

#[test]
fn a_shell_is_opened_by_a_key_and_left_to_the_same_screen() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let short = &task[..8];
    let mut pty = in_terminal(&aws, &["--write", "--cluster", &cluster, "--command", &format!(":tasks /{short}")]);
    pty.wait("the task", |screen| screen.contents().matches(short).count() > 1);
    pty.keys("s");
    let prompt = |screen: &vt100::Screen| screen.contents().contains("/ #");
    pty.wait("a prompt or a question", |screen| prompt(screen) || screen.contents().contains("Open a shell"));
    if !pty.contents().contains("/ #") {
        pty.keys("\r");
    }
    pty.wait("a prompt", prompt);
    pty.keys("stty size\r");
    pty.wait_text("30 120");
    pty.resize(100, 28);
    // The signal may come after what is typed.
    while !pty.contents().contains("28 100") {
        pty.keys("stty size\r");
        std::thread::sleep(Duration::from_millis(200));
    }
    pty.keys("exit\r");
    pty.wait_text("the session has ended");
    pty.wait("the table", |screen| screen.contents().contains(short) && screen.contents().contains("tasks"));
    pty.keys(":q\r");
    assert!(pty.exit().success());
    pty.assert_sane();
    pty.assert_modes_off();
}

#[test]
fn a_hung_session_is_left_from_this_side_and_ended_at_aws() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let args = ["exec", &task, "-c", &cluster, "--write", "--yes", "--tty", "--", "sleep", "600"];
    let mut pty = in_terminal(&aws, &args);
    while aws.endpoint.count("ExecuteCommand") == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    pty.keys("\r~.");
    assert!(pty.exit().success());
    pty.assert_sane();
    assert_eq!(aws.endpoint.count("TerminateSession"), 1);
}

/// With gateway, agent and console in one process.
#[test]
fn the_demo_opens_a_shell() {
    let mut pty = Program::ecsight(&["demo", "--write", "--command", ":tasks /service=web"]).start();
    pty.wait("a task", |screen| screen.contents().contains("web:") && screen.contents().contains("running"));
    pty.keys("s");
    pty.wait_text("envoy  ready");
    pty.keys("\r");
    pty.wait_text("Open a shell in PROD?");
    pty.keys("\r");
    pty.wait_text("/ #");
    pty.keys("exit\r");
    pty.wait_text("the session has ended");
    pty.keys(":q\r");
    assert!(pty.exit().success());
}

#[test]
fn a_shell_opens_on_a_container_instance() {
    let mut pty = Program::ecsight(&["demo", "--write", "--command", ":instances prod"]).start();
    pty.wait("an instance", |screen| screen.contents().contains("i-0"));
    pty.keys("s");
    pty.wait_text("Open a shell in PROD?");
    pty.wait_text("on the host of all its tasks");
    pty.keys("\r");
    pty.wait_text("i-0");
    pty.wait("a prompt", |screen| screen.contents().contains('#') && !screen.contents().contains("PROD"));
    pty.keys("hostname; exit\r");
    pty.wait_text("the session has ended");
    pty.keys(":q\r");
    assert!(pty.exit().success());
}

/// A stand-in for AWS's plugin that shows what it was given, and whether the token stands in its arguments.
const PLUGIN: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "$PLUGIN_VERSION"; exit 0; fi
for word in "$@"; do echo "argument <$word>"; done
case "$AWS_SSM_START_SESSION_RESPONSE" in *'"TokenValue":'*) echo the session is in the variable ;; esac
exec sleep "${PLUGIN_SECONDS:-0}"
"#;

/// Runs `ecsight exec --plugin` with a plugin of this version.
fn exec_in_plugin(aws: &Aws, version: &str, seconds: &str, args: &[&str]) -> Answer {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session-manager-plugin");
    std::fs::write(&file, PLUGIN).expect("a script");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let (task, cluster) = enterable(aws);
    let mut command = aws.command(&[&["exec", &task, "-c", &cluster, "--write", "--yes", "--plugin"], args].concat());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    command.env("PATH", path).env("PLUGIN_VERSION", version).env("PLUGIN_SECONDS", seconds);
    Answer::of(command.stdin(Stdio::null()).output().expect("the binary runs"))
}

#[test]
fn a_session_runs_in_the_plugin_of_aws_and_is_ended() {
    let aws = account();
    let answer = exec_in_plugin(&aws, "1.2.764.0", "0", &["--", "echo", "it's"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(
        lines[..4],
        ["argument <AWS_SSM_START_SESSION_RESPONSE>", "argument <eu-west-1>", "argument <StartSession>", "argument <>"]
    );
    assert!(lines[4].starts_with("argument <{\"Target\":\"ecs:"), "{}", lines[4]);
    assert_eq!(lines[5..], [&*format!("argument <{}>", aws.server.url()), "the session is in the variable"]);
    assert_eq!((aws.endpoint.count("ExecuteCommand"), aws.endpoint.count("TerminateSession")), (1, 1));
}

#[test]
fn a_plugin_that_hangs_is_given_up_and_an_old_one_refused() {
    let aws = account();
    let answer = exec_in_plugin(&aws, "1.2.764.0", "600", &["--within", "1s"]);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert_eq!(aws.endpoint.count("TerminateSession"), 1);
    let answer = exec_in_plugin(&aws, "1.2.99.0", "0", &[]);
    assert!(answer.code == Some(1) && answer.err.contains("session-manager-plugin 1.2.99.0 is too old"), "{answer:?}");
    assert_eq!(aws.endpoint.count("ExecuteCommand"), 1);
}
