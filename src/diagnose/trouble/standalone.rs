//! Standalone tasks: families that keep failing.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::Trouble;
use crate::resource::{
    Query, Row, Status, View,
    finding::{Finding, Problem},
    format::seconds_since,
    task::{self, Task},
};

/// How long ago a failure still counts.
const HOUR: i64 = 3600;
/// Number of failures in a row that make a crash loop.
const CRASH_LOOP: usize = 3;

/// A run of a family, and its row.
type TaskRun<'a> = (&'a Task, &'a Arc<dyn Row>);

/// One problem for each family of standalone tasks that fails; none after a successful run.
pub(super) fn find_crash_loops(rows: &[Arc<dyn Row>], now: Timestamp) -> Vec<Trouble> {
    let mut families: BTreeMap<(&str, &str), Vec<TaskRun<'_>>> = BTreeMap::new();
    for row in rows {
        let Some(task) = row.any().downcast_ref::<Task>() else { continue };
        let recent = task.stopped_at.is_some_and(|at| seconds_since(at, now) < HOUR);
        if task.stopped() && task.service().is_none() && recent {
            families.entry((&task.cluster_name, family(task))).or_default().push((task, row));
        }
    }
    families.into_iter().filter_map(|((cluster, family), runs)| crash_loop(cluster, family, runs)).collect()
}

/// The family of its task definition.
fn family(task: &Task) -> &str {
    task.revision().split(':').next().unwrap_or_default()
}

fn crash_loop(cluster: &str, family: &str, mut runs: Vec<TaskRun<'_>>) -> Option<Trouble> {
    runs.sort_by_key(|(task, _)| std::cmp::Reverse(task.stopped_at));
    let failed: Vec<_> = runs.iter().filter(|(task, _)| task.failed()).collect();
    let in_a_row = runs.iter().take_while(|(task, _)| task.failed()).count();
    let (newest, row) = failed.first()?;
    // A single failure before a success is over.
    if in_a_row == 0 && failed.len() < CRASH_LOOP {
        return None;
    }
    let problem = if in_a_row >= CRASH_LOOP { Problem::CrashLoop } else { Problem::TaskFailed };
    let why = newest.verdict.as_ref().map(|verdict| verdict.line()).or_else(|| newest.reason());
    let why = why.unwrap_or_else(|| "no reason was given".to_owned());
    let cause = match failed.len() {
        1 => why,
        count => format!("{why}; {count} of {} runs failed within an hour", runs.len()),
    };
    let since = failed.last().and_then(|(task, _)| task.stopped_at);
    let finding = Finding { problem, since, cause, verdict: newest.verdict.clone() };
    let stopped = Query { status: Status::Stopped, ..Query::cluster(cluster) };
    let trouble = Trouble::from_findings(&[finding], row, View::new(&task::KIND, stopped))?;
    Some(Trouble { name: family.to_owned(), ..trouble })
}
