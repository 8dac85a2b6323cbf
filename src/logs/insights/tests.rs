//! Queries against a scripted AWS.

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

use super::*;
use crate::logs::{
    CallRate, Followed, LogSubject,
    groups::tests::followed,
    scripted::{Answer, Called, Calls, clients, now},
};
use crate::resource::{Query, View, task};

struct QueryHarness {
    updates: mpsc::Receiver<TailMessage>,
    calls: Calls,
    running: JoinHandle<()>,
    _ends: (watch::Sender<StreamSet>, mpsc::Sender<()>),
}

fn query(streams: Vec<Followed>, script: impl Fn(&Called, usize) -> Answer + Send + Sync + 'static) -> QueryHarness {
    let (clients, calls) = clients(script);
    let (set, streams) = watch::channel(StreamSet { streams, complete: true, ..StreamSet::default() });
    let (older, asked) = mpsc::channel(1);
    let (sender, updates) = mpsc::channel(64);
    let of =
        LogSubject { name: "web".into(), view: View::new(&task::KIND, Query::default()), tasks: None, container: None };
    let to = now();
    let from = to - SignedDuration::from_hours(1);
    let wanted =
        LogRequest { id: 7, of, read: Read::Query { text: "fields fliter".into(), from, to }, pace: CallRate(1.0) };
    let channels = Channels { set: streams, older: asked, updates: sender };
    QueryHarness { updates, calls, running: tokio::spawn(run(clients, wanted, now, channels)), _ends: (set, older) }
}

impl QueryHarness {
    /// Reads until the query is done; returns the lines and the last status.
    async fn done(&mut self) -> (Vec<Line>, TailStatus) {
        let mut lines = Vec::new();
        loop {
            match self.updates.recv().await.unwrap().update {
                TailUpdate::Lines(more) => lines.extend(more),
                TailUpdate::Status(status) if status.phase == TailPhase::Done => return (lines, (*status).clone()),
                TailUpdate::Status(_) | TailUpdate::Late(_) | TailUpdate::Older { .. } => {}
            }
        }
    }
}

fn web() -> Vec<Followed> {
    vec![followed(None, "/web", "ecs/app/a1", "a1"), followed(None, "/web", "ecs/app/b2", "b2")]
}

fn row(fields: &[(&str, &str)]) -> Value {
    fields.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect()
}

/// A script that returns these results on the third poll.
fn results(rows: Vec<Value>) -> impl Fn(&Called, usize) -> Answer + Send + Sync + 'static {
    move |called, nth| {
        let status = if nth < 2 { "Running" } else { "Complete" };
        Answer::Json(match &*called.operation {
            "StartQuery" => json!({ "queryId": "q" }),
            "GetQueryResults" => json!({
                "status": status,
                "results": rows,
                "statistics": { "bytesScanned": 3_221_225_472.0, "recordsScanned": 1_204_332.0, "recordsMatched": 2_000.0 },
            }),
            _ => json!({ "success": true }),
        })
    }
}

/// Message and advice of the failure.
fn failed(status: &TailStatus) -> String {
    let failure = status.failure.as_ref().unwrap();
    format!("{}; {}", failure.message, failure.advice.as_deref().unwrap_or_default())
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| &*line.text).collect()
}

