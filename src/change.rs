//! Changes to the account: the consequences of each, shown before it is made, and the smallest request for it.
//!
//! A change is one file below `change/` and one row in the table of actions. The file has everything about it: targets,
//! risk, consequences, request. Nothing in here asks for confirmation or sends requests: the model asks, the data task
//! sends.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    aws::{Clients, Failure, FailureKind, Identity, Operation},
    diagnose::Known,
    resource::{
        Relation, Row, View,
        diff::DiffQuestion,
        evidence::Evidence,
        format::{count_tasks, one_line},
        instance::Instance,
        service::Service,
    },
};

mod api_call;
mod approve;
mod deregister;
mod drain;
mod enable_exec;
mod protect;
mod register;
mod restart;
mod rollback;
mod run_task;
mod scale;
mod stop_task;
mod tag;

pub use api_call::{ApiCall, recorded_command};
pub use approve::APPROVE;
pub use deregister::DEREGISTER;
pub use drain::{ACTIVATE, DRAIN};
pub use enable_exec::ENABLE_EXEC;
pub use protect::{PROTECT, UNPROTECT, check_protection};
pub use register::{DocumentMistake, REGISTER, definition_text, parse_definition, register_argument, registerable};
pub use restart::RESTART;
pub use rollback::{DEPLOY, ROLLBACK, check_revision, chosen_revision};
pub use run_task::{RUN, RunSpec, client_token, parse_count, parse_size, parse_variable, split_words};
pub use scale::{SCALE, check_count};
pub use stop_task::STOP_TASK;
pub use tag::{TAG, UNTAG};

/// All kinds of changes.
pub static KINDS: &[&ChangeKind] = &[
    &RESTART,
    &SCALE,
    &DEPLOY,
    &ROLLBACK,
    &APPROVE,
    &ENABLE_EXEC,
    &RUN,
    &STOP_TASK,
    &REGISTER,
    &DEREGISTER,
    &TAG,
    &UNTAG,
    &PROTECT,
    &UNPROTECT,
    &DRAIN,
    &ACTIVATE,
];

/// Maximum number of targets of one change, unless a rule sets it.
pub const MAX_BULK: usize = 20;

/// The risk of a change, which decides what its dialog requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Another change undoes it, and the same number of tasks keeps running.
    Reversible,
    /// It stops running tasks.
    Disruptive,
    /// It stops everything: the name of its target must be typed.
    Destructive,
}

impl Risk {
    /// The risk of the change in production.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Reversible => Self::Disruptive,
            Self::Disruptive | Self::Destructive => Self::Destructive,
        }
    }
}

/// The target of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeTarget {
    /// Name of the kind: `service`.
    pub kind: &'static str,
    pub name: String,
    /// Empty if it belongs to no cluster, like a task definition.
    pub cluster: String,
    pub arn: String,
}

impl ChangeTarget {
    /// `service web in prod`, `revision web:56`.
    pub fn label(&self) -> String {
        place(self.kind, &self.name, &self.cluster)
    }

    /// The cluster that it belongs to.
    pub fn cluster(&self) -> Option<&str> {
        Some(&*self.cluster).filter(|cluster| !cluster.is_empty())
    }
}

/// `service web in prod`; without a cluster `revision web:56`, and of a cluster `cluster prod`.
pub fn place(kind: &str, name: &str, cluster: &str) -> String {
    if cluster.is_empty() || kind == "cluster" {
        format!("{kind} {name}")
    } else {
        format!("{kind} {name} in {cluster}")
    }
}

/// One change of one target.
pub trait Change: fmt::Debug + Send + Sync {
    fn target(&self) -> &ChangeTarget;
    fn risk(&self) -> Risk;
    /// The consequences, one sentence each, most important first.
    fn consequences(&self) -> Vec<String>;
    /// What must be the same when the change is confirmed; otherwise the dialog opens again. Excludes counts of running
    /// tasks: in a crash loop they change every few seconds, so that no confirmation would ever be accepted.
    fn basis(&self) -> Vec<String> {
        self.consequences()
    }
    /// The revisions to compare before it is confirmed; absent where it deploys no other revision.
    fn comparison(&self) -> Option<DiffQuestion> {
        None
    }
    /// The request, with AWS's names. Goes to the journal, so it contains no secrets.
    fn api_call(&self) -> ApiCall;
    /// The AWS CLI command for the request, without its scope.
    fn command(&self) -> String {
        self.api_call().command()
    }
    /// A change to offer once AWS has accepted this one, and its argument.
    fn follow_up(&self) -> Option<(&'static ChangeKind, String)> {
        None
    }
    /// The views that it changes; the first contains only its target.
    fn touches(&self) -> Vec<View>;
    /// The views to follow until it settles; by default the one of its target.
    fn follows(&self) -> Vec<View> {
        self.touches().into_iter().take(1).collect()
    }
    /// The progress after AWS has accepted it.
    fn progress(&self, known: &Known<'_>) -> ChangeProgress;
    /// The exit code of a command that has waited until it settled.
    fn exit_code(&self, known: &Known<'_>) -> u8 {
        u8::from(matches!(self.progress(known), ChangeProgress::Failed(_)))
    }
    /// Sends the request. Returns what AWS has started, in a few words; empty if the response doesn't show it.
    ///
    /// # Errors
    ///
    /// Why it was refused, or that no response arrived, so that the outcome is unknown.
    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>>;
}

/// The progress of an accepted change, each in a few words.
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

/// Makes the change for a row from known rows; the text is the argument of the command. The error is a message why
/// there is no such change.
pub type MakeChange = fn(&dyn Row, &str, &Known<'_>) -> Result<Arc<dyn Change>, String>;

/// Reads what a dialog shows besides known rows, once for all of its targets.
pub type CollectEvidence =
    for<'a> fn(clients: &'a Clients, targets: &'a [ChangeTarget], known: &'a Known<'a>) -> BoxFuture<'a, Evidence>;

/// A kind of change: its names in dialog, journal and command line, and how to make one for a row.
pub struct ChangeKind {
    /// Name in the journal and in messages: `scale`.
    pub name: &'static str,
    /// Title of its dialog: `Force a new deployment`.
    pub title: &'static str,
    /// Text of its button.
    pub button: &'static str,
    /// Whether it starts a rollout, which is shown afterwards.
    pub starts_rollout: bool,
    pub make: MakeChange,
    /// Whether its progress is reported while it is under way: it may take long, and stop.
    pub reports_progress: bool,
    /// Absent if known rows suffice.
    pub evidence: Option<CollectEvidence>,
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

impl Eq for ChangeKind {}

/// Changes that were confirmed together, to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeOrder {
    /// Identifies the order within the session.
    pub id: u64,
    /// The identity and scope that it was confirmed for.
    pub identity: Arc<Identity>,
    pub kind: &'static ChangeKind,
    pub changes: Vec<Arc<dyn Change>>,
}

/// Sends a change, and decodes the reason of a denial where that is permitted.
///
/// # Errors
///
/// As of [`Change::send`].
pub async fn send(change: &dyn Change, clients: Clients) -> Result<String, Failure> {
    match change.send(clients.clone()).await {
        Err(failure) => Err(clients.decode_denial(failure).await),
        done => done,
    }
}

/// The outcome of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeOutcome {
    /// AWS has accepted it, with what it has started.
    Accepted(String),
    Refused(Failure),
    /// No response arrived: it may have succeeded.
    Unknown(Failure),
}

impl ChangeOutcome {
    /// The outcome for the result of [`send`].
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

