//! The important fields of a JSON line: time, level and message; then the others.

use super::{JsonValue, Map, object};

/// The fields of a line, nested ones with dots in their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    pub time: Option<(String, JsonValue)>,
    pub level: Option<(String, JsonValue)>,
    pub message: Option<(String, JsonValue)>,
    /// The other fields, in order.
    pub rest: Map,
}

/// Common names of these fields, the most likely first.
const TIME: &[&str] = &["timestamp", "time", "@timestamp", "ts", "@t", "datetime", "asctime", "eventtime", "t.$date"];
const LEVEL: &[&str] = &[
    "level",
    "severity",
    "lvl",
    "log.level",
    "loglevel",
    "levelname",
    "log_level",
    "severity_text",
    "severitytext",
    "@l",
];
const MESSAGE: &[&str] =
    &["message", "msg", "@m", "@mt", "event", "log", "short_message", "body", "text", "fields.message", "log.message"];

/// The fields of a JSON line.
pub fn key_fields(text: &str) -> Option<Fields> {
    let mut rest = Map::new();
    flatten(object(text)?, "", &mut rest);
    let mut take = |names: &[&str]| {
        let at = names.iter().find_map(|name| {
            rest.iter().position(|(key, part)| key.eq_ignore_ascii_case(name) && part.text().is_some())
        });
        at.map(|at| rest.remove(at))
    };
    let (time, level, message) = (take(TIME), take(LEVEL), take(MESSAGE));
    Some(Fields { time, level, message, rest })
}

/// Flattens nested objects to dotted names; lists and empty objects stay as they are.
fn flatten(map: Map, above: &str, flat: &mut Map) {
    for (key, part) in map {
        let key = if above.is_empty() { key } else { format!("{above}.{key}") };
        match part {
            JsonValue::Object(map) if !map.is_empty() => flatten(map, &key, flat),
            part => flat.push((key, part)),
        }
    }
}
