//! The cost of an event in the model, without drawing: a key, a keystroke in the filter, new data.
//!
//! `cargo bench --bench keys`

use std::sync::Arc;

use ecsight::{event::Event, resource::service};

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{fixtures, harness};

const ROWS: [i32; 3] = [500, 5_000, 50_000];

fn main() {
    divan::main();
}

/// Services on a terminal of 200x50.
fn services(rows: i32) -> harness::Harness {
    let view = harness::view(&service::KIND);
    harness::Harness::with_account((200, 50)).feed(view, fixtures::feed(fixtures::many_services(rows)))
}

/// Two keys per measurement, so that the model returns to its state.
fn press_both(bencher: divan::Bencher<'_, '_>, harness: harness::Harness, first: &str, second: &str) {
    let mut harness = Some(harness);
    bencher.counter(2_u32).bench_local(|| {
        harness = harness.take().map(|harness| harness.keys(first).keys(second));
    });
}

/// One row down and up again, in the middle.
#[divan::bench(args = ROWS)]
fn cursor(bencher: divan::Bencher<'_, '_>, rows: i32) {
    press_both(bencher, services(rows).keys("G pgup pgup"), "j", "k");
}

/// One more character in a filter, and one less: every row is evaluated again.
#[divan::bench(args = ROWS)]
fn filter_word(bencher: divan::Bencher<'_, '_>, rows: i32) {
    press_both(bencher, services(rows).keys("/ a"), "e", "backspace");
}

/// The same with a comparison before it.
#[divan::bench(args = ROWS)]
fn filter_comparison(bencher: divan::Bencher<'_, '_>, rows: i32) {
    press_both(bencher, services(rows).keys("/").type_text("running>=1 !zz state~stead"), "y", "backspace");
}

/// New data in which every row has changed.
#[divan::bench(args = ROWS)]
fn snapshot(bencher: divan::Bencher<'_, '_>, rows: i32) {
    let mut harness = services(rows);
    let both = [1, 2].map(|revision| {
        let mut snapshot = harness.snapshot.clone();
        let mut feed = fixtures::feed(fixtures::many_services(rows));
        feed.revision = 1_000 + revision;
        snapshot.feeds.insert(harness::view(&service::KIND), feed);
        Arc::new(snapshot)
    });
    bencher.counter(2_u32).bench_local(|| {
        for snapshot in &both {
            harness.event(Event::Snapshot(snapshot.clone()));
        }
    });
}
