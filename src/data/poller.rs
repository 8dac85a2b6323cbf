//! The data task: asks what is due of what is looked at, takes in the answers, publishes.

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
    Demand, Done, FeedKey, Request, Snapshot,
    feed::{Due, FeedPlan, Now, Zeal, back_off, earliest},
    history_worker::HistoryWorker,
    join,
    store::Store,
    tails::Tails,
};
use crate::{
    aws::{Clients, Failure, Identity, Trouble},
    history::HistoryConfig,
    knowledge,
    logs::News,
    resource::{Batch, Origin, Page, Status, View},
};

mod answer;
mod past;
mod tell;

/// Views beneath the top one are asked for this many times slower; what is joined to it, this many.
const BEHIND: u32 = 8;
const COMPANION: u32 = 4;
/// Calls under way at once, in all feeds.
const CONCURRENCY: usize = 24;
/// How often the rate of calls is told anew, and failures are counted again over the moving hour.
const MINUTELY: Duration = Duration::from_secs(60);
/// How soon AWS is asked again who one is, where that failed for a reason of its own.
const IDENTITY_AGAIN: Duration = Duration::from_secs(15);
/// While much arrives, so long for each row that is known passes between two publications, which look through all of them:
/// what arrives costs in proportion to its number, not to its square. Up to so many rows nothing waits.
const PER_ROW: Duration = Duration::from_micros(50);
const FEW_ROWS: usize = 2_000;
/// Feeds nobody looked at for this long are forgotten, but for those that hold what AWS forgets.
const FORGET: Duration = Duration::from_secs(900);
/// The same for those that are made of others, which can be made again at once.
const FORGET_MADE: Duration = Duration::from_secs(60);

/// An answer, and what it answers.
enum Outcome {
    List(FeedKey, Result<Page, Failure>),
    Describe(FeedKey, Vec<Arc<str>>, Result<Batch, Failure>),
    Identity(Result<Identity, Failure>),
    /// The rules by which stops are judged are there.
    Rules,
}

/// Trouble with everything: no network, no credentials.
struct Standing {
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
    /// Since when nobody looks at a feed.
    resting: HashMap<FeedKey, Instant>,
    /// Feeds whose ids, phase or failure changed since the last publication.
    touched: HashSet<FeedKey>,
    store: Store,
    history: HistoryWorker,
    tails: Tails,
    /// The rules are there, or on their way.
    rules: bool,
    calls: JoinSet<Outcome>,
    identity: Identity,
    identity_due: Option<Instant>,
    standing: Option<Standing>,
    told: Snapshot,
    /// What the derived and the composed feeds were last made of: digests of feeds, and of what is remembered.
    made_of: HashMap<FeedKey, (u64, u64)>,
    minute_at: Instant,
    published_at: Instant,
    /// Something is to be published that does not wait for more: a failure, another view.
    urgent: bool,
}

