//! Explanations: a document with the problems of a row, the evidence, and next steps.

use super::{Known, verdict_of};
use crate::resource::{Context, Document, Row, TypedRow, command, finding::Finding};

mod builder;
mod instance;
mod service;
mod task;

use builder::ExplanationBuilder;

/// An explanation of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    pub document: Document,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Ready to paste, most useful first.
    pub commands: Vec<String>,
}

/// Explains the problems of `row` from `known` rows.
pub fn explain(row: &dyn Row, known: &Known<'_>) -> Explanation {
    let builder = match row.typed() {
        TypedRow::Service(row) => service::explain_service(row, known),
        TypedRow::Deployment(row) => service::explain_deployment(row, known),
        TypedRow::Event(row) => service::explain_event(row, known),
        TypedRow::Task(row) => task::explain_task(row, known),
        TypedRow::Container(row) => task::explain_container(row, known),
        TypedRow::Instance(row) => instance::explain_instance(row, known),
        TypedRow::Cluster(_) | TypedRow::Revision(_) | TypedRow::Rollout(_) | TypedRow::Other => {
            let mut builder = ExplanationBuilder::new(known);
            builder.document = row.describe(&Context { now: known.now, zone: known.zone.clone() });
            builder
        }
    };
    builder.build(command::show(row))
}

#[cfg(test)]
mod tests;
