//! Port forwarding through one session: connections to a listener on this machine go to a port at the other end.
//!
//! Depending on the agent, many connections share the session (`multiplexed`), or they take turns (`basic`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use super::{
    client::{Session, SessionHandle, SessionNotice, SessionUpdate},
    close::CloseReason,
    handshake::PortMode,
    smux::MAX_FRAME,
};
use crate::forwarding::ForwardCounts;

mod basic;
mod listener;
mod multiplexed;

pub use listener::{ListenError, LocalListener};

/// How many updates wait for their consumer; further notices are dropped.
const UPDATES: usize = 64;
/// How many pieces of data wait for one local connection.
const LOCAL_QUEUE: usize = 512;
/// How long a connection whose local end sends no more waits for silence: an agent can't be sent half an end.
const HALF_CLOSED: Duration = Duration::from_secs(5);
/// How long a local connection may take nothing while others wait for it.
const STALLED: Duration = Duration::from_secs(30);
/// How long the end of the session waits for local connections to take what has arrived.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a forward has carried. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ForwardCounters(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    opened: AtomicU64,
    closed: AtomicU64,
    refused: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl ForwardCounters {
    pub fn counts(&self) -> ForwardCounts {
        let Counters { opened, closed, refused, sent, received } = &*self.0;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // In this order, so that no more are closed than opened.
        let closed = get(closed);
        let connections = get(opened);
        let (refused, sent, received) = (get(refused), get(sent), get(received));
        ForwardCounts { open: connections.saturating_sub(closed), connections, refused, sent, received }
    }
}

/// A local connection, counted as open until both of its directions have dropped this.
#[derive(Debug)]
struct OpenConnection(ForwardCounters);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a forward reports to its consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardUpdate {
    /// Connections are carried from now on.
    Ready(PortMode),
    Notice(SessionNotice),
    /// A text of the agent for the user.
    Message(String),
    /// A local connection was accepted, the first one of all sessions being 1.
    Connection(u64),
    /// The agent could not connect to the port for one of the connections.
    ConnectToPortError,
    /// A local connection was closed because it took nothing while others waited.
    Stalled,
    /// The forward has ended. Nothing follows.
    Closed(CloseReason),
}

/// A session and the connections through it. Dropping it ends both.
#[derive(Debug)]
pub struct Forward {
    pub counters: ForwardCounters,
    pub updates: mpsc::Receiver<ForwardUpdate>,
    handle: SessionHandle,
    task: JoinHandle<()>,
}

impl Forward {
    /// Carries the connections of a listener through a port session, and counts them. Those that come after its end wait at
    /// the listener.
    pub fn start(session: Session, listener: Arc<LocalListener>, counters: ForwardCounters) -> Self {
        let (sender, updates) = mpsc::channel(UPDATES);
        let handle = session.handle.clone();
        let task = tokio::spawn(run(session, listener, ForwardReporter { sender, counters: counters.clone() }));
        Self { counters, updates, handle, task }
    }

    /// Ends the forward: the last update says so.
    pub fn close(&self) {
        self.handle.close();
    }

    /// Ends the forward and waits until AWS has ended the session, for a few seconds at most.
    pub async fn finish(mut self) {
        self.handle.close();
        self.updates.close();
        let _ = timeout(Duration::from_secs(12), &mut self.task).await;
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // The session ends with its updates.
        self.task.abort();
    }
}

/// Counts and reports what happens.
#[derive(Debug, Clone)]
struct ForwardReporter {
    sender: mpsc::Sender<ForwardUpdate>,
    counters: ForwardCounters,
}

