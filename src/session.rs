//! Sessions in containers: ECS Exec and port forwarding over AWS's session protocol, without a plugin.
//!
//! The parts without I/O come first, each tested by itself: [`frame`] encodes and decodes agent messages, [`message`] their
//! payloads; [`channel`] numbers, acknowledges and resends them; [`handshake`] agrees with the agent on what the session is
//! and on keys; [`protocol`] puts these together as the client's side of one session.

pub mod channel;
pub mod encryption;
pub mod frame;
pub mod handshake;
pub mod message;
pub mod protocol;
mod retransmission;
pub mod version;
