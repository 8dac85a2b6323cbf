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
    evidence::{describe, gap},
    feed::{back_off, earliest},
};
use crate::{
    aws::{Clients, Failure, Trouble},
    logs::{self, Ends, News, Set, Wanted},
    resource::{revision::Revision, task::Task},
};

mod set;

use set::{Chosen, Drawn};

/// What is known of a task definition, which never changes: it is asked for until it is here.
#[derive(Debug, Default)]
struct Definition {
    revision: Option<Arc<Revision>>,
    /// Why the last attempt failed.
    failure: Option<String>,
    attempts: u32,
    /// When it is asked for; not while that is under way, nor where there is no hope.
    ask_at: Option<Instant>,
}

impl Definition {
    /// The answer may still come.
    fn awaited(&self) -> bool {
        self.revision.is_none() && (self.failure.is_none() || self.ask_at.is_some())
    }
}

/// An answer: of which task definition, and what.
pub(super) type Answer = (Arc<str>, Result<Revision, Failure>);

/// The one tail there is at a time.
pub(super) struct Tails {
    clients: Clients,
    now: fn() -> Timestamp,
    news: mpsc::Sender<News>,
    tail: Option<Tail>,
    /// By ARN.
    definitions: HashMap<Arc<str>, Definition>,
    calls: JoinSet<Answer>,
}

struct Tail {
    wanted: Wanted,
    set: watch::Sender<Set>,
    older: mpsc::Sender<()>,
    reading: JoinHandle<()>,
    drawn: Drawn,
    /// A digest of the rows that the set was last made of.
    made_of: Option<u64>,
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Tails {
    pub(super) fn new(clients: Clients, now: fn() -> Timestamp, news: mpsc::Sender<News>) -> Self {
        Self { clients, now, news, tail: None, definitions: HashMap::new(), calls: JoinSet::new() }
    }

    /// Takes note of what is read now: begins with another log, and ends what nobody reads any more.
    pub(super) fn demanded(&mut self, wanted: Option<&Wanted>) {
        if self.tail.as_ref().map(|tail| tail.wanted.id) == wanted.map(|wanted| wanted.id) {
            return;
        }
        self.calls.abort_all();
        // What failed is worth another attempt when a person asks anew.
        self.definitions.retain(|_, definition| definition.revision.is_some());
        self.tail = wanted.map(|wanted| {
            let (set, streams) = watch::channel(Set::default());
            let (older, asked) = mpsc::channel(1);
            let ends = Ends { set: streams, older: asked, news: self.news.clone() };
            let reading = tokio::spawn(logs::read(self.clients.clone(), wanted.clone(), self.now, ends));
            Tail { wanted: wanted.clone(), set, older, reading, drawn: Drawn::default(), made_of: None }
        });
    }

    /// Asks for older lines of the tail called so; while they are on their way, once is enough.
    pub(super) fn older(&self, tail: u64) {
        if let Some(tail) = self.tail.as_ref().filter(|current| current.wanted.id == tail) {
            let _ = tail.older.try_send(());
        }
    }

    /// Works out anew which streams belong to the log where something has changed, and asks for the task definitions
    /// that tell.
    pub(super) fn follow(&mut self, told: &Snapshot, now: Instant) {
        let Some(tail) = &mut self.tail else { return };
        let made_of = made_of(told, &tail.wanted);
        if tail.made_of.replace(made_of) != Some(made_of) {
            let view = &tail.wanted.of.view;
            let rows = distinct(told.feeds_of(view));
            let tasks = rows.into_iter().filter_map(|row| row.any().downcast_ref::<Task>()).collect();
            let chosen = Chosen::of(&tail.wanted, tasks, told.arrived(view));
            for arn in chosen.definitions() {
                if !self.definitions.contains_key(arn) {
                    let due = Definition { ask_at: Some(now), ..Definition::default() };
                    self.definitions.insert(arn.into(), due);
                }
            }
            let set = tail.drawn.set(&tail.wanted.of, &chosen, &self.definitions, told.obstacle(view));
            tail.set.send_if_modified(|before| {
                let changed = *before != set;
                *before = set;
                changed
            });
        }
        for (arn, definition) in &mut self.definitions {
            if definition.ask_at.take_if(|at| *at <= now).is_some() {
                let (clients, arn) = (self.clients.clone(), arn.clone());
                self.calls.spawn(async move {
                    let answer = describe(&clients, &arn).await;
                    (arn, answer)
                });
            }
        }
    }

    /// When a task definition is to be asked for again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.definitions.values().map(|definition| definition.ask_at).fold(None, earliest)
    }

    /// The next answer, while one is on its way.
    pub(super) async fn next(&mut self) -> Option<Option<Answer>> {
        self.calls.join_next().await.map(Result::ok)
    }

    /// Takes an answer in; there is none where the question was taken back.
    pub(super) fn take(&mut self, answer: Option<Answer>, now: Instant) {
        let Some((arn, answer)) = answer else { return };
        let definition = self.definitions.entry(arn).or_default();
        match answer {
            Ok(revision) => definition.revision = Some(Arc::new(revision)),
            Err(failure) => {
                let lasting = matches!(failure.trouble, Trouble::Denied | Trouble::NotFound | Trouble::Invalid);
                definition.attempts += 1;
                definition.ask_at = (!lasting).then(|| now + back_off(definition.attempts));
                definition.failure = Some(gap("its task definition could not be read", &failure));
            }
        }
        if let Some(tail) = &mut self.tail {
            tail.made_of = None;
        }
    }
}

/// A digest of the rows that a log is of, and of how far they are.
fn made_of(told: &Snapshot, wanted: &Wanted) -> u64 {
    let mut hasher = DefaultHasher::new();
    for key in told.keys_of(&wanted.of.view) {
        let feed = told.feeds.get(&key);
        feed.map(|feed| (feed.revision, feed.phase == Phase::Ready, feed.failure.is_some())).hash(&mut hasher);
    }
    hasher.finish()
}
