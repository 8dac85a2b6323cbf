//! Messages for the person: shown for a moment, kept for the session.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::event::Level;

/// A message and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub at: Timestamp,
    pub level: Level,
    /// Safe to draw as it is.
    pub text: String,
}

/// All messages of the session, bounded, and the one that is shown.
#[derive(Debug, Default)]
pub struct Messages {
    /// Oldest first.
    pub log: VecDeque<Message>,
    /// The one that stands in the footer.
    pub flash: Option<Message>,
}
