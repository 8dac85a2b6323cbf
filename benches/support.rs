//! What benchmarks share with each other and with the integration tests.

#![expect(unreachable_pub, reason = "nothing here is part of a library")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what can't be measured fails")]
#![expect(clippy::disallowed_methods, reason = "programs run in real time")]

pub mod proc;

#[path = "../tests/it/support/account.rs"]
pub mod account;
#[path = "../tests/it/support/burst.rs"]
pub mod burst;
#[path = "../tests/it/support/fixtures.rs"]
pub mod fixtures;
#[path = "../tests/it/support/harness.rs"]
pub mod harness;
#[path = "../tests/it/support/hostile.rs"]
pub mod hostile;
#[path = "../tests/it/support/pty.rs"]
pub mod pty;
#[path = "../tests/it/support/storm.rs"]
pub mod storm;
