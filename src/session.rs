//! Sessions in containers: ECS Exec and port forwarding over AWS's session protocol, without a plugin.
//!
//! The parts without I/O come first, each tested by itself: [`frame`] encodes and decodes agent messages, [`message`] their
//! payloads; [`channel`] numbers, acknowledges and resends them; [`handshake`] agrees with the agent on what the session is
//! and on keys; [`protocol`] puts these together as the client's side of one session.
//!
//! Around them, [`transport`] connects to AWS's gateway, [`client`] runs a session as a task, and [`gateway`] starts, resumes
//! and ends it at AWS. [`forward`] carries local connections through a port session, many at once by [`smux`]; a
//! [`forwarder`] opens such sessions one after another, as tasks come and go.
//!
//! ```text
//! gateway::execute_command or start_session ──► SessionGrant ──► AwsGateway ──► client::Session::open
//! ```
//!
//! [`exec`] starts a command in a container; [`terminal`] attaches a session to the user's terminal, [`command`] to the input and output of this process.
//! [`fan_out`] runs one command in many containers.

pub mod channel;
pub mod client;
pub mod close;
pub mod command;
pub mod encryption;
pub mod endpoint;
mod escape;
pub mod exec;
pub mod fan_out;
pub mod forward;
pub mod forwarder;
pub mod frame;
pub mod gateway;
pub mod handshake;
pub mod message;
pub mod plugin;
pub mod protocol;
pub mod proxy;
pub mod remote_command;
mod retransmission;
pub mod smux;
pub mod terminal;
#[cfg(test)]
mod test_peer;
pub mod transport;
pub mod version;
