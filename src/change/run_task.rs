//! Running tasks that no service manages, like those of a service or like another task.

use std::sync::{Arc, OnceLock};

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride, KeyValuePair, LaunchType,
    NetworkConfiguration, TaskOverride,
};
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use super::{ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    diagnose::{Known, diagnose_stop},
    knowledge::{ReasonField, of_reason},
    resource::{
        Query, Row, Status, TypedRow, View,
        evidence::Evidence,
        format::{count_tasks, in_words, last_part, short_id},
        revision::{self, Revision},
        secrets::{MASK, Masker},
        task::{self, Task},
    },
};

mod config;
mod spec;

use config::{RunConfig, TaskNetwork, like_service, like_task};
pub use spec::{RunSpec, client_token, parse_count, parse_size, parse_variable, split_words};

pub static RUN: ChangeKind = ChangeKind {
    name: "run",
    title: "Run a task",
    button: "run",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: Some(read_definition),
};

/// `startedBy` of the tasks.
const STARTED_BY: &str = "ecsight";
/// How often the call is made until an answer arrives. The client token keeps ECS from starting tasks twice.
const ATTEMPTS: usize = 3;

fn make(row: &dyn Row, arg: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let spec = RunSpec::read(arg)?;
    let (config, own) = match row.typed() {
        TypedRow::Service(service) => (like_service(service), service.task_definition.clone()),
        TypedRow::Task(task) => (like_task(task, known), task.task_definition_arn.clone()),
        _ => return Err(format!("{} {} is neither a service nor a task", row.kind().name, row.name())),
    };
    let definition = spec.definition.clone().or(own).ok_or("its task definition is not known")?;
    let revision = described(&definition, known);
    let container = container(&spec, &definition, revision)?;
    let cluster = row.cluster().unwrap_or_default().to_owned();
    let name = last_part(&definition).to_owned();
    let target = ChangeTarget { kind: "task definition", name, cluster, arn: row.id().to_owned() };
    Ok(Arc::new(RunTask { target, spec, definition, config, container, started: Arc::default() }))
}

/// The task definition, if it is known or has been read for the dialog.
fn described<'a>(definition: &str, known: &Known<'a>) -> Option<&'a Revision> {
    let read = known.evidence.and_then(|evidence| evidence.revision.as_ref());
    let named = |revision: &&Revision| {
        let arn = revision.task_definition_arn.as_str();
        arn == definition || last_part(arn) == last_part(definition) || revision.family == definition
    };
    read.filter(named).or_else(|| known.revision(definition))
}

/// The container that gets the overrides, and whose exit code counts.
fn container(spec: &RunSpec, definition: &str, revision: Option<&Revision>) -> Result<Option<String>, String> {
    let Some(revision) = revision else { return Ok(spec.container.clone()) };
    let names = || revision.containers.iter().map(|own| own.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = &spec.container {
        return match revision.containers.iter().any(|own| own.name == *name) {
            true => Ok(Some(name.clone())),
            false => Err(format!("{} has no container `{name}`; it has {}", last_part(definition), names())),
        };
    }
    let mut essential = revision.containers.iter().filter(|own| own.essential).map(|own| own.name.clone());
    match (essential.next(), essential.next()) {
        (Some(_), Some(_)) if spec.overrides_container() => {
            Err(format!("which container gets the command and the environment? It has {}", names()))
        }
        (first, _) => Ok(first),
    }
}

/// Reads the task definition: one call, unless it is known.
fn read_definition<'a>(
    clients: &'a Clients,
    targets: &'a [ChangeTarget],
    known: &'a Known<'a>,
) -> BoxFuture<'a, Evidence> {
    async move {
        let mut evidence = Evidence::default();
        let Some(ChangeTarget { name, .. }) = targets.first() else { return evidence };
        if described(name, known).is_none() {
            match revision::describe(clients, name).await {
                Ok(revision) => evidence.revision = Some(revision),
                Err(failure) => evidence.gaps.push(failure.describe_gap("the task definition could not be read")),
            }
        }
        evidence
    }
    .boxed()
}

