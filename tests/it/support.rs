//! What tests share.

pub mod fixtures;
pub mod in_process;
pub mod python;
pub mod stage;
pub mod styled;
pub mod svg;
