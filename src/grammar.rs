//! The grammar of filters, for tables and logs alike: from text to terms.
//!
//! ```text
//! filter := { term }                    a space means "and"; quotes keep spaces
//! term   := ["!"] ( word | "text" | own )
//! own    := what only this kind of filter knows: mostly  name op value
//! op     := ":" contains | "=" | "!=" | "~" regex | "!~" | "<" | "<=" | ">" | ">="
//! ```
//!
//! A word is a regular expression if it compiles and has metacharacters, else plain text. Smart case; `\c` ignores and
//! `\C` respects it.
//!
//! A name before `=`, `!=`, `~`, `!~`, `<` or `>` that is none is a mistake. Before `:` it is a mistake if it is almost a
//! name that is known, or one that is known elsewhere; else the whole is plain text, so that `nginx:1.2`, `arn:aws:…` and
//! `http://…` can be looked for as they are. In quotes everything is plain text.

use std::{cmp::Ordering, iter::Peekable};

use regex::{Regex, RegexBuilder};

use crate::nearest::{hint, mistyped};

pub mod typing;

/// Where a text can't be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Characters before the offending place.
    pub at: usize,
    pub reason: String,
}

impl Fault {
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    /// What is said of a filter that can't be read, where no prompt shows the place.
    pub fn in_filter(&self) -> String {
        format!("filter, character {}: {}", self.at + 1, self.reason)
    }
}

/// One condition; all of them must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Term<T> {
    pub negated: bool,
    pub test: Test<T>,
    /// Characters before the part that may turn out to be unreadable.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test<T> {
    /// A regular expression if it has the looks of one, else plain text.
    Word(String),
    Quoted(String),
    /// What only this kind of filter knows.
    Own(T),
}

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
    /// Whether what compares to the value in this way is what is asked for.
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

    /// What a text must match, and whether it must or must not; none for what asks for an order.
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

/// How case is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// Exact for what has a capital in it.
    #[default]
    Smart,
    Ignore,
    Respect,
}

impl Case {
    /// Whether what was typed stands for itself in either case.
    pub fn ignored(self, typed: &str) -> bool {
        match self {
            Self::Smart => !has_capital(typed),
            Self::Ignore => true,
            Self::Respect => false,
        }
    }
}

/// The terms of `text`, and the case that it asks for. `own` reads what only this kind of filter knows, if that is what
/// comes next, and says where the part of it begins that may turn out to be unreadable.
///
/// # Errors
/// Where it can't be read, and why.
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

/// What follows `flag`, if the text begins with it.
pub fn option<'a>(text: &'a str, flag: &str) -> Option<&'a str> {
    text.trim_start().strip_prefix(flag).filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// How far a filter's text is read.
#[derive(Debug)]
pub struct FilterReader<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
}

impl<'a> FilterReader<'a> {
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.characters(), reason)
    }

    /// Characters read.
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

    /// A name that is known and an operator; nothing is read where there are none.
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

    /// Refuses what comes next if it is a name that is not known and an operator. `what` says what is unknown and `advice`
    /// how to write what was meant, `names` are those that are known here, and `elsewhere` recognises names that mean
    /// something in other filters.
    ///
    /// # Errors
    /// The name, and the nearest ones.
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

    /// What stands after an operator.
    ///
    /// # Errors
    /// When nothing does.
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

    /// Goes to the next term; false at the end.
    fn skip_spaces(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    /// `\c` and `\C`, standing alone.
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
            return Err(self.fault("what must not match is missing after !"));
        }
        if self.rest().starts_with('"') {
            return Ok(Term { negated, test: Test::Quoted(self.quoted()?), at });
        }
        if let Some((at, test)) = own(self)? {
            return Ok(Term { negated, test: Test::Own(test), at });
        }
        Ok(Term { negated, test: Test::Word(self.until_space().into()), at })
    }

    /// What stands between quotes; `\"` is a quote.
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

/// Whether a character belongs to the name of a column.
pub fn in_column(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/')
}

/// Whether some of its characters mean something else than themselves in a regular expression.
pub fn has_metacharacters(text: &str) -> bool {
    text.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$'])
}

/// The regular expression that a word is, if it is one.
pub fn regular(word: &str, case: Case) -> Option<Regex> {
    has_metacharacters(word).then(|| compile(word, word, case).ok()).flatten()
}

/// The regular expression `pattern`, in the case that `typed` asks for.
///
/// # Errors
/// Why it is none.
pub fn compile(pattern: &str, typed: &str, case: Case) -> Result<Regex, String> {
    let ignore = case.ignored(typed);
    RegexBuilder::new(pattern).case_insensitive(ignore).multi_line(true).size_limit(1 << 20).build().map_err(|error| {
        match error {
            // The library draws a picture of several lines; its last one is the sentence.
            regex::Error::Syntax(text) => {
                let sentence = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("no regular expression: {sentence}")
            }
            _ => "the regular expression is too large".into(),
        }
    })
}

/// The number that a text is; what is typed as `inf` is none.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Compares without regard to case, and numbers within the texts by their size: `web:9` comes before `web:10`. `lower` is
/// in lower case already.
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

/// The number that comes next: how many digits it has without leading zeros, and which.
fn digits(text: &mut Peekable<impl Iterator<Item = char>>) -> (usize, String) {
    let digits: String = std::iter::from_fn(|| text.next_if(char::is_ascii_digit)).skip_while(|c| *c == '0').collect();
    (digits.len(), digits)
}

/// Whether `text` is the id, or its last part: what a person pastes from elsewhere.
pub fn is_id(id: &str, text: &str) -> bool {
    id.strip_suffix(text).is_some_and(|rest| !text.is_empty() && (rest.is_empty() || rest.ends_with('/')))
}

/// Capitals that stand for themselves: those of `\S` and `\W` are no sign of interest in case.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let counts = c.is_uppercase() && !escaped;
        escaped = c == '\\' && !escaped;
        counts
    })
}
