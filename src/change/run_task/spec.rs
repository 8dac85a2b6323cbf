//! What a form or a command line asks of a run.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::Identity;

/// Maximum number of tasks of one call.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
const MOST: i32 = 10;

/// What differs from the service or task that a run is like. Its values may be secret: [`fmt::Debug`] hides them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunSpec {
    /// Makes the call idempotent: ECS starts no further tasks for the same token.
    pub token: String,
    /// `family` or `family:revision`, if it is another task definition.
    pub definition: Option<String>,
    pub count: i32,
    /// The container that the overrides are for.
    pub container: Option<String>,
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// CPU units of the task.
    pub cpu: Option<String>,
    /// MiB of the task.
    pub memory: Option<String>,
}

impl fmt::Debug for RunSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunSpec({}, count {})", self.token, self.count)
    }
}

impl RunSpec {
    /// The argument of the change that a dialog asks for.
    pub fn to_arg(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn read(arg: &str) -> Result<Self, String> {
        serde_json::from_str(arg).map_err(|_| "say what to run in its form: `:run`".to_owned())
    }

    /// Whether a container gets another command or environment.
    pub(super) fn overrides_container(&self) -> bool {
        !self.command.is_empty() || !self.environment.is_empty()
    }
}

/// A client token for the call number `number` of a session: no other session, caller or call has it.
pub fn client_token(identity: &Identity, now: Timestamp, number: u64) -> String {
    let mut hasher = DefaultHasher::new();
    (&identity.arn, &identity.region, number).hash(&mut hasher);
    format!("ecsight-{:x}-{:016x}", now.as_nanosecond(), hasher.finish())
}

/// Parses the number of tasks to run.
///
/// # Errors
///
/// A message about what is wrong.
pub fn parse_count(text: &str) -> Result<i32, String> {
    let count = text.trim().parse().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| format!("invalid count `{}`; expected 1 to {MOST}", text.trim()))
}

/// Parses an amount of CPU units or MiB; empty for that of the task definition.
///
/// # Errors
///
/// A message about what is wrong.
pub fn parse_size(text: &str) -> Result<Option<String>, String> {
    match text.trim() {
        "" => Ok(None),
        size if size.parse::<u32>().is_ok_and(|size| size > 0) => Ok(Some(size.to_owned())),
        other => Err(format!("invalid size `{other}`; expected a whole number such as 512")),
    }
}

/// Parses `NAME=VALUE`.
///
/// # Errors
///
/// A message about what is wrong. It does not contain the value.
pub fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) => Err("invalid variable without a name; expected NAME=VALUE".to_owned()),
        None => Err(format!("invalid variable `{text}`; expected NAME=VALUE")),
    }
}

/// Splits a line into words as a shell does: at blanks, unless they are quoted or escaped.
///
/// # Errors
///
/// That a quote is not closed.
pub fn split_words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(format!("the quote {open} is not closed")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", &[])]
    #[case("  ./manage.py   migrate ", &["./manage.py", "migrate"])]
    #[case("sh -c 'echo \"a b\"; exit 3'", &["sh", "-c", "echo \"a b\"; exit 3"])]
    #[case(r#"echo "a \"b\"" c\ d ''"#, &["echo", "a \"b\"", "c d", ""])]
    fn a_command_is_split_as_in_a_shell(#[case] line: &str, #[case] words: &[&str]) {
        assert_eq!(split_words(line).unwrap(), words);
    }

    #[test]
    fn mistakes_are_named_and_values_are_not_repeated() {
        assert_eq!(split_words("sh -c 'x").unwrap_err(), "the quote ' is not closed");
        assert_eq!(parse_count("11").unwrap_err(), "invalid count `11`; expected 1 to 10");
        assert_eq!(parse_size("1 GB").unwrap_err(), "invalid size `1 GB`; expected a whole number such as 512");
        assert_eq!(parse_variable("=s3cret").unwrap_err(), "invalid variable without a name; expected NAME=VALUE");
        assert_eq!(parse_variable("A=b=c").unwrap(), ("A".into(), "b=c".into()));
        let spec = RunSpec { environment: vec![("PASSWORD".into(), "s3cret".into())], ..RunSpec::default() };
        assert!(!format!("{spec:?}").contains("s3cret"));
    }
}
