//! A log view: visible rows while lines are appended, dropped and prepended.

use super::*;
use crate::{
    logs::{
        CallRate, Line, LogRequest, LogSubject, Range, Read, Role, TailMessage, TailStatus, TailUpdate,
        ring::{Ring, RingLimits},
    },
    model::screens::logs::{
        LogView,
        buffer::Older,
        display::{Json, Times},
        rows::Shape,
    },
};

mod late;

/// A log of a ring with room for `lines` lines, at second 0.
fn in_log(lines: usize) -> Model {
    let mut model = console();
    let of = LogSubject { name: "api".into(), view: tasks(), tasks: None, container: None };
    let read = Read::Tail { range: Range::Newest, pattern: None, live: false };
    let wanted = LogRequest { id: 7, of, read, pace: CallRate::default() };
    let ring = Ring::new(RingLimits { lines, ..RingLimits::default() });
    model.push(LogView::new(wanted, ring));
    model
}

fn line(n: i64) -> Line {
    Line {
        source: None,
        at: at(10_000 + n),
        role: Role::Output,
        level: None,
        late: false,
        task: None,
        text: format!("line {n}").into(),
    }
}

fn update_tail(model: &mut Model, update: TailUpdate) -> Vec<Effect> {
    let now = model.now;
    model.update(now, Event::Log(TailMessage { tail: 7, update }))
}

fn come(model: &mut Model, numbers: std::ops::Range<i64>) {
    update_tail(model, TailUpdate::Lines(numbers.map(line).collect()));
}

fn reader(model: &Model) -> &LogView {
    model.front.get().unwrap_or_else(|| panic!("a log was expected, not {:?}", model.front))
}

/// The texts of visible rows.
fn seen(model: &Model) -> Vec<String> {
    let text =
        |row: &crate::model::screens::logs::rows::LogRow| row.text.iter().map(|piece| piece.text.as_str()).collect();
    reader(model).viewport.rows.iter().map(text).collect()
}

fn cursor(model: &Model) -> Option<String> {
    let reader = reader(model);
    Some(reader.buffer.ring.get(reader.viewport.cursor?)?.text.to_string())
}

fn page(model: &Model) -> usize {
    model.layout().page.into()
}

#[test]
fn a_log_opened_from_all_clusters_has_the_environment_of_its_cluster() {
    assert_eq!(console().header().environment, None);
    let header = in_log(10).header();
    assert_eq!(
        (header.cluster.as_deref(), header.environment.map(|(word, _)| word)),
        (Some("prod"), Some("PROD".into()))
    );
}

#[test]
fn following_shows_the_end() {
    let mut model = in_log(1_000);
    come(&mut model, 0..100);
    assert_eq!(seen(&model).last().unwrap(), "line 99");
    assert_eq!(seen(&model).len(), page(&model));
    come(&mut model, 100..103);
    assert_eq!(seen(&model).last().unwrap(), "line 102");
    assert_eq!(cursor(&model), None);
}

#[test]
fn a_frozen_log_stays_in_place_and_loses_nothing() {
    let mut model = in_log(10_000);
    come(&mut model, 0..100);
    press(&mut model, "s");
    let before = seen(&model);
    for n in 0..40 {
        come(&mut model, 100 + n * 100..200 + n * 100);
    }
    assert_eq!(seen(&model), before);
    model.update(at(1), Event::Tick);
    assert_eq!(reader(&model).counts.unseen, 4_000);
    let texts: Vec<_> =
        reader(&model).buffer.ring.numbers().map(|n| &*reader(&model).buffer.ring.get(n).unwrap().text).collect();
    assert_eq!(texts.len(), 4_100);
    assert!((0..4_100).zip(texts).all(|(n, text)| text == format!("line {n}")));
    press(&mut model, "shift-g");
    assert_eq!((seen(&model).last().unwrap().as_str(), reader(&model).counts.unseen), ("line 4099", 0));
}

#[rstest]
#[case("up", "line 98")]
#[case("k k", "line 97")]
#[case("s", "line 99")]
#[case("home", "line 0")]
fn moving_up_freezes(#[case] keys: &str, #[case] line: &str) {
    let mut model = in_log(1_000);
    come(&mut model, 0..100);
    press(&mut model, keys);
    assert!(!reader(&model).viewport.follow);
    assert_eq!(cursor(&model).unwrap(), line);
    // Only G and s resume following.
    press(&mut model, "pgdn pgdn pgdn pgdn pgdn pgdn down");
    assert!(!reader(&model).viewport.follow);
    press(&mut model, "s");
    assert!(reader(&model).viewport.follow);
}

