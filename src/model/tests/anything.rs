//! Any sequence of events.

use super::*;
use crate::logs::{Line, News, Role, Told};

/// Anything a person, the data or time may do.
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
        3 => (1u64..4, 0usize..80).prop_map(|(tail, lines)| {
            let text = |n: usize| ["{\"level\":\"warn\",\"a\":1}", "plain", "a\nb\u{1b}[31mc", "日本 "][n % 4].repeat(n % 9);
            let line = |n| Line {
                source: None,
                at: at(0),
                role: if n % 11 == 0 { Role::Started } else { Role::Output },
                level: None,
                late: n % 7 == 0,
                text: text(n).into(),
            };
            let lines = (0..lines).map(line).collect();
            Event::Log(News { tail, told: if tail == 3 { Told::Older { lines, end: false } } else { Told::Lines(lines) } })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_events_makes_it_panic(events in prop::collection::vec((0i64..100, any_event()), 1..60)) {
        let mut model = console();
        let mut now = 0;
        for (seconds, event) in events {
            now += seconds;
            model.update(at(now), event);
            // Everything rendering asks for must hold, too.
            model.header();
            model.hints();
            model.crumbs();
            prop_assert!(model.next_tick().is_none_or(|tick| tick >= model.now));
            let layout = model.layout();
            if let Screen::Logs(reader) = &model.front {
                reader.bar(model.now);
                prop_assert!(reader.rows.len() <= usize::from(layout.page));
            }
            if let Screen::Table(table) = &model.front {
                layout::columns(table, layout.width, layout.page, &model.cx());
                let selected = table.current().map(|entry| entry.row.id().to_owned());
                prop_assert_eq!(table.selected.as_deref(), selected.as_deref());
                prop_assert!(table.rows.is_empty() || table.in_sight(layout.page).contains(&table.cursor));
            }
        }
    }
}
