//! Problems of a container instance: agent, health checks, drains that do not end.

use std::{collections::BTreeMap, sync::Arc};

use super::{Known, MINUTE, VerdictBuilder, drain::plan_drain, names};
use crate::{
    knowledge::{Rule, situations},
    resource::{
        finding::{Finding, Problem},
        format::{count_tasks, in_words, one_line, seconds_since},
        instance::Instance,
    },
};

/// Agents often disconnect for a moment.
const AGENT_LOST: i64 = 3 * MINUTE;
/// Time by which a drain should have moved service tasks.
const DRAINED: i64 = 15 * MINUTE;

/// The problems of `instance`, worst first.
pub fn diagnose_instance(instance: &Instance, known: &Known<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        [check_agent(instance, known), check_registration(instance), check_drain(instance, known)]
            .into_iter()
            .flatten()
            .chain(check_health(instance))
            .collect();
    findings.sort_by_key(|finding| finding.problem);
    findings
}

/// A finding explained by `rule`, with quotes.
fn rule_finding(
    instance: &Instance,
    problem: Problem,
    rule: &'static Rule,
    cause: String,
    quotes: &[(&str, String)],
) -> Finding {
    let mut builder = VerdictBuilder::from_rule(rule);
    for (field, text) in quotes {
        builder.quote(*field, text.clone());
    }
    let verdict = builder.build(names::instance_names(instance));
    Finding { problem, since: None, cause, verdict: Some(Arc::new(verdict)) }
}

fn check_agent(instance: &Instance, known: &Known<'_>) -> Option<Finding> {
    let active = matches!(instance.status.as_deref(), Some("ACTIVE" | "DRAINING"));
    let back = instance.agent_lost_at.is_some_and(|at| seconds_since(at, known.now) < AGENT_LOST);
    if instance.agent_connected || !active || back {
        return None;
    }
    let there = match service_names(instance, known).as_slice() {
        [] if instance.running_tasks_count == 0 => "nothing runs there".to_owned(),
        [] => format!("{} there can't be managed", count_tasks(instance.running_tasks_count)),
        names => format!("{} there: {}", count_tasks(instance.running_tasks_count), names.join(", ")),
    };
    let quotes = [
        ("agentConnected", "false".to_owned()),
        ("runningTasksCount", instance.running_tasks_count.to_string()),
        ("agentVersion", instance.agent_version.clone().unwrap_or_default()),
    ];
    let found = rule_finding(instance, Problem::AgentLost, &situations::AGENT_GONE, there, &quotes);
    Some(Finding { since: instance.agent_lost_at, ..found })
}

fn check_registration(instance: &Instance) -> Option<Finding> {
    if instance.status.as_deref() != Some("REGISTRATION_FAILED") {
        return None;
    }
    let reason = instance.status_reason.as_deref().map_or_else(|| "AWS gives no reason".into(), one_line);
    let quotes = [("statusReason", reason.clone())];
    let cause = format!("could not join the cluster: {reason}");
    Some(rule_finding(instance, Problem::InstanceImpaired, &situations::NOT_REGISTERED, cause, &quotes))
}

fn check_health(instance: &Instance) -> impl Iterator<Item = Finding> {
    // A check without data is not a problem, and a disconnected agent has its own finding.
    let ill = instance.health_issues.iter().filter(|check| check.status == "IMPAIRED" && !check.is_about_agent());
    ill.map(|check| {
        let kind = in_words(&check.kind);
        let reason = check.reason.as_deref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
        let quotes = [("healthStatus.details[].type", check.kind.clone())];
        let cause = format!("{kind} impaired{reason}");
        let found = rule_finding(instance, Problem::InstanceImpaired, &situations::IMPAIRED, cause, &quotes);
        Finding { since: check.since, ..found }
    })
}

/// A drain that waits for something that will not happen soon.
fn check_drain(instance: &Instance, known: &Known<'_>) -> Option<Finding> {
    if !instance.draining() || instance.running_tasks_count + instance.pending_tasks_count == 0 {
        return None;
    }
    let since = instance.draining_since;
    let long = since.is_some_and(|at| seconds_since(at, known.now) > DRAINED);
    let plan = plan_drain(instance, known, &BTreeMap::new());
    let holders: Vec<(String, &str)> =
        plan.iter().filter_map(|drained| Some((drained.label(), drained.blocker()?))).collect();
    let looked_at = !known.on_instance(&instance.container_instance_arn).is_empty();
    let left = instance.running_tasks_count + instance.pending_tasks_count;
    let (problem, cause) = match holders.first() {
        Some((task, why)) => {
            let more = if holders.len() > 1 { format!(", and {} more", holders.len() - 1) } else { String::new() };
            (Problem::DrainStuck, format!("blocked by {task}, {why}{more}"))
        }
        None if long => (Problem::DrainStuck, format!("{} still there", count_tasks(left))),
        // Slow, but without a known blocker.
        None if looked_at => return None,
        None => (Problem::Notice, format!("drains; {} still there", count_tasks(left))),
    };
    let mut quotes = vec![("status", "DRAINING".to_owned()), ("runningTasksCount", left.to_string())];
    let lines: Vec<String> = holders.iter().map(|(task, why)| format!("{task}: {why}")).collect();
    quotes.push(("tasks that hold it", lines.join("; ")));
    let found = rule_finding(instance, problem, &situations::DRAIN_HELD, cause, &quotes);
    Some(Finding { since, ..found })
}

/// Names of the services with known tasks on an instance.
fn service_names<'a>(instance: &Instance, known: &Known<'a>) -> Vec<&'a str> {
    let here = known.on_instance(&instance.container_instance_arn).iter().filter(|task| !task.stopped());
    let mut names: Vec<&str> = here.filter_map(|task| task.service().or(task.group.as_deref())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
