//! The built program in a real terminal: it starts, follows keys and size, and always restores the terminal.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rstest::rstest;
use rustix::process::{Signal, kill_process_group};

use crate::support::pty::{Program, Pty};

/// A console on the embedded AWS, with the clusters on screen.
fn demo(columns: u16, rows: u16) -> Pty {
    let pty = Program::ecsight(&["demo"]).size(columns, rows).start();
    pty.wait_text("Trouble(all)");
    pty.keys("q");
    pty.wait_text("prod");
    pty
}

/// Quits with the command `:q`.
fn quit(mut pty: Pty) {
    pty.keys(":q\r");
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
}

#[test]
fn it_starts_at_once_and_quits() {
    let pty = demo(120, 30);
    pty.wait("the alternate screen", |screen| screen.alternate_screen() && screen.bracketed_paste());
    pty.wait_text("staging");
    // A few frames; a program that keeps drawing would write far more.
    assert!(pty.bytes() < 20_000, "{} bytes for a first table", pty.bytes());
    quit(pty);
}

#[rstest]
#[case(120, 30)]
#[case(80, 24)]
fn keys_go_from_the_clusters_to_the_failed_container(#[case] columns: u16, #[case] rows: u16) {
    let pty = demo(columns, rows);
    pty.keys("/prod\r");
    pty.keys("\r");
    pty.wait_text("checkout");
    pty.keys("/checkout\r");
    pty.keys("x");
    pty.wait_text("OutOfMemory");
    pty.keys("\r");
    pty.wait_text("137");
    quit(pty);
}

#[test]
fn every_size_is_drawn() {
    let pty = demo(120, 30);
    for (columns, rows) in [(80, 24), (200, 50), (60, 15), (120, 30)] {
        pty.resize(columns, rows);
        pty.wait_text("prod");
    }
    for (columns, rows) in [(30, 8), (4, 2), (1, 1)] {
        pty.resize(columns, rows);
    }
    pty.resize(120, 30);
    pty.wait_text("prod");
    quit(pty);
}

#[test]
fn keys_that_arrive_together_with_a_resize_are_read_at_once() {
    let pty = demo(120, 30);
    pty.keys("/");
    let mut typed = String::new();
    for (letter, columns) in ('a'..='z').cycle().zip(100..160) {
        typed.push(letter);
        // While the larger frame is drawn, the next resize and the key arrive, and are found by the same poll.
        pty.resize(300, 100);
        std::thread::sleep(Duration::from_millis(4));
        pty.resize(columns, 30);
        pty.keys(&letter.to_string());
        pty.wait_text(&typed);
    }
    pty.keys("\r");
    quit(pty);
}

#[test]
fn keys_work_in_a_window_that_is_too_small() {
    let pty = Program::ecsight(&["demo"]).size(10, 3).start();
    pty.wait("the alternate screen", vt100::Screen::alternate_screen);
    quit(pty);
}

#[rstest]
#[case(Signal::TERM, 143)]
#[case(Signal::HUP, 129)]
#[case(Signal::INT, 130)]
#[case(Signal::QUIT, 131)]
fn a_signal_ends_it_and_the_terminal_is_restored(#[case] signal: Signal, #[case] code: u32) {
    let mut pty = demo(80, 24);
    pty.signal(signal);
    assert_eq!(pty.exit().exit_code(), code);
    pty.assert_sane();
}

/// Debug builds panic in a background task on SIGUSR1.
#[test]
fn a_panic_is_reported_on_a_restored_terminal() {
    let mut pty = demo(120, 30);
    pty.signal(Signal::USR1);
    assert_eq!(pty.exit().exit_code(), 101);
    pty.assert_sane();
    let report = pty.contents();
    assert!(report.contains("panicked") && report.contains("SIGUSR1"), "{report}");
}

/// While the console is busy drawing: a frame in progress must not be written after the panic.
#[test]
fn nothing_is_drawn_after_a_panic_in_the_background() {
    for _ in 0..5 {
        let mut pty = demo(120, 30);
        for turn in 0..40 {
            pty.keys(if turn % 2 == 0 { ":services\r" } else { ":tasks\r" });
        }
        pty.signal(Signal::USR1);
        assert_eq!(pty.exit().exit_code(), 101);
        pty.assert_sane();
        let raw = pty.everything();
        let (_, after) = raw.rsplit_once("\x1b[?1049l").expect("the alternate screen is left");
        let after = after.strip_prefix("\x1b[?25h").unwrap_or_else(|| panic!("the cursor comes first: {after:?}"));
        assert!(!after.contains("\x1b[?25l") && !after.contains("\x1b[?2026"), "drawn after the end: {after:?}");
    }
}

#[test]
fn a_huge_terminal_is_drawn_in_part() {
    let pty = demo(80, 24);
    pty.resize_unseen(65_535, 65_535);
    pty.keys(":services\r");
    pty.resize(120, 30);
    pty.wait_text("Services(all)");
    quit(pty);
}

