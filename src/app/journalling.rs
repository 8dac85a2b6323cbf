//! Which changes are under way, for the journal: who made them, and that none ends without a line.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use crate::{
    aws::{Failure, FailureKind, Identity},
    change::{Change, ChangeKind, ChangeOrder, ChangeOutcome, ChangeReport},
    journal::{self, JournalEntry},
};

/// Changes that were sent and have not ended.
#[derive(Default)]
pub(super) struct Journalling {
    in_progress: Vec<SentChange>,
}

struct SentChange {
    order: u64,
    kind: &'static ChangeKind,
    change: Arc<dyn Change>,
    identity: Arc<Identity>,
}

impl Journalling {
    /// Lines for changes that are about to be sent.
    pub(super) fn sent(&mut self, order: &ChangeOrder, at: Timestamp) -> Vec<JournalEntry> {
        let ChangeOrder { id, identity, kind, changes } = order;
        for change in changes {
            let (change, identity) = (change.clone(), identity.clone());
            self.in_progress.push(SentChange { order: *id, kind, change, identity });
        }
        changes.iter().map(|change| JournalEntry::new(at, kind, &**change, identity, None)).collect()
    }

    /// The line for a change that has ended.
    pub(super) fn ended(&mut self, report: &ChangeReport, at: Timestamp) -> Option<JournalEntry> {
        let same = |sent: &SentChange| sent.order == report.order && *sent.change == *report.change;
        let sent = self.in_progress.remove(self.in_progress.iter().position(same)?);
        Some(JournalEntry::new(at, sent.kind, &*sent.change, &sent.identity, Some(&report.outcome)))
    }

    /// Whether changes are under way.
    pub(super) fn waits(&self) -> bool {
        !self.in_progress.is_empty()
    }

    /// At the end of the console: writes how the last changes and `sessions` ended, and that nobody knows of other changes.
    pub(super) fn finish(
        mut self,
        reports: &[ChangeReport],
        sessions: Vec<JournalEntry>,
        folder: Option<PathBuf>,
        at: Timestamp,
    ) {
        let mut entries: Vec<JournalEntry> = reports.iter().filter_map(|report| self.ended(report, at)).collect();
        let left = std::mem::take(&mut self.in_progress);
        entries.extend(left.into_iter().map(|sent| {
            let failure = Failure::local("", FailureKind::Offline, "the console ended before an answer came");
            JournalEntry::new(at, sent.kind, &*sent.change, &sent.identity, Some(&ChangeOutcome::Unknown(failure)))
        }));
        entries.extend(sessions);
        if let Some(folder) = folder.filter(|_| !entries.is_empty())
            && let Err(error) = journal::append(&folder, &entries)
        {
            tracing::warn!("the journal in {} could not be written: {error}", folder.display());
        }
    }
}
