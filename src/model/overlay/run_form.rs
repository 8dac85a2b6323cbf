//! The form of a task to run: what differs from the service or task that it is like.

use std::sync::Arc;

use super::{
    Overlay,
    form::{Form, FormKey},
};
use crate::{
    change::{self, RUN, RunSpec},
    model::{Model, keymap::Key, text::safe},
    resource::Row,
};

/// A form before the dialog of a run.
#[derive(Debug)]
pub struct RunForm {
    /// The service or task that the task is like.
    row: Arc<dyn Row>,
    /// Another task definition than that of the row.
    definition: Option<String>,
    pub form: Form,
}

const FIELDS: [(&str, &str); 6] = [
    ("count", ""),
    ("container", "the essential one"),
    ("command", "that of the task definition"),
    ("environment", "NAME=VALUE, added to that of the task definition"),
    ("cpu", "CPU units, of the task definition"),
    ("memory", "MiB, of the task definition"),
];

impl RunForm {
    fn new(row: Arc<dyn Row>, definition: Option<String>, says: String) -> Self {
        Self { row, definition, form: Form::new("Run a task", says, &FIELDS).preset(0, "1") }
    }

    /// What the fields say; a mistake with the index of its field.
    fn spec(&self, token: String) -> Result<RunSpec, (usize, String)> {
        let text = |index: usize| self.form.text(index);
        let at = |index: usize| move |reason: String| (index, reason);
        let words = |index: usize| change::split_words(text(index)).map_err(at(index));
        let variables = words(3)?.iter().map(|word| change::parse_variable(word).map_err(at(3))).collect();
        Ok(RunSpec {
            token,
            definition: self.definition.clone(),
            count: change::parse_count(text(0)).map_err(at(0))?,
            container: Some(text(1).to_owned()).filter(|name| !name.is_empty()),
            command: words(2)?,
            environment: {
                let variables: Result<_, _> = variables;
                variables?
            },
            cpu: change::parse_size(text(4)).map_err(at(4))?,
            memory: change::parse_size(text(5)).map_err(at(5))?,
        })
    }
}

impl Model {
    /// Opens the form for a task like that of `row`, a service or a task.
    pub(in crate::model) fn open_run_form(&mut self, row: Arc<dyn Row>, definition: Option<String>, says: &str) {
        self.overlay = Some(Overlay::Run(Box::new(RunForm::new(row, definition, safe(says).into_owned()))));
    }

    /// Handles a key in the form.
    pub(super) fn press_run_form(&mut self, mut form: Box<RunForm>, key: Key) {
        match form.form.press(key) {
            FormKey::Cancel => {}
            FormKey::Submit => self.run_form_entered(form),
            FormKey::Edited => self.overlay = Some(Overlay::Run(form)),
        }
    }

    /// Opens the dialog of the run; a mistake keeps the form open.
    fn run_form_entered(&mut self, mut form: Box<RunForm>) {
        let made = form.spec(self.client_token()).and_then(|spec| {
            let arg = spec.to_arg();
            let change = self.change_of_row(&RUN, &*form.row, &arg).map_err(|reason| (form.form.focus, reason))?;
            Ok((change, arg))
        });
        match made {
            Ok((change, arg)) => self.open_confirmation(&RUN, vec![change], arg, None),
            Err((field, reason)) => {
                form.form.fail(field, reason);
                self.overlay = Some(Overlay::Run(form));
            }
        }
    }

    /// A token that no other call has.
    fn client_token(&mut self) -> String {
        self.orders += 1;
        change::client_token(&self.snapshot.identity, self.now, self.orders)
    }
}
