//! What tests share.

pub mod in_process;
pub mod python;
