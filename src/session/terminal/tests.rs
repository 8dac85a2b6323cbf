//! With a scripted session and a terminal in memory, in virtual time.

use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

use super::*;
use crate::session::client::scripted::{self, Script};

struct Stage {
    script: Script,
    keyboard: mpsc::Sender<TerminalInput>,
    screen: mpsc::Receiver<Vec<u8>>,
    stop: Option<oneshot::Sender<String>>,
    end: JoinHandle<SessionOutcome>,
}

/// A terminal that holds `room` pieces of output, attached to a session.
fn attached(room: usize, command: Option<RemoteOutput>) -> Stage {
    let (session, script) = scripted::session();
    let (keyboard, input) = mpsc::channel(64);
    let (output, screen) = mpsc::channel(room);
    let (stop, stopped) = oneshot::channel();
    let terminal = LentTerminal::new(input, output, (80, 24));
    let end = tokio::spawn(attach(session, terminal, stopped, command));
    Stage { script, keyboard, screen, stop: Some(stop), end }
}

impl Stage {
    async fn press(&self, keys: &str) {
        self.keyboard.send(TerminalInput::Bytes(keys.into())).await.unwrap();
    }

    async fn shown(&mut self) -> String {
        String::from_utf8(self.screen.recv().await.unwrap_or_default()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_pass_both_ways_and_the_size_follows() {
    let mut stage = attached(8, None);
    stage.press("ls\r").await;
    assert_eq!(stage.script.input().await, "ls\r");
    stage.script.output("\x1b[31mbin\r\n").await;
    assert_eq!(stage.shown().await, "\x1b[31mbin\r\n");
    stage.keyboard.send(TerminalInput::Resized(120, 40)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(stage.script.size(), Some(TerminalSize { columns: 120, rows: 40 }));
    stage.script.close(CloseReason::Ended).await;
    let end = stage.end.await.unwrap();
    assert_eq!((end.reason.as_str(), end.expected), ("the session has ended", true));
}

/// The other side takes no input and sends nothing.
#[tokio::test(start_paused = true)]
async fn a_dead_session_is_left_at_once() {
    let stage = attached(8, None);
    for _ in 0..2_000 {
        stage.press(&"x".repeat(1_000)).await;
    }
    stage.press("\r~.").await;
    let began = Instant::now();
    let end = stage.end.await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!((end.reason.as_str(), end.expected), ("you ended the session", true));
    assert!(stage.script.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_takes_no_output_can_be_left() {
    let stage = attached(1, None);
    for _ in 0..6 {
        let _ = tokio::time::timeout(Duration::from_millis(5), stage.script.output("flood")).await;
    }
    stage.press("~.").await;
    assert_eq!(stage.end.await.unwrap().reason, "you ended the session");
}

#[tokio::test(start_paused = true)]
async fn the_escapes_are_listed_and_the_end_for_want_of_typing_is_announced() {
    let mut stage = attached(8, None);
    stage.press("~?").await;
    assert!(stage.shown().await.contains("~.  leave the session"));
    let began = Instant::now();
    assert!(stage.shown().await.contains("AWS ends this session in 2 minutes"));
    assert_eq!(began.elapsed(), IDLE_WARNING);
    stage.press("x").await;
    let _ = stage.script.input().await;
    assert!(stage.shown().await.contains("in 2 minutes"), "announced again after the next pause");
    assert!(began.elapsed() >= IDLE_WARNING * 2);
}

#[tokio::test(start_paused = true)]
async fn the_session_ends_with_its_task() {
    let mut stage = attached(8, None);
    stage.stop.take().unwrap().send("task 0cf34e4c of web has stopped: out of memory".into()).unwrap();
    let end = stage.end.await.unwrap();
    assert_eq!((end.reason.as_str(), end.expected), ("task 0cf34e4c of web has stopped: out of memory", false));
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_goes_away_ends_the_session() {
    let stage = attached(8, None);
    drop(stage.keyboard);
    assert!(!stage.end.await.unwrap().expected);
    assert!(stage.script.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_command_on_the_terminal_reports_its_exit_code() {
    let mut stage = attached(8, Some(RemoteOutput::on_terminal("m")));
    stage.script.output("hi\r\n\x1em:x7\x1e").await;
    assert_eq!(stage.shown().await, "hi\r\n");
    stage.script.close(CloseReason::Ended).await;
    let end = stage.end.await.unwrap();
    assert_eq!((end.reason.as_str(), end.exit_code), ("the command has ended with exit code 7", Some(7)));
}
