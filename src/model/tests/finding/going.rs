//! Moving to a position in a log, and reading another range of it.

use super::*;

#[test]
fn matches_are_stepped_through_and_counted() {
    let mut model = in_log();
    press(&mut model, "n");
    assert_eq!(flash(&model), "no search yet; / starts one");
    run(&mut model, "highlight slow");
    press(&mut model, "shift-n");
    assert_eq!(under_cursor(&model), "slow request 34");
    press(&mut model, "shift-n");
    assert_eq!(under_cursor(&model), "slow request 24");
    assert_eq!(reader(&model).search.matches.count(reader(&model).viewport.cursor), (Some(3), 4));
    press(&mut model, "n n");
    assert_eq!((under_cursor(&model), flash(&model)), ("slow request 34", "no match after here"));
    assert!(!reader(&model).viewport.follow);
}

#[test]
fn errors_are_stepped_through() {
    let mut model = in_log();
    // Following is at the end: the error is before it.
    press(&mut model, "e");
    assert_eq!((under_cursor(&model), flash(&model)), ("failed request 39", ""));
    press(&mut model, "e");
    assert_eq!(flash(&model), "no error after here");
    press(&mut model, "shift-e");
    assert_eq!(under_cursor(&model), "failed request 29");
    press(&mut model, "e");
    assert_eq!(under_cursor(&model), "failed request 39");
    let end = Line { source: None, role: Role::Stopped { fault: true }, ..line(401, None, "task stopped: exit 137") };
    give_lines(&mut model, vec![end]);
    press(&mut model, "e");
    assert_eq!(under_cursor(&model), "task stopped: exit 137");
}

#[test]
fn time_is_stepped_through_by_minutes() {
    let mut model = in_log();
    press(&mut model, "{");
    assert_eq!(under_cursor(&model), "served request 33");
    press(&mut model, "( (");
    assert_eq!(under_cursor(&model), "served request 0");
    press(&mut model, "}");
    assert_eq!(under_cursor(&model), "served request 6");
    press(&mut model, ")");
    assert_eq!(under_cursor(&model), "failed request 39");
}

#[test]
fn a_time_in_memory_is_scrolled_to() {
    let mut model = in_log();
    let before = read(&model);
    press(&mut model, "@");
    type_in(&mut model, "12:05");
    press(&mut model, "enter");
    assert_eq!(under_cursor(&model), "served request 30");
    assert_eq!(read(&model), before);
    run(&mut model, "at -9m");
    assert_eq!(under_cursor(&model), "served request 6");
}

