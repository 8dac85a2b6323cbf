//! The filter grammar, common to tables and logs: from text to terms.
//!
//! ```text
//! filter := { term }                    a space means "and"; quotes keep spaces
//! term   := ["!"] ( word | "text" | own )
//! own    := a term of this kind of filter: mostly  name op value
//! op     := ":" contains | "=" | "!=" | "~" regex | "!~" | "<" | "<=" | ">" | ">="
//! ```
//!
//! A word is a regular expression if it compiles and has metacharacters, else plain text. Smart case; `\c` ignores and
//! `\C` respects it.
//!
//! An unknown name before `=`, `!=`, `~`, `!~`, `<` or `>` is an error. Before `:` it is an error only if it resembles
//! a known name, or is known in other filters; otherwise the whole term is plain text, so that `nginx:1.2`, `arn:aws:…`
//! and
//! `http://…` can be searched for as they are. In quotes everything is plain text.

use std::{cmp::Ordering, iter::Peekable};

use regex::{Regex, RegexBuilder};

use crate::nearest::{hint, mistyped};

pub mod typing;

/// Position and reason of a syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Number of characters before the error.
    pub at: usize,
    pub reason: String,
}

impl Fault {
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    /// The message for an invalid filter, where no prompt shows the position.
    pub fn in_filter(&self) -> String {
        format!("filter, character {}: {}", self.at + 1, self.reason)
    }
}

/// One condition; all of them must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Term<T> {
    pub negated: bool,
    pub test: Test<T>,
    /// Number of characters before the part that may turn out to be invalid.
    pub at: usize,
}

/// What a term tests.
#[derive(Debug, Clone, PartialEq)]
pub enum Test<T> {
    /// A regular expression if it looks like one, else plain text.
    Word(String),
    Quoted(String),
    /// A test of this kind of filter.
    Own(T),
}

/// An operator between a name and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Contains,
    Equals,
    Differs,
    Matches,
    MatchesNot,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Longest first, so that `>=` is not read as `>`.
pub const OPS: [(&str, Op); 9] = [
    ("!=", Op::Differs),
    ("!~", Op::MatchesNot),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    (":", Op::Contains),
    ("=", Op::Equals),
    ("~", Op::Matches),
    ("<", Op::Less),
    (">", Op::Greater),
];

impl Op {
    /// Returns whether a comparison with the value has the wanted result.
    pub fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Contains | Self::Equals | Self::Matches => order.is_eq(),
            Self::Differs | Self::MatchesNot => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    /// The pattern that a text must match (`true`) or must not match (`false`); `None` for order comparisons.
    pub fn pattern(self, value: &str) -> Option<(String, bool)> {
        let escaped = regex::escape(value);
        match self {
            Self::Contains => Some((escaped, true)),
            Self::Matches => Some((value.to_owned(), true)),
            Self::MatchesNot => Some((value.to_owned(), false)),
            Self::Equals => Some((format!("^(?:{escaped})$"), true)),
            Self::Differs => Some((format!("^(?:{escaped})$"), false)),
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => None,
        }
    }
}

/// Case sensitivity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// Sensitive if the text typed has a capital letter.
    #[default]
    Smart,
    Ignore,
    Respect,
}

impl Case {
    /// Returns whether case is ignored for the text typed.
    pub fn ignored(self, typed: &str) -> bool {
        match self {
            Self::Smart => !has_capital(typed),
            Self::Ignore => true,
            Self::Respect => false,
        }
    }
}

/// Parses `text` into terms and case sensitivity. `own` parses a term of this kind of filter, if there is one next, and
/// returns the position of the part of it that may turn out to be invalid.
///
/// # Errors
/// A syntax error.
pub fn terms<T>(
    text: &str,
    own: impl Fn(&mut FilterReader<'_>) -> Result<Option<(usize, T)>, Fault>,
) -> Result<(Vec<Term<T>>, Case), Fault> {
    let mut reader = FilterReader { text, at: 0 };
    let (mut terms, mut case) = (Vec::new(), Case::default());
    while reader.skip_spaces() {
        match reader.flag() {
            Some(flag) => case = flag,
            None => terms.push(reader.term(&own)?),
        }
    }
    Ok((terms, case))
}

/// The text after `flag`, if `text` starts with it.
pub fn option<'a>(text: &'a str, flag: &str) -> Option<&'a str> {
    text.trim_start().strip_prefix(flag).filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A position in the text of a filter.
#[derive(Debug)]
pub struct FilterReader<'a> {
    text: &'a str,
    /// Number of bytes read.
    at: usize,
}

