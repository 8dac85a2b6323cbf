//! Detects the level at the start of a text line: after times, names and numbers, before the first words of a sentence.

use super::{KEYS, json};
use crate::logs::Level;

/// Words that can also mean something else: they count as levels only in unambiguous places.
const AMBIGUOUS: &[&str] = &["fine", "config", "note", "log", "http", "system", "fail", "failure", "silly"];
/// Words that may precede a level.
const PREFIXES: &[&str] = &["npm", "PHP", "Parse", "Uncaught", "Unhandled"];
/// Days and months.
const DATES: &[&str] = &[
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec",
];
/// The most words that are examined.
const MOST_WORDS: usize = 64;

/// Detects the level of a text line.
pub(super) fn detect(text: &str) -> Option<Level> {
    let head = text.trim_start();
    glog_level(head)
        .or_else(|| Walk::new(head).level())
        .or_else(|| exception_level(text))
        .or_else(|| syslog_priority(head))
}

/// klog and glog: `E0101 12:00:00.0`.
fn glog_level(head: &str) -> Option<Level> {
    let (letter, rest) = (head.get(..1)?, &head[1..]);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let time = rest[digits..].strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is = (4..=8).contains(&digits) && time && matches!(letter, "I" | "W" | "E" | "F");
    is.then(|| Level::letter(letter)).flatten()
}

/// syslog: `<11>Jan  1 00:00:00`, the facility times eight and the severity.
fn syslog_priority(head: &str) -> Option<Level> {
    let (number, _) = head.strip_prefix('<')?.split_once('>')?;
    let number: u32 = number.parse().ok().filter(|number| *number < 192)?;
    Level::syslog(number % 8)
}

/// Detects an exception or a panic, at the very start of a line only.
fn exception_level(text: &str) -> Option<Level> {
    if text.starts_with("thread '") && text.contains("' panicked at ") {
        return Some(Level::Fatal);
    }
    if ["Traceback (most recent call last)", "Exception in thread "].iter().any(|begin| text.starts_with(begin)) {
        return Some(Level::Error);
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$')))?;
    let kind = text[..end].rsplit('.').next()?;
    let is = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && (kind.ends_with("Error") || kind.ends_with("Exception"))
        && text[end..].starts_with(": ");
    is.then_some(Level::Error)
}

/// Walks word by word until it finds a level or a sentence begins.
struct Walk<'a> {
    head: &'a str,
    at: usize,
    /// Number of open brackets.
    depth: usize,
    /// A word with a digit came before, such as a time.
    digits: bool,
    /// A lower-case word came before, which may be the name of a logger; two of them make a sentence.
    name: bool,
    /// `Fatal` came before; it may be followed by `error`.
    fatal: bool,
}

/// A word with the text before and after it.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    before: &'a str,
    after: &'a str,
}

impl<'a> Walk<'a> {
    fn new(head: &'a str) -> Self {
        Self { head, at: 0, depth: 0, digits: false, name: false, fatal: false }
    }

    fn level(mut self) -> Option<Level> {
        for _ in 0..MOST_WORDS {
            let word = match self.next()? {
                Ok(word) => word,
                Err(level) => return Some(level),
            };
            if let Some(key) = word.after.strip_prefix('=') {
                let value = key.strip_prefix('"').unwrap_or(key);
                if KEYS.iter().any(|name| name.eq_ignore_ascii_case(word.text)) {
                    return Level::parse(value.split(ends).next()?);
                }
                self.skip_value(key)?;
            } else if let Some(level) = word.level(&self) {
                return Some(level);
            } else if !self.can_precede_level(word) {
                return None;
            }
        }
        None
    }

