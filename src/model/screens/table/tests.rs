use proptest::prelude::*;

use super::*;
use crate::{
    data::Snapshot,
    model::fixture::{TASK, Task, at, clusters, feed, names, stopped, stopped_tasks, task, tasks},
    resource::{Context, Query, Zone},
};

const CX: Context = Context { now: jiff::Timestamp::UNIX_EPOCH, zone: Zone::UTC };

fn snapshot(revision: u64, rows: Vec<Task>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.feeds.insert(tasks(), feed(revision, rows));
    snapshot
}

fn arrange(table: &mut Table, snapshot: &Snapshot) {
    table.arrange(snapshot, &CX, false);
}

fn of(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(tasks());
    arrange(&mut table, snapshot);
    table
}

fn filter(text: &str) -> RowFilter {
    RowFilter::parse(text, &TASK, at(0), &jiff::tz::TimeZone::UTC).unwrap()
}

fn selected(table: &Table) -> &str {
    table.selected.as_deref().map_or("", crate::resource::format::last_part)
}

#[test]
fn rows_are_sorted_and_empty_values_are_last_in_both_directions() {
    let mut table = of(&snapshot(1, vec![task("c"), stopped("b", 1, ""), task("a"), stopped("d", 9, "")]));
    assert_eq!(names(&table), ["a", "b", "c", "d"]);
    table.sort_by(2);
    arrange(&mut table, &snapshot(2, vec![task("c"), stopped("b", 1, ""), task("a"), stopped("d", 9, "")]));
    assert_eq!(names(&table), ["b", "d", "a", "c"]);
    table.sort_by(2);
    arrange(&mut table, &snapshot(3, vec![task("c"), stopped("b", 1, ""), task("a"), stopped("d", 9, "")]));
    assert_eq!(names(&table), ["d", "b", "a", "c"]);
}

#[test]
fn the_cursor_stays_on_its_row() {
    let mut table = of(&snapshot(1, ["a", "c", "e"].map(task).into()));
    table.move_to(1);
    arrange(&mut table, &snapshot(2, ["a", "b", "c", "d", "e"].map(task).into()));
    assert_eq!((selected(&table), table.cursor), ("c", 2));
    table.sort_by(0);
    arrange(&mut table, &snapshot(2, ["a", "b", "c", "d", "e"].map(task).into()));
    assert_eq!((selected(&table), table.cursor), ("c", 2));
}

#[test]
fn while_rows_load_an_unmoved_cursor_stays_on_the_first() {
    let filling = |revision, rows| {
        let mut snapshot = snapshot(revision, rows);
        snapshot.feeds.get_mut(&tasks()).unwrap().phase = crate::data::Phase::Filling;
        snapshot
    };
    let mut table = of(&filling(1, vec![task("c")]));
    arrange(&mut table, &filling(2, ["b", "c"].map(task).into()));
    assert_eq!(selected(&table), "b");
    let mut moved = of(&filling(1, vec![task("b"), task("c")]));
    moved.move_by(1);
    arrange(&mut moved, &snapshot(3, ["a", "b", "c"].map(task).into()));
    assert_eq!(selected(&moved), "c");
    arrange(&mut table, &snapshot(3, ["a", "b", "c"].map(task).into()));
    assert_eq!(selected(&table), "a");
    arrange(&mut table, &snapshot(4, ["0", "a", "b", "c"].map(task).into()));
    assert_eq!(selected(&table), "a", "what is all there is followed by id");
}

#[test]
fn the_cursor_moves_to_the_sought_row_once_it_has_loaded() {
    let id = |name: &str| crate::resource::Resource::id(&task(name)).to_owned();
    let mut table = of(&snapshot(1, ["a", "b", "c"].map(task).into()));
    table.seek(&id("c"));
    assert_eq!(selected(&table), "c");
    // A row that has not loaded yet is awaited, but not against the user's keys.
    let mut filling = snapshot(2, ["a", "b"].map(task).into());
    let loading = |feed: &mut crate::data::Feed| feed.phase = Phase::Filling;
    filling.feeds.values_mut().for_each(loading);
    let mut table = Table::new(tasks());
    table.seek(&id("c"));
    arrange(&mut table, &filling);
    assert_eq!(selected(&table), "a");
    arrange(&mut table, &snapshot(3, ["a", "b", "c"].map(task).into()));
    assert_eq!(selected(&table), "c");
    let mut table = Table::new(tasks());
    table.seek(&id("c"));
    arrange(&mut table, &filling);
    table.move_by(1);
    arrange(&mut table, &snapshot(3, ["a", "b", "c"].map(task).into()));
    assert_eq!(selected(&table), "b");
}

#[test]
fn the_cursor_moves_to_the_nearest_row_when_its_row_disappears() {
    let mut table = of(&snapshot(1, ["a", "b", "c", "d"].map(task).into()));
    table.move_to(1);
    arrange(&mut table, &snapshot(2, ["a", "c", "d"].map(task).into()));
    assert_eq!(selected(&table), "c");
    // No row follows: the previous one is nearest.
    arrange(&mut table, &snapshot(3, vec![task("a")]));
    assert_eq!(selected(&table), "a");
    arrange(&mut table, &snapshot(4, vec![]));
    assert_eq!((selected(&table), table.cursor), ("", 0));
}

