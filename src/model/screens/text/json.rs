//! JSON as lines of text, with secrets masked.

use serde_json::Value;

use super::{TextLine, TextStyle};
use crate::{
    model::text::safe,
    resource::secrets::{MASK, masked_json},
};

/// Formats `value` as JSON with two cells of indentation per level. Secrets are masked unless `reveal` is set.
pub fn lines(value: &Value, reveal: bool) -> Vec<TextLine> {
    let mut writer = JsonWriter { lines: vec![TextLine::default()] };
    if reveal {
        writer.value(value, 0);
    } else {
        writer.value(&masked_json(value), 0);
    }
    writer.lines
}

struct JsonWriter {
    lines: Vec<TextLine>,
}

impl JsonWriter {
    fn put(&mut self, text: impl Into<String>, ink: TextStyle) {
        if let Some(line) = self.lines.last_mut() {
            line.spans.push((text.into(), ink));
        }
    }

    fn new_line(&mut self, depth: u16) {
        self.lines.push(TextLine { spans: Vec::new(), hang: depth.saturating_mul(2).saturating_add(2) });
        if depth > 0 {
            self.put("  ".repeat(depth.into()), TextStyle::Punctuation);
        }
    }

    fn value(&mut self, value: &Value, depth: u16) {
        let literal = |value: &Value| serde_json::to_string(value).unwrap_or_default();
        match value {
            Value::Array(values) => self.list('[', values.iter().map(|value| (None, value)), ']', depth),
            Value::Object(fields) => {
                self.list('{', fields.iter().map(|(name, value)| (Some(name), value)), '}', depth);
            }
            Value::String(text) => {
                let ink = if text.contains(MASK) { TextStyle::Masked } else { TextStyle::Text };
                self.put(safe(&literal(value)), ink);
            }
            Value::Number(_) => self.put(literal(value), TextStyle::Number),
            Value::Bool(_) | Value::Null => self.put(literal(value), TextStyle::Literal),
        }
    }

    fn list<'a>(
        &mut self,
        open: char,
        values: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
        close: char,
        depth: u16,
    ) {
        self.put(open, TextStyle::Punctuation);
        let mut empty = true;
        for (name, value) in values {
            if !empty {
                self.put(",", TextStyle::Punctuation);
            }
            empty = false;
            self.new_line(depth.saturating_add(1));
            if let Some(name) = name {
                let name = serde_json::to_string(name).unwrap_or_default();
                self.put(safe(&name), TextStyle::Label);
                self.put(": ", TextStyle::Punctuation);
            }
            self.value(value, depth.saturating_add(1));
        }
        if !empty {
            self.new_line(depth);
        }
        self.put(close, TextStyle::Punctuation);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(value: &Value, reveal: bool) -> String {
        lines(value, reveal).iter().map(TextLine::text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn secrets_are_masked_until_revealed_in_all_variables() {
        let task = json!({
            "environment": [
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "LOG_LEVEL", "value": "debug"},
                {"name": "DATABASE_URL", "value": "postgres://app:hunter2@db/app"},
                {"name": "EMPTY_TOKEN", "value": ""},
            ],
            "overrides": {"containerOverrides": [{"environment": [{"name": "apiKey", "value": "hunter2"}]}]},
            "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/db"}],
        });
        let masked = text(&task, false);
        assert!(!masked.contains("hunter2"), "{masked}");
        assert_eq!(masked.matches(MASK).count(), 3);
        assert!(masked.contains("\"debug\"") && masked.contains("parameter/db"));
        assert_eq!(text(&task, true).matches("hunter2").count(), 3);
    }

    #[test]
    fn each_kind_of_value_has_its_style() {
        let value = json!({"a": [1, "x", null, true, {}, []]});
        let inks = |line: usize| lines(&value, false)[line].spans.iter().map(|(_, ink)| *ink).collect::<Vec<_>>();
        assert_eq!(inks(1), [TextStyle::Punctuation, TextStyle::Label, TextStyle::Punctuation, TextStyle::Punctuation]);
        assert_eq!(inks(2)[1], TextStyle::Number);
        assert_eq!((inks(3)[1], inks(4)[1], inks(5)[1]), (TextStyle::Text, TextStyle::Literal, TextStyle::Literal));
        assert_eq!(lines(&value, false)[6].text(), "    {},");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| json!(number)),
            "[ -~é日]*".prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                prop::collection::btree_map("[ -~]{0,5}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn revealed_it_is_the_same_json(value in any_json()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text(&value, true)).unwrap(), value);
        }
    }
}
