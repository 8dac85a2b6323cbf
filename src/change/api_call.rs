//! A request as data, for the `aws` command in the dialog and for the journal.

use serde::Serialize;
use serde_json::Value;

use crate::{aws::Operation, knowledge::shell_word, resource::secrets::masked};

/// An API request: its operation, and its input in display order.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    pub operation: Operation,
    pub input: Vec<(&'static str, Value)>,
}

impl ApiCall {
    /// The AWS CLI command for the request, without its scope: `aws ecs update-service --cluster prod …`.
    pub fn command(&self) -> String {
        cli_command(self.operation, self.input.iter().map(|(name, value)| (*name, value)))
    }
}

/// The AWS CLI command for a recorded request of `operation` with this input. Secrets are masked.
pub fn recorded_command<'a>(operation: Operation, input: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    masked(&cli_command(operation, input))
}

fn cli_command<'a>(operation: Operation, input: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let mut words = vec!["aws".to_owned(), operation.service.to_owned(), kebab(operation.name)];
    for (name, value) in input {
        let flag = kebab(name);
        match value {
            Value::Bool(true) => words.push(format!("--{flag}")),
            Value::Bool(false) => words.push(format!("--no-{flag}")),
            // Objects are one JSON list.
            Value::Array(items) if !items.iter().any(Value::is_object) => {
                words.push(format!("--{flag}"));
                words.extend(items.iter().map(word));
            }
            value => words.extend([format!("--{flag}"), word(value)]),
        }
    }
    words.join(" ")
}

impl Serialize for ApiCall {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.input.iter().map(|(name, value)| (name, value)))
    }
}

fn word(value: &Value) -> String {
    shell_word(value.as_str().unwrap_or(&value.to_string())).into_owned()
}

/// Converts `UpdateService` and `desiredCount` to the CLI's form: `update-service`, `desired-count`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
