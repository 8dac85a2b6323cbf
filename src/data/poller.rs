//! The data task: makes the calls that are due for the views on screen, applies responses, publishes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    ChangeOrder, Demand, Done, FeedKey, Request, Snapshot, enrich,
    feed::{Due, FeedPlan, Now, Priority, back_off, earliest},
    history_worker::HistoryWorker,
    store::Store,
    tails::Tails,
};
use crate::{
    aws::{Clients, Failure, FailureKind, Identity},
    history::HistoryConfig,
    knowledge,
    logs::TailMessage,
    resource::{Batch, Origin, Page, Status, View},
};

mod account;
mod changes;
mod history;
mod publish;
mod requests;

use changes::Changes;

/// How many times slower the views in the background are polled.
const BACKGROUND: u32 = 8;
const COMPANION: u32 = 4;
/// Calls in flight in all feeds.
const CONCURRENCY: usize = 24;
/// How often the call rate is published, and failures of the last hour are counted.
const MINUTELY: Duration = Duration::from_mins(1);
/// How soon the identity is requested again after a failure of that call alone.
const IDENTITY_RETRY: Duration = Duration::from_secs(15);
/// Time between two publications per known row while many arrive, because each publication goes through all rows: the
/// cost of arriving rows is linear, not quadratic.
const PER_ROW: Duration = Duration::from_micros(50);
const FEW_ROWS: usize = 2_000;
/// Feeds that are off screen for this long are dropped, except for those with rows that AWS forgets.
const FORGET_AFTER: Duration = Duration::from_mins(15);
/// The same for derived and composed feeds, which can be made again at once.
const FORGET_MADE_AFTER: Duration = Duration::from_mins(1);

/// The response to a call.
enum CallResult {
    List(FeedKey, Result<Page, Failure>),
    Describe(FeedKey, Vec<Arc<str>>, Result<Batch, Failure>),
    Identity(Result<Identity, Failure>),
    /// The rules for diagnoses.
    Rules,
}

/// A failure of all calls: no network, no credentials.
struct Outage {
    failure: Arc<Failure>,
    attempts: u32,
    retry_at: Instant,
}

pub(super) struct Poller {
    clients: Clients,
    now: fn() -> Timestamp,
    publish: watch::Sender<Arc<Snapshot>>,
    answers: mpsc::Sender<Done>,
    demand: Demand,
    visible: HashSet<Arc<str>>,
    feeds: HashMap<FeedKey, FeedPlan>,
    /// Since when feeds are off screen.
    unwatched_since: HashMap<FeedKey, Instant>,
    /// Feeds with ids, phase or failure changed since the last publication.
    changed_feeds: HashSet<FeedKey>,
    store: Store,
    history: HistoryWorker,
    tails: Tails,
    /// The rules have been loaded, or are loading.
    rules_requested: bool,
    calls: JoinSet<CallResult>,
    changes: Changes,
    identity: Identity,
    /// The account of all rows, once a row has arrived.
    account: Option<String>,
    identity_due: Option<Instant>,
    outage: Option<Outage>,
    published: Snapshot,
    /// Digests of the feeds and archived rows that each derived or composed feed was last made from.
    source_digests: HashMap<FeedKey, (u64, u64)>,
    minute_at: Instant,
    published_at: Instant,
    /// Something must be published at once: a failure, another view.
    urgent: bool,
}

impl Poller {
    pub(super) fn new(
        clients: Clients,
        now: fn() -> Timestamp,
        publish: watch::Sender<Arc<Snapshot>>,
        answers: mpsc::Sender<Done>,
        news: mpsc::Sender<TailMessage>,
        keep: HistoryConfig,
    ) -> Self {
        let identity = clients.identity();
        let start = Instant::now();
        Self {
            tails: Tails::new(clients.clone(), now, news),
            clients,
            now,
            publish,
            answers,
            demand: Demand::default(),
            visible: HashSet::new(),
            feeds: HashMap::new(),
            unwatched_since: HashMap::new(),
            changed_feeds: HashSet::new(),
            store: Store::default(),
            history: HistoryWorker::new(keep, now),
            rules_requested: false,
            calls: JoinSet::new(),
            changes: Changes::default(),
            published: Snapshot { identity: identity.clone(), ..Snapshot::default() },
            source_digests: HashMap::new(),
            identity,
            account: None,
            identity_due: Some(start),
            outage: None,
            minute_at: start + MINUTELY,
            published_at: start,
            urgent: false,
        }
    }

