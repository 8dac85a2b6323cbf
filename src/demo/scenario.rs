//! Accounts at the start of the demo, and what keeps happening in them.

mod calm;
mod fleet;
mod incident;
mod parts;

use std::{fmt, str::FromStr};

use super::world::World;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A ready-made account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// Three clusters of a shop, with every kind of fault at any time.
    #[default]
    Incident,
    /// Five clusters, 500 services, 5,000 tasks; mostly steady.
    Fleet,
    /// Two clusters in which nothing changes but the logs.
    Calm,
}

impl Scenario {
    /// Every scenario, in the order shown.
    pub const ALL: [Self; 3] = [Self::Incident, Self::Fleet, Self::Calm];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Fleet => "fleet",
            Self::Calm => "calm",
        }
    }

    /// One line for the help.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Incident => "three clusters of a shop with every kind of fault, all the time",
            Self::Fleet => "five clusters, 500 services, 5,000 tasks; mostly steady",
            Self::Calm => "two clusters with new log lines as the only changes",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    /// Parses a scenario's name; the error lists the valid ones.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
            .ok_or_else(|| format!("no scenario {name:?}; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Creates the account of `scenario` at `now`. It starts two hours earlier and is simulated up to `now`, so that
/// stopped tasks, events and deployments have really happened.
pub(crate) fn build(scenario: Scenario, seed: u64, now: i64) -> World {
    let start = now - 2 * HOUR;
    let mut world = World::beginning(seed, start, now);
    match scenario {
        Scenario::Incident => incident::populate(&mut world, start, now),
        Scenario::Fleet => fleet::populate(&mut world, start),
        Scenario::Calm => calm::populate(&mut world, start),
    }
    world.advance_to(now);
    world
}

/// Creates a steady account of an exact size at `now`.
pub(crate) fn build_sized(clusters: usize, services: usize, tasks: usize, now: i64) -> World {
    let start = now - 10 * MINUTE;
    let mut world = World::beginning(0, start, now);
    calm::populate_sized(&mut world, clusters, services, tasks, start);
    world.advance_to(now);
    world
}

#[cfg(test)]
mod tests;
