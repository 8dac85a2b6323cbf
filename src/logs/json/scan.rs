//! Going through JSON without building it.

use std::borrow::Cow;

use memchr::memchr2;

/// How far a text is gone through. Whatever is no JSON, or breaks off, yields nothing.
#[derive(Debug, Clone)]
pub(in crate::logs) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of what comes next, after white space.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether nothing comes any more.
    pub fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }

    /// All that comes next.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// What stands between quotes, with its escapes.
    pub fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let (start, bytes) = (self.at, self.text.as_bytes());
        loop {
            let at = self.at + memchr2(b'"', b'\\', bytes.get(self.at..)?)?;
            self.at = at + 1;
            if bytes[at] == b'"' {
                return self.text.get(start..at);
            }
            // Whatever is escaped; where it takes more than one byte, the others are no quotes.
            self.at += 1;
        }
    }

    /// A number, or one of the three words.
    pub fn word(&mut self) -> Option<&'a str> {
        self.peek()?;
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    /// Passes a value over: the text of it.
    pub fn skip(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => drop(self.string()?),
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    while !self.text.is_char_boundary(self.at) {
                        self.at += 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => drop(self.word()?),
        }
        self.text.get(start..self.at)
    }

    /// Goes through the keys of an object; `read` must take the value of each.
    pub fn each_key(&mut self, mut read: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            read(self, key)?;
            if self.take(b'}').is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// Goes through the items of a list; `read` must take each.
    pub fn each_item(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            read(self)?;
            if self.take(b']').is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }
}

/// What stands between quotes, its escapes resolved; what is no escape stays as it is.
pub(in crate::logs) fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (c, length) = match rest.as_bytes().first() {
            Some(b'n') => ('\n', 1),
            Some(b't') => ('\t', 1),
            Some(b'r') => ('\r', 1),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b'u') => unicode(rest),
            Some(_) | None => ('\\', 0),
        };
        match rest.as_bytes().first() {
            Some(b'"' | b'\\' | b'/') => {
                plain.push_str(&rest[..1]);
                rest = &rest[1..];
            }
            _ => {
                plain.push(c);
                rest = &rest[length..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character that `u` and four hexadecimal digits stand for, or two such together, and the bytes read.
fn unicode(rest: &str) -> (char, usize) {
    let unit = |rest: &str| u16::from_str_radix(rest.get(1..5)?, 16).ok();
    let Some(first) = unit(rest) else { return ('\\', 0) };
    let second = rest.get(5..).and_then(|rest| rest.strip_prefix('\\')).filter(|rest| rest.starts_with('u'));
    let units = [first, second.and_then(unit).unwrap_or_default()];
    match char::decode_utf16(units).next() {
        Some(Ok(c)) => (c, if c.len_utf16() == 2 { 11 } else { 5 }),
        _ => ('\u{fffd}', 5),
    }
}
