//! The rows: one entry per id however many feeds contain it, with its latest changes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Entry,
    enrich::{Dirty, Facts},
};
use crate::{
    diagnose::{self, Known},
    history::{occurred_at, with_archived},
    resource::{
        Context, Kind, Pace, Row, TypedRow, Zone, revision::Revision, service, service::Service, task, task::Task,
    },
};

#[derive(Debug, Default)]
pub(super) struct Store {
    entries: HashMap<Arc<str>, Entry>,
    facts: Facts,
    /// Kinds with rows that have changed since the last publication.
    pub changed_kinds: HashSet<&'static Kind>,
    /// Clusters whose stopped tasks have been listed.
    counted: HashSet<Arc<str>>,
    /// The rules for diagnoses have been loaded.
    pub rules_loaded: bool,
    /// Time zone for times within findings.
    pub zone: Zone,
    dirty: Dirty,
    /// Services that have been diagnosed at least once.
    diagnosed: HashSet<Arc<str>>,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All rows.
    pub(super) fn rows(&self) -> Vec<Arc<dyn Row>> {
        self.entries.values().map(|entry| entry.row.clone()).collect()
    }

    pub(super) fn pace(&self, id: &str) -> Option<Pace> {
        self.entries.get(id).map(|entry| entry.row.pace())
    }

    /// Stores a row from AWS.
    pub(super) fn put(&mut self, row: Arc<dyn Row>, now: Timestamp) {
        let row = self.facts.enrich(&*row).unwrap_or(row);
        // Archived rows have their verdict from the history.
        let judged = if row.archived() { None } else { self.with_verdict(&*row, now) };
        let row = judged.unwrap_or(row);
        let id: Arc<str> = row.id().into();
        let old = self.entries.get(&id);
        let row = old.and_then(|old| carry_over(&*row, &*old.row, now)).unwrap_or(row);
        if old.is_some_and(|old| old.row.same(&*row)) {
            return;
        }
        self.dirty.mark(&*row);
        self.changed_kinds.insert(row.kind());
        let described = row.any().downcast_ref::<Revision>().is_some_and(|revision| revision.described);
        let entry = merge(old, row, now);
        self.entries.insert(id.clone(), entry);
        if described {
            self.diagnose_stopped_tasks(now, |task| task.task_definition_arn.as_deref() == Some(&*id));
        }
    }

    /// Diagnoses stopped tasks from now on, including those that are stored.
    pub(super) fn enable_rules(&mut self, now: Timestamp) {
        self.rules_loaded = true;
        self.diagnose_stopped_tasks(now, |_| true);
        self.mark_all_dirty();
        self.changed_kinds.insert(&service::KIND);
    }

    /// Marks all services for diagnosis again, because findings depend on the last hour.
    pub(super) fn mark_all_dirty(&mut self) {
        self.dirty = Dirty::all();
    }

    /// Diagnoses the stopped tasks that `concerned` selects. A verdict is not a change of the task: nothing is marked.
    fn diagnose_stopped_tasks(&mut self, now: Timestamp, concerned: impl Fn(&Task) -> bool) {
        let tasks = self.entries.iter().filter(|(_, entry)| entry.row.any().downcast_ref().is_some_and(&concerned));
        let judged: Vec<_> =
            tasks.filter_map(|(id, entry)| Some((id.clone(), self.with_verdict(&*entry.row, now)?))).collect();
        for (id, row) in judged {
            if let Some(entry) = self.entries.get_mut(&id) {
                self.dirty.mark(&*row);
                entry.row = row;
                self.changed_kinds.insert(&task::KIND);
            }
        }
    }

    /// The stopped task with its verdict, based on the rows in the store; `None` for other rows.
    fn with_verdict(&self, row: &dyn Row, now: Timestamp) -> Option<Arc<dyn Row>> {
        let task = row.any().downcast_ref::<Task>().filter(|task| self.rules_loaded && task.stopped())?;
        let service = task.service().zip(task.task_arn.split_once(":task/"));
        let service = service.map(|(name, (account, _))| format!("{account}:service/{}/{name}", task.cluster_name));
        let ids = [service.as_deref(), task.task_definition_arn.as_deref(), task.container_instance_arn.as_deref()];
        let rows = ids.into_iter().flatten().filter_map(|id| self.get(id)).map(|entry| &*entry.row);
        let verdict = diagnose::diagnose_stop(task, &Known::of(rows, now));
        Some(Arc::new(Task { verdict: Some(Arc::new(verdict)), ..task.clone() }))
    }

    /// Stores an old or incomplete row, unless the store already has the row.
    pub(super) fn put_if_new(&mut self, row: Arc<dyn Row>, now: Timestamp) {
        if !self.entries.contains_key(row.id()) {
            self.put(row, now);
        }
    }

    /// Sets or clears the archived state of a stopped row; other rows are unaffected.
    pub(super) fn mark_archived(&mut self, id: &str, forgotten: bool, now: Timestamp) {
        let Some(entry) = self.entries.get(id) else { return };
        if occurred_at(&*entry.row).is_some()
            && let Some(row) = with_archived(&*entry.row, forgotten)
        {
            self.put(row, now);
        }
    }

