//! The accounts as they stand.

use super::*;

const NOW: i64 = 1_764_000_000_000;

#[test]
fn incident_prints() {
    let t = std::time::Instant::now();
    let mut world = World::new(Scenario::Incident, 1, NOW);
    eprintln!("built in {:?}", t.elapsed());
    for hour in 0..2 {
        for service in &world.services {
            let running = service.live.iter().filter(|id| world.tasks[id].counts_as_running()).count();
            eprintln!(
                "{hour} {:22} {}/{} {:?}",
                service.name,
                running,
                service.desired,
                service.deployments.iter().map(|d| (d.state, d.failed_tasks)).collect::<Vec<_>>()
            );
            eprintln!("    {:?}", service.rollouts.last().map(|r| (r.status, r.stage, r.failures, r.threshold)));
            for event in service.events.iter().take(4) {
                eprintln!("    {:6} {}", (event.at - world.now_ms) / 1000, event.message);
            }
        }
        let mut stops = std::collections::BTreeMap::<String, usize>::new();
        for task in world.tasks.values() {
            if let Some(stop) = &task.stop {
                *stops
                    .entry(format!(
                        "{} {:?} {} {:?}",
                        task.definition.family,
                        stop.code,
                        stop.reason,
                        task.containers.iter().map(|c| (c.exit_code, c.reason.clone())).collect::<Vec<_>>()
                    ))
                    .or_default() += 1;
            }
        }
        for (stop, count) in stops {
            eprintln!("{count:4} {}", stop.replace(|c: char| c.is_ascii_hexdigit() && false, ""));
        }
        let t = std::time::Instant::now();
        world.advance_to(NOW + HOUR);
        eprintln!("hour in {:?}", t.elapsed());
    }
    let t = std::time::Instant::now();
    let mut world = World::new(Scenario::Fleet, 1, NOW);
    eprintln!("fleet built in {:?}, {} tasks", t.elapsed(), world.tasks.len());
    let t = std::time::Instant::now();
    world.advance_to(NOW + HOUR);
    eprintln!("fleet hour in {:?}, {} tasks", t.elapsed(), world.tasks.len());
}
