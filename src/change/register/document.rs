//! A task definition as a document that a person edits: only what can be registered, in the order of AWS's documentation.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::schema::{MemberShape, READ_ONLY, TASK_DEFINITION};
use crate::nearest::nearest;

/// What is wrong with an edited document, and where. Lines and columns begin at 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentMistake {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for DocumentMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// The part of a DescribeTaskDefinition answer that can be registered again, with its tags.
pub fn registerable(answer: &Value) -> Value {
    let definition = answer.get("taskDefinition").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut kept: Map<String, Value> =
        definition.into_iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str())).collect();
    if let Some(tags) = answer.get("tags").and_then(Value::as_array).filter(|tags| !tags.is_empty()) {
        kept.insert("tags".to_owned(), tags.clone().into());
    }
    Value::Object(kept)
}

/// The text to edit.
pub fn definition_text(definition: &Value) -> String {
    let pretty = serde_json::to_string_pretty(&Ordered(definition, &MemberShape::Object(TASK_DEFINITION)));
    pretty.unwrap_or_default() + "\n"
}

/// Reads an edited document. Members that AWS does not take are refused, except those that `base`, the document before it was
/// edited, has as well: AWS may know more than this program.
///
/// # Errors
/// The first mistake, with its position.
pub fn parse_definition(text: &str, base: &Value) -> Result<Value, DocumentMistake> {
    let mut known = HashSet::new();
    collect_names(base, &mut known);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let reader = Reader { shape: &MemberShape::Object(TASK_DEFINITION), known: &known };
    let read = reader.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        let message = error.to_string();
        // serde_json says the position at the end.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        DocumentMistake { line: error.line(), column: error.column(), message }
    })
}

/// The names of all members of a document.
fn collect_names<'a>(value: &'a Value, names: &mut HashSet<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                names.insert(name);
                collect_names(member, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}

/// A value whose members are written in the order of its shape; unknown ones last.
struct Ordered<'a>(&'a Value, &'a MemberShape);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (Value::Array(items), MemberShape::List(shape)) => {
                serializer.collect_seq(items.iter().map(|item| Ordered(item, shape)))
            }
            (Value::Object(members), MemberShape::Object(shape)) => {
                let known = shape.iter().filter_map(|(name, shape)| {
                    members.get_key_value(*name).map(|(name, member)| (name, Ordered(member, shape)))
                });
                let unknown = members.iter().filter(|(name, _)| shape.iter().all(|(known, _)| known != name));
                serializer
                    .collect_map(known.chain(unknown.map(|(name, member)| (name, Ordered(member, &MemberShape::Text)))))
            }
            (value, _) => value.serialize(serializer),
        }
    }
}

/// Reads a value of a shape. Absent values (`null`) are left out of objects.
#[derive(Clone, Copy)]
struct Reader<'a> {
    shape: &'a MemberShape,
    known: &'a HashSet<&'a str>,
}

