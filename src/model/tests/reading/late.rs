//! Late lines: selection, cursor and matches stay with their lines.

use std::collections::BTreeSet;

use super::*;
use crate::{logs::filtered_view::FilteredView, model::screens::logs::search::Matches};

/// A late line with the time of line `n`.
fn late(n: i64, text: &str) -> Line {
    Line { text: text.into(), ..line(n) }
}

fn texts(model: &Model, numbers: impl IntoIterator<Item = i64>) -> BTreeSet<String> {
    let ring = &reader(model).buffer.ring;
    numbers.into_iter().filter_map(|number| ring.get(number)).map(|line| line.text.to_string()).collect()
}

#[test]
fn a_late_line_follows_the_lines_of_its_time() {
    let mut model = in_log(1_000);
    come(&mut model, 0..100);
    update_tail(&mut model, TailUpdate::Late(vec![late(97, "late")]));
    assert_eq!(seen(&model)[page(&model) - 4..], ["line 97", "late", "line 98", "line 99"]);
    assert!(!reader(&model).viewport.rows.iter().any(|row| row.late));
}

#[test]
fn a_frozen_log_does_not_move_for_late_lines() {
    let mut model = in_log(1_000);
    come(&mut model, 0..200);
    press(&mut model, "pgup up up");
    let (before, cursor_before) = (seen(&model), cursor(&model));
    update_tail(&mut model, TailUpdate::Late(vec![late(3, "above"), late(199, "below")]));
    assert_eq!((seen(&model), cursor(&model)), (before.clone(), cursor_before.clone()));
    assert!(reader(&model).viewport.rows.iter().all(|row| {
        let line = row.line.and_then(|number| reader(&model).buffer.ring.get(number));
        line.is_some_and(|line| row.text.iter().any(|piece| piece.text == *line.text))
    }));
    let second: i64 = before[1].strip_prefix("line ").unwrap().parse().unwrap();
    update_tail(&mut model, TailUpdate::Late(vec![late(second, "within")]));
    assert_eq!(seen(&model)[..3], [before[0].as_str(), before[1].as_str(), "within"]);
    assert_eq!(cursor(&model), cursor_before);
}

#[test]
fn cleared_lines_stay_cleared_and_new_ones_are_counted() {
    let mut model = in_log(1_000);
    come(&mut model, 0..10);
    press(&mut model, "shift-c");
    come(&mut model, 10..12);
    update_tail(&mut model, TailUpdate::Late(vec![late(4, "late")]));
    press(&mut model, "home");
    assert_eq!(seen(&model), ["11 lines cleared", "line 10", "line 11"]);
    press(&mut model, "u");
    come(&mut model, 12..15);
    update_tail(&mut model, TailUpdate::Late(vec![late(5, "later")]));
    model.update(at(1), Event::Tick);
    assert_eq!(reader(&model).counts.unseen, 3);
}

proptest! {
    /// With any keys, while lines and late lines arrive.
    #[test]
    fn cursor_selection_and_matches_keep_their_lines_after_late_lines(
        filter in prop::sample::select(vec!["", "include 1", "exclude 1", "highlight 1"]),
        moves in proptest::collection::vec(
            (0usize..15, 0i64..60, proptest::collection::vec(0i64..70, 0..4), any::<bool>()), 1..30,
        ),
    ) {
        const KEYS: [&str; 15] = [
            "up", "down", "pgup", "pgdn", "home", "s", "w", "enter", "space", "v", "shift-c", "u", "i", "n", "x",
        ];
        let mut model = in_log(80);
        if !filter.is_empty() {
            model.run(filter).unwrap();
        }
        let (mut next, mut came) = (0, 0);
        for (key, count, backs, settled) in moves {
            come(&mut model, next..next + count);
            next += count;
            press(&mut model, KEYS[key]);
            let known = |model: &Model| {
                let reader = reader(model);
                let numbers = [reader.selection.picked.clone(), reader.display.expanded.clone(), reader.viewport.cursor.into_iter().collect()];
                numbers.map(|numbers| texts(model, numbers))
            };
            let before = known(&model);
            let mut backs = backs;
            backs.sort_unstable();
            let lines: Vec<Line> = backs.iter().rev().zip(came..).map(|(back, number)| {
                late(next - 1 - back, &format!("late {number}"))
            }).collect();
            came += lines.len();
            let tail = reader(&model).wanted.id;
            if settled {
                update_tail(&mut model, TailUpdate::Late(lines));
            } else {
                // Several arrive before a frame.
                let (first, second) = lines.split_at(lines.len() / 2);
                for lines in [first, second] {
                    model.take_log(TailMessage { tail, update: TailUpdate::Late(lines.to_vec()) });
                }
                model.update(model.now, Event::Tick);
            }
            let reader = reader(&model);
            let (ring, stack) = (&reader.buffer.ring, &reader.buffer.stack);
            // The cursor leaves a line that is no longer shown, such as context of a match that the ring has dropped.
            let held: BTreeSet<String> = texts(&model, ring.numbers());
            let shown: BTreeSet<String> = texts(&model, reader.buffer.view.numbers().iter().copied());
            for ((before, after), left) in before.iter().zip(known(&model)).zip([&held, &held, &shown]) {
                let left: BTreeSet<String> = before.intersection(left).cloned().collect();
                prop_assert!(left.is_subset(&after), "{left:?} was {after:?}");
            }
            let times: Vec<Timestamp> = ring.numbers().filter_map(|number| ring.get(number)).map(|line| line.at).collect();
            prop_assert!(times.is_sorted());
            let (mut sight, mut matches) = (FilteredView::new(ring.numbers().end), Matches::new(ring.numbers().end));
            prop_assert!(sight.advance(ring, stack, usize::MAX) && matches.advance(ring, stack, usize::MAX));
            // Context lines stay when the ring has dropped the match.
            prop_assert!(stack.context.is_some() || sight.numbers() == reader.buffer.view.numbers());
            for number in ring.numbers() {
                prop_assert_eq!(matches.count(Some(number)), reader.search.matches.count(Some(number)));
            }
        }
    }
}
