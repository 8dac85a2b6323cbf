//! What a session reports.

use std::fmt;

use bytes::Bytes;

use crate::session::{close::CloseReason, handshake::Agreement};

/// What a session reports to its consumer.
#[derive(Clone, PartialEq, Eq)]
pub enum SessionUpdate {
    Output(Bytes),
    StandardError(Bytes),
    ExitCode(i32),
    /// The agent could not connect to the port, for one of the connections.
    ConnectToPortError,
    /// Input is accepted, and what kind of session it is.
    Ready(Agreement),
    /// A text of the agent for the user.
    Message(String),
    Notice(SessionNotice),
    /// The session has ended. Nothing follows.
    Closed(CloseReason),
}

/// Shows no output: it may hold secrets.
impl fmt::Debug for SessionUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(bytes) => write!(f, "Output of {} bytes", bytes.len()),
            Self::StandardError(bytes) => write!(f, "StandardError of {} bytes", bytes.len()),
            Self::ExitCode(code) => write!(f, "ExitCode({code})"),
            Self::ConnectToPortError => f.write_str("ConnectToPortError"),
            Self::Ready(agreement) => write!(f, "Ready({agreement:?})"),
            Self::Message(text) => write!(f, "Message({text:?})"),
            Self::Notice(notice) => write!(f, "Notice({notice:?})"),
            Self::Closed(reason) => write!(f, "Closed({reason:?})"),
        }
    }
}

/// The state of the connection, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionNotice {
    /// Connected to the gateway; the agent has not answered yet.
    Connected,
    /// The agent has not answered for 20 seconds after the start.
    NoAnswer,
    /// The container's side is not connected.
    Paused,
    /// The container's side is connected again.
    Resumed,
    /// Nothing at all arrives.
    Silent,
    /// Something arrives again.
    Receiving,
    /// What was sent has not been acknowledged for 5 seconds.
    Unanswered,
    /// It is acknowledged now.
    Answered,
    /// The connection is lost; this is the next attempt, counted from 1.
    Reconnecting { attempt: u32, why: String },
    /// The session continues on a new connection.
    Reconnected,
}
