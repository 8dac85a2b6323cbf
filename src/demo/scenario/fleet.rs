//! A large account: 5 clusters, 500 services, 5,000 tasks, nearly all of it steady.

use super::{MINUTE, parts::*};
use crate::demo::world::{Act, Behaviour, StrategyItem, Voice, World};

/// Each cluster: name, services, tasks per service, instances.
const CLUSTERS: [(&str, usize, usize, usize); 5] =
    [("edge", 200, 5, 0), ("core", 100, 20, 0), ("data", 80, 10, 60), ("internal", 70, 10, 0), ("sandbox", 50, 10, 0)];
const WORDS: [&str; 20] = [
    "account", "billing", "cart", "delivery", "export", "feed", "graph", "history", "import", "journal", "kernel",
    "ledger", "media", "notify", "offer", "profile", "quote", "report", "stock", "ticket",
];
const KINDS: [&str; 10] = ["api", "worker", "sync", "proxy", "cache", "events", "rules", "search", "admin", "gateway"];

/// Creates the account at `start`.
pub(super) fn populate(world: &mut World, start: i64) {
    publish_sidecars(world, 1);
    for (name, services, tasks, machines) in CLUSTERS {
        let provider = format!("{name}-ec2");
        let place = cluster(world, name, (machines > 0).then_some(provider.as_str()));
        instances(world, place, machines, "m6i.4xlarge", start);
        for number in 0..services {
            let word = WORDS[number % WORDS.len()];
            let kind = KINDS[number / WORDS.len() % KINDS.len()];
            let title = format!("{word}-{kind}");
            let voice = if kind == "worker" { Voice::Worker } else { Voice::Plain };
            // Sparse, because thousands of tasks write.
            let image = serving(world, &format!("{name}/{title}"), "1.0.0", voice, 6);
            let mut plan = owned_by(service(&title, tasks, &image, Some(8080)), word, name);
            plan.task.family = format!("{name}-{title}");
            plan.former_revisions = u32::from(number % 3 == 0);
            if number % 5 == 0 {
                plan.task.containers.push(sidecar("envoy", ENVOY));
            }
            if machines > 0 {
                plan = on_instances(plan, &provider, 512, 1_024);
            } else if number % 7 == 0 {
                plan.strategy = vec![StrategyItem::new("FARGATE", 1, 1), StrategyItem::new("FARGATE_SPOT", 3, 0)];
            }
            let index = world.add_service(place, &plan, start);
            add_routines(world, index, number, name, &plan, start);
        }
    }
}

/// Lets something happen somewhere in the fleet all the time.
fn add_routines(
    world: &mut World,
    index: usize,
    number: usize,
    cluster: &str,
    plan: &crate::demo::world::ServicePlan,
    start: i64,
) {
    let first = start + (number as i64 * 97 % 60) * MINUTE;
    match number % 25 {
        3 => {
            let definition = world.add_definition(&plan.task, start).arn.clone();
            world.repeat(Act::Deploy { service: index, definition }, first, (50 * MINUTE, 90 * MINUTE));
        }
        14 if !plan.strategy.is_empty() && plan.task.fargate => {
            world.repeat(Act::ReclaimSpot { service: index }, first, (20 * MINUTE, 45 * MINUTE));
        }
        // One crash loop in the larger clusters.
        7 if number == 32 => {
            let crash = Behaviour::Crashes {
                exit_code: 139,
                after: (4 * MINUTE, 11 * MINUTE),
                last_words: &[
                    "signal SIGSEGV: segmentation violation",
                    "fatal error: unexpected signal during runtime",
                ],
            };
            let bad = behaving(world, &format!("{cluster}/crashing"), "1.0.1", crash, Voice::Plain, 6);
            let mut task = plan.task.clone();
            task.containers[0].image = bad;
            let definition = world.add_definition(&task, start).arn.clone();
            world.repeat(Act::Deploy { service: index, definition }, first, (3 * 60 * MINUTE, 4 * 60 * MINUTE));
        }
        _ => {}
    }
}
