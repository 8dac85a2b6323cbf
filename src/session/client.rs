//! A session as a task: it owns the connection, reconnects when it is lost, and ends the session at AWS.
//!
//! ```text
//! SessionHandle: input, size, close ──► client task ──► writer task ──► WebSocket
//! updates: output, notices, the end ◄── (protocol)  ◄────────────────── WebSocket
//! ```
//!
//! Everything is bounded. If nobody takes the updates, the connection is not read; if the agent acknowledges nothing, no
//! more input is taken.

use std::{collections::VecDeque, future::Future, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    close::CloseReason,
    encryption::DataKey,
    frame::MessageId,
    handshake::{KeyRequest, SessionParameters},
    message::{SessionFlag, TerminalSize},
    protocol::{Protocol, ProtocolEvent},
    transport::WebSocket,
};
use crate::aws::{Failure, FailureKind};

mod connection;
pub(super) mod reconnect;
#[cfg(test)]
pub(super) mod scripted;
mod update;

pub use update::{SessionNotice, SessionUpdate};

use reconnect::Pauses;

/// How many updates wait for their consumer.
const UPDATES: usize = 256;
/// How many pieces of input wait for the task.
const INPUTS: usize = 64;
/// For how long a lost connection is tried again.
const RETRY_FOR: Duration = Duration::from_mins(3);
/// For how long the first connection is tried: somebody is waiting.
const FIRST_CONNECTION: Duration = Duration::from_secs(15);
/// How long resuming and connecting may take each: signing in may wait for a person who can't be asked now.
const STEP_TIMEOUT: Duration = Duration::from_secs(45);
/// How long KMS may take: the agent waits for 15 seconds.
const KEY_TIMEOUT: Duration = Duration::from_secs(12);
/// How long ending the session at AWS may take.
const TERMINATE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no connection, and whether another attempt may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    pub failure: Failure,
    pub is_temporary: bool,
}

/// Why a session is not resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumeError {
    /// AWS no longer knows the session.
    Expired,
    Failed(GatewayError),
}

/// AWS as a session needs it.
pub trait Gateway: Send + 'static {
    /// Connects with the present token.
    fn connect(&mut self) -> impl Future<Output = Result<WebSocket, GatewayError>> + Send;
    /// Gets a new token for the session.
    fn resume(&mut self) -> impl Future<Output = Result<(), ResumeError>> + Send;
    /// The token of the next connection. Never log it.
    fn token(&self) -> &str;
    /// Has KMS generate a data key.
    fn generate_key(&self, request: KeyRequest) -> BoxFuture<'static, Result<DataKey, String>>;
    /// Ends the session at AWS.
    fn terminate(&self) -> BoxFuture<'static, Result<(), Failure>>;
}

/// What a session is given.
enum SessionInput {
    Bytes(Bytes),
    Flag(SessionFlag),
}

/// How a session is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    pub parameters: SessionParameters,
    /// The size of the terminal, if there is one.
    pub size: Option<TerminalSize>,
}

/// The input of a session. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionHandle {
    inputs: mpsc::Sender<SessionInput>,
    size: watch::Sender<Option<TerminalSize>>,
    closing: watch::Sender<bool>,
}

impl SessionHandle {
    /// Sends input; waits while the session takes no more. Input of a session that has ended is dropped.
    pub async fn input(&self, bytes: impl Into<Bytes>) {
        let _ = self.inputs.send(SessionInput::Bytes(bytes.into())).await;
    }

    /// Sends the end of a terminal's input, `ctrl-d`: a session can't be half closed.
    pub async fn end_input(&self) {
        self.input(Bytes::from_static(b"\x04")).await;
    }

    /// Sends a flag after the input before it.
    pub async fn flag(&self, flag: SessionFlag) {
        let _ = self.inputs.send(SessionInput::Flag(flag)).await;
    }

    /// Sends the size of the terminal, the latest one if it changes often.
    pub fn resize(&self, size: TerminalSize) {
        self.size.send_replace(Some(size));
    }

