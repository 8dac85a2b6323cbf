//! Writing down what was seen.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    Error, Memory, Scope, Sighting,
    groups::cause_of,
    place::Numbers,
    record::{Record, Shelf},
};
use crate::resource::{deployment::Deployment, event::Event, service::Service, task::Task};

impl Memory {
    /// Writes down the stopped tasks among `sightings`, and the events and deployments of the services: all of them or
    /// none. What is known already, in this console or another, stays unless this is newer or more complete.
    pub fn keep(&mut self, scope: &Scope, sightings: &[Sighting], now: Timestamp) -> Result<(), Error> {
        // Without a file nothing is told of them that the session doesn't know anyway, but for how failures group.
        let services = self.lasts();
        let write = self.connection()?.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut pen = Pen { write, scope, numbers: Numbers::default(), now };
        for Sighting { row, before } in sightings {
            let before = before.as_ref().map(|before| before.any());
            if let Some(task) = row.any().downcast_ref::<Task>().filter(|task| task.stopped()) {
                pen.task(task)?;
            } else if let Some(service) = row.any().downcast_ref::<Service>().filter(|_| services) {
                pen.service(service, before.and_then(|before| before.downcast_ref()))?;
            } else if let Some(event) = row.any().downcast_ref::<Event>().filter(|_| services) {
                pen.alone(&Record::of_event(event, now))?;
            } else if let Some(deployment) = row.any().downcast_ref::<Deployment>().filter(|_| services) {
                pen.alone(&Record::of_deployment(deployment, now))?;
            }
        }
        Ok(pen.write.commit()?)
    }
}

struct Pen<'a> {
    write: Transaction<'a>,
    scope: &'a Scope,
    numbers: Numbers,
    now: Timestamp,
}

impl Pen<'_> {
    fn task(&mut self, task: &Task) -> Result<(), Error> {
        let record = Record::of_task(task, self.now);
        let place = self.numbers.place(&self.write, self.scope, &record.cluster)?;
        let (cause, exit_code) = cause_of(task, self.now);
        let cause = self.numbers.cause(&self.write, place, cause)?;
        self.put(place, &record, Some(cause), exit_code)
    }

    /// What is new in a service since it was last looked at. At first sight, that is what is newer than all that is known
    /// of it: a service tells its newest events, and what comes before the newest that is known was told along with that.
    fn service(&mut self, service: &Service, before: Option<&Service>) -> Result<(), Error> {
        for deployment in &service.deployments {
            if !before.is_some_and(|before| before.deployments.contains(deployment)) {
                self.alone(&Record::of_deployment(deployment, self.now))?;
            }
        }
        if service.events.is_empty() {
            return Ok(());
        }
        let place = self.numbers.place(&self.write, self.scope, &service.cluster_name)?;
        let known: HashSet<&str> =
            before.map(|before| before.events.iter().map(|event| &*event.id).collect()).unwrap_or_default();
        let newest = if before.is_none() { self.newest_event(place, &service.service_name)? } else { None };
        for event in service.events.iter().filter(|event| !known.contains(&*event.id)) {
            let record = Record::of_event(event, self.now);
            if newest.is_none_or(|newest| record.at >= newest) {
                self.put(place, &record, None, None)?;
            }
        }
        Ok(())
    }

    /// What belongs to no group.
    fn alone(&mut self, record: &Record) -> Result<(), Error> {
        let place = self.numbers.place(&self.write, self.scope, &record.cluster)?;
        self.put(place, record, None, None)
    }

    fn newest_event(&self, place: i64, service: &str) -> Result<Option<i64>, Error> {
        let mut statement = self.write.prepare_cached(
            "SELECT at FROM seen WHERE place = ? AND shelf = ? AND service = ? ORDER BY at DESC LIMIT 1",
        )?;
        Ok(statement.query_row(params![place, Shelf::Event as i64, service], |row| row.get(0)).optional()?)
    }

    fn put(&self, place: i64, record: &Record, cause: Option<i64>, exit_code: Option<i32>) -> Result<(), Error> {
        self.write
            .prepare_cached(
                "INSERT INTO seen (place, shelf, name, service, at, version, first_seen, cause, exit_code, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (place, shelf, name) DO UPDATE SET
                     service = excluded.service, at = excluded.at, version = excluded.version,
                     cause = excluded.cause, exit_code = excluded.exit_code, body = excluded.body
                 WHERE (excluded.at, excluded.version, length(excluded.body)) > (at, version, length(body))",
            )?
            .execute(params![
                place,
                record.shelf as i64,
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
