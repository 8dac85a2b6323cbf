//! Why there is no Live Tail session, and whether there may be one later.

use std::time::Duration;

use super::SessionEnd;
use crate::aws::{Failure, FailureKind};

/// What may pass is tried again after so long.
const LATER: Duration = Duration::from_mins(1);

/// Where AWS offers no Live Tail, by what the Region's name begins with.
const NOT_OFFERED: [&str; 3] = ["cn-", "us-gov-", "us-iso"];

/// Why a session could not be opened, after "Live Tail: ".
pub fn of(failure: &Failure, region: &str) -> String {
    let message = crate::resource::format::one_line(&failure.message);
    match failure.code.as_deref() {
        Some("InvalidOperationException") => {
            return "the log group is of the infrequent-access class, which has none".into();
        }
        Some("LimitExceededException") => return "too many sessions at once in this account".into(),
        Some("UnknownOperationException" | "UnknownOperation" | "NotImplemented" | "InvalidAction") => {
            return format!("not offered in {region}");
        }
        _ => {}
    }
    match failure.kind {
        FailureKind::Denied => failure.briefly(),
        FailureKind::Throttled => "AWS throttles it".into(),
        FailureKind::NotFound => "its log group does not exist yet".into(),
        FailureKind::Offline if not_offered(region) => format!("not offered in {region}"),
        FailureKind::Garbled | FailureKind::Server => format!("{}: {message}", failure.kind.words()),
        FailureKind::Offline | FailureKind::Credentials | FailureKind::ReadOnly | FailureKind::Invalid => message,
    }
}

/// When a session may be worth another try; never, where nothing will have changed.
pub fn later(failure: &Failure, region: &str) -> Option<Duration> {
    let passes = match failure.kind {
        FailureKind::Denied | FailureKind::ReadOnly => false,
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

/// Whether a session that ended so is followed by another at once: the way there was good.
pub fn at_once(ended: &SessionEnd) -> bool {
    matches!(ended, SessionEnd::Over | SessionEnd::Closed)
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
        "the log group is of the infrequent-access class, which has none",
        false
    )]
    #[case(FailureKind::Invalid, "LimitExceededException", "too many sessions at once in this account", true)]
    #[case(FailureKind::Throttled, "ThrottlingException", "AWS throttles it", true)]
    #[case(FailureKind::Invalid, "UnknownOperationException", "not offered in eu-west-1", false)]
    #[case(FailureKind::NotFound, "ResourceNotFoundException", "its log group does not exist yet", true)]
    fn each_reason_has_its_words(
        #[case] trouble: FailureKind,
        #[case] code: &str,
        #[case] words: &str,
        #[case] again: bool,
    ) {
        let failure = Failure { code: Some(code.into()), ..Failure::local("StartLiveTail", trouble, "AWS's words") };
        assert_eq!(of(&failure, "eu-west-1"), words);
        assert_eq!(later(&failure, "eu-west-1").is_some(), again);
    }

    #[test]
    fn a_host_that_is_not_there_means_another_thing_where_it_is_not_offered() {
        let failure = Failure::local("StartLiveTail", FailureKind::Offline, "no such host");
        assert_eq!(of(&failure, "cn-north-1"), "not offered in cn-north-1");
        assert_eq!(later(&failure, "cn-north-1"), None);
        assert_eq!(of(&failure, "eu-west-1"), "no such host");
    }
}