#[derive(Debug)]
struct RunTask {
    target: ChangeTarget,
    spec: RunSpec,
    /// ARN, `family:revision` or `family`.
    definition: String,
    config: RunConfig,
    /// The container that gets the overrides, and whose exit code counts; absent until known.
    container: Option<String>,
    /// ARNs of the tasks, once ECS has started them.
    started: Arc<OnceLock<Vec<String>>>,
}

impl RunTask {
    /// `overrides` of the call, without the values of variables and what looks like a secret in the command.
    fn overrides(&self) -> Option<Value> {
        let RunSpec { command, environment, cpu, memory, .. } = &self.spec;
        let mut overrides = serde_json::Map::new();
        if self.spec.overrides_container() {
            let mut own = json!({ "name": self.container });
            if !command.is_empty() {
                let mut masker = Masker::default();
                own["command"] = command.iter().map(|word| masker.mask(word)).collect();
            }
            if !environment.is_empty() {
                let pairs = environment.iter().map(|(name, _)| json!({ "name": name, "value": MASK }));
                own["environment"] = pairs.collect();
            }
            overrides.insert("containerOverrides".into(), json!([own]));
        }
        for (name, size) in [("cpu", cpu), ("memory", memory)] {
            overrides.extend(size.as_ref().map(|size| (name.to_owned(), json!(size))));
        }
        (!overrides.is_empty()).then(|| overrides.into())
    }

    fn sdk_overrides(&self) -> Option<TaskOverride> {
        self.overrides()?;
        let RunSpec { command, environment, cpu, memory, .. } = &self.spec;
        let variables = environment.iter().map(|(name, value)| KeyValuePair::builder().name(name).value(value).build());
        let own = ContainerOverride::builder()
            .set_name(self.container.clone())
            .set_command(Some(command.clone()).filter(|words| !words.is_empty()))
            .set_environment(Some(variables.collect()).filter(|list: &Vec<_>| !list.is_empty()))
            .build();
        let own = self.spec.overrides_container().then(|| vec![own]);
        let overrides = TaskOverride::builder().set_container_overrides(own);
        Some(overrides.set_cpu(cpu.clone()).set_memory(memory.clone()).build())
    }

    /// The exit code of an ended task: of its main container; absent if that never ran.
    fn code_of(&self, task: &Task) -> Option<i32> {
        let named = |name: &str| task.containers.iter().find(|container| container.name == name);
        let main = self.container.as_deref().and_then(named).or_else(|| task.containers.first())?;
        main.exit_code
    }

    fn tasks<'a>(&self, known: &Known<'a>) -> Option<Vec<&'a Task>> {
        let arns = self.started.get()?;
        arns.iter().map(|arn| known.task(&self.target.cluster, arn)).collect()
    }
}

