//! Copies that run in the background. They outlive screens and scopes.

use super::{
    Model,
    overlay::{Overlay, PickAction, Picker, PickerItem, Question},
    scope::ScopeRule,
    text::safe,
};
use crate::{
    copy::{CopyRequest, Direction},
    event::{CopyOrder, Effect, NoticeLevel},
    resource::container::ExecTarget,
};

/// Title of the list of copies.
const TITLE: &str = "copies; enter cancels one";

/// A copy that has not ended.
#[derive(Debug)]
struct RunningCopy {
    id: u64,
    label: String,
    /// How far it is.
    progress: String,
}

/// The copies that run.
#[derive(Debug, Default)]
pub(super) struct Copies {
    running: Vec<RunningCopy>,
    /// How many there were; numbers the next one.
    count: u64,
}

impl Copies {
    /// From where to where each goes. Safe to draw.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.running.iter().map(|copy| copy.label.as_str())
    }

    /// A list to cancel them from.
    fn picker(&self) -> Picker {
        let item = |copy: &RunningCopy| PickerItem::new(&copy.label, &copy.progress, PickAction::CancelCopy(copy.id));
        Picker::new(TITLE, self.running.iter().map(item).collect())
    }
}

fn label(order: &CopyOrder) -> String {
    format!("{} ({})", order.request.label(), order.target.label())
}

impl Model {
    /// Starts a copy; where the rules of the scope want it, after a question.
    pub(super) fn ask_to_copy(&mut self, target: ExecTarget, request: CopyRequest) {
        let rule = self.settings.scope_rule(&self.snapshot.identity, &target.cluster_name);
        let asks = rule.filter(|rule| ScopeRule::asks_before_session(Some(rule)));
        let env = asks.map(|rule| safe(&rule.env).into_owned());
        let order = CopyOrder { identity: self.snapshot.identity.clone().into(), target, request };
        let Some(env) = env else { return self.start_copy(order) };
        let title = match order.request.direction {
            Direction::Download => format!("Copy files from {env}?"),
            Direction::Upload => format!("Copy files to {env}?"),
        };
        let says = vec![
            safe(&label(&order)).into_owned(),
            "the journal notes who copied what, where and when, but not the content".to_owned(),
        ];
        let choice = PickAction::StartCopy(Box::new(order));
        self.overlay = Some(Overlay::Question(Question { title, says, yes: "copy", no: "cancel", choice }));
    }

    pub(super) fn start_copy(&mut self, order: CopyOrder) {
        let id = self.copies.count;
        self.copies.count += 1;
        let label = safe(&label(&order)).into_owned();
        self.info(format!("copying {label}; `:cp list` shows how far it is"));
        self.copies.running.push(RunningCopy { id, label, progress: "starting".to_owned() });
        self.out.push(Effect::StartCopy { id, order: Box::new(order) });
    }

    /// Opens the list of copies.
    ///
    /// # Errors
    ///
    /// None runs.
    pub(super) fn list_copies(&mut self) -> Result<(), String> {
        if self.copies.running.is_empty() {
            return Err("no copies are running; `:cp` on a task or container starts one".into());
        }
        self.overlay = Some(Overlay::Picker(self.copies.picker()));
        Ok(())
    }

    pub(super) fn take_copy_progress(&mut self, id: u64, progress: String) {
        if let Some(copy) = self.copies.running.iter_mut().find(|copy| copy.id == id) {
            copy.progress = progress;
        }
        self.update_list_of_copies();
    }

    /// Announces the end of a copy, on whatever screen.
    pub(super) fn take_copy_end(&mut self, id: u64, result: Result<String, String>) {
        let Some(at) = self.copies.running.iter().position(|copy| copy.id == id) else { return };
        let RunningCopy { label, .. } = self.copies.running.remove(at);
        match result {
            Ok(summary) => self.notify(NoticeLevel::Info, format!("{label}: {summary}")),
            Err(reason) => self.notify(NoticeLevel::Error, format!("{label}: {reason}")),
        }
        self.update_list_of_copies();
    }

    /// The list shows how far each is while it is open.
    fn update_list_of_copies(&mut self) {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return };
        if picker.title != TITLE {
            return;
        }
        if self.copies.running.is_empty() {
            self.overlay = None;
            return;
        }
        let selected = picker.selected;
        let mut list = self.copies.picker();
        list.selected = selected.min(list.shown.len().saturating_sub(1));
        *picker = list;
    }
}
