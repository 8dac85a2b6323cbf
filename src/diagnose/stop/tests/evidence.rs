//! Conclusions from other rows, quotes, and unknown messages.

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::resource::{
    Row,
    revision::{Definition, Revision},
};

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
    diagnose_stop(task, &Known::of(rows.iter().copied(), Timestamp::UNIX_EPOCH))
}

#[test]
fn the_definition_shows_essential_containers() {
    // Without the definition, a completed helper and an application that was asked to stop look like completed work.
    let task = standalone(exited(&[("init", Some(0), ""), ("app", Some(143), "")]));
    assert_eq!(diagnose_stop(&task, &Known::default()).class, Class::Normal);
    let verdict = knowing(&[&revision(&[("init", false), ("app", true)])], &task);
    assert_eq!((verdict.rule, verdict.container.as_deref()), (Some("EXIT-143"), Some("app")));
    // A non-essential container did not end the task, whatever its exit code.
    let task = exited(&[("proxy", Some(1), ""), ("app", Some(2), "")]);
    let verdict = knowing(&[&revision(&[("proxy", false), ("app", true)])], &task);
    assert_eq!(verdict.container.as_deref(), Some("app"));
}

#[test]
fn a_secret_identifies_its_container_and_names_are_filled_in() {
    let reason = "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: \
                  arn:aws:sts::481516234217:assumed-role/pay-exec/0f3c is not authorized to perform: \
                  secretsmanager:GetSecretValue on resource: \
                  arn:aws:secretsmanager:eu-west-1:481516234217:secret:app/db-AbCdEf because no policy allows it";
    let task = unstarted(reason, &[("envoy", ""), ("app", "")]);
    assert_eq!(diagnose_stop(&task, &Known::default()).container, None);
    let verdict = knowing(&[&revision(&[("envoy", true), ("app", true)])], &task);
    assert_eq!(verdict.container.as_deref(), Some("app"));
    assert!(verdict.next[0].contains("pay-exec") && verdict.next[0].contains("app/db-AbCdEf"), "{:?}", verdict.next);
    assert_eq!(verdict.command.as_deref(), Some("aws iam list-attached-role-policies --role-name pay-exec"));
}

#[test]
fn with_the_definition_the_command_has_the_log_stream() {
    let verdict = knowing(&[&revision(&[("app", true)])], &exited(&[("app", Some(1), "")]));
    let command = verdict.command.unwrap();
    assert!(command.contains("--log-group-name /ecs/payments --log-stream-name ecs/app/0f3c9a1e5b7d"), "{command}");
}

#[test]
fn the_definition_shows_the_container_with_the_health_check() {
    let mut revision = revision(&[("envoy", true), ("app", true)]);
    revision.containers[1].health_check = vec!["CMD".to_owned(), "true".to_owned()];
    let reason = "Task failed container health checks";
    let task = task("ServiceSchedulerInitiated", reason, &[("envoy", Some(0), ""), ("app", Some(143), "")]);
    assert_eq!(knowing(&[&revision], &task).container.as_deref(), Some("app"));
    assert_eq!(diagnose_stop(&task, &Known::default()).container, None);
}

#[test]
fn the_stop_timeout_of_the_definition_identifies_a_forced_kill() {
    let reason = "Scaling activity initiated by (deployment ecs-svc/4816000000720)";
    let task = task("ServiceSchedulerInitiated", reason, &[("app", Some(137), "")]);
    let task = task.change(|task| task.execution_stopped_at = at(3630));
    assert!(!diagnose_stop(&task, &Known::default()).cause.contains("did not end"));
    let verdict = knowing(&[&revision(&[("app", true)])], &task);
    assert!(
        verdict.cause.ends_with("`app` did not end within its 10 s when asked to, and was killed (137)."),
        "{verdict:#?}"
    );
    let took = verdict.evidence.iter().find(|quote| quote.field == "executionStoppedAt - stoppingAt").unwrap();
    assert_eq!(took.text, "10 s, its stop timeout is 10 s");
}

