//! What matters of a line that is JSON: when, how bad, what; then the rest.

use super::{JsonValue, Map, object};

/// The parts of a line, those that are nested under names with dots in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    pub time: Option<(String, JsonValue)>,
    pub level: Option<(String, JsonValue)>,
    pub message: Option<(String, JsonValue)>,
    /// In the order in which they were written.
    pub rest: Map,
}

/// What the world calls them, the likeliest first.
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

/// What a line that is JSON consists of.
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

/// Puts what is nested under a name of its own; lists, and objects without anything in them, stay what they are.
fn flatten(map: Map, above: &str, flat: &mut Map) {
    for (key, part) in map {
        let key = if above.is_empty() { key } else { format!("{above}.{key}") };
        match part {
            JsonValue::Object(map) if !map.is_empty() => flatten(map, &key, flat),
            part => flat.push((key, part)),
        }
    }
}
