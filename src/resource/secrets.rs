//! What is nobody's business: names and texts that look secret, and the mask that stands for them.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// What stands for a masked value, whatever its length.
pub const MASK: &str = "••••••••";

type Pattern = LazyLock<Option<Regex>>;

/// Names whose values are nobody's business.
static NAME: Pattern = LazyLock::new(|| Regex::new(r"(?i)secret|token|passw|passphrase|pwd|key|credential|auth").ok());

/// Addresses with a password in them: `postgres://app:hunter2@db`.
static ADDRESS: Pattern = LazyLock::new(|| Regex::new(r"(?P<head>://[^/\s:@]*:)[^/\s@]+(?P<tail>@)").ok());

/// What may stand in running text: an address, the credentials of a request, a value after a name that looks secret, and
/// tokens that are known by their beginning. Stricter with names than [`NAME`]: prose speaks of keys and authors, too.
static TEXTS: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    [
        r"(?P<head>://[^/\s:@]*:)[^/\s@]+(?P<tail>@)",
        r"(?i)(?P<head>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        r#"(?ix)(?P<head>
             (?: ^ | [\s"'{\[(,;&?] ) [\w.-]*
             (?:secret|token|passw|passphrase|\bpwd|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization)
             [\w.-]* ["']? \s* (?: =>? | : ) \s* (?: (?:bearer|basic) \s+ )?
           )
           (?: "(?:[^"\\]|\\.)+" | '[^']+' | [^\s"',;&()\[\]{}]{3,} )"#,
        r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b",
        r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",
        r"\b(?:gh[pousr]_|github_pat_|xox[abprs]-|sk[_-](?:live|test)[_-])[\w-]{10,}",
    ]
    .map(|pattern| Regex::new(pattern).ok())
    .into()
});

/// Whether a variable or field of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    // A pattern that could not be read would mask too much rather than too little; so it is below.
    NAME.as_ref().is_none_or(|pattern| pattern.is_match(name))
}

/// Whether this value is a secret whatever it is called.
pub fn is_secret_value(value: &str) -> bool {
    ADDRESS.as_ref().is_none_or(|pattern| pattern.is_match(value))
}

/// `text`, a line of a log say, with what looks secret in it masked.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for pattern in TEXTS.iter() {
        let Some(pattern) = pattern else { return Cow::Borrowed(MASK) };
        if pattern.is_match(&text) {
            text = Cow::Owned(pattern.replace_all(&text, covered).into_owned());
        }
    }
    text
}

/// The mask between what led to it and what follows.
fn covered(found: &Captures<'_>) -> String {
    let part = |name| found.name(name).map_or("", |part| part.as_str());
    [part("head"), MASK, part("tail")].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("connecting to postgres://app:hunter2@db/app", "connecting to postgres://app:••••••••@db/app")]
    #[case("DB_PASSWORD=hunter2 LOG_LEVEL=debug", "DB_PASSWORD=•••••••• LOG_LEVEL=debug")]
    #[case(r#"{"level":"info","apiKey":"a \"b","user":"dana"}"#, r#"{"level":"info","apiKey":••••••••,"user":"dana"}"#)]
    #[case("password: 'two words' refused", "password: •••••••• refused")]
    #[case("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ••••••••")]
    #[case("GET /?access_token=0123456789&page=2", "GET /?access_token=••••••••&page=2")]
    #[case("using AKIAIOSFODNN7EXAMPLE", "using ••••••••")]
    #[case("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln rejected", "jwt •••••••• rejected")]
    fn what_looks_secret_in_a_line_is_masked(#[case] line: &str, #[case] shown: &str) {
        assert_eq!(masked(line), shown);
    }

    #[rstest]
    #[case("panic: runtime error: index out of range [3] with length 3")]
    #[case("SyntaxError: Unexpected token } in JSON at position 4")]
    #[case("duplicate key value violates unique constraint, Key (id)=(4)")]
    #[case("author: dana")]
    #[case("cannot read secret arn:aws:secretsmanager:eu-west-1:1:secret/db")]
    fn what_is_needed_to_understand_a_line_stays(#[case] line: &str) {
        assert_eq!(masked(line), line);
    }

    proptest! {
        #[test]
        fn what_is_masked_stays_as_it_is(line in ".{0,80}") {
            let once = masked(&line).into_owned();
            prop_assert_eq!(masked(&once), once.as_str());
        }
    }
}
