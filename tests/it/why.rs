//! `ecsight why`, the built binary: every fault that is planted in the incident, and what must raise no alarm.

use std::{io::Write, process::Stdio, sync::LazyLock};

use ecsight::demo::{Endpoint, Options, world::World};
use rstest::rstest;
use serde_json::Value;

use crate::{
    cli::{Answer, Home},
    support::aws::{Aws, START_MS},
};

/// The incident, as it stands when the first test looks at it.
static INCIDENT: LazyLock<Aws> = LazyLock::new(|| Aws::incident_now(&[]));

/// What `ecsight why ARGS` says, as data, and its exit code.
fn why(args: &[&str]) -> (Value, Option<i32>) {
    let answer = INCIDENT.run(&[&["why"], args, &["-o", "json"]].concat());
    assert_eq!(answer.err, "", "{args:?}");
    (serde_json::from_str(&answer.out).expect("JSON"), answer.code)
}

/// All that is said, in one text.
fn words(said: &Value) -> String {
    said.to_string().to_lowercase()
}

/// Every planted fault: who has it, the problem it is, the rule of its cause, and words that must be said.
#[rstest]
#[case::memory("checkout", "crash loop", "STOP-OOM", &["memory", "app", "137"])]
#[case::target_health("search-api", "", "", &["502"])]
#[case::image_tag("recommendations", "", "", &["1.20.0-rc1", "image"])]
#[case::denied_secret("payments", "", "", &["acquirer-api-key", "secretsmanager:getsecretvalue"])]
#[case::failing_rollout("orders-api", "rollout failing", "", &["connection refused", "of 20"])]
#[case::pause("catalog", "waits for you", "", &["roll back"])]
#[case::no_room("ranking", "can't be placed", "", &["cpu"])]
#[case::deadlock("cms-staging", "rollout stuck", "", &["100"])]
#[case::health_check("feature-flags", "", "STOP-HEALTHCHECK", &["health check"])]
#[case::entrypoint("docs-staging", "", "", &["/app/entrypoint.sh"])]
#[case::image("geocoder-staging", "", "", &["image", "main-c3d98e0"])]
fn a_planted_fault_is_explained(
    #[case] service: &str,
    #[case] problem: &str,
    #[case] rule: &str,
    #[case] said: &[&str],
) {
    let (told, code) = why(&[service]);
    let list = |what: &str, key: &str| -> Vec<String> {
        let items = told[what].as_array().expect("a list").iter();
        items.filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
    };
    let (problems, rules) = (list("findings", "problem"), list("verdicts", "rule"));
    assert!(problem.is_empty() || problems.iter().any(|found| found == problem), "{problem} is not in {told:#}");
    assert!(rule.is_empty() || rules.iter().any(|found| found == rule), "{rule} is not in {told:#}");
    let words = words(&told);
    for part in said {
        assert!(words.contains(part), "{part:?} is not in {told:#}");
    }
    assert_eq!(code, Some(1), "{told:#}");
}
