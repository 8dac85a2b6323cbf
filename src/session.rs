//! Sessions in containers: ECS Exec and port forwarding over AWS's session protocol, without a plugin.
//!
//! The parts without I/O come first, each tested by itself: [`frame`] encodes and decodes agent messages, [`message`] their
//! payloads, and [`channel`] numbers, acknowledges and resends them.

pub mod channel;
pub mod frame;
pub mod message;
mod retransmission;
