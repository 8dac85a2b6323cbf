//! Live Tail and Insights in the console, against the demo endpoint in virtual time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    demo::{Endpoint, Options, logs::Settings, world::World},
    logs::{
        self, CallRate, Channels, Followed, Line, LogRequest, LogSubject, Range, Read, Role, Source, Stream, StreamSet,
        TailMessage, TailPhase, TailStatus, TailUpdate,
    },
    resource::{Query, View, task},
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};

use crate::support::{in_process::sdk_config, tail_runner::insert_late};

const START_MS: i64 = 1_769_860_800_000;
const GROUP: &str = "/ecs/web";

fn now() -> Timestamp {
    Timestamp::constant(START_MS / 1_000, 0)
}

fn endpoint() -> Endpoint {
    let world = World::sized(1, 0, 0, START_MS);
    let options = Options { start_ms: Some(START_MS), quotas: false, ..Options::default() };
    let endpoint = Endpoint::with_world(world, options);
    endpoint.with(|world| world.logs.set(GROUP, START_MS, Settings::default()));
    endpoint
}

fn set(tasks: usize) -> StreamSet {
    let streams = (0..tasks).map(|task| {
        let id = format!("{task:032x}");
        let stream = Stream { region: None, group: GROUP.into(), name: format!("ecs/app/{id}") };
        let task_arn = format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{id}").into();
        let source = Source { stream, task_arn, container: "app".into(), service: None, revision: None };
        Followed { source: Arc::new(source), ended: None }
    });
    StreamSet { streams: streams.collect(), complete: true, ..StreamSet::default() }
}

/// An open log with everything received.
struct Reading {
    endpoint: Endpoint,
    news: mpsc::Receiver<TailMessage>,
    lines: Vec<Line>,
    status: Arc<TailStatus>,
    task: JoinHandle<()>,
    set: watch::Sender<StreamSet>,
    _older: mpsc::Sender<()>,
}

impl Reading {
    fn of(endpoint: Endpoint, tasks: usize, read: Read) -> Self {
        let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::with_share(1.0));
        let (set, streams) = watch::channel(set(tasks));
        let (older, asked) = mpsc::channel(1);
        let (tell, news) = mpsc::channel(1_000);
        let view = View::new(&task::KIND, Query::default());
        let of = LogSubject { name: "web".into(), view, tasks: None, container: None };
        let wanted = LogRequest { id: 1, of, read, pace: CallRate(1.0) };
        let task =
            tokio::spawn(logs::read(clients, wanted, now, Channels { set: streams, older: asked, updates: tell }));
        Self { endpoint, news, lines: Vec::new(), status: Arc::default(), task, set, _older: older }
    }

    fn live(endpoint: Endpoint, tasks: usize) -> Self {
        Self::of(endpoint, tasks, Read::Tail { range: Range::Newest, pattern: None, live: true })
    }

    fn take(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            match news.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => insert_late(&mut self.lines, lines),
                TailUpdate::Status(status) => self.status = status,
                TailUpdate::Older { .. } => {}
            }
        }
    }

    async fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            sleep(Duration::from_secs(1)).await;
            self.take();
        }
    }

    /// Lets every task write four lines a second, numbered from `first`. Returns the next number.
    async fn write(&mut self, first: usize, seconds: usize, tasks: usize) -> usize {
        for number in 0..seconds * 4 {
            self.endpoint.with(|world| {
                for task in 0..tasks {
                    let stream = format!("ecs/app/{task:032x}");
                    world.logs.put(GROUP, &stream, world.now_ms, format!("{task}: {}", first + number));
                }
            });
            sleep(Duration::from_millis(250)).await;
            self.take();
        }
        first + seconds * 4
    }

    /// Number of times each line was received.
    fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.role == Role::Output) {
            *counts.entry(&*line.text).or_default() += 1;
        }
        counts
    }

    fn noted(&self) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == Role::Note).map(|line| &*line.text).collect()
    }

    fn has_each_once(&self, tasks: usize, numbers: usize) {
        let counts = self.counts();
        assert_eq!(counts.len(), tasks * numbers);
        assert!(counts.values().all(|count| *count == 1), "some came twice: {:?}", self.noted());
    }
}

#[tokio::test(start_paused = true)]
async fn every_line_arrives_once_despite_cuts_silence_and_throttling() {
    let mut reading = Reading::live(endpoint(), 20);
    let mut next = reading.write(0, 20, 20).await;
    for fault in ["tail-cut#1", "tail-silent#10", "tail-broken#1"] {
        // The fault also ends the open session.
        reading.endpoint.add_fault(fault.parse().unwrap());
        next = reading.write(next, 30, 20).await;
        reading.set.send(set(20)).unwrap();
    }
    reading.wait(90).await;
    reading.has_each_once(20, next);
    assert!(reading.status.live.is_some(), "{:?}", reading.noted());
}

