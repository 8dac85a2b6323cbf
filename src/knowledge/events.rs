//! What service events mean. The prefix `(service NAME)`, or `service (NAME)` as the documentation has it, does not matter.

use super::Rule;

mod deployments;
mod health;
mod places;
mod routine;

/// In the order in which they are asked.
pub(super) const TABLES: &[&[Rule]] = &[deployments::RULES, places::RULES, health::RULES, routine::RULES];

/// What these rules share.
const EVENT: Rule = Rule { page: guide!("service-event-messages-list"), ..Rule::PLAIN };
