//! The tail against servers that do what few do.

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
        fixture::put_between,
        scripted::{self, Answer, Called, clients, now},
    },
    resource::{Query, View, task},
};

/// Lines of the log, each at so many milliseconds after the start.
type Written = Arc<Mutex<Vec<(i64, String)>>>;

fn start_ms() -> i64 {
    now().as_millisecond()
}

fn written(lines: impl IntoIterator<Item = (i64, String)>) -> Written {
    Arc::new(Mutex::new(lines.into_iter().collect()))
}

fn event((at, text): &(i64, String), stream: &str) -> Value {
    let at = start_ms() + at;
    json!({ "timestamp": at, "message": text, "logStreamName": stream, "eventId": format!("{at}{text}") })
}

/// A page of the lines from `from` to `to`, in this order, after `token`, which is the number of lines that came before.
fn page(written: &Written, called: &Called) -> Value {
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

struct Tailing {
    news: mpsc::Receiver<TailMessage>,
    older: mpsc::Sender<()>,
    set: watch::Sender<StreamSet>,
    lines: Vec<Line>,
    before: Vec<Line>,
    statuses: Vec<Arc<TailStatus>>,
}

impl Tailing {
    fn open(clients: Clients, range: Range, streams: usize) -> Self {
        let streams = (0..streams).map(|task| Followed { source: source(task), ended: None }).collect();
        let (set, sets) = watch::channel(StreamSet { streams, complete: true, ..StreamSet::default() });
        let (older, asked) = mpsc::channel(1);
        let (told, news) = mpsc::channel(4);
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
            Channels { set: sets, older: asked, news: told },
        ));
        Self { news, older, set, lines: Vec::new(), before: Vec::new(), statuses: Vec::new() }
    }

    async fn pass(&mut self, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some(news)) = timeout_at(until, self.news.recv()).await {
            match news.update {
                TailUpdate::Lines(lines) => self.lines.extend(lines),
                TailUpdate::Late(lines) => put_between(&mut self.lines, lines),
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

/// Some emulators answer the oldest first, whatever they are asked for.
#[tokio::test(start_paused = true)]
async fn a_server_that_answers_the_oldest_first_is_read_to_its_end_for_the_newest() {
    let log = written((0..25_000).map(|number| (number - 30_000, number.to_string())));
    let (clients, _) = clients(move |called, _| Answer::Json(page(&log, called)));
    let mut tail = Tailing::open(clients, Range::Newest, 2);
    tail.pass(20).await;
    assert_eq!(numbers(&tail.lines), (24_000..25_000).collect::<Vec<_>>());
    tail.older.send(()).await.unwrap();
    tail.pass(20).await;
    assert_eq!(numbers(&tail.before), (23_000..24_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn pages_without_lines_are_followed_to_those_with_and_it_is_said_that_it_searches() {
    let (clients, calls) = clients(|called, _| {
        let seen = called.input["nextToken"].as_str().map_or(0, |token| token.parse::<u32>().unwrap());
        Answer::Json(match seen {
            8 => json!({ "events": [event(&(-5_000, "found".into()), "s0")] }),
            seen => json!({ "events": [], "nextToken": (seen + 1).to_string() }),
        })
    });
    let mut tail = Tailing::open(clients, Range::Since(now()), 2);
    tail.pass(8).await;
    assert_eq!(tail.lines, []);
    let said: Vec<&str> = tail.statuses.iter().flat_map(|status| &status.quiet).map(|quiet| &*quiet.why).collect();
    assert!(said.iter().any(|why| why.contains("still searching")), "{said:?}");
    assert!(calls.of("FilterLogEvents").len() > 8);
}

/// A place in a log is known to AWS for 24 hours.
#[rstest]
#[case::many_streams(2)]
#[case::one_stream(1)]
#[tokio::test(start_paused = true)]
async fn a_place_that_has_expired_costs_no_line(#[case] streams: usize) {
    let log = written((0..30_000).map(|number| (number / 10 - 10_000, number.to_string())));
    let (clients, _) = clients(move |called, nth| {
        let lost = nth % 3 == 2 && called.input["nextToken"].is_string();
        match (lost, called.operation.as_str()) {
            (true, _) => Answer::Fault("InvalidParameterException"),
            (_, "FilterLogEvents") => Answer::Json(page(&log, called)),
            _ => Answer::Json(stream_page(&log, called)),
        }
    });
    let mut tail = Tailing::open(clients, Range::Oldest, streams);
    tail.pass(120).await;
    let found: Vec<i64> = tail.texts(Role::Output).iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(found.len(), 30_000);
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..30_000).collect::<Vec<_>>());
    assert!(tail.texts(Role::Note)[0].contains("let the place in the log expire"));
}

/// GetLogEvents: its forward token is the number of lines before it, and comes back unchanged at the end.
fn stream_page(written: &Written, called: &Called) -> Value {
    let mut answer = page(written, called);
    let before: usize = called.input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let came = answer["events"].as_array().map_or(0, Vec::len);
    answer["nextForwardToken"] = (before + came).to_string().into();
    answer["nextBackwardToken"] = "b".into();
    answer
}

#[tokio::test(start_paused = true)]
async fn a_writer_whose_clock_runs_ahead_is_shown_and_hides_nobody() {
    let log = written((0..100).map(|number| (number - 1_000, number.to_string())));
    let behind = log.clone();
    let (clients, _) = clients(move |called, _| Answer::Json(page(&behind, called)));
    let mut tail = Tailing::open(clients, Range::Newest, 2);
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

/// An answer with an empty token has no next page; asked with it, AWS would begin anew.
#[tokio::test(start_paused = true)]
async fn an_empty_token_is_none() {
    let (clients, calls) = clients(|_, _| Answer::Json(json!({ "events": [], "nextToken": "" })));
    let mut tail = Tailing::open(clients, Range::Newest, 2);
    tail.pass(30).await;
    assert!(calls.of("FilterLogEvents").iter().all(|input| input["nextToken"].is_null()));
    assert!(calls.of("FilterLogEvents").len() <= 17);
}

/// Lines of what runs are shown though those of ended tasks cannot be had for now; these come when they can.
#[tokio::test(start_paused = true)]
async fn what_runs_does_not_wait_long_for_what_has_ended() {
    let log = written([(-4_000, "before".to_owned()), (-2_000, "now".to_owned())]);
    let opened = Instant::now();
    let (clients, _) = clients(move |called, _| match called.input["logGroupName"].as_str() {
        Some("/old") if opened.elapsed() < Duration::from_secs(30) => Answer::Silence,
        Some("/old") => Answer::Json(page(&written([(-3_000, "last words".into())]), called)),
        _ => Answer::Json(page(&log, called)),
    });
    let mut tail = Tailing::open(clients, Range::Newest, 2);
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
