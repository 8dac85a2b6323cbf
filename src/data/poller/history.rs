//! The poller's side of the history: what to record, and which rows AWS has forgotten.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Poller, sources};
use crate::{
    data::{Done, Entry, FeedKey, history_worker::HistoryUpdate},
    history::{in_group, occurred_at, window_start, with_archived},
    resource::{Ability, Only, Origin, Past, Query, Row, Status, View, deployment, event, service, task::Task},
};

impl Poller {
    /// Requests the archived rows of the views on screen.
    pub(super) fn request_history(&mut self) {
        let (mut feeds, mut groups) = (HashSet::new(), HashSet::new());
        for view in self.demanded_views() {
            match view.kind.origin {
                Origin::Composed(compose) if compose.past() == Past::Failures => {
                    groups.insert(view.clone());
                }
                _ => feeds.extend(self.archived_feeds(view)),
            }
        }
        self.history.set_demand(feeds, groups, Instant::now());
    }

    /// Stores a row from AWS, and records what is new in it.
    pub(super) fn put(&mut self, row: Arc<dyn Row>, at: Timestamp) {
        let id: Arc<str> = row.id().into();
        let before = self.store.get(&id).map(|entry| entry.row.clone());
        self.store.put(row, at);
        let Some(after) = self.store.get(&id).map(|entry| entry.row.clone()) else { return };
        if before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &after)) {
            self.history.observe(after, before, Instant::now());
        }
    }

    /// Archives the rows that the complete list of `key` no longer contains.
    pub(super) fn on_list_complete(&mut self, key: &FeedKey, at: Timestamp) {
        let Some(feed) = self.feeds.get(key).filter(|feed| feed.fetch.keeps_gone(&key.query)) else { return };
        // A list for a named row only repeats the name.
        if key.query.task.is_none() {
            for (id, forgotten) in feed.ids_by_list() {
                self.store.mark_archived(id, forgotten, at);
            }
        }
    }

    /// Drops archived rows that are no longer on screen; returns whether there were any.
    pub(super) fn forget_archived(&mut self, now: Instant) -> bool {
        self.history.on_minute(now);
        let at = (self.now)();
        let (mut forgotten, store) = (false, &self.store);
        for (key, feed) in &mut self.feeds {
            let before = feed.ids.len();
            let row = |id: &str| store.get(id).map(|entry| &*entry.row);
            feed.remove_unlisted(|id| row(id).is_some_and(|row| row.archived() && !matches_query(row, &key.query, at)));
            if feed.ids.len() < before {
                forgotten = true;
                self.changed_feeds.insert(key.clone());
            }
        }
        forgotten
    }

    /// Applies an update from the history.
    pub(super) fn apply_history(&mut self, news: HistoryUpdate) {
        let HistoryUpdate { notices, restarted, archived } = news;
        for text in notices {
            // The receiver may be gone, and a full queue is full of responses.
            let _ = self.answers.try_send(Done::Warning(text));
        }
        if let Some((key, rows)) = archived {
            let at = (self.now)();
            for row in rows {
                self.store.put_if_new(row, at);
            }
            self.changed_feeds.insert(key);
        }
        if restarted {
            let now = Instant::now();
            for row in self.store.rows() {
                self.history.observe(row, None, now);
            }
        }
    }

    /// The archived entries for `key`, except those that `live` contains.
    pub(super) fn archived_entries(&self, key: &FeedKey, live: &[Entry]) -> Vec<Entry> {
        let Some(feed) = self.history.archived(key).filter(|feed| !feed.ids.is_empty()) else { return Vec::new() };
        let live: HashSet<&str> = live.iter().map(|entry| entry.row.id()).collect();
        let archived = feed.ids.iter().filter(|id| !live.contains(&***id));
        archived.filter_map(|id| self.store.get(id).cloned()).collect()
    }

    /// A digest of the archived rows for `key`.
    pub(super) fn history_digest(&self, key: &FeedKey) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.history.is_settled(key).hash(&mut hasher);
        let own = self.history.groups(key).map(|groups| groups.revision);
        own.hash(&mut hasher);
        for key in self.archived_feeds(key) {
            self.history.archived(&key).map(|feed| feed.revision).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Adds archived rows for a composed view to its source `rows`.
    pub(super) fn add_archived(&self, key: &FeedKey, rows: &mut Vec<Arc<dyn Row>>) {
        if let Some(groups) = self.history.groups(key) {
            rows.extend(groups.rows.iter().cloned());
        }
        let mut known: HashSet<Arc<str>> = rows.iter().map(|row| row.id().into()).collect();
        for key in self.archived_feeds(key).iter().filter(|past| *past != key) {
            if let Origin::Derived { rows: derive, .. } = key.kind.origin {
                known.extend(rows.iter().flat_map(|row| derive(&**row)).map(|row| Arc::from(row.id())));
            }
            for id in self.history.archived(key).iter().flat_map(|feed| &feed.ids).filter(|id| !known.contains(*id)) {
                rows.extend(self.store.get(id).map(|entry| entry.row.clone()));
            }
        }
    }

    /// The feeds with archived rows that `view` shows.
    fn archived_feeds(&self, view: &View) -> Vec<FeedKey> {
        archived_views(view).iter().flat_map(|view| self.published.keys_of(view)).collect()
    }

    /// Keeps rows in a derived feed that its source no longer contains.
    pub(super) fn archive_dropped(&mut self, key: &FeedKey, before: &[Entry], live: &[Entry], at: Timestamp) {
        if self.history.archived(key).is_none() {
            return;
        }
        let live: HashSet<&str> = live.iter().map(|entry| entry.row.id()).collect();
        for entry in before.iter().filter(|entry| !live.contains(entry.row.id())) {
            if let Some(row) = with_archived(&*entry.row, true) {
                let id = row.id().into();
                self.store.put(row, at);
                self.history.add_archived(key, id);
            }
        }
    }
}

