//! The form of a copy out of a container or into it.

use super::{
    Overlay,
    form::{Form, FormKey},
};
use crate::{
    copy::{CopyRequest, Direction},
    model::{Model, keymap::Key, text::safe},
    resource::container::ExecTarget,
};

/// A form before a copy.
#[derive(Debug)]
pub struct CopyForm {
    target: ExecTarget,
    pub form: Form,
}

const FIELDS: [(&str, &str); 4] = [
    ("direction", "`out` of the container, or `in`"),
    ("there", "path in the container"),
    ("here", "local path, by default the folder that ecsight runs in"),
    ("options", "`force` overwrites, `resume` continues an interrupted copy"),
];

impl CopyForm {
    fn new(target: ExecTarget) -> Self {
        let says = safe(&format!("{} in {}", target.label(), target.cluster_name)).into_owned();
        Self { target, form: Form::new("Copy files", says, &FIELDS).preset(0, "out") }
    }

    /// What the fields say; a mistake with the index of its field.
    fn request(&self) -> Result<CopyRequest, (usize, String)> {
        let direction = match self.form.text(0) {
            "" | "out" => Direction::Download,
            "in" => Direction::Upload,
            other => return Err((0, format!("invalid direction `{other}`; expected out or in"))),
        };
        let remote = self.form.text(1);
        if remote.is_empty() {
            return Err((1, "a path in the container is needed".into()));
        }
        let local = match (self.form.text(2), direction) {
            ("", Direction::Download) => ".",
            ("", Direction::Upload) => return Err((2, "the local path is needed".into())),
            (local, _) => local,
        };
        let (mut overwrite, mut resume) = (false, false);
        for option in self.form.text(3).split([' ', ',']).filter(|option| !option.is_empty()) {
            match option {
                "force" => overwrite = true,
                "resume" => resume = true,
                other => return Err((3, format!("unknown option `{other}`; expected force or resume"))),
            }
        }
        Ok(CopyRequest { direction, remote: remote.to_owned(), local: local.into(), overwrite, resume })
    }
}

impl Model {
    /// Opens the form of a copy out of the container or into it.
    pub(in crate::model) fn open_copy_form(&mut self, target: ExecTarget) {
        self.overlay = Some(Overlay::CopyFiles(Box::new(CopyForm::new(target))));
    }

    /// Handles a key in the form; a mistake keeps it open.
    pub(super) fn press_copy_form(&mut self, mut form: Box<CopyForm>, key: Key) {
        match form.form.press(key) {
            FormKey::Cancel => return,
            FormKey::Edited => {}
            FormKey::Submit => match form.request() {
                Ok(request) => return self.ask_to_copy(form.target, request),
                Err((field, reason)) => form.form.fail(field, reason),
            },
        }
        self.overlay = Some(Overlay::CopyFiles(form));
    }
}
