//! The state of a view's rows. Header, title and body all use it, so that they are consistent.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Feed, Phase, Snapshot, enrich, roots};
use crate::{
    aws::{Failure, FailureKind},
    resource::View,
};

/// The combined state of the feeds of a view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeedState {
    pub phase: Phase,
    /// The worst failure of the feeds, or that of the connection; older rows may still be shown.
    pub failure: Option<Arc<Failure>>,
    /// When the failed call is retried.
    pub retry_at: Option<Timestamp>,
    /// The rows in the view are current; the failure only keeps others from arriving.
    pub partial: bool,
    /// The worst failure of feeds that rows take values from: some columns are empty or old.
    pub companion_failure: Option<Arc<Failure>>,
    /// When AWS confirmed the oldest rows; if a feed fails, when it last succeeded.
    pub fetched: Option<Timestamp>,
    /// When the first of the feeds becomes, or became, late.
    pub late_at: Option<Timestamp>,
    /// What an empty list means, for kinds that have their own text for it.
    pub nothing: Arc<[String]>,
}

impl FeedState {
    /// Combines the state of `feeds`. `root` is the feed that determines which feeds a view has, if there is one.
    pub fn combine(feeds: &[&Feed], root: Option<&Feed>) -> Self {
        let own = feeds;
        let feeds = if own.is_empty() { root.as_slice() } else { own };
        let failing: Vec<&&Feed> = feeds.iter().filter(|feed| lasting_failure(feed).is_some()).collect();
        let settled = |feed: &&Feed| feed.phase == Phase::Ready || (feeds.len() > 1 && lasting_failure(feed).is_some());
        let phase = match feeds {
            [] => Phase::Loading,
            feeds if feeds.iter().all(settled) => Phase::Ready,
            feeds if feeds.iter().any(|feed| feed.phase != Phase::Loading) => Phase::Filling,
            _ => Phase::Loading,
        };
        // A feed that has never loaded is not old.
        let missing = |feed: &&&Feed| feed.partial || (confirmed_at(feed).is_none() && feed.rows.is_empty());
        let partial =
            !failing.is_empty() && failing.iter().all(missing) && feeds.iter().any(|feed| confirmed_at(feed).is_some());
        let oldest = |of: &mut dyn Iterator<Item = &Feed>| of.filter_map(confirmed_at).min();
        let late_at =
            |feed: &&Feed| confirmed_at(feed).map(|at| at + SignedDuration::from_secs(feed.late_after.into()));
        let worst = feeds.iter().filter_map(|feed| Some((feed.failure.clone()?, feed.retry_at)));
        let worst = worst.max_by_key(|(failure, _)| severity(failure));
        let root = root.filter(|_| !own.is_empty() && worst.is_none());
        let root = root.and_then(|root| Some((lasting_failure(root)?.clone(), root.retry_at)));
        Self {
            phase,
            partial: partial || root.is_some(),
            fetched: match failing.is_empty() || partial {
                true => oldest(&mut feeds.iter().copied()),
                false => oldest(&mut failing.iter().map(|feed| **feed)),
            },
            late_at: feeds.iter().filter_map(late_at).min(),
            nothing: feeds
                .iter()
                .map(|feed| &feed.nothing)
                .find(|lines| !lines.is_empty())
                .cloned()
                .unwrap_or_default(),
            retry_at: worst.as_ref().or(root.as_ref()).and_then(|(_, retry_at)| *retry_at),
            failure: worst.or(root).map(|(failure, _)| failure),
            companion_failure: None,
        }
    }

    /// A feed without rows in this state.
    pub(super) fn into_feed(self) -> Feed {
        let span = self.fetched.zip(self.late_at).map_or(0, |(fetched, late)| late.duration_since(fetched).as_secs());
        Feed {
            phase: self.phase,
            fetched: self.fetched,
            late_after: span.try_into().unwrap_or_default(),
            failure: self.failure,
            retry_at: self.retry_at,
            partial: self.partial,
            nothing: self.nothing,
            ..Feed::default()
        }
    }

    /// Seconds since the data were confirmed.
    pub fn age(&self, now: Timestamp) -> Option<i64> {
        self.fetched.map(|fetched| now.duration_since(fetched).as_secs().max(0))
    }

    /// Whether the data are older than they should be.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.late_at.is_some_and(|late| now > late)
    }

    /// Whether the rows are outdated. Throttling alone is temporary.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let failing = self.failure.as_ref().is_some_and(|failure| failure.kind != FailureKind::Throttled);
        self.is_late(now) || (failing && !self.partial)
    }

    /// The failure to report: of the rows themselves, or else of the feeds they take values from.
    pub fn reported_failure(&self) -> Option<&Arc<Failure>> {
        self.failure.as_ref().or(self.companion_failure.as_ref())
    }
}

impl Snapshot {
    /// The state of the rows of `view`.
    pub fn state(&self, view: &View) -> FeedState {
        let unknown = Feed::default();
        let keys = self.keys_of(view);
        let feeds: Vec<&Feed> = keys.iter().map(|key| self.feeds.get(key).unwrap_or(&unknown)).collect();
        let root = roots(view).first().map(|key| self.feeds.get(key).unwrap_or(&unknown));
        let mut state = FeedState::combine(&feeds, root);
        let companions = enrich::companions(view);
        let companions = companions.iter().flat_map(|view| self.feeds_of(view)).filter_map(lasting_failure);
        state.companion_failure = companions.max_by_key(|failure| severity(failure)).cloned();
        if let Some(failure) = &self.connection.failure {
            (state.failure, state.retry_at, state.partial) = (Some(failure.clone()), self.connection.retry_at, false);
        }
        state
    }
}

/// When AWS confirmed the rows of a feed; absent before the first.
fn confirmed_at(feed: &Feed) -> Option<Timestamp> {
    feed.fetched.filter(|_| feed.phase != Phase::Loading)
}

/// The failure of a feed, except for throttling, which is temporary.
fn lasting_failure(feed: &Feed) -> Option<&Arc<Failure>> {
    feed.failure.as_ref().filter(|failure| failure.kind != FailureKind::Throttled)
}

/// Severity of a failure: the greatest is reported first.
fn severity(failure: &Failure) -> u8 {
    match failure.kind {
        FailureKind::Credentials => 5,
        FailureKind::Denied => 4,
        FailureKind::Offline | FailureKind::Garbled | FailureKind::Server => 3,
        FailureKind::Invalid | FailureKind::NotFound | FailureKind::ReadOnly => 2,
        FailureKind::Unsupported => 0,
        FailureKind::Throttled => 1,
    }
}