impl Reader<'_> {
    /// The shape of a member.
    fn member<E: de::Error>(&self, name: &str) -> Result<MemberShape, E> {
        let members = match self.shape {
            MemberShape::Object(members) => *members,
            _ => return Ok(MemberShape::Text),
        };
        if let Some((_, shape)) = members.iter().find(|(known, _)| *known == name) {
            return Ok(*shape);
        }
        if READ_ONLY.contains(&name) {
            return Err(E::custom(format!("`{name}` is set by AWS: remove it")));
        }
        let near = nearest(name, members.iter().map(|(known, _)| *known));
        let near = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(E::custom(format!("unknown field `{name}`{near}")))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.shape {
            MemberShape::Text => "a string",
            MemberShape::Number => "a whole number",
            MemberShape::Flag => "true or false",
            MemberShape::List(_) => "a list",
            MemberShape::Texts | MemberShape::Object(_) => "an object",
        })
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        match self.shape {
            MemberShape::Flag => Ok(flag.into()),
            _ => Err(E::invalid_type(de::Unexpected::Bool(flag), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        match self.shape {
            MemberShape::Number => Ok(number.into()),
            _ => Err(E::invalid_type(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        match self.shape {
            MemberShape::Number => Ok(number.into()),
            _ => Err(E::invalid_type(de::Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        match self.shape {
            MemberShape::Text => Ok(text.into()),
            // The value may be a secret.
            _ => Err(E::invalid_type(de::Unexpected::Other("a string"), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let MemberShape::List(shape) = self.shape else {
            return Err(de::Error::invalid_type(de::Unexpected::Other("a list"), &self));
        };
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reader { shape, ..self })? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        if !matches!(self.shape, MemberShape::Object(_) | MemberShape::Texts) {
            return Err(de::Error::invalid_type(de::Unexpected::Other("an object"), &self));
        }
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(de::Error::custom(format!("`{name}` is here twice")));
            }
            let value = match self.member(&name) {
                Ok(shape) => members.next_value_seed(Reader { shape: &shape, ..self })?,
                Err(_) if self.known.contains(name.as_str()) => members.next_value_seed(Anything)?,
                Err(error) => return Err(error),
            };
            object.insert(name, value);
        }
        object.retain(|_, value| !value.is_null());
        Ok(object.into())
    }
}

/// Reads a value of which the shape is not known.
struct Anything;

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_has_only_what_can_be_registered_and_reads_back_unchanged() {
        let answer = json!({
            "taskDefinition": {
                "revision": 4,
                "status": "ACTIVE",
                "registeredAt": 1.5,
                "taskDefinitionArn": "arn",
                "compatibilities": ["EC2"],
                "family": "web",
                "fromTheFuture": { "depth": 1.5 },
                "containerDefinitions": [{
                    "environment": [{ "value": "1", "name": "A" }],
                    "image": "nginx:1",
                    "name": "app",
                    "dockerLabels": { "any.name": "text" },
                }],
            },
            "tags": [{ "key": "team", "value": "shop" }],
        });
        let base = registerable(&answer);
        let text = definition_text(&base);
        let places = ["family", "containerDefinitions", "name", "image", "environment", "tags", "fromTheFuture"]
            .map(|name| text.find(&format!("\"{name}\"")).expect(name));
        assert!(places.is_sorted(), "{text}");
        assert!(READ_ONLY.iter().all(|name| !text.contains(name)), "{text}");
        assert_eq!(parse_definition(&text, &base).expect("what was written is read"), base);
    }

    #[rstest]
    #[case::syntax("{\n  \"family\": \"web\"\n  \"cpu\": \"256\"\n}", 3, "expected `,` or `}`")]
    #[case::cut_off("{\n  \"family\": \"web\"", 2, "EOF while parsing an object")]
    #[case::more_after_it("{}\n{}", 2, "trailing characters")]
    #[case::unknown("{\n  \"famly\": \"web\"\n}", 2, "unknown field `famly`; did you mean family?")]
    #[case::below(
        "{\"containerDefinitions\": [\n{\"imgae\": \"x\"}]}",
        2,
        "unknown field `imgae`; did you mean image?"
    )]
    #[case::read_only("{\"revision\": 4}", 1, "`revision` is set by AWS: remove it")]
    #[case::type_of_a_value("{\n\n\"cpu\": 256}", 3, "invalid type: integer `256`, expected a string")]
    #[case::no_object("[]", 1, "invalid type: a list, expected an object")]
    #[case::twice("{\"family\": \"a\",\n\"family\": \"b\"}", 2, "`family` is here twice")]
    #[case::fraction("{\"ephemeralStorage\": {\"sizeInGiB\": 1.5}}", 1, "expected a whole number")]
    fn a_mistake_has_its_position(#[case] text: &str, #[case] line: usize, #[case] message: &str) {
        let mistake = parse_definition(text, &Value::Null).expect_err("a mistake");
        assert_eq!(mistake.line, line, "{mistake}");
        assert!(mistake.message.contains(message), "{mistake}");
    }

    #[test]
    fn null_is_absent_and_a_mistake_shows_no_text() {
        assert_eq!(parse_definition("{\"family\": \"a\", \"cpu\": null}", &Value::Null), Ok(json!({ "family": "a" })));
        let mistake = parse_definition("{\"containerDefinitions\": \"hunter2\"}", &Value::Null).expect_err("a mistake");
        assert_eq!(mistake.message, "invalid type: a string, expected a list");
    }
}
