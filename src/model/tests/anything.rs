//! Random sequences of events.

use super::*;
use crate::logs::{self, Line, Role, Source, Stream, TailMessage, TailUpdate};
use crate::model::screens::{ScreenContent, logs as reading};

/// Any event from the user, the data or time.
fn any_event() -> impl Strategy<Value = Event> {
    let keys: Vec<String> = ACTIONS
        .iter()
        .flat_map(|action| action.keys.iter().copied())
        .chain(prompt::EDITS.iter().flat_map(|(keys, ..)| keys.iter().copied()))
        .map(str::to_owned)
        .collect();
    let typed = prop::sample::select("abeistx0=<>:!/\"(~|- @é日".chars().map(String::from).collect::<Vec<_>>());
    let rows = prop::collection::vec(0u8..6, 0..6);
    prop_oneof![
        12 => prop::sample::select(keys).prop_map(|key| Event::Key(key_event(&key))),
        6 => typed.prop_map(|key| Event::Key(key_event(if key == " " { "space" } else { &key }))),
        1 => ".{0,12}".prop_map(Event::Paste),
        1 => (0u16..200, 0u16..60).prop_map(|(width, height)| Event::Resize(width, height)),
        1 => any::<bool>().prop_map(Event::Focus),
        1 => Just(Event::Tick),
        1 => Just(Event::Profiles(vec!["dev".into(), "ops".into()])),
        1 => Just(Event::Done(Done::Raw {
            id: "arn:aws:ecs:eu-west-1:1:task/prod/t1".into(),
            result: Ok(json!({"a": [{"name": "TOKEN", "value": "x"}]})),
        })),
        1 => Just(Event::Done(Done::Evidence {
            id: "arn:aws:ecs:eu-west-1:1:task/prod/t1".into(),
            evidence: Arc::default(),
        })),
        3 => (any::<u64>(), rows).prop_map(|(revision, rows)| {
            let tasks = rows.into_iter().map(|number| stopped(&format!("t{number}"), i32::from(number), "why")).collect();
            Event::Snapshot(Arc::new(world(revision, tasks)))
        }),
        1 => Just(Event::Snapshot(Arc::default())),
        4 => (1u64..4, prop::collection::vec(any_line(), 0..40)).prop_map(|(tail, lines)| {
            Event::Log(TailMessage { tail, update: TailUpdate::Lines(lines) })
        }),
        2 => (1u64..4, prop::collection::vec(any_line(), 0..8)).prop_map(|(tail, lines)| {
            Event::Log(TailMessage { tail, update: TailUpdate::Late(lines) })
        }),
        1 => (1u64..4, prop::collection::vec(any_line(), 0..8), any::<bool>()).prop_map(|(tail, lines, end)| {
            Event::Log(TailMessage { tail, update: TailUpdate::Older { lines, end } })
        }),
    ]
}

fn any_line() -> impl Strategy<Value = Line> {
    let texts =
        ["", "served", "\u{1b}[31mfailed\u{1b}[0m", r#"{"level":"warn","msg":"slow","ms":12}"#, "a\nb\nc", "日本語 é"];
    let levels = prop::option::of(prop::sample::select(vec![logs::Level::Info, logs::Level::Warn, logs::Level::Error]));
    let roles = vec![Role::Output, Role::Output, Role::Started, Role::Stopped { fault: true }, Role::Gap(Some(3))];
    let roles = prop::sample::select(roles);
    (prop::sample::select(texts.to_vec()), levels, roles, -100i64..4_000, 0u8..3, any::<bool>()).prop_map(
        |(text, level, role, second, task, late)| {
            let source = Source {
                stream: Stream { region: None, group: "/ecs/api".into(), name: format!("ecs/app/{task}") },
                task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{task}").into(),
                container: "app".into(),
                service: None,
                revision: None,
            };
            let source = (role == Role::Output).then(|| Arc::new(source));
            Line { source, at: at(second), role, level, late, task: None, text: text.into() }
        },
    )
}

/// Keys, and updates of a tail, in a log.
fn in_a_log() -> impl Strategy<Value = Event> {
    let keys = ACTIONS.iter().filter(|action| action.place == reading::actions::IN_LOGS);
    let keys: Vec<&str> = keys.flat_map(|action| action.keys.iter().copied()).chain(["up", "down", "g", "c"]).collect();
    prop_oneof![3 => prop::sample::select(keys).prop_map(|key| Event::Key(key_event(key))), 2 => any_event()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_events_makes_the_model_panic(events in prop::collection::vec((0i64..100, any_event()), 1..60)) {
        let mut model = console();
        let mut now = 0;
        for (seconds, event) in events {
            now += seconds;
            model.update(at(now), event);
            // Everything that rendering uses must be consistent, too.
            model.header();
            model.hints();
            model.crumbs();
            prop_assert!(model.next_tick().is_none_or(|tick| tick >= model.now));
            let layout = model.layout();
            if let Some(reader) = model.front.get::<reading::LogView>() {
                reader.bar(model.now);
                prop_assert!(reader.viewport.rows.len() <= usize::from(model.layout().page));
                assert_consistent(reader, &model);
            }
            if let Some(table) = model.front.get::<Table>() {
                layout::columns(table, layout.width, layout.page, &model.cx());
                let selected = table.current().map(|entry| entry.row.id().to_owned());
                prop_assert_eq!(table.selected.as_deref(), selected.as_deref());
                prop_assert!(table.rows.is_empty() || table.visible_rows(layout.page).contains(&table.cursor));
            }
        }
    }

    #[test]
    fn no_sequence_of_events_makes_a_log_panic(events in prop::collection::vec((0i64..100, in_a_log()), 1..80)) {
        let mut model = console();
        press(&mut model, "enter l");
        let mut now = 0;
        for (seconds, event) in events {
            now += seconds;
            model.update(at(now), event);
            model.hints();
            model.crumbs();
            prop_assert!(model.next_tick().is_none_or(|tick| tick >= model.now));
            if let Some(reader) = model.front.get::<reading::LogView>() {
                reader.bar(model.now);
                prop_assert!(reader.viewport.rows.len() <= usize::from(model.layout().page));
                assert_consistent(reader, &model);
            }
        }
    }
}

/// Invariants of a log: its rows can be drawn, the cursor is on a shown line, and its lines can be copied.
fn assert_consistent(reader: &reading::LogView, model: &Model) {
    reader.bar(model.now);
    assert!(reader.viewport.rows.len() <= usize::from(model.layout().page));
    reader.strip(model.size.0, &model.settings.zone.zone);
    assert!(reader.viewport.cursor.is_none_or(|cursor| reader.buffer.view.position(cursor).is_ok()));
    assert!(reader.viewport.cursor.is_none() || !reader.viewport.follow);
    assert!(reader.selection.range.is_none() || !reader.viewport.follow);
    let _ = reader.copied(model);
    for format in ["text", "view", "json"] {
        let _ = reader.saved(format, model);
    }
}
