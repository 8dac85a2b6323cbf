//! The open log: which streams belong to it as tasks start and stop, and the task that reads them.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use super::{
    Phase, Snapshot, distinct,
    feed::{back_off, earliest},
};
use crate::{
    aws::{Clients, Failure, FailureKind},
    logs::{self, Channels, LogRequest, StreamSet, TailMessage},
    resource::{
        revision::{self, Revision},
        task::Task,
    },
};

mod set;

use set::{TailMarkers, TailTasks};

/// A task definition, which never changes: it is requested until it has arrived.
#[derive(Debug, Default)]
struct KnownDefinition {
    revision: Option<Arc<Revision>>,
    /// Why the last attempt failed.
    failure: Option<String>,
    attempts: u32,
    /// When to request it; absent while a request is in flight, and where a retry is useless.
    retry_at: Option<Instant>,
}

impl KnownDefinition {
    /// Whether the response may still arrive.
    fn is_awaited(&self) -> bool {
        self.revision.is_none() && (self.failure.is_none() || self.retry_at.is_some())
    }
}

/// The response about a task definition: its ARN, and the result.
pub(super) type DefinitionAnswer = (Arc<str>, Result<Revision, Failure>);

/// The open tail. There is at most one.
pub(super) struct Tails {
    clients: Clients,
    now: fn() -> Timestamp,
    news: mpsc::Sender<TailMessage>,
    tail: Option<ActiveTail>,
    /// By ARN.
    definitions: HashMap<Arc<str>, KnownDefinition>,
    calls: JoinSet<DefinitionAnswer>,
}

struct ActiveTail {
    wanted: LogRequest,
    set: watch::Sender<StreamSet>,
    older: mpsc::Sender<()>,
    reading: JoinHandle<()>,
    markers: TailMarkers,
    /// A digest of the rows that the stream set was last made from.
    source_digest: Option<u64>,
}

impl Drop for ActiveTail {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Tails {
    pub(super) fn new(clients: Clients, now: fn() -> Timestamp, news: mpsc::Sender<TailMessage>) -> Self {
        Self { clients, now, news, tail: None, definitions: HashMap::new(), calls: JoinSet::new() }
    }

    /// Opens the requested log if it is another one, and ends a tail that is no longer on screen.
    pub(super) fn set_demand(&mut self, wanted: Option<&LogRequest>) {
        if self.tail.as_ref().map(|tail| tail.wanted.id) == wanted.map(|wanted| wanted.id) {
            return;
        }
        self.calls.abort_all();
        // An explicit request is worth another attempt at what failed.
        self.definitions.retain(|_, definition| definition.revision.is_some());
        self.tail = wanted.map(|wanted| {
            let (set, streams) = watch::channel(StreamSet::default());
            let (older, asked) = mpsc::channel(1);
            let ends = Channels { set: streams, older: asked, updates: self.news.clone() };
            let reading = tokio::spawn(logs::read(self.clients.clone(), wanted.clone(), self.now, ends));
            ActiveTail {
                wanted: wanted.clone(),
                set,
                older,
                reading,
                markers: TailMarkers::default(),
                source_digest: None,
            }
        });
    }

    /// Requests older lines of the tail with this number, unless a request is in flight.
    pub(super) fn request_older(&self, tail: u64) {
        if let Some(tail) = self.tail.as_ref().filter(|current| current.wanted.id == tail) {
            let _ = tail.older.try_send(());
        }
    }

    /// Updates the streams of the log if rows have changed, and requests missing task definitions.
    pub(super) fn update_streams(&mut self, snapshot: &Snapshot, now: Instant) {
        let Some(tail) = &mut self.tail else { return };
        let made_of = source_digest(snapshot, &tail.wanted);
        if tail.source_digest.replace(made_of) != Some(made_of) {
            let view = &tail.wanted.of.view;
            let rows = distinct(snapshot.feeds_of(view));
            let tasks = rows.into_iter().filter_map(|row| row.any().downcast_ref::<Task>()).collect();
            let chosen = TailTasks::choose(&tail.wanted, tasks, snapshot.arrived(view));
            for arn in chosen.definitions() {
                if !self.definitions.contains_key(arn) {
                    let due = KnownDefinition { retry_at: Some(now), ..KnownDefinition::default() };
                    self.definitions.insert(arn.into(), due);
                }
            }
            let set =
                tail.markers.stream_set(&tail.wanted.of, &chosen, &self.definitions, snapshot.blocking_failure(view));
            tail.set.send_if_modified(|before| {
                let changed = *before != set;
                *before = set;
                changed
            });
        }
        for (arn, definition) in &mut self.definitions {
            if definition.retry_at.take_if(|at| *at <= now).is_some() {
                let (clients, arn) = (self.clients.clone(), arn.clone());
                self.calls.spawn(async move {
                    let answer = revision::describe(&clients, &arn).await;
                    (arn, answer)
                });
            }
        }
    }

    /// When to request a task definition again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.definitions.values().map(|definition| definition.retry_at).fold(None, earliest)
    }

    /// Waits for the next response, if one is in flight.
    pub(super) async fn next(&mut self) -> Option<Option<DefinitionAnswer>> {
        self.calls.join_next().await.map(Result::ok)
    }

    /// Applies a response; it is absent for a cancelled request.
    pub(super) fn apply(&mut self, answer: Option<DefinitionAnswer>, now: Instant) {
        let Some((arn, answer)) = answer else { return };
        let definition = self.definitions.entry(arn).or_default();
        match answer {
            Ok(revision) => definition.revision = Some(Arc::new(revision)),
            Err(failure) => {
                let lasting =
                    matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::Invalid);
                definition.attempts += 1;
                definition.retry_at = (!lasting).then(|| now + back_off(definition.attempts));
                definition.failure = Some(failure.describe_gap("its task definition could not be read"));
            }
        }
        if let Some(tail) = &mut self.tail {
            tail.source_digest = None;
        }
    }
}

/// A digest of the rows of a log and their loading state.
fn source_digest(snapshot: &Snapshot, wanted: &LogRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    for key in snapshot.keys_of(&wanted.of.view) {
        let feed = snapshot.feeds.get(&key);
        feed.map(|feed| (feed.revision, feed.phase == Phase::Ready, feed.failure.is_some())).hash(&mut hasher);
    }
    hasher.finish()
}
