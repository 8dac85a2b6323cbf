//! What is wrong with a configuration file, as a sentence: file, line, key, what, and the nearest valid word.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use crate::nearest::hint;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {}", path.display(), unreadable(source))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}, line {line}{}: {what}", path.display(), named(key))]
    Invalid {
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Dotted, as in `scope.2.mode`; empty where the file is no TOML.
        key: String,
        what: String,
    },
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "may not be read".into(),
        io::ErrorKind::InvalidData => "is not UTF-8 text".into(),
        _ => error.to_string(),
    }
}

fn named(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(", key `{key}`") }
}

impl ConfigError {
    /// Turns the parser's error about `text` into words.
    pub(super) fn of(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self::Invalid {
            path: path.to_owned(),
            line: line(text, span.start),
            key: DeTable::parse(text).map(|table| key_at(table.get_ref(), &span)).unwrap_or_default(),
            what: reworded(error.message()),
        }
    }

    /// Says of the key at `keys`, which the parser had nothing against, what is wrong with it all the same.
    pub(super) fn at(path: &Path, text: &str, keys: &[&str], what: String) -> Self {
        let start = DeTable::parse(text).ok().and_then(|table| start_of(table.get_ref(), keys)).unwrap_or_default();
        Self::Invalid { path: path.to_owned(), line: line(text, start), key: keys.join("."), what }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.get(..at.min(text.len())).unwrap_or_default().matches('\n').count() + 1
}

/// Where the key at the end of the path `keys` begins.
fn start_of(table: &DeTable<'_>, keys: &[&str]) -> Option<usize> {
    let (first, rest) = keys.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    if rest.is_empty() { Some(key.span().start) } else { start_of(value.get_ref().as_table()?, rest) }
}

/// The dotted path of the innermost key whose name or value lies around `span`. Arrays count from 1.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> String {
    let around = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        let name = key.get_ref();
        let here = around(&key.span()) || around(&value.span());
        let inner = match value.get_ref() {
            DeValue::Table(inner) => key_at(inner, span),
            DeValue::Array(array) => array
                .iter()
                .enumerate()
                .filter_map(|(index, item)| Some((index, item, item.get_ref().as_table()?)))
                .map(|(index, item, inner)| (index, around(&item.span()), key_at(inner, span)))
                .find(|(_, here, inner)| *here || !inner.is_empty())
                .map(|(index, _, inner)| join(&(index + 1).to_string(), &inner))
                .unwrap_or_default(),
            _ => String::new(),
        };
        if here || !inner.is_empty() {
            return join(name, &inner);
        }
    }
    String::new()
}

fn join(outer: &str, inner: &str) -> String {
    if inner.is_empty() { outer.to_owned() } else { format!("{outer}.{inner}") }
}

/// Serde's message in words of people, with the nearest valid ones. Serde quotes the word it got, then those it expected,
/// in backticks.
fn reworded(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let mut word = || quoted.next().unwrap_or_default();
    if message.starts_with("unknown field") {
        return format!("there is no such key{}", hint(word(), quoted));
    }
    if message.starts_with("unknown variant") {
        let word = word();
        return format!("it can't be `{word}`{}", hint(word, quoted));
    }
    if message.starts_with("missing field") {
        return format!("it lacks `{}`", word());
    }
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((got, expected)) => format!("expected {}, not {got}", plain(expected)),
        None => message.to_owned(),
    }
}

/// What serde expects, without Rust.
fn plain(expected: &str) -> &str {
    match expected {
        "f64" => "a number",
        "a sequence" => "a list in [ ]",
        "a map" => "a table",
        other => other,
    }
}
