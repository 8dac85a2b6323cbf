//! What an account looks like when the demo starts, and what keeps happening in it.

use std::{fmt, str::FromStr};

/// A ready-made account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// Three clusters of a shop on a bad day: every kind of fault, all the time.
    #[default]
    Incident,
    /// Five clusters, 500 services, 5,000 tasks; mostly steady.
    Fleet,
    /// Two clusters in which nothing changes but log lines.
    Calm,
}

impl Scenario {
    /// Every scenario, in the order to offer them.
    pub const ALL: [Self; 3] = [Self::Incident, Self::Fleet, Self::Calm];

    /// The name by which it is chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Fleet => "fleet",
            Self::Calm => "calm",
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
