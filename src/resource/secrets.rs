//! Masking of secrets in names, texts and JSON.
//!
//! All text and JSON that leaves the console goes through [`masked`] or [`masked_json`], except where the documentation says
//! that everything is shown (`get -o json`, logs, revealing). In running text (log lines, messages, command lines) a secret
//! is recognised by its shape and by the words before it. So a few harmless words are masked, and a secret without a typical
//! shape that follows no typical word is missed.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};
use serde_json::{Map, Value};

/// Text shown in place of a secret, of constant length.
pub const MASK: &str = "••••••••";

/// Names of variables and fields with secret values, in snake case. Text is searched with [`RULES`] instead, because it also
/// mentions keys and authors.
static NAMES: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        "secret|token|passw|passphrase|pwd|credential|cookie|webhook|connection_?string",
        "(^|_)(pass|auth|authorization|authentication|salt|pepper|dsn|jwt|hmac|sig|signature|sas|private|pin|otp)(_|[0-9]|$)",
        "keys?[0-9]*(_(base64|b64|hex|pem|json|raw|[0-9]+))?$",
        "(api|access|private|signing|encryption|license|account|shared|master)_?key(_|$)",
        "(pass|auth)$",
    ])
});

/// Names that match [`NAMES`] but hold no secret.
static HARMLESS_NAMES: LazyLock<RegexSet> =
    LazyLock::new(|| patterns(&["^(key|log_key|kms_(master_)?key(_?id)?|next_token)$", "(^|_)(com|by|tres)pass$"]));

/// Compiles patterns. A set with an invalid pattern matches nothing; a test compiles all of them.
fn patterns(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).unwrap_or_else(|_| RegexSet::empty())
}

/// Whether a variable or field of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let mut plain = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            plain.push('_');
        }
        plain.push(if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
        before = c;
    }
    NAMES.is_match(&plain) && !HARMLESS_NAMES.is_match(&plain)
}

/// Masks every secret in `value`: strings that look like one, values of fields with a secret name, values of
/// `{"name": …, "value": …}` pairs with a secret name, and the word after a flag such as `--password` in a list of words.
pub fn masked_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(text)),
        Value::Array(items) => Value::Array(masked_list(items)),
        Value::Object(fields) => {
            let named = holds_secret(fields);
            let value = |(name, value): (&String, &Value)| {
                let secret = is_secret_name(name) || (named && is_value(name));
                (name.clone(), if secret { hidden(value) } else { masked_json(value) })
            };
            Value::Object(fields.iter().map(value).collect())
        }
        other => other.clone(),
    }
}

/// Number of words before a secret that may identify it: `mysql -h db -uroot -psecret`.
const CONTEXT: usize = 8;

/// Masks the items of a list, which may be the words of a command line: each is masked in the context of those before it.
fn masked_list(items: &[Value]) -> Vec<Value> {
    let word = |(index, item): (usize, &Value)| {
        let Some(own) = item.as_str() else { return masked_json(item) };
        let before = items[index.saturating_sub(CONTEXT)..index].iter().filter_map(Value::as_str);
        let line = before.chain([own]).map(|word| word.replace('\t', " ")).collect::<Vec<_>>().join("\t");
        let masked = masked(&line);
        // A mask up to the end of the line includes the words that follow.
        let whole = masked.matches('\t').count() == line.matches('\t').count();
        Value::from(masked.rsplit('\t').next().filter(|_| whole).unwrap_or(MASK))
    };
    items.iter().enumerate().map(word).collect()
}

/// Masks the value of a secret name. References to secrets, numbers and booleans stay.
fn hidden(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() || text.starts_with("arn:aws") => value.clone(),
        Value::String(_) => MASK.into(),
        Value::Array(items) => Value::Array(items.iter().map(hidden).collect()),
        other => masked_json(other),
    }
}

/// Whether an object is a variable with a secret name: `{"name": "DB_PASSWORD", "value": …}`. Container definitions and task
/// overrides have this form; tags have `key` in place of `name`.
fn holds_secret(fields: &Map<String, Value>) -> bool {
    let names = |key: &str| key.eq_ignore_ascii_case("name") || key.eq_ignore_ascii_case("key");
    fields.iter().any(|(key, name)| names(key) && name.as_str().is_some_and(is_secret_name))
}

fn is_value(key: &str) -> bool {
    key.eq_ignore_ascii_case("value")
}

