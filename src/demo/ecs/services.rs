//! Services: lists and descriptions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, deployments,
    input::{self, bounded, contains, parse},
    json::{Object, missing, seconds, strategy, tags},
    paging::{PageRequest, keyed, page},
    task_sets,
};
use crate::demo::world::{Deployment, LoadBalancer, Service, World, last_part};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
    resource_management_type: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: List = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
    let arns = (0..world.services.len())
        .filter(|index| {
            let service = &world.services[*index];
            service.cluster == cluster
                && is(&request.launch_type, launch_type(service))
                && is(&request.scheduling_strategy, scheduling(service))
                && is(&request.resource_management_type, "CUSTOMER")
        })
        .map(|index| world.service_arn(index))
        .collect();
    let (arns, next) = page(&request.page, "services", 10, 100, keyed(arns))?;
    Ok(Object::new().set("serviceArns", arns).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListByNamespace {
    namespace: String,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn list_by_namespace(world: &mut World, input: &Value) -> Answer {
    let request: ListByNamespace = parse(input)?;
    let wanted = last_part(&request.namespace);
    let is_it = |namespace: &String| last_part(namespace) == wanted;
    if !world.clusters.iter().any(|cluster| cluster.namespace.as_ref().is_some_and(is_it)) {
        return Err(crate::demo::wire::ApiError::client(
            "NamespaceNotFoundException",
            "The specified namespace was not found.",
        ));
    }
    let arns = (0..world.services.len())
        .filter(|index| {
            let service = &world.services[*index];
            service.connect.is_some() && world.clusters[service.cluster].namespace.as_ref().is_some_and(is_it)
        })
        .map(|index| world.service_arn(index))
        .collect();
    let (arns, next) = page(&request.page, "services by namespace", 10, 100, keyed(arns))?;
    Ok(Object::new().set("serviceArns", arns).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    cluster: Option<String>,
    services: Vec<String>,
    include: Vec<String>,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    bounded(&request.services, 10, "Services", "service names")?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let with_tags = contains(&request.include, "TAGS");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in &request.services {
        match world.find_service(cluster, name) {
            Some(service) => {
                let fresh = service_json(world, service);
                let mut answer = world.stale(&world.service_arn(service)).cloned().unwrap_or(fresh);
                if !with_tags && let Some(fields) = answer.as_object_mut() {
                    fields.remove("tags");
                }
                found.push(answer);
            }
            None if name.starts_with("arn:") => failures.push(missing(name.clone())),
            None => {
                let cluster = &world.clusters[cluster].name;
                failures.push(missing(world.arn(&format!("service/{cluster}/{name}"))));
            }
        }
    }
    Ok(json!({ "services": found, "failures": failures }))
}

fn launch_type(service: &Service) -> &'static str {
    match service.strategy.first() {
        Some(item) if item.provider.starts_with("FARGATE") => "FARGATE",
        Some(_) => "EC2",
        None => service.launch_type,
    }
}

fn scheduling(service: &Service) -> &'static str {
    if service.daemon { "DAEMON" } else { "REPLICA" }
}

pub(super) fn load_balancer(balancer: &LoadBalancer) -> Value {
    let advanced = balancer.alternate.as_ref().map(|alternate| {
        let listener_rule = |name: &str| {
            let rule = alternate.replace(":targetgroup/", ":listener-rule/app/");
            format!("{rule}/{name}")
        };
        json!({
            "alternateTargetGroupArn": alternate,
            "productionListenerRule": listener_rule("production"),
            "testListenerRule": listener_rule("test"),
        })
    });
    Object::new()
        .set("targetGroupArn", &balancer.target_group)
        .set("containerName", &balancer.container)
        .set("containerPort", balancer.port)
        .maybe("advancedConfiguration", advanced)
        .done()
}

pub(super) fn network(world: &World, service: &Service) -> Option<Value> {
    let network = service.network.as_ref()?;
    let subnets: Vec<String> = (0..3).map(|zone| world.subnet(zone)).collect();
    Some(json!({ "awsvpcConfiguration": {
        "subnets": subnets,
        "securityGroups": network.security_groups,
        "assignPublicIp": if network.public_ip { "ENABLED" } else { "DISABLED" },
    } }))
}

/// Running, pending and desired tasks of a deployment.
pub(super) fn counts(world: &World, service: &Service, deployment: Option<&str>) -> (usize, usize) {
    let tasks = service.live.iter().filter_map(|id| world.tasks.get(id));
    tasks.filter(|task| deployment.is_none_or(|id| task.started_by.as_deref() == Some(id))).fold(
        (0, 0),
        |(running, pending), task| {
            (running + usize::from(task.counts_as_running()), pending + usize::from(task.counts_as_pending()))
        },
    )
}

/// Adds the launch type or strategy, and the Fargate platform.
pub(super) fn compute(object: Object, service: &Service) -> Object {
    let fargate = launch_type(service) == "FARGATE";
    let object = match service.strategy.as_slice() {
        [] => object.set("launchType", service.launch_type),
        items => object.set("capacityProviderStrategy", strategy(items)),
    };
    object.maybe("platformVersion", fargate.then_some("1.4.0")).maybe("platformFamily", fargate.then_some("Linux"))
}

fn deployment_json(world: &World, service: &Service, index: usize, deployment: &Deployment) -> Value {
    let (running, pending) = counts(world, service, Some(&deployment.id));
    let is_wanted =
        index == 0 || service.rollouts.last().is_some_and(|rollout| rollout.stage.is_some() && !rollout.status.over());
    let connect = service.connect.as_ref().map(|(port_name, port)| {
        json!({
            "enabled": true,
            "namespace": world.clusters[service.cluster].namespace,
            "services": [{
                "portName": port_name,
                "discoveryName": service.name,
                "clientAliases": [{ "port": port, "dnsName": service.name }],
            }],
        })
    });
    let object = Object::new()
        .set("id", &deployment.id)
        .set("status", if index == 0 { "PRIMARY" } else { "ACTIVE" })
        .set("taskDefinition", &deployment.definition.arn)
        .set("desiredCount", if is_wanted { service.desired } else { running + pending })
        .set("pendingCount", pending)
        .set("runningCount", running)
        .set("failedTasks", deployment.failed_tasks)
        .time("createdAt", deployment.created)
        .time("updatedAt", deployment.updated);
    compute(object, service)
        .maybe("networkConfiguration", network(world, service))
        .set("rolloutState", deployment.state.as_str())
        .set("rolloutStateReason", &deployment.reason)
        .maybe("serviceConnectConfiguration", connect)
        .done()
}

/// The `service` structure, tags included.
pub(super) fn service_json(world: &World, index: usize) -> Value {
    let service = &world.services[index];
    let (running, pending) = counts(world, service, None);
    // An external controller creates task sets in place of deployments.
    let deployments = if service.external { &[][..] } else { service.deployments.as_slice() };
    let task_sets = task_sets::all(world, index);
    let revisions: Vec<Value> = deployments
        .iter()
        .enumerate()
        .map(|(place, deployment)| {
            let (running, pending) = counts(world, service, Some(&deployment.id));
            json!({
                "arn": world.revision_arn(index, &deployment.revision),
                "requestedTaskCount": if place == 0 { service.desired } else { running + pending },
                "runningTaskCount": running,
                "pendingTaskCount": pending,
            })
        })
        .collect();
    let deployments: Vec<Value> = deployments
        .iter()
        .enumerate()
        .map(|(place, deployment)| deployment_json(world, service, place, deployment))
        .collect();
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|event| json!({ "id": event.id, "createdAt": seconds(event.at), "message": event.message }))
        .collect();
    let placement = match (launch_type(service), service.daemon) {
        ("EC2", false) => json!([
            { "type": "spread", "field": "attribute:ecs.availability-zone" },
            { "type": "spread", "field": "instanceId" },
        ]),
        _ => json!([]),
    };
    let object = Object::new()
        .set("serviceArn", world.service_arn(index))
        .set("serviceName", &service.name)
        .set("clusterArn", world.cluster_arn(service.cluster))
        .set("loadBalancers", service.balancers.iter().map(load_balancer).collect::<Vec<_>>())
        .set("serviceRegistries", json!([]))
        .set("status", "ACTIVE")
        .set("desiredCount", service.desired)
        .set("runningCount", running)
        .set("pendingCount", pending);
    let primary = service.primary().filter(|_| !service.external);
    let rollout = service.rollouts.last().filter(|_| !service.external);
    let controller = if service.external { "EXTERNAL" } else { "ECS" };
    compute(object, service)
        .maybe("taskDefinition", primary.map(|primary| &primary.definition.arn))
        .maybe("taskSets", Some(task_sets).filter(|sets| !sets.is_empty()))
        .set("deploymentConfiguration", deployments::config_json(&service.config))
        .set("deployments", deployments)
        .set(
            "roleArn",
            format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", world.account_id),
        )
        .set("events", events)
        .time("createdAt", service.created)
        .maybe("currentServiceDeployment", rollout.map(|rollout| world.rollout_arn(index, &rollout.id)))
        .set("currentServiceRevisions", revisions)
        .set("placementConstraints", json!([]))
        .set("placementStrategy", placement)
        .maybe("networkConfiguration", network(world, service))
        .set("healthCheckGracePeriodSeconds", service.grace_seconds)
        .set("schedulingStrategy", scheduling(service))
        .set("deploymentController", json!({ "type": controller }))
        .set("tags", tags(&service.tags))
        .set("createdBy", &service.created_by)
        .set("enableECSManagedTags", true)
        .set("propagateTags", "SERVICE")
        .set("enableExecuteCommand", service.exec)
        .set("availabilityZoneRebalancing", if service.rebalancing { "ENABLED" } else { "DISABLED" })
        .set("resourceManagementType", "CUSTOMER")
        .done()
}
