//! Grouping of equal failures.

use crate::{
    knowledge::{self, Verdict},
    resource::task::Task,
};

use super::verdict_builder::UNKNOWN_PREFIX;

/// The key of a group of failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The name of the service; for standalone tasks their group, `family:batch`.
    pub service: String,
    /// `family:revision`.
    pub revision: String,
    /// The root container; empty if no container failed.
    pub container: String,
    /// The id of the rule, with the exit code if the rule does not imply it; an unknown message without ids, times and
    /// addresses.
    pub cause: String,
}

/// The key for `task` with this `verdict`.
pub fn group_key(task: &Task, verdict: &Verdict) -> GroupKey {
    let is_of_code =
        |rule: &str, code: i32| knowledge::of_exit(Some(code)).is_some_and(|known| known.id == rule && !known.general);
    let cause = match (verdict.rule, verdict.exit_code) {
        (Some(rule), Some(code)) if !is_of_code(rule, code) => format!("{rule} ({code})"),
        (Some(rule), _) => rule.to_owned(),
        (None, _) => knowledge::essence(verdict.cause.strip_prefix(UNKNOWN_PREFIX).unwrap_or(&verdict.cause)),
    };
    GroupKey {
        service: task.service().or(task.group.as_deref()).unwrap_or_default().to_owned(),
        revision: task.revision().to_owned(),
        container: verdict.container.clone().unwrap_or_default(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        diagnose::{Known, diagnose_stop},
        resource::container::Container,
    };

    fn key(id: &str, reason: &str, code: Option<i32>) -> GroupKey {
        let container = Container { name: "app".to_owned(), exit_code: code, ..Container::default() };
        let task = Task {
            task_arn: format!("arn:aws:ecs:eu-west-1:481516234217:task/prod/{id}"),
            group: Some("service:web".to_owned()),
            task_definition_arn: Some("arn:aws:ecs:eu-west-1:481516234217:task-definition/web:7".to_owned()),
            stopped_reason: Some(reason.to_owned()),
            containers: vec![container],
            ..Task::default()
        };
        group_key(&task, &diagnose_stop(&task, &Known::default()))
    }

    #[rstest]
    #[case::rule("CannotPullContainerError: toomanyrequests: a", "toomanyrequests: b", None, true)]
    #[case::ids(
        "widget 0f3c9a1e5b7d4c2f8a6e1d3b5c7f9e02 at 10.0.17.42 broke",
        "widget 1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90 at 10.0.3.7 broke",
        None,
        true
    )]
    #[case::words("widget broke", "gadget broke", None, false)]
    fn the_same_cause_is_one_group(
        #[case] one: &str,
        #[case] other: &str,
        #[case] code: Option<i32>,
        #[case] same: bool,
    ) {
        assert_eq!(key("a", one, code) == key("b", other, code), same);
    }

    #[test]
    fn application_exit_codes_are_separate_groups() {
        let cause = |code| key("a", "Essential container in task exited", Some(code)).cause;
        assert_eq!([cause(1), cause(3), cause(4)], ["EXIT-1", "STOP-ESSENTIAL (3)", "STOP-ESSENTIAL (4)"]);
        let key = key("a", "Essential container in task exited", Some(1));
        assert_eq!((&*key.service, &*key.revision, &*key.container), ("web", "web:7", "app"));
    }
}
