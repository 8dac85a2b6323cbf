//! Building blocks of scenarios.

use crate::demo::world::{
    Backing, Behaviour, CapacityProvider, Cluster, ContainerPlan, DeploymentConfig, Image, Instance, Logging, Quirk,
    Rng, ServicePlan, StrategyItem, TaskPlan, Voice, World,
};

/// The reference of an image in the account's registry.
pub(super) fn image(world: &World, repository: &str, tag: &str) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com/{repository}:{tag}", world.account_id, world.region)
}

/// Publishes an image of a program that serves; returns its reference.
pub(super) fn serving(world: &mut World, repository: &str, tag: &str, voice: Voice, lines_per_hour: u32) -> String {
    let reference = image(world, repository, tag);
    world.publish(&reference, Image::serves(voice, lines_per_hour));
    reference
}

/// Publishes an image of a program with another behaviour; returns its reference.
pub(super) fn behaving(
    world: &mut World,
    repository: &str,
    tag: &str,
    behaviour: Behaviour,
    voice: Voice,
    lines_per_hour: u32,
) -> String {
    let reference = image(world, repository, tag);
    world.publish(&reference, Image::new(behaviour, voice, lines_per_hour));
    reference
}

/// Publishes an image of a program with unusual log output; returns its reference.
pub(super) fn odd(
    world: &mut World,
    repository: &str,
    tag: &str,
    voice: Voice,
    lines_per_hour: u32,
    quirk: Quirk,
) -> String {
    let reference = image(world, repository, tag);
    world.publish(&reference, Image { quirk, ..Image::serves(voice, lines_per_hour) });
    reference
}

/// Sends the logs of a plan's application elsewhere.
pub(super) fn logging(mut plan: ServicePlan, logging: Logging) -> ServicePlan {
    if let Some(app) = plan.task.containers.first_mut() {
        app.logging = logging;
    }
    plan
}

pub(super) const ENVOY: &str = "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.34.1.0-prod";
pub(super) const LOG_ROUTER: &str = "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.33.0";
pub(super) const AGENT: &str = "public.ecr.aws/datadog/agent:7.66.1";

/// Publishes the images of the sidecars.
pub(super) fn publish_sidecars(world: &mut World, lines_per_hour: u32) {
    for reference in [ENVOY, LOG_ROUTER, AGENT] {
        world.publish(reference, Image::serves(Voice::Sidecar, lines_per_hour));
    }
}

/// The application container.
pub(super) fn app(image: &str, port: Option<u16>) -> ContainerPlan {
    ContainerPlan {
        name: "app".into(),
        image: image.into(),
        essential: true,
        cpu: 0,
        memory: None,
        port,
        health_start_period: None,
        secrets: Vec::new(),
        environment: vec![("LOG_LEVEL".into(), "info".into())],
        logging: Logging::Prefixed,
    }
}

/// A sidecar container.
pub(super) fn sidecar(name: &str, image: &str) -> ContainerPlan {
    ContainerPlan { name: name.into(), essential: false, environment: Vec::new(), ..app(image, None) }
}

/// A Fargate service with a single container, behind a load balancer if it has a port.
pub(super) fn service(name: &str, desired: usize, image: &str, port: Option<u16>) -> ServicePlan {
    ServicePlan {
        name: name.into(),
        desired,
        task: TaskPlan {
            family: name.into(),
            cpu: 512,
            memory: 1_024,
            fargate: true,
            awsvpc: true,
            volume: None,
            containers: vec![app(image, port)],
        },
        former_revisions: 2,
        strategy: Vec::new(),
        daemon: false,
        balanced: port.is_some(),
        config: DeploymentConfig::default(),
        grace_seconds: 0,
        exec: false,
        connect: false,
        external: false,
        tags: Vec::new(),
    }
}

/// Moves a service to instances in bridge mode, with capacity provider `provider`.
pub(super) fn on_instances(mut plan: ServicePlan, provider: &str, cpu: u32, memory: u32) -> ServicePlan {
    plan.task.fargate = false;
    plan.task.awsvpc = false;
    plan.task.cpu = cpu;
    plan.task.memory = memory;
    for container in &mut plan.task.containers {
        container.memory = Some(memory);
    }
    plan.strategy = vec![StrategyItem::new(provider, 1, 0)];
    plan.balanced = false;
    plan
}

/// Tags a plan with its team.
pub(super) fn owned_by(mut plan: ServicePlan, team: &str, environment: &str) -> ServicePlan {
    plan.tags = vec![("team".into(), team.into()), ("environment".into(), environment.into())];
    plan
}

/// Adds a cluster with Fargate and, if named, a capacity provider of instances. Returns its index.
pub(super) fn cluster(world: &mut World, name: &str, provider: Option<&str>) -> usize {
    let mut capacity_providers = vec!["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()];
    if let Some(provider) = provider {
        capacity_providers.push(provider.to_owned());
        world.capacity_providers.push(CapacityProvider {
            name: provider.to_owned(),
            backing: Backing::AutoScalingGroup { target_capacity: 90 },
            tags: vec![("environment".into(), name.to_owned())],
        });
    }
    world.clusters.push(Cluster {
        name: name.to_owned(),
        capacity_providers,
        default_strategy: vec![StrategyItem::new("FARGATE", 1, 0)],
        container_insights: "enabled",
        namespace: Some(format!("arn:aws:servicediscovery:{}:{}:namespace/ns-{name}", world.region, world.account_id)),
        tags: vec![("environment".into(), name.to_owned())],
    });
    world.clusters.len() - 1
}

/// Adds a capacity provider of managed instances to a cluster.
pub(super) fn managed_instances(world: &mut World, cluster: usize, name: &str) {
    world.clusters[cluster].capacity_providers.push(name.to_owned());
    let tags = vec![("environment".into(), world.clusters[cluster].name.clone())];
    let backing = Backing::ManagedInstances { cluster };
    world.capacity_providers.push(CapacityProvider { name: name.to_owned(), backing, tags });
}

/// Adds `count` instances spread over the zones. Returns the index of the first.
pub(super) fn instances(world: &mut World, cluster: usize, count: usize, machine: &str, at: i64) -> usize {
    let first = world.instances.len();
    let name = world.clusters[cluster].name.clone();
    let provider = world.clusters[cluster].capacity_providers.iter().find(|name| !name.starts_with("FARGATE")).cloned();
    for number in 0..count {
        let mut rng = Rng::stream(world.seed, &format!("instance {name} {number}"));
        let registered = at - rng.within((24 * super::HOUR, 30 * 24 * super::HOUR));
        let mut instance =
            Instance::new(rng.hex(32), format!("i-0{}", rng.hex(16)), cluster, machine, number % 3, registered);
        instance.capacity_provider = provider.clone();
        instance.tags = vec![("Name".into(), format!("ecs-{name}"))];
        world.instances.push(instance);
    }
    first
}
