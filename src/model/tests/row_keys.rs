//! Keys of a row while a text about it is open, and unbound keys.

use super::*;
use crate::model::{
    action::{Action, row::ON_ROWS},
    screens::text::actions::{IN_JSON, IN_TEXTS},
};

/// The result of a key: the title it opens, the overlay, the message, and the effects.
fn outcome(model: &mut Model, key: &str) -> String {
    let before = model.crumbs();
    let effects = press(model, key);
    let title = Some(model.crumbs()).filter(|crumbs| *crumbs != before).and_then(|mut crumbs| crumbs.pop());
    let overlay = match &model.overlay {
        Some(Overlay::Picker(picker)) => Some((&picker.title, &picker.items)),
        _ => None,
    };
    format!("{title:?} {overlay:?} {:?} {:?}", flash(model), but_demands(effects))
}

/// The cursor on a service, on a running task, and on a stopped one.
const ROWS: [&str; 3] = ["enter", "enter enter", "enter enter j"];

fn on(row: &str) -> Model {
    let mut model = console();
    press(&mut model, row);
    model
}

fn key(action: &Action) -> Option<&'static str> {
    action.keys.first().copied()
}

#[test]
fn keys_of_a_row_work_in_texts_about_it() {
    let mut compared = 0;
    for row in ROWS {
        for text in ["d", "shift-x", "y"] {
            for action in ACTIONS.iter().filter(|action| action.place == ON_ROWS) {
                let (mut here, mut there) = (on(row), on(row));
                press(&mut there, text);
                let kind = here.front_kind();
                let Some(name) = key(action).filter(|_| action.works_on(kind)) else { continue };
                let (called, _) = there.keymap.find(name.parse().unwrap(), there.front.contexts(), kind).unwrap();
                if [IN_TEXTS, IN_JSON].contains(&called.place) {
                    continue;
                }
                assert_eq!(called.name, action.name);
                let (expected, came) = (outcome(&mut here, name), outcome(&mut there, name));
                let open = match (action.name, text) {
                    // A row that opens nothing is described, which it is already.
                    ("open", _) if kind == Some(&TASK) => Some("there is nothing inside this task"),
                    // The open text stays, or is replaced by its table.
                    ("describe", "d") | ("explain", "shift-x") | ("raw", "y") => Some(""),
                    _ => None,
                };
                if let Some(message) = open {
                    assert_eq!(flash(&there), message);
                } else {
                    assert_eq!(came, expected, "{row}, {text}, then {name}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn a_text_keeps_its_own_keys_and_only_json_can_be_revealed() {
    let called = |keys: &str, key: &str| {
        let mut model = on("enter");
        press(&mut model, keys);
        model.keymap.find(key.parse().unwrap(), model.front.contexts(), Some(&SERVICE)).map(|(action, _)| action.name)
    };
    assert_eq!(called("d", "x"), Some("stopped-tasks"));
    assert_eq!(called("shift-x", "x"), Some("stopped-tasks"));
    assert_eq!(called("y", "x"), Some("reveal"));
    for (key, own) in [("n", "next-match"), ("w", "wrap"), ("/", "search")] {
        assert_eq!(called("shift-x", key), Some(own));
    }
    assert_eq!(called("?", "x"), None, "help is about no row");
}

#[test]
fn going_back_returns_to_the_explanation() {
    let mut model = on("enter");
    press(&mut model, "shift-x");
    let explanation = front_text(&model).title.clone();
    press(&mut model, "x");
    assert_eq!(front_table(&model).title(), "tasks(api, stopped)");
    press(&mut model, "q");
    assert_eq!(front_text(&model).title, explanation);
    press(&mut model, "q enter shift-x x");
    assert_eq!(front_table(&model).title(), "tasks(api, stopped)");
    press(&mut model, "q");
    assert_eq!(front_text(&model).title, "explain task a");
}

#[test]
fn hints_of_a_text_match_its_keys() {
    for row in ROWS {
        for text in ["", " d", " shift-x", " y"] {
            let model = on(&format!("{row}{text}"));
            let kind = model.front.kind();
            let hints = model.hints();
            let keys: Vec<&str> = hints.iter().map(|hint| hint.key.as_str()).collect();
            for (index, key) in keys.iter().enumerate() {
                assert!(!keys[..index].contains(key), "{key} twice: {keys:?}");
                assert!(model.keymap.find(key.parse().unwrap(), model.front.contexts(), kind).is_some());
            }
        }
    }
}

#[rstest]
#[case("i", "i: e on a service edits its task definition, with the image")]
#[case("ctrl-k", "ctrl-k: not for services; stop is for task, container")]
#[case("o", "o: not for services; instance is for task")]
#[case("f7", "f7 does nothing here; ? lists the keys")]
fn an_unbound_key_shows_a_message(#[case] key: &str, #[case] expected: &str) {
    for text in ["enter", "enter d"] {
        let mut model = on(text);
        press(&mut model, key);
        assert_eq!(flash(&model), expected);
    }
}

/// Every key on every screen changes something or shows a message.
#[test]
fn every_key_has_a_visible_result() {
    let letters = ('!'..='~').map(|c| c.to_string());
    let controls = ('a'..='z').filter(|c| !"hijm".contains(*c)).map(|c| format!("ctrl-{c}"));
    let named = ["tab", "shift-tab", "delete", "insert", "f3", "alt-x"].map(str::to_owned);
    let keys: Vec<String> = letters.chain(controls).chain(named).filter(|key| key != "esc").collect();
    for screen in ["", "enter", "enter enter", "enter d", "enter shift-x", "enter y", "?", "!", "enter l"] {
        for key in &keys {
            let mut model = console();
            if !screen.is_empty() {
                press(&mut model, screen);
            }
            let kind = model.front.kind();
            let means = model.keymap.find(key.parse().unwrap(), model.front.contexts(), kind).is_some();
            press(&mut model, key);
            assert!(
                means || flash(&model).starts_with(key.as_str()) || flash(&model).starts_with("shift-"),
                "{screen}: {key}"
            );
        }
    }
}

fn run(model: &mut Model, line: &str) -> Vec<Effect> {
    press(model, ":");
    type_in(model, line);
    press(model, "enter")
}

/// An argument is used or refused, never ignored.
#[test]
fn no_command_ignores_an_argument() {
    const UNKNOWN: &str = "zz-unknown";
    let screens = ["", "enter", "enter enter", "enter d", "enter y", "enter l"];
    for screen in screens {
        for action in ACTIONS.iter() {
            for word in action.words {
                let mut model = console();
                if !screen.is_empty() {
                    press(&mut model, screen);
                }
                let effects = run(&mut model, &format!("{word} {UNKNOWN} {UNKNOWN}"));
                let shown = flash(&model);
                let refused = model.messages.flash.as_ref().is_some_and(|message| message.level == NoticeLevel::Warn)
                    && (shown.contains(UNKNOWN) || shown.contains("does nothing here"));
                // Any text is a command to run in a container, or the key of a tag: what keeps it from being sent comes first.
                let refused = refused || ["shell", "tag"].contains(&action.name) && shown.contains("read-only");
                let used = match &model.front {
                    Screen::Forwards(_) => false,
                    Screen::Table(table) => table.filter.text().contains(UNKNOWN),
                    Screen::Text(viewer) => viewer.search.as_ref().is_some_and(|search| search.text.contains(UNKNOWN)),
                    Screen::Logs(reader) => {
                        format!("{:?}{:?}{:?}", reader.buffer.stack, reader.wanted, model.overlay).contains(UNKNOWN)
                    }
                };
                let used = used || effects.iter().any(|effect| matches!(effect, Effect::Switch(scope) if scope.profile.as_ref().is_some_and(|profile| profile.contains(UNKNOWN))));
                assert!(refused || used, "{screen:?}, :{word} {UNKNOWN}: {shown:?}");
            }
        }
    }
}

#[test]
fn no_view_ignores_an_argument() {
    for kind in crate::kinds::KINDS {
        let mut model =
            Model::new(crate::kinds::KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (80, 24)));
        give(&mut model, 0, world(1, vec![]));
        for line in [format!("{} zz-unknown", kind.name), format!("{} all zz-unknown", kind.plural)] {
            run(&mut model, &line);
            assert!(
                flash(&model).contains("zz-unknown") || flash(&model).contains("belong to a cluster"),
                "{line}: {}",
                flash(&model)
            );
        }
    }
}

#[test]
fn a_named_row_is_described_explained_and_shown_as_json() {
    for (word, title) in [("describe", "describe task b"), ("explain", "explain task b"), ("json", "JSON task b")] {
        for screen in ["enter enter", "enter enter d", "enter enter l"] {
            let mut model = on(screen);
            run(&mut model, &format!("{word} b"));
            assert_eq!(front_text(&model).title, title, "{screen}");
        }
    }
    // Rows that are loaded elsewhere are found, too.
    let mut model = console();
    run(&mut model, "explain web");
    assert_eq!(front_text(&model).title, "explain service web in prod");
    let mut model = on("enter enter");
    run(&mut model, "describe arn:aws:ecs:eu-west-1:1:task/prod/c");
    assert_eq!(front_text(&model).title, "describe task c");
    let mut model = on("enter");
    run(&mut model, "explain apii");
    assert_eq!(flash(&model), "unknown service `apii`; did you mean api?");
    let mut model = console();
    run(&mut model, "explain staging");
    assert_eq!(flash(&model), "clusters are not explained; d describes one");
    let mut model = on("enter");
    run(&mut model, "logs web");
    assert_eq!(model.crumbs().pop().as_deref(), Some("logs(web)"));
}

#[rstest]
#[case("deployments.apps", "no `:deployments.apps` here: use :services")]
#[case("xray", "no `:xray` here: no tree in this version")]
#[case("kill a", "no `:kill` here: no delete in this version")]
#[case("wide open", "`:wide` takes no argument; unexpected `open`")]
#[case("region eu-west-1 eu-west-2", "unexpected `eu-west-2`; `:region` takes one argument")]
fn foreign_words_and_unexpected_arguments_have_messages(#[case] line: &str, #[case] expected: &str) {
    let mut model = console();
    run(&mut model, line);
    assert!(flash(&model).starts_with(expected), "{}", flash(&model));
}

#[test]
fn help_takes_a_search_term() {
    let mut model = console();
    run(&mut model, "help cluster");
    let lines = front_text(&model).lines.len();
    assert!(front_text(&model).text().contains("cluster"));
    run(&mut model, "help zz-unknown");
    assert_eq!(front_text(&model).lines.len(), 0);
    run(&mut model, "help cluster");
    assert_eq!(front_text(&model).lines.len(), lines);
}

/// Opens the locator copied from the row under the cursor.
fn copied_locator(model: &mut Model) -> String {
    press(model, "shift-c");
    type_in(model, "locator");
    match but_demands(press(model, "enter")).pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A locator copied from any row opens the same row, in the same view and scope, with the same filter.
    #[test]
    fn a_copied_locator_opens_its_row(
        numbers in prop::collection::btree_set(0u8..9, 1..6),
        twins in any::<bool>(),
        at in 0usize..6,
        stopped_view in any::<bool>(),
        filter in prop::sample::select(vec!["", "reason~. t"]),
        level in 0usize..3,
    ) {
        let rows: Vec<Task> = numbers
            .iter()
            .flat_map(|n| {
                let one = stopped(&format!("t {n}"), 1, "a reason");
                let twin = Task { id: format!("{}-twin", one.id), ..one.clone() };
                std::iter::once(one).chain(twins.then_some(twin))
            })
            .collect();
        let mut world = world(1, rows.clone());
        world.identity.profile = Some("ops/eu".into());
        world.identity.region = Some("eu-west-1".into());
        for status in [Status::Running, Status::Stopped] {
            let view = View::new(&TASK, Query { status, ..Query::cluster("prod") });
            world.feeds.insert(view, feed(1, rows.clone()));
        }
        let mut model = console();
        give(&mut model, 0, world.clone());
        press(&mut model, ["up", "enter", "enter enter"][level]);
        if level == 2 && stopped_view {
            press(&mut model, "x");
        }
        if level == 2 && !filter.is_empty() {
            run(&mut model, &format!("filter {filter}"));
        }
        let at = at.min(front_table(&model).rows.len() - 1);
        model.table_mut(|table| table.move_to(at));
        let (id, kind) = (front_table(&model).selected.clone(), front_table(&model).view.kind);
        let text = copied_locator(&mut model);
        prop_assert!(text.starts_with("scope://ops%2Feu/eu-west-1/"), "{}", text);

        let mut other = console();
        give(&mut other, 0, world);
        run(&mut other, &format!("open {text}"));
        let table = front_table(&other);
        prop_assert_eq!((&table.selected, table.view.kind), (&id, kind), "{} {}", text, flash(&other));
        prop_assert_eq!(table.filter.text(), if level == 2 { filter } else { "" });
        prop_assert_eq!(flash(&other), "");
    }
}

#[rstest]
#[case("open", "`:open` takes a locator; shift-c copies that of a row")]
#[case("open scope://-/-/prod/servce/api", "unknown kind `servce`; did you mean service?")]
#[case("open scope://-/-/prdo/service/api", "unknown cluster `prdo`; did you mean prod?")]
#[case("open scope://-/eu-wset-1/prod/service/api", "unknown Region `eu-wset-1`; did you mean eu-west-1")]
#[case("open scope://deb/-/prod/service/api", "unknown profile `deb`; did you mean dev?")]
#[case("open scope://-/-/prod/service/apii", "unknown service `apii`; did you mean api?")]
#[case("open service/api", "invalid locator `service/api`; expected scope://profile/region/cluster/kind/name?filter")]
fn an_invalid_locator_is_reported_with_the_nearest(#[case] line: &str, #[case] expected: &str) {
    let mut model = console();
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    run(&mut model, line);
    assert!(flash(&model).starts_with(expected), "{}", flash(&model));
}

#[test]
fn a_locator_of_another_scope_switches_and_waits_for_its_row() {
    let mut model = console();
    run(&mut model, "open scope://ops/eu-north-1/prod/service/web");
    assert_eq!(model.scope, scope(Some("ops"), Some("eu-north-1")));
    assert_eq!(front_table(&model).title(), "services(prod)");
    give(&mut model, 1, world(2, vec![]));
    assert_eq!(front_table(&model).selected.as_deref(), Some("arn:aws:ecs:eu-west-1:1:service/prod/web"));
}

/// `enter` runs the typed text; ghost text is accepted with → first, or suggested in the error.
#[rstest]
#[case("serv", "unknown command `serv`; did you mean service")]
#[case("profile stat", "unknown profile `stat`; did you mean static?")]
#[case("region eu-north", "unknown Region `eu-north`; did you mean eu-north-1")]
#[case("theme termin", "unknown theme `termin`; did you mean terminal?")]
#[case("svc stagin", "unknown cluster `stagin`; did you mean staging?")]
fn enter_runs_the_typed_text_and_suggests_the_ghost_text(#[case] line: &str, #[case] expected: &str) {
    let mut model = console();
    model.update(at(0), Event::Profiles(vec!["static".into(), "ops".into()]));
    press(&mut model, ":");
    type_in(&mut model, line);
    assert_ne!(model.overlay.as_ref().and_then(Overlay::prompt).map(|prompt| prompt.ghost.len()), Some(0));
    let effects = press(&mut model, "enter");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Switch(_))));
    assert!(flash(&model).starts_with(expected), "{}", flash(&model));
}
