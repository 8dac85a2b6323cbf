//! JSON output.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::demo::world::{StrategyItem, Tag};

/// Builds a JSON object; absent members are left out, as in AWS's answers.
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn set(mut self, key: &str, value: impl Serialize) -> Self {
        self.0.insert(key.to_owned(), json!(value));
        self
    }

    pub(super) fn maybe(self, key: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    /// Sets a timestamp, given in milliseconds.
    pub(super) fn time(self, key: &str, at: i64) -> Self {
        self.set(key, seconds(at))
    }

    pub(super) fn maybe_time(self, key: &str, at: Option<i64>) -> Self {
        self.maybe(key, at.map(seconds))
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Converts milliseconds to the seconds used on the wire.
pub(super) fn seconds(at: i64) -> f64 {
    at as f64 / 1_000.0
}

pub(super) fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

pub(super) fn strategy(items: &[StrategyItem]) -> Value {
    items
        .iter()
        .map(|item| json!({ "capacityProvider": item.provider, "weight": item.weight, "base": item.base }))
        .collect()
}

/// `{ "name": …, "value": … }` pairs.
pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    pairs.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// An entry of `failures`.
pub(super) fn missing(arn: String) -> Value {
    json!({ "arn": arn, "reason": "MISSING" })
}
