use rstest::rstest;
use serde_json::json;

use super::*;
use crate::resource::{
    Query,
    deployment::Deployment,
    evidence::{AutoScaling, ScalingLimits},
    instance::Instance,
    rollout::{self, Hook, Rollout, RolloutRevision},
    service, task,
    task::Task,
};

fn checkout() -> Service {
    let deployment = |id: &str, revision: u32, status: &str, state: &str| Deployment {
        id: id.into(),
        cluster_name: "prod".into(),
        service_name: "checkout".into(),
        status: Some(status.into()),
        task_definition: Some(format!("arn:aws:ecs:eu-west-1:1:task-definition/checkout:{revision}")),
        rollout_state: Some(state.into()),
        running_count: 2,
        ..Deployment::default()
    };
    Service {
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/checkout".into(),
        service_name: "checkout".into(),
        cluster_name: "prod".into(),
        status: Some("ACTIVE".into()),
        desired_count: 4,
        running_count: 4,
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/checkout:57".into()),
        deployment_controller: Some("ECS".into()),
        minimum_healthy_percent: Some(75),
        maximum_percent: Some(200),
        current_service_deployment: Some("arn:aws:ecs:eu-west-1:1:service-deployment/prod/checkout/abc".into()),
        deployments: vec![
            deployment("new", 57, "PRIMARY", "IN_PROGRESS"),
            deployment("old", 56, "ACTIVE", "COMPLETED"),
        ],
        ..Service::default()
    }
}

fn of_task(service: &str) -> Task {
    Task {
        task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef".into(),
        cluster_name: "prod".into(),
        group: Some(format!("service:{service}")),
        last_status: Some("RUNNING".into()),
        desired_status: Some("RUNNING".into()),
        ..Task::default()
    }
}

fn make(kind: &ChangeKind, row: &dyn Row, arg: &str, others: &[&dyn Row]) -> Result<Arc<dyn Change>, String> {
    let known = Known::of(others.iter().copied().chain([row]), jiff::Timestamp::UNIX_EPOCH);
    (kind.make)(row, arg, &known)
}

fn command(change: &dyn Change) -> String {
    change.api_call().command()
}

#[test]
fn a_restart_sends_only_the_flag_and_shows_how_many_tasks_run() {
    let change = make(&RESTART, &checkout(), "", &[]).unwrap();
    assert_eq!(command(&*change), "aws ecs update-service --cluster prod --service checkout --force-new-deployment");
    assert_eq!(
        change.consequences(),
        [
            "4 running tasks are replaced: at least 3 and at most 8 run during the deployment (minimum 75 %, maximum 200 %)",
            "the deployment in progress is superseded",
        ]
    );
    assert_eq!(change.risk(), Risk::Reversible);
}

#[rstest]
#[case("6", "6", Risk::Reversible)]
#[case("+1", "5", Risk::Reversible)]
#[case("-2", "2", Risk::Disruptive)]
#[case("0", "0", Risk::Destructive)]
fn scaling_sends_only_the_count(#[case] arg: &str, #[case] count: &str, #[case] risk: Risk) {
    let change = make(&SCALE, &checkout(), arg, &[]).unwrap();
    let expected = format!("aws ecs update-service --cluster prod --service checkout --desired-count {count}");
    assert_eq!((command(&*change), change.risk()), (expected, risk));
}

#[rstest]
#[case("4", "checkout has 4 tasks already")]
#[case("", "invalid count ``; expected a number such as 4, +1 or -2")]
#[case("four", "invalid count `four`; expected a number such as 4, +1 or -2")]
#[case("+-1", "invalid count `+-1`; expected a number such as 4, +1 or -2")]
#[case("-5", "`-5` would leave -1 tasks; there are 4")]
#[case("2147483647", "2147483647 tasks are too many; a service has at most 5000")]
#[case("99999999999", "invalid count `99999999999`; expected a number such as 4, +1 or -2")]
fn an_invalid_count_is_refused(#[case] arg: &str, #[case] reason: &str) {
    assert_eq!(make(&SCALE, &checkout(), arg, &[]).unwrap_err(), reason);
}

/// The scaling of checkout, from 4 tasks, by what was read about its auto scaling.
fn scaled(count: &str, auto_scaling: AutoScaling) -> Arc<dyn Change> {
    let service = checkout();
    let evidence =
        Evidence { auto_scaling: [(service.service_arn.clone(), auto_scaling)].into(), ..Evidence::default() };
    let mut known = Known::of([&service as &dyn Row], jiff::Timestamp::UNIX_EPOCH);
    known.evidence = Some(&evidence);
    (SCALE.make)(&service, count, &known).unwrap()
}

