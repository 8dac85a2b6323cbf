//! Conditions on JSON messages: `$.level = "ERROR" && ($.status >= 500 || $.retry IS TRUE)`.

use std::{cmp::Ordering, str::FromStr};

use regex::Regex;
use serde_json::Value;

use super::{quoted, regex};

/// The deepest nesting of parentheses.
const DEPTH: usize = 32;

/// A condition on a JSON message.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Vec<Step>, Test),
}

/// A step of a path: into an object or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Item(usize),
}

/// A test of the value at a path.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// Compares numbers; the orderings that are true.
    Number(f64, &'static [Ordering]),
    /// Matches the value as text, and whether it should match.
    Text(Regex, bool),
    Is(Value),
    NotExists,
}

impl Condition {
    /// Returns whether it holds for a message. A missing value passes only NOT EXISTS.
    pub(crate) fn holds(&self, message: &Value) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(message)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(message)),
            Condition::Test(path, test) => test.passes(path.iter().try_fold(message, |value, step| match step {
                Step::Member(name) => value.get(name),
                Step::Item(index) => value.get(index),
            })),
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Test::NotExists) };
        match self {
            Test::NotExists => false,
            Test::Is(constant) => value == constant,
            Test::Number(bound, passing) => {
                let ordering = value.as_f64().and_then(|value| value.partial_cmp(bound));
                ordering.is_some_and(|ordering| passing.contains(&ordering))
            }
            Test::Text(pattern, wanted) => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                pattern.is_match(&text) == *wanted
            }
        }
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        parser.any(0).filter(|_| parser.rest.trim().is_empty()).ok_or_else(|| "Invalid filter pattern".to_owned())
    }
}

struct Parser<'a> {
    rest: &'a str,
}

/// Operators and the orderings they accept; longer operators first.
#[rustfmt::skip]
const OPERATORS: &[(&str, &[Ordering])] = &[
    ("!=", &[Ordering::Less, Ordering::Greater]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("=", &[Ordering::Equal]),
    ("<", &[Ordering::Less]),
    (">", &[Ordering::Greater]),
];

impl<'a> Parser<'a> {
    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    /// Takes the longest start whose characters all pass; at least one.
    fn take_while(&mut self, passes: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|c| !passes(c)).unwrap_or(self.rest.len());
        let (head, rest) = self.rest.split_at_checked(end).filter(|(head, _)| !head.is_empty())?;
        self.rest = rest;
        Some(head)
    }

    fn any(&mut self, depth: usize) -> Option<Condition> {
        let mut conditions = vec![self.all(depth)?];
        while self.take("||").is_some() {
            conditions.push(self.all(depth)?);
        }
        Some(Condition::Any(conditions))
    }

    fn all(&mut self, depth: usize) -> Option<Condition> {
        let mut conditions = vec![self.one(depth)?];
        while self.take("&&").is_some() {
            conditions.push(self.one(depth)?);
        }
        Some(Condition::All(conditions))
    }

    fn one(&mut self, depth: usize) -> Option<Condition> {
        if self.take("(").is_some() {
            let inner = if depth < DEPTH { self.any(depth + 1)? } else { return None };
            self.take(")")?;
            return Some(inner);
        }
        let path = self.path()?;
        Some(Condition::Test(path, self.test()?))
    }

    /// `$.a.b[0]`
    fn path(&mut self) -> Option<Vec<Step>> {
        self.take("$")?;
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                let name = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '/'))?;
                steps.push(Step::Member(name.to_owned()));
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (index, rest) = rest.split_once(']')?;
                self.rest = rest;
                steps.push(Step::Item(index.parse().ok()?));
            } else {
                return Some(steps).filter(|steps| !steps.is_empty());
            }
        }
    }

    fn test(&mut self) -> Option<Test> {
        for (words, test) in [
            ("NOT EXISTS", Test::NotExists),
            ("IS NULL", Test::Is(Value::Null)),
            ("IS TRUE", Test::Is(true.into())),
            ("IS FALSE", Test::Is(false.into())),
        ] {
            if self.take(words).is_some() {
                return Some(test);
            }
        }
        let &(operator, passing) = OPERATORS.iter().find(|(operator, _)| self.take(operator).is_some())?;
        self.rest = self.rest.trim_start();
        let wanted = match operator {
            "=" => Some(true),
            "!=" => Some(false),
            _ => None,
        };
        if let Some((text, rest)) = quoted(self.rest) {
            self.rest = rest;
            return Some(Test::Text(wildcards(&text)?, wanted?));
        }
        if let Some((regex, rest)) = regex(self.rest) {
            self.rest = rest;
            return Some(Test::Text(regex, wanted?));
        }
        let word = self.take_while(|c| !c.is_whitespace() && !matches!(c, '&' | '|' | '(' | ')' | '"'))?;
        match word.parse() {
            Ok(number) => Some(Test::Number(number, passing)),
            Err(_) => Some(Test::Text(wildcards(word)?, wanted?)),
        }
    }
}

