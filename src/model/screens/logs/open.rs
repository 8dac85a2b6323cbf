//! Opens logs: of a row, of the previous task, or from a picker.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{LogView, task_switch::one};
use crate::{
    logs::{self, LogRequest, LogSubject, Range, Read, ring::Ring},
    model::{
        Model, Table,
        action::{Call, Outcome, row::target_row},
        overlay::{Overlay, PickAction, Picker, PickerItem},
    },
    resource::{LogTarget, Row, revision::Revision, task::Task},
};

/// Time ranges up to now for the picker, in minutes, with their names.
const STRETCHES: [(i64, &str); 4] =
    [(5, "the last 5 minutes"), (15, "the last 15 minutes"), (60, "the last hour"), (720, "the last 12 hours")];

impl Model {
    /// Opens the log of a subject.
    pub(in crate::model) fn open_log(&mut self, of: LogSubject, read: Read) {
        self.logs_opened += 1;
        let wanted = LogRequest { id: self.logs_opened, of, read, pace: self.settings.logs.pace() };
        self.push(LogView::new(wanted, Ring::new(self.settings.logs.limits())));
    }

    /// Replaces the open log; opens one if there is none.
    pub(in crate::model) fn read_log(&mut self, of: LogSubject, range: Range, seek: Option<Timestamp>) {
        let read = |pattern| Read::Tail { range, pattern, live: false };
        let Some(reader) = self.front.get_mut::<LogView>() else { return self.open_log(of, read(None)) };
        self.logs_opened += 1;
        let pattern = match &reader.wanted.read {
            Read::Tail { pattern, .. } => pattern.clone(),
            Read::Query { .. } => None,
        };
        let wanted = LogRequest { id: self.logs_opened, of, read: read(pattern), pace: reader.wanted.pace };
        reader.begin(wanted, !matches!(range, Range::Between(..) | Range::Oldest), seek);
    }

    /// The rows for a log: the named one, the marked ones, the one under the cursor, or the one that a text is about.
    fn rows_meant(&self, call: Call<'_>) -> Result<Vec<Arc<dyn Row>>, String> {
        match self.front.get::<Table>() {
            Some(table) if call.arg.is_empty() && !table.rows.is_empty() => {
                Ok(table.targets().into_iter().map(|entry| entry.row.clone()).collect())
            }
            _ => Ok(vec![target_row(self, call)?.row]),
        }
    }

    pub(super) fn log_target(&self, call: Call<'_>) -> Result<LogTarget, String> {
        LogTarget::of_all(&self.rows_meant(call)?, |id| Some(&**self.snapshot.row(id)?), self.now)
    }
}

pub(in crate::model) fn logs(model: &mut Model, call: Call<'_>) -> Outcome {
    let target = model.log_target(call)?;
    let range = target.moment.map_or(Range::Newest, |moment| Range::around(moment, model.now));
    model.open_log(LogSubject::new(target), Read::Tail { range, pattern: None, live: false });
    Ok(())
}

/// Opens a picker of containers and time ranges.
pub(in crate::model) fn pick(model: &mut Model, call: Call<'_>) -> Outcome {
    let of = LogSubject::new(model.log_target(call)?);
    let tasks = model.tasks_in(&of);
    let ended = tasks.iter().filter_map(|task| task.ended()).max();
    let ranges = ranges(ended, model.now);
    let mut parts = Vec::new();
    let names: BTreeSet<&str> =
        tasks.iter().flat_map(|task| &task.containers).map(|container| &*container.name).collect();
    match (&of.container, names.len()) {
        (None, 0 | 1) => parts.push((String::new(), String::new(), of.clone())),
        (None, _) => parts.push(("all containers".to_owned(), String::new(), of.clone())),
        (Some(name), _) => parts.push((name.to_string(), String::new(), of.clone())),
    }
    if of.container.is_none() && names.len() > 1 {
        parts.extend(names.iter().map(|name| ((*name).to_owned(), where_to(model, &tasks, name), one(&of, name))));
    }
    let items = parts.into_iter().flat_map(|(part, about, of)| {
        let item = move |(range, words): &(Range, &str)| {
            let named = if part.is_empty() { (*words).to_owned() } else { format!("{part}: {words}") };
            PickerItem::new(&named, &about, PickAction::Log(of.clone().into(), *range))
        };
        ranges.iter().map(item).collect::<Vec<_>>()
    });
    model.overlay = Some(Overlay::Picker(Picker::new(&format!("logs of {}", of.name), items.collect())));
    Ok(())
}

/// The time ranges for a log whose newest stopped task ended at `ended`.
fn ranges(ended: Option<Timestamp>, now: Timestamp) -> Vec<(Range, &'static str)> {
    let end = ended.map(|at| (Range::around(at, now), "around the last stop"));
    let since = |minutes| now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
    let stretches = STRETCHES.into_iter().map(|(minutes, words)| (Range::Since(since(minutes)), words));
    [(Range::Newest, "the newest lines")]
        .into_iter()
        .chain(end)
        .chain(stretches)
        .chain([(Range::Oldest, "from the first line")])
        .collect()
}

/// The log stream of the only container with this name, if known; otherwise the number of such containers.
fn where_to(model: &Model, tasks: &[&Task], name: &str) -> String {
    let found = tasks.iter().filter_map(|task| {
        let container = task.containers.iter().find(|container| container.name == name)?;
        Some((*task, container))
    });
    let found: Vec<_> = found.collect();
    let [(task, container)] = found[..] else { return format!("{} tasks", found.len()) };
    let revision = task.task_definition_arn.as_deref().and_then(|arn| model.snapshot.row(arn));
    let revision = revision.and_then(|row| row.any().downcast_ref::<Revision>()).filter(|revision| revision.described);
    match revision.map(|revision| logs::stream(task, container, revision)) {
        Some(Ok(stream)) => format!("{} {}", stream.group, stream.name),
        Some(Err(reason)) => reason.to_string(),
        None => container.summary(),
    }
}
