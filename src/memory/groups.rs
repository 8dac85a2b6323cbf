//! Failures that have their cause in common.

use jiff::Timestamp;

use super::place::Cause;
use crate::resource::task::Task;

pub(super) fn cause_of(task: &Task, _now: Timestamp) -> (Cause, Option<i32>) {
    let exit_code = task.containers.iter().find_map(|container| container.exit_code.filter(|code| *code != 0));
    let cause = task.reason().unwrap_or_default();
    let (service, revision) = (task.service().unwrap_or_default().to_owned(), task.revision().to_owned());
    let name = format!("{service} {revision} {cause}");
    (Cause { name, service, revision, container: String::new(), cause, rule: None, failure: task.failed() }, exit_code)
}

impl super::Memory {
    pub fn failures(
        &mut self,
        _scope: &super::Scope,
        _query: &crate::resource::Query,
        _now: Timestamp,
    ) -> Result<Vec<std::sync::Arc<dyn crate::resource::Row>>, super::Error> {
        Ok(Vec::new())
    }
}
