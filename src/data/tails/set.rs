//! From the tasks that are meant to the streams that are read, and to what is said of those that have none.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::KnownDefinition;
use crate::{
    aws::Failure,
    data::evidence::describe_gap,
    logs::{self, Followed, Line, LogRequest, LogSubject, Range, Read, Role, SilentSource, Source, StreamSet},
    resource::{
        format::{last_part, one_line, short_id},
        revision::Revision,
        task::Task,
    },
};

/// Streams that are read for the newest lines before stopped tasks are left out: what one call can ask for.
const MAX_NEWEST_STREAMS: usize = 100;
/// Stopped tasks that are read for them however many run.
const MAX_STOPPED_TASKS: usize = 20;
/// Streams that are read at most.
const MAX_STREAMS: usize = 1_000;
/// The last lines of a task may arrive, and be dated, after its end.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// The tasks whose lines can be in the range that is read, the newest first.
pub(super) struct TailTasks<'a> {
    tasks: Vec<&'a Task>,
    range: (Option<Timestamp>, Option<Timestamp>),
    /// How many there is no room for.
    left_out: usize,
    /// Tasks that are meant by name and not known.
    unknown: Vec<Arc<str>>,
    /// All there are have come.
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

    /// The ARNs of their task definitions.
    pub(super) fn definitions(&self) -> BTreeSet<&'a str> {
        self.tasks.iter().filter_map(|task| task.task_definition_arn.as_deref()).collect()
    }

    /// Whether all are tasks of the same family.
    fn one_family(&self) -> bool {
        let family = |task: &&Task| task.revision().rsplit_once(':').map(|(family, _)| family.to_owned());
        self.tasks.iter().map(family).collect::<BTreeSet<_>>().len() < 2
    }

    fn covers(&self, at: Timestamp) -> bool {
        let (from, to) = self.range;
        from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
    }
}

/// From when to when lines are read, where that is said.
fn bounds(read: &Read) -> (Option<Timestamp>, Option<Timestamp>) {
    match read {
        Read::Tail { range: Range::Newest | Range::Oldest, .. } => (None, None),
        Read::Tail { range: Range::Since(from), .. } => (Some(*from), None),
        Read::Tail { range: Range::Between(from, to), .. } | Read::Query { from, to, .. } => (Some(*from), Some(*to)),
    }
}

/// Whether lines of `task` can be in the range.
fn overlaps(task: &Task, (from, to): (Option<Timestamp>, Option<Timestamp>)) -> bool {
    let begins = task.created_at.zip(to).is_none_or(|(begun, to)| begun <= to);
    let ends =
        task.ended().zip(from).is_none_or(|(ended, from)| ended.saturating_add(SLACK).is_ok_and(|end| end >= from));
    begins && ends
}

/// What has been told of a tail's tasks: marks stay as they were told, each is told once.
#[derive(Debug, Default)]
pub(super) struct TailMarkers {
    marks: BTreeMap<(Arc<str>, MarkerKind), Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MarkerKind {
    Started,
    Stopped,
    /// Of a container's name: lines can get lost.
    Lossy,
}

impl TailMarkers {
    /// The streams of the tasks that were chosen, as far as their task definitions are known.
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
                None => silent.add("", task, "ECS names no task definition, so it is not known where it logs".into()),
            }
            self.mark(task, chosen);
        }
        let mut quiet = silent.into_sources(chosen.tasks.len());
        let say = |what: String, why: &str| SilentSource { what, why: why.into() };
        if let Some(failure) = failure.filter(|_| !chosen.arrived) {
            quiet.push(say(of.name.clone(), &describe_gap("its tasks could not be looked up", failure)));
        } else if chosen.arrived {
            quiet.extend(chosen.unknown.iter().map(|arn| {
                say(format!("task {}", short_id(arn)), "ECS has forgotten it, and with it where it logged")
            }));
            if chosen.tasks.is_empty() && chosen.unknown.is_empty() {
                let why = match chosen.range {
                    (None, None) => "no task of it runs, and none has stopped that is still known",
                    _ => "no task of it that is still known ran in this time",
                };
                quiet.push(say(of.name.clone(), why));
            }
        }
        if chosen.left_out > 0 {
            let why = format!("left out, there are too many to be read at once; the newest {} are", chosen.tasks.len());
            quiet.push(say(format!("{} older tasks", chosen.left_out), &why));
        }
        let mut marks: Vec<Line> = self.marks.values().filter(|line| chosen.covers(line.at)).cloned().collect();
        marks.sort_by_key(|line| line.at);
        StreamSet { streams, marks, silent: quiet, complete: chosen.arrived && !awaited }
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
                    // It is the task's end as ECS tells it, not the container's: whatever is written comes before.
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

    /// Says once that the lines of a container can get lost on their way.
    fn note_lossy(&mut self, container: &str, size: &str, at: Timestamp) {
        let buffer = if size.is_empty() { "its buffer".to_owned() } else { format!("its buffer of {size}") };
        let text =
            format!("{container} logs without waiting: when {buffer} is full, lines are lost before they get here");
        self.marks.entry((container.into(), MarkerKind::Lossy)).or_insert_with(|| line(at, Role::Note, text));
    }

    /// Says once that a task began, and once that it ended and why.
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
        // Until it is judged, why it stopped is not known.
        if let (Some(at), Some(verdict)) = (task.ended(), &task.verdict) {
            let text = format!("− task {id} stopped: {}", one_line(&verdict.line()));
            let role = Role::Stopped { fault: task.failed() };
            let stopped = || Line { task: Some(arn.clone()), ..line(at, role, text) };
            self.marks.entry((arn.clone(), MarkerKind::Stopped)).or_insert_with(stopped);
        }
    }
}

/// When a task's containers began, as far as it got: they may write before ECS has noticed that they run.
fn containers_started_at(task: &Task) -> Option<Timestamp> {
    let pulled = task.pull_stopped_at.filter(|at| task.started_at.is_some_and(|started| *at < started));
    pulled.or(task.started_at)
}

fn line(at: Timestamp, role: Role, text: String) -> Line {
    Line { source: None, at, role, level: None, late: false, task: None, text: text.into() }
}

/// Containers without lines, and the tasks they are of, by name and reason.
#[derive(Default)]
struct SilentContainers(BTreeMap<(String, String), Vec<String>>);

impl SilentContainers {
    fn add(&mut self, container: &str, task: &Task, why: String) {
        self.0.entry((container.into(), why)).or_default().push(short_id(&task.task_arn).into());
    }

    /// What is said of them, out of so many tasks.
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
