//! Widgets: building blocks of screens.

pub mod notice;
pub mod rows;
pub mod scrollbar;
