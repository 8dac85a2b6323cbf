//! The data layer: one task polls what is on screen, owns the store, and publishes immutable snapshots.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    aws::{Clients, Failure, SharedAccess},
    change::{ChangeKind, ChangeOrder, ChangeReport, ChangeTarget},
    history::HistoryConfig,
    logs::{LogRequest, TailMessage},
    resource::{
        Kind, Origin, Query, Row, View, Zone,
        cluster::Cluster,
        diff::{Diff, DiffQuestion},
        evidence::Evidence,
        instance,
    },
};

mod diff;
mod enrich;
mod evidence;
mod feed;
mod history_worker;
mod poller;
mod raw;
mod state;
mod store;
mod tails;

pub use diff::{fetch_diff, fetch_registerable};
pub use evidence::collect_evidence;
pub use raw::fetch_raw;
pub use state::FeedState;

pub use crate::{aws::Identity, history::HistoryLimits};

/// Which rows: the key of a feed. A view may need several (all clusters; running and stopped tasks).
pub type FeedKey = View;

/// A row and the changes that the store has seen in it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub row: Arc<dyn Row>,
    /// Bit set of the columns that changed last, and when.
    pub changed: u64,
    pub changed_at: Option<Timestamp>,
}

/// Loading state of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// No rows have arrived yet.
    #[default]
    Loading,
    /// The first rows have arrived; others are still loading.
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
    /// When AWS last confirmed the oldest of the rows.
    pub fetched: Option<Timestamp>,
    /// Age in seconds after which data are late, and their age is shown.
    pub late_after: u32,
    /// Why the last call (list or describe) failed, until one succeeds.
    pub failure: Option<Arc<Failure>>,
    /// When that call is retried.
    pub retry_at: Option<Timestamp>,
    /// The rows in the feed are current; the failure only keeps others from arriving.
    pub partial: bool,
    /// What an empty list means, for kinds that have their own text for it.
    pub nothing: Arc<[String]>,
}

/// State of the connection to AWS, for the header.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connection {
    /// Calls during the last minute. Rounded, and updated seldom enough not to cause frames of its own.
    pub calls_per_minute: u32,
    /// Calls since the start.
    pub calls: u64,
    /// A failure that affects every call: no credentials, no network.
    pub failure: Option<Arc<Failure>>,
    /// When the next attempt is due, during an outage.
    pub retry_at: Option<Timestamp>,
    /// Failed attempts in a row.
    pub attempts: u32,
}

/// Everything known at one moment. Immutable; shared by `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Incremented by every publication.
    pub revision: u64,
    pub identity: Identity,
    pub connection: Connection,
    pub feeds: HashMap<FeedKey, Feed>,
}

/// What is on screen, and therefore worth calls. Latest value wins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Demand {
    /// The view on top: polled at its own interval.
    pub foreground: Option<View>,
    /// Views that the top screen consults: polled four times less often.
    pub companions: Vec<View>,
    /// Views of the screens beneath: polled eight times less often.
    pub background: Vec<View>,
    /// Views of one row each that are followed although they are on no screen: polled as often as a visible row.
    pub followed: Vec<View>,
    /// Ids of the visible rows.
    pub visible: Vec<Arc<str>>,
    pub paused: bool,
    /// Factor for all intervals: 1; 4 and 12 after a long time without a key; 4 without focus.
    pub slowdown: u32,
    /// Polling interval of a visible row in seconds, if the user has set one; absent for the interval of the kind.
    pub every: Option<u32>,
    /// Polling interval of a visible row while it moves, for a screen that shows every step of it; absent for the
    /// interval of the kind.
    pub moving: Option<Duration>,
    /// Incremented by every press of refresh: everything on screen is due at once, including denied feeds.
    pub refresh: u64,
    /// The open log.
    pub log: Option<LogRequest>,
    /// Time zone for times within texts.
    pub zone: Zone,
}

/// A one-time request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The full raw response of AWS about one row.
    Raw { kind: &'static Kind, query: Query, id: Arc<str> },
    /// Evidence for the explanation of this service or task: three calls at most.
    Evidence { id: Arc<str> },
    /// The differences of two revisions: one call a side, and at most two to find the sides.
    Diff { question: DiffQuestion },
    /// What can be registered of this task definition, to edit it: one call.
    Registerable { name: String },
    /// What the dialog of a change shows besides known rows. What it costs depends on the kind of change.
    ChangeEvidence { kind: &'static ChangeKind, targets: Vec<ChangeTarget> },
    /// The lines before the oldest one of the tail with this number.
    Older { tail: u64 },
}

/// The response to a [`Request`].
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
    Diff {
        question: DiffQuestion,
        result: Result<Arc<Diff>, Failure>,
    },
    Registerable {
        name: String,
        result: Result<serde_json::Value, Failure>,
    },
    ChangeEvidence {
        kind: &'static ChangeKind,
        targets: Vec<ChangeTarget>,
        evidence: Arc<Evidence>,
    },
    /// A change has ended.
    Change(ChangeReport),
    /// A warning that no request asked for.
    Warning(String),
}

/// The UI's end of the data layer. Dropping it ends the task and cancels its calls.
#[derive(Debug)]
pub struct Handle {
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    pub demand: watch::Sender<Demand>,
    /// Which calls are allowed: set here, read by the clients at each call. It does not affect what is on screen.
    pub access: SharedAccess,
    pub requests: mpsc::Sender<Request>,
    /// Changes to send. None is dropped: each is sent, or reported as not sent.
    pub changes: mpsc::UnboundedSender<ChangeOrder>,
    pub done: mpsc::Receiver<Done>,
    /// Lines of the open log. None is dropped: a slow reader makes the sender wait.
    pub tail_messages: mpsc::Receiver<TailMessage>,
    ended: JoinHandle<()>,
}

