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

/// A line of output, written at this second.
fn line(second: i64, text: &str) -> crate::logs::Line {
    crate::logs::Line {
        source: None,
        at: at(second),
        role: crate::logs::Role::Output,
        level: None,
        late: false,
        task: None,
        text: text.into(),
    }
}

#[test]
fn a_matching_line_of_an_open_log_is_announced_at_most_once_a_minute() {
    use crate::logs::{TailMessage, TailUpdate};

    let mut model = on_checkout("sandbox", None);
    press(&mut model, "l");
    let tail = model.log().unwrap().wanted.id;
    press(&mut model, "ctrl-n");
    assert!(flash(&model).contains("no filter here"), "{}", flash(&model));
    press(&mut model, "/ b o o m enter ctrl-n");
    assert!(flash(&model).contains("as long as the log is open: log of checkout"), "{}", flash(&model));
    let write = |model: &mut Model, second, texts: &[&str]| {
        let lines = texts.iter().map(|text| line(second, text)).collect();
        alerts(model.update(at(second), Event::Log(TailMessage { tail, update: TailUpdate::Lines(lines) })))
    };
    assert_eq!(write(&mut model, 1, &["fine", "boom 1", "boom 2"]), ["log of checkout: boom 1 (and 1 more)"]);
    // Also from a screen above it, but not at once.
    press(&mut model, "?");
    assert_eq!(write(&mut model, 30, &["boom 3"]), [""; 0]);
    assert_eq!(write(&mut model, 62, &["boom 4"]), ["log of checkout: boom 3 (and 1 more)"]);
    // What was written before the alert was set is not announced.
    let old = TailMessage { tail, update: TailUpdate::Lines(vec![line(-600, "boom 0")]) };
    assert_eq!(alerts(model.update(at(200), Event::Log(old))), [""; 0]);
    press(&mut model, "esc esc esc esc");
    assert!(model.log().is_none());
    give(&mut model, 201, account(9, vec![checkout("sandbox", 4)]));
    assert!(flash(&model).contains("log of checkout is no longer followed"), "{}", flash(&model));
}