impl Poller {
    pub(super) fn new(
        clients: Clients,
        now: fn() -> Timestamp,
        publish: watch::Sender<Arc<Snapshot>>,
        answers: mpsc::Sender<Done>,
        news: mpsc::Sender<News>,
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
            resting: HashMap::new(),
            touched: HashSet::new(),
            store: Store::default(),
            history: HistoryWorker::new(keep, now),
            rules: false,
            calls: JoinSet::new(),
            told: Snapshot { identity: identity.clone(), ..Snapshot::default() },
            made_of: HashMap::new(),
            identity,
            identity_due: Some(start),
            standing: None,
            minute_at: start + MINUTELY,
            published_at: start,
            urgent: false,
        }
    }

    /// Runs until the console's end of the channels is dropped; its calls are cancelled with it, and what was seen is
    /// written down.
    pub(super) async fn run(mut self, wanted: watch::Receiver<Demand>, asked: mpsc::Receiver<Request>) {
        self.turns(wanted, asked).await;
        self.calls.abort_all();
        self.history.finish().await;
    }

    async fn turns(&mut self, mut wanted: watch::Receiver<Demand>, mut asked: mpsc::Receiver<Request>) {
        loop {
            // What was just learnt may mean new feeds (the first list of clusters does), which are due at once.
            let now = Instant::now();
            let waiting = self.publish_at().filter(|at| *at > now);
            if waiting.is_none() {
                self.publish();
                self.published_at = now;
                self.urgent = false;
            }
            self.tails.follow(&self.told, Instant::now());
            let next = earliest(earliest(self.plan(), self.tails.due()), waiting);
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
                    self.demanded(demand);
                }
                request = asked.recv() => match request {
                    Some(request) => self.request(request),
                    None => return,
                },
                Some(outcome) = self.calls.join_next() => {
                    self.take(outcome.ok());
                    while let Some(outcome) = self.calls.try_join_next() {
                        self.take(outcome.ok());
                    }
                }
                Some(outcome) = self.history.next_result() => {
                    let news = self.history.apply(outcome, Instant::now());
                    self.urgent = true;
                    self.remembers(news);
                }
                Some(answer) = self.tails.next() => self.tails.take(answer, Instant::now()),
                () = wake => {}
            }
        }
    }

    /// When what has changed is to be published; `None`: at once.
    fn publish_at(&self) -> Option<Instant> {
        let rows = self.store.len();
        let waits = rows > FEW_ROWS && !self.urgent && !self.touched.is_empty();
        waits.then(|| self.published_at + PER_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX)))
    }

    fn demanded(&mut self, demand: Demand) {
        self.urgent = true;
        let refreshed = demand.refresh != self.demand.refresh;
        self.visible = demand.visible.iter().cloned().collect();
        self.clients.allow_changes(demand.writable);
        self.tails.demanded(demand.log.as_ref());
        let moved = demand.zone != self.demand.zone;
        self.demand = demand;
        self.assign();
        if moved {
            self.store.zone.clone_from(&self.demand.zone);
            self.judge_anew();
        }
        if refreshed {
            let now = Instant::now();
            for feed in self.feeds.values_mut().filter(|feed| feed.zeal.is_some_and(|zeal| zeal.shown)) {
                feed.refresh(now);
            }
            self.identity_due = self.identity_due.map(|_| now);
            if let Some(standing) = &mut self.standing {
                standing.retry_at = now;
            }
        }
    }

    /// Gives every feed its zeal by what is on screen now, creates those that are new, rests the others.
    fn assign(&mut self) {
        let slowdown = self.demand.slowdown.max(1);
        let once = self.demand.paused;
        let mut zeals: HashMap<FeedKey, Zeal> = HashMap::new();
        let mut want_feeds = |source: &View, factor: u32, front: bool, shown: bool| {
            let feeds = self.told.keys_of(source);
            let peers = feeds.len().max(1) as u32;
            let scattered = source.kind.in_cluster && source.query.cluster.is_none();
            let all = feeds.into_iter().map(|key| (key, factor, front));
            let clusters = scattered.then(|| (join::clusters(), factor * COMPANION, false));
            for (key, factor, front) in all.chain(clusters) {
                let every = self.demand.every.filter(|_| front);
                let zeal = zeals.entry(key).or_insert(Zeal { factor, front, shown, once, every, peers });
                *zeal = Zeal {
                    factor: zeal.factor.min(factor),
                    front: zeal.front || front,
                    shown: zeal.shown || shown,
                    once,
                    every: zeal.every.or(every),
                    peers: zeal.peers.max(peers),
                };
            }
        };
        let mut want = |view: &View, factor: u32, front: bool, shown: bool| {
            let (sources, followed) = (sources(view), followed(view));
            for (place, source) in sources.iter().enumerate() {
                let (factor, front) = if place < followed { (factor, front) } else { (factor * COMPANION, false) };
                want_feeds(source, factor, front, shown);
            }
        };
        if let Some(front) = &self.demand.front {
            want(front, slowdown, true, true);
            for companion in join::companions(front) {
                want(&companion, slowdown * COMPANION, false, true);
            }
        }
        for view in &self.demand.beside {
            want(view, slowdown * COMPANION, false, true);
        }
        for view in &self.demand.behind {
            want(view, slowdown * BEHIND, false, false);
        }
        let now = Instant::now();
        for (key, feed) in &mut self.feeds {
            if feed.zeal.is_some() && !zeals.contains_key(key) {
                feed.rest(now);
                self.resting.insert(key.clone(), now);
            }
        }
        for (key, zeal) in zeals {
            let Origin::Fetched(fetch) = key.kind.origin else { continue };
            let feed = self.feeds.entry(key.clone()).or_insert_with(|| FeedPlan::new(key.clone(), fetch, now));
            feed.zeal = Some(zeal);
            self.resting.remove(&key);
            self.touched.insert(key);
        }
        self.rest_made(now);
        self.want_the_past();
    }

    /// Notes since when nobody looks at the feeds that are made of others.
    fn rest_made(&mut self, now: Instant) {
        let wanted: HashSet<FeedKey> = self.wanted().flat_map(|view| self.told.keys_of(view)).collect();
        for key in self.told.feeds.keys().filter(|key| !self.feeds.contains_key(key)) {
            if wanted.contains(key) {
                self.resting.remove(key);
            } else {
                self.resting.entry(key.clone()).or_insert(now);
            }
        }
    }

    /// Starts the calls that are due; returns when to look again.
    fn plan(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let mut next = Some(self.minute_at);
        if now >= self.minute_at {
            self.minute(now);
            next = Some(self.minute_at);
        }
        next = earliest(next, self.history.start(now));
        let mut room = CONCURRENCY.saturating_sub(self.calls.len());
        if let Some(standing) = &self.standing {
            // One call at a time tries whether the trouble is over.
            if standing.retry_at > now {
                return earliest(next, Some(standing.retry_at));
            }
            room = usize::from(self.calls.is_empty());
        }
        if self.identity_due.is_some_and(|at| at <= now) && room > 0 {
            self.identity_due = None;
            room -= 1;
            let clients = self.clients.clone();
            self.calls.spawn(async move { Outcome::Identity(clients.who_am_i().await) });
        }
        // What is due already waits for room, which an answer makes.
        next = earliest(next, self.identity_due.filter(|at| *at > now));
        let mut feeds: Vec<&mut FeedPlan> = self.feeds.values_mut().filter(|feed| feed.zeal.is_some()).collect();
        feeds.sort_by_key(|feed| feed.zeal.map(|zeal| (!zeal.front, zeal.factor)));
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
                        Outcome::List(key, page)
                    }),
                    Due::Describe(ids) => self.calls.spawn(async move {
                        let batch = fetch.describe(&clients, &key.query, ids.clone()).await;
                        Outcome::Describe(key, ids, batch)
                    }),
                });
            }
        }
        next
    }

    /// Works out again what is said of rows without a change in them: time has passed, or the time zone is another.
    fn judge_anew(&mut self) {
        self.store.grow_stale();
        self.store.join((self.now)());
        self.made_of.clear();
    }

    /// What is done once a minute: the rate is told, failures leave the hour, feeds long unseen are forgotten.
    fn minute(&mut self, now: Instant) {
        self.minute_at = now + MINUTELY;
        self.judge_anew();
        let keeps = |key: &FeedKey| self.feeds.contains_key(key) && key.query.status != Status::Running;
        let old: Vec<FeedKey> = self
            .resting
            .iter()
            .filter(|(key, at)| now - **at > if self.feeds.contains_key(key) { FORGET } else { FORGET_MADE })
            .filter(|(key, _)| !keeps(key))
            .map(|(key, _)| key.clone())
            .collect();
        let forgotten = self.let_the_past_go(now);
        if forgotten || !old.is_empty() {
            for key in old {
                self.resting.remove(&key);
                self.feeds.remove(&key);
                self.told.feeds.remove(&key);
            }
            self.store.keep(self.feeds.values().flat_map(|feed| &feed.ids).chain(self.history.ids()));
        }
    }

    fn take(&mut self, outcome: Option<Outcome>) {
        let now = Instant::now();
        match outcome {
            None => {}
            Some(Outcome::Rules) => {
                self.store.judge_from_now_on((self.now)());
                self.history.refresh_pending(|id| self.store.get(id).map(|entry| entry.row.clone()));
            }
            Some(Outcome::Identity(Ok(identity))) => {
                let account = identity.account.as_deref().unwrap_or_default();
                self.history.set_scope(account, &identity);
                self.identity = identity;
                self.went_well("");
            }
            Some(Outcome::Identity(Err(failure))) => {
                let denied = failure.trouble == Trouble::Denied;
                self.history.set_scope_unknown();
                self.went_wrong(Arc::new(failure), now);
                let wait = self.standing.as_ref().map_or(IDENTITY_AGAIN, |standing| back_off(standing.attempts));
                self.identity_due = (!denied).then(|| now + wait);
            }
            Some(Outcome::List(key, result)) => self.listed(key, result, now),
            Some(Outcome::Describe(key, ids, result)) => self.described(key, ids, result, now),
        }
    }

    /// Has the rules built, which takes a moment: only once there is something to see.
    fn learn(&mut self) {
        self.rules = true;
        self.calls.spawn_blocking(|| {
            knowledge::warm();
            Outcome::Rules
        });
    }

    fn listed(&mut self, key: FeedKey, result: Result<Page, Failure>, now: Instant) {
        self.touched.insert(key.clone());
        self.history.enable();
        let Some(feed) = self.feeds.get_mut(&key) else { return };
        let at = (self.now)();
        let now = Now { at: now, clock: at };
        match result {
            Ok(page) => {
                for row in page.ids.iter().filter_map(|id| feed.fetch.stub(id)) {
                    self.store.put_if_new(row, at);
                }
                let account = page.ids.first().and_then(|id| account(id)).unwrap_or_default();
                self.history.set_scope(account, &self.identity);
                if self.identity.account.is_none() && !account.is_empty() {
                    // Where STS does not tell, an ARN does.
                    self.identity.account = Some(account.into());
                }
                let operation = page.operation;
                match feed.page(page, now) {
                    Ok(true) => self.listed_in_full(&key, at),
                    Ok(false) => {}
                    Err(failure) => return self.went_wrong(failure, now.at),
                }
                self.went_well(operation);
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                feed.failed(true, &[], &failure, now);
                self.went_wrong(failure, now.at);
            }
        }
    }

    fn described(&mut self, key: FeedKey, asked: Vec<Arc<str>>, result: Result<Batch, Failure>, now: Instant) {
        self.touched.insert(key.clone());
        let Some(feed) = self.feeds.get_mut(&key) else { return };
        let at = (self.now)();
        let now = Now { at: now, clock: at };
        match result {
            Ok(batch) => {
                feed.described(&asked, &batch, now);
                for row in batch.rows {
                    self.put(row, at);
                }
                for id in &batch.missing {
                    self.store.mark_forgotten(id, true, at);
                }
                self.went_well(batch.operation);
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                feed.failed(false, &asked, &failure, now);
                self.went_wrong(failure, now.at);
            }
        }
    }

    /// `operation` was answered. What failed alike is due again, whatever its own back-off: every operation where there
    /// was no network or there were no credentials, else the same one elsewhere.
    fn went_well(&mut self, operation: &'static str) {
        let restored = self.standing.take().is_some();
        for feed in self.feeds.values_mut() {
            feed.recover(|failure| restored || failure.operation == operation);
        }
        if restored {
            self.identity_due = self.identity_due.map(|_| Instant::now());
        }
    }

    fn went_wrong(&mut self, failure: Arc<Failure>, now: Instant) {
        self.urgent = true;
        tracing::warn!(operation = failure.operation, code = failure.code, message = failure.message, "call failed");
        if !matches!(failure.trouble, Trouble::Offline | Trouble::Credentials) {
            return;
        }
        let (attempts, begun) = match &self.standing {
            // Calls that were under way together fail together: one attempt.
            Some(standing) if standing.retry_at > now => (standing.attempts, now),
            // An attempt that got no answer has waited already.
            Some(standing) => (standing.attempts + 1, standing.retry_at),
            None => (1, now),
        };
        let retry_at = (begun + back_off(attempts)).max(now + back_off(1));
        self.standing = Some(Standing { failure, attempts, retry_at });
    }
}

/// The account in an ARN.
fn account(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3)
}

/// The fetched views behind `view`: itself, the one it is derived from, those it is put together from; the one that
/// matters most first.
fn sources(view: &View) -> Vec<View> {
    match view.kind.origin {
        Origin::Fetched(_) => vec![View::new(view.kind, view.query.asked())],
        Origin::Derived { from, .. } => sources(&View::new(from, view.query.clone())),
        Origin::Composed(compose) => {
            let mut views: Vec<View> = compose.sources(&view.query).iter().flat_map(sources).collect();
            // What is derived from the same is there once.
            views.dedup();
            views
        }
    }
}

/// How many of the sources of `view` are looked at as keenly as itself.
fn followed(view: &View) -> usize {
    match view.kind.origin {
        Origin::Composed(compose) => compose.followed(),
        Origin::Fetched(_) | Origin::Derived { .. } => 1,
    }
}
