//! Changes: nothing is sent without confirmation, and only what was confirmed.

use super::*;
use crate::{
    change::{ChangeOrder, ChangeOutcome, ChangeReport},
    data::Identity,
    event::NoticeLevel,
    model::scope::WriteOverride,
    resource::{deployment::Deployment, service::Service},
};

pub(super) fn checkout(cluster: &str, desired: i32) -> Service {
    Service {
        service_arn: format!("arn:aws:ecs:eu-west-1:1:service/{cluster}/checkout"),
        service_name: "checkout".into(),
        cluster_name: cluster.into(),
        status: Some("ACTIVE".into()),
        desired_count: desired,
        running_count: desired,
        ..Service::default()
    }
}

pub(super) fn account(revision: u64, services: Vec<Service>) -> Snapshot {
    let identity = Identity {
        profile: Some("dev".into()),
        account: Some("123".into()),
        region: Some("eu-west-1".into()),
        ..Identity::default()
    };
    let mut snapshot = Snapshot { revision, identity, ..Snapshot::default() };
    let names: Vec<cluster::Cluster> = ["sandbox", "prod"]
        .map(|name| cluster::Cluster {
            cluster_arn: format!("arn:aws:ecs:eu-west-1:1:cluster/{name}"),
            cluster_name: name.into(),
            ..cluster::Cluster::default()
        })
        .into();
    snapshot.feeds.insert(View::new(&cluster::KIND, Query::default()), feed(revision, names));
    for name in ["sandbox", "prod"] {
        let rows = services.iter().filter(|service| service.cluster_name == name).cloned();
        snapshot.feeds.insert(View::new(&service::KIND, Query::cluster(name)), feed(revision, rows));
    }
    snapshot
}

/// A console on the service `checkout` of a cluster, with or without permission for changes.
pub(super) fn on_checkout(cluster: &str, write_override: Option<WriteOverride>) -> Model {
    let start = Start { write_override, cluster: Some(cluster.into()), ..Start::new(at(0), (120, 30)) };
    let mut model = Model::new(REAL, Settings::default(), Keymap::default(), start);
    give(&mut model, 0, account(1, vec![checkout("sandbox", 4), checkout("prod", 4)]));
    model
}

/// Waits until a dialog accepts keys.
fn wait(model: &mut Model) {
    let later = model.now + jiff::SignedDuration::from_millis(300);
    model.update(later, Event::Tick);
}

fn orders(effects: Vec<Effect>) -> Vec<ChangeOrder> {
    let order = |effect| match effect {
        Effect::Change(order) => Some(order),
        _ => None,
    };
    effects.into_iter().filter_map(order).collect()
}

fn dialog(model: &Model) -> Option<&overlay::Confirmation> {
    match &model.overlay {
        Some(Overlay::Confirm(dialog)) => Some(dialog),
        _ => None,
    }
}

#[test]
fn a_restart_is_sent_once_it_is_confirmed() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    assert!(orders(press(&mut model, "r")).is_empty());
    wait(&mut model);
    let sent = orders(press(&mut model, "tab enter"));
    let commands: Vec<_> =
        sent.iter().flat_map(|order| &order.changes).map(|change| change.api_call().command()).collect();
    assert_eq!(commands, ["aws ecs update-service --cluster sandbox --service checkout --force-new-deployment"]);
    assert!(dialog(&model).is_none());
}

#[rstest]
#[case::the_button_that_leaves_comes_first("enter")]
#[case::back_to_it("tab tab enter")]
#[case::escape("tab esc")]
#[case::no("n")]
#[case::quit("q")]
fn a_cancelled_dialog_sends_nothing(#[case] keys: &str) {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    press(&mut model, "r");
    wait(&mut model);
    assert!(orders(press(&mut model, keys)).is_empty());
    assert!(dialog(&model).is_none());
}

#[test]
fn keys_typed_before_the_dialog_opened_do_not_answer_it() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    assert!(orders(press(&mut model, "r tab enter tab enter")).is_empty());
    assert!(dialog(&model).is_some_and(|dialog| !dialog.ready));
}

#[rstest]
#[case("r")]
#[case("s")]
#[case("shift-r")]
fn read_only_shows_how_to_allow_changes_and_opens_no_dialog(#[case] key: &str) {
    let mut model = on_checkout("sandbox", Some(WriteOverride::ReadOnly));
    press(&mut model, key);
    assert!(model.overlay.is_none());
    assert_eq!(flash(&model), "read-only: `:write` allows changes for 15 minutes");
}

