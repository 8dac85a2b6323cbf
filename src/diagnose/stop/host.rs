//! Why a task stopped that lost what it ran on.

use super::{
    facts::{StopFacts, specific_rule},
    request::add_stop_request,
};
use crate::{
    diagnose::VerdictBuilder,
    knowledge::{self, Class, ReasonField},
};

/// What it ran on is gone, or about to be: not the application's fault.
pub(super) fn diagnose_host_failure<'a>(facts: &StopFacts<'a>, code: &str) -> VerdictBuilder<'a> {
    let reason = facts.reason();
    let rule = specific_rule(ReasonField::Task, reason).filter(|rule| rule.class < Class::Failure);
    let rule = rule.or_else(|| knowledge::of_stop_code(code));
    add_stop_request(
        VerdictBuilder { rule, class: Some(Class::Warning), text: Some(reason), ..VerdictBuilder::default() },
        facts,
    )
}
