use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;

use super::*;

const LINE: &str = r#"{"time":"14:05","id":12345678901234567890123,"level":"warn","msg":"slow \"a\"\né","user":{"name":"Ada","tags":[]},"codes":[1.0,true,null],"none":{}}"#;

#[test]
fn a_line_is_formatted_as_it_was_written() {
    let written = JsonValue::Object(object(LINE).unwrap()).to_string();
    assert_eq!(written, LINE);
}

#[rstest]
#[case("")]
#[case("{")]
#[case(r#"{"a":1"#)]
#[case(r#"{"a":1} and more"#)]
#[case(r#"{"a":word}"#)]
#[case(r#"{"a":inf}"#)]
#[case(r#"{"a" 1}"#)]
#[case("[1]")]
#[case("text")]
fn text_that_is_not_an_object_is_none(#[case] text: &str) {
    assert_eq!((object(text), key_fields(text)), (None, None));
}

#[test]
fn text_that_is_too_long_or_too_deep_is_none() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST));
    let deep = format!("{}{}", "{\"a\":".repeat(3000), "[".repeat(100));
    assert_eq!((object(&long), object(&deep)), (None, None));
    for_each_value(&deep, &format!("a{}", ".a".repeat(2999)), |value| panic!("{value}"));
}

/// Formats a field as `key=value`.
fn pair(field: Option<(String, JsonValue)>) -> String {
    field.map(|(key, part)| format!("{key}={part}")).unwrap_or_default()
}

#[rstest]
#[case::plain(
    LINE,
    r#"time="14:05""#,
    r#"level="warn""#,
    "msg=\"slow \\\"a\\\"\\né\"",
    "id=12345678901234567890123 user.name=\"Ada\" user.tags=[] codes=[1.0,true,null] none={}"
)]
#[case::tracing(
    r#"{"timestamp":"t","level":"INFO","fields":{"message":"m","n":1},"target":"web"}"#,
    "timestamp=\"t\"",
    "level=\"INFO\"",
    "fields.message=\"m\"",
    "fields.n=1 target=\"web\""
)]
#[case::elastic(
    r#"{"@timestamp":"t","log":{"level":"error","logger":"l"},"message":"m"}"#,
    "@timestamp=\"t\"",
    "log.level=\"error\"",
    "message=\"m\"",
    "log.logger=\"l\""
)]
#[case::mongo(r#"{"t":{"$date":"t"},"s":"I","msg":"m"}"#, "t.$date=\"t\"", "", "msg=\"m\"", "s=\"I\"")]
#[case::message_first(r#"{"event":"e","Message":"m"}"#, "", "", "Message=\"m\"", "event=\"e\"")]
#[case::structlog(r#"{"event":"e","level":"info"}"#, "", "level=\"info\"", "event=\"e\"", "")]
#[case::none("{}", "", "", "", "")]
fn time_level_and_message_are_found(
    #[case] text: &str,
    #[case] time: &str,
    #[case] level: &str,
    #[case] message: &str,
    #[case] rest: &str,
) {
    let fields = key_fields(text).unwrap();
    assert_eq!([pair(fields.time), pair(fields.level), pair(fields.message)], [time, level, message]);
    let others: Vec<String> = fields.rest.into_iter().map(|field| pair(Some(field))).collect();
    assert_eq!(others.join(" "), rest);
}

/// A JSON value without floating point numbers, which would lose digits.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z.\"\\\\é]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn objects_are_parsed_as_serde_json_parses_them(inner in value(), pretty_printed in any::<bool>()) {
        let value = serde_json::json!({ "a": inner });
        let text = if pretty_printed { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        prop_assume!(text.len() <= LONGEST);
        let written = JsonValue::Object(object(&text).unwrap()).to_string();
        prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"\{[{}\[\]":,\\u0-9a-f é\n-]{0,60}"#) {
        for text in [text.clone(), format!("{{\"a\":{text}"), format!("{{\"a\":\"{text}\"}}")] {
            let ours = object(&text);
            if serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_ok() {
                prop_assert!(ours.is_some(), "{text}");
            }
            key_fields(&text);
            for_each_value(&text, "a", |_| {});
            for_each_value(&text, "", |_| {});
        }
    }
}