#[tokio::test(start_paused = true)]
async fn results_become_lines_of_their_tasks_by_time_with_the_cost() {
    let gone = "0123456789abcdef0123456789abcdef";
    let mut query_run = query(
        web(),
        results(vec![
            row(&[("@timestamp", "2025-06-15 15:06:40.500"), ("@message", "third\n"), ("@logStream", "ecs/app/b2")]),
            row(&[("@timestamp", "2025-06-15 15:06:40.000"), ("@message", "second"), ("@logStream", "ecs/app/a1")]),
            row(&[
                ("@timestamp", "2025-06-15 15:06:39.000"),
                ("@message", "first"),
                ("@logStream", &format!("ecs/app/{gone}")),
            ]),
        ]),
    );
    let (lines, status) = query_run.done().await;
    let summary = "3 results; 2,000 of 1,204,332 records match, 3.0 GB scanned, about $0.01";
    assert_eq!(texts(&lines), ["first", "second", "third", summary]);
    let sources: Vec<_> =
        lines.iter().map(|line| line.source.as_ref().map(|source| source.task().to_owned())).collect();
    assert_eq!(sources, [Some("01234567".into()), Some("a1".into()), Some("b2".into()), None]);
    assert_eq!(lines[2].at, "2025-06-15T15:06:40.5Z".parse().unwrap());
    assert_eq!((status.streams, status.groups.len(), status.calls), (2, 1, 4));
    assert_eq!(status.scanned.unwrap().bytes, 3_221_225_472.0);
    assert_eq!(
        query_run.calls.inputs("StartQuery"),
        [json!({
            "logGroupNames": ["/web"],
            "queryString": "fields fliter",
            "startTime": now().as_second() - 3600,
            "endTime": now().as_second(),
            "limit": 10_000,
        })]
    );
    // A query that is over is not stopped.
    drop(query_run.updates);
    query_run.running.await.unwrap();
    assert_eq!(query_run.calls.inputs("StopQuery").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn counts_stand_in_columns_and_in_the_order_in_which_they_came() {
    let mut query_run = query(
        web(),
        results(vec![
            row(&[("bin(5m)", "2025-06-15 15:00:00.000"), ("count(*)", "7"), ("who", "a b")]),
            row(&[("bin(5m)", "2025-06-15 14:50:00.000"), ("count(*)", "1204"), ("who", "c")]),
            row(&[("bin(5m)", "2025-06-15 14:55:00.000"), ("count(*)", "12"), ("who", "d")]),
        ]),
    );
    let (lines, _) = query_run.done().await;
    insta::assert_snapshot!(texts(&lines[..3]).join("\n"));
    assert_eq!(lines[1].at, "2025-06-15T14:50:00Z".parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn fields_follow_a_message_unless_it_is_json() {
    let time = ("@timestamp", "2025-06-15 15:06:40.000");
    let mut query_run = query(
        web(),
        results(vec![
            row(&[time, ("@message", "GET /"), ("status", "500"), ("@ptr", "x")]),
            row(&[time, ("@message", r#"{"status":500}"#), ("status", "500")]),
        ]),
    );
    let (lines, _) = query_run.done().await;
    assert_eq!(texts(&lines[..2]), ["GET /  status=500", r#"{"status":500}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_query_is_stopped_when_its_reader_is_gone() {
    let mut query_run = query(web(), |called, _| match &*called.operation {
        "StartQuery" => Answer::Json(json!({ "queryId": "q" })),
        "StopQuery" => Answer::Json(json!({ "success": true })),
        _ => Answer::Json(json!({ "status": "Running" })),
    });
    while query_run.calls.inputs("GetQueryResults").is_empty() {
        query_run.updates.recv().await.unwrap();
    }
    query_run.running.abort();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(query_run.calls.inputs("StopQuery"), [json!({ "queryId": "q" })]);
}

#[tokio::test(start_paused = true)]
async fn a_syntax_error_is_reported_with_its_position() {
    let fault = json!({
        "__type": "MalformedQueryException",
        "message": "unexpected symbol",
        "queryCompileError": { "message": "unexpected symbol", "location": { "startCharOffset": 7, "endCharOffset": 13 } },
    });
    let mut query_run = query(web(), move |_, _| Answer::FaultBody(fault.clone()));
    let (lines, status) = query_run.done().await;
    assert_eq!(texts(&lines), [""; 0]);
    assert_eq!(failed(&status), "at character 8, \"fliter\": unexpected symbol; `:query` opens it again");
    assert_eq!(query_run.calls.inputs("StartQuery").len(), 1);
}

#[rstest::rstest]
#[case("AccessDeniedException", "AWS's words; ask for logs:StartQuery on this scope")]
#[case("ResourceNotFoundException", "AWS's words; a log group is made when its first task writes")]
#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_not_retried(#[case] code: &'static str, #[case] expected: &str) {
    let mut query_run = query(web(), move |_, _| Answer::Fault(code));
    let (_, status) = query_run.done().await;
    assert_eq!(failed(&status), expected);
    assert_eq!(query_run.calls.all().len(), 1);
}

#[rstest::rstest]
#[case("LimitExceededException")]
#[case("ThrottlingException")]
#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_retried(#[case] code: &'static str) {
    let answered = results(vec![row(&[("@message", "here")])]);
    let start = Instant::now();
    let mut query_run = query(web(), move |called, nth| match nth {
        0 => Answer::Fault(code),
        _ => answered(called, nth),
    });
    let (lines, status) = query_run.done().await;
    assert_eq!(texts(&lines)[0], "here");
    assert!(status.failure.is_none() && start.elapsed() >= 2 * AGAIN, "{:?}", start.elapsed());
}

#[rstest::rstest]
#[case("Failed", "AWS could not run it; ")]
#[case("Timeout", "it took longer than the 60 minutes that AWS gives it; ask for a shorter time")]
#[case("Cancelled", "somebody cancelled it; ")]
#[tokio::test(start_paused = true)]
async fn a_query_that_ends_without_results_says_why(#[case] ending: &'static str, #[case] expected: &str) {
    let mut query_run = query(web(), move |called, _| match &*called.operation {
        "StartQuery" => Answer::Json(json!({ "queryId": "q" })),
        _ => Answer::Json(json!({ "status": ending })),
    });
    assert_eq!(failed(&query_run.done().await.1), expected);
}

#[tokio::test(start_paused = true)]
async fn without_a_log_group_no_call_is_made() {
    let mut query_run = query(Vec::new(), |_, _| Answer::Silence);
    assert_eq!(texts(&query_run.done().await.0), ["there is no log group to query"]);
    assert!(query_run.calls.all().is_empty());
}
