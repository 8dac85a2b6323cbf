//! Rules about messages and codes of AWS: why tasks stop, what events mean. Data, not code.
//!
//! A rule is one [`Rule`] in one of the tables below `knowledge/`: patterns that recognise a message, its meaning and the next
//! steps. Messages are normalised before matching (AWS writes `can't` and `can’t` in the same message). Patterns are never
//! anchored at the end (Fargate cuts long messages). Within a table the first match wins.
//!
//! Code that concludes more from a rule asks for its [`Topic`], or whether it is general; no code knows an id.

use serde::{Serialize, Serializer};

/// URL of a page of the Amazon ECS developer guide.
macro_rules! guide {
    ($page:literal) => {
        concat!("https://docs.aws.amazon.com/AmazonECS/latest/developerguide/", $page, ".html")
    };
}

/// AWS CLI call that shows a part of the task's task definition.
macro_rules! task_definition {
    ($query:literal) => {
        concat!("ecs describe-task-definition --task-definition {revision} --query '", $query, "' --region {region}")
    };
}

/// AWS CLI call that shows a part of the service.
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
mod exit_codes;
mod failures;
mod matching;
mod names;
mod placement;
mod preparation;
mod pull;
mod rollouts;
mod runtime;
mod sessions;
pub mod situations;
mod stop_codes;
mod stopped;
mod targets;
#[cfg(test)]
mod tests;
mod text;

pub use matching::{by_id, of_event, of_exit, of_reason, of_rollout, of_stop_code, of_target, rules, warm, warmed};
pub use names::{Names, command, fill, shell_word};
pub use text::{essence, normalise};

/// Severity, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A return to normal: a steady state, a completed deployment.
    Recovery,
    /// A routine event: a scale-in, a started task.
    Normal,
    Warning,
    Failure,
    /// A failure that lasts until a later recovery.
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

/// Certainty of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// AWS documents it or says it in the message.
    Certain,
    /// The usual meaning.
    Likely,
    /// No rule matches; the text is shown unchanged.
    Unknown,
}

/// Field in which AWS gives a reason.
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
    /// A failed call that starts a session, or the text that ends one.
    Session,
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

/// One rule: how to recognise a message or code, what it means, and what to do.
#[derive(Debug)]
pub struct Rule {
    /// Identifier, here and in JSON: `STOP-OOM`.
    pub id: &'static str,
    /// Short name for tables, at most 24 characters: `out of memory`.
    pub short: &'static str,
    pub class: Class,
    pub certainty: Certainty,
    pub topic: Topic,
    /// It tells what sort of thing happened, not why: any other rule says more.
    pub general: bool,
    /// What follows `Reason: ` in its messages is the reason of a task.
    pub quotes_reason: bool,
    /// Fields it applies to; empty in tables for a single field.
    pub places: &'static [ReasonField],
    /// Regular expressions, any of which must match; empty in tables that are looked up by code.
    pub patterns: &'static [&'static str],
    /// What happened, in one sentence.
    pub cause: &'static str,
    /// Next steps, most promising first. [`fill`] replaces `{name}`.
    pub next: &'static [&'static str],
    /// Command for the first step, without `aws`; empty for none.
    pub command: &'static str,
    /// Page of the AWS documentation.
    pub page: &'static str,
    /// Messages that it must recognise, for tests.
    pub samples: &'static [&'static str],
}

impl Rule {
    /// Defaults that most rules share.
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

/// A field of an AWS answer and its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Name of the field as in the AWS API: `containers[app].exitCode`.
    pub field: String,
    pub text: String,
}

/// Why something happened, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Id of the rule; absent when no rule matches.
    pub rule: Option<&'static str>,
    /// Short name of the cause, at most 24 characters.
    #[serde(skip)]
    pub short: &'static str,
    pub class: Class,
    /// Cause in one or two sentences.
    pub cause: String,
    pub certainty: Certainty,
    /// Quotes that the verdict is based on.
    pub evidence: Vec<Quote>,
    /// Container that caused the stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Next steps, most promising first.
    pub next: Vec<String>,
    /// Command for the first step, ready to paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl Verdict {
    /// The verdict in one line: `out of memory: app (137)`, or the unchanged text when no rule matches.
    pub fn line(&self) -> String {
        if self.short.is_empty() {
            return self.cause.clone();
        }
        let container = self.container.as_deref().map(|name| format!(": {name}")).unwrap_or_default();
        let code = self.exit_code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{}{container}{code}", self.short)
    }
}
