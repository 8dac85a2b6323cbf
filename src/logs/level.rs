//! How much a line matters, as far as it says so itself.

use super::Level;

/// What of a line is looked at.
const LOOKED_AT: usize = 1024;

const WORDS: &[(Level, &[&str])] = &[
    (Level::Trace, &["trace", "trc", "trce", "verbose", "vrb", "silly", "finest", "finer"]),
    (Level::Debug, &["debug", "dbg", "dbug", "debg", "fine"]),
    (Level::Info, &["info", "inf", "information", "informational", "notice", "note", "noti", "log", "config", "http"]),
    (Level::Warn, &["warn", "wrn", "warning"]),
    (Level::Error, &["error", "err", "eror", "erro", "fail", "severe"]),
    (Level::Fatal, &["fatal", "ftl", "crit", "critical", "panic", "pnc", "emerg", "emergency", "alert", "dpanic"]),
];

impl Level {
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The level that a word stands for, in whatever logging library.
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
}

/// How much a line matters.
pub fn of(text: &str) -> Option<Level> {
    let text = &text[..text.floor_char_boundary(LOOKED_AT)];
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 3 && !word.contains(char::is_lowercase))
        .find_map(Level::parse)
}
