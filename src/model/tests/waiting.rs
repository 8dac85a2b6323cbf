//! Alerts: what the user waits for is announced once, on any screen.

use super::{changing::*, *};
use crate::{
    event::NoticeLevel,
    resource::{deployment::Deployment, service::Service},
};

/// The service `checkout`, with its rollout in this state.
fn rollout(state: &str) -> Service {
    let primary = Deployment {
        id: "ecs-svc/1".into(),
        status: Some("PRIMARY".into()),
        rollout_state: Some(state.into()),
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/checkout:7".into()),
        ..Deployment::default()
    };
    Service { deployments: vec![primary], ..checkout("sandbox", 4) }
}

fn alerts(effects: Vec<Effect>) -> Vec<String> {
    let alert = |effect| if let Effect::Alert(text) = effect { Some(text) } else { None };
    effects.into_iter().filter_map(alert).collect()
}

#[test]
fn an_alert_comes_once_when_a_rollout_is_over_on_any_screen() {
    let mut model = on_checkout("sandbox", None);
    let revision = |model: &mut Model, revision, state| {
        let now = model.now;
        alerts(model.update(now, Event::Snapshot(Arc::new(account(revision, vec![rollout(state)])))))
    };
    revision(&mut model, 2, "IN_PROGRESS");
    press(&mut model, "ctrl-n");
    assert_eq!(model.demand().followed.len(), 1, "it is polled on every screen");
    press(&mut model, ": c l enter");
    assert_eq!(revision(&mut model, 3, "IN_PROGRESS"), [""; 0]);
    assert_eq!(
        revision(&mut model, 4, "COMPLETED"),
        ["service checkout in sandbox: steady: 4 tasks of checkout:7 run"]
    );
    assert_eq!(model.messages.log.back().map(|message| message.level), Some(NoticeLevel::Info));
    assert_eq!(revision(&mut model, 5, "IN_PROGRESS"), [""; 0]);
    assert!(model.demand().followed.is_empty(), "it costs nothing any more");
}

#[test]
fn an_alert_of_something_steady_comes_when_it_moves_and_stays_until_the_end() {
    let mut model = on_checkout("sandbox", None);
    let revision = |model: &mut Model, revision, state| {
        let now = model.now;
        alerts(model.update(now, Event::Snapshot(Arc::new(account(revision, vec![rollout(state)])))))
    };
    revision(&mut model, 2, "COMPLETED");
    press(&mut model, "ctrl-n");
    let moving = revision(&mut model, 3, "IN_PROGRESS");
    assert_eq!(moving, ["service checkout in sandbox: 4 desired, 4 running, 0 pending"]);
    assert_eq!(revision(&mut model, 4, "FAILED"), ["service checkout in sandbox: the rollout of checkout:7 failed"]);
    assert!(model.demand().followed.is_empty());
}

#[test]
fn the_same_key_removes_an_alert_and_a_list_shows_all() {
    let mut model = on_checkout("sandbox", None);
    press(&mut model, "ctrl-n");
    press(&mut model, ": n o t i f y space l i s t enter");
    assert!(
        matches!(&model.overlay, Some(Overlay::Picker(picker)) if picker.items[0].text == "service checkout in sandbox")
    );
    press(&mut model, "enter");
    assert!(model.demand().followed.is_empty());
    press(&mut model, "ctrl-n ctrl-n");
    assert!(model.demand().followed.is_empty());
}
