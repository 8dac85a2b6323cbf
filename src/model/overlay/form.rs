//! A form: one line a field.

use crate::{
    grammar::Fault,
    model::{
        keymap::Key,
        prompt::{self, Edit, Prompt},
    },
};

/// Fields to fill in.
#[derive(Debug)]
pub struct Form {
    pub title: &'static str,
    /// What it is for, in one line. Safe to draw.
    pub says: String,
    pub fields: Vec<FormField>,
    /// Index of the field with the focus.
    pub focus: usize,
}

/// One line of a form.
#[derive(Debug)]
pub struct FormField {
    pub label: &'static str,
    /// What an empty field means.
    pub empty: &'static str,
    pub prompt: Prompt,
}

/// What a key means for a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormKey {
    Cancel,
    Submit,
    /// It is handled.
    Edited,
}

impl Form {
    pub(super) fn new(title: &'static str, says: String, fields: &[(&'static str, &'static str)]) -> Self {
        let field = |&(label, empty)| FormField { label, empty, prompt: Prompt::default() };
        Self { title, says, fields: fields.iter().map(field).collect(), focus: 0 }
    }

    /// Fills a field in; typing replaces that.
    pub(super) fn preset(mut self, index: usize, text: &str) -> Self {
        if let Some(field) = self.fields.get_mut(index) {
            field.prompt = Prompt::preselected(text);
        }
        self
    }

    pub(super) fn prompt(&self) -> Option<&Prompt> {
        self.fields.get(self.focus).map(|field| &field.prompt)
    }

    pub(super) fn prompt_mut(&mut self) -> Option<&mut Prompt> {
        self.fields.get_mut(self.focus).map(|field| &mut field.prompt)
    }

    /// The trimmed text of a field.
    pub(super) fn text(&self, index: usize) -> &str {
        self.fields.get(index).map(|field| field.prompt.text().trim()).unwrap_or_default()
    }

    pub(super) fn press(&mut self, key: Key) -> FormKey {
        match prompt::edit(key) {
            Some(Edit::Cancel) => return FormKey::Cancel,
            Some(Edit::Next | Edit::Newer) => self.step(1),
            Some(Edit::Previous | Edit::Older) => self.step(-1),
            Some(Edit::Submit) => return FormKey::Submit,
            _ => {
                if let Some(prompt) = self.prompt_mut() {
                    prompt.fault = None;
                    prompt.press(key, &[]);
                }
            }
        }
        FormKey::Edited
    }

    fn step(&mut self, by: isize) {
        let count = self.fields.len().cast_signed();
        self.focus = (self.focus.cast_signed() + by).rem_euclid(count.max(1)).cast_unsigned();
    }

    /// Shows a mistake in a field.
    pub(super) fn fail(&mut self, field: usize, reason: String) {
        self.focus = field;
        if let Some(prompt) = self.prompt_mut() {
            prompt.fault = Some(Fault { at: 0, reason });
        }
    }
}
