//! What is wrong with a container instance.

use super::Known;
use crate::resource::{
    finding::{Finding, Problem},
    instance::Instance,
};

/// What is wrong with `instance`, worst first.
pub fn instance(instance: &Instance, _: &Known<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if instance.status.as_deref() == Some("ACTIVE") && !instance.agent_connected {
        let cause = format!("{} tasks run where nothing can reach them", instance.running_tasks_count);
        findings.push(Finding { problem: Problem::AgentLost, since: None, cause, verdict: None });
    }
    findings
}
