//! What went wrong with a call, for people.

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

/// The code of a failure that comes of clocks that are apart.
const CLOCK_SKEW: &str = "ClockSkew";
/// The code of a failure that comes of credentials that were replaced by those of another account.
const ANOTHER_ACCOUNT: &str = "AnotherAccount";

/// What kind of failure it is, and so what the poller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
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

impl FailureKind {
    /// In two or three words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "not allowed",
            Self::Credentials => "no valid credentials",
            Self::NotFound => "not found",
            Self::Offline => "no answer",
            Self::Garbled => "garbled answer",
            Self::Server => "AWS is in trouble",
            Self::Invalid => "refused",
            Self::ReadOnly => "read-only",
        }
    }
}

/// What to do about an answer that makes no sense.
const GARBLED: &str = "check the proxy and the endpoint URL";

/// A failed call: which, why in AWS's full words, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The API operation: `DescribeServices`. Empty where it did not come to a call.
    pub operation: &'static str,
    pub kind: FailureKind,
    /// The exception's name where there is one: `AccessDeniedException`; or that of a [`Remedy`](advice::Remedy).
    pub code: Option<String>,
    /// AWS's message in full, or the transport's in plain words; never the SDK's debug text.
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
    /// A failure of a kind that [`advice`] knows, which arose before anything was asked.
    pub(super) fn before_any_call(code: &'static str, message: impl Into<String>) -> Self {
        let failure = Self::local("", FailureKind::Credentials, message).coded(Some(code.to_owned()));
        match advice::by_code(code) {
            Some(remedy) => failure.advise(remedy.advice),
            None => failure,
        }
    }

    /// A failure that arose on this side of the wire.
    #[expect(clippy::disallowed_methods, reason = "it arises here and now")]
    pub fn local(operation: &'static str, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { operation, kind, code: None, message: message.into(), advice: None, at: Timestamp::now() }
    }

    /// An answer that makes no sense, and why not.
    pub fn garbled(operation: &'static str, message: impl Into<String>) -> Self {
        Self::local(operation, FailureKind::Garbled, message).advise(GARBLED)
    }

    /// AWS answered for `account`, and for the one `before` until then.
    pub fn of_another_account(operation: &'static str, account: &str, before: &str) -> Self {
        let message = format!("the credentials are those of account {account} now, not of {before}");
        Self::local(operation, FailureKind::Credentials, message).coded(Some(ANOTHER_ACCOUNT.to_owned()))
    }

    /// Whether the scope has become another, so that nothing read before is of it.
    pub fn is_of_another_account(&self) -> bool {
        self.code.as_deref() == Some(ANOTHER_ACCOUNT)
    }

    /// Whether it is the same failure as another, at whatever time.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { at: self.at, ..other.clone() } == *self
    }

    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds what helps besides.
    pub fn also(mut self, advice: &str) -> Self {
        self.advice = Some(self.advice.into_iter().chain([advice.to_owned()]).collect::<Vec<_>>().join("; "));
        self
    }

    /// Reads an SDK error: its class, AWS's own message, and what helps.
    pub(super) fn of<E>(operation: Operation, whose: FailureContext<'_>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, code, message) = match error {
            SdkError::ServiceError(service) => of_service(service.err(), service.raw()),
            SdkError::ResponseError(response) => {
                (FailureKind::Garbled, None, garbled(response.raw(), root_cause(error).as_deref()))
            }
            SdkError::TimeoutError(_) => (FailureKind::Offline, None, "no answer within the time limit".to_owned()),
            _ => {
                if let Some(credentials) = link_of::<CredentialsError>(error) {
                    return Self::unsigned(whose, credentials);
                }
                of_transport(error)
            }
        };
        let failure = Self::local(operation.name, kind, message).coded(code);
        let failure = match error {
            SdkError::ServiceError(service) => failure.by_the_clock(service.raw()),
            _ => failure,
        };
        match advice_for(&failure, whose) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }

    /// The call could not be signed.
    pub(super) fn unsigned(whose: FailureContext<'_>, error: &CredentialsError) -> Self {
        let (code, message, advice) = advice::unsigned(error, whose);
        let failure = Self::local("", FailureKind::Credentials, message).coded(code.map(str::to_owned));
        let general = || advice_for(&failure, whose).unwrap_or_default();
        let advice = advice.unwrap_or_else(general);
        failure.advise(advice)
    }

    /// A signature that AWS finds too old or too new says how far the clocks are apart, if they are.
    fn by_the_clock(mut self, raw: &HttpResponse) -> Self {
        let code = self.code.as_deref().unwrap_or_default();
        let old = ["Signature expired", "Signature not yet current"].iter().any(|told| self.message.contains(told));
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

    /// Whether the SDK mends it with the next call: it has learnt how far the clocks are apart.
    pub fn is_clock_skew(&self) -> bool {
        self.code.as_deref() == Some(CLOCK_SKEW)
    }

    /// The state of the credentials that it tells of, in two or three words, where more is known than that they are
    /// missing.
    pub fn state_of_credentials(&self) -> Option<&'static str> {
        let remedy = self.code.as_deref().and_then(advice::by_code).filter(|_| self.kind == FailureKind::Credentials);
        remedy.map(|remedy| remedy.state)
    }

    /// What is wrong, in two or three words.
    pub fn state(&self) -> &'static str {
        self.state_of_credentials().unwrap_or_else(|| self.kind.words())
    }

    /// The call, if there was one, and what went wrong, in a few words.
    pub fn in_short(&self) -> String {
        let operation = Some(self.operation).filter(|operation| !operation.is_empty());
        operation.into_iter().chain([self.state()]).collect::<Vec<_>>().join(": ")
    }

    /// In a few words, with the action that is missing where one is.
    pub fn briefly(&self) -> String {
        match self.kind {
            FailureKind::Denied => format!("no permission ({})", self.action()),
            _ => self.state().to_owned(),
        }
    }

    /// The IAM action that the call takes; that which AWS says is missing, where it is another: `kms:Decrypt`.
    pub fn action(&self) -> String {
        let known = || operation::ALL.iter().find(|operation| operation.name == self.operation);
        let told = self.message.split_once("not authorized to perform: ").map(|(_, rest)| rest);
        let told = told.and_then(|rest| rest.split_whitespace().next()).filter(|action| action.contains(':'));
        told.map(str::to_owned).or_else(|| known().map(|known| known.action())).unwrap_or_else(|| self.operation.into())
    }

    fn coded(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }
}

