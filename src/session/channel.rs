//! The reliable channel of a session: numbers what is sent, resends it until it is acknowledged, and delivers what
//! arrives in order and exactly once.
//!
//! It does no I/O and has no clock: the caller passes in messages and the time since the session was opened, and takes
//! out what to send. A channel outlives its connections: the sequence numbers of both directions continue on the next.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

use bytes::Bytes;

use super::{
    frame::{AgentMessage, MessageId, MessageType, SYN_FIN},
    message::{self, ChannelClosed, PayloadType},
    retransmission::RoundTrip,
};

/// How many messages that arrived too early are stored.
const STORED_AHEAD: usize = 10_000;

/// How long the other end may acknowledge nothing.
const GIVE_UP_AFTER: Duration = Duration::from_mins(5);

/// Stream data as it is delivered.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamData {
    pub payload_type: PayloadType,
    pub payload: Bytes,
}

/// Shows no payload: it may hold secrets.
impl fmt::Debug for StreamData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.payload_type, self.payload.len())
    }
}

/// What a channel delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    Data(StreamData),
    /// The other end is attached, perhaps again.
    Started,
    /// The other end is not attached; what is sent waits here.
    Paused,
    /// The session has ended.
    Closed(ChannelClosed),
}

/// A message that is not acknowledged.
struct Outgoing {
    encoded: Bytes,
    /// When it was last sent on this connection.
    sent: Option<Duration>,
    /// Whether it was sent more than once: its acknowledgement says nothing about the round trip.
    resent: bool,
    /// Whether it waits in the queue.
    queued: bool,
}

/// Both directions of the stream data of a session. It has no Debug: it holds what was typed.
pub struct Channel {
    /// The type of the stream data that this end sends; the other end's is the other one.
    sends: MessageType,
    receives: MessageType,
    /// When the session was opened, in milliseconds since the epoch.
    opened: u64,
    /// How many messages may be unacknowledged before producers wait.
    window: usize,
    /// The sequence number of the first of `unacknowledged`.
    first: i64,
    /// Messages by sequence number; `None` once acknowledged. The first one is not acknowledged.
    unacknowledged: VecDeque<Option<Outgoing>>,
    /// Sequence numbers of messages to send.
    queue: VecDeque<i64>,
    /// Acknowledgements to send.
    acknowledgements: VecDeque<Bytes>,
    round_trip: RoundTrip,
    paused: bool,
    /// Since when an acknowledgement is awaited.
    waiting_since: Duration,
    /// The sequence number of the next message to deliver.
    expected: i64,
    /// Messages that arrived before their turn.
    ahead: BTreeMap<i64, StreamData>,
    arrivals: VecDeque<Arrival>,
}

impl Channel {
    /// The client's end of a session that is opened at `opened`, in milliseconds since the epoch. Producers wait while
    /// `window` messages are unacknowledged.
    pub fn new(opened: u64, window: usize) -> Self {
        Self {
            sends: MessageType::Input,
            receives: MessageType::Output,
            opened,
            window,
            first: 0,
            unacknowledged: VecDeque::new(),
            queue: VecDeque::new(),
            acknowledgements: VecDeque::new(),
            round_trip: RoundTrip::default(),
            paused: false,
            waiting_since: Duration::ZERO,
            expected: 0,
            ahead: BTreeMap::new(),
            arrivals: VecDeque::new(),
        }
    }

    /// How many more messages a producer may send now.
    pub fn room(&self) -> usize {
        self.window.saturating_sub(self.unacknowledged.len())
    }

    /// Changes how many messages may be unacknowledged.
    pub fn set_window(&mut self, window: usize) {
        self.window = window;
    }

