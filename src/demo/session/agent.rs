//! The agent in a container: runs the program of a session and speaks the session's protocol.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    Program, Target,
    channel::{Channel, Received},
    frame::{self, Frame, payload},
    handshake, port, shell,
};
use crate::demo::{Endpoint, world::Rng};

/// How often the agent looks for messages to send again.
const TICK: Duration = Duration::from_millis(100);
/// How often it looks whether its container still runs.
const CONTAINER_CHECK: Duration = Duration::from_secs(1);
/// How long it waits for acknowledgements, and then for the client to close the connection.
const SETTLING: Duration = Duration::from_secs(2);
const CLOSING: Duration = Duration::from_secs(5);
/// A session without input ends after this time.
const IDLE: Duration = Duration::from_mins(20);
const IDLE_END: &str = "Your session timed out due to inactivity and has been terminated.";
/// How long a client may take for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// The flag with which a client ends a port session.
const TERMINATE_SESSION: u32 = 2;
/// Messages between the agent and its program.
const QUEUE: usize = 64;

/// What reaches an agent from outside its connection.
#[derive(Debug)]
pub(super) enum Mail {
    /// A client has connected, perhaps again.
    Attach(Connection),
    /// The session has been terminated.
    Terminate,
}

/// A connection to a client, which may lose frames.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) incoming: mpsc::Receiver<Vec<u8>>,
    pub(super) outgoing: mpsc::Sender<Outgoing>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outgoing {
    Frame(Vec<u8>),
    /// Closes the websocket with a code and a reason.
    Close(u16, &'static str),
}

/// What a program gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Bytes(Vec<u8>),
    Size { columns: u16, rows: u16 },
}

/// What a program produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// At most 1,024 bytes.
    Bytes(Vec<u8>),
    Flag(u32),
    /// The program has ended; the text is for `channel_closed`.
    End(String),
}

/// A program's ends of its two queues.
pub(super) struct Pipes {
    pub(super) input: mpsc::Receiver<Input>,
    pub(super) output: mpsc::Sender<Output>,
}

/// The agent of one session.
pub(super) struct Agent {
    endpoint: Endpoint,
    session_id: String,
    target: Target,
    program: Program,
    channel: Channel,
    connection: Option<Connection>,
    /// Input that the program has not taken yet.
    typed: VecDeque<Input>,
    ids: Rng,
    /// When input arrived last.
    active: Instant,
    /// When a handshake that is under way began.
    handshake: Option<Instant>,
    /// Why the session ends now.
    ending: Option<String>,
    /// The container has stopped: nothing is sent or acknowledged any more.
    lost: bool,
}

impl Agent {
    pub(super) fn new(endpoint: Endpoint, session_id: String, target: Target, program: Program) -> Self {
        let ids = Rng::stream(endpoint.options().seed, &session_id);
        Self {
            endpoint,
            session_id,
            target,
            program,
            channel: Channel::default(),
            connection: None,
            typed: VecDeque::new(),
            ids,
            active: Instant::now(),
            handshake: None,
            ending: None,
            lost: false,
        }
    }

    /// Runs the session until it ends or the server stops.
    pub(super) async fn run(mut self, mail: mpsc::UnboundedReceiver<Mail>, mut stopped: watch::Receiver<()>) {
        tokio::select! {
            () = self.serve(mail) => {}
            _ = stopped.changed() => {}
        }
    }