#[test]
fn pages_move_by_a_page_and_keep_one_row() {
    let mut model = in_log(1_000);
    come(&mut model, 0..200);
    let before = seen(&model);
    press(&mut model, "pgup");
    assert_eq!(seen(&model).last(), before.first());
    press(&mut model, "pgdn");
    assert_eq!(seen(&model), before);
}

#[test]
fn the_cursor_stays_on_its_line_while_it_exists() {
    let mut model = in_log(100);
    come(&mut model, 0..100);
    press(&mut model, "up up up up up");
    let (line, rows) = (cursor(&model), seen(&model));
    come(&mut model, 100..150);
    assert_eq!((cursor(&model), seen(&model)), (line, rows));
    // All visible lines have been dropped: the oldest remaining line is shown, below a divider.
    come(&mut model, 150..400);
    assert_eq!(cursor(&model).unwrap(), "line 300");
    assert_eq!(seen(&model)[..2], ["300 older lines not shown: the buffer is full", "line 300"]);
}

#[test]
fn older_lines_are_requested_once_and_move_nothing() {
    let older = |effects: &[Effect]| {
        effects.iter().filter(|effect| matches!(effect, Effect::Request(Request::Older { tail: 7 }))).count()
    };
    let mut model = in_log(1_000);
    come(&mut model, 0..100);
    assert_eq!(older(&press(&mut model, "home")), 0);
    assert_eq!(older(&press(&mut model, "up up home pgup")), 1);
    assert_eq!(seen(&model)[..2], ["reading older lines", "line 0"]);
    update_tail(&mut model, TailUpdate::Older { lines: (-50..0).map(line).collect(), end: false });
    assert_eq!((seen(&model)[0].as_str(), cursor(&model).unwrap().as_str()), ("line 0", "line 0"));
    assert_eq!(older(&press(&mut model, "home home")), 1);
    assert_eq!(cursor(&model).unwrap(), "line -50");
    update_tail(&mut model, TailUpdate::Older { lines: Vec::new(), end: true });
    assert_eq!(reader(&model).buffer.older, Older::None);
    assert_eq!(older(&press(&mut model, "home home up")), 0);
    assert_eq!(seen(&model)[0], "the log begins here");
}

#[test]
fn clear_hides_lines_and_undo_shows_them() {
    let mut model = in_log(1_000);
    come(&mut model, 0..10);
    press(&mut model, "shift-c");
    assert_eq!(seen(&model), [""; 0]);
    come(&mut model, 10..12);
    press(&mut model, "home");
    assert_eq!(seen(&model), ["10 lines cleared", "line 10", "line 11"]);
    press(&mut model, "u");
    assert_eq!(seen(&model).len(), 12);
}

#[test]
fn a_frozen_log_is_drawn_twice_a_second_at_most_and_only_for_its_counts() {
    let mut model = in_log(10_000);
    come(&mut model, 0..100);
    press(&mut model, "s");
    model.take_dirty();
    let mut drawn = 0;
    for n in 0..100 {
        let now = at(0) + jiff::SignedDuration::from_millis(n * 20);
        let lines = vec![line(100 + n)];
        model.update(now, Event::Log(TailMessage { tail: 7, update: TailUpdate::Lines(lines) }));
        drawn += usize::from(model.take_dirty());
    }
    assert_eq!(drawn, 3);
    // The last lines are counted at the next update, then nothing changes.
    let tick = model.next_tick().unwrap();
    model.update(tick, Event::Tick);
    assert_eq!(reader(&model).counts.unseen, 100);
    assert!(model.take_dirty());
    assert!(model.next_tick().is_none_or(|at| at > tick + jiff::SignedDuration::from_secs(60)));
}

#[test]
fn relative_times_tick_and_others_do_not() {
    let soon = |model: &Model| model.next_tick().is_some_and(|tick| tick <= at(1));
    let mut model = in_log(1_000);
    come(&mut model, 0..10);
    assert!(!soon(&model));
    press(&mut model, "t");
    assert_eq!(reader(&model).display.times, Times::Relative);
    assert!(soon(&model));
}