    /// Whether everything that was sent is acknowledged.
    pub fn is_drained(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// Whether the other end has acknowledged anything.
    pub fn was_answered(&self) -> bool {
        self.first > 0
    }

    /// Whether the other end is not attached.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Numbers and queues stream data. It is accepted even without room, for messages of the protocol itself. Empty
    /// payloads can't be sent: peers can't read them.
    pub fn send(&mut self, payload_type: PayloadType, payload: impl Into<Bytes>, now: Duration) {
        let payload = payload.into();
        if payload.is_empty() {
            return;
        }
        let sequence = self.first + self.unacknowledged.len() as i64;
        let message = AgentMessage {
            message_type: self.sends.clone(),
            created: self.created(now),
            sequence,
            flags: 0,
            id: MessageId::random(),
            payload_type: payload_type.number(),
            payload,
        };
        if self.unacknowledged.is_empty() {
            self.waiting_since = now;
        }
        let outgoing = Outgoing { encoded: message.encode(), sent: None, resent: false, queued: true };
        self.unacknowledged.push_back(Some(outgoing));
        self.queue.push_back(sequence);
    }

    /// The next message to write to the connection.
    pub fn next_to_send(&mut self, now: Duration) -> Option<Bytes> {
        if let Some(acknowledgement) = self.acknowledgements.pop_front() {
            return Some(acknowledgement);
        }
        while !self.paused
            && let Some(sequence) = self.queue.pop_front()
        {
            // Messages that were acknowledged while they waited are not sent again.
            if let Some(outgoing) = self.outgoing(sequence).and_then(Option::as_mut) {
                outgoing.queued = false;
                outgoing.resent |= outgoing.sent.is_some();
                outgoing.sent = Some(now);
                return Some(outgoing.encoded.clone());
            }
        }
        None
    }

    /// Takes a message from the connection.
    pub fn receive(&mut self, message: AgentMessage, now: Duration) {
        match &message.message_type {
            MessageType::StartPublication => {
                self.paused = false;
                self.waiting_since = now;
                self.arrivals.push_back(Arrival::Started);
            }
            MessageType::PausePublication if !self.paused => {
                self.paused = true;
                self.arrivals.push_back(Arrival::Paused);
            }
            MessageType::Acknowledge => {
                self.resume_sending(now);
                if let Some(sequence) = message::acknowledged_sequence(&message.payload) {
                    self.take_acknowledgement(sequence, now);
                }
            }
            MessageType::ChannelClosed => {
                self.arrivals.push_back(Arrival::Closed(ChannelClosed::parse(&message.payload)));
            }
            other if *other == self.receives => {
                self.resume_sending(now);
                self.receive_data(message, now);
            }
            other => tracing::debug!(message_type = other.name(), "ignored"),
        }
    }

    /// The next thing to deliver.
    pub fn next_arrival(&mut self) -> Option<Arrival> {
        self.arrivals.pop_front()
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn deadline(&self) -> Option<Duration> {
        if self.paused {
            return None;
        }
        let oldest = self.unacknowledged.front()?.as_ref()?;
        let give_up = self.waiting_since + GIVE_UP_AFTER;
        let resend = oldest.sent.filter(|_| !oldest.queued).map(|sent| sent + self.round_trip.timeout());
        Some(resend.map_or(give_up, |resend| resend.min(give_up)))
    }

    /// Queues the oldest unacknowledged message again if its time has come.
    pub fn tick(&mut self, now: Duration) {
        let timeout = self.round_trip.timeout();
        if let (false, Some(Some(oldest))) = (self.paused, self.unacknowledged.front_mut())
            && !oldest.queued
            && oldest.sent.is_some_and(|sent| now >= sent + timeout)
        {
            oldest.queued = true;
            self.queue.push_front(self.first);
            self.round_trip.back_off();
        }
    }

    /// Whether the other end has acknowledged nothing for so long that it never will.
    pub fn has_given_up(&self, now: Duration) -> bool {
        self.unanswered_since().is_some_and(|since| now >= since + GIVE_UP_AFTER)
    }

    /// Since when an acknowledgement is awaited, if the other end is attached.
    pub fn unanswered_since(&self) -> Option<Duration> {
        (!self.paused && !self.unacknowledged.is_empty()).then_some(self.waiting_since)
    }

    /// Continues on a new connection: everything unacknowledged is sent again.
    pub fn reconnect(&mut self, now: Duration) {
        self.acknowledgements.clear();
        self.queue.clear();
        for (sequence, outgoing) in (self.first..).zip(&mut self.unacknowledged) {
            if let Some(outgoing) = outgoing {
                outgoing.queued = true;
                self.queue.push_back(sequence);
            }
        }
        self.round_trip.restart();
        self.paused = false;
        self.waiting_since = now;
    }

    /// A message of the other end shows that it is attached.
    fn resume_sending(&mut self, now: Duration) {
        if std::mem::take(&mut self.paused) {
            self.waiting_since = now;
            self.arrivals.push_back(Arrival::Started);
        }
    }

    fn outgoing(&mut self, sequence: i64) -> Option<&mut Option<Outgoing>> {
        let index = sequence.checked_sub(self.first).and_then(|index| usize::try_from(index).ok())?;
        self.unacknowledged.get_mut(index)
    }

    fn take_acknowledgement(&mut self, sequence: i64, now: Duration) {
        let Some(acknowledged) = self.outgoing(sequence).and_then(Option::take) else { return };
        if let (false, Some(sent)) = (acknowledged.resent, acknowledged.sent) {
            self.round_trip.sample(now.saturating_sub(sent));
        }
        self.waiting_since = now;
        while let Some(None) = self.unacknowledged.front() {
            self.unacknowledged.pop_front();
            self.first += 1;
        }
    }

    fn receive_data(&mut self, message: AgentMessage, now: Duration) {
        let early = message.sequence > self.expected;
        if message.sequence < 0 || (early && self.ahead.len() >= STORED_AHEAD) {
            return;
        }
        // A duplicate is acknowledged again: the first acknowledgement may have been lost.
        self.acknowledge(&message, now);
        if message.sequence < self.expected {
            return;
        }
        let payload_type = PayloadType::from_number(message.payload_type);
        let data = StreamData { payload_type, payload: message.payload };
        if early {
            self.ahead.insert(message.sequence, data);
            return;
        }
        let mut next = Some(data);
        while let Some(data) = next {
            self.arrivals.push_back(Arrival::Data(data));
            self.expected += 1;
            next = self.ahead.remove(&self.expected);
        }
    }

    fn acknowledge(&mut self, message: &AgentMessage, now: Duration) {
        let payload = message::acknowledge(&message.message_type, message.id, message.sequence);
        let acknowledgement = AgentMessage {
            message_type: MessageType::Acknowledge,
            created: self.created(now),
            sequence: 0,
            flags: SYN_FIN,
            id: MessageId::random(),
            payload_type: 0,
            payload: payload.into(),
        };
        self.acknowledgements.push_back(acknowledgement.encode());
    }

    /// The date of a message in milliseconds since the epoch, which is never 0.
    fn created(&self, now: Duration) -> u64 {
        self.opened.saturating_add(now.as_millis() as u64).max(1)
    }
}

#[cfg(test)]
impl Channel {
    /// The agent's end.
    pub(super) fn of_agent(window: usize) -> Self {
        Self { sends: MessageType::Output, receives: MessageType::Input, ..Self::new(1, window) }
    }
}

#[cfg(test)]
mod tests;
