//! Tails against servers with unusual behaviour.

use std::sync::{Arc, Mutex};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Duration, Instant, timeout_at},
};

use crate::{
    aws::Clients,
    logs::{
        CallRate, Channels, Followed, Line, LogRequest, LogSubject, Range, Read, Role, Source, Stream, StreamSet,
        TailMessage, TailStatus, TailUpdate,
        fixture::insert_late,
        scripted::{self, Answer, Called, clients, now},
    },
    resource::{Query, View, task},
};

/// Lines of a log, each with its time in milliseconds after the start.
type WrittenLines = Arc<Mutex<Vec<(i64, String)>>>;

fn start_ms() -> i64 {
    now().as_millisecond()
}

fn written(lines: impl IntoIterator<Item = (i64, String)>) -> WrittenLines {
    Arc::new(Mutex::new(lines.into_iter().collect()))
}

fn event((at, text): &(i64, String), stream: &str) -> Value {
    let at = start_ms() + at;
    json!({ "timestamp": at, "message": text, "logStreamName": stream, "eventId": format!("{at}{text}") })
}

/// A page of the lines from `from` to `to`, in order, after `token`: the number of lines before it.
fn page(written: &WrittenLines, called: &Called) -> Value {
    let input = &called.input;
    let (from, to) = (input["startTime"].as_i64().unwrap_or(0), input["endTime"].as_i64().unwrap_or(i64::MAX));
    let mut lines = written.lock().unwrap().clone();
    lines.sort();
    lines.retain(|(at, _)| (from..=to).contains(&(start_ms() + at)));
    let before: usize = input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let limit = input["limit"].as_u64().unwrap() as usize;
    let page: Vec<Value> = lines.iter().skip(before).take(limit).map(|line| event(line, "s0")).collect();
    let next = (before + limit < lines.len()).then(|| (before + limit).to_string());
    json!({ "events": page, "nextToken": next })
}

fn source(task: usize) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { region: None, group: "/web".into(), name: format!("s{task}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{task}").into(),
        container: "app".into(),
        service: None,
        revision: None,
    })
}

struct TailReader {
    updates: mpsc::Receiver<TailMessage>,
    older: mpsc::Sender<()>,
    set: watch::Sender<StreamSet>,
    lines: Vec<Line>,
    before: Vec<Line>,
    statuses: Vec<Arc<TailStatus>>,
}

impl TailReader {
    fn open(clients: Clients, range: Range, streams: usize) -> Self {
        let streams = (0..streams).map(|task| Followed { source: source(task), ended: None }).collect();
        let (set, sets) = watch::channel(StreamSet { streams, complete: true, ..StreamSet::default() });
        let (older, asked) = mpsc::channel(1);
        let (sender, updates) = mpsc::channel(4);
        let of = LogSubject {
            name: "web".into(),
            view: View::new(&task::KIND, Query::default()),
            tasks: None,
            container: None,
        };
        let read = Read::Tail { range, pattern: None, live: false };
        let wanted = LogRequest { id: 1, of, read, pace: CallRate::default() };
        tokio::spawn(crate::logs::read(
            clients,
            wanted,
            scripted::now,
            Channels { set: sets, older: asked, updates: sender },
        ));
        Self { updates, older, set, lines: Vec::new(), before: Vec::new(), statuses: Vec::new() }
    }

    async fn pass(&mut self, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some(updates)) = timeout_at(until, self.updates.recv()).await {
            match updates.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => insert_late(&mut self.lines, lines),
                TailUpdate::Older { lines, .. } => {
                    self.before.splice(0..0, lines);
                }
                TailUpdate::Status(status) => self.statuses.push(status),
            }
        }
    }

    fn texts(&self, role: Role) -> Vec<&str> {
        self.lines.iter().filter(|line| line.role == role).map(|line| &*line.text).collect()
    }
}

fn numbers(lines: &[Line]) -> Vec<i64> {
    lines.iter().map(|line| line.text.parse().unwrap()).collect()
}

