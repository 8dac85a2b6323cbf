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
        fixture::put_between,
        groups::tests::followed,
        scripted::{Answer, Calls, clients, now, start, update},
    },
    resource::{Query, View, task},
};

/// What the log group holds, and the sessions that are open: each is told nothing but what a test tells it.
#[derive(Clone, Default)]
struct World {
    events: Arc<Mutex<Vec<Value>>>,
    sessions: Arc<Mutex<Vec<mpsc::UnboundedSender<Bytes>>>>,
    refusal: Option<&'static str>,
}

struct Stage {
    world: World,
    calls: Calls,
    set: watch::Sender<StreamSet>,
    news: mpsc::Receiver<TailMessage>,
    lines: Vec<Line>,
    status: Arc<TailStatus>,
    running: JoinHandle<()>,
    _older: mpsc::Sender<()>,
}

/// A time in milliseconds, so many seconds after the tests' beginning.
fn at(second: i64) -> i64 {
    now().as_millisecond() + second * 1_000
}

fn set(tasks: &[&str]) -> StreamSet {
    let streams = tasks.iter().map(|task| followed(None, "/web", &format!("ecs/app/{task}"), task)).collect();
    StreamSet { streams, complete: true, ..StreamSet::default() }
}

impl World {
    fn wrote(&self, task: &str, at: i64, text: &str) {
        let mut events = self.events.lock().unwrap();
        let id = events.len().to_string();
        let stream = format!("ecs/app/{task}");
        events.push(json!({ "logStreamName": stream, "timestamp": at, "message": text, "eventId": id }));
    }

    fn tell(&self, session: usize, frame: Bytes) {
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
fn tail(refusal: Option<&'static str>) -> Stage {
    let world = World { refusal, ..World::default() };
    let server = world.clone();
    let (clients, calls) = clients(move |called, _| server.answer(&called.operation, &called.input));
    let (set, streams) = watch::channel(set(&["a1", "b2"]));
    let (older, asked) = mpsc::channel(1);
    let (tell, news) = mpsc::channel(64);
    let view = View::new(&task::KIND, Query::default());
    let of = LogSubject { name: "web".into(), view, tasks: None, container: None };
    let read = Read::Tail { range: Range::Newest, pattern: None, live: true };
    let wanted = LogRequest { id: 1, of, read, pace: CallRate(1.0) };
    let ends = Channels { set: streams, older: asked, news: tell };
    let running = tokio::spawn(crate::logs::read(clients, wanted, now, ends));
    let status = Arc::default();
    Stage { world, calls, set, news, lines: Vec::new(), status, running, _older: older }
}

impl Stage {
    /// Lets so many seconds pass, in each of which every session tells that it is there.
    async fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for wire in &*self.world.sessions.lock().unwrap() {
                let _ = wire.send(update(false, &[]));
            }
            self.idle(1).await;
        }
    }

    /// Lets so many seconds pass in which no session tells anything.
    async fn idle(&mut self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
        while let Ok(news) = self.news.try_recv() {
            match news.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => put_between(&mut self.lines, lines),
                TailUpdate::Status(status) => self.status = status,
                TailUpdate::Older { .. } => {}
            }
        }
    }

    fn said(&self) -> Vec<&str> {
        let output = self.lines.iter().filter(|line| line.role == Role::Output);
        output.map(|line| &*line.text).collect()
    }

    fn noted(&self) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == Role::Note).map(|line| &*line.text).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn history_is_polled_and_what_comes_is_told_each_line_once() {
    let mut stage = tail(None);
    stage.world.wrote("a1", at(-60), "history");
    stage.pass(3).await;
    assert_eq!(stage.calls.of("StartLiveTail").len(), 1);
    // It came in while the session was opened: the session tells it, and so does the poll that closes the gap.
    stage.world.wrote("b2", at(3), "between");
    stage.world.tell(0, update(false, &[("ecs/app/b2", at(3), "between")]));
    stage.pass(5).await;
    // The same words in the same moment, said twice.
    stage.world.tell(0, update(false, &[("ecs/app/a1", at(8), "again"), ("ecs/app/a1", at(8), "again")]));
    stage.pass(5).await;
    assert_eq!(stage.said(), ["history", "between", "again", "again"]);
    assert_eq!(stage.noted(), [messages::LIVE]);
    assert!(stage.status.live.is_some());
}

