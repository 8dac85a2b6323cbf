//! The demo endpoint's logs as the real SDK sees them, in virtual time.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::{
    Client,
    error::ProvideErrorMetadata,
    operation::{get_query_results::GetQueryResultsOutput, start_live_tail::StartLiveTailOutput},
    types::{QueryStatus, ResultField, StartLiveTailResponseStream as Live, error::StartLiveTailResponseStreamError},
};
use ecsight::demo::{Endpoint, Options, Server, logs::Settings, world::World};
use tokio::time::Instant;

use crate::support::in_process::{no_host_prefix, sdk_config};

/// Start of the simulation: noon of some day.
const START_MS: i64 = 1_769_860_800_000;
const GROUP: &str = "/ecs/web";
const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web";

/// An account with a log group and without tasks.
fn endpoint(faults: &[&str]) -> Endpoint {
    let faults = faults.iter().map(|spec| spec.parse().unwrap()).collect();
    let world = World::sized(1, 0, 0, START_MS);
    let endpoint = Endpoint::with_world(world, Options { faults, quotas: false, ..Options::default() });
    endpoint.with(|world| world.logs.set(GROUP, START_MS, Settings::default()));
    endpoint
}

fn client(endpoint: &Endpoint) -> Client {
    Client::from_conf(no_host_prefix(aws_sdk_cloudwatchlogs::config::Builder::from(&sdk_config(endpoint))))
}

/// Writes lines with the current time to their streams.
fn write(endpoint: &Endpoint, lines: &[(&str, &str)]) {
    endpoint.with(|world| {
        lines.iter().for_each(|(stream, line)| world.logs.put(GROUP, stream, world.now_ms, (*line).into()));
    });
}

/// Next update of a session: streams and messages of its events, and whether they are a sample.
async fn update(session: &mut StartLiveTailOutput) -> (Vec<(String, String)>, bool) {
    match session.response_stream.recv().await.unwrap() {
        Some(Live::SessionUpdate(update)) => {
            let events = update
                .session_results()
                .iter()
                .map(|event| (event.log_stream_name().unwrap().to_owned(), event.message().unwrap().to_owned()));
            (events.collect(), update.session_metadata().unwrap().sampled())
        }
        other => panic!("{other:?}"),
    }
}

