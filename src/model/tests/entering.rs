//! Shells: which container, what keeps one from being opened, and who may.

use super::{changing::on_checkout, *};
use crate::{
    model::scope::WriteOverride,
    resource::{container::Container, task::Task},
};

fn container(name: &str, agent: &str) -> Container {
    Container {
        name: name.into(),
        container_arn: format!("arn/{name}"),
        task_arn: "arn:aws:ecs:eu-west-1:1:task/x/0cf34e4c".into(),
        last_status: Some("RUNNING".into()),
        runtime_id: Some("0cf34e4c-1".into()),
        exec_agent: Some(agent.into()),
        ..Container::default()
    }
}

/// A console on a running task with these containers.
pub(super) fn on_task(cluster: &str, said: Option<WriteOverride>, containers: &[(&str, &str)]) -> Model {
    on_tasks(cluster, said, &["0cf34e4c"], containers)
}

/// The same with several tasks.
pub(super) fn on_tasks(cluster: &str, said: Option<WriteOverride>, ids: &[&str], containers: &[(&str, &str)]) -> Model {
    let mut model = on_checkout(cluster, said);
    let task = |id: &&str| Task {
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/{cluster}/{id}"),
        cluster_name: cluster.into(),
        last_status: Some("RUNNING".into()),
        enable_execute_command: true,
        containers: containers.iter().map(|(name, agent)| container(name, agent)).collect(),
        ..Task::default()
    };
    press(&mut model, ": t a s k s enter");
    let view = model.front.view().unwrap().clone();
    let mut snapshot = (*model.snapshot).clone();
    snapshot.revision += 1;
    snapshot.feeds.insert(view, feed(snapshot.revision, ids.iter().map(task)));
    give(&mut model, 0, snapshot);
    model
}

fn opened(effects: Vec<Effect>) -> Option<String> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::OpenShell(request) => Some(format!(
            "{} {}",
            request.target.container().map_or("host", |target| &target.container),
            request.command
        )),
        _ => None,
    })
}

pub(super) const WRITE: Option<WriteOverride> = Some(WriteOverride::Write);

#[test]
fn the_only_ready_container_is_entered_at_once() {
    let mut model = on_task("sandbox", WRITE, &[("app", "RUNNING"), ("proxy", "STOPPED")]);
    assert!(opened(press(&mut model, "s")).is_some_and(|shell| shell.starts_with("app sh -c ")));
    assert_eq!(opened(press(&mut model, ": e x e c space t o p enter")).as_deref(), Some("app top"));
}

#[test]
fn of_several_containers_one_is_picked_and_the_others_say_what_is_wrong() {
    let mut model = on_task("sandbox", WRITE, &[("app", "RUNNING"), ("proxy", "RUNNING"), ("log", "PENDING")]);
    assert_eq!(opened(press(&mut model, "s")), None);
    let Some(Overlay::Picker(picker)) = &model.overlay else { panic!("no picker") };
    let items: Vec<_> = picker.items.iter().map(|item| format!("{}: {}", item.text, item.about)).collect();
    assert_eq!(items, ["app: ready", "proxy: ready", "log: the exec agent in log is starting: wait a few seconds"]);
    assert!(opened(press(&mut model, "down enter")).is_some_and(|shell| shell.starts_with("proxy ")));
}

#[rstest]
#[case::read_only(on_task("sandbox", Some(WriteOverride::ReadOnly), &[("app", "RUNNING")]), "read-only: `:write`")]
#[case::agent(on_task("sandbox", WRITE, &[("app", "STOPPED")]), "the exec agent in app is stopped")]
fn a_shell_that_cannot_be_opened_says_why(#[case] mut model: Model, #[case] expected: &str) {
    assert_eq!(opened(press(&mut model, "s")), None);
    let last = model.messages.log.back().map(|message| message.text.clone()).unwrap_or_default();
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn production_is_entered_after_a_question() {
    let mut model = on_task("prod", WRITE, &[("app", "RUNNING")]);
    assert_eq!(opened(press(&mut model, "s")), None);
    assert!(matches!(&model.overlay, Some(Overlay::Question(question)) if question.title.contains("PROD")));
    assert_eq!(opened(press(&mut model, "esc")), None);
    press(&mut model, "s");
    assert!(opened(press(&mut model, "enter")).is_some());
}
