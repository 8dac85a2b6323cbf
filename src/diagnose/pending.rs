//! Tasks that hang in a state longer than is usual.

use super::Known;
use crate::resource::{finding::Finding, task::Task};

/// Why `task` is still on its way, when it should not be any more.
pub fn pending(_: &Task, _: &Known<'_>) -> Option<Finding> {
    None
}
