//! The query language, the part supported here: `fields`, `display`, `filter`, `sort`, `limit`, `stats`.

mod token;

use regex::Regex;

use super::RESULTS;
pub(super) use token::Malformed;
use token::{Placed, Token, tokens, unexpected};

/// The deepest nesting of parentheses and `not`.
const DEPTH: usize = 32;

/// A whole query.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Fields to show, with their names in the results.
    pub shown: Vec<(Field, String)>,
    pub filters: Vec<Test>,
    pub stats: Option<Stats>,
    /// Sort keys, and whether each is descending.
    pub sort: Vec<(String, bool)>,
    pub limit: Option<usize>,
}

/// The name of a field: `@timestamp`, or a path into a JSON message.
pub(super) type Field = String;

/// A condition.
#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare(Field, Comparison, Literal),
    Matches(Field, Regex),
    Contains(Field, String),
    OneOf(Field, Vec<Literal>),
    Present(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A literal value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
}

/// `stats … by …`
#[derive(Debug)]
pub(super) struct Stats {
    /// The statistics, with their names in the results.
    pub figures: Vec<(Figure, String)>,
    pub by: Vec<(Group, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Figure {
    /// Of a field, or of all events.
    Count(Option<Field>),
    Distinct(Field),
    Sum(Field),
    Average(Field),
    Least(Field),
    Greatest(Field),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Group {
    Field(Field),
    /// Spans of time, in milliseconds.
    Bin(i64),
}

impl Program {
    /// Parses a query.
    ///
    /// # Errors
    /// The first syntax error, with its position.
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0 };
        parser.program().ok_or_else(|| {
            let Placed { from, to, .. } = parser.tokens[parser.next.min(parser.tokens.len() - 1)];
            unexpected(text, from, to)
        })
    }
}

/// Parses the tokens; the position where it stops is that of the error.
struct Parser {
    tokens: Vec<Placed>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found.then_some(())
    }

    fn keyword(&mut self, word: &str) -> Option<()> {
        let found = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found.then_some(())
    }

    fn word(&mut self) -> Option<String> {
        let Token::Word(word) = self.peek() else { return None };
        let word = word.clone();
        self.next += 1;
        Some(word)
    }

