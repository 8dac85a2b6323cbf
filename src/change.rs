//! Changes of the account: what each would do, said before it is done, and the smallest request that does it.
//!
//! A change is one file below `change/` and one row in the table of actions. The file is the whole truth about it: whom it
//! is for, how much it can hurt, what follows, and the request. Nothing in here asks anybody or sends anything by itself:
//! the model asks, the data task sends.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    aws::{Clients, Failure, FailureKind, Identity, Operation},
    diagnose::Known,
    resource::{
        Relation, Row, View,
        format::{count_tasks, one_line},
        service::Service,
    },
};

mod api_call;
mod approve;
mod drain;
mod enable_exec;
mod protect;
mod restart;
mod rollback;
mod scale;
mod stop_task;

pub use api_call::ApiCall;
pub use approve::APPROVE;
pub use drain::{ACTIVATE, DRAIN};
pub use enable_exec::ENABLE_EXEC;
pub use protect::{PROTECT, UNPROTECT, check_protection};
pub use restart::RESTART;
pub use rollback::{DEPLOY, ROLLBACK, check_revision, chosen_revision};
pub use scale::{SCALE, check_count};
pub use stop_task::STOP_TASK;

/// Every kind of change.
pub static KINDS: &[&ChangeKind] = &[
    &RESTART,
    &SCALE,
    &DEPLOY,
    &ROLLBACK,
    &APPROVE,
    &ENABLE_EXEC,
    &STOP_TASK,
    &PROTECT,
    &UNPROTECT,
    &DRAIN,
    &ACTIVATE,
];

/// Targets of one change, at most, where no rule says otherwise.
pub const MAX_BULK: usize = 20;

/// How much a change can hurt, and so what its dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// A second change undoes it, and as many tasks go on running.
    Reversible,
    /// It takes running tasks away.
    Disruptive,
    /// It takes everything away: the name of its target must be typed.
    Destructive,
}

impl Risk {
    /// The risk of the same change in production.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Reversible => Self::Disruptive,
            Self::Disruptive | Self::Destructive => Self::Destructive,
        }
    }
}

/// What a change is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeTarget {
    /// The kind's name: `service`.
    pub kind: &'static str,
    pub name: String,
    pub cluster: String,
    pub arn: String,
}

/// One change of one target.
pub trait Change: fmt::Debug + Send + Sync {
    fn target(&self) -> &ChangeTarget;
    fn risk(&self) -> Risk;
    /// What follows from it, one sentence an entry, the most important first.
    fn consequences(&self) -> Vec<String>;
    /// What the dialog opens again for when it differs by the time of the yes. Counts of running tasks are no part of it:
    /// in a crash loop they change every few seconds, and no yes would ever count.
    fn basis(&self) -> Vec<String> {
        self.consequences()
    }
    /// The request, as AWS names its parts.
    fn api_call(&self) -> ApiCall;
    /// The views that it changes; the first is the one that holds its target alone.
    fn touches(&self) -> Vec<View>;
    /// How far it is, once AWS has accepted it.
    fn progress(&self, known: &Known<'_>) -> ChangeProgress;
    /// Sends the request. The answer is what AWS says has begun, in a few words; empty where it says nothing.
    ///
    /// # Errors
    /// Why it was refused, or that no answer came: then nobody knows whether it was done.
    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>>;
}

/// How far an accepted change is, each in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeProgress {
    UnderWay(String),
    Settled(String),
    Failed(String),
}

impl ChangeProgress {
    pub fn text(&self) -> &str {
        match self {
            Self::UnderWay(text) | Self::Settled(text) | Self::Failed(text) => text,
        }
    }
}

impl PartialEq for dyn Change {
    fn eq(&self, other: &Self) -> bool {
        self.target() == other.target() && self.api_call() == other.api_call() && self.basis() == other.basis()
    }
}

/// Makes the change for a row out of what is known; the text is what stood after the command word. An error is a
/// sentence that says why there is none to make.
pub type MakeChange = fn(&dyn Row, &str, &Known<'_>) -> Result<Arc<dyn Change>, String>;

/// One sort of change: what the dialog, the journal and the command line call it, and how one is made for a row.
pub struct ChangeKind {
    /// In the journal and in messages: `scale`.
    pub name: &'static str,
    /// The title of its dialog: `Force a new deployment`.
    pub title: &'static str,
    /// Its button.
    pub button: &'static str,
    /// A rollout follows, which is worth watching.
    pub starts_rollout: bool,
    pub make: MakeChange,
}

impl fmt::Debug for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeKind({})", self.name)
    }
}

