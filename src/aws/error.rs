//! The failure of a call, as a message with advice.

use std::{error::Error, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::{
    Operation,
    advice::{self, FailureContext},
    error_chain,
    interceptor::Refused,
    operation,
};

/// The code of failures due to different clocks.
const CLOCK_SKEW: &str = "ClockSkew";
/// The code of failures due to credentials of another account.
const ANOTHER_ACCOUNT: &str = "AnotherAccount";

/// The kind of a failure, which decides how the poller reacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Over a quota: slow down, keep going.
    Throttled,
    /// Not allowed: stop calling, name the missing action.
    Denied,
    /// No credentials, or expired ones: pause and say what to run.
    Credentials,
    /// The requested object does not exist.
    NotFound,
    /// No response: refused, reset, timed out, no such host.
    Offline,
    /// An invalid response: HTML from a proxy, half a body.
    Garbled,
    /// An error of AWS (5xx).
    Server,
    /// An invalid request: a bug of ours, or a limit.
    Invalid,
    /// A call that changes something in a read-only scope; it was not sent.
    ReadOnly,
    /// The server does not have the operation, as emulators and older partitions do not.
    Unsupported,
}

impl FailureKind {
    /// Whether the same call may succeed later, without a change by anybody here but new credentials.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Throttled | Self::Credentials | Self::Offline | Self::Garbled | Self::Server => true,
            Self::Denied | Self::NotFound | Self::Invalid | Self::ReadOnly | Self::Unsupported => false,
        }
    }

    /// The kind in two or three words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "not allowed",
            Self::Credentials => "no valid credentials",
            Self::NotFound => "not found",
            Self::Offline => "no answer",
            Self::Garbled => "garbled answer",
            Self::Server => "AWS server error",
            Self::Invalid => "refused",
            Self::ReadOnly => "read-only",
            Self::Unsupported => "not supported here",
        }
    }
}

/// Advice after an invalid response.
const GARBLED: &str = "check the proxy and the endpoint URL";

/// A failed call: the operation, the full message of AWS, and advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The API operation, such as `DescribeServices`. Empty if no call was made.
    pub operation: &'static str,
    pub kind: FailureKind,
    /// The error code, such as `AccessDeniedException`, or that of a [`Remedy`](advice::Remedy).
    pub code: Option<String>,
    /// The full message of AWS, or a plain description of a transport error; never the SDK's debug text.
    pub message: String,
    /// What a person can do about it.
    pub advice: Option<String>,
    pub at: Timestamp,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            "" => f.write_str(&self.message),
            operation => write!(f, "{operation}: {}", self.message),
        }
    }
}

impl Error for Failure {}

impl Failure {
    /// A sentence about what could not be read, with advice after a denial and the reason otherwise.
    pub fn describe_gap(&self, what: &str) -> String {
        match &self.advice {
            Some(advice) if self.kind == FailureKind::Denied => format!("{what}: {advice}"),
            _ => format!("{what}: {}", self.message),
        }
    }

    /// A failure known to [`advice`] that was detected before a call.
    pub(super) fn before_any_call(code: &'static str, message: impl Into<String>) -> Self {
        let failure = Self::local("", FailureKind::Credentials, message).coded(Some(code.to_owned()));
        match advice::by_code(code) {
            Some(remedy) => failure.advise(remedy.advice),
            None => failure,
        }
    }

    /// A failure that was detected by ecsight.
    #[expect(clippy::disallowed_methods, reason = "it arises here and now")]
    pub fn local(operation: &'static str, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { operation, kind, code: None, message: message.into(), advice: None, at: Timestamp::now() }
    }

    /// An invalid response, and what is wrong with it.
    pub fn garbled(operation: &'static str, message: impl Into<String>) -> Self {
        Self::local(operation, FailureKind::Garbled, message).advise(GARBLED)
    }

