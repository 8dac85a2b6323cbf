//! What is known of AWS's words: why tasks stop, what events mean; rules as data.
//!
//! A rule is one [`Rule`] in one of the tables below `knowledge/`: the patterns by which a text is recognised, what they
//! mean, what to look at next. Texts are normalised before they are matched (AWS writes `can't` and `can’t` for the same
//! message) and never anchored at the end (Fargate cuts long ones). Within a table the first match counts.
//!
//! Code that concludes more from a rule asks for its [`Topic`], or whether it is general; no code knows an id.

use serde::{Serialize, Serializer};

/// The address of a page of the Amazon ECS developer guide.
macro_rules! guide {
    ($page:literal) => {
        concat!("https://docs.aws.amazon.com/AmazonECS/latest/developerguide/", $page, ".html")
    };
}

/// The AWS CLI call that shows this part of the task's task definition.
macro_rules! task_definition {
    ($query:literal) => {
        concat!("ecs describe-task-definition --task-definition {revision} --query '", $query, "' --region {region}")
    };
}

/// The AWS CLI call that shows this part of the service.
macro_rules! service {
    ($query:literal) => {
        concat!(
            "ecs describe-services --cluster {cluster} --services {service} --query '",
            $query,
            "' --region {region}"
        )
    };
}

mod commands;
mod events;
mod exec_agent;
mod exits;
mod failures;
mod matching;
mod names;
mod placement;
mod pull;
mod rollouts;
mod running;
pub mod situations;
mod start;
mod start_up;
mod stop_codes;
mod targets;
#[cfg(test)]
mod tests;
mod text;

pub use matching::{by_id, of_event, of_exit, of_reason, of_rollout, of_stop_code, of_target, rules, warm, warmed};
pub use names::{Names, command, fill, shell_word};
pub use text::{essence, normalise};

/// How bad something is, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It is well again: a steady state, a completed deployment.
    Recovery,
    /// What happens every day: a scale-in, a started task.
    Normal,
    Warning,
    Failure,
    /// Stays one until a later recovery.
    Critical,
}

impl Class {
    /// `normal`, `warning` or `failure`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recovery | Self::Normal => "normal",
            Self::Warning => "warning",
            Self::Failure | Self::Critical => "failure",
        }
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// How far a verdict can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// AWS documents it so, or says so itself.
    Certain,
    /// What it usually means.
    Likely,
    /// No rule knows it; the text is shown as it came.
    Unknown,
}

/// Which field of a task a text was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonField {
    /// `stoppedReason`.
    Task,
    /// `containers[].reason`.
    Container,
    /// `attachments[].details[name=statusReason]`.
    Attachment,
    /// `containers[].managedAgents[].reason`.
    ManagedAgent,
    /// `failures[].reason` of RunTask and StartTask.
    Failure,
}

/// What a rule is about, where more follows from it than what it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Pulling an image.
    ImagePull,
    /// A container that another one waits for.
    Dependency,
    OutOfMemory,
    /// The container instance was taken out of the cluster.
    Deregistration,
    /// There is no place for a task.
    Placement,
    /// A health check failed, the load balancer's or a container's.
    HealthCheck,
    /// The scheduler waits longer and longer between its attempts.
    BackOff,
    /// The service's percentages let no task start or stop.
    Deadlock,
    /// Tasks are protected against scale-in.
    Protection,
    /// Tasks were started.
    TaskStart,
    /// A task was registered with its load balancer.
    Registration,
    DeploymentFailure,
    /// The circuit breaker rolls back.
    Rollback,
    /// AWS limits the calls of the scheduler.
    Throttling,
    /// Nothing else that counts.
    Other,
}

/// One thing that is known.
#[derive(Debug)]
pub struct Rule {
    /// What it is called, here and in JSON: `STOP-OOM`.
    pub id: &'static str,
    /// At most 24 characters, for tables: `out of memory`.
    pub short: &'static str,
    pub class: Class,
    pub certainty: Certainty,
    pub topic: Topic,
    /// It tells what sort of thing happened, not why: any other rule says more.
    pub general: bool,
    /// What follows `Reason: ` in its messages is the reason of a task.
    pub quotes_reason: bool,
    /// Fields it applies to; empty for tables that know one field only.
    pub places: &'static [ReasonField],
    /// Regular expressions of which one must match; empty where the table looks up by code.
    pub patterns: &'static [&'static str],
    /// What happened, in one sentence.
    pub cause: &'static str,
    /// What to check, most promising first. `{name}` is filled in by [`fill`].
    pub next: &'static [&'static str],
    /// A command that shows what to check first, after `aws`; empty for none.
    pub command: &'static str,
    /// The page of AWS's documentation.
    pub page: &'static str,
    /// Messages it must recognise.
    pub samples: &'static [&'static str],
}

impl Rule {
    /// What most rules share; tables begin with it and say what differs.
    const PLAIN: Self = Self {
        id: "",
        short: "",
        class: Class::Failure,
        certainty: Certainty::Certain,
        topic: Topic::Other,
        general: false,
        quotes_reason: false,
        places: &[],
        patterns: &[],
        cause: "",
        next: &[],
        command: "",
        page: guide!("stopped-task-errors"),
        samples: &[],
    };
}

/// A field and what stood in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// As AWS calls it: `containers[app].exitCode`.
    pub field: String,
    pub text: String,
}

/// Why something happened, as far as can be told, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The rule's id; absent when no rule knows it.
    pub rule: Option<&'static str>,
    /// The cause in at most 24 characters.
    #[serde(skip)]
    pub short: &'static str,
    pub class: Class,
    /// One sentence or two.
    pub cause: String,
    pub certainty: Certainty,
    /// What it was concluded from.
    pub evidence: Vec<Quote>,
    /// The container it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What to check, most promising first.
    pub next: Vec<String>,
    /// Ready to paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl Verdict {
    /// In one line: `out of memory: app (137)`; what no rule knows, as it came.
    pub fn line(&self) -> String {
        if self.short.is_empty() {
            return self.cause.clone();
        }
        let container = self.container.as_deref().map(|name| format!(": {name}")).unwrap_or_default();
        let code = self.exit_code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{}{container}{code}", self.short)
    }
}