#[test]
fn a_dumb_terminal_is_refused_with_advice() {
    let mut pty = Program::ecsight(&["demo"]).env("TERM", "dumb").start();
    assert_eq!(pty.exit().exit_code(), 2);
    pty.wait("the advice", |screen| screen.contents().contains("set TERM"));
    assert!(!pty.everything().contains("\x1b["), "{}", pty.everything());
}

/// An interactive shell that has started a console as a job and shows its first table.
fn job() -> Pty {
    let pty = Program::new("sh", &["-i"]).env("PS1", "prompt> ").start();
    pty.wait_text("prompt> ");
    pty.keys(concat!("'", env!("CARGO_BIN_EXE_ecsight"), "' demo\n"));
    pty.wait("the console", |screen| screen.alternate_screen() && screen.contents().contains("Trouble(all)"));
    pty
}

/// Checks that the stopped job has returned the terminal to the shell, continues it and quits.
fn resume(mut pty: Pty) {
    pty.wait_text("Stopped");
    pty.assert_modes_off();
    pty.keys("echo me\n");
    pty.wait("an echo, and what it says", |screen| screen.contents().matches("me").count() >= 2);
    pty.keys("fg\n");
    pty.wait("the console", |screen| screen.alternate_screen() && screen.contents().contains("Trouble(all)"));
    assert!(!pty.contents().contains("prompt>"), "drawn in full: {}", pty.contents());
    pty.keys(":q\r");
    pty.wait("the shell", |screen| !screen.alternate_screen() && screen.contents().trim_end().ends_with("prompt>"));
    pty.keys("exit\n");
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
}

#[test]
fn suspend_returns_the_terminal_to_the_shell_and_fg_resumes() {
    let pty = job();
    pty.keys(":suspend\r");
    resume(pty);
}

#[test]
fn sigtstp_suspends_and_fg_resumes() {
    let pty = job();
    kill_process_group(pty.foreground(), Signal::TSTP).expect("the job is there");
    resume(pty);
}

/// SIGSTOP can't be caught, so a continued console finds its terminal in any state.
#[test]
fn the_terminal_is_set_up_again_after_sigstop() {
    let pty = job();
    kill_process_group(pty.foreground(), Signal::STOP).expect("the job is there");
    pty.wait_text("Stopped");
    pty.keys("fg\n");
    pty.wait("the console", |screen| {
        screen.contents().contains("Trouble(all)") && !screen.contents().contains("Stopped")
    });
    pty.keys(":q\r");
    pty.wait("the shell", |screen| !screen.alternate_screen());
    pty.assert_modes_off();
}

#[test]
fn suspend_is_refused_without_a_shell() {
    let pty = demo(120, 30);
    pty.keys(":suspend\r");
    pty.wait_text("no shell to return to");
    quit(pty);
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut pty = demo(80, 24);
    pty.hang_up();
    assert_eq!(pty.exit().exit_code(), 129);
}

/// The kernel sends SIGHUP only to the session leader, here a script that ignores it.
#[test]
fn a_closed_terminal_ends_it_without_sighup() {
    let script = concat!("trap '' HUP; '", env!("CARGO_BIN_EXE_ecsight"), "' demo; exit $?");
    let mut pty = Program::new("sh", &["-c", script]).start();
    pty.wait_text("Trouble(all)");
    pty.hang_up();
    assert_eq!(pty.exit().exit_code(), 129);
}

/// The embedded AWS as a separate process.
struct Served(Child);

impl Served {
    fn at(addr: SocketAddr) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ecsight"))
            .args(["demo", "--scenario", "calm", "--serve", &addr.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut output).expect("it says where it serves");
        assert!(output.contains(&addr.to_string()), "{output}");
        Self(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_restarted_server_is_found_without_a_key() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let server = Served::at(free);
    let url = format!("http://{free}");
    let pty = Program::ecsight(&["--endpoint-url", &url, "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .start();
    pty.wait_text("Trouble(all)");
    pty.keys("q");
    pty.wait_text("staging");
    drop(server);
    // So that the test does not wait for the next poll.
    pty.keys("\x12");
    pty.wait("offline, with its rows", |screen| {
        screen.contents().contains("offline") && screen.contents().contains("staging")
    });
    let _server = Served::at(free);
    pty.wait("all well again", |screen| {
        !screen.contents().contains("offline") && screen.contents().contains("staging")
    });
    quit(pty);
}

#[test]
fn over_ssh_copying_uses_the_terminal() {
    let pty = Program::ecsight(&["demo"]).env("SSH_TTY", "/dev/pts/0").start();
    pty.wait_text("Trouble(all)");
    pty.keys("q");
    pty.wait_text("prod");
    pty.keys("/prod\r");
    pty.keys("c");
    pty.wait_text("OSC 52");
    assert_eq!(pty.clipboard().as_deref(), Some(&b"cHJvZA=="[..]));
    quit(pty);
}

#[test]
fn without_a_terminal_it_is_refused_with_advice() {
    let output = Command::new(env!("CARGO_BIN_EXE_ecsight"))
        .arg("demo")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("needs a terminal") && message.contains("ecsight get"), "{message}");
    assert!(output.stdout.is_empty());
}