#[rstest]
#[case("12", (false, false), ": its next scaling activity brings a count of 12 back to 10")]
#[case("1", (false, false), ": its next scaling activity brings a count of 1 back to 2")]
#[case("12", (true, false), ", but scaling in is suspended: a count of 12 stays")]
#[case("1", (false, true), ", but scaling out is suspended: a count of 1 stays")]
#[case("5", (false, true), ", and may change the count again")]
#[case("5", (true, true), ", and is suspended: a count of 5 stays")]
fn scaling_says_what_auto_scaling_does_to_the_count(
    #[case] count: &str,
    #[case] (scale_in_suspended, scale_out_suspended): (bool, bool),
    #[case] expected: &str,
) {
    let limits = ScalingLimits { min: 2, max: 10, scale_in_suspended, scale_out_suspended };
    let says = scaled(count, AutoScaling::Managed(limits)).consequences();
    assert_eq!(says.last().unwrap(), &format!("auto scaling keeps it between 2 and 10{expected}"));
}

#[test]
fn scaling_says_that_auto_scaling_is_unread_absent_or_unknown() {
    let last = |change: Arc<dyn Change>| change.consequences().pop().unwrap();
    let unread = make(&SCALE, &checkout(), "5", &[]).unwrap();
    assert_eq!(last(unread.clone()), "reading its auto scaling…");
    assert_eq!(last(scaled("5", AutoScaling::Unmanaged)), "auto scaling does not manage the service");
    assert_eq!(last(scaled("5", AutoScaling::Unknown("denied".into()))), "denied");
    // What arrives while the dialog is open does not make it another change.
    assert!(*unread == *scaled("5", AutoScaling::Unmanaged));
}

#[test]
fn a_count_that_auto_scaling_brings_back_has_not_settled() {
    let limits = ScalingLimits { min: 2, max: 10, scale_in_suspended: false, scale_out_suspended: false };
    let change = scaled("12", AutoScaling::Managed(limits));
    let progress = |desired_count: i32| {
        let service = Service { desired_count, ..checkout() };
        change.progress(&Known::of([&service as &dyn Row], jiff::Timestamp::UNIX_EPOCH))
    };
    assert_eq!(progress(4), ChangeProgress::UnderWay("accepted".into()));
    assert_eq!(progress(10), ChangeProgress::Failed("auto scaling has brought it back to 10".into()));
}

#[test]
fn a_daemon_service_is_not_scaled() {
    let daemon = Service { scheduling_strategy: Some("DAEMON".into()), ..checkout() };
    assert!(make(&SCALE, &daemon, "5", &[]).unwrap_err().contains("daemon"));
}

#[test]
fn a_deployment_in_progress_is_rolled_back_by_ecs() {
    let change = make(&ROLLBACK, &checkout(), "", &[]).unwrap();
    assert_eq!(
        command(&*change),
        "aws ecs stop-service-deployment --service-deployment-arn \
         arn:aws:ecs:eu-west-1:1:service-deployment/prod/checkout/abc --stop-type ROLLBACK"
    );
    assert_eq!(
        change.consequences(),
        [
            "the deployment of checkout:57 is stopped and rolled back to checkout:56",
            "2 running tasks of checkout:57 are replaced",
        ]
    );
    let mut crashing = checkout();
    crashing.deployments[0].running_count = 1;
    let change = make(&ROLLBACK, &crashing, "", &[]).unwrap();
    assert_eq!(change.consequences()[1], "1 running task of checkout:57 is replaced");
}

#[rstest]
#[case("56", "checkout:56")]
#[case("checkout:41", "checkout:41")]
#[case("arn:aws:ecs:eu-west-1:1:task-definition/other:3", "other:3")]
fn a_rollback_deploys_the_given_revision(#[case] arg: &str, #[case] revision: &str) {
    let change = make(&ROLLBACK, &checkout(), arg, &[]).unwrap();
    let expected = format!("aws ecs update-service --cluster prod --service checkout --task-definition {revision}");
    assert_eq!(command(&*change), expected);
}

#[rstest]
#[case("57", "checkout runs checkout:57 already")]
#[case("x", "invalid revision `x`; expected FAMILY:NUMBER, such as checkout:56")]
#[case("checkout:0", "invalid revision `checkout:0`; expected FAMILY:NUMBER, such as checkout:56")]
fn an_invalid_revision_is_refused(#[case] arg: &str, #[case] reason: &str) {
    assert_eq!(make(&ROLLBACK, &checkout(), arg, &[]).unwrap_err(), reason);
}

