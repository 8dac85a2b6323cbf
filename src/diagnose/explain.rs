//! Explaining: one document that says what is wrong with a row, how that is known, and what to do about it.

use super::{Known, instance, pending, service};
use crate::resource::{
    Context, Document, Row, Tone, container::Container, deployment::Deployment, event::Event, finding::Finding,
    instance::Instance, service::Service, task::Task,
};

mod beside;

pub use beside::beside;

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
    let findings = findings(row, known);
    let mut document = Document::default();
    let section = document.section("Findings");
    for finding in &findings {
        section.text(0, format!("{}: {}", finding.problem.word(), finding.cause), finding.problem.tone());
    }
    if findings.is_empty() {
        section.text(0, "nothing is wrong as far as ecsight can see", Tone::Good);
    }
    document.sections.extend(row.describe(&Context { now: known.now }).sections);
    let commands = row.cli().map(|words| format!("aws {}", words.join(" "))).into_iter().collect();
    Explanation { document, findings, commands }
}

fn findings(row: &dyn Row, known: &Known<'_>) -> Vec<Finding> {
    let row = row.any();
    let of_service = |cluster: &str, name: &str| known.service(cluster, name).map(|of| service(of, known));
    if let Some(of) = row.downcast_ref::<Service>() {
        service(of, known)
    } else if let Some(of) = row.downcast_ref::<Instance>() {
        instance(of, known)
    } else if let Some(of) = row.downcast_ref::<Task>() {
        pending(of, known).into_iter().collect()
    } else if let Some(of) = row.downcast_ref::<Deployment>() {
        of_service(&of.cluster_name, &of.service_name).unwrap_or_default()
    } else if let Some(of) = row.downcast_ref::<Event>() {
        of_service(&of.cluster_name, &of.service_name).unwrap_or_default()
    } else if let Some(of) = row.downcast_ref::<Container>() {
        let tasks = known.task(&of.cluster_name, &of.task_arn);
        tasks.and_then(|task| pending(task, known)).into_iter().collect()
    } else {
        Vec::new()
    }
}