    /// The response is from `account`; earlier ones were from `before`.
    pub fn of_another_account(operation: &'static str, account: &str, before: &str) -> Self {
        let message = format!("the credentials are now those of account {account}, not of {before}");
        Self::local(operation, FailureKind::Credentials, message).coded(Some(ANOTHER_ACCOUNT.to_owned()))
    }

    /// Whether the account has changed, so that earlier rows do not belong to the scope.
    pub fn is_of_another_account(&self) -> bool {
        self.code.as_deref() == Some(ANOTHER_ACCOUNT)
    }

    /// Whether it is the same failure as another, ignoring the time.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { at: self.at, ..other.clone() } == *self
    }

    /// The failure, and the advice after a colon.
    pub fn with_advice(&self) -> String {
        self.advice.as_ref().map_or_else(|| self.to_string(), |advice| format!("{self}: {advice}"))
    }

    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds advice.
    pub fn also(mut self, advice: &str) -> Self {
        self.advice = Some(self.advice.into_iter().chain([advice.to_owned()]).collect::<Vec<_>>().join("; "));
        self
    }

    /// Converts an SDK error: its kind, the message of AWS, and advice.
    pub(super) fn of<E>(operation: Operation, context: FailureContext<'_>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, code, message) = match error {
            SdkError::ServiceError(service) => of_service(service.err(), service.raw()),
            SdkError::ResponseError(response) if is_unsupported(response.raw()) => unsupported(),
            SdkError::ResponseError(response) => {
                (FailureKind::Garbled, None, garbled(response.raw(), root_cause(error).as_deref()))
            }
            SdkError::TimeoutError(_) => (FailureKind::Offline, None, "no answer within the time limit".to_owned()),
            _ => {
                if let Some(credentials) = link_of::<CredentialsError>(error) {
                    return Self::unsigned(context, credentials);
                }
                of_transport(error)
            }
        };
        let failure = Self::local(operation.name, kind, message).coded(code);
        let failure = match error {
            SdkError::ServiceError(service) => failure.with_clock_skew(service.raw()),
            _ => failure,
        };
        match advice_for(&failure, context) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }

    /// A failure to sign the call.
    pub(super) fn unsigned(context: FailureContext<'_>, error: &CredentialsError) -> Self {
        let (code, message, advice) = advice::unsigned(error, context);
        let failure = Self::local("", FailureKind::Credentials, message).coded(code.map(str::to_owned));
        let general = || advice_for(&failure, context).unwrap_or_default();
        let advice = advice.unwrap_or_else(general);
        failure.advise(advice)
    }

    /// If the message says that a signature is too old or too new, compares the clocks.
    fn with_clock_skew(mut self, raw: &HttpResponse) -> Self {
        let code = self.code.as_deref().unwrap_or_default();
        let old = ["Signature expired", "Signature not yet current"].iter().any(|part| self.message.contains(part));
        if !old && !["RequestExpired", "RequestTimeTooSkewed"].contains(&code) {
            return self;
        }
        let there = raw.headers().get("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let apart = there.map(|there| self.at.duration_since(there.timestamp()).as_secs()).unwrap_or_default();
        let minutes = (apart.abs() + 30) / 60;
        if minutes > 0 {
            let side = if apart > 0 { "ahead of" } else { "behind" };
            self.message = format!("this machine's clock is {minutes} min {side} AWS's: {}", self.message);
            self.code = Some(CLOCK_SKEW.to_owned());
        }
        self
    }

    /// Whether the next call will succeed because the SDK has learnt the difference between the clocks.
    pub fn is_clock_skew(&self) -> bool {
        self.code.as_deref() == Some(CLOCK_SKEW)
    }

    /// The state of the credentials in two or three words, if more is known than that they are missing.
    pub fn state_of_credentials(&self) -> Option<&'static str> {
        let remedy = self.code.as_deref().and_then(advice::by_code).filter(|_| self.kind == FailureKind::Credentials);
        remedy.map(|remedy| remedy.state)
    }

    /// What is wrong, in two or three words.
    pub fn state(&self) -> &'static str {
        self.state_of_credentials().unwrap_or_else(|| self.kind.words())
    }

    /// The operation, if there was one, and what is wrong, in a few words.
    pub fn in_short(&self) -> String {
        let operation = Some(self.operation).filter(|operation| !operation.is_empty());
        operation.into_iter().chain([self.state()]).collect::<Vec<_>>().join(": ")
    }

    /// What is wrong in a few words, with the missing action after a denial.
    pub fn short_reason(&self) -> String {
        match self.kind {
            FailureKind::Denied => format!("no permission ({})", self.action()),
            _ => self.state().to_owned(),
        }
    }

    /// The IAM action of the call, or the one that AWS says is missing, such as `kms:Decrypt`.
    pub fn action(&self) -> String {
        let known = || operation::ALL.iter().find(|operation| operation.name == self.operation);
        let part = self.message.split_once("not authorized to perform: ").map(|(_, rest)| rest);
        let part = part.and_then(|rest| rest.split_whitespace().next()).filter(|action| action.contains(':'));
        part.map(str::to_owned).or_else(|| known().map(|known| known.action())).unwrap_or_else(|| self.operation.into())
    }

    fn coded(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }
}