#[test]
fn the_cursor_returns_while_a_filter_is_typed_unless_it_was_moved() {
    let all = snapshot(1, ["a", "b", "c"].map(task).into());
    let type_filter = |table: &mut Table, text: &str| {
        table.filter = filter(text);
        table.arrange(&all, &CX, true);
    };
    let mut table = of(&all);
    table.move_to(1);
    type_filter(&mut table, "!b");
    assert_eq!(selected(&table), "c");
    type_filter(&mut table, "");
    assert_eq!(selected(&table), "b");
    type_filter(&mut table, "!b");
    table.move_by(-1);
    type_filter(&mut table, "");
    assert_eq!(selected(&table), "a");
}

#[test]
fn rows_that_load_in_parts_do_not_lose_the_cursor() {
    let mut table = of(&snapshot(1, ["a", "b", "c"].map(task).into()));
    table.move_to(2);
    let mut filling = snapshot(2, vec![task("a")]);
    filling.feeds.get_mut(&tasks()).unwrap().phase = Phase::Filling;
    arrange(&mut table, &filling);
    assert_eq!(selected(&table), "a");
    arrange(&mut table, &snapshot(3, ["a", "b", "c"].map(task).into()));
    assert_eq!(selected(&table), "c");
}

#[test]
fn rows_are_rearranged_only_when_needed() {
    let same = snapshot(1, ["a", "b"].map(task).into());
    let mut table = of(&same);
    table.rows.pop();
    arrange(&mut table, &same);
    assert_eq!(names(&table), ["a"], "the rows were gathered again");
    table.faults_only = true;
    arrange(&mut table, &same);
    assert_eq!((table.rows.len(), table.total), (0, 2));
}

#[test]
fn filters_with_ages_are_evaluated_again_over_time() {
    let same = snapshot(1, vec![task("a")]);
    let mut table = of(&same);
    table.filter = filter("age<10s");
    for (second, shown) in [(9, 1), (10, 0)] {
        table.arrange(&same, &Context { now: at(second), zone: Zone::UTC }, false);
        assert_eq!(table.rows.len(), shown, "after {second} s");
    }
}

#[test]
fn a_task_in_two_feeds_is_shown_once_in_its_latest_state() {
    let mut both = tasks();
    both.query.cluster = None;
    let mut snapshot = Snapshot::default();
    snapshot
        .feeds
        .insert(clusters(), feed(1, ["prod", "staging"].map(|name| crate::model::fixture::Cluster(name.into()))));
    for cluster in ["prod", "staging"] {
        let mut view = tasks();
        view.query.cluster = Some(cluster.into());
        snapshot.feeds.insert(view, feed(1, vec![task("a"), task("b")]));
    }
    let mut table = Table::new(both);
    arrange(&mut table, &snapshot);
    assert_eq!((names(&table), table.total), (vec!["a".to_owned(), "b".into()], 2));
}

#[test]
fn the_body_shows_why_there_are_no_rows() {
    let failure = |trouble| {
        Arc::new(Failure {
            operation: "ListTasks",
            kind: trouble,
            code: None,
            message: "no".into(),
            advice: None,
            at: at(0),
        })
    };
    let with = |phase, trouble: Option<FailureKind>, rows: Vec<Task>| {
        let mut snapshot = snapshot(1, rows);
        let feed = snapshot.feeds.get_mut(&tasks()).unwrap();
        feed.phase = phase;
        feed.failure = trouble.map(failure);
        snapshot
    };
    let cases = [
        (Snapshot::default(), Body::Loading),
        (with(Phase::Loading, None, vec![]), Body::Loading),
        (with(Phase::Filling, None, vec![]), Body::Loading),
        (with(Phase::Ready, None, vec![]), Body::Empty),
        (with(Phase::Loading, Some(FailureKind::Throttled), vec![]), Body::Loading),
        (with(Phase::Loading, Some(FailureKind::Denied), vec![]), Body::Denied(failure(FailureKind::Denied))),
        (with(Phase::Loading, Some(FailureKind::Offline), vec![]), Body::Failed(failure(FailureKind::Offline))),
        // Old rows are better than none.
        (with(Phase::Ready, Some(FailureKind::Offline), vec![task("a")]), Body::Rows),
    ];
    for (snapshot, body) in cases {
        assert_eq!(of(&snapshot).body(), body);
    }
    let mut table = of(&snapshot(1, vec![task("a")]));
    table.filter = filter("nothing");
    arrange(&mut table, &snapshot(1, vec![task("a")]));
    assert_eq!(table.body(), Body::FilteredOut { hidden: 1 });
}

