//! A small AWS on loopback: the other side of the wire.
//!
//! `ecsight demo` opens the console on it, `ecsight demo --serve ADDR` serves it to any client, and the tests judge the
//! console against it. It speaks the real protocol (AWS JSON 1.1, AWS query for STS) with AWS's limits, paging, errors
//! and quotas, over a simulated world that lives: tasks start and die for real reasons, services roll, logs flow.
//! Deterministic for a seed. It imports nothing of the console, so that a wrong idea about AWS is not shared by both sides.

pub mod ecs;
pub mod logs;
pub mod scenario;
pub mod wire;
pub mod world;
