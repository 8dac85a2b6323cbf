//! Service deployments and service revisions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, bounded, invalid, parse},
    json::{Object, missing, seconds, strategy},
    paging::{PageRequest, page},
    services,
};
use crate::demo::{
    wire::ApiError,
    world::{
        Breaker, DeploymentConfig, HookAction, Rng, Rollout, RolloutStatus, Service, Stage, Threshold, World, last_part,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    service: String,
    cluster: Option<String>,
    status: Vec<String>,
    created_at: Option<Created>,
    #[serde(flatten)]
    page: PageRequest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Created {
    before: Option<f64>,
    after: Option<f64>,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let cluster = match (&request.cluster, request.service.split_once(":service/")) {
        // The cluster is part of the service's ARN.
        (None, Some((_, path))) => input::cluster(world, path.split('/').next())?,
        (name, _) => input::cluster(world, name.as_deref())?,
    };
    let service = input::service(world, cluster, &request.service)?;
    let created = request.created_at.unwrap_or_default();
    // Newest first.
    let items = world.services[service]
        .rollouts
        .iter()
        .rev()
        .filter(|rollout| {
            let at = seconds(rollout.created);
            !world.services[service].external
                && (request.status.is_empty() || request.status.iter().any(|status| status == rollout.status.as_str()))
                && created.before.is_none_or(|before| at < before)
                && created.after.is_none_or(|after| at > after)
        })
        .map(|rollout| (format!("{:020}", rollout.created), brief_json(world, service, rollout)))
        .collect();
    let (briefs, next) = page(&request.page, "service deployments", 20, 100, items)?;
    Ok(Object::new().set("serviceDeployments", briefs).maybe("nextToken", next).done())
}

/// The brief structure of ListServiceDeployments.
fn brief_json(world: &World, service: usize, rollout: &Rollout) -> Value {
    Object::new()
        .set("serviceDeploymentArn", world.rollout_arn(service, &rollout.id))
        .set("serviceArn", world.service_arn(service))
        .set("clusterArn", world.cluster_arn(world.services[service].cluster))
        .time("startedAt", rollout.created + 800)
        .time("createdAt", rollout.created)
        .maybe_time("finishedAt", rollout.finished)
        .set("targetServiceRevisionArn", world.revision_arn(service, &rollout.target))
        .set("status", rollout.status.as_str())
        .maybe("statusReason", rollout.status_reason.as_ref())
        .done()
}

/// The service and the last part of an ARN of the form `…:KIND/CLUSTER/SERVICE/LAST`.
fn service_and_last_part<'a>(world: &World, arn: &'a str, kind: &str) -> Option<(usize, &'a str)> {
    let (_, path) = arn.split_once(&format!(":{kind}/"))?;
    let mut parts = path.split('/');
    let (cluster, service, last) = (parts.next()?, parts.next()?, parts.next()?);
    let cluster = world.find_cluster(cluster)?;
    Some((world.find_service(cluster, service)?, last))
}

/// The indexes of a service and one of its service deployments.
fn find(world: &World, arn: &str) -> Option<(usize, usize)> {
    let (service, id) = service_and_last_part(world, arn, "service-deployment")?;
    let rollout = world.services[service].rollouts.iter().position(|rollout| rollout.id == id)?;
    Some((service, rollout))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    service_deployment_arns: Vec<String>,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    bounded(&request.service_deployment_arns, 20, "serviceDeploymentArns", "serviceDeploymentArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in request.service_deployment_arns {
        match find(world, &arn) {
            Some((service, rollout)) => {
                let fresh = || rollout_json(world, service, &world.services[service].rollouts[rollout]);
                found.push(world.stale(&arn).cloned().unwrap_or_else(fresh));
            }
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "serviceDeployments": found, "failures": failures }))
}

/// Counts and traffic weights of the source or target side of a service deployment.
fn side(world: &World, index: usize, rollout: &Rollout, revision: &str, target: bool) -> Value {
    let service = &world.services[index];
    let id = format!("ecs-svc/{revision}");
    let (running, pending) = match (rollout.status.over(), target) {
        // A finished service deployment is a snapshot.
        (true, target) => {
            let won = target == (rollout.status == RolloutStatus::Successful);
            (if won { rollout.desired } else { 0 }, 0)
        }
        (false, _) => services::counts(world, service, Some(&id)),
    };
    let in_charge = service.primary().is_some_and(|primary| primary.revision == revision);
    let requested = if rollout.status.over() || !in_charge { running + pending } else { service.desired };
    let weights = rollout.stage.map(|stage| {
        let shifted = rollout.status == RolloutStatus::Successful || stage > Stage::ProductionTrafficShift;
        let tested = shifted || stage > Stage::TestTrafficShift;
        let weight = |moved: bool| if moved == target { 100.0 } else { 0.0 };
        (weight(tested), weight(shifted))
    });
    Object::new()
        .set("arn", world.revision_arn(index, revision))
        .set("requestedTaskCount", requested)
        .set("runningTaskCount", running)
        .set("pendingTaskCount", pending)
        .maybe("requestedTestTrafficWeight", weights.map(|(test, _)| test))
        .maybe("requestedProductionTrafficWeight", weights.map(|(_, production)| production))
        .done()
}

