//! Versions of agents and clients, which decide what both ends do.

/// The version of an agent: four numbers with dots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentVersion(pub String);

impl AgentVersion {
    /// Whether it understands the flag that terminates a session.
    pub fn understands_terminate(&self) -> bool {
        self.is_newer_than([2, 3, 722, 0])
    }

    /// Whether it carries several connections to a port at once.
    pub fn multiplexes(&self) -> bool {
        self.is_newer_than([3, 0, 196, 0])
    }

    /// Whether it needs no keepalive of the multiplexer, which would keep an idle session open.
    pub fn needs_no_keepalive(&self) -> bool {
        self.is_newer_than([3, 1, 1511, 0])
    }

    /// What is no version is newer than none.
    pub(super) fn is_newer_than(&self, other: [u64; 4]) -> bool {
        let numbers: Result<Vec<u64>, _> = self.0.split('.').map(str::parse).collect();
        numbers.is_ok_and(|numbers| numbers.len() == other.len() && numbers > other.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2.3.700.0", [false, false, false])]
    #[case("2.3.722.0", [false, false, false])]
    #[case("2.3.722.1", [true, false, false])]
    #[case("2.3.750.0", [true, false, false])]
    #[case("3.0.196.0", [true, false, false])]
    #[case("3.0.500.0", [true, true, false])]
    #[case("3.1.1511.0", [true, true, false])]
    #[case("3.3.3050.0", [true, true, true])]
    #[case("10.0.0.0", [true, true, true])]
    #[case("3.3.3050", [false, false, false])]
    #[case("3.3.3050.0.1", [false, false, false])]
    #[case("3.3.x.0", [false, false, false])]
    #[case("", [false, false, false])]
    fn an_agent_can_what_its_version_says(#[case] version: &str, #[case] expected: [bool; 3]) {
        let version = AgentVersion(version.to_owned());
        let abilities = [version.understands_terminate(), version.multiplexes(), version.needs_no_keepalive()];
        assert_eq!(abilities, expected);
    }
}
