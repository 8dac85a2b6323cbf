//! Why no line is shown.

use std::sync::Arc;

use super::{LogView, rows::Shape};
use crate::{
    aws::Failure,
    logs::{Read, TailPhase},
};

/// What stands where lines would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nothing {
    /// Tasks and streams are looked up.
    Resolving,
    /// There are streams; their lines are on the way.
    Reading,
    /// A query looks through what it runs over.
    Searching,
    /// It is followed, and nothing has been written yet.
    Waiting,
    /// All is read, and there was nothing.
    Empty,
    /// No stream belongs to it: each container's sentence tells why.
    Quiet,
    Failed(Arc<Failure>),
    /// Filters hide so many lines; others may still be looked through.
    Hidden {
        lines: u64,
        searching: bool,
    },
    /// So many lines were cleared from the screen.
    Cleared(u64),
}

impl LogView {
    /// Why there is nothing to read; `None` when there is. What befell the tasks is no reading.
    pub fn nothing(&self) -> Option<Nothing> {
        let is_full = self.viewport.rows.len() >= usize::from(self.viewport.frame.page);
        if is_full || self.viewport.rows.iter().any(|row| matches!(row.shape, Shape::First)) {
            return None;
        }
        let status = &self.status;
        let (cleared, hidden) = (self.buffer.cleared_lines() as u64, self.buffer.view.hidden());
        let failure = status.failure.clone().map(Nothing::Failed);
        Some(match status.phase {
            _ if cleared > 0 => Nothing::Cleared(cleared),
            _ if hidden > 0 || !self.searched => Nothing::Hidden { lines: hidden, searching: !self.searched },
            TailPhase::Done => failure.unwrap_or(if self.is_mute() { Nothing::Quiet } else { Nothing::Empty }),
            _ if failure.is_some() => failure.unwrap_or(Nothing::Empty),
            TailPhase::Resolving => Nothing::Resolving,
            _ if self.is_mute() => Nothing::Quiet,
            TailPhase::History if self.is_query() => Nothing::Searching,
            TailPhase::History => Nothing::Reading,
            TailPhase::Following => Nothing::Waiting,
        })
    }

    /// Whether it is what a query finds.
    pub fn is_query(&self) -> bool {
        matches!(self.wanted.read, Read::Query { .. })
    }

    /// Whether it has no streams, and it is known why.
    fn is_mute(&self) -> bool {
        self.status.streams == 0 && !self.status.silent.is_empty()
    }
}
