//! Writes observations.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    History, HistoryError, Observation,
    groups::group_of,
    ids::RowIds,
    record::{Record, RecordKind},
};
use crate::{
    aws::ScopeId,
    resource::{TypedRow, service::Service, task::Task},
};

impl History {
    /// Records the stopped tasks among `observations`, and the events and deployments of the services, in one
    /// transaction. A row that is recorded already is only replaced by a newer or more complete one.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn record(
        &mut self,
        scope: &ScopeId,
        observations: &[Observation],
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        // In memory, only tasks matter, for their failure groups: the session has the other rows anyway.
        let services = self.is_on_disk();
        let write = self.connection()?.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writer = Writer { transaction: write, scope, ids: RowIds::default(), now };
        for Observation { row, before } in observations {
            let before = before.as_ref().map(|before| before.any());
            match row.typed() {
                TypedRow::Task(task) if task.stopped() => writer.write_task(task)?,
                TypedRow::Service(service) if services => {
                    writer.write_service(service, before.and_then(|before| before.downcast_ref()))?;
                }
                TypedRow::Event(event) if services => writer.write_ungrouped(&Record::from_event(event, now))?,
                TypedRow::Deployment(deployment) if services => {
                    writer.write_ungrouped(&Record::from_deployment(deployment, now))?;
                }
                _ => {}
            }
        }
        Ok(writer.transaction.commit()?)
    }
}

struct Writer<'a> {
    transaction: Transaction<'a>,
    scope: &'a ScopeId,
    ids: RowIds,
    now: Timestamp,
}

impl Writer<'_> {
    fn write_task(&mut self, task: &Task) -> Result<(), HistoryError> {
        let record = Record::from_task(task, self.now);
        let cluster_id = self.ids.cluster_id(&self.transaction, self.scope, &record.cluster)?;
        let (cause, exit_code) = group_of(task, self.now);
        let cause = self.ids.group_id(&self.transaction, cluster_id, cause)?;
        self.upsert(cluster_id, &record, Some(cause), exit_code)
    }

    /// Records what is new in a service since it was last fetched. On the first fetch these are the events newer than
    /// the newest one recorded: AWS returns the newest events, so that all older ones were recorded with it.
    fn write_service(&mut self, service: &Service, before: Option<&Service>) -> Result<(), HistoryError> {
        for deployment in &service.deployments {
            if !before.is_some_and(|before| before.deployments.contains(deployment)) {
                self.write_ungrouped(&Record::from_deployment(deployment, self.now))?;
            }
        }
        if service.events.is_empty() {
            return Ok(());
        }
        let cluster_id = self.ids.cluster_id(&self.transaction, self.scope, &service.cluster_name)?;
        let known: HashSet<&str> =
            before.map(|before| before.events.iter().map(|event| &*event.id).collect()).unwrap_or_default();
        let newest = if before.is_none() { self.newest_event(cluster_id, &service.service_name)? } else { None };
        for event in service.events.iter().filter(|event| !known.contains(&*event.id)) {
            let record = Record::from_event(event, self.now);
            if newest.is_none_or(|newest| record.at >= newest) {
                self.upsert(cluster_id, &record, None, None)?;
            }
        }
        Ok(())
    }

    /// Records a row without a failure group.
    fn write_ungrouped(&mut self, record: &Record) -> Result<(), HistoryError> {
        let cluster_id = self.ids.cluster_id(&self.transaction, self.scope, &record.cluster)?;
        self.upsert(cluster_id, record, None, None)
    }

    fn newest_event(&self, cluster_id: i64, service: &str) -> Result<Option<i64>, HistoryError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT at FROM seen WHERE place = ? AND shelf = ? AND service = ? ORDER BY at DESC LIMIT 1",
        )?;
        Ok(statement.query_row(params![cluster_id, RecordKind::Event as i64, service], |row| row.get(0)).optional()?)
    }

    fn upsert(
        &self,
        cluster_id: i64,
        record: &Record,
        cause: Option<i64>,
        exit_code: Option<i32>,
    ) -> Result<(), HistoryError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO seen (place, shelf, name, service, at, version, first_seen, cause, exit_code, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (place, shelf, name) DO UPDATE SET
                     service = excluded.service, at = excluded.at, version = excluded.version,
                     cause = excluded.cause, exit_code = excluded.exit_code, body = excluded.body
                 WHERE (excluded.at, excluded.version, length(excluded.body)) > (at, version, length(body))",
            )?
            .execute(params![
                cluster_id,
                record.kind as i64,
                record.name,
                record.service,
                record.at,
                record.version,
                self.now.as_millisecond(),
                cause,
                exit_code,
                record.body
            ])?;
        Ok(())
    }
}
