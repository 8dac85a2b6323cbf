//! Candidates for the last word of a prompt, choosing one, and the ghost text.

use fuzzy_matcher::FuzzyMatcher;

use super::Prompt;
use crate::{
    grammar::{
        Fault, Op, has_metacharacters,
        typing::{comparison, last_term, without_last_term, written},
    },
    model::text::{FUZZY, safe},
};

/// Maximum number of candidates.
const MOST: usize = 50;
/// Maximum length of a suggested value.
const LONGEST: usize = 120;

/// A word to suggest, and one line about it, which may be empty.
pub type Suggestion = (String, String);

/// A name or a state in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterTerm {
    /// All spellings; the name comes first.
    pub spellings: Vec<String>,
    /// One line about it; may be empty.
    pub about: String,
}

impl FilterTerm {
    /// The term for the state `word`.
    pub fn state(word: &str, about: &str) -> Self {
        Self { spellings: vec![format!("is:{word}")], about: about.to_owned() }
    }
}

/// A word that may replace the last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// One line beside it; may be empty.
    pub about: String,
    /// Characters of `text` that matched, ascending.
    pub matched: Vec<usize>,
}

/// The candidates for the last word, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// Byte offset of the last word.
    start: usize,
    pub candidates: Vec<Candidate>,
    /// Index of the candidate that tab has inserted.
    pub chosen: Option<usize>,
}

impl Completion {
    /// The choices that match `word` fuzzily. Those that begin with it come first, shorter ones before longer ones.
    /// `word` begins at byte `start`.
    pub fn like(start: usize, word: &str, choices: Vec<Suggestion>) -> Self {
        let mut found: Vec<(i64, Candidate)> = choices
            .into_iter()
            .filter_map(|(text, about)| {
                let (score, matched) = FUZZY.fuzzy_indices(&text, word)?;
                let bonus = if text.starts_with(word) { 1000 - i64::try_from(text.len()).unwrap_or(0) } else { 0 };
                Some((score + bonus, Candidate { text, about, matched }))
            })
            .collect();
        if !word.is_empty() {
            found.sort_by_key(|(score, _)| -score);
        }
        Self::new(start, found.into_iter().map(|(_, candidate)| candidate))
    }

    /// The terms that begin with `word`, ignoring case. Terms with a matching name come before those with another
    /// matching spelling.
    fn beginning(start: usize, word: &str, terms: Vec<FilterTerm>) -> Self {
        let lower = word.to_lowercase();
        let matched: Vec<usize> = (0..lower.chars().count()).collect();
        let spelt = |FilterTerm { spellings, about }: FilterTerm| {
            let begins = |text: &str| text.to_lowercase().starts_with(&lower);
            let (at, text) = spellings.into_iter().enumerate().find(|(_, spelling)| begins(spelling))?;
            Some((at > 0, Candidate { text, about, matched: matched.clone() }))
        };
        let mut found: Vec<_> = terms.into_iter().filter_map(spelt).collect();
        found.sort_by_key(|(other, _)| *other);
        Self::new(start, found.into_iter().map(|(_, candidate)| candidate))
    }

    fn new(start: usize, candidates: impl Iterator<Item = Candidate>) -> Self {
        Self { start, candidates: candidates.take(MOST).collect(), chosen: None }
    }

    /// Candidates for the last term of the filter `text`: `terms` are the names and states, `values` the values that
    /// may follow a name and an operator.
    pub fn of_term(
        text: &str,
        terms: impl FnOnce(&str) -> Vec<FilterTerm>,
        values: impl FnOnce(&str, Op) -> Vec<Suggestion>,
    ) -> Self {
        let Some(start) = last_term(text) else { return Self::default() };
        let term = &text[start..];
        let compared = comparison(term);
        let (word, found) = match compared.filter(|(name, ..)| *name != "is") {
            Some((name, op, word)) => {
                let write = |(value, about): Suggestion| Some((as_typed(&value, op)?, about));
                let choices = values(name, op).into_iter().filter_map(write).collect();
                // A lower-case pattern matches in any case.
                (word, Self::like(text.len() - word.len(), &word.to_lowercase(), choices))
            }
            None => (term, Self::beginning(start, term, terms(term))),
        };
        match &found.candidates[..] {
            // The term is complete.
            [only] if only.text == word && compared.is_some() => Self::default(),
            _ => found,
        }
    }

