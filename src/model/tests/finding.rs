//! What one does with a log while reading it, by keys.

use super::*;
use crate::{
    logs::{
        Level, Line, News, Range, Read, Role, Source, Stream, Told,
        filter::{Mode, Stack},
    },
    model::logs::Reader,
};

/// Noon, in seconds: times of day are round from here on.
const NOON: i64 = 43_200;

fn source(task: &str) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { region: None, group: "/ecs/api".into(), name: format!("ecs/app/{task}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{task}").into(),
        container: "app".into(),
        service: Some("api".into()),
        revision: Some("api:7".into()),
    })
}

/// A line, so many seconds after noon.
fn line(second: i64, level: Option<Level>, text: &str) -> Line {
    let role = Role::Output;
    Line { source: Some(source("0123abcd4567")), at: at(NOON + second), role, level, late: false, text: text.into() }
}

/// Forty lines, ten seconds apart; each tenth is an error, each fifth else a warning.
fn lines() -> Vec<Line> {
    let one = |number: i64| {
        let (level, what) = match number {
            number if number % 10 == 9 => (Level::Error, "failed"),
            number if number % 5 == 4 => (Level::Warn, "slow"),
            _ => (Level::Info, "served"),
        };
        line(number * 10, Some(level), &format!("{what} request {number}"))
    };
    (0..40).map(one).collect()
}

fn reader(model: &Model) -> &Reader {
    match &model.front {
        Screen::Logs(reader) => reader,
        other => panic!("a log was expected, not {other:?}"),
    }
}

fn give_lines(model: &mut Model, lines: Vec<Line>) {
    let tail = reader(model).wanted.id;
    model.update(model.now, Event::Log(News { tail, told: Told::Lines(lines) }));
}

/// In the log of the service `api`, ten minutes after noon.
fn in_log() -> Model {
    let mut model = console();
    press(&mut model, "enter l");
    model.update(at(NOON + 600), Event::Tick);
    give_lines(&mut model, lines());
    model
}

/// Runs a command, and what comes of it.
fn run(model: &mut Model, command: &str) -> Vec<Effect> {
    model.run(command).unwrap();
    model.update(model.now, Event::Tick)
}

/// The text of the line under the cursor.
fn under_cursor(model: &Model) -> &str {
    let reader = reader(model);
    reader.cursor.and_then(|number| reader.ring.get(number)).map_or("", |line| &line.text)
}

/// The lines that pass.
fn shown(model: &Model) -> Vec<&str> {
    let reader = reader(model);
    let lines = reader.sight.numbers().iter().filter_map(|number| reader.ring.get(*number));
    lines.map(|line| &*line.text).collect()
}

fn stack(model: &Model) -> &Stack {
    &reader(model).stack
}

fn rules(model: &Model) -> Vec<(Mode, &str, bool)> {
    stack(model).rules.iter().map(|rule| (rule.mode, rule.filter.text(), rule.on)).collect()
}

fn copied(effects: Vec<Effect>) -> String {
    let copy = effects.into_iter().find_map(|effect| if let Effect::Copy(text) = effect { Some(text) } else { None });
    copy.expect("something copied")
}

/// What is read, and the number of the reading.
fn read(model: &Model) -> (u64, Read) {
    let wanted = &reader(model).wanted;
    (wanted.id, wanted.read.clone())
}

fn tail(range: Range) -> Read {
    Read::Tail { range, pattern: None, live: false }
}

// Filters.

#[test]
fn typing_narrows_at_once_and_esc_restores() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "fail");
    assert_eq!(shown(&model), ["failed request 9", "failed request 19", "failed request 29", "failed request 39"]);
    press(&mut model, "esc");
    assert_eq!(shown(&model).len(), 40);
    assert!(model.overlay.is_none() && rules(&model).is_empty());
}

#[test]
fn what_cannot_be_read_leaves_the_last_good_filter_in_force_and_the_prompt_open() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "failed \"reque");
    let Some(Overlay::Rule(rule)) = &model.overlay else { panic!("no prompt") };
    assert_eq!(
        rule.prompt.fault.as_ref().map(|fault| (fault.at, &*fault.reason)),
        Some((7, "the quote is not closed"))
    );
    assert_eq!(shown(&model).len(), 4);
    press(&mut model, "enter");
    assert!(matches!(model.overlay, Some(Overlay::Rule(_))));
    type_in(&mut model, "st\"");
    press(&mut model, "enter");
    assert!(model.overlay.is_none());
    assert_eq!(rules(&model), [(Mode::Include, "failed \"request\"", true)]);
}

