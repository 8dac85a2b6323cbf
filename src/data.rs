//! The data layer: one task polls what is looked at, owns the store, and publishes immutable snapshots.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    aws::{Clients, Failure, SharedAccess},
    change::{ChangeOrder, ChangeReport},
    history::HistoryConfig,
    logs::{LogRequest, TailMessage},
    resource::{Kind, Origin, Query, Row, View, Zone, cluster::Cluster, evidence::Evidence, instance},
};

mod enrich;
mod evidence;
mod feed;
mod history_worker;
mod poller;
mod raw;
mod state;
mod store;
mod tails;

pub use evidence::collect_evidence;
pub use raw::fetch_raw;
pub use state::FeedState;

pub use crate::{aws::Identity, history::HistoryLimits};

/// Which rows: the key of a feed. A view may need several (all clusters; running and stopped tasks).
pub type FeedKey = View;

/// A row with what the store knows of it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub row: Arc<dyn Row>,
    /// Columns (bits) that changed last, and when.
    pub changed: u64,
    pub changed_at: Option<Timestamp>,
}

/// How far a feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Nothing has come yet.
    #[default]
    Loading,
    /// The first rows are here, the rest is on its way.
    Filling,
    Ready,
}

/// The rows of one feed and their state. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Feed {
    pub rows: Arc<Vec<Entry>>,
    pub phase: Phase,
    /// Grows when rows or state change; equal revisions mean equal rows.
    pub revision: u64,
    /// When the oldest of what is shown was last confirmed by AWS.
    pub fetched: Option<Timestamp>,
    /// Data older than this many seconds are late, and their age is shown.
    pub late_after: u32,
    /// Why the last call of its kind (list, describe) failed, until one succeeds.
    pub failure: Option<Arc<Failure>>,
    /// When that call is made again.
    pub retry_at: Option<Timestamp>,
    /// The rows that are here are current; the failure only keeps others from coming.
    pub partial: bool,
    /// What it means that there are no rows, where the kind has words of its own for it.
    pub nothing: Arc<[String]>,
}

/// The state of the link to AWS, for the header.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connection {
    /// Calls a minute over the last minute, as shown: rounded, and refreshed seldom enough not to draw for its own sake.
    pub calls_per_minute: u32,
    /// Calls since the start.
    pub calls: u64,
    /// What keeps everything from working: no credentials, no network.
    pub failure: Option<Arc<Failure>>,
    /// When the next attempt is due, while nothing works.
    pub retry_at: Option<Timestamp>,
    /// Attempts that failed in a row.
    pub attempts: u32,
}

/// All that is known, at one moment. Immutable; shared by `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Grows with every publication.
    pub revision: u64,
    pub identity: Identity,
    pub connection: Connection,
    pub feeds: HashMap<FeedKey, Feed>,
}

/// What is on screen, so what is worth a call. Latest value wins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Demand {
    /// The view on top: asked for at its own cadence.
    pub foreground: Option<View>,
    /// What the screen on top shows beside that view: refreshed four times slower.
    pub companions: Vec<View>,
    /// The views beneath it: refreshed eight times slower.
    pub background: Vec<View>,
    /// Ids of the rows in sight.
    pub visible: Vec<Arc<str>>,
    pub paused: bool,
    /// All intervals are multiplied by this: 1; 4 and 12 when nobody has touched a key for long; 4 without focus.
    pub slowdown: u32,
    /// Seconds between two looks at a visible row, where a person asked for them; each kind's own cadence otherwise.
    pub every: Option<u32>,
    /// Changes with every press of refresh: all that is on screen is due at once, denied feeds included.
    pub refresh: u64,
    /// The log that is read.
    pub log: Option<LogRequest>,
    /// The zone of the times within texts.
    pub zone: Zone,
}