#[test]
fn without_an_earlier_revision_a_rollback_requires_one() {
    let steady = Service { deployments: checkout().deployments.split_off(1), ..checkout() };
    let steady = Service { task_definition: steady.deployments[0].task_definition.clone(), ..steady };
    let reason = make(&ROLLBACK, &steady, "", &[]).unwrap_err();
    assert_eq!(
        reason,
        "no earlier revision of checkout is known: z shows its rollouts, `:rollback FAMILY:REVISION` names one"
    );
}

#[rstest]
#[case("CODE_DEPLOY", "CodeDeploy deploys checkout: start the deployment there")]
#[case("EXTERNAL", "checkout has an external deployment controller: ECS can't deploy it")]
fn services_with_another_controller_are_refused(#[case] controller: &str, #[case] reason: &str) {
    let service = Service { deployment_controller: Some(controller.into()), ..checkout() };
    assert_eq!(make(&RESTART, &service, "", &[]).unwrap_err(), reason);
    assert_eq!(make(&ROLLBACK, &service, "", &[]).unwrap_err(), reason);
}

#[rstest]
#[case("DRAINING", "service checkout is being deleted")]
#[case("INACTIVE", "service checkout is deleted")]
fn a_deleted_service_is_refused(#[case] status: &str, #[case] reason: &str) {
    let service = Service { status: Some(status.into()), ..checkout() };
    for (kind, arg) in [(&RESTART, ""), (&SCALE, "6"), (&ROLLBACK, "")] {
        assert_eq!(make(kind, &service, arg, &[]).unwrap_err(), reason);
    }
}

#[test]
fn a_row_of_a_service_targets_the_service() {
    let service = checkout();
    let deployment = service.deployments[1].clone();
    let change = make(&RESTART, &deployment, "", &[&service]).unwrap();
    assert_eq!(change.target().name, "checkout");
}

#[test]
fn a_stopped_task_is_named_by_its_arn_and_replaced_by_its_service() {
    let change = make(&STOP_TASK, &of_task("checkout"), "", &[&checkout()]).unwrap();
    assert_eq!(
        command(&*change),
        "aws ecs stop-task --cluster prod --task arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef \
         --reason 'stopped with ecsight'"
    );
    assert_eq!(change.consequences()[0], "checkout keeps desired 4: ECS starts a replacement");
    assert_eq!(change.risk(), Risk::Disruptive);
}

#[rstest]
#[case("STOPPED", "STOPPED", "has stopped already")]
#[case("RUNNING", "STOPPED", "is stopping already")]
fn a_task_is_not_stopped_twice(#[case] last: &str, #[case] desired: &str, #[case] reason: &str) {
    let task = Task { last_status: Some(last.into()), desired_status: Some(desired.into()), ..of_task("checkout") };
    assert!(make(&STOP_TASK, &task, "", &[]).unwrap_err().ends_with(reason));
}

#[test]
fn draining_shows_the_consequence_for_each_task() {
    let instance = Instance {
        container_instance_arn: "arn:aws:ecs:eu-west-1:1:container-instance/prod/9f".into(),
        cluster_name: "prod".into(),
        ec2_instance_id: Some("i-0abc".into()),
        status: Some("ACTIVE".into()),
        running_tasks_count: 3,
        ..Instance::default()
    };
    let there = |task: Task, id: &str| Task {
        task_arn: id.into(),
        container_instance_arn: Some(instance.container_instance_arn.clone()),
        ..task
    };
    let alone = Task { group: Some("family:backfill".into()), ..of_task("") };
    let (one, two, three) = (there(of_task("checkout"), "1"), there(of_task("checkout"), "2"), there(alone, "3"));
    let change = make(&DRAIN, &instance, "", &[&one, &two, &three]).unwrap();
    assert_eq!(
        change.consequences(),
        [
            "ECS places no more tasks there; 3 tasks there",
            "reading what becomes of them…",
            "backfill (3) stays: a standalone task: draining does not stop it",
            "checkout (1) is replaced elsewhere",
            "checkout (2) is replaced elsewhere",
        ]
    );
    assert_eq!(
        command(&*change),
        "aws ecs update-container-instances-state --cluster prod --container-instances \
         arn:aws:ecs:eu-west-1:1:container-instance/prod/9f --status DRAINING"
    );
    assert_eq!(make(&ACTIVATE, &instance, "", &[]).unwrap_err(), "i-0abc is active already");

    let left = Instance { status: Some("DRAINING".into()), running_tasks_count: 2, ..instance.clone() };
    let known = Known::of([&left as &dyn Row, &one, &three], jiff::Timestamp::UNIX_EPOCH);
    let says = "3 → 2 tasks left: backfill (3), a standalone task: draining does not stop it";
    assert_eq!(change.progress(&known), ChangeProgress::UnderWay(says.into()));
    assert_eq!(change.follows().len(), 3, "the instance, its tasks, one service");
}

