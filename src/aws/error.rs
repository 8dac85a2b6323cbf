//! What went wrong with a call, for people.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::{Operation, ScopeSpec, interceptor::Refused, operation};

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

impl Trouble {
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

impl Failure {
    /// A failure that arose on this side of the wire.
    pub fn local(operation: &'static str, trouble: Trouble, message: impl Into<String>) -> Self {
        Self { operation, trouble, code: None, message: message.into(), advice: None, at: Timestamp::now() }
    }

    /// An answer that makes no sense, and why not.
    pub fn garbled(operation: &'static str, message: impl Into<String>) -> Self {
        Self::local(operation, Trouble::Garbled, message).advise(GARBLED)
    }

    /// Whether it is the same failure as another, at whatever time.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { at: self.at, ..other.clone() } == *self
    }

    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Reads an SDK error: its class, AWS's own message, and what helps.
    pub(super) fn of<E>(operation: Operation, scope: &ScopeSpec, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (trouble, code, message) = match error {
            SdkError::ServiceError(service) => of_service(service.err(), service.raw()),
            SdkError::ResponseError(response) => {
                (Trouble::Garbled, None, garbled(response.raw(), root_cause(error).as_deref()))
            }
            SdkError::TimeoutError(_) => (Trouble::Offline, None, "no answer within the time limit".to_owned()),
            _ => of_transport(error),
        };
        let failure = Self::local(operation.name, trouble, message).coded(code);
        match advice(&failure, scope) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }

    /// The call could not be signed.
    pub(super) fn unsigned(operation: Operation, scope: &ScopeSpec, error: &CredentialsError) -> Self {
        let failure = Self::local(operation.name, Trouble::Credentials, of_credentials(error));
        match advice(&failure, scope) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }

    /// In a few words, with the action that is missing where one is.
    pub fn briefly(&self) -> String {
        match self.trouble {
            Trouble::Denied => format!("no permission ({})", self.action()),
            trouble => trouble.words().to_owned(),
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

fn of_service(error: &dyn ProvideErrorMetadata, raw: &HttpResponse) -> (Trouble, Option<String>, String) {
    let status = raw.status().as_u16();
    let Some(code) = error.code() else {
        let trouble = if status >= 500 { Trouble::Server } else { Trouble::Garbled };
        return (trouble, None, garbled(raw, None));
    };
    let trouble = match code {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            Trouble::Throttled
        }
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => Trouble::Denied,
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Trouble::Credentials,
        code if code.ends_with("NotFoundException") || code.ends_with("NotFound") => Trouble::NotFound,
        _ if status >= 500 => Trouble::Server,
        _ => Trouble::Invalid,
    };
    let message = match error.message() {
        Some(message) if !message.trim().is_empty() => message.trim().to_owned(),
        _ => code.to_owned(),
    };
    (trouble, Some(code.to_owned()), message)
}

/// Nothing came back, or nothing was sent: credentials, the read-only guard, or the network.
fn of_transport(error: &(dyn Error + 'static)) -> (Trouble, Option<String>, String) {
    let mut link = Some(error);
    while let Some(cause) = link {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return (Trouble::ReadOnly, None, refused.to_string());
        }
        if let Some(credentials) = cause.downcast_ref::<CredentialsError>() {
            return (Trouble::Credentials, None, of_credentials(credentials));
        }
        link = cause.source();
    }
    (Trouble::Offline, None, root_cause(error).unwrap_or_else(|| "no connection".to_owned()))
}

/// Why a source has no credentials.
fn of_credentials(error: &CredentialsError) -> String {
    match (error, root_cause(error)) {
        (CredentialsError::CredentialsNotLoaded(_), None) => {
            "no credentials were found in the environment, the profile or an instance role".to_owned()
        }
        (_, Some(cause)) => cause,
        (_, None) => error.to_string(),
    }
}

/// The last error of the chain: the one that names the thing ("Connection refused").
fn root_cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut last = None;
    let mut link = error.source();
    while let Some(cause) = link {
        last = Some(cause.to_string());
        link = cause.source();
    }
    last.filter(|text| !text.is_empty())
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

fn advice(failure: &Failure, scope: &ScopeSpec) -> Option<String> {
    let profile = scope.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
    Some(match failure.trouble {
        Trouble::Denied => format!("ask for {} on this scope", failure.action()),
        Trouble::Credentials => {
            format!("run `aws sso login{profile}` (or renew the keys), or choose another profile")
        }
        Trouble::Offline => match &scope.endpoint_url {
            Some(url) => format!("is {url} right, and up?"),
            None => "check network, VPN and proxy".to_owned(),
        },
        Trouble::Throttled => "the account's quota is used up; asking more slowly".to_owned(),
        Trouble::Garbled => GARBLED.to_owned(),
        Trouble::Server => "AWS has trouble; it should pass".to_owned(),
        Trouble::ReadOnly => ":write to arm this scope".to_owned(),
        Trouble::NotFound | Trouble::Invalid => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
    use rstest::rstest;

    use super::*;
    use crate::aws::operation::DESCRIBE_SERVICES;

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
        Failure::of(DESCRIBE_SERVICES, &ScopeSpec::default(), &error)
    }

    #[rstest]
    #[case(400, "ThrottlingException", Trouble::Throttled)]
    #[case(400, "AccessDeniedException", Trouble::Denied)]
    #[case(403, "ExpiredToken", Trouble::Credentials)]
    #[case(400, "ClusterNotFoundException", Trouble::NotFound)]
    #[case(400, "TargetGroupNotFound", Trouble::NotFound)]
    #[case(400, "InvalidParameterException", Trouble::Invalid)]
    #[case(500, "ServerException", Trouble::Server)]
    fn the_code_tells_the_trouble_and_the_message_is_kept_whole(
        #[case] status: u16,
        #[case] code: &str,
        #[case] trouble: Trouble,
    ) {
        let failure = answer(status, Some(code), "AWS's own words", "{}");
        assert_eq!((failure.trouble, failure.message.as_str()), (trouble, "AWS's own words"));
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

    #[test]
    fn a_proxys_page_is_told_as_such() {
        let failure = answer(500, None, "", "<html>Bad gateway</html>");
        assert_eq!(failure.trouble, Trouble::Server);
        assert!(failure.message.contains("proxy"), "{}", failure.message);
    }

    #[test]
    fn a_refused_connection_says_so_in_plain_words() {
        let cause = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "Connection refused (os error 111)");
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::io(cause.into()));
        let failure = Failure::of(DESCRIBE_SERVICES, &ScopeSpec::default(), &error);
        assert_eq!(failure.trouble, Trouble::Offline);
        assert_eq!(failure.message, "Connection refused (os error 111)");
    }

    #[test]
    fn missing_credentials_say_what_to_run() {
        let cause = CredentialsError::not_loaded_no_source();
        let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(ConnectorError::other(cause.into(), None));
        let scope = ScopeSpec { profile: Some("prod".into()), ..ScopeSpec::default() };
        let failure = Failure::of(DESCRIBE_SERVICES, &scope, &error);
        assert_eq!(failure.trouble, Trouble::Credentials);
        assert!(failure.advice.unwrap().contains("aws sso login --profile prod"));
    }
}