fn breaker_status(rollout: &Rollout) -> &'static str {
    match (rollout.breaker, rollout.tripped, rollout.status.over()) {
        (None, ..) => "DISABLED",
        (_, true, _) => "TRIGGERED",
        (_, false, true) => "MONITORING_COMPLETE",
        (_, false, false) => "MONITORING",
    }
}

/// The `serviceDeployment` structure.
pub(super) fn rollout_json(world: &World, index: usize, rollout: &Rollout) -> Value {
    let service = &world.services[index];
    let hooks: Vec<Value> = rollout
        .hooks
        .iter()
        .map(|hook| {
            json!({
                "hookId": hook.id,
                "targetType": "PAUSE",
                "status": hook.status,
                "expiresAt": seconds(hook.expires),
                "timeoutAction": if hook.then_continue { "CONTINUE" } else { "ROLLBACK" },
            })
        })
        .collect();
    let sources: Vec<Value> = rollout.sources.iter().map(|source| side(world, index, rollout, source, false)).collect();
    let rollback = rollout.rollback.as_ref().map(|rollback| {
        json!({
            "reason": rollback.reason,
            "startedAt": seconds(rollback.started),
            "serviceRevisionArn": world.revision_arn(index, &rollback.revision),
        })
    });
    Object::new()
        .set("serviceDeploymentArn", world.rollout_arn(index, &rollout.id))
        .set("serviceArn", world.service_arn(index))
        .set("clusterArn", world.cluster_arn(service.cluster))
        .time("createdAt", rollout.created)
        .time("startedAt", rollout.created + 800)
        .maybe_time("finishedAt", rollout.finished)
        .maybe_time("stoppedAt", rollout.stopped)
        .time("updatedAt", rollout.updated)
        .set("sourceServiceRevisions", sources)
        .set("targetServiceRevision", side(world, index, rollout, &rollout.target, true))
        .set("status", rollout.status.as_str())
        .maybe("statusReason", rollout.status_reason.as_ref())
        .maybe("lifecycleStage", rollout.stage.filter(|_| !rollout.status.over()).map(Stage::as_str))
        .maybe("lifecycleHookDetails", (!hooks.is_empty()).then_some(hooks))
        .set("deploymentConfiguration", config_json(&service.config))
        .maybe("rollback", rollback)
        .set(
            "deploymentCircuitBreaker",
            json!({
                "status": breaker_status(rollout),
                "failureCount": rollout.failures,
                "threshold": rollout.threshold,
            }),
        )
        .set("alarms", json!({ "status": "DISABLED" }))
        .done()
}

/// The `deploymentConfiguration` structure.
pub(super) fn config_json(config: &DeploymentConfig) -> Value {
    let off = Breaker { rollback: false, ..Breaker::STANDARD };
    let breaker = config.breaker.unwrap_or(off);
    let (kind, value) = match breaker.threshold {
        Threshold::Count(value) => ("COUNT", value),
        Threshold::BoundedPercent(value) => ("BOUNDED_PERCENT", value),
        Threshold::UnboundedPercent(value) => ("UNBOUNDED_PERCENT", value),
    };
    let hooks: Vec<Value> = config
        .pauses
        .iter()
        .map(|pause| {
            json!({
                "targetType": "PAUSE",
                "lifecycleStages": [pause.stage.as_str()],
                "timeoutConfiguration": {
                    "timeoutInMinutes": pause.timeout_minutes,
                    "action": if pause.then_continue { "CONTINUE" } else { "ROLLBACK" },
                },
            })
        })
        .collect();
    Object::new()
        .set(
            "deploymentCircuitBreaker",
            json!({
                "enable": config.breaker.is_some(),
                "rollback": breaker.rollback,
                "resetOnHealthyTask": breaker.reset_on_healthy_task,
                "thresholdConfiguration": { "type": kind, "value": value },
            }),
        )
        .set("maximumPercent", config.maximum_percent)
        .set("minimumHealthyPercent", config.minimum_healthy_percent)
        .set("strategy", if config.blue_green { "BLUE_GREEN" } else { "ROLLING" })
        .set("bakeTimeInMinutes", config.bake_minutes)
        .maybe("lifecycleHooks", (!hooks.is_empty()).then_some(hooks))
        .done()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DescribeRevisions {
    service_revision_arns: Vec<String>,
}

pub(super) fn describe_revisions(world: &mut World, input: &Value) -> Answer {
    let request: DescribeRevisions = parse(input)?;
    bounded(&request.service_revision_arns, 20, "serviceRevisionArns", "serviceRevisionArns")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in request.service_revision_arns {
        match service_and_last_part(world, &arn, "service-revision")
            .and_then(|(index, number)| revision_json(world, index, number))
        {
            Some(revision) => found.push(revision),
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "serviceRevisions": found, "failures": failures }))
}

