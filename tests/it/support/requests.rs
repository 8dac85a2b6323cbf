//! Requests as the embedded AWS has seen them.

use ecsight::{
    aws::operation::{ALL, Nature, Operation},
    demo::Endpoint,
};

fn known(name: &str) -> &'static Operation {
    ALL.iter().find(|known| known.name == name).unwrap_or_else(|| panic!("the console does not know {name}"))
}

/// The names of the requests that change something, oldest first.
///
/// # Panics
///
/// If one is of an operation that the console does not know.
pub fn mutating(endpoint: &Endpoint) -> Vec<String> {
    let requests = endpoint.requests().into_iter().map(|request| request.operation);
    requests.filter(|name| known(name).nature == Nature::Mutates).collect()
}

/// Number of requests so far whose nature is `chosen`.
pub fn count(endpoint: &Endpoint, chosen: impl Fn(Nature) -> bool) -> u64 {
    ALL.iter().filter(|known| chosen(known.nature)).map(|known| endpoint.count(known.name)).sum()
}
