//! The access mode: which calls are allowed, decided at each call.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::{Operation, operation::Nature};

/// Whether calls that change something are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    ReadOnly,
    /// Until it is set again.
    Write,
    /// Until this time, even if nothing sets it again.
    WriteUntil(Timestamp),
}

impl Access {
    /// Whether an operation of this nature may be called at `now`.
    pub fn allows(self, nature: Nature, now: Timestamp) -> bool {
        nature.harmless()
            || match self {
                Self::ReadOnly => false,
                Self::Write => true,
                Self::WriteUntil(until) => now < until,
            }
    }
}

/// The access mode of a scope's clients, shared by all of them and their clones. Read-only at first.
#[derive(Debug, Clone)]
pub struct SharedAccess(Arc<Mutex<Current>>);

#[derive(Debug)]
struct Current {
    access: Access,
    /// The clock for [`Access::WriteUntil`].
    now: fn() -> Timestamp,
}

impl Default for SharedAccess {
    #[expect(clippy::disallowed_methods, reason = "the clock that tests set")]
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Current { access: Access::ReadOnly, now: Timestamp::now })))
    }
}

impl SharedAccess {
    /// Sets which calls are allowed from now on.
    pub fn set(&self, access: Access) {
        self.change(|current| current.access = access);
    }

    /// Sets the clock for [`Access::WriteUntil`]; the default is the machine's clock.
    pub fn set_clock(&self, now: fn() -> Timestamp) {
        self.change(|current| current.now = now);
    }

    fn change(&self, change: impl FnOnce(&mut Current)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether `operation` of `service`, an IAM prefix, is allowed now. An operation that is not in
    /// [`operation::ALL`](super::operation::ALL) counts as a change.
    pub(super) fn allows(&self, service: &str, operation: &str) -> bool {
        let nature = Operation::named(service, operation).map_or(Nature::Mutates, |operation| operation.nature);
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.access.allows(nature, (current.now)())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ecs", "ListServices", true)]
    #[case("logs", "StartQuery", true)]
    #[case("ecs", "UpdateService", false)]
    #[case("ecs", "GetAndDeleteEverything", false)]
    // The same name in another service may be a change.
    #[case("elasticloadbalancing", "ListServices", false)]
    fn operations_not_known_as_reads_are_refused_until_changes_are_allowed(
        #[case] service: &str,
        #[case] operation: &str,
        #[case] harmless: bool,
    ) {
        let access = SharedAccess::default();
        access.set_clock(|| Timestamp::UNIX_EPOCH);
        let until = |second| Access::WriteUntil(Timestamp::constant(second, 0));
        let clone = access.clone();
        for (mode, allowed) in [
            (Access::Write, true),
            (Access::ReadOnly, harmless),
            (until(1), true),
            (until(0), harmless),
            (until(-1), harmless),
        ] {
            clone.set(mode);
            assert_eq!(access.allows(service, operation), allowed, "{mode:?}");
        }
    }
}
