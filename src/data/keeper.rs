//! The data task's end of memory: what is to be written, what is to be recalled, one job at a time.
//!
//! A job runs on a thread for work that blocks. It takes the memory along and brings it back with its answer: no lock, and
//! no thread of its own. The first job opens the file, once something has come from AWS: not on the way to the first rows.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::Instant};

use super::FeedKey;
use crate::{
    aws::Identity,
    memory::{Error, Keep, Memory, Recalled, Scope, Sighting, moment},
    resource::{Query, Row, format::duration, query::DAY, service::Service, task::Task},
};

/// How long what was seen may wait to be written together with more.
const WRITE: Duration = Duration::from_secs(2);
/// Rows that are written at once, about; and sightings that wait at most while nobody knows whose they are.
const BATCH: usize = 1_000;
const WAITING: usize = 10_000;
/// How long what was recalled for a feed is held after the last look.
const FORGET: Duration = Duration::from_secs(900);
/// When tidying up begins, how often, and how soon after a step that left something to do.
const TIDY: (Duration, Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(600), Duration::from_secs(1));

/// What is remembered for one feed.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Ids of the rows, which are in the store.
    pub ids: Vec<Arc<str>>,
    /// Grows when the ids change, or when memory has answered.
    pub revision: u64,
    answered: bool,
    /// Memory is to be asked, be it again.
    due: bool,
    /// Since when nobody looks at the feed.
    unseen: Option<Instant>,
}

/// The failures of one view, grouped.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub rows: Vec<Arc<dyn Row>>,
    pub revision: u64,
    /// What they were last counted from is not all that is known by now.
    stale: bool,
    answered: bool,
}

/// A job that is done.
pub(super) struct Outcome {
    memory: Memory,
    told: Vec<String>,
    anew: bool,
    answer: Answer,
}

enum Answer {
    Kept,
    Recalled(FeedKey, Recalled),
    Failures(FeedKey, Vec<Arc<dyn Row>>),
    Tidied { more: bool },
}

/// What a job means for others.
#[derive(Debug, Default)]
pub(super) struct News {
    /// What a person should know.
    pub told: Vec<String>,
    /// The file was given up: what this session has seen is to be written again.
    pub anew: bool,
    /// The feed that something was recalled for, and the rows.
    pub recalled: Option<(FeedKey, Vec<Arc<dyn Row>>)>,
}

pub(super) struct Keeper {
    keep: Keep,
    now: fn() -> Timestamp,
    /// Here unless a job has it; made by the first one.
    memory: Option<Memory>,
    jobs: JoinSet<Outcome>,
    /// Whose rows they are; absent until AWS has told.
    scope: Option<Scope>,
    /// It was asked whose they are, and nobody could say.
    nameless: bool,
    /// Something has come.
    begun: bool,
    /// A job went wrong in a way that none should: no more of them.
    broken: bool,
    sightings: Vec<Sighting>,
    write_at: Option<Instant>,
    tidy_at: Instant,
    kept: HashMap<FeedKey, Kept>,
    groups: HashMap<FeedKey, Groups>,
}

impl Keeper {
    pub(super) fn new(keep: Keep, now: fn() -> Timestamp) -> Self {
        Self {
            keep,
            now,
            memory: None,
            jobs: JoinSet::new(),
            scope: None,
            nameless: false,
            begun: false,
            broken: false,
            sightings: Vec::new(),
            write_at: None,
            tidy_at: Instant::now() + TIDY.0,
            kept: HashMap::new(),
            groups: HashMap::new(),
        }
    }

    /// AWS said whose rows they are, or an ARN did.
    pub(super) fn belongs_to(&mut self, account: &str, identity: &Identity) {
        if self.scope.is_none() && !account.is_empty() {
            self.scope = Some(Scope {
                account: account.into(),
                region: identity.region.clone().unwrap_or_default(),
                endpoint: identity.endpoint_url.as_deref().unwrap_or_default().trim_end_matches('/').to_owned(),
            });
        }
    }

    pub(super) fn nameless(&mut self) {
        self.nameless = true;
    }

    /// Something has come, be it a failure.
    pub(super) fn begin(&mut self) {
        self.begun = true;
    }

    /// Which feeds are to come with what is remembered of them, and which views with groups of failures.
    pub(super) fn want(&mut self, feeds: HashSet<FeedKey>, groups: HashSet<FeedKey>, now: Instant) {
        for (key, kept) in &mut self.kept {
            if !feeds.contains(key) {
                kept.unseen.get_or_insert(now);
            }
        }
        for key in feeds {
            let kept = self.kept.entry(key).or_insert(Kept { due: true, ..Kept::default() });
            // What AWS forgot while nobody looked is only in memory.
            kept.due |= kept.unseen.take().is_some();
        }
        self.groups.retain(|key, _| groups.contains(key));
        for key in groups {
            self.groups.entry(key).or_insert(Groups { stale: true, ..Groups::default() });
        }
    }

