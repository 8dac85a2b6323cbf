//! What becomes of the tasks on a container instance that is drained, and what keeps them there.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Known, capacity, placement::check_placement};
use crate::resource::{format::short_id, instance::Instance, service::Service, task::Task};

/// What becomes of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskFate {
    /// ECS replaces it elsewhere.
    Moves,
    /// ECS stops it although its replacement finds no room; why not.
    StopsFirst(String),
    /// A daemon: ECS stops it last, without a replacement.
    Daemon,
    /// It stays until it ends, or until something changes; why.
    Stays(String),
}

/// A task on an instance, and what becomes of it.
#[derive(Debug, Clone)]
pub struct DrainedTask<'a> {
    pub task: &'a Task,
    pub fate: TaskFate,
}

impl DrainedTask<'_> {
    /// `model-training (1d7b6e2a)`.
    pub fn label(&self) -> String {
        let group = self.task.group.as_deref().unwrap_or("task");
        let name = group.split_once(':').map_or(group, |(_, name)| name);
        format!("{name} ({})", short_id(&self.task.task_arn))
    }

    /// Why it stays.
    pub fn blocker(&self) -> Option<&str> {
        match &self.fate {
            TaskFate::Stays(why) => Some(why),
            _ => None,
        }
    }
}

/// The tasks on `instance` that have not stopped, those that stay first. `protected` says until when tasks are
/// protected, by ARN.
pub fn plan_drain<'a>(
    instance: &Instance,
    known: &Known<'a>,
    protected: &BTreeMap<String, Timestamp>,
) -> Vec<DrainedTask<'a>> {
    let here = known.on_instance(&instance.container_instance_arn).iter().filter(|task| !task.stopped());
    let mut tasks: Vec<DrainedTask<'a>> = here
        .map(|task| DrainedTask { task, fate: fate(task, instance, known, protected.get(&task.task_arn).copied()) })
        .collect();
    tasks.sort_by_key(|drained| (drained.blocker().is_none(), drained.fate == TaskFate::Daemon, drained.label()));
    tasks
}

fn fate(task: &Task, instance: &Instance, known: &Known<'_>, protected: Option<Timestamp>) -> TaskFate {
    let Some(name) = task.service() else {
        return TaskFate::Stays("a standalone task: draining does not stop it".to_owned());
    };
    if let Some(until) = protected.filter(|until| *until > known.now) {
        return TaskFate::Stays(format!("protected until {}", known.zone.minute(until, known.now)));
    }
    let Some(service) = known.service(&task.cluster_name, name) else { return TaskFate::Moves };
    if service.scheduling_strategy.as_deref() == Some("DAEMON") {
        return TaskFate::Daemon;
    }
    if capacity::has_protected_tasks(service) {
        return TaskFate::Stays("whose service has protected tasks".to_owned());
    }
    if capacity::is_deadlocked(service) {
        return TaskFate::Stays("whose service leaves no room: minimum and maximum percent".to_owned());
    }
    match (no_room(service, instance, known), capacity::must_start_first(service)) {
        (Some(why), true) => TaskFate::Stays(format!("whose replacement can't be placed{why}")),
        (Some(why), false) => TaskFate::StopsFirst(format!("its replacement can't be placed{why}")),
        (None, _) => TaskFate::Moves,
    }
}

