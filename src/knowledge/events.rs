//! Rules for service events, with any prefix: `(service NAME)`, or `service (NAME)` in the documentation.

use super::Rule;

mod deployments;
mod health;
mod placement;
mod routine;

/// Tables in order of precedence.
pub(super) const TABLES: &[&[Rule]] = &[deployments::RULES, placement::RULES, health::RULES, routine::RULES];

/// Defaults of these rules.
const EVENT: Rule = Rule { page: guide!("service-event-messages-list"), ..Rule::PLAIN };
