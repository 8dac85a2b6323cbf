//! Normalisation of messages, for matching and for grouping.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// Normalises `text` for the patterns: plain quotes, and one space for any white space.
pub fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        }));
    }
    plain
}

/// Patterns of variable parts of a message and their replacements, applied in this order.
#[rustfmt::skip]
const VARIABLE_PARTS: &[(&str, &str)] = &[
    // The resource's name in an ARN stays.
    (r"\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:", ""),
    (r"@?\bsha256:[0-9a-fA-F]*", ""),
    (r#"(?i)\b((?:request|host)[ _-]?id)\b["' :=]*[^\s,;)"']+"#, "$1 …"),
    (r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d| UTC)?)?", "…"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "…"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "…"),
    // A tag may be a commit hash, so text after a colon is kept as part of an image name.
    (r"(^|[^:\w.-]|[a-z0-9]-)[0-9a-fA-F]{16,}\b", "$1…"),
    (r"\b(i|eni|eipalloc|subnet|sg|vpc|vpce|rtb|nat|acl|ami|vol|snap|fs|fsap|fsmt)-[0-9a-f]{8,17}\b", "$1-…"),
    (r"\becs-svc/\d+", "ecs-svc/…"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}\b|:\d+)?", "…"),
    (r"\[?\b(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4})+\b(?:\]:\d+|\])?", "…"),
    (r"\[?\b(?:[0-9a-fA-F]{1,4}:){2,7}:(?:[0-9a-fA-F]{1,4}\b(?:\]:\d+|\])?)?", "…"),
    (r"(^|[\s(=])(?:\d+(?:\.\d+)?(?:h|ms|m|s))+\b", "$1…"),
    (r"\b\d+(?:\.\d+)? ((?:times?|tasks?|targets?|instances?|containers?|attempts?|retries)\b)", "… $1"),
    (r"\b\d+(?:\.\d+)? ?((?:seconds?|minutes?|hours?|milliseconds|bytes|blocks|free|[KMGT]i?B)\b)", "… $1"),
    (r"(?i)\b(attempt|retry|try|pid|port)([ =:#]+)\d+\b", "$1$2…"),
    (r"\b\d{13,}\b", "…"),
    (r"\((task|instance) …\)(?:[, ]+\((?:task|instance) …\))+", "($1 …)"),
];

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    VARIABLE_PARTS.iter().map(|(pattern, _)| Regex::new(pattern)).collect::<Result<_, _>>().unwrap_or_default()
});

/// Reduces a message to the part that is the same in every occurrence: removes ids, addresses, digests, times and counts, and
/// keeps the names of images, secrets, roles and log groups.
pub fn essence(text: &str) -> String {
    let mut text = normalise(text);
    for ((_, instead), pattern) in VARIABLE_PARTS.iter().zip(&*PATTERNS) {
        if let Cow::Owned(without) = pattern.replace_all(&text, *instead) {
            text = without;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn quotes_and_white_space_are_made_plain() {
        assert_eq!(normalise(" can\u{2019}t\n\tpull \u{201c}web\u{201d}\r\n"), "can't pull \"web\"");
        assert_eq!(normalise(" \n "), "");
    }

    #[rstest]
    #[case::task("task 0123456789abcdef0123456789abcdef gone", "task … gone")]
    #[case::arn("on arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef.", "on task/prod/….")]
    #[case::china("arn:aws-cn:iam::111122223333:role/web-execution", "role/web-execution")]
    #[case::target_group(
        "(target-group arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067)",
        "(target-group targetgroup/web/…)"
    )]
    #[case::secret(
        "fetch arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf",
        "fetch secret:prod/web/db-AbCdEf"
    )]
    #[case::image(
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: not found",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: not found"
    )]
    #[case::commit_as_tag(
        "acme/web:0f1e2d3c4b5a69788796a5b4c3d2e1f001234567 not found",
        "acme/web:0f1e2d3c4b5a69788796a5b4c3d2e1f001234567 not found"
    )]
    #[case::digest("acme/web@sha256:2b7412e6465c3c7fc5bb21d3e6f1917c: 403 Forbidden", "acme/web: 403 Forbidden")]
    #[case::cut_digest("blobs/sha256:2b74", "blobs/")]
    #[case::address("dial tcp 10.0.17.44:443: i/o timeout", "dial tcp …: i/o timeout")]
    #[case::connection("read udp 10.0.1.5:43210->10.0.0.2:53: i/o timeout", "read udp …->…: i/o timeout")]
    #[case::six("dial tcp [2600:1f14:abc:de00::5]:443: refused", "dial tcp …: refused")]
    #[case::version("postgres 16.4 and web:1.4.2", "postgres 16.4 and web:1.4.2")]
    #[case::request(
        "status code: 400, request id: 3f0e8d2c-1b4a-4c5d-9e6f-7a8b9c0d1e2f",
        "status code: 400, request id …"
    )]
    #[case::request_of_s3(
        "RequestID: 7F3A9B1C2D4E5F60, HostID: aGVsbG8/d29ybGQ=, denied",
        "RequestID …, HostID …, denied"
    )]
    #[case::uuid("volume 1234abcd-12ab-34cd-56ef-1234567890ab", "volume …")]
    #[case::time("time=\"2026-01-31T23:59:57Z\" at 2026/01/31 23:59:57 and 23:59:57.123", "time=\"…\" at … and …")]
    #[case::retries("service call has been retried 5 time(s): no", "service call has been retried … time(s): no")]
    #[case::waits("timed out after waiting 3m0s", "timed out after waiting …")]
    #[case::instance("Host EC2 (instance i-0a1b2c3d4e5f60718) terminated.", "Host EC2 (instance i-…) terminated.")]
    #[case::deployment("by (deployment ecs-svc/1234567890123456789)", "by (deployment ecs-svc/…)")]
    #[case::container("/ecs-web-42-app-a0b1c2d3e4f5a6b7c8d9 is in use", "/ecs-web-42-app-… is in use")]
    #[case::exit_code("exited with 137, codes: [502]", "exited with 137, codes: [502]")]
    #[case::many(
        "has started 2 tasks: (task 0123456789abcdef0123456789abcdef) (task fedcba9876543210fedcba9876543210).",
        "has started … tasks: (task …)."
    )]
    #[case::one("has started 1 tasks: (task 0123456789abcdef0123456789abcdef).", "has started … tasks: (task …).")]
    fn what_differs_each_time_is_taken_out_and_names_stay(#[case] text: &str, #[case] essence: &str) {
        assert_eq!(super::essence(text), essence);
    }

    proptest! {
        #[test]
        fn essence_is_idempotent(text in "[a-z0-9 :/.()-]{0,60}") {
            let once = essence(&text);
            prop_assert_eq!(essence(&once), once);
        }
    }
}
