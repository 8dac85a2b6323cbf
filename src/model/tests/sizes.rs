//! Terminals of all sizes.

use super::*;

#[rstest]
#[case((200, 50), 4, 43)]
#[case((120, 30), 4, 23)]
#[case((119, 30), 2, 25)]
#[case((120, 29), 2, 24)]
#[case((80, 24), 2, 19)]
#[case((79, 24), 1, 20)]
#[case((80, 23), 1, 19)]
#[case((50, 12), 1, 8)]
#[case((49, 12), 0, 9)]
#[case((1, 1), 0, 1)]
#[case((0, 0), 0, 1)]
fn tiers(#[case] size: (u16, u16), #[case] header: u16, #[case] page: u16) {
    let mut model = console();
    model.update(at(0), Event::Resize(size.0, size.1));
    let layout = model.layout();
    assert_eq!((layout.header, layout.page), (header, page));
    assert!(layout.body + layout.body_height <= size.1.max(1));
}

#[test]
fn header_and_crumbs_make_room() {
    let mut model = console();
    let page = model.layout().page;
    press(&mut model, "ctrl-e");
    assert_eq!((model.settings.header, model.layout().page), (HeaderSize::Compact, page + 3));
    press(&mut model, "ctrl-e ctrl-g");
    assert_eq!(model.layout().page, page + 5);
    press(&mut model, "ctrl-e ctrl-g");
    assert_eq!(model.layout().page, page);
}

fn shown(model: &Model, width: u16) -> Vec<&'static str> {
    let table = front_table(model);
    let columns = (table.view.kind.columns)();
    let slots = layout::columns(table, width, 20, &model.cx());
    slots.iter().map(|slot| columns[slot.column].name).collect()
}

#[test]
fn a_status_that_was_longer_for_a_while_moves_no_column() {
    let mut model = in_tasks();
    let slots = |model: &Model| layout::columns(front_table(model), 80, 20, &model.cx());
    let moving = |status: &str| world(2, vec![fixture::Task { status: status.into(), ..task("a") }]);
    give(&mut model, 1, moving("deprovision"));
    let before = slots(&model);
    give(&mut model, 2, moving("stopped"));
    assert_eq!(slots(&model), before);
}

#[test]
fn narrow_screens_drop_the_least_important_columns_and_scrolling_shows_them() {
    let mut model = in_tasks();
    assert_eq!(shown(&model, 120), ["name", "status", "exit", "age", "reason"]);
    assert_eq!(shown(&model, 35), ["name", "status", "exit", "age"]);
    assert_eq!(shown(&model, 5), ["name"]);
    press(&mut model, "ctrl-w");
    assert_eq!(shown(&model, 120).last(), Some(&"memory"));
    press(&mut model, "right right");
    assert_eq!(shown(&model, 40), ["name", "age", "reason", "memory"]);
    press(&mut model, "right right right right right");
    assert_eq!(shown(&model, 40), ["name", "memory"]);
    press(&mut model, "left");
    assert_eq!(shown(&model, 40), ["name", "reason", "memory"]);
}

proptest! {
    #[test]
    fn columns_never_overlap_and_keep_their_limits(width in 0u16..300, left in 0usize..8) {
        let mut model = in_tasks();
        model.table_mut(|table| table.left = left);
        let table = front_table(&model);
        let columns = (table.view.kind.columns)();
        let slots = layout::columns(table, width, 20, &model.cx());
        for pair in slots.windows(2) {
            prop_assert!(pair[0].x + pair[0].width < pair[1].x);
        }
        for slot in &slots {
            prop_assert!(slot.width <= columns[slot.column].max);
        }
        if let Some(last) = slots.last().filter(|_| width >= 40) {
            prop_assert!(last.x + last.width <= width);
        }
    }
}

/// The stopped tasks `b`, with a reason, and `c`, without, on a terminal of this size.
fn in_stopped(size: (u16, u16)) -> Model {
    let mut model = console();
    model.update(at(0), Event::Resize(size.0, size.1));
    give(&mut model, 0, world(1, vec![stopped("b", 137, "OutOfMemory"), stopped("c", 1, "")]));
    press(&mut model, "enter enter");
    model.show(stopped_tasks());
    model.update(at(0), Event::Tick);
    model
}

#[rstest]
#[case::beside((200, 50), Some((125, 4, 75, 45)), 43)]
#[case::beside_at_least((140, 20), Some((88, 1, 52, 18)), 16)]
#[case::beneath((120, 30), Some((0, 22, 120, 7)), 16)]
#[case::beneath_at_least((80, 24), Some((0, 16, 80, 7)), 12)]
#[case::too_few_rows_beneath((139, 23), None, 19)]
#[case::too_few_rows_beside((200, 19), None, 15)]
#[case::narrow((60, 15), None, 11)]
fn a_pane_shows_details_if_there_is_room(
    #[case] size: (u16, u16),
    #[case] place: Option<(u16, u16, u16, u16)>,
    #[case] page: u16,
) {
    let mut model = in_stopped(size);
    let layout = model.layout();
    let pane = layout.pane.map(|pane| (pane.x, pane.y, pane.width, pane.height));
    assert_eq!((pane, layout.page), (place, page));
    let pane = |model: &Model| model.pane.as_ref().map(|pane| (pane.title.clone(), pane.lines.len()));
    assert_eq!(pane(&model), place.map(|_| ("why".into(), 1)));
    // The pane keeps its size for a row without details and with filtered-out rows.
    press(&mut model, "j");
    assert_eq!((model.layout(), pane(&model)), (layout, place.map(|_| ("task c".into(), 0))));
    press(&mut model, "/");
    type_in(&mut model, "nosuch");
    assert_eq!((model.layout(), pane(&model)), (layout, None));
    press(&mut model, "esc tab");
    assert_eq!(model.layout().pane, None);
}

#[test]
fn a_pane_is_toggled_for_kinds_with_details() {
    let mut model = in_stopped((80, 24));
    press(&mut model, "tab");
    assert_eq!((model.settings.inspect, model.pane.is_some()), (false, false));
    press(&mut model, ":");
    type_in(&mut model, "inspect on");
    press(&mut model, "enter");
    assert!(model.pane.is_some());
    press(&mut model, ":");
    type_in(&mut model, "inspect sideways");
    press(&mut model, "enter");
    assert!(flash(&model).contains("`sideways`"), "{}", flash(&model));
    model.update(at(0), Event::Resize(80, 20));
    press(&mut model, "tab tab");
    assert!(flash(&model).contains("24 rows"), "{}", flash(&model));
    press(&mut model, "q tab");
    assert!(flash(&model).contains("no pane here; d describes"), "{}", flash(&model));
    assert!(model.settings.inspect);
}
