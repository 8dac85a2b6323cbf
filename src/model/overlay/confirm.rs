//! The dialog before a change: what it does, its targets, its consequences, and the command. The button to cancel has
//! the focus first.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tui_input::InputRequest;

use super::{ChangeResults, Overlay};
use crate::{
    change::{Change, ChangeKind, ChangeOrder, ChangeTarget, Risk},
    data::Request,
    event::Effect,
    model::{
        Model,
        keymap::Key,
        prompt::{self, Edit, Prompt},
    },
    resource::{diff::DiffQuestion, evidence::Evidence},
};

/// How long the dialog ignores keys after it has opened: they were typed before it was visible.
const INERT: SignedDuration = SignedDuration::from_millis(300);

/// Changes to be confirmed.
#[derive(Debug)]
pub struct Confirmation {
    pub kind: &'static ChangeKind,
    pub changes: Vec<Arc<dyn Change>>,
    /// The argument of the command.
    pub arg: String,
    /// The greatest risk among the changes, by the rules of the scope.
    pub risk: Risk,
    /// The environment name of the scope, if a rule sets one.
    pub env: Option<String>,
    /// The button to confirm has the focus.
    pub ready: bool,
    /// The text that must be typed and the one that is, for changes that require it.
    pub typed: Option<(String, Prompt)>,
    /// A notice above the rest: something has changed since the dialog was opened.
    pub notice: Option<&'static str>,
    /// Number of rows scrolled off at the top.
    pub top: usize,
    pub opened: Timestamp,
    /// What was read for the dialog, once it has arrived.
    pub evidence: Option<Arc<Evidence>>,
}

/// Changes that have not been confirmed, while their differences are on screen.
#[derive(Debug, Clone)]
pub struct PendingChange {
    pub kind: &'static ChangeKind,
    pub changes: Vec<Arc<dyn Change>>,
    /// The argument of the command.
    pub arg: String,
}

impl Confirmation {
    /// What can be compared before the change is confirmed.
    pub fn comparison(&self) -> Option<DiffQuestion> {
        match self.changes.as_slice() {
            [change] => change.comparison(),
            _ => None,
        }
    }

    /// Whether the required text has been typed.
    pub fn typed_in_full(&self) -> bool {
        self.typed.as_ref().is_none_or(|(wanted, prompt)| prompt.text().trim() == wanted)
    }

    fn targets(&self) -> Vec<ChangeTarget> {
        self.changes.iter().map(|change| change.target().clone()).collect()
    }

    /// The lines of the dialog, in order: targets, consequences, commands; each with its indentation.
    pub fn lines(&self, command: impl Fn(&str) -> String) -> Vec<(ConfirmLine, String)> {
        let mut lines = Vec::new();
        if let Some(notice) = self.notice {
            lines.push((ConfirmLine::Notice, notice.to_owned()));
        }
        for change in &self.changes {
            let target = change.target();
            lines.push((ConfirmLine::Target, target.label()));
            lines.extend(change.consequences().into_iter().map(|text| (ConfirmLine::Consequence, text)));
            lines.push((ConfirmLine::Command, command(&change.command())));
        }
        lines
    }
}

/// The kind of a line in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmLine {
    Notice,
    Target,
    Consequence,
    Command,
}

impl Model {
    /// Handles a key in the dialog.
    pub(super) fn press_confirmation(&mut self, mut dialog: Box<Confirmation>, key: Key) {
        let edit = prompt::edit(key);
        if edit == Some(Edit::Cancel) {
            return;
        }
        if self.now.duration_since(dialog.opened) < INERT {
            self.overlay = Some(Overlay::Confirm(dialog));
            return;
        }
        let (may, comparable) = (dialog.typed_in_full(), dialog.comparison().is_some());
        match (edit, &mut dialog.typed) {
            (Some(Edit::Older), _) => dialog.top = dialog.top.saturating_sub(1),
            (Some(Edit::Newer), _) => dialog.top += 1,
            (Some(Edit::Submit), Some(_)) if may => return self.confirmed(*dialog),
            (Some(Edit::Submit), Some(_)) => {}
            (Some(Edit::Submit), None) if dialog.ready => return self.confirmed(*dialog),
            (Some(Edit::Submit), None) => return,
            (Some(Edit::Next), Some(_)) if comparable => return self.review(*dialog),
            (_, Some((_, prompt))) => drop(prompt.press(key, &[])),
            (Some(Edit::Next | Edit::Previous | Edit::Ahead | Edit::Input(InputRequest::GoToPrevChar)), None) => {
                dialog.ready = !dialog.ready;
            }
            (_, None) if matches!(key.typed(), Some('q' | 'n')) => return,
            (_, None) if key.typed() == Some('v') && comparable => return self.review(*dialog),
            (_, None) => {}
        }
        self.overlay = Some(Overlay::Confirm(dialog));
    }