fn of_service(error: &dyn ProvideErrorMetadata, raw: &HttpResponse) -> (FailureKind, Option<String>, String) {
    let status = raw.status().as_u16();
    let Some(code) = error.code() else {
        if is_unsupported(raw) {
            return unsupported();
        }
        let kind = if status >= 500 { FailureKind::Server } else { FailureKind::Garbled };
        return (kind, None, garbled(raw, None));
    };
    let kind = match code {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            FailureKind::Throttled
        }
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => FailureKind::Denied,
        "UnknownOperationException" | "UnknownOperation" | "NotImplemented" | "InvalidAction" => {
            FailureKind::Unsupported
        }
        code if advice::by_code(code).is_some() => FailureKind::Credentials,
        code if code.ends_with("NotFoundException") || code.ends_with("NotFound") => FailureKind::NotFound,
        _ if status >= 500 => FailureKind::Server,
        _ => FailureKind::Invalid,
    };
    let message = match error.message() {
        Some(message) if !message.trim().is_empty() => message.trim().to_owned(),
        _ => code.to_owned(),
    };
    (kind, Some(code.to_owned()), message)
}

fn unsupported() -> (FailureKind, Option<String>, String) {
    (FailureKind::Unsupported, None, "the server at the endpoint does not have this operation".to_owned())
}

/// Whether a response without an error code says that the server does not have the operation: moto answers with a page of
/// its web server, as for any other failure of its own.
fn is_unsupported(raw: &HttpResponse) -> bool {
    let is_moto = || raw.headers().get("server").is_some_and(|server| server.starts_with("Werkzeug"));
    match raw.status().as_u16() {
        501 => true,
        500 => is_moto(),
        _ => false,
    }
}

/// The first error of type `E` in a chain.
fn link_of<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    error_chain::links(error).find_map(|error| error.downcast_ref())
}

