//! `ecsight cp` against the embedded AWS: its gateway, its agent and the files of its containers.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use ecsight::demo::{Endpoint, Options, Scenario};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    cli::Answer,
    exec::{account, enterable},
    support::{aws::Aws, pty::Program},
};

struct Stage {
    aws: Aws,
    folder: TempDir,
    task: String,
    cluster: String,
}

impl Stage {
    fn new(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|spec| spec.parse().expect("a fault")).collect();
        Self::on(Aws::on(Endpoint::new(Options { scenario: Scenario::Calm, faults, ..Options::default() })))
    }

    fn on(aws: Aws) -> Self {
        let (task, cluster) = enterable(&aws);
        Self { aws, folder: TempDir::new().expect("a folder"), task, cluster }
    }

    fn here(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn there(&self, path: &str) -> String {
        format!("{}:{path}", self.task)
    }

    fn start(&self, args: &[&str]) -> Child {
        let whole = [&["cp", "-c", &self.cluster, "--write", "--yes"], args].concat();
        let mut command = self.aws.command(&whole);
        command.current_dir(self.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }

    fn cp(&self, args: &[&str]) -> Answer {
        Answer::of(self.start(args).wait_with_output().expect("it ends"))
    }
}

fn bytes(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn copied(answer: &Answer) {
    assert_eq!((answer.code, &*answer.out), (Some(0), ""), "{}", answer.err);
    assert!(answer.err.contains("verified with sha256sum"), "{}", answer.err);
}

#[rstest]
#[case::large(64 << 20, &[])]
#[case::losses(2 << 20, &["session-drop=2%", "session-duplicate=5%", "session-reorder=20%"])]
#[case::empty(0, &[])]
fn a_file_comes_back_as_it_went(#[case] length: u32, #[case] faults: &[&str]) {
    let stage = Stage::new(faults);
    fs::write(stage.here("one"), bytes(length)).expect("written");
    fs::set_permissions(stage.here("one"), Permissions::from_mode(0o640)).expect("set");
    copied(&stage.cp(&["one", &stage.there("/tmp/it's a \"file\" ä")]));
    copied(&stage.cp(&[&stage.there("/tmp/it's a \"file\" ä"), "two"]));
    assert!(fs::read(stage.here("two")).expect("copied") == bytes(length));
    assert_eq!(fs::metadata(stage.here("two")).expect("copied").permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(stage.folder.path()).expect("a folder").count(), 2, "no parts are left");
    assert_eq!(stage.aws.endpoint.count("ExecuteCommand"), 2, "one session a copy");
}

#[test]
fn a_folder_comes_back_as_it_went() {
    let stage = Stage::new(&[]);
    fs::create_dir_all(stage.here("tree/a b")).expect("created");
    fs::write(stage.here("tree/a b/deep"), bytes(200_000)).expect("written");
    fs::write(stage.here("tree/run"), "#!/bin/sh\n").expect("written");
    fs::set_permissions(stage.here("tree/run"), Permissions::from_mode(0o755)).expect("set");
    copied(&stage.cp(&["tree", &stage.there("/tmp/")]));
    copied(&stage.cp(&[&stage.there("/tmp/tree"), "back"]));
    assert!(fs::read(stage.here("back/a b/deep")).expect("copied") == bytes(200_000));
    assert_eq!(fs::metadata(stage.here("back/run")).expect("copied").permissions().mode() & 0o777, 0o755);
    let again = stage.cp(&["tree", &stage.there("/tmp/")]);
    assert!(again.code == Some(1) && again.err.contains("--force"), "{}", again.err);
    copied(&stage.cp(&["tree", &stage.there("/tmp/"), "--force"]));
}

/// Interrupts a copy once `begun` holds.
fn interrupt(mut child: Child, begun: impl Fn() -> bool) -> Answer {
    while !begun() {
        assert!(child.try_wait().expect("a child").is_none(), "over too soon");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("running");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.signal(), None);
    Answer::of(output)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn an_interrupted_download_says_how_far_it_came_and_continues() {
    let stage = Stage::new(&[]);
    fs::write(stage.here("one"), bytes(24 << 20)).expect("written");
    copied(&stage.cp(&["one", &stage.there("/tmp/one")]));
    let part = stage.here(".two.ecsight-part");
    let answer = interrupt(stage.start(&[&stage.there("/tmp/one"), "two"]), || length(&part) > 1 << 20);
    assert_eq!(answer.code, Some(130), "{}", answer.err);
    assert!(answer.err.contains("of 24 MB were copied; --resume continues"), "{}", answer.err);
    assert!(!stage.here("two").exists());
    assert_eq!(stage.aws.endpoint.count("TerminateSession"), 1, "the session is ended at AWS");
    let resumed = stage.cp(&[&stage.there("/tmp/one"), "two", "--resume"]);
    copied(&resumed);
    assert!(resumed.err.contains(" of it before"), "{}", resumed.err);
    assert!(fs::read(stage.here("two")).expect("copied") == bytes(24 << 20));
    assert!(!part.exists());
}

#[test]
fn an_interrupted_upload_continues() {
    let stage = Stage::new(&[]);
    fs::write(stage.here("one"), bytes(64 << 20)).expect("written");
    let begun = std::time::Duration::from_secs(2);
    let child = stage.start(&["one", &stage.there("/tmp/one")]);
    while stage.aws.endpoint.count("ExecuteCommand") == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(begun);
    let answer = interrupt(child, || true);
    assert_eq!(answer.code, Some(130), "{}", answer.err);
    let resumed = stage.cp(&["one", &stage.there("/tmp/one"), "--resume"]);
    copied(&resumed);
    assert!(resumed.err.contains(" of it before"), "{}", resumed.err);
    copied(&stage.cp(&[&stage.there("/tmp/one"), "two"]));
    assert!(fs::read(stage.here("two")).expect("copied") == bytes(64 << 20));
}

#[test]
fn a_copy_needs_permission_and_two_sides() {
    let stage = Stage::on(account());
    fs::write(stage.here("one"), "hunter2").expect("written");
    let run = |args: &[&str]| {
        let mut command = stage.aws.command(&[&["cp", "-c", &stage.cluster], args].concat());
        Answer::of(command.current_dir(stage.folder.path()).output().expect("the binary runs"))
    };
    let there = stage.there("/tmp/one");
    let cases: [(&[&str], &str); 5] = [
        (&["one", &there], "is read-only; no session was opened. To open one, add --write"),
        (&["one", "two"], "one of the two is TASK:PATH"),
        (&[&there, &there], "one of the two is TASK:PATH"),
        (&["nosuch", &there, "--write", "--yes"], "No such file"),
        (&[&there, "one", "--write", "--yes"], "to overwrite it, add --force"),
    ];
    for (args, says) in cases {
        let refused = run(args);
        assert!(refused.code == Some(2) && refused.err.contains(says), "{args:?}: {}", refused.err);
    }
    assert_eq!(stage.aws.endpoint.count("ExecuteCommand"), 0);
    let missing = run(&[&stage.there("/nosuch"), "x", "--write", "--yes"]);
    assert!(missing.code == Some(1) && missing.err.contains("no such file or folder"), "{}", missing.err);
}

#[test]
fn the_journal_says_what_was_copied_but_not_what_is_in_it() {
    let stage = Stage::new(&[]);
    fs::write(stage.here("one"), "hunter2").expect("written");
    copied(&stage.cp(&["one", &stage.there("/tmp/secret file")]));
    let journal = stage.aws.run(&["journal", "-o", "json"]).out;
    let lines: Vec<&str> = journal.lines().collect();
    assert_eq!(lines.len(), 2, "{journal}");
    assert!(lines[0].contains("copy of local one to /tmp/secret file"), "{journal}");
    assert!(lines[1].contains("copied to /tmp/secret file (7 B; verified with sha256sum)"), "{journal}");
    assert!(!journal.contains("hunter2"), "{journal}");
}

/// With gateway, agent and console in one process.
#[test]
fn the_console_copies_in_the_background() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path().join("release");
    let mut pty = Program::ecsight(&["demo", "--write", "--command", ":tasks /service=web"]).size(200, 50).start();
    pty.wait("a task", |screen| screen.contents().contains("web:") && screen.contents().contains("running"));
    pty.keys(":cp\r");
    pty.wait_text("files of which container?");
    pty.keys("\r");
    pty.wait_text("Copy files");
    pty.keys(&format!("\t/etc/os-release\t{}\r", here.display()));
    pty.wait_text("Copy files from PROD?");
    pty.keys("\r");
    pty.wait_text("verified with sha256sum");
    assert!(fs::read_to_string(&here).expect("copied").starts_with("NAME="));
    pty.keys(":q\r");
    assert!(pty.exit().success());
}

#[test]
fn the_console_runs_a_command_in_marked_containers() {
    let mut pty =
        Program::ecsight(&["demo", "--write", "--command", ":containers /exec=ready web"]).size(200, 50).start();
    pty.wait("containers", |screen| screen.contents().matches("ready").count() > 2);
    let screen = pty.contents();
    let row = screen.lines().find(|line| line.contains("ready") && line.contains("running")).expect("a row");
    let first = row.split_whitespace().nth(2).expect("a task").to_owned();
    // The mark moves the cursor on, and counts alone as well.
    pty.keys(" :exec hostname\r");
    pty.wait_text(&format!("app of task {first} in prod"));
    pty.keys("\x1b");
    pty.wait("no question", |screen| !screen.contents().contains("of task"));
    pty.keys(" :exec hostname\r");
    pty.wait_text("Run a command in 2 containers of PROD?");
    pty.keys("\r");
    pty.wait("the outputs", |screen| screen.contents().matches("compute.internal").count() > 1);
    pty.keys("\x1b");
    pty.wait_text("Containers(all)");
    pty.keys(":q\r");
    assert!(pty.exit().success());
}
