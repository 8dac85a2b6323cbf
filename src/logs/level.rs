//! Detects the level of a line: in JSON, in logfmt, or at the start of its text.
//!
//! Only a word in the usual place of a level counts: `error` within a sentence doesn't. A missed level costs a colour,
//! a wrong one hides a line.

use std::borrow::Cow;

use super::{
    Level, ansi,
    json::{Scanner, unescaped},
};

mod text;

/// Number of bytes examined per line.
const EXAMINED: usize = 1024;

/// Names of the levels in logging libraries.
const WORDS: &[(Level, &[&str])] = &[
    (Level::Trace, &["trace", "trc", "trce", "verbose", "vrb", "silly", "finer", "finest"]),
    (Level::Debug, &["debug", "dbg", "dbug", "debg", "fine", "config"]),
    (Level::Info, &["info", "inf", "information", "informational", "notice", "noti", "note", "log", "http", "system"]),
    (Level::Warn, &["warn", "wrn", "warning"]),
    (Level::Error, &["error", "err", "erro", "eror", "fail", "failure", "severe"]),
    (Level::Fatal, &["fatal", "ftl", "critical", "crit", "panic", "pnc", "dpanic", "alert", "emergency", "emerg"]),
];

/// Keys with a level.
const KEYS: &[&str] = &[
    "level",
    "severity",
    "lvl",
    "log.level",
    "loglevel",
    "log_level",
    "levelname",
    "level_name",
    "severity_text",
    "severitytext",
    "@l",
];

impl Level {
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Parses the name of a level in any logging library.
    pub fn parse(word: &str) -> Option<Self> {
        let known = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        WORDS.iter().find(|(_, words)| known(words)).map(|(level, _)| *level)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Parses a level given as one letter.
    fn letter(letter: &str) -> Option<Self> {
        Some(match letter {
            "T" => Self::Trace,
            "D" | "D1" | "D2" | "D3" | "D4" | "D5" => Self::Debug,
            "I" => Self::Info,
            "W" => Self::Warn,
            "E" => Self::Error,
            "F" | "C" => Self::Fatal,
            _ => return None,
        })
    }

    /// Converts a syslog severity.
    fn syslog(number: u32) -> Option<Self> {
        Some(match number {
            0..=2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warn,
            5 | 6 => Self::Info,
            7 => Self::Debug,
            _ => return None,
        })
    }

    /// Converts a level of pino or bunyan.
    fn pino(number: u32) -> Option<Self> {
        Some(match number {
            10..=19 => Self::Trace,
            20..=29 => Self::Debug,
            30..=39 => Self::Info,
            40..=49 => Self::Warn,
            50..=59 => Self::Error,
            60..=69 => Self::Fatal,
            _ => return None,
        })
    }
}

/// Detects the level of a line.
pub fn detect(text: &str) -> Option<Level> {
    let head = ansi::bare(&text[..text.floor_char_boundary(EXAMINED)]);
    match head.trim_start().starts_with('{') {
        true => json(&head),
        false => text::detect(&head),
    }
}

/// Detects the level of a JSON object, which may break off: from its own keys, those of `log`, or else the wrapped
/// text.
fn json(head: &str) -> Option<Level> {
    let (mut level, mut wrapped) = (None, None);
    let mut scanner = Scanner::new(head);
    // It stops at the level, so that a text that breaks off later does no harm.
    let _ = scanner.each_key(|scanner, key| {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        match scanner.peek()? {
            _ if KEYS.iter().any(|name| is(name)) => level = level.or(value(scanner, head)?),
            b'"' if key == "s" => level = level.or(Level::letter(scanner.string()?)),
            b'"' if is("log") || is("message") || is("msg") => {
                wrapped = Some(scanner.rest());
                wrapped = Some(scanner.string()?);
            }
            b'{' if is("log") => scanner.each_key(|scanner, key| match key.eq_ignore_ascii_case("level") {
                true => {
                    level = level.or(value(scanner, head)?);
                    Some(())
                }
                false => scanner.skip().map(drop),
            })?,
            _ => drop(scanner.skip()?),
        }
        level.is_none().then_some(())
    });
    level.or_else(|| {
        let wrapped: Cow<'_, str> = unescaped(wrapped?.trim_start_matches('"'));
        text::detect(&ansi::bare(&wrapped))
    })
}

/// Parses the value of a level key.
fn value(scanner: &mut Scanner<'_>, head: &str) -> Option<Option<Level>> {
    let word = match scanner.peek()? {
        b'"' => scanner.string()?.trim(),
        _ => scanner.skip()?,
    };
    let number = || {
        let number: u32 = word.parse().ok()?;
        // GELF uses syslog severities.
        let syslog = || Level::syslog(number).filter(|_| head.contains("\"short_message\""));
        Level::pino(number).or_else(syslog)
    };
    Some(Level::parse(word).or_else(|| Level::letter(word)).or_else(number))
}

#[cfg(test)]
mod tests;
