//! From the requested tasks to the streams to read, and the reasons for containers without a stream.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::KnownDefinition;
use crate::{
    aws::Failure,
    logs::{self, Followed, Line, LogRequest, LogSubject, Range, Read, Role, SilentSource, Source, StreamSet},
    resource::{
        format::{last_part, one_line, short_id},
        revision::Revision,
        task::Task,
    },
};

/// Streams that are read for the newest lines before stopped tasks are left out: the limit of one call.
const MAX_NEWEST_STREAMS: usize = 100;
/// Stopped tasks that are read in any case, however many are running.
const MAX_STOPPED_TASKS: usize = 20;
/// Maximum number of streams to read.
const MAX_STREAMS: usize = 1_000;
/// The last lines of a task may arrive, and have timestamps, after its end.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// The tasks that may have lines in the requested time range, newest first.
pub(super) struct TailTasks<'a> {
    tasks: Vec<&'a Task>,
    range: (Option<Timestamp>, Option<Timestamp>),
    /// Number of tasks beyond the limit.
    left_out: usize,
    /// Tasks that were requested by id and are unknown.
    unknown: Vec<Arc<str>>,
    /// All tasks have been listed.
    arrived: bool,
}

impl<'a> TailTasks<'a> {
    pub(super) fn choose(wanted: &LogRequest, mut tasks: Vec<&'a Task>, arrived: bool) -> Self {
        let range = bounds(&wanted.read);
        let mut unknown = Vec::new();
        if let Some(meant) = &wanted.of.tasks {
            unknown.extend(meant.iter().filter(|arn| tasks.iter().all(|task| task.task_arn != ***arn)).cloned());
            tasks.retain(|task| meant.iter().any(|arn| **arn == *task.task_arn));
        }
        tasks.retain(|task| overlaps(task, range));
        tasks.sort_by_key(|task| (task.stopped(), Reverse(task.age_from()), &task.task_arn));
        let all = tasks.len();
        let newest = matches!(wanted.read, Read::Tail { range: Range::Newest, .. }) && wanted.of.tasks.is_none();
        let (mut streams, mut ends) = (0, 0);
        tasks.retain(|task| {
            let one = wanted.of.container.is_some();
            streams += if one { 1 } else { task.containers.len() };
            ends += usize::from(task.stopped());
            let room =
                if newest && task.stopped() && ends > MAX_STOPPED_TASKS { MAX_NEWEST_STREAMS } else { MAX_STREAMS };
            streams <= room
        });
        Self { left_out: all - tasks.len(), tasks, range, unknown, arrived }
    }

    /// ARNs of their task definitions.
    pub(super) fn definitions(&self) -> BTreeSet<&'a str> {
        self.tasks.iter().filter_map(|task| task.task_definition_arn.as_deref()).collect()
    }

    /// Whether all tasks are of the same family.
    fn one_family(&self) -> bool {
        let family = |task: &&Task| task.revision().rsplit_once(':').map(|(family, _)| family.to_owned());
        self.tasks.iter().map(family).collect::<BTreeSet<_>>().len() < 2
    }

    fn covers(&self, at: Timestamp) -> bool {
        let (from, to) = self.range;
        from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
    }
}

/// The bounds of the requested time range, where given.
fn bounds(read: &Read) -> (Option<Timestamp>, Option<Timestamp>) {
    match read {
        Read::Tail { range: Range::Newest | Range::Oldest, .. } => (None, None),
        Read::Tail { range: Range::Since(from), .. } => (Some(*from), None),
        Read::Tail { range: Range::Between(from, to), .. } | Read::Query { from, to, .. } => (Some(*from), Some(*to)),
    }
}

/// Whether `task` may have lines in the range.
fn overlaps(task: &Task, (from, to): (Option<Timestamp>, Option<Timestamp>)) -> bool {
    let begins = task.created_at.zip(to).is_none_or(|(begun, to)| begun <= to);
    let ends =
        task.ended().zip(from).is_none_or(|(ended, from)| ended.saturating_add(SLACK).is_ok_and(|end| end >= from));
    begins && ends
}

/// The markers of a tail's tasks. Each is added once, and stays as it was added.
#[derive(Debug, Default)]
pub(super) struct TailMarkers {
    marks: BTreeMap<(Arc<str>, MarkerKind), Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MarkerKind {
    Started,
    Stopped,
    /// A container's name: its lines can get lost.
    Lossy,
}

impl TailMarkers {
    /// The streams of the chosen tasks whose task definitions are known.
    pub(super) fn stream_set(
        &mut self,
        of: &LogSubject,
        chosen: &TailTasks<'_>,
        definitions: &HashMap<Arc<str>, KnownDefinition>,
        failure: Option<&Arc<Failure>>,
    ) -> StreamSet {
        let mut streams = Vec::new();
        let mut silent = SilentContainers::default();
        let mut awaited = false;
        for task in &chosen.tasks {
            let definition = task.task_definition_arn.as_deref().and_then(|arn| definitions.get(arn));
            awaited |= definition.is_some_and(KnownDefinition::is_awaited);
            match definition {
                Some(KnownDefinition { revision: Some(revision), .. }) => {
                    self.add_streams(of, task, revision, &mut streams, &mut silent);
                }
                Some(KnownDefinition { failure: Some(why), .. }) => silent.add(task.revision(), task, why.clone()),
                Some(_) => {}
                None => silent.add("", task, "ECS returned no task definition, so its log streams are unknown".into()),
            }
            self.mark(task, chosen);
        }
        let mut silent = silent.into_sources(chosen.tasks.len());
        let source = |what: String, why: &str| SilentSource { what, why: why.into() };
        if let Some(failure) = failure.filter(|_| !chosen.arrived) {
            silent.push(source(of.name.clone(), &failure.describe_gap("its tasks could not be looked up")));
        } else if chosen.arrived {
            silent.extend(chosen.unknown.iter().map(|arn| {
                source(format!("task {}", short_id(arn)), "ECS no longer knows it, so its log streams are unknown")
            }));
            if chosen.tasks.is_empty() && chosen.unknown.is_empty() {
                let why = match chosen.range {
                    (None, None) => "it has no running tasks, and no stopped ones that are still known",
                    _ => "none of its known tasks ran in this time range",
                };
                silent.push(source(of.name.clone(), why));
            }
        }
        if chosen.left_out > 0 {
            let why = format!("left out, because there are too many; reading the newest {}", chosen.tasks.len());
            silent.push(source(format!("{} older tasks", chosen.left_out), &why));
        }
        let mut marks: Vec<Line> = self.marks.values().filter(|line| chosen.covers(line.at)).cloned().collect();
        marks.sort_by_key(|line| line.at);
        StreamSet { streams, marks, silent, complete: chosen.arrived && !awaited }
    }

