//! Whose logs are read: from a row to the log of what it stands for.

use std::sync::Arc;

use super::Reader;
use crate::{
    logs::{Pace, Range, Read, Subject, Wanted, ring::Ring},
    model::{
        Model, Screen,
        action::{Call, Outcome},
    },
    resource::{Row, Status},
};

/// Whose logs those of a row are.
fn subject(row: &Arc<dyn Row>) -> Result<Subject, String> {
    let mut view = row.drill().ok_or_else(|| format!("this {} has no logs", row.kind().name))?;
    view.query.status = Status::All;
    Ok(Subject { name: row.name().into_owned(), view, tasks: None, container: None })
}

impl Model {
    /// Opens the log of a subject.
    pub(in crate::model) fn open_log(&mut self, of: Subject, read: Read) {
        self.logs_opened += 1;
        let wanted = Wanted { id: self.logs_opened, of, read, pace: Pace::default() };
        self.push(Screen::Logs(Box::new(Reader::new(wanted, Ring::default()))));
    }
}

pub(in crate::model) fn logs(model: &mut Model, _: Call<'_>) -> Outcome {
    let Screen::Table(table) = &model.front else { return Err("this is for tables".into()) };
    let row = table.current().ok_or("there is no row here")?.row.clone();
    let of = subject(&row)?;
    model.open_log(of, Read::Tail { range: Range::Newest, pattern: None, live: false });
    Ok(())
}
