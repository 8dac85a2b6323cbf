//! Tails over Live Tail sessions, against a scripted AWS.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};

use super::*;
use crate::{
    logs::{
        CallRate, Channels, LogRequest, LogSubject, Range, Read, StreamSet, TailMessage, TailStatus, TailUpdate,
        fixture::insert_late,
        groups::tests::followed,
        scripted::{Answer, Calls, clients, now, start, update},
    },
    resource::{Query, View, task},
};

/// The events of the log group, and the open sessions: each delivers only what a test sends to it.
#[derive(Clone, Default)]
struct World {
    events: Arc<Mutex<Vec<Value>>>,
    sessions: Arc<Mutex<Vec<mpsc::UnboundedSender<Bytes>>>>,
    refusal: Option<&'static str>,
}

struct LiveHarness {
    world: World,
    calls: Calls,
    set: watch::Sender<StreamSet>,
    updates: mpsc::Receiver<TailMessage>,
    lines: Vec<Line>,
    status: Arc<TailStatus>,
    running: JoinHandle<()>,
    _older: mpsc::Sender<()>,
}

/// A time in milliseconds, `second` seconds after the start of the test.
fn at(second: i64) -> i64 {
    now().as_millisecond() + second * 1_000
}

fn set(tasks: &[&str]) -> StreamSet {
    let streams = tasks.iter().map(|task| followed(None, "/web", &format!("ecs/app/{task}"), task)).collect();
    StreamSet { streams, complete: true, ..StreamSet::default() }
}

impl World {
    fn write(&self, task: &str, at: i64, text: &str) {
        let mut events = self.events.lock().unwrap();
        let id = events.len().to_string();
        let stream = format!("ecs/app/{task}");
        events.push(json!({ "logStreamName": stream, "timestamp": at, "message": text, "eventId": id }));
    }

    fn send(&self, session: usize, frame: Bytes) {
        let _ = self.sessions.lock().unwrap()[session].send(frame);
    }

    fn answer(&self, operation: &str, input: &Value) -> Answer {
        if operation == "StartLiveTail" {
            if let Some(code) = self.refusal {
                return Answer::Fault(code);
            }
            let (wire, frames) = mpsc::unbounded_channel();
            wire.send(start()).unwrap();
            self.sessions.lock().unwrap().push(wire);
            return Answer::Stream(frames);
        }
        let (from, named) = (input["startTime"].as_i64().unwrap_or(0), &input["logStreamNames"]);
        let named = |name: &Value| named.as_array().is_some_and(|names| names.contains(name));
        let events = self.events.lock().unwrap();
        let mut events: Vec<Value> = events
            .iter()
            .filter(|event| event["timestamp"].as_i64() >= Some(from) && named(&event["logStreamName"]))
            .cloned()
            .collect();
        if input["startFromHead"] == json!(false) {
            events.reverse();
        }
        Answer::Json(json!({ "events": events }))
    }
}

/// A live tail of the tasks a1 and b2.
fn tail(refusal: Option<&'static str>) -> LiveHarness {
    let world = World { refusal, ..World::default() };
    let server = world.clone();
    let (clients, calls) = clients(move |called, _| server.answer(&called.operation, &called.input));
    let (set, streams) = watch::channel(set(&["a1", "b2"]));
    let (older, asked) = mpsc::channel(1);
    let (sender, updates) = mpsc::channel(64);
    let view = View::new(&task::KIND, Query::default());
    let of = LogSubject { name: "web".into(), view, tasks: None, container: None };
    let read = Read::Tail { range: Range::Newest, pattern: None, live: true };
    let wanted = LogRequest { id: 1, of, read, pace: CallRate(1.0) };
    let ends = Channels { set: streams, older: asked, updates: sender };
    let running = tokio::spawn(crate::logs::read(clients, wanted, now, ends));
    let status = Arc::default();
    LiveHarness { world, calls, set, updates, lines: Vec::new(), status, running, _older: older }
}

impl LiveHarness {
    /// Lets this many seconds pass; in each of them every session sends an empty update.
    async fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for wire in &*self.world.sessions.lock().unwrap() {
                let _ = wire.send(update(false, &[]));
            }
            self.idle(1).await;
        }
    }

    /// Lets this many seconds pass in which no session sends anything.
    async fn idle(&mut self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
        while let Ok(updates) = self.updates.try_recv() {
            match updates.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => insert_late(&mut self.lines, lines),
                TailUpdate::Status(status) => self.status = status,
                TailUpdate::Older { .. } => {}
            }
        }
    }

    fn output(&self) -> Vec<&str> {
        let output = self.lines.iter().filter(|line| line.role == Role::Output);
        output.map(|line| &*line.text).collect()
    }

    fn notes(&self) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == Role::Note).map(|line| &*line.text).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn backfill_is_polled_and_each_new_line_comes_once() {
    let mut live = tail(None);
    live.world.write("a1", at(-60), "history");
    live.pass(3).await;
    assert_eq!(live.calls.inputs("StartLiveTail").len(), 1);
    // It arrives while the session opens: both the session and the poll that closes the gap deliver it.
    live.world.write("b2", at(3), "between");
    live.world.send(0, update(false, &[("ecs/app/b2", at(3), "between")]));
    live.pass(5).await;
    // The same text twice in the same millisecond.
    live.world.send(0, update(false, &[("ecs/app/a1", at(8), "again"), ("ecs/app/a1", at(8), "again")]));
    live.pass(5).await;
    assert_eq!(live.output(), ["history", "between", "again", "again"]);
    assert_eq!(live.notes(), [messages::LIVE]);
    assert!(live.status.live.is_some());
}

