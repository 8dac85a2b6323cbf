//! What went wrong with a call, for people.

use jiff::Timestamp;

/// What kind of trouble a failed call means, and so what the poller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Over a quota: slow down, keep going.
    Throttled,
    /// Not allowed: stop asking for this, name the action.
    Denied,
    /// No credentials, or expired ones: pause and say what to run.
    Credentials,
    /// The thing asked about does not exist.
    NotFound,
    /// No answer: refused, cut, timed out, no such host.
    Offline,
    /// An answer that makes no sense: HTML of a proxy, half a body.
    Garbled,
    /// AWS's own fault (5xx).
    Server,
    /// Refused for what was asked; a bug of ours, or a limit.
    Invalid,
    /// A mutating call in a read-only scope; it never left the machine.
    ReadOnly,
}

/// A failed call: which, why in AWS's full words, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct Failure {
    /// The API operation: `DescribeServices`.
    pub operation: &'static str,
    pub trouble: Trouble,
    /// The exception's name where there is one: `AccessDeniedException`.
    pub code: Option<String>,
    /// AWS's message in full, or the transport's in plain words; never the SDK's debug text.
    pub message: String,
    /// What a person can do about it.
    pub advice: Option<String>,
    pub at: Timestamp,
}
