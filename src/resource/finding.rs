//! Findings: problems of a service, a task or an instance, with their causes.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Tone;
use crate::knowledge::Verdict;

/// Type of a problem, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    RolloutFailed,
    RolloutFailing,
    RolloutStuck,
    /// A deployment is paused by a hook until somebody continues it or rolls it back.
    Waiting,
    CrashLoop,
    NotPlaced,
    Short,
    Unhealthy,
    /// The scheduler repeats another error.
    Complaint,
    AgentLost,
    /// An instance could not register, or AWS reports it as impaired.
    InstanceImpaired,
    DrainStuck,
    /// A task stays in a state for longer than usual.
    TaskStuck,
    /// Tasks failed, but no longer do, or not in a pattern.
    TaskFailed,
    /// Something to know that is not a fault of the application: a Spot interruption, throttling.
    Notice,
}

impl Problem {
    /// Word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::RolloutFailed => "rollout failed",
            Self::RolloutFailing => "rollout failing",
            Self::RolloutStuck => "rollout stuck",
            Self::Waiting => "needs approval",
            Self::CrashLoop => "crash loop",
            Self::NotPlaced => "can't be placed",
            Self::Short => "tasks missing",
            Self::Unhealthy => "unhealthy",
            Self::Complaint => "ECS errors",
            Self::AgentLost => "agent disconnected",
            Self::InstanceImpaired => "impaired",
            Self::DrainStuck => "drain stuck",
            Self::TaskStuck => "task stuck",
            Self::TaskFailed => "tasks failed",
            Self::Notice => "notice",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Waiting => Tone::Wait,
            Self::DrainStuck | Self::TaskStuck | Self::TaskFailed | Self::RolloutStuck => Tone::Warn,
            Self::Notice => Tone::Muted,
            _ => Tone::Bad,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One problem with its cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub problem: Problem,
    pub since: Option<Timestamp>,
    /// Cause in one line, with numbers: `out of memory: app (137), 12 times in an hour`.
    pub cause: String,
    /// Verdict behind the cause, where there is one.
    pub verdict: Option<Arc<Verdict>>,
}

impl Finding {
    /// Id of the rule that explains it.
    pub fn rule(&self) -> Option<&'static str> {
        self.verdict.as_ref().and_then(|verdict| verdict.rule)
    }
}
