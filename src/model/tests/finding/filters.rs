//! Filters of a log, by keys.

use super::*;
use crate::logs::filter::LineFilter;

#[test]
fn typing_filters_at_once_and_esc_restores() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "fail");
    assert_eq!(shown(&model), ["failed request 9", "failed request 19", "failed request 29", "failed request 39"]);
    press(&mut model, "esc");
    assert_eq!(shown(&model).len(), 40);
    assert!(model.overlay.is_none() && rules(&model).is_empty());
}

#[test]
fn an_invalid_filter_leaves_the_last_valid_one_and_the_prompt_open() {
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
    assert_eq!(rules(&model), [(FilterMode::Include, "failed \"request\"", true)]);
}

#[test]
fn a_filter_is_edited_or_another_is_added() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "failed");
    let effects = press(&mut model, "enter");
    assert!(effects.contains(&Effect::Remember { list: "filters", entry: "failed".into() }));
    press(&mut model, "/");
    type_in(&mut model, "slow");
    press(&mut model, "enter");
    assert_eq!(rules(&model), [(FilterMode::Include, "slow", true)]);
    press(&mut model, "+");
    type_in(&mut model, "failed");
    press(&mut model, "enter");
    assert_eq!(shown(&model).len(), 8);
    press(&mut model, "/ backspace enter");
    assert_eq!(rules(&model), [(FilterMode::Include, "slow", true)]);
    press(&mut model, "ctrl-u");
    assert!(rules(&model).is_empty());
}