#[test]
fn the_rule_of_the_rows_cluster_applies_in_any_view() {
    let settings: Settings = toml::from_str(
        "[[scope]]\ncluster = \"prod\"\nenv = \"P\"\nmode = \"read-only\"\n\
                                             [[scope]]\nprofile = \"dev\"\nenv = \"D\"\nmode = \"write\"\n",
    )
    .unwrap();
    let mut model = Model::new(REAL, settings, Keymap::default(), Start::new(at(0), (120, 30)));
    give(&mut model, 0, account(1, vec![checkout("sandbox", 4), checkout("prod", 4)]));
    super::commands::run(&mut model, "services");
    press(&mut model, "0 home");
    let first = front_table(&model).current().unwrap().row.cluster().unwrap().to_owned();
    assert_eq!(first, "prod");
    press(&mut model, "r");
    assert!(dialog(&model).is_none(), "{}", flash(&model));
    press(&mut model, "down r");
    assert!(dialog(&model).is_some(), "{}", flash(&model));
}

#[test]
fn a_changed_target_is_confirmed_again() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    super::commands::run(&mut model, "scale +1");
    wait(&mut model);
    let moved = account(2, vec![checkout("sandbox", 6), checkout("prod", 4)]);
    model.update(model.now, Event::Snapshot(Arc::new(moved)));
    assert!(orders(press(&mut model, "tab enter")).is_empty());
    assert!(dialog(&model).is_some_and(|dialog| dialog.notice.is_some()));
    wait(&mut model);
    let sent = orders(press(&mut model, "tab enter"));
    assert!(sent[0].changes[0].api_call().command().ends_with("--desired-count 7"), "{sent:?}");
}

/// In a crash loop the number of running tasks changes every few seconds.
#[rstest]
#[case::restart("restart")]
#[case::scale("scale 3")]
fn tasks_that_come_and_go_do_not_reopen_the_dialog(#[case] command: &str) {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    super::commands::run(&mut model, command);
    wait(&mut model);
    let fewer = Service { running_count: 1, ..checkout("sandbox", 4) };
    model.update(model.now, Event::Snapshot(Arc::new(account(2, vec![fewer, checkout("prod", 4)]))));
    assert_eq!(orders(press(&mut model, "tab enter")).len(), 1);
    assert!(dialog(&model).is_none());
}

#[test]
fn a_deleted_service_is_not_changed() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    press(&mut model, "r");
    wait(&mut model);
    model.update(model.now, Event::Snapshot(Arc::new(account(2, vec![checkout("prod", 4)]))));
    assert!(orders(press(&mut model, "tab enter")).is_empty());
    assert_eq!(flash(&model), "nothing was sent: service checkout no longer exists");
}

#[test]
fn scaling_to_zero_requires_typing_the_name_of_the_service() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    super::commands::run(&mut model, "scale 0");
    wait(&mut model);
    assert!(orders(press(&mut model, "tab enter")).is_empty());
    assert!(dialog(&model).is_some());
    type_in(&mut model, "checkou");
    assert!(orders(press(&mut model, "enter")).is_empty());
    type_in(&mut model, "t");
    assert_eq!(orders(press(&mut model, "enter")).len(), 1);
}

#[test]
fn production_requires_typing() {
    let mut model = on_checkout("prod", Some(WriteOverride::Write));
    super::commands::run(&mut model, "scale 2");
    assert!(dialog(&model).is_some_and(|dialog| dialog.typed.is_some() && dialog.env.as_deref() == Some("PROD")));
}

#[test]
fn each_result_of_marked_rows_is_shown_and_what_failed_stays_marked() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    let mut second = checkout("sandbox", 2);
    (second.service_name, second.service_arn) = ("api".into(), "arn:aws:ecs:eu-west-1:1:service/sandbox/api".into());
    give(&mut model, 1, account(2, vec![checkout("sandbox", 4), second]));
    press(&mut model, "* r");
    wait(&mut model);
    let order = orders(press(&mut model, "tab enter")).remove(0);
    assert_eq!(order.changes.len(), 2);
    let title = |model: &Model| match &model.overlay {
        Some(Overlay::Results(results)) => results.title(),
        _ => String::new(),
    };
    assert_eq!(title(&model), "Force a new deployment (2): 2 sent");
    let denied = Failure::local("UpdateService", FailureKind::Denied, "no");
    let outcomes = [ChangeOutcome::Accepted("begun".into()), ChangeOutcome::Refused(denied)];
    for (change, outcome) in order.changes.iter().zip(outcomes) {
        let report = ChangeReport { order: order.id, kind: order.kind, change: change.clone(), outcome };
        model.update(model.now, Event::Done(Done::Change(report)));
    }
    assert_eq!(title(&model), "Force a new deployment (2): 1 accepted, 1 refused");
    let failed: Vec<&str> = front_table(&model).marks.iter().map(|id| &**id).collect();
    assert_eq!(failed, [order.changes[1].target().arn.as_str()]);
    press(&mut model, "enter");
    assert!(model.overlay.is_none());
}

