//! Commands in containers, started by ECS Exec, and on hosts, started by Systems Manager: attached to a terminal or to input and output of their own.

use std::io::Write;

use aws_lc_rs::rand;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{
    client::{Session, SessionOptions},
    command::{self, RemoteIo},
    gateway::{self, AwsGateway, DocumentRequest, ExecRequest},
    handshake::SessionParameters,
    message::TerminalSize,
    remote_command::{self, RemoteOutput},
    terminal::{self, SessionOutcome},
};
use crate::{
    aws::Clients,
    resource::{container::ExecTarget, session_target::SessionTarget},
    tty::LentTerminal,
};

/// Opens a shell, or another command, in a container or on a host, on the user's terminal, until it ends, the user leaves, or `stopped`
/// says why the task has stopped. `now` is the time now. One call besides the session.
///
/// # Errors
///
/// Why AWS started no session.
pub async fn open_shell(
    clients: Clients,
    target: &SessionTarget,
    command: &str,
    (terminal, stopped): (LentTerminal, oneshot::Receiver<String>),
    now: Timestamp,
) -> Result<SessionOutcome, String> {
    let session = match target {
        SessionTarget::Container(target) => {
            execute(clients, target, command.to_owned(), Some(terminal.size), now).await?
        }
        SessionTarget::Host(host) => start_on_host(clients, &host.managed_id, command, terminal.size, now).await?,
    };
    Ok(terminal::attach(session, terminal, stopped, None).await)
}

/// Starts a command on a host, its shell if the command is empty, and opens its session.
async fn start_on_host(
    clients: Clients,
    managed_id: &str,
    command: &str,
    (columns, rows): (u16, u16),
    now: Timestamp,
) -> Result<Session, String> {
    let request = DocumentRequest::shell(managed_id, command);
    let grant = gateway::start_session(&clients, &request).await.map_err(|failure| failure.with_advice())?;
    let parameters = SessionParameters {
        session_id: grant.session_id.clone(),
        target: managed_id.to_owned(),
        expects_handshake: false,
        uses_challenge: true,
    };
    let options = SessionOptions { parameters, size: Some(TerminalSize { columns, rows }) };
    Ok(Session::open(AwsGateway::new(clients, grant), options, milliseconds(now)))
}

fn milliseconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

/// The same for a command whose exit code is wanted. The image needs `sh`.
///
/// # Errors
///
/// Why AWS started no session.
pub async fn run_in_terminal(
    clients: Clients,
    target: &ExecTarget,
    args: &[String],
    (terminal, stopped): (LentTerminal, oneshot::Receiver<String>),
    now: Timestamp,
) -> Result<SessionOutcome, String> {
    let marker = random_marker();
    let command = remote_command::terminal_command_line(args, &marker);
    let session = execute(clients, target, command, Some(terminal.size), now).await?;
    Ok(terminal::attach(session, terminal, stopped, Some(RemoteOutput::on_terminal(&marker))).await)
}

/// Runs a command in a container, with input and output of its own. The image needs `sh`.
///
/// # Errors
///
/// Why AWS started no session, or why the command did not start.
pub async fn run_command(
    clients: Clients,
    target: &ExecTarget,
    args: &[String],
    io: RemoteIo<impl Write, impl Write>,
    now: Timestamp,
) -> Result<SessionOutcome, String> {
    let marker = random_marker();
    let command = remote_command::command_line(args, &marker, io.input.is_some());
    let session = execute(clients, target, command, None, now).await?;
    command::run(session, &marker, io).await
}

/// Starts a command and opens its session.
async fn execute(
    clients: Clients,
    target: &ExecTarget,
    command: String,
    size: Option<(u16, u16)>,
    now: Timestamp,
) -> Result<Session, String> {
    let ExecTarget { cluster_name, task_arn, container, .. } = target;
    let request = ExecRequest {
        cluster: cluster_name.clone(),
        task: task_arn.clone(),
        container: Some(container.clone()),
        command,
    };
    let grant = gateway::execute_command(&clients, &request).await.map_err(|failure| failure.with_advice())?;
    let parameters = SessionParameters {
        session_id: grant.session_id.clone(),
        target: target.session_target(),
        expects_handshake: false,
        uses_challenge: true,
    };
    let size = size.map(|(columns, rows)| TerminalSize { columns, rows });
    Ok(Session::open(AwsGateway::new(clients, grant), SessionOptions { parameters, size }, milliseconds(now)))
}

/// A text that no command writes by chance.
fn random_marker() -> String {
    let mut bytes = [0; 16];
    // Without randomness a fixed marker does: it only has to be unlike the output.
    let _ = rand::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