    /// Runs until the console's end of the channels is dropped. That cancels calls; pending observations are written.
    pub(super) async fn run(
        mut self,
        wanted: watch::Receiver<Demand>,
        asked: mpsc::Receiver<Request>,
        mut ordered: mpsc::UnboundedReceiver<ChangeOrder>,
    ) {
        self.run_loop(wanted, asked, &mut ordered).await;
        self.calls.abort_all();
        self.finish_changes(&mut ordered).await;
        self.history.finish().await;
    }

    async fn run_loop(
        &mut self,
        mut wanted: watch::Receiver<Demand>,
        mut asked: mpsc::Receiver<Request>,
        ordered: &mut mpsc::UnboundedReceiver<ChangeOrder>,
    ) {
        loop {
            // New rows may mean new feeds (the first list of clusters does), which are due at once.
            let now = Instant::now();
            let waiting = self.publish_at().filter(|at| *at > now);
            if waiting.is_none() {
                self.publish();
                self.published_at = now;
                self.urgent = false;
            }
            self.tails.update_streams(&self.published, Instant::now());
            let reread = self.reread_changed(Instant::now());
            let next = earliest(earliest(self.start_due_calls(), self.tails.due()), earliest(waiting, reread));
            let wake = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let demand = wanted.borrow_and_update().clone();
                    self.set_demand(demand);
                }
                request = asked.recv() => match request {
                    Some(request) => self.handle_request(request),
                    None => return,
                },
                Some(order) = ordered.recv() => self.send_changes(order),
                Some(report) = self.changes.next() => self.apply_change(report).await,
                Some(outcome) = self.calls.join_next() => {
                    self.apply(outcome.ok());
                    while let Some(outcome) = self.calls.try_join_next() {
                        self.apply(outcome.ok());
                    }
                }
                Some(outcome) = self.history.next_result() => {
                    let news = self.history.apply(outcome, Instant::now());
                    self.urgent = true;
                    self.apply_history(news);
                }
                Some(answer) = self.tails.next() => self.tails.apply(answer, Instant::now()),
                () = wake => {}
            }
        }
    }

    /// When to publish changes; `None` means at once.
    fn publish_at(&self) -> Option<Instant> {
        let rows = self.store.len();
        let waits = rows > FEW_ROWS && !self.urgent && !self.changed_feeds.is_empty();
        waits.then(|| self.published_at + PER_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX)))
    }

    fn set_demand(&mut self, demand: Demand) {
        self.urgent = true;
        let refreshed = demand.refresh != self.demand.refresh;
        self.visible = demand.visible.iter().cloned().collect();
        self.tails.set_demand(demand.log.as_ref());
        let moved = demand.zone != self.demand.zone;
        self.demand = demand;
        self.assign_priorities();
        if moved {
            self.store.zone.clone_from(&self.demand.zone);
            self.reevaluate();
        }
        if refreshed {
            let now = Instant::now();
            self.clients.retry_sign_in();
            for feed in self.feeds.values_mut().filter(|feed| feed.priority.is_some_and(|priority| priority.shown)) {
                feed.refresh(now);
            }
            self.identity_due = self.identity_due.map(|_| now);
            if let Some(outage) = &mut self.outage {
                outage.retry_at = now;
            }
        }
    }

    /// Sets the priority of every feed from the demand, creates new feeds, and deactivates those off screen.
    fn assign_priorities(&mut self) {
        let slowdown = self.demand.slowdown.max(1);
        let once = self.demand.paused;
        let mut priorities: HashMap<FeedKey, Priority> = HashMap::new();
        let mut want_feeds = |source: &View, factor: u32, foreground: bool, shown: bool| {
            let feeds = self.published.keys_of(source);
            let peers = feeds.len().max(1) as u32;
            let scattered = source.kind.in_cluster && source.query.cluster.is_none();
            let all = feeds.into_iter().map(|key| (key, factor, foreground));
            let clusters = scattered.then(|| (enrich::clusters(), factor * COMPANION, false));
            for (key, factor, foreground) in all.chain(clusters) {
                let every = self.demand.every.filter(|_| foreground);
                let moving = self.demand.moving.filter(|_| foreground);
                let priority =
                    priorities.entry(key).or_insert(Priority { factor, foreground, shown, once, every, moving, peers });
                *priority = Priority {
                    factor: priority.factor.min(factor),
                    foreground: priority.foreground || foreground,
                    shown: priority.shown || shown,
                    once,
                    every: priority.every.or(every),
                    moving: priority.moving.or(moving),
                    peers: priority.peers.max(peers),
                };
            }
        };
        let mut want = |view: &View, factor: u32, foreground: bool, shown: bool| {
            let (sources, followed) = (sources(view), primary_sources(view));
            for (place, source) in sources.iter().enumerate() {
                let (factor, foreground) =
                    if place < followed { (factor, foreground) } else { (factor * COMPANION, false) };
                want_feeds(source, factor, foreground, shown);
            }
        };
        if let Some(view) = &self.demand.foreground {
            want(view, slowdown, true, true);
            for companion in enrich::companions(view) {
                want(&companion, slowdown * COMPANION, false, true);
            }
        }
        for view in &self.demand.companions {
            want(view, slowdown * COMPANION, false, true);
        }
        for view in &self.demand.background {
            want(view, slowdown * BACKGROUND, false, false);
        }
        for view in &self.demand.followed {
            want(view, slowdown, true, false);
        }
        let now = Instant::now();
        for (key, feed) in &mut self.feeds {
            if feed.priority.is_some() && !priorities.contains_key(key) {
                feed.deactivate(now);
                self.unwatched_since.insert(key.clone(), now);
            }
        }
        for (key, priority) in priorities {
            let Origin::Fetched(fetch) = key.kind.origin else { continue };
            let feed = self.feeds.entry(key.clone()).or_insert_with(|| FeedPlan::new(key.clone(), fetch, now));
            feed.priority = Some(priority);
            self.unwatched_since.remove(&key);
            self.changed_feeds.insert(key);
        }
        self.note_unwatched(now);
        self.request_history();
    }

    /// Records since when derived and composed feeds are off screen.
    fn note_unwatched(&mut self, now: Instant) {
        let wanted: HashSet<FeedKey> = self.demanded_views().flat_map(|view| self.published.keys_of(view)).collect();
        for key in self.published.feeds.keys().filter(|key| !self.feeds.contains_key(key)) {
            if wanted.contains(key) {
                self.unwatched_since.remove(key);
            } else {
                self.unwatched_since.entry(key.clone()).or_insert(now);
            }
        }
    }

    /// Starts the calls that are due; returns when to check again.
    fn start_due_calls(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let mut next = Some(self.minute_at);
        if now >= self.minute_at {
            self.on_minute(now);
            next = Some(self.minute_at);
        }
        next = earliest(next, self.history.start(now));
        let mut room = CONCURRENCY.saturating_sub(self.calls.len());
        if let Some(outage) = &self.outage {
            // During an outage one call at a time tests whether it is over.
            if outage.retry_at > now {
                return earliest(next, Some(outage.retry_at));
            }
            room = usize::from(self.calls.is_empty());
        }
        if self.identity_due.is_some_and(|at| at <= now) && room > 0 {
            self.identity_due = None;
            room -= 1;
            let clients = self.clients.clone();
            self.calls.spawn(async move { CallResult::Identity(clients.caller_identity().await) });
        }
        // Due calls wait for room, which the next response makes.
        next = earliest(next, self.identity_due.filter(|at| *at > now));
        let mut feeds: Vec<&mut FeedPlan> = self.feeds.values_mut().filter(|feed| feed.priority.is_some()).collect();
        feeds.sort_by_key(|feed| feed.priority.map(|priority| (!priority.foreground, priority.factor)));
        for feed in feeds {
            let (due, later) = feed.due(now, &self.visible, |id| self.store.pace(id), room);
            next = earliest(next, later);
            room = room.saturating_sub(due.len());
            for due in due {
                let (clients, key, fetch) = (self.clients.clone(), feed.key.clone(), feed.fetch);
                feed.calls.retain(|call| !call.is_finished());
                feed.calls.push(match due {
                    Due::List(token) => self.calls.spawn(async move {
                        let page = fetch.list(&clients, &key.query, token).await;
                        CallResult::List(key, page)
                    }),
                    Due::Describe(ids) => self.calls.spawn(async move {
                        let batch = fetch.describe(&clients, &key.query, ids.clone()).await;
                        CallResult::Describe(key, ids, batch)
                    }),
                });
            }
        }
        next
    }

    /// Diagnoses rows again that have not changed: time has passed, or the time zone has changed.
    fn reevaluate(&mut self) {
        self.store.mark_all_dirty();
        self.store.enrich((self.now)());
        self.source_digests.clear();
    }

    /// Publishes the call rate, recounts failures of the last hour, and drops feeds that are long off screen.
    fn on_minute(&mut self, now: Instant) {
        self.minute_at = now + MINUTELY;
        self.reevaluate();
        let keeps = |key: &FeedKey| self.feeds.contains_key(key) && key.query.status != Status::Running;
        let old: Vec<FeedKey> = self
            .unwatched_since
            .iter()
            .filter(|(key, at)| {
                now - **at > if self.feeds.contains_key(key) { FORGET_AFTER } else { FORGET_MADE_AFTER }
            })
            .filter(|(key, _)| !keeps(key))
            .map(|(key, _)| key.clone())
            .collect();
        let forgotten = self.forget_archived(now);
        if forgotten || !old.is_empty() {
            for key in old {
                self.unwatched_since.remove(&key);
                self.feeds.remove(&key);
                self.published.feeds.remove(&key);
            }
            self.store.retain(self.feeds.values().flat_map(|feed| &feed.ids).chain(self.history.ids()));
        }
    }

    fn apply(&mut self, outcome: Option<CallResult>) {
        let now = Instant::now();
        match outcome {
            None => {}
            Some(CallResult::Rules) => {
                self.store.enable_rules((self.now)());
                self.history.refresh_pending(|id| self.store.get(id).map(|entry| entry.row.clone()));
            }
            Some(CallResult::Identity(Ok(identity))) => {
                self.identify(identity);
                self.on_success("");
            }
            Some(CallResult::Identity(Err(failure))) => {
                let denied = failure.kind == FailureKind::Denied;
                self.history.set_scope_unknown();
                self.on_failure(Arc::new(failure), now);
                let wait = self.outage.as_ref().map_or(IDENTITY_RETRY, |outage| back_off(outage.attempts));
                self.identity_due = (!denied).then(|| now + wait);
            }
            Some(CallResult::List(key, result)) => {
                let result = result.and_then(|page| {
                    self.check_account(page.operation, page.ids.iter().map(|id| &**id))?;
                    Ok(page)
                });
                self.on_listed(key, result, now);
            }
            Some(CallResult::Describe(key, ids, result)) => {
                let result = result.and_then(|batch| {
                    self.check_account(batch.operation, batch.rows.iter().map(|row| row.id()))?;
                    Ok(batch)
                });
                self.on_described(key, ids, result, now);
            }
        }
    }

    /// Loads the rules, which takes a moment: only once there is something on screen.
    fn load_rules(&mut self) {
        self.rules_requested = true;
        self.calls.spawn_blocking(|| {
            knowledge::warm();
            CallResult::Rules
        });
    }

    fn on_listed(&mut self, key: FeedKey, result: Result<Page, Failure>, now: Instant) {
        self.changed_feeds.insert(key.clone());
        self.history.enable();
        let at = (self.now)();
        for row in result.iter().flat_map(|page| &page.rows) {
            self.put(row.clone(), at);
        }
        let Some(feed) = self.feeds.get_mut(&key) else { return };
        let now = Now { at: now, clock: at };
        match result {
            Ok(page) => {
                for row in page.ids.iter().filter_map(|id| feed.fetch.stub(id)) {
                    self.store.put_if_new(row, at);
                }
                let operation = page.operation;
                match feed.add_page(page, now) {
                    Ok(true) => self.on_list_complete(&key, at),
                    Ok(false) => {}
                    Err(failure) => return self.on_failure(failure, now.at),
                }
                self.on_success(operation);
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                feed.on_failed(true, &[], &failure, now);
                self.on_failure(failure, now.at);
            }
        }
    }

    fn on_described(&mut self, key: FeedKey, asked: Vec<Arc<str>>, result: Result<Batch, Failure>, now: Instant) {
        self.changed_feeds.insert(key.clone());
        let Some(feed) = self.feeds.get_mut(&key) else { return };
        let at = (self.now)();
        let now = Now { at: now, clock: at };
        match result {
            Ok(batch) => {
                feed.on_described(&asked, &batch, now);
                for row in batch.rows {
                    self.put(row, at);
                }
                for id in &batch.missing {
                    self.store.mark_archived(id, true, at);
                }
                self.on_success(batch.operation);
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                feed.on_failed(false, &asked, &failure, now);
                self.on_failure(failure, now.at);
            }
        }
    }

    /// Applies a success of `operation`. Similar failures are retried now, regardless of back-off: after an outage all
    /// operations, else the same operation in other feeds.
    fn on_success(&mut self, operation: &'static str) {
        let restored = self.outage.take().is_some();
        for feed in self.feeds.values_mut() {
            feed.recover(|failure| restored || failure.operation == operation);
        }
        if restored {
            self.identity_due = self.identity_due.map(|_| Instant::now());
        }
    }

    fn on_failure(&mut self, failure: Arc<Failure>, now: Instant) {
        self.urgent = true;
        tracing::warn!(operation = failure.operation, code = failure.code, message = failure.message, "call failed");
        if !matches!(failure.kind, FailureKind::Offline | FailureKind::Credentials) {
            return;
        }
        let (attempts, begun) = match &self.outage {
            // Calls that were in flight together fail together: they count as one attempt.
            Some(outage) if outage.retry_at > now => (outage.attempts, now),
            // An attempt without a response has waited already.
            Some(outage) => (outage.attempts + 1, outage.retry_at),
            None => (1, now),
        };
        let retry_at = (begun + back_off(attempts)).max(now + back_off(1));
        self.outage = Some(Outage { failure, attempts, retry_at });
    }
}

/// The fetched views behind `view`: itself, the source it is derived from, or the parts it is composed of; the most
/// important first.
fn sources(view: &View) -> Vec<View> {
    match view.kind.origin {
        Origin::Fetched(_) => vec![View::new(view.kind, view.query.asked())],
        Origin::Derived { from, .. } => sources(&View::new(from, view.query.clone())),
        Origin::Composed(compose) => {
            let mut views: Vec<View> = compose.sources(&view.query).iter().flat_map(sources).collect();
            // Views with the same source need it once.
            views.dedup();
            views
        }
    }
}

/// How many of the sources of `view` are polled as often as `view` itself.
fn primary_sources(view: &View) -> usize {
    match view.kind.origin {
        Origin::Composed(compose) => compose.followed(),
        Origin::Fetched(_) | Origin::Derived { .. } => 1,
    }
}
