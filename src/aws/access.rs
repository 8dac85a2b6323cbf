//! Read-only or not: which calls may leave, decided at the moment of each call.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::{Operation, operation::Nature};

/// Whether calls that change something are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    ReadOnly,
    /// Until further notice.
    Write,
    /// Until then, whether or not anybody takes it back in time.
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

/// The access of one scope's clients: all of them, and all their clones, share what is set. Read-only at first.
#[derive(Debug, Clone)]
pub struct SharedAccess(Arc<Mutex<Current>>);

#[derive(Debug)]
struct Current {
    access: Access,
    /// The clock that [`Access::WriteUntil`] ends by.
    now: fn() -> Timestamp,
}

impl Default for SharedAccess {
    #[expect(clippy::disallowed_methods, reason = "the clock that tests set")]
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Current { access: Access::ReadOnly, now: Timestamp::now })))
    }
}

impl SharedAccess {
    /// Sets what calls are let through from now on.
    pub fn set(&self, access: Access) {
        self.change(|current| current.access = access);
    }

    /// Sets the clock that [`Access::WriteUntil`] ends by: the machine's until then.
    pub fn set_clock(&self, now: fn() -> Timestamp) {
        self.change(|current| current.now = now);
    }

    fn change(&self, change: impl FnOnce(&mut Current)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether the operation that `service`, an IAM prefix, calls so may leave now. One that is not in
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
    // Only what the name stands for in that service.
    #[case("elasticloadbalancing", "ListServices", false)]
    fn what_is_not_known_to_be_harmless_waits_until_changes_are_allowed(
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
