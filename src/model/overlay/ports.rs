//! The prompt for the ports of a forward.

use super::Overlay;
use crate::{
    diagnose::Known,
    forwarding::{ForwardPorts, ForwardSubject},
    grammar::Fault,
    model::{
        Model,
        prompt::{Completion, Prompt, Suggestion},
    },
    resource::{View, revision},
};

/// The prompt for `[LOCAL:][HOST:]PORT`; its candidates are the ports of the task definition.
#[derive(Debug)]
pub struct PortsPrompt {
    pub prompt: Prompt,
    pub cluster: String,
    pub subject: ForwardSubject,
    pub container: Option<String>,
    /// The ARN of the task definition with the ports.
    pub definition: Option<String>,
    /// Nothing was typed yet: the only port is filled in once it is known.
    pub is_untouched: bool,
}

impl PortsPrompt {
    /// Completes what is typed with the ports of the task definition, and fills in the only one. Ports in bytes are no words:
    /// all of them are offered until something else is typed.
    pub(super) fn offer(&mut self, choices: Vec<Suggestion>) {
        if let ([(port, _)], true) = (&choices[..], self.is_untouched) {
            self.prompt = Prompt::preselected(port);
            self.is_untouched = false;
        }
        let completion = self.prompt.typed().map(|text| Completion::like(0, text, choices)).unwrap_or_default();
        self.prompt.offer(completion, &[]);
    }
}

impl Model {
    /// The view with nothing but the task definition whose ports are asked for.
    pub(in crate::model) fn ports_view(&self) -> Option<View> {
        match &self.overlay {
            Some(Overlay::Ports(ports)) => revision::view(ports.definition.as_deref()?),
            _ => None,
        }
    }

    /// Offers the ports once the task definition is known.
    pub(in crate::model) fn offer_ports(&mut self) {
        if let Some(Overlay::Ports(ports)) = &mut self.overlay
            && ports.prompt.completion.candidates.is_empty()
            && ports.is_untouched
            && let Some(overlay) = self.overlay.take()
        {
            self.open_prompt(overlay);
        }
    }

    /// The ports of the containers, each with the name of its container.
    pub(super) fn port_choices(&self, ports: &PortsPrompt) -> Vec<Suggestion> {
        let rows = self.all_rows();
        let known = Known::of(rows.iter().map(|row| &**row), self.now);
        let revision = ports.definition.as_deref().and_then(|arn| known.revision(arn));
        let containers = revision.into_iter().flat_map(|revision| &revision.containers);
        let named =
            containers.filter(|definition| ports.container.as_ref().is_none_or(|name| *name == definition.name));
        let choices = named.flat_map(|definition| {
            definition.tcp_ports().into_iter().map(|port| (port.to_string(), definition.name.clone()))
        });
        choices.collect()
    }

    /// Handles enter; invalid ports keep the prompt open.
    pub(super) fn ports_entered(&mut self, mut ports: PortsPrompt) {
        match ports.prompt.text().trim().parse::<ForwardPorts>() {
            Ok(wanted) => {
                let PortsPrompt { cluster, subject, container, .. } = ports;
                if let Err(reason) = self.ask_to_forward(cluster, subject, container, wanted, None) {
                    self.warn(reason);
                }
            }
            Err(reason) => {
                ports.prompt.fault = Some(Fault { at: 0, reason });
                self.overlay = Some(Overlay::Ports(ports));
            }
        }
    }
}
