//! Which tasks a session can enter.

use super::*;
use crate::demo::session::Target;

#[rstest]
fn tasks_can_be_entered_in_accounts_with_and_without_faults(
    #[values(Scenario::Incident, Scenario::Calm)] scenario: Scenario,
) {
    let world = World::new(scenario, 0, NOW);
    let sizes: Vec<usize> = world
        .tasks
        .values()
        .filter(|task| {
            (0..task.containers.len())
                .all(|container| Target::Container { task: task.id, container }.is_connected(&world))
        })
        .map(|task| task.containers.len())
        .collect();
    assert!(sizes.len() >= 10 && sizes.contains(&1) && sizes.contains(&2), "{sizes:?}");
}
