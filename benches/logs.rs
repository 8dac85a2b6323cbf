//! The cost of reading a log: a key in a filter, incoming lines, memory of the lines held.
//!
//! `cargo bench --bench logs`: prints each figure with its bound, and fails if one is exceeded.

#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ecsight::logs::{
    Line, Role, Source, Stream, ansi,
    filter::{FilterMode, FilterRule, FilterStack, LineFilter},
    filtered_view::FilteredView,
    histogram::Histogram,
    json, level,
    merge::{LogEvent, Merge},
    ring::{Ring, RingLimits},
};
use jiff::{SignedDuration, Timestamp};

const LINES: usize = 100_000;
/// Lines per screen.
const SCREEN: usize = 50;
/// Bytes searched between two checks of the keyboard.
const STEP: usize = 4 << 20;
/// Number of runs per measurement; the median is printed.
const RUNS: usize = 15;
/// The most lines that arrive in one second.
const BURST: usize = 20_000;
const BATCH: usize = 2000;
const STREAMS: usize = 100;
const BEGIN: Timestamp = Timestamp::constant(1_769_868_000, 0);

/// Counts the bytes in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "counting allocations takes an allocator")]
// SAFETY: everything is forwarded to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's obligations are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's obligations are the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let mut report = Report::default();
    held(&mut report);
    keystrokes(&mut report);
    incoming(&mut report);
    levels(&mut report);
    merging(&mut report);
    drawing(&mut report);
    match report.over {
        0 => ExitCode::SUCCESS,
        over => {
            println!("{over} over their bounds");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Report {
    over: usize,
}

impl Report {
    fn print(&mut self, label: &str, value: f64, bound: f64, unit: &str) {
        let over = value > bound;
        self.over += usize::from(over);
        println!("{label:<52}{value:>10.2} {unit} (at most {bound}){}", if over { "  OVER" } else { "" });
    }

    fn time(&mut self, label: &str, mut times: Vec<Duration>, bound: f64) {
        times.sort();
        self.print(label, times[times.len() / 2].as_secs_f64() * 1e3, bound, "ms");
    }
}

/// The containers of 100 tasks.
fn sources() -> Vec<Arc<Source>> {
    let source = |task: usize| Source {
        stream: Stream { region: None, group: "/ecs/payments".into(), name: format!("payments/app/{task:032x}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:123456789012:task/production/{task:032x}").into(),
        container: "app".into(),
        service: Some("payments".into()),
        revision: Some("payments:42".into()),
    };
    (0..STREAMS).map(|task| Arc::new(source(task))).collect()
}

/// Output of a service: half of it JSON, an error now and then, and a rare word.
fn text(number: usize) -> String {
    let (id, took) = (number * 7919 % 1_000_003, number * 31 % 900);
    let rare = if number % 500 == 7 { " chargeback" } else { "" };
    match number % 20 {
        3 => format!(
            "2026-01-31T14:00:00.{:03}Z ERROR payments::gateway: charge {id} failed: connection refused by 10.0.3.17:443 after {took} ms, retrying in 2 s{rare}",
            number % 1000
        ),
        7 => format!(
            "2026-01-31T14:00:00.{:03}Z  WARN payments::pool: 48 of 50 connections are in use, oldest for {took} ms{rare}",
            number % 1000
        ),
        11 => format!("    at com.example.payments.Gateway.charge(Gateway.java:{took}){rare}"),
        13 => format!(
            "\u{1b}[2m2026-01-31T14:00:00Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m payments::http: GET /v1/payments/{id} answered in {took} ms{rare}"
        ),
        even if even % 2 == 0 => format!(
            r#"{{"timestamp":"2026-01-31T14:00:00.{:03}Z","level":"{}","message":"payment {id} authorised{rare}","duration_ms":{took},"status":{},"customer":{{"id":"c-{}","country":"DE"}},"trace_id":"1-65ba{id:08x}-a006649127e371903a2de979"}}"#,
            number % 1000,
            if number.is_multiple_of(40) { "warn" } else { "info" },
            if number.is_multiple_of(400) { 503 } else { 200 },
            id % 5000,
        ),
        _ => format!(
            "2026-01-31T14:00:00.{:03}Z  INFO payments::http: POST /v1/payments/{id}/authorise answered 200 in {took} ms, 1432 bytes to 10.0.1.{}{rare}",
            number % 1000,
            number % 250
        ),
    }
}

fn at(number: usize) -> Timestamp {
    BEGIN + SignedDuration::from_millis(number as i64)
}

fn line(number: usize, sources: &[Arc<Source>]) -> Line {
    let text = text(number);
    Line {
        source: Some(sources[number % sources.len()].clone()),
        at: at(number),
        role: Role::Output,
        level: level::detect(&text),
        late: false,
        task: None,
        text: text.into(),
    }
}

fn full(lines: usize) -> Ring {
    let sources = sources();
    let mut ring = Ring::new(RingLimits::default());
    for number in 0..lines {
        ring.push(line(number, &sources));
    }
    assert_eq!((ring.numbers().end, ring.dropped()), (lines as i64, 0), "they fit");
    ring
}

fn stack(mode: FilterMode, text: &str) -> FilterStack {
    let filter = LineFilter::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    FilterStack { rules: vec![FilterRule { mode, filter, on: true }], ..FilterStack::default() }
}

/// Measures the memory of the lines held, with everything derived from them.
fn held(report: &mut Report) {
    for (lines, bound) in [(50_000, 40.0), (LINES, 80.0)] {
        let before = IN_USE.load(Ordering::Relaxed);
        let ring = full(lines);
        let mut view = FilteredView::new(ring.numbers().end);
        view.advance(&ring, &FilterStack::default(), usize::MAX);
        let bytes = IN_USE.load(Ordering::Relaxed) - before;
        let text: usize = ring.numbers().filter_map(|number| ring.get(number)).map(|line| line.text.len()).sum();
        let label = format!("{lines} lines held, of {} bytes each", text / lines);
        report.print(&label, bytes as f64 / 1e6, bound, "MB");
        black_box((ring, view));
    }
}

/// Measures one more character in the prompt: until the first screenful is found, and until all lines are evaluated.
fn keystrokes(report: &mut Report) {
    let ring = full(LINES);
    let filters = [
        ("a common word", "payments"),
        ("a common word in capitals", "ERROR"),
        ("a rare word", "chargeback"),
        ("an absent word", "kubernetes"),
        ("a letter", "p"),
        ("what is not there", "!info"),
        ("a regular expression", "refused|(time.?out)"),
        ("a level", "level>=warn"),
        ("a task", "task:0000002a"),
        ("a key", ".customer.country=DE"),
        ("a rare number at a key", ".status>=500"),
        ("an absent word at a key", ".customer.id=nobody"),
    ];
    for (label, text) in filters {
        let (mut firsts, mut alls, mut longest) = (Vec::new(), Vec::new(), Duration::ZERO);
        let mut shown = 0;
        for run in 0..RUNS {
            // At the end, as when following, and in the middle.
            let anchor = if run % 2 == 0 { ring.numbers().end } else { ring.numbers().end / 2 };
            let begin = Instant::now();
            let (stack, mut view, mut first) = (stack(FilterMode::Include, text), FilteredView::new(anchor), None);
            loop {
                let step = Instant::now();
                let done = view.advance(&ring, &stack, STEP);
                longest = longest.max(step.elapsed());
                if first.is_none() && (done || view.numbers().len() >= SCREEN) {
                    first = Some(begin.elapsed());
                }
                if done {
                    break;
                }
            }
            firsts.extend(first);
            alls.push(begin.elapsed());
            shown = view.numbers().len();
        }
        report.time(&format!("`{text}`, {label} ({shown}): first screenful"), firsts, 10.0);
        report.time("  all lines", alls, 100.0);
        report.print("  the longest that keys wait", longest.as_secs_f64() * 1e3, 10.0, "ms");
    }
}

/// Measures a second's worth of lines pushed into a full ring, filtered and counted by time: in order, and with a tenth
/// of each batch 20 seconds late.
fn incoming(report: &mut Report) {
    for (label, late) in [("20,000 new lines into a full ring", 0), ("  a tenth of them late", BATCH / 10)] {
        incoming_lines(report, label, late);
    }
}

fn incoming_lines(report: &mut Report, label: &str, late: usize) {
    let sources = sources();
    let mut ring = full(LINES);
    let stack = stack(FilterMode::Exclude, "level<=debug \"GET /health\"");
    let (mut view, mut histogram) = (FilteredView::new(0), Histogram::default());
    while !view.advance(&ring, &stack, STEP) {}
    let mut times = Vec::new();
    for run in 0..RUNS {
        let begin = LINES + run * BURST;
        let lines: Vec<Line> = (begin..begin + BURST).map(|number| line(number, &sources)).collect();
        let mut lines = lines.into_iter();
        let begin = Instant::now();
        while lines.len() > 0 {
            let behind = |line: Line| Line { at: line.at - SignedDuration::from_secs(20), ..line };
            let inserted = ring.insert(lines.by_ref().take(late).map(behind).collect());
            inserted.first().into_iter().for_each(|first| histogram.cut(first));
            view.insert(&inserted, &ring, &stack);
            lines.by_ref().take(BATCH - late).for_each(|line| {
                ring.push(line);
            });
            while !view.advance(&ring, &stack, STEP) {}
            histogram.settle(&ring, &view);
        }
        times.push(begin.elapsed());
        black_box(histogram.seconds().count());
    }
    report.time(label, times, 50.0);
}

/// Detects the levels of a second's worth of lines.
fn levels(report: &mut Report) {
    let texts: Vec<String> = (0..BURST).map(text).collect();
    let times = (0..RUNS).map(|_| {
        let begin = Instant::now();
        let known = texts.iter().filter(|text| level::detect(text).is_some()).count();
        assert!(known > BURST * 9 / 10, "{known}");
        begin.elapsed()
    });
    report.time("the levels of 20,000 lines", times.collect(), 40.0);
}

/// Merges a second's worth of lines of 100 streams, page by page and stream by stream.
fn merging(report: &mut Report) {
    let sources = sources();
    let times = (0..RUNS).map(|_| {
        let numbers = (0..STREAMS).flat_map(|stream| (stream..BURST).step_by(STREAMS));
        let events: Vec<LogEvent> = numbers
            .map(|number| LogEvent {
                source: sources[number % STREAMS].clone(),
                id: Some(format!("{number:056}")),
                at: at(number),
                text: text(number),
            })
            .collect();
        let begin = Instant::now();
        let mut merge = Merge::default();
        for event in events {
            merge.push(event, at(BURST));
        }
        let mut lines = Vec::new();
        while merge.waiting() > 0 {
            lines.append(&mut merge.release(at(BURST), SignedDuration::ZERO, BATCH).lines);
        }
        let elapsed = begin.elapsed();
        assert_eq!(lines.len(), BURST);
        assert!(lines.is_sorted_by_key(|line| line.at) && !lines.iter().any(|line| line.late), "in order");
        elapsed
    });
    report.time("20,000 lines of 100 streams merged", times.collect(), 100.0);
}

/// Parses the colours and JSON keys of a screenful.
fn drawing(report: &mut Report) {
    let texts: Vec<String> = (0..SCREEN).map(text).collect();
    let times = (0..RUNS).map(|_| {
        let begin = Instant::now();
        for text in &texts {
            black_box(ansi::spans(text).map(|(piece, _)| piece.len()).sum::<usize>());
            black_box(json::key_fields(text));
        }
        begin.elapsed()
    });
    report.time("a screenful of colours and of JSON's keys", times.collect(), 2.0);
}
