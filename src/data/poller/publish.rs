//! Publishing: snapshots of what has changed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{MINUTELY, Poller, history::matches_query, sources};
use crate::{
    aws::{Failure, FailureKind},
    data::{Connection, Demand, Entry, Feed, FeedKey, FeedState, Phase, enrich, store},
    resource::{
        Context, Material, Origin, Row, Status, instance, service,
        task::{self, Task},
    },
};

impl Poller {
    /// Publishes what has changed since the last publication, if anything has.
    pub(super) fn publish(&mut self) {
        let now = (self.now)();
        let clusters = self.clusters();
        let mut news = false;
        // A second round, if the first completed what others wait for: the last page of stopped tasks.
        while !(self.changed_feeds.is_empty() && self.store.changed_kinds.is_empty()) {
            if [&task::KIND, &service::KIND, &instance::KIND].iter().any(|kind| self.store.changed_kinds.contains(kind))
            {
                self.store.enrich(now);
            }
            let kinds = std::mem::take(&mut self.store.changed_kinds);
            let mut touched = std::mem::take(&mut self.changed_feeds);
            touched.extend(self.feeds.keys().filter(|key| kinds.contains(key.kind)).cloned());
            for key in &touched {
                news |= self.publish_feed(key, now);
            }
        }
        if self.clusters() != clusters {
            self.assign_priorities();
        }
        news |= self.publish_derived(now);
        news |= self.publish_composed(now);
        let connection = self.connection();
        if news || connection != self.published.connection || self.identity != self.published.identity {
            self.published.connection = connection;
            self.published.identity = self.identity.clone();
            self.published.revision += 1;
            self.publish.send_replace(Arc::new(self.published.clone()));
        }
        if !self.rules_requested && self.published.feeds.values().any(|feed| !feed.rows.is_empty()) {
            self.load_rules();
        }
    }

    /// Updates the published feed; returns whether it has changed.
    fn publish_feed(&mut self, key: &FeedKey, now: Timestamp) -> bool {
        let Some(feed) = self.feeds.get_mut(key) else { return false };
        let (filled, late_after) = (feed.filled(), feed.late_after());
        let mut rows: Vec<_> = feed.ids.iter().filter_map(|id| self.store.get(id).cloned()).collect();
        let failed = feed.failure();
        let confirmed = feed.confirmed_at().filter(|_| filled || !rows.is_empty());
        rows.extend(self.archived_entries(key, &rows));
        rows.retain(|entry| matches_query(&*entry.row, &key.query, now));
        // Stopped tasks without a verdict and services without a diagnosis are not published yet.
        let unexamined = !self.store.rules_loaded && key.kind == &service::KIND && !rows.is_empty();
        let half = unexamined || rows.iter().any(|entry| lacks_verdict(&*entry.row));
        let phase = match (filled && !half && self.history.is_settled(key), rows.is_empty()) {
            (true, _) => Phase::Ready,
            (false, true) => Phase::Loading,
            (false, false) => Phase::Filling,
        };
        if filled
            && key.kind == &task::KIND
            && key.query.status == Status::Stopped
            && let (Some(cluster), None, None) = (&key.query.cluster, &key.query.service, &key.query.family)
        {
            self.store.mark_counted(cluster);
        }
        let old = self.published.feeds.entry(key.clone()).or_default();
        let same_rows = same_rows(&rows, &old.rows);
        // While polling succeeds, the fetch time is published in steps: it is shown only once the data are late.
        let step = i64::from(late_after / 4);
        let fetched = match (old.fetched, confirmed) {
            (Some(old), Some(new)) if failed.is_none() && (0..step).contains(&(new.as_second() - old.as_second())) => {
                Some(old)
            }
            (_, confirmed) => confirmed,
        };
        let (failure, retry_at, partial) = match failed {
            Some(failed) => (Some(failed.failure), failed.retry_at, failed.partial),
            None => (None, None, false),
        };
        let state = (phase, fetched, late_after, &failure, retry_at, partial);
        if same_rows && state == (old.phase, old.fetched, old.late_after, &old.failure, old.retry_at, old.partial) {
            return false;
        }
        let revision = if same_rows && old.phase == phase { old.revision } else { old.revision + 1 };
        let rows = if same_rows { old.rows.clone() } else { Arc::new(rows) };
        let nothing = Arc::default();
        *old = Feed { rows, phase, revision, fetched, late_after, failure, retry_at, partial, nothing };
        true
    }

