//! When a failed call is retried.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::aws::{Failure, FailureKind};

/// Back-off after transient failures: the first wait, which doubles, and the longest.
const TRANSIENT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(12));
/// Back-off after throttling, which the request budget slows down already.
const THROTTLED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));
/// Back-off after a denied call: the permission may be granted soon, by someone waiting to see the effect.
const DENIED: (Duration, Duration) = (Duration::from_secs(6), Duration::from_secs(12));
/// Back-off after other lasting failures.
const LASTING: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(1));

/// The current time on tokio's clock, for waits, and on the wall clock.
#[derive(Debug, Clone, Copy)]
pub(in crate::data) struct Now {
    pub at: Instant,
    pub clock: Timestamp,
}

/// State of the list calls or describe calls of a feed.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Failures in a row.
    failed: u32,
    failure: Option<Arc<Failure>>,
    retry_at: Option<Now>,
    /// The failure needs action by the user, so a success elsewhere does not end it.
    lasting: bool,
}

impl Attempts {
    /// Applies a failure. `pace` is the shortest time between two calls.
    pub(super) fn failed(&mut self, failure: &Arc<Failure>, pace: Duration, now: Now) {
        let lasting = !failure.kind.is_transient();
        self.fail(failure, lasting, pace, now);
    }

    /// Applies a failure that will not go away without action, whatever its class.
    pub(super) fn failed_for_good(&mut self, failure: &Arc<Failure>, pace: Duration, now: Now) {
        self.fail(failure, true, pace, now);
    }

    fn fail(&mut self, failure: &Arc<Failure>, lasting: bool, pace: Duration, now: Now) {
        self.failed = if self.lasting == lasting { self.failed + 1 } else { 1 };
        self.lasting = lasting;
        let wait = match failure.kind {
            // Failures of the connection are retried for all feeds together.
            FailureKind::Offline | FailureKind::Credentials => None,
            FailureKind::Throttled => Some(doubled(THROTTLED, self.failed)),
            FailureKind::Denied => Some(doubled(DENIED, self.failed).max(pace)),
            _ if lasting => Some(doubled(LASTING, self.failed).max(pace)),
            _ => Some(doubled(TRANSIENT, self.failed)),
        };
        self.retry_at =
            wait.map(|wait| Now { at: now.at + wait, clock: now.clock.saturating_add(wait).unwrap_or(now.clock) });
        // A repeated failure is not a change.
        if self.failure.as_ref().is_none_or(|before| !before.is_like(failure)) {
            self.failure = Some(failure.clone());
        }
    }

    /// Applies a success.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Applies a partial success. It does not end a failure of the whole.
    pub(super) fn progressed(&mut self) {
        if !self.lasting {
            self.succeeded();
        }
    }

    /// Allows the next call at once; the failure stays until it succeeds.
    pub(super) fn retry_now(&mut self) {
        (self.failed, self.retry_at) = (0, None);
    }

    /// Allows the next call at once after a transient failure that `concerns` selects.
    pub(super) fn recover(&mut self, concerns: impl Fn(&Failure) -> bool) {
        if !self.lasting && self.failure.as_ref().is_some_and(|failure| concerns(failure)) {
            self.retry_now();
        }
    }

    /// The end of the back-off, if it is still running.
    pub(super) fn blocked_until(&self, now: Instant) -> Option<Instant> {
        self.retry_at.map(|retry| retry.at).filter(|at| *at > now)
    }

    pub(super) fn failure(&self) -> Option<&Arc<Failure>> {
        self.failure.as_ref()
    }

    pub(super) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at.map(|retry| retry.clock)
    }
}

/// The wait after `failures` transient failures in a row: 1, 2, 4, 8, 12 seconds.
pub(in crate::data) fn back_off(failures: u32) -> Duration {
    doubled(TRANSIENT, failures)
}

fn doubled((first, longest): (Duration, Duration), failures: u32) -> Duration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(longest)
}
