//! What a service's events tell that still holds: everything since it was last well.

use super::{Known, diagnose_event};
use crate::{
    knowledge::{self, Class, Rule, Topic, Verdict},
    resource::{event::ServiceEvent, service::Service},
};

/// An event, and the rule that knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassifiedEvent<'a> {
    pub event: &'a ServiceEvent,
    pub rule: Option<&'static Rule>,
}

/// The events of `service` since it was last well, newest first.
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

    /// No place for a task, whatever the reason.
    pub(super) fn is_placement_failure(&self) -> bool {
        self.class() >= Class::Failure && self.topic() == Topic::Placement
    }

    /// A health check fails, the load balancer's or a container's.
    pub(super) fn is_health_failure(&self) -> bool {
        self.topic() == Topic::HealthCheck
    }

    /// The scheduler waits longer and longer between its attempts.
    pub(super) fn is_back_off(&self) -> bool {
        self.topic() == Topic::BackOff
    }

    pub(super) fn is_deadlock(&self) -> bool {
        self.topic() == Topic::Deadlock
    }

    pub(super) fn is_protection(&self) -> bool {
        self.topic() == Topic::Protection
    }

    /// Tasks were started, which may have died since.
    pub(super) fn is_task_start(&self) -> bool {
        self.topic() == Topic::TaskStart
    }

    /// It tells of a deployment that has ended, not of what holds up the one under way.
    pub(super) fn is_deployment_end(&self) -> bool {
        self.topic() == Topic::DeploymentFailure
    }

    pub(super) fn verdict(&self, known: &Known<'_>) -> Verdict {
        diagnose_event(self.event, known)
    }

    /// What it tells in a few words, which codes a health check answered with included: `wrong health check code: 502`.
    pub(super) fn summary(&self, verdict: &Verdict) -> String {
        let codes = self.event.message.split_once("codes: [").and_then(|(_, rest)| rest.split_once(']'));
        let codes = codes.map(|(codes, _)| format!(": {codes}")).unwrap_or_default();
        verdict.line() + &codes
    }
}