    /// Updates the derived views on screen from their sources, and the views that select rows of another.
    fn publish_derived(&mut self, now: Timestamp) -> bool {
        let keys: Vec<FeedKey> = self.demanded_views().flat_map(|view| self.published.keys_of(view)).collect();
        let mut news = false;
        for key in keys {
            let Some(source) = sources(&key).into_iter().next().filter(|source| *source != key) else { continue };
            let derive = match key.kind.origin {
                Origin::Fetched(_) => None,
                Origin::Derived { rows, .. } => Some(rows),
                Origin::Composed(_) => continue,
            };
            let Some(parent) = self.published.feeds.get(&source).cloned() else { continue };
            let digest = (digest(&[(&source, parent.clone())]), self.history_digest(&key));
            if self.source_digests.insert(key.clone(), digest) == Some(digest) {
                continue;
            }
            let old = self.published.feeds.get(&key).cloned().unwrap_or_default();
            let mut rows = match derive {
                Some(rows) => store::derive(&parent.rows, rows, &old.rows, now),
                None => parent.rows.to_vec(),
            };
            if derive.is_some() && parent.phase == Phase::Ready {
                self.archive_dropped(&key, &old.rows, &rows, now);
            }
            rows.extend(self.archived_entries(&key, &rows));
            rows.retain(|entry| matches_query(&*entry.row, &key.query, now));
            let phase = match parent.phase {
                Phase::Ready if !self.history.is_settled(&key) => Phase::Filling,
                phase => phase,
            };
            self.publish_made(key, rows, Feed { phase, ..parent });
            news = true;
        }
        news
    }

    /// Publishes `rows` as those of a derived or composed feed, with the state of `whole`.
    fn publish_made(&mut self, key: FeedKey, rows: Vec<Entry>, whole: Feed) {
        let old = self.published.feeds.get(&key).cloned().unwrap_or_default();
        let same = same_rows(&rows, &old.rows);
        let revision = if same && old.phase == whole.phase { old.revision } else { old.revision + 1 };
        let rows = if same { old.rows } else { Arc::new(rows) };
        self.published.feeds.insert(key, Feed { rows, revision, ..whole });
    }

    /// Updates the composed views on screen if their sources have changed.
    fn publish_composed(&mut self, now: Timestamp) -> bool {
        let keys: Vec<FeedKey> = self.demanded_views().cloned().collect();
        let mut news = false;
        for key in keys {
            let Origin::Composed(compose) = key.kind.origin else { continue };
            let parts: Vec<FeedKey> = sources(&key).iter().flat_map(|source| self.published.keys_of(source)).collect();
            let feeds: Vec<(&FeedKey, Feed)> =
                parts.iter().map(|part| (part, self.published.feeds.get(part).cloned().unwrap_or_default())).collect();
            // The list of clusters determines the sources, unless a cluster is named.
            let clusters = enrich::clusters();
            let root =
                key.query.cluster.is_none().then(|| self.published.feeds.get(&clusters).cloned().unwrap_or_default());
            let root: Vec<(&FeedKey, Feed)> = root.map(|root| (&clusters, root)).into_iter().collect();
            let digest = (digest(&[&*root, &*feeds].concat()), self.history_digest(&key));
            if self.source_digests.insert(key.clone(), digest) == Some(digest) {
                continue;
            }
            let old = self.published.feeds.get(&key).cloned().unwrap_or_default();
            let parts: Vec<&Feed> = feeds.iter().map(|(_, feed)| feed).collect();
            let mut whole = FeedState::combine(&parts, root.first().map(|(_, feed)| feed)).into_feed();
            if whole.phase == Phase::Ready && old.phase != Phase::Ready && !self.history.is_settled(&key) {
                whole.phase = Phase::Filling;
            }
            let mut parts = SourceRows::from_feeds(&feeds);
            self.add_archived(&key, &mut parts.rows);
            let material =
                Material { rows: &parts.rows, seen: &parts.seen, awaited: &parts.awaited, gaps: &parts.gaps };
            let rows = compose.rows(&key.query, &material, &Context { now, zone: self.demand.zone.clone() });
            // While the sources are unknown, the feed stays as it is.
            let known = !feeds.is_empty() || whole.phase == Phase::Ready;
            whole.nothing =
                if rows.is_empty() && known { compose.nothing(&key.query, &material).into() } else { Arc::default() };
            let entries = store::with_changes(rows.into_iter(), &old.rows, now);
            self.publish_made(key, entries, whole);
            news = true;
        }
        news
    }

