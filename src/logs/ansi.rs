//! Escape sequences in lines: colours are parsed, all other control characters are removed or made visible.

use std::borrow::Cow;

use memchr::memchr;
use unicode_width::UnicodeWidthStr;

use crate::visible::{is_unsafe, picture};

/// Number of bytes scanned at a time: drawing the beginning of a long line doesn't scan its end.
const PIECE: usize = 2048;
/// A longer escape sequence is not recognised as one.
const LONGEST: usize = 8 << 10;
const TAB: usize = 8;
const SPACES: &str = "        ";

/// Style of a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Look {
    pub fg: Option<Colour>,
    pub bg: Option<Colour>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the 256 palette colours; the first 16 are the terminal's.
    Ansi(u8),
    Rgb(u8, u8, u8),
}

/// The styled parts of a line, without control characters.
pub fn spans(text: &str) -> Spans<'_> {
    Spans { rest: text, look: Look::default(), column: 0 }
}

/// The text of a line as displayed, without styles.
pub fn plain(text: &str) -> Cow<'_, str> {
    match text.contains(is_unsafe) {
        true => Cow::Owned(spans(text).map(|(piece, _)| piece).collect()),
        false => Cow::Borrowed(text),
    }
}

/// A line without escape sequences, otherwise unchanged: the text that searches see.
pub fn bare(text: &str) -> Cow<'_, str> {
    if memchr(0x1b, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(0x1b, rest.as_bytes()) {
        let length = escape(&rest[at..]).unwrap_or_default();
        bare.push_str(&rest[..at + usize::from(length == 0)]);
        rest = &rest[at + length.max(1)..];
    }
    bare.push_str(rest);
    Cow::Owned(bare)
}

#[derive(Debug, Clone)]
pub struct Spans<'a> {
    rest: &'a str,
    look: Look,
    column: usize,
}

impl<'a> Iterator for Spans<'a> {
    type Item = (&'a str, Look);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = self.rest.chars().next()?;
            if !is_unsafe(first) {
                let end = self.rest.char_indices().find(|(at, c)| *at >= PIECE || is_unsafe(*c));
                return Some(self.show(end.map_or(self.rest.len(), |(at, _)| at)));
            }
            if let Some(length) = escape(self.rest) {
                let (escape, rest) = self.rest.split_at(length);
                if let Some(codes) = escape.strip_prefix("\u{1b}[").and_then(|codes| codes.strip_suffix('m')) {
                    self.look.apply(codes);
                }
                self.rest = rest;
                continue;
            }
            self.rest = &self.rest[first.len_utf8()..];
            let shown = match first {
                '\t' => &SPACES[..TAB - self.column % TAB],
                '\r' if self.rest.is_empty() || self.rest.starts_with('\n') => continue,
                c => picture(c),
            };
            self.column += shown.width();
            return Some((shown, self.look));
        }
    }
}

impl<'a> Spans<'a> {
    fn show(&mut self, length: usize) -> (&'a str, Look) {
        let (piece, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.column += piece.width();
        (piece, self.look)
    }
}

/// The length of the complete escape sequence at the start of the text, if there is one.
fn escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&0x1b) {
        return None;
    }
    match bytes.get(1)? {
        // Parameters, intermediates, one final byte.
        b'[' => {
            let rest = &bytes[2..];
            let parameters = rest.iter().take_while(|byte| (0x30..=0x3f).contains(*byte)).count();
            let between = rest[parameters..].iter().take_while(|byte| (0x20..=0x2f).contains(*byte)).count();
            let length = parameters + between;
            rest.get(length).filter(|byte| (0x40..=0x7e).contains(*byte)).map(|_| length + 3)
        }
        // Strings for the terminal: titles, links, the clipboard. They end with a bell or with ESC \.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let examined = &bytes[..bytes.len().min(LONGEST)];
            let end = examined.iter().skip(2).position(|byte| byte.is_ascii_control())? + 2;
            match (bytes[end], bytes.get(end + 1)) {
                (0x07, _) => Some(end + 1),
                (0x1b, Some(b'\\')) => Some(end + 2),
                _ => None,
            }
        }
        // Character sets and the like.
        0x20..=0x2f => {
            let between = bytes[1..].iter().take_while(|byte| (0x20..=0x2f).contains(*byte)).count();
            bytes.get(between + 1).filter(|byte| (0x30..=0x7e).contains(*byte)).map(|_| between + 2)
        }
        0x30..=0x7e => Some(2),
        _ => None,
    }
}

impl Look {
    /// Applies the codes of an SGR sequence.
    fn apply(&mut self, codes: &str) {
        // Private sequences such as `>4;2` are keyboard settings.
        if codes.starts_with(['<', '=', '>', '?']) {
            return;
        }
        let mut codes = codes.split(';');
        while let Some(code) = codes.next() {
            let mut parts = code.split(':');
            let number =
                |part: Option<&str>| part.and_then(|part| if part.is_empty() { Some(0) } else { part.parse().ok() });
            match number(parts.next()).unwrap_or(u16::MAX) {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = number(parts.next()) != Some(0) || !code.contains(':'),
                7 => self.reverse = true,
                21 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.reverse = false,
                code @ 30..=37 => self.fg = Some(Colour::Ansi(code as u8 - 30)),
                code @ 40..=47 => self.bg = Some(Colour::Ansi(code as u8 - 40)),
                code @ 90..=97 => self.fg = Some(Colour::Ansi(code as u8 - 82)),
                code @ 100..=107 => self.bg = Some(Colour::Ansi(code as u8 - 92)),
                39 => self.fg = None,
                49 => self.bg = None,
                which @ (38 | 48) => {
                    let colour = match code.contains(':') {
                        true => colour(&mut parts, true),
                        false => colour(&mut codes, false),
                    };
                    match colour {
                        Some(colour) if which == 38 => self.fg = Some(colour),
                        Some(colour) => self.bg = Some(colour),
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }
}

/// A palette or RGB colour. With colons, a colour space may precede the components.
fn colour<'a>(codes: &mut impl Iterator<Item = &'a str>, colons: bool) -> Option<Colour> {
    let byte = |code: &str| if code.is_empty() { Some(0) } else { code.parse().ok() };
    match codes.next()? {
        "5" => Some(Colour::Ansi(codes.next().and_then(byte)?)),
        "2" => {
            let parts: Vec<&str> = codes.take(if colons { 4 } else { 3 }).collect();
            let [.., red, green, blue] = *parts else { return None };
            Some(Colour::Rgb(byte(red)?, byte(green)?, byte(blue)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
