//! A JSON scanner that builds no values.

use std::borrow::Cow;

use memchr::memchr2;

/// Position in a JSON text. Its methods return `None` where the text is not valid JSON, or breaks off.
#[derive(Debug, Clone)]
pub(in crate::logs) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte after white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// Returns whether only white space is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The text that is left.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The content of a string, escapes included.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let (start, bytes) = (self.at, self.text.as_bytes());
        loop {
            let at = self.at + memchr2(b'"', b'\\', bytes.get(self.at..)?)?;
            self.at = at + 1;
            if bytes[at] == b'"' {
                return self.text.get(start..at);
            }
            // Skip the escaped character; longer escapes contain no quotes.
            self.at += 1;
        }
    }

    /// A number, `true`, `false` or `null`.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.peek()?;
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    /// Skips a value; returns its text.
    pub(crate) fn skip(&mut self) -> Option<&'a str> {
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

    /// Visits the keys of an object; `read` must consume each value.
    pub(crate) fn each_key(&mut self, mut read: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
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

    /// Visits the items of a list; `read` must consume each.
    pub(crate) fn each_item(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
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

/// Resolves the escapes of a string; invalid ones stay as they are.
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

/// Decodes `u` and four hexadecimal digits, or a surrogate pair; returns the character and the bytes read.
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
