//! The log target of a task, and the task that ran before it.

use jiff::Timestamp;

use super::Task;
use crate::resource::{
    LogTarget, Query,
    format::{seconds_since, short_id},
    query::DAY,
};

/// Margin in seconds when looking for tasks that ran around an archived one.
const HOUR: i64 = 3_600;

impl Task {
    /// Log target with this task only, and a query that also covers the tasks before and after it.
    pub fn logs(&self, now: Timestamp) -> LogTarget {
        let family = self.revision().rsplit_once(':').map(|(family, _)| family);
        let (of, query) = match (self.service(), family) {
            (Some(service), _) => (service, Query::service(&*self.cluster_name, service)),
            (None, Some(family)) => {
                (family, Query { family: Some(family.into()), ..Query::cluster(&*self.cluster_name) })
            }
            (None, None) => (&*self.cluster_name, Query::task(&*self.cluster_name, &*self.task_arn)),
        };
        // For an archived task, look back to the time when it ran.
        let age = self.ended().filter(|_| self.archived).map(|ended| seconds_since(ended, now) + HOUR);
        let since = age.filter(|age| *age > i64::from(DAY)).and_then(|age| u32::try_from(age).ok());
        let name = format!("{of}/{}", short_id(&self.task_arn));
        LogTarget::task(name, Query { since, ..query }, &self.task_arn)
    }
}

/// Finds the stopped task before `before`, in the order in which tasks were created; or the one that stopped last.
pub fn predecessor<'a>(tasks: &[&'a Task], before: Option<&Task>) -> Option<&'a Task> {
    let stopped = tasks.iter().filter(|task| task.stopped()).copied();
    let Some(before) = before else { return stopped.max_by_key(|task| task.ended()) };
    stopped.filter(|task| task.creation() < before.creation()).max_by_key(|task| task.creation())
}
