//! Explanation of a container instance.

use std::collections::BTreeMap;

use super::{builder::ExplanationBuilder, service::summarize};
use crate::{
    diagnose::{Known, diagnose_instance, diagnose_service},
    resource::{Tone, format::count_tasks, instance::Instance, task::Task},
};

pub(super) fn explain_instance<'a>(instance: &'a Instance, known: &'a Known<'a>) -> ExplanationBuilder<'a> {
    let mut builder = ExplanationBuilder::new(known);
    let Instance { running_tasks_count: running, cpu, memory, .. } = instance;
    let status = instance.status.as_deref().unwrap_or("-").to_lowercase();
    let agent = if instance.agent_connected { "agent connected" } else { "agent disconnected a moment ago" };
    let well = format!("no problems found: {status}, {agent}, {}", count_tasks(*running));
    builder.add_findings(diagnose_instance(instance, known), &well);
    let section = builder.document.section("Instance");
    section
        .field("Status", status)
        .field(
            "Left",
            format!(
                "{} of {} CPU units, {} of {} MiB",
                cpu.remaining, cpu.registered, memory.remaining, memory.registered
            ),
        )
        .field("Type", instance.instance_type.clone().unwrap_or_default())
        .field("Zone", instance.availability_zone.clone().unwrap_or_default());

    let tasks: Vec<&Task> =
        known.on_instance(&instance.container_instance_arn).iter().filter(|task| !task.stopped()).copied().collect();
    let mut groups: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in &tasks {
        groups.entry(task.group.as_deref().unwrap_or("-")).or_default().push(task);
    }
    let section = builder.document.section("Tasks on this instance");
    for (group, tasks) in groups {
        let states: Vec<String> = tasks.iter().map(|task| task.state().into_owned()).collect();
        let name = group.strip_prefix("service:").unwrap_or(group);
        let owner = group.strip_prefix("service:").and_then(|name| known.service(&instance.cluster_name, name));
        section.text(0, format!("{}x {name} ({})", tasks.len(), count_states(&states)), Tone::Plain);
        if let Some(trouble) = owner.map(|owner| diagnose_service(owner, known)).as_deref().and_then(summarize) {
            section.text(1, trouble, Tone::Warn);
        }
    }
    if tasks.is_empty() && *running > 0 {
        builder.gaps.push("its tasks: what runs there".into());
    }
    builder
}

/// `2 running, 1 to stop`.
fn count_states(states: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
