//! Registering an edited task definition as the next revision of its family.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>

use std::sync::{Arc, OnceLock};

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, DEPLOY, Risk, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, FailureKind, operation, replace_body},
    diagnose::Known,
    knowledge::shell_word,
    resource::{
        Query, Row, TypedRow, View,
        diff::{DiffQuestion, DiffSide},
        format::last_part,
        revision,
        secrets::{MASK, masked_json},
    },
};

mod document;
mod schema;

pub use document::{DocumentMistake, definition_text, parse_definition, registerable};

pub static REGISTER: ChangeKind = ChangeKind {
    name: "register",
    title: "Register a task definition",
    button: "register",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: None,
};

/// The argument of [`REGISTER`]: the name or ARN of the edited revision, a line break, and what to register as JSON.
pub fn register_argument(edited: &str, definition: &Value) -> String {
    format!("{edited}\n{definition}")
}

fn make(row: &dyn Row, argument: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let nothing = || "nothing was edited; `e` edits a task definition".to_owned();
    let (edited, json) = argument.split_once('\n').ok_or_else(nothing)?;
    let definition: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let target = match row.typed() {
        TypedRow::Revision(revision) => revision_target(&revision.task_definition_arn),
        _ => service_target(service_of(row, known)?),
    };
    Ok(Arc::new(RegisterRevision {
        target,
        edited: edited.to_owned(),
        definition: Arc::new(definition),
        registered: Arc::default(),
    }))
}

/// A revision as a target.
pub(super) fn revision_target(arn: &str) -> ChangeTarget {
    ChangeTarget { kind: "revision", name: last_part(arn).to_owned(), cluster: String::new(), arn: arn.to_owned() }
}

/// The views of a revision and of its family.
pub(super) fn revision_views(name: &str) -> Vec<View> {
    let family = name.rsplit_once(':').map_or(name, |(family, _)| family);
    revision::view(name).into_iter().chain([View::new(&revision::KIND, Query::family(family))]).collect()
}

#[derive(Debug)]
struct RegisterRevision {
    target: ChangeTarget,
    /// Name or ARN of the edited revision.
    edited: String,
    /// What is sent. It contains the values of environment variables.
    definition: Arc<Value>,
    /// Name of the new revision, once AWS has accepted it.
    registered: Arc<OnceLock<String>>,
}

impl RegisterRevision {
    fn family(&self) -> &str {
        self.definition.get("family").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Change for RegisterRevision {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        let (edited, family) = (last_part(&self.edited), self.family());
        let known = edited.rsplit_once(':').is_some_and(|(before, _)| before == family);
        let becomes = if known {
            format!("the next revision of {family}")
        } else {
            format!("a revision of a new family, {family}")
        };
        vec![
            format!("what was edited in {edited} becomes {becomes}"),
            "no task changes until a service deploys it".to_owned(),
        ]
    }

    fn basis(&self) -> Vec<String> {
        vec![self.edited.clone(), self.definition.to_string()]
    }

    fn comparison(&self) -> Option<DiffQuestion> {
        let draft =
            DiffSide::Draft { name: format!("{} (edited)", self.family()), definition: self.definition.clone() };
        Some(DiffQuestion::Sides(DiffSide::TaskDefinition(self.edited.clone()), draft))
    }

    /// The request without the values of environment variables and whatever else looks secret.
    fn api_call(&self) -> ApiCall {
        let mut shown = masked_json(&self.definition);
        for container in shown["containerDefinitions"].as_array_mut().into_iter().flatten() {
            for variable in container["environment"].as_array_mut().into_iter().flatten() {
                variable["value"] = json!(MASK);
            }
        }
        let members = schema::TASK_DEFINITION.iter().filter_map(|(name, _)| Some((*name, shown.get(*name)?.clone())));
        ApiCall { operation: operation::REGISTER_TASK_DEFINITION, input: members.collect() }
    }

    fn command(&self) -> String {
        let file = format!("file://{}.json", self.family());
        format!("aws ecs register-task-definition --cli-input-json {}", shell_word(&file))
    }

    fn touches(&self) -> Vec<View> {
        match self.target.kind {
            "service" => {
                service_views(&self.target).into_iter().chain(revision_views(last_part(&self.edited))).collect()
            }
            _ => revision_views(&self.target.name),
        }
    }

    fn progress(&self, _: &Known<'_>) -> ChangeProgress {
        ChangeProgress::Settled("registered".to_owned())
    }

    fn follow_up(&self) -> Option<(&'static ChangeKind, String)> {
        let registered = self.registered.get().filter(|_| self.target.kind == "service")?;
        Some((&DEPLOY, registered.clone()))
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        // The SDK has no way from JSON to its types, and its types may lack what AWS has.
        let request = clients.ecs.register_task_definition().customize().mutate_request(replace_body(&self.definition));
        let registered = self.registered.clone();
        async move {
            let operation = operation::REGISTER_TASK_DEFINITION;
            let answer = clients.call(operation, request.send()).await?;
            let arn = answer.task_definition.and_then(|definition| definition.task_definition_arn);
            let arn =
                arn.ok_or_else(|| Failure::local(operation.name, FailureKind::Garbled, "the answer has no ARN"))?;
            let name = registered.get_or_init(|| last_part(&arn).to_owned());
            Ok(format!("{name} is registered"))
        }
        .boxed()
    }
}
