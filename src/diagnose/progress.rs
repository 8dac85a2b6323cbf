//! Whether a row is still changing, has settled, or has failed: what an alert reports.

use super::Known;
use crate::resource::{
    Row, TypedRow,
    format::{count_tasks, one_line},
    instance::Instance,
    service::Service,
    task::Task,
};

/// The progress of a row, each in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    Moving(String),
    Settled(String),
    Failed(String),
}

impl Progress {
    pub fn text(&self) -> &str {
        match self {
            Self::Moving(text) | Self::Settled(text) | Self::Failed(text) => text,
        }
    }

    /// Whether both are the same kind of progress, whatever the counts.
    pub fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// The progress of a service, a task or a container instance; absent for other rows.
pub fn progress(row: &dyn Row, known: &Known<'_>) -> Option<Progress> {
    match row.typed() {
        TypedRow::Service(service) => Some(progress_of_service(service)),
        TypedRow::Task(task) => Some(progress_of_task(task)),
        TypedRow::Instance(instance) => Some(progress_of_instance(instance, known)),
        _ => None,
    }
}

fn progress_of_service(service: &Service) -> Progress {
    let Some(primary) = service.primary() else { return Progress::Moving("not deployed yet".to_owned()) };
    let reason = primary.rollout_state_reason.as_deref().map(one_line).unwrap_or_default();
    let revision = primary.revision();
    match primary.rollout_state.as_deref() {
        Some("FAILED") if reason.is_empty() => Progress::Failed(format!("the rollout of {revision} failed")),
        Some("FAILED") => Progress::Failed(format!("the rollout of {revision} failed: {reason}")),
        _ if service.settled() && reason.contains("rolling back") => Progress::Failed(reason),
        _ if service.settled() => {
            Progress::Settled(format!("steady: {} of {revision} run", count_tasks(service.running_count)))
        }
        _ => Progress::Moving(service.counts()),
    }
}

fn progress_of_task(task: &Task) -> Progress {
    match task.last_status.as_deref() {
        Some("RUNNING") if task.desired_status.as_deref() != Some("STOPPED") => match task.health_status.as_deref() {
            Some("UNHEALTHY") => Progress::Failed("unhealthy".to_owned()),
            _ => Progress::Settled("running".to_owned()),
        },
        Some("STOPPED") => {
            let reason = task.reason().unwrap_or_else(|| "no reason given".to_owned());
            Progress::Failed(format!("stopped: {reason}"))
        }
        _ => Progress::Moving(task.state().into_owned()),
    }
}

fn progress_of_instance(instance: &Instance, known: &Known<'_>) -> Progress {
    let left = known.on_instance(&instance.container_instance_arn).iter().filter(|task| !task.stopped()).count();
    let left = i32::try_from(left).unwrap_or(i32::MAX).max(instance.running_tasks_count + instance.pending_tasks_count);
    match (instance.draining(), left) {
        _ if !instance.agent_connected => Progress::Failed("its agent is disconnected".to_owned()),
        (true, 0) => Progress::Settled("drained: no tasks left".to_owned()),
        (true, left) => Progress::Moving(format!("draining, {} left", count_tasks(left))),
        (false, running) => Progress::Settled(format!("active, {} there", count_tasks(running))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::builders::{crashed, starting, task, web};

    fn of(row: &dyn Row) -> Progress {
        progress(row, &Known::default()).unwrap()
    }

    #[test]
    fn a_service_settles_when_all_its_tasks_run_and_its_rollout_is_over() {
        assert!(matches!(of(&web(2)), Progress::Settled(text) if text.starts_with("steady: 2 tasks of web:")));
        assert!(matches!(of(&Service { running_count: 1, ..web(2) }), Progress::Moving(_)));
        let mut failed = web(2);
        failed.deployments[0].rollout_state = Some("FAILED".into());
        failed.deployments[0].rollout_state_reason = Some("tasks failed to start.".into());
        assert!(matches!(of(&failed), Progress::Failed(text) if text.ends_with("tasks failed to start.")));
    }

    #[test]
    fn a_task_settles_when_it_runs_and_fails_when_it_stops() {
        assert_eq!(of(&task("a", 1)), Progress::Settled("running".into()));
        assert_eq!(of(&starting("a", 1, "PENDING", 5)), Progress::Moving("pending".into()));
        assert!(matches!(of(&crashed("a", 1, 1, 5)), Progress::Failed(text) if text.starts_with("stopped: ")));
    }

    #[test]
    fn an_instance_settles_when_it_is_drained() {
        let draining = |running| Instance {
            status: Some("DRAINING".into()),
            agent_connected: true,
            running_tasks_count: running,
            ..Instance::default()
        };
        assert_eq!(of(&draining(1)), Progress::Moving("draining, 1 task left".into()));
        assert_eq!(of(&draining(0)), Progress::Settled("drained: no tasks left".into()));
        assert!(matches!(of(&Instance { agent_connected: false, ..draining(1) }), Progress::Failed(_)));
    }
}