    async fn serve(&mut self, mut mail: mpsc::UnboundedReceiver<Mail>) {
        let (to_program, input) = mpsc::channel(QUEUE);
        let (output, mut from_program) = mpsc::channel(QUEUE);
        let mut pipes = Some(Pipes { input, output });
        // Aborted with the agent, whatever it waits for.
        let mut programs = tokio::task::JoinSet::new();
        if let Program::Port { host, port } = &self.program {
            let request = handshake::request(host, port);
            self.handshake = Some(Instant::now());
            self.send(payload::HANDSHAKE_REQUEST, request.to_string().into_bytes());
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut check = tokio::time::interval(CONTAINER_CHECK);
        let reason = loop {
            if let Some(reason) = self.ending.take() {
                break reason;
            }
            if self.handshake.is_none()
                && let Some(pipes) = pipes.take()
            {
                match self.program.clone() {
                    Program::Command(command) => programs.spawn(shell::run(command, self.environment(), pipes)),
                    Program::Port { host, port } => programs.spawn(port::run(host, port, pipes)),
                };
            }
            tokio::select! {
                received = mail.recv() => match received {
                    Some(Mail::Attach(connection)) => self.attach(connection),
                    Some(Mail::Terminate) | None => break String::new(),
                },
                bytes = receive(&mut self.connection) => match bytes {
                    Some(bytes) => self.take(&bytes),
                    None => self.connection = None,
                },
                permit = to_program.reserve(), if !self.typed.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(input) = self.typed.pop_front() {
                            permit.send(input);
                        }
                    }
                    // The program has ended: its last output follows.
                    Err(_) => self.typed.clear(),
                },
                output = from_program.recv(), if self.connection.is_some() && self.channel.has_room() && !self.lost => {
                    match output {
                        Some(Output::Bytes(bytes)) => self.send(payload::OUTPUT, bytes),
                        Some(Output::Flag(flag)) => self.send(payload::FLAG, flag.to_be_bytes().to_vec()),
                        Some(Output::End(reason)) => break reason,
                        None => break String::new(),
                    }
                }
                _ = tick.tick() => {
                    self.send_overdue();
                    if self.active.elapsed() >= IDLE {
                        break IDLE_END.to_owned();
                    }
                    if self.handshake.is_some_and(|began| began.elapsed() >= HANDSHAKE) {
                        break handshake::timed_out();
                    }
                }
                _ = check.tick() => self.check_container(),
            }
        };
        self.finish(&reason, mail).await;
    }

    /// Waits until the client has all output, closes the channel and gives the client time to close the connection.
    async fn finish(&mut self, reason: &str, mut mail: mpsc::UnboundedReceiver<Mail>) {
        let mut tick = tokio::time::interval(TICK);
        let mut until = Instant::now() + SETTLING;
        let mut closed = false;
        loop {
            if !closed && (self.channel.is_settled() || Instant::now() >= until) {
                closed = true;
                until = Instant::now() + CLOSING;
                let id = self.session_id.clone();
                self.endpoint.with(|world| world.sessions.end(&id));
                self.send_closed(reason);
            }
            if closed && (self.connection.is_none() || Instant::now() >= until) {
                return;
            }
            tokio::select! {
                bytes = receive(&mut self.connection) => match bytes {
                    // Nobody is there to take input, but the client need not send it again.
                    Some(bytes) => {
                        self.take(&bytes);
                        self.typed.clear();
                    }
                    None => self.connection = None,
                },
                Some(Mail::Attach(connection)) = mail.recv() => self.attach(connection),
                _ = tick.tick() => self.send_overdue(),
            }
        }
    }

    fn attach(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.send_message(frame::START_PUBLICATION, Vec::new());
    }

    /// Handles one message of the client.
    fn take(&mut self, bytes: &[u8]) {
        // An invalid message is not acknowledged, so a valid one will follow.
        let Some(received) = Frame::decode(bytes).filter(|_| !self.lost) else { return };
        let now = Instant::now();
        match received.message_type.as_str() {
            frame::ACKNOWLEDGE => {
                let content: Value = serde_json::from_slice(&received.payload).unwrap_or_default();
                if let Some(sequence) = content["AcknowledgedMessageSequenceNumber"].as_i64() {
                    self.channel.acknowledged(sequence, now);
                }
            }
            frame::INPUT => {
                self.active = now;
                let ready = self.typed.len() < QUEUE;
                let (id, sequence) = (received.id, received.sequence);
                if let Received::Take(frames) = self.channel.receive(received, ready) {
                    self.acknowledge(id, sequence);
                    frames.into_iter().for_each(|frame| self.take_input(frame));
                }
            }
            _ => {}
        }
    }

    fn take_input(&mut self, frame: Frame) {
        match (self.handshake, frame.payload_type) {
            (Some(began), payload::HANDSHAKE_RESPONSE) => {
                self.ending = handshake::failure(&frame.payload);
                self.handshake = None;
                let complete = json!({
                    "HandshakeTimeToComplete": began.elapsed().as_nanos() as u64,
                    "CustomerMessage": "",
                });
                self.send(payload::HANDSHAKE_COMPLETE, complete.to_string().into_bytes());
            }
            // As the real agent does.
            (Some(_), _) => {}
            (None, payload::FLAG) if frame.payload == TERMINATE_SESSION.to_be_bytes() => {
                self.ending = Some(String::new())
            }
            (None, _) => self.typed.extend(input_of(frame)),
        }
    }

    fn acknowledge(&mut self, id: u128, sequence: i64) {
        let content = json!({
            "AcknowledgedMessageType": frame::INPUT,
            "AcknowledgedMessageId": frame::uuid_text(id),
            "AcknowledgedMessageSequenceNumber": sequence,
            "IsSequentialMessage": true,
        });
        self.send_message(frame::ACKNOWLEDGE, content.to_string().into_bytes());
    }

    /// Sends stream data and keeps it until it is acknowledged.
    fn send(&mut self, payload_type: u32, payload: Vec<u8>) {
        let sequence = self.channel.next_output();
        let frame = Frame {
            message_type: frame::OUTPUT.to_owned(),
            created_ms: self.endpoint.now_ms() as u64,
            sequence,
            flags: u64::from(sequence == 0),
            id: self.ids.wide(),
            payload_type,
            payload,
        };
        let bytes = frame.encode();
        self.transmit(bytes.clone());
        self.channel.sent(bytes, Instant::now());
    }

    fn send_overdue(&mut self) {
        if self.connection.is_some()
            && !self.lost
            && let Some(bytes) = self.channel.overdue(Instant::now())
        {
            self.transmit(bytes);
        }
    }

    /// Sends a message that is not part of the stream.
    fn send_message(&mut self, message_type: &str, payload: Vec<u8>) {
        let frame = Frame {
            message_type: message_type.to_owned(),
            created_ms: self.endpoint.now_ms() as u64,
            sequence: 0,
            flags: frame::SYN_FIN,
            id: self.ids.wide(),
            payload_type: 0,
            payload,
        };
        self.transmit(frame.encode());
    }

    fn send_closed(&mut self, reason: &str) {
        let content = json!({
            "MessageId": frame::uuid_text(self.ids.wide()),
            "CreatedDate": self.endpoint.now_ms().to_string(),
            "DestinationId": self.session_id,
            "SessionId": self.session_id,
            "MessageType": frame::CHANNEL_CLOSED,
            "SchemaVersion": 1,
            "Output": reason,
        });
        self.send_message(frame::CHANNEL_CLOSED, content.to_string().into_bytes());
    }

    fn transmit(&mut self, bytes: Vec<u8>) {
        if let Some(connection) = &self.connection {
            // A frame that finds the queue full is lost, as on a bad network: it will be sent again.
            let _ = connection.outgoing.try_send(Outgoing::Frame(bytes));
        }
    }

    fn check_container(&mut self) {
        let target = self.target;
        if !self.lost && !self.endpoint.with(|world| target.is_connected(world)) {
            self.send_message(frame::PAUSE_PUBLICATION, Vec::new());
            self.lost = true;
        }
    }

    fn environment(&self) -> shell::Environment {
        let target = self.target;
        self.endpoint.with(|world| shell::Environment::of_container(world, target))
    }
}

/// The next message of the client; `None` if it has disconnected. Waits for ever without a connection.
async fn receive(connection: &mut Option<Connection>) -> Option<Vec<u8>> {
    match connection {
        Some(connection) => connection.incoming.recv().await,
        None => std::future::pending().await,
    }
}

/// What a message of input means to the program.
fn input_of(frame: Frame) -> Option<Input> {
    match frame.payload_type {
        payload::OUTPUT => Some(Input::Bytes(frame.payload)),
        payload::SIZE => {
            let size: Value = serde_json::from_slice(&frame.payload).ok()?;
            let side = |name: &str| size[name].as_u64().and_then(|side| u16::try_from(side).ok());
            side("cols").zip(side("rows")).map(|(columns, rows)| Input::Size { columns, rows })
        }
        _ => None,
    }
}
