//! Follows accepted changes until they settle, on any screen.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Model, text::safe};
use crate::{
    change::{Change, ChangeKind, ChangeProgress, ChangeReport},
    data::distinct,
    diagnose::Known,
    event::NoticeLevel,
    resource::{View, format::duration},
};

/// How long a change is followed.
const LIMIT: SignedDuration = SignedDuration::from_hours(1);
/// ECS shows the effect of a change a moment after accepting it: until then, a steady service is not a result.
const SETTLES_AFTER: SignedDuration = SignedDuration::from_secs(3);
/// Time without progress after which that is reported.
const STANDSTILL: SignedDuration = SignedDuration::from_mins(2);
/// Maximum number of changes to follow; the oldest is dropped.
const MOST: usize = 20;

/// A change in progress.
#[derive(Debug, Clone)]
struct FollowedChange {
    kind: &'static ChangeKind,
    change: Arc<dyn Change>,
    since: Timestamp,
    /// What was reported last of its progress, and when; and whether a standstill was reported.
    reported: (String, Timestamp),
    standstill: bool,
}

/// The changes in progress that were made in this scope.
#[derive(Debug, Default)]
pub(super) struct Following {
    changes: Vec<FollowedChange>,
}

impl Following {
    /// The views of the targets, without duplicates.
    pub(super) fn views(&self) -> Vec<View> {
        let mut views: Vec<View> = Vec::new();
        for view in self.changes.iter().flat_map(|followed| followed.change.follows()) {
            if !views.contains(&view) {
                views.push(view);
            }
        }
        views
    }

    /// Drops all changes, because another scope is open.
    pub(super) fn clear(&mut self) {
        self.changes.clear();
    }
}

impl Model {
    /// Follows an accepted change; it replaces an earlier one of the same rows.
    pub(super) fn follow_change(&mut self, report: &ChangeReport) {
        let follows = report.change.follows();
        let changes = &mut self.following.changes;
        changes.retain(|followed| followed.change.follows() != follows);
        if changes.len() == MOST {
            changes.remove(0);
        }
        changes.push(FollowedChange {
            kind: report.kind,
            change: report.change.clone(),
            since: self.now,
            reported: ("accepted".to_owned(), self.now),
            standstill: false,
        });
    }

    /// Reports changes that have settled or failed.
    pub(super) fn announce_settled(&mut self) {
        if self.following.changes.is_empty() {
            return;
        }
        let rows = distinct(self.snapshot.feeds.values());
        let known = Known::of(rows.into_iter().map(|row| &**row), self.now);
        let mut news = Vec::new();
        self.following.changes.retain_mut(|FollowedChange { kind, change, since, reported, standstill }| {
            let took = self.now.duration_since(*since);
            if took < SETTLES_AFTER {
                return true;
            }
            let target = change.target();
            let what = format!("{} {} {}", kind.name, target.kind, safe(&target.name));
            let took_text = duration(took.as_secs());
            let (level, text) = match change.progress(&known) {
                ChangeProgress::Settled(text) => (NoticeLevel::Info, format!("{what}: {text} after {took_text}")),
                ChangeProgress::Failed(text) => (NoticeLevel::Error, format!("{what}: {text}, after {took_text}")),
                ChangeProgress::UnderWay(text) if took >= LIMIT => {
                    (NoticeLevel::Warn, format!("{what}: not settled after {took_text} ({text}); no longer followed"))
                }
                ChangeProgress::UnderWay(text) => {
                    if kind.reports_progress && text != reported.0 {
                        (*reported, *standstill) = ((text.clone(), self.now), false);
                        news.push((NoticeLevel::Info, format!("{what}: {text}")));
                    } else if kind.reports_progress && !*standstill && self.now.duration_since(reported.1) >= STANDSTILL
                    {
                        *standstill = true;
                        let still = duration(STANDSTILL.as_secs());
                        news.push((NoticeLevel::Warn, format!("{what}: no progress for {still}: {text}")));
                    }
                    return true;
                }
            };
            news.push((level, text));
            false
        });
        for (level, text) in news {
            self.notify(level, text);
        }
    }
}
