//! One session as its client sees it, without I/O: the channel, the start of the session, and its encryption together.
//!
//! What the user types before the agent accepts input is held. If no handshake was expected and one comes late, the agent
//! has discarded the input that was sent before: it is sent again.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{
    channel::{Arrival, Channel, StreamData},
    encryption::{CipherError, DataKey},
    frame::AgentMessage,
    handshake::{Agreement, Handshake, HandshakeError, HandshakeStep, KeyRequest, SessionParameters},
    message::{self, ChannelClosed, PayloadType, SessionFlag, TerminalSize},
    smux::SmuxError,
};

/// How many bytes of input one message carries, as AWS's own clients and agents have it.
const CHUNK: usize = 1024;
/// How many messages may be unacknowledged: typing needs few, a port many.
const WINDOW_TERMINAL: usize = 64;
const WINDOW_PORT: usize = 512;
/// How many bytes of input are held before producers wait.
const HELD_INPUT: usize = 256 * 1024;
/// How long an agent may be silent at the start before that is reported.
const SILENT_AFTER: Duration = Duration::from_secs(20);

/// What a session reports.
pub enum ProtocolEvent {
    Output(Bytes),
    StandardError(Bytes),
    ExitCode(i32),
    /// The agent could not connect to the port.
    ConnectToPortError,
    /// Input is accepted, and what kind of session it is.
    Ready(Agreement),
    /// A text for the user.
    Message(String),
    /// A data key is needed; the answer goes to [`Protocol::take_key`].
    KeyNeeded(KeyRequest),
    /// The agent does not answer, at the start of the session.
    NoAnswer,
    /// The agent is not attached.
    Paused,
    /// The agent is attached again.
    Resumed,
    /// The session has ended.
    Closed(ChannelClosed),
}

/// Why a session can't continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Encryption(#[from] CipherError),
    #[error(transparent)]
    Multiplexer(#[from] SmuxError),
    #[error("the agent has acknowledged nothing for 5 minutes")]
    NoAcknowledgement,
}

/// Input that waits until the agent accepts it.
enum HeldInput {
    Bytes(Bytes),
    Flag(SessionFlag),
}

/// The client's side of one session. It has no Debug: it holds what was typed.
pub struct Protocol {
    channel: Channel,
    handshake: Handshake,
    held: VecDeque<HeldInput>,
    held_bytes: usize,
    /// Input that was sent while it was not known whether there is a handshake.
    unconfirmed: Option<Vec<Bytes>>,
    size: Option<TerminalSize>,
    /// When the silence of the agent is reported; `None` once it has answered.
    silent_at: Option<Duration>,
    attached: bool,
    malformed: u64,
    events: VecDeque<ProtocolEvent>,
}

impl Protocol {
    /// A session that is opened at `opened`, in milliseconds since the epoch: all other times are counted from then.
    pub fn new(parameters: SessionParameters, size: Option<TerminalSize>, opened: u64) -> Self {
        Self {
            channel: Channel::new(opened, WINDOW_TERMINAL),
            handshake: Handshake::new(parameters, Duration::ZERO),
            held: VecDeque::new(),
            held_bytes: 0,
            unconfirmed: Some(Vec::new()),
            size,
            silent_at: Some(SILENT_AFTER),
            attached: false,
            malformed: 0,
            events: VecDeque::new(),
        }
    }

    /// Whether more input is taken now.
    pub fn accepts_input(&self) -> bool {
        self.held_bytes < HELD_INPUT
    }

    /// Whether all input was sent and acknowledged.
    pub fn is_drained(&self) -> bool {
        self.held.is_empty() && self.channel.is_drained()
    }

    /// Since when an acknowledgement is awaited.
    pub fn unanswered_since(&self) -> Option<Duration> {
        self.channel.unanswered_since()
    }

    /// How many messages were refused because they were damaged.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// What both ends know of the session so far.
    pub fn agreement(&self) -> &Agreement {
        self.handshake.agreement()
    }

    /// Sends input, or holds it until the agent accepts it.
    ///
    /// # Errors
    ///
    /// If it can't be encrypted.
    pub fn input(&mut self, mut bytes: Bytes, now: Duration) -> Result<(), ProtocolError> {
        self.held_bytes += bytes.len();
        while !bytes.is_empty() {
            self.held.push_back(HeldInput::Bytes(bytes.split_to(bytes.len().min(CHUNK))));
        }
        self.send_held(now)
    }

    /// Sends a flag after the input that came before it.
    ///
    /// # Errors
    ///
    /// If that input can't be encrypted.
    pub fn flag(&mut self, flag: SessionFlag, now: Duration) -> Result<(), ProtocolError> {
        self.held.push_back(HeldInput::Flag(flag));
        self.send_held(now)
    }

    /// Sends the size of the terminal, now or as soon as the agent takes it.
    pub fn resize(&mut self, size: TerminalSize, now: Duration) {
        if self.size != Some(size) {
            self.size = Some(size);
            if self.handshake.is_running() {
                self.send_size(now);
            }
        }
    }

    /// Takes one message of the connection. A damaged one is dropped: stream data comes again.
    ///
    /// # Errors
    ///
    /// If the session can't continue.
    pub fn receive(&mut self, bytes: &Bytes, now: Duration) -> Result<(), ProtocolError> {
        let message = match AgentMessage::decode(bytes) {
            Ok(message) => message,
            Err(error) => {
                self.malformed += 1;
                tracing::debug!(%error, length = bytes.len(), "dropped a message");
                return Ok(());
            }
        };
        self.channel.receive(message, now);
        while let Some(arrival) = self.channel.next_arrival() {
            match arrival {
                Arrival::Data(data) => {
                    self.silent_at = None;
                    self.take_data(data, now)?;
                }
                Arrival::Started if !self.attached => {
                    self.attached = true;
                    self.handshake.start(now);
                    // Early, so that the first output has the right width. An agent that discards it gets it again.
                    self.send_size(now);
                }
                Arrival::Started => self.events.push_back(ProtocolEvent::Resumed),
                Arrival::Paused => self.events.push_back(ProtocolEvent::Paused),
                Arrival::Closed(closed) => self.events.push_back(ProtocolEvent::Closed(closed)),
            }
        }
        self.send_held(now)
    }

