//! The agent in a container: runs the program of a session and speaks the session's protocol.

mod network;
mod stage;

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    Program, Target,
    channel::{Channel, Received},
    frame::{self, Frame, payload},
    handshake::SessionKeys,
    link::Link,
};
use crate::demo::{Endpoint, faults::SessionFault, world::Rng};
use stage::Stage;

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
/// How agents start the text of an error.
pub(super) const ERROR: &str = "\n----------ERROR-------\n";
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
    /// Breaks the connection off.
    Reset,
    /// Leaves the connection open, and neither reads nor writes any more.
    Freeze,
}

/// What a program gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Bytes(Vec<u8>),
    Size {
        columns: u16,
        rows: u16,
    },
    /// The client of a port session has closed its connection.
    Disconnect,
}

/// What a program produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// At most 1,024 bytes.
    Bytes(Vec<u8>),
    /// The destination of a port session could not be reached.
    ConnectFailed,
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
    stage: Stage,
    keys: Option<SessionKeys>,
    channel: Channel,
    connection: Option<Connection>,
    link: Link,
    /// Input that the program has not taken.
    typed: VecDeque<Input>,
    ids: Rng,
    /// When input arrived last.
    active: Instant,
    /// No agent is there, or no container any more: nothing is sent or acknowledged.
    lost: bool,
    paused_until: Option<Instant>,
    /// Why the session is over.
    ended: Option<String>,
}

impl Agent {
    /// The agent of a session; `is_refused` if its container has as many sessions as it may have.
    pub(super) async fn run(
        endpoint: Endpoint,
        session_id: String,
        (target, program): (Target, Program),
        is_refused: bool,
        mail: mpsc::UnboundedReceiver<Mail>,
        mut stopped: watch::Receiver<()>,
    ) {
        let (to_program, input) = mpsc::channel(QUEUE);
        let (output, from_program) = mpsc::channel(QUEUE);
        let mut ids = Rng::stream(endpoint.options().seed, &session_id);
        let mut agent = Self {
            stage: Stage::new(&endpoint, Pipes { input, output }),
            link: Link::new(Rng::stream(ids.next(), "link")),
            endpoint,
            session_id,
            target,
            program,
            keys: None,
            channel: Channel::default(),
            connection: None,
            ids,
            active: Instant::now(),
            lost: is_refused,
            paused_until: None,
            ended: None,
            typed: VecDeque::new(),
        };
        tokio::select! {
            () = agent.serve(mail, to_program, from_program) => {}
            _ = stopped.changed() => {}
        }
    }

