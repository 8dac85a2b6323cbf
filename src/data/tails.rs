//! The log that is read: which streams belong to it, as tasks come and go, and the task that reads them.

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
    evidence::{describe_definition, describe_gap},
    feed::{back_off, earliest},
};
use crate::{
    aws::{Clients, Failure, FailureKind},
    logs::{self, Channels, LogRequest, StreamSet, TailMessage},
    resource::{revision::Revision, task::Task},
};

mod set;

use set::{TailMarkers, TailTasks};

/// What is known of a task definition, which never changes: it is asked for until it is here.
#[derive(Debug, Default)]
struct KnownDefinition {
    revision: Option<Arc<Revision>>,
    /// Why the last attempt failed.
    failure: Option<String>,
    attempts: u32,
    /// When it is asked for; not while that is under way, nor where there is no hope.
    retry_at: Option<Instant>,
}

impl KnownDefinition {
    /// The answer may still come.
    fn is_awaited(&self) -> bool {
        self.revision.is_none() && (self.failure.is_none() || self.retry_at.is_some())
    }
}

/// An answer: of which task definition, and what.
pub(super) type DefinitionAnswer = (Arc<str>, Result<Revision, Failure>);

/// The one tail there is at a time.
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
    /// A digest of the rows that the set was last made of.
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

    /// Takes note of what is read now: begins with another log, and ends what nobody reads any more.
    pub(super) fn set_demand(&mut self, wanted: Option<&LogRequest>) {
        if self.tail.as_ref().map(|tail| tail.wanted.id) == wanted.map(|wanted| wanted.id) {
            return;
        }
        self.calls.abort_all();
        // What failed is worth another attempt when a person asks anew.
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

    /// Asks for older lines of the tail called so; while they are on their way, once is enough.
    pub(super) fn request_older(&self, tail: u64) {
        if let Some(tail) = self.tail.as_ref().filter(|current| current.wanted.id == tail) {
            let _ = tail.older.try_send(());
        }
    }

    /// Works out anew which streams belong to the log where something has changed, and asks for the task definitions
    /// that tell.
    pub(super) fn update_streams(&mut self, told: &Snapshot, now: Instant) {
        let Some(tail) = &mut self.tail else { return };
        let made_of = source_digest(told, &tail.wanted);
        if tail.source_digest.replace(made_of) != Some(made_of) {
            let view = &tail.wanted.of.view;
            let rows = distinct(told.feeds_of(view));
            let tasks = rows.into_iter().filter_map(|row| row.any().downcast_ref::<Task>()).collect();
            let chosen = TailTasks::choose(&tail.wanted, tasks, told.arrived(view));
            for arn in chosen.definitions() {
                if !self.definitions.contains_key(arn) {
                    let due = KnownDefinition { retry_at: Some(now), ..KnownDefinition::default() };
                    self.definitions.insert(arn.into(), due);
                }
            }
            let set = tail.markers.stream_set(&tail.wanted.of, &chosen, &self.definitions, told.blocking_failure(view));
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
                    let answer = describe_definition(&clients, &arn).await;
                    (arn, answer)
                });
            }
        }
    }

    /// When a task definition is to be asked for again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.definitions.values().map(|definition| definition.retry_at).fold(None, earliest)
    }

    /// The next answer, while one is on its way.
    pub(super) async fn next(&mut self) -> Option<Option<DefinitionAnswer>> {
        self.calls.join_next().await.map(Result::ok)
    }

    /// Takes an answer in; there is none where the question was taken back.
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
                definition.failure = Some(describe_gap("its task definition could not be read", &failure));
            }
        }
        if let Some(tail) = &mut self.tail {
            tail.source_digest = None;
        }
    }
}

/// A digest of the rows that a log is of, and of how far they are.
fn source_digest(told: &Snapshot, wanted: &LogRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    for key in told.keys_of(&wanted.of.view) {
        let feed = told.feeds.get(&key);
        feed.map(|feed| (feed.revision, feed.phase == Phase::Ready, feed.failure.is_some())).hash(&mut hasher);
    }
    hasher.finish()
}
