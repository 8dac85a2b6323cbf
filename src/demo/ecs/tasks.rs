//! Tasks: lists, descriptions and protection.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    deployments::digest,
    input::{self, bounded, contains, invalid, parse},
    json::{Object, missing, pairs, seconds, tags},
    paging::{PageRequest, page},
};
use crate::demo::world::{Container, Interface, Phase, READ_LAG, Status, Task, TaskId, World};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    container_instance: Option<String>,
    family: Option<String>,
    started_by: Option<String>,
    service_name: Option<String>,
    desired_status: Option<String>,
    launch_type: Option<String>,
    daemon_name: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let others = [&request.family, &request.service_name, &request.container_instance, &request.daemon_name];
    if request.started_by.is_some() && others.into_iter().any(Option::is_some) {
        return Err(invalid("cannot specify startedBy with other arguments"));
    }
    let service = request.service_name.as_deref().map(|name| input::service(world, cluster, name)).transpose()?;
    let instance = match request.container_instance.as_deref() {
        Some(name) => Some(world.find_instance(cluster, name).ok_or_else(|| invalid("Container instance not found."))?),
        None => None,
    };
    let desired = request.desired_status.as_deref().unwrap_or("RUNNING");
    if !matches!(desired, "RUNNING" | "PENDING" | "STOPPED") {
        return Err(invalid(format!("Unknown desired status: {desired}")));
    }
    // Both lists lag behind writes.
    let seen = |at: i64| world.now_ms >= at + READ_LAG;
    let items = world
        .tasks
        .values()
        .filter(|task| {
            let stopped = task.unwanted && task.times.stopping.is_none_or(seen);
            task.cluster == cluster
                && seen(task.times.created)
                && desired == if stopped { "STOPPED" } else { "RUNNING" }
                && service.is_none_or(|service| task.service == Some(service))
                && instance.is_none_or(|instance| task.site.instance == Some(instance))
                && request.family.as_ref().is_none_or(|family| task.definition.family == *family)
                && request.started_by.as_ref().is_none_or(|by| task.started_by.as_ref() == Some(by))
                && request.launch_type.as_deref().is_none_or(|launch_type| task.site.launch_type == launch_type)
                && request.daemon_name.is_none()
        })
        .map(|task| (task.id.to_string(), task))
        .collect();
    let (tasks, next) = page(&request.page, "tasks", 100, 100, items)?;
    let arns: Vec<String> = tasks.into_iter().map(|task| world.task_arn(task)).collect();
    Ok(Object::new().set("taskArns", arns).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    cluster: Option<String>,
    tasks: Vec<String>,
    include: Vec<String>,
}

/// A task of a cluster by id or ARN.
pub(super) fn find<'w>(world: &'w World, cluster: usize, name: &str) -> Option<&'w Task> {
    world.tasks.get(&TaskId::parse(name)?).filter(|task| task.cluster == cluster)
}

fn missing_task(world: &World, cluster: usize, name: &str) -> Value {
    if name.starts_with("arn:") {
        return missing(name.to_owned());
    }
    missing(world.arn(&format!("task/{}/{name}", world.clusters[cluster].name)))
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    bounded(&request.tasks, 100, "Tasks", "taskIds")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let with_tags = contains(&request.include, "TAGS");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in &request.tasks {
        match find(world, cluster, name).filter(|task| world.now_ms >= task.times.created + READ_LAG) {
            Some(task) => {
                let stale = world.stale(&world.task_arn(task)).cloned();
                let mut answer = stale.unwrap_or_else(|| task_json(world, task));
                if !with_tags && let Some(fields) = answer.as_object_mut() {
                    fields.insert("tags".to_owned(), json!([]));
                }
                found.push(answer);
            }
            None => failures.push(missing_task(world, cluster, name)),
        }
    }
    Ok(json!({ "tasks": found, "failures": failures }))
}

fn attachment_id(task: &Task) -> String {
    task.details("attachment").uuid()
}

fn attachments(world: &World, task: &Task) -> Vec<Value> {
    let interface = task.definition.awsvpc.then(|| interface_attachment(world, task));
    let volume = task.definition.volume.as_deref().map(|name| volume_attachment(world, task, name));
    interface.into_iter().chain(volume).collect()
}