/// Why a task of the service fits on no other instance, with a leading colon; empty if only ECS knows.
fn no_room(service: &Service, instance: &Instance, known: &Known<'_>) -> Option<String> {
    match check_placement(service, known).map(|placement| placement.shortfall_elsewhere(instance)) {
        Some(Some(miss)) => Some(format!(": {miss}")),
        Some(None) => None,
        None => capacity::lacks_placement(service).then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnose::builders::*,
        resource::{Row, instance::HostResource, revision::Revision},
    };

    fn fates(others: &[&dyn Row], protected: &[(&str, i64)]) -> Vec<(String, TaskFate)> {
        let here = host("i-0a1b");
        let mut rows: Vec<&dyn Row> = vec![&here];
        rows.extend(others);
        let known = known(&rows);
        let until = |seconds: i64| now() + jiff::SignedDuration::from_secs(seconds);
        let protected = protected.iter().map(|(id, seconds)| (arn("task", &format!("prod/{id}")), until(*seconds)));
        plan_drain(&here, &known, &protected.collect())
            .into_iter()
            .map(|drained| (drained.label(), drained.fate))
            .collect()
    }

    fn stays(why: &str) -> TaskFate {
        TaskFate::Stays(why.to_owned())
    }

    /// `web` on instances, and its task definition.
    fn on_instances(maximum: i32, minimum: i32) -> (Service, Revision) {
        let service = Service {
            launch_type: Some("EC2".into()),
            maximum_percent: Some(maximum),
            minimum_healthy_percent: Some(minimum),
            ..web(4)
        };
        let revision = Revision {
            task_definition_arn: arn("task-definition", "web:7"),
            cpu: Some("1024".into()),
            memory: Some("512".into()),
            described: true,
            ..Revision::default()
        };
        (service, revision)
    }

    #[test]
    fn a_task_moves_if_another_instance_has_room() {
        let (service, revision) = on_instances(200, 100);
        let task = on(task("a1", 7), "i-0a1b");
        let free = |cpu: i32| Instance {
            cpu: HostResource { remaining: cpu, registered: 4_096 },
            memory: HostResource { remaining: 4_096, registered: 8_192 },
            ..host("i-0c2d")
        };
        let (large, small) = (free(2_048), free(512));
        assert_eq!(fates(&[&task, &service, &revision, &large], &[]), [("web (a1)".into(), TaskFate::Moves)]);
        let miss = "whose replacement can't be placed: needs 1024 CPU units; best is i-0c2d with 512 free";
        assert_eq!(fates(&[&task, &service, &revision, &small], &[]), [("web (a1)".into(), stays(miss))]);
        let alone = "whose replacement can't be placed: there is no other instance";
        assert_eq!(fates(&[&task, &service, &revision], &[]), [("web (a1)".into(), stays(alone))]);
        // Where fewer may run for a while, the task stops first.
        let (service, revision) = on_instances(200, 50);
        let stops = TaskFate::StopsFirst("its replacement can't be placed: there is no other instance".into());
        assert_eq!(fates(&[&task, &service, &revision], &[]), [("web (a1)".into(), stops)]);
    }

    #[test]
    fn tasks_that_stay_come_first_and_daemons_last() {
        let (service, _) = on_instances(100, 100);
        let daemon = Service { scheduling_strategy: Some("DAEMON".into()), service_name: "agent".into(), ..web(2) };
        let of = |group: &str, id: &str| Task { group: Some(group.into()), ..on(task(id, 7), "i-0a1b") };
        let rows: [&dyn Row; 6] = [
            &service,
            &daemon,
            &of("service:agent", "d1"),
            &of("service:web", "a1"),
            &of("service:web", "b2"),
            &of("family:batch", "c3"),
        ];
        assert_eq!(
            fates(&rows, &[("b2", 3_600)]),
            [
                ("batch (c3)".into(), stays("a standalone task: draining does not stop it")),
                ("web (a1)".into(), stays("whose service leaves no room: minimum and maximum percent")),
                ("web (b2)".into(), stays(&format!("protected until {}", minute(3_600)))),
                ("agent (d1)".into(), TaskFate::Daemon),
            ]
        );
        assert_eq!(
            fates(&rows, &[("b2", -1)])[2].1,
            stays("whose service leaves no room: minimum and maximum percent")
        );
    }

    fn minute(seconds: i64) -> String {
        let until = now() + jiff::SignedDuration::from_secs(seconds);
        known(&[]).zone.minute(until, now())
    }
}
