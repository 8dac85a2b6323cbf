//! The client's side of smux, version 1: many connections in the one byte stream of a port session.
//!
//! The stream arrives cut at any byte. A frame that makes no sense ends the session: what follows can't be found again.

use std::collections::{BTreeSet, VecDeque};

use bytes::{Buf, BufMut, Bytes, BytesMut};

const VERSION: u8 = 1;
const HEADER: usize = 8;
/// The id of the first stream, as AWS's client has it. Those of a client are odd.
const FIRST_STREAM: u32 = 3;
/// How much data one frame carries, so that connections take turns.
pub const MAX_FRAME: usize = 16 * 1024;

/// The command of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SmuxCommand {
    /// Opens a stream.
    Syn,
    /// The sender sends no more on this stream.
    Fin,
    /// Data follows.
    Push,
    /// A keepalive.
    Nop,
}

impl SmuxCommand {
    fn from_number(number: u8) -> Option<Self> {
        [Self::Syn, Self::Fin, Self::Push, Self::Nop].get(usize::from(number)).copied()
    }
}

/// What the agent sends on a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// Part of the data, as it arrived.
    Data(u32, Bytes),
    /// The destination has closed the connection.
    Finished(u32),
}

/// A byte stream that is not smux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmuxError {
    #[error("the agent multiplexes with version {0}, not 1")]
    Version(u8),
    #[error("the agent sent the unknown multiplexer command {0}")]
    Command(u8),
}

/// The streams of one port session.
pub struct SmuxClient {
    /// The id of the next stream; `None` when all are used.
    next: Option<u32>,
    open: BTreeSet<u32>,
    /// An incomplete header.
    header: BytesMut,
    /// The stream and the length of the data that is still to come.
    data: Option<(u32, usize)>,
    events: VecDeque<StreamEvent>,
    to_send: BytesMut,
    /// Frames since the start, of any kind: a sign of life of the agent.
    received: u64,
}

impl Default for SmuxClient {
    fn default() -> Self {
        Self {
            next: Some(FIRST_STREAM),
            open: BTreeSet::new(),
            header: BytesMut::with_capacity(HEADER),
            data: None,
            events: VecDeque::new(),
            to_send: BytesMut::new(),
            received: 0,
        }
    }
}

impl SmuxClient {
    /// Opens a stream; the agent connects to the destination. `None` if the session has used all ids.
    pub fn open(&mut self) -> Option<u32> {
        let id = self.next?;
        self.next = id.checked_add(2);
        self.open.insert(id);
        self.put(SmuxCommand::Syn, id, &[]);
        Some(id)
    }

    /// Sends data on a stream. Data of a stream that is not open is dropped.
    pub fn send(&mut self, id: u32, data: &[u8]) {
        if self.open.contains(&id) {
            data.chunks(MAX_FRAME).for_each(|chunk| self.put(SmuxCommand::Push, id, chunk));
        }
    }

    /// Ends a stream in both directions: the agent closes its connection, and what it still sends is dropped.
    pub fn finish(&mut self, id: u32) {
        if self.open.remove(&id) {
            self.put(SmuxCommand::Fin, id, &[]);
        }
    }

    /// Sends a keepalive.
    pub fn keep_alive(&mut self) {
        self.put(SmuxCommand::Nop, 0, &[]);
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.open.len()
    }

    /// How many frames have arrived.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// What is to be sent, empty if nothing is.
    pub fn take_to_send(&mut self) -> Bytes {
        self.to_send.split().freeze()
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<StreamEvent> {
        self.events.pop_front()
    }

    /// Takes a part of the byte stream, cut anywhere.
    ///
    /// # Errors
    ///
    /// If it is not smux: then the session can't continue.
    pub fn receive(&mut self, mut bytes: Bytes) -> Result<(), SmuxError> {
        while !bytes.is_empty() {
            if let Some((id, length)) = self.data {
                let part = bytes.split_to(length.min(bytes.len()));
                self.data = (part.len() < length).then(|| (id, length - part.len()));
                if self.open.contains(&id) {
                    self.events.push_back(StreamEvent::Data(id, part));
                }
                continue;
            }
            let missing = (HEADER - self.header.len()).min(bytes.len());
            self.header.put_slice(&bytes.split_to(missing));
            if self.header.len() == HEADER {
                let header = self.header.split();
                self.take_header(header)?;
            }
        }
        Ok(())
    }

    fn take_header(&mut self, mut header: BytesMut) -> Result<(), SmuxError> {
        let (version, command) = (header.get_u8(), header.get_u8());
        let (length, id) = (usize::from(header.get_u16_le()), header.get_u32_le());
        if version != VERSION {
            return Err(SmuxError::Version(version));
        }
        let command = SmuxCommand::from_number(command).ok_or(SmuxError::Command(command))?;
        self.received += 1;
        // Whatever the command: its data is part of the byte stream.
        self.data = (length > 0).then_some((id, length));
        match command {
            SmuxCommand::Fin => {
                if self.open.contains(&id) {
                    self.events.push_back(StreamEvent::Finished(id));
                }
            }
            // The agent opens no streams.
            SmuxCommand::Syn | SmuxCommand::Push | SmuxCommand::Nop => {}
        }
        Ok(())
    }

    fn put(&mut self, command: SmuxCommand, id: u32, data: &[u8]) {
        self.to_send.reserve(HEADER + data.len());
        self.to_send.put_u8(VERSION);
        self.to_send.put_u8(command as u8);
        self.to_send.put_u16_le(data.len() as u16);
        self.to_send.put_u32_le(id);
        self.to_send.put_slice(data);
    }
}

#[cfg(test)]
mod tests;
