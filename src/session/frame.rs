//! Agent messages: the binary frames of a session. One WebSocket message holds exactly one.
//!
//! The header is 120 bytes long, all integers are big-endian, and the payload follows. What a peer sends is read
//! tolerantly where implementations differ, and refused where it was damaged: a refused message of a stream is not
//! acknowledged, so it comes again.

use std::{fmt, str::FromStr};

use aws_lc_rs::{digest, rand};
use bytes::{BufMut, Bytes, BytesMut};

/// The length of the header, with the payload's length at its end.
pub const HEADER: usize = 120;
/// The value of the field HeaderLength: the offset of the payload's length.
const HEADER_LENGTH: u32 = 116;
const TYPE_LENGTH: usize = 32;
const SCHEMA_VERSION: u32 = 1;

/// The flags of a message that is a whole stream by itself: first and last.
pub const SYN_FIN: u64 = 3;

/// The type of an agent message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageType {
    /// Stream data from client to agent.
    Input,
    /// Stream data from agent to client.
    Output,
    Acknowledge,
    /// The session has ended.
    ChannelClosed,
    /// The other end is attached: sending is allowed.
    StartPublication,
    /// The other end is not attached: nothing must be sent.
    PausePublication,
    /// A type that a client ignores.
    Other(String),
}

impl MessageType {
    /// The name in the header.
    pub fn name(&self) -> &str {
        match self {
            Self::Input => "input_stream_data",
            Self::Output => "output_stream_data",
            Self::Acknowledge => "acknowledge",
            Self::ChannelClosed => "channel_closed",
            Self::StartPublication => "start_publication",
            Self::PausePublication => "pause_publication",
            Self::Other(name) => name,
        }
    }

    fn from_name(name: &str) -> Self {
        let known = [
            Self::Input,
            Self::Output,
            Self::Acknowledge,
            Self::ChannelClosed,
            Self::StartPublication,
            Self::PausePublication,
        ];
        known.into_iter().find(|known| known.name() == name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// Whether senders leave header fields and digest of this type unset.
    fn has_unreliable_header(&self) -> bool {
        matches!(self, Self::StartPublication | Self::PausePublication)
    }
}

/// The UUID of a message or of a client. In the header its halves are swapped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MessageId([u8; 16]);

impl MessageId {
    /// A new random UUID (version 4).
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        // Filling can't fail once the process runs; an id that is not random would still be valid.
        let _ = rand::fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    fn to_header(self) -> [u8; 16] {
        let mut swapped = self.0;
        swapped.rotate_left(8);
        swapped
    }

    fn from_header(mut bytes: [u8; 16]) -> Self {
        bytes.rotate_left(8);
        Self(bytes)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut bytes = [0; 16];
        if digits.len() != 32 {
            return Err(MalformedId);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| MalformedId)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| MalformedId)?;
        }
        Ok(Self(bytes))
    }
}

/// A text that is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct MalformedId;

/// One agent message.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentMessage {
    pub message_type: MessageType,
    /// When it was created, in milliseconds since the epoch.
    pub created: u64,
    /// The position in the stream; 0 for messages that are not stream data.
    pub sequence: i64,
    pub flags: u64,
    pub id: MessageId,
    /// The number of the payload's type; 0 for messages that are not stream data.
    pub payload_type: u32,
    pub payload: Bytes,
}

/// Shows no payload: people type passwords in sessions.
impl fmt::Debug for AgentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentMessage")
            .field("message_type", &self.message_type)
            .field("created", &self.created)
            .field("sequence", &self.sequence)
            .field("flags", &self.flags)
            .field("id", &self.id)
            .field("payload_type", &self.payload_type)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedMessage {
    #[error("shorter than its header")]
    Short,
    #[error("unknown header length")]
    HeaderLength,
    #[error("no message type")]
    NoType,
    #[error("no date")]
    NoDate,
    #[error("another payload length than announced")]
    PayloadLength,
    #[error("the digest doesn't match the payload")]
    Digest,
}

impl AgentMessage {
    /// The message as bytes. A type with a longer name than the header holds is cut; no type has one.
    pub fn encode(&self) -> Bytes {
        let name = self.message_type.name().as_bytes();
        let name = &name[..name.len().min(TYPE_LENGTH)];
        let mut bytes = BytesMut::with_capacity(HEADER + self.payload.len());
        bytes.put_u32(HEADER_LENGTH);
        bytes.put_slice(name);
        bytes.put_bytes(b' ', TYPE_LENGTH - name.len());
        bytes.put_u32(SCHEMA_VERSION);
        bytes.put_u64(self.created);
        bytes.put_i64(self.sequence);
        bytes.put_u64(self.flags);
        bytes.put_slice(&self.id.to_header());
        bytes.put_slice(digest::digest(&digest::SHA256, &self.payload).as_ref());
        bytes.put_u32(self.payload_type);
        bytes.put_u32(self.payload.len() as u32);
        bytes.put_slice(&self.payload);
        bytes.freeze()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// If it was damaged on its way or is no agent message.
    pub fn decode(bytes: &Bytes) -> Result<Self, MalformedMessage> {
        let (Some(header), Some(payload)) = (bytes.first_chunk::<HEADER>(), bytes.get(HEADER..)) else {
            return Err(MalformedMessage::Short);
        };
        let name = String::from_utf8_lossy(&header[4..4 + TYPE_LENGTH]);
        // Some senders pad with NUL bytes, on either side.
        let message_type = MessageType::from_name(name.trim_matches(|c: char| c == '\0' || c.is_whitespace()));
        let message = Self {
            message_type,
            created: u64::from_be_bytes(field(header, 40)),
            sequence: i64::from_be_bytes(field(header, 48)),
            flags: u64::from_be_bytes(field(header, 56)),
            id: MessageId::from_header(field(header, 64)),
            payload_type: u32::from_be_bytes(field(header, 112)),
            payload: bytes.slice_ref(payload),
        };
        if message.message_type.has_unreliable_header() {
            return Ok(message);
        }
        if u32::from_be_bytes(field(header, 0)) != HEADER_LENGTH {
            return Err(MalformedMessage::HeaderLength);
        }
        if message.message_type.name().is_empty() {
            return Err(MalformedMessage::NoType);
        }
        if message.created == 0 {
            return Err(MalformedMessage::NoDate);
        }
        if u32::from_be_bytes(field(header, 116)) as usize != payload.len() {
            return Err(MalformedMessage::PayloadLength);
        }
        if !payload.is_empty() && digest::digest(&digest::SHA256, payload).as_ref() != &header[80..112] {
            return Err(MalformedMessage::Digest);
        }
        Ok(message)
    }
}

/// The field of `N` bytes at an offset of the header.
fn field<const N: usize>(header: &[u8; HEADER], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests;
