//! State for switching between the logs of tasks.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// State for switching to the log of another task.
#[derive(Debug, Clone, Default)]
pub struct TaskSwitch {
    /// The container that was shown before all were.
    pub(super) container: Option<Arc<str>>,
    pub(super) sought: Option<PendingSwitch>,
}

/// A task that is being looked up: its log is opened once it is found.
#[derive(Debug, Clone)]
pub(super) struct PendingSwitch {
    /// ARN of the task whose predecessor it is; absent for the task that stopped last.
    pub(super) before: Option<Arc<str>>,
    /// When it was requested: tasks that stopped since the last list count, too.
    pub(super) since: Timestamp,
    /// The log on screen was opened for it, and is closed if there is none.
    pub(super) opened: bool,
}

/// How long to wait for a new list of stopped tasks before using the newest known one.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

impl PendingSwitch {
    /// The time limit.
    pub(super) fn until(&self) -> Timestamp {
        self.since + PATIENCE
    }
}

impl TaskSwitch {
    /// When the lookup of a task times out.
    pub fn sought_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.sought.as_ref().map(PendingSwitch::until).filter(|until| *until > now)
    }
}