    pub(super) fn kept(&self, key: &FeedKey) -> Option<&Kept> {
        self.kept.get(key)
    }

    pub(super) fn groups(&self, key: &FeedKey) -> Option<&Groups> {
        self.groups.get(key)
    }

    /// Ids of all that was recalled.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.kept.values().flat_map(|kept| &kept.ids)
    }

    /// Whether all that will come for this feed has come.
    pub(super) fn settled(&self, key: &FeedKey) -> bool {
        let answered = self.kept.get(key).is_none_or(|kept| kept.answered);
        let counted = self.groups.get(key).is_none_or(|groups| {
            groups.answered && !groups.stale && !self.sightings.iter().any(|sighting| is_task(&sighting.row))
        });
        (answered && counted) || self.broken || (self.scope.is_none() && self.nameless)
    }

    /// A row that AWS no longer knows stays in the feed.
    pub(super) fn keep_in(&mut self, key: &FeedKey, id: Arc<str>) {
        if let Some(kept) = self.kept.get_mut(key) {
            // It may have been recalled while AWS still had it.
            if !kept.ids.contains(&id) {
                kept.ids.push(id);
            }
            kept.revision += 1;
        }
    }

    /// Time has passed: groups are counted over another stretch of it, and feeds long unseen are let go.
    pub(super) fn minute(&mut self, now: Instant) {
        self.count_again();
        self.kept.retain(|_, kept| kept.unseen.is_none_or(|since| now - since < FORGET));
    }

    /// A row came from AWS; what of it will be forgotten there is noted, to be written down.
    pub(super) fn sight(&mut self, row: Arc<dyn Row>, before: Option<Arc<dyn Row>>, now: Instant) {
        if !worth_writing(&*row, before.as_deref()) || self.sightings.len() >= WAITING {
            return;
        }
        self.sightings.push(Sighting { row, before });
        self.write_at.get_or_insert(now + WRITE);
    }

    /// The rows that wait to be written, as they are known by now.
    pub(super) fn renew(&mut self, known: impl Fn(&str) -> Option<Arc<dyn Row>>) {
        for sighting in self.sightings.iter_mut().filter(|sighting| is_task(&sighting.row)) {
            if let Some(row) = known(sighting.row.id()) {
                sighting.row = row;
            }
        }
    }

    /// Begins what is due, one thing at a time; says when something will be.
    pub(super) fn start(&mut self, now: Instant) -> Option<Instant> {
        if self.broken || !self.begun || !self.jobs.is_empty() {
            return None;
        }
        let scope = self.scope.clone()?;
        if let Some(key) = self.kept.iter().find(|(_, kept)| kept.due).map(|(key, _)| key.clone()) {
            self.recall(scope, key);
        } else if let Some(key) = self.groups.iter().find(|(_, groups)| !groups.answered).map(|(key, _)| key.clone()) {
            self.count(scope, key);
        } else if self.write_at.is_some_and(|at| at <= now) || (!self.sightings.is_empty() && !self.groups.is_empty()) {
            self.write(scope, now);
        } else if let Some(key) = self.groups.iter().find(|(_, groups)| groups.stale).map(|(key, _)| key.clone()) {
            self.count(scope, key);
        } else if self.tidy_at <= now {
            self.job(|memory, now| Ok(Answer::Tidied { more: memory.tidy(now)? }), || Answer::Tidied { more: false });
        } else {
            return self.write_at.into_iter().chain([self.tidy_at]).min();
        }
        None
    }

    fn recall(&mut self, scope: Scope, key: FeedKey) {
        if let Some(kept) = self.kept.get_mut(&key) {
            kept.due = false;
        }
        let nothing = key.clone();
        self.job(
            move |memory, now| Ok(Answer::Recalled(key.clone(), memory.recall(&scope, &key, now)?)),
            || Answer::Recalled(nothing, Recalled::default()),
        );
    }

    fn count(&mut self, scope: Scope, key: FeedKey) {
        if let Some(groups) = self.groups.get_mut(&key) {
            groups.stale = false;
        }
        let nothing = key.clone();
        self.job(
            move |memory, now| Ok(Answer::Failures(key.clone(), memory.failures(&scope, &key.query, now)?)),
            || Answer::Failures(nothing, Vec::new()),
        );
    }

    fn write(&mut self, scope: Scope, now: Instant) {
        self.count_again();
        let mut rows = 0;
        let few = self.sightings.iter().take_while(|sighting| {
            let room = rows < BATCH;
            rows += weight(&*sighting.row);
            room
        });
        let few = few.count();
        let batch: Vec<Sighting> = self.sightings.drain(..few).collect();
        self.write_at = (!self.sightings.is_empty()).then_some(now);
        self.job(
            move |memory, now| {
                memory.keep(&scope, &batch, now)?;
                Ok(Answer::Kept)
            },
            || Answer::Kept,
        );
    }

    /// Does `work` where it may block; `otherwise` is the answer where it can't be done at all.
    fn job(
        &mut self,
        work: impl Fn(&mut Memory, Timestamp) -> Result<Answer, Error> + Send + 'static,
        otherwise: impl FnOnce() -> Answer + Send + 'static,
    ) {
        let (memory, keep, now) = (self.memory.take(), self.keep.clone(), self.now);
        self.jobs.spawn_blocking(move || {
            let now = now();
            let (mut memory, told) = memory.map_or_else(|| Memory::open(keep, now), |memory| (memory, None));
            let (mut told, mut anew) = (Vec::from_iter(told), false);
            let answer = work(&mut memory, now).or_else(|error| {
                told.extend(memory.mend(&error, now));
                anew = true;
                work(&mut memory, now)
            });
            Outcome { memory, told, anew, answer: answer.unwrap_or_else(|_| otherwise()) }
        });
    }

    /// The job that is done; never while there is none. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<Outcome> {
        match self.jobs.join_next().await {
            Some(Ok(outcome)) => Some(outcome),
            Some(Err(error)) => {
                tracing::error!("memory is given up: {error}");
                self.broken = true;
                None
            }
            None => std::future::pending().await,
        }
    }

    /// Takes the memory back, and the answer in. The rows that were recalled go to the store.
    pub(super) fn take(&mut self, outcome: Outcome, now: Instant) -> News {
        let Outcome { memory, told, anew, answer } = outcome;
        self.memory = Some(memory);
        let mut news = News { told, anew, recalled: None };
        match answer {
            Answer::Kept => {}
            Answer::Recalled(key, Recalled { rows, cut }) => {
                if cut {
                    news.told.push(told_cut(&key.query, rows.len()));
                }
                if let Some(kept) = self.kept.get_mut(&key) {
                    let known: HashSet<Arc<str>> = kept.ids.iter().cloned().collect();
                    kept.ids.extend(rows.iter().map(|row| Arc::from(row.id())).filter(|id| !known.contains(id)));
                    kept.answered = true;
                    kept.revision += 1;
                }
                news.recalled = Some((key, rows));
            }
            Answer::Failures(key, rows) => {
                if let Some(groups) = self.groups.get_mut(&key) {
                    groups.rows = rows;
                    groups.answered = true;
                    groups.revision += 1;
                }
            }
            Answer::Tidied { more } => self.tidy_at = now + if more { TIDY.2 } else { TIDY.1 },
        }
        news
    }

    fn count_again(&mut self) {
        self.groups.values_mut().for_each(|groups| groups.stale = true);
    }

    /// Writes down what was seen and not yet written.
    pub(super) async fn finish(mut self) {
        loop {
            while !self.jobs.is_empty() {
                if let Some(Outcome { memory, .. }) = self.next().await {
                    self.memory = Some(memory);
                }
            }
            match self.scope.clone().filter(|_| !self.sightings.is_empty() && !self.broken) {
                Some(scope) => self.write(scope, Instant::now()),
                None => return,
            }
        }
    }
}

fn told_cut(query: &Query, rows: usize) -> String {
    let back = duration(query.since.unwrap_or(DAY).into());
    let more = if query.since.is_none() { "; since=… shows more" } else { "" };
    format!("of what is remembered of the last {back}, the newest {rows} are shown{more}")
}

/// Whether there is something in `row` that AWS will forget, and that wasn't in it before.
fn worth_writing(row: &dyn Row, before: Option<&dyn Row>) -> bool {
    if let Some(task) = row.any().downcast_ref::<Task>() {
        return task.stopped();
    }
    let Some(service) = row.any().downcast_ref::<Service>() else { return moment(row).is_some() };
    let Some(before) = before.and_then(|before| before.any().downcast_ref::<Service>()) else { return true };
    let newest = |service: &Service| service.events.first().map(|event| event.id.clone());
    newest(service) != newest(before) || service.deployments != before.deployments
}

fn is_task(row: &Arc<dyn Row>) -> bool {
    row.any().is::<Task>()
}

/// How many rows a sighting makes.
fn weight(row: &dyn Row) -> usize {
    row.any().downcast_ref::<Service>().map_or(1, |service| 1 + service.events.len())
}
