//! Effects of the passage of time.

use super::*;

#[test]
fn fresh_data_without_ages_never_tick() {
    let mut model = console();
    // Late after a minute, and slower after five minutes without keys.
    assert_eq!(model.next_tick(), Some(at(60) + jiff::SignedDuration::from_millis(1)));
    let mut fresh = world(1, vec![]);
    fresh.feeds.values_mut().for_each(|feed| feed.fetched = Some(at(1000)));
    give(&mut model, 1, fresh);
    assert_eq!(model.next_tick(), Some(at(300)));
    model.update(at(300), Event::Tick);
    assert_eq!(model.next_tick(), Some(at(1060) + jiff::SignedDuration::from_millis(1)));
    assert_eq!(model.demand().slowdown, 4);
    model.update(at(1800), Event::Tick);
    assert_eq!(model.demand().slowdown, 12);
    press(&mut model, "j");
    assert_eq!(model.demand().slowdown, 1);
    model.update(at(1800), Event::Focus(false));
    assert_eq!(model.demand().slowdown, 4);
}

#[test]
fn visible_ages_tick_and_draw_only_when_their_text_changes() {
    let mut model = in_tasks();
    model.take_dirty();
    assert_eq!(model.next_tick(), Some(at(1)));
    model.update(at(1), Event::Tick);
    assert!(model.take_dirty());
    model.update(at(1) + jiff::SignedDuration::from_millis(500), Event::Tick);
    assert!(!model.take_dirty(), "no text differs within a second");
}

#[test]
fn the_age_of_late_data_ticks_as_it_is_rounded() {
    let mut model = console();
    assert_eq!(model.header().age, None);
    model.update(at(61), Event::Tick);
    assert_eq!(model.header().age, Some(60));
    assert_eq!(model.next_tick(), Some(at(120)));
    press(&mut model, "=");
    assert!(model.header().paused);
    model.update(at(3700), Event::Tick);
    assert_eq!(model.header().age, Some(3600));
}

#[test]
fn changed_cells_are_marked_for_five_seconds() {
    let mut model = in_tasks();
    let mut changed = world(2, vec![task("a")]);
    let feed = changed.feeds.get_mut(&tasks()).unwrap();
    let entry = crate::data::Entry { changed: 0b10, changed_at: Some(at(0)), ..feed.rows[0].clone() };
    feed.rows = Arc::new(vec![entry]);
    give(&mut model, 0, changed);
    assert_eq!(screens::table::fresh(&front_table(&model).rows[0], at(4)), 0b10);
    assert_eq!(screens::table::fresh(&front_table(&model).rows[0], at(5)), 0);
}

#[test]
fn flashes_fade_and_retries_count_down() {
    let mut model = console();
    press(&mut model, "q");
    assert_eq!(model.next_tick(), Some(at(6)));
    model.take_dirty();
    model.update(at(6), Event::Tick);
    assert!(model.take_dirty() && flash(&model).is_empty());
    let mut throttled = world(2, vec![]);
    throttled.connection.failure = Some(failure(FailureKind::Throttled));
    throttled.connection.retry_at = Some(at(15));
    give(&mut model, 7, throttled);
    assert_eq!((model.header().api.as_str(), model.next_tick()), ("throttled, next in 8s", Some(at(8))));
}

#[test]
fn data_without_visible_changes_cause_no_frame() {
    let mut model = in_tasks();
    model.take_dirty();
    let same = || vec![task("a"), stopped("b", 137, "OutOfMemory"), task("c")];
    give(&mut model, 0, world(2, same()));
    assert!(!model.take_dirty(), "equal rows at another revision");
    let mut elsewhere = world(3, same());
    elsewhere.feeds.insert(services(), feed(9, ["api", "new"].map(service)));
    give(&mut model, 0, elsewhere);
    assert!(!model.take_dirty(), "a view that isn't seen");
    give(&mut model, 0, world(4, vec![task("a")]));
    assert!(model.take_dirty());
    let mut busier = world(4, vec![task("a")]);
    busier.connection.calls_per_minute = 12;
    give(&mut model, 0, busier);
    assert!(model.take_dirty(), "the header shows the calls");
}