/// Masks everything in `text` that looks like a secret. Line breaks stay.
pub fn masked(text: &str) -> String {
    Masker::default().mask(text)
}

/// Masks text that arrives in pieces, because a private key may continue from one log line to the next.
#[derive(Debug, Default)]
pub struct Masker {
    in_key: bool,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// Smallest number of consecutive key characters in a line of a private key that has a prefix, such as a timestamp.
const KEY_LINE: usize = 16;

impl Masker {
    /// Masks the next piece.
    pub fn mask(&mut self, text: &str) -> String {
        if !self.in_key && !HINT.as_ref().is_none_or(|hint| hint.is_match(text)) {
            return text.to_owned();
        }
        text.split_inclusive('\n').map(|line| values(self.keys(line)).into_owned()).collect()
    }

    /// Masks the parts of the line that belong to a private key.
    fn keys<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        if !self.in_key && !line.contains(BEGIN) {
            return Cow::Borrowed(line);
        }
        let (mut masked, mut rest) = (String::new(), line);
        loop {
            let begins = !self.in_key;
            let edge = if begins { BEGIN } else { END };
            let Some(at) = rest.find(edge) else { break };
            let (before, after) = rest.split_at(at);
            masked.push_str(&self.part(before));
            self.in_key = begins;
            // Include the dashes that close the BEGIN or END line.
            let dashes = after[edge.len()..].find("-----").map(|at| edge.len() + at + "-----".len());
            let (edge, after) = after.split_at(dashes.unwrap_or(after.len()));
            masked.push_str(edge);
            rest = after;
        }
        masked.push_str(&self.part(rest));
        Cow::Owned(masked)
    }

    /// Masks a part of a key. Plain words mean that the key was cut off and has ended.
    fn part<'a>(&mut self, part: &'a str) -> Cow<'a, str> {
        let content = part.trim();
        let heads = ["Proc-Type:", "DEK-Info:"].iter().any(|head| content.starts_with(head));
        if !self.in_key || content.is_empty() || heads {
            return Cow::Borrowed(part);
        }
        if content.chars().all(is_key_char) {
            return Cow::Owned(part.replacen(content, MASK, 1));
        }
        let mut found = false;
        let pieces = part.split_inclusive(|c| !is_key_char(c)).map(|piece| {
            let (run, end) = piece.split_at(piece.trim_end_matches(|c| !is_key_char(c)).len());
            let long = run.len() >= KEY_LINE;
            found |= long;
            [if long { MASK } else { run }, end].concat()
        });
        let masked = pieces.collect();
        self.in_key = found;
        Cow::Owned(masked)
    }
}

/// Whether a character can be part of a key: Base64, and the backslash of an escaped line break.
fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\')
}

type Masked = fn(&Captures<'_>) -> String;

/// Words before a secret value. Those that begin with `p` are always followed by one.
macro_rules! words {
    () => {
        "(pass(?:word|wd|phrase)|pwd|secret|token|credential|api[_-]?key\
         |(?:access|private|signing|encryption|account|shared|master|license|consumer|client|hmac|storage)[_-]?key\
         |signature|session[_-]?id)"
    };
}

/// Short words that are also parts of harmless ones. They count only alone, or after `_` or `-`.
macro_rules! short_words {
    () => {
        r"((?:\b|[_-])(?:pass|salt|cookies?|dsn|jwt|hmac)|(?-i:[a-z]Pass|[a-z]Salt))"
    };
}

/// Precondition for any of [`RULES`] to match. Most text doesn't match it and costs one search instead of twenty.
static HINT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        "(?i)pass|pwd|secret|token|credential|key|signature|session|authorization|cookie|bearer|salt|dsn|jwt|hmac",
        "|akia|asia|gh[opsru]_|github_pat_|glpat-|xox[a-z]-|[rs]k_(?:live|test)_|npm_|aiza|hvs\\.|sk-|sg\\.|shpat_|dckr_pat",
        "|pypi-|eyj|-----|://|@|sig=|code=|\\s-[a-z]\\S|\\s-[ua]\\s|--user|hook|redis-cli|sshpass",
    ))
    .ok()
});

