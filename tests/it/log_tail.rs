//! The tail over the real SDK against the demo endpoint: its lines, its number of calls, and failures.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ecsight::{
    aws::FailureKind,
    demo::{
        Endpoint,
        logs::{Access, Settings},
    },
    logs::{Followed, Line, Range, Role, Source, StreamSet, TailPhase},
};
use jiff::Timestamp;
use rstest::rstest;
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::tail_runner::{START_MS, TailRunner, clients, quiet_endpoint, running, source, texts, write};

const GROUP: &str = "/ecs/web";

fn sources(count: usize) -> Vec<Arc<Source>> {
    (0..count).map(|task| source(GROUP, task)).collect()
}

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + after_ms).unwrap()
}

/// Writes lines by all sources in turn, one per millisecond, ending some time before the start.
fn written_before(endpoint: &Endpoint, sources: &[Arc<Source>], count: i64) {
    for number in 0..count {
        let source = &sources[number as usize % sources.len()];
        write(endpoint, source, number - count - 10_000, &number.to_string());
    }
}

fn numbers(lines: &[Line]) -> Vec<i64> {
    texts(lines).iter().map(|text| text.parse().unwrap()).collect()
}

/// Spawns a task that writes lines at an interval, by the sources in turn, while the tail runs.
fn keep_writing(endpoint: &Endpoint, sources: &[Arc<Source>], every_ms: u64, seconds: u64) {
    let (endpoint, sources, start) = (endpoint.clone(), sources.to_vec(), Instant::now());
    tokio::spawn(async move {
        for number in 0..seconds * 1_000 / every_ms {
            sleep_until(start + Duration::from_millis(number * every_ms)).await;
            write(
                &endpoint,
                &sources[number as usize % sources.len()],
                (number * every_ms) as i64,
                &number.to_string(),
            );
        }
    });
}

fn calls(endpoint: &Endpoint) -> u64 {
    endpoint.count("GetLogEvents") + endpoint.count("FilterLogEvents")
}

fn silent_sources(tail: &TailRunner) -> Vec<String> {
    tail.status().silent.iter().map(|source| format!("{}: {}", source.what, source.why)).collect()
}

#[rstest]
#[case::one_stream(1)]
#[case::several(2)]
#[tokio::test(start_paused = true)]
async fn a_stack_trace_written_before_is_read_from_its_top(#[case] streams: usize) {
    let (endpoint, sources) = (quiet_endpoint(), sources(streams));
    for number in 0..40 {
        write(&endpoint, &sources[number % streams], -60_000, &number.to_string());
    }
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(20).await;
    assert_eq!(numbers(&tail.lines), (0..40).collect::<Vec<_>>());
}

#[rstest]
#[case::one_stream(1)]
#[case::streams_of_one_call(3)]
#[case::more_than_a_call_takes(250)]
#[tokio::test(start_paused = true)]
async fn the_newest_lines_come_first_then_new_ones_and_older_ones_on_request(#[case] streams: usize) {
    let (endpoint, sources) = (quiet_endpoint(), sources(streams));
    written_before(&endpoint, &sources, 4_000);
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(20).await;
    let first = numbers(&tail.lines)[0];
    assert!((1..=3_001).contains(&first), "{first}");
    assert_eq!(numbers(&tail.lines), (first..4_000).collect::<Vec<_>>());
    assert_eq!(tail.status().phase, TailPhase::Following);
    for number in 0..100 {
        write(&endpoint, &sources[number % streams], 20_000 + number as i64, &(4_000 + number).to_string());
    }
    tail.run_for(20).await;
    assert_eq!(numbers(&tail.lines), (first..4_100).collect::<Vec<_>>());
    for _ in 0..8 {
        tail.read_older().await;
    }
    assert_eq!(numbers(&tail.before), (0..first).collect::<Vec<_>>());
    assert!(tail.end);
    assert!(tail.lines.iter().all(|line| !line.late));
}

#[rstest]
#[case::one_stream(1, 50)]
#[case::a_hundred(100, 50)]
#[case::chunks(250, 50)]
#[case::many_lines(3, 5)]
#[tokio::test(start_paused = true)]
async fn every_line_arrives_once_and_in_order(#[case] streams: usize, #[case] every_ms: u64) {
    let (endpoint, sources) = (quiet_endpoint(), sources(streams));
    for source in &sources {
        write(&endpoint, source, -5_000, "-1");
    }
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    keep_writing(&endpoint, &sources, every_ms, 120);
    tail.run_for(150).await;
    let found: Vec<i64> = numbers(&tail.lines).into_iter().filter(|number| *number >= 0).collect();
    assert_eq!(found, (0..120_000 / every_ms as i64).collect::<Vec<_>>());
    assert!(tail.lines.iter().all(|line| !line.late));
}

