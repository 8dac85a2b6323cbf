use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::{
    knowledge::Certainty,
    resource::{
        Row,
        revision::{Definition, Revision},
        task::Attachment,
    },
};

const EXITED: &str = "Essential container in task exited";
const OOM: &str = "OutOfMemoryError: Container killed due to memory usage";
const IMAGE: &str = "481516234217.dkr.ecr.eu-west-1.amazonaws.com/payments:2026.01.31-5";
const REVISION: &str = "arn:aws:ecs:eu-west-1:481516234217:task-definition/payments:57";

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_769_868_300 + second).ok()
}

fn container(name: &str, exit_code: Option<i32>, reason: &str) -> Container {
    Container {
        name: name.to_owned(),
        exit_code,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        image: Some(format!("481516234217.dkr.ecr.eu-west-1.amazonaws.com/{name}:1.4.2")),
        memory: Some("768".to_owned()),
        ..Container::default()
    }
}

/// A task of the service `payments` that ran for an hour and took two seconds to stop.
fn task(code: &str, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> Task {
    Task {
        task_arn: "arn:aws:ecs:eu-west-1:481516234217:task/prod/0f3c9a1e5b7d4c2f8a6e1d3b5c7f9e02".to_owned(),
        cluster_name: "prod".to_owned(),
        group: Some("service:payments".to_owned()),
        started_by: Some("ecs-svc/4816000000720".to_owned()),
        task_definition_arn: Some(REVISION.to_owned()),
        last_status: Some("STOPPED".to_owned()),
        stop_code: (!code.is_empty()).then(|| code.to_owned()),
        stopped_reason: (!reason.is_empty()).then(|| reason.to_owned()),
        memory: Some("1024".to_owned()),
        created_at: at(0),
        started_at: at(20),
        stopping_at: at(3620),
        execution_stopped_at: at(3622),
        stopped_at: at(3640),
        containers: containers.iter().map(|(name, code, reason)| container(name, *code, reason)).collect(),
        ..Task::default()
    }
}

fn exited(containers: &[(&str, Option<i32>, &str)]) -> Task {
    task("EssentialContainerExited", EXITED, containers)
}

fn unstarted(reason: &str, containers: &[(&str, &str)]) -> Task {
    let containers: Vec<_> = containers.iter().map(|(name, reason)| (*name, None, *reason)).collect();
    Task { started_at: None, ..task("TaskFailedToStart", reason, &containers) }
}

trait As: Sized {
    fn change(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl As for Task {
    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// No service wants it to run for ever.
fn alone(task: Task) -> Task {
    task.change(|task| (task.group, task.started_by) = (Some("family:payments".to_owned()), None))
}

/// It ran for three seconds.
fn brief(task: Task) -> Task {
    task.change(|task| task.started_at = at(3617))
}

/// Its containers had to be killed when their stop timeout was over.
fn slow(task: Task) -> Task {
    task.change(|task| (task.execution_stopped_at, task.stopped_at) = (at(3651), at(3660)))
}

fn attached(task: Task, reason: &str) -> Task {
    let volume = Attachment {
        kind: "AmazonElasticBlockStorage".to_owned(),
        status: "DELETED".to_owned(),
        reason: Some(reason.to_owned()),
    };
    task.change(|task| task.attachments.push(volume))
}

fn sick(task: Task) -> Task {
    task.change(|task| task.containers[0].health_status = Some("UNHEALTHY".to_owned()))
}

const CRASH: (Class, Certainty) = (Class::Failure, Certainty::Certain);
const SUSPECT: (Class, Certainty) = (Class::Failure, Certainty::Likely);
const NORMAL: (Class, Certainty) = (Class::Normal, Certainty::Certain);
const OUTSIDE: (Class, Certainty) = (Class::Warning, Certainty::Certain);
const ODD: (Class, Certainty) = (Class::Warning, Certainty::Likely);

#[rstest]
// Exits.
#[case::oom(exited(&[("app", Some(137), OOM), ("envoy", Some(0), "")]), "STOP-OOM", CRASH, "app (137)",
    "The kernel killed `app` at its memory limit of 768 MiB.")]
#[case::oom_of_a_side_car(exited(&[("app", Some(143), ""), ("envoy", Some(137), OOM)]), "STOP-OOM", CRASH, "envoy (137)",
    "killed `envoy` at its memory limit")]