#[test]
fn a_filter_is_typed_anew_or_another_is_added() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "failed");
    let effects = press(&mut model, "enter");
    assert!(effects.contains(&Effect::Remember { list: "filters", entry: "failed".into() }));
    press(&mut model, "/");
    type_in(&mut model, "slow");
    press(&mut model, "enter");
    assert_eq!(rules(&model), [(Mode::Include, "slow", true)]);
    press(&mut model, "+");
    type_in(&mut model, "failed");
    press(&mut model, "enter");
    assert_eq!(shown(&model).len(), 8);
    press(&mut model, "/ backspace enter");
    assert_eq!(rules(&model), [(Mode::Include, "slow", true)]);
    press(&mut model, "ctrl-u");
    assert!(rules(&model).is_empty());
}

#[rstest]
#[case("tab", "request", Mode::Exclude, "request", "!request", 0)]
#[case("tab tab", "slow", Mode::Highlight, "slow", "slow", 40)]
#[case("tab tab tab", "slow", Mode::Include, "slow", "slow", 4)]
#[case("shift-tab", "slow", Mode::Highlight, "slow", "slow", 40)]
#[case("left", "!served request", Mode::Exclude, "served request", "!served request", 8)]
fn tab_and_a_sign_say_what_is_made_of_it(
    #[case] keys: &str,
    #[case] typed: &str,
    #[case] mode: Mode,
    #[case] text: &str,
    #[case] remembered: &str,
    #[case] left: usize,
) {
    let mut model = in_log();
    press(&mut model, "/");
    press(&mut model, keys);
    type_in(&mut model, typed);
    let effects = press(&mut model, "enter");
    assert_eq!(rules(&model), [(mode, text, true)]);
    assert_eq!(shown(&model).len(), left);
    assert!(effects.contains(&Effect::Remember { list: "filters", entry: remembered.into() }));
}

#[test]
fn tab_after_a_sign_takes_it_away() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "!slow");
    press(&mut model, "tab enter");
    assert_eq!(rules(&model), [(Mode::Highlight, "slow", true)]);
}

#[test]
fn the_list_turns_filters_off_edits_and_removes_them() {
    let mut model = in_log();
    run(&mut model, "include failed");
    run(&mut model, "exclude request 9");
    press(&mut model, "shift-f space");
    assert_eq!(rules(&model)[1], (Mode::Exclude, "request 9", false));
    press(&mut model, "up enter");
    type_in(&mut model, "slow");
    press(&mut model, "enter");
    assert_eq!(rules(&model)[0], (Mode::Include, "slow", true));
    assert!(matches!(model.overlay, Some(Overlay::Rules(RuleList { selected: 0 }))), "{:?}", model.overlay);
    press(&mut model, "tab");
    assert_eq!(rules(&model)[0].0, Mode::Exclude);
    press(&mut model, "d d d");
    assert!(rules(&model).is_empty());
    press(&mut model, "+");
    type_in(&mut model, "late");
    press(&mut model, "esc esc");
    assert!(rules(&model).is_empty() && model.overlay.is_none());
}

#[test]
fn all_filters_are_suspended_and_resumed() {
    let mut model = in_log();
    press(&mut model, "z");
    assert_eq!(flash(&model), "there are no filters; / adds one");
    run(&mut model, "include failed");
    press(&mut model, "z");
    assert_eq!((shown(&model).len(), stack(&model).suspended), (40, true));
    press(&mut model, "z");
    assert_eq!(shown(&model).len(), 4);
}

#[test]
fn the_least_level_goes_from_all_to_warnings_to_errors() {
    let mut model = in_log();
    give_lines(&mut model, vec![line(500, None, "no level")]);
    run(&mut model, "include request|level");
    press(&mut model, "shift-w");
    assert_eq!(shown(&model).len(), 9);
    press(&mut model, "shift-w");
    assert_eq!(shown(&model).len(), 5);
    assert!(shown(&model).contains(&"no level"));
    // The filter typed before is still the one that / edits.
    press(&mut model, "/");
    let prompt = model.overlay.as_ref().and_then(Overlay::prompt);
    assert_eq!(prompt.map(prompt::Prompt::text), Some("request|level"));
    press(&mut model, "esc shift-w");
    assert_eq!(shown(&model).len(), 41);
    assert_eq!(model.run("level loud"), Err("`loud` is no level; off, warn and error are known".into()));
}