    /// Records that all stopped tasks of `cluster` have been listed.
    pub(super) fn mark_counted(&mut self, cluster: &Arc<str>) {
        if self.counted.insert(cluster.clone()) {
            self.changed_kinds.insert(&task::KIND);
        }
    }

    /// Adds facts from other kinds to rows; failures count if they are within the hour before `now`.
    pub(super) fn enrich(&mut self, now: Timestamp) {
        let mut facts = Facts::default();
        for cluster in &self.counted {
            facts.add_counted_cluster(cluster);
        }
        for entry in self.entries.values() {
            match entry.row.typed() {
                TypedRow::Service(service) => facts.add_service(service),
                TypedRow::Task(task) => facts.add_stopped_task(task, now),
                _ => {}
            }
        }
        for entry in self.entries.values_mut() {
            if let Some(row) = facts.enrich(&*entry.row) {
                self.changed_kinds.insert(row.kind());
                *entry = merge(Some(entry), row, now);
            }
        }
        self.facts = facts;
        self.diagnose_services(now);
    }

    /// Diagnoses the services that something has changed for.
    fn diagnose_services(&mut self, now: Timestamp) {
        if !self.rules_loaded || self.dirty.is_empty() {
            return;
        }
        let dirty = std::mem::take(&mut self.dirty);
        let rows = self.entries.values().map(|entry| &*entry.row);
        let mut known = Known::of(rows.filter(|row| dirty.affects(*row)), now);
        known.zone.clone_from(&self.zone);
        let services =
            self.entries.iter().filter_map(|(id, entry)| Some((id, entry.row.any().downcast_ref::<Service>()?)));
        let examined: Vec<_> = services
            .filter(|(_, service)| dirty.contains(&service.cluster_name, &service.service_name))
            .map(|(id, service)| {
                let findings = diagnose::diagnose_service(service, &known);
                let changed = findings != service.findings;
                let row = changed.then(|| Arc::new(Service { findings, ..service.clone() }) as Arc<dyn Row>);
                (id.clone(), row)
            })
            .collect();
        for (id, row) in examined {
            let first = self.diagnosed.insert(id.clone());
            let Some((row, entry)) = row.zip(self.entries.get_mut(&id)) else { continue };
            self.changed_kinds.insert(&service::KIND);
            // The first diagnosis is not a change.
            *entry = if first { Entry { row, ..entry.clone() } } else { merge(Some(entry), row, now) };
        }
    }

    /// Removes the rows that no feed contains.
    pub(super) fn retain<'a>(&mut self, held: impl Iterator<Item = &'a Arc<str>>) {
        let held: HashSet<&Arc<str>> = held.collect();
        self.entries.retain(|id, _| held.contains(id));
        self.diagnosed.retain(|id| held.contains(id));
    }
}

/// `row` with facts of `before` that AWS does not return; `None` if there are none.
fn carry_over(row: &dyn Row, before: &dyn Row, now: Timestamp) -> Option<Arc<dyn Row>> {
    match (row.typed(), before.typed()) {
        // Until it is diagnosed again.
        (TypedRow::Service(service), TypedRow::Service(before)) if !before.findings.is_empty() => {
            Some(Arc::new(Service { findings: before.findings.clone(), ..service.clone() }))
        }
        (TypedRow::Instance(instance), TypedRow::Instance(before))
            if !instance.agent_connected || instance.draining() =>
        {
            let mut instance = instance.clone();
            instance.remember(before, now);
            Some(Arc::new(instance))
        }
        _ => None,
    }
}

/// Rows derived from `source`, with their changes since `before`.
pub(super) fn derive(
    source: &[Entry],
    rows: fn(&dyn Row) -> Vec<Arc<dyn Row>>,
    before: &[Entry],
    now: Timestamp,
) -> Vec<Entry> {
    with_changes(source.iter().flat_map(|entry| rows(&*entry.row)), before, now)
}

/// Rows with their changes since `before`; equal rows keep their entries.
pub(super) fn with_changes(rows: impl Iterator<Item = Arc<dyn Row>>, before: &[Entry], now: Timestamp) -> Vec<Entry> {
    let before: HashMap<&str, &Entry> = before.iter().map(|entry| (entry.row.id(), entry)).collect();
    rows.map(|row| match before.get(row.id()) {
        Some(old) if old.row.same(&*row) => (*old).clone(),
        old => merge(old.copied(), row, now),
    })
    .collect()
}

/// `row` replacing `old`: differences in columns are marked; other differences keep the old mark.
fn merge(old: Option<&Entry>, row: Arc<dyn Row>, now: Timestamp) -> Entry {
    let Some(old) = old else { return Entry { row, changed: 0, changed_at: None } };
    match row.changes(&*old.row, &Context { now, zone: Zone::UTC }) {
        0 => Entry { row, ..old.clone() },
        changed => Entry { row, changed, changed_at: Some(now) },
    }
}

#[cfg(test)]
mod tests;