impl Handle {
    /// Ends the task after pending writes and changes in flight; returns the reports of changes that ended unreported.
    pub async fn finish(self) -> Vec<ChangeReport> {
        let Self { demand, requests, changes, mut done, ended, .. } = self;
        drop((demand, requests, changes));
        let mut reports = Vec::new();
        while let Some(done) = done.recv().await {
            if let Done::Change(report) = done {
                reports.push(report);
            }
        }
        // A task that panicked has nothing left to write.
        let _ = ended.await;
        reports
    }
}

/// All rows of `feeds`, each once, sorted by id.
pub fn distinct<'a>(feeds: impl IntoIterator<Item = &'a Feed>) -> Vec<&'a Arc<dyn Row>> {
    let entries = feeds.into_iter().flat_map(|feed| feed.rows.iter());
    entries.map(|entry| (entry.row.id(), &entry.row)).collect::<BTreeMap<_, _>>().into_values().collect()
}

impl Snapshot {
    /// Names of the clusters known so far, sorted.
    pub fn clusters(&self) -> Vec<Arc<str>> {
        self.cluster_names(|_| true)
    }

    /// The row with this id, from any feed.
    pub fn row(&self, id: &str) -> Option<&Arc<dyn Row>> {
        let mut rows = self.feeds.values().flat_map(|feed| feed.rows.iter().map(|entry| &entry.row));
        rows.find(|row| row.id() == id)
    }

    /// All current failures: of the connection, and of feeds.
    pub fn failures(&self) -> impl Iterator<Item = &Arc<Failure>> {
        self.connection.failure.iter().chain(self.feeds.values().filter_map(|feed| feed.failure.as_ref()))
    }

    /// The existing feeds of `view`.
    pub fn feeds_of(&self, view: &View) -> Vec<&Feed> {
        self.keys_of(view).iter().filter_map(|key| self.feeds.get(key)).collect()
    }

    /// The keys of the feeds that `view` consists of: one per cluster if it names none.
    pub fn keys_of(&self, view: &View) -> Vec<FeedKey> {
        let whole = !view.kind.in_cluster || matches!(view.kind.origin, Origin::Composed(_));
        if whole || view.query.cluster.is_some() {
            return vec![view.clone()];
        }
        let with = |cluster: Arc<str>| Query { cluster: Some(cluster), ..view.query.clone() };
        self.clusters_with(view.kind).into_iter().map(|cluster| View::new(view.kind, with(cluster))).collect()
    }

    /// Names of the clusters that may have rows of `kind`: a cluster reports how many container instances it has.
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

    /// Whether all rows of `view` have arrived at least once, with or without the facts they take from other kinds.
    pub fn arrived(&self, view: &View) -> bool {
        let ready = |key: &FeedKey| self.feeds.get(key).is_some_and(|feed| feed.phase == Phase::Ready);
        roots(view).iter().chain(&self.keys_of(view)).all(ready)
    }

    /// Whether everything that `view` shows has arrived at least once. Facts from other kinds count as arrived if they
    /// failed: rows are shown without them.
    pub fn complete(&self, view: &View) -> bool {
        let come = |key: &FeedKey| {
            self.feeds.get(key).is_some_and(|feed| feed.phase == Phase::Ready || feed.failure.is_some())
        };
        let companions = enrich::companions(view);
        self.arrived(view) && companions.iter().flat_map(|view| self.keys_of(view)).all(|key| come(&key))
    }

    /// The failure that keeps `view` incomplete: of one of its feeds, of the list of the clusters it spans, or of the
    /// connection.
    pub fn blocking_failure(&self, view: &View) -> Option<&Arc<Failure>> {
        // Without clusters a view composed from all of them has no sources.
        let composed = matches!(view.kind.origin, Origin::Composed(_)) && view.query.cluster.is_none();
        let clusters = composed.then(enrich::clusters);
        let keys = [roots(view), self.keys_of(view), clusters.into_iter().collect()].concat();
        let mut feeds = keys.iter().filter_map(|key| self.feeds.get(key));
        feeds.find_map(|feed| feed.failure.as_ref()).or(self.connection.failure.as_ref())
    }
}

/// The feed that determines which feeds `view` consists of; none if the view names a cluster.
fn roots(view: &View) -> Vec<FeedKey> {
    let scattered = !matches!(view.kind.origin, Origin::Composed(_)) && view.kind.in_cluster;
    if scattered && view.query.cluster.is_none() { vec![enrich::clusters()] } else { Vec::new() }
}

/// Starts the data task on the current runtime. `now` is the wall clock; due times use tokio's clock. `history` sets
/// what is recorded.
pub fn start(clients: Clients, now: fn() -> Timestamp, history: HistoryConfig) -> Handle {
    let (publish, snapshots) =
        watch::channel(Arc::new(Snapshot { identity: clients.identity(), ..Snapshot::default() }));
    let (demand, wanted) = watch::channel(Demand::default());
    let (requests, asked) = mpsc::channel(16);
    let (changes, ordered) = mpsc::unbounded_channel();
    let (answer, done) = mpsc::channel(16);
    let (send_messages, tail_messages) = mpsc::channel(16);
    let access = clients.access().clone();
    access.set_clock(now);
    let ended = tokio::spawn(
        poller::Poller::new(clients, now, publish, answer, send_messages, history).run(wanted, asked, ordered),
    );
    Handle { snapshots, demand, access, requests, changes, done, tail_messages, ended }
}
