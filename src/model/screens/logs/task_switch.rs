//! Switching between logs: previous and next task, all containers or one, lines around a stop.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    LogView,
    pending_task::{PendingSwitch, TaskSwitch},
    reader::reader,
};
use crate::{
    data::Feed,
    logs::{LogSubject, Range, Read},
    model::{
        Model,
        action::{Call, Outcome},
        overlay::{Overlay, PickAction, Picker, PickerItem},
    },
    resource::{
        Status, View,
        format::{duration, one_line, seconds_since, short_id},
        task::{Task, predecessor},
    },
};

impl Model {
    /// The known tasks of a subject and their peers; and whether all stopped ones are known.
    pub(super) fn tasks_of(&self, of: &LogSubject) -> (Vec<&Task>, bool) {
        let stopped = |view: &View| {
            let mut view = view.clone();
            view.query.status = Status::Stopped;
            view
        };
        let own = stopped(&of.view);
        let mut wide = own.clone();
        wide.query.service = None;
        wide.query.family = None;
        wide.query.only = None;
        let views = [&of.view, &own, &wide];
        let (view, all) = match views.into_iter().find(|view| self.snapshot.arrived(view)) {
            Some(view) => (view, true),
            None => (&of.view, false),
        };
        let query = &of.view.query;
        let meant = |task: &&Task| {
            query.service.as_deref().is_none_or(|service| task.service() == Some(service))
                && query.only.as_ref().is_none_or(|only| task.is_of(only))
                && query
                    .family
                    .as_deref()
                    .is_none_or(|family| task.revision().rsplit_once(':').is_some_and(|(known, _)| known == family))
        };
        let rows = self.snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter());
        let tasks = rows.filter_map(|entry| entry.row.any().downcast_ref::<Task>()).filter(meant);
        (tasks.collect(), all)
    }

    /// The known tasks of a subject.
    pub(super) fn tasks_in(&self, of: &LogSubject) -> Vec<&Task> {
        let mut tasks = self.tasks_of(of).0;
        if let Some(meant) = &of.tasks {
            tasks.retain(|task| meant.iter().any(|arn| **arn == *task.task_arn));
        }
        tasks
    }

    /// Opens the log of the pending task once AWS has listed the newest; goes back if there is none.
    pub(in crate::model) fn resolve_pending_switch(&mut self) {
        let Some(reader) = self.front.get::<LogView>() else { return };
        let Some(sought) = reader.task_switch.sought.clone() else { return };
        let of = reader.subject().clone();
        let (tasks, all) = self.tasks_of(&of);
        if !all || (self.now < sought.until() && !self.is_fresh(&of.view, sought.since)) {
            return;
        }
        let before = sought.before.as_deref().and_then(|arn| self.task(arn));
        match predecessor(&tasks, before) {
            Some(task) => {
                let task = task.clone();
                let container = of.container;
                self.read_task(&task, container);
                self.report_end(&task);
            }
            None => {
                if let Some(reader) = self.front.get_mut::<LogView>() {
                    reader.task_switch.sought = None;
                }
                if sought.opened {
                    self.pop();
                }
                self.warn(match sought.before {
                    Some(_) => "no earlier stopped task is known".to_owned(),
                    None => format!("no stopped task of {} is known", of.name),
                });
            }
        }
    }

    /// Whether all rows of a view are newer than `since`, or it can't be polled.
    fn is_fresh(&self, view: &View, since: Timestamp) -> bool {
        let answered = |feed: &Feed| feed.failure.is_some() || feed.fetched.is_some_and(|fetched| fetched >= since);
        self.paused || self.snapshot.feeds_of(view).into_iter().all(answered)
    }

    fn task(&self, arn: &str) -> Option<&Task> {
        self.snapshot.row(arn)?.any().downcast_ref()
    }

    /// Shows the log of one task, or of one of its containers, in place of the one on screen.
    fn read_task(&mut self, task: &Task, container: Option<Arc<str>>) {
        let mut of = LogSubject::new(task.logs(self.now));
        if let Some(name) = container {
            of.name = format!("{}/{name}", of.name);
            of.container = Some(name);
        }
        let kept = self.front.get::<LogView>().and_then(|reader| reader.task_switch.container.clone());
        self.read_log(of, Range::Newest, None);
        if let Some(reader) = self.front.get_mut::<LogView>() {
            reader.task_switch = TaskSwitch { container: kept, sought: None };
        }
    }

    /// Reports how and when a task ended.
    fn report_end(&mut self, task: &Task) {
        let Some(ended) = task.ended() else { return };
        let why = task.verdict.as_ref().map(|verdict| one_line(&verdict.line())).unwrap_or_default();
        let ago = duration(seconds_since(ended, self.now));
        self.info(format!("task {} stopped {ago} ago: {why}", short_id(&task.task_arn)));
    }
}

