//! Filters of a log, by keys.

use super::*;

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

#[test]
fn a_filter_that_is_named_as_in_tables_is_an_include() {
    let mut model = in_log();
    run(&mut model, "/failed");
    run(&mut model, "filter slow");
    assert_eq!(rules(&model), [(Mode::Include, "failed", true), (Mode::Include, "slow", true)]);
}