#[test]
fn matches_are_shown_with_the_lines_around_them() {
    let mut model = in_log();
    press(&mut model, "x");
    assert_eq!(flash(&model), "nothing is filtered, so all lines are shown; / filters");
    run(&mut model, "include \"request 19\"");
    press(&mut model, "x");
    assert_eq!(shown(&model).len(), 7);
    run(&mut model, "around 1");
    assert_eq!(shown(&model), ["served request 18", "failed request 19", "served request 20"]);
    press(&mut model, "x");
    assert_eq!(shown(&model).len(), 1);
    assert!(model.run("around many").is_err());
}

// Going somewhere.

#[test]
fn matches_are_stepped_through_and_counted() {
    let mut model = in_log();
    press(&mut model, "n");
    assert_eq!(flash(&model), "nothing is searched for; / searches");
    run(&mut model, "highlight slow");
    press(&mut model, "shift-n");
    assert_eq!(under_cursor(&model), "slow request 34");
    press(&mut model, "shift-n");
    assert_eq!(under_cursor(&model), "slow request 24");
    assert_eq!(reader(&model).finding.matches.count(reader(&model).cursor), (Some(3), 4));
    press(&mut model, "n n");
    assert_eq!((under_cursor(&model), flash(&model)), ("slow request 34", "no match after here"));
    assert!(!reader(&model).follow);
}

#[test]
fn errors_are_stepped_through() {
    let mut model = in_log();
    press(&mut model, "e");
    assert_eq!(flash(&model), "no error after here");
    press(&mut model, "shift-e shift-e");
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
fn a_moment_that_is_held_is_gone_to() {
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
fn a_moment_that_is_not_held_is_read_from_on() {
    let mut model = in_log();
    let (id, _) = read(&model);
    press(&mut model, "@");
    type_in(&mut model, "11:30");
    let effects = press(&mut model, "enter");
    assert_eq!(read(&model), (id + 1, tail(Range::Since(at(NOON - 1_800)))));
    assert_eq!(demands(&effects)[0].log.as_ref().map(|wanted| wanted.id), Some(id + 1));
    // What the tail before still tells is no longer wanted.
    model.update(model.now, Event::Log(News { tail: id, told: Told::Lines(lines()) }));
    assert!(reader(&model).ring.numbers().is_empty());
    give_lines(&mut model, lines());
    assert_eq!(under_cursor(&model), "served request 0");
}

#[test]
fn a_stretch_of_time_is_read() {
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
    assert_eq!((&reader.wanted.read, reader.follow), (&tail(range), follows));
    // How it is looked at stays.
    assert!(reader.wrap && reader.stack.rules.len() == 1 && reader.ring.numbers().is_empty());
}

#[test]
fn a_reload_comes_back_to_where_one_was() {
    let mut model = in_log();
    press(&mut model, "shift-e");
    let (id, before) = read(&model);
    press(&mut model, "r");
    assert_eq!(read(&model), (id + 1, before));
    give_lines(&mut model, lines());
    assert_eq!(under_cursor(&model), "failed request 39");
}

#[test]
fn a_pattern_is_left_to_cloudwatch() {
    let mut model = in_log();
    assert!(model.run("pattern").is_err());
    run(&mut model, "pattern { $.status = 500 }");
    let pattern = Some("{ $.status = 500 }".into());
    assert_eq!(read(&model).1, Read::Tail { range: Range::Newest, pattern, live: false });
    run(&mut model, "pattern");
    assert_eq!(read(&model).1, tail(Range::Newest));
}

#[test]
fn what_a_query_found_has_no_other_range() {
    let mut model = in_log();
    let Screen::Logs(reader) = &mut model.front else { panic!("no log") };
    reader.wanted.read = Read::Query { text: "fields @message".into(), from: at(0), to: at(NOON) };
    for key in ["0", "5", "r"] {
        press(&mut model, key);
        assert_eq!(flash(&model), "this is what a query found; :query asks anew");
    }
}

// Marks, time, picking.

#[test]
fn a_mark_is_a_rule_with_the_time_and_filters_do_not_hide_it() {
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
        reader.ring.get(number).and_then(|line| reader.elapsed(line))
    };
    assert_eq!(elapsed(&model, 41).as_deref(), Some("+1.000s"));
    press(&mut model, "up shift-t");
    assert_eq!((under_cursor(&model), elapsed(&model, 42).as_deref()), ("after", Some("+2m04s")));
    press(&mut model, "shift-t");
    assert_eq!(elapsed(&model, 42), None);
}

#[test]
fn lines_are_picked_one_by_one_and_copied() {
    let mut model = in_log();
    press(&mut model, "shift-e space up up space");
    assert!(!reader(&model).follow);
    let text = copied(press(&mut model, "c"));
    assert_eq!(text, "12:06:10.000 served request 37\n12:06:30.000 failed request 39\n");
    press(&mut model, "esc");
    assert!(reader(&model).picked.is_empty() && matches!(model.front, Screen::Logs(_)));
}

#[test]
fn a_range_is_picked_as_far_as_it_is_in_sight() {
    let mut model = in_log();
    run(&mut model, "exclude request 3[5-7]");
    press(&mut model, "shift-e v up up");
    assert_eq!(copied(press(&mut model, "c")).lines().count(), 3);
    press(&mut model, "v");
    assert_eq!(reader(&model).picked.iter().copied().collect::<Vec<_>>(), [34, 38, 39]);
}

#[test]
fn without_picked_lines_those_on_the_screen_are_copied_without_escapes() {
    let mut model = in_log();
    give_lines(&mut model, vec![line(500, None, "\u{1b}[31mred\u{1b}[0m")]);
    let text = copied(press(&mut model, "c"));
    let page = usize::from(model.layout().page);
    assert_eq!((text.lines().count(), text.lines().last()), (page, Some("12:08:20.000 red")));
}

#[test]
fn all_that_was_read_is_saved_or_what_passes() {
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
            "at": "1970-01-01T12:00:00.000Z", "task": "arn:aws:ecs:eu-west-1:1:task/prod/0123abcd4567",
            "container": "app", "group": "/ecs/api", "stream": "ecs/app/0123abcd4567", "level": "info",
            "text": "served request 0",
        })
    );
    assert_eq!(model.run("save csv"), Err("logs can't be saved as `csv`; text, json and view are known".into()));
}

