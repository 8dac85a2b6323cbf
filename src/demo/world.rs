//! The simulated account: clusters, services, tasks, instances, and the clock that moves them.

use super::logs::LogStore;

/// Everything the account holds. Times are milliseconds since the Unix epoch, in world time.
#[derive(Debug)]
pub struct World {
    pub now_ms: i64,
    pub logs: LogStore,
}

impl World {
    /// Lets the world live on until `now_ms`.
    pub fn advance_to(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
    }
}
