//! From a problem to its cause, by keys.

use super::*;

#[test]
fn from_the_clusters_to_the_task_that_failed_and_back() {
    let mut model = console();
    assert_eq!(names(front_table(&model)), ["prod", "staging"]);
    press(&mut model, "enter");
    assert_eq!((front_table(&model).title(), model.cluster.as_deref()), ("services(prod)".into(), Some("prod")));
    press(&mut model, "enter ctrl-z");
    assert_eq!(names(front_table(&model)), ["b"]);
    press(&mut model, "enter");
    let text = front_text(&model);
    assert_eq!(text.title, "describe task b");
    assert!(text.text().contains("OutOfMemory"), "a row without contents is described: {}", text.text());
    assert_eq!(model.crumbs(), ["clusters", "services(prod)", "tasks(api)", "describe task b"]);
    press(&mut model, "q");
    assert!(front_table(&model).faults_only);
    press(&mut model, "esc");
    assert!(!front_table(&model).faults_only, "esc leaves a layer");
    press(&mut model, "esc esc");
    assert_eq!(front_table(&model).title(), "clusters");
    press(&mut model, "q");
    assert!(flash(&model).contains("this is the first view; :q quits"));
}

#[test]
fn a_filter_applies_while_typing_and_esc_restores_the_previous() {
    let mut model = in_tasks();
    press(&mut model, "/");
    type_in(&mut model, "exit=2");
    assert_eq!(front_table(&model).rows.len(), 0);
    press(&mut model, "backspace");
    type_in(&mut model, "137");
    assert_eq!(names(front_table(&model)), ["b"]);
    // While the filter is invalid, the last valid one stays, and the fault is shown.
    type_in(&mut model, " \"");
    let fault = model.overlay.as_ref().and_then(Overlay::prompt).and_then(|prompt| prompt.fault.clone());
    assert_eq!(fault.map(|fault| fault.at), Some(9));
    assert_eq!(names(front_table(&model)), ["b"]);
    assert_eq!(press(&mut model, "enter"), [], "what can't be read is not entered");
    assert!(model.overlay.is_some());
    press(&mut model, "esc");
    assert!(model.overlay.is_none());
    assert_eq!(names(front_table(&model)), ["a", "b", "c"]);
}

#[test]
fn an_entered_filter_stays_in_the_history_and_is_preselected() {
    let mut model = in_tasks();
    press(&mut model, "/");
    type_in(&mut model, "!b");
    let remembered = Effect::Remember { list: "filters", entry: "!b".into() };
    assert_eq!(but_demands(press(&mut model, "enter")), [remembered]);
    assert_eq!(names(front_table(&model)), ["a", "c"]);
    press(&mut model, "/ x");
    assert_eq!(model.overlay.as_ref().and_then(Overlay::prompt).map(prompt::Prompt::text), Some("x"));
    press(&mut model, "esc / up enter");
    assert_eq!(front_table(&model).filter.text(), "!b");
    press(&mut model, "ctrl-u");
    assert_eq!(front_table(&model).rows.len(), 3);
}

#[test]
fn the_status_key_cycles_running_stopped_all() {
    let mut model = in_tasks();
    press(&mut model, "x");
    assert_eq!(front_table(&model).view.query.status, Status::Stopped);
    assert_eq!(names(front_table(&model)), ["b"]);
    press(&mut model, "x");
    assert_eq!(front_table(&model).view.query.status, Status::All);
    press(&mut model, "esc");
    assert_eq!(front_table(&model).title(), "services(prod)", "the three take each other's place");
    press(&mut model, "x");
    assert_eq!(front_table(&model).title(), "tasks(api, stopped)");
}

#[test]
fn the_history_goes_back_and_forth() {
    let mut model = in_tasks();
    let title = |model: &Model| front_table(model).title();
    press(&mut model, "[");
    assert_eq!(title(&model), "services(prod)");
    press(&mut model, "[");
    assert_eq!(title(&model), "clusters");
    press(&mut model, "[");
    assert_eq!((title(&model), flash(&model)), ("clusters".into(), "this is the oldest view of the history"));
    press(&mut model, "] ]");
    assert_eq!(title(&model), "tasks(api)");
    press(&mut model, "]");
    assert_eq!(flash(&model), "this is the newest view of the history");
    press(&mut model, "-");
    assert_eq!(title(&model), "services(prod)");
    press(&mut model, "-");
    assert_eq!(title(&model), "tasks(api)");
}