#[test]
fn the_console_shows_the_stream_from_that_line_on() {
    let mut model = in_log();
    press(&mut model, "b");
    assert_eq!(flash(&model), "the Region is not known yet");
    model.scope.region = Some("eu-west-1".into());
    let address = copied(press(&mut model, "shift-e b"));
    assert!(address.ends_with("log-events/ecs$252Fapp$252F0123abcd4567$3Fstart$3D43590000"), "{address}");
}

#[test]
fn the_strip_takes_rows_from_the_page() {
    let mut model = in_log();
    let before = model.layout().page;
    press(&mut model, "i");
    assert_eq!(model.layout().page, before - 3);
    let strip = reader(&model).strip(100, &model.settings.zone).unwrap();
    assert_eq!((strip.step, strip.lines.iter().sum::<u64>(), strip.errors.iter().sum::<u64>()), (5, 40, 4));
    run(&mut model, "include failed");
    let strip = reader(&model).strip(100, &model.settings.zone).unwrap();
    assert_eq!(strip.lines, strip.errors);
    press(&mut model, "i");
    assert_eq!(model.layout().page, before);
}

#[test]
fn esc_leaves_what_is_picked_then_context_then_highlights_then_filters_then_the_log() {
    let mut model = in_log();
    run(&mut model, "include failed");
    run(&mut model, "highlight request");
    press(&mut model, "x space v");
    press(&mut model, "esc");
    assert!(reader(&model).finding.range.is_none() && !reader(&model).picked.is_empty());
    press(&mut model, "esc");
    assert!(reader(&model).picked.is_empty() && stack(&model).context.is_some());
    press(&mut model, "esc");
    assert!(stack(&model).context.is_none() && rules(&model).len() == 2);
    press(&mut model, "esc");
    assert_eq!(rules(&model), [(Mode::Include, "failed", true)]);
    press(&mut model, "esc");
    assert!(rules(&model).is_empty());
    press(&mut model, "esc");
    assert!(matches!(model.front, Screen::Table(_)));
}

#[test]
fn none_of_it_needs_a_line() {
    let mut model = console();
    press(&mut model, "enter l");
    for key in
        ["n", "shift-n", "e", "shift-e", "{", ")", "shift-t", "space", "v", "c", "ctrl-s", "b", "i", "x", "shift-w"]
    {
        press(&mut model, key);
        assert!(matches!(model.front, Screen::Logs(_)), "{key}");
    }
}

/// All those matches are found in the end, however few can be looked at in one go.
#[test]
fn matches_are_found_some_at_a_time() {
    let mut model = in_log();
    run(&mut model, "highlight slow");
    let Screen::Logs(reader) = &mut model.front else { panic!("no log") };
    let mut matches = crate::model::logs::Matches::new(20);
    let mut rounds = 0;
    while !matches.advance(&reader.ring, &reader.stack, 300) {
        rounds += 1;
        assert!(rounds < 100);
    }
    assert!(rounds > 3);
    assert_eq!(matches.count(Some(14)), (Some(2), 4));
}
