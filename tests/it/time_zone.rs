//! The time zone: the same for everything on screen, named once, and changed by one key.

use ecsight::{
    model::Settings,
    resource::{Zone, event, service, task},
};
use jiff::tz::TimeZone;

use crate::support::{
    fixtures::{entry, feed, services, tasks},
    harness::{Harness, view},
    rendering::render_text,
};

fn console(zone: TimeZone) -> Harness {
    let settings = Settings { zone: Zone::named(zone.clone()), home: Some(zone), wide: true, ..Settings::default() };
    Harness::with_settings((300, 50), settings)
}

fn new_york() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(-5))
}

/// The table of service events, with a column of times: the newest is a few minutes before 14:05 UTC.
fn events(harness: Harness) -> Harness {
    let rows = services().into_iter().filter_map(|entry| entry.row.any().downcast_ref::<service::Service>().cloned());
    let rows = rows.flat_map(|service| service.events).map(entry).collect();
    harness.run("events").feed(view(&event::KIND), feed(rows))
}

#[test]
fn tables_texts_and_filters_use_the_zone_in_the_header() {
    let harness = events(console(new_york()));
    let table = render_text(&harness);
    assert!(table.contains("UTC-05:00") && table.contains("2026-01-31 0"), "{table}");
    assert!(!table.contains("2026-01-31 1") && !table.contains(":00Z"), "{table}");
    let described = render_text(&events(console(new_york())).keys("d"));
    assert!(described.contains("2026-01-31 0") && !described.contains("2026-01-31 1"), "{described}");
}

#[test]
fn one_key_switches_everything_to_utc_and_back() {
    let harness = events(console(new_york())).run("filter time>08:00");
    let local = render_text(&harness);
    let harness = harness.keys("shift-z");
    let utc = render_text(&harness);
    assert!(utc.contains("2026-01-31 1") && utc.contains("Z ") && !utc.contains("UTC-05:00"), "{utc}");
    // The filter is parsed again: 8 in the morning is another time.
    assert!(utc.contains("⟨time>08:00⟩"), "{utc}");
    assert!(!render_text(&harness.keys("shift-z")).contains("2026-01-31 1"), "{local}");
}

#[test]
fn a_machine_in_utc_has_no_other_zone() {
    let harness = events(console(TimeZone::UTC)).keys("shift-z");
    assert!(render_text(&harness).contains("local time is UTC"), "{}", render_text(&harness));
}

#[test]
fn stopped_tasks_show_times_in_the_zone() {
    let harness = console(new_york()).run("tasks").feed(view(&task::KIND), feed(tasks()));
    let table = render_text(&harness);
    assert!(table.contains("2026-01-31 09:00:11  ") && table.contains("2026-01-31 09:03:00"), "{table}");
    assert!(!table.contains("2026-01-31 1"), "{table}");
}
