//! The console itself.

use super::*;

#[rstest]
#[case(Quit::Single, &[(0, true)])]
#[case(Quit::Double, &[(0, false), (3, false), (5, true)])]
#[case(Quit::Never, &[(0, false), (1, false)])]
fn ctrl_c_quits_as_it_is_set(#[case] setting: Quit, #[case] presses: &[(i64, bool)]) {
    let mut model = console();
    model.settings.quit = setting;
    for (second, quits) in presses {
        let effects = model.update(at(*second), Event::Key(key_event("ctrl-c")));
        assert_eq!(effects.contains(&Effect::Quit), *quits, "{second}");
    }
}

#[test]
fn ctrl_c_in_a_prompt_only_cancels_it() {
    let mut model = console();
    assert_eq!(but_demands(press(&mut model, "/ ctrl-c")), []);
    assert!(model.overlay.is_none());
}

#[test]
fn the_scope_is_picked_among_clusters_regions_and_profiles() {
    let mut model = console();
    assert_eq!(but_demands(press(&mut model, "ctrl-p")), [Effect::ListProfiles]);
    model.update(at(0), Event::Profiles(vec!["operations".into()]));
    type_in(&mut model, "operat");
    let effects = but_demands(press(&mut model, "enter"));
    assert_eq!(effects, [Effect::Switch(scope(Some("operations"), None))]);
    give(&mut model, 0, world(1, vec![]));
    press(&mut model, "ctrl-p down enter");
    assert_eq!(front_table(&model).title(), "services(staging)");
}

#[test]
fn help_lists_every_action_and_narrows_to_what_is_typed() {
    let mut model = console();
    press(&mut model, "?");
    let text = front_text(&model).text();
    for action in ACTIONS {
        assert!(text.contains(action.about), "{}", action.name);
    }
    press(&mut model, "/");
    type_in(&mut model, "warp");
    press(&mut model, "enter");
    assert_eq!(front_text(&model).lines.len(), 0, "what is looked for is in no line");
    press(&mut model, "/");
    type_in(&mut model, "row's cluster");
    press(&mut model, "enter");
    assert_eq!(front_text(&model).lines.len(), 3);
    press(&mut model, "esc");
    assert!(front_text(&model).search.is_none());
    press(&mut model, "?");
    assert_eq!(front_table(&model).title(), "clusters");
}

#[test]
fn messages_are_kept_and_read_again() {
    let mut model = console();
    let notice = Notice { level: Level::Error, text: "ListTasks: denied".into() };
    model.update(at(3600), Event::Told(notice.clone()));
    assert_eq!(flash(&model), "ListTasks: denied");
    press(&mut model, "!");
    assert_eq!(flash(&model), "", "a key has seen it");
    assert_eq!(front_text(&model).text(), "01:00:00  error  ListTasks: denied\n");
    model.update(at(3601), Event::Told(notice));
    assert_eq!(front_text(&model).lines.len(), 2);
}

#[test]
fn a_failure_is_kept_in_full_once_for_as_long_as_it_stands() {
    let mut model = console();
    let mut snapshot = world(2, vec![]);
    let failing = failure(Trouble::Offline);
    snapshot.link.failure = Some(failing.clone());
    snapshot.feeds.get_mut(&clusters()).unwrap().failure = Some(failing.clone());
    give(&mut model, 1, snapshot.clone());
    give(&mut model, 2, snapshot);
    assert_eq!(flash(&model), "", "header and table tell it");
    let kept: Vec<&str> = model.messages.log.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with(&failing.to_string()), "{kept:?}");
}

#[test]
fn hints_are_the_table_s_and_follow_the_place() {
    let mut model = in_tasks();
    let hints = model.hints();
    assert!(hints.windows(2).all(|pair| pair[0].rank <= pair[1].rank));
    let texts = |model: &Model| model.hints().iter().map(|hint| hint.text).collect::<Vec<_>>();
    assert!(texts(&model).contains(&"stopped") && !texts(&model).contains(&"wrap"));
    press(&mut model, "d");
    assert!(texts(&model).contains(&"wrap") && !texts(&model).contains(&"stopped"));
}

#[test]
fn rebound_keys_call_their_action() {
    let mut model = console();
    model.keymap.rebind("pause", &["f9"]).unwrap();
    press(&mut model, "=");
    assert!(!model.paused);
    press(&mut model, "f9");
    assert!(model.paused);
}

#[test]
fn troubles_of_the_link_are_put_in_few_words() {
    let api = |trouble, attempts| {
        let mut model = console();
        let mut snapshot = world(2, vec![]);
        snapshot.link.failure = Some(failure(trouble));
        snapshot.link.attempts = attempts;
        give(&mut model, 0, snapshot);
        model.header().api
    };
    assert_eq!(api(Trouble::Offline, 4), "offline, retry 4");
    assert_eq!(api(Trouble::Credentials, 1), "no credentials");
    assert_eq!(api(Trouble::Throttled, 1), "throttled");
}