#[rstest]
#[case::few_lines(1_000, 20)]
#[case::more_than_a_pass_reaches_back(5, 25)]
#[tokio::test(start_paused = true)]
async fn late_lines_are_sorted_in_once(#[case] every_ms: u64, #[case] late_by: i64) {
    let (endpoint, sources) = (quiet_endpoint(), sources(5));
    let mut tail = TailRunner::open(&endpoint, Range::Since(at(-1_000)), running(&sources));
    for source in &sources {
        write(&endpoint, source, -500, "-1");
    }
    keep_writing(&endpoint, &sources, every_ms, 150);
    tail.run_for(60).await;
    for number in 0..10 {
        let (source, text) = (&sources[number % 5].stream, format!("{}", 1_000_000 + number));
        endpoint.with(|world| {
            let now_ms = START_MS + 60_000;
            world.logs.put_at(&source.group, &source.name, now_ms - late_by * 1_000, now_ms, text);
        });
    }
    tail.run_for(200).await;
    let late: Vec<&Line> = tail.lines.iter().filter(|line| line.text.len() == 7).collect();
    let came: Vec<&str> = late.iter().map(|line| &*line.text).collect();
    assert_eq!(came, (0..10).map(|number| (1_000_000 + number).to_string()).collect::<Vec<_>>());
    assert!(!late.iter().any(|line| line.late));
    assert!(tail.lines.is_sorted_by_key(|line| line.at));
    let found: BTreeSet<i64> = numbers(&tail.lines).into_iter().collect();
    assert_eq!(found.len(), 150_000 / every_ms as usize + 11);
}

/// Each writer sends the lines of five seconds in one batch.
#[tokio::test(start_paused = true)]
async fn lines_sent_in_batches_arrive_in_order() {
    let (endpoint, sources) = (quiet_endpoint(), sources(10));
    sources.iter().for_each(|source| write(&endpoint, source, -9_000, "begins"));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    let (world, writers, start) = (endpoint.clone(), sources.clone(), Instant::now());
    tokio::spawn(async move {
        for second in 0..180_i64 {
            sleep_until(start + Duration::from_secs(second as u64)).await;
            for number in (0..10).filter(|number| (second + number) % 5 == 0) {
                let stream = &writers[number as usize].stream;
                for at in second - 5..second {
                    let (at, now) = (START_MS + at * 1_000 + number, START_MS + second * 1_000);
                    world.with(|world| world.logs.put_at(&stream.group, &stream.name, at, now, at.to_string()));
                }
            }
        }
    });
    tail.run_for(200).await;
    assert_eq!(tail.texts().len(), 10 + 1_800);
    assert!(tail.late < 500, "{} of 1,810 lines came late: they wait for each other", tail.late);
    assert!(tail.lines.is_sorted_by_key(|line| line.at));
}

