//! Widgets: building blocks of screens.

pub(super) mod notice;
pub(super) mod rows;
pub(super) mod scrollbar;
