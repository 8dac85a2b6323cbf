//! Explaining: one document that says what is wrong with a row, how that is known, and what to do about it.

use super::{Known, verdict_of};
use crate::resource::{
    Context, Document, Row, command, container::Container, deployment::Deployment, event::Event, finding::Finding,
    instance::Instance, service::Service, task::Task,
};

mod beside;
mod instance;
mod service;
mod task;
mod telling;

pub use beside::beside;

use telling::Telling;

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
    let telling = if let Some(of) = any.downcast_ref::<Service>() {
        service::service(of, known)
    } else if let Some(of) = any.downcast_ref::<Deployment>() {
        service::deployment(of, known)
    } else if let Some(of) = any.downcast_ref::<Event>() {
        service::event(of, known)
    } else if let Some(of) = any.downcast_ref::<Task>() {
        task::task(of, known)
    } else if let Some(of) = any.downcast_ref::<Container>() {
        task::container(of, known)
    } else if let Some(of) = any.downcast_ref::<Instance>() {
        instance::instance(of, known)
    } else {
        let mut telling = Telling::new(known);
        telling.document = row.describe(&Context { now: known.now, zone: known.zone.clone() });
        telling
    };
    telling.finish(command::show(row))
}

#[cfg(test)]
mod tests;