    /// The next message to write to the connection.
    pub fn next_to_send(&mut self, now: Duration) -> Option<Bytes> {
        self.channel.next_to_send(now)
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<ProtocolEvent> {
        self.events.pop_front()
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn deadline(&self) -> Option<Duration> {
        [self.channel.deadline(), self.handshake.deadline(), self.silent_at].into_iter().flatten().min()
    }

    /// Does what is due by now.
    ///
    /// # Errors
    ///
    /// If the session can't continue.
    pub fn tick(&mut self, now: Duration) -> Result<(), ProtocolError> {
        if self.channel.has_given_up(now) {
            return Err(ProtocolError::NoAcknowledgement);
        }
        self.channel.tick(now);
        if self.silent_at.take_if(|at| now >= *at).is_some() && !self.channel.was_answered() {
            self.events.push_back(ProtocolEvent::NoAnswer);
        }
        if let Some(step) = self.handshake.tick(now) {
            self.perform(step, now)?;
        }
        Ok(())
    }

    /// Continues on a new connection.
    pub fn reconnect(&mut self, now: Duration) {
        self.channel.reconnect(now);
    }

    /// Takes the data key that was asked for, or the reason why there is none.
    ///
    /// # Errors
    ///
    /// If the session can't continue.
    pub fn take_key(&mut self, key: Result<DataKey, String>, now: Duration) -> Result<(), ProtocolError> {
        self.handshake.take_key(key).map_or(Ok(()), |step| self.perform(step, now))
    }

    fn take_data(&mut self, data: StreamData, now: Duration) -> Result<(), ProtocolError> {
        use PayloadType as Type;
        match data.payload_type {
            Type::HandshakeRequest | Type::HandshakeComplete | Type::EncryptionChallengeRequest => {
                for step in self.handshake.take(&data)? {
                    self.perform(step, now)?;
                }
            }
            Type::Output | Type::StandardError | Type::ExitCode => {
                if let Some(ready) = self.handshake.take_output() {
                    self.perform(ready, now)?;
                }
                if !self.handshake.is_under_way() {
                    self.unconfirmed = None;
                }
                let payload = match self.handshake.cipher() {
                    Some(cipher) => cipher.decrypt(&data.payload)?,
                    None => data.payload,
                };
                self.events.push_back(match data.payload_type {
                    Type::StandardError => ProtocolEvent::StandardError(payload),
                    Type::ExitCode => match message::parse_exit_code(&payload) {
                        Some(code) => ProtocolEvent::ExitCode(code),
                        None => ProtocolEvent::Output(payload),
                    },
                    _ => ProtocolEvent::Output(payload),
                });
            }
            Type::Flag if SessionFlag::parse(&data.payload) == Some(SessionFlag::ConnectToPortError) => {
                self.events.push_back(ProtocolEvent::ConnectToPortError);
            }
            other => tracing::debug!(payload_type = ?other, "ignored"),
        }
        Ok(())
    }

    fn perform(&mut self, step: HandshakeStep, now: Duration) -> Result<(), ProtocolError> {
        match step {
            HandshakeStep::Send(payload_type, payload) => {
                self.channel.send(payload_type, payload, now);
                // The agent has discarded what was sent before its request.
                for bytes in self.unconfirmed.take().into_iter().flatten().rev() {
                    self.held_bytes += bytes.len();
                    self.held.push_front(HeldInput::Bytes(bytes));
                }
            }
            HandshakeStep::RequestKey(request) => self.events.push_back(ProtocolEvent::KeyNeeded(request)),
            HandshakeStep::Show(text) => self.events.push_back(ProtocolEvent::Message(text)),
            HandshakeStep::Ready => {
                if self.agreement().port_mode().is_some() {
                    self.channel.set_window(WINDOW_PORT);
                    self.size = None;
                }
                self.events.push_back(ProtocolEvent::Ready(self.agreement().clone()));
                self.send_size(now);
                self.send_held(now)?;
            }
        }
        Ok(())
    }

    fn send_size(&mut self, now: Duration) {
        if let Some(size) = self.size {
            self.channel.send(PayloadType::Size, size.payload(), now);
        }
    }

    /// Sends held input as long as the agent accepts it and the channel has room.
    fn send_held(&mut self, now: Duration) -> Result<(), ProtocolError> {
        while self.handshake.is_running()
            && self.channel.room() > 0
            && let Some(input) = self.held.pop_front()
        {
            match input {
                HeldInput::Bytes(bytes) => {
                    self.held_bytes -= bytes.len();
                    if let Some(unconfirmed) = &mut self.unconfirmed {
                        unconfirmed.push(bytes.clone());
                    }
                    // An agent that has taken so much wants no handshake.
                    self.unconfirmed.take_if(|unconfirmed| unconfirmed.len() > WINDOW_TERMINAL);
                    let payload = match self.handshake.cipher() {
                        Some(cipher) => cipher.encrypt(&bytes)?,
                        None => bytes,
                    };
                    self.channel.send(PayloadType::Output, payload, now);
                }
                HeldInput::Flag(flag) => {
                    self.channel.send(PayloadType::Flag, flag.payload().to_vec(), now);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
