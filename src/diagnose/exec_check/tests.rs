use rstest::rstest;

use super::*;
use crate::{
    diagnose::builders::{self, now},
    resource::Row,
};

/// A container of a task that can be entered.
fn ready() -> Container {
    Container {
        name: "app".into(),
        last_status: Some("RUNNING".into()),
        runtime_id: Some("0123-456".into()),
        exec_agent: Some("RUNNING".into()),
        ..Container::default()
    }
}

fn task(container: &Container) -> Task {
    Task {
        enable_execute_command: true,
        platform_version: Some("1.4.0".into()),
        containers: vec![container.clone()],
        ..builders::task("0cf34e4c", 7)
    }
}

fn revision() -> Revision {
    Revision {
        task_definition_arn: builders::task("0cf34e4c", 7).task_definition_arn.unwrap(),
        task_role_arn: Some("arn:aws:iam::123456789012:role/web".into()),
        containers: vec![Definition { name: "app".into(), init_process: true, ..Definition::default() }],
        described: true,
        ..Revision::default()
    }
}

fn blocker(task: &Task, revision: &Revision) -> Option<String> {
    let rows: [&dyn Row; 1] = [revision];
    exec_blocker(&check_exec(task, &task.containers[0], &Known::of(rows, now())))
}

#[test]
fn a_container_with_a_running_agent_is_ready() {
    let checks = check_exec(&task(&ready()), &ready(), &Known::default());
    assert_eq!(exec_blocker(&checks), None);
    assert_eq!(blocker(&task(&ready()), &revision()), None);
    let rows: [&dyn Row; 1] = [&revision()];
    let checks = check_exec(&task(&ready()), &ready(), &Known::of(rows, now()));
    assert!(checks.iter().all(|check| check.result == CheckResult::Pass), "{checks:?}");
}

#[rstest]
#[case::pending(|task: &mut Task| task.last_status = Some("PENDING".into()), "task 0cf34e4c of web is pending: wait until it runs")]
#[case::stopped(|task: &mut Task| task.last_status = Some("STOPPED".into()), "task 0cf34e4c of web is stopped: choose a running task")]
#[case::off(
    |task: &mut Task| { task.enable_execute_command = false; task.containers[0].exec_agent = None; },
    "ECS Exec was off when task 0cf34e4c of web was started: `:enable-exec` on web, then `:restart`"
)]
#[case::container(|task: &mut Task| task.containers[0].last_status = Some("STOPPED".into()), "app is stopped: choose a running container")]
#[case::starting(|task: &mut Task| task.containers[0].exec_agent = Some("PENDING".into()), "the exec agent in app is starting: wait a few seconds")]
#[case::agent(
    |task: &mut Task| {
        task.containers[0].exec_agent = Some("STOPPED".into());
        task.containers[0].exec_reason = Some("ExecuteCommandAgent process exited with exit code: 1".into());
    },
    "the exec agent in app is stopped (exec agent ended): ExecuteCommandAgent process exited with exit code: 1: replace \
     the task: ctrl-d stops it"
)]
fn what_keeps_exec_from_working_is_named_with_what_to_do(#[case] change: fn(&mut Task), #[case] expected: &str) {
    let mut task = task(&ready());
    change(&mut task);
    assert_eq!(blocker(&task, &revision()).as_deref(), Some(expected));
}

#[rstest]
#[case::platform("1.3.0", false)]
#[case::newer("1.10.0", true)]
fn versions_are_compared_as_numbers(#[case] version: &str, #[case] passes: bool) {
    let task = Task { platform_version: Some(version.into()), ..task(&ready()) };
    assert_eq!(blocker(&task, &revision()).is_none(), passes);
}

/// A running agent shows that it can write and that it has credentials.
#[rstest]
fn the_causes_of_a_missing_agent_block_only_without_one(#[values(true, false)] running: bool) {
    let mut revision = revision();
    revision.task_role_arn = None;
    revision.containers[0].read_only_root = true;
    revision.containers[0].environment = vec![("AWS_ACCESS_KEY_ID".into(), "AKIA".into())];
    let mut task = task(&ready());
    if !running {
        task.containers[0].exec_agent = Some("STOPPED".into());
    }
    let rows: [&dyn Row; 1] = [&revision];
    let checks = check_exec(&task, &task.containers[0], &Known::of(rows, now()));
    let failed = checks.iter().filter(|check| check.result == CheckResult::Fail).count();
    assert_eq!(failed, if running { 0 } else { 4 }, "{checks:?}");
}
