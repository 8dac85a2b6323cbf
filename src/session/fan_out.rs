//! One command in many containers, a few at a time.

use std::{io, io::Write, time::Duration};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use tokio::{
    sync::{oneshot, watch},
    time::sleep,
};

use super::{command::RemoteIo, exec, terminal::SessionOutcome};
use crate::{aws::Clients, resource::container::ExecTarget};

/// How many sessions are open at once. How often they are opened, the request budget decides.
pub const AT_ONCE: usize = 5;
/// How much of the output of each command is kept.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// The end of a command that took too long.
const TOO_LONG: &str = "it has not ended in time";

/// What a command has done in one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    pub target: ExecTarget,
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
    /// Bytes of output beyond what is kept.
    pub cut: usize,
    pub outcome: Result<SessionOutcome, String>,
}

impl CommandResult {
    /// Why it counts as failed; absent for exit code 0.
    pub fn failure(&self) -> Option<String> {
        match &self.outcome {
            Ok(SessionOutcome { exit_code: Some(0), .. }) => None,
            Ok(SessionOutcome { exit_code: Some(code), .. }) => Some(format!("exit code {code}")),
            Ok(outcome) => Some(outcome.reason.clone()),
            Err(reason) => Some(reason.clone()),
        }
    }

    /// The exit code of the command; 1 if there is none, 3 if it was ended because it took too long.
    pub fn exit_code(&self) -> u8 {
        match &self.outcome {
            Ok(SessionOutcome { exit_code: Some(code), .. }) => *code,
            Ok(outcome) if outcome.reason == TOO_LONG => 3,
            _ => 1,
        }
    }
}

/// Runs `args` in all `targets`, without input, and reports each result as it comes. `stopped` ends those that run and
/// prevents the others; `within` ends each of them. `now` is the time now.
pub async fn run_in_all(
    clients: &Clients,
    targets: Vec<ExecTarget>,
    args: &[String],
    (stopped, within): (watch::Receiver<bool>, Option<Duration>),
    (begun, now): (impl Fn(&ExecTarget), fn() -> Timestamp),
    mut report: impl FnMut(CommandResult),
) {
    let begun = &begun;
    let mut results = stream::iter(targets)
        .map(|target| {
            let stopped = stopped.clone();
            async move {
                if *stopped.borrow() {
                    let outcome = Err("not begun".to_owned());
                    return CommandResult { target, output: Vec::new(), errors: Vec::new(), cut: 0, outcome };
                }
                begun(&target);
                run_in(clients, target, args, (stopped, within), now()).await
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(result) = results.next().await {
        report(result);
    }
}

async fn run_in(
    clients: &Clients,
    target: ExecTarget,
    args: &[String],
    (mut stopped, within): (watch::Receiver<bool>, Option<Duration>),
    now: Timestamp,
) -> CommandResult {
    let (mut output, mut errors) = (Bounded::default(), Bounded::default());
    let (cancel, cancelled) = oneshot::channel();
    let io = RemoteIo { input: None, output: &mut output, errors: &mut errors, cancel: Some(cancelled) };
    let late = async {
        match within {
            Some(within) => sleep(within).await,
            None => std::future::pending().await,
        }
    };
    let outcome = {
        let run = exec::run_command(clients.clone(), &target, args, io, now);
        tokio::pin!(run);
        let reason = tokio::select! {
            outcome = &mut run => Err(outcome),
            () = late => Ok(TOO_LONG),
            Ok(_) = stopped.wait_for(|stopped| *stopped) => Ok("interrupted"),
        };
        match reason {
            Err(outcome) => outcome,
            Ok(reason) => {
                // A command that has ended needs no reason.
                let _ = cancel.send(reason.to_owned());
                run.await
            }
        }
    };
    let cut = output.cut + errors.cut;
    CommandResult { target, output: output.bytes, errors: errors.bytes, cut, outcome }
}

/// The beginning of what is written.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    cut: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(MOST_OUTPUT - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        self.cut += bytes.len() - taken;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
