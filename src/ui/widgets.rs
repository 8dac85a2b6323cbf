//! Pieces that screens are made of.

pub mod notice;
pub mod rows;
pub mod scrollbar;
