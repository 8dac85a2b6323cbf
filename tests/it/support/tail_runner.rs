//! Runs a tail without a screen, over a demo endpoint in the same process, in virtual time.

use std::{sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    demo::{Endpoint, Options, world::World},
    logs::{
        self, CallRate, Channels, Followed, Line, LogRequest, LogSubject, Range, Read, Role, Source, Stream, StreamSet,
        TailMessage, TailStatus, TailUpdate,
    },
    resource::{Query, View, task},
};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::in_process::sdk_config;

/// Simulated time at the start of every test.
pub const START_MS: i64 = 1_750_000_000_000;

pub fn now() -> Timestamp {
    Timestamp::from_millisecond(START_MS).unwrap()
}

/// An account without any activity except lines that a test writes.
pub fn quiet_endpoint() -> Endpoint {
    Endpoint::with_world(World::sized(1, 0, 0, START_MS), Options::default())
}

pub fn clients(endpoint: &Endpoint) -> Clients {
    Clients::from_config(&sdk_config(endpoint), ScopeSpec::default(), Budget::default())
}

pub fn source(group: &str, task: usize) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { region: None, group: group.into(), name: format!("ecs/app/{task:08x}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{task:08x}").into(),
        container: "app".into(),
        service: Some("web".into()),
        revision: None,
    })
}

pub fn running(sources: &[Arc<Source>]) -> StreamSet {
    let streams = sources.iter().map(|source| Followed { source: source.clone(), ended: None }).collect();
    StreamSet { streams, complete: true, ..StreamSet::default() }
}

/// Writes a line of a container, a number of milliseconds after the start of the test.
pub fn write(endpoint: &Endpoint, source: &Source, after_ms: i64, text: &str) {
    let Stream { group, name, .. } = &source.stream;
    endpoint.with(|world| world.logs.put(group, name, START_MS + after_ms, text.into()));
}

/// What is read.
pub struct TailRunner {
    pub set: watch::Sender<StreamSet>,
    pub older: mpsc::Sender<()>,
    news: mpsc::Receiver<TailMessage>,
    pub lines: Vec<Line>,
    /// Number of late lines.
    pub late: usize,
    pub before: Vec<Line>,
    /// Whether all earlier lines have been read.
    pub end: bool,
    /// Status updates, in order.
    pub statuses: Vec<Arc<TailStatus>>,
    reading: JoinHandle<()>,
}

impl Drop for TailRunner {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl TailRunner {
    pub fn open(endpoint: &Endpoint, range: Range, set: StreamSet) -> Self {
        Self::with_pattern(&clients(endpoint), range, None, None, set)
    }

    pub fn with_pattern(
        clients: &Clients,
        range: Range,
        pattern: Option<&str>,
        tasks: Option<&[Arc<Source>]>,
        set: StreamSet,
    ) -> Self {
        Self::with_clock(clients, now, range, pattern, tasks, set)
    }

    pub fn with_clock(
        clients: &Clients,
        clock: fn() -> Timestamp,
        range: Range,
        pattern: Option<&str>,
        tasks: Option<&[Arc<Source>]>,
        set: StreamSet,
    ) -> Self {
        let (set, sets) = watch::channel(set);
        let (older, asked) = mpsc::channel(4);
        let (told, news) = mpsc::channel(2);
        let of = LogSubject {
            name: "web".into(),
            view: View::new(&task::KIND, Query::default()),
            tasks: tasks.map(|tasks| tasks.iter().map(|source| source.task_arn.clone()).collect()),
            container: None,
        };
        let read = Read::Tail { range, pattern: pattern.map(Into::into), live: false };
        let wanted = LogRequest { id: 7, of, read, pace: CallRate::default() };
        let ends = Channels { set: sets, older: asked, updates: told };
        let reading = tokio::spawn(logs::read(clients.clone(), wanted, clock, ends));
        let (lines, before, statuses) = (Vec::new(), Vec::new(), Vec::new());
        Self { set, older, news, lines, late: 0, before, end: false, statuses, reading }
    }

    /// Lets time pass.
    pub async fn run_for(&mut self, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some(news)) = timeout_at(until, self.news.recv()).await {
            assert_eq!(news.tail, 7);
            match news.update {
                TailUpdate::Lines(lines) => {
                    assert!((1..=2_000).contains(&lines.len()), "{} lines", lines.len());
                    self.lines.extend(lines);
                }
                TailUpdate::Late(lines) => {
                    self.late += lines.len();
                    insert_late(&mut self.lines, lines);
                }
                TailUpdate::Older { lines, end } => {
                    self.before.splice(0..0, lines);
                    self.end = end;
                }
                TailUpdate::Status(status) => self.statuses.push(status),
            }
        }
    }

    /// Requests older lines, and waits for them.
    pub async fn read_older(&mut self) {
        self.older.send(()).await.unwrap();
        self.run_for(20).await;
    }

    pub fn status(&self) -> &TailStatus {
        self.statuses.last().expect("a status")
    }

    /// Texts of the containers' lines, in display order.
    pub fn texts(&self) -> Vec<&str> {
        texts(&self.lines)
    }

    /// Texts of the tail's own notes.
    pub fn notes(&self) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == Role::Note).map(|line| &*line.text).collect()
    }
}

pub fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().filter(|line| line.role == Role::Output).map(|line| &*line.text).collect()
}

/// Inserts late lines among the others, each after the last line that is not newer.
pub fn insert_late(lines: &mut Vec<Line>, late: Vec<Line>) {
    for line in late {
        let before = lines.iter().rposition(|held| !held.late && held.at <= line.at);
        lines.insert(before.map_or(0, |before| before + 1), line);
    }
}
