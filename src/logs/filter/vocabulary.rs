//! The names that a filter of a log knows, and the values of the lines at hand, for completion.

use super::line_test::{FieldName, NAMES, STATES, path};
use crate::{
    grammar::{Op, typing::by_frequency},
    logs::{
        Level, Line,
        json::{self, JsonValue, Map},
    },
};

/// Levels, those that are most often compared with first.
const LEVELS: [Level; 6] = [Level::Warn, Level::Error, Level::Fatal, Level::Info, Level::Debug, Level::Trace];
/// Levels of nesting in which keys of JSON are looked for.
const DEEPEST: usize = 4;

/// Each name with its spellings, what it is, and what may follow it.
pub fn names() -> impl Iterator<Item = (&'static [&'static str], &'static str, &'static str)> {
    NAMES.iter().map(|(spellings, about, name)| (*spellings, *about, name.what_follows()))
}

/// The states that may follow `is:`, and what each means.
pub fn states() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATES.iter().map(|(state, about, _)| (*state, *about))
}

/// The keys of a line that is JSON, with a dot in front, and their values. A key within a list has no index, and the value
/// of the first item that has it.
pub fn keys(line: &Line) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    if let Some(map) = json::object(&line.text) {
        note_keys(&map, "", 0, &mut keys);
    }
    keys.retain(|(key, _)| path(key).is_some());
    keys
}

fn note_keys(map: &Map, before: &str, depth: usize, keys: &mut Vec<(String, String)>) {
    for (key, part) in map {
        note_key(part, &format!("{before}.{key}"), depth, keys);
    }
}

fn note_key(part: &JsonValue, key: &str, depth: usize, keys: &mut Vec<(String, String)>) {
    match part {
        JsonValue::Object(map) if depth < DEEPEST => note_keys(map, key, depth + 1, keys),
        JsonValue::Object(_) => {}
        JsonValue::List(list) => list.iter().for_each(|part| note_key(part, key, depth, keys)),
        part if keys.iter().all(|(known, _)| known != key) => {
            keys.extend(part.text().map(|text| (key.to_owned(), text.to_owned())));
        }
        _ => {}
    }
}

/// The values that the lines have for `name`, the most frequent first, each with the number of lines. For levels that `op`
/// puts in order: all levels, with a count of 0.
pub fn values<'a>(name: &str, op: Op, lines: impl Iterator<Item = &'a Line>) -> Vec<(String, usize)> {
    if let Some(path) = path(name) {
        let mut values = Vec::new();
        for line in lines.filter(|line| json::may_be(&line.text)) {
            json::each(&line.text, &path, |value| values.push(value.to_owned()));
        }
        return by_frequency(values);
    }
    match (FieldName::parse(name), op) {
        (None, _) | (Some(FieldName::Level), Op::Matches | Op::MatchesNot) => Vec::new(),
        (Some(FieldName::Level), Op::Contains | Op::Equals | Op::Differs) => {
            by_frequency(lines.filter_map(|line| Some(line.level?.word().to_owned())))
        }
        (Some(FieldName::Level), _) => LEVELS.map(|level| (level.word().to_owned(), 0)).into(),
        // The last name is the shortest.
        (Some(FieldName::Place(place)), _) => {
            by_frequency(lines.filter_map(|line| Some(place.of(line.source.as_deref()?).last()?.to_owned())))
        }
    }
}
