use aws_sdk_ecs::types::{Container as SdkContainer, TaskStopCode};
use rstest::rstest;

use super::*;
use crate::{
    knowledge::{Certainty, Quote},
    resource::Zone,
};

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

fn judged(class: Class, short: &'static str, container: &str) -> Option<Arc<Verdict>> {
    Some(Arc::new(Verdict {
        rule: None,
        short,
        class,
        cause: "it fell".to_owned(),
        certainty: Certainty::Likely,
        evidence: vec![Quote { field: "containers[app].exitCode".to_owned(), text: "137".to_owned() }],
        container: Some(container.to_owned()),
        exit_code: Some(137),
        next: vec!["pick it up".to_owned()],
        command: Some("aws help".to_owned()),
        page: Some("https://example.com/page".to_owned()),
    }))
}

#[rstest]
#[case(None, false, Tone::Muted)]
#[case(judged(Class::Normal, "finished", ""), false, Tone::Muted)]
#[case(judged(Class::Warning, "instance terminated", ""), false, Tone::Warn)]
#[case(judged(Class::Failure, "out of memory", "app"), true, Tone::Bad)]
fn a_stopped_task_is_as_bad_as_its_verdict(
    #[case] verdict: Option<Arc<Verdict>>,
    #[case] failed: bool,
    #[case] tone: Tone,
) {
    let task = Task { verdict, ..stopped("EssentialContainerExited", EXITED, &[("app", Some(1), None)]) };
    assert_eq!((task.failed(), task.tone(), Resource::fault(&task)), (failed, tone, failed));
}

#[rstest]
#[case::short(EXITED, None, "out of memory", "out of memory: app (137)")]
#[case::with_the_containers_words(
    EXITED,
    Some("OutOfMemoryError: Container killed\n due to memory usage"),
    "out of memory",
    "out of memory: app (137); OutOfMemoryError: Container killed due to memory usage"
)]
#[case::with_the_reason_of_the_task("CannotPull: x", Some("y"), "no image", "no image: app (137); CannotPull: x")]
#[case::with_a_generic_reason("Task failed to start", None, "volume gone", "volume gone: app (137)")]
#[case::unknown_reason("all\n is lost", Some("y"), "", "all is lost")]
fn the_reason_is_the_verdict_and_the_reason_of_aws_in_one_line(
    #[case] reason: &str,
    #[case] own: Option<&str>,
    #[case] short: &'static str,
    #[case] expected: &str,
) {
    let task = stopped("EssentialContainerExited", reason, &[("proxy", Some(0), None), ("app", Some(137), own)]);
    let task = Task { verdict: judged(Class::Failure, short, "app"), ..task };
    assert_eq!(task.reason().unwrap(), expected);
}

#[test]
fn without_a_verdict_the_reason_is_that_of_aws() {
    let reason = |reason: &str, own| stopped("x", reason, &[("app", Some(1), own)]).reason();
    assert_eq!(reason(EXITED, None).as_deref(), Some(EXITED));
    assert_eq!(reason(EXITED, Some("OutOfMemoryError")).as_deref(), Some("app: OutOfMemoryError"));
}

#[test]
fn the_description_begins_with_the_verdict() {
    let task = stopped("EssentialContainerExited", EXITED, &[("app", Some(137), None)]);
    let task = Task { verdict: judged(Class::Failure, "fell", "app"), ..task };
    let first = &Resource::describe(&task, &Context { now: Timestamp::UNIX_EPOCH, zone: Zone::UTC }).sections[0];
    assert_eq!(first.title, "fell (likely)");
    let text = format!("{first:?}");
    for part in ["it fell", "containers[app].exitCode: 137", "pick it up", "aws help", "/page"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[rstest]
#[case::of_one(&[("a", Some(137), None)], "", "137", "137")]
#[case::in_the_containers_order(&[("a", Some(0), None), ("b", None, None), ("c", Some(137), None)], "", "a:0 b:- c:137", "0 - 137")]
#[case::that_caused_the_stop_first(&[("log", Some(143), None), ("app", Some(137), None)], "app", "app:137 log:143", "137 143")]
#[case::of_none_that_exited(&[("a", None, None)], "", "-", "-")]
fn exit_codes_are_shown_with_their_containers(
    #[case] containers: &[(&str, Option<i32>, Option<&str>)],
    #[case] blamed: &str,
    #[case] text: &str,
    #[case] brief: &str,
) {
    let task = Task { verdict: judged(Class::Failure, "", blamed), ..stopped("x", EXITED, containers) };
    let cell = task.exit_cell();
    assert_eq!((&*cell.text, cell.short_text()), (text, brief));
}

#[test]
fn a_task_with_only_an_arn_is_shown() {
    let task = Task::from_sdk(Sdk::builder().task_arn("t").build()).unwrap();
    let cx = Context { now: Timestamp::UNIX_EPOCH, zone: Zone::UTC };
    for field in Task::fields() {
        assert!(!(field.cell)(&task, &cx).text.is_empty(), "{}", field.column.name);
        let _ = (field.order)(&task, &cx);
    }
    assert!(!Resource::describe(&task, &cx).sections.is_empty());
    assert!(Task::from_sdk(Sdk::builder().build()).is_none());
}

#[test]
fn related_views_are_service_events_definition_and_instance() {
    let sdk = Sdk::builder()
        .task_arn("arn:aws:ecs:eu-west-1:1:task/prod/0123")
        .cluster_arn("arn:aws:ecs:eu-west-1:1:cluster/prod")
        .task_definition_arn("arn:aws:ecs:eu-west-1:1:task-definition/web:7")
        .container_instance_arn("arn:aws:ecs:eu-west-1:1:container-instance/prod/99");
    let task = Task::from_sdk(sdk.clone().group("service:web").build()).unwrap();
    let related = |task: &Task, relation| Resource::related(task, relation).map(|view| (view.kind.name, view.query));
    assert_eq!(related(&task, Relation::Owner), Some(("service", Query::service("prod", "web"))));
    assert_eq!(related(&task, Relation::Events), Some(("event", Query::service("prod", "web"))));
    assert_eq!(related(&task, Relation::TaskDefinition), Some(("revision", Query::family("web:7"))));
    let instance = Query::instance("prod", "arn:aws:ecs:eu-west-1:1:container-instance/prod/99");
    assert_eq!(related(&task, Relation::Instance), Some(("instance", instance)));
    let standalone = Task::from_sdk(sdk.group("family:batch").build()).unwrap();
    assert_eq!(related(&standalone, Relation::Owner).map(|(kind, _)| kind), Some("cluster"));
    assert_eq!(related(&standalone, Relation::Events), None);
    assert_eq!(Resource::cli(&task).unwrap().join(" "), "ecs describe-tasks --cluster prod --tasks 0123");
}

#[test]
fn an_unknown_status_is_shown_as_it_came() {
    let task = Sdk::builder().task_arn("t").last_status("FROBNICATING").build();
    assert_eq!(Task::from_sdk(task).unwrap().state(), "frobnicating");
}