    /// Ends the session, whatever its state. Returns at once; AWS is informed in the background.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}

/// A session. Dropping the updates ends it.
#[derive(Debug)]
pub struct Session {
    pub handle: SessionHandle,
    pub updates: mpsc::Receiver<SessionUpdate>,
    task: JoinHandle<()>,
}

impl Session {
    /// Opens the session in a task of its own. `opened` is the time of now in milliseconds since the epoch, which dates
    /// messages.
    pub fn open(gateway: impl Gateway, options: SessionOptions, opened: u64) -> Self {
        let (inputs, inputs_receiver) = mpsc::channel(INPUTS);
        let (updates_sender, updates) = mpsc::channel(UPDATES);
        let size = watch::Sender::new(options.size);
        let closing = watch::Sender::new(false);
        let client = Client {
            protocol: Protocol::new(options.parameters, options.size, opened),
            gateway,
            began: Instant::now(),
            id: MessageId::random(),
            inputs: inputs_receiver,
            sizes: size.subscribe(),
            closing: closing.subscribe(),
            updates: updates_sender,
            pending: VecDeque::new(),
            key: None,
            key_failure: None,
            is_unanswered: false,
            closed: None,
        };
        let handle = SessionHandle { inputs, size, closing };
        Self { handle, updates, task: tokio::spawn(client.run()) }
    }

    /// Ends the session and waits until AWS has ended it as well, for a few seconds at most.
    pub async fn finish(self) {
        self.handle.close();
        drop(self.updates);
        let _ = timeout(TERMINATE_TIMEOUT * 2, self.task).await;
    }
}

/// The task of a session.
struct Client<G> {
    gateway: G,
    protocol: Protocol,
    began: Instant,
    /// The same on all connections.
    id: MessageId,
    inputs: mpsc::Receiver<SessionInput>,
    sizes: watch::Receiver<Option<TerminalSize>>,
    closing: watch::Receiver<bool>,
    updates: mpsc::Sender<SessionUpdate>,
    /// Updates that the consumer has no room for.
    pending: VecDeque<SessionUpdate>,
    key: Option<BoxFuture<'static, Result<DataKey, String>>>,
    /// The id of the key that could not be used, and why.
    key_failure: Option<(String, String)>,
    /// Whether the notice that input is not acknowledged was sent.
    is_unanswered: bool,
    /// Set once the gateway has reported the end.
    closed: Option<CloseReason>,
}

/// How a connection has ended.
enum Ending {
    /// The session continues on the next connection.
    Lost(String),
    Closed(CloseReason),
}

impl<G: Gateway> Client<G> {
    async fn run(mut self) {
        let reason = self.run_connections().await;
        tracing::debug!(%reason, "a session has ended");
        let terminate = (!reason.is_remote()).then(|| self.gateway.terminate());
        let report = async {
            for update in self.pending.drain(..).chain([SessionUpdate::Closed(reason)]) {
                if self.updates.send(update).await.is_err() {
                    break;
                }
            }
        };
        // A consumer that takes nothing must not keep the session open at AWS.
        let terminate = async {
            if let Some(terminate) = terminate {
                match timeout(TERMINATE_TIMEOUT, terminate).await {
                    Ok(Ok(())) => {}
                    Ok(Err(failure)) => tracing::warn!(%failure, "the session was not terminated"),
                    Err(_) => tracing::warn!("terminating the session took too long"),
                }
            }
        };
        tokio::join!(report, terminate);
    }

    async fn run_connections(&mut self) -> CloseReason {
        let mut closing = self.closing.clone();
        let mut ending = Ending::Lost(String::new());
        let mut is_first = true;
        while let Ending::Lost(why) = ending {
            let socket = async {
                match is_first {
                    true => self.connect_first().await,
                    false => self.connect_again(why).await,
                }
            };
            let socket = tokio::select! {
                socket = socket => socket,
                () = close_requested(&mut closing) => Err(CloseReason::User),
            };
            let socket = match socket {
                Ok(socket) => socket,
                Err(reason) => return reason,
            };
            if is_first {
                self.notify(SessionNotice::Connected);
            } else {
                self.protocol.reconnect(self.began.elapsed());
                self.is_unanswered = false;
                self.notify(SessionNotice::Reconnected);
            }
            is_first = false;
            ending = self.run_connection(socket).await;
        }
        let Ending::Closed(reason) = ending else { return CloseReason::User };
        // The agent ends a session that it can't encrypt: the reason is ours.
        match self.key_failure.take() {
            Some((key_id, why)) if reason.is_remote() => CloseReason::Encryption { key_id, why },
            _ => reason,
        }
    }

    async fn connect(&mut self) -> Result<WebSocket, GatewayError> {
        timeout(STEP_TIMEOUT, self.gateway.connect()).await.unwrap_or_else(|_| Err(took_too_long()))
    }