#[case::oom_told_of_the_task(task("EssentialContainerExited", OOM, &[("app", Some(137), "")]), "STOP-OOM", CRASH, "app (137)",
    "killed `app`")]
#[case::oom_at_the_limit_of_the_task(
    exited(&[("app", Some(137), OOM)]).change(|task| task.containers[0].memory = None), "STOP-OOM", CRASH, "app (137)",
    "at the task's memory limit of 1024 MiB.")]
#[case::killed_without_a_word(exited(&[("app", Some(137), "")]), "EXIT-137", SUSPECT, "app (137)",
    "nobody had asked it to stop: running out of memory is the first suspect (its memory limit of 768 MiB)")]
#[case::killed_and_the_side_car_asked_to_stop(slow(exited(&[("envoy", Some(143), ""), ("app", Some(137), "")])),
    "EXIT-137", SUSPECT, "app (137)", "first suspect")]
#[case::crashed(exited(&[("app", Some(1), "")]), "EXIT-1", SUSPECT, "app (1)", "`app`")]
#[case::crashed_and_the_side_car_was_killed(slow(exited(&[("envoy", Some(137), ""), ("app", Some(1), "")])), "EXIT-1", SUSPECT,
    "app (1)", "")]
#[case::crashed_after_its_init_container(exited(&[("init", Some(0), ""), ("app", Some(2), "")]), "EXIT-2", SUSPECT, "app (2)", "")]
#[case::segmentation_fault(exited(&[("app", Some(139), "")]), "EXIT-139", SUSPECT, "app (139)", "")]
#[case::a_code_of_its_own(exited(&[("app", Some(78), "")]), "STOP-ESSENTIAL", SUSPECT, "app (78)", "exited with 78")]
#[case::terminated_from_within(exited(&[("app", Some(143), "")]), "EXIT-143", SUSPECT, "app (143)",
    "neither a person nor the scheduler had asked")]
#[case::reason_nobody_knows_and_a_code(exited(&[("app", Some(1), "the cat sat on it")]), "EXIT-1", SUSPECT, "app (1)",
    "which no rule knows: the cat sat on it")]
#[case::slow_side_car_is_not_to_blame(
    exited(&[("app", Some(1), ""), ("envoy", Some(137), "DockerTimeoutError: Could not transition to stopped; timed out after waiting 30s")]),
    "EXIT-1", SUSPECT, "app (1)", "")]
// Work that is done.
#[case::finished(alone(exited(&[("job", Some(0), "")])), "EXIT-0", NORMAL, "", "`job` did its work and ended with exit code 0.")]
#[case::finished_and_the_side_car_asked_to_stop(alone(exited(&[("envoy", Some(143), ""), ("job", Some(0), "")])), "EXIT-0",
    NORMAL, "", "what else ran was stopped then")]
#[case::finished_and_the_side_car_killed(alone(slow(exited(&[("envoy", Some(137), ""), ("job", Some(0), "")]))), "EXIT-0", NORMAL,
    "", "did its work")]
#[case::finished_though_killed_at_once_is_none(alone(exited(&[("job", Some(137), ""), ("init", Some(0), "")])), "EXIT-137",
    SUSPECT, "job (137)", "")]
#[case::finished_though_a_service_wants_it(exited(&[("app", Some(0), "")]), "EXIT-0", ODD, "app (0)",
    "its service needs it to keep running")]
#[case::not_a_daemon(brief(exited(&[("app", Some(0), "")])), "EXIT-0", SUSPECT, "app (0)",
    "ended with exit code 0 after 3 s: its command is no long-running process")]
// Stops that somebody wanted.
#[case::by_hand(task("UserInitiated", "Task stopped by user", &[("app", Some(143), "")]), "UserInitiated", NORMAL, "", "")]
#[case::by_hand_with_words(task("UserInitiated", "CannotPullContainerError: not again", &[("app", Some(1), "")]), "UserInitiated",
    NORMAL, "", "and said: \"CannotPullContainerError: not again\"")]
#[case::by_hand_and_killed(slow(task("UserInitiated", "too slow", &[("app", Some(137), "")])), "UserInitiated", NORMAL, "",
    "`app` did not end within its 30 s when asked to, and was killed (137).")]
#[case::replaced(task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/4816000000720)",
    &[("app", Some(143), "")]), "STOP-SCALING", NORMAL, "", "")]
