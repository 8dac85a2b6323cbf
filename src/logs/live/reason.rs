//! Why there is no Live Tail session, and whether there may be one later.

use std::time::Duration;

use crate::aws::{Failure, FailureKind};

/// Time until a transient failure is retried.
const LATER: Duration = Duration::from_mins(1);

/// Prefixes of Regions without Live Tail.
const NOT_OFFERED: [&str; 3] = ["cn-", "us-gov-", "us-iso"];

/// Why a session could not be opened, to follow "Live Tail: ".
pub fn describe(failure: &Failure, region: &str) -> String {
    let message = crate::resource::format::one_line(&failure.message);
    match failure.code.as_deref() {
        Some("InvalidOperationException") => {
            return "not available for log groups of the infrequent-access class".into();
        }
        Some("LimitExceededException") => return "too many open sessions in this account".into(),
        _ => {}
    }
    match failure.kind {
        FailureKind::Denied => failure.short_reason(),
        FailureKind::Throttled => "throttled by AWS".into(),
        FailureKind::NotFound => "its log group does not exist yet".into(),
        FailureKind::Unsupported => format!("not offered in {region}"),
        FailureKind::Offline if not_offered(region) => format!("not offered in {region}"),
        FailureKind::Garbled | FailureKind::Server => format!("{}: {message}", failure.kind.words()),
        FailureKind::Offline | FailureKind::Credentials | FailureKind::ReadOnly | FailureKind::Invalid => message,
    }
}

/// How long to wait before the next try; `None` where another try is pointless.
pub fn retry_after(failure: &Failure, region: &str) -> Option<Duration> {
    let passes = match failure.kind {
        FailureKind::Denied | FailureKind::ReadOnly | FailureKind::Unsupported => false,
        FailureKind::Invalid => failure.code.as_deref() == Some("LimitExceededException"),
        FailureKind::Offline => !not_offered(region),
        FailureKind::Throttled
        | FailureKind::Credentials
        | FailureKind::NotFound
        | FailureKind::Garbled
        | FailureKind::Server => true,
    };
    passes.then_some(LATER)
}

fn not_offered(region: &str) -> bool {
    NOT_OFFERED.iter().any(|start| region.starts_with(start))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(FailureKind::Denied, "AccessDeniedException", "no permission (logs:StartLiveTail)", false)]
    #[case(
        FailureKind::Invalid,
        "InvalidOperationException",
        "not available for log groups of the infrequent-access class",
        false
    )]
    #[case(FailureKind::Invalid, "LimitExceededException", "too many open sessions in this account", true)]
    #[case(FailureKind::Throttled, "ThrottlingException", "throttled by AWS", true)]
    #[case(FailureKind::Unsupported, "UnknownOperationException", "not offered in eu-west-1", false)]
    #[case(FailureKind::NotFound, "ResourceNotFoundException", "its log group does not exist yet", true)]
    fn each_failure_has_its_reason(
        #[case] trouble: FailureKind,
        #[case] code: &str,
        #[case] words: &str,
        #[case] again: bool,
    ) {
        let failure = Failure { code: Some(code.into()), ..Failure::local("StartLiveTail", trouble, "AWS's words") };
        assert_eq!(describe(&failure, "eu-west-1"), words);
        assert_eq!(retry_after(&failure, "eu-west-1").is_some(), again);
    }

    #[test]
    fn an_unreachable_host_means_not_offered_in_regions_without_live_tail() {
        let failure = Failure::local("StartLiveTail", FailureKind::Offline, "no such host");
        assert_eq!(describe(&failure, "cn-north-1"), "not offered in cn-north-1");
        assert_eq!(retry_after(&failure, "cn-north-1"), None);
        assert_eq!(describe(&failure, "eu-west-1"), "no such host");
    }
}
