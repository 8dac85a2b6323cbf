//! Reads archived rows.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{params_from_iter, types::Value};

use super::{
    History, HistoryError,
    ids::clusters,
    record::{RecordKind, restore},
};
use crate::{
    aws::ScopeId,
    resource::{Query, Row, View, query::DAY},
};

/// The most rows loaded: without a time range in the query, and with one.
const ROWS: usize = 2_000;
const ROWS_ASKED_FOR: usize = 10_000;

/// The archived rows of a view, newest first.
#[derive(Debug, Default)]
pub struct ArchivedRows {
    pub rows: Vec<Arc<dyn Row>>,
    /// The time range has more rows, older than these.
    pub cut: bool,
}

/// The time from which rows of `query` are shown.
pub fn window_start(query: &Query, now: Timestamp) -> Timestamp {
    let back = SignedDuration::from_secs(query.since.unwrap_or(DAY).into());
    now.checked_sub(back).unwrap_or(Timestamp::MIN)
}

impl History {
    /// The archived rows of `view`. A task named in the query is found at any age.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn archived_rows(
        &mut self,
        scope: &ScopeId,
        view: &View,
        now: Timestamp,
    ) -> Result<ArchivedRows, HistoryError> {
        let Some(kind) = RecordKind::for_kind(view.kind) else { return Ok(ArchivedRows::default()) };
        let query = &view.query;
        let limit = if query.since.is_some() { ROWS_ASKED_FOR } else { ROWS };
        let since = if query.task.is_some() { Timestamp::MIN } else { window_start(query, now) };
        let conditions = conditions(query);
        // The inner query is answered by an index; bodies are read only for the rows selected.
        let sql = format!(
            "SELECT at, service, body FROM seen WHERE id IN (
                 SELECT id FROM seen WHERE place = ? AND shelf = ? AND at >= ?{} ORDER BY at DESC LIMIT ?
             )",
            conditions.iter().map(|(condition, _)| *condition).collect::<String>()
        );
        let connection = self.connection()?;
        let mut rows: Vec<(i64, Arc<dyn Row>)> = Vec::new();
        let mut found = 0;
        for (cluster_id, cluster) in clusters(connection, scope, query.cluster.as_deref())? {
            let mut values: Vec<Value> = vec![cluster_id.into(), (kind as i64).into(), since.as_millisecond().into()];
            values.extend(conditions.iter().map(|(_, value)| Value::from(value.clone())));
            values.push((limit as i64 + 1).into());
            let mut statement = connection.prepare_cached(&sql)?;
            let mut answer = statement.query(params_from_iter(values))?;
            while let Some(row) = answer.next()? {
                let (at, service, body): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                found += 1;
                rows.extend(restore(kind, &cluster, &service, &body, now).map(|row| (at, row)));
            }
        }
        rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        rows.truncate(limit);
        Ok(ArchivedRows { rows: rows.into_iter().map(|(_, row)| row).collect(), cut: found > limit })
    }
}

/// The SQL conditions of a query, and their values.
fn conditions(query: &Query) -> Vec<(&'static str, String)> {
    let revision = |family: &str| match family.contains(':') {
        true => format!("task-definition/{family}\""),
        false => format!("task-definition/{family}:"),
    };
    let parts = [
        (" AND service = ?", query.service.as_deref().map(str::to_owned)),
        (" AND name = ?", query.task.as_deref().map(str::to_owned)),
        (" AND instr(body, ?)", query.instance.as_deref().map(str::to_owned)),
        (" AND instr(body, ?)", query.family.as_deref().map(revision)),
        (" AND cause IN (SELECT id FROM cause WHERE name = ?)", query.group.as_deref().map(str::to_owned)),
    ];
    parts.into_iter().filter_map(|(condition, value)| Some((condition, value?))).collect()
}