/// A digest for an image reference.
pub(super) fn digest(image: &str) -> String {
    format!("sha256:{}", Rng::stream(0, image).hex(64))
}

fn revision_json(world: &World, index: usize, number: &str) -> Option<Value> {
    let service: &Service = &world.services[index];
    let revision = service.revisions.iter().find(|revision| revision.number == number)?;
    let images: Vec<Value> = revision
        .definition
        .containers
        .iter()
        .map(|spec| json!({ "containerName": spec.name, "image": spec.image, "imageDigest": digest(&spec.image) }))
        .collect();
    let object = Object::new()
        .set("serviceRevisionArn", world.revision_arn(index, number))
        .set("serviceArn", world.service_arn(index))
        .set("clusterArn", world.cluster_arn(service.cluster))
        .set("taskDefinition", &revision.definition.arn);
    let object = match revision.strategy.as_slice() {
        [] => object.set("launchType", service.launch_type),
        items => object.set("capacityProviderStrategy", strategy(items)),
    };
    Some(
        object
            .set("loadBalancers", service.balancers.iter().map(services::load_balancer).collect::<Vec<_>>())
            .maybe("networkConfiguration", services::network(world, service))
            .set("containerImages", images)
            .set("guardDutyEnabled", false)
            .time("createdAt", revision.created)
            .done(),
    )
}

fn not_found() -> ApiError {
    ApiError::client("ServiceDeploymentNotFoundException", "The service deployment was not found.")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stop {
    service_deployment_arn: String,
    stop_type: Option<String>,
}

pub(super) fn stop(world: &mut World, input: &Value) -> Answer {
    let request: Stop = parse(input)?;
    let arn = require_arn(&request.service_deployment_arn)?;
    if request.stop_type.as_deref().is_some_and(|stop_type| stop_type != "ROLLBACK") {
        return Err(ApiError::client("UnsupportedFeatureException", "The stop type is not supported."));
    }
    let (service, rollout) = find(world, arn).ok_or_else(not_found)?;
    if world.services[service].rollouts[rollout].status.over() {
        return Err(ApiError::client(
            "ConflictException",
            "The service deployment can't be stopped because it is in a terminal state.",
        ));
    }
    let before = rollout_json(world, service, &world.services[service].rollouts[rollout]);
    world.hold_back(arn.to_owned(), before);
    world.request_rollback(service);
    Ok(json!({ "serviceDeploymentArn": arn }))
}

/// Returns an ARN if it looks like one.
fn require_arn(arn: &str) -> Result<&str, ApiError> {
    if arn.contains(":service-deployment/") && !last_part(arn).is_empty() {
        Ok(arn)
    } else {
        Err(invalid("The service deployment ARN is invalid."))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resume {
    service_deployment_arn: String,
    hook_id: String,
    action: Option<String>,
}

pub(super) fn resume(world: &mut World, input: &Value) -> Answer {
    let request: Resume = parse(input)?;
    let arn = require_arn(&request.service_deployment_arn)?;
    let action = match request.action.as_deref() {
        None | Some("CONTINUE") => HookAction::Continue,
        Some("ROLLBACK") => HookAction::RollBack,
        Some(_) => return Err(invalid("The action must be CONTINUE or ROLLBACK.")),
    };
    let (service, rollout) = find(world, arn).ok_or_else(not_found)?;
    let entry = &world.services[service].rollouts[rollout];
    let hook = entry.hooks.iter().position(|hook| hook.id == request.hook_id);
    let hook = hook.ok_or_else(|| invalid("The lifecycle hook was not found."))?;
    let before = rollout_json(world, service, entry);
    let now = world.now_ms;
    if !world.answer_hook(service, rollout, hook, action, now) {
        return Err(invalid("The lifecycle hook is not in the AWAITING_ACTION status."));
    }
    world.hold_back(arn.to_owned(), before);
    Ok(json!({ "serviceDeploymentArn": arn }))
}
