//! What tests share.

pub mod aws;
pub mod bad_day;
pub mod burst;
pub mod console;
pub mod emulator;
pub mod fixtures;
pub mod hostile;
pub mod in_process;
pub mod log;
pub mod look;
pub mod pty;
pub mod python;
pub mod stage;
pub mod storm;
pub mod styled;
pub mod svg;
pub mod tailing;