    async fn connect_first(&mut self) -> Result<WebSocket, CloseReason> {
        let began = Instant::now();
        let mut pauses = Pauses::default();
        loop {
            let error = match self.connect().await {
                Ok(socket) => return Ok(socket),
                Err(error) => error,
            };
            if !error.is_temporary || began.elapsed() >= FIRST_CONNECTION {
                return Err(CloseReason::Unreachable(error.failure));
            }
            pauses.wait().await;
        }
    }

    async fn connect_again(&mut self, mut why: String) -> Result<WebSocket, CloseReason> {
        let began = Instant::now();
        let mut pauses = Pauses::default();
        for attempt in 1.. {
            self.notify(SessionNotice::Reconnecting { attempt, why });
            self.deliver_what_fits();
            let resumed = timeout(STEP_TIMEOUT, self.gateway.resume()).await;
            let error = match resumed.unwrap_or_else(|_| Err(ResumeError::Failed(took_too_long()))) {
                Ok(()) => match self.connect().await {
                    Ok(socket) => return Ok(socket),
                    Err(error) if !error.is_temporary => return Err(CloseReason::Unreachable(error.failure)),
                    Err(error) => error,
                },
                Err(ResumeError::Expired) => return Err(CloseReason::Expired),
                Err(ResumeError::Failed(error)) if !error.is_temporary => {
                    return Err(CloseReason::CannotResume(error.failure));
                }
                Err(ResumeError::Failed(error)) => error,
            };
            if began.elapsed() >= RETRY_FOR {
                return Err(CloseReason::Unreachable(error.failure));
            }
            why = error.failure.message;
            pauses.wait().await;
        }
        Err(CloseReason::Expired)
    }

    fn notify(&mut self, notice: SessionNotice) {
        self.pending.push_back(SessionUpdate::Notice(notice));
    }

    /// Gives the consumer as many updates as it has room for.
    fn deliver_what_fits(&mut self) {
        while let Ok(permit) = self.updates.try_reserve()
            && let Some(update) = self.pending.pop_front()
        {
            permit.send(update);
        }
    }

    /// Turns events of the protocol into updates.
    fn collect_events(&mut self) {
        while let Some(event) = self.protocol.next_event() {
            let update = match event {
                ProtocolEvent::Output(bytes) => SessionUpdate::Output(bytes),
                ProtocolEvent::StandardError(bytes) => SessionUpdate::StandardError(bytes),
                ProtocolEvent::ExitCode(code) => SessionUpdate::ExitCode(code),
                ProtocolEvent::ConnectToPortError => SessionUpdate::ConnectToPortError,
                ProtocolEvent::Ready(agreement) => SessionUpdate::Ready(agreement),
                ProtocolEvent::Message(text) => SessionUpdate::Message(text),
                ProtocolEvent::NoAnswer => SessionUpdate::Notice(SessionNotice::NoAnswer),
                ProtocolEvent::Paused => SessionUpdate::Notice(SessionNotice::Paused),
                ProtocolEvent::Resumed => SessionUpdate::Notice(SessionNotice::Resumed),
                ProtocolEvent::Closed(closed) => {
                    self.closed = Some(CloseReason::from_remote(&closed));
                    continue;
                }
                ProtocolEvent::KeyNeeded(request) => {
                    self.request_key(request);
                    continue;
                }
            };
            self.pending.push_back(update);
        }
    }

    fn request_key(&mut self, request: KeyRequest) {
        let key_id = request.key_id.clone();
        let generate = timeout(KEY_TIMEOUT, self.gateway.generate_key(request));
        self.key_failure = Some((key_id, "KMS has not answered".to_owned()));
        self.key =
            Some(Box::pin(async { generate.await.unwrap_or_else(|_| Err("KMS has not answered in time".to_owned())) }));
    }

    fn take_key(&mut self, key: Result<DataKey, String>) -> Result<(), CloseReason> {
        self.key = None;
        match &key {
            Ok(_) => self.key_failure = None,
            Err(error) => {
                if let Some((_, why)) = &mut self.key_failure {
                    why.clone_from(error);
                }
            }
        }
        self.protocol.take_key(key, self.began.elapsed()).map_err(CloseReason::Protocol)
    }
}

/// Completes when the user closes the session; never if no handle is left that could close it.
async fn close_requested(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn took_too_long() -> GatewayError {
    let failure = connection_failure(FailureKind::Offline, "no answer within the time limit");
    GatewayError { failure, is_temporary: true }
}

/// The failure of a connection that this machine has noticed.
pub fn connection_failure(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure::local("OpenDataChannel", kind, message)
}

#[cfg(test)]
mod tests;
