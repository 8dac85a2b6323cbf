//! Completion of the last term of a log filter: names, JSON keys, states, and values of the lines in memory.

use std::collections::HashMap;

use super::buffer::LogBuffer;
use crate::{
    grammar::{
        Op,
        typing::{by_frequency, without_last_term},
    },
    logs::{
        Line, Role,
        filter::{self, LineFilter},
    },
    model::{
        prompt::{Completion, FilterTerm},
        text::safe,
    },
};

/// Maximum number and bytes of the newest lines to search at each key press.
const LINES: usize = 2_000;
const BYTES: usize = 256 << 10;
/// Maximum number of JSON keys to suggest.
const KEYS: usize = 30;
/// Maximum length of an example value.
const EXAMPLE: usize = 40;

impl LogBuffer {
    /// Completes the last term of `text` with values of the lines that the other terms accept.
    pub(super) fn complete(&self, text: &str) -> Completion {
        let values = |name: &str, op: Op| {
            let others = LineFilter::parse(without_exclusion(without_last_term(text))).unwrap_or_default();
            let values = filter::values(name, op, self.newest().filter(|line| others.admits(line)));
            values.into_iter().map(|(value, lines)| (value, count(lines))).collect()
        };
        Completion::of_term(text, |word| self.terms(word), values)
    }

    /// Whether `filter` accepts one of the newest lines.
    pub(super) fn finds(&self, filter: &LineFilter) -> bool {
        self.newest().any(|line| filter.admits(line))
    }

    /// The newest lines that containers wrote, within the limits for each key press.
    fn newest(&self) -> impl Iterator<Item = &Line> {
        let mut bytes = 0;
        let near = self.ring.numbers().rev().filter_map(|number| self.ring.get(number)).take(LINES);
        let few = near.take_while(move |line| {
            bytes += line.text.len();
            bytes <= BYTES
        });
        few.filter(|line| line.role == Role::Output)
    }

    /// Names, JSON keys if `word` is empty or begins with a dot, and states. For a complete name, also what may follow
    /// it.
    fn terms(&self, word: &str) -> Vec<FilterTerm> {
        let name = |(spellings, about, follows): (&[&str], &str, &str)| FilterTerm {
            spellings: spellings.iter().map(|spelling| (*spelling).to_owned()).collect(),
            about: match spellings.iter().any(|spelling| spelling.eq_ignore_ascii_case(word)) {
                true => follows.to_owned(),
                false => about.to_owned(),
            },
        };
        let keys = if word.is_empty() || word.starts_with('.') { self.keys() } else { Vec::new() };
        let states = filter::states().map(|(state, about)| FilterTerm::state(state, about));
        filter::names().map(name).chain(keys).chain(states).collect()
    }

    /// The keys of JSON lines, the most frequent first, each with the value of the newest line that has it.
    fn keys(&self) -> Vec<FilterTerm> {
        let (mut keys, mut examples) = (Vec::new(), HashMap::new());
        for (key, value) in self.newest().flat_map(filter::keys) {
            examples.entry(key.clone()).or_insert(value);
            keys.push(key);
        }
        let known = by_frequency(keys).into_iter().filter(|(key, _)| safe(key) == *key).take(KEYS);
        let term = |(key, _): (String, usize)| {
            let example = examples.remove(&key).unwrap_or_default();
            let example: String = safe(&example).chars().take(EXAMPLE).collect();
            FilterTerm { spellings: vec![key], about: format!("JSON, such as {example}") }
        };
        known.map(term).collect()
    }
}

/// The text of a filter without the leading `!` that excludes matching lines.
pub(super) fn without_exclusion(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix('!').unwrap_or(text)
}

fn count(lines: usize) -> String {
    match lines {
        0 => String::new(),
        1 => "1 line".into(),
        lines => format!("{lines} lines"),
    }
}
