//! What the last word of a prompt could become, and how one of that is chosen.

use fuzzy_matcher::FuzzyMatcher;

use super::Prompt;
use crate::{
    grammar::{
        Fault, Op,
        typing::{comparison, last_term, without_last_term, written},
    },
    model::text::{FUZZY, safe},
};

/// Candidates that are offered at most: more than fit on any screen help nobody.
const MOST: usize = 50;
/// Characters of the longest value that is offered: nobody compares with a whole paragraph.
const LONGEST: usize = 120;

/// A word that may be typed, and one line about it, which may be empty.
pub type Suggestion = (String, String);

/// A name or a state that a filter knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterTerm {
    /// Its name first.
    pub spellings: Vec<String>,
    /// One line about it; may be empty.
    pub about: String,
}

impl FilterTerm {
    /// The state `word`.
    pub fn state(word: &str, about: &str) -> Self {
        Self { spellings: vec![format!("is:{word}")], about: about.to_owned() }
    }
}

/// What the last word could become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// One line beside it; may be empty.
    pub about: String,
    /// Characters of `text` that matched, ascending.
    pub matched: Vec<usize>,
}

/// What the last word could become, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// Bytes before the word.
    start: usize,
    pub candidates: Vec<Candidate>,
    /// The candidate that tab has put into the prompt.
    pub chosen: Option<usize>,
}

impl Completion {
    /// The choices that are like `word`, which stands behind `start` bytes: those that begin with it first, the shorter
    /// before the longer.
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

    /// The terms that begin with `word`, in either case: those whose name does before those of which another spelling does.
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

    /// What the last term of the filter `text` could become: `terms` are the names and states that a word may be the
    /// beginning of, `values` what may follow a name and an operator.
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
                // In whatever case a value is typed, its own is offered.
                (word, Self::like(text.len() - word.len(), &word.to_lowercase(), choices))
            }
            None => (term, Self::beginning(start, term, terms(term))),
        };
        match &found.candidates[..] {
            // It is complete.
            [only] if only.text == word && compared.is_some() => Self::default(),
            _ => found,
        }
    }

    /// The same behind `bytes` more.
    pub fn behind(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, ..self }
    }
}

/// A value as it is typed after `op`; absent where it can't be, or would not stand for itself.
fn as_typed(value: &str, op: Op) -> Option<String> {
    let pattern = matches!(op, Op::Matches | Op::MatchesNot);
    let plain = value.chars().count() <= LONGEST && safe(value) == value && !(pattern && regex::escape(value) != value);
    plain.then(|| written(value)).flatten().map(Into::into)
}

impl Prompt {
    /// The text that counts: none while typing would replace it, or while the history is searched.
    pub fn typed(&self) -> Option<&str> {
        self.searching.is_none().then_some(if self.preselected { "" } else { self.text() })
    }

    /// Offers what the last word could become, and as ghost what the newest such line of the history, or else the best
    /// candidate, adds to the text.
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

    /// The filter that is in force while this one is typed. Its last term is left out as long as it could become one of the
    /// candidates and can't be read yet, or finds nothing: nobody wants to see what `stat` hides on the way to `status=`.
    ///
    /// # Errors
    /// Where it can't be read, and why.
    pub fn read_so_far<T>(
        &self,
        read: impl Fn(&str) -> Result<T, Fault>,
        finds: impl FnOnce(&T) -> bool,
    ) -> Result<T, Fault> {
        match read(self.text()) {
            result if self.completion.candidates.is_empty() => result,
            Ok(filter) if finds(&filter) => Ok(filter),
            _ => read(without_last_term(self.text())),
        }
    }

    /// Puts the next candidate in place of the last word, or the one before it; false where there is none.
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