/// Patterns of secrets and the functions that mask them, applied in this order.
const RULES: &[(&str, Masked)] = &[
    // scheme://user:password@host
    (r#"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"']*:)([^\s"']+)@"#, password),
    (r#"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/:@"']{16,}@"#, |found| format!("{}{MASK}@", &found[1])),
    // user:password@registry.example.com/image, user:password@tcp(db:3306)/name
    (
        r#"(^|[\s"'=(,])([A-Za-z0-9._+-]+:)[^\s:@/"',]{3,}@((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::[0-9]+)?/|(?:tcp|unix)\()"#,
        |found| format!("{}{}{MASK}@{}", &found[1], &found[2], &found[3]),
    ),
    // URLs that are secrets themselves.
    (
        r#"(?i)(https://(?:hooks\.slack\.com/[a-z]+/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|[\w.-]+\.office\.com/webhook\w*/|api\.telegram\.org/bot|events\.pagerduty\.com/integration/))[^\s"'<>]+"#,
        after,
    ),
    (r"(?i)(/(?:web)?hooks?/)([A-Za-z0-9_/-]{20,})", after),
    (r#"(?i)([?&;]sig=|\bsig=)[^\s&"']+"#, after),
    (r"(?i)([?&]code=)[A-Za-z0-9_%=-]{20,}", after),
    // -u user:password
    (r#"(?i)(\s(?:-u|--user|--proxy-user)[\s=]*["']?[^\s:"'=]+:)([^\s"']+)"#, login),
    (r"^((?:-u|--user|--proxy-user)[\s=]+[^\s:=]+:)(\S+)", login),
    (r#"(\b(?:mysql|mariadb)[\w-]*\s(?:[^|;&\n]*\s)?-p)([^\s"']+)"#, after),
    (r#"(\bredis-cli\s(?:[^|;&\n]*\s)?(?:-a|--pass)\s+["']?)([^\s"']+)"#, after),
    (r#"(\bsshpass\s+-p\s*["']?)([^\s"']+)"#, after),
    (r#"(?i)(\b(?:proxy-)?authorization\b[\s:="'\\]{1,6}|\b(?:set-)?cookie\s*[:=]\s*)\S.*"#, after),
    (r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}", after),
    (r"(AKIA|ASIA)[A-Z0-9]{12,}", after),
    (
        r"\b(gh[opsru]_|github_pat_|glpat-|xox[a-z]-|[rs]k_(?:live|test)_|npm_|AIza|hvs\.|sk-|SG\.|shpat_|dckr_pat_|pypi-)[A-Za-z0-9_.-]{10,}",
        after,
    ),
    (r"eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)*", |_| MASK.to_owned()),
    // --password value
    (
        concat!(
            "(?i)((?:^|[\\s\"'])--?[\\w-]*(?:pass|",
            words!(),
            r#"|auth-key|apikey)[\w-]*["']?\s+)("[^"]*"?|'[^']*'?|[^\s"'-][^\s"']*)"#
        ),
        after,
    ),
    (
        concat!(
            "(?i)",
            words!(),
            r#"([\w.-]*\\?["']?\s*(?:=>|[:=])\s*)(?:(\\")(?:[^"\\]|\\[^"])*(?:\\")?|(")(?:[^"\\]|\\.)*"?|(')[^']*'?)"#
        ),
        quoted,
    ),
    (
        concat!(
            "(?i)",
            short_words!(),
            r#"(\\?["']?\s*(?:=>|[:=])\s*)(?:(\\")(?:[^"\\]|\\[^"])*(?:\\")?|(")(?:[^"\\]|\\.)*"?|(')[^']*'?)"#
        ),
        quoted,
    ),
    (concat!("(?i)", words!(), r#"([\w.-]*\\?["']?\s*(?:=>|[:=])\s*)([^\s"']+)"#), assigned),
    (concat!("(?i)", short_words!(), r#"(\s*=\s*)([^\s"']+)"#), assigned),
    (r#"(?i)(\w[_-](?:pass|salt|cookie|dsn))(\s*:\s*)([^\s"']+)"#, |found| format!("{}{}{MASK}", &found[1], &found[2])),
    (concat!("(?i)", words!(), r"([\w.-]*\W{0,3}\s(?:is\s|was\s)?\W?)([A-Za-z0-9+/_=]{20,})"), long),
    (r"(?i)(\bkey)(\W{1,3}(?:is\s|was\s)?)([A-Za-z0-9+_=][A-Za-z0-9+/_=]{19,})", long),
];

static PATTERNS: LazyLock<Vec<(Regex, Masked)>> = LazyLock::new(|| {
    let compiled = |(pattern, masked): &(&str, Masked)| Some((Regex::new(pattern).ok()?, *masked));
    RULES.iter().filter_map(compiled).collect()
});

/// Masks the values in a line that match one of [`RULES`].
fn values(line: Cow<'_, str>) -> Cow<'_, str> {
    PATTERNS.iter().fold(line, |line, (pattern, masked)| {
        let replaced =
            pattern.replace_all(
                &line,
                |found: &Captures<'_>| {
                    if in_arn(&line, found) { found[0].to_owned() } else { masked(found) }
                },
            );
        match replaced {
            Cow::Borrowed(_) => line,
            Cow::Owned(replaced) => Cow::Owned(replaced),
        }
    })
}

/// Whether the match is inside an ARN, where `secret:` is followed by a name, not by a value.
fn in_arn(line: &str, found: &Captures<'_>) -> bool {
    let start = found.get(0).map_or(0, |whole| whole.start());
    let word = line[..start].rsplit(|c: char| c.is_whitespace() || c == '"').next().unwrap_or_default();
    word.contains("arn:aws")
}

/// Masks `name: "value"`, in any quotes.
fn quoted(found: &Captures<'_>) -> String {
    let quote = (3..=5).find_map(|group| found.get(group)).map_or("", |quote| quote.as_str());
    format!("{}{}{quote}{MASK}{quote}", &found[1], &found[2])
}

/// Masks `-u user:password`, but not `-u 1000:1000`, which is a user and a group.
fn login(found: &Captures<'_>) -> String {
    if found[2].chars().all(|c| c.is_ascii_digit()) { found[0].to_owned() } else { after(found) }
}

fn after(found: &Captures<'_>) -> String {
    format!("{}{MASK}", &found[1])
}

/// Masks `user:password@` in an address, but not a port after a host.
fn password(found: &Captures<'_>) -> String {
    let port = found[2].split(['/', '?']).next().filter(|part| part.len() < found[2].len());
    let port = port.is_some_and(|part| part.chars().all(|c| c.is_ascii_digit()));
    if port { found[0].to_owned() } else { format!("{}{MASK}@", &found[1]) }
}

/// Masks `password=value` and `token: value`, but not plain words after a colon: `token: expired`.
fn assigned(found: &Captures<'_>) -> String {
    let (word, sign, value) = (&found[1], &found[2], &found[3]);
    let plain = value.trim_end_matches(|c: char| c.is_ascii_punctuation()).chars().all(char::is_alphabetic);
    if plain && !sign.contains('=') && !word.starts_with(['p', 'P']) {
        return found[0].to_owned();
    }
    // A separator followed by a name starts another value.
    let named = |rest: &str| {
        rest.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    let next = value.match_indices(['&', ';', ',']).find(|(at, _)| named(&value[at + 1..]));
    format!("{word}{sign}{MASK}{}", next.map_or("", |(at, _)| &value[at..]))
}

/// Masks a long random string after a word and a space.
fn long(found: &Captures<'_>) -> String {
    let (word, gap, value) = (&found[1], &found[2], &found[3]);
    let gibberish = value.contains(|c: char| c.is_ascii_digit()) && value.contains(|c: char| c.is_ascii_alphabetic());
    if gibberish { format!("{word}{gap}{MASK}") } else { found[0].to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_rule_is_a_valid_pattern() {
        assert_eq!(PATTERNS.len(), RULES.len());
    }

    #[rstest]
    #[case("connect password=hunter2 failed", "connect password=•••••••• failed")]
    #[case("DB_PASSWORD: hunter", "DB_PASSWORD: ••••••••")]
    #[case(r#"{"apiKey":"a b","port":1}"#, r#"{"apiKey":"••••••••","port":1}"#)]
    #[case(r#"{\"token\":\"x\",\"a\":1}"#, r#"{\"token\":\"••••••••\",\"a\":1}"#)]
    #[case("client_secret='it is'", "client_secret='••••••••'")]
    #[case("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = ••••••••")]
    #[case("key AKIAIOSFODNN7EXAMPLE is over", "key AKIA•••••••• is over")]
    #[case("postgres://app:p@ss/w@orders-db/x", "postgres://app:••••••••@orders-db/x")]
    #[case("GET /?access_token=0123456789&page=2", "GET /?access_token=••••••••&page=2")]
    #[case("DB_PASSWORD=hunter2;LOG_LEVEL=debug", "DB_PASSWORD=••••••••;LOG_LEVEL=debug")]
    #[case("Authorization: Basic dXNlcjpwYXNz", "Authorization: ••••••••")]
    #[case("sent bearer abcdefgh.ijkl", "sent bearer ••••••••")]
    #[case("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2ln", "jwt ••••••••")]
    #[case("signing key 3f9a8b7c6d5e4f3a2b1c0d9e", "signing key ••••••••")]
    #[case("the token was 3f9a8b7c6d5e4f3a2b1c0d9e", "the token was ••••••••")]
    #[case(
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAbc=\n-----END RSA PRIVATE KEY-----\nup",
        "-----BEGIN RSA PRIVATE KEY-----\n••••••••\n••••••••\n-----END RSA PRIVATE KEY-----\nup"
    )]
    #[case(
        "pem -----BEGIN KEY-----\\nMIIE\\n-----END KEY----- end",
        "pem -----BEGIN KEY-----••••••••-----END KEY----- end"
    )]
    #[case(
        "-----BEGIN KEY-----\n12:01 app MIIEvQIBADANBgkqhkiG\n12:02 panic: no key",
        "-----BEGIN KEY-----\n12:01 app ••••••••\n12:02 panic: no key"
    )]
    fn text_that_looks_secret_is_masked(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(masked(text), shown);
        assert_eq!(masked(shown), shown);
    }

    #[rstest]
    #[case("unable to retrieve secret arn:aws:secretsmanager:eu-west-1:1:secret:prod/payments/acquirer-api-key-Zx81Lm")]
    #[case("unable to pull secrets or registry auth: execution resource retrieval failed")]
    #[case("token: expired")]
    #[case("panic: runtime error: index out of range [3] with length 3")]
    #[case("SyntaxError: Unexpected token } in JSON at position 4")]
    #[case("duplicate key value violates unique constraint, Key (id)=(4)")]
    #[case("author: dana")]
    #[case("dial tcp 10.20.31.17:5432: connect: connection refused")]
    #[case("GET https://example.com:8080/a?b=c@d 200")]
    #[case("the key arn:aws:kms:eu-west-1:1:key/12345678-90ab-cdef-1234-567890abcdef does not exist")]
    fn harmless_words_of_a_line_stay(#[case] text: &str) {
        assert_eq!(masked(text), text);
    }

    #[test]
    fn a_private_key_is_masked_across_pieces() {
        let mut masker = Masker::default();
        let pieces = ["-----BEGIN KEY-----", "MIIEvQ", "AbC=", "-----END KEY-----", "AbC="];
        let shown: Vec<_> = pieces.iter().map(|piece| masker.mask(piece)).collect();
        assert_eq!(shown, ["-----BEGIN KEY-----", "••••••••", "••••••••", "-----END KEY-----", "AbC="]);
    }

    /// Contexts of secrets in text; `%` is the secret.
    const FORMS: &[&str] = &[
        "password=%",
        "Password: %",
        "ORDERS_DB_PASSWD=%",
        "--api-key=%",
        "secret_token => %",
        r#""client_secret": "%""#,
        r#"{\"accessKey\":\"%\"}"#,
        "private-key='%'",
        "https://bob:%@host/path",
        "amqp://%@host",
        "Authorization: Digest %",
        "Cookie: a=1; session=%",
        "Bearer %",
        "ASIA%",
        "ghp_%",
        "eyJ%.%.%",
        "token %",
        "-----BEGIN EC PRIVATE KEY-----\n%\n%\n-----END EC PRIVATE KEY-----",
    ];

    proptest! {
        #[test]
        fn a_secret_is_always_masked(
            before in "([a-z,.:/ -]{0,30} )?",
            secret in "[A-Z][A-Z0-9]{18,40}[0-9]X",
            after in "( [a-z,.:/ -]{0,30})?",
            form in prop::sample::select(FORMS),
        ) {
            let text = format!("{before}{}{after}", form.replace('%', &secret));
            let once = masked(&text);
            prop_assert!(!once.contains(&secret), "{text:?} became {once:?}");
            prop_assert!(!masked(&once).contains(&secret));
            prop_assert_eq!(once.lines().count(), text.lines().count());
        }

        #[test]
        fn masking_never_panics(pieces in prop::collection::vec("(-----(BEGIN|END) |password=|://|\\PC|\n){0,12}", 0..6)) {
            let mut masker = Masker::default();
            for piece in pieces {
                masker.mask(&piece);
            }
        }
    }
}