/// Whether a row matches `query` in the parts that AWS does not filter by: its time and its reason.
pub(super) fn matches_query(row: &dyn Row, query: &Query, now: Timestamp) -> bool {
    if query.task.is_some() {
        return true;
    }
    let bounded = query.since.is_some() || row.archived();
    let recent = || occurred_at(row).is_none_or(|at| at >= window_start(query, now));
    let task = || row.any().downcast_ref::<Task>();
    let member = |group: &str| task().is_some_and(|task| in_group(task, group));
    let meant = |only: &Only| task().is_some_and(|task| task.is_of(only));
    (!bounded || recent()) && query.group.as_deref().is_none_or(member) && query.only.as_ref().is_none_or(meant)
}

/// The views with archived rows that `view` depends on.
fn archived_views(view: &View) -> Vec<View> {
    let lasting = |view: &View| match view.kind {
        kind if kind.can(Ability::Status) => view.query.status != Status::Running || view.query.task.is_some(),
        kind => kind.can(Ability::Archive) && !matches!(kind.origin, Origin::Composed(_)),
    };
    match view.kind.origin {
        _ if lasting(view) => vec![view.clone()],
        Origin::Fetched(_) => Vec::new(),
        Origin::Derived { .. } => sources(view).into_iter().filter(lasting).collect(),
        Origin::Composed(compose) if compose.past() == Past::Rows => {
            let of_service =
                |view: &View| [&event::KIND, &deployment::KIND].map(|kind| View::new(kind, view.query.clone()));
            let parts = |view: View| match view.kind {
                kind if kind == &service::KIND => of_service(&view).to_vec(),
                _ => archived_views(&view),
            };
            compose.sources(&view.query).into_iter().flat_map(parts).collect()
        }
        Origin::Composed(_) => Vec::new(),
    }
}