impl Change for RunTask {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        let RunSpec { count, command, environment, cpu, memory, .. } = &self.spec;
        let container = self.container.as_deref().unwrap_or("its container");
        let ends =
            if *count == 1 { "it belongs to no service: nothing starts it again" } else { "they belong to no service" };
        let mut says = vec![
            format!("ECS starts {} on {}, like {}", count_tasks(*count), self.config.place(), self.config.like),
            ends.to_owned(),
        ];
        says.extend(self.config.describe_network());
        if !command.is_empty() {
            says.push(format!("{container} runs the given command in place of its own"));
        }
        if !environment.is_empty() {
            let names: Vec<_> = environment.iter().map(|(name, _)| name.as_str()).collect();
            says.push(format!("{container} gets {}", names.join(", ")));
        }
        let sizes = [(cpu, "CPU units"), (memory, "MiB")];
        let sizes: Vec<_> =
            sizes.iter().filter_map(|(size, unit)| Some(format!("{} {unit}", size.as_ref()?))).collect();
        if !sizes.is_empty() {
            says.push(format!("with {}", sizes.join(" and ")));
        }
        says
    }

    /// The dialog may learn the name of the container while it is open.
    fn basis(&self) -> Vec<String> {
        vec![self.spec.token.clone(), self.definition.clone(), format!("{:?}", self.config)]
    }

    fn api_call(&self) -> ApiCall {
        let RunConfig { launch_type, providers, platform_version, network, group, exec, .. } = &self.config;
        let mut input = vec![
            ("cluster", json!(self.target.cluster)),
            ("taskDefinition", json!(self.target.name)),
            ("count", json!(self.spec.count)),
        ];
        input.extend(launch_type.as_ref().map(|launch_type| ("launchType", json!(launch_type))));
        if !providers.is_empty() {
            let items = providers.iter().map(
                |item| json!({ "capacityProvider": item.capacity_provider, "weight": item.weight, "base": item.base }),
            );
            input.push(("capacityProviderStrategy", items.collect()));
        }
        input.extend(platform_version.as_ref().map(|version| ("platformVersion", json!(version))));
        input.extend(network.as_ref().map(|TaskNetwork { subnets, security_groups, assign_public_ip }| {
            let mut vpc = json!({ "subnets": subnets });
            if !security_groups.is_empty() {
                vpc["securityGroups"] = json!(security_groups);
            }
            if let Some(assign) = assign_public_ip {
                vpc["assignPublicIp"] = json!(assign);
            }
            ("networkConfiguration", json!({ "awsvpcConfiguration": vpc }))
        }));
        input.extend(group.as_ref().map(|group| ("group", json!(group))));
        if *exec {
            input.push(("enableExecuteCommand", json!(true)));
        }
        input.extend(self.overrides().map(|overrides| ("overrides", overrides)));
        input.extend([("startedBy", json!(STARTED_BY)), ("clientToken", json!(self.spec.token))]);
        ApiCall { operation: operation::RUN_TASK, input }
    }

    fn touches(&self) -> Vec<View> {
        let cluster = || Query::cluster(&*self.target.cluster);
        let lists = [Status::Running, Status::All].map(|status| View::new(&task::KIND, Query { status, ..cluster() }));
        self.follows().into_iter().chain(lists).collect()
    }

    fn follows(&self) -> Vec<View> {
        let view = |arn: &String| {
            View::new(&task::KIND, Query { status: Status::All, ..Query::task(&*self.target.cluster, &**arn) })
        };
        self.started.get().into_iter().flatten().map(view).collect()
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let Some(tasks) = self.tasks(known) else { return ChangeProgress::UnderWay("not loaded yet".to_owned()) };
        let states: Vec<String> = tasks.iter().map(|task| self.describe_state(task, known)).collect();
        let text = match tasks.as_slice() {
            [_] => states.concat(),
            _ => tasks
                .iter()
                .zip(&states)
                .map(|(task, state)| format!("{} {state}", short_id(&task.task_arn)))
                .collect::<Vec<_>>()
                .join(", "),
        };
        if !tasks.iter().all(|task| task.stopped()) {
            return ChangeProgress::UnderWay(text);
        }
        match tasks.iter().all(|task| self.code_of(task) == Some(0)) {
            true => ChangeProgress::Settled(text),
            false => ChangeProgress::Failed(text),
        }
    }

    fn exit_code(&self, known: &Known<'_>) -> u8 {
        let tasks = self.tasks(known).unwrap_or_default();
        let codes = tasks.iter().map(|task| match self.code_of(task) {
            Some(code) => u8::try_from(code).unwrap_or(u8::MAX),
            None => NO_EXIT_CODE,
        });
        codes.max().unwrap_or(NO_EXIT_CODE)
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let RunConfig { launch_type, providers, platform_version, network, group, exec, .. } = self.config.clone();
        let providers = providers.into_iter().filter_map(|item| {
            let built = CapacityProviderStrategyItem::builder().capacity_provider(item.capacity_provider);
            built.weight(item.weight).base(item.base).build().ok()
        });
        let providers: Vec<_> = providers.collect();
        let network = network.and_then(|network| {
            let vpc = AwsVpcConfiguration::builder()
                .set_subnets(Some(network.subnets))
                .set_security_groups(Some(network.security_groups).filter(|groups| !groups.is_empty()))
                .set_assign_public_ip(network.assign_public_ip.as_deref().map(AssignPublicIp::from));
            Some(NetworkConfiguration::builder().awsvpc_configuration(vpc.build().ok()?).build())
        });
        let request = clients
            .ecs
            .run_task()
            .cluster(&self.target.cluster)
            .task_definition(&self.definition)
            .count(self.spec.count)
            .set_launch_type(launch_type.as_deref().map(LaunchType::from))
            .set_capacity_provider_strategy(Some(providers).filter(|items| !items.is_empty()))
            .set_platform_version(platform_version)
            .set_network_configuration(network)
            .set_group(group)
            .set_overrides(self.sdk_overrides())
            .enable_execute_command(exec)
            .started_by(STARTED_BY)
            .client_token(&self.spec.token);
        let (started, wanted) = (self.started.clone(), self.spec.count);
        async move {
            let mut answer = clients.call(operation::RUN_TASK, request.clone().send()).await;
            for _ in 1..ATTEMPTS {
                let lost = |failure: &Failure| {
                    matches!(failure.kind, FailureKind::Offline | FailureKind::Garbled | FailureKind::Server)
                };
                if !answer.as_ref().is_err_and(lost) {
                    break;
                }
                answer = clients.call(operation::RUN_TASK, request.clone().send()).await;
            }
            let answer = answer?;
            let arns: Vec<String> =
                answer.tasks.unwrap_or_default().into_iter().filter_map(|task| task.task_arn).collect();
            let failures = answer.failures.unwrap_or_default();
            let failures: Vec<_> = failures.into_iter().map(|failure| failure.reason.unwrap_or_default()).collect();
            let refused = describe_failures(&failures);
            if arns.is_empty() {
                return Err(Failure::local(operation::RUN_TASK.name, FailureKind::Invalid, refused));
            }
            let ids = arns.iter().map(|arn| short_id(arn)).collect::<Vec<_>>().join(", ");
            let says = match arns.len() {
                1 if wanted == 1 => format!("task {ids} started"),
                count => format!("{count} of {} started: {ids}", count_tasks(wanted)),
            };
            // It is set once: the order is sent once.
            let _ = started.set(arns);
            Ok(if failures.is_empty() { says } else { format!("{says}; {refused}") })
        }
        .boxed()
    }
}

