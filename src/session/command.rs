//! A command in a container for scripts: its input, output, errors and exit code are those of this process.

use std::io::{self, Read, Write};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    client::{Session, SessionHandle, SessionNotice, SessionUpdate},
    close::CloseReason,
    remote_command::{self, RemoteOutput, RemotePart},
    terminal::SessionOutcome,
};

/// How much input is read at once, and how many pieces wait.
const READ: usize = 48 * 1024;
const WAITING: usize = 4;

/// Where the input of a command comes from and its output goes to. Writing may block: that holds the session back.
#[derive(Debug)]
pub struct RemoteIo<O, E> {
    /// Absent for a command that gets no input; closed at the end of the input.
    pub input: Option<mpsc::Receiver<Vec<u8>>>,
    pub output: O,
    pub errors: E,
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
    while let Some(update) = session.updates.recv().await {
        match update {
            SessionUpdate::Output(bytes) => {
                for part in parts.push(&bytes) {
                    match part {
                        RemotePart::Ready { raw } => match io.input.take() {
                            Some(_) if !raw => {
                                return Err("the image has no `stty`, so no input can be passed: add --no-input".into());
                            }
                            Some(input) => {
                                let (stop, stopped) = mpsc::channel(1);
                                stop_input = Some(stop);
                                tokio::spawn(send_input(session.handle.clone(), input, stopped, marker.to_owned()));
                            }
                            None => {}
                        },
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
        // The session need not be ended by AWS first.
        if exit_code.is_some() {
            return Ok(SessionOutcome::of(&CloseReason::Ended, exit_code));
        }
    }
    Err("the session has ended".into())
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
