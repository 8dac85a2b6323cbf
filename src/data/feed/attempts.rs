//! When a call that failed is made again.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::aws::{Failure, FailureKind};

/// Waits after failures that pass by themselves: the first, which doubles, and the longest.
const TRANSIENT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(12));
/// The same after throttles, which the request budget slows down already.
const THROTTLED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));
/// The same after a denied call: somebody may grant it meanwhile, and waits to see it.
const DENIED: (Duration, Duration) = (Duration::from_secs(6), Duration::from_secs(12));
/// The same after other failures that somebody has to put right.
const LASTING: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(1));

/// The present, by the clock that waits go by and by that on the wall.
#[derive(Debug, Clone, Copy)]
pub(in crate::data) struct Now {
    pub at: Instant,
    pub clock: Timestamp,
}

/// How the calls of one kind (list, describe) of a feed fare.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Failures in a row.
    failed: u32,
    failure: Option<Arc<Failure>>,
    retry_at: Option<Now>,
    /// Only somebody can put it right, so a success elsewhere is no sign that it is over.
    lasting: bool,
}

impl Attempts {
    /// Takes a failure in. `pace` is the shortest time between two calls.
    pub(super) fn failed(&mut self, failure: &Arc<Failure>, pace: Duration, now: Now) {
        let lasting = !is_transient(failure.kind);
        self.fail(failure, lasting, pace, now);
    }

    /// The same for a failure that will not pass by itself, whatever its class.
    pub(super) fn failed_for_good(&mut self, failure: &Arc<Failure>, pace: Duration, now: Now) {
        self.fail(failure, true, pace, now);
    }

    fn fail(&mut self, failure: &Arc<Failure>, lasting: bool, pace: Duration, now: Now) {
        self.failed = if self.lasting == lasting { self.failed + 1 } else { 1 };
        self.lasting = lasting;
        let wait = match failure.kind {
            // Trouble of the whole link: it is tried again for all feeds together.
            FailureKind::Offline | FailureKind::Credentials => None,
            FailureKind::Throttled => Some(doubled(THROTTLED, self.failed)),
            FailureKind::Denied => Some(doubled(DENIED, self.failed).max(pace)),
            _ if lasting => Some(doubled(LASTING, self.failed).max(pace)),
            _ => Some(doubled(TRANSIENT, self.failed)),
        };
        self.retry_at =
            wait.map(|wait| Now { at: now.at + wait, clock: now.clock.saturating_add(wait).unwrap_or(now.clock) });
        // The same failure again is no news.
        if self.failure.as_ref().is_none_or(|before| !before.is_like(failure)) {
            self.failure = Some(failure.clone());
        }
    }

    /// A call succeeded.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A part of what was asked for came. It says nothing about a failure of the whole.
    pub(super) fn progressed(&mut self) {
        if !self.lasting {
            self.succeeded();
        }
    }

    /// The next call may go at once; what failed last still stands.
    pub(super) fn retry_now(&mut self) {
        (self.failed, self.retry_at) = (0, None);
    }

    /// The next call may go at once if what failed passes by itself, and `concerns` picks it.
    pub(super) fn recover(&mut self, concerns: impl Fn(&Failure) -> bool) {
        if !self.lasting && self.failure.as_ref().is_some_and(|failure| concerns(failure)) {
            self.retry_now();
        }
    }

    /// Until when no call may go.
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

/// Whether a failure passes by itself.
fn is_transient(trouble: FailureKind) -> bool {
    match trouble {
        FailureKind::Throttled
        | FailureKind::Credentials
        | FailureKind::Offline
        | FailureKind::Garbled
        | FailureKind::Server => true,
        FailureKind::Denied | FailureKind::NotFound | FailureKind::Invalid | FailureKind::ReadOnly => false,
    }
}

/// The wait after so many failures in a row that pass by themselves: 1, 2, 4, 8, 12 seconds.
pub(in crate::data) fn back_off(failures: u32) -> Duration {
    doubled(TRANSIENT, failures)
}

fn doubled((first, longest): (Duration, Duration), failures: u32) -> Duration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(longest)
}