#[test]
fn lines_of_another_tail_are_ignored() {
    let mut model = in_log(1_000);
    model.update(at(0), Event::Log(TailMessage { tail: 6, update: TailUpdate::Lines(vec![line(1)]) }));
    model.update(
        at(0),
        Event::Log(TailMessage { tail: 8, update: TailUpdate::Status(Arc::new(TailStatus::default())) }),
    );
    assert!(reader(&model).buffer.ring.numbers().is_empty());
}

#[test]
fn json_has_three_displays_and_expands_in_place() {
    let mut model = in_log(1_000);
    let text = r#"{"level":"warn","msg":"slow","ms":1830,"by":{"name":"a b"}}"#;
    update_tail(&mut model, TailUpdate::Lines(vec![line(0), Line { text: text.into(), ..line(1) }]));
    assert_eq!(seen(&model), ["line 0", r#"WARN  slow ms=1830 by.name="a b""#]);
    let tree = ["{", r#"  "level": "warn","#, r#"  "msg": "slow","#, r#"  "ms": 1830,"#, r#"  "by": {"#];
    press(&mut model, "enter");
    assert_eq!(seen(&model)[1..6], tree);
    assert_eq!(reader(&model).viewport.rows[2].shape, Shape::More);
    press(&mut model, "enter shift-j");
    assert_eq!((reader(&model).display.json, &seen(&model)[1..6]), (Json::Pretty, &tree.map(String::from)[..]));
    press(&mut model, "shift-j");
    assert_eq!(seen(&model), ["line 0", text]);
}

#[test]
fn a_line_taller_than_the_page_is_scrolled_through() {
    let mut model = in_log(1_000);
    let long = Line { text: "0123456789".repeat(1_000).into(), ..line(1) };
    update_tail(&mut model, TailUpdate::Lines(vec![line(0), long, line(2)]));
    press(&mut model, "w home down");
    let first = seen(&model);
    press(&mut model, "down");
    assert_eq!(seen(&model)[..3], first[1..4]);
    let rows = (0..200).take_while(|_| {
        press(&mut model, "down");
        cursor(&model).unwrap() != "line 2"
    });
    let rows = rows.count();
    assert!((60..120).contains(&rows), "{rows}");
    press(&mut model, "home");
    assert_eq!(seen(&model)[0], "line 0");
}

proptest! {
    /// With any keys, while lines are appended and dropped: the page is full if possible, and the cursor is visible.
    #[test]
    fn the_page_is_full_and_the_cursor_visible(
        moves in proptest::collection::vec((0usize..14, 0i64..60), 1..40),
    ) {
        const KEYS: [&str; 14] = [
            "up", "down", "pgup", "pgdn", "home", "end", "s", "w", "t", "shift-j", "enter", "shift-c", "u", "f",
        ];
        let mut model = in_log(80);
        let mut next = 0;
        for (key, count) in moves {
            let long = |n: i64| {
                let text = format!("line {n} ").repeat((n % 37) as usize + 1);
                match n % 7 {
                    0 => Line { text: format!(r#"{{"msg":"{n}\n{text}\nend","a":[1,2]}}"#).into(), ..line(n) },
                    1 => Line { role: Role::Stopped { fault: true }, text: text.into(), ..line(n) },
                    2 => Line { text: text.replace(' ', "\n").into(), ..line(n) },
                    _ => Line { text: text.into(), ..line(n) },
                }
            };
            update_tail(&mut model, TailUpdate::Lines((next..next + count).map(long).collect()));
            next += count;
            press(&mut model, KEYS[key]);
            let reader = reader(&model);
            prop_assert!(reader.viewport.rows.len() <= page(&model));
            prop_assert_eq!(reader.viewport.rows.is_empty(), reader.buffer.shown() == 0);
            prop_assert!(reader.buffer.shown() < page(&model) || reader.viewport.rows.len() == page(&model));
            let shown = reader.viewport.cursor.is_none_or(|cursor| reader.viewport.rows.iter().any(|row| row.line == Some(cursor)));
            prop_assert!(shown, "{:?} of {:?}", reader.viewport.cursor, reader.viewport.top);
        }
    }
}
