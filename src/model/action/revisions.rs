//! Actions on task definition revisions.

use std::sync::Arc;

use super::{
    Action, Arg, Call, Outcome, actions,
    changes::{ask, ask_for},
    row::{ON_ROWS, current},
};
use crate::{
    change,
    model::{
        Model,
        overlay::{Overlay, PickAction, Picker, PickerItem},
        prompt::Prompt,
    },
    resource::{Ability, Row, TypedRow},
};

actions! {
    DEPLOY = Action::new("deploy", ON_ROWS, "deploy a revision", deploy)
        .needs(Ability::Deploy)
        .keys(&["shift-u"])
        .words(&["deploy"], Arg::Text("revision", change::check_revision))
        .hint("deploy", 58);
    EDIT = Action::new("edit", ON_ROWS, "edit the task definition", edit)
        .needs(Ability::Deploy)
        .keys(&["e"])
        .words(&["edit"], Arg::None)
        .hint("edit", 59);
    DEREGISTER = Action::new("deregister", ON_ROWS, "deregister the revision", deregister)
        .needs(Ability::Deregister)
        .words(&["deregister"], Arg::None);
}

/// Deploys the named revision to the service, or the selected revision to a service. A key on a service opens the prompt for
/// the revision first.
fn deploy(model: &mut Model, call: Call<'_>) -> Outcome {
    let row = current(model)?;
    let TypedRow::Revision(revision) = row.typed() else {
        if !call.arg.is_empty() {
            return ask(model, &change::DEPLOY, call.arg);
        }
        model.require_writable_in(row.cluster())?;
        model.open_prompt(Overlay::Command(Prompt::holding("deploy ")));
        return Ok(());
    };
    if !call.arg.is_empty() {
        return Err(format!("unexpected `{}`; on a revision, `:deploy` deploys that one", call.arg));
    }
    let name = row.name();
    if let Some(status) = revision.status.as_deref().filter(|status| *status != "ACTIVE") {
        return Err(format!("{name} is {}: it can't be deployed", status.to_lowercase().replace('_', " ")));
    }
    let services = model.services_running(&revision.family);
    match services.as_slice() {
        [] => Err(format!("no service is loaded that runs it; on one, `:deploy {name}`")),
        [service] => ask_for(model, std::slice::from_ref(service), &change::DEPLOY, &name),
        several => {
            let item = |service: &Arc<dyn Row>| {
                let (service, revision) = (service.id().to_owned(), name.clone().into_owned());
                PickAction::Deploy { service, revision }
            };
            let items = several
                .iter()
                .map(|service| PickerItem::new(&service.name(), service.cluster().unwrap_or_default(), item(service)));
            model.overlay = Some(Overlay::Picker(Picker::new(&format!("deploy {name} to"), items.collect())));
            Ok(())
        }
    }
}

fn deregister(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::DEREGISTER, call.arg)
}

/// Edits the selected revision, or the one that the service deploys.
fn edit(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    if let TypedRow::Revision(revision) = row.typed() {
        return model.edit_definition(revision.task_definition_arn.clone(), row.clone());
    }
    let service = match row.typed() {
        TypedRow::Rollout(rollout) => {
            let is_its = |row: &Arc<dyn Row>| {
                matches!(row.typed(), TypedRow::Service(service)
                    if service.service_name == rollout.service_name && service.cluster_name == rollout.cluster_name)
            };
            let service = model.all_rows().into_iter().find(is_its);
            service
                .ok_or_else(|| format!("service {} is not loaded yet; try again in a moment", rollout.service_name))?
        }
        _ => model.rollout_subject(model.front.subject()?)?.row,
    };
    let TypedRow::Service(deployed) = service.typed() else { return Err(format!("{} is no service", row.name())) };
    let definition = deployed.task_definition.clone();
    let definition = definition.ok_or_else(|| format!("{} has no task definition", deployed.service_name))?;
    model.edit_definition(definition, service.clone())
}

impl Model {
    /// The services of a task definition family: the one that the revision was opened from, or else all that are loaded.
    fn services_running(&self, family: &str) -> Vec<Arc<dyn Row>> {
        let runs = |row: &Arc<dyn Row>| match row.typed() {
            TypedRow::Service(service) => service.revision().rsplit_once(':').is_some_and(|(own, _)| own == family),
            _ => false,
        };
        let beneath = self.behind.iter().rev().filter_map(|screen| screen.subject().ok());
        let opened_from = beneath.filter_map(|subject| self.rollout_subject(subject).ok()).map(|subject| subject.row);
        if let Some(service) = opened_from.into_iter().find(runs) {
            return vec![service];
        }
        let mut services: Vec<Arc<dyn Row>> = Vec::new();
        for row in self.all_rows().into_iter().filter(runs) {
            if services.iter().all(|known| known.id() != row.id()) {
                services.push(row);
            }
        }
        services
    }

    /// Opens the dialog for a deployment of `revision` to the service with this ARN.
    pub(in crate::model) fn deploy_to(&mut self, service: &str, revision: &str) -> Outcome {
        let row = self.all_rows().into_iter().find(|row| row.id() == service);
        let row = row.ok_or("the service is no longer loaded")?;
        ask_for(self, &[row], &change::DEPLOY, revision)
    }
}
