//! Splits a query into tokens.

/// A syntax error of a query; offsets are in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub from: usize,
    pub to: usize,
    pub message: String,
}

/// A word, sign or literal of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, or the name of a field.
    Word(String),
    Quoted(String),
    Regex(String),
    Number(f64),
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub token: Token,
    pub from: usize,
    pub to: usize,
}

/// Longer signs first.
const SIGNS: &[&str] = &["!=", "<=", ">=", "=~", "|", ",", "(", ")", "[", "]", "=", "<", ">", "*"];

/// Returns whether a character can be part of a bare name.
fn names(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-' | '$' | ':')
}

/// Splits a query into tokens. `/…/` is a regular expression only after `like` and `=~`.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Malformed> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(&c) = chars.get(at) {
        let from = at;
        let rest = || chars[from..].iter();
        let token = if c.is_whitespace() {
            at += 1;
            continue;
        } else if c == '#' {
            at += rest().take_while(|c| **c != '\n').count();
            continue;
        } else if matches!(c, '"' | '\'' | '`' | '/') {
            let Some(content) = delimited(&chars, &mut at, c) else {
                return Err(unexpected(text, from, chars.len()));
            };
            match c {
                '`' => Token::Word(content),
                '/' => Token::Regex(content),
                _ => Token::Quoted(content),
            }
        } else if let Some(sign) = SIGNS.iter().find(|sign| sign.chars().eq(rest().take(sign.len()).copied())) {
            at += sign.len();
            Token::Sign(sign)
        } else {
            let word: String = rest().take_while(|c| names(**c)).collect();
            if word.is_empty() {
                return Err(unexpected(text, from, from + 1));
            }
            at += word.chars().count();
            word.parse().map_or_else(|_| Token::Word(word), Token::Number)
        };
        tokens.push(Placed { token, from, to: at });
    }
    tokens.push(Placed { token: Token::End, from: chars.len(), to: chars.len() });
    Ok(tokens)
}

/// The text between two equal delimiters; `\` escapes one.
fn delimited(chars: &[char], at: &mut usize, delimiter: char) -> Option<String> {
    let mut content = String::new();
    let mut index = *at + 1;
    loop {
        match *chars.get(index)? {
            '\\' if chars.get(index + 1) == Some(&delimiter) => {
                content.push(delimiter);
                index += 1;
            }
            c if c == delimiter => break,
            c => content.push(c),
        }
        index += 1;
    }
    *at = index + 1;
    Some(content)
}

pub(super) fn unexpected(text: &str, from: usize, to: usize) -> Malformed {
    let before: Vec<char> = text.chars().take(from).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let position = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    let found: String = text.chars().skip(from).take(to - from).collect();
    let found = if found.is_empty() { "<EOF>".to_owned() } else { found };
    let message = format!("unexpected symbol found {found} at line {line} and position {position}");
    Malformed { from, to, message }
}
