//! Editing a task definition: it is read, edited outside, compared, and registered after confirmation. What was typed is kept
//! until it is registered, so that no mistake loses it.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Model,
    action::Outcome,
    overlay::{Overlay, PendingChange, PickAction, Picker, PickerItem, Question},
    text::safe,
};
use crate::{
    aws::Failure,
    change::{self, definition_text, parse_definition, register_argument},
    data::Request,
    event::{EditedText, Effect},
    resource::{Row, format::last_part},
};

/// A task definition that is being edited.
#[derive(Debug)]
pub(super) struct Editing {
    /// Name or ARN of the revision.
    revision: String,
    /// The service or the revision that it was opened from.
    row: Arc<dyn Row>,
    state: EditState,
}

/// How far it is.
#[derive(Debug)]
enum EditState {
    /// It is being read.
    Asked,
    Here {
        /// What is registered.
        base: Value,
        /// What was typed, or the text of the base.
        text: String,
    },
}

impl Model {
    /// Reads a revision to edit it. If it was edited before and not registered, asks whether to go on from there.
    pub(super) fn edit_definition(&mut self, revision: String, row: Arc<dyn Row>) -> Outcome {
        self.require_writable_in(row.cluster())?;
        let draft = self.editing.as_ref().is_some_and(|editing| {
            let same = editing.revision == revision && editing.row.id() == row.id();
            same && matches!(editing.state, EditState::Here { .. })
        });
        if draft {
            let items = vec![
                PickerItem::new("continue the draft", "", PickAction::EditAgain { line: None }),
                PickerItem::new("start over", "", PickAction::EditAfresh),
            ];
            self.overlay = Some(Overlay::Picker(Picker::new(&format!("edit {}", last_part(&revision)), items)));
            return Ok(());
        }
        self.read_definition(revision, row);
        Ok(())
    }

    fn read_definition(&mut self, revision: String, row: Arc<dyn Row>) {
        self.info(format!("reading {} ...", safe(last_part(&revision))));
        self.out.push(Effect::Request(Request::Registerable { name: revision.clone() }));
        self.editing = Some(Editing { revision, row, state: EditState::Asked });
    }

    /// Forgets what was typed, and reads the revision again.
    pub(super) fn edit_afresh(&mut self) -> Outcome {
        let Editing { revision, row, .. } = self.editing.take().ok_or("nothing is being edited")?;
        self.read_definition(revision, row);
        Ok(())
    }

    /// Takes a revision that was read to be edited, if it is still wanted.
    pub(super) fn take_registerable(&mut self, name: &str, result: Result<Value, Failure>) {
        let wanted = |editing: &&mut Editing| editing.revision == name && matches!(editing.state, EditState::Asked);
        let Some(editing) = self.editing.as_mut().filter(wanted) else { return };
        match result {
            Ok(base) => {
                editing.state = EditState::Here { text: definition_text(&base), base };
                if let Err(reason) = self.edit_again(None) {
                    self.warn(reason);
                }
            }
            Err(failure) => {
                self.editing = None;
                // Advice comes first: the messages of AWS are long.
                let advice = failure.advice.as_ref().map(|advice| format!("{advice}: ")).unwrap_or_default();
                self.warn(format!("{advice}{failure}"));
            }
        }
    }

    /// Opens the editor on what was typed so far.
    pub(super) fn edit_again(&mut self, line: Option<usize>) -> Outcome {
        match &self.editing {
            Some(Editing { revision, state: EditState::Here { text, .. }, .. }) => {
                let name = last_part(revision).replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                self.out.push(Effect::Edit { name, text: text.clone(), line });
                Ok(())
            }
            _ => Err("nothing is being edited".into()),
        }
    }

    /// Takes what was typed: compares it with what is registered, or says what is wrong with it.
    pub(super) fn take_edited(&mut self, edited: EditedText) {
        let Some(Editing { state: EditState::Here { base, text }, .. }) = &mut self.editing else { return };
        let changed = edited.text.as_ref().is_some_and(|new| *new != *text);
        let typed = changed || *text != definition_text(base);
        if let Some(new) = edited.text {
            *text = new;
        }
        if let Some(failure) = edited.failure {
            // What was typed before the failure is kept.
            return match changed {
                true => self.ask_to_edit_again("The editor failed", failure, None),
                false => {
                    self.editing.take_if(|_| !typed);
                    self.warn(failure);
                }
            };
        }
        match parse_definition(text, base) {
            Err(mistake) => {
                let line = Some(mistake.line).filter(|line| *line > 0);
                self.ask_to_edit_again("This can't be registered", mistake.to_string(), line);
            }
            Ok(definition) if definition == *base => {
                self.editing = None;
                self.info("nothing was changed, and nothing is sent");
            }
            Ok(definition) => {
                if let Err(reason) = self.review_definition(&definition) {
                    self.warn(reason);
                }
            }
        }
    }

    fn ask_to_edit_again(&mut self, title: &str, why: String, line: Option<usize>) {
        self.overlay = Some(Overlay::Question(Question {
            title: title.to_owned(),
            says: vec![safe(&why).into_owned(), "what was typed is kept; `e` also goes on from it".to_owned()],
            yes: "edit again",
            no: "later",
            choice: PickAction::EditAgain { line },
        }));
    }

    /// Shows how an edited definition differs from what is registered; the dialog follows from there.
    fn review_definition(&mut self, definition: &Value) -> Outcome {
        let editing = self.editing.as_ref().ok_or("nothing is being edited")?;
        let arg = register_argument(&editing.revision, definition);
        let row = editing.row.clone();
        let change = self.make_change(&change::REGISTER, &*row, &arg)?;
        self.open_review(PendingChange { kind: &change::REGISTER, changes: vec![change], arg })
    }

    /// Forgets what was typed, because it is registered.
    pub(super) fn definition_registered(&mut self) {
        self.editing = None;
    }
}
