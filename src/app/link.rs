//! The console's end of the data layer: on its way, up, or failed.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    aws::{Clients, Failure, ScopeSpec},
    data::{self, Demand, Handle, Identity, Request, Snapshot},
    event::{Event, Level, Notice},
    history::HistoryConfig,
};

/// Makes clients for a scope.
pub type Connect = Arc<dyn Fn(ScopeSpec) -> BoxFuture<'static, Result<Clients, Failure>> + Send + Sync>;

/// How long after a failure to connect the files are read again: somebody may have corrected them.
const AGAIN: Duration = Duration::from_secs(5);

/// One scope's data layer. Dropping it ends everything under way, an attempt to connect included.
pub struct Link {
    connect: Connect,
    scope: ScopeSpec,
    state: State,
    /// Why there are no clients, as it was told last: once.
    told: Option<String>,
    /// What is looked at, whether or not anybody can hear it yet.
    demand: Demand,
    /// What was asked before anybody could hear it.
    waiting: Vec<Request>,
    keep: HistoryConfig,
    now: fn() -> Timestamp,
}

enum State {
    Connecting(JoinSet<Result<Clients, Failure>>),
    Up(Handle),
    Down { retry_at: Instant },
}

impl Link {
    /// Begins to connect to `scope`, in the background.
    pub fn open(
        connect: &Connect,
        scope: ScopeSpec,
        demand: Demand,
        keep: HistoryConfig,
        now: fn() -> Timestamp,
    ) -> Self {
        let state = attempt(connect, &scope);
        Self { connect: connect.clone(), scope, state, told: None, demand, waiting: Vec::new(), keep, now }
    }

    /// Says what is looked at.
    pub fn look_at(&mut self, demand: Demand) {
        match &self.state {
            State::Up(handle) => drop(handle.demand.send_replace(demand.clone())),
            State::Down { .. } if demand.refresh != self.demand.refresh => {
                self.state = attempt(&self.connect, &self.scope)
            }
            State::Down { .. } | State::Connecting(_) => {}
        }
        self.demand = demand;
    }

    /// What is looked at, for the link that follows this one.
    pub fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Asks a one-off question, once there is somebody to ask.
    pub fn ask(&mut self, request: Request) {
        match &self.state {
            // A full queue means that nothing is answered anyhow; the person will ask again.
            State::Up(handle) => drop(handle.requests.try_send(request)),
            State::Connecting(_) => self.waiting.push(request),
            State::Down { .. } => {}
        }
    }

    /// The next news. Safe to cancel; never returns when there will be none.
    pub async fn next(&mut self) -> Vec<Event> {
        match &mut self.state {
            State::Connecting(attempt) => match attempt.join_next().await {
                Some(Ok(Ok(clients))) => self.up(clients),
                Some(Ok(Err(failure))) => self.down(failure),
                Some(Err(_)) | None => std::future::pending().await,
            },
            State::Up(handle) => tokio::select! {
                biased;
                Some(done) = handle.done.recv() => vec![Event::Done(done)],
                Some(news) = handle.news.recv() => vec![Event::Log(news)],
                Ok(()) = handle.snapshots.changed() => {
                    vec![Event::Snapshot(handle.snapshots.borrow_and_update().clone())]
                }
                else => std::future::pending().await,
            },
            State::Down { retry_at } => {
                sleep_until(*retry_at).await;
                self.state = attempt(&self.connect, &self.scope);
                Vec::new()
            }
        }
    }

    /// Ends it, once what was seen is written down.
    pub async fn finish(self) {
        if let State::Up(handle) = self.state {
            handle.finish().await;
        }
    }

    fn up(&mut self, clients: Clients) -> Vec<Event> {
        let warning = clients.warning();
        let handle = data::start(clients, self.now, self.keep.clone());
        handle.demand.send_replace(self.demand.clone());
        let first = handle.snapshots.borrow().clone();
        self.state = State::Up(handle);
        std::mem::take(&mut self.waiting).into_iter().for_each(|request| self.ask(request));
        let warning = warning.map(|text| Event::Told(Notice { level: Level::Warn, text }));
        [Event::Snapshot(first)].into_iter().chain(warning).collect()
    }

    /// No clients, no data task: a snapshot says so in its stead, so that the header shows it for as long as it is so.
    fn down(&mut self, failure: Failure) -> Vec<Event> {
        self.state = State::Down { retry_at: Instant::now() + AGAIN };
        let failure = match failure.code.as_deref() {
            Some("NoRegion" | "NoSuchRegion") => failure.also("`:region` chooses one"),
            Some("NoSuchProfile") => failure.also("`:profile` chooses one"),
            _ => failure,
        };
        let text = failure.advice.as_ref().map_or_else(|| failure.to_string(), |advice| format!("{failure}: {advice}"));
        let scope = self.scope.clone();
        let snapshot = Snapshot {
            identity: Identity {
                region: scope.region,
                profile: scope.profile,
                endpoint_url: scope.endpoint_url,
                ..Identity::default()
            },
            link: data::Link { failure: Some(Arc::new(failure)), ..data::Link::default() },
            ..Snapshot::default()
        };
        let fresh = (self.told.as_ref() != Some(&text))
            .then(|| Event::Told(Notice { level: Level::Error, text: text.clone() }));
        self.told = Some(text);
        [Event::Snapshot(Arc::new(snapshot))].into_iter().chain(fresh).collect()
    }
}

/// Begins to connect.
fn attempt(connect: &Connect, scope: &ScopeSpec) -> State {
    let mut attempt = JoinSet::new();
    attempt.spawn(connect(scope.clone()));
    State::Connecting(attempt)
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use futures::FutureExt;

    use super::*;
    use crate::aws::Trouble;

    #[tokio::test(start_paused = true)]
    async fn a_failed_connection_is_tried_again_by_itself_and_on_refresh_and_told_once() {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        let connect: Connect = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            ready(Err(Failure::local("", Trouble::Credentials, "no profile `x`"))).boxed()
        });
        let demand = |refresh| Demand { refresh, ..Demand::default() };
        let now = || Timestamp::UNIX_EPOCH;
        let mut link = Link::open(&connect, ScopeSpec::default(), demand(0), HistoryConfig::default(), now);
        assert!(matches!(link.next().await[..], [Event::Snapshot(_), Event::Told(_)]));
        let failed = Instant::now();
        assert!(link.next().await.is_empty());
        assert_eq!(failed.elapsed(), AGAIN);
        assert!(matches!(link.next().await[..], [Event::Snapshot(_)]));
        link.look_at(demand(0));
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
        link.look_at(demand(1));
        assert!(matches!(link.next().await[..], [Event::Snapshot(_)]));
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
    }
}
