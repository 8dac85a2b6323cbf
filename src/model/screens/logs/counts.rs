//! Counts of a log.

use super::{buffer::LogBuffer, viewport::Viewport};
use crate::logs::TailStatus;

/// The counts in the bar. For a frozen log they are updated twice a second at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Lines in memory, and those that filters hide.
    pub lines: u64,
    pub hidden: u64,
    /// Lines that have arrived since it was frozen.
    pub unseen: u64,
    pub lost: u64,
    pub dropped: u64,
    /// In tenths of a second.
    pub lag: Option<i64>,
}

impl Counts {
    /// The current counts.
    pub fn new(buffer: &LogBuffer, viewport: &Viewport, status: &TailStatus) -> Self {
        let held = buffer.ring.numbers();
        let seen = buffer.view.position(viewport.frozen_at).unwrap_or_else(|index| index);
        Self {
            lines: held.end.abs_diff(held.start),
            hidden: buffer.view.hidden(),
            unseen: if viewport.follow { 0 } else { (buffer.view.numbers().len() - seen) as u64 },
            lost: status.lost,
            dropped: buffer.ring.dropped(),
            lag: status.lag.map(|lag| i64::try_from(lag.as_millis() / 100).unwrap_or(i64::MAX)),
        }
    }
}