fn of_service(error: &dyn ProvideErrorMetadata, raw: &HttpResponse) -> (FailureKind, Option<String>, String) {
    let status = raw.status().as_u16();
    let Some(code) = error.code() else {
        let kind = if status >= 500 { FailureKind::Server } else { FailureKind::Garbled };
        return (kind, None, garbled(raw, None));
    };
    let kind = match code {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            FailureKind::Throttled
        }
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => FailureKind::Denied,
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

/// The first error of a kind in a chain.
fn link_of<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    error_chain::links(error).find_map(|error| error.downcast_ref())
}

/// Nothing came back, or nothing was sent: the read-only guard, or the network.
fn of_transport(error: &(dyn Error + 'static)) -> (FailureKind, Option<String>, String) {
    match link_of::<Refused>(error) {
        Some(refused) => (FailureKind::ReadOnly, None, refused.to_string()),
        None => (FailureKind::Offline, None, root_cause(error).unwrap_or_else(|| "no connection".to_owned())),
    }
}

/// The last error of the chain: the one that names the thing ("Connection refused").
fn root_cause(error: &(dyn Error + 'static)) -> Option<String> {
    error_chain::links(error).skip(1).last().map(ToString::to_string).filter(|text| !text.is_empty())
}

/// An answer that is not AWS's: how it looks, in a few words.
fn garbled(raw: &HttpResponse, cause: Option<&str>) -> String {
    let status = raw.status().as_u16();
    let body = raw.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') {
        format!("HTTP {status} with a page of HTML or XML instead of AWS's answer; a proxy in between?")
    } else if text.is_empty() {
        format!("HTTP {status} with an empty body{}", cause.map(|cause| format!(" ({cause})")).unwrap_or_default())
    } else {
        format!("HTTP {status} with a body that is not AWS's{}", cause.map(|c| format!(" ({c})")).unwrap_or_default())
    }
}

fn advice_for(failure: &Failure, whose: FailureContext<'_>) -> Option<String> {
    let remedy = failure.code.as_deref().and_then(advice::by_code);
    Some(match failure.kind {
        FailureKind::Denied => format!("ask for {} on this scope", failure.action()),
        FailureKind::Credentials => whose.fill(remedy.map_or("{renew}", |remedy| remedy.advice), ""),
        FailureKind::Offline if failure.message.contains("certificate") => {
            "a proxy that reads along? Name the file with its CA in SSL_CERT_FILE".to_owned()
        }
        FailureKind::Offline => match &whose.scope.endpoint_url {
            Some(url) => format!("is {url} right, and up?"),
            None => "check network, VPN and proxy".to_owned(),
        },
        FailureKind::Throttled => "the account's quota is used up; asking more slowly".to_owned(),
        FailureKind::Garbled => GARBLED.to_owned(),
        FailureKind::Server => "AWS has trouble; it should pass".to_owned(),
        FailureKind::ReadOnly => ":write to arm this scope".to_owned(),
        FailureKind::NotFound | FailureKind::Invalid => return None,
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
    fn the_code_tells_the_trouble_and_the_message_is_kept_whole(
        #[case] status: u16,
        #[case] code: &str,
        #[case] kind: FailureKind,
    ) {
        let failure = answer(status, Some(code), "AWS's own words", "{}");
        assert_eq!((failure.kind, failure.message.as_str()), (kind, "AWS's own words"));
    }

    #[test]
    fn a_denied_call_names_the_action_to_ask_for() {
        let failure = answer(400, Some("AccessDeniedException"), "User: x is not authorized", "{}");
        assert!(failure.advice.unwrap().contains("ecs:DescribeServices"));
        let message = "User: x is not authorized to perform: kms:Decrypt on resource: k";
        let failure = answer(400, Some("AccessDeniedException"), message, "{}");
        assert_eq!(failure.briefly(), "no permission (kms:Decrypt)");
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
    fn clocks_that_are_apart_are_told_by_how_much(#[case] code: &str, #[case] message: &'static str) {
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
    fn a_proxys_page_is_told_as_such() {
        let failure = answer(500, None, "", "<html>Bad gateway</html>");
        assert_eq!(failure.kind, FailureKind::Server);
        assert!(failure.message.contains("proxy"), "{}", failure.message);
    }

    #[test]
    fn a_refused_connection_says_so_in_plain_words() {
        let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "Connection refused (os error 111)");
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::io(cause.into()));
        let failure = Failure::of(DESCRIBE_SERVICES, nobody(), &error);
        assert_eq!(failure.kind, FailureKind::Offline);
        assert_eq!(failure.message, "Connection refused (os error 111)");
    }

    #[test]
    fn missing_credentials_say_what_to_run() {
        let cause = CredentialsError::not_loaded_no_source();
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::other(cause.into(), None));
        let scope = ScopeSpec { profile: Some("prod".into()), ..ScopeSpec::default() };
        let failure = Failure::of(DESCRIBE_SERVICES, FailureContext { scope: &scope, choice: None }, &error);
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.advice.unwrap().contains("aws sso login --profile prod"));
    }
}