#[test]
fn a_change_touches_the_service_its_tasks_and_its_rollouts() {
    let views = make(&RESTART, &checkout(), "", &[]).unwrap().touches();
    let query = || Query::service("prod", "checkout");
    let kinds = [&service::KIND, &task::KIND, &rollout::KIND];
    assert_eq!(views, kinds.map(|kind| View::new(kind, query())));
}

#[test]
fn only_a_missing_response_leaves_the_outcome_unknown() {
    let outcome = |kind| ChangeOutcome::from_result(Err(Failure::local("UpdateService", kind, "x"))).word();
    assert_eq!(outcome(FailureKind::Offline), "unknown");
    assert_eq!(outcome(FailureKind::Server), "unknown");
    assert_eq!(outcome(FailureKind::Denied), "refused");
    assert_eq!(outcome(FailureKind::Throttled), "refused");
}

#[test]
fn the_journal_has_the_input_with_aws_names() {
    let call = make(&SCALE, &checkout(), "6", &[]).unwrap().api_call();
    let expected = json!({ "cluster": "prod", "service": "checkout", "desiredCount": 6 });
    assert_eq!(serde_json::to_value(call).unwrap(), expected);
}

/// A rollout of `checkout:{revision}` with this status, at this second.
fn rollout_of(revision: u32, status: &str, second: i64) -> Rollout {
    let target = RolloutRevision {
        task_definition: Some(format!("arn:aws:ecs:eu-west-1:1:task-definition/checkout:{revision}")),
        ..RolloutRevision::default()
    };
    Rollout {
        service_deployment_arn: format!("arn:aws:ecs:eu-west-1:1:service-deployment/prod/checkout/{second}"),
        cluster_name: "prod".into(),
        service_name: "checkout".into(),
        status: Some(status.into()),
        created_at: jiff::Timestamp::from_second(second).ok(),
        target: Some(target),
        ..Rollout::default()
    }
}

#[test]
fn a_rollback_without_a_deployment_in_progress_deploys_the_last_successful_revision() {
    let mut steady = checkout();
    steady.deployments.truncate(1);
    steady.deployments[0].rollout_state = Some("COMPLETED".into());
    let rollouts = [
        rollout_of(54, "SUCCESSFUL", 1),
        rollout_of(55, "SUCCESSFUL", 2),
        rollout_of(56, "ROLLBACK_SUCCESSFUL", 3),
        rollout_of(57, "SUCCESSFUL", 4),
    ];
    let others: Vec<&dyn Row> = rollouts.iter().map(|rollout| rollout as &dyn Row).collect();
    let change = make(&ROLLBACK, &steady, "", &others).unwrap();
    assert!(command(&*change).contains("--task-definition checkout:55"), "{}", command(&*change));
    // For a rollout in the table, it is the chosen one.
    let chosen = rollouts.each_ref().map(|rollout| chosen_revision(rollout).unwrap_or_default());
    assert_eq!(chosen, ["checkout:54", "checkout:55", "checkout:56", "checkout:57"]);
    let change = make(&ROLLBACK, &rollouts[0], "checkout:54", &[&steady]).unwrap();
    assert!(command(&*change).contains("--task-definition checkout:54"), "{}", command(&*change));
    let same = make(&ROLLBACK, &rollouts[3], "checkout:57", &[&steady]).unwrap_err();
    assert_eq!(same, "checkout runs checkout:57 already");
}

#[test]
fn an_approval_answers_the_waiting_hook_and_shows_what_happens_without_one() {
    let pause = Hook { hook_id: Some("h-1".into()), status: Some("AWAITING_ACTION".into()), ..Hook::default() };
    let waiting = Rollout { hooks: vec![pause], ..rollout_of(57, "IN_PROGRESS", 4) };
    let service = Service { rollout: Some(Box::new(waiting)), ..checkout() };
    let change = make(&APPROVE, &service, "", &[]).unwrap();
    let expected = "aws ecs continue-service-deployment --service-deployment-arn \
                    arn:aws:ecs:eu-west-1:1:service-deployment/prod/checkout/4 --hook-id h-1 --action CONTINUE";
    assert_eq!(command(&*change), expected);
    assert!(change.consequences()[0].contains("rolls back automatically"), "{:?}", change.consequences());
    assert_eq!(make(&APPROVE, &checkout(), "", &[]).unwrap_err(), "no rollout of checkout is waiting for approval");
}