    /// What to tell about it.
    pub fn says(&self) -> String {
        match self {
            Self::Accepted(says) if says.is_empty() => "accepted".to_owned(),
            Self::Accepted(says) => says.clone(),
            // Advice comes first: the messages of AWS are long, and the footer is one row.
            Self::Refused(failure) => {
                let advice = failure.advice.as_ref().map(|advice| format!("{advice}: ")).unwrap_or_default();
                format!("{advice}{failure}")
            }
            Self::Unknown(failure) => {
                format!("it may have succeeded: {failure}; check before you try again")
            }
        }
    }

    /// Word for the journal: `accepted`, `refused`, `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The outcome of one change.
#[derive(Debug, Clone)]
pub struct ChangeReport {
    pub order: u64,
    pub kind: &'static ChangeKind,
    pub change: Arc<dyn Change>,
    pub outcome: ChangeOutcome,
}

/// The service of `row`, or `row` itself.
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

/// A container instance as a target: by its EC2 instance id, if it has one.
fn instance_target(instance: &Instance) -> ChangeTarget {
    ChangeTarget {
        kind: "instance",
        name: instance.short_name().to_owned(),
        cluster: instance.cluster_name.clone(),
        arn: instance.container_instance_arn.clone(),
    }
}

/// The views of a container instance, of its cluster's instances, and of its tasks.
fn instance_views(target: &ChangeTarget) -> Vec<View> {
    use crate::resource::{Query, instance, task};
    let own = Query::instance(&*target.cluster, &*target.arn);
    let of_cluster = View::new(&instance::KIND, Query::cluster(&*target.cluster));
    vec![View::new(&instance::KIND, own.clone()), of_cluster, View::new(&task::KIND, own)]
}

/// Refuses services with another deployment controller than ECS.
fn require_ecs_controller(service: &Service) -> Result<(), String> {
    match service.deployment_controller.as_deref() {
        None | Some("ECS") => Ok(()),
        Some("CODE_DEPLOY") => Err(format!("CodeDeploy deploys {}: start the deployment there", service.service_name)),
        Some(_) => Err(format!("{} has an external deployment controller: ECS can't deploy it", service.service_name)),
    }
}

/// The progress of the rollout that a change of a service has started. `before` is the deployment that was PRIMARY when
/// the change was made, `expected` the revision at the end of the rollout, if it is known.
fn rollout_progress(target: &ChangeTarget, known: &Known<'_>, before: &str, expected: Option<&str>) -> ChangeProgress {
    let service = known.service(&target.cluster, &target.name);
    let Some((service, primary)) = service.and_then(|service| Some((service, service.primary()?))) else {
        return ChangeProgress::UnderWay("not loaded yet".to_owned());
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
        _ if expected.is_some_and(|expected| expected != primary.revision()) => {
            ChangeProgress::Failed(failed(format!("rolled back to {}", primary.revision()), &reason))
        }
        // The reason shows that a circuit breaker rolls back to the same revision.
        _ if reason.contains("rolling back") => ChangeProgress::Failed(reason),
        _ => ChangeProgress::Settled(format!(
            "steady: {} of {} run",
            count_tasks(primary.running_count),
            primary.revision()
        )),
    }
}

/// What has happened, with AWS's reason if there is one.
fn failed(what: String, reason: &str) -> String {
    if reason.is_empty() { what } else { format!("{what}: {reason}") }
}

/// The id of the PRIMARY deployment.
fn primary_id(service: &Service) -> String {
    service.primary().map(|primary| primary.id.clone()).unwrap_or_default()
}

/// The input of an operation from names and values.
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
