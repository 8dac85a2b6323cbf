//! A command in a container for scripts: its input, output, errors and exit code are those of this process.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};

use super::{
    client::{Session, SessionHandle, SessionNotice, SessionUpdate},
    close::CloseReason,
    remote_command::{self, RemoteOutput, RemotePart},
    terminal::SessionOutcome,
};

/// How much input is read at once, and how many pieces wait.
const READ: usize = 48 * 1024;
const WAITING: usize = 4;
/// How often an empty line is sent, which no command gets to see: ECS Exec ends sessions without input after 20 minutes,
/// whatever they write.
const KEEPALIVE: Duration = Duration::from_mins(5);
/// How long the program in the container may take to end; afterwards the session is ended at AWS.
const RELEASE: Duration = Duration::from_secs(2);
/// Why a command that is to get input did not run.
pub const NO_STTY: &str = "the image has no `stty`, so no input can be passed";

/// Where the input of a command comes from and its output goes to. Writing may block: that holds the session back.
#[derive(Debug)]
pub struct RemoteIo<O, E> {
    /// Absent for a command that gets no input; closed at the end of the input.
    pub input: Option<mpsc::Receiver<Vec<u8>>>,
    pub output: O,
    pub errors: E,
    /// Ends the session early, and says why.
    pub cancel: Option<oneshot::Receiver<String>>,
}

/// Reads `input` on a thread of its own, which may block for ever.
pub fn read_in_background(mut input: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let read = move || {
        let mut buffer = vec![0; READ];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return tracing::warn!(%error, "standard input can't be read"),
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("input".into()).spawn(read) {
        tracing::warn!(%error, "standard input can't be read");
    }
    receiver
}

/// Passes input and output until the command ends. The session runs [`remote_command::command_line`] with this `marker`.
///
/// # Errors
///
/// Why the command did not start, or why its output can't be written.
pub async fn run(
    mut session: Session,
    marker: &str,
    mut io: RemoteIo<impl Write, impl Write>,
) -> Result<SessionOutcome, String> {
    let result = pass(&mut session, marker, &mut io).await;
    session.finish().await;
    result
}

async fn pass(
    session: &mut Session,
    marker: &str,
    io: &mut RemoteIo<impl Write, impl Write>,
) -> Result<SessionOutcome, String> {
    let mut parts = RemoteOutput::new(marker);
    let mut exit_code = None;
    // Ends the input when the command reads no more.
    let mut stop_input: Option<mpsc::Sender<()>> = None;
    let unwritable = |error: io::Error| format!("could not write the output: {error}");
    let mut cancel = io.cancel.take();
    // Once there is a raw terminal: another one echoes what it gets.
    let mut alive_at: Option<Instant> = None;
    loop {
        let update = tokio::select! {
            update = session.updates.recv() => update,
            Ok(reason) = wait_for(&mut cancel), if cancel.is_some() => {
                return Ok(SessionOutcome { reason, expected: false, exit_code: None });
            }
            () = sleep_until(alive_at.unwrap_or_else(Instant::now)), if alive_at.is_some() => {
                alive_at = Some(Instant::now() + KEEPALIVE);
                let handle = session.handle.clone();
                tokio::spawn(async move { handle.input(Bytes::from_static(b"\n")).await });
                continue;
            }
        };
        let Some(update) = update else { return Err("the session has ended".into()) };
        match update {
            SessionUpdate::Output(bytes) => {
                for part in parts.push(&bytes) {
                    match part {
                        RemotePart::Ready { raw } => {
                            alive_at = raw.then(|| Instant::now() + KEEPALIVE);
                            match io.input.take() {
                                Some(_) if !raw => return Err(NO_STTY.to_owned()),
                                Some(input) => {
                                    let (stop, stopped) = mpsc::channel(1);
                                    stop_input = Some(stop);
                                    tokio::spawn(send_input(session.handle.clone(), input, stopped, marker.to_owned()));
                                }
                                None => {}
                            }
                        }
                        RemotePart::Output(bytes) => io.output.write_all(&bytes).map_err(unwritable)?,
                        RemotePart::Error(bytes) => io.errors.write_all(&bytes).map_err(unwritable)?,
                        RemotePart::InputClosed => drop(stop_input.take()),
                        RemotePart::Exit(code) => exit_code = code,
                    }
                }
                io.output.flush().map_err(unwritable)?;
                io.errors.flush().map_err(unwritable)?;
            }
            SessionUpdate::StandardError(bytes) => io.errors.write_all(&bytes).map_err(unwritable)?,
            SessionUpdate::Notice(SessionNotice::NoAnswer) => {
                tracing::warn!("no answer from the container for 20 seconds");
            }
            SessionUpdate::Closed(reason) if parts.has_started() => return Ok(SessionOutcome::of(&reason, exit_code)),
            SessionUpdate::Closed(reason) => return Err(not_started(&reason, parts.before_start())),
            SessionUpdate::ExitCode(_)
            | SessionUpdate::ConnectToPortError
            | SessionUpdate::Ready(_)
            | SessionUpdate::Message(_)
            | SessionUpdate::Notice(_) => {}
        }
        if exit_code.is_some() {
            let _ = timeout(RELEASE, release(session, marker)).await;
            return Ok(SessionOutcome::of(&CloseReason::Ended, exit_code));
        }
    }
}

/// Lets the program in the container end, and waits until it has.
async fn release(session: &mut Session, marker: &str) {
    session.handle.input(Bytes::from(remote_command::end_of_input(marker))).await;
    while let Some(update) = session.updates.recv().await {
        if matches!(update, SessionUpdate::Closed(_)) {
            return;
        }
    }
}

/// Waits for the request to end; an error if it can't come any more.
async fn wait_for(cancel: &mut Option<oneshot::Receiver<String>>) -> Result<String, oneshot::error::RecvError> {
    let result = match cancel {
        Some(receiver) => receiver.await,
        None => std::future::pending().await,
    };
    *cancel = None;
    result
}

/// Sends the input, then its end; only its end once `stopped` is closed.
async fn send_input(
    handle: SessionHandle,
    mut input: mpsc::Receiver<Vec<u8>>,
    mut stopped: mpsc::Receiver<()>,
    marker: String,
) {
    let send_all = async {
        while let Some(bytes) = input.recv().await {
            handle.input(Bytes::from(remote_command::encode_input(&bytes))).await;
        }
    };
    tokio::select! {
        () = send_all => {}
        _ = stopped.recv() => {}
    }
    handle.input(Bytes::from(remote_command::end_of_input(&marker))).await;
}

fn not_started(reason: &CloseReason, output: &[u8]) -> String {
    let output = String::from_utf8_lossy(output);
    let shell = "a command needs `sh` in the image; --tty runs one without it";
    match reason {
        CloseReason::AgentError(text) if text.contains("\"sh\"") || text.contains(": sh") => format!("{text}: {shell}"),
        reason if output.trim().is_empty() => reason.to_string(),
        reason => format!("{reason}; the container wrote: {}", output.trim()),
    }
}

#[cfg(test)]
mod tests;
