//! The agent's side of a port session: connections to small services in memory.
//!
//! | port | service |
//! |---|---|
//! | 7 | sends back what it gets |
//! | 9 | reads nothing |
//! | 19 | sends lines without end |
//! | 80, 8080, those of the application | HTTP: a page, and at `/bytes/N` as many bytes |
//! | 3306, 5432 | a database that lets nobody in |
//! | others | refuse the connection |

mod service;

use std::collections::{BTreeMap, VecDeque};

use super::{
    agent::{ERROR, Input, Output, Pipes},
    smux::{self, Decoder, Frame},
};
use service::{Connection, Service};

/// Addresses that the agent connects nobody to: those of the instance metadata, name and time services.
const FORBIDDEN: [&str; 9] = [
    "169.254.169.254",
    "169.254.169.253",
    "169.254.169.123",
    "169.254.169.250",
    "169.254.169.251",
    "fd00:ec2::254",
    "fd00:ec2::253",
    "fd00:ec2::123",
    "fd00:ec2::240",
];

/// The most bytes in one message.
const CHUNK: usize = 1024;

/// Carries bytes between a client and a destination until the session ends.
pub(super) async fn run(destination: Destination, multiplexed: bool, mut pipes: Pipes) {
    let mut port = Port::start(destination, multiplexed);
    let mut next = None;
    loop {
        next = next.or_else(|| port.pull(CHUNK));
        tokio::select! {
            input = pipes.input.recv(), if port.has_room() => match input {
                Some(Input::Bytes(bytes)) => port.push(&bytes),
                Some(Input::Disconnect) => port.disconnect(),
                Some(Input::Size { .. }) => {}
                None => return,
            },
            permit = pipes.output.reserve(), if next.is_some() => {
                let (Ok(permit), Some(output)) = (permit, next.take()) else { return };
                let is_end = matches!(output, Output::End(_));
                permit.send(output);
                if is_end {
                    return;
                }
            }
            () = pipes.output.closed() => return,
        }
    }
}

/// The port to which a session connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// Empty for the container itself.
    pub(super) host: String,
    pub(super) port: u16,
    /// The ports on which the container's application listens.
    pub(super) listening: Vec<u16>,
}

impl Destination {
    /// Why the agent refuses the whole session.
    fn refusal(&self) -> Option<String> {
        FORBIDDEN.contains(&self.host.as_str()).then(|| format!("Forwarding to IP address {} is forbidden.", self.host))
    }

    /// The service at the destination, or the operating system's error.
    fn dial(&self) -> Result<Service, String> {
        let Self { host, port, listening } = self;
        let is_local = ["", "localhost", "127.0.0.1", "::1"].contains(&host.as_str());
        if host.ends_with(".invalid") {
            return Err(format!("dial tcp: lookup {host}: no such host"));
        }
        match port {
            7 => Ok(Service::Echo),
            9 => Ok(Service::Stuck),
            19 => Ok(Service::Chargen),
            3306 => Ok(Service::MySql),
            5432 => Ok(Service::Postgres),
            80 | 8080 => Ok(Service::Http),
            port if is_local && listening.contains(port) => Ok(Service::Http),
            _ => {
                let host = if is_local { "127.0.0.1" } else { host };
                Err(format!("dial tcp {host}:{port}: connect: connection refused"))
            }
        }
    }
}

/// The destination's end of a port session.
#[derive(Debug)]
pub(super) struct Port {
    destination: Destination,
    mode: Mode,
    /// What is sent before any data.
    notices: VecDeque<Output>,
}

#[derive(Debug)]
enum Mode {
    /// One connection at a time; another is made when data arrives.
    Basic(Option<Connection>),
    Multiplexed(Box<Streams>),
}

#[derive(Debug, Default)]
struct Streams {
    decoder: Decoder,
    connections: BTreeMap<u32, Connection>,
    /// The stream that sent last.
    last: u32,
    /// Frames that have not been sent.
    frames: VecDeque<u8>,
}