    async fn serve(
        &mut self,
        mut mail: mpsc::UnboundedReceiver<Mail>,
        to_program: mpsc::Sender<Input>,
        mut from_program: mpsc::Receiver<Output>,
    ) {
        // Aborted with the agent, whatever they wait for.
        let mut programs = tokio::task::JoinSet::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut check = tokio::time::interval(CONTAINER_CHECK);
        let reason = loop {
            let sends = self.connection.is_some() && self.channel.has_room() && !self.is_away();
            tokio::select! {
                received = mail.recv() => match received {
                    Some(Mail::Attach(connection)) => self.attach(connection),
                    Some(Mail::Terminate) | None => break String::new(),
                },
                bytes = network::receive(&mut self.connection) => self.accept(bytes),
                permit = to_program.reserve(), if !self.typed.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(input) = self.typed.pop_front() {
                            permit.send(input);
                        }
                    }
                    // The program has ended: its last output follows.
                    Err(_) => self.typed.clear(),
                },
                output = from_program.recv(), if sends => match output {
                    Some(Output::Bytes(bytes)) => self.send(payload::OUTPUT, bytes),
                    Some(Output::ConnectFailed) => self.send(payload::FLAG, frame::CONNECT_FAILED.to_vec()),
                    Some(Output::End(reason)) => break reason,
                    None => break String::new(),
                },
                () = network::arrival(self.link.next_arrival()) => {}
                _ = tick.tick() => self.tick(),
                _ = check.tick() => self.check_container(),
            }
            self.deliver();
            self.advance(&mut programs);
            if let Some(reason) = self.ended.take() {
                break reason;
            }
        };
        drop(programs);
        self.finish(&reason, mail).await;
    }

    /// Waits until the client has all output, closes the channel and gives the client time to close the connection.
    async fn finish(&mut self, reason: &str, mut mail: mpsc::UnboundedReceiver<Mail>) {
        self.stage = Stage::Over;
        self.typed.clear();
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
                bytes = network::receive(&mut self.connection) => self.accept(bytes),
                Some(Mail::Attach(connection)) = mail.recv() => self.attach(connection),
                () = network::arrival(self.link.next_arrival()) => {}
                _ = tick.tick() => self.send_overdue(),
            }
            self.deliver();
        }
    }

    /// Returns whether nothing passes between the agent and the gateway.
    fn is_away(&self) -> bool {
        self.lost || self.paused_until.is_some()
    }

    /// Handles one message of the client.
    fn take(&mut self, bytes: &[u8]) {
        // An invalid message is not acknowledged, so a valid one will follow.
        let Some(received) = Frame::decode(bytes).filter(|_| !self.is_away()) else { return };
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

    /// Handles stream data. Before and after the program it is dropped, as by the real agent.
    fn take_input(&mut self, frame: Frame) {
        if self.take_handshake(&frame) {
            return;
        }
        let input = match (frame.payload_type, &self.keys) {
            (payload::OUTPUT, Some(keys)) => keys.decrypt(&frame.payload).map(Input::Bytes),
            (payload::OUTPUT, None) => Some(Input::Bytes(frame.payload)),
            (payload::SIZE, _) => {
                let size: Value = serde_json::from_slice(&frame.payload).unwrap_or_default();
                let side = |name: &str| size[name].as_u64().and_then(|side| u16::try_from(side).ok());
                side("cols").zip(side("rows")).map(|(columns, rows)| Input::Size { columns, rows })
            }
            (payload::FLAG, _) => match frame.payload.as_slice() {
                frame::DISCONNECT => Some(Input::Disconnect),
                frame::TERMINATE => {
                    self.ended = Some(String::new());
                    None
                }
                _ => None,
            },
            _ => None,
        };
        if matches!(self.stage, Stage::Running) {
            self.typed.extend(input);
        }
    }

    fn tick(&mut self) {
        self.send_overdue();
        if self.active.elapsed() >= IDLE {
            self.ended = Some(IDLE_END.to_owned());
        }
        let (mut pause, mut strange) = (None, Vec::new());
        let is_free = self.connection.is_some() && !self.is_away();
        let mut ended = None;
        self.endpoint.strike_session(|fault| {
            match fault {
                SessionFault::Idle => ended = Some(IDLE_END.to_owned()),
                SessionFault::Pause(time) if is_free && pause.is_none() => pause = Some(*time),
                SessionFault::UnknownType | SessionFault::UnknownPayload if is_free => strange.push(fault.clone()),
                _ => return false,
            }
            true
        });
        self.ended = ended.or(self.ended.take());
        for fault in strange {
            match fault {
                SessionFault::UnknownType => self.send_message("frobnicate", b"{}".to_vec()),
                _ => self.send(payload::UNKNOWN, b"frobnicate".to_vec()),
            }
        }
        if let Some(time) = pause {
            self.send_message(frame::PAUSE_PUBLICATION, Vec::new());
            self.paused_until = Some(Instant::now() + time);
        }
        if self.paused_until.is_some_and(|until| Instant::now() >= until) {
            self.paused_until = None;
            self.send_message(frame::START_PUBLICATION, Vec::new());
        }
    }

    fn check_container(&mut self) {
        let target = self.target;
        if !self.lost && !self.endpoint.with(|world| target.is_connected(world)) {
            self.send_message(frame::PAUSE_PUBLICATION, Vec::new());
            self.lost = true;
        }
    }
}
