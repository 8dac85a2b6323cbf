//! Which failures are the same one.

use crate::{
    knowledge::{self, Verdict},
    resource::task::Task,
};

use super::draft::UNKNOWN;

/// What failures of one kind have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// By name; for standalone tasks their group, `family:batch`.
    pub service: String,
    /// `family:revision`.
    pub revision: String,
    /// The container it began with; empty where none is to blame.
    pub container: String,
    /// The rule's id, and the exit code where that is not in it; what no rule knows without ids, times and addresses.
    pub cause: String,
}

/// What `task`, which stopped for the cause that `verdict` names, has in common with others.
pub fn group_key(task: &Task, verdict: &Verdict) -> GroupKey {
    let cause = match (verdict.rule, verdict.exit_code) {
        (Some(rule), Some(code)) if !rule.ends_with(&format!("-{code}")) => format!("{rule} ({code})"),
        (Some(rule), _) => rule.to_owned(),
        (None, _) => knowledge::essence(verdict.cause.strip_prefix(UNKNOWN).unwrap_or(&verdict.cause)),
    };
    GroupKey {
        service: task.service().or(task.group.as_deref()).unwrap_or_default().to_owned(),
        revision: task.revision().to_owned(),
        container: verdict.container.clone().unwrap_or_default(),
        cause,
    }
}
