use aws_sdk_ecs::types::{Container as SdkContainer, TaskStopCode};
use rstest::rstest;

use super::*;

fn stopped(code: &str, reason: &str, containers: &[(&str, Option<i32>, Option<&str>)]) -> Task {
    let containers = containers.iter().map(|(name, exit, reason)| {
        SdkContainer::builder().name(*name).set_exit_code(*exit).set_reason(reason.map(str::to_owned)).build()
    });
    let task = Sdk::builder()
        .task_arn("arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef")
        .last_status("STOPPED")
        .stop_code(TaskStopCode::from(code))
        .stopped_reason(reason)
        .set_containers(Some(containers.collect()))
        .build();
    Task::from_sdk(task).unwrap()
}

const EXITED: &str = "Essential container in task exited";

#[rstest]
#[case::done("EssentialContainerExited", EXITED, Some(0), false)]
#[case::crashed("EssentialContainerExited", EXITED, Some(1), true)]
#[case::never_started("TaskFailedToStart", "CannotPullContainerError: …", None, true)]
#[case::replaced("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment …)", Some(143), false)]
#[case::unhealthy("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group …)", Some(0), true)]
#[case::stopped_by_hand("UserInitiated", "stopped by alice", Some(137), false)]
#[case::spot("SpotInterruption", "Your Spot Task was interrupted.", Some(143), false)]
fn only_what_nobody_wanted_is_a_failure(
    #[case] code: &str,
    #[case] reason: &str,
    #[case] exit: Option<i32>,
    #[case] failed: bool,
) {
    assert_eq!(stopped(code, reason, &[("app", exit, None)]).failed(), failed);
}

#[rstest]
#[case(
    EXITED,
    Some("OutOfMemoryError: Container killed\n due to memory usage"),
    "app: OutOfMemoryError: Container killed due to memory usage"
)]
#[case(EXITED, None, "app exited with 137")]
#[case("ResourceInitializationError: x", Some("y"), "ResourceInitializationError: x")]
fn the_reason_is_the_most_telling_one_in_one_line(#[case] reason: &str, #[case] own: Option<&str>, #[case] told: &str) {
    let task = stopped("EssentialContainerExited", reason, &[("proxy", Some(0), None), ("app", Some(137), own)]);
    assert_eq!(task.reason().unwrap(), told);
}

#[test]
fn exit_codes_are_in_the_containers_order() {
    let task = stopped("x", EXITED, &[("a", Some(0), None), ("b", None, None), ("c", Some(137), None)]);
    assert_eq!(task.exit_codes(), "0,-,137");
}

#[test]
fn a_task_of_which_only_the_arn_is_known_is_shown_all_the_same() {
    let task = Task::from_sdk(Sdk::builder().task_arn("t").build()).unwrap();
    let cx = Context { now: Timestamp::UNIX_EPOCH };
    for field in Task::fields() {
        assert!(!(field.cell)(&task, &cx).text.is_empty(), "{}", field.column.name);
        let _ = (field.order)(&task, &cx);
    }
    assert!(!Resource::describe(&task, &cx).sections.is_empty());
    assert!(Task::from_sdk(Sdk::builder().build()).is_none());
}

#[test]
fn it_leads_to_what_it_belongs_to_and_runs() {
    let sdk = Sdk::builder()
        .task_arn("arn:aws:ecs:eu-west-1:1:task/prod/0123")
        .cluster_arn("arn:aws:ecs:eu-west-1:1:cluster/prod")
        .task_definition_arn("arn:aws:ecs:eu-west-1:1:task-definition/web:7")
        .container_instance_arn("arn:aws:ecs:eu-west-1:1:container-instance/prod/99");
    let task = Task::from_sdk(sdk.clone().group("service:web").build()).unwrap();
    let lead = |task: &Task, relation| Resource::related(task, relation).map(|view| (view.kind.name, view.query));
    assert_eq!(lead(&task, Relation::Owner), Some(("service", Query::service("prod", "web"))));
    assert_eq!(lead(&task, Relation::Events), Some(("event", Query::service("prod", "web"))));
    assert_eq!(lead(&task, Relation::TaskDefinition), Some(("revision", Query::family("web:7"))));
    let instance = Query::instance("prod", "arn:aws:ecs:eu-west-1:1:container-instance/prod/99");
    assert_eq!(lead(&task, Relation::Instance), Some(("instance", instance)));
    let standalone = Task::from_sdk(sdk.group("family:batch").build()).unwrap();
    assert_eq!(lead(&standalone, Relation::Owner).map(|(kind, _)| kind), Some("cluster"));
    assert_eq!(lead(&standalone, Relation::Events), None);
    assert_eq!(Resource::cli(&task).unwrap().join(" "), "ecs describe-tasks --cluster prod --tasks 0123");
}

#[test]
fn an_unknown_status_is_shown_as_it_came() {
    let task = Sdk::builder().task_arn("t").last_status("FROBNICATING").build();
    assert_eq!(Task::from_sdk(task).unwrap().state(), "frobnicating");
}
