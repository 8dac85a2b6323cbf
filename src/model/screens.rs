//! The screens: what fills the body, each in a file of its own.

pub mod logs;
pub mod table;
pub mod text;
