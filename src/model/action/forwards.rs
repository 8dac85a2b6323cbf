//! Actions that forward ports.

use std::sync::Arc;

use super::{
    Action, Arg, Call, Outcome, actions,
    row::{ON_ROWS, current},
};
use crate::{
    event::Effect,
    forwarding::{ForwardPorts, ForwardRequest, ForwardSubject, SavedForward},
    journal::SESSION,
    model::{
        Model,
        overlay::{Overlay, PickAction, PortsPrompt, Question},
        prompt::Prompt,
        scope::ScopeRule,
        screens::forwards::ForwardList,
        text::safe,
    },
    nearest,
    resource::{Ability, TypedRow},
};

actions! {
    FORWARD = Action::new("forward", ON_ROWS, "forward a port", forward)
        .needs(Ability::Forward)
        .keys(&["shift-f"])
        .hint("forward", 49);
    FORWARDS = Action::new("forwards", ON_ROWS, "forwards", list)
        .keys(&["f"])
        .words(&["forwards", "forward", "pf"], Arg::Forward)
        .anywhere();
}

/// Shows the list; with an argument, starts the forward of this name, or forwards these ports to the row.
fn list(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        if !model.front.is::<ForwardList>() {
            model.push(ForwardList::default());
        }
        return Ok(());
    }
    let saved = model.settings.forwards.iter().find(|saved| saved.name == call.arg).cloned();
    if let Some(saved) = saved {
        return model.start_saved(&saved);
    }
    match call.arg.parse::<ForwardPorts>() {
        Ok(ports) => {
            let prompt = prompt_for_row(model)?;
            model.ask_to_forward(prompt.cluster, prompt.subject, prompt.container, ports, None)
        }
        Err(_) if !model.settings.forwards.is_empty() => {
            let names = model.settings.forwards.iter().map(|saved| saved.name.as_str());
            Err(nearest::unknown("forward", call.arg, names))
        }
        Err(reason) => Err(format!("{reason}; `[[forward]]` in config.toml gives forwards names")),
    }
}

fn forward(model: &mut Model, _: Call<'_>) -> Outcome {
    let prompt = prompt_for_row(model)?;
    model.require_forwardable(&prompt.cluster)?;
    model.open_prompt(Overlay::Ports(prompt));
    Ok(())
}

/// The prompt for the ports of the row.
fn prompt_for_row(model: &Model) -> Result<PortsPrompt, String> {
    let row = current(model)?;
    let (cluster, subject, container, definition) = match row.typed() {
        TypedRow::Task(task) if task.stopped() => return Err(format!("{} has stopped", task.label())),
        TypedRow::Task(task) => {
            let subject = ForwardSubject::Task(task.task_arn.clone());
            (&task.cluster_name, subject, None, task.task_definition_arn.clone())
        }
        TypedRow::Container(container) => {
            let rows = model.all_rows();
            let definition = rows.iter().find_map(|row| match row.typed() {
                TypedRow::Task(task) if task.task_arn == container.task_arn => task.task_definition_arn.clone(),
                _ => None,
            });
            let subject = ForwardSubject::Task(container.task_arn.clone());
            (&container.cluster_name, subject, Some(container.name.clone()), definition)
        }
        TypedRow::Service(service) => {
            let subject = ForwardSubject::Service(service.service_name.clone());
            (&service.cluster_name, subject, None, service.task_definition.clone())
        }
        _ => return Err("ports are forwarded to services, tasks and containers; select one".into()),
    };
    let cluster = cluster.clone();
    Ok(PortsPrompt { prompt: Prompt::default(), cluster, subject, container, definition, is_untouched: true })
}

impl Model {
    /// Refuses what neither the access mode nor the rules of the scope allow.
    fn require_forwardable(&self, cluster: &str) -> Outcome {
        self.require_writable_in(Some(cluster))?;
        ScopeRule::require_permitted(self.settings.scope_rule(&self.snapshot.identity, cluster), SESSION)
    }

    /// Starts a forward; in production after a question.
    pub(in crate::model) fn ask_to_forward(
        &mut self,
        cluster: String,
        subject: ForwardSubject,
        container: Option<String>,
        ports: ForwardPorts,
        name: Option<String>,
    ) -> Outcome {
        self.require_forwardable(&cluster)?;
        let request = ForwardRequest {
            identity: Arc::new(self.snapshot.identity.clone()),
            access: self.access_in(Some(&cluster)),
            cluster,
            subject,
            container,
            ports,
        };
        let rule = self.settings.scope_rule(&self.snapshot.identity, &request.cluster);
        let Some(rule) = rule.filter(|rule| ScopeRule::asks_before_session(Some(rule))) else {
            self.start_forward(request, name);
            return Ok(());
        };
        let title = format!("Forward a port in {}?", safe(&rule.env));
        let says = vec![
            safe(&request.label()).into_owned(),
            "programs on this machine can connect to it until the forward ends".to_owned(),
            "the journal notes who opened it, where, and for how long".to_owned(),
        ];
        let choice = PickAction::StartForward { request: Box::new(request), name };
        self.overlay = Some(Overlay::Question(Question { title, says, yes: "forward", no: "cancel", choice }));
        Ok(())
    }

    /// Starts a forward of the configuration.
    pub(in crate::model) fn start_saved(&mut self, saved: &SavedForward) -> Outcome {
        let name = Some(saved.name.clone());
        if self.forwards.active().any(|forward| forward.name == name) {
            return Err(format!("{} is running already; f lists forwards", saved.name));
        }
        let (cluster, container) = (saved.cluster.clone(), saved.container.clone());
        self.ask_to_forward(cluster, saved.subject(), container, saved.ports(), name)
    }

    /// Quits; with something in the background after a question.
    pub(in crate::model) fn ask_to_quit(&mut self) {
        let forwards: Vec<String> = self.forwards.active().map(|forward| forward.request.label()).collect();
        let others: Vec<String> = self.copies.labels().map(str::to_owned).collect();
        let title = match (forwards.len(), others.len()) {
            (0, 0) => {
                self.out.push(Effect::Quit);
                return;
            }
            (1, 0) => "Quit and end 1 forward?".to_owned(),
            (count, 0) => format!("Quit and end {count} forwards?"),
            (forwards, others) => format!("Quit and end what runs in the background ({})?", forwards + others),
        };
        let says = [forwards, others].concat();
        let says = says.iter().map(|label| safe(label).into_owned()).collect();
        self.overlay =
            Some(Overlay::Question(Question { title, says, yes: "quit", no: "stay", choice: PickAction::Quit }));
    }
}