#[case::replaced_and_killed(slow(task("ServiceSchedulerInitiated",
    "Scaling activity initiated by (service payments) (deployment ecs-svc/4816000000720)", &[("app", Some(137), "")])),
    "STOP-SCALING", NORMAL, "", "was killed (137)")]
#[case::unhealthy_for_the_load_balancer(task("ServiceSchedulerInitiated",
    "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:481516234217:targetgroup/pay/73e2d6bc24d8a067)",
    &[("app", Some(143), "")]), "STOP-ELB", CRASH, "app", "")]
#[case::unhealthy_by_itself(sick(task("ServiceSchedulerInitiated",
    "(service payments) (task 0f3c9a1e) failed container health checks.", &[("app", Some(143), ""), ("envoy", Some(0), "")])),
    "STOP-HEALTHCHECK", SUSPECT, "app", "")]
// What it ran on.
#[case::spot(slow(task("SpotInterruption", "Your Spot Task was interrupted.", &[("app", Some(137), "")])), "STOP-SPOT", OUTSIDE,
    "", "was killed (137)")]
#[case::spot_of_a_service_that_drains(task("SpotInterruption", "Your Spot Task was interrupted.", &[("app", Some(143), "")]),
    "STOP-SPOT", OUTSIDE, "", "")]
#[case::notice(task("TerminationNotice", "Your Spot Task was interrupted.", &[("app", Some(143), "")]), "STOP-SPOT", OUTSIDE, "", "")]
#[case::sick_host(task("InfrastructureHealth", "", &[("app", Some(143), "")]), "InfrastructureHealth", OUTSIDE, "", "")]
#[case::host_gone(task("", "Host EC2 (instance i-0a1b2c3d4e5f60718) terminated.", &[("app", None, "")]), "STOP-HOST-GONE", OUTSIDE,
    "", "")]
#[case::host_gone_with_exit_codes(task("EssentialContainerExited", "Host EC2 (instance i-0a1b2c3d4e5f60718) stopped.",
    &[("app", Some(255), "")]), "STOP-HOST-GONE", OUTSIDE, "", "")]
#[case::maintenance(task("ServiceSchedulerInitiated",
    "ECS is performing maintenance on the underlying infrastructure hosting the task.", &[("app", Some(143), "")]),
    "STOP-MAINTENANCE", OUTSIDE, "", "")]
#[case::deregistered(task("UserInitiated", "Container instance deregistration forced by user.", &[("app", None, "")]),
    "STOP-DEREGISTER", OUTSIDE, "", "")]
// What never ran.
#[case::tag_missing(unstarted(&format!("CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to \
    resolve ref {IMAGE}: {IMAGE}: not found"), &[("app", ""), ("envoy", "")]), "PULL-TAG-MISSING", CRASH, "", "")]
#[case::typographic_quotes(unstarted("Task failed to start", &[("app", "CannotPullContainerError: The task can\u{2019}t pull the \
    image. Check whether the image exists.")]), "PULL-IMAGE-MISSING", CRASH, "app", "")]
#[case::cut_off(unstarted(&format!("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
    ref {}", &IMAGE[..30]), &[("app", "CannotPullContainerError")]), "PULL-RETRIED", CRASH, "app", "")]
#[case::the_more_telling_of_two(unstarted("CannotPullContainerError", &[("app", "CannotPullContainerError: toomanyrequests: Rate \
    exceeded")]), "PULL-RATE-LIMIT", CRASH, "app", "")]
#[case::secret_denied(unstarted("ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
    retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: User: \
    arn:aws:sts::481516234217:assumed-role/pay-exec/0f3c9a1e is not authorized to perform: secretsmanager:GetSecretValue on \
    resource: arn:aws:secretsmanager:eu-west-1:481516234217:secret:pay/db-AbCdEf", &[("app", "")]), "INIT-IAM-SECRET",
    (Class::Failure, Certainty::Certain), "app", "")]
#[case::no_such_program(unstarted("Task failed to start", &[("app", "CannotStartContainerError: Error response from daemon: OCI \
    runtime create failed: exec: \"serve\": executable file not found in $PATH: unknown"), ("envoy", "")]), "START-OCI-NOT-FOUND",
    SUSPECT, "app", "")]
#[case::volume(attached(unstarted("Task failed to start", &[("app", "")]),
    "ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::1:role/ebs'"), "INIT-EBS-ROLE", CRASH, "app", "")]
