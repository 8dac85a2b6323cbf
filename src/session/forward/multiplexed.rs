//! Many connections at once, each a stream of smux.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    ForwardReporter, ForwardUpdate, GOODBYE, HALF_CLOSED, LOCAL_QUEUE, LocalEvent, LocalListener, STALLED, read_local,
    send_to_session, write_local,
};
use crate::session::{
    client::{Session, SessionUpdate},
    close::CloseReason,
    protocol::ProtocolError,
    smux::{SmuxClient, StreamEvent},
};

/// How often connections that are half closed or stalled are checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How many checks pass between keepalives.
const KEEPALIVE_CHECKS: u32 = 10;
/// How many pieces of data wait for the session, and how many local connections may have ready.
const SESSION_QUEUE: usize = 4;
const LOCAL_EVENTS: usize = 64;

/// One local connection.
struct LocalConnection {
    to_local: mpsc::Sender<Bytes>,
    /// Since when neither end has sent anything, once the local end sends no more.
    half_closed: Option<Instant>,
}

/// The connections of a forward.
struct Connections<'a> {
    smux: SmuxClient,
    by_id: HashMap<u32, LocalConnection>,
    /// Reading and writing of local connections.
    tasks: JoinSet<()>,
    local_events: mpsc::Sender<LocalEvent>,
    /// What the agent has sent and no local connection has taken.
    deliveries: VecDeque<StreamEvent>,
    /// Since when the first of them waits.
    stalled: Option<Instant>,
    reporter: &'a ForwardReporter,
}

/// Carries connections until the session ends.
pub(super) async fn run(
    session: &mut Session,
    listener: &LocalListener,
    reporter: &ForwardReporter,
    keepalive: bool,
) -> CloseReason {
    let (local_events, mut events) = mpsc::channel(LOCAL_EVENTS);
    let (to_session, queue) = mpsc::channel(SESSION_QUEUE);
    let mut connections = Connections {
        smux: SmuxClient::default(),
        by_id: HashMap::new(),
        tasks: JoinSet::new(),
        local_events,
        deliveries: VecDeque::new(),
        stalled: None,
        reporter,
    };
    connections.tasks.spawn(send_to_session(session.handle.clone(), queue));
    let mut waiting = Bytes::new();
    let mut check = interval(CHECK_EVERY);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut checks = 0_u32;
    let reason = loop {
        connections.deliver();
        if waiting.is_empty() {
            waiting = connections.smux.take_to_send();
        }
        let is_idle = waiting.is_empty();
        let stalled = connections.stalled_connection();
        tokio::select! {
            permit = to_session.reserve(), if !is_idle => match permit {
                Ok(permit) => permit.send(std::mem::take(&mut waiting)),
                Err(_) => break CloseReason::Ended,
            },
            stream = listener.accept(), if is_idle => connections.open(stream),
            Some(event) = events.recv(), if is_idle => connections.take_local(event),
            update = session.updates.recv(), if stalled.is_none() => {
                if let Err(reason) = connections.take_update(update) {
                    break reason;
                }
            }
            permit = async { stalled.as_ref()?.reserve().await.ok().map(|_| ()) }, if stalled.is_some() => {
                // There is room now, or the connection is gone: both are seen by the next delivery.
                let _ = permit;
            }
            _ = check.tick() => {
                checks = checks.wrapping_add(1);
                connections.check(keepalive && checks.is_multiple_of(KEEPALIVE_CHECKS));
            }
        }
    };
    connections.end().await;
    reason
}

impl Connections<'_> {
    fn open(&mut self, stream: TcpStream) {
        let Some(id) = self.smux.open() else { return };
        let (read, write) = stream.into_split();
        let (to_local, queue) = mpsc::channel(LOCAL_QUEUE);
        let open = Arc::new(self.reporter.open());
        self.tasks.spawn(read_local(id, read, self.local_events.clone(), open.clone()));
        self.tasks.spawn(write_local(id, write, queue, self.local_events.clone(), open));
        self.by_id.insert(id, LocalConnection { to_local, half_closed: None });
    }

    /// Ends a connection. Its writer writes what it has got, and then ends the local connection.
    fn finish(&mut self, id: u32) {
        self.smux.finish(id);
        self.by_id.remove(&id);
    }

    fn take_local(&mut self, event: LocalEvent) {
        match event {
            LocalEvent::Data(id, bytes) => self.smux.send(id, &bytes),
            LocalEvent::Finished(id) => {
                if let Some(connection) = self.by_id.get_mut(&id) {
                    connection.half_closed = Some(Instant::now());
                }
            }
            LocalEvent::Broken(id) => self.finish(id),
        }
    }

    fn take_update(&mut self, update: Option<SessionUpdate>) -> Result<(), CloseReason> {
        if let Some(bytes) = self.reporter.take(update)? {
            self.smux.receive(bytes).map_err(|error| CloseReason::Protocol(ProtocolError::Multiplexer(error)))?;
            self.deliveries.extend(std::iter::from_fn(|| self.smux.next_event()));
        }
        Ok(())
    }

    /// Gives local connections what has arrived, until one has no room.
    fn deliver(&mut self) {
        while let Some(event) = self.deliveries.pop_front() {
            match event {
                StreamEvent::Data(id, bytes) => {
                    let Some(connection) = self.by_id.get_mut(&id) else { continue };
                    if let Some(since) = &mut connection.half_closed {
                        *since = Instant::now();
                    }
                    if let Err(mpsc::error::TrySendError::Full(bytes)) = connection.to_local.try_send(bytes) {
                        self.deliveries.push_front(StreamEvent::Data(id, bytes));
                        self.stalled.get_or_insert_with(Instant::now);
                        return;
                    }
                    self.stalled = None;
                }
                StreamEvent::Finished(id) => self.finish(id),
            }
        }
        self.stalled = None;
    }

    /// The queue of the connection that the next delivery waits for.
    fn stalled_connection(&self) -> Option<mpsc::Sender<Bytes>> {
        match self.deliveries.front()? {
            StreamEvent::Data(id, _) => self.by_id.get(id).map(|connection| connection.to_local.clone()),
            StreamEvent::Finished(_) => None,
        }
    }

    /// Ends connections that are half closed and silent, or stalled.
    fn check(&mut self, keepalive: bool) {
        let now = Instant::now();
        let is_silent =
            |connection: &LocalConnection| connection.half_closed.is_some_and(|since| now - since >= HALF_CLOSED);
        let silent = self.by_id.iter().filter(|(_, connection)| is_silent(connection)).map(|(id, _)| *id);
        for id in silent.collect::<Vec<_>>() {
            self.finish(id);
        }
        if let (Some(since), Some(StreamEvent::Data(id, _))) = (self.stalled, self.deliveries.front())
            && now - since >= STALLED
        {
            let id = *id;
            self.stalled = None;
            self.reporter.report(ForwardUpdate::Stalled);
            self.finish(id);
        }
        if keepalive {
            self.smux.keep_alive();
        }
        while self.tasks.try_join_next().is_some() {}
    }

    /// Lets local connections take what has arrived, for a moment.
    async fn end(mut self) {
        self.by_id.clear();
        drop(self.local_events);
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(GOODBYE, drained).await;
    }
}
