//! Explaining: one document that says what is wrong with a row, how that is known, and what to do about it.

use super::{Known, verdict_of};
use crate::resource::{
    Context, Document, Row, command, container::Container, deployment::Deployment, event::ServiceEvent,
    finding::Finding, instance::Instance, service::Service, task::Task,
};

mod builder;
mod instance;
mod service;
mod task;

use builder::ExplanationBuilder;

/// What can be said of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    pub document: Document,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Ready to paste, most useful first.
    pub commands: Vec<String>,
}

/// What is wrong with `row` and why, as far as `known` tells.
pub fn explain(row: &dyn Row, known: &Known<'_>) -> Explanation {
    let any = row.any();
    let builder = if let Some(of) = any.downcast_ref::<Service>() {
        service::explain_service(of, known)
    } else if let Some(of) = any.downcast_ref::<Deployment>() {
        service::explain_deployment(of, known)
    } else if let Some(of) = any.downcast_ref::<ServiceEvent>() {
        service::explain_event(of, known)
    } else if let Some(of) = any.downcast_ref::<Task>() {
        task::explain_task(of, known)
    } else if let Some(of) = any.downcast_ref::<Container>() {
        task::explain_container(of, known)
    } else if let Some(of) = any.downcast_ref::<Instance>() {
        instance::explain_instance(of, known)
    } else {
        let mut builder = ExplanationBuilder::new(known);
        builder.document = row.describe(&Context { now: known.now, zone: known.zone.clone() });
        builder
    };
    builder.build(command::show(row))
}

#[cfg(test)]
mod tests;
