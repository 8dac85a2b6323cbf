//! The container that a session is in: its task is polled on, and its end ends the session.

use super::Model;
use crate::resource::{Query, TypedRow, View, task};

impl Model {
    /// The view with nothing but the task that a session is in.
    pub(super) fn entered_view(&self) -> Option<View> {
        let target = self.entered.as_ref()?.container()?;
        Some(View::new(&task::KIND, Query::task(&*target.cluster_name, &*target.task_arn)))
    }

    /// Why the task that a session is in has stopped; absent while it runs.
    pub fn why_entered_stopped(&self) -> Option<String> {
        let feed = self.snapshot.feeds.get(&self.entered_view()?)?;
        let stopped = |row: TypedRow<'_>| match row {
            TypedRow::Task(task) => task.stop_notice(),
            _ => None,
        };
        feed.rows.iter().find_map(|entry| stopped(entry.row.typed()))
    }
}