#[case::waited_for_another(task("TaskFailedToStart", "Task failed to start", &[("app", None, "dependency did not exit \
    successfully"), ("migrate", Some(3), "")]), "START-DEP-FAILED", CRASH, "migrate (3)", "")]
#[case::no_address_left(unstarted("Unexpected EC2 error while attempting to Create Network Interface with public IP assignment \
    disabled in subnet 'subnet-0a1b2c3d4e5f60718': InsufficientFreeAddressesInSubnet", &[("app", "")]), "START-SUBNET-IPS", CRASH,
    "app", "")]
// Neither.
#[case::no_code_and_an_exit(task("", EXITED, &[("app", Some(1), "")]), "EXIT-1", SUSPECT, "app (1)", "")]
#[case::a_code_of_tomorrow(task("AlignmentOfPlanets", OOM, &[("app", Some(137), OOM)]), "STOP-OOM", CRASH, "app (137)", "")]
fn each_end_is_called_by_its_cause(
    #[case] task: Task,
    #[case] rule: &str,
    #[case] (class, certainty): (Class, Certainty),
    #[case] culprit: &str,
    #[case] cause: &str,
) {
    let verdict = stopped(&task, &Known::default());
    let code = verdict.exit_code.map(|code| format!(" ({code})")).unwrap_or_default();
    assert_eq!(verdict.rule, Some(rule), "{verdict:#?}");
    assert_eq!((verdict.class, verdict.certainty), (class, certainty), "{verdict:#?}");
    assert_eq!(format!("{}{code}", verdict.container.clone().unwrap_or_default()), culprit, "{verdict:#?}");
    assert!(verdict.cause.contains(cause), "{}", verdict.cause);
    assert!(!verdict.cause.is_empty() && !verdict.short.is_empty(), "{verdict:#?}");
}

fn revision(containers: &[(&str, bool)]) -> Revision {
    let definition = |(name, essential): &(&str, bool)| Definition {
        name: (*name).to_owned(),
        essential: *essential,
        memory: Some(512),
        stop_timeout: Some(10),
        secrets: vec![(
            "DB".to_owned(),
            format!("arn:aws:secretsmanager:eu-west-1:481516234217:secret:{name}/db-AbCdEf:url::"),
        )],
        log_options: [
            ("awslogs-group", "/ecs/payments"),
            ("awslogs-region", "eu-west-1"),
            ("awslogs-stream-prefix", "ecs"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
        ..Definition::default()
    };
    Revision {
        task_definition_arn: REVISION.to_owned(),
        execution_role_arn: Some("arn:aws:iam::481516234217:role/service/pay-exec".to_owned()),
        containers: containers.iter().map(definition).collect(),
        described: true,
        ..Revision::default()
    }
}

fn knowing(rows: &[&dyn Row], task: &Task) -> Verdict {
    stopped(task, &Known::of(rows.iter().copied(), Timestamp::UNIX_EPOCH))
}

#[test]
fn what_the_task_needs_is_told_by_its_definition() {
    // Without it, a helper that has done its work and an application that was asked to stop look like work done.
    let task = alone(exited(&[("init", Some(0), ""), ("app", Some(143), "")]));
    assert_eq!(stopped(&task, &Known::default()).class, Class::Normal);
    let verdict = knowing(&[&revision(&[("init", false), ("app", true)])], &task);
    assert_eq!((verdict.rule, verdict.container.as_deref()), (Some("EXIT-143"), Some("app")));
    // What the task can do without did not end it, whatever its exit code.
    let task = exited(&[("proxy", Some(1), ""), ("app", Some(2), "")]);
    let verdict = knowing(&[&revision(&[("proxy", false), ("app", true)])], &task);
    assert_eq!(verdict.container.as_deref(), Some("app"));
}

#[test]
fn the_stop_timeout_of_the_definition_tells_a_forced_kill() {
    let reason = "Scaling activity initiated by (deployment ecs-svc/4816000000720)";
    let task = task("ServiceSchedulerInitiated", reason, &[("app", Some(137), "")]);
    let task = task.change(|task| task.execution_stopped_at = at(3630));
    assert!(!stopped(&task, &Known::default()).cause.contains("did not end"));
    let verdict = knowing(&[&revision(&[("app", true)])], &task);
    assert!(
        verdict.cause.ends_with("`app` did not end within its 10 s when asked to, and was killed (137)."),
        "{verdict:#?}"
    );
    let took = verdict.evidence.iter().find(|quote| quote.field == "executionStoppedAt - stoppingAt").unwrap();
    assert_eq!(took.text, "10 s, its stop timeout is 10 s");
}

#[test]
fn several_ends_on_one_instance_in_one_minute_point_to_the_instance() {
    let on = |id: &str, code| {
        exited(&[("app", Some(code), "")]).change(|task| {
            task.task_arn = format!("arn:aws:ecs:eu-west-1:481516234217:task/prod/{id}");
            task.container_instance_arn =
                Some("arn:aws:ecs:eu-west-1:481516234217:container-instance/prod/1".to_owned());
        })
    };
    let tasks = [on("1", 255), on("2", 137), on("3", 255)];
    let rows: Vec<&dyn Row> = tasks.iter().map(|task| task as &dyn Row).collect();
    let verdict = knowing(&rows, &tasks[0]);
    assert!(verdict.cause.contains("2 other tasks on the same instance"), "{}", verdict.cause);
    assert!(!knowing(&rows[..2], &tasks[0]).cause.contains("same instance"));
}

#[test]
fn ends_that_repeat_are_certain() {
    let one = |id: i64| {
        brief(exited(&[("app", Some(0), "")])).change(|task| task.task_arn = format!("{}{id}", task.task_arn))
    };
    let tasks = [one(1), one(2), one(3)];
    let rows: Vec<&dyn Row> = tasks.iter().map(|task| task as &dyn Row).collect();
    assert_eq!(knowing(&rows, &tasks[0]).certainty, Certainty::Certain);
    assert_eq!(knowing(&rows[..2], &tasks[0]).certainty, Certainty::Likely);
}

/// No guess: the whole of the text, and nothing else.
#[rstest]
#[case::never_started(unstarted("Frobnication of the \u{2018}widget\u{2019} failed", &[("app", "")]), Class::Failure,
    "Frobnication of the \u{2018}widget\u{2019} failed")]
