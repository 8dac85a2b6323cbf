//! Row ids of clusters and failure groups.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::HistoryError;
use crate::aws::ScopeId;

/// Ids looked up so far in one transaction.
#[derive(Debug, Default)]
pub(super) struct RowIds {
    clusters: HashMap<String, i64>,
    groups: HashMap<(i64, String, String), i64>,
}

/// A failure group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailureGroup {
    /// Name in queries.
    pub name: String,
    pub service: String,
    pub revision: String,
    pub container: String,
    pub cause: String,
    pub rule: Option<String>,
    pub failure: bool,
}

impl RowIds {
    pub(super) fn cluster_id(
        &mut self,
        write: &Transaction<'_>,
        scope: &ScopeId,
        cluster: &str,
    ) -> Result<i64, HistoryError> {
        if let Some(id) = self.clusters.get(cluster) {
            return Ok(*id);
        }
        let key = params![scope.endpoint(), scope.account(), scope.region(), cluster];
        write
            .prepare_cached(
                "INSERT INTO place (endpoint, account, region, cluster) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )?
            .execute(key)?;
        let id = write
            .prepare_cached("SELECT id FROM place WHERE endpoint = ? AND account = ? AND region = ? AND cluster = ?")?
            .query_row(key, |row| row.get(0))?;
        self.clusters.insert(cluster.to_owned(), id);
        Ok(id)
    }

    pub(super) fn group_id(
        &mut self,
        write: &Transaction<'_>,
        cluster_id: i64,
        cause: FailureGroup,
    ) -> Result<i64, HistoryError> {
        let key = (cluster_id, cause.service, cause.name);
        if let Some(id) = self.groups.get(&key) {
            return Ok(*id);
        }
        let FailureGroup { revision, container, cause, rule, failure, .. } = cause;
        write
            .prepare_cached(
                "INSERT INTO cause (place, name, service, revision, container, cause, rule, failure)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET rule = excluded.rule, failure = excluded.failure",
            )?
            .execute(params![cluster_id, key.2, key.1, revision, container, cause, rule, failure])?;
        let id = write
            .prepare_cached("SELECT id FROM cause WHERE place = ? AND service = ? AND name = ?")?
            .query_row(params![cluster_id, key.1, key.2], |row| row.get(0))?;
        self.groups.insert(key, id);
        Ok(id)
    }
}

/// Ids and names of the clusters of `scope`, or of the given one.
pub(super) fn clusters(
    connection: &Connection,
    scope: &ScopeId,
    cluster: Option<&str>,
) -> Result<Vec<(i64, String)>, HistoryError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, cluster FROM place
         WHERE endpoint = ? AND account = ? AND region = ? AND (?4 IS NULL OR cluster = ?4)",
    )?;
    let key = params![scope.endpoint(), scope.account(), scope.region(), cluster];
    let rows = statement.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
