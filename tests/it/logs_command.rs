//! `ecsight logs`, the built binary, against the embedded AWS on a socket.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
    sync::LazyLock,
};

use ecsight::demo::logs::LogStore;
use jiff::Timestamp;
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{cli::Answer, support::aws::Aws};

/// The incident, with the clock at the start of the first test.
static INCIDENT: LazyLock<Aws> = LazyLock::new(|| Aws::incident_now(&[]));

fn logs(args: &[&str]) -> Answer {
    INCIDENT.run(&[&["logs"], args].concat())
}

/// Output lines as JSON records.
fn records(args: &[&str]) -> Vec<Value> {
    let answer = logs(&[args, &["-o", "json"]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    answer.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

fn words<'a>(records: &'a [Value], key: &str) -> Vec<&'a str> {
    records.iter().filter_map(|record| record[key].as_str()).collect()
}

#[test]
fn a_pipe_gets_the_lines_of_all_tasks_in_order_and_nothing_else() {
    let answer = logs(&["checkout"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let lines: Vec<Vec<&str>> = answer.out.lines().map(|line| line.splitn(3, ' ').collect()).collect();
    assert!(lines.len() > 50, "{}", answer.out);
    let tasks: BTreeSet<&str> =
        lines.iter().map(|line| line[1].split_once('/').expect("task and container").0).collect();
    assert!(tasks.len() > 3, "{tasks:?}");
    assert!(lines.is_sorted_by_key(|line| line[0]), "in the order of time");
    assert!(!answer.out.contains('\x1b'), "a pipe gets no colours");
    // Starts and stops are printed on a terminal only.
    assert_eq!(answer.err, "");
}

/// Some stopped tasks have no stream any more; the others wrote before all running tasks.
#[test]
fn lines_before_the_first_of_running_tasks_are_printed_though_streams_are_missing() {
    let aws = Aws::incident_now(&[]);
    let before = aws.run(&["logs", "checkout", "--container", "app", "-o", "json"]);
    let before: Vec<Value> = before.out.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    // Last line of each stream.
    let mut seen = BTreeSet::new();
    let mut last: Vec<&Value> = before.iter().rev().filter(|line| seen.insert(line["stream"].as_str())).collect();
    last.retain(|line| line["stream"].is_string());
    last.reverse();
    assert!(last.len() > 5, "{last:?}");
    let written: Vec<String> = aws.endpoint.with(|world| {
        world.logs = LogStore::default();
        let there = last.iter().enumerate().filter(|(number, _)| ![1, 3].contains(number));
        let written = there.map(|(number, line)| {
            let at: Timestamp = line["at"].as_str().expect("a time").parse().expect("a time");
            let [group, stream] = ["group", "stream"].map(|key| line[key].as_str().expect("a name"));
            world.logs.put(group, stream, at.as_millisecond(), number.to_string());
            number.to_string()
        });
        written.collect()
    });
    let answer = aws.run(&["logs", "checkout", "--container", "app"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let printed: Vec<&str> = answer.out.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).collect();
    assert_eq!(printed, written, "{}", answer.err);
    assert_eq!(answer.err.matches("no log stream").count(), 2, "{}", answer.err);
}

#[test]
fn previous_prints_the_last_stopped_task_with_its_stop_at_the_end() {
    let records = records(&["checkout", "--previous"]);
    let mut tasks = words(&records, "task");
    tasks.dedup();
    assert_eq!(tasks.len(), 1);
    let last = records.last().expect("lines");
    assert_eq!(last["kind"], "stopped");
    assert!(last["text"].as_str().is_some_and(|text| text.ends_with("stopped: out of memory: app (137)")), "{last}");
    // For a task, the one that stopped before it.
    let earlier = logs(&[&tasks[0][tasks[0].len() - 32..], "--previous"]);
    assert_eq!(earlier.code, Some(0), "{}", earlier.err);
    assert!(!earlier.out.contains(&tasks[0][tasks[0].len() - 32..][..8]));
}

#[test]
fn container_and_filter_restrict_the_lines() {
    let records = records(&["checkout", "--since", "30m", "--container", "app", "--filter", "level>=error"]);
    let lines: Vec<Value> = records.into_iter().filter(|record| record["kind"].is_null()).collect();
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line["container"] == "app" && line["group"] == "/ecs/checkout"), "{lines:?}");
    assert!(words(&lines, "text").iter().all(|text| !text.contains(" DEBUG ") && !text.contains(" INFO ")));
}

#[rstest]
#[case(&["chekout"], "there is no service, task or container instance `chekout`; did you mean checkout?")]
#[case(&["checkout", "--container", "ap"], "--container: checkout has no container `ap`; did you mean app?")]
fn an_unknown_name_is_exit_code_1(#[case] args: &[&str], #[case] message: &str) {
    let answer = logs(args);
    assert_eq!((answer.code, &*answer.out), (Some(1), ""), "{}", answer.err);
    assert!(answer.err.contains(message), "{}", answer.err);
}

#[rstest]
#[case(&["checkout", "--filter", "level>>x"], "--filter 'level>>x', at character 7")]
#[case(&["checkout", "web", "--previous"], "--previous is for one service or task")]
#[case(&["checkout", "--previous", "--follow"], "cannot be used with")]
#[case(&["checkout", "--since", "soon"], "soon")]
#[case(&[], "<SERVICE|TASK>")]
fn a_mistake_is_reported_with_the_nearest_valid_word(#[case] args: &[&str], #[case] message: &str) {
    let answer = logs(args);
    assert_eq!((answer.code, &*answer.out), (Some(2), ""), "{}", answer.err);
    assert!(answer.err.contains(message), "{}", answer.err);
}

#[test]
fn a_log_outside_cloudwatch_is_reported() {
    let aws = Aws::incident_now(&["deny:FilterLogEvents", "deny:GetLogEvents"]);
    let denied = aws.run(&["logs", "checkout"]);
    assert!(denied.err.contains("logs:FilterLogEvents"), "{}", denied.err);
    assert_eq!(denied.out, "");
}

/// A followed log whose first line has been read.
fn following(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = INCIDENT.command(&[&["logs", "checkout", "--follow"], args].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    assert!(!line.is_empty());
    (child, out)
}

/// Exit code and messages of a process.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut messages = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut messages).expect("UTF-8");
    (child.wait().expect("an end").code(), messages)
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let (child, out) = following(&[]);
    drop(out);
    let (code, messages) = ended(child);
    assert_eq!(code, Some(0));
    assert!(!messages.contains("error") && !messages.contains("pipe"), "{messages}");
}

#[test]
fn ctrl_c_ends_it_quietly() {
    let (child, mut out) = following(&["-o", "json"]);
    kill_process(Pid::from_child(&child), Signal::INT).expect("a signal");
    // More lines may be in flight.
    std::io::copy(&mut out, &mut std::io::sink()).expect("to the end");
    let (code, messages) = ended(child);
    assert_eq!(code, Some(130));
    assert!(!messages.contains("error"), "{messages}");
}
