//! The connection of the console to the data layer: connecting, up, or down.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    aws::{
        Access, Clients, Failure, FailureKind, ScopeSpec,
        mfa::{CodeRequest, MfaCode},
    },
    change::{ChangeOrder, ChangeOutcome, ChangeReport},
    data::{self, Demand, Done, Handle, Identity, Request, Snapshot},
    event::{Event, Notice, NoticeLevel},
    history::HistoryConfig,
};

/// Creates clients for a scope.
pub type Connect = Arc<dyn Fn(ScopeSpec) -> BoxFuture<'static, Result<Clients, Failure>> + Send + Sync>;

/// Time after a failed connection until configuration files are read again: the user may have fixed them.
const RECONNECT_AFTER: Duration = Duration::from_secs(5);

/// The data layer of one scope. Dropping it ends everything under way, including an attempt to connect.
pub(super) struct DataLink {
    connect: Connect,
    scope: ScopeSpec,
    state: LinkState,
    /// The last failure that was reported, so that each is reported once.
    reported: Option<String>,
    /// The current demand, whether or not the data layer is up.
    demand: Demand,
    /// Whether calls that change something are allowed in this scope.
    access: Access,
    /// Requests made before the data layer was up.
    queued: Vec<Request>,
    /// The pending request for an MFA code.
    code_request: Option<CodeRequest>,
    history: HistoryConfig,
    now: fn() -> Timestamp,
}

enum LinkState {
    Connecting(JoinSet<Result<Clients, Failure>>),
    Up { handle: Handle, clients: Box<Clients>, code_requests: mpsc::Receiver<CodeRequest> },
    Down { retry_at: Instant },
}

impl DataLink {
    /// Starts connecting to `scope` in the background.
    pub(super) fn open(
        connect: &Connect,
        scope: ScopeSpec,
        demand: Demand,
        history: HistoryConfig,
        now: fn() -> Timestamp,
    ) -> Self {
        let state = start_connecting(connect, &scope);
        let (connect, access) = (connect.clone(), Access::ReadOnly);
        Self {
            connect,
            scope,
            state,
            reported: None,
            demand,
            access,
            queued: Vec::new(),
            code_request: None,
            history,
            now,
        }
    }

    /// Sets the demand.
    pub(super) fn set_demand(&mut self, demand: Demand) {
        match &self.state {
            LinkState::Up { handle, .. } => drop(handle.demand.send_replace(demand.clone())),
            LinkState::Down { .. } if demand.refresh != self.demand.refresh => {
                self.state = start_connecting(&self.connect, &self.scope);
            }
            LinkState::Down { .. } | LinkState::Connecting(_) => {}
        }
        self.demand = demand;
    }

    /// Sets which calls are allowed from now on.
    pub(super) fn set_access(&mut self, access: Access) {
        self.access = access;
        if let LinkState::Up { handle, .. } = &self.state {
            handle.access.set(access);
        }
    }

    /// The clients of the scope, for a session; none while there is no link.
    pub(super) fn clients(&self) -> Option<Clients> {
        match &self.state {
            LinkState::Up { clients, .. } => Some((**clients).clone()),
            LinkState::Connecting(_) | LinkState::Down { .. } => None,
        }
    }

    /// The current demand, for the link that replaces this one.
    pub(super) fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Sends a request, now or once the data layer is up.
    pub(super) fn request(&mut self, request: Request) {
        match &self.state {
            // With a full queue the data layer is stuck anyway; the user will try again.
            LinkState::Up { handle, .. } => drop(handle.requests.try_send(request)),
            LinkState::Connecting(_) => self.queued.push(request),
            LinkState::Down { .. } => {}
        }
    }

    /// Sends changes. Without a link to AWS, returns an event for each that reports it as refused.
    pub(super) fn change(&mut self, order: ChangeOrder) -> Vec<Event> {
        let order = match &self.state {
            LinkState::Up { handle, .. } => match handle.changes.send(order) {
                Ok(()) => return Vec::new(),
                Err(refused) => refused.0,
            },
            LinkState::Connecting(_) | LinkState::Down { .. } => order,
        };
        let failure = || Failure::local("", FailureKind::Invalid, "there is no link to AWS; nothing was sent");
        let report = |change| {
            let outcome = ChangeOutcome::Refused(failure());
            Event::Done(Done::Change(ChangeReport { order: order.id, kind: order.kind, change, outcome }))
        };
        order.changes.into_iter().map(report).collect()
    }

    /// Answers the pending request for an MFA code, or cancels it.
    pub(super) fn answer_code(&mut self, code: Option<MfaCode>) {
        if let (Some(request), Some(code)) = (self.code_request.take(), code) {
            request.answer(code);
        }
    }