impl Port {
    pub(super) fn start(destination: Destination, multiplexed: bool) -> Self {
        let mode = if multiplexed { Mode::Multiplexed(Box::default()) } else { Mode::Basic(None) };
        let mut port = Self { destination, mode, notices: VecDeque::new() };
        if let Some(refusal) = port.destination.refusal() {
            port.notices.push_back(Output::End(format!("{ERROR}{refusal}")));
        } else if !multiplexed {
            port.connect();
        }
        port
    }

    /// Makes the one connection of the basic mode.
    fn connect(&mut self) {
        match self.destination.dial() {
            Ok(service) => self.mode = Mode::Basic(Some(Connection::open(service))),
            Err(error) => {
                let reason = format!("{ERROR}Unable to connect to specified port: {error}");
                self.notices.push_back(Output::End(reason));
            }
        }
    }

    /// Returns whether more input can be taken; without room, it must not be acknowledged.
    pub(super) fn has_room(&self) -> bool {
        match &self.mode {
            Mode::Basic(connection) => connection.as_ref().is_none_or(Connection::has_room),
            Mode::Multiplexed(streams) => streams.connections.values().all(Connection::has_room),
        }
    }

    /// Takes bytes of the client.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if let Mode::Basic(None) = self.mode {
            self.connect();
        }
        let streams = match &mut self.mode {
            Mode::Basic(None) => return,
            Mode::Basic(Some(connection)) => return connection.push(bytes),
            Mode::Multiplexed(streams) => streams,
        };
        match streams.decoder.push(bytes) {
            Ok(frames) => {
                let failures =
                    frames.into_iter().filter(|frame| streams.take(frame, &self.destination).is_err()).count();
                self.notices.extend((0..failures).map(|_| Output::ConnectFailed));
            }
            Err(smux::Garbled) => self.notices.push_back(Output::End("invalid protocol".to_owned())),
        }
    }

    /// The client has closed its connection, in basic mode.
    pub(super) fn disconnect(&mut self) {
        if let Mode::Basic(connection) = &mut self.mode {
            *connection = None;
        }
    }

    /// The next thing to send, with at most `most` bytes; `None` while there is nothing.
    pub(super) fn pull(&mut self, most: usize) -> Option<Output> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        let bytes = match &mut self.mode {
            Mode::Basic(connection) => {
                let pulled = connection.as_mut()?.pull(most);
                if pulled.is_none() {
                    *connection = None;
                }
                pulled?
            }
            Mode::Multiplexed(streams) => streams.pull(most),
        };
        (!bytes.is_empty()).then_some(Output::Bytes(bytes))
    }
}

impl Streams {
    /// Handles one frame.
    ///
    /// # Errors
    /// A new stream could not be connected; it has been closed.
    fn take(&mut self, frame: &Frame, destination: &Destination) -> Result<(), String> {
        match frame {
            Frame::Open(id) => match destination.dial() {
                Ok(service) => {
                    self.connections.insert(*id, Connection::open(service));
                }
                Err(error) => {
                    self.close(*id);
                    return Err(error);
                }
            },
            Frame::Data(id, bytes) => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.push(bytes);
                }
            }
            // The agent knows no half-closed connection: what was not sent is lost.
            Frame::Close(id) => {
                self.connections.remove(id);
            }
        }
        Ok(())
    }

    fn close(&mut self, id: u32) {
        self.decoder.forget(id);
        self.connections.remove(&id);
        self.frames.extend(smux::close(id));
    }

    fn pull(&mut self, most: usize) -> Vec<u8> {
        while self.frames.len() < most && self.next_frame() {}
        self.frames.drain(..most.min(self.frames.len())).collect()
    }

    /// Adds the next frame of the streams, in turn; `false` if none has anything to send.
    fn next_frame(&mut self) -> bool {
        let after = self.connections.range(self.last.saturating_add(1)..).map(|(id, _)| *id);
        let before = self.connections.range(..=self.last).map(|(id, _)| *id);
        let turns: Vec<u32> = after.chain(before).collect();
        for id in turns {
            match self.connections.get_mut(&id).map(|connection| connection.pull(smux::MAX_DATA)) {
                Some(Some(bytes)) if bytes.is_empty() => continue,
                Some(Some(bytes)) => self.frames.extend(smux::data(id, &bytes)),
                _ => self.close(id),
            }
            self.last = id;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests;
