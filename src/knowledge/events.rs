//! What service events mean, whatever they begin with: `(service NAME)`, or `service (NAME)` in the documentation.

use super::Rule;

mod deployments;
mod health;
mod places;
mod routine;

/// In the order in which they are asked.
pub(super) const TABLES: &[&[Rule]] = &[deployments::RULES, places::RULES, health::RULES, routine::RULES];

/// What these rules share.
const EVENT: Rule = Rule { page: guide!("service-event-messages-list"), ..Rule::PLAIN };