#[tokio::test(start_paused = true)]
async fn while_a_session_tells_nothing_is_polled_and_its_minutes_are_counted() {
    let mut stage = tail(None);
    stage.pass(10).await;
    let polls = stage.calls.of("FilterLogEvents").len();
    stage.pass(300).await;
    assert_eq!(stage.calls.of("FilterLogEvents").len(), polls);
    let cost = stage.status.live.unwrap().dollars(now() + SignedDuration::from_secs(310));
    assert!((cost - 0.06).abs() < 1e-9, "{cost}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_falls_silent_is_followed_by_another_and_nothing_is_missing() {
    let mut stage = tail(None);
    stage.pass(10).await;
    stage.world.tell(0, update(false, &[("ecs/app/a1", at(10), "before")]));
    stage.world.wrote("a1", at(10), "before");
    stage.pass(2).await;
    // Nobody tells of it but the log itself.
    stage.world.wrote("a1", at(14), "in the dark");
    stage.idle(7).await;
    stage.pass(5).await;
    assert_eq!(stage.said(), ["before", "in the dark"]);
    assert_eq!(stage.noted()[1], "Live Tail: nothing came for 5 seconds; opens another session");
    assert_eq!(stage.calls.of("StartLiveTail").len(), 2);
    stage.world.tell(1, update(false, &[("ecs/app/b2", at(25), "after")]));
    stage.pass(3).await;
    assert_eq!(stage.said(), ["before", "in the dark", "after"]);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_keep_ending_are_opened_less_and_less_often() {
    let mut stage = tail(None);
    for _ in 0..120 {
        stage.idle(1).await;
        stage.world.sessions.lock().unwrap().clear();
    }
    let opened = stage.calls.of("StartLiveTail").len();
    assert!((3..=8).contains(&opened), "{opened}");
}

#[rstest::rstest]
#[case("AccessDeniedException", "Live Tail: no permission (logs:StartLiveTail); follows by polling", 1)]
#[case(
    "InvalidOperationException",
    "Live Tail: the log group is of the infrequent-access class, which has none; follows by polling",
    1
)]
#[case(
    "LimitExceededException",
    "Live Tail: too many sessions at once in this account; follows by polling; tried again in a minute",
    3
)]
#[tokio::test(start_paused = true)]
async fn where_there_is_no_session_it_is_said_once_and_lines_are_polled(
    #[case] refusal: &'static str,
    #[case] said: &str,
    #[case] tries: usize,
) {
    let mut stage = tail(Some(refusal));
    stage.pass(10).await;
    stage.world.wrote("a1", at(10), "polled");
    stage.pass(140).await;
    assert_eq!(stage.said(), ["polled"]);
    assert_eq!(stage.noted(), [said]);
    assert_eq!(stage.calls.of("StartLiveTail").len(), tries);
    assert_eq!(stage.status.live, None);
}

#[tokio::test(start_paused = true)]
async fn a_sample_is_told_in_the_log_and_counted() {
    let mut stage = tail(None);
    stage.pass(10).await;
    stage.world.tell(0, update(true, &[("ecs/app/a1", at(10), "one of many")]));
    stage.pass(5).await;
    let gap = stage.lines.iter().find(|line| line.role == Role::Gap(None)).unwrap();
    assert_eq!(&*gap.text, messages::SAMPLED);
    assert_eq!(stage.status.live.unwrap().sampled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_starts_is_told_of_from_its_first_line_on() {
    let mut stage = tail(None);
    stage.pass(10).await;
    stage.world.wrote("c3", at(10), "first words");
    stage.world.tell(0, update(false, &[("ecs/app/c3", at(10), "first words"), ("ecs/app/d4", at(10), "not ours")]));
    stage.pass(5).await;
    assert_eq!(stage.said(), [""; 0]);
    stage.set.send(set(&["a1", "b2", "c3"])).unwrap();
    stage.pass(5).await;
    stage.world.tell(0, update(false, &[("ecs/app/c3", at(20), "second")]));
    stage.pass(5).await;
    assert_eq!(stage.said(), ["first words", "second"]);
    assert_eq!(stage.calls.of("StartLiveTail").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_nobody_reads_any_more_the_session_ends() {
    let mut stage = tail(None);
    stage.pass(10).await;
    drop(stage.news);
    stage.running.await.unwrap();
    tokio::task::yield_now().await;
    assert!(stage.world.sessions.lock().unwrap()[0].is_closed());
}
