//! The home view, and the screens beneath it.

use super::*;
fn started(start: Start) -> Model {
    Model::new(REAL, Settings::default(), Keymap::default(), start)
}

fn start() -> Start {
    Start::new(at(0), (120, 30))
}

fn run(model: &mut Model, line: &str) {
    press(model, ":");
    type_in(model, line);
    press(model, "enter");
}

#[test]
fn the_home_view_is_trouble_with_clusters_beneath() {
    let mut model = started(start());
    assert_eq!(model.crumbs(), ["clusters", "trouble(all)"]);
    let hint = |model: &Model, text: &str| model.hints().into_iter().find(|hint| hint.text == text);
    assert_eq!(hint(&model, "clusters").map(|hint| hint.key), Some("q".into()));
    assert_eq!(hint(&model, "explain").map(|hint| hint.key), Some("enter".into()));
    let first = model.update(at(0), Event::Tick);
    let demand = demands(&first)[0];
    assert_eq!(demand.foreground.as_ref().map(|view| view.kind.name), Some("trouble"));
    assert_eq!(demand.background, [View::new(&cluster::KIND, Query::default())]);
    press(&mut model, "esc");
    assert_eq!(model.crumbs(), ["clusters"]);
    press(&mut model, "-");
    assert_eq!(model.crumbs(), ["clusters", "trouble(all)"]);
    run(&mut model, "trouble prod");
    assert_eq!(model.crumbs(), ["clusters", "trouble(all)", "trouble(prod)"]);
    press(&mut model, "0");
    assert_eq!(model.crumbs(), ["clusters", "trouble(all)"], "all clusters");
}

#[test]
fn a_requested_cluster_or_view_replaces_the_home_view() {
    let of_cluster = started(Start { cluster: Some("prod".into()), ..start() });
    assert_eq!(of_cluster.crumbs(), ["clusters", "services(prod)"]);
    let by_command = started(Start { command: Some(":tasks prod".into()), ..start() });
    assert_eq!(by_command.crumbs(), ["clusters", "tasks(prod)"]);
}

#[test]
fn another_scope_opens_the_home_view_or_the_requested_one() {
    let mut model = started(start());
    run(&mut model, "services prod");
    run(&mut model, "region eu-central-1");
    assert_eq!(model.crumbs(), ["clusters", "trouble(all)"]);
    run(&mut model, "services live @ops");
    assert_eq!(model.crumbs(), ["clusters", "services(live)"]);
}
