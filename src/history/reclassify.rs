//! Reclassification: a newer program may have rules that the one that recorded a task did not have.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    HistoryError,
    groups::group_of,
    ids::RowIds,
    record::{RecordKind, restore},
};
use crate::resource::task::Task;

/// The most tasks classified per step.
const ROWS: usize = 200;

/// The version of the rules: that of the program, as a number.
pub(super) fn rules_version() -> i64 {
    let part = |text: &str| text.parse().unwrap_or(0);
    let [major, minor, patch] =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")].map(part);
    (major * 1_000 + minor) * 1_000 + patch
}

/// A stored task: row id, cluster id, cluster name, service, body.
type StoredTask = (i64, i64, String, String, String);

/// Classifies some of the tasks last classified by an older program; returns whether there are more.
pub(super) fn reclassify_batch(connection: &mut Connection, now: Timestamp) -> Result<bool, HistoryError> {
    let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let judgement = write
        .prepare_cached("SELECT next FROM judgement WHERE version < ?")?
        .query_row([rules_version()], |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(next) = judgement else { return Ok(false) };
    let cases: Vec<StoredTask> = write
        .prepare_cached(
            "SELECT seen.id, place.id, place.cluster, seen.service, seen.body FROM seen JOIN place ON place.id = seen.place
             WHERE seen.id > ? AND seen.shelf = ? ORDER BY seen.id LIMIT ?",
        )?
        .query_map(params![next, RecordKind::Task as i64, ROWS as i64], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut numbers = RowIds::default();
    for (id, cluster_id, cluster, service, body) in &cases {
        let row = restore(RecordKind::Task, cluster, service, body, now);
        let Some(task) = row.as_ref().and_then(|row| row.any().downcast_ref::<Task>()) else { continue };
        let (cause, exit_code) = group_of(task, now);
        let cause = numbers.group_id(&write, *cluster_id, cause)?;
        write
            .prepare_cached("UPDATE seen SET cause = ?, exit_code = ? WHERE id = ?")?
            .execute(params![cause, exit_code, id])?;
    }
    let more = cases.len() == ROWS;
    let (version, next) = match cases.last() {
        Some((id, ..)) if more => (0, *id),
        _ => (rules_version(), 0),
    };
    write.execute("UPDATE judgement SET version = ?, next = ?", [version, next])?;
    write.commit()?;
    Ok(more)
}
