//! Capacity providers.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, contains, invalid, parse},
    json::{Object, missing, tags},
    paging::{PageRequest, page},
};
use crate::demo::world::{Backing, Tag, World, last_part};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    capacity_providers: Vec<String>,
    cluster: Option<String>,
    include: Vec<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn describe(world: &mut World, input: &Value) -> Answer {
    let request: Describe = parse(input)?;
    let cluster = request.cluster.as_deref().map(|name| input::cluster(world, Some(name))).transpose()?;
    if request.capacity_providers.len() > 100 {
        return Err(invalid("capacityProviders can have at most 100 items."));
    }
    let all: Vec<String> = match cluster {
        Some(cluster) => world.clusters[cluster].capacity_providers.clone(),
        None => ["FARGATE", "FARGATE_SPOT"]
            .into_iter()
            .map(str::to_owned)
            // Managed instances are listed only with their cluster.
            .chain(world.capacity_providers.iter().filter(|it| it.cluster().is_none()).map(|it| it.name.clone()))
            .collect(),
    };
    let mut failures = Vec::new();
    let mut wanted: Vec<String> = Vec::new();
    for name in &request.capacity_providers {
        let name = last_part(name);
        if all.iter().any(|known| known == name) {
            wanted.push(name.to_owned());
        } else {
            failures.push(missing(world.arn(&format!("capacity-provider/{name}"))));
        }
    }
    if request.capacity_providers.is_empty() {
        wanted = all;
    }
    wanted.sort_unstable();
    let with_tags = contains(&request.include, "TAGS");
    let items = wanted.into_iter().map(|name| (name.clone(), name)).collect();
    let (names, next) = page(&request.page, "capacity providers", 10, 10, items)?;
    let found: Vec<Value> = names.iter().map(|name| provider_json(world, name, with_tags)).collect();
    Ok(Object::new().set("capacityProviders", found).set("failures", failures).maybe("nextToken", next).done())
}

fn provider_json(world: &World, name: &str, with_tags: bool) -> Value {
    let kept = world.capacity_providers.iter().find(|provider| provider.name == name);
    let own_tags: &[Tag] = kept.map_or(&[], |provider| &provider.tags);
    let object = Object::new()
        .set("capacityProviderArn", world.arn(&format!("capacity-provider/{name}")))
        .set("name", name)
        .set("status", "ACTIVE")
        .set("tags", if with_tags { tags(own_tags) } else { json!([]) });
    let object = match kept.map(|provider| provider.backing) {
        None => object.set("type", name),
        Some(Backing::AutoScalingGroup { target_capacity }) => object
            .set("type", "EC2_AUTOSCALING")
            .set("autoScalingGroupProvider", auto_scaling_group(world, name, target_capacity)),
        Some(Backing::ManagedInstances { cluster }) => object
            .set("type", "MANAGED_INSTANCES")
            .set("cluster", world.cluster_arn(cluster))
            .set("updateStatus", "CREATE_COMPLETE")
            .set("managedInstancesProvider", managed_instances(world)),
    };
    object.done()
}

fn auto_scaling_group(world: &World, name: &str, target_capacity: u32) -> Value {
    let (region, account) = (&world.region, &world.account_id);
    let id = "5f0c1b2e-7a34-4d8c-9b61-3c2d7e9f8a10";
    json!({
        "autoScalingGroupArn":
            format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{id}:autoScalingGroupName/{name}"),
        "managedScaling": {
            "status": "ENABLED",
            "targetCapacity": target_capacity,
            "minimumScalingStepSize": 1,
            "maximumScalingStepSize": 10,
            "instanceWarmupPeriod": 300,
        },
        "managedTerminationProtection": "DISABLED",
        "managedDraining": "ENABLED",
    })
}

fn managed_instances(world: &World) -> Value {
    let account = &world.account_id;
    json!({
        "infrastructureRoleArn": format!("arn:aws:iam::{account}:role/ecsInfrastructureRole"),
        "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": format!("arn:aws:iam::{account}:instance-profile/ecsInstanceRole"),
            "capacityOptionType": "ON_DEMAND",
            "networkConfiguration": { "subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"] },
            "monitoring": "BASIC",
        },
        "propagateTags": "CAPACITY_PROVIDER",
        "infrastructureOptimization": { "scaleInAfter": 300 },
        "autoRepairConfiguration": { "actionsStatus": "ENABLED" },
    })
}