#[test]
fn without_clusters_the_state_is_that_of_the_cluster_feed() {
    let all = View::new(&TASK, Query::default());
    let mut table = Table::new(all.clone());
    arrange(&mut table, &Snapshot::default());
    assert_eq!(table.body(), Body::Loading);
    let mut none = Snapshot::default();
    none.feeds.insert(clusters(), feed::<Task>(1, []));
    arrange(&mut table, &none);
    assert_eq!(table.body(), Body::Empty);
}

#[test]
fn data_are_late_after_their_time() {
    let table = of(&snapshot(1, vec![]));
    assert!(!table.source.is_late(at(60)));
    assert!(table.source.is_late(at(61)));
    assert_eq!(table.source.age(at(61)), Some(61));
}

#[test]
fn marks_apply_to_shown_rows() {
    let all = snapshot(1, ["a", "b", "c", "d"].map(task).into());
    let mut table = of(&all);
    let marked = |table: &Table| table.targets().iter().map(|entry| entry.row.name().into_owned()).collect::<String>();
    assert_eq!(marked(&table), "a", "without marks it is the row under the cursor");
    table.move_to(1);
    table.mark_range();
    table.move_to(2);
    assert!(table.marked()(1) && table.marked()(2) && !table.marked()(3));
    assert_eq!(table.marked_rows(), (0..table.rows.len()).filter(|index| table.marked()(*index)).count());
    table.mark_range();
    assert_eq!(marked(&table), "bc");
    table.mark_all();
    assert_eq!(marked(&table), "ad");
    table.filter = filter("!a");
    arrange(&mut table, &all);
    assert_eq!(marked(&table), "d", "hidden marks are left alone");
    table.filter = filter("");
    arrange(&mut table, &snapshot(2, ["a", "b"].map(task).into()));
    assert_eq!(table.marks.len(), 1, "the marks of rows that are no more go with them");
}

#[test]
fn titles_name_the_parts_of_the_query() {
    let title = |view: View| Table::new(view).title();
    assert_eq!(title(clusters()), "clusters");
    assert_eq!(title(tasks()), "tasks(api)");
    assert_eq!(title(stopped_tasks()), "tasks(api, stopped)");
    assert_eq!(title(View::new(&TASK, Query::default())), "tasks(all)");
    let evil = Query { cluster: Some("\u{1b}[2J".into()), ..Query::default() };
    assert_eq!(title(View::new(&TASK, evil)), "tasks(␛[2J)");
}

/// What may happen to a table.
#[derive(Debug, Clone)]
enum Step {
    Refresh(Vec<u8>),
    Sort(usize),
    Filter(&'static str),
    Faults,
    Move(isize),
    Scroll(u16),
    Mark,
    Range,
    All,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(0u8..20, 0..20).prop_map(Step::Refresh),
        (0usize..6).prop_map(Step::Sort),
        prop::sample::select(vec!["", "1", "!1", "exit=1", "is:marked", "age>5s"]).prop_map(Step::Filter),
        Just(Step::Faults),
        (-30isize..30).prop_map(Step::Move),
        (0u16..10).prop_map(Step::Scroll),
        Just(Step::Mark),
        Just(Step::Range),
        Just(Step::All),
    ]
}

fn numbered(number: u8) -> Task {
    let name = format!("t{number:02}");
    if number.is_multiple_of(3) { stopped(&name, i32::from(number % 2), "why") } else { task(&name) }
}

proptest! {
    /// The cursor is always on the selected row, and stays there while that row is shown.
    #[test]
    fn the_selection_survives_refresh_sort_and_filter(steps in prop::collection::vec(step(), 1..30)) {
        let mut data = snapshot(0, (0..10).map(numbered).collect());
        let mut table = of(&data);
        for (revision, step) in steps.into_iter().enumerate() {
            let before = table.selected.clone();
            let mut moved = false;
            match step {
                Step::Refresh(mut numbers) => {
                    numbers.sort_unstable();
                    numbers.dedup();
                    data = snapshot(revision as u64 + 1, numbers.into_iter().map(numbered).collect());
                }
                Step::Sort(column) => table.sort_by(column),
                Step::Filter(text) => table.filter = filter(text),
                Step::Faults => table.faults_only = !table.faults_only,
                Step::Move(rows) => {
                    table.move_by(rows);
                    moved = true;
                }
                Step::Scroll(page) => table.scroll(page),
                Step::Mark => table.mark(),
                Step::Range => table.mark_range(),
                Step::All => table.mark_all(),
            }
            table.arrange(&data, &Context { now: at(3), zone: Zone::UTC }, false);
            table.scroll(4);
            let current = table.current().map(|entry| entry.row.id().to_owned());
            prop_assert_eq!(table.selected.as_deref(), current.as_deref());
            if let Some(before) = before.filter(|_| !moved)
                && table.rows.iter().any(|entry| entry.row.id() == &*before)
            {
                prop_assert_eq!(current.as_deref(), Some(&*before));
            }
            prop_assert!(table.rows.is_empty() || table.visible_rows(4).contains(&table.cursor));
        }
    }
}
