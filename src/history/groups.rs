//! Failure groups: stopped tasks with the same cause, counted by SQLite.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    History, HistoryError,
    ids::{FailureGroup, clusters},
    read::window_start,
    record::{RecordKind, restore, verdict_of},
};
use crate::{
    aws::ScopeId,
    diagnose::{
        GroupKey,
        failures::{FailureCounts, Failures},
        group_key,
    },
    knowledge::Class,
    resource::{Query, Row, task::Task},
};

/// The most groups returned; the newest ones.
const GROUPS: usize = 1_000;

/// The failure group of a stopped task, and its exit code.
pub(super) fn group_of(task: &Task, now: Timestamp) -> (FailureGroup, Option<i32>) {
    let verdict = verdict_of(task, now);
    let GroupKey { service, revision, container, cause } = group_key(task, &verdict);
    let name = group_name(&revision, &container, &cause);
    let rule = verdict.rule.map(str::to_owned);
    let failure = verdict.class >= Class::Failure;
    (FailureGroup { name, service, revision, container, cause, rule, failure }, verdict.exit_code)
}

/// The name of a group in queries: `web:7 app STOP-OOM`.
fn group_name(revision: &str, container: &str, cause: &str) -> String {
    [revision, container, cause].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns whether a stopped task belongs to the failure group with this name.
pub fn in_group(task: &Task, name: &str) -> bool {
    task.verdict.as_deref().is_some_and(|verdict| {
        let key = group_key(task, verdict);
        group_name(&key.revision, &key.container, &key.cause) == name
    })
}

/// Counts of a group, and the exit code of its newest member.
struct GroupTally {
    id: i64,
    newest: Option<i32>,
    counted: FailureCounts,
}

impl History {
    /// The failure groups in the time range of `query`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn failures(
        &mut self,
        scope: &ScopeId,
        query: &Query,
        now: Timestamp,
    ) -> Result<Vec<Arc<dyn Row>>, HistoryError> {
        let connection = self.connection()?;
        let mut sums = Vec::new();
        for (cluster_id, cluster) in clusters(connection, scope, query.cluster.as_deref())? {
            sums.extend(count_by_group(connection, cluster_id, &cluster, query, now)?);
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.counted.last));
        sums.truncate(GROUPS);
        let since = query.since;
        let group = |sum: GroupTally| {
            let newest = newest_member(connection, &sum, now)?;
            Ok(Arc::new(Failures::new(sum.counted, newest, since)) as Arc<dyn Row>)
        };
        sums.into_iter().map(group).collect()
    }
}

fn count_by_group(
    connection: &Connection,
    cluster_id: i64,
    cluster: &str,
    query: &Query,
    now: Timestamp,
) -> Result<Vec<GroupTally>, HistoryError> {
    // The index on cause covers all columns of `seen` used here.
    let mut statement = connection.prepare_cached(
        "SELECT cause.id, cause.name, cause.service, cause.revision, cause.container, cause.cause,
                seen.exit_code, count(*), min(seen.at), max(seen.at)
         FROM cause CROSS JOIN seen ON seen.cause = cause.id
         WHERE cause.place = ?1 AND cause.failure AND (?2 IS NULL OR cause.service = ?2) AND seen.at >= ?3
         GROUP BY cause.id, seen.exit_code",
    )?;
    let since = window_start(query, now).as_millisecond();
    let mut answer = statement.query(params![cluster_id, query.service.as_deref(), since])?;
    let mut sums: HashMap<i64, GroupTally> = HashMap::new();
    while let Some(row) = answer.next()? {
        let (first, last) = (timestamp(row.get(8)?), timestamp(row.get(9)?));
        let (id, exit_code): (i64, Option<i32>) = (row.get(0)?, row.get(6)?);
        let fresh = FailureCounts {
            cluster_name: cluster.to_owned(),
            name: row.get::<_, String>(1)?.into(),
            service: row.get(2)?,
            revision: row.get(3)?,
            container: row.get(4)?,
            cause: row.get(5)?,
            count: 0,
            first,
            last,
            exit_codes: Vec::new(),
        };
        let sum = sums.entry(id).or_insert(GroupTally { id, newest: exit_code, counted: fresh });
        if last > sum.counted.last {
            sum.newest = exit_code;
        }
        sum.counted.count += row.get::<_, i64>(7)?.unsigned_abs();
        sum.counted.first = sum.counted.first.min(first);
        sum.counted.last = sum.counted.last.max(last);
        sum.counted.exit_codes.extend(exit_code);
    }
    Ok(sums.into_values().collect())
}

/// The newest task of a group.
fn newest_member(connection: &Connection, sum: &GroupTally, now: Timestamp) -> Result<Option<Arc<Task>>, HistoryError> {
    let body = connection
        .prepare_cached("SELECT service, body FROM seen WHERE cause = ? AND exit_code IS ? AND at = ? LIMIT 1")?
        .query_row(params![sum.id, sum.newest, sum.counted.last.as_millisecond()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let row =
        body.and_then(|(service, body)| restore(RecordKind::Task, &sum.counted.cluster_name, &service, &body, now));
    let task = row.as_ref().and_then(|row| row.any().downcast_ref::<Task>());
    // Whether AWS still has the task is not known here.
    Ok(task.map(|task| Arc::new(Task { archived: false, ..task.clone() })))
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests;