#[test]
fn digits_change_the_cluster_and_keep_the_arrangement() {
    let mut model = console();
    press(&mut model, "2");
    assert_eq!(front_table(&model).title(), "services(staging)");
    press(&mut model, "shift-p ctrl-z 1");
    let table = front_table(&model);
    assert_eq!((table.title(), table.faults_only, table.sort.column), ("services(prod)".into(), true, 1));
    press(&mut model, "0");
    assert_eq!((front_table(&model).title(), model.cluster.as_deref()), ("services(all)".into(), None));
    assert_eq!(model.crumbs(), ["clusters", "services(all)"]);
    press(&mut model, "9");
    assert_eq!(flash(&model), "there is no cluster 9");
}

#[test]
fn raw_json_is_requested_shown_masked_and_revealed() {
    let mut model = in_tasks();
    let id: Arc<str> = "arn:aws:ecs:eu-west-1:1:task/prod/a".into();
    let asked = Request::Raw { kind: &TASK, query: tasks().query, id: id.clone() };
    assert_eq!(but_demands(press(&mut model, "y")), [Effect::Request(asked.clone())]);
    assert!(matches!(front_text(&model).source, TextSource::Raw(_, RawAnswer::Asked)));
    let value = json!({"environment": [{"name": "API_TOKEN", "value": "hunter2"}]});
    model.update(at(1), Event::Done(Done::Raw { id, result: Ok(value) }));
    assert!(!front_text(&model).text().contains("hunter2"));
    let copied = press(&mut model, "c");
    assert!(matches!(&copied[..], [Effect::Copy(text)] if !text.contains("hunter2") && text.contains("API_TOKEN")));
    press(&mut model, "x");
    assert!(front_text(&model).text().contains("hunter2"));
    assert_eq!(but_demands(press(&mut model, "ctrl-r")), [Effect::Request(asked)]);
    press(&mut model, "y");
    assert_eq!(front_text(&model).title, "describe task a");
    press(&mut model, "esc");
    assert_eq!(front_table(&model).title(), "tasks(api)");
}

#[test]
fn a_late_response_is_dropped_and_a_failure_is_shown() {
    let mut model = in_tasks();
    press(&mut model, "y");
    let answer = |id: &str, result| Event::Done(Done::Raw { id: id.into(), result });
    model.update(at(1), answer("another", Ok(json!({}))));
    assert!(matches!(front_text(&model).source, TextSource::Raw(_, RawAnswer::Asked)));
    let id = "arn:aws:ecs:eu-west-1:1:task/prod/a";
    model.update(at(1), answer(id, Err((*failure(FailureKind::Denied)).clone())));
    assert!(
        matches!(&front_text(&model).source, TextSource::Raw(_, RawAnswer::Failed(failure)) if failure.kind == FailureKind::Denied)
    );
}

#[test]
fn a_description_follows_its_row() {
    let mut model = in_tasks();
    press(&mut model, "d");
    give(&mut model, 1, world(2, vec![stopped("a", 1, "a new reason")]));
    assert!(front_text(&model).text().contains("a new reason"));
    give(&mut model, 2, world(3, vec![task("z")]));
    let text = front_text(&model);
    assert!(text.source.subject().is_some_and(|subject| subject.gone));
    assert!(text.text().contains("a new reason"), "what was last known stays");
}

#[test]
fn related_views_are_opened_or_reported_as_missing() {
    let mut model = in_tasks();
    press(&mut model, "t");
    assert_eq!(flash(&model), "this task has no task definition");
    press(&mut model, "shift-j");
    assert_eq!(front_table(&model).title(), "services(prod)");
    assert_eq!(model.crumbs().len(), 2, "the view on the stack is gone back to");
}