/// Exit code of a command whose task has none.
const NO_EXIT_CODE: u8 = 125;

impl RunTask {
    /// `running`, `exit code 0`, `exit code 3: its program failed`.
    fn describe_state(&self, task: &Task, known: &Known<'_>) -> String {
        match self.code_of(task) {
            _ if !task.stopped() => in_words(task.last_status.as_deref().unwrap_or("unknown")),
            Some(0) => "exit code 0".to_owned(),
            Some(code) => format!("exit code {code}: {}", diagnose_stop(task, known).line()),
            None => format!("no exit code: {}", diagnose_stop(task, known).line()),
        }
    }
}

/// Why tasks were not started, each reason once with its number: `2 tasks not placed: RESOURCE:MEMORY (no memory free)`.
fn describe_failures(reasons: &[String]) -> String {
    if reasons.is_empty() {
        return "ECS started no task and gave no reason".to_owned();
    }
    let mut counted: Vec<(&String, i32)> = Vec::new();
    for reason in reasons {
        match counted.iter_mut().find(|(seen, _)| *seen == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    let describe = |(reason, count): &(&String, i32)| {
        let short =
            of_reason(ReasonField::Failure, reason).map(|rule| format!(" ({})", rule.short)).unwrap_or_default();
        format!("{} not placed: {reason}{short}", count_tasks(*count))
    };
    counted.iter().map(describe).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
