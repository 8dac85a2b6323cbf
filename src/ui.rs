//! Rendering: from the model to a frame, and nothing else.

pub mod theme;

pub use theme::Theme;
