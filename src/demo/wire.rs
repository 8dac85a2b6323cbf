//! What every service of the endpoint has in common: AWS's error shape.

/// An error as AWS answers it: HTTP status, `__type` and `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: u16,
    /// The exception's name, for example `ClusterNotFoundException`.
    pub code: &'static str,
    pub message: String,
}

impl ApiError {
    /// A fault of the caller (HTTP 400), as nearly all ECS errors are.
    pub fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }
}
