//! Why no lines are shown.

use std::sync::Arc;

use super::{LogView, rows::Shape};
use crate::{
    aws::Failure,
    logs::{Read, TailPhase},
};

/// The reason for an empty log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nothing {
    /// Tasks and streams are being looked up.
    Resolving,
    /// Lines of known streams are loading.
    Reading,
    /// A query is running.
    Searching,
    /// It is followed, and nothing has been written yet.
    Waiting,
    /// Everything has been read, and it is empty.
    Empty,
    /// It has no streams; each container has a reason.
    Quiet,
    Failed(Arc<Failure>),
    /// Filters hide this number of lines; filtering may still be in progress.
    Hidden {
        lines: u64,
        searching: bool,
    },
    /// This number of lines was cleared from the screen.
    Cleared(u64),
}

impl LogView {
    /// Why no lines are shown; `None` if there are some. Markers for tasks don't count as lines.
    pub fn nothing(&self) -> Option<Nothing> {
        let is_full = self.viewport.rows.len() >= usize::from(self.viewport.frame.page);
        // A page full of dividers may have lines above and below, but not if nothing can be read.
        if (is_full && !self.is_mute()) || self.viewport.rows.iter().any(|row| matches!(row.shape, Shape::First)) {
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

    /// Whether it shows results of a query.
    pub fn is_query(&self) -> bool {
        matches!(self.wanted.read, Read::Query { .. })
    }

    /// Whether it has no streams, for known reasons.
    fn is_mute(&self) -> bool {
        self.status.streams == 0 && !self.status.silent.is_empty()
    }
}
