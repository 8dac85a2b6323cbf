//! A session on the user's terminal: bytes pass unchanged in both directions, and what the user has to know about the
//! session itself is written between them.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};

use super::{
    client::{Session, SessionNotice, SessionUpdate},
    close::CloseReason,
    escape::{self, EscapeScanner, Typed},
    message::TerminalSize,
    remote_command::{RemoteOutput, RemotePart},
};
use crate::tty::{LentTerminal, TerminalInput};

/// How many minutes ECS Exec keeps a session in which nothing is typed, when that is announced, and what is left then.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations>
const IDLE_END: u64 = 20;
const IDLE_WARNING: Duration = Duration::from_mins(IDLE_END - MINUTES_LEFT);
const MINUTES_LEFT: u64 = 2;
/// How much typed text waits for a session that takes none; the rest is dropped.
const MOST_TYPED: usize = 1024 * 1024;

/// How a session has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOutcome {
    pub reason: String,
    /// Nothing went wrong.
    pub expected: bool,
    /// That of the command, where it is known.
    pub exit_code: Option<u8>,
}

impl SessionOutcome {
    pub(super) fn of(reason: &CloseReason, exit_code: Option<u8>) -> Self {
        let (reason, expected) = match exit_code {
            Some(code) => (format!("the command has ended with exit code {code}"), true),
            None => (reason.to_string(), !reason.is_failure()),
        };
        Self { reason, expected, exit_code }
    }
}

/// Passes everything between `session` and `terminal` until the session ends, the user leaves, or `stopped` says why the
/// task has stopped. `command` takes the exit code out of the output of a command that reports one.
pub async fn attach(
    session: Session,
    terminal: LentTerminal,
    stopped: oneshot::Receiver<String>,
    command: Option<RemoteOutput>,
) -> SessionOutcome {
    let now = Instant::now();
    let mut attached = Attached {
        session,
        terminal,
        command,
        scanner: EscapeScanner::default(),
        typed: VecDeque::new(),
        typed_bytes: 0,
        to_show: VecDeque::new(),
        typed_at: now,
        warned: false,
        exit_code: None,
    };
    let end = attached.run(stopped).await;
    attached.finish().await;
    end
}

struct Attached {
    session: Session,
    terminal: LentTerminal,
    command: Option<RemoteOutput>,
    scanner: EscapeScanner,
    /// What was typed and is not taken yet.
    typed: VecDeque<Bytes>,
    typed_bytes: usize,
    /// What the terminal has not accepted yet.
    to_show: VecDeque<Vec<u8>>,
    /// When something was last typed.
    typed_at: Instant,
    /// The end for want of typing was announced.
    warned: bool,
    exit_code: Option<u8>,
}

/// What happens next.
enum TerminalTurn {
    Typed(Option<TerminalInput>),
    /// The session takes the oldest piece of what was typed.
    Taken,
    Update(Option<SessionUpdate>),
    /// The terminal has accepted a piece of output.
    Shown,
    Idle,
    Stopped(String),
}

impl Attached {
    async fn run(&mut self, mut stopped: oneshot::Receiver<String>) -> SessionOutcome {
        let mut watched = true;
        loop {
            let turn = self.next_turn(&mut stopped, &mut watched).await;
            match turn {
                TerminalTurn::Typed(None) => return ended("the terminal has gone away", false),
                TerminalTurn::Typed(Some(TerminalInput::Resized(columns, rows))) => {
                    self.session.handle.resize(TerminalSize { columns, rows });
                }
                TerminalTurn::Typed(Some(TerminalInput::Bytes(bytes))) => {
                    if self.take_typed(&bytes) {
                        return SessionOutcome::of(&CloseReason::User, None);
                    }
                }
                TerminalTurn::Taken | TerminalTurn::Shown => {}
                TerminalTurn::Update(Some(SessionUpdate::Closed(reason))) => {
                    return SessionOutcome::of(&reason, self.exit_code);
                }
                TerminalTurn::Update(None) => return ended("the session has ended", false),
                TerminalTurn::Update(Some(update)) => self.take_update(update),
                TerminalTurn::Idle => {
                    self.warned = true;
                    self.say(&format!(
                        "AWS ends this session in {MINUTES_LEFT} minutes unless something is typed; what runs in it may go on"
                    ));
                }
                TerminalTurn::Stopped(why) => return ended(&why, false),
            }
        }
    }