impl<'a> FilterReader<'a> {
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.characters(), reason)
    }

    /// Number of characters read.
    pub fn characters(&self) -> usize {
        self.text[..self.at].chars().count()
    }

    pub fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub fn until_space(&mut self) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// Reads a known name and an operator; reads nothing if there are none.
    pub fn comparison<K>(
        &mut self,
        in_name: impl Fn(char) -> bool,
        known: impl FnOnce(&str) -> Option<K>,
    ) -> Option<(K, Op)> {
        let (name, spelling, op) = self.named(in_name)?;
        let known = known(name)?;
        self.at += name.len() + spelling.len();
        Some((known, op))
    }

    /// The name and the operator that come next, without reading them.
    fn named(&self, in_name: impl Fn(char) -> bool) -> Option<(&'a str, &'static str, Op)> {
        let rest = self.rest();
        let end = rest.find(|c| !in_name(c))?;
        let (spelling, op) = OPS.iter().find(|(spelling, _)| rest[end..].starts_with(spelling))?;
        Some((&rest[..end], spelling, *op))
    }

    /// Fails if an unknown name and an operator come next. `what` says what is unknown, `advice` what to write instead,
    /// `names` are the known names, and `elsewhere` recognises names of other filters.
    ///
    /// # Errors
    /// The unknown name, with the nearest known ones.
    pub fn refuse_unknown(
        &self,
        what: &str,
        advice: &str,
        names: &[&'static str],
        elsewhere: impl FnOnce(&str) -> bool,
    ) -> Result<(), Fault> {
        let in_name = |c: char| in_column(c) || c == '.';
        let Some((name, _, op)) = self.named(in_name) else { return Ok(()) };
        let url = self.rest()[name.len()..].starts_with("://");
        let near = || names.iter().any(|known| mistyped(name, known)) || elsewhere(name);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || url || (op == Op::Contains && !near()) {
            return Ok(());
        }
        let hint = hint(name, names.iter().copied());
        Err(self.fault(format!("unknown {what} `{name}`{hint}; {advice}")))
    }

    /// Reads the value after an operator.
    ///
    /// # Errors
    /// The value is missing.
    pub fn value(&mut self, op: Op) -> Result<String, Fault> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        match self.until_space() {
            "" => {
                let spelling = OPS.iter().find(|(_, other)| *other == op).map_or("", |(spelling, _)| spelling);
                Err(self.fault(format!("a value is missing after {spelling}")))
            }
            value => Ok(value.into()),
        }
    }

    /// Skips to the next term; returns false at the end.
    fn skip_spaces(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    /// Reads `\c` or `\C`, if it stands alone.
    fn flag(&mut self) -> Option<Case> {
        let case = match self.rest().split_whitespace().next()? {
            r"\c" => Case::Ignore,
            r"\C" => Case::Respect,
            _ => return None,
        };
        self.at += 2;
        Some(case)
    }

    fn term<T>(&mut self, own: impl Fn(&mut Self) -> Result<Option<(usize, T)>, Fault>) -> Result<Term<T>, Fault> {
        let negated = self.take("!");
        let at = self.characters();
        if self.rest().is_empty() || self.rest().starts_with(char::is_whitespace) {
            return Err(self.fault("a term is missing after !"));
        }
        if self.rest().starts_with('"') {
            return Ok(Term { negated, test: Test::Quoted(self.quoted()?), at });
        }
        if let Some((at, test)) = own(self)? {
            return Ok(Term { negated, test: Test::Own(test), at });
        }
        Ok(Term { negated, test: Test::Word(self.until_space().into()), at })
    }

    /// Reads a quoted text; `\"` is a quote.
    fn quoted(&mut self) -> Result<String, Fault> {
        let opening = self.fault("the quote is not closed");
        self.take("\"");
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' if self.take("\"") => text.push('"'),
                c => text.push(c),
            }
        }
        Err(opening)
    }
}

/// Returns whether a character can be part of a column name.
pub fn in_column(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/')
}

/// Returns whether the text has characters with a special meaning in regular expressions.
pub fn has_metacharacters(text: &str) -> bool {
    text.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$'])
}

/// The word as a regular expression, if it looks like one and compiles.
pub fn regular(word: &str, case: Case) -> Option<Regex> {
    has_metacharacters(word).then(|| compile(word, word, case).ok()).flatten()
}

/// Compiles `pattern`, with the case sensitivity that follows from `typed`.
///
/// # Errors
/// Why it is invalid.
pub fn compile(pattern: &str, typed: &str, case: Case) -> Result<Regex, String> {
    let ignore = case.ignored(typed);
    RegexBuilder::new(pattern).case_insensitive(ignore).multi_line(true).size_limit(1 << 20).build().map_err(|error| {
        match error {
            // The message is a picture of several lines; the last line is the reason.
            regex::Error::Syntax(text) => {
                let sentence = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("invalid regex: {sentence}")
            }
            _ => "the regular expression is too large".into(),
        }
    })
}

/// Parses a finite number.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Compares texts ignoring case, and the numbers in them by value: `web:9` comes before `web:10`. `lower` must be in
/// lower case.
pub fn collate(text: &str, lower: &str) -> Ordering {
    let (mut left, mut right) = (text.chars().flat_map(char::to_lowercase).peekable(), lower.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                digits(&mut left).cmp(&digits(&mut right))
            }
            _ => match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (a, b) => a.cmp(&b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Reads the next number: count of digits without leading zeros, and the digits.
fn digits(text: &mut Peekable<impl Iterator<Item = char>>) -> (usize, String) {
    let digits: String = std::iter::from_fn(|| text.next_if(char::is_ascii_digit)).skip_while(|c| *c == '0').collect();
    (digits.len(), digits)
}

/// Returns whether `text` is the full id or its last part, as pasted by a user.
pub fn is_id(id: &str, text: &str) -> bool {
    id.strip_suffix(text).is_some_and(|rest| !text.is_empty() && (rest.is_empty() || rest.ends_with('/')))
}

/// Returns whether the text has capital letters; those of escapes such as `\S` and `\W` don't count.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let counts = c.is_uppercase() && !escaped;
        escaped = c == '\\' && !escaped;
        counts
    })
}
