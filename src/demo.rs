//! A small AWS on loopback: the other side of the wire.
//!
//! `ecsight demo` opens the console on it, `ecsight demo --serve ADDR` serves it to any client, and the tests run the
//! console against it. It speaks the real protocols (AWS JSON 1.1, AWS Query) with AWS's limits, paging, errors and
//! quotas, over a simulated world: tasks start and die for real reasons, deployments roll out, logs flow. It is
//! deterministic for a seed. It imports nothing of the console, so that a wrong idea about AWS is not shared by both
//! sides.
//!
//! ```text
//!  an SDK ── HTTP ──► Server ──┐
//!  an SDK in this process ─────┴► Endpoint ─► faults ─► quota ─► ecs │ elb │ logs │ … ─► World
//! ```
//!
//! [`Endpoint`] is the whole account behind one function from request to response; [`Server`] puts it on a socket.

mod aes;
pub mod auto_scaling;
mod control;
pub mod ecs;
pub mod elb;
mod endpoint;
pub mod faults;
mod kms;
pub mod logs;
pub mod query;
pub mod quota;
pub mod scenario;
mod server;
pub mod session;
mod sts;
pub mod wire;
pub mod world;

pub use endpoint::{Cut, Endpoint, Recorded, Session};
pub use faults::Fault;
pub use scenario::Scenario;
pub use server::Server;

/// Which account to simulate, and how it behaves.
#[derive(Debug, Clone)]
pub struct Options {
    pub scenario: Scenario,
    /// Equal seeds make equal accounts.
    pub seed: u64,
    /// World time passes this many times faster than real time; 1 is real time.
    pub speed: f64,
    /// World time at the start, in milliseconds since the Unix epoch; `None`: now.
    pub start_ms: Option<i64>,
    /// Faults in force from the first request on.
    pub faults: Vec<Fault>,
    /// Whether AWS's request quotas are enforced.
    pub quotas: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { scenario: Scenario::default(), seed: 0, speed: 1.0, start_ms: None, faults: Vec::new(), quotas: true }
    }
}
