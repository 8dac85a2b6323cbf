//! One time zone over everything on screen, said once, and changed by one key.

use ecsight::{
    model::Settings,
    resource::{Zone, event, service, task},
};
use jiff::tz::TimeZone;

use crate::support::{
    fixtures::{entry, feed, services, tasks},
    look::text,
    stage::{Stage, view},
};

fn console(zone: TimeZone) -> Stage {
    let settings = Settings { zone: Zone::named(zone.clone()), home: Some(zone), wide: true, ..Settings::default() };
    Stage::lit_with((300, 50), settings)
}

fn new_york() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(-5))
}

/// The service events, whose times are a column: the newest is a few minutes before 14:05 UTC.
fn events(stage: Stage) -> Stage {
    let rows = services().into_iter().filter_map(|entry| entry.row.any().downcast_ref::<service::Service>().cloned());
    let rows = rows.flat_map(|service| service.events).map(entry).collect();
    stage.run("events").feed(view(&event::KIND), feed(rows))
}

#[test]
fn tables_texts_and_filters_are_in_the_zone_that_the_header_names() {
    let stage = events(console(new_york()));
    let table = text(&stage);
    assert!(table.contains("UTC-05:00") && table.contains("2026-01-31 0"), "{table}");
    assert!(!table.contains("2026-01-31 1") && !table.contains(":00Z"), "{table}");
    let described = text(&events(console(new_york())).keys("d"));
    assert!(described.contains("2026-01-31 0") && !described.contains("2026-01-31 1"), "{described}");
}

#[test]
fn one_key_shows_everything_in_utc_and_back() {
    let stage = events(console(new_york())).run("filter time>08:00");
    let local = text(&stage);
    let stage = stage.keys("shift-z");
    let utc = text(&stage);
    assert!(utc.contains("2026-01-31 1") && utc.contains("Z ") && !utc.contains("UTC-05:00"), "{utc}");
    // The filter is read again: 8 in the morning is another moment.
    assert!(utc.contains("⟨time>08:00⟩"), "{utc}");
    assert!(!text(&stage.keys("shift-z")).contains("2026-01-31 1"), "{local}");
}

#[test]
fn a_machine_in_utc_has_nothing_to_change_to() {
    let stage = events(console(TimeZone::UTC)).keys("shift-z");
    assert!(text(&stage).contains("local time is UTC"), "{}", text(&stage));
}

#[test]
fn stopped_tasks_have_their_times_in_the_zone() {
    let stage = console(new_york()).run("tasks").feed(view(&task::KIND), feed(tasks()));
    let table = text(&stage);
    assert!(table.contains("2026-01-31 09:00:11  ") && table.contains("2026-01-31 09:03:00"), "{table}");
    assert!(!table.contains("2026-01-31 1"), "{table}");
}