    fn add_streams(
        &mut self,
        of: &LogSubject,
        task: &Task,
        revision: &Revision,
        streams: &mut Vec<Followed>,
        silent: &mut SilentContainers,
    ) {
        let task_arn: Arc<str> = task.task_arn.as_str().into();
        let meant = |name: &str| of.container.as_deref().is_none_or(|meant| meant == name);
        for container in task.containers.iter().filter(|container| meant(&container.name)) {
            match logs::stream(task, container, revision) {
                Ok(stream) => {
                    let source = Source {
                        stream,
                        task_arn: task_arn.clone(),
                        container: container.name.clone(),
                        service: task.service().map(str::to_owned),
                        revision: Some(task.revision().to_owned()).filter(|revision| !revision.is_empty()),
                    };
                    // The end of the task in ECS, not of its container: all its lines have earlier timestamps.
                    let ended = task.stopped_at.or_else(|| task.ended()).filter(|_| task.stopped());
                    streams.push(Followed { source: Arc::new(source), ended });
                    if let (Some(size), Some(at)) =
                        (logs::dropping_buffer(container, revision), containers_started_at(task))
                    {
                        self.note_lossy(&container.name, size, at);
                    }
                }
                Err(reason) => silent.add(&container.name, task, reason.to_string()),
            }
        }
        if let Some(name) = of.container.as_deref().filter(|name| task.containers.iter().all(|c| c.name != **name)) {
            silent.add(name, task, format!("{} has no such container", task.revision()));
        }
    }

    /// Adds a marker, once, that lines of a container can get lost on their way.
    fn note_lossy(&mut self, container: &str, size: &str, at: Timestamp) {
        let buffer = if size.is_empty() { "its buffer".to_owned() } else { format!("its buffer of {size}") };
        let text = format!("{container} logs in non-blocking mode: lines are lost when {buffer} is full");
        self.marks.entry((container.into(), MarkerKind::Lossy)).or_insert_with(|| line(at, Role::Note, text));
    }

    /// Adds markers, once each, for the start of a task and for its end with the reason.
    fn mark(&mut self, task: &Task, chosen: &TailTasks<'_>) {
        let arn: Arc<str> = task.task_arn.as_str().into();
        let id = short_id(&task.task_arn);
        if let Some(at) = containers_started_at(task) {
            let revision = match task.revision().rsplit_once(':') {
                Some((_, number)) if chosen.one_family() => format!(", revision {number}"),
                Some(_) => format!(", {}", last_part(task.revision())),
                None => String::new(),
            };
            let text = format!("+ task {id} started{revision}");
            let started = || Line { task: Some(arn.clone()), ..line(at, Role::Started, text) };
            self.marks.entry((arn.clone(), MarkerKind::Started)).or_insert_with(started);
        }
        // Without a verdict the reason of the stop is unknown.
        if let (Some(at), Some(verdict)) = (task.ended(), &task.verdict) {
            let text = format!("− task {id} stopped: {}", one_line(&verdict.line()));
            let role = Role::Stopped { fault: task.failed() };
            let stopped = || Line { task: Some(arn.clone()), ..line(at, role, text) };
            self.marks.entry((arn.clone(), MarkerKind::Stopped)).or_insert_with(stopped);
        }
    }
}

/// When the containers of a task began to start: they may write before ECS reports that they run.
fn containers_started_at(task: &Task) -> Option<Timestamp> {
    let pulled = task.pull_stopped_at.filter(|at| task.started_at.is_some_and(|started| *at < started));
    pulled.or(task.started_at)
}

fn line(at: Timestamp, role: Role, text: String) -> Line {
    Line { source: None, at, role, level: None, late: false, task: None, text: text.into() }
}

/// Containers without lines and their tasks, by container name and reason.
#[derive(Default)]
struct SilentContainers(BTreeMap<(String, String), Vec<String>>);

impl SilentContainers {
    fn add(&mut self, container: &str, task: &Task, why: String) {
        self.0.entry((container.into(), why)).or_default().push(short_id(&task.task_arn).into());
    }

    /// The sources without lines. `tasks` is the number of all tasks.
    fn into_sources(self, tasks: usize) -> Vec<SilentSource> {
        let what = |name: String, of: &[String]| match of {
            _ if tasks < 2 && !name.is_empty() => name,
            [task] if name.is_empty() => format!("task {task}"),
            [task] => format!("{name} of {task}"),
            _ if of.len() == tasks && !name.is_empty() => name,
            _ if name.is_empty() => format!("{} tasks", of.len()),
            _ => format!("{name} of {} tasks", of.len()),
        };
        self.0.into_iter().map(|((name, why), of)| SilentSource { what: what(name, &of), why }).collect()
    }
}

#[cfg(test)]
mod tests;