#[test]
fn a_time_is_typed_as_times_are_shown() {
    let mut model = in_log();
    model.settings.zone = crate::resource::Zone::named(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
    run(&mut model, "at 14:05");
    assert_eq!(under_cursor(&model), "served request 30");
    press(&mut model, "shift-z");
    run(&mut model, "at 12:01");
    assert_eq!(under_cursor(&model), "served request 6");
}

#[test]
fn cleared_lines_are_skipped() {
    let mut model = in_log();
    run(&mut model, "highlight slow");
    press(&mut model, "shift-c");
    give_lines(&mut model, vec![line(450, None, "slow again"), line(460, None, "quick")]);
    press(&mut model, "shift-n shift-n");
    assert_eq!((under_cursor(&model), flash(&model)), ("slow again", "no match before here"));
    press(&mut model, "shift-e");
    assert_eq!(flash(&model), "no error before here");
}

#[test]
fn a_time_that_is_not_in_memory_starts_a_new_range() {
    let mut model = in_log();
    let (id, _) = read(&model);
    press(&mut model, "@");
    type_in(&mut model, "11:30");
    let effects = press(&mut model, "enter");
    assert_eq!(read(&model), (id + 1, tail(Range::Since(at(NOON - 1_800)))));
    assert_eq!(demands(&effects)[0].log.as_ref().map(|wanted| wanted.id), Some(id + 1));
    // Updates of the previous tail are ignored.
    model.update(model.now, Event::Log(TailMessage { tail: id, update: TailUpdate::Lines(lines()) }));
    assert!(reader(&model).buffer.ring.numbers().is_empty());
    give_lines(&mut model, lines());
    assert_eq!(under_cursor(&model), "served request 0");
}

#[test]
fn a_time_before_the_first_line_is_in_memory_if_the_range_begins_before_it() {
    let mut model = in_log();
    press(&mut model, "6");
    let (id, _) = read(&model);
    give_lines(&mut model, lines());
    let status = crate::logs::TailStatus { phase: crate::logs::TailPhase::Following, ..Default::default() };
    model.update(model.now, Event::Log(TailMessage { tail: id, update: TailUpdate::Status(Arc::new(status)) }));
    run(&mut model, "at 11:30");
    assert_eq!((read(&model).0, under_cursor(&model)), (id, "served request 0"));
}

#[test]
fn a_time_range_is_read() {
    let mut model = in_log();
    press(&mut model, "@");
    type_in(&mut model, "11:00..soon");
    let fault = model.overlay.as_ref().and_then(Overlay::prompt).and_then(|prompt| prompt.fault.clone());
    assert_eq!(fault.map(|fault| fault.at), Some(7));
    press(&mut model, "enter");
    assert!(matches!(model.overlay, Some(Overlay::When(_))));
    press(&mut model, "ctrl-u");
    type_in(&mut model, "11:00..11:20");
    press(&mut model, "enter");
    assert_eq!(read(&model).1, tail(Range::Between(at(NOON - 3_600), at(NOON - 2_400))));
}

#[rstest]
#[case("0", Range::Newest, true)]
#[case("1", Range::Oldest, false)]
#[case("2", Range::Since(at(NOON + 540)), true)]
#[case("6", Range::Since(at(NOON - 3_000)), true)]
#[case("8", Range::Since(at(NOON + 600 - 43_200)), true)]
fn digits_are_ranges(#[case] key: &str, #[case] range: Range, #[case] follows: bool) {
    let mut model = in_log();
    run(&mut model, "exclude slow");
    press(&mut model, "w");
    press(&mut model, key);
    let reader = reader(&model);
    assert_eq!((&reader.wanted.read, reader.viewport.follow), (&tail(range), follows));
    // Display settings stay.
    assert!(reader.display.wrap && reader.buffer.stack.rules.len() == 1 && reader.buffer.ring.numbers().is_empty());
}

#[test]
fn a_reload_returns_to_the_same_position() {
    let mut model = in_log();
    press(&mut model, "shift-e");
    let (id, before) = read(&model);
    press(&mut model, "r");
    assert_eq!(read(&model), (id + 1, before));
    give_lines(&mut model, lines());
    assert_eq!(under_cursor(&model), "failed request 39");
}

#[test]
fn a_pattern_is_applied_by_cloudwatch() {
    let mut model = in_log();
    assert!(model.run("pattern").is_err());
    run(&mut model, "pattern { $.status = 500 }");
    let pattern = Some("{ $.status = 500 }".into());
    assert_eq!(read(&model).1, Read::Tail { range: Range::Newest, pattern, live: false });
    run(&mut model, "pattern");
    assert_eq!(read(&model).1, tail(Range::Newest));
}

#[test]
fn results_of_a_query_have_no_other_range() {
    let mut model = in_log();
    let Some(reader) = model.front.get_mut::<LogView>() else { panic!("no log") };
    reader.wanted.read = Read::Query { text: "fields @message".into(), from: at(0), to: at(NOON) };
    for key in ["0", "5", "r"] {
        press(&mut model, key);
        assert_eq!(flash(&model), "these are results of a query; :query runs another");
    }
}

#[test]
fn matches_are_searched_in_steps() {
    let mut model = in_log();
    run(&mut model, "highlight slow");
    let Some(reader) = model.front.get_mut::<LogView>() else { panic!("no log") };
    let mut matches = crate::model::screens::logs::search::Matches::new(20);
    let mut rounds = 0;
    while !matches.advance(&reader.buffer.ring, &reader.buffer.stack, 300) {
        rounds += 1;
        assert!(rounds < 100);
    }
    assert!(rounds > 3);
    assert_eq!(matches.count(Some(14)), (Some(2), 4));
}
