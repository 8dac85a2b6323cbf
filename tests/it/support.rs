//! What several tests need.

pub mod svg;
