//! Pruning: deletes rows that are too old, then the oldest while the file is too large, in small steps.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{History, HistoryError, HistoryLimits, reclassify, record::RecordKind};

/// The most rows deleted, and pages returned to the disk, per step.
const ROWS: usize = 500;
const PAGES: i64 = 256;

impl History {
    /// Takes one step; returns whether another is needed.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn prune(&mut self, now: Timestamp) -> Result<bool, HistoryError> {
        let limits = self.config.limits;
        let connection = self.connection()?;
        if reclassify::reclassify_batch(connection, now)? {
            return Ok(true);
        }
        let rows = match too_old(connection, limits, now)? {
            old if !old.is_empty() => old,
            _ if used_bytes(connection)? > i64::from(limits.megabytes) << 20 => oldest(connection)?,
            _ => Vec::new(),
        };
        let forgotten = rows.len();
        if forgotten > 0 {
            delete(connection, &rows)?;
        }
        let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        if free > PAGES {
            // The pragma frees one page per row that it returns, and returns no row at the end.
            connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?.query([])?.next()?;
        }
        Ok(forgotten > 0 || free > 2 * PAGES)
    }
}

/// Bytes in use.
fn used_bytes(connection: &Connection) -> Result<i64, HistoryError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
}

fn too_old(connection: &Connection, limits: HistoryLimits, now: Timestamp) -> Result<Vec<i64>, HistoryError> {
    let days = SignedDuration::from_hours(i64::from(limits.days) * 24);
    let oldest = now.checked_sub(days).unwrap_or(Timestamp::MIN).as_millisecond();
    let mut rows = Vec::new();
    for (cluster_id, kind) in kinds_by_cluster(connection)? {
        let mut statement = connection
            .prepare_cached("SELECT id FROM seen WHERE place = ? AND shelf = ? AND at < ? ORDER BY at LIMIT ?")?;
        let room = (ROWS - rows.len()) as i64;
        let found = statement.query_map(params![cluster_id, kind, oldest, room], |row| row.get(0))?;
        rows.extend(found.collect::<Result<Vec<i64>, _>>()?);
    }
    Ok(rows)
}

/// The oldest rows of the cluster and kind with the oldest row of all.
fn oldest(connection: &Connection) -> Result<Vec<i64>, HistoryError> {
    let mut first: Option<(i64, i64, i64)> = None;
    for (cluster_id, kind) in kinds_by_cluster(connection)? {
        let at: Option<i64> = connection
            .prepare_cached("SELECT at FROM seen WHERE place = ? AND shelf = ? ORDER BY at LIMIT 1")?
            .query_row(params![cluster_id, kind], |row| row.get(0))
            .optional()?;
        first = first.into_iter().chain(at.map(|at| (at, cluster_id, kind))).min();
    }
    let Some((_, cluster_id, kind)) = first else { return Ok(Vec::new()) };
    let mut statement =
        connection.prepare_cached("SELECT id FROM seen WHERE place = ? AND shelf = ? ORDER BY at LIMIT ?")?;
    let found = statement.query_map(params![cluster_id, kind, ROWS as i64], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// All pairs of cluster and kind.
fn kinds_by_cluster(connection: &Connection) -> Result<Vec<(i64, i64)>, HistoryError> {
    let mut statement = connection.prepare_cached("SELECT id FROM place")?;
    let clusters = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    Ok(clusters.into_iter().flat_map(|cluster_id| RecordKind::ALL.map(|kind| (cluster_id, kind as i64))).collect())
}

fn delete(connection: &mut Connection, rows: &[i64]) -> Result<(), HistoryError> {
    let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut row = write.prepare_cached("DELETE FROM seen WHERE id = ?")?;
        for id in rows {
            row.execute([id])?;
        }
        write
            .prepare_cached("DELETE FROM cause WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.cause = cause.id)")?
            .execute([])?;
    }
    Ok(write.commit()?)
}