/// A one-off question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The full raw answer of AWS about one row.
    Raw { kind: &'static Kind, query: Query, id: Arc<str> },
    /// What an explanation of this service or task wants to know beyond its row: three calls at most.
    Evidence { id: Arc<str> },
    /// The lines before the oldest of the tail called so.
    Older { tail: u64 },
}

/// The answer to a [`Request`].
#[derive(Debug, Clone)]
pub enum Done {
    Raw {
        id: Arc<str>,
        result: Result<serde_json::Value, Failure>,
    },
    Evidence {
        id: Arc<str>,
        evidence: Arc<Evidence>,
    },
    /// One change has come to an end.
    Change(ChangeReport),
    /// What nobody asked for, and a person should know.
    Warning(String),
}

/// The UI's end of the data layer; dropping it ends the task and cancels its calls.
#[derive(Debug)]
pub struct Handle {
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    pub demand: watch::Sender<Demand>,
    /// Which calls are let through: set here, read by the clients at each call. What is on screen is none of its business.
    pub access: SharedAccess,
    pub requests: mpsc::Sender<Request>,
    /// Changes to be sent. Nothing is dropped: what is in here is sent, or reported as not sent.
    pub changes: mpsc::UnboundedSender<ChangeOrder>,
    pub done: mpsc::Receiver<Done>,
    /// The lines of the log that is read. Nothing is dropped: who reads slowly is waited for.
    pub tail_messages: mpsc::Receiver<TailMessage>,
    ended: JoinHandle<()>,
}

impl Handle {
    /// Ends the task, and waits until all that was seen is written down, and every change under way has come to an end:
    /// how those ended that nobody has been told of yet.
    pub async fn finish(self) -> Vec<ChangeReport> {
        let Self { demand, requests, changes, mut done, ended, .. } = self;
        drop((demand, requests, changes));
        let mut reports = Vec::new();
        while let Some(done) = done.recv().await {
            if let Done::Change(report) = done {
                reports.push(report);
            }
        }
        // A task that panicked has nothing to write any more.
        let _ = ended.await;
        reports
    }
}

/// Every row of `feeds` once, whichever of them hold it, by id: an order that is always the same.
pub fn distinct<'a>(feeds: impl IntoIterator<Item = &'a Feed>) -> Vec<&'a Arc<dyn Row>> {
    let entries = feeds.into_iter().flat_map(|feed| feed.rows.iter());
    entries.map(|entry| (entry.row.id(), &entry.row)).collect::<BTreeMap<_, _>>().into_values().collect()
}

impl Snapshot {
    /// Names of the clusters known so far, sorted.
    pub fn clusters(&self) -> Vec<Arc<str>> {
        self.cluster_names(|_| true)
    }

    /// The row with this id, of whichever feed.
    pub fn row(&self, id: &str) -> Option<&Arc<dyn Row>> {
        let mut rows = self.feeds.values().flat_map(|feed| feed.rows.iter().map(|entry| &entry.row));
        rows.find(|row| row.id() == id)
    }

    /// Every failure that stands: the link's, and the feeds'.
    pub fn failures(&self) -> impl Iterator<Item = &Arc<Failure>> {
        self.connection.failure.iter().chain(self.feeds.values().filter_map(|feed| feed.failure.as_ref()))
    }

    /// The feeds that make up `view`, those that exist.
    pub fn feeds_of(&self, view: &View) -> Vec<&Feed> {
        self.keys_of(view).iter().filter_map(|key| self.feeds.get(key)).collect()
    }

    /// The keys of the feeds a view is made of: one per cluster where none is named.
    pub fn keys_of(&self, view: &View) -> Vec<FeedKey> {
        let whole = !view.kind.in_cluster || matches!(view.kind.origin, Origin::Composed(_));
        if whole || view.query.cluster.is_some() {
            return vec![view.clone()];
        }
        let with = |cluster: Arc<str>| Query { cluster: Some(cluster), ..view.query.clone() };
        self.clusters_with(view.kind).into_iter().map(|cluster| View::new(view.kind, with(cluster))).collect()
    }

