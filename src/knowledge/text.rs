//! Texts as they are compared: without what differs from one occurrence to the next.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Regex, RegexSet};

/// `text` as the patterns expect it: plain quotes, and one space for any white space.
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

/// What differs from one occurrence of a message to the next, and what stands for it; in this order.
#[rustfmt::skip]
const TAKEN: &[(&str, &str)] = &[
    // Of an ARN the resource's own name stays.
    (r"\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:", ""),
    (r"@?\bsha256:[0-9a-fA-F]*", ""),
    (r#"(?i)\b((?:request|host)[ _-]?id)\b["' :=]*[^\s,;)"']+"#, "$1 …"),
    (r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d| UTC)?)?", "…"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "…"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "…"),
    // A tag may be a commit's hash: what follows a colon is part of an image's name.
    (r"(^|[^:\w.-]|[a-z0-9]-)[0-9a-fA-F]{16,}\b", "$1…"),
    (r"\b(i|eni|eipalloc|subnet|sg|vpc|vpce|rtb|nat|acl|ami|vol|snap|fs|fsap|fsmt)-[0-9a-f]{8,17}\b", "$1-…"),
    (r"\becs-svc/\d+", "ecs-svc/…"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}\b|:\d+)?", "…"),
    (r"\[?\b(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4})+\b(?:\]:\d+|\])?", "…"),
    (r"\[?\b(?:[0-9a-fA-F]{1,4}:){1,7}:(?:[0-9a-fA-F]{1,4}\b(?:\]:\d+|\])?)?", "…"),
    (r"(^|[\s(=])(?:\d+(?:\.\d+)?(?:h|ms|m|s))+\b", "$1…"),
    (r"\b\d+(?:\.\d+)? ((?:times?|tasks?|targets?|instances?|containers?|attempts?|retries|seconds?|minutes?|hours?|milliseconds|bytes|blocks)\b|[KMGT]i?B\b|free data blocks)", "… $1"),
    (r"(?i)\b(attempt|retry|try|pid|port)([ =:#]+)\d+\b", "$1$2…"),
    (r"\b\d{13,}\b", "…"),
    (r"(?:\((task|instance) …\)[, ]*){2,}", "($1 …) "),
];

static TAKEN_SET: LazyLock<(RegexSet, Vec<Regex>)> = LazyLock::new(|| {
    let patterns = TAKEN.iter().map(|(pattern, _)| *pattern);
    let each = patterns.clone().map(Regex::new).collect::<Result<_, _>>();
    (RegexSet::new(patterns).unwrap_or_default(), each.unwrap_or_default())
});

/// What is the same in every occurrence of a message: ids, addresses, digests, times and counts are taken out of it; the
/// names of images, secrets, roles and log groups stay.
pub fn essence(text: &str) -> String {
    let mut text = normalise(text);
    for ((_, instead), pattern) in TAKEN.iter().zip(&TAKEN_SET.1) {
        if let Cow::Owned(without) = pattern.replace_all(&text, *instead) {
            text = without;
        }
    }
    text
}
