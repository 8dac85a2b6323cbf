//! The grammar of filters: from text to terms.

use super::Fault;
use crate::resource::Kind;

/// One condition; all of them must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub negated: bool,
    pub test: Test,
    /// Characters before the part that may turn out to be unreadable.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// A regular expression if it has the looks of one, else plain text.
    Word(String),
    Quoted(String),
    Fuzzy(String),
    Compare {
        column: usize,
        op: Op,
        value: String,
    },
    State(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
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
pub(super) const OPS: [(&str, Op); 9] = [
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

/// How case is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Case {
    /// Exact for what has a capital in it.
    #[default]
    Smart,
    Ignore,
    Respect,
}

/// The terms of `text` for a table of `kind`.
pub(super) fn parse(text: &str, kind: &Kind) -> Result<(Vec<Term>, Case), Fault> {
    if let Some(fuzzy) = option(text, "-f").map(str::trim) {
        return match fuzzy {
            "" => Err(Fault::new(text.chars().count(), "what to look for is missing after -f")),
            fuzzy => Ok((vec![Term { negated: false, test: Test::Fuzzy(fuzzy.into()), at: 0 }], Case::Smart)),
        };
    }
    if option(text, "-l").is_some() {
        return Err(Fault::new(0, no_tags(kind)));
    }
    let mut reader = Reader { text, at: 0, kind };
    let (mut terms, mut case) = (Vec::new(), Case::default());
    while reader.skip_spaces() {
        match reader.flag() {
            Some(flag) => case = flag,
            None => terms.push(reader.term()?),
        }
    }
    Ok((terms, case))
}

fn option<'a>(text: &'a str, flag: &str) -> Option<&'a str> {
    text.trim_start().strip_prefix(flag).filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn no_tags(kind: &Kind) -> String {
    format!("{} are fetched without their tags", kind.plural)
}

struct Reader<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    kind: &'a Kind,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.characters(), reason)
    }

    fn characters(&self) -> usize {
        self.text[..self.at].chars().count()
    }

    /// Goes to the next term; false at the end.
    fn skip_spaces(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    fn until_space(&mut self) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        self.at += word.len();
        word
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

    fn term(&mut self) -> Result<Term, Fault> {
        let negated = self.take("!");
        let at = self.characters();
        if self.rest().is_empty() || self.rest().starts_with(char::is_whitespace) {
            return Err(self.fault("what must not match is missing after !"));
        }
        if self.rest().starts_with('"') {
            return Ok(Term { negated, test: Test::Quoted(self.quoted()?), at });
        }
        if let Some((column, op)) = self.comparison() {
            let at = self.characters();
            let value = self.value(op)?;
            return Ok(Term { negated, test: Test::Compare { column, op, value }, at });
        }
        if self.take("is:") {
            let state = self.until_space().to_lowercase();
            return match state.is_empty() {
                true => Err(self.fault("a state is missing after is: (fault, marked, changed, stopped, …)")),
                false => Ok(Term { negated, test: Test::State(state), at }),
            };
        }
        if self.rest().starts_with("tag:") {
            return Err(self.fault(no_tags(self.kind)));
        }
        Ok(Term { negated, test: Test::Word(self.until_space().into()), at })
    }

    /// A known column and an operator; anything else with a colon in it is plain text.
    fn comparison(&mut self) -> Option<(usize, Op)> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))?;
        let (spelling, op) = OPS.iter().find(|(spelling, _)| rest[end..].starts_with(spelling))?;
        let column = self.kind.column(&rest[..end])?;
        self.at += end + spelling.len();
        Some((column, *op))
    }

    fn value(&mut self, op: Op) -> Result<String, Fault> {
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
