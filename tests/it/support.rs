//! Shared test support.

pub mod account;
pub mod aws;
pub mod burst;
pub mod console;
pub mod emulator;
pub mod fixtures;
pub mod harness;
pub mod hostile;
pub mod in_process;
pub mod incident;
pub mod log_harness;
pub mod pty;
pub mod python;
pub mod rendering;
pub mod requests;
pub mod storm;
pub mod styled;
pub mod svg;
pub mod tail_runner;