#[tokio::test(start_paused = true)]
async fn a_session_of_three_hours_is_replaced_without_a_gap() {
    let mut reading = Reading::live(endpoint(), 2);
    reading.wait(3 * 3_600 - 30).await;
    let next = reading.write(0, 60, 2).await;
    reading.wait(10).await;
    reading.has_each_once(2, next);
    assert!(reading.noted().contains(&"Live Tail: the limit of three hours was reached; opening another session"));
    assert_eq!(reading.endpoint.count("StartLiveTail"), 2);
    // Minutes of both sessions are counted.
    let later = now() + SignedDuration::from_secs(3 * 3_600 + 40);
    assert_eq!(reading.status.live.unwrap().minutes(later), 181);
}

#[tokio::test(start_paused = true)]
async fn a_sampled_burst_is_reported() {
    let mut reading = Reading::live(endpoint(), 2);
    reading.wait(10).await;
    reading.endpoint.with(|world| {
        for number in 0..2_000 {
            world.logs.put(GROUP, &format!("ecs/app/{:032x}", 0), world.now_ms, number.to_string());
        }
    });
    reading.wait(10).await;
    assert!(reading.lines.iter().any(|line| line.role == Role::Gap(None)));
    assert!(reading.status.live.unwrap().sampled > 0);
}

#[tokio::test(start_paused = true)]
async fn a_denied_live_tail_falls_back_to_polling_and_names_the_action() {
    let endpoint = endpoint();
    endpoint.add_fault("deny:StartLiveTail".parse().unwrap());
    let mut reading = Reading::live(endpoint, 3);
    let next = reading.write(0, 30, 3).await;
    reading.wait(30).await;
    reading.has_each_once(3, next);
    assert_eq!(reading.noted(), ["Live Tail: no permission (logs:StartLiveTail); polling instead"]);
}

fn query(text: &str) -> Read {
    Read::Query {
        text: text.into(),
        from: now() - SignedDuration::from_hours(1),
        to: now() + SignedDuration::from_hours(1),
    }
}

async fn queried(text: &str) -> Reading {
    let endpoint = endpoint();
    endpoint.with(|world| {
        for number in 0..20 {
            let task = number % 2;
            world.logs.put(GROUP, &format!("ecs/app/{task:032x}"), world.now_ms + number, format!("line {number}"));
        }
        world.logs.put(GROUP, "ecs/proxy/other", world.now_ms, "not ours".into());
    });
    sleep(Duration::from_secs(5)).await;
    let mut reading = Reading::of(endpoint, 2, query(text));
    while reading.status.phase != TailPhase::Done {
        reading.wait(1).await;
    }
    reading
}

#[tokio::test(start_paused = true)]
async fn the_prefilled_query_finds_the_lines_of_the_log() {
    let text = "fields @timestamp, @message, @logStream | filter @logStream like \"ecs/app/\" | sort @timestamp desc | limit 1000";
    let reading = queried(text).await;
    assert_eq!(reading.counts().len(), 20, "{:?}", reading.noted());
    let output: Vec<_> = reading.lines.iter().filter(|line| line.role == Role::Output).collect();
    assert!(output.is_sorted_by_key(|line| line.at));
    assert!(output.iter().all(|line| line.source.as_ref().is_some_and(|source| source.container == "app")));
    assert!(reading.noted()[0].starts_with("20 results; 20 of 21 records match, "), "{:?}", reading.noted());
}

#[tokio::test(start_paused = true)]
async fn prefilled_stream_names_are_found() {
    let text = format!("fields @message, @logStream | filter @logStream in [\"ecs/app/{:032x}\"] | limit 1000", 1);
    assert_eq!(queried(&text).await.counts().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_mistake_in_a_query_is_reported_with_its_position() {
    let reading = queried("fields @message | fliter x").await;
    let failure = reading.status.failure.clone().unwrap();
    assert!(failure.message.starts_with("at character 19, \"fliter x\""), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn leaving_a_query_stops_it() {
    let mut reading = Reading::of(endpoint(), 1, query("fields @message"));
    reading.wait(2).await;
    reading.task.abort();
    reading.wait(2).await;
    let stopped = reading.endpoint.requests().into_iter().filter(|request| request.operation == "StopQuery").count();
    assert_eq!(stopped, 1);
}