async fn started(
    tail: aws_sdk_cloudwatchlogs::operation::start_live_tail::builders::StartLiveTailFluentBuilder,
) -> StartLiveTailOutput {
    let mut session = tail.send().await.unwrap();
    let first = session.response_stream.recv().await.unwrap();
    assert!(matches!(first, Some(Live::SessionStart(_))), "{first:?}");
    session
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_sends_an_update_every_second_even_if_empty() {
    let endpoint = endpoint(&[]);
    write(&endpoint, &[("ecs/app/1", "before")]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let begun = Instant::now();
    let mut session = started(client(&endpoint).start_live_tail().log_group_identifiers(ARN)).await;
    assert_eq!(update(&mut session).await, (vec![], false));
    write(&endpoint, &[("ecs/app/1", "one"), ("ecs/app/2", "two")]);
    assert_eq!(update(&mut session).await.0.len(), 0, "still being taken in");
    let events = update(&mut session).await.0;
    assert_eq!(events, [("ecs/app/1".into(), "one".into()), ("ecs/app/2".into(), "two".into())]);
    assert_eq!(update(&mut session).await.0.len(), 0, "events once");
    assert_eq!(begun.elapsed(), Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_can_be_limited_to_streams_and_a_pattern() {
    let endpoint = endpoint(&[]);
    let tail = || client(&endpoint).start_live_tail().log_group_identifiers(ARN);
    let mut named = started(tail().log_stream_names("ecs/app/1")).await;
    let mut prefixed = started(tail().log_stream_name_prefixes("ecs/app/").log_event_filter_pattern("ERROR")).await;
    write(&endpoint, &[("ecs/app/1", "fine"), ("ecs/app/2", "ERROR a"), ("ecs/envoy/2", "ERROR b")]);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(update(&mut named).await.0, [("ecs/app/1".into(), "fine".into())]);
    assert_eq!(update(&mut prefixed).await.0, [("ecs/app/2".into(), "ERROR a".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_sends_a_sample_above_500_lines_a_second() {
    let endpoint = endpoint(&[]);
    let mut session = started(client(&endpoint).start_live_tail().log_group_identifiers(ARN)).await;
    let lines: Vec<String> = (0..1_200).map(|number| number.to_string()).collect();
    write(&endpoint, &lines.iter().map(|line| ("s", line.as_str())).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (events, sampled) = update(&mut session).await;
    assert_eq!((events.len(), sampled), (500, true));
    let numbers: Vec<usize> = events.iter().map(|(_, line)| line.parse().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers[499] > 1_100, "the sample is of all of them: {numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn late_lines_reach_a_live_tail_when_they_arrive() {
    let endpoint = endpoint(&[]);
    let mut session = started(client(&endpoint).start_live_tail().log_group_identifiers(ARN)).await;
    write(&endpoint, &[("s", "on time")]);
    tokio::time::sleep(Duration::from_millis(30_500)).await;
    assert_eq!(update(&mut session).await.0.len(), 1);
    endpoint.with(|world| world.logs.put_at(GROUP, "s", START_MS - 1_000, world.now_ms, "late".into()));
    assert_eq!(update(&mut session).await.0, [("s".into(), "late".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_ends_after_three_hours() {
    let endpoint = endpoint(&[]);
    let mut session = started(client(&endpoint).start_live_tail().log_group_identifiers(ARN)).await;
    tokio::time::sleep(Duration::from_hours(3)).await;
    let ended = session.response_stream.recv().await.unwrap_err().into_service_error();
    assert!(matches!(ended, StartLiveTailResponseStreamError::SessionTimeoutException(_)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn faults_cut_end_and_silence_a_live_tail() {
    let endpoint = endpoint(&["tail-cut#1"]);
    let tail = || client(&endpoint).start_live_tail().log_group_identifiers(ARN);
    let mut session = started(tail()).await;
    assert!(session.response_stream.recv().await.is_err());

    endpoint.add_fault("tail-broken#1".parse().unwrap());
    let mut session = started(tail()).await;
    let ended = session.response_stream.recv().await.unwrap_err().into_service_error();
    assert!(matches!(ended, StartLiveTailResponseStreamError::SessionStreamingException(_)), "{ended:?}");

    endpoint.add_fault("tail-silent#10".parse().unwrap());
    let mut session = started(tail()).await;
    let begun = Instant::now();
    update(&mut session).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_live_tail_gets_the_error_of_aws() {
    let endpoint = endpoint(&[]);
    endpoint.with(|world| world.logs.set("rare", START_MS, Settings { infrequent: true, ..Settings::default() }));
    let start = async |arns: &[&str]| {
        let arns = arns.iter().map(|arn| (*arn).to_owned()).collect();
        let refused = client(&endpoint).start_live_tail().set_log_group_identifiers(Some(arns)).send().await;
        refused.map(|_| ()).unwrap_err().code().unwrap().to_owned()
    };
    let other = ARN.replace("web", "other");
    assert_eq!(start(&[&format!("{ARN}:*")]).await, "InvalidParameterException");
    assert_eq!(start(&[GROUP]).await, "InvalidParameterException");
    assert_eq!(start(&[]).await, "InvalidParameterException");
    assert_eq!(start(&[ARN; 11]).await, "InvalidParameterException");
    assert_eq!(start(&[&other]).await, "ResourceNotFoundException");
    assert_eq!(start(&[&ARN.replace("/ecs/web", "rare")]).await, "InvalidOperationException");
    endpoint.add_fault("deny:StartLiveTail".parse().unwrap());
    assert_eq!(start(&[ARN]).await, "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn fifteen_live_tails_may_be_open_at_once() {
    let endpoint = endpoint(&[]);
    let tail = || client(&endpoint).start_live_tail().log_group_identifiers(ARN);
    let mut sessions = Vec::new();
    for _ in 0..15 {
        sessions.push(started(tail()).await);
    }
    let refused = tail().send().await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), Some("LimitExceededException"));
    sessions.pop();
    started(tail()).await;
}

#[tokio::test]
async fn a_live_tail_streams_over_a_socket() {
    let world = World::sized(1, 0, 0, START_MS);
    let endpoint = Endpoint::with_world(world, Options { speed: 60.0, ..Options::default() });
    endpoint.with(|world| world.logs.set(GROUP, START_MS, Settings::default()));
    let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint.clone()).await.unwrap();
    let mut config = sdk_config(&endpoint).to_builder().endpoint_url(server.url());
    config.set_http_client(None);
    let client = Client::from_conf(no_host_prefix(aws_sdk_cloudwatchlogs::config::Builder::from(&config.build())));
    let mut session = started(client.start_live_tail().log_group_identifiers(ARN)).await;
    write(&endpoint, &[("s", "over the wire")]);
    assert_eq!(update(&mut session).await.0, [("s".into(), "over the wire".into())]);
    // An open session must not keep the server from stopping.
    server.stop().await;
}

fn cells(row: &[ResultField]) -> Vec<(&str, &str)> {
    let shown = row.iter().filter(|cell| cell.field() != Some("@ptr"));
    shown.map(|cell| (cell.field().unwrap(), cell.value().unwrap())).collect()
}

async fn finished(client: &Client, query: &str) -> GetQueryResultsOutput {
    let started = client.start_query().log_group_names(GROUP).query_string(query);
    let started = started.start_time(START_MS / 1_000 - 60).end_time(START_MS / 1_000 + 60).send().await.unwrap();
    loop {
        let results = client.get_query_results().query_id(started.query_id().unwrap()).send().await.unwrap();
        if results.status() == Some(&QueryStatus::Complete) {
            return results;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_runs_for_a_while_and_then_has_its_results() {
    let endpoint = endpoint(&[]);
    for number in 0..8 {
        write(&endpoint, &[("ecs/app/1", &format!(r#"{{"level":"error","n":{number}}}"#)), ("ecs/app/2", "fine")]);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let client = client(&endpoint);
    let query = "fields level, n | filter @logStream like /app/ and n >= 3 | sort n desc | limit 2";
    let started = client.start_query().log_group_identifiers(ARN).query_string(query);
    let started = started.start_time(START_MS / 1_000).end_time(START_MS / 1_000 + 10).send().await.unwrap();
    let mut rows: Vec<(String, f64)> = Vec::new();
    let done = loop {
        let results = client.get_query_results().query_id(started.query_id().unwrap()).send().await.unwrap();
        let scanned = results.statistics().unwrap().records_scanned();
        rows.push((results.status().unwrap().as_str().to_owned(), scanned));
        if results.status() == Some(&QueryStatus::Complete) {
            break results;
        }
    };
    let statuses: Vec<_> = rows.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["Scheduled", "Running", "Running", "Complete"]);
    assert!(rows.is_sorted_by(|a, b| a.1 <= b.1) && rows[3].1 == 16.0, "{rows:?}");
    let rows: Vec<_> = done.results().iter().map(|row| cells(row)).collect();
    assert_eq!(rows, [[("level", "error"), ("n", "7")], [("level", "error"), ("n", "6")]]);
    assert_eq!(done.statistics().unwrap().records_matched(), 5.0);
    let stopped = client.stop_query().query_id(started.query_id().unwrap()).send().await.unwrap_err();
    assert_eq!(stopped.code(), Some("InvalidParameterException"));

    let all = finished(&client, "stats count(*) as lines by @logStream").await;
    let rows: Vec<_> = all.results().iter().map(|row| cells(row)).collect();
    assert_eq!(rows, [[("@logStream", "ecs/app/1"), ("lines", "8")], [("@logStream", "ecs/app/2"), ("lines", "8")]]);
}

#[tokio::test(start_paused = true)]
async fn a_query_can_be_cancelled_and_thirty_may_run_at_once() {
    let client = client(&endpoint(&[]));
    let start = || client.start_query().log_group_name(GROUP).query_string("").start_time(0).end_time(1).send();
    let first = start().await.unwrap();
    for _ in 1..30 {
        start().await.unwrap();
    }
    let refused = start().await.unwrap_err();
    assert_eq!(refused.message(), Some("Account maximum query concurrency limit of [30] reached."));
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    assert!(client.stop_query().query_id(first.query_id().unwrap()).send().await.unwrap().success());
    let results = client.get_query_results().query_id(first.query_id().unwrap()).send().await.unwrap();
    assert_eq!(results.status(), Some(&QueryStatus::Cancelled));
    start().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_invalid_query_is_refused_with_the_position() {
    let client = client(&endpoint(&[]));
    let query = client.start_query().log_group_name(GROUP).query_string("fields @message | frobnicate 3");
    let refused = query.start_time(0).end_time(1).send().await.unwrap_err();
    let refused = refused.into_service_error();
    let error = match &refused {
        aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError::MalformedQueryException(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.message(), Some("unexpected symbol found frobnicate at line 1 and position 19"));
    let place = error.query_compile_error().unwrap().location().unwrap();
    assert_eq!((place.start_char_offset(), place.end_char_offset()), (Some(18), Some(28)));
}