impl PartialEq for ChangeKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Changes that were confirmed together, on their way to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeOrder {
    /// Tells the orders of a session apart.
    pub id: u64,
    /// Whose credentials, and where, it was confirmed for.
    pub identity: Arc<Identity>,
    pub kind: &'static ChangeKind,
    pub changes: Vec<Arc<dyn Change>>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeOutcome {
    /// AWS has accepted it, with what it says has begun.
    Accepted(String),
    Refused(Failure),
    /// No answer came: it may have been done.
    Unknown(Failure),
}

impl ChangeOutcome {
    /// Reads what [`Change::send`] came to.
    pub fn from_result(result: Result<String, Failure>) -> Self {
        match result {
            Ok(says) => Self::Accepted(says),
            Err(failure)
                if matches!(failure.kind, FailureKind::Offline | FailureKind::Garbled | FailureKind::Server) =>
            {
                Self::Unknown(failure)
            }
            Err(failure) => Self::Refused(failure),
        }
    }

    /// In the journal: `accepted`, `refused`, `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One change that has come to an end, whichever.
#[derive(Debug, Clone)]
pub struct ChangeReport {
    pub order: u64,
    pub kind: &'static ChangeKind,
    pub change: Arc<dyn Change>,
    pub outcome: ChangeOutcome,
}

/// The service that `row` is, or belongs to.
fn service_of<'a>(row: &dyn Row, known: &Known<'a>) -> Result<&'a Service, String> {
    let about = row.about();
    let row = about.as_ref().map_or(row, |(_, row)| &**row);
    let view = row.related(Relation::Events);
    let named = view.and_then(|view| view.query.cluster.zip(view.query.service));
    let (cluster, service) =
        named.ok_or_else(|| format!("{} {} does not belong to a service", row.kind().name, row.name()))?;
    let found = known.service(&cluster, &service);
    let service = found.ok_or_else(|| format!("service {service} is not loaded yet; try again in a moment"))?;
    match service.status.as_deref() {
        Some("INACTIVE") => Err(format!("service {} is deleted", service.service_name)),
        Some("DRAINING") => Err(format!("service {} is being deleted", service.service_name)),
        _ => Ok(service),
    }
}

/// A service as a target.
fn service_target(service: &Service) -> ChangeTarget {
    ChangeTarget {
        kind: "service",
        name: service.service_name.clone(),
        cluster: service.cluster_name.clone(),
        arn: service.service_arn.clone(),
    }
}

/// Refuses services that ECS doesn't deploy itself.
fn require_ecs_controller(service: &Service) -> Result<(), String> {
    match service.deployment_controller.as_deref() {
        None | Some("ECS") => Ok(()),
        Some("CODE_DEPLOY") => Err(format!("CodeDeploy deploys {}: start the deployment there", service.service_name)),
        Some(_) => Err(format!("{} has an external deployment controller: ECS can't deploy it", service.service_name)),
    }
}

/// How far the rollout is that a change of a service has started. `before` is the deployment that was PRIMARY when the change
/// was made, `expected` the revision that the rollout is to end with.
fn rollout_progress(target: &ChangeTarget, known: &Known<'_>, before: &str, expected: &str) -> ChangeProgress {
    let service = known.service(&target.cluster, &target.name);
    let Some((service, primary)) = service.and_then(|service| Some((service, service.primary()?))) else {
        return ChangeProgress::UnderWay("not read yet".to_owned());
    };
    if primary.id == before {
        return ChangeProgress::UnderWay("accepted".to_owned());
    }
    let reason = primary.rollout_state_reason.as_deref().map(one_line).unwrap_or_default();
    match primary.rollout_state.as_deref() {
        Some("FAILED") => ChangeProgress::Failed(failed("failed".to_owned(), &reason)),
        _ if service.deploying() || primary.running_count < primary.desired_count => {
            ChangeProgress::UnderWay(primary.counts())
        }
        _ if primary.revision() != expected => {
            ChangeProgress::Failed(failed(format!("rolled back to {}", primary.revision()), &reason))
        }
        // A circuit breaker that rolls back to the same revision says so.
        _ if reason.contains("rolling back") => ChangeProgress::Failed(reason),
        _ => ChangeProgress::Settled(format!("steady: {} of {} run", count_tasks(primary.running_count), expected)),
    }
}

/// What has happened, with the reason that AWS gives, if it gives one.
fn failed(what: String, reason: &str) -> String {
    if reason.is_empty() { what } else { format!("{what}: {reason}") }
}

/// The id of the deployment that is PRIMARY.
fn primary_id(service: &Service) -> String {
    service.primary().map(|primary| primary.id.clone()).unwrap_or_default()
}

/// An operation's input from names and values.
fn input<const N: usize>(operation: Operation, members: [(&'static str, Value); N]) -> ApiCall {
    ApiCall { operation, input: members.into_iter().collect() }
}

/// The views of a service, its tasks and its rollouts.
fn service_views(target: &ChangeTarget) -> Vec<View> {
    use crate::resource::{Query, rollout, service, task};
    let query = || Query::service(&*target.cluster, &*target.name);
    [&service::KIND, &task::KIND, &rollout::KIND].map(|kind| View::new(kind, query())).into()
}

#[cfg(test)]
mod tests;