#[tokio::test(start_paused = true)]
async fn polling_stops_while_a_session_is_open_and_its_minutes_are_counted() {
    let mut live = tail(None);
    live.pass(10).await;
    let polls = live.calls.inputs("FilterLogEvents").len();
    live.pass(300).await;
    assert_eq!(live.calls.inputs("FilterLogEvents").len(), polls);
    let cost = live.status.live.unwrap().dollars(now() + SignedDuration::from_secs(310));
    assert!((cost - 0.06).abs() < 1e-9, "{cost}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_session_is_replaced_without_losing_lines() {
    let mut live = tail(None);
    live.pass(10).await;
    live.world.send(0, update(false, &[("ecs/app/a1", at(10), "before")]));
    live.world.write("a1", at(10), "before");
    live.pass(2).await;
    // Only the log itself has it.
    live.world.write("a1", at(14), "in the dark");
    live.idle(7).await;
    live.pass(5).await;
    assert_eq!(live.output(), ["before", "in the dark"]);
    assert_eq!(live.notes()[1], "Live Tail: no update for 5 seconds; opening another session");
    assert_eq!(live.calls.inputs("StartLiveTail").len(), 2);
    live.world.send(1, update(false, &[("ecs/app/b2", at(25), "after")]));
    live.pass(3).await;
    assert_eq!(live.output(), ["before", "in the dark", "after"]);
}

#[tokio::test(start_paused = true)]
async fn short_sessions_are_reopened_less_and_less_often() {
    let mut live = tail(None);
    for _ in 0..120 {
        live.idle(1).await;
        live.world.sessions.lock().unwrap().clear();
    }
    let opened = live.calls.inputs("StartLiveTail").len();
    assert!((3..=8).contains(&opened), "{opened}");
}

#[rstest::rstest]
#[case("AccessDeniedException", "Live Tail: no permission (logs:StartLiveTail); polling instead", 1)]
#[case(
    "InvalidOperationException",
    "Live Tail: not available for log groups of the infrequent-access class; polling instead",
    1
)]
#[case(
    "LimitExceededException",
    "Live Tail: too many open sessions in this account; polling instead; retry in a minute",
    3
)]
#[tokio::test(start_paused = true)]
async fn a_refused_session_is_noted_once_and_lines_are_polled(
    #[case] refusal: &'static str,
    #[case] note: &str,
    #[case] tries: usize,
) {
    let mut live = tail(Some(refusal));
    live.pass(10).await;
    live.world.write("a1", at(10), "polled");
    live.pass(140).await;
    assert_eq!(live.output(), ["polled"]);
    assert_eq!(live.notes(), [note]);
    assert_eq!(live.calls.inputs("StartLiveTail").len(), tries);
    assert_eq!(live.status.live, None);
}

#[tokio::test(start_paused = true)]
async fn a_sampled_update_leaves_a_gap_and_is_counted() {
    let mut live = tail(None);
    live.pass(10).await;
    live.world.send(0, update(true, &[("ecs/app/a1", at(10), "one of many")]));
    live.pass(5).await;
    let gap = live.lines.iter().find(|line| line.role == Role::Gap(None)).unwrap();
    assert_eq!(&*gap.text, messages::SAMPLED);
    assert_eq!(live.status.live.unwrap().sampled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_task_is_followed_from_its_first_line() {
    let mut live = tail(None);
    live.pass(10).await;
    live.world.write("c3", at(10), "first words");
    live.world.send(0, update(false, &[("ecs/app/c3", at(10), "first words"), ("ecs/app/d4", at(10), "not ours")]));
    live.pass(5).await;
    assert_eq!(live.output(), [""; 0]);
    live.set.send(set(&["a1", "b2", "c3"])).unwrap();
    live.pass(5).await;
    live.world.send(0, update(false, &[("ecs/app/c3", at(20), "second")]));
    live.pass(5).await;
    assert_eq!(live.output(), ["first words", "second"]);
    assert_eq!(live.calls.inputs("StartLiveTail").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_session_ends_when_the_reader_is_dropped() {
    let mut live = tail(None);
    live.pass(10).await;
    drop(live.updates);
    live.running.await.unwrap();
    tokio::task::yield_now().await;
    assert!(live.world.sessions.lock().unwrap()[0].is_closed());
}
