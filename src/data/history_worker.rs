//! The data task's side of the history: observations to write and archived rows to load, one job at a time.
//!
//! A job runs on a thread for blocking work. It takes the history with it and returns it with its result: there is no
//! lock, and no dedicated thread. The first job opens the file after something has arrived from AWS, so that it does
//! not delay the first rows.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::Instant};

use super::FeedKey;
use crate::{
    aws::ScopeId,
    history::{ArchivedRows, History, HistoryConfig, HistoryError, Observation, occurred_at},
    resource::{Query, Row, TypedRow, format::duration, query::DAY, service::Service, task::Task},
};

/// How long observations may wait to be written together.
const WRITE_DELAY: Duration = Duration::from_secs(2);
/// Approximate number of rows per write; also how many observations may wait while the account is unknown.
const BATCH: usize = 1_000;
const MAX_PENDING: usize = 10_000;
/// How long archived rows of a feed are kept after it leaves the screen.
const RELEASE_AFTER: Duration = Duration::from_mins(15);
/// When pruning begins, its interval, and the wait after a step that left work to do.
const PRUNE: (Duration, Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(10), Duration::from_secs(1));

/// The archived rows of one feed.
#[derive(Debug, Default)]
pub(super) struct ArchivedFeed {
    /// Ids of the rows. The rows themselves are in the store.
    pub ids: Vec<Arc<str>>,
    /// Incremented when the ids change, or when the history has answered.
    pub revision: u64,
    answered: bool,
    /// The archived rows must be loaded, or loaded again.
    load_due: bool,
    /// Since when the feed is not on screen.
    unwatched_since: Option<Instant>,
}

/// The failures of one view, grouped.
#[derive(Debug, Default)]
pub(super) struct FailureGroups {
    pub rows: Vec<Arc<dyn Row>>,
    pub revision: u64,
    /// Observations have been added since the groups were last counted.
    dirty: bool,
    answered: bool,
}

/// The result of a job.
pub(super) struct JobResult {
    history: History,
    notices: Vec<String>,
    restarted: bool,
    answer: JobOutput,
}

enum JobOutput {
    Recorded,
    Archived(FeedKey, ArchivedRows),
    Failures(FeedKey, Vec<Arc<dyn Row>>),
    Pruned { more: bool },
}

/// Changes for others that a job causes.
#[derive(Debug, Default)]
pub(super) struct HistoryUpdate {
    /// Notices for the user.
    pub notices: Vec<String>,
    /// The file was replaced: everything this session has seen must be written again.
    pub restarted: bool,
    /// The feed that rows were loaded for, and the rows.
    pub archived: Option<(FeedKey, Vec<Arc<dyn Row>>)>,
}

pub(super) struct HistoryWorker {
    config: HistoryConfig,
    now: fn() -> Timestamp,
    /// Absent while a job has it; created by the first job.
    history: Option<History>,
    jobs: JoinSet<JobResult>,
    /// The scope of the rows; absent until AWS has returned the account.
    scope: Option<ScopeId>,
    /// The account was requested, and is not available.
    scope_unknown: bool,
    /// Something has arrived from AWS.
    started: bool,
    /// A job panicked: no more jobs are started.
    broken: bool,
    observations: Vec<Observation>,
    write_at: Option<Instant>,
    prune_at: Instant,
    archived: HashMap<FeedKey, ArchivedFeed>,
    groups: HashMap<FeedKey, FailureGroups>,
}

impl HistoryWorker {
    pub(super) fn new(config: HistoryConfig, now: fn() -> Timestamp) -> Self {
        Self {
            config,
            now,
            history: None,
            jobs: JoinSet::new(),
            scope: None,
            scope_unknown: false,
            started: false,
            broken: false,
            observations: Vec::new(),
            write_at: None,
            prune_at: Instant::now() + PRUNE.0,
            archived: HashMap::new(),
            groups: HashMap::new(),
        }
    }

    /// Sets the scope once AWS has returned the account, or an ARN has shown it.
    pub(super) fn set_scope(&mut self, scope: ScopeId) {
        self.scope.get_or_insert(scope);
    }

    pub(super) fn set_scope_unknown(&mut self) {
        self.scope_unknown = true;
    }

    /// Allows jobs after the first response from AWS, even a failure.
    pub(super) fn enable(&mut self) {
        self.started = true;
    }

    /// Sets which feeds are shown with archived rows, and which views with failure groups.
    pub(super) fn set_demand(&mut self, feeds: HashSet<FeedKey>, groups: HashSet<FeedKey>, now: Instant) {
        for (key, feed) in &mut self.archived {
            if !feeds.contains(key) {
                feed.unwatched_since.get_or_insert(now);
            }
        }
        for key in feeds {
            let feed = self.archived.entry(key).or_insert(ArchivedFeed { load_due: true, ..ArchivedFeed::default() });
            // Rows that AWS forgot while the feed was off screen are only in the history.
            feed.load_due |= feed.unwatched_since.take().is_some();
        }
        self.groups.retain(|key, _| groups.contains(key));
        for key in groups {
            self.groups.entry(key).or_insert(FailureGroups { dirty: true, ..FailureGroups::default() });
        }
    }