/// Some emulators answer oldest first, whatever they are asked for.
#[tokio::test(start_paused = true)]
async fn newest_lines_are_found_on_a_server_that_answers_oldest_first() {
    let log = written((0..25_000).map(|number| (number - 30_000, number.to_string())));
    let (clients, _) = clients(move |called, _| Answer::Json(page(&log, called)));
    let mut tail = TailReader::open(clients, Range::Newest, 2);
    tail.pass(20).await;
    assert_eq!(numbers(&tail.lines), (24_000..25_000).collect::<Vec<_>>());
    tail.older.send(()).await.unwrap();
    tail.pass(20).await;
    assert_eq!(numbers(&tail.before), (23_000..24_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn empty_pages_are_followed_and_the_status_says_it_is_searching() {
    let (clients, calls) = clients(|called, _| {
        let seen = called.input["nextToken"].as_str().map_or(0, |token| token.parse::<u32>().unwrap());
        Answer::Json(match seen {
            8 => json!({ "events": [event(&(-5_000, "found".into()), "s0")] }),
            seen => json!({ "events": [], "nextToken": (seen + 1).to_string() }),
        })
    });
    let mut tail = TailReader::open(clients, Range::Since(now()), 2);
    tail.pass(8).await;
    assert_eq!(tail.lines, []);
    let reasons: Vec<&str> =
        tail.statuses.iter().flat_map(|status| &status.silent).map(|source| &*source.why).collect();
    assert!(reasons.iter().any(|why| why.contains("still searching")), "{reasons:?}");
    assert!(calls.inputs("FilterLogEvents").len() > 8);
}

/// AWS accepts a token for 24 hours.
#[rstest]
#[case::many_streams(2)]
#[case::one_stream(1)]
#[tokio::test(start_paused = true)]
async fn no_line_is_lost_when_a_token_expires(#[case] streams: usize) {
    let log = written((0..30_000).map(|number| (number / 10 - 10_000, number.to_string())));
    let (clients, _) = clients(move |called, nth| {
        let lost = nth % 3 == 2 && called.input["nextToken"].is_string();
        match (lost, called.operation.as_str()) {
            (true, _) => Answer::Fault("InvalidParameterException"),
            (_, "FilterLogEvents") => Answer::Json(page(&log, called)),
            _ => Answer::Json(stream_page(&log, called)),
        }
    });
    let mut tail = TailReader::open(clients, Range::Oldest, streams);
    tail.pass(120).await;
    let found: Vec<i64> = tail.texts(Role::Output).iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(found.len(), 30_000);
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..30_000).collect::<Vec<_>>());
    assert!(tail.texts(Role::Note)[0].contains("the position in the log expired"));
}

/// A GetLogEvents answer: the forward token is the number of lines before it, and comes back unchanged at the end.
fn stream_page(written: &WrittenLines, called: &Called) -> Value {
    let mut answer = page(written, called);
    let before: usize = called.input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let count = answer["events"].as_array().map_or(0, Vec::len);
    answer["nextForwardToken"] = (before + count).to_string().into();
    answer["nextBackwardToken"] = "b".into();
    answer
}

#[tokio::test(start_paused = true)]
async fn a_writer_with_a_fast_clock_hides_no_other_lines() {
    let log = written((0..100).map(|number| (number - 1_000, number.to_string())));
    let behind = log.clone();
    let (clients, _) = clients(move |called, _| Answer::Json(page(&behind, called)));
    let mut tail = TailReader::open(clients, Range::Newest, 2);
    tail.pass(10).await;
    log.lock().unwrap().push((7_200_000, "from the future".into()));
    tail.pass(10).await;
    log.lock().unwrap().push((15_000, "100".into()));
    tail.pass(10).await;
    let texts = tail.texts(Role::Output);
    assert_eq!(texts.len(), 102);
    assert_eq!(texts[100..], ["from the future", "100"]);
    assert!(!tail.lines.iter().any(|line| line.late && &*line.text == "100"));
    assert!(tail.texts(Role::Note)[0].contains("ahead of this machine's clock"));
}

/// An empty token means that there is no next page; sending it to AWS would start over.
#[tokio::test(start_paused = true)]
async fn an_empty_token_ends_the_paging() {
    let (clients, calls) = clients(|_, _| Answer::Json(json!({ "events": [], "nextToken": "" })));
    let mut tail = TailReader::open(clients, Range::Newest, 2);
    tail.pass(30).await;
    assert!(calls.inputs("FilterLogEvents").iter().all(|input| input["nextToken"].is_null()));
    assert!(calls.inputs("FilterLogEvents").len() <= 17);
}

/// Lines of running tasks are shown even if those of stopped tasks can't be read for now; these follow when they can.
#[tokio::test(start_paused = true)]
async fn lines_of_running_tasks_do_not_wait_long_for_stopped_tasks() {
    let log = written([(-4_000, "before".to_owned()), (-2_000, "now".to_owned())]);
    let opened = Instant::now();
    let (clients, _) = clients(move |called, _| match called.input["logGroupName"].as_str() {
        Some("/old") if opened.elapsed() < Duration::from_secs(30) => Answer::Silence,
        Some("/old") => Answer::Json(page(&written([(-3_000, "last words".into())]), called)),
        _ => Answer::Json(page(&log, called)),
    });
    let mut tail = TailReader::open(clients, Range::Newest, 2);
    let mut set = tail.set.borrow().clone();
    for task in 2..4 {
        let stream = Stream { group: "/old".into(), ..source(task).stream.clone() };
        let source = Arc::new(Source { stream, ..Source::clone(&source(task)) });
        set.streams.push(Followed { source, ended: Some(now()) });
    }
    tail.set.send_replace(set);
    tail.pass(6).await;
    assert_eq!(tail.texts(Role::Output), ["before", "now"]);
    tail.pass(60).await;
    assert_eq!(tail.texts(Role::Output), ["before", "last words", "now"]);
}
