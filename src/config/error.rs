//! Errors of the configuration file as sentences: file, line, key, reason, and the nearest valid value.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::nearest::hint;

/// Why the configuration could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {}", path.display(), unreadable(source))]
    Unreadable { path: PathBuf, source: io::Error },
    /// All mistakes in the file, by line.
    #[error("{}", lines(path, mistakes))]
    Invalid { path: PathBuf, mistakes: Vec<Mistake> },
}

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line number, from 1.
    pub line: usize,
    /// Dotted, as in `scope.2.mode`; empty for a syntax error.
    pub key: String,
    pub what: String,
}

/// One line of text per mistake.
fn lines(path: &Path, mistakes: &[Mistake]) -> String {
    let line = |Mistake { line, key, what }: &Mistake| format!("{}, line {line}{}: {what}", path.display(), named(key));
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::InvalidData => "not UTF-8 text".into(),
        _ => error.to_string(),
    }
}

fn named(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(", key `{key}`") }
}

impl Mistake {
    /// Converts an error of the parser about `text`; `table` is what it was reading.
    pub(super) fn from_parser(text: &str, table: &DeTable<'_>, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self { line: line(text, span.start), key: path_to(table, &span).join("."), what: rewrite(error.message()) }
    }

    /// A mistake at the key path `keys` that the parser could not find.
    pub(super) fn at(text: &str, keys: &[&str], what: String) -> Self {
        let start = DeTable::parse(text).ok().and_then(|table| start_of(table.get_ref(), keys)).unwrap_or_default();
        Self { line: line(text, start), key: keys.join("."), what }
    }
}

/// Repairs `table` at the position of `error`, so that the rest can be read: an invalid value is removed, a missing one
/// is added, empty. Returns false if neither is possible.
pub(super) fn repair(table: &mut DeTable<'_>, error: &toml::de::Error) -> bool {
    let path = error.span().map(|span| path_to(table, &span)).unwrap_or_default();
    let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    if let Some(field) = missing {
        let Some(table) = table_at(table, &path).filter(|_| !path.is_empty()) else { return false };
        let nothing = Spanned::new(0..0, DeValue::String("".into()));
        return table.insert(Spanned::new(0..0, field.to_owned().into()), nothing).is_none();
    }
    let Some((last, outer)) = path.split_last() else { return false };
    let Some(table) = table_at(table, outer) else { return false };
    let key = table.keys().find(|key| key.get_ref() == last).cloned();
    key.is_some_and(|key| table.remove(&key).is_some())
}

/// The table at the end of `path`; array items count from 1.
fn table_at<'t, 'i>(table: &'t mut DeTable<'i>, path: &[String]) -> Option<&'t mut DeTable<'i>> {
    let Some((first, rest)) = path.split_first() else { return Some(table) };
    let (_, value) = table.iter_mut().find(|(key, _)| key.get_ref() == first)?;
    match value.get_mut() {
        DeValue::Table(inner) => table_at(inner, rest),
        DeValue::Array(array) => {
            let (index, rest) = rest.split_first()?;
            match array.get_mut(index.parse::<usize>().ok()?.checked_sub(1)?)?.get_mut() {
                DeValue::Table(inner) => table_at(inner, rest),
                _ => None,
            }
        }
        _ => None,
    }
}

fn line(text: &str, at: usize) -> usize {
    text.get(..at.min(text.len())).unwrap_or_default().matches('\n').count() + 1
}

/// The position of the key at the end of the path `keys`; array items count from 1.
fn start_of(table: &DeTable<'_>, keys: &[&str]) -> Option<usize> {
    let (first, rest) = keys.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    match (rest, value.get_ref()) {
        ([], _) => Some(key.span().start),
        ([index, rest @ ..], DeValue::Array(array)) => {
            let item = array.get(index.parse::<usize>().ok()?.checked_sub(1)?)?;
            if rest.is_empty() { Some(item.span().start) } else { start_of(item.get_ref().as_table()?, rest) }
        }
        (rest, value) => start_of(value.as_table()?, rest),
    }
}

/// The path of the innermost key whose name or value contains `span`; array items count from 1.
fn path_to(table: &DeTable<'_>, span: &Range<usize>) -> Vec<String> {
    let around = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        let here = around(&key.span()) || around(&value.span());
        let inner = match value.get_ref() {
            DeValue::Table(inner) => path_to(inner, span),
            DeValue::Array(array) => array
                .iter()
                .enumerate()
                .filter_map(|(index, item)| Some((index, item, item.get_ref().as_table()?)))
                .map(|(index, item, inner)| (index, around(&item.span()), path_to(inner, span)))
                .find(|(_, here, inner)| *here || !inner.is_empty())
                .map(|(index, _, inner)| [vec![(index + 1).to_string()], inner].concat())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        if here || !inner.is_empty() {
            return [vec![key.get_ref().to_string()], inner].concat();
        }
    }
    Vec::new()
}

/// Rewrites a message of serde, with the nearest valid values. Serde quotes in backticks the word it got, then those it
/// expected.
fn rewrite(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let mut word = || quoted.next().unwrap_or_default();
    if message.starts_with("unknown field") {
        return format!("unknown key{}", hint(word(), quoted));
    }
    if message.starts_with("unknown variant") {
        let word = word();
        return format!("invalid value `{word}`{}", hint(word, quoted));
    }
    if message.starts_with("missing field") {
        return format!("missing key `{}`", word());
    }
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((got, expected)) => format!("expected {}, not {got}", plain(expected)),
        None => message.to_owned(),
    }
}

/// The expected type in plain words.
fn plain(expected: &str) -> &str {
    match expected {
        "f64" | "i64" => "a number",
        "a sequence" => "a list in [ ]",
        "a map" => "a table",
        other => other,
    }
}
