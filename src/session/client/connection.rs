//! One connection of a session, until it is lost or the session ends.

use std::time::Duration;

use bytes::Bytes;
use futures::{
    FutureExt, SinkExt, StreamExt,
    future::OptionFuture,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{self, Message as WebSocketMessage};

use super::{Client, CloseReason, Ending, Gateway, SessionInput, SessionNotice, SessionUpdate};
use crate::session::{
    encryption::DataKey,
    message::{self, SessionFlag},
    transport::WebSocket,
};

/// How often the gateway is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(30);
/// The time without any message after which a notice is sent, and after which the connection is given up.
const SILENT_AFTER: Duration = Duration::from_secs(40);
const DEAD_AFTER: Duration = Duration::from_secs(90);
/// After how long without an acknowledgement a notice is sent.
const UNANSWERED_AFTER: Duration = Duration::from_secs(5);
/// A window that is dragged sends no more sizes than this.
const SIZE_EVERY: Duration = Duration::from_millis(100);
/// How many messages wait for the writer.
const WRITER_QUEUE: usize = 256;
/// How many updates are held for a slow consumer before the connection is no longer read.
const MAX_PENDING: usize = 1024;
/// How long the last messages of a session may take.
const GOODBYE: Duration = Duration::from_millis(250);

/// A task that ends with its owner.
struct WriterTask(JoinHandle<()>);

impl Drop for WriterTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Writes messages as they come, and flushes when there are none: reading never waits for writing.
async fn write(mut sink: SplitSink<WebSocket, WebSocketMessage>, mut queue: mpsc::Receiver<WebSocketMessage>) {
    while let Some(message) = queue.recv().await {
        let mut result = sink.feed(message).await;
        while let (Ok(()), Ok(message)) = (&result, queue.try_recv()) {
            result = sink.feed(message).await;
        }
        if result.is_err() || sink.flush().await.is_err() {
            return;
        }
    }
}

/// The times of one connection.
struct Timers {
    last_received: Instant,
    /// Whether the notice that nothing arrives was sent.
    is_silent: bool,
    /// Whether the connection is read: otherwise nothing can arrive.
    reads: bool,
    ping: Interval,
    /// When the next size may be sent, if one waits.
    size_due: Option<Instant>,
    size_sent: Instant,
}

impl Timers {
    fn new() -> Self {
        let now = Instant::now();
        let mut ping = interval_at(now + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { last_received: now, is_silent: false, reads: true, ping, size_due: None, size_sent: now }
    }

    /// Silence counts from when the connection is read again.
    fn set_reads(&mut self, reads: bool) {
        if !std::mem::replace(&mut self.reads, reads) {
            self.last_received = Instant::now();
        }
    }

    fn next(&self) -> Instant {
        let silence = match self.is_silent {
            _ if !self.reads => Instant::now() + DEAD_AFTER,
            true => self.last_received + DEAD_AFTER,
            false => self.last_received + SILENT_AFTER,
        };
        self.size_due.map_or(silence, |size| size.min(silence))
    }
}

/// A result of reading the connection; `None` at its end.
type Received = Option<Result<WebSocketMessage, tungstenite::Error>>;

/// What a connection has waited for.
enum Wake {
    /// The user closes the session.
    Close,
    /// Nobody takes the updates any more.
    NoConsumer,
    /// Nobody can send input any more.
    NoHandles,
    NoWriter,
    Message(Received),
    Input(SessionInput),
    /// The terminal has another size.
    Size,
    Key(Result<DataKey, String>),
    Ping,
    Time,
}

impl<G: Gateway> Client<G> {
    /// Runs until the connection is lost or the session has ended.
    pub(super) async fn run_connection(&mut self, socket: WebSocket) -> Ending {
        let (sink, mut stream) = socket.split();
        let (queue, receiver) = mpsc::channel(WRITER_QUEUE);
        let mut writer = WriterTask(tokio::spawn(write(sink, receiver)));
        let opening = message::open_data_channel(self.gateway.token(), self.id);
        if queue.send(WebSocketMessage::text(opening)).await.is_err() {
            return Ending::Lost("the connection was closed at once".to_owned());
        }
        let mut timers = Timers::new();
        let mut has_handles = true;
        loop {
            self.collect_events();
            self.notice_answers();
            self.deliver_what_fits();
            if let Some(reason) = self.closed.take() {
                return Ending::Closed(reason);
            }
            let is_blocked = self.write_what_fits(&queue);
            let reads = self.pending.len() < MAX_PENDING;
            timers.set_reads(reads);
            let next = self.protocol.deadline().map(|deadline| self.began + deadline);
            let next = next.into_iter().chain(self.unanswered_at()).fold(timers.next(), Instant::min);
            let wake = tokio::select! {
                closing = self.closing.wait_for(|closing| *closing), if has_handles => match closing {
                    Ok(_) => Wake::Close,
                    Err(_) => Wake::NoHandles,
                },
                permit = self.updates.reserve(), if !self.pending.is_empty() => match (permit, self.pending.pop_front()) {
                    (Ok(permit), Some(update)) => {
                        permit.send(update);
                        continue;
                    }
                    _ => Wake::NoConsumer,
                },
                () = self.updates.closed() => Wake::NoConsumer,
                message = stream.next(), if reads => Wake::Message(message),
                input = self.inputs.recv(), if has_handles && self.protocol.accepts_input() => {
                    input.map_or(Wake::NoHandles, Wake::Input)
                }
                changed = self.sizes.changed(), if has_handles && timers.size_due.is_none() => match changed {
                    Ok(()) => Wake::Size,
                    Err(_) => Wake::NoHandles,
                },
                Some(key) = OptionFuture::from(self.key.as_mut()), if self.key.is_some() => Wake::Key(key),
                permit = queue.reserve(), if is_blocked => match permit {
                    Ok(_) => continue,
                    Err(_) => Wake::NoWriter,
                },
                _ = &mut writer.0 => Wake::NoWriter,
                _ = timers.ping.tick() => Wake::Ping,
                () = sleep_until(next) => Wake::Time,
            };
            let result = match wake {
                Wake::Close => {
                    self.say_goodbye(queue, &mut writer).await;
                    return Ending::Closed(CloseReason::User);
                }
                Wake::NoConsumer => Err(Ending::Closed(CloseReason::User)),
                Wake::NoHandles => {
                    has_handles = false;
                    Ok(())
                }
                Wake::NoWriter => Err(Ending::Lost("the connection was lost".to_owned())),
                Wake::Message(message) => self.take_messages(message, &mut stream, &mut timers),
                Wake::Input(input) => self.take_input(input),
                Wake::Size => {
                    timers.size_due = Some((timers.size_sent + SIZE_EVERY).max(Instant::now()));
                    Ok(())
                }
                Wake::Key(key) => self.take_key(key).map_err(Ending::Closed),
                Wake::Ping => {
                    // A full queue has something to send anyway.
                    let _ = queue.try_send(WebSocketMessage::Ping(Bytes::from_static(b"keepalive")));
                    Ok(())
                }
                Wake::Time => self.take_time(&mut timers),
            };
            if let Err(ending) = result {
                // What the gateway has reported comes before what follows from it.
                return self.closed.take().map_or(ending, Ending::Closed);
            }
        }
    }

    fn take_input(&mut self, input: SessionInput) -> Result<(), Ending> {
        let now = self.began.elapsed();
        let result = match input {
            SessionInput::Bytes(bytes) => self.protocol.input(bytes, now),
            SessionInput::Flag(flag) => self.protocol.flag(flag, now),
        };
        result.map_err(|error| Ending::Closed(CloseReason::Protocol(error)))
    }

    /// When the notice that nothing is acknowledged is due.
    fn unanswered_at(&self) -> Option<Instant> {
        let since = self.protocol.unanswered_since().filter(|_| !self.is_unanswered)?;
        Some(self.began + since + UNANSWERED_AFTER)
    }

    /// Sends a notice when what was sent is not acknowledged, and one when it is.
    fn notice_answers(&mut self) {
        let now = self.began.elapsed();
        let since = self.protocol.unanswered_since();
        let is_unanswered = since.is_some_and(|since| now >= since + UNANSWERED_AFTER);
        if is_unanswered != self.is_unanswered {
            self.is_unanswered = is_unanswered;
            self.notify(if is_unanswered { SessionNotice::Unanswered } else { SessionNotice::Answered });
        }
    }

    /// Queues what the protocol has to send. Returns whether the queue is full.
    fn write_what_fits(&mut self, queue: &mpsc::Sender<WebSocketMessage>) -> bool {
        let now = self.began.elapsed();
        while let Ok(permit) = queue.try_reserve() {
            let Some(bytes) = self.protocol.next_to_send(now) else { return false };
            permit.send(WebSocketMessage::Binary(bytes));
        }
        true
    }

    /// Takes a message and those behind it: many at once cost one round of the loop.
    fn take_messages(
        &mut self,
        first: Received,
        stream: &mut SplitStream<WebSocket>,
        timers: &mut Timers,
    ) -> Result<(), Ending> {
        self.take_message(first, timers)?;
        for _ in 0..WRITER_QUEUE {
            let Some(message) = stream.next().now_or_never() else { break };
            self.take_message(message, timers)?;
        }
        Ok(())
    }

    fn take_message(&mut self, message: Received, timers: &mut Timers) -> Result<(), Ending> {
        timers.last_received = Instant::now();
        if std::mem::take(&mut timers.is_silent) {
            self.notify(SessionNotice::Receiving);
        }
        let lost = |why: &str| Err(Ending::Lost(why.to_owned()));
        let bytes = match message {
            Some(Ok(WebSocketMessage::Binary(bytes))) => bytes,
            Some(Ok(WebSocketMessage::Text(text))) => Bytes::from(text),
            Some(Ok(WebSocketMessage::Close(_))) => return lost("AWS closed the connection"),
            Some(Ok(_)) => return Ok(()),
            Some(Err(_)) => return lost("the connection was interrupted"),
            None => return lost("the connection was closed"),
        };
        let result = self.protocol.receive(&bytes, self.began.elapsed());
        self.collect_events();
        result.map_err(|error| Ending::Closed(CloseReason::Protocol(error)))
    }

    fn take_time(&mut self, timers: &mut Timers) -> Result<(), Ending> {
        let now = Instant::now();
        self.protocol.tick(self.began.elapsed()).map_err(|error| Ending::Closed(CloseReason::Protocol(error)))?;
        if timers.size_due.take_if(|due| now >= *due).is_some() {
            timers.size_sent = now;
            let size = *self.sizes.borrow_and_update();
            if let Some(size) = size {
                self.protocol.resize(size, self.began.elapsed());
            }
        }
        let silence = now - timers.last_received;
        if !timers.reads {
            return Ok(());
        }
        if silence >= DEAD_AFTER {
            return Err(Ending::Lost(format!("nothing has arrived for {} seconds", DEAD_AFTER.as_secs())));
        }
        if silence >= SILENT_AFTER && !std::mem::replace(&mut timers.is_silent, true) {
            self.pending.push_back(SessionUpdate::Notice(SessionNotice::Silent));
        }
        Ok(())
    }

    /// Tells the agent of a port session that it ends, and closes the connection.
    async fn say_goodbye(&mut self, queue: mpsc::Sender<WebSocketMessage>, writer: &mut WriterTask) {
        let now = self.began.elapsed();
        let agreement = self.protocol.agreement();
        if agreement.port_mode().is_some() && agreement.agent.understands_terminate() {
            let _ = self.protocol.flag(SessionFlag::TerminateSession, now);
        }
        let last = async {
            while let Some(bytes) = self.protocol.next_to_send(now) {
                if queue.send(WebSocketMessage::Binary(bytes)).await.is_err() {
                    return;
                }
            }
            let _ = queue.send(WebSocketMessage::Close(None)).await;
            drop(queue);
            let _ = (&mut writer.0).await;
        };
        let _ = timeout(GOODBYE, last).await;
    }
}
