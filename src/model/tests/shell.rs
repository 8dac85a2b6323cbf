//! The console as a whole.

use super::*;

#[rstest]
#[case(Quit::Single, &[(0, true)])]
#[case(Quit::Double, &[(0, false), (3, false), (5, true)])]
#[case(Quit::Never, &[(0, false), (1, false)])]
fn ctrl_c_quits_as_configured(#[case] setting: Quit, #[case] presses: &[(i64, bool)]) {
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
    press(&mut model, "ctrl-p");
    type_in(&mut model, "staging");
    press(&mut model, "enter");
    assert_eq!(front_table(&model).title(), "services(staging)");
}

/// A console of this size, with the help of the screen that `keys` open.
fn helped(size: (u16, u16), keys: &str) -> Model {
    let mut model = console();
    model.update(at(0), Event::Resize(size.0, size.1));
    if !keys.is_empty() {
        press(&mut model, keys);
    }
    press(&mut model, "?");
    model
}

const SCREENS: [(&str, &str); 6] = [
    ("", "On a row, and in texts about one"),
    ("enter", "On a row, and in texts about one"),
    ("enter d", "In texts"),
    ("enter y", "In texts"),
    ("!", "In texts"),
    ("enter l", "In logs"),
];

/// Profiles first, then Regions, then clusters; current ones before others of their kind.
#[test]
fn the_scope_picker_lists_profiles_regions_and_clusters() {
    let mut model = console();
    let mut known = world(2, vec![]);
    known.identity.profile = Some("static".into());
    known.identity.region = Some("us-east-1".into());
    give(&mut model, 0, known);
    press(&mut model, "2 ctrl-p");
    let items = |model: &Model| match &model.overlay {
        Some(Overlay::Picker(picker)) => {
            assert_eq!(picker.selected, 0);
            picker.items.iter().map(|item| format!("{} ({})", item.text, item.about)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(items(&model)[0], "us-east-1 (Region, current)", "the profiles are not known yet");
    model.update(at(0), Event::Profiles(vec!["ops".into(), "static".into()]));
    let items = items(&model);
    assert_eq!(items[..3], ["static (profile, current)", "ops (profile)", "us-east-1 (Region, current)"]);
    assert_eq!(items[items.len() - 3..], ["staging (cluster, current)", "prod (cluster)", "all clusters ()"]);
}

#[test]
fn help_begins_with_the_keys_of_the_screen_and_has_four_pages_at_most() {
    for (keys, first) in SCREENS {
        let model = helped((80, 24), keys);
        let text = front_text(&model);
        let pages = text.rows.len().div_ceil(page(&model));
        assert!(pages <= 4, "{keys}: {pages} pages, {} rows", text.rows.len());
        let titles: Vec<_> =
            text.lines.iter().filter(|line| line.is_title()).map(screens::text::TextLine::text).collect();
        assert_eq!(titles[0], first, "{keys}");
        let last = if keys.ends_with('l') { "Filters of logs" } else { "In prompts" };
        assert!(["Everywhere", last].iter().all(|title| titles.contains(&(*title).to_owned())), "{titles:?}");
    }
}

#[test]
fn help_shows_every_key_of_the_screen_and_only_those() {
    for (keys, _) in SCREENS {
        let mut model = helped((400, 50), keys);
        let text = front_text(&model).text();
        press(&mut model, "?");
        let kind = model.front.kind();
        for action in ACTIONS.iter().filter(|action| action.works_in(model.front.contexts(), kind)) {
            assert!(text.contains(action.about), "{keys}: {} is missing", action.name);
        }
        assert_eq!(text.contains("Live Tail"), keys.ends_with('l'), "{keys}");
    }
}

/// A description begins beside or beneath its first line, never beneath the key.
#[test]
fn help_indents_continuation_lines() {
    for size in [(80, 24), (60, 15), (50, 12), (120, 30), (200, 50)] {
        for (keys, _) in SCREENS {
            let model = helped(size, keys);
            let text = front_text(&model);
            for row in text.rows.iter().filter(|row| row.start > 0) {
                assert!(row.indent > 4, "{size:?} {keys}: {:?}", text.lines[row.line]);
            }
            for line in text.lines.iter().filter(|line| !line.is_title()) {
                assert!(line.text().starts_with("  "), "{size:?} {keys}: {line:?}");
            }
        }
    }
}

fn page(model: &Model) -> usize {
    model.layout().page.into()
}

#[test]
fn help_is_filtered_by_the_typed_text() {
    for action in ACTIONS.iter() {
        let mut model = console();
        press(&mut model, "? /");
        type_in(&mut model, action.about);
        assert!(front_text(&model).text().contains(action.about), "{}", action.name);
    }
    let mut model = console();
    press(&mut model, "?");
    press(&mut model, "/");
    type_in(&mut model, "warp");
    press(&mut model, "enter");
    assert_eq!(front_text(&model).lines.len(), 0, "no line contains the text");
    press(&mut model, "/");
    type_in(&mut model, "row's cluster");
    press(&mut model, "enter");
    assert!(
        front_text(&model).lines.iter().skip(1).all(|line| line.is_title() || line.text().contains("row's cluster"))
    );
    press(&mut model, "esc");
    assert!(front_text(&model).search.is_none());
    press(&mut model, "?");
    assert_eq!(front_table(&model).title(), "clusters");
}

#[test]
fn messages_are_kept_and_shown_again() {
    let mut model = console();
    let notice = Notice { level: NoticeLevel::Error, text: "ListTasks: denied".into() };
    model.update(at(3600), Event::Notice(notice.clone()));
    assert_eq!(flash(&model), "ListTasks: denied");
    press(&mut model, "!");
    assert_eq!(flash(&model), "", "a key has seen it");
    assert_eq!(front_text(&model).text(), "01:00:00  error  ListTasks: denied\n");
    model.update(at(3601), Event::Notice(notice));
    assert_eq!(front_text(&model).lines.len(), 2);
}

/// A message belongs to the view in which it was shown.
#[test]
fn information_ends_with_its_view_and_a_warning_with_a_key() {
    for leave in ["esc", "enter", "d", "?", "0"] {
        let mut model = in_tasks();
        press(&mut model, "f7");
        assert!(flash(&model).starts_with("f7 does nothing"));
        press(&mut model, leave);
        assert_eq!(flash(&model), "", "{leave}");
    }
    let mut model = in_tasks();
    press(&mut model, "f7 j");
    assert_ne!(flash(&model), "", "it is still the same view");
    let warning = Notice { level: NoticeLevel::Warn, text: "not saved".into() };
    model.update(at(0), Event::Notice(warning));
    model.show(services());
    model.update(at(60), Event::Tick);
    assert_eq!(flash(&model), "not saved");
    press(&mut model, "j");
    assert_eq!(flash(&model), "");
}

#[test]
fn a_lasting_failure_is_logged_in_full_once() {
    let mut model = console();
    let mut snapshot = world(2, vec![]);
    let failing = failure(FailureKind::Offline);
    snapshot.connection.failure = Some(failing.clone());
    snapshot.feeds.get_mut(&clusters()).unwrap().failure = Some(failing.clone());
    give(&mut model, 1, snapshot.clone());
    give(&mut model, 2, snapshot);
    assert_eq!(flash(&model), "", "header and table tell it");
    let kept: Vec<&str> = model.messages.log.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with(&failing.to_string()), "{kept:?}");
}

#[test]
fn hints_depend_on_the_table_and_its_rows() {
    let mut model = in_tasks();
    let hints = model.hints();
    assert!(hints.windows(2).all(|pair| pair[0].rank <= pair[1].rank));
    let texts = |model: &Model| model.hints().iter().map(|hint| hint.text).collect::<Vec<_>>();
    assert!(texts(&model).contains(&"wide") && !texts(&model).contains(&"wrap"));
    press(&mut model, "d");
    assert!(texts(&model).contains(&"wrap") && !texts(&model).contains(&"wide"));
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
fn connection_failures_have_short_texts() {
    let api = |trouble, attempts| {
        let mut model = console();
        let mut snapshot = world(2, vec![]);
        snapshot.connection.failure = Some(failure(trouble));
        snapshot.connection.attempts = attempts;
        give(&mut model, 0, snapshot);
        model.header().api
    };
    assert_eq!(api(FailureKind::Offline, 4), "offline, retry 4");
    assert_eq!(api(FailureKind::Credentials, 1), "no credentials");
    assert_eq!(api(FailureKind::Throttled, 1), "throttled");
}

/// moto does not have the list of service deployments, for example.
#[test]
fn what_the_server_does_not_have_is_no_failure_of_the_api() {
    let api = |kind: FailureKind| {
        let mut model = in_tasks();
        let mut snapshot = world(2, vec![task("a")]);
        snapshot.connection.calls = 1;
        let failed = snapshot.feeds.get_mut(&tasks()).expect("tasks");
        failed.failure = Some(Arc::new(Failure::local("ListTasks", kind, "no")));
        give(&mut model, 1, snapshot);
        model.header().api
    };
    assert_eq!((api(FailureKind::Server).as_str(), api(FailureKind::Unsupported).as_str()), ("failing", "ok"));
}
