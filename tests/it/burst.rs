//! Many log lines a second through data layer and model: none is lost or shown twice. `benches/burst.rs` does the same for a
//! minute and measures it.

use std::{cell::Cell, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    demo::{Endpoint, Options, world::World},
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::support::{burst::Console, in_process::sdk_config};

const START_MS: i64 = 1_769_860_800_000;
const SERVICE: &str = "cluster-000/service-0000";
const LIMIT: Duration = Duration::from_mins(2);

thread_local! {
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Wall clock that follows tokio's clock.
fn now() -> Timestamp {
    let elapsed = BEGUN.get().map(|begun| begun.elapsed()).unwrap_or_default();
    let start = Timestamp::from_millisecond(START_MS).unwrap();
    start + SignedDuration::try_from(elapsed).unwrap()
}

#[tokio::test(start_paused = true)]
async fn at_20_000_lines_a_second_none_is_lost_or_shown_twice() {
    BEGUN.set(Some(Instant::now()));
    let endpoint = Endpoint::with_world(World::sized(1, 1, 4, START_MS), Options::default());
    // The streams exist before the log is opened.
    endpoint.with(|world| world.load(SERVICE, 20)).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::with_share(1.0));
    let mut console = Console::open(clients, 4.0, now);
    console.keys(":service cluster-000\r");
    console.until("the service", LIMIT, |console| console.screen().contains("service-0000")).await;
    console.keys("l");
    let follows = |console: &Console| console.reader().is_some_and(|reader| reader.status.streams == 4);
    console.until("the log of 4 tasks", LIMIT, follows).await;

    let written = || endpoint.with(|world| world.written(SERVICE)).unwrap() as usize;
    let caught_up = |console: &Console| !console.seen.is_empty() && console.seen.len() + 100 > written();
    console.until("the lines so far", LIMIT, caught_up).await;

    endpoint.with(|world| world.load(SERVICE, 20_000)).unwrap();
    console.pass(Duration::from_secs(2), Duration::from_millis(300), "wtkG").await;
    endpoint.with(|world| world.load(SERVICE, 0)).unwrap();
    let written = written();
    assert!(written > 40_000);
    // A line read twice would show up within this time.
    console.pass(Duration::from_secs(150), Duration::from_secs(30), "t").await;
    assert_eq!(console.lost_and_twice(written), (0, 0));
    assert_eq!(console.seen.len(), written);

    let ring = &console.reader().unwrap().buffer.ring;
    let lines = ring.numbers().filter_map(|number| ring.get(number));
    let numbers: Vec<_> = lines.filter_map(crate::support::burst::number).collect();
    assert_eq!(numbers, (0..written).collect::<Vec<_>>(), "all are held, in order");
}
