//! What one frame costs: the cost must not grow with the number of rows.
//!
//! `cargo bench --bench frame`

use ecsight::{
    resource::service,
    ui::{self, Theme},
};
use ratatui::{Terminal, backend::TestBackend};

#[allow(dead_code)]
#[path = "../tests/it/support/fixtures.rs"]
mod fixtures;
#[allow(dead_code)]
#[path = "../tests/it/support/stage.rs"]
mod stage;

fn main() {
    divan::main();
}

/// So many services, the cursor in their midst, on a terminal of 200x50.
#[divan::bench(args = [50, 5_000, 50_000])]
fn services(bencher: divan::Bencher<'_, '_>, rows: i32) {
    let view = stage::view(&service::KIND);
    let stage = stage::Stage::lit((200, 50)).feed(view, fixtures::feed(fixtures::many_services(rows)));
    let stage = stage.keys("G ctrl-b ctrl-b");
    let theme = Theme::default();
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a terminal in memory");
    bencher.bench_local(|| {
        terminal.draw(|frame| ui::render(&stage.model, &theme, frame)).expect("a frame in memory");
    });
}