    /// The next word, or the level of a JSON object that begins; `None` at a quoted text.
    fn next(&mut self) -> Option<Result<Word<'a>, Level>> {
        let rest = &self.head[self.at..];
        let length = rest.find(|c| !separates(c))?;
        for c in rest[..length].chars() {
            match c {
                '[' | '(' => self.depth += 1,
                ']' | ')' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if rest[length..].starts_with(['"', '\'', '`']) {
            let begin = rest[..length].rfind('{')?;
            return json(&rest[begin..]).map(Err);
        }
        let start = self.at + length;
        self.at = self.head[start..].find(ends).map_or(self.head.len(), |length| start + length);
        let (before, text, after) = (&self.head[..start], &self.head[start..self.at], &self.head[self.at..]);
        Some(Ok(Word { text, before, after }))
    }

    /// Skips the value of a key; `rest` starts with it.
    fn skip_value(&mut self, rest: &str) -> Option<()> {
        let length = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut escaped = false;
                let end = quoted.find(|c| {
                    let closes = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                })?;
                end + 2
            }
            None => rest.find(char::is_whitespace)?,
        };
        self.at = self.head.len() - rest.len() + length;
        self.digits = true;
        Some(())
    }

    /// Returns whether a word that is not a level can precede one.
    fn can_precede_level(&mut self, word: Word<'_>) -> bool {
        let text = word.text;
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            self.digits = true;
            return true;
        }
        if text.eq_ignore_ascii_case("fatal") {
            self.fatal = true;
            return true;
        }
        let named = !text.ends_with(['.', '?']) && !text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let set_off = word.after.starts_with([':', '[', '(']) || word.after.trim_start().starts_with(['|', '-']);
        if self.depth > 0 || named || set_off || text.len() < 2 || DATES.contains(&text) || PREFIXES.contains(&text) {
            return text.is_ascii();
        }
        if !self.digits {
            return false;
        }
        if text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return !std::mem::replace(&mut self.name, true);
        }
        word.is_upper()
    }
}

impl Word<'_> {
    fn is_upper(self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_uppercase())
    }

    /// The level it names, if it stands in the right place.
    fn level(self, walk: &Walk<'_>) -> Option<Level> {
        if self.text.len() < 3 {
            return self.letter(walk);
        }
        // Monolog: `production.ERROR:`.
        let channel = self.text.rsplit_once('.').filter(|_| self.after.starts_with(':'));
        let text = channel.map_or(self.text, |(_, text)| text);
        let level = Level::parse(text)?;
        let ambiguous = AMBIGUOUS.iter().any(|word| word.eq_ignore_ascii_case(text));
        let begins = self.before.is_empty() || self.before.ends_with([' ', '\t', '[', '(', '<', '|', ':', ',']);
        let upper = text.bytes().all(|byte| byte.is_ascii_uppercase());
        let capitals = || match ambiguous {
            false => !self.after.starts_with('='),
            true => self.after.starts_with(':') || (walk.digits && text == "LOG"),
        };
        // `error: no such file`
        let announced = || {
            let colon =
                self.after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
            colon && text.len() > 3 && (!ambiguous || text == "fail")
        };
        // `[error]`, `[ info]`, `[core:error]`, `|warn|`, and between tabs
        let alone = || {
            let (before, after) = (self.before.trim_end_matches(' '), self.after.trim_start_matches(' '));
            let brackets = before.ends_with(['[', '(', '<', '|', ':']) && after.starts_with([']', ')', '>', '|']);
            let tabs = self.before.ends_with('\t') && self.after.starts_with('\t');
            (brackets || tabs) && (!ambiguous || matches!(text, "Note" | "System"))
        };
        if !(begins && ((upper && capitals()) || (channel.is_none() && (announced() || alone())))) {
            return None;
        }
        Some(if walk.fatal && level == Level::Error { Level::Fatal } else { level })
    }

    /// A level given as one letter: `E! `, and MongoDB's after the time.
    fn letter(self, walk: &Walk<'_>) -> Option<Level> {
        let component = || {
            let name = self.after.strip_prefix(' ')?;
            Some(name.bytes().take_while(u8::is_ascii_uppercase).count() > 2)
        };
        let is = self.text.len() == 1
            && walk.digits
            && self.before.ends_with(' ')
            && (self.after.starts_with("! ") || component() == Some(true));
        is.then(|| Level::letter(self.text)).flatten()
    }
}

/// Returns whether a character separates words.
fn separates(c: char) -> bool {
    let marks = matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | '|' | ',' | ';' | '=' | ':' | '/');
    marks || matches!(c, '#' | '*' | '!') || c.is_whitespace()
}

/// Returns whether a character ends a word.
fn ends(c: char) -> bool {
    separates(c) || matches!(c, '"' | '\'' | '`')
}
