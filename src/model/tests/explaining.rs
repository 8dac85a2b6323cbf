//! Explanations, by keys.

use super::*;
use crate::resource::{Row, evidence::Evidence};

const B: &str = "arn:aws:ecs:eu-west-1:1:task/prod/b";

/// The explanation of the task that ran out of memory.
fn explained() -> Model {
    let mut model = in_tasks();
    press(&mut model, "j shift-x");
    model
}

fn found_out(id: &str) -> Event {
    Event::Done(Done::Evidence { id: id.into(), evidence: Arc::new(Evidence::default()) })
}

#[test]
fn an_explanation_requests_evidence_once() {
    let mut model = in_tasks();
    press(&mut model, "j");
    let asked = [Effect::Request(Request::Evidence { id: B.into() })];
    assert_eq!(but_demands(press(&mut model, "shift-x")), asked);
    let text = front_text(&model);
    assert_eq!(text.title, "explain task b");
    assert!(text.text().contains("OutOfMemory") && text.text().contains("reading the last log lines"));
    assert_eq!((model.demand().foreground, model.demand().visible), (Some(tasks()), vec![B.into()]));
    model.update(at(1), found_out("arn:aws:ecs:eu-west-1:1:task/prod/another"));
    assert!(front_text(&model).text().contains("reading the last"), "the evidence was about another task");
    model.update(at(1), found_out(B));
    assert!(!front_text(&model).text().contains("reading the last"));
    assert_eq!(but_demands(press(&mut model, "ctrl-r")), asked, "requested again by refresh");
    assert!(!front_text(&model).text().contains("reading the last"), "the old evidence stays until then");
    press(&mut model, "shift-x");
    assert_eq!(front_table(&model).title(), "tasks(api)");
}

#[test]
fn an_explanation_follows_the_data_and_keeps_position_and_search() {
    let mut model = explained();
    press(&mut model, "/");
    type_in(&mut model, "reason");
    press(&mut model, "enter");
    give(&mut model, 1, world(2, vec![stopped("b", 1, "a new reason")]));
    let text = front_text(&model);
    assert!(text.text().contains("a new reason"));
    assert_eq!(text.search.as_ref().map(|search| search.text.as_str()), Some("reason"));
    give(&mut model, 2, world(3, vec![task("z")]));
    assert!(front_text(&model).source.subject().is_some_and(|subject| subject.gone));
    assert!(front_text(&model).text().contains("a new reason"), "what was last known stays");
}

#[test]
fn times_in_an_explanation_are_updated_and_only_changes_are_drawn() {
    let mut model = explained();
    assert_eq!(model.next_tick(), Some(at(10)));
    model.take_dirty();
    model.update(at(10), Event::Tick);
    assert!(!model.take_dirty(), "this row shows no time");
    assert_eq!(model.next_tick(), Some(at(20)));
    press(&mut model, "q");
    assert_ne!(model.next_tick(), Some(at(20)));
}

#[test]
fn describe_json_and_explain_replace_each_other() {
    let mut model = in_tasks();
    for (keys, title) in [
        ("j d", "describe task b"),
        ("shift-x", "explain task b"),
        ("y", "JSON task b"),
        ("shift-x", "explain task b"),
        ("d", "describe task b"),
    ] {
        press(&mut model, keys);
        assert_eq!(front_text(&model).title, title);
    }
    assert_eq!(model.crumbs().len(), 4);
}

#[test]
fn the_recommended_command_is_copied_and_enter_opens_the_row() {
    let mut model = in_tasks();
    model.scope = scope(Some("ops"), None);
    press(&mut model, "esc shift-x");
    press(&mut model, "enter");
    assert_eq!(front_table(&model).title(), "tasks(api)");
    press(&mut model, "j shift-x");
    let copied = but_demands(press(&mut model, "ctrl-y"));
    let Some(Effect::Copy(command)) = copied.first() else { panic!("{copied:?}") };
    assert!(command.starts_with("aws ecs describe-tasks ") && command.ends_with(" --profile ops"), "{command}");
    press(&mut model, "enter");
    assert_eq!(flash(&model), "there is nothing inside this task");
    let saved = but_demands(press(&mut model, "ctrl-s"));
    assert!(matches!(&saved[..], [Effect::Save { name, extension: "txt", .. }] if name == "explain task b"));
}

#[test]
fn rows_with_problems_have_a_hint_to_explain_and_clusters_do_not() {
    let mut model = in_tasks();
    let place = |model: &Model| model.hints().iter().position(|hint| hint.text == "explain");
    let well = place(&model).unwrap();
    press(&mut model, "j");
    let wrong = place(&model).unwrap();
    assert!(wrong < well);
    assert_eq!(model.hints()[wrong - 1].text, "open");
    press(&mut model, "shift-x");
    let texts: Vec<_> = model.hints().iter().map(|hint| hint.text).collect();
    assert!(texts.contains(&"copy command") && texts.contains(&"back") && !texts.contains(&"reveal"), "{texts:?}");
    press(&mut model, "q q q");
    assert_eq!((front_table(&model).title().as_str(), place(&model)), ("clusters", None));
    assert_eq!(press(&mut model, "shift-x"), []);
}

/// The rows that an explanation uses are polled while it is open.
#[test]
fn rows_that_an_explanation_uses_are_in_demand() {
    let mut model = Model::new(REAL, Settings::default(), Keymap::default(), Start::new(at(0), (120, 30)));
    let troubled = service::Service {
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/api".into(),
        service_name: "api".into(),
        cluster_name: "prod".into(),
        desired_count: 2,
        running_count: 1,
        launch_type: Some("EC2".into()),
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/api:7".into()),
        ..service::Service::default()
    };
    let view = View::new(&service::KIND, Query::cluster("prod"));
    let mut snapshot = Snapshot::default();
    snapshot.feeds.insert(view.clone(), feed(1, [troubled.clone()]));
    give(&mut model, 0, snapshot);
    press(&mut model, ":");
    type_in(&mut model, "services prod");
    press(&mut model, "enter shift-x");
    let demand = model.demand();
    assert_eq!(demand.foreground, Some(view));
    let consulted = (&troubled as &dyn Row).consults();
    assert!(!consulted.is_empty());
    assert_eq!(demand.companions, consulted);
    assert!(demand.visible.contains(&"api:7".into()), "a task definition is described only while visible: {demand:?}");
    press(&mut model, "shift-x");
    assert_eq!(model.demand().companions, []);
}
