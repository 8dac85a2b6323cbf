//! The demand for the data layer.

use super::*;

#[test]
fn views_on_screen_and_beneath_are_in_demand() {
    let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (80, 24)));
    let first = model.update(at(0), Event::Tick);
    assert_eq!(demands(&first)[0].foreground, Some(clusters()));
    let effects = give(&mut model, 0, world(1, (0..100).map(|number| task(&format!("t{number:03}"))).collect()));
    assert_eq!(demands(&effects)[0].visible.len(), 2);
    let effects = press(&mut model, "enter enter");
    let last = demands(&effects).pop().unwrap();
    assert_eq!(last.foreground, Some(tasks()));
    assert_eq!(last.background, [services(), clusters()]);
    let page = usize::from(model.layout().page);
    assert_eq!(last.visible.len(), 2 * page, "the rows in sight and a page below");
    assert_eq!(press(&mut model, "j"), [], "moving within the page asks for nothing new");
    assert_eq!(demands(&press(&mut model, "pgdn"))[0].visible.len(), 2 * page + 1);
}

#[test]
fn a_text_keeps_its_row_in_demand() {
    let mut model = in_tasks();
    press(&mut model, "d");
    let demand = model.demand();
    assert_eq!((demand.foreground, demand.visible.len()), (Some(tasks()), 1));
    press(&mut model, "?");
    assert_eq!(model.demand().foreground, None);
    assert_eq!(model.demand().background[0], tasks());
}
