//! Current events of a service: those since it was last steady.

use super::{Known, diagnose_event};
use crate::{
    knowledge::{self, Class, Rule, Topic, Verdict},
    resource::{event::ServiceEvent, service::Service},
};

/// An event, and the rule that recognises it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassifiedEvent<'a> {
    pub event: &'a ServiceEvent,
    pub rule: Option<&'static Rule>,
}

/// The events of `service` since it was last steady, newest first.
pub(super) fn events_since_steady(service: &Service) -> Vec<ClassifiedEvent<'_>> {
    let known = service.events.iter().map(|event| ClassifiedEvent { event, rule: knowledge::of_event(&event.message) });
    known.take_while(|classified| classified.class() != Class::Recovery).collect()
}

impl ClassifiedEvent<'_> {
    pub(super) fn rule_id(&self) -> &'static str {
        self.rule.map_or("", |rule| rule.id)
    }

    pub(super) fn topic(&self) -> Topic {
        self.rule.map_or(Topic::Other, |rule| rule.topic)
    }

    pub(super) fn class(&self) -> Class {
        self.rule.map_or(Class::Normal, |rule| rule.class)
    }

    /// Whether a task could not be placed, for any reason.
    pub(super) fn is_placement_failure(&self) -> bool {
        self.class() >= Class::Failure && self.topic() == Topic::Placement
    }

    /// Whether a health check failed, of the load balancer or of a container.
    pub(super) fn is_health_failure(&self) -> bool {
        self.topic() == Topic::HealthCheck
    }

    /// Whether the scheduler is backing off.
    pub(super) fn is_back_off(&self) -> bool {
        self.topic() == Topic::BackOff
    }

    pub(super) fn is_deadlock(&self) -> bool {
        self.topic() == Topic::Deadlock
    }

    pub(super) fn is_protection(&self) -> bool {
        self.topic() == Topic::Protection
    }

    /// Whether tasks were started, which may have failed since.
    pub(super) fn is_task_start(&self) -> bool {
        self.topic() == Topic::TaskStart
    }

    /// Whether it is about the end of a deployment, and not about the one in progress.
    pub(super) fn is_deployment_end(&self) -> bool {
        self.topic() == Topic::DeploymentFailure
    }

    pub(super) fn verdict(&self, known: &Known<'_>) -> Verdict {
        diagnose_event(self.event, known)
    }

    /// A short form, with the response code of a health check: `wrong health check code: 502`.
    pub(super) fn summary(&self, verdict: &Verdict) -> String {
        let codes = self.event.message.split_once("codes: [").and_then(|(_, rest)| rest.split_once(']'));
        let codes = codes.map(|(codes, _)| format!(": {codes}")).unwrap_or_default();
        verdict.line() + &codes
    }
}
