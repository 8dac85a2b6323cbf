//! What is kept of a log for the next one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// What a reader keeps for stepping from one log to the next.
#[derive(Debug, Clone, Default)]
pub struct TaskSwitch {
    /// The one container that was read before all were.
    pub(super) container: Option<Arc<str>>,
    pub(super) sought: Option<PendingSwitch>,
}

/// A task that is still looked for: its log is read once it is found.
#[derive(Debug, Clone)]
pub(super) struct PendingSwitch {
    /// Whose predecessor it is, by ARN; absent where it is the one that stopped last.
    pub(super) before: Option<Arc<str>>,
    /// When it was asked for: what stopped since the tasks were last listed counts, too.
    pub(super) since: Timestamp,
    /// The log that is seen was opened for it, and is left where there is none.
    pub(super) opened: bool,
}

/// How long a task that stopped last is looked for in AWS before the newest that is known is taken.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

impl PendingSwitch {
    /// When it is looked for no longer.
    pub(super) fn until(&self) -> Timestamp {
        self.since + PATIENCE
    }
}

impl TaskSwitch {
    /// When a task that is looked for is looked for no longer.
    pub fn sought_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.sought.as_ref().map(PendingSwitch::until).filter(|until| *until > now)
    }
}
