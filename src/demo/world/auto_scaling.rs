//! Application Auto Scaling: brings a desired count beyond its limits back.

use super::{ScalingLimits, ScheduledEvent, World};

/// Time until the next scaling activity: an alarm has to notice first.
const ACTIVITY_AFTER: i64 = 90_000;

impl World {
    /// Registers a service with auto scaling.
    pub(crate) fn auto_scale(&mut self, service: usize, min: usize, max: usize, registered: i64) {
        self.services[service].scaling = Some(ScalingLimits { min, max, registered });
    }

    /// Schedules a scaling activity, if auto scaling manages the service.
    pub(crate) fn schedule_scaling(&mut self, service: usize, at: i64) {
        if self.services[service].scaling.is_some() {
            self.schedule(at + ACTIVITY_AFTER, ScheduledEvent::ScalingActivity(service));
        }
    }

    /// Brings the desired count of a service within its limits.
    pub(super) fn correct_desired(&mut self, service: usize, at: i64) {
        let data = &mut self.services[service];
        let Some(limits) = data.scaling else { return };
        let desired = data.desired.clamp(limits.min, limits.max);
        if desired != data.desired {
            data.desired = desired;
            data.steady = false;
            self.schedule_round(service, at);
        }
    }
}
