//! What is wrong with a service, from what is known of it, its rollout and its tasks.

use super::Known;
use crate::resource::{
    finding::{Finding, Problem},
    service::{Service, Standing},
};

/// What is wrong with `service`, worst first.
pub fn service(service: &Service, _: &Known<'_>) -> Vec<Finding> {
    let primary = service.primary();
    let problem = match service.standing() {
        Standing::Failed => Problem::RolloutFailed,
        Standing::Failing => Problem::RolloutFailing,
        Standing::Waiting => Problem::Waiting,
        Standing::Short => Problem::Short,
        _ => return Vec::new(),
    };
    let reason = primary.and_then(|primary| primary.rollout_state_reason.clone());
    let counts = format!("{} of {} tasks run", service.running_count, service.desired_count);
    let cause = reason.filter(|_| problem != Problem::Short).unwrap_or(counts);
    vec![Finding { problem, since: primary.and_then(|primary| primary.since()), cause, verdict: None }]
}
