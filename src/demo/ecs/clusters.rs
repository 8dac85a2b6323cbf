//! Clusters.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{bounded, contains, parse},
    json::{Object, missing, pairs, strategy, tags},
    paging::{PageRequest, keyed, page},
};
use crate::demo::world::{Task, World};

pub(super) fn list(world: &mut World, input: &Value) -> Answer {
    let request: PageRequest = parse(input)?;
    let arns = (0..world.clusters.len()).map(|cluster| world.cluster_arn(cluster)).collect();
    let (arns, next) = page(&request, "clusters", 100, 100, keyed(arns))?;
    Ok(Object::new().set("clusterArns", arns).maybe("nextToken", next).done())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    clusters: Vec<String>,
    include: Vec<String>,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let mut request: Describe = parse(input)?;
    if request.clusters.is_empty() {
        request.clusters.push("default".to_owned());
    }
    bounded(&request.clusters, 100, "Clusters", "clusters")?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in &request.clusters {
        match world.find_cluster(name) {
            Some(cluster) => found.push(cluster_json(world, cluster, &request.include)),
            None if name.starts_with("arn:") => failures.push(missing(name.clone())),
            None => failures.push(missing(world.arn(&format!("cluster/{name}")))),
        }
    }
    Ok(json!({ "clusters": found, "failures": failures }))
}

fn cluster_json(world: &World, cluster: usize, include: &[String]) -> Value {
    let data = &world.clusters[cluster];
    let tasks = || world.tasks.values().filter(|task| task.cluster == cluster);
    let services = || world.services.iter().filter(|service| service.cluster == cluster);
    let shows = |what| contains(include, what);
    let count = |kind: &str, counted: fn(&Task) -> bool| {
        tasks().filter(|task| counted(task) && task.site.launch_type == kind).count().to_string()
    };
    let on_instances = |provider: &str| !provider.starts_with("FARGATE");
    let services_on_ec2 = services()
        .filter(|service| match service.strategy.first() {
            Some(item) => on_instances(&item.provider),
            None => service.launch_type == "EC2",
        })
        .count();
    let statistics = || {
        pairs([
            ("runningEC2TasksCount", count("EC2", Task::counts_as_running)),
            ("runningFargateTasksCount", count("FARGATE", Task::counts_as_running)),
            ("pendingEC2TasksCount", count("EC2", Task::counts_as_pending)),
            ("pendingFargateTasksCount", count("FARGATE", Task::counts_as_pending)),
            ("activeEC2ServiceCount", services_on_ec2.to_string()),
            ("activeFargateServiceCount", (services().count() - services_on_ec2).to_string()),
            ("drainingEC2ServiceCount", "0".to_owned()),
            ("drainingFargateServiceCount", "0".to_owned()),
        ])
    };
    Object::new()
        .set("clusterArn", world.cluster_arn(cluster))
        .set("clusterName", &data.name)
        .set("status", "ACTIVE")
        .set(
            "registeredContainerInstancesCount",
            world.instances.iter().filter(|instance| instance.cluster == cluster).count(),
        )
        .set("runningTasksCount", tasks().filter(|task| task.counts_as_running()).count())
        .set("pendingTasksCount", tasks().filter(|task| task.counts_as_pending()).count())
        .set("activeServicesCount", services().count())
        .set("statistics", if shows("STATISTICS") { statistics() } else { json!([]) })
        .set("tags", if shows("TAGS") { tags(&data.tags) } else { json!([]) })
        .set(
            "settings",
            if shows("SETTINGS") {
                pairs([("containerInsights", data.container_insights.to_owned())])
            } else {
                json!([])
            },
        )
        .set("capacityProviders", &data.capacity_providers)
        .set("defaultCapacityProviderStrategy", strategy(&data.default_strategy))
        .maybe(
            "configuration",
            shows("CONFIGURATIONS").then(|| json!({ "executeCommandConfiguration": { "logging": "DEFAULT" } })),
        )
        .maybe("attachments", shows("ATTACHMENTS").then(|| json!([])))
        .maybe("attachmentsStatus", shows("ATTACHMENTS").then_some("UPDATE_COMPLETE"))
        .maybe("serviceConnectDefaults", data.namespace.as_ref().map(|namespace| json!({ "namespace": namespace })))
        .done()
}
