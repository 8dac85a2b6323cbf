//! What tests share.

pub mod emulator;
pub mod in_process;
pub mod pty;
pub mod python;
