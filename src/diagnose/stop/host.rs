//! Stops because the host of a task failed or disappeared.

use super::{
    facts::{StopFacts, specific_rule},
    request::add_stop_request,
};
use crate::{
    diagnose::VerdictBuilder,
    knowledge::{self, Class, ReasonField},
};

/// The host is gone, or about to be: not a fault of the application.
pub(super) fn diagnose_host_failure<'a>(facts: &StopFacts<'a>, code: &str) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    let rule = specific_rule(ReasonField::Task, reason).filter(|rule| rule.class < Class::Failure);
    let rule = rule.or_else(|| knowledge::of_stop_code(code));
    add_stop_request(
        VerdictBuilder { rule, class: Some(Class::Warning), text: Some(reason), ..VerdictBuilder::default() },
        facts,
    )
}