    /// Names of the clusters that can have rows of `kind`: most have no container instances, and say so.
    fn clusters_with(&self, kind: &'static Kind) -> Vec<Arc<str>> {
        let barren = |row: &dyn Row| {
            kind == &instance::KIND
                && row.any().downcast_ref::<Cluster>().is_some_and(|row| row.registered_container_instances_count == 0)
        };
        self.cluster_names(|row| !barren(row))
    }

    fn cluster_names(&self, wanted: impl Fn(&dyn Row) -> bool) -> Vec<Arc<str>> {
        let rows = self.feeds.get(&enrich::clusters()).map(|feed| feed.rows.clone()).unwrap_or_default();
        let rows = rows.iter().map(|entry| &*entry.row).filter(|row| wanted(*row));
        let mut names: Vec<Arc<str>> = rows.filter_map(|row| row.cluster().map(Arc::from)).collect();
        names.sort_unstable();
        names
    }

    /// Whether the rows of `view` have all come at least once, with or without what they take from other kinds.
    pub fn arrived(&self, view: &View) -> bool {
        let ready = |key: &FeedKey| self.feeds.get(key).is_some_and(|feed| feed.phase == Phase::Ready);
        roots(view).iter().chain(&self.keys_of(view)).all(ready)
    }

    /// Whether all that `view` shows has come at least once. What its rows take from other kinds counts as come when it
    /// has failed: they do without.
    pub fn complete(&self, view: &View) -> bool {
        let come = |key: &FeedKey| {
            self.feeds.get(key).is_some_and(|feed| feed.phase == Phase::Ready || feed.failure.is_some())
        };
        let companions = enrich::companions(view);
        self.arrived(view) && companions.iter().flat_map(|view| self.keys_of(view)).all(|key| come(&key))
    }

    /// What keeps `view` from being complete: a failure of one of its feeds, of that of the clusters it spans, or of the
    /// link as a whole.
    pub fn blocking_failure(&self, view: &View) -> Option<&Arc<Failure>> {
        // Without clusters, what is put together out of all of them has nothing to be made of.
        let composed = matches!(view.kind.origin, Origin::Composed(_)) && view.query.cluster.is_none();
        let clusters = composed.then(enrich::clusters);
        let keys = [roots(view), self.keys_of(view), clusters.into_iter().collect()].concat();
        let mut feeds = keys.iter().filter_map(|key| self.feeds.get(key));
        feeds.find_map(|feed| feed.failure.as_ref()).or(self.connection.failure.as_ref())
    }
}

/// The feed that tells which feeds `view` is made of; none where one cluster is named.
fn roots(view: &View) -> Vec<FeedKey> {
    let scattered = !matches!(view.kind.origin, Origin::Composed(_)) && view.kind.in_cluster;
    if scattered && view.query.cluster.is_none() { vec![enrich::clusters()] } else { Vec::new() }
}

/// Starts the data task on the current runtime. `now` is the wall clock; what is due goes by tokio's.
/// `history` says what is recorded of what it sees.
pub fn start(clients: Clients, now: fn() -> Timestamp, history: HistoryConfig) -> Handle {
    let (publish, snapshots) =
        watch::channel(Arc::new(Snapshot { identity: clients.identity(), ..Snapshot::default() }));
    let (demand, wanted) = watch::channel(Demand::default());
    let (requests, asked) = mpsc::channel(16);
    let (changes, ordered) = mpsc::unbounded_channel();
    let (answer, done) = mpsc::channel(16);
    let (tell, news) = mpsc::channel(16);
    let access = clients.access().clone();
    access.set_clock(now);
    let ended =
        tokio::spawn(poller::Poller::new(clients, now, publish, answer, tell, history).run(wanted, asked, ordered));
    Handle { snapshots, demand, access, requests, changes, done, tail_messages: news, ended }
}
