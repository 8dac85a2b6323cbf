//! Tasks: running, pending, stopping, stopped.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::{DesiredStatus, Task as Sdk, TaskField};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ARCHIVED, Ability, Batch, Cadence, Cell, Context, Document, Fetch, Kind, LogTarget, Only, Origin, Pace, Page,
    Query, Relation, Resource, Status, Tone, TypedRow, View, cluster,
    container::{self, Container, ExecTarget},
    format::{last_part, one_line, short_id, timestamp, words},
    inspect, instance, revision, service,
};
use crate::{
    aws::{Clients, Failure, operation},
    knowledge::{Class, Verdict},
};

mod columns;
mod describe;
mod logs;

pub use logs::predecessor;

pub use columns::{group_cell, group_name};

pub static KIND: Kind = Kind {
    name: "task",
    plural: "tasks",
    aliases: &["ta", "po", "pod", "pods"],
    about: "tasks: running, stopped, or all; why they stopped",
    columns: super::columns::<Task>,
    abilities: &[
        Ability::Explain,
        Ability::Evidence,
        Ability::Logs,
        Ability::Status,
        Ability::Events,
        Ability::Rollout,
        Ability::Timeline,
        Ability::TaskDefinition,
        Ability::Diff,
        Ability::Instance,
        Ability::Run,
        Ability::StopTask,
        Ability::Shell,
        Ability::Exec,
        Ability::Forward,
        Ability::Archive,
        Ability::Tag,
    ],
    states: &["running", "pending", "stopping", "stopped", "healthy", "unhealthy", "old", ARCHIVED],
    sort: ("age", false),
    in_cluster: true,
    json_key: "tasks",
    origin: Origin::Fetched(&Tasks),
};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Task {
    pub task_arn: String,
    pub cluster_name: String,
    pub group: Option<String>,
    pub started_by: Option<String>,
    pub task_definition_arn: Option<String>,
    pub last_status: Option<String>,
    pub desired_status: Option<String>,
    pub health_status: Option<String>,
    pub connectivity: Option<String>,
    pub stop_code: Option<String>,
    pub stopped_reason: Option<String>,
    pub launch_type: Option<String>,
    pub capacity_provider_name: Option<String>,
    pub platform_version: Option<String>,
    /// `Linux`, `WINDOWS_SERVER_2022_CORE`, …; Fargate only.
    pub platform_family: Option<String>,
    pub availability_zone: Option<String>,
    pub container_instance_arn: Option<String>,
    pub cpu: Option<String>,
    pub memory: Option<String>,
    pub enable_execute_command: bool,
    pub private_address: Option<String>,
    /// Subnet of its network interface.
    pub subnet_id: Option<String>,
    pub created_at: Option<Timestamp>,
    pub pull_started_at: Option<Timestamp>,
    pub pull_stopped_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub stopping_at: Option<Timestamp>,
    pub execution_stopped_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub version: i64,
    pub containers: Vec<Container>,
    pub attachments: Vec<Attachment>,
    pub tags: Vec<(String, String)>,
    /// Whether it runs the revision of its service's primary deployment; absent for standalone tasks and until known.
    pub current: Option<bool>,
    /// Why it stopped; absent while it runs, and until it has been diagnosed.
    #[serde(skip)]
    pub verdict: Option<Arc<Verdict>>,
    /// Whether ECS has forgotten it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// Whether a task's reason is a generic one, so that only its containers say more.
pub fn is_generic_reason(reason: &str) -> bool {
    ["Essential container in task exited", "Task failed to start"].contains(&reason)
}

/// An attachment of a task: a network interface, a volume.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attachment {
    #[serde(rename = "type")]
    pub kind: String,
    /// `PRECREATED`, `ATTACHING`, `ATTACHED`, `FAILED`, …
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Attachment {
    fn from_sdk(attachment: &aws_sdk_ecs::types::Attachment) -> Self {
        let reason = attachment.details().iter().find(|detail| detail.name() == Some("statusReason"));
        Self {
            kind: attachment.r#type().unwrap_or("attachment").to_owned(),
            status: attachment.status().unwrap_or_default().to_owned(),
            reason: reason.and_then(|detail| detail.value()).filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }
}

impl Task {
    fn from_sdk(task: Sdk) -> Option<Self> {
        let task_arn = task.task_arn?;
        let cluster_name = task.cluster_arn.as_deref().map(last_part).unwrap_or_default().to_owned();
        let group = task.group;
        let attachments = task.attachments.unwrap_or_default();
        let detail = |name: &str| {
            let details = attachments.iter().flat_map(|attachment| attachment.details());
            details.into_iter().find(|pair| pair.name() == Some(name)).and_then(|pair| pair.value()).map(str::to_owned)
        };
        Some(Self {
            private_address: detail("privateIPv4Address"),
            subnet_id: detail("subnetId"),
            attachments: attachments.iter().map(Attachment::from_sdk).collect(),
            group: group.clone(),
            started_by: task.started_by,
            task_definition_arn: task.task_definition_arn,
            last_status: task.last_status,
            desired_status: task.desired_status,
            health_status: task.health_status.map(|health| health.as_str().to_owned()),
            connectivity: task.connectivity.map(|connectivity| connectivity.as_str().to_owned()),
            stop_code: task.stop_code.map(|code| code.as_str().to_owned()),
            stopped_reason: task.stopped_reason,
            launch_type: task.launch_type.map(|kind| kind.as_str().to_owned()),
            capacity_provider_name: task.capacity_provider_name,
            platform_version: task.platform_version,
            platform_family: task.platform_family,
            availability_zone: task.availability_zone,
            container_instance_arn: task.container_instance_arn,
            cpu: task.cpu,
            memory: task.memory,
            enable_execute_command: task.enable_execute_command,
            created_at: timestamp(task.created_at.as_ref()),
            pull_started_at: timestamp(task.pull_started_at.as_ref()),
            pull_stopped_at: timestamp(task.pull_stopped_at.as_ref()),
            started_at: timestamp(task.started_at.as_ref()),
            stopping_at: timestamp(task.stopping_at.as_ref()),
            execution_stopped_at: timestamp(task.execution_stopped_at.as_ref()),
            stopped_at: timestamp(task.stopped_at.as_ref()),
            version: task.version,
            containers: task
                .containers
                .unwrap_or_default()
                .into_iter()
                .enumerate()
                .map(|(index, container)| {
                    Container::from_sdk(container, index, &cluster_name, &task_arn, group.as_deref())
                })
                .collect(),
            tags: super::tags(task.tags),
            current: None,
            verdict: None,
            archived: false,
            task_arn,
            cluster_name,
        })
    }

    /// Last part of the ARN.
    pub fn task_id(&self) -> &str {
        last_part(&self.task_arn)
    }

    /// Name of the task in a sentence: `task 0cf34e4c of payments`.
    pub fn label(&self) -> String {
        let group = group_name(self.group.as_deref()).map(|group| format!(" of {group}")).unwrap_or_default();
        format!("task {}{group}", short_id(&self.task_arn))
    }

    /// Whether its containers run Windows; only Fargate says so.
    pub fn on_windows(&self) -> bool {
        self.platform_family.as_deref().is_some_and(|family| family.to_lowercase().contains("windows"))
    }

    /// One of its containers, to be entered.
    pub fn exec_target(&self, container: &Container) -> ExecTarget {
        ExecTarget {
            cluster_name: self.cluster_name.clone(),
            task_arn: self.task_arn.clone(),
            container: container.name.clone(),
            runtime_id: container.runtime_id.clone(),
        }
    }

    /// The command that starts the best shell of its image.
    pub fn default_shell(&self) -> &'static str {
        match self.on_windows() {
            true => "powershell.exe",
            false => "sh -c 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'",
        }
    }

    /// Name of the service it belongs to.
    pub fn service(&self) -> Option<&str> {
        self.group.as_deref().and_then(|group| group.strip_prefix("service:"))
    }

    /// Task definition as `family:revision`.
    pub fn revision(&self) -> &str {
        self.task_definition_arn.as_deref().map(last_part).unwrap_or_default()
    }

    /// Whether it belongs to one of the owners in `only`.
    pub fn is_of(&self, only: &Only) -> bool {
        let among = |names: &[Arc<str>], name: Option<&str>| names.iter().any(|known| Some(&**known) == name);
        match only {
            Only::Clusters(names) => among(names, Some(&self.cluster_name)),
            Only::Services(names) => among(names, self.service()),
            Only::Deployments(ids) => among(ids, self.started_by.as_deref()),
            Only::Instances(arns) => among(arns, self.container_instance_arn.as_deref()),
            Only::Definitions(names) => {
                let family = self.revision().rsplit_once(':').map(|(family, _)| family);
                among(names, Some(self.revision())) || among(names, family)
            }
        }
    }

    /// Its place in the order in which tasks were created.
    pub fn creation(&self) -> (Option<Timestamp>, &str) {
        (self.created_at, &self.task_arn)
    }

    /// When its containers ended, by the best timestamp that AWS gives; absent while it has not stopped.
    pub fn ended(&self) -> Option<Timestamp> {
        let ended = self.execution_stopped_at.or(self.stopped_at).or(self.stopping_at);
        ended.or(self.started_at).or(self.created_at).filter(|_| self.stopped())
    }

    pub fn stopped(&self) -> bool {
        self.last_status.as_deref() == Some("STOPPED")
    }

    /// Last status in lower case; `to stop` while only the desired status has changed.
    pub fn state(&self) -> Cow<'_, str> {
        match (self.last_status.as_deref(), self.desired_status.as_deref()) {
            (Some("RUNNING"), Some("STOPPED")) => "to stop".into(),
            (Some(last), _) => last.to_lowercase().into(),
            (None, _) => "-".into(),
        }
    }

    pub fn tone(&self) -> Tone {
        match self.last_status.as_deref() {
            Some("RUNNING") if self.desired_status.as_deref() == Some("STOPPED") => Tone::Wait,
            Some("RUNNING") if self.health_status.as_deref() == Some("UNHEALTHY") => Tone::Bad,
            Some("RUNNING") => Tone::Good,
            Some("PROVISIONING" | "PENDING" | "ACTIVATING") => Tone::Busy,
            Some("DEACTIVATING" | "STOPPING" | "DEPROVISIONING") => Tone::Wait,
            _ => self.end_tone(Tone::Muted),
        }
    }

    /// Whether it stopped by a failure, not on request, by the scheduler or because its work was done.
    pub fn failed(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| verdict.class >= Class::Failure)
    }

    /// Tone of its end; `calm` where nothing went wrong.
    fn end_tone(&self, calm: Tone) -> Tone {
        match self.verdict.as_ref().map(|verdict| verdict.class) {
            Some(Class::Failure | Class::Critical) => Tone::Bad,
            Some(Class::Warning) => Tone::Warn,
            _ => calm,
        }
    }

    /// Containers and their exit codes: first the one that caused the stop, then the others in order. Empty when no container
    /// has exited.
    fn exits(&self) -> Vec<(&str, Option<i32>)> {
        if self.containers.iter().all(|container| container.exit_code.is_none()) {
            return Vec::new();
        }
        let blamed = self.verdict.as_ref().and_then(|verdict| verdict.container.as_deref());
        let mut exits: Vec<_> =
            self.containers.iter().map(|container| (&*container.name, container.exit_code)).collect();
        exits.sort_by_key(|(name, _)| Some(*name) != blamed);
        exits
    }

    /// Cell with the exit codes: for several containers with their names where there is room, and `-` for one that never
    /// exited.
    fn exit_cell(&self) -> Cell<'static> {
        let exits = self.exits();
        let word = |code: Option<i32>| code.map_or_else(|| "-".to_owned(), |code| code.to_string());
        let codes: Vec<String> = exits.iter().map(|(_, code)| word(*code)).collect();
        let named: Vec<String> = exits.iter().map(|(name, code)| format!("{name}:{}", word(*code))).collect();
        let text = match exits.len() {
            0 => return Cell::absent(),
            1 => codes.concat(),
            _ => named.join(" "),
        };
        let values = exits.iter().filter_map(|(_, code)| code.map(|code| code.to_string()));
        Cell::new(text, self.end_tone(Tone::Plain)).values(values).or_short(codes.join(" "))
    }

    /// That it has stopped, and why, in a sentence; absent while it has not.
    pub fn stop_notice(&self) -> Option<String> {
        let reason = || self.reason().unwrap_or_else(|| "no reason given".to_owned());
        self.stopped().then(|| format!("{} has stopped: {}", self.label(), reason()))
    }

    /// Why it stopped, in one line: the verdict, then the reason that AWS gives where it adds something.
    pub fn reason(&self) -> Option<String> {
        let Some(verdict) = &self.verdict else { return self.aws_reason().or_else(|| self.stopped_reason.clone()) };
        match self.aws_reason() {
            Some(reason) if verdict.short.is_empty() => Some(reason),
            Some(reason) => Some(format!("{}; {reason}", verdict.line())),
            None => Some(verdict.line()),
        }
    }

    /// Reason that AWS gives, in one line: that of the task unless it is generic, or else that of the first container with one.
    fn aws_reason(&self) -> Option<String> {
        let task = self.stopped_reason.as_deref().map(one_line);
        let task = task.filter(|reason| !reason.is_empty() && !is_generic_reason(reason));
        let blamed = self.verdict.as_ref().and_then(|verdict| verdict.container.as_deref());
        let container_reason = |container: &Container| match one_line(container.reason.as_deref()?) {
            reason if blamed == Some(&*container.name) => Some(reason),
            reason => Some(format!("{}: {reason}", container.name)),
        };
        task.or_else(|| self.containers.iter().find_map(container_reason))
    }

    /// Time that its age counts from: the start of its current state.
    pub fn age_from(&self) -> Option<Timestamp> {
        match self.stopped() {
            true => self.stopped_at.or(self.created_at),
            false => self.started_at.or(self.created_at),
        }
    }
}