    /// Waits for the next events; never returns if there will be none. Cancel safe.
    pub(super) async fn next(&mut self) -> Vec<Event> {
        match &mut self.state {
            LinkState::Connecting(attempt) => match attempt.join_next().await {
                Some(Ok(Ok(clients))) => self.on_connected(clients),
                Some(Ok(Err(failure))) => self.on_failed(failure),
                Some(Err(_)) | None => std::future::pending().await,
            },
            LinkState::Up { handle, code_requests, .. } => tokio::select! {
                biased;
                Some(request) = code_requests.recv() => {
                    let question = request.question.clone();
                    self.code_request = Some(request);
                    vec![Event::CodeNeeded(question)]
                }
                Some(done) = handle.done.recv() => vec![Event::Done(done)],
                Some(message) = handle.tail_messages.recv() => vec![Event::Log(message)],
                Ok(()) = handle.snapshots.changed() => {
                    vec![Event::Snapshot(handle.snapshots.borrow_and_update().clone())]
                }
                else => std::future::pending().await,
            },
            LinkState::Down { retry_at } => {
                sleep_until(*retry_at).await;
                self.state = start_connecting(&self.connect, &self.scope);
                Vec::new()
            }
        }
    }

    /// Ends the link after pending writes and changes in flight; returns the reports of those changes.
    pub(super) async fn finish(self) -> Vec<ChangeReport> {
        match self.state {
            LinkState::Up { handle, .. } => handle.finish().await,
            LinkState::Connecting(_) | LinkState::Down { .. } => Vec::new(),
        }
    }

    fn on_connected(&mut self, clients: Clients) -> Vec<Event> {
        let (warning, code_requests) = (clients.warning(), clients.code_requests());
        let handle = data::start(clients.clone(), self.now, self.history.clone());
        handle.demand.send_replace(self.demand.clone());
        handle.access.set(self.access);
        let first = handle.snapshots.borrow().clone();
        self.state = LinkState::Up { handle, clients: Box::new(clients), code_requests };
        std::mem::take(&mut self.queued).into_iter().for_each(|request| self.request(request));
        let warning = warning.map(|text| Event::Notice(Notice { level: NoticeLevel::Warn, text }));
        [Event::Snapshot(first)].into_iter().chain(warning).collect()
    }

    /// Without clients there is no data task: a snapshot made here shows the failure in the header.
    fn on_failed(&mut self, failure: Failure) -> Vec<Event> {
        self.state = LinkState::Down { retry_at: Instant::now() + RECONNECT_AFTER };
        let failure = match failure.code.as_deref() {
            Some("NoRegion" | "NoSuchRegion") => failure.also("`:region` chooses one"),
            Some("NoSuchProfile") => failure.also("`:profile` chooses one"),
            _ => failure,
        };
        let text = failure.with_advice();
        let scope = self.scope.clone();
        let snapshot = Snapshot {
            identity: Identity {
                region: scope.region,
                profile: scope.profile,
                endpoint_url: scope.endpoint_url,
                ..Identity::default()
            },
            connection: data::Connection { failure: Some(Arc::new(failure)), ..data::Connection::default() },
            ..Snapshot::default()
        };
        let fresh = (self.reported.as_ref() != Some(&text))
            .then(|| Event::Notice(Notice { level: NoticeLevel::Error, text: text.clone() }));
        self.reported = Some(text);
        [Event::Snapshot(Arc::new(snapshot))].into_iter().chain(fresh).collect()
    }
}

/// Starts connecting.
fn start_connecting(connect: &Connect, scope: &ScopeSpec) -> LinkState {
    let mut attempt = JoinSet::new();
    attempt.spawn(connect(scope.clone()));
    LinkState::Connecting(attempt)
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use futures::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failed_connection_is_retried_and_reported_once() {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        let connect: Connect = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            ready(Err(Failure::local("", FailureKind::Credentials, "no profile `x`"))).boxed()
        });
        let demand = |refresh| Demand { refresh, ..Demand::default() };
        let now = || Timestamp::UNIX_EPOCH;
        let mut link = DataLink::open(&connect, ScopeSpec::default(), demand(0), HistoryConfig::default(), now);
        assert!(matches!(link.next().await[..], [Event::Snapshot(_), Event::Notice(_)]));
        let failed = Instant::now();
        assert!(link.next().await.is_empty());
        assert_eq!(failed.elapsed(), RECONNECT_AFTER);
        assert!(matches!(link.next().await[..], [Event::Snapshot(_)]));
        link.set_demand(demand(0));
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
        link.set_demand(demand(1));
        assert!(matches!(link.next().await[..], [Event::Snapshot(_)]));
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
    }
}