    /// Requests what the open dialog shows besides known rows.
    pub(in crate::model) fn request_change_evidence(&mut self) {
        let Some(Overlay::Confirm(dialog)) = &self.overlay else { return };
        if dialog.kind.evidence.is_some() && dialog.evidence.is_none() {
            let (kind, targets) = (dialog.kind, dialog.targets());
            self.out.push(Effect::Request(Request::ChangeEvidence { kind, targets }));
        }
    }

    /// Shows what was read for the dialog, if it is still open.
    pub(in crate::model) fn take_change_evidence(
        &mut self,
        kind: &'static ChangeKind,
        targets: &[ChangeTarget],
        evidence: Arc<Evidence>,
    ) {
        let Some(Overlay::Confirm(mut dialog)) = self.overlay.take_if(
            |overlay| matches!(overlay, Overlay::Confirm(dialog) if dialog.kind == kind && dialog.targets() == targets),
        ) else {
            return;
        };
        dialog.evidence = Some(evidence);
        // A change whose basis is another by now is noticed when it is confirmed.
        let same = |(old, new): (&Arc<dyn Change>, &Arc<dyn Change>)| old.basis() == new.basis();
        if let Ok(again) = self.changes_again(&dialog)
            && dialog.changes.iter().zip(&again).all(same)
        {
            dialog.changes = again;
        }
        self.overlay = Some(Overlay::Confirm(dialog));
    }

    /// The changes of the dialog for the current state of their targets.
    fn changes_again(&self, dialog: &Confirmation) -> Result<Vec<Arc<dyn Change>>, String> {
        let again = |change: &Arc<dyn Change>| {
            self.change_for(dialog.kind, change.target(), &dialog.arg, dialog.evidence.as_deref())
        };
        dialog.changes.iter().map(again).collect()
    }

    /// Shows the differences in place of the dialog, which opens again from there.
    fn review(&mut self, dialog: Confirmation) {
        let Confirmation { kind, changes, arg, .. } = dialog;
        if let Err(reason) = self.open_review(PendingChange { kind, changes, arg }) {
            self.warn(reason);
        }
    }

    /// Opens the dialog for changes whose differences are on screen.
    pub(in crate::model) fn confirm_pending(&mut self, pending: PendingChange) -> Result<(), String> {
        let PendingChange { kind, changes, arg } = pending;
        let again = changes.iter().map(|change| self.change_for(kind, change.target(), &arg, None));
        let again = again.collect::<Result<Vec<_>, _>>()?;
        self.require_writable(&again)?;
        self.open_confirmation(kind, again, arg, None);
        Ok(())
    }

    /// Sends the changes after confirmation, unless their basis has changed: then asks again.
    fn confirmed(&mut self, dialog: Confirmation) {
        let again = match self.changes_again(&dialog) {
            Ok(again) => again,
            Err(reason) => return self.warn(format!("nothing was sent: {reason}")),
        };
        if again != dialog.changes {
            self.open_confirmation(dialog.kind, again, dialog.arg, dialog.evidence);
            if let Some(Overlay::Confirm(dialog)) = &mut self.overlay {
                dialog.notice = Some("something has changed since the dialog was opened; check again");
            }
            return;
        }
        if let Err(reason) = self.require_writable(&again) {
            return self.warn(reason);
        }
        self.orders += 1;
        let identity = Arc::new(self.snapshot.identity.clone());
        // Marks go with what was accepted.
        if again.len() > 1 {
            self.overlay = Some(Overlay::Results(Box::new(ChangeResults::new(self.orders, dialog.kind, &again))));
        }
        self.out.push(Effect::Change(ChangeOrder { id: self.orders, identity, kind: dialog.kind, changes: again }));
    }
}