impl Resource for Task {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Task(self)
    }

    fn fields() -> &'static [super::Field<Self>] {
        columns::FIELDS
    }

    fn id(&self) -> &str {
        &self.task_arn
    }

    fn name(&self) -> Cow<'_, str> {
        self.task_id().into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn pace(&self) -> Pace {
        match self.last_status.as_deref() {
            Some("STOPPED" | "DELETED") => Pace::Final,
            Some("RUNNING") if self.desired_status.as_deref() != Some("STOPPED") => Pace::Calm,
            _ => Pace::Moving,
        }
    }

    fn archived(&self) -> bool {
        self.archived
    }

    fn fault(&self) -> bool {
        self.tone() == Tone::Bad
    }

    fn states(&self) -> Vec<&'static str> {
        let mut states = Vec::new();
        match self.last_status.as_deref() {
            Some("STOPPED") => states.push("stopped"),
            Some("RUNNING") => states.push("running"),
            Some("PROVISIONING" | "PENDING" | "ACTIVATING") => states.push("pending"),
            _ => states.push("stopping"),
        }
        match self.health_status.as_deref() {
            Some("UNHEALTHY") => states.push("unhealthy"),
            Some("HEALTHY") => states.push("healthy"),
            _ => {}
        }
        if self.current == Some(false) {
            states.push("old");
        }
        if self.archived {
            states.push(ARCHIVED);
        }
        states
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&container::KIND, Query::task(&*self.cluster_name, &*self.task_arn)))
    }

    fn related(&self, relation: Relation) -> Option<View> {
        match relation {
            Relation::Owner if self.service().is_none() => Some(View::new(&cluster::KIND, Query::default())),
            Relation::TaskDefinition => revision::view(self.task_definition_arn.as_deref()?),
            Relation::Instance => {
                let instance = self.container_instance_arn.as_deref()?;
                Some(View::new(&instance::KIND, Query::instance(&*self.cluster_name, instance)))
            }
            relation => service::related(relation, Query::service(&*self.cluster_name, self.service()?)),
        }
    }

    fn timeline(&self) -> Option<Query> {
        let service = self.service().map(Arc::from);
        Some(Query { service, ..Query::task(&*self.cluster_name, &*self.task_arn) })
    }

    fn log_target(&self, now: Timestamp) -> Option<LogTarget> {
        Some(self.logs(now))
    }

    fn consults(&self) -> Vec<View> {
        let mut views: Vec<View> = Vec::new();
        views.extend(self.service().map(|name| service::view(&self.cluster_name, name)));
        views.extend(self.task_definition_arn.as_deref().and_then(revision::view));
        if let Some(instance) = &self.container_instance_arn {
            views.push(View::new(&instance::KIND, Query::instance(&*self.cluster_name, &**instance)));
        }
        if self.stopped() && self.service().is_some() {
            views.push(stopped_view(&self.cluster_name));
        }
        views
    }

    fn cli(&self) -> Option<Vec<String>> {
        cli(&self.cluster_name, self.task_id())
    }

    fn describe(&self, cx: &Context) -> Document {
        describe::task(self, cx)
    }

    fn inspects(query: &Query) -> u16 {
        if query.status == Status::Running { 0 } else { inspect::LINES }
    }

    fn inspect(&self, _: &Context, lines: u16) -> Option<Document> {
        self.verdict.as_deref().map(|verdict| inspect::titled_verdict(&self.label(), verdict, lines))
    }
}