    /// The number of known clusters, and of those with container instances: what views across clusters depend on.
    fn clusters(&self) -> [usize; 2] {
        [&service::KIND, &instance::KIND].map(|kind| self.published.clusters_with(kind).len())
    }

    /// All views of the demand.
    pub(super) fn demanded_views(&self) -> impl Iterator<Item = &FeedKey> {
        let Demand { foreground, companions, background, followed, .. } = &self.demand;
        foreground.iter().chain(companions).chain(background).chain(followed)
    }

    fn connection(&self) -> Connection {
        let now = Instant::now();
        let (recent, calls) = self.clients.budget.calls();
        let before = &self.published.connection;
        // The rate is published once a minute, and while it is still growing after the start.
        let ripe = self.minute_at + Duration::from_secs(1) > now + MINUTELY || before.calls_per_minute == 0;
        let calls_per_minute = if ripe { recent as u32 } else { before.calls_per_minute };
        let wall = |at: Instant| (self.now)() + at.saturating_duration_since(now);
        let base =
            Connection { calls_per_minute, calls: if ripe { calls } else { before.calls }, ..Connection::default() };
        let Some(outage) = &self.outage else { return base };
        // Keep the time of an unchanged attempt: the clock's jitter is not a change.
        let retry_at = before.retry_at.filter(|_| before.attempts == outage.attempts);
        Connection {
            retry_at: retry_at.or_else(|| Some(wall(outage.retry_at))),
            failure: Some(outage.failure.clone()),
            attempts: outage.attempts,
            ..base
        }
    }
}

/// The sources of a composed view, by their loading state.
#[derive(Default)]
struct SourceRows {
    rows: Vec<Arc<dyn Row>>,
    seen: Vec<FeedKey>,
    awaited: Vec<FeedKey>,
    gaps: Vec<(FeedKey, Arc<Failure>)>,
}

impl SourceRows {
    fn from_feeds(feeds: &[(&FeedKey, Feed)]) -> Self {
        let mut parts = Self::default();
        for (key, feed) in feeds {
            parts.rows.extend(feed.rows.iter().map(|entry| entry.row.clone()));
            let key = (*key).clone();
            match &feed.failure {
                // A failure after a success makes data old, which is shown elsewhere, but the source has been checked.
                Some(failure) if failure.kind == FailureKind::Denied => parts.gaps.push((key, failure.clone())),
                _ if feed.phase == Phase::Ready => parts.seen.push(key),
                // Throttling is temporary.
                Some(failure) if failure.kind != FailureKind::Throttled => parts.gaps.push((key, failure.clone())),
                _ => parts.awaited.push(key),
            }
        }
        parts
    }
}

/// Whether both have the same rows in the same order.
fn same_rows(new: &[Entry], old: &[Entry]) -> bool {
    new.len() == old.len() && new.iter().zip(old).all(|(new, old)| Arc::ptr_eq(&new.row, &old.row))
}

/// Whether `row` is a stopped task without a verdict.
fn lacks_verdict(row: &dyn Row) -> bool {
    row.any().downcast_ref::<Task>().is_some_and(|task| task.stopped() && task.verdict.is_none())
}

/// A digest of the state of some feeds.
fn digest(feeds: &[(&FeedKey, Feed)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (key, feed) in feeds {
        let failure = feed.failure.as_ref().map(|failure| (failure.operation, failure.kind, &failure.message));
        (key, feed.revision, feed.phase == Phase::Ready).hash(&mut hasher);
        (feed.fetched, feed.late_after, failure, feed.retry_at, feed.partial).hash(&mut hasher);
    }
    hasher.finish()
}