pub(super) fn interface_attachment(world: &World, task: &Task) -> Value {
    let status = match task.status {
        Status::Provisioning => "PRECREATED",
        Status::Deprovisioning => "DETACHING",
        Status::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let Interface { id, mac, address } = task.interface();
    let mut details = vec![("subnetId", world.subnet(task.site.zone))];
    if task.status > Status::Provisioning {
        details.extend([
            ("networkInterfaceId", id),
            ("macAddress", mac),
            ("privateDnsName", format!("ip-{}.{}.compute.internal", address.replace('.', "-"), world.region)),
            ("privateIPv4Address", address),
        ]);
    }
    json!({
        "id": attachment_id(task),
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": pairs(details),
    })
}

/// The attachment of a volume configured at launch.
fn volume_attachment(world: &World, task: &Task, name: &str) -> Value {
    let status = match (&task.volume_failure, task.status) {
        (Some(_), _) => "FAILED",
        (None, Status::Provisioning) => "CREATED",
        (None, Status::Deprovisioning) => "DETACHING",
        (None, Status::Stopped) => "DELETED",
        (None, _) => "ATTACHED",
    };
    let mut rng = task.details("volume");
    let id = rng.uuid();
    let mut details = vec![
        ("roleArn", world.infrastructure_role()),
        ("volumeName", name.to_owned()),
        ("deleteOnTermination", "true".to_owned()),
    ];
    match &task.volume_failure {
        Some(reason) => details.push(("statusReason", reason.clone())),
        None => details.push(("volumeId", format!("vol-0{}", rng.hex(16)))),
    }
    json!({ "id": id, "type": "AmazonElasticBlockStorage", "status": status, "details": pairs(details) })
}

/// The exec agent of a container, with the given status.
fn agent_json(task: &Task, container: &Container, status: &str) -> Value {
    let started = task.times.started.filter(|_| container.phase != Phase::Pending && container.agent_failure.is_none());
    let reason = match container.phase {
        Phase::Stopped => Some("Received Container Stopped event"),
        _ => container.agent_failure,
    };
    Object::new()
        .set("name", "ExecuteCommandAgent")
        .set("lastStatus", if reason.is_some() { "STOPPED" } else { status })
        .maybe("reason", reason)
        .maybe_time("lastStartedAt", started.map(|at| at + 900))
        .done()
}

fn container_json(world: &World, task: &Task, index: usize) -> Option<Value> {
    let (spec, container) = (task.definition.containers.get(index)?, task.containers.get(index)?);
    let mut details = task.details(&format!("container {}", spec.name));
    let arn = world.arn(&format!("container/{}/{}/{}", world.clusters[task.cluster].name, task.id, details.uuid()));
    let awsvpc = task.definition.awsvpc;
    let interfaces = if awsvpc && task.times.connected.is_some() {
        json!([{ "attachmentId": attachment_id(task), "privateIpv4Address": task.interface().address }])
    } else {
        json!([])
    };
    let bound = !awsvpc && container.phase == Phase::Running;
    let bindings: Vec<Value> = spec
        .ports
        .iter()
        .zip(&container.host_ports)
        .filter(|_| bound)
        .map(|((port, _), host)| json!({ "bindIP": "0.0.0.0", "containerPort": port, "hostPort": host, "protocol": "tcp" }))
        .collect();
    let last_status = match container.phase {
        Phase::Pending => "PENDING",
        Phase::Running => "RUNNING",
        Phase::Stopped => "STOPPED",
    };
    let agent = task.exec.then(|| json!([agent_json(task, container, last_status)]));
    Some(
        Object::new()
            .set("containerArn", arn)
            .set("taskArn", world.task_arn(task))
            .set("name", &spec.name)
            .set("image", &spec.image)
            .maybe("imageDigest", task.runtime_id(index).map(|_| digest(&spec.image)))
            .maybe("runtimeId", task.runtime_id(index))
            .set("lastStatus", last_status)
            .maybe("exitCode", container.exit_code)
            .maybe("reason", container.reason.as_ref())
            .set("networkBindings", bindings)
            .set("networkInterfaces", interfaces)
            .set("healthStatus", container.health.as_str())
            .maybe("managedAgents", agent)
            .set("cpu", spec.cpu.to_string())
            .maybe("memory", spec.memory.map(|memory| memory.to_string()))
            .maybe("memoryReservation", spec.memory_reservation.map(|memory| memory.to_string()))
            .done(),
    )
}

/// The `task` structure, tags included.
pub(super) fn task_json(world: &World, task: &Task) -> Value {
    let containers: Vec<Value> =
        (0..task.containers.len()).filter_map(|index| container_json(world, task, index)).collect();
    let fargate = task.site.launch_type == "FARGATE";
    let instance = task.site.instance;
    let connected = instance.is_none_or(|instance| world.instances[instance].agent_connected);
    let storage = fargate.then(|| json!({ "sizeInGiB": 20 }));
    let times = &task.times;
    let lost = instance.filter(|_| !connected).map(|instance| world.instances[instance].agent_since);
    Object::new()
        .set("attachments", attachments(world, task))
        .set("attributes", json!([{ "name": "ecs.cpu-architecture", "value": "x86_64" }]))
        .set("availabilityZone", world.zone(task.site.zone))
        .maybe("capacityProviderName", task.site.capacity_provider.as_ref())
        .set("clusterArn", world.cluster_arn(task.cluster))
        .maybe("connectivity", times.connected.map(|_| if connected { "CONNECTED" } else { "DISCONNECTED" }))
        .maybe_time("connectivityAt", times.connected.map(|at| lost.unwrap_or(at)))
        .maybe("containerInstanceArn", instance.map(|instance| world.instance_arn(instance)))
        .set("containers", containers)
        .set("cpu", task.definition.cpu.to_string())
        .time("createdAt", times.created)
        .set("desiredStatus", if task.unwanted { "STOPPED" } else { "RUNNING" })
        .set("enableExecuteCommand", task.exec)
        .maybe_time("executionStoppedAt", times.execution_stopped)
        .set("group", &task.group)
        .set("healthStatus", task.health().as_str())
        .set("inferenceAccelerators", json!([]))
        .set("lastStatus", task.status.as_str())
        .set("launchType", task.site.launch_type)
        .set("memory", task.definition.memory.to_string())
        .set("overrides", &task.overrides)
        .maybe("platformVersion", fargate.then_some("1.4.0"))
        .maybe("platformFamily", fargate.then_some("Linux"))
        .maybe_time("pullStartedAt", times.pull_started)
        .maybe_time("pullStoppedAt", times.pull_stopped)
        .maybe_time("startedAt", times.started)
        .maybe("startedBy", task.started_by.as_ref())
        .maybe("stopCode", task.stop.as_ref().map(|stop| stop.code.as_str()))
        .maybe_time("stoppedAt", times.stopped)
        .maybe("stoppedReason", task.stop.as_ref().map(|stop| &stop.reason))
        .maybe_time("stoppingAt", times.stopping)
        .set("tags", tags(&task.tags))
        .set("taskArn", world.task_arn(task))
        .set("taskDefinitionArn", &task.definition.arn)
        .set("version", task.version)
        .maybe("ephemeralStorage", storage.clone())
        .maybe("fargateEphemeralStorage", storage)
        .done()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Protect {
    cluster: Option<String>,
    tasks: Vec<String>,
    protection_enabled: bool,
    expires_in_minutes: Option<i64>,
}

fn protection_json(world: &World, task: &Task) -> Value {
    let until = task.protected_until.filter(|until| *until > world.now_ms);
    Object::new()
        .set("taskArn", world.task_arn(task))
        .set("protectionEnabled", until.is_some())
        .maybe("expirationDate", until.map(seconds))
        .done()
}

/// Splits `names` into tasks of services, and failures for the rest.
fn protectable(world: &World, cluster: usize, names: &[String]) -> (Vec<TaskId>, Vec<Value>) {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match find(world, cluster, name) {
            Some(task) if task.service.is_some() && task.status < Status::Stopped => found.push(task.id),
            Some(task) => failures.push(json!({ "arn": world.task_arn(task), "reason": "TASK_NOT_VALID" })),
            None => failures.push(missing_task(world, cluster, name)),
        }
    }
    (found, failures)
}

pub(super) fn protection(world: &mut World, input: &Value) -> Answer {
    let request: Protect = parse(input)?;
    bounded(&request.tasks, 100, "Tasks", "taskIds")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let (found, failures) = protectable(world, cluster, &request.tasks);
    let tasks = found.iter().filter_map(|id| world.tasks.get(id));
    let protected: Vec<Value> = tasks.map(|task| protection_json(world, task)).collect();
    Ok(json!({ "protectedTasks": protected, "failures": failures }))
}

pub(super) fn protect(world: &mut World, input: &Value) -> Answer {
    let request: Protect = parse(input)?;
    bounded(&request.tasks, 10, "Tasks", "taskIds")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let minutes = request.expires_in_minutes.unwrap_or(120);
    if !(1..=2_880).contains(&minutes) {
        return Err(invalid("expiresInMinutes must be between 1 and 2880."));
    }
    let (found, failures) = protectable(world, cluster, &request.tasks);
    let until = request.protection_enabled.then_some(world.now_ms + minutes * 60_000);
    for id in &found {
        let service = world.tasks.get_mut(id).and_then(|task| {
            task.protected_until = until;
            task.service
        });
        if let Some(service) = service {
            let at = world.now_ms + 1_000;
            world.schedule_round(service, at);
        }
    }
    let tasks = found.iter().filter_map(|id| world.tasks.get(id));
    let protected: Vec<Value> = tasks.map(|task| protection_json(world, task)).collect();
    Ok(json!({ "protectedTasks": protected, "failures": failures }))
}