    /// Parses a list separated by commas.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.sign(",").is_some() {
            items.push(item(self)?);
        }
        Some(items)
    }

    fn program(&mut self) -> Option<Program> {
        let mut program = Program::default();
        if *self.peek() == Token::End {
            return Some(program);
        }
        loop {
            self.command(&mut program)?;
            if *self.peek() == Token::End {
                return Some(program);
            }
            self.sign("|")?;
        }
    }

    fn command(&mut self, program: &mut Program) -> Option<()> {
        if self.keyword("fields").is_some() {
            program.shown.extend(self.list(Self::shown)?);
        } else if self.keyword("display").is_some() {
            program.shown = self.list(Self::shown)?;
        } else if self.keyword("filter").is_some() || self.keyword("where").is_some() {
            program.filters.push(self.any(0)?);
        } else if self.keyword("sort").is_some() || self.keyword("order").is_some() {
            let _ = self.keyword("by");
            program.sort = self.list(Self::sorted)?;
        } else if self.keyword("limit").is_some() || self.keyword("head").is_some() {
            let Token::Number(limit) = *self.peek() else { return None };
            let whole = limit.fract() == 0.0 && (1.0..=RESULTS as f64).contains(&limit);
            program.limit = Some(if whole { limit as usize } else { return None });
            self.next += 1;
        } else if program.stats.is_none() && self.keyword("stats").is_some() {
            program.stats = Some(self.stats()?);
        } else {
            return None;
        }
        Some(())
    }

    fn alias(&mut self) -> Option<Option<String>> {
        if self.keyword("as").is_none() { Some(None) } else { self.word().map(Some) }
    }

    fn shown(&mut self) -> Option<(Field, String)> {
        let field = self.word()?;
        let alias = self.alias()?;
        Some((field.clone(), alias.unwrap_or(field)))
    }

    fn sorted(&mut self) -> Option<(String, bool)> {
        let name = self.named()?;
        let descending = self.keyword("desc").is_some();
        if !descending {
            let _ = self.keyword("asc");
        }
        Some((name, descending))
    }

    /// Parses a field, or a statistic by its default name.
    fn named(&mut self) -> Option<String> {
        let word = self.word()?;
        if self.sign("(").is_none() {
            return Some(word);
        }
        let inner = match self.peek().clone() {
            Token::Sign("*") => "*".to_owned(),
            Token::Word(inner) => inner,
            _ => return None,
        };
        self.next += 1;
        self.sign(")")?;
        Some(format!("{word}({inner})"))
    }

    fn stats(&mut self) -> Option<Stats> {
        let figures = self.list(Self::figure)?;
        let by = if self.keyword("by").is_some() { self.list(Self::group)? } else { Vec::new() };
        Some(Stats { figures, by })
    }

    fn figure(&mut self) -> Option<(Figure, String)> {
        let start = self.next;
        let function = self.word()?.to_ascii_lowercase();
        self.sign("(")?;
        let field = if self.sign("*").is_some() { None } else { self.word() };
        let figure = match (function.as_str(), field.clone()) {
            ("count", field) => Figure::Count(field),
            ("count_distinct", Some(field)) => Figure::Distinct(field),
            ("sum", Some(field)) => Figure::Sum(field),
            ("avg", Some(field)) => Figure::Average(field),
            ("min", Some(field)) => Figure::Least(field),
            ("max", Some(field)) => Figure::Greatest(field),
            _ => {
                self.next = start;
                return None;
            }
        };
        self.sign(")")?;
        let alias = self.alias()?;
        Some((figure, alias.unwrap_or_else(|| format!("{function}({})", field.as_deref().unwrap_or("*")))))
    }

    fn group(&mut self) -> Option<(Group, String)> {
        let start = self.next;
        let name = self.word()?;
        let (group, name) = if self.sign("(").is_some() {
            let Some(span) = self.word().filter(|_| name.eq_ignore_ascii_case("bin")) else {
                self.next = start;
                return None;
            };
            self.next -= 1;
            let width = span_ms(&span)?;
            self.next += 1;
            self.sign(")")?;
            (Group::Bin(width), format!("bin({span})"))
        } else {
            (Group::Field(name.clone()), name)
        };
        let alias = self.alias()?;
        Some((group, alias.unwrap_or(name)))
    }

    fn any(&mut self, depth: usize) -> Option<Test> {
        let mut tests = vec![self.all(depth)?];
        while self.keyword("or").is_some() {
            tests.push(self.all(depth)?);
        }
        Some(Test::Any(tests))
    }

    fn all(&mut self, depth: usize) -> Option<Test> {
        let mut tests = vec![self.one(depth)?];
        while self.keyword("and").is_some() {
            tests.push(self.one(depth)?);
        }
        Some(Test::All(tests))
    }

    fn one(&mut self, depth: usize) -> Option<Test> {
        if depth >= DEPTH {
            return None;
        }
        if self.keyword("not").is_some() {
            return Some(Test::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(").is_some() {
            let inner = self.any(depth + 1)?;
            self.sign(")")?;
            return Some(inner);
        }
        let word = self.word()?;
        if word.eq_ignore_ascii_case("ispresent") && self.sign("(").is_some() {
            let field = self.word()?;
            self.sign(")")?;
            return Some(Test::Present(field));
        }
        let negated = self.keyword("not").is_some();
        let test = self.test(word)?;
        Some(if negated { Test::Not(Box::new(test)) } else { test })
    }

    fn test(&mut self, field: Field) -> Option<Test> {
        if self.keyword("like").is_some() || self.sign("=~").is_some() {
            let test = match self.peek() {
                Token::Regex(pattern) => Test::Matches(field, Regex::new(pattern).ok()?),
                Token::Quoted(text) => Test::Contains(field, text.clone()),
                _ => return None,
            };
            self.next += 1;
            return Some(test);
        }
        if self.keyword("in").is_some() {
            self.sign("[")?;
            let values = self.list(Self::literal)?;
            self.sign("]")?;
            return Some(Test::OneOf(field, values));
        }
        let comparison = [
            ("!=", Comparison::Unequal),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let (_, comparison) = comparison.into_iter().find(|(sign, _)| self.sign(sign).is_some())?;
        Some(Test::Compare(field, comparison, self.literal()?))
    }

    fn literal(&mut self) -> Option<Literal> {
        let literal = match self.peek() {
            Token::Quoted(text) => Literal::Text(text.clone()),
            Token::Number(number) => Literal::Number(*number),
            _ => return None,
        };
        self.next += 1;
        Some(literal)
    }
}

/// Converts `30s`, `5m`, `1h`, `2d` to milliseconds.
fn span_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit_ms).filter(|span| *span > 0)
}