#[test]
fn several_stops_on_one_instance_within_a_minute_suggest_the_instance() {
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
fn repeated_stops_are_certain() {
    let one = |id: i64| {
        brief(exited(&[("app", Some(0), "")])).change(|task| task.task_arn = format!("{}{id}", task.task_arn))
    };
    let tasks = [one(1), one(2), one(3)];
    let rows: Vec<&dyn Row> = tasks.iter().map(|task| task as &dyn Row).collect();
    assert_eq!(knowing(&rows, &tasks[0]).certainty, Certainty::Certain);
    assert_eq!(knowing(&rows[..2], &tasks[0]).certainty, Certainty::Likely);
}

/// No guess: the full text, and nothing else.
#[rstest]
#[case::never_started(
    unstarted("Frobnication of the \u{2018}widget\u{2019} failed", &[("app", "")]),
    Class::Failure,
    "Frobnication of the \u{2018}widget\u{2019} failed"
)]
#[case::of_a_container(
    unstarted("Task failed to start", &[("app", "WidgetError: none left"), ("envoy", "")]),
    Class::Failure,
    "WidgetError: none left"
)]
#[case::of_both(
    unstarted("Widgets are out", &[("app", "WidgetError: none left")]),
    Class::Failure,
    "Widgets are out; WidgetError: none left"
)]
#[case::without_any_code(task("", "The moon\n was full", &[]), Class::Warning, "The moon was full")]
#[case::of_the_scheduler(
    task("ServiceSchedulerInitiated", "The moon was full", &[("app", Some(143), "")]),
    Class::Normal,
    "The moon was full"
)]
fn unknown_messages_are_shown_in_full(#[case] task: Task, #[case] class: Class, #[case] text: &str) {
    let verdict = diagnose_stop(&task, &Known::default());
    assert_eq!((verdict.rule, verdict.certainty, verdict.class), (None, Certainty::Unknown, class), "{verdict:#?}");
    assert!(verdict.cause.starts_with(&format!("unknown message: {text}")), "{}", verdict.cause);
    assert!(verdict.next.is_empty() && verdict.command.is_none() && verdict.page.is_none());
}

#[test]
fn a_missing_reason_is_reported_as_missing() {
    let verdict = diagnose_stop(&Task { task_arn: "t".to_owned(), ..Task::default() }, &Known::default());
    assert_eq!((verdict.cause.as_str(), verdict.certainty), ("AWS gives no reason.", Certainty::Unknown));
}

#[test]
fn evidence_begins_with_the_decisive_quote_and_omits_generic_ones() {
    let task = killed_after_timeout(exited(&[("app", Some(137), OOM), ("envoy", Some(143), ""), ("log", Some(0), "")]));
    let verdict = diagnose_stop(&task, &Known::default());
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
fn a_verdict_has_stable_json() {
    let verdict = diagnose_stop(&exited(&[("app", Some(137), OOM)]), &Known::default());
    let json = serde_json::to_value(&verdict).unwrap();
    let first = json!({"field": "containers[app].reason", "text": OOM});
    assert_eq!(
        (&json["rule"], &json["class"], &json["certainty"]),
        (&json!("STOP-OOM"), &json!("failure"), &json!("certain"))
    );
    assert_eq!((&json["container"], &json["exitCode"], &json["evidence"][0]), (&json!("app"), &json!(137), &first));
    assert_eq!(json["cause"], "The kernel killed `app` at its memory limit of 768 MiB.");
    assert!(json["next"][0].as_str().unwrap().contains("768 MiB"), "{json}");
    assert!(
        json["command"].as_str().unwrap().starts_with("aws ecs describe-task-definition --task-definition payments:57")
    );
    assert!(json["page"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"));
    let unknown = serde_json::to_value(diagnose_stop(&unstarted("The moon was full", &[]), &Known::default())).unwrap();
    assert_eq!(
        (&unknown["rule"], &unknown["certainty"], &unknown["next"]),
        (&json!(null), &json!("unknown"), &json!([]))
    );
}