    async fn next_turn(&mut self, stopped: &mut oneshot::Receiver<String>, watched: &mut bool) -> TerminalTurn {
        let Self { session, terminal, typed, typed_bytes, to_show, .. } = self;
        let first = typed.front().cloned();
        let take = async {
            match first {
                Some(bytes) => session.handle.input(bytes).await,
                None => std::future::pending().await,
            }
        };
        let idle_at = self.typed_at + IDLE_WARNING;
        tokio::select! {
            biased;
            input = terminal.input.recv() => TerminalTurn::Typed(input),
            why = &mut *stopped, if *watched => match why {
                Ok(why) => TerminalTurn::Stopped(why),
                Err(_) => {
                    *watched = false;
                    TerminalTurn::Shown
                }
            },
            () = take => {
                if let Some(bytes) = typed.pop_front() {
                    *typed_bytes -= bytes.len();
                }
                TerminalTurn::Taken
            }
            permit = terminal.output.reserve(), if !to_show.is_empty() => {
                match (permit, to_show.pop_front()) {
                    (Ok(permit), Some(bytes)) => {
                        permit.send(bytes);
                        TerminalTurn::Shown
                    }
                    // The terminal has gone away.
                    _ => TerminalTurn::Typed(None),
                }
            }
            // Output that is not shown yet holds the session back.
            update = session.updates.recv(), if to_show.is_empty() => TerminalTurn::Update(update),
            () = sleep_until(idle_at), if !self.warned => TerminalTurn::Idle,
        }
    }

    /// Takes typed bytes; returns whether the user leaves.
    fn take_typed(&mut self, bytes: &[u8]) -> bool {
        self.typed_at = Instant::now();
        self.warned = false;
        for typed in self.scanner.read(bytes) {
            match typed {
                Typed::Leave => return true,
                Typed::Help => self.to_show.push_back(escape::HELP.into()),
                Typed::Send(bytes) if self.typed_bytes + bytes.len() <= MOST_TYPED => {
                    self.typed_bytes += bytes.len();
                    self.typed.push_back(bytes.into());
                }
                Typed::Send(_) => self.say("the session takes no input; what was typed is dropped"),
            }
        }
        false
    }

    fn take_update(&mut self, update: SessionUpdate) {
        match update {
            SessionUpdate::Output(bytes) => match &mut self.command {
                None => self.to_show.push_back(bytes.into()),
                Some(command) => {
                    for part in command.push(&bytes) {
                        match part {
                            RemotePart::Output(bytes) | RemotePart::Error(bytes) => self.to_show.push_back(bytes),
                            RemotePart::Exit(code) => self.exit_code = code,
                            RemotePart::Ready { .. } | RemotePart::InputClosed => {}
                        }
                    }
                }
            },
            SessionUpdate::StandardError(bytes) => self.to_show.push_back(bytes.into()),
            SessionUpdate::ExitCode(code) => self.exit_code = u8::try_from(code).ok(),
            SessionUpdate::Message(text) => self.say(&text),
            SessionUpdate::Notice(notice) => {
                if let Some(text) = notice_text(&notice) {
                    self.say(&text);
                }
            }
            SessionUpdate::Ready(_) | SessionUpdate::ConnectToPortError | SessionUpdate::Closed(_) => {}
        }
    }

    /// Shows a line about the session.
    fn say(&mut self, text: &str) {
        self.to_show.push_back(line(text));
    }

    /// Shows the rest of the output, and ends the session at AWS.
    async fn finish(mut self) {
        self.session.handle.close();
        // What had arrived before the end is output as well.
        while let Ok(update) = self.session.updates.try_recv() {
            self.take_update(update);
        }
        for bytes in self.to_show.drain(..) {
            if self.terminal.output.try_send(bytes).is_err() {
                break;
            }
        }
        // The terminal first: AWS may take a while.
        drop(self.terminal);
        self.session.finish().await;
    }
}

/// A line about the session, for a terminal in raw mode.
pub(super) fn line(text: &str) -> Vec<u8> {
    format!("\r\n\x1b[0m[ecsight: {}]\r\n", crate::visible::safe(text)).into_bytes()
}

fn ended(reason: &str, expected: bool) -> SessionOutcome {
    SessionOutcome { reason: reason.to_owned(), expected, exit_code: None }
}

/// What the user should know about the state of the connection; nothing about what is as usual.
fn notice_text(notice: &SessionNotice) -> Option<String> {
    Some(match notice {
        SessionNotice::Connected | SessionNotice::Reconnected | SessionNotice::Resumed => return None,
        SessionNotice::NoAnswer => {
            "no answer from the container for 20 seconds: two sessions may be open there already; enter ~ . leaves"
                .into()
        }
        SessionNotice::Unanswered => {
            "the container does not take what is typed: its agent may be gone; enter ~ . leaves".into()
        }
        SessionNotice::Answered => "the container takes what is typed again".into(),
        SessionNotice::Paused => "the container's side is not connected; enter ~ . leaves".into(),
        SessionNotice::Silent => "nothing arrives any more; enter ~ . leaves".into(),
        SessionNotice::Receiving => "the connection works again".into(),
        // The first attempt mostly succeeds: the gateway closes every connection after an hour.
        SessionNotice::Reconnecting { attempt: 1, .. } => return None,
        SessionNotice::Reconnecting { attempt, why } => {
            format!("the connection is lost, attempt {attempt} to restore it: {why}; enter ~ . leaves")
        }
    })
}

#[cfg(test)]
mod tests;