#[case::of_a_container(unstarted("Task failed to start", &[("app", "WidgetError: none left"), ("envoy", "")]), Class::Failure,
    "WidgetError: none left")]
#[case::of_both(unstarted("Widgets are out", &[("app", "WidgetError: none left")]), Class::Failure,
    "Widgets are out; WidgetError: none left")]
#[case::without_any_code(task("", "The moon\n was full", &[]), Class::Warning, "The moon was full")]
#[case::of_the_scheduler(task("ServiceSchedulerInitiated", "The moon was full", &[("app", Some(143), "")]), Class::Normal,
    "The moon was full")]
fn what_no_rule_knows_is_shown_whole(#[case] task: Task, #[case] class: Class, #[case] text: &str) {
    let verdict = stopped(&task, &Known::default());
    assert_eq!((verdict.rule, verdict.certainty, verdict.class), (None, Certainty::Unknown, class), "{verdict:#?}");
    assert!(verdict.cause.starts_with(&format!("no rule knows this: {text}")), "{}", verdict.cause);
    assert!(verdict.next.is_empty() && verdict.command.is_none() && verdict.page.is_none());
}

#[test]
fn silence_is_called_silence() {
    let verdict = stopped(&Task { task_arn: "t".to_owned(), ..Task::default() }, &Known::default());
    assert_eq!((verdict.cause.as_str(), verdict.certainty), ("AWS gives no reason.", Certainty::Unknown));
}

#[test]
fn evidence_begins_with_what_told_and_leaves_out_what_says_nothing() {
    let task = slow(exited(&[("app", Some(137), OOM), ("envoy", Some(143), ""), ("log", Some(0), "")]));
    let verdict = stopped(&task, &Known::default());
    let quotes: Vec<_> = verdict.evidence.iter().map(|quote| (quote.field.as_str(), quote.text.as_str())).collect();
    assert_eq!(
        quotes,
        [
            ("containers[app].reason", OOM),
            ("containers[app].exitCode", "137"),
            ("containers[app].memory", "768 MiB"),
            ("stoppingAt - startedAt", "1h"),
            ("stopCode", "EssentialContainerExited"),
            ("stoppedReason", EXITED),
            ("containers[envoy].exitCode", "143"),
        ]
    );
}

