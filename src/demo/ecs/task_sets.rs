//! Task sets: what an external controller rolls out in place of deployments.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, parse},
    json::{Object, missing},
    services::{compute, counts, network},
};
use crate::demo::world::{Deployment, World};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    cluster: Option<String>,
    service: String,
    task_sets: Vec<String>,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    let index = input::service(world, cluster, &request.service)?;
    let sets = all(world, index);
    let is = |set: &Value, name: &str| set["id"] == name || set["taskSetArn"] == name;
    if request.task_sets.is_empty() {
        return Ok(json!({ "taskSets": sets, "failures": [] }));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in request.task_sets {
        match sets.iter().find(|set| is(set, &name)) {
            Some(set) => found.push(set.clone()),
            None => failures.push(missing(name)),
        }
    }
    Ok(json!({ "taskSets": found, "failures": failures }))
}

/// The task sets of a service, newest first; none if ECS deploys it.
pub(super) fn all(world: &World, index: usize) -> Vec<Value> {
    let service = &world.services[index];
    if !service.external {
        return Vec::new();
    }
    let last = service.deployments.len().saturating_sub(1);
    let set = |(place, deployment): (usize, &Deployment)| {
        let (running, pending) = counts(world, service, Some(&deployment.id));
        // The newest set is to have all tasks; the others keep what they have until they are deleted.
        let wanted = if place == 0 { service.desired } else { (running + pending).min(service.desired) };
        let share = (wanted * 100).checked_div(service.desired).unwrap_or(100);
        let stable = running == wanted && pending == 0;
        let id = deployment.id.rsplit('/').next().unwrap_or_default();
        let path = format!("task-set/{}/{}/{}", world.clusters[service.cluster].name, service.name, deployment.id);
        let object = Object::new()
            .set("id", &deployment.id)
            .set("taskSetArn", world.arn(&path))
            .set("serviceArn", world.service_arn(index))
            .set("clusterArn", world.cluster_arn(service.cluster))
            .set("startedBy", "spinnaker")
            .set("externalId", format!("pipeline-{}", &id[..id.len().min(8)]))
            .set("status", if place == last { "PRIMARY" } else { "ACTIVE" })
            .set("taskDefinition", &deployment.definition.arn)
            .set("computedDesiredCount", wanted)
            .set("pendingCount", pending)
            .set("runningCount", running)
            .time("createdAt", deployment.created)
            .time("updatedAt", deployment.updated)
            .set("loadBalancers", json!([]))
            .set("serviceRegistries", json!([]))
            .set("scale", json!({ "value": share as f64, "unit": "PERCENT" }))
            .set("stabilityStatus", if stable { "STEADY_STATE" } else { "STABILIZING" })
            .time("stabilityStatusAt", deployment.updated)
            .set("tags", json!([]));
        compute(object, service).maybe("networkConfiguration", network(world, service)).done()
    };
    service.deployments.iter().enumerate().map(set).collect()
}