#[test]
fn the_outcome_of_a_change_is_reported_and_an_unknown_one_warns() {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    press(&mut model, "r");
    wait(&mut model);
    let order = orders(press(&mut model, "tab enter")).remove(0);
    let mut report = |outcome| {
        let change = order.changes[0].clone();
        let report = ChangeReport { order: order.id, kind: order.kind, change, outcome };
        model.update(model.now, Event::Done(Done::Change(report)));
        model.messages.log.back().map(|message| message.text.clone()).unwrap_or_default()
    };
    assert_eq!(report(ChangeOutcome::Accepted("begun".into())), "restart service checkout: begun");
    let failure = Failure::local("UpdateService", FailureKind::Offline, "no answer");
    let write_override = report(ChangeOutcome::Unknown(failure));
    assert!(
        write_override.contains("may have succeeded") && write_override.contains("check before you try again"),
        "{write_override}"
    );
}

/// A rollout of `checkout` in `sandbox` with this deployment.
fn rolled_out(deployment: &str, revision: u32, state: &str) -> Service {
    let definition = Some(format!("arn:aws:ecs:eu-west-1:1:task-definition/checkout:{revision}"));
    let primary = Deployment {
        id: deployment.into(),
        status: Some("PRIMARY".into()),
        task_definition: definition.clone(),
        rollout_state: Some(state.into()),
        desired_count: 4,
        running_count: 4,
        ..Deployment::default()
    };
    Service { task_definition: definition, deployments: vec![primary], ..checkout("sandbox", 4) }
}

#[rstest::rstest]
#[case::steady(rolled_out("new", 7, "COMPLETED"), Some((NoticeLevel::Info, "steady: 4 tasks of checkout:7 run after 5s")))]
#[case::in_progress(rolled_out("new", 7, "IN_PROGRESS"), None)]
#[case::not_begun(rolled_out("old", 7, "COMPLETED"), None)]
#[case::failed(rolled_out("new", 7, "FAILED"), Some((NoticeLevel::Error, "failed, after 5s")))]
#[case::rolled_back(rolled_out("new", 6, "COMPLETED"), Some((NoticeLevel::Error, "rolled back to checkout:6, after 5s")))]
fn the_result_of_an_accepted_change_is_reported_once_on_any_screen(
    #[case] later: Service,
    #[case] expected: Option<(NoticeLevel, &str)>,
) {
    let mut model = on_checkout("sandbox", Some(WriteOverride::Write));
    give(&mut model, 0, account(2, vec![rolled_out("old", 7, "COMPLETED")]));
    press(&mut model, "r");
    wait(&mut model);
    let order = orders(press(&mut model, "tab enter")).remove(0);
    let change = order.changes[0].clone();
    let outcome = ChangeOutcome::Accepted("begun".into());
    let report = ChangeReport { order: order.id, kind: order.kind, change, outcome };
    let begun = model.now;
    model.update(begun, Event::Done(Done::Change(report)));
    assert_eq!(model.demand().followed.len(), 1);
    press(&mut model, ": c l enter");
    let write_override = model.messages.log.len();
    for revision in [3, 4] {
        let five = begun + jiff::SignedDuration::from_secs(5);
        model.update(five, Event::Snapshot(Arc::new(account(revision, vec![later.clone()]))));
    }
    let new: Vec<_> =
        model.messages.log.iter().skip(write_override).map(|message| (message.level, message.text.clone())).collect();
    let expected = expected.map(|(level, text)| (level, format!("restart service checkout: {text}")));
    assert_eq!(new, expected.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(model.demand().followed.is_empty(), expected.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Without enter on the button, or a name typed in full, nothing is sent.
    #[test]
    fn random_keys_change_nothing_without_confirmation(keys in prop::collection::vec(any_key(), 1..200)) {
        let mut model = on_checkout("prod", Some(WriteOverride::Write));
        let mut now = 0;
        for key in keys {
            now += 1;
            let yes = key == "enter" && dialog(&model).is_some_and(|dialog| dialog.ready || dialog.typed_in_full());
            let sent = orders(model.update(at(now), Event::Key(key_event(key))));
            prop_assert!(sent.is_empty() || yes, "{key}: {sent:?}");
        }
    }

    #[test]
    fn random_keys_send_nothing_from_a_read_only_console(keys in prop::collection::vec(any_key(), 1..200)) {
        let mut model = on_checkout("prod", Some(WriteOverride::ReadOnly));
        for (now, key) in (1..).zip(keys) {
            let sent = orders(model.update(at(now), Event::Key(key_event(key))));
            prop_assert!(sent.is_empty() || model.access() != Access::ReadOnly, "{key}: {sent:?}");
        }
    }
}

/// Keys of actions that change something, of dialogs, and of everything else.
fn any_key() -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = ACTIONS.iter().flat_map(|action| action.keys.iter().copied()).collect();
    let dialogs = vec!["tab", "enter", "enter", "esc", "left", "right", "r", "s", "shift-r", "0", "2"];
    prop_oneof![2 => prop::sample::select(dialogs), 1 => prop::sample::select(all)]
}