#[test]
fn a_verdict_is_json_that_scripts_can_rely_on() {
    let verdict = stopped(&exited(&[("app", Some(137), OOM)]), &Known::default());
    let json = serde_json::to_value(&verdict).unwrap();
    let first = json!({"field": "containers[app].reason", "text": OOM});
    assert_eq!(
        (&json["rule"], &json["class"], &json["certainty"]),
        (&json!("STOP-OOM"), &json!("failure"), &json!("certain"))
    );
    assert_eq!((&json["container"], &json["exit_code"], &json["evidence"][0]), (&json!("app"), &json!(137), &first));
    assert_eq!(json["cause"], "The kernel killed `app` at its memory limit of 768 MiB.");
    assert!(json["next"][0].as_str().unwrap().contains("768 MiB"), "{json}");
    assert!(
        json["command"].as_str().unwrap().starts_with("aws ecs describe-task-definition --task-definition payments:57")
    );
    assert!(json["page"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"));
    let unknown = serde_json::to_value(stopped(&unstarted("The moon was full", &[]), &Known::default())).unwrap();
    assert_eq!(
        (&unknown["rule"], &unknown["certainty"], &unknown["next"]),
        (&json!(null), &json!("unknown"), &json!([]))
    );
}

/// Texts such as tasks, containers and callers give, and texts nobody gives.
fn text() -> impl Strategy<Value = String> {
    let known = knowledge::rules().flat_map(|rule| rule.samples).copied().map(str::to_owned).collect::<Vec<_>>();
    prop_oneof![3 => prop::sample::select(known), 1 => any::<String>(), 1 => Just(String::new())]
}

fn code() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![
        prop::sample::select(vec![None, Some(0), Some(1), Some(137), Some(143), Some(255)]),
        any::<Option<i32>>()
    ]
}

fn moment() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((0..10_000_i64).prop_map(|second| at(second).unwrap()))
}

fn any_task(stop_code: impl Strategy<Value = String>) -> impl Strategy<Value = Task> {
    let containers = prop::collection::vec(("[a-z]{0,8}", code(), text()), 0..4);
    let times = (moment(), moment(), moment(), moment());
    (stop_code, text(), containers, times, any::<bool>(), text()).prop_map(
        |(code, reason, containers, times, owned, other)| {
            let containers: Vec<_> = containers.iter().map(|(name, code, text)| (&**name, *code, &**text)).collect();
            let task = task(&code, &reason, &containers).change(|task| {
                (task.started_at, task.stopping_at, task.execution_stopped_at, task.stopped_at) = times;
            });
            let task = attached(task, &other);
            if owned { task } else { alone(task) }
        },
    )
}

fn stop_code(codes: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(codes.to_vec()).prop_map(str::to_owned)
}

const CODES: &[&str] = &[
    "TaskFailedToStart",
    "EssentialContainerExited",
    "UserInitiated",
    "ServiceSchedulerInitiated",
    "SpotInterruption",
    "TerminationNotice",
    "InfrastructureHealth",
    "AlignmentOfPlanets",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_task_has_a_cause_and_evidence_for_it(task in any_task(stop_code(CODES))) {
        let verdict = stopped(&task, &Known::default());
        prop_assert!(!verdict.cause.trim().is_empty(), "{verdict:#?}");
        prop_assert_eq!(verdict.rule.is_none(), verdict.certainty == Certainty::Unknown, "{:#?}", verdict);
        prop_assert!(!verdict.next.iter().any(|next| next.contains('{')), "{verdict:#?}");
    }

    #[test]
    fn what_people_and_spot_stop_never_failed(
        task in any_task(stop_code(&["UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]))
    ) {
        prop_assert!(stopped(&task, &Known::default()).class < Class::Failure);
    }

    #[test]
    fn what_the_scheduler_stops_failed_only_a_health_check(task in any_task(stop_code(&["ServiceSchedulerInitiated"]))) {
        let unhealthy = task.stopped_reason.as_deref().unwrap_or_default().to_lowercase().contains("health check");
        prop_assert_eq!(stopped(&task, &Known::default()).class >= Class::Failure, unhealthy);
    }

    #[test]
    fn work_that_is_done_never_failed(codes in prop::collection::vec(prop::sample::select(vec![Some(0), Some(143), None]), 0..3)) {
        let mut containers = vec![("job", Some(0), "")];
        containers.extend(codes.into_iter().map(|code| ("helper", code, "")));
        let verdict = stopped(&alone(exited(&containers)), &Known::default());
        prop_assert_eq!((verdict.class, verdict.short), (Class::Normal, "finished"));
    }
}