    /// The same for a text with `bytes` more at the beginning.
    pub fn behind(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, ..self }
    }
}

/// A value as typed after `op`. Absent if it can't be typed, or if a regular expression would match something else.
fn as_typed(value: &str, op: Op) -> Option<String> {
    let pattern = matches!(op, Op::Matches | Op::MatchesNot);
    let plain = value.chars().count() <= LONGEST && safe(value) == value && !(pattern && has_metacharacters(value));
    plain.then(|| written(value)).flatten().map(Into::into)
}

impl Prompt {
    /// The text to complete: empty while typing would replace it, absent during a history search.
    pub fn typed(&self) -> Option<&str> {
        self.searching.is_none().then_some(if self.preselected { "" } else { self.text() })
    }

    /// Shows candidates. The ghost text is the rest of the newest history line that begins with the text, or else of
    /// the best candidate.
    pub fn offer(&mut self, completion: Completion, past: &[String]) {
        self.completion = completion;
        self.ghost = self.rest(past).map(|rest| safe(rest).into_owned()).unwrap_or_default();
    }

    fn rest<'a>(&'a self, past: &'a [String]) -> Option<&'a str> {
        let text = self.typed().filter(|text| !text.is_empty())?;
        let line = past.iter().rev().find_map(|line| line.strip_prefix(text)).filter(|rest| !rest.is_empty());
        let word = text.get(self.completion.start..).filter(|word| !word.is_empty());
        line.or_else(|| self.completion.candidates.first()?.text.strip_prefix(word?))
    }

    /// The filter to apply while it is being typed. Its last term is ignored while it is incomplete: something is
    /// missing at its end, or it could become one of the candidates and is invalid or matches nothing. So `stat` hides
    /// no rows while `status=` is being typed.
    ///
    /// # Errors
    ///
    /// What is invalid, and where.
    pub fn parse_unfinished<T>(
        &self,
        read: impl Fn(&str) -> Result<T, Fault>,
        finds: impl FnOnce(&T) -> bool,
    ) -> Result<T, Fault> {
        let text = self.text();
        let offers = !self.completion.candidates.is_empty();
        let result = read(text);
        let unfinished = match &result {
            Ok(filter) => offers && !finds(filter),
            Err(fault) => offers || fault.at >= text.chars().count(),
        };
        if unfinished { read(without_last_term(text)) } else { result }
    }

    /// Replaces the last word by the next candidate, or the previous; returns false if there is none.
    pub fn choose(&mut self, steps: isize) -> bool {
        let count = self.completion.candidates.len();
        let next = match self.completion.chosen {
            Some(chosen) => (chosen + count).saturating_add_signed(steps).checked_rem(count),
            None if steps < 0 => count.checked_sub(1),
            None => Some(0),
        };
        let Some((next, candidate)) = next.and_then(|next| Some((next, self.completion.candidates.get(next)?))) else {
            return false;
        };
        let before = self.typed().and_then(|text| text.get(..self.completion.start)).unwrap_or_default();
        let line = format!("{before}{}", candidate.text);
        self.set(&line);
        self.ghost.clear();
        self.completion.chosen = Some(next);
        true
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("web-api", Op::Matches, Some("web-api"))]
    #[case("out of memory", Op::MatchesNot, Some("\"out of memory\""))]
    #[case("nginx:1.2", Op::Matches, None)]
    #[case("nginx:1.2", Op::Contains, Some("nginx:1.2"))]
    #[case("\u{1b}[2J", Op::Equals, None)]
    fn a_value_is_offered_if_it_stands_for_itself(#[case] value: &str, #[case] op: Op, #[case] typed: Option<&str>) {
        assert_eq!(as_typed(value, op).as_deref(), typed);
    }
}
