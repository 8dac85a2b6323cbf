//! Stops and their causes.

use rstest::rstest;

use super::*;

const CRASH: (Class, Certainty) = (Class::Failure, Certainty::Certain);
const SUSPECT: (Class, Certainty) = (Class::Failure, Certainty::Likely);
const NORMAL: (Class, Certainty) = (Class::Normal, Certainty::Certain);
const OUTSIDE: (Class, Certainty) = (Class::Warning, Certainty::Certain);
const ODD: (Class, Certainty) = (Class::Warning, Certainty::Likely);

#[rstest]
// Exits.
#[case::oom(
    exited(&[("app", Some(137), OOM), ("envoy", Some(0), "")]),
    "STOP-OOM",
    CRASH,
    "app (137)",
    "The kernel killed `app` at its memory limit of 768 MiB."
)]
#[case::oom_of_a_side_car(
    exited(&[("app", Some(143), ""), ("envoy", Some(137), OOM)]),
    "STOP-OOM",
    CRASH,
    "envoy (137)",
    "killed `envoy` at its memory limit"
)]
#[case::oom_reported_for_the_task(
    task("EssentialContainerExited", OOM, &[("app", Some(137), "")]),
    "STOP-OOM",
    CRASH,
    "app (137)",
    "killed `app`"
)]
#[case::oom_at_the_limit_of_the_task(
    exited(&[("app", Some(137), OOM)]).change(|task| task.containers[0].memory = None),
    "STOP-OOM",
    CRASH,
    "app (137)",
    "at the task's memory limit of 1024 MiB."
)]
#[case::killed_without_a_word(
    exited(&[("app", Some(137), "")]),
    "EXIT-137",
    SUSPECT,
    "app (137)",
    "nobody had asked it to stop: running out of memory is the first suspect (its memory limit of 768 MiB)"
)]
#[case::killed_and_the_side_car_asked_to_stop(
    killed_after_timeout(exited(&[("envoy", Some(143), ""), ("app", Some(137), "")])),
    "EXIT-137",
    SUSPECT,
    "app (137)",
    "first suspect"
)]
#[case::crashed(exited(&[("app", Some(1), "")]), "EXIT-1", SUSPECT, "app (1)", "`app`")]
#[case::crashed_and_the_side_car_was_killed(
    killed_after_timeout(exited(&[("envoy", Some(137), ""), ("app", Some(1), "")])),
    "EXIT-1",
    SUSPECT,
    "app (1)",
    ""
)]
#[case::crashed_after_its_init_container(
    exited(&[("init", Some(0), ""), ("app", Some(2), "")]),
    "EXIT-2",
    SUSPECT,
    "app (2)",
    ""
)]
#[case::segmentation_fault(exited(&[("app", Some(139), "")]), "EXIT-139", SUSPECT, "app (139)", "")]
#[case::a_code_of_its_own(exited(&[("app", Some(78), "")]), "STOP-ESSENTIAL", SUSPECT, "app (78)", "exited with 78")]
#[case::terminated_from_within(
    exited(&[("app", Some(143), "")]),
    "EXIT-143",
    SUSPECT,
    "app (143)",
    "neither a person nor the scheduler had asked"
)]
#[case::reason_nobody_knows_and_a_code(
    exited(&[("app", Some(1), "the cat sat on it")]),
    "EXIT-1",
    SUSPECT,
    "app (1)",
    "which ecsight does not know: the cat sat on it"
)]
#[case::slow_side_car_is_not_to_blame(
    exited(&[("app", Some(1), ""), ("envoy", Some(137), "DockerTimeoutError: Could not transition to stopped; timed \
        out after waiting 30s")]),
    "EXIT-1",
    SUSPECT,
    "app (1)",
    ""
)]
// Completed work.
#[case::finished(
    standalone(exited(&[("job", Some(0), "")])),
    "EXIT-0",
    NORMAL,
    "",
    "`job` did its work and ended with exit code 0."
)]
#[case::finished_and_the_side_car_asked_to_stop(
    standalone(exited(&[("envoy", Some(143), ""), ("job", Some(0), "")])),
    "EXIT-0",
    NORMAL,
    "",
    "what else ran was stopped then"
)]
#[case::finished_and_the_side_car_killed(
    standalone(killed_after_timeout(exited(&[("envoy", Some(137), ""), ("job", Some(0), "")]))),
    "EXIT-0",
    NORMAL,
    "",
    "did its work"
)]
#[case::finished_though_killed_at_once_is_none(
    standalone(exited(&[("job", Some(137), ""), ("init", Some(0), "")])),
    "EXIT-137",
    SUSPECT,
    "job (137)",
    ""
)]
#[case::finished_though_a_service_wants_it(
    exited(&[("app", Some(0), "")]),
    "EXIT-0",
    ODD,
    "app (0)",
    "its service needs it to keep running"
)]
#[case::not_a_daemon(
    brief(exited(&[("app", Some(0), "")])),
    "EXIT-0",
    SUSPECT,
    "app (0)",
    "ended with exit code 0 after 3 s: its command is not a long-running process"
)]
// Requested stops.
#[case::by_hand(
    task("UserInitiated", "Task stopped by user", &[("app", Some(143), "")]),
    "STOPCODE-USER-INITIATED",
    NORMAL,
    "",
    ""
)]
#[case::by_hand_with_words(
    task("UserInitiated", "CannotPullContainerError: not again", &[("app", Some(1), "")]),
    "STOPCODE-USER-INITIATED",
    NORMAL,
    "",
    "and said: \"CannotPullContainerError: not again\""
)]
#[case::by_hand_and_killed(
    killed_after_timeout(task("UserInitiated", "too slow", &[("app", Some(137), "")])),
    "STOPCODE-USER-INITIATED",
    NORMAL,
    "",
    "`app` did not end within its 30 s when asked to, and was killed (137)."
)]
#[case::replaced(
    task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/4816000000720)", &[("app",
        Some(143), "")]),
    "STOP-SCALING",
    NORMAL,
    "",
    ""
)]
#[case::replaced_and_killed(
    killed_after_timeout(task("ServiceSchedulerInitiated", "Scaling activity initiated by (service payments) (deployment \
        ecs-svc/4816000000720)", &[("app", Some(137), "")])),
    "STOP-SCALING",
    NORMAL,
    "",
    "was killed (137)"
)]
#[case::unhealthy_for_the_load_balancer(
    task("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group \
        arn:aws:elasticloadbalancing:eu-west-1:481516234217:targetgroup/pay/73e2d6bc24d8a067)", &[("app", Some(143),
        "")]),
    "STOP-ELB",
    CRASH,
    "app",
    ""
)]
#[case::unhealthy_by_itself(
    sick(task("ServiceSchedulerInitiated", "(service payments) (task 0f3c9a1e) failed container health checks.",
        &[("app", Some(143), ""), ("envoy", Some(0), "")])),
    "STOP-HEALTHCHECK",
    CRASH,
    "app",
    ""
)]
// Failures of the host.
#[case::spot(
    killed_after_timeout(task("SpotInterruption", "Your Spot Task was interrupted.", &[("app", Some(137), "")])),
    "STOP-SPOT",
    OUTSIDE,
    "",
    "was killed (137)"
)]
#[case::spot_of_a_service_that_drains(
    task("SpotInterruption", "Your Spot Task was interrupted.", &[("app", Some(143), "")]),
    "STOP-SPOT",
    OUTSIDE,
    "",
    ""
)]
#[case::notice(
    task("TerminationNotice", "Your Spot Task was interrupted.", &[("app", Some(143), "")]),
    "STOP-SPOT",
    OUTSIDE,
    "",
    ""
)]
#[case::sick_host(
    task("InfrastructureHealth", "", &[("app", Some(143), "")]),
    "STOPCODE-INFRASTRUCTURE-HEALTH",
    OUTSIDE,
    "",
    ""
)]
#[case::host_gone(
    task("", "Host EC2 (instance i-0a1b2c3d4e5f60718) terminated.", &[("app", None, "")]),
    "STOP-HOST-GONE",
    OUTSIDE,
    "",
    ""
)]
#[case::host_gone_with_exit_codes(
    task("EssentialContainerExited", "Host EC2 (instance i-0a1b2c3d4e5f60718) stopped.", &[("app", Some(255), "")]),
    "STOP-HOST-GONE",
    OUTSIDE,
    "",
    ""
)]
#[case::maintenance(
    task("ServiceSchedulerInitiated", "ECS is performing maintenance on the underlying infrastructure hosting the \
        task.", &[("app", Some(143), "")]),
    "STOP-MAINTENANCE",
    OUTSIDE,
    "",
    ""
)]
#[case::deregistered(
    task("UserInitiated", "Container instance deregistration forced by user.", &[("app", None, "")]),
    "STOP-DEREGISTER",
    OUTSIDE,
    "",
    ""
)]
// Tasks that never ran.
#[case::tag_missing(
    unstarted(&format!("CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve \
        ref {IMAGE}: {IMAGE}: not found"), &[("app", ""), ("envoy", "")]),
    "PULL-TAG-MISSING",
    CRASH,
    "",
    ""
)]
#[case::typographic_quotes(
    unstarted("Task failed to start", &[("app", "CannotPullContainerError: The task can\u{2019}t pull the image. \
        Check whether the image exists.")]),
    "PULL-IMAGE-MISSING",
    CRASH,
    "app",
    ""
)]
#[case::cut_off(
    unstarted(&format!("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
        ref {}", &IMAGE[..30]), &[("app", "CannotPullContainerError")]),
    "PULL-RETRIED",
    CRASH,
    "app",
    ""
)]
#[case::the_more_telling_of_two(
    unstarted("CannotPullContainerError", &[("app", "CannotPullContainerError: toomanyrequests: Rate exceeded")]),
    "PULL-RATE-LIMIT",
    CRASH,
    "app",
    ""
)]
#[case::secret_denied(
    unstarted("ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
        failed: unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: \
        User: arn:aws:sts::481516234217:assumed-role/pay-exec/0f3c9a1e is not authorized to perform: \
        secretsmanager:GetSecretValue on resource: \
        arn:aws:secretsmanager:eu-west-1:481516234217:secret:pay/db-AbCdEf", &[("app", "")]),
    "INIT-IAM-SECRET",
    CRASH,
    "app",
    ""
)]
#[case::no_such_program(
    unstarted("Task failed to start", &[("app", "CannotStartContainerError: Error response from daemon: OCI runtime \
        create failed: exec: \"serve\": executable file not found in $PATH: unknown"), ("envoy", "")]),
    "START-OCI-NOT-FOUND",
    SUSPECT,
    "app",
    ""
)]
#[case::volume(
    attached(unstarted("Task failed to start", &[("app", "")]), "ECS was unable to assume the configured ECS \
        Infrastructure Role 'arn:aws:iam::1:role/ebs'"),
    "INIT-EBS-ROLE",
    CRASH,
    "app",
    ""
)]
#[case::waited_for_another(
    task("TaskFailedToStart", "Task failed to start", &[("app", None, "dependency did not exit successfully"),
        ("migrate", Some(3), "")]),
    "START-DEP-FAILED",
    CRASH,
    "migrate (3)",
    ""
)]
#[case::no_address_left(
    unstarted("Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled \
        in subnet 'subnet-0a1b2c3d4e5f60718': InsufficientFreeAddressesInSubnet", &[("app", "")]),
    "START-SUBNET-IPS",
    CRASH,
    "app",
    ""
)]
// Unknown stop codes.
#[case::no_code_and_an_exit(task("", EXITED, &[("app", Some(1), "")]), "EXIT-1", SUSPECT, "app (1)", "")]
#[case::a_code_of_tomorrow(
    task("AlignmentOfPlanets", OOM, &[("app", Some(137), OOM)]),
    "STOP-OOM",
    CRASH,
    "app (137)",
    ""
)]
fn each_stop_has_its_cause(
    #[case] task: Task,
    #[case] rule: &str,
    #[case] (class, certainty): (Class, Certainty),
    #[case] root: &str,
    #[case] cause: &str,
) {
    let verdict = diagnose_stop(&task, &Known::default());
    let code = verdict.exit_code.map(|code| format!(" ({code})")).unwrap_or_default();
    assert_eq!(verdict.rule, Some(rule), "{verdict:#?}");
    assert_eq!((verdict.class, verdict.certainty), (class, certainty), "{verdict:#?}");
    assert_eq!(format!("{}{code}", verdict.container.clone().unwrap_or_default()), root, "{verdict:#?}");
    assert!(verdict.cause.contains(cause), "{}", verdict.cause);
    assert!(!verdict.cause.is_empty() && !verdict.short.is_empty(), "{verdict:#?}");
}
