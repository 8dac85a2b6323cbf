//! The AWS SDK, kept at arm's length: clients for one scope, failures in words, the request budget.

pub mod budget;
pub mod error;
pub mod profiles;
pub mod regions;

pub use budget::{Budget, Class};
pub use error::{Failure, Trouble};

/// What a person asks for: which credentials, where. Absent parts are left to the SDK's own chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeSpec {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
    /// Mutating operations are refused before they reach the wire.
    pub read_only: bool,
}

/// Clients of one scope. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    pub budget: Budget,
}