#[rstest]
#[case("ctrl-x", "request", FilterMode::Exclude, "request", "!request", 0)]
#[case("ctrl-x ctrl-x", "slow", FilterMode::Highlight, "slow", "slow", 40)]
#[case("ctrl-x ctrl-x ctrl-x", "slow", FilterMode::Include, "slow", "slow", 4)]
#[case("left", "!served request", FilterMode::Exclude, "served request", "!served request", 8)]
fn ctrl_x_and_an_exclamation_mark_set_the_mode(
    #[case] keys: &str,
    #[case] typed: &str,
    #[case] mode: FilterMode,
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
fn ctrl_x_removes_the_exclamation_mark() {
    let mut model = in_log();
    press(&mut model, "/");
    type_in(&mut model, "!slow");
    press(&mut model, "ctrl-x enter");
    assert_eq!(rules(&model), [(FilterMode::Highlight, "slow", true)]);
}

#[test]
fn the_list_turns_filters_off_edits_and_removes_them() {
    let mut model = in_log();
    run(&mut model, "include failed");
    run(&mut model, "exclude request 9");
    press(&mut model, "shift-f space");
    assert_eq!(rules(&model)[1], (FilterMode::Exclude, "request 9", false));
    press(&mut model, "up enter");
    type_in(&mut model, "slow");
    press(&mut model, "enter");
    assert_eq!(rules(&model)[0], (FilterMode::Include, "slow", true));
    assert!(matches!(model.overlay, Some(Overlay::Rules(RuleList { selected: 0 }))), "{:?}", model.overlay);
    press(&mut model, "tab");
    assert_eq!(rules(&model)[0].0, FilterMode::Exclude);
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
fn the_minimum_level_cycles_all_warnings_errors() {
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
    assert_eq!(model.run("level loud"), Err("unknown argument `loud`; one of off, warn, error".into()));
}

#[test]
fn matches_are_shown_with_context_lines() {
    let mut model = in_log();
    press(&mut model, "x");
    assert_eq!(flash(&model), "no filter is active, so all lines are shown; / adds one");
    run(&mut model, "include \"request 19\"");
    press(&mut model, "x");
    assert_eq!(shown(&model).len(), 7);
    run(&mut model, "around 1");
    assert_eq!(shown(&model), ["served request 18", "failed request 19", "served request 20"]);
    press(&mut model, "x");
    assert_eq!(shown(&model).len(), 1);
    assert!(model.run("around many").is_err());
}

#[test]
fn the_filter_command_of_tables_adds_an_include() {
    let mut model = in_log();
    run(&mut model, "/failed");
    run(&mut model, "filter slow");
    assert_eq!(rules(&model), [(FilterMode::Include, "failed", true), (FilterMode::Include, "slow", true)]);
}

fn prompt_of(model: &Model) -> &prompt::Prompt {
    model.overlay.as_ref().and_then(Overlay::prompt).expect("a prompt")
}

fn offered(model: &Model) -> Vec<&str> {
    prompt_of(model).completion.candidates.iter().map(|candidate| candidate.text.as_str()).collect()
}

/// A log of JSON lines and plain lines, of two tasks.
fn in_json() -> Model {
    let mut model = in_log();
    let json = |status: u32, level| {
        let user = r#""user":{"id":7},"tags":["a b","c"],"odd key":1"#;
        let text = format!(r#"{{"status":{status},"path":"/pay \"now\"",{user}}}"#);
        Line { source: Some(source("89abcdef0123")), ..line(500, Some(level), &text) }
    };
    give_lines(&mut model, vec![json(200, Level::Info), json(503, Level::Error), json(200, Level::Info)]);
    model
}

#[rstest]
#[case("", "level task container service revision .status .path .user.id .tags is:late is:mark is:output")]
#[case("s", "service severity")]
#[case("sv", "svc")]
#[case("failed !lev", "level")]
#[case("is:l", "is:late")]
#[case(".u", ".user.id")]
#[case("level>=", "warn error fatal info debug trace")]
#[case("level=", "info error warn")]
#[case("level>=W", "warn")]
#[case("task:", "0123abcd 89abcdef")]
#[case("container=", "app")]
#[case("revision:", "api:7")]
#[case(".status>=", "200 503")]
#[case(".status=5", "503")]
#[case("level=error .status=", "503")]
#[case("!.status=200 task:", "89abcdef")]
#[case(".path=", r#""/pay \"now\"""#)]
#[case(".tags=", r#""a b" c"#)]
#[case("level=warn", "")]
#[case("is:late", "")]
#[case("request", "")]
#[case("\"task", "")]
#[case("nginx:", "")]
fn terms_are_completed_with_values_of_lines(#[case] typed: &str, #[case] expected: &str) {
    let mut model = in_json();
    press(&mut model, "/");
    type_in(&mut model, typed);
    assert_eq!(offered(&model).join(" "), expected);
}

/// Every suggestion is valid, and every value occurs in a line.
#[test]
fn suggestions_are_valid_and_match_a_line() {
    let mut model = in_json();
    press(&mut model, "/");
    let names: Vec<String> = offered(&model).into_iter().map(str::to_owned).collect();
    assert!(names.len() > 10);
    let compared = names.iter().filter(|name| !name.starts_with("is:"));
    let ops = [":", "=", "!=", "~", "!~", "<", "<=", ">", ">="];
    let compared = compared.flat_map(|name| ops.map(|op| format!("{name}{op}")));
    for typed in [String::new()].into_iter().chain(compared) {
        press(&mut model, "ctrl-u");
        model.update(model.now, Event::Paste(typed.clone()));
        for _ in 0..offered(&model).len() {
            press(&mut model, "tab");
            let text = prompt_of(&model).text().to_owned();
            let filter = LineFilter::parse(&text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            let finds = reader(&model)
                .buffer
                .ring
                .numbers()
                .any(|number| filter.admits(reader(&model).buffer.ring.get(number).unwrap()));
            let value = [":", "=", "~"].iter().any(|op| names.iter().any(|name| typed == format!("{name}{op}")));
            assert!(finds || !value, "{text} finds nothing");
        }
    }
}

#[test]
fn names_are_shown_with_meaning_or_operators() {
    let mut model = in_json();
    press(&mut model, "/");
    for (typed, about) in [
        ("leve", "trace, debug, info, warn, error, fatal"),
        ("level", ">= at least, < below, = is, != is not"),
        ("SVC", "= is, : contains, ~ matches, != is not"),
    ] {
        press(&mut model, "ctrl-u");
        type_in(&mut model, typed);
        let beside: Vec<&str> = prompt_of(&model).completion.candidates.iter().map(|it| it.about.as_str()).collect();
        assert_eq!(beside, [about], "{typed}");
    }
}

#[test]
fn an_unfinished_term_hides_nothing() {
    let mut model = in_json();
    press(&mut model, "/");
    let mut typed = String::new();
    let steps = [("level", 43), (">", 43), ("=", 43), ("wa", 43), ("rn", 9), (" task:", 9), ("89", 1), (" .none=", 1)];
    for (next, left) in steps {
        type_in(&mut model, next);
        typed += next;
        assert_eq!((shown(&model).len(), &prompt_of(&model).fault), (left, &None), "{typed}");
    }
    press(&mut model, "ctrl-u");
    type_in(&mut model, "leve");
    assert_eq!(shown(&model).len(), 43);
    press(&mut model, "enter");
    assert_eq!(shown(&model).len(), 0, "what is entered counts as it is");
}
