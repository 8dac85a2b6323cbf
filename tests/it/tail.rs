//! The tail over the real SDK against the demo endpoint: what it shows, what it costs, and bad days.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ecsight::{
    demo::Endpoint,
    logs::{Followed, Line, Phase, Range, Role, Set, Source},
};
use jiff::Timestamp;
use rstest::rstest;
use tokio::time::{Instant, sleep};

use crate::support::tailing::{START_MS, Tailing, clients, quiet, running, source, texts, write};

const GROUP: &str = "/ecs/web";

fn sources(count: usize) -> Vec<Arc<Source>> {
    (0..count).map(|task| source(GROUP, task)).collect()
}

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + after_ms).unwrap()
}

/// Lines that were written before, by all in turn, one each millisecond up to the start.
fn written_before(endpoint: &Endpoint, sources: &[Arc<Source>], count: i64) {
    for number in 0..count {
        let source = &sources[number as usize % sources.len()];
        write(endpoint, source, number - count - 10_000, &number.to_string());
    }
}

fn numbers(lines: &[Line]) -> Vec<i64> {
    texts(lines).iter().map(|text| text.parse().unwrap()).collect()
}

fn calls(endpoint: &Endpoint) -> u64 {
    endpoint.count("GetLogEvents") + endpoint.count("FilterLogEvents")
}

#[rstest]
#[case::one_stream(1)]
#[case::streams_of_one_call(3)]
#[case::more_than_a_call_takes(250)]
#[tokio::test(start_paused = true)]
async fn the_newest_lines_come_first_then_what_is_written_and_older_ones_when_asked_for(#[case] streams: usize) {
    let (endpoint, sources) = (quiet(), sources(streams));
    written_before(&endpoint, &sources, 4_000);
    let mut tail = Tailing::open(&endpoint, Range::Newest, running(&sources));
    tail.pass(20).await;
    let first = numbers(&tail.lines)[0];
    assert!((1..=3_001).contains(&first), "{first}");
    assert_eq!(numbers(&tail.lines), (first..4_000).collect::<Vec<_>>());
    assert_eq!(tail.status().phase, Phase::Following);
    for number in 0..100 {
        write(&endpoint, &sources[number % streams], 20_000 + number as i64, &(4_000 + number).to_string());
    }
    tail.pass(20).await;
    assert_eq!(numbers(&tail.lines), (first..4_100).collect::<Vec<_>>());
    for _ in 0..8 {
        tail.go_back().await;
    }
    assert_eq!(numbers(&tail.before), (0..first).collect::<Vec<_>>());
    assert!(tail.end);
    assert!(tail.lines.iter().all(|line| !line.late));
}
