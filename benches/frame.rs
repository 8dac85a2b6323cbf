//! The cost of a frame, which must not grow with the number of rows.
//!
//! `cargo bench --bench frame`

#![expect(clippy::expect_used, reason = "what can't be measured fails")]

use ecsight::{
    data::Entry,
    resource::{Status, service, task::Task},
    ui::{self, Theme},
};
use ratatui::{Terminal, backend::TestBackend};

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{fixtures, harness};

fn main() {
    divan::main();
}

/// Services with the cursor in the middle, on a terminal of 200x50.
#[divan::bench(args = [50, 5_000, 50_000])]
fn services(bencher: divan::Bencher<'_, '_>, rows: i32) {
    let view = harness::view(&service::KIND);
    let harness = harness::Harness::with_account((200, 50)).feed(view, fixtures::feed(fixtures::many_services(rows)));
    let harness = harness.keys("G ctrl-b ctrl-b");
    let theme = Theme::default();
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a terminal in memory");
    bencher.bench_local(|| {
        terminal.draw(|frame| ui::render(&harness.model, &theme, frame)).expect("a frame in memory");
    });
}

/// Tasks that ran out of memory.
fn many_stopped(count: u32) -> Vec<Entry> {
    let tasks = fixtures::tasks();
    let stopped = tasks.iter().filter_map(|entry| entry.row.any().downcast_ref::<Task>()).find(|task| task.failed());
    let stopped = stopped.expect("one that failed");
    let task = |n: u32| Task { task_arn: format!("{}{n:08}", stopped.task_arn), ..stopped.clone() };
    (0..count).map(|n| fixtures::entry(task(n))).collect()
}

/// Stopped tasks, with the pane that explains the selected one.
#[divan::bench(args = [50, 5_000])]
fn stopped_tasks_with_their_pane(bencher: divan::Bencher<'_, '_>, rows: u32) {
    let view = harness::tasks_view("payments", Status::Stopped);
    let harness = harness::Harness::with_account((200, 50)).feed(view, fixtures::feed(many_stopped(rows)));
    let harness = harness.keys("/").type_text("payments").keys("enter x G ctrl-b ctrl-b");
    assert!(harness.model.pane.is_some(), "there is a pane");
    let theme = Theme::default();
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a terminal in memory");
    bencher.bench_local(|| {
        terminal.draw(|frame| ui::render(&harness.model, &theme, frame)).expect("a frame in memory");
    });
}
