//! Explaining a container instance.

use std::collections::BTreeMap;

use super::{service::in_short, telling::Telling};
use crate::{
    diagnose::{Known, instance as findings_of, service},
    resource::{Tone, instance::Instance, task::Task},
};

pub(super) fn instance<'a>(instance: &'a Instance, known: &'a Known<'a>) -> Telling<'a> {
    let mut telling = Telling::new(known);
    let Instance { running_tasks_count: running, cpu, memory, .. } = instance;
    let status = instance.status.as_deref().unwrap_or("-").to_lowercase();
    let agent = if instance.agent_connected { "agent connected" } else { "agent gone a moment ago" };
    let well = format!("nothing is wrong as far as ecsight can see: {status}, {agent}, {running} tasks");
    telling.findings(findings_of(instance, known), &well);
    let section = telling.document.section("Instance");
    section
        .field("Status", status)
        .field("Left", format!("{} of {} CPU units, {} of {} MiB", cpu.0, cpu.1, memory.0, memory.1))
        .field("Type", instance.instance_type.clone().unwrap_or_default())
        .field("Zone", instance.availability_zone.clone().unwrap_or_default());

    let tasks: Vec<&Task> =
        known.on_instance(&instance.container_instance_arn).iter().filter(|task| !task.stopped()).copied().collect();
    let mut groups: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in &tasks {
        groups.entry(task.group.as_deref().unwrap_or("-")).or_default().push(task);
    }
    let section = telling.document.section("What runs there");
    for (group, tasks) in groups {
        let states: Vec<String> = tasks.iter().map(|task| task.state().into_owned()).collect();
        let name = group.strip_prefix("service:").unwrap_or(group);
        let owner = group.strip_prefix("service:").and_then(|name| known.service(&instance.cluster_name, name));
        section.text(0, format!("{}x {name} ({})", tasks.len(), summed(&states)), Tone::Plain);
        if let Some(trouble) = owner.map(|owner| service(owner, known)).as_deref().and_then(in_short) {
            section.text(1, trouble, Tone::Warn);
        }
    }
    if tasks.is_empty() && *running > 0 {
        telling.gaps.push("its tasks: what runs there".into());
    }
    telling
}

/// `2 running, 1 to stop`.
fn summed(states: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