/// Lines with equal stream, time and text are separate lines.
#[rstest]
#[case::one_stream(1)]
#[case::several(2)]
#[tokio::test(start_paused = true)]
async fn equal_lines_are_all_shown(#[case] streams: usize) {
    let (endpoint, sources) = (quiet_endpoint(), sources(streams));
    sources.iter().for_each(|source| write(&endpoint, source, -9_000, "begins"));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(5).await;
    for _ in 0..3 {
        write(&endpoint, &sources[0], 5_000, "retry");
    }
    tail.run_for(100).await;
    assert_eq!(tail.texts().iter().filter(|text| **text == "retry").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_task_is_read_from_its_start_and_a_stopped_one_to_its_last_line() {
    let (endpoint, sources) = (quiet_endpoint(), sources(3));
    write(&endpoint, &sources[0], -60_000, "one begins");
    let mark = |role, source: &Arc<Source>, after_ms, text: &str| Line {
        source: Some(source.clone()),
        at: at(after_ms),
        role,
        level: None,
        late: false,
        task: None,
        text: text.into(),
    };
    let mut set = running(&sources[..1]);
    set.marks = vec![mark(Role::Started, &sources[0], -61_000, "+ one")];
    let mut tail = TailRunner::open(&endpoint, Range::Newest, set.clone());
    tail.run_for(10).await;
    // The second task starts and writes before it is known; the first stops and writes its last lines late.
    for (after_ms, text) in [(10_000, "two begins"), (11_000, "two goes on")] {
        write(&endpoint, &sources[1], after_ms, text);
    }
    tail.run_for(20).await;
    set.streams[0].ended = Some(at(29_000));
    set.streams.push(Followed { source: sources[1].clone(), ended: None });
    set.marks.push(mark(Role::Started, &sources[1], 9_000, "+ two"));
    set.marks.push(mark(Role::Stopped { fault: true }, &sources[0], 29_000, "− one"));
    tail.set.send_replace(set.clone());
    tail.run_for(20).await;
    write(&endpoint, &sources[0], 28_900, "one's last words");
    write(&endpoint, &sources[1], 48_000, "two lives");
    tail.run_for(20).await;
    // The same stop with another reason makes no second mark.
    set.marks[2].text = "− one stopped: exit 137".into();
    tail.set.send_replace(set.clone());
    tail.run_for(60).await;
    let all: Vec<&str> = tail.lines.iter().map(|line| &*line.text).collect();
    let expected =
        ["+ one", "one begins", "+ two", "two begins", "two goes on", "one's last words", "− one", "two lives"];
    assert_eq!(all, expected, "each in its place");
    assert_eq!(tail.status().streams, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_is_read_once_and_makes_no_more_calls() {
    let (endpoint, sources) = (quiet_endpoint(), sources(1));
    written_before(&endpoint, &sources, 10);
    let ended = Some(at(-5_000));
    let set = StreamSet { streams: vec![Followed { source: sources[0].clone(), ended }], ..running(&[]) };
    let mut tail = TailRunner::with_pattern(&clients(&endpoint), Range::Newest, None, Some(&sources), set);
    tail.run_for(10).await;
    write(&endpoint, &sources[0], -5_500, "10");
    tail.run_for(110).await;
    assert_eq!(numbers(&tail.lines), (0..=10).collect::<Vec<_>>());
    assert_eq!(tail.status().phase, TailPhase::Done);
    let before = calls(&endpoint);
    tail.run_for(600).await;
    assert_eq!(calls(&endpoint), before);
}

#[rstest]
#[case::from_a_moment(Range::Since(at(-11_500)))]
#[case::from_the_first(Range::Oldest)]
#[case::between(Range::Between(at(-12_000), at(-11_001)))]
#[tokio::test(start_paused = true)]
async fn a_range_is_read_from_its_start(#[case] range: Range) {
    let (endpoint, sources) = (quiet_endpoint(), sources(120));
    written_before(&endpoint, &sources, 3_000);
    let mut tail = TailRunner::open(&endpoint, range, running(&sources));
    tail.run_for(20).await;
    write(&endpoint, &sources[7], 20_000, "3000");
    tail.run_for(60).await;
    let expected: Vec<i64> = match range {
        Range::Between(..) => (1_000..2_000).collect(),
        Range::Since(_) => (1_500..=3_000).collect(),
        Range::Newest | Range::Oldest => (0..=3_000).collect(),
    };
    assert_eq!(numbers(&tail.lines), expected);
    let phase = if matches!(range, Range::Between(..)) { TailPhase::Done } else { TailPhase::Following };
    assert_eq!(tail.status().phase, phase);
}

#[tokio::test(start_paused = true)]
async fn a_pattern_is_filtered_by_aws_even_for_one_stream() {
    let (endpoint, sources) = (quiet_endpoint(), sources(1));
    written_before(&endpoint, &sources, 2_000);
    let mut tail = TailRunner::with_pattern(&clients(&endpoint), Range::Newest, Some("77"), None, running(&sources));
    tail.run_for(20).await;
    write(&endpoint, &sources[0], 19_000, "779");
    write(&endpoint, &sources[0], 19_000, "80");
    tail.run_for(20).await;
    assert!(tail.texts().iter().all(|text| text.contains("77")));
    assert_eq!(tail.texts().last(), Some(&"779"));
    assert_eq!(endpoint.count("GetLogEvents"), 0);
}

/// A temporary failure is reported, and the tail resumes where it was.
#[rstest]
#[case::throttled("throttle", FailureKind::Throttled)]
#[case::credentials_expired("expired", FailureKind::Credentials)]
#[case::cut("cut", FailureKind::Offline)]
#[case::no_answer("hang", FailureKind::Offline)]
#[case::a_proxys_page("http500", FailureKind::Server)]
#[case::half_a_body("truncate", FailureKind::Garbled)]
#[case::denied("deny", FailureKind::Denied)]
#[tokio::test(start_paused = true)]
async fn a_failure_is_reported_and_the_tail_resumes(
    #[case] fault: &str,
    #[case] trouble: FailureKind,
    #[values(1, 150)] streams: usize,
) {
    let (endpoint, sources) = (quiet_endpoint(), sources(streams));
    for source in &sources {
        write(&endpoint, source, -60_000, "-1");
    }
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    keep_writing(&endpoint, &sources, 100, 120);
    tail.run_for(30).await;
    assert_eq!(tail.status().failure, None);
    endpoint.add_fault(fault.parse().unwrap());
    tail.run_for(60).await;
    let failure = tail.status().failure.clone().expect("a failure");
    assert_eq!(failure.kind, trouble);
    assert!(tail.status().retry_at.is_some());
    endpoint.clear_faults();
    tail.run_for(150).await;
    assert_eq!(tail.status().failure, None);
    let mut found = numbers(&tail.lines);
    found.retain(|number| *number >= 0);
    found.sort_unstable();
    assert_eq!(found, (0..1_200).collect::<Vec<_>>());
    assert_eq!(tail.notes().len(), 1, "{:?}", tail.notes());
    assert!(tail.notes()[0].contains("continued after"), "{:?}", tail.notes());
}

/// One group that cannot be read does not stop the others.
#[rstest]
#[case::missing(None, "/ecs/other: there is no such log group")]
#[case::denied(Some(Settings { access: Access::Denied, ..Settings::default() }), "ask for logs:GetLogEvents on /ecs/other")]
#[case::no_key(Some(Settings { access: Access::KeyDenied, key: Some("k".into()), ..Settings::default() }), "a KMS key you may not use")]
#[case::infrequent(Some(Settings { infrequent: true, ..Settings::default() }), "its class (infrequent access")]
#[tokio::test(start_paused = true)]
async fn an_unreadable_group_is_named_and_the_others_are_read(#[case] settings: Option<Settings>, #[case] words: &str) {
    let (endpoint, mut sources) = (quiet_endpoint(), sources(2));
    sources.push(source("/ecs/other", 9));
    written_before(&endpoint, &sources[..2], 10);
    if let Some(settings) = settings {
        write(&endpoint, &sources[2], -1_000, "hidden");
        endpoint.with(|world| world.logs.set("/ecs/other", START_MS, settings.clone()));
    }
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(30).await;
    write(&endpoint, &sources[0], 30_000, "10");
    tail.run_for(20).await;
    assert_eq!(numbers(&tail.lines), (0..=10).collect::<Vec<_>>());
    let quiet = silent_sources(&tail);
    assert!(quiet.iter().any(|quiet| quiet.contains(words)), "{quiet:?}");
    assert_eq!(tail.status().failure, None);
    // The cause is fixed.
    endpoint.with(|world| world.logs.set("/ecs/other", START_MS, Settings::default()));
    let written = if quiet[0].contains("no such") { "11" } else { "hidden" };
    write(&endpoint, &sources[2], 45_000, "11");
    tail.run_for(120).await;
    assert!(tail.texts().contains(&written) || tail.texts().contains(&"11"), "{:?}", tail.texts());
    assert_eq!(silent_sources(&tail), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn missing_streams_do_not_hide_the_others() {
    let (endpoint, sources) = (quiet_endpoint(), sources(60));
    for (number, source) in sources.iter().enumerate().filter(|(number, _)| ![7, 40].contains(number)) {
        write(&endpoint, source, number as i64 - 1_000, &number.to_string());
    }
    let mut set = running(&sources);
    set.streams[40].ended = Some(at(-900_000));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, set);
    tail.run_for(60).await;
    assert_eq!(tail.texts().len(), 58);
    let quiet = silent_sources(&tail);
    assert!(quiet.contains(&"00000007 app: no log stream yet: nothing written so far".to_owned()), "{quiet:?}");
    assert!(quiet.iter().any(|quiet| quiet.starts_with("00000028 app: ") && quiet.contains("retention")), "{quiet:?}");
    write(&endpoint, &sources[7], 61_000, "7");
    tail.run_for(90).await;
    assert_eq!(numbers(&tail.lines).into_iter().collect::<BTreeSet<_>>().len(), 59);
    assert_eq!(silent_sources(&tail).len(), 1);
}

/// A log group that was recreated, or whose retention has passed, has few or no streams of stopped tasks.
#[rstest]
#[case::all(2, 150, 1, 230)]
#[case::all_but_a_few(30, 150, 20, 310)]
#[case::some(30, 128, 128, 50)]
#[case::one(30, 100, 70, 20)]
#[tokio::test(start_paused = true)]
async fn running_tasks_are_shown_at_once_even_if_streams_of_stopped_ones_are_missing(
    #[case] running_tasks: usize,
    #[case] ended: usize,
    #[case] kind: usize,
    #[case] most: u64,
    #[values(Range::Newest, Range::Since(at(-3_600_000)))] range: Range,
) {
    let endpoint = quiet_endpoint();
    let sources = sources(running_tasks + ended);
    let is_gone = |task: usize| match kind {
        1 => true,
        20 => !task.is_multiple_of(20),
        128 => (100..128).contains(&task),
        one => task == one,
    };
    let gone: Vec<usize> = (running_tasks..sources.len()).filter(|number| is_gone(number - running_tasks)).collect();
    for (number, source) in sources.iter().enumerate().filter(|(number, _)| !gone.contains(number)) {
        write(&endpoint, source, -(number as i64) - 10_000, &number.to_string());
        if number >= running_tasks {
            // Within the time range of the running tasks.
            write(&endpoint, source, -10_000, &(1_000 + number).to_string());
        }
    }
    let mut set = running(&sources);
    for (number, stream) in set.streams[running_tasks..].iter_mut().enumerate() {
        stream.ended = Some(at(-900_000 - number as i64 * 1_000));
    }
    let mut tail = TailRunner::open(&endpoint, range, set);
    tail.run_for(1).await;
    let shown: BTreeSet<i64> = numbers(&tail.lines).into_iter().collect();
    assert!((0..running_tasks as i64).all(|number| shown.contains(&number)), "{shown:?}");
    assert_eq!(tail.status().phase, TailPhase::Following);
    // Following continues meanwhile.
    write(&endpoint, &sources[0], 2_000, "5000");
    tail.run_for(8).await;
    assert!(numbers(&tail.lines).contains(&5_000));
    tail.read_older().await;
    tail.run_for(600).await;
    let followed = 600 / 5 + 30;
    assert!(calls(&endpoint) <= most + followed, "{} calls", calls(&endpoint));
    for _ in 0..2 {
        tail.read_older().await;
    }
    assert!(tail.end);
    let mut found = numbers(&tail.before);
    found.extend(numbers(&tail.lines));
    found.sort_unstable();
    let exist = (0..sources.len()).filter(|number| !gone.contains(number)).map(|number| number as i64);
    let (running, over): (Vec<i64>, Vec<i64>) = exist.partition(|number| *number < running_tasks as i64);
    let mut written: Vec<i64> = over.iter().map(|number| number + 1_000).chain(running).chain(over.clone()).collect();
    written.push(5_000);
    written.sort_unstable();
    assert_eq!(found, written, "each line once");
    assert_eq!(silent_sources(&tail).iter().filter(|quiet| quiet.contains("retention")).count(), gone.len());
    let before = calls(&endpoint);
    tail.run_for(60).await;
    assert!(calls(&endpoint) - before <= 13, "what is missing is asked for no more");
}

/// The lines of running tasks start after those of stopped tasks, some of which have no stream. The tail must not report that it
/// has caught up before the lines of the stopped tasks have arrived.
#[tokio::test(start_paused = true)]
async fn the_tail_has_caught_up_only_with_the_lines_of_stopped_tasks() {
    let (endpoint, sources) = (quiet_endpoint(), sources(12));
    // Two of them never wrote a line.
    for (number, source) in (0..).zip(&sources).filter(|(number, _)| ![3, 7].contains(number)) {
        let at = if number == 0 { -5_000 } else { -100_000 + number };
        write(&endpoint, source, at, &number.to_string());
    }
    let mut set = running(&sources);
    set.streams[1..].iter_mut().for_each(|stream| stream.ended = Some(at(-60_000)));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, set);
    tail.run_for(2).await;
    assert_eq!(numbers(&tail.lines), [0], "what runs does not wait");
    while !tail.status().caught_up {
        tail.run_for(1).await;
    }
    assert_eq!(numbers(&tail.before), [1, 2, 4, 5, 6, 8, 9, 10, 11]);
}

/// 100 tasks of one group need at most half a call a second, an idle one less; several groups together at most one.
#[rstest]
#[case::busy(100, 1, Some(100), 30)]
#[case::idle(100, 1, None, 12)]
#[case::one_task(1, 1, Some(100), 30)]
#[case::many_groups(60, 12, Some(100), 60)]
#[case::many_tasks(900, 1, Some(100), 60)]
#[tokio::test(start_paused = true)]
async fn following_makes_few_calls(
    #[case] tasks: usize,
    #[case] groups: usize,
    #[case] every_ms: Option<u64>,
    #[case] most_a_minute: u64,
) {
    let endpoint = quiet_endpoint();
    let sources: Vec<_> = (0..tasks).map(|task| source(&format!("/ecs/{}", task % groups), task)).collect();
    for source in &sources {
        write(&endpoint, source, -10_000, "begins");
    }
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    if let Some(every_ms) = every_ms {
        keep_writing(&endpoint, &sources, every_ms, 360);
    }
    tail.run_for(60).await;
    let before = calls(&endpoint);
    tail.run_for(240).await;
    let made = (calls(&endpoint) - before).div_ceil(4);
    assert!(made <= most_a_minute, "{made} calls a minute");
    assert_eq!(tail.status().calls, calls(&endpoint));
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_fell_behind_catches_up_from_the_oldest_line_and_reports_progress() {
    let (endpoint, sources) = (quiet_endpoint(), sources(4));
    endpoint.with(|world| world.logs.allow(200_000, 256 << 20));
    sources.iter().for_each(|source| write(&endpoint, source, -9_000, "-1"));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(5).await;
    for number in 0..60_000_i64 {
        write(&endpoint, &sources[number as usize % 4], 5_000 + number / 20, &number.to_string());
    }
    tail.run_for(20).await;
    let found: Vec<i64> = numbers(&tail.lines).into_iter().filter(|number| *number >= 0).collect();
    assert_eq!(found.len(), 60_000);
    assert!(found.is_sorted());
    let lags: Vec<i64> = tail.statuses.iter().filter_map(|status| Some(status.lag?.as_secs())).collect();
    assert!(lags.iter().any(|lag| *lag >= 3), "{lags:?}");
}

/// The tail waits for a slow reader.
#[tokio::test(start_paused = true)]
async fn a_reader_that_pauses_for_a_minute_loses_no_lines() {
    let (endpoint, sources) = (quiet_endpoint(), sources(2));
    sources.iter().for_each(|source| write(&endpoint, source, -9_000, "-1"));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    keep_writing(&endpoint, &sources, 20, 100);
    tail.run_for(10).await;
    let before = calls(&endpoint);
    sleep(Duration::from_mins(1)).await;
    assert!(calls(&endpoint) - before <= 6, "it goes on asking");
    tail.run_for(90).await;
    let found: Vec<i64> = numbers(&tail.lines).into_iter().filter(|number| *number >= 0).collect();
    assert_eq!(found, (0..5_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn without_streams_it_waits_for_them() {
    let (endpoint, sources) = (quiet_endpoint(), sources(1));
    let mut tail = TailRunner::open(&endpoint, Range::Newest, StreamSet::default());
    tail.run_for(30).await;
    assert_eq!(tail.status().phase, TailPhase::Resolving);
    tail.set.send_replace(running(&[]));
    tail.run_for(30).await;
    assert_eq!(tail.status().phase, TailPhase::Following);
    assert_eq!(calls(&endpoint), 0);
    write(&endpoint, &sources[0], 30_000, "begins");
    tail.set.send_replace(running(&sources));
    tail.run_for(10).await;
    assert_eq!(tail.texts(), ["begins"]);
}

/// Missing fields in an answer lose no line.
#[rstest]
#[case::whose("omit:logStreamName")]
#[case::when("omit:timestamp")]
#[case::id("omit:eventId")]
#[case::what("omit:message")]
#[tokio::test(start_paused = true)]
async fn missing_fields_lose_no_line(#[case] fault: &str) {
    let (endpoint, sources) = (quiet_endpoint(), sources(2));
    endpoint.add_fault(fault.parse().unwrap());
    written_before(&endpoint, &sources, 10);
    let mut tail = TailRunner::open(&endpoint, Range::Newest, running(&sources));
    tail.run_for(100).await;
    let gaps = tail.lines.iter().filter(|line| line.role == Role::Gap(Some(1))).count();
    assert_eq!((tail.texts().len() + gaps, gaps as u64), (10, tail.status().lost));
}