    pub(super) fn archived(&self, key: &FeedKey) -> Option<&ArchivedFeed> {
        self.archived.get(key)
    }

    pub(super) fn groups(&self, key: &FeedKey) -> Option<&FailureGroups> {
        self.groups.get(key)
    }

    /// Ids of all loaded rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.archived.values().flat_map(|feed| &feed.ids)
    }

    /// Whether loading for this feed is complete.
    pub(super) fn is_settled(&self, key: &FeedKey) -> bool {
        let answered = self.archived.get(key).is_none_or(|feed| feed.answered);
        let counted = self.groups.get(key).is_none_or(|groups| {
            groups.answered && !groups.dirty && !self.observations.iter().any(|observation| is_task(&observation.row))
        });
        (answered && counted) || self.broken || (self.scope.is_none() && self.scope_unknown)
    }

    /// Keeps a row in the feed that AWS no longer knows.
    pub(super) fn add_archived(&mut self, key: &FeedKey, id: Arc<str>) {
        if let Some(feed) = self.archived.get_mut(key) {
            // It may have been loaded while AWS still had it.
            if !feed.ids.contains(&id) {
                feed.ids.push(id);
            }
            feed.revision += 1;
        }
    }

    /// Recounts groups, whose period moves with time, and releases feeds that are long off screen.
    pub(super) fn on_minute(&mut self, now: Instant) {
        self.mark_groups_stale();
        self.archived.retain(|_, feed| feed.unwatched_since.is_none_or(|since| now - since < RELEASE_AFTER));
    }

    /// Records a row from AWS if it has something that AWS will forget.
    pub(super) fn observe(&mut self, row: Arc<dyn Row>, before: Option<Arc<dyn Row>>, now: Instant) {
        if !is_worth_recording(&*row, before.as_deref()) || self.observations.len() >= MAX_PENDING {
            return;
        }
        self.observations.push(Observation { row, before });
        self.write_at.get_or_insert(now + WRITE_DELAY);
    }

    /// Replaces pending rows by their current versions.
    pub(super) fn refresh_pending(&mut self, known: impl Fn(&str) -> Option<Arc<dyn Row>>) {
        for observation in self.observations.iter_mut().filter(|observation| is_task(&observation.row)) {
            if let Some(row) = known(observation.row.id()) {
                observation.row = row;
            }
        }
    }

    /// Starts the next due job, if none is running; returns when the next will be due.
    pub(super) fn start(&mut self, now: Instant) -> Option<Instant> {
        if self.broken || !self.started || !self.jobs.is_empty() {
            return None;
        }
        let scope = self.scope.clone()?;
        if let Some(key) = self.archived.iter().find(|(_, feed)| feed.load_due).map(|(key, _)| key.clone()) {
            self.load_archived(scope, key);
        } else if let Some(key) = self.groups.iter().find(|(_, groups)| !groups.answered).map(|(key, _)| key.clone()) {
            self.count_failures(scope, key);
        } else if self.write_at.is_some_and(|at| at <= now)
            || (!self.observations.is_empty() && !self.groups.is_empty())
        {
            self.write(scope, now);
        } else if let Some(key) = self.groups.iter().find(|(_, groups)| groups.dirty).map(|(key, _)| key.clone()) {
            self.count_failures(scope, key);
        } else if self.prune_at <= now {
            self.spawn(
                |history, now| Ok(JobOutput::Pruned { more: history.prune(now)? }),
                || JobOutput::Pruned { more: false },
            );
        } else {
            return self.write_at.into_iter().chain([self.prune_at]).min();
        }
        None
    }

    fn load_archived(&mut self, scope: ScopeId, key: FeedKey) {
        if let Some(feed) = self.archived.get_mut(&key) {
            feed.load_due = false;
        }
        let nothing = key.clone();
        self.spawn(
            move |history, now| Ok(JobOutput::Archived(key.clone(), history.archived_rows(&scope, &key, now)?)),
            || JobOutput::Archived(nothing, ArchivedRows::default()),
        );
    }

    fn count_failures(&mut self, scope: ScopeId, key: FeedKey) {
        if let Some(groups) = self.groups.get_mut(&key) {
            groups.dirty = false;
        }
        let nothing = key.clone();
        self.spawn(
            move |history, now| Ok(JobOutput::Failures(key.clone(), history.failures(&scope, &key.query, now)?)),
            || JobOutput::Failures(nothing, Vec::new()),
        );
    }

    fn write(&mut self, scope: ScopeId, now: Instant) {
        self.mark_groups_stale();
        let mut rows = 0;
        let few = self.observations.iter().take_while(|observation| {
            let room = rows < BATCH;
            rows += record_count(&*observation.row);
            room
        });
        let few = few.count();
        let batch: Vec<Observation> = self.observations.drain(..few).collect();
        self.write_at = (!self.observations.is_empty()).then_some(now);
        self.spawn(
            move |history, now| {
                history.record(&scope, &batch, now)?;
                Ok(JobOutput::Recorded)
            },
            || JobOutput::Recorded,
        );
    }

    /// Runs `work` on a thread for blocking work; `otherwise` is the result if that fails.
    fn spawn(
        &mut self,
        work: impl Fn(&mut History, Timestamp) -> Result<JobOutput, HistoryError> + Send + 'static,
        otherwise: impl FnOnce() -> JobOutput + Send + 'static,
    ) {
        let (history, config, now) = (self.history.take(), self.config.clone(), self.now);
        self.jobs.spawn_blocking(move || {
            let now = now();
            let (mut history, notice) = history.map_or_else(|| History::open(config, now), |history| (history, None));
            let (mut notices, mut restarted) = (Vec::from_iter(notice), false);
            let answer = work(&mut history, now).or_else(|error| {
                notices.extend(history.recover(&error, now));
                restarted = true;
                work(&mut history, now)
            });
            JobResult { history, notices, restarted, answer: answer.unwrap_or_else(|_| otherwise()) }
        });
    }

    /// Waits for the result of the job in flight; forever while there is none. Cancel safe.
    pub(super) async fn next_result(&mut self) -> Option<JobResult> {
        match self.jobs.join_next().await {
            Some(Ok(outcome)) => Some(outcome),
            Some(Err(error)) => {
                tracing::error!("the history is disabled: {error}");
                self.broken = true;
                None
            }
            None => std::future::pending().await,
        }
    }

    /// Takes the history back, and applies the result. Loaded rows go to the store.
    pub(super) fn apply(&mut self, outcome: JobResult, now: Instant) -> HistoryUpdate {
        let JobResult { history, notices, restarted, answer } = outcome;
        self.history = Some(history);
        let mut update = HistoryUpdate { notices, restarted, archived: None };
        match answer {
            JobOutput::Recorded => {}
            JobOutput::Archived(key, ArchivedRows { rows, cut }) => {
                if cut {
                    update.notices.push(describe_cut(&key.query, rows.len()));
                }
                if let Some(feed) = self.archived.get_mut(&key) {
                    let known: HashSet<Arc<str>> = feed.ids.iter().cloned().collect();
                    feed.ids.extend(rows.iter().map(|row| Arc::from(row.id())).filter(|id| !known.contains(id)));
                    feed.answered = true;
                    feed.revision += 1;
                }
                update.archived = Some((key, rows));
            }
            JobOutput::Failures(key, rows) => {
                if let Some(groups) = self.groups.get_mut(&key) {
                    groups.rows = rows;
                    groups.answered = true;
                    groups.revision += 1;
                }
            }
            JobOutput::Pruned { more } => self.prune_at = now + if more { PRUNE.2 } else { PRUNE.1 },
        }
        update
    }

    fn mark_groups_stale(&mut self) {
        self.groups.values_mut().for_each(|groups| groups.dirty = true);
    }

    /// Writes pending observations.
    pub(super) async fn finish(mut self) {
        loop {
            while !self.jobs.is_empty() {
                if let Some(JobResult { history, .. }) = self.next_result().await {
                    self.history = Some(history);
                }
            }
            match self.scope.clone().filter(|_| !self.observations.is_empty() && !self.broken) {
                Some(scope) => self.write(scope, Instant::now()),
                None => return,
            }
        }
    }
}

fn describe_cut(query: &Query, rows: usize) -> String {
    let back = duration(query.since.unwrap_or(DAY).into());
    let more = if query.since.is_none() { "; since=… shows more" } else { "" };
    format!("showing the newest {rows} rows in the history of the last {back}{more}")
}

/// Whether `row` has something that AWS will forget, and that `before` lacked.
fn is_worth_recording(row: &dyn Row, before: Option<&dyn Row>) -> bool {
    match (row.typed(), before.map(|before| before.typed())) {
        (TypedRow::Task(task), _) => task.stopped(),
        (TypedRow::Service(service), Some(TypedRow::Service(before))) => {
            let newest = |service: &Service| service.events.first().map(|event| event.id.clone());
            newest(service) != newest(before) || service.deployments != before.deployments
        }
        (TypedRow::Service(_), _) => true,
        _ => occurred_at(row).is_some(),
    }
}

fn is_task(row: &Arc<dyn Row>) -> bool {
    row.any().is::<Task>()
}

/// The number of records that an observation writes.
fn record_count(row: &dyn Row) -> usize {
    row.any().downcast_ref::<Service>().map_or(1, |service| 1 + service.events.len())
}
