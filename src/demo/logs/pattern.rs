//! Filter patterns of FilterLogEvents.
//!
//! Terms (`timeout`, `"connection refused"`, `-debug`, `?error ?warn`, `%5\d\d%`) and JSON conditions
//! (`{ $.level = "ERROR" && $.status >= 500 }`). The third kind AWS has, columns in brackets, is refused.

mod json;

use std::str::FromStr;

use regex::Regex;

/// A filter pattern.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Terms(Terms),
    Json(json::Condition),
}

/// Terms, each matched anywhere in the message, case-sensitively.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// All of these must match.
    required: Vec<Term>,
    /// None of these may match.
    excluded: Vec<Term>,
    /// One of these must match; AWS ignores them beside other terms.
    optional: Vec<Term>,
}

/// A term of a pattern.
#[derive(Debug, Clone)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Pattern {
    /// Returns whether a message matches.
    pub(super) fn matches(&self, message: &str) -> bool {
        match self {
            Pattern::Terms(terms) => terms.match_in(message),
            Pattern::Json(condition) => serde_json::from_str(message).is_ok_and(|message| condition.holds(&message)),
        }
    }
}

impl Terms {
    fn match_in(&self, message: &str) -> bool {
        let found = |term: &Term| term.is_in(message);
        let alone = self.required.is_empty() && self.excluded.is_empty() && !self.optional.is_empty();
        self.required.iter().all(found)
            && !self.excluded.iter().any(found)
            && (!alone || self.optional.iter().any(found))
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Text(text) => message.contains(text),
            Term::Regex(regex) => regex.is_match(message),
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    /// Parses a pattern; the error is AWS's message.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.chars().next() {
            Some('{') => text[1..]
                .strip_suffix('}')
                .ok_or("If a filter pattern starts with '{' it must end with '}'".to_owned())?
                .parse()
                .map(Pattern::Json),
            Some('[') => Err("Invalid filter pattern: columns in brackets are not available on this endpoint".into()),
            _ => terms(text).map(Pattern::Terms),
        }
    }
}

fn terms(mut rest: &str) -> Result<Terms, String> {
    let mut terms = Terms::default();
    loop {
        rest = rest.trim_start();
        let list = match rest.chars().next() {
            None => return Ok(terms),
            Some('-') => &mut terms.excluded,
            Some('?') => &mut terms.optional,
            Some(_) => &mut terms.required,
        };
        rest = rest.strip_prefix(['-', '?']).unwrap_or(rest);
        let (term, after) = match rest.chars().next() {
            Some('"') => quoted(rest).map(|(text, after)| (Term::Text(text), after)).ok_or_else(|| bad(rest))?,
            Some('%') => regex(rest).map(|(regex, after)| (Term::Regex(regex), after)).ok_or_else(|| bad(rest))?,
            _ => {
                let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    return Err(bad(word));
                }
                (Term::Text(word.to_owned()), after)
            }
        };
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(bad(rest));
        }
        list.push(term);
        rest = after;
    }
}

fn bad(term: &str) -> String {
    format!("Invalid filter pattern: Invalid character(s) in term '{term}'")
}

/// The non-empty text between the quotes at the start, and the rest; `\` escapes the next character.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut content = String::new();
    loop {
        match chars.next()? {
            '"' if content.is_empty() => return None,
            '"' => return Some((content, chars.as_str())),
            '\\' => content.push(chars.next()?),
            other => content.push(other),
        }
    }
}

/// The regular expression between percent signs at the start, and the rest.
fn regex(text: &str) -> Option<(Regex, &str)> {
    let (pattern, after) = text.strip_prefix('%')?.split_once('%')?;
    Some((Regex::new(pattern).ok()?, after))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "anything", true)]
    #[case("ERROR", "[ERROR] no route", true)]
    #[case("ERROR", "Exiting with ERRORCODE: 1", true)]
    #[case("ERROR", "an error", false)]
    #[case("ERROR route", "no route: ERROR", true)]
    #[case("ERROR route", "ERROR", false)]
    #[case("\"no route\"", "no route to host", true)]
    #[case("\"no route\"", "no such route", false)]
    #[case(r#""say \"hi\"""#, r#"say "hi" there"#, true)]
    #[case("ERROR -retry", "ERROR: gave up", true)]
    #[case("ERROR -retry", "ERROR: will retry", false)]
    #[case("-\"health check\"", "GET /health", true)]
    #[case("-\"health check\"", "health check ok", false)]
    #[case("?ERROR ?WARN", "WARN: disk", true)]
    #[case("?ERROR ?WARN", "INFO: disk", false)]
    #[case::optional_beside_others("disk ?ERROR", "INFO: disk", true)]
    #[case(r"%5\d\d%", "status 503", true)]
    #[case(r"%5\d\d%", "status 404", false)]
    #[case("überlauf", "stack überlauf", true)]
    fn terms_match_as_at_aws(#[case] pattern: &str, #[case] message: &str, #[case] expected: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().matches(message), expected);
    }

    #[rstest]
    #[case("/health", "Invalid filter pattern: Invalid character(s) in term '/health'")]
    #[case("a:b", "Invalid filter pattern: Invalid character(s) in term 'a:b'")]
    #[case("\"\"", "Invalid filter pattern: Invalid character(s) in term '\"\"'")]
    #[case("\"open", "Invalid filter pattern: Invalid character(s) in term '\"open'")]
    #[case("-", "Invalid filter pattern: Invalid character(s) in term ''")]
    #[case("%(%", "Invalid filter pattern: Invalid character(s) in term '%(%'")]
    #[case("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'")]
    #[case("[ip, user]", "Invalid filter pattern: columns in brackets are not available on this endpoint")]
    fn invalid_patterns_are_refused(#[case] pattern: &str, #[case] message: &str) {
        assert_eq!(pattern.parse::<Pattern>().unwrap_err(), message);
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[{}$.=<>!&|()\"%*a-z0-9 \\\\?\\[\\]-]{0,40}", message in "\\PC{0,40}") {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                pattern.matches(&message);
            }
        }

        #[test]
        fn no_json_condition_panics(condition in "[$.a=<>!&|()\"*0-9 A-Z\\[\\]%]{0,40}", message in "\\PC{0,40}") {
            if let Ok(pattern) = format!("{{{condition}}}").parse::<Pattern>() {
                pattern.matches(&message);
                pattern.matches("{\"a\": [1, {\"a\": null}]}");
            }
        }
    }
}