/// View of the stopped tasks of a cluster. The list of services counts failures in it, so the two are polled together.
pub fn stopped_view(cluster: &str) -> View {
    View::new(&KIND, Query { status: Status::Stopped, ..Query::cluster(cluster) })
}

/// AWS CLI call that shows a task.
pub fn cli(cluster: &str, id: &str) -> Option<Vec<String>> {
    words(["ecs", "describe-tasks", "--cluster", cluster, "--tasks", id])
}

/// Fetches the tasks of `query`, at most 100: two calls, or one for a single task.
///
/// # Errors
///
/// The failure of a call.
pub async fn fetch(aws: &Clients, query: &Query) -> Result<Vec<Task>, Failure> {
    let ids = Tasks.list(aws, query, None).await?.ids;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Tasks.describe(aws, query, ids).await?;
    match batch.refused {
        Some(failure) => Err(failure),
        None => Ok(batch.rows.iter().filter_map(|row| row.any().downcast_ref().cloned()).collect()),
    }
}

struct Tasks;

impl Tasks {
    /// Prefix of the page token while listing stopped tasks: `All` lists running tasks first, then stopped ones.
    const STOPPED_NEXT: &'static str = "stopped:";
}

impl Fetch for Tasks {
    fn batch(&self) -> usize {
        100
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 15, visible: 12, moving: 4, sweep: 60 }
    }

    fn keeps_gone(&self, query: &Query) -> bool {
        query.status != Status::Running || query.task.is_some()
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            if let Some(task) = &query.task {
                return Ok(Page::single(task));
            }
            let (status, token) = match (query.status, token) {
                (Status::Running, token) => (DesiredStatus::Running, token),
                (Status::Stopped, token) => (DesiredStatus::Stopped, token),
                (Status::All, Some(token)) => match token.strip_prefix(Self::STOPPED_NEXT) {
                    Some("") => (DesiredStatus::Stopped, None),
                    Some(rest) => (DesiredStatus::Stopped, Some(rest.to_owned())),
                    None => (DesiredStatus::Running, Some(token)),
                },
                (Status::All, None) => (DesiredStatus::Running, None),
            };
            let request = aws
                .ecs
                .list_tasks()
                .set_cluster(super::owned(&query.cluster))
                .set_service_name(super::owned(&query.service))
                .set_container_instance(super::owned(&query.instance))
                .set_family(super::owned(&query.family))
                .desired_status(status.clone())
                .max_results(100)
                .set_next_token(token);
            let answer = aws.call(operation::LIST_TASKS, request.send()).await?;
            let mut page = Page::new(operation::LIST_TASKS, answer.task_arns, answer.next_token)?;
            if query.status == Status::All {
                page.next = match (status, page.next) {
                    (DesiredStatus::Stopped, next) => next.map(|token| format!("{}{token}", Self::STOPPED_NEXT)),
                    (_, None) => Some(Self::STOPPED_NEXT.to_owned()),
                    (_, next) => next,
                };
            }
            Ok(page)
        }
        .boxed()
    }

    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>> {
        async move {
            let request = aws
                .ecs
                .describe_tasks()
                .set_cluster(super::owned(&query.cluster))
                .set_tasks(Some(super::strings(&ids)))
                .include(TaskField::Tags);
            let answer = aws.call(operation::DESCRIBE_TASKS, request.send()).await?;
            Batch::new(operation::DESCRIBE_TASKS, answer.tasks, Task::from_sdk, answer.failures)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