#[rstest]
#[case("", "--expires-in-minutes 120", "2h")]
#[case("30m", "--expires-in-minutes 30", "30m")]
#[case("48h", "--expires-in-minutes 2880", "2d")]
fn a_protection_lasts_as_long_as_is_said(#[case] text: &str, #[case] flag: &str, #[case] says: &str) {
    let change = make(&PROTECT, &of_task("checkout"), text, &[]).unwrap();
    assert!(command(&*change).ends_with(&format!("--protection-enabled {flag}")), "{}", command(&*change));
    assert!(change.consequences()[0].ends_with(says), "{:?}", change.consequences());
}

#[rstest]
#[case("soon")]
#[case("0m")]
#[case("49h")]
#[case("99999999999h")]
fn a_protection_of_no_length_is_refused(#[case] text: &str) {
    let reason = make(&PROTECT, &of_task("checkout"), text, &[]).unwrap_err();
    assert_eq!(reason, format!("invalid time `{text}`; expected 1m to 48h, such as 90m or 2h"));
    assert_eq!(check_protection(text), Err(reason));
}

#[test]
fn only_tasks_of_services_are_protected_and_the_protection_ends() {
    let alone = Task { group: Some("family:batch".into()), ..of_task("checkout") };
    assert!(make(&PROTECT, &alone, "", &[]).unwrap_err().contains("belongs to no service"));
    let change = make(&UNPROTECT, &of_task("checkout"), "", &[]).unwrap();
    assert!(command(&*change).ends_with("--no-protection-enabled"), "{}", command(&*change));
}

#[test]
fn enabling_exec_sends_the_flag_alone_and_says_what_it_takes() {
    let change = make(&ENABLE_EXEC, &checkout(), "", &[]).unwrap();
    let sent = "aws ecs update-service --cluster prod --service checkout --enable-execute-command";
    assert_eq!(command(&*change), sent);
    assert!(change.consequences()[1].starts_with("4 tasks now running cannot"), "{:?}", change.consequences());
    let on = Service { enable_execute_command: true, ..checkout() };
    assert!(make(&ENABLE_EXEC, &on, "", &[]).unwrap_err().contains("already"));
    assert_eq!(
        change.progress(&Known::of([&on as &dyn Row], jiff::Timestamp::UNIX_EPOCH)).text(),
        "ECS Exec is enabled"
    );
}

/// ECS picks the revision by itself where the service no longer lists another: any is a success then.
#[test]
fn a_rollback_to_a_revision_that_was_not_known_settles() {
    let mut alone = checkout();
    alone.deployments.truncate(1);
    let change = make(&ROLLBACK, &alone, "", &[]).unwrap();
    let mut later = alone.clone();
    later.deployments[0].id = "back".into();
    later.deployments[0].rollout_state = Some("COMPLETED".into());
    later.deployments[0].task_definition = Some("arn:aws:ecs:eu-west-1:1:task-definition/checkout:56".into());
    let known = Known::of([&later as &dyn Row], jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(change.progress(&known), ChangeProgress::Settled("steady: 2 tasks of checkout:56 run".into()));
}

#[test]
fn deregistering_says_who_runs_the_revision_and_needs_its_name() {
    use crate::resource::revision::Revision;

    let revision = |status: &str| Revision {
        task_definition_arn: "arn:aws:ecs:eu-west-1:1:task-definition/checkout:57".into(),
        family: "checkout".into(),
        revision: 57,
        status: Some(status.into()),
        described: true,
        ..Revision::default()
    };
    let task = Task { task_definition_arn: checkout().task_definition, ..of_task("checkout") };
    let change = make(&DEREGISTER, &revision("ACTIVE"), "", &[&checkout(), &task]).unwrap();
    assert_eq!(command(&*change), "aws ecs deregister-task-definition --task-definition checkout:57");
    assert_eq!(change.risk(), Risk::Destructive);
    assert_eq!(change.consequences()[0], "run by service checkout in prod, with 1 task");
    let change = make(&DEREGISTER, &revision("ACTIVE"), "", &[]).unwrap();
    assert_eq!(change.consequences()[0], "no loaded service or task runs it; others may");
    let refused = make(&DEREGISTER, &revision("INACTIVE"), "", &[]).unwrap_err();
    assert_eq!(refused, "checkout:57 is deregistered already");
    assert!(make(&DEREGISTER, &checkout(), "", &[]).is_err());
}