/// No response, or no request: the read-only guard or the network.
fn of_transport(error: &(dyn Error + 'static)) -> (FailureKind, Option<String>, String) {
    match link_of::<Refused>(error) {
        Some(refused) => (FailureKind::ReadOnly, None, refused.to_string()),
        None => (FailureKind::Offline, None, root_cause(error).unwrap_or_else(|| "no connection".to_owned())),
    }
}

/// The last error of the chain, which is the specific one ("Connection refused").
fn root_cause(error: &(dyn Error + 'static)) -> Option<String> {
    error_chain::links(error).skip(1).last().map(ToString::to_string).filter(|text| !text.is_empty())
}

/// Describes a response that is not from AWS, in a few words.
fn garbled(raw: &HttpResponse, cause: Option<&str>) -> String {
    let status = raw.status().as_u16();
    let body = raw.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') {
        format!("HTTP {status} with a page of HTML or XML instead of a response from AWS; is there a proxy?")
    } else if text.is_empty() {
        format!("HTTP {status} with an empty body{}", cause.map(|cause| format!(" ({cause})")).unwrap_or_default())
    } else {
        format!("HTTP {status} with a body that is not AWS's{}", cause.map(|c| format!(" ({c})")).unwrap_or_default())
    }
}

fn advice_for(failure: &Failure, context: FailureContext<'_>) -> Option<String> {
    let remedy = failure.code.as_deref().and_then(advice::by_code);
    Some(match failure.kind {
        FailureKind::Denied => format!("ask for {} on this scope", failure.action()),
        FailureKind::Credentials => context.fill(remedy.map_or("{renew}", |remedy| remedy.advice), ""),
        FailureKind::Offline if failure.message.contains("certificate") => {
            "does a proxy intercept TLS? Set SSL_CERT_FILE to the file with its CA".to_owned()
        }
        FailureKind::Offline => match &context.scope.endpoint_url {
            Some(url) => format!("check that {url} is correct and running"),
            None => "check network, VPN and proxy".to_owned(),
        },
        FailureKind::Throttled => "the account's API quota is used up; calls are slowed down".to_owned(),
        FailureKind::Garbled => GARBLED.to_owned(),
        FailureKind::Server => "the error is on AWS's side and should be temporary".to_owned(),
        FailureKind::ReadOnly => ":write to arm this scope".to_owned(),
        FailureKind::NotFound | FailureKind::Invalid | FailureKind::Unsupported => return None,
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "AWS's clock is compared with this machine's")]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
    use rstest::rstest;

    use super::*;
    use crate::aws::{ScopeSpec, operation::DESCRIBE_SERVICES};

    static NOWHERE: ScopeSpec = ScopeSpec { profile: None, region: None, endpoint_url: None };

    fn nobody() -> FailureContext<'static> {
        FailureContext { scope: &NOWHERE, choice: None }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("SDK debug text")]
    struct Modelled(ErrorMetadata);

    impl ProvideErrorMetadata for Modelled {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn answer(status: u16, code: Option<&str>, message: &str, body: &'static str) -> Failure {
        let mut meta = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        let error = SdkError::service_error(Modelled(meta.build()), raw);
        Failure::of(DESCRIBE_SERVICES, nobody(), &error)
    }

    #[rstest]
    #[case(400, "ThrottlingException", FailureKind::Throttled)]
    #[case(400, "AccessDeniedException", FailureKind::Denied)]
    #[case(403, "ExpiredToken", FailureKind::Credentials)]
    #[case(403, "RequestExpired", FailureKind::Credentials)]
    #[case(403, "OptInRequired", FailureKind::Credentials)]
    #[case(400, "ClusterNotFoundException", FailureKind::NotFound)]
    #[case(400, "TargetGroupNotFound", FailureKind::NotFound)]
    #[case(400, "InvalidParameterException", FailureKind::Invalid)]
    #[case(500, "ServerException", FailureKind::Server)]
    #[case(400, "UnknownOperationException", FailureKind::Unsupported)]
    #[case(400, "InvalidAction", FailureKind::Unsupported)]
    fn the_code_decides_the_kind_and_the_message_is_kept(
        #[case] status: u16,
        #[case] code: &str,
        #[case] kind: FailureKind,
    ) {
        let failure = answer(status, Some(code), "AWS's own words", "{}");
        assert_eq!((failure.kind, failure.message.as_str()), (kind, "AWS's own words"));
    }

    #[test]
    fn a_denied_call_names_the_missing_action() {
        let failure = answer(400, Some("AccessDeniedException"), "User: x is not authorized", "{}");
        assert!(failure.advice.unwrap().contains("ecs:DescribeServices"));
        let message = "User: x is not authorized to perform: kms:Decrypt on resource: k";
        let failure = answer(400, Some("AccessDeniedException"), message, "{}");
        assert_eq!(failure.short_reason(), "no permission (kms:Decrypt)");
        assert_eq!(failure.advice.as_deref(), Some("ask for kms:Decrypt on this scope"));
    }

    fn refused_at(date: &str, code: &str, message: &'static str) -> Failure {
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        let mut raw = HttpResponse::new(403.try_into().unwrap(), SdkBody::from("{}"));
        raw.headers_mut().insert("date", date.to_owned());
        Failure::of(DESCRIBE_SERVICES, nobody(), &SdkError::service_error(Modelled(meta), raw))
    }

    #[rstest]
    #[case("InvalidSignatureException", "Signature expired: 20261130T1200Z is now earlier than 20261130T1207Z")]
    #[case("InvalidSignatureException", "Signature not yet current: ...")]
    #[case("RequestExpired", "Request has expired.")]
    fn a_clock_skew_is_reported_in_minutes(#[case] code: &str, #[case] message: &'static str) {
        let format = |at: Timestamp| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let there = Timestamp::now() + jiff::SignedDuration::from_mins(12);
        let failure = refused_at(&format(there), code, message);
        assert!(failure.message.starts_with("this machine's clock is 12 min behind AWS's: "), "{failure}");
        assert_eq!((failure.state(), failure.is_clock_skew()), ("clock is off", true));
        assert_eq!(failure.advice.as_deref(), Some("set this machine's clock"));
        let failure = refused_at(&format(Timestamp::now()), code, message);
        assert_eq!((failure.message.as_str(), failure.is_clock_skew()), (message, false));
    }

    #[test]
    fn a_page_from_a_proxy_is_recognised() {
        let failure = answer(500, None, "", "<html>Bad gateway</html>");
        assert_eq!(failure.kind, FailureKind::Server);
        assert!(failure.message.contains("proxy"), "{}", failure.message);
    }

    #[rstest]
    #[case::moto(500, Some("Werkzeug/3.1.3 Python/3.13"), FailureKind::Unsupported)]
    #[case::proxy(500, Some("nginx"), FailureKind::Server)]
    #[case::not_implemented(501, None, FailureKind::Unsupported)]
    fn a_server_without_the_operation_is_recognised(
        #[case] status: u16,
        #[case] server: Option<&str>,
        #[case] kind: FailureKind,
    ) {
        let raw = || {
            let mut raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::from("<!doctype html>"));
            server.into_iter().for_each(|server| _ = raw.headers_mut().insert("server", server.to_owned()));
            raw
        };
        let error = SdkError::service_error(Modelled(ErrorMetadata::builder().build()), raw());
        assert_eq!(Failure::of(DESCRIBE_SERVICES, nobody(), &error).kind, kind);
        // As the SDK reports a page that it can't read as JSON.
        let unreadable = SdkError::<Modelled, HttpResponse>::response_error("no JSON", raw());
        let found = Failure::of(DESCRIBE_SERVICES, nobody(), &unreadable).kind;
        assert_eq!(found == FailureKind::Unsupported, kind == FailureKind::Unsupported);
    }

    #[test]
    fn a_refused_connection_has_a_plain_message() {
        let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "Connection refused (os error 111)");
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::io(cause.into()));
        let failure = Failure::of(DESCRIBE_SERVICES, nobody(), &error);
        assert_eq!(failure.kind, FailureKind::Offline);
        assert_eq!(failure.message, "Connection refused (os error 111)");
    }

    #[test]
    fn missing_credentials_have_a_command_as_advice() {
        let cause = CredentialsError::not_loaded_no_source();
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::other(cause.into(), None));
        let scope = ScopeSpec { profile: Some("prod".into()), ..ScopeSpec::default() };
        let failure = Failure::of(DESCRIBE_SERVICES, FailureContext { scope: &scope, choice: None }, &error);
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.advice.unwrap().contains("aws sso login --profile prod"));
    }
}
