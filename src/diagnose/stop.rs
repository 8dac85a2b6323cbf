//! Why a task stopped. To be read in this order:
//!
//! ```text
//! facts           what AWS tells of the task: reasons, containers, times, which container it began with
//!    │  the stop code, and whether anything has run, say which of these is asked
//!    ├─► never_started   it never ran: whatever AWS says of the task, its containers and attachments
//!    ├─► exits           an essential container ended: its own reason, or what its exit code means
//!    ├─► request         a person, a tool or the scheduler asked for the stop
//!    └─► host            what it ran on failed or went away
//! verdict         everything that was looked at is evidence; names are filled in
//! ```
//!
//! What messages and codes mean is in [`crate::knowledge`]: here is decided which of them tells the cause.

use super::Known;
use crate::{
    knowledge::{Class, Verdict},
    resource::task::Task,
};

mod exits;
mod facts;
mod host;
mod never_started;
mod request;
mod verdict;

pub(super) use facts::StopFacts;

use exits::diagnose_exit;
use host::diagnose_host_failure;
use never_started::diagnose_failed_start;
use request::{diagnose_scheduler_stop, diagnose_user_stop};

/// Why `task` stopped.
pub fn diagnose_stop(task: &Task, known: &Known<'_>) -> Verdict {
    let facts = StopFacts::new(task, known);
    let builder = match task.stop_code.as_deref() {
        Some("UserInitiated") => diagnose_user_stop(&facts),
        Some("ServiceSchedulerInitiated") => diagnose_scheduler_stop(&facts),
        Some(code @ ("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth")) => {
            diagnose_host_failure(&facts, code)
        }
        Some("TaskFailedToStart") => diagnose_failed_start(&facts, Class::Failure),
        Some("EssentialContainerExited") => diagnose_exit(&facts),
        _ if facts.never_ran() => diagnose_failed_start(&facts, Class::Warning),
        _ => diagnose_exit(&facts),
    };
    verdict::conclude(builder, &facts)
}

#[cfg(test)]
mod tests;
