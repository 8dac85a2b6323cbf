//! Completion data of log filters: field names, states, and values found in the lines.

use super::line_test::{FieldName, NAMES, STATES, path};
use crate::{
    grammar::{Op, typing::by_frequency},
    logs::{
        Level, Line,
        json::{self, JsonValue, Map},
    },
};

/// Levels, the most useful for comparisons first.
const LEVELS: [Level; 6] = [Level::Warn, Level::Error, Level::Fatal, Level::Info, Level::Debug, Level::Trace];
/// Depth to which JSON keys are collected.
const DEEPEST: usize = 4;

/// The field names: spellings, description, operators that can follow.
pub fn names() -> impl Iterator<Item = (&'static [&'static str], &'static str, &'static str)> {
    NAMES.iter().map(|(spellings, about, name)| (*spellings, *about, name.operators()))
}

/// The states that can follow `is:`, and their descriptions.
pub fn states() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATES.iter().map(|(state, about, _)| (*state, *about))
}

/// The keys of a JSON line, each with a leading dot, and their values. Keys inside a list have no index, and the value
/// of the first item that has the key.
pub fn keys(line: &Line) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    if let Some(map) = json::object(&line.text) {
        collect_keys(&map, "", 0, &mut keys);
    }
    keys.retain(|(key, _)| path(key).is_some());
    keys
}

fn collect_keys(map: &Map, before: &str, depth: usize, keys: &mut Vec<(String, String)>) {
    for (key, part) in map {
        collect_key(part, &format!("{before}.{key}"), depth, keys);
    }
}

fn collect_key(part: &JsonValue, key: &str, depth: usize, keys: &mut Vec<(String, String)>) {
    match part {
        JsonValue::Object(map) if depth < DEEPEST => collect_keys(map, key, depth + 1, keys),
        JsonValue::Object(_) => {}
        JsonValue::List(list) => list.iter().for_each(|part| collect_key(part, key, depth, keys)),
        part if keys.iter().all(|(known, _)| known != key) => {
            keys.extend(part.text().map(|text| (key.to_owned(), text.to_owned())));
        }
        _ => {}
    }
}

/// The values of `name` in the lines, most frequent first, each with its number of lines. For a level compared by
/// order: all levels, with a count of 0.
pub fn values<'a>(name: &str, op: Op, lines: impl Iterator<Item = &'a Line>) -> Vec<(String, usize)> {
    if let Some(path) = path(name) {
        let mut values = Vec::new();
        for line in lines.filter(|line| json::looks_like_object(&line.text)) {
            json::for_each_value(&line.text, &path, |value| values.push(value.to_owned()));
        }
        return by_frequency(values);
    }
    match (FieldName::parse(name), op) {
        (None, _) | (Some(FieldName::Level), Op::Matches | Op::MatchesNot) => Vec::new(),
        (Some(FieldName::Level), Op::Contains | Op::Equals | Op::Differs) => {
            by_frequency(lines.filter_map(|line| Some(line.level?.word().to_owned())))
        }
        (Some(FieldName::Level), _) => LEVELS.map(|level| (level.word().to_owned(), 0)).into(),
        // The last name is the short one.
        (Some(FieldName::Place(place)), _) => {
            by_frequency(lines.filter_map(|line| Some(place.names(line.source.as_deref()?).last()?.to_owned())))
        }
    }
}
