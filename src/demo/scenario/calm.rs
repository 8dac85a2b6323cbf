//! Accounts without faults.

use super::parts::*;
use crate::demo::world::{Voice, World};

const SERVICES: [(&str, usize, Voice); 6] = [
    ("web", 3, Voice::Access),
    ("api", 4, Voice::Json),
    ("auth", 2, Voice::Plain),
    ("search", 2, Voice::Plain),
    ("worker", 3, Voice::Worker),
    ("mailer", 1, Voice::Worker),
];

/// Creates two clusters at `start`, one of them with instances.
pub(super) fn populate(world: &mut World, start: i64) {
    world.silence_steady_services();
    publish_sidecars(world, 20);
    for name in ["prod", "staging"] {
        let on_machines = name == "prod";
        let place = cluster(world, name, on_machines.then_some("prod-ec2"));
        if on_machines {
            instances(world, place, 3, "m5.xlarge", start);
        }
        for (title, desired, voice) in SERVICES {
            let image = serving(world, title, "1.4.2", voice, 240);
            let port = (voice != Voice::Worker).then_some(8080);
            let mut plan = owned_by(service(title, desired, &image, port), "shop", name);
            plan.task.family = format!("{name}-{title}");
            plan.exec = true;
            if title == "api" {
                plan.task.containers[0].health_start_period = Some(20);
                plan.task.containers.push(sidecar("envoy", ENVOY));
            }
            if on_machines && title == "worker" {
                plan = on_instances(plan, "prod-ec2", 512, 1_024);
            }
            world.add_service(place, &plan, start);
        }
    }
}

/// Creates an account of an exact size at `start`.
pub(super) fn populate_sized(world: &mut World, clusters: usize, services: usize, tasks: usize, start: i64) {
    world.silence_steady_services();
    for cluster_number in 0..clusters {
        let name = format!("cluster-{cluster_number:03}");
        let place = cluster(world, &name, None);
        for number in 0..services {
            let title = format!("service-{number:04}");
            let image = serving(world, &title, "1.0.0", Voice::Plain, 0);
            let mut plan = service(&title, tasks, &image, Some(8080));
            plan.task.family = format!("{name}-{title}");
            plan.former_revisions = 0;
            world.add_service(place, &plan, start);
        }
    }
}
