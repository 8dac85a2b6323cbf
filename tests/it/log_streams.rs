//! Streams of a log as tasks start and stop, over the real SDK, in virtual time.

use std::{collections::BTreeSet, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Handle, Request},
    demo::{Endpoint, Options},
    history::HistoryConfig,
    logs::{CallRate, Line, LogRequest, LogSubject, Range, Read, Role, TailPhase, TailUpdate},
    resource::{Query, Status, View, task},
};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::support::{in_process::sdk_config, tail_runner::insert_late};

const START_MS: i64 = 1_750_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_millisecond(START_MS).unwrap()
}

/// A log of the incident.
struct Log {
    handle: Handle,
    endpoint: Endpoint,
    lines: Vec<Line>,
    older: Option<Vec<Line>>,
    phase: TailPhase,
}

impl Log {
    fn open(service: &str, range: Range) -> Self {
        let endpoint = Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() });
        let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
        let handle = data::start(clients, now, HistoryConfig::default());
        let view = View::new(&task::KIND, Query { status: Status::All, ..Query::service("prod", service) });
        let of = LogSubject { name: service.into(), view: view.clone(), tasks: None, container: Some("app".into()) };
        let read = Read::Tail { range, pattern: None, live: false };
        let wanted = LogRequest { id: 7, of, read, pace: CallRate::default() };
        handle.demand.send_replace(Demand {
            foreground: Some(view),
            slowdown: 1,
            log: Some(wanted),
            ..Demand::default()
        });
        Self { handle, endpoint, lines: Vec::new(), older: None, phase: TailPhase::Resolving }
    }

    /// Reads for some minutes.
    async fn read(&mut self, minutes: u64) {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        while let Ok(Some(news)) = timeout_at(end, self.handle.tail_messages.recv()).await {
            assert_eq!(news.tail, 7);
            match news.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => insert_late(&mut self.lines, lines),
                TailUpdate::Older { lines, .. } => self.older = Some(lines),
                TailUpdate::Status(status) => self.phase = status.phase,
            }
        }
    }

    /// Texts of the lines with this role.
    fn texts(&self, role: Role) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == role).map(|line| &*line.text).collect()
    }

    /// Tasks with lines of output.
    fn tasks(&self) -> BTreeSet<&str> {
        self.lines.iter().filter_map(|line| line.source.as_deref()).map(|source| source.task()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn every_task_of_a_crash_loop_is_read_and_each_stop_is_shown_once_with_its_cause() {
    let mut log = Log::open("checkout", Range::Newest);
    log.read(1).await;
    let before: BTreeSet<String> = log.tasks().into_iter().map(str::to_owned).collect();
    log.read(20).await;
    let later: Vec<&str> = log.tasks().into_iter().filter(|task| !before.contains(*task)).collect();
    assert!(later.len() >= 3, "tasks that started while one read: {later:?}");
    let (started, stopped) = (log.texts(Role::Started), log.texts(Role::Stopped { fault: true }));
    for task in later {
        let begun =
            started.iter().filter(|text| text.starts_with(&format!("+ task {task} started, revision "))).count();
        assert_eq!(begun, 1, "{task} in {started:#?}");
    }
    assert!(stopped.iter().all(|text| text.ends_with("out of memory: app (137)")), "{stopped:#?}");
    assert_eq!(stopped.len(), stopped.iter().collect::<BTreeSet<_>>().len(), "each once");
    assert!(stopped.len() >= 3);
    assert_eq!(log.endpoint.count("DescribeTaskDefinition"), 1, "they are all of one revision");
}

#[tokio::test(start_paused = true)]
async fn lines_of_a_task_are_between_its_start_and_its_stop() {
    let mut log = Log::open("checkout", Range::Newest);
    log.read(10).await;
    let stop = log.lines.iter().rposition(|line| matches!(line.role, Role::Stopped { .. })).expect("a stop");
    let task = log.lines[stop].text.split(' ').nth(2).expect("its id").to_owned();
    let place = |line: &Line| line.source.as_ref().is_some_and(|source| source.task() == task);
    let begun = log.lines.iter().position(|line| line.role == Role::Started && line.text.contains(&task));
    let own: Vec<usize> = log.lines.iter().enumerate().filter(|(_, line)| place(line)).map(|(at, _)| at).collect();
    assert!(begun < own.first().copied(), "{begun:?} {own:?}");
    assert!(own.iter().filter(|at| **at > stop).count() == 0, "{stop} {own:?}");
}

/// ECS reports starts and stops later than CloudWatch returns the lines.
#[tokio::test(start_paused = true)]
async fn starts_and_stops_are_sorted_among_the_lines() {
    let mut log = Log::open("checkout", Range::Newest);
    log.read(10).await;
    assert!(log.texts(Role::Started).len() > 2);
    assert!(log.lines.is_sorted_by_key(|line| line.at));
    assert!(!log.lines.iter().any(|line| line.late));
}

#[tokio::test(start_paused = true)]
async fn each_task_is_read_by_its_own_revision() {
    let mut log = Log::open("orders-api", Range::Newest);
    log.read(3).await;
    let sources = log.lines.iter().filter_map(|line| line.source.as_deref());
    let revisions: BTreeSet<&str> = sources.filter_map(|source| source.revision.as_deref()).collect();
    assert!(revisions.len() >= 2, "{revisions:?}");
}

#[tokio::test(start_paused = true)]
async fn older_lines_are_loaded_on_request() {
    let mut log = Log::open("checkout", Range::Newest);
    log.read(1).await;
    let first = log.lines.iter().map(|line| line.at).min().expect("lines");
    log.handle.requests.send(Request::Older { tail: 6 }).await.unwrap();
    log.read(1).await;
    assert!(log.older.is_none(), "another tail was meant");
    log.handle.requests.send(Request::Older { tail: 7 }).await.unwrap();
    log.read(1).await;
    let older = log.older.as_ref().expect("an answer");
    assert!(older.iter().all(|line| line.at <= first));
    assert_eq!(log.phase, TailPhase::Following);
}

#[tokio::test(start_paused = true)]
async fn no_calls_after_the_log_is_closed() {
    let mut log = Log::open("checkout", Range::Newest);
    log.read(1).await;
    log.handle.demand.send_replace(Demand::default());
    log.read(1).await;
    let calls = |log: &Log| log.endpoint.requests().len();
    let before = (log.lines.len(), calls(&log));
    log.read(10).await;
    assert_eq!((log.lines.len(), calls(&log)), before);
}
