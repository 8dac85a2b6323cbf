//! One event as AWS tells it.

use std::sync::Arc;

use jiff::Timestamp;

use super::Source;

/// One event as AWS tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub source: Arc<Source>,
    /// AWS's id of the event, where it tells one.
    pub id: Option<String>,
    pub at: Timestamp,
    pub text: String,
}