/// Opens the log of the previous task of the same service, for the same container.
pub(in crate::model) fn previous(model: &mut Model, call: Call<'_>) -> Outcome {
    let of = match model.front.get::<LogView>() {
        Some(reader) => reader.subject().clone(),
        None => LogSubject::new(model.log_target(call)?),
    };
    let before = match of.tasks.as_deref() {
        Some([task]) => Some(task.clone()),
        Some(_) => return Err("this log has several tasks; open the log of one first".into()),
        None => None,
    };
    let opened = !model.front.is::<LogView>();
    if opened {
        let nothing: Arc<[Arc<str>]> = Arc::default();
        let read = Read::Tail { range: Range::Newest, pattern: None, live: false };
        model.open_log(LogSubject { tasks: Some(nothing), ..of }, read);
    }
    let sought = PendingSwitch { before, since: model.now, opened };
    if let Some(reader) = model.front.get_mut::<LogView>() {
        reader.task_switch.sought = Some(sought);
    }
    // The list may be outdated, but the newest task is requested.
    model.attention.refresh();
    if !opened {
        model.info("asking AWS for the newest stopped tasks");
    }
    model.resolve_pending_switch();
    Ok(())
}

/// Opens, by key, the log of the next older or newer task.
pub(in crate::model) fn step(model: &mut Model, call: Call<'_>) -> Outcome {
    let of = reader(model)?.subject().clone();
    if !model.snapshot.arrived(&of.view) {
        return Err("still checking up its tasks".into());
    }
    let mut tasks = model.tasks_of(&of).0;
    let current = match of.tasks.as_deref() {
        Some([arn]) => model.task(arn),
        _ => None,
    };
    if let Some(current) = current {
        // Tasks of one family may belong to several services, or to none.
        tasks.retain(|task| task.service() == current.service());
    }
    tasks.sort_by_key(|task| task.creation());
    let place = current.and_then(|current| tasks.iter().position(|task| task.task_arn == current.task_arn));
    let next = match (place, call.nth) {
        (Some(place), 0) => place.checked_sub(1).ok_or("this is the oldest known task")?,
        (Some(place), _) => place + 1,
        (None, 0) => tasks.len().checked_sub(1).ok_or("it has no known tasks")?,
        (None, _) => return Err("this log has several tasks; < opens the log of the newest".into()),
    };
    let task = (*tasks.get(next).ok_or("this is the newest task")?).clone();
    model.read_task(&task, of.container);
    if task.stopped() {
        model.report_end(&task);
    }
    Ok(())
}

/// Shows the lines around the last stop.
pub(in crate::model) fn around_stop(model: &mut Model, _: Call<'_>) -> Outcome {
    let of = reader(model)?.subject().clone();
    let ended = model.tasks_in(&of).into_iter().filter_map(Task::ended).max();
    let ended = ended.ok_or("no task of this log has stopped")?;
    model.read_log(of, Range::around(ended, model.now), Some(ended));
    Ok(())
}

/// Switches between all containers and one; opens a picker if none was chosen before.
pub(in crate::model) fn all_containers(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let mut of = reader.subject().clone();
    let range = match reader.wanted.read {
        Read::Tail { range, .. } => range,
        Read::Query { .. } => return Err("these are results of a query".into()),
    };
    match (of.container.take(), reader.task_switch.container.clone()) {
        (Some(name), _) => {
            let whole = of.name.strip_suffix(&*name).and_then(|rest| rest.strip_suffix('/')).map(str::to_owned);
            of.name = whole.unwrap_or(of.name);
            reader.task_switch.container = Some(name);
            model.read_log(of, range, None);
        }
        (None, Some(name)) => {
            of = one(&of, &name);
            model.read_log(of, range, None);
        }
        (None, None) => {
            let tasks = model.tasks_in(&of);
            let containers = tasks.iter().flat_map(|task| &task.containers);
            let names: BTreeSet<&str> = containers.map(|container| &*container.name).collect();
            let item = |name: &&str| PickerItem::new(name, "container", PickAction::Log(one(&of, name).into(), range));
            let items: Vec<PickerItem> = names.iter().map(item).collect();
            if items.len() < 2 {
                return Err("all containers are shown already".into());
            }
            model.overlay = Some(Overlay::Picker(Picker::new("one container", items)));
        }
    }
    Ok(())
}

/// The subject with one container only.
pub(super) fn one(of: &LogSubject, container: &str) -> LogSubject {
    LogSubject { name: format!("{}/{container}", of.name), container: Some(container.into()), ..of.clone() }
}

#[cfg(test)]
mod tests;
