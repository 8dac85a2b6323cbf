//! User-facing sentences about what keeps a log from being read.

use std::time::Duration;

use jiff::SignedDuration;

use super::{SilentSource, Source, live::SessionEnd};
use crate::aws::{Failure, FailureKind};

/// A token has expired: AWS accepts it for 24 hours.
pub(super) const PLACE_LOST: &str = "the position in the log expired; continuing from the last line";
/// An event came without a text.
pub(super) const TEXTLESS: &str = "a line came without its text";

/// A Live Tail session has opened.
pub(super) const LIVE: &str = "Live Tail: lines arrive as they are written";
/// AWS left lines out of a Live Tail session.
pub(super) const SAMPLED: &str = "more than 500 lines arrived in this second: AWS sent a sample";
/// Lines of a Live Tail session were not read in time.
pub(super) const MISSED: &str = "lines arrived faster than they could be read";

/// No Live Tail session could be opened.
pub(super) fn not_live(reason: &str, later: bool) -> String {
    let again = if later { "; retry in a minute" } else { "" };
    format!("Live Tail: {reason}; polling instead{again}")
}

/// A Live Tail session has ended.
pub(super) fn live_ended(ended: &SessionEnd, wait: Duration) -> String {
    match wait.as_secs() {
        0 => format!("Live Tail: {ended}; opening another session"),
        seconds => format!("Live Tail: {ended}; polling instead, next session in {seconds} s"),
    }
}

/// A stream or its group can't be read.
pub(super) fn unreadable(source: &Source, failure: &Failure) -> SilentSource {
    let (group, message) = (&source.stream.group, failure.message.as_str());
    let names = |word: &str| message.to_lowercase().contains(word);
    let why = match failure.kind {
        FailureKind::NotFound if names("stream") => return absent(source),
        FailureKind::NotFound => {
            "there is no such log group (yet): it was deleted, or nothing has been written".to_owned()
        }
        _ if names("kms") => format!("its lines are encrypted with a KMS key you may not use: {message}"),
        FailureKind::Denied => format!("no permission to read it; ask for {} on {group}", failure.action()),
        FailureKind::Invalid if failure.code.as_deref() == Some("InvalidOperationException") => {
            "its class (infrequent access, or delivery) does not let lines be read this way; try :query".to_owned()
        }
        _ => format!("CloudWatch refuses: {message}"),
    };
    SilentSource { what: group.clone(), why }
}

/// A stream doesn't exist yet.
fn absent(source: &Source) -> SilentSource {
    SilentSource { what: name(source), why: "no log stream yet: nothing written so far".into() }
}

/// A stream doesn't exist, and never will.
pub(super) fn never_written(source: &Source) -> SilentSource {
    let why = "no log stream: it never wrote a line, or the log group's retention is over";
    SilentSource { what: name(source), why: why.into() }
}

/// A stream has no lines.
pub(super) fn silent(source: &Source, ended: bool) -> SilentSource {
    let why = if ended {
        "the log stream is empty: nothing was written, or the log group's retention is over"
    } else {
        "the log stream is empty: nothing written so far"
    };
    SilentSource { what: name(source), why: why.into() }
}

/// Pages arrive, but without lines.
pub(super) fn still_searching(source: &Source, pages: u32) -> SilentSource {
    let why = format!("CloudWatch is still searching: {pages} pages without a line so far");
    SilentSource { what: source.stream.group.clone(), why }
}

/// Reading continues after a stall.
pub(super) fn goes_on(after: Duration, failure: &Failure) -> String {
    format!("continued after {} s: {}", after.as_secs(), failure.short_reason())
}

/// Lines are from the future.
pub(super) fn ahead(by: SignedDuration) -> String {
    format!("the newest lines are {} s ahead of this machine's clock: one of the two clocks is wrong", by.as_secs())
}

fn name(source: &Source) -> String {
    format!("{} {}", source.task(), source.container)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;

    use super::*;
    use crate::logs::Stream;

    fn source() -> Arc<Source> {
        Arc::new(Source {
            stream: Stream { region: None, group: "/ecs/web".into(), name: "ecs/app/1a2b3c4d5e".into() },
            task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/1a2b3c4d5e".into(),
            container: "app".into(),
            service: None,
            revision: None,
        })
    }

    #[rstest]
    #[case::group(
        FailureKind::NotFound,
        None,
        "The specified log group does not exist.",
        "/ecs/web",
        "no such log group"
    )]
    #[case::stream(
        FailureKind::NotFound,
        None,
        "The specified log stream does not exist.",
        "1a2b3c4d app",
        "no log stream yet"
    )]
    #[case::denied(
        FailureKind::Denied,
        None,
        "User: x is not authorized",
        "/ecs/web",
        "ask for logs:GetLogEvents on /ecs/web"
    )]
    #[case::key(
        FailureKind::Denied,
        None,
        "not authorized to perform: kms:Decrypt on k",
        "/ecs/web",
        "KMS key you may not use: not"
    )]
    #[case::class(
        FailureKind::Invalid,
        Some("InvalidOperationException"),
        "of log-group-class X",
        "/ecs/web",
        "infrequent access"
    )]
    #[case::pattern(
        FailureKind::Invalid,
        Some("InvalidParameterException"),
        "Invalid filter pattern",
        "/ecs/web",
        "refuses: Invalid filter pattern"
    )]
    fn each_failure_has_its_sentence(
        #[case] trouble: FailureKind,
        #[case] code: Option<&str>,
        #[case] message: &str,
        #[case] what: &str,
        #[case] why: &str,
    ) {
        let failure = Failure { code: code.map(str::to_owned), ..Failure::local("GetLogEvents", trouble, message) };
        let silent_source = unreadable(&source(), &failure);
        assert_eq!(silent_source.what, what);
        assert!(silent_source.why.contains(why), "{}", silent_source.why);
    }
}
