//! Marks, elapsed time, selecting and copying.

use super::*;

#[test]
fn a_mark_is_a_divider_with_the_time_and_is_never_filtered() {
    let mut model = in_log();
    run(&mut model, "include failed");
    press(&mut model, "m");
    assert_eq!(shown(&model).last(), Some(&"mark 1970-01-01 12:10:00"));
}

#[test]
fn elapsed_time_counts_from_the_mark_then_from_the_cursor() {
    let mut model = in_log();
    press(&mut model, "m");
    give_lines(&mut model, vec![line(601, None, "after"), line(725, None, "later")]);
    press(&mut model, "shift-t");
    let elapsed = |model: &Model, number: i64| {
        let reader = reader(model);
        reader.buffer.ring.get(number).and_then(|line| reader.display.elapsed(line))
    };
    assert_eq!(elapsed(&model, 41).as_deref(), Some("+1.000s"));
    press(&mut model, "up shift-t");
    assert_eq!((under_cursor(&model), elapsed(&model, 42).as_deref()), ("after", Some("+2m04s")));
    press(&mut model, "shift-t");
    assert_eq!(elapsed(&model, 42), None);
    // A new mark is the last one.
    press(&mut model, "shift-g shift-t m");
    assert_eq!(elapsed(&model, 43).as_deref(), Some("+0.000s"));
}

#[test]
fn lines_are_selected_one_by_one_and_copied() {
    let mut model = in_log();
    press(&mut model, "shift-e space up up space");
    assert!(!reader(&model).viewport.follow);
    let text = copied(press(&mut model, "c"));
    assert_eq!(text, "12:06:10.000 served request 37\n12:06:30.000 failed request 39\n");
    press(&mut model, "esc");
    assert!(reader(&model).selection.picked.is_empty() && model.front.is::<LogView>());
}

#[test]
fn a_range_selects_shown_lines_only() {
    let mut model = in_log();
    run(&mut model, "exclude request 3[5-7]");
    press(&mut model, "shift-e v up up");
    assert_eq!(copied(press(&mut model, "c")).lines().count(), 3);
    press(&mut model, "v");
    assert_eq!(reader(&model).selection.picked.iter().copied().collect::<Vec<_>>(), [34, 38, 39]);
}

#[test]
fn without_a_selection_visible_lines_are_copied_without_escapes() {
    let mut model = in_log();
    give_lines(&mut model, vec![line(500, None, "\u{1b}[31mred\u{1b}[0m")]);
    let text = copied(press(&mut model, "c"));
    let page = usize::from(model.layout().page);
    assert_eq!((text.lines().count(), text.lines().last()), (page, Some("12:08:20.000 red")));
}

#[test]
fn all_lines_or_the_passing_ones_are_saved() {
    let mut model = in_log();
    run(&mut model, "include failed");
    let saved = |effects: Vec<Effect>| {
        let mut effects = effects.into_iter();
        let save = effects.find_map(|effect| match effect {
            Effect::Save { extension, content, .. } => Some((extension, content)),
            _ => None,
        });
        save.expect("something saved")
    };
    let (extension, text) = saved(press(&mut model, "ctrl-s"));
    assert_eq!((extension, text.lines().count()), ("log", 40));
    assert_eq!(text.lines().next(), Some("1970-01-01T12:00:00.000+00:00 0123abcd/app served request 0"));
    assert_eq!(saved(run(&mut model, "save view")).1.lines().count(), 4);
    let (extension, json) = saved(run(&mut model, "save json"));
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(extension, "ndjson");
    assert_eq!(
        first,
        json!({
            "at": "1970-01-01T12:00:00Z", "task": "arn:aws:ecs:eu-west-1:1:task/prod/0123abcd4567",
            "container": "app", "group": "/ecs/api", "stream": "ecs/app/0123abcd4567", "level": "info",
            "text": "served request 0",
        })
    );
    assert_eq!(model.run("save csv"), Err("logs can't be saved as `csv`; expected text, json or view".into()));
}

#[test]
fn the_console_url_shows_the_stream_from_that_line() {
    let mut model = in_log();
    press(&mut model, "b");
    assert_eq!(flash(&model), "the Region is not known yet");
    model.scope.region = Some("eu-west-1".into());
    let address = copied(press(&mut model, "shift-e b"));
    assert!(address.ends_with("log-events/ecs$252Fapp$252F0123abcd4567$3Fstart$3D43590000"), "{address}");
}

#[test]
fn the_strip_reduces_the_page() {
    let mut model = in_log();
    let before = model.layout().page;
    press(&mut model, "i");
    assert_eq!(model.layout().page, before - 3);
    let strip = reader(&model).strip(100, &model.settings.zone.zone).unwrap();
    assert_eq!((strip.step, strip.lines.iter().sum::<u64>(), strip.errors.iter().sum::<u64>()), (5, 40, 4));
    run(&mut model, "include failed");
    let strip = reader(&model).strip(100, &model.settings.zone.zone).unwrap();
    assert_eq!(strip.lines, strip.errors);
    press(&mut model, "i");
    assert_eq!(model.layout().page, before);
}

#[test]
fn esc_leaves_selection_context_highlights_filters_and_log_in_turn() {
    let mut model = in_log();
    run(&mut model, "include failed");
    run(&mut model, "highlight request");
    press(&mut model, "x space v");
    press(&mut model, "esc");
    assert!(reader(&model).selection.range.is_none() && !reader(&model).selection.picked.is_empty());
    press(&mut model, "esc");
    assert!(reader(&model).selection.picked.is_empty() && stack(&model).context.is_some());
    press(&mut model, "esc");
    assert!(stack(&model).context.is_none() && rules(&model).len() == 2);
    press(&mut model, "esc");
    assert_eq!(rules(&model), [(FilterMode::Include, "failed", true)]);
    press(&mut model, "esc");
    assert!(rules(&model).is_empty());
    press(&mut model, "esc");
    assert!(model.front.is::<Table>());
}

#[test]
fn no_key_needs_a_line() {
    let mut model = console();
    press(&mut model, "enter l");
    for key in
        ["n", "shift-n", "e", "shift-e", "{", ")", "shift-t", "space", "v", "c", "ctrl-s", "b", "i", "x", "shift-w"]
    {
        press(&mut model, key);
        assert!(model.front.is::<LogView>(), "{key}");
    }
}
