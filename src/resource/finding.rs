//! What is wrong with something, in one line and with its cause.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Tone;
use crate::knowledge::Verdict;

/// The kinds of trouble there are, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    RolloutFailed,
    RolloutFailing,
    RolloutStuck,
    /// A deployment hook waits for somebody's decision.
    Waiting,
    CrashLoop,
    NotPlaced,
    Short,
    Unhealthy,
    /// The scheduler repeats an error of another sort.
    Complaint,
    AgentLost,
    /// An instance that could not join, or that AWS found impaired.
    InstanceIll,
    DrainStuck,
    /// A task hangs in a state longer than is usual.
    TaskStuck,
    /// Tasks failed, and it is over or not a pattern.
    TaskFailed,
    /// Something a person should know of that is no fault of the application: Spot, a throttle.
    Notice,
}

impl Problem {
    /// What tables call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::RolloutFailed => "rollout failed",
            Self::RolloutFailing => "rollout failing",
            Self::RolloutStuck => "rollout stuck",
            Self::Waiting => "waits for you",
            Self::CrashLoop => "crash loop",
            Self::NotPlaced => "can't be placed",
            Self::Short => "tasks missing",
            Self::Unhealthy => "unhealthy",
            Self::Complaint => "ECS errors",
            Self::AgentLost => "agent gone",
            Self::InstanceIll => "instance ill",
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

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub problem: Problem,
    pub since: Option<Timestamp>,
    /// The cause in one line, with numbers: `out of memory: app (137), 12 times in an hour`.
    pub cause: String,
    /// Why, where a rule or a record tells.
    pub verdict: Option<Arc<Verdict>>,
}

impl Finding {
    /// The rule that explains it.
    pub fn rule(&self) -> Option<&'static str> {
        self.verdict.as_ref().and_then(|verdict| verdict.rule)
    }
}