impl ForwardReporter {
    /// Reports what a slow consumer may miss.
    fn report(&self, update: ForwardUpdate) {
        if update == ForwardUpdate::ConnectToPortError {
            self.counters.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        let _ = self.sender.try_send(update);
    }

    /// Counts and reports an accepted connection.
    fn open(&self) -> OpenConnection {
        let before = self.counters.0.opened.fetch_add(1, Ordering::Relaxed);
        self.report(ForwardUpdate::Connection(before + 1));
        OpenConnection(self.counters.clone())
    }

    /// Takes an update of the session. Returns output, and the end.
    fn take(&self, update: Option<SessionUpdate>) -> Result<Option<Bytes>, CloseReason> {
        match update {
            Some(SessionUpdate::Output(bytes)) => return Ok(Some(bytes)),
            Some(SessionUpdate::Closed(reason)) => return Err(reason),
            None => return Err(CloseReason::Ended),
            Some(SessionUpdate::Notice(notice)) => self.report(ForwardUpdate::Notice(notice)),
            Some(SessionUpdate::Message(text)) => self.report(ForwardUpdate::Message(text)),
            Some(SessionUpdate::ConnectToPortError) => self.report(ForwardUpdate::ConnectToPortError),
            Some(SessionUpdate::Ready(_) | SessionUpdate::StandardError(_) | SessionUpdate::ExitCode(_)) => {}
        }
        Ok(None)
    }
}

async fn run(mut session: Session, listener: Arc<LocalListener>, reporter: ForwardReporter) {
    let mode = loop {
        match session.updates.recv().await {
            Some(SessionUpdate::Ready(agreement)) => match agreement.port_mode() {
                Some(mode) => break Ok(mode),
                None => break Err(CloseReason::AgentError("the agent opened no port session".to_owned())),
            },
            update => {
                if let Err(reason) = reporter.take(update) {
                    break Err(reason);
                }
            }
        }
    };
    let reason = match mode {
        Err(reason) => reason,
        Ok(mode) => {
            reporter.report(ForwardUpdate::Ready(mode));
            match mode {
                PortMode::Multiplexed { keepalive } => {
                    multiplexed::run(&mut session, &listener, &reporter, keepalive).await
                }
                PortMode::Basic => basic::run(&mut session, &listener, &reporter, true).await,
                PortMode::Single => basic::run(&mut session, &listener, &reporter, false).await,
            }
        }
    };
    // What comes from now on is for the next session.
    drop(listener);
    let _ = timeout(Duration::from_secs(1), reporter.sender.send(ForwardUpdate::Closed(reason))).await;
    session.finish().await;
}

/// Sends data to the session as fast as it takes input, so that nothing else waits for it.
async fn send_to_session(handle: SessionHandle, mut queue: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = queue.recv().await {
        handle.input(bytes).await;
    }
}

/// What happens on a local connection.
enum LocalEvent {
    Data(u32, Bytes),
    /// The local end sends no more.
    Finished(u32),
    /// The connection is broken.
    Broken(u32),
}

/// Reads a local connection, the one with this id.
async fn read_local(id: u32, mut stream: OwnedReadHalf, events: mpsc::Sender<LocalEvent>, open: Arc<OpenConnection>) {
    loop {
        let mut bytes = BytesMut::with_capacity(MAX_FRAME);
        let event = match stream.read_buf(&mut bytes).await {
            Ok(0) => LocalEvent::Finished(id),
            Ok(count) => {
                open.0.0.sent.fetch_add(count as u64, Ordering::Relaxed);
                LocalEvent::Data(id, bytes.freeze())
            }
            Err(_) => LocalEvent::Broken(id),
        };
        let is_last = !matches!(event, LocalEvent::Data(..));
        if events.send(event).await.is_err() || is_last {
            return;
        }
    }
}

/// Writes to a local connection until the queue ends, then sends its end.
async fn write_local(
    id: u32,
    mut stream: OwnedWriteHalf,
    mut queue: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<LocalEvent>,
    open: Arc<OpenConnection>,
) {
    while let Some(bytes) = queue.recv().await {
        if stream.write_all(&bytes).await.is_err() {
            let _ = events.send(LocalEvent::Broken(id)).await;
            return;
        }
        open.0.0.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests;
