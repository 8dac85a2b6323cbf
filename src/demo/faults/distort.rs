//! Distortions of an answer on its way to the client.

use axum::{body::Bytes, http::header};
use serde_json::Value;

use crate::demo::{logs, wire::Response, world::Rng};

/// A way to distort a successful answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Distortion {
    /// The body ends halfway.
    Truncate,
    /// The body is no JSON.
    Malformed,
    /// A field is missing with a chance in percent: the named one, or any that is not at the top level.
    Omit {
        field: Option<String>,
        percent: u8,
    },
    /// A text field has a value that no client knows.
    Unknown {
        field: String,
        text: String,
    },
    LongReason,
    /// A page of events is empty; the events come with the next page.
    EmptyPage,
}

/// A stop reason as long as real ones get: five lines, 900 characters, quotes and backslashes.
pub const LONG_REASON: &str = r#"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s):
time="2026-01-31T23:59:57Z" level=error msg="fetching \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/checkout/db-AbCdEf\" failed" attempt=4 error="RequestError: send request failed"
time="2026-01-31T23:59:58Z" level=error msg="caused by: Post \"https://secretsmanager.eu-west-1.amazonaws.com/\": dial tcp 10.0.17.44:443: i/o timeout" resolver="10.0.0.2:53" config="C:\\ProgramData\\Amazon\\ECS\\agent.json"
time="2026-01-31T23:59:59Z" level=warning msg="giving up; the task can't start without container \"app\" secret {\"name\":\"DB_PASSWORD\",\"valueFrom\":\"...:password::\"}" task="5e0c2f4b8a9d4c1f9b7a6d5e4f3c2b1a"
Please check your task network configuration: the subnet's route table, the security group of the interface endpoint, and whether private DNS is enabled for it."#;

impl Distortion {
    /// Returns whether nothing can follow the distorted body.
    pub fn ends_the_body(&self) -> bool {
        matches!(self, Distortion::Truncate | Distortion::Malformed)
    }

    /// Distorts an answer before it is written.
    pub(crate) fn distort_answer(&self, answer: &mut Value, rng: &mut Rng) {
        match self {
            Distortion::Omit { field, percent } => edit(answer, 0, &mut |key, depth, _| {
                let meant = field.as_ref().map_or(depth > 0, |field| field == key);
                !(meant && rng.chance(*percent))
            }),
            Distortion::Unknown { field, text } => edit(answer, 0, &mut |key, _, value| {
                if key == field {
                    replace_text(value, text);
                }
                true
            }),
            Distortion::LongReason => edit(answer, 0, &mut |key, _, value| {
                if key == "stoppedReason" {
                    replace_text(value, LONG_REASON);
                }
                true
            }),
            Distortion::EmptyPage => logs::postpone_events(answer, rng),
            Distortion::Truncate | Distortion::Malformed => {}
        }
    }

    /// Distorts a response that is already written.
    pub fn distort_response(&self, response: &mut Response) {
        match self {
            // The announced length stays, so that the client can tell that the body was cut short.
            Distortion::Truncate => {
                let half = response.body().len() / 2;
                *response.body_mut() = response.body().slice(..half);
            }
            Distortion::Malformed => {
                *response.body_mut() = Bytes::from_static(b"{\"clusterArns\": [\"arn:aws:ecs\", }\0\xff\xfe");
                let length = response.body().len().into();
                response.headers_mut().insert(header::CONTENT_LENGTH, length);
            }
            Distortion::Omit { .. } | Distortion::Unknown { .. } | Distortion::LongReason | Distortion::EmptyPage => {}
        }
    }
}

/// Visits every member of every object with its key and depth; those for which `keep` says no are dropped.
fn edit(value: &mut Value, depth: usize, keep: &mut dyn FnMut(&str, usize, &mut Value) -> bool) {
    match value {
        Value::Object(members) => members.retain(|key, member| {
            let kept = keep(key, depth, member);
            if kept {
                edit(member, depth + 1, keep);
            }
            kept
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| edit(item, depth, keep)),
        _ => {}
    }
}

/// Replaces a text, or each text of a list; numbers and structures are never enums.
fn replace_text(value: &mut Value, text: &str) {
    match value {
        Value::String(old) => *old = text.to_owned(),
        Value::Array(items) => items.iter_mut().filter(|item| item.is_string()).for_each(|item| *item = text.into()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::demo::wire::{json_response, missing_bytes};

    fn answer() -> Value {
        json!({ "tasks": [
            { "taskArn": "a", "lastStatus": "RUNNING", "containers": [{ "name": "app", "lastStatus": "RUNNING" }] },
            { "taskArn": "b", "lastStatus": "STOPPED", "stoppedReason": "it died", "version": 3 },
        ], "failures": [] })
    }

    fn distorted(distortion: Distortion, seed: u64) -> Value {
        let mut answer = answer();
        distortion.distort_answer(&mut answer, &mut Rng::stream(seed, "test"));
        answer
    }

    #[test]
    fn a_named_field_is_removed_everywhere() {
        let omit = Distortion::Omit { field: Some("lastStatus".into()), percent: 100 };
        assert!(!distorted(omit, 0).to_string().contains("lastStatus"));
        let omit = Distortion::Omit { field: Some("failures".into()), percent: 100 };
        assert_eq!(distorted(omit, 0).get("failures"), None);
    }

    #[test]
    fn random_omissions_follow_the_seed_and_spare_the_top_level() {
        let omit = |percent, seed| distorted(Distortion::Omit { field: None, percent }, seed);
        assert_eq!(omit(100, 1), json!({ "tasks": [{}, {}], "failures": [] }));
        assert_eq!(omit(0, 1), answer());
        assert_eq!(omit(30, 1), omit(30, 1));
        let different: std::collections::BTreeSet<_> = (0..20).map(|seed| omit(30, seed).to_string()).collect();
        assert!(different.len() > 5, "{different:?}");
    }

    #[test]
    fn only_texts_are_replaced_by_unknown_values() {
        let unknown = |field: &str| distorted(Distortion::Unknown { field: field.into(), text: "ODD".into() }, 0);
        assert_eq!(unknown("lastStatus").to_string().matches("\"lastStatus\":\"ODD\"").count(), 3);
        assert_eq!(unknown("version"), answer());
        assert_eq!(unknown("tasks"), answer());
    }

    #[test]
    fn the_long_reason_has_its_length() {
        assert_eq!(LONG_REASON.lines().count(), 5);
        assert!((850..=1000).contains(&LONG_REASON.len()), "{}", LONG_REASON.len());
        assert!(LONG_REASON.contains('\\') && LONG_REASON.contains('"') && LONG_REASON.contains('\''));
        assert_eq!(distorted(Distortion::LongReason, 0)["tasks"][1]["stoppedReason"], LONG_REASON);
    }

    #[test]
    fn a_truncated_body_keeps_its_announced_length_and_a_malformed_one_is_complete() {
        let whole = json_response(StatusCode::OK, &answer(), "id");
        let mut response = whole.clone();
        Distortion::Truncate.distort_response(&mut response);
        assert!(missing_bytes(&response) > 0 && !response.body().is_empty());

        let mut response = whole;
        Distortion::Malformed.distort_response(&mut response);
        assert_eq!(missing_bytes(&response), 0);
        assert!(serde_json::from_slice::<Value>(response.body()).is_err());
    }
}