/// A pattern in which `*` matches any text.
fn wildcards(text: &str) -> Option<Regex> {
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", parts.join(".*"))).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::demo::logs::pattern::Pattern;

    const MESSAGE: &str = r#"{ "level": "ERROR", "status": 503, "ms": 12.5, "retry": true, "user": null,
        "request": { "path": "/cart/42", "tags": ["slow", { "id": 7 }] }, "ip": "10.0.3.9" }"#;

    #[rstest]
    #[case(r#"{ $.level = "ERROR" }"#, true)]
    #[case(r#"{$.level="ERROR"}"#, true)]
    #[case(r"{ $.level = ERROR }", true)]
    #[case(r#"{ $.level = "ERR*" }"#, true)]
    #[case(r#"{ $.level = "RR" }"#, false)]
    #[case(r#"{ $.level != "INFO" }"#, true)]
    #[case(r"{ $.level = %^ERR|WARN% }", true)]
    #[case(r#"{ $.nothing != "INFO" }"#, false)]
    #[case("{ $.status = 503 }", true)]
    #[case("{ $.status >= 500 && $.ms < 13 }", true)]
    #[case("{ $.status > 503 || $.ms <= 12 }", false)]
    #[case("{ $.level > 5 }", false)]
    #[case("{ $.status != 503 }", false)]
    #[case("{ $.status = 5* }", true)]
    #[case("{ $.ip = 10.0.* }", true)]
    #[case("{ $.retry IS TRUE }", true)]
    #[case("{ $.retry IS FALSE }", false)]
    #[case("{ $.user IS NULL }", true)]
    #[case("{ $.nothing IS NULL }", false)]
    #[case("{ $.nothing NOT EXISTS }", true)]
    #[case("{ $.user NOT EXISTS }", false)]
    #[case(r#"{ $.request.path = "/cart/*" }"#, true)]
    #[case(r#"{ $.request.tags[0] = "slow" }"#, true)]
    #[case("{ $.request.tags[1].id = 7 }", true)]
    #[case("{ $.request.tags[9].id = 7 }", false)]
    #[case::and_binds_tighter("{ $.status = 503 || $.status = 1 && $.status = 2 }", true)]
    #[case::parentheses("{ ($.status = 503 || $.status = 1) && $.status = 2 }", false)]
    fn conditions_hold_as_at_aws(#[case] pattern: &str, #[case] expected: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().matches(MESSAGE), expected);
        assert!(!pattern.parse::<Pattern>().unwrap().matches("no JSON"));
    }

    #[rstest]
    #[case("{ }")]
    #[case("{ level = 1 }")]
    #[case("{ $. = 1 }")]
    #[case("{ $ = 1 }")]
    #[case("{ $.a }")]
    #[case("{ $.a = }")]
    #[case("{ $.a = 1 && }")]
    #[case("{ $.a = 1 $.b = 2 }")]
    #[case("{ ($.a = 1 }")]
    #[case("{ $.a[x] = 1 }")]
    #[case("{ $.a < \"text\" }")]
    fn invalid_conditions_are_refused(#[case] pattern: &str) {
        assert_eq!(pattern.parse::<Pattern>().unwrap_err(), "Invalid filter pattern");
    }

    #[test]
    fn deep_nesting_of_parentheses_is_refused() {
        let nested = |depth| format!("{{{}$.status = 503{}}}", "(".repeat(depth), ")".repeat(depth)).parse::<Pattern>();
        assert!(nested(30).unwrap().matches(MESSAGE));
        assert!(nested(100_000).is_err());
    }
}
