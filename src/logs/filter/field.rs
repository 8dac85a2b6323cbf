//! Conditions on a key of a JSON line.

use std::cmp::Ordering;

use memchr::memchr;
use regex::Regex;

use super::needle::Needle;
use crate::{
    grammar::{Case, Op, collate, compile, number},
    logs::json,
};

#[derive(Debug, Clone)]
pub(super) struct FieldCondition {
    path: String,
    /// The last name of the path: a line without it need not be parsed.
    name: Needle,
    /// Nor does a line without this value.
    value: Option<Needle>,
    test: FieldTest,
}

#[derive(Debug, Clone)]
enum FieldTest {
    /// `number`: the value, if it is a number: `5` equals `5.0`.
    Text {
        regex: Regex,
        wanted: bool,
        number: Option<f64>,
    },
    Order {
        op: Op,
        number: Option<f64>,
        lower: String,
    },
}

impl FieldCondition {
    pub(super) fn new(path: String, op: Op, value: &str, case: Case) -> Result<Self, String> {
        let name = Needle::new(path.rsplit('.').next().unwrap_or(&path), Case::Ignore)?;
        let as_number = number(value).filter(|_| matches!(op, Op::Equals | Op::Differs));
        let needed = matches!(op, Op::Equals | Op::Contains) && as_number.is_none();
        let needle = needed.then(|| Needle::new(value, case)).transpose()?;
        let test = match op.pattern(value) {
            Some((pattern, wanted)) => {
                FieldTest::Text { regex: compile(&pattern, value, case)?, wanted, number: as_number }
            }
            None => FieldTest::Order { op, number: number(value), lower: value.to_lowercase() },
        };
        Ok(Self { path, name, value: needle, test })
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        if !json::looks_like_object(text) {
            return false;
        }
        let needles = [Some(&self.name), self.value.as_ref()];
        // Escaped text is only found by parsing.
        if !needles.into_iter().flatten().all(|needle| needle.is_in(text)) && memchr(b'\\', text.as_bytes()).is_none() {
            return false;
        }
        let (mut any, mut unwanted) = (false, false);
        json::for_each_value(text, &self.path, |value| match &self.test {
            FieldTest::Text { regex, wanted: true, number } => any |= same(value, regex, *number),
            FieldTest::Text { regex, wanted: false, number } => {
                any = true;
                unwanted |= same(value, regex, *number);
            }
            FieldTest::Order { op, number, lower } => {
                any |= compare(value, *number, lower).is_some_and(|o| op.accepts(o));
            }
        });
        any && !unwanted
    }
}

fn same(value: &str, regex: &Regex, wanted: Option<f64>) -> bool {
    regex.is_match(value) || wanted.is_some_and(|wanted| number(value) == Some(wanted))
}

fn compare(value: &str, wanted: Option<f64>, lower: &str) -> Option<Ordering> {
    match wanted {
        Some(wanted) => number(value)?.partial_cmp(&wanted),
        None => Some(collate(value, lower)),
    }
}
