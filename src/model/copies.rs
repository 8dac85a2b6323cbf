//! Copies, and commands in several containers, that run in the background. They outlive screens and scopes.

use std::sync::Arc;

use super::{
    Model, Viewer,
    overlay::{Overlay, PickAction, Picker, PickerItem, Question},
    scope::ScopeRule,
    screens::text::TextSource,
    text::safe,
};
use crate::{
    copy::{CopyRequest, Direction},
    event::{CommandOrder, CommandOutput, CopyOrder, Effect, NoticeLevel},
    resource::{Document, Tone, container::ExecTarget},
};

/// Title of the list of what runs in the background.
const TITLE: &str = "in the background; enter cancels one";

/// A copy, or a command in several containers, that has not ended.
#[derive(Debug)]
struct RunningCopy {
    id: u64,
    label: String,
    /// How far it is.
    progress: String,
}

/// What runs in the background.
#[derive(Debug, Default)]
pub(super) struct Copies {
    running: Vec<RunningCopy>,
    /// How many there were; numbers the next one.
    count: u64,
    /// Outputs of a command that are shown once nothing covers the screen.
    outputs: Option<(String, Arc<Document>)>,
}

impl Copies {
    fn add(&mut self, label: String) -> u64 {
        let id = self.count;
        self.count += 1;
        self.running.push(RunningCopy { id, label, progress: "starting".to_owned() });
        id
    }

    /// Removes what has ended; returns its label.
    fn remove(&mut self, id: u64) -> Option<String> {
        let at = self.running.iter().position(|copy| copy.id == id)?;
        Some(self.running.remove(at).label)
    }

    /// What each does. Safe to draw.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.running.iter().map(|copy| copy.label.as_str())
    }

    /// A list to cancel them from.
    fn picker(&self) -> Picker {
        let item =
            |copy: &RunningCopy| PickerItem::new(&copy.label, &copy.progress, PickAction::CancelBackground(copy.id));
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
        let label = safe(&label(&order)).into_owned();
        self.info(format!("copying {label}; `:cp list` shows how far it is"));
        let id = self.copies.add(label);
        self.out.push(Effect::StartCopy { id, order: Box::new(order) });
    }

    /// Runs a command in several containers; where the rules of the scope want it, after a question.
    ///
    /// # Errors
    ///
    /// The rules don't allow it in that many.
    pub(super) fn ask_to_run(&mut self, order: CommandOrder) -> Result<(), String> {
        let cluster = order.targets.first().map(|target| target.cluster_name.clone()).unwrap_or_default();
        let rule = self.settings.scope_rule(&self.snapshot.identity, &cluster);
        ScopeRule::require_few(rule, order.targets.len(), "command is sent to")?;
        let asks = rule.filter(|rule| ScopeRule::asks_before_session(Some(rule)));
        let Some(env) = asks.map(|rule| safe(&rule.env).into_owned()) else {
            self.run_command(order);
            return Ok(());
        };
        let title = format!("Run a command in {} containers of {env}?", order.targets.len());
        let mut says = vec![safe(&order.command).into_owned()];
        says.extend(order.targets.iter().map(|target| safe(&target.label()).into_owned()));
        let choice = PickAction::RunCommand(Box::new(order));
        self.overlay = Some(Overlay::Question(Question { title, says, yes: "run", no: "cancel", choice }));
        Ok(())
    }

    pub(super) fn run_command(&mut self, order: CommandOrder) {
        let label = safe(&format!("{} in {} containers", order.command, order.targets.len())).into_owned();
        self.info(format!("running {label}"));
        let id = self.copies.add(label);
        self.out.push(Effect::RunCommand { id, order: Box::new(order) });
    }

    /// Announces the end of a command, and has its outputs shown.
    pub(super) fn take_command_end(&mut self, id: u64, outputs: Vec<CommandOutput>) {
        let Some(label) = self.copies.remove(id) else { return };
        let failed = outputs.iter().filter(|output| output.failure.is_some()).count();
        match failed {
            0 => self.info(format!("{label}: done")),
            _ => self.warn(format!("{label}: {failed} failed")),
        }
        let mut document = Document::default();
        for CommandOutput { label, text, failure } in &outputs {
            let section = document.section(label);
            for line in text.lines() {
                section.text(0, line, Tone::Plain);
            }
            if let Some(failure) = failure {
                section.text(0, &**failure, Tone::Bad);
            }
        }
        self.copies.outputs = Some((label, Arc::new(document)));
        self.update_list_of_copies();
    }

    /// Shows the outputs of a command that has ended, unless something is being typed.
    pub(super) fn show_command_outputs(&mut self) {
        if self.overlay.is_none()
            && let Some((label, document)) = self.copies.outputs.take()
        {
            self.push(Viewer::new(label, TextSource::Document(document)));
            self.refill();
        }
    }

    /// Opens the list of what runs in the background.
    ///
    /// # Errors
    ///
    /// None runs.
    pub(super) fn list_copies(&mut self) -> Result<(), String> {
        if self.copies.running.is_empty() {
            return Err("nothing runs in the background; `:cp` on a task or container copies".into());
        }
        self.overlay = Some(Overlay::Picker(self.copies.picker()));
        Ok(())
    }

    pub(super) fn take_background_progress(&mut self, id: u64, progress: String) {
        if let Some(copy) = self.copies.running.iter_mut().find(|copy| copy.id == id) {
            copy.progress = progress;
        }
        self.update_list_of_copies();
    }

    /// Announces the end of a copy, on whatever screen.
    pub(super) fn take_copy_end(&mut self, id: u64, result: Result<String, String>) {
        let Some(label) = self.copies.remove(id) else { return };
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
