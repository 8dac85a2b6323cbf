//! What a service's events tell that still holds: everything since it was last well.

use super::{Known, event};
use crate::{
    knowledge::{self, Class, Rule, Verdict},
    resource::{event::Event, service::Service},
};

/// An event, and the rule that knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct News<'a> {
    pub event: &'a Event,
    pub rule: Option<&'static Rule>,
}

/// The events of `service` since it was last well, newest first.
pub(super) fn news(service: &Service) -> Vec<News<'_>> {
    let known = service.events.iter().map(|event| News { event, rule: knowledge::of_event(&event.message) });
    known.take_while(|news| news.class() != Class::Recovery).collect()
}

impl News<'_> {
    pub fn id(&self) -> &'static str {
        self.rule.map_or("", |rule| rule.id)
    }

    pub fn class(&self) -> Class {
        self.rule.map_or(Class::Normal, |rule| rule.class)
    }

    /// No place for a task, whatever the reason.
    pub fn of_placement(&self) -> bool {
        let id = self.id();
        self.class() >= Class::Failure && (id.starts_with("EV-PLACE") || PLACELESS.contains(&id))
    }

    /// A health check fails, the load balancer's or a container's.
    pub fn of_health(&self) -> bool {
        self.id().starts_with("EV-UNHEALTHY") || self.id() == "EV-CONTAINER-HC"
    }

    /// The scheduler waits longer and longer between its attempts.
    pub fn of_back_off(&self) -> bool {
        self.id() == "EV-CRASHLOOP"
    }

    pub fn of_deadlock(&self) -> bool {
        self.id() == "EV-MINMAX-DEADLOCK"
    }

    pub fn of_protection(&self) -> bool {
        self.id() == "EV-PROTECTED"
    }

    /// Tasks were started, which may have died since.
    pub fn of_a_start(&self) -> bool {
        matches!(self.id(), "EV-STARTED" | "EV-AZ-START" | "EV-REPLACED-UNHEALTHY")
    }

    /// It tells of a deployment that has ended, not of what holds up the one under way.
    pub fn of_an_end(&self) -> bool {
        self.id().starts_with("EV-DEPLOY-FAILED")
    }

    pub fn verdict(&self, known: &Known<'_>) -> Verdict {
        event(self.event, known)
    }

    /// What it tells in a few words, which codes a health check answered with included: `wrong health check code: 502`.
    pub fn line(&self, verdict: &Verdict) -> String {
        let codes = self.event.message.split_once("codes: [").and_then(|(_, rest)| rest.split_once(']'));
        let codes = codes.map(|(codes, _)| format!(": {codes}")).unwrap_or_default();
        verdict.line() + &codes
    }
}

/// Rules of events that tell of tasks without a place under other names.
const PLACELESS: &[&str] = &["EV-PROVISIONING-LIMIT", "EV-LAUNCH-PARTIAL", "EV-AGENT-START"];
