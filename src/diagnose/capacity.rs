//! Whether a service's settings and its cluster allow tasks to start and stop.

use super::service_events::{ClassifiedEvent, events_since_steady};
use crate::resource::service::Service;

/// Minimum and maximum number of tasks during a rollout.
fn task_bounds(service: &Service) -> Option<(i32, i32)> {
    let (minimum, maximum) = (service.minimum_healthy_percent?, service.maximum_percent?);
    let desired = i64::from(service.desired_count);
    let floor = (desired * i64::from(minimum) + 99) / 100;
    let ceiling = desired * i64::from(maximum) / 100;
    Some((floor.try_into().unwrap_or(i32::MAX), ceiling.try_into().unwrap_or(i32::MAX)))
}

/// Whether no task can start before one stops, and none can stop before another runs.
pub(super) fn is_deadlocked(service: &Service) -> bool {
    let desired = service.desired_count;
    // Blue/green and similar strategies start a second set of tasks regardless of the percentages.
    let rolling = service.deployment_strategy.as_deref().is_none_or(|strategy| strategy == "ROLLING");
    let stuck = |(floor, ceiling)| ceiling <= desired && floor >= desired;
    rolling
        && desired > 0
        && service.scheduling_strategy.as_deref() != Some("DAEMON")
        && task_bounds(service).is_some_and(stuck)
}

/// Whether a task is stopped only after another runs.
pub(super) fn must_start_first(service: &Service) -> bool {
    service.desired_count > 0 && task_bounds(service).is_some_and(|(floor, _)| floor >= service.desired_count)
}

/// Whether a task could not be placed since the last steady state.
pub(super) fn lacks_placement(service: &Service) -> bool {
    events_since_steady(service).iter().any(ClassifiedEvent::is_placement_failure)
}

/// Whether protected tasks block the service.
pub(super) fn has_protected_tasks(service: &Service) -> bool {
    events_since_steady(service).iter().any(ClassifiedEvent::is_protection)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(4, 100, 100, true)]
    #[case(1, 100, 150, true)]
    #[case(2, 100, 150, false)]
    #[case(4, 50, 100, false)]
    #[case(3, 67, 100, true)]
    #[case(0, 100, 100, false)]
    fn a_deadlock_leaves_room_for_neither(
        #[case] desired: i32,
        #[case] minimum: i32,
        #[case] maximum: i32,
        #[case] stuck: bool,
    ) {
        let service = Service {
            desired_count: desired,
            minimum_healthy_percent: Some(minimum),
            maximum_percent: Some(maximum),
            ..Service::default()
        };
        assert_eq!(is_deadlocked(&service), stuck);
        assert!(!is_deadlocked(&Service { deployment_strategy: Some("BLUE_GREEN".into()), ..service.clone() }));
        assert!(!is_deadlocked(&Service { maximum_percent: None, ..service }));
    }
}
