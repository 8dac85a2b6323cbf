//! Invariants for random tasks.

use proptest::prelude::*;

use super::*;

/// Real reasons of tasks, containers and callers, and random text.
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
            if owned { task } else { standalone(task) }
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
        let verdict = diagnose_stop(&task, &Known::default());
        prop_assert!(!verdict.cause.trim().is_empty(), "{verdict:#?}");
        prop_assert_eq!(verdict.rule.is_none(), verdict.certainty == Certainty::Unknown, "{:#?}", verdict);
        prop_assert!(!verdict.next.iter().any(|next| next.contains('{')), "{verdict:#?}");
    }

    #[test]
    fn tasks_stopped_by_users_or_spot_have_not_failed(
        task in any_task(stop_code(&["UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]))
    ) {
        prop_assert!(diagnose_stop(&task, &Known::default()).class < Class::Failure);
    }

    #[test]
    fn tasks_stopped_by_the_scheduler_failed_only_health_checks(
        task in any_task(stop_code(&["ServiceSchedulerInitiated"]))
    ) {
        let unhealthy = task.stopped_reason.as_deref().unwrap_or_default().to_lowercase().contains("health check");
        prop_assert_eq!(diagnose_stop(&task, &Known::default()).class >= Class::Failure, unhealthy);
    }

    #[test]
    fn completed_work_has_not_failed(
        codes in prop::collection::vec(prop::sample::select(vec![Some(0), Some(143), None]), 0..3)
    ) {
        let mut containers = vec![("job", Some(0), "")];
        containers.extend(codes.into_iter().map(|code| ("helper", code, "")));
        let verdict = diagnose_stop(&standalone(exited(&containers)), &Known::default());
        prop_assert_eq!((verdict.class, verdict.short), (Class::Normal, "finished"));
    }
}
