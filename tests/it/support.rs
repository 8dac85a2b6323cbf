//! What tests share.

pub mod fixtures;
pub mod in_process;
pub mod python;
pub mod svg;
