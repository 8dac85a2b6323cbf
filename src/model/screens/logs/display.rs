//! Display settings of a log.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::logs::{Line, ring::Inserted};

/// Display of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Times {
    Off,
    /// In the time zone of the console.
    #[default]
    Clock,
    /// Relative to now.
    Relative,
}

/// Display of JSON lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Json {
    /// As received.
    Raw,
    /// Time, level and message, then the rest as `key=value`.
    #[default]
    Fields,
    /// One field per row.
    Pretty,
}

/// The start of elapsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// The last mark.
    Mark(Timestamp),
    /// A line.
    Line(Timestamp),
}

impl Since {
    pub fn at(self) -> Timestamp {
        match self {
            Self::Mark(at) | Self::Line(at) => at,
        }
    }
}

/// Display settings of a log.
#[derive(Debug)]
pub struct LogDisplay {
    pub wrap: bool,
    pub times: Times,
    pub json: Json,
    /// Numbers of expanded lines.
    pub expanded: BTreeSet<i64>,
    /// Full screen.
    pub fullscreen: bool,
    /// The columns before the text stay when scrolling sideways.
    pub column_lock: bool,
    /// The start of the elapsed time column; absent without that column.
    pub elapsed: Option<Since>,
}

impl Default for LogDisplay {
    fn default() -> Self {
        Self {
            wrap: false,
            times: Times::default(),
            json: Json::default(),
            expanded: BTreeSet::new(),
            fullscreen: false,
            column_lock: true,
            elapsed: None,
        }
    }
}

impl LogDisplay {
    /// The same settings for other lines: without those for single lines.
    pub fn for_other_lines(self) -> Self {
        Self { expanded: BTreeSet::new(), elapsed: None, ..self }
    }

    /// Whether a line is wrapped: by the setting, or because it is expanded.
    pub fn wraps(&self, number: i64) -> bool {
        self.wrap || self.expanded.contains(&number)
    }

    /// Expands a line, or shortens it again.
    pub fn toggle_expanded(&mut self, number: i64) {
        if !self.expanded.remove(&number) {
            self.expanded.insert(number);
        }
    }

    /// Adjusts line numbers after lines were inserted.
    pub fn insert(&mut self, inserted: &Inserted) {
        self.expanded = std::mem::take(&mut self.expanded).into_iter().map(|number| inserted.moved(number)).collect();
    }

    /// Switches to the next display of times.
    pub fn next_times(&mut self) {
        self.times = match self.times {
            Times::Off => Times::Clock,
            Times::Clock => Times::Relative,
            Times::Relative => Times::Off,
        };
    }

    /// Switches to the next display of JSON.
    pub fn next_json(&mut self) {
        self.json = match self.json {
            Json::Raw => Json::Fields,
            Json::Fields => Json::Pretty,
            Json::Pretty => Json::Raw,
        };
    }

    /// The elapsed time of a line; absent without that column.
    pub fn elapsed(&self, line: &Line) -> Option<String> {
        Some(elapsed(line.at.duration_since(self.elapsed?.at())))
    }
}

/// Width of the elapsed time column in cells.
pub(super) const ELAPSED_WIDTH: u16 = 8;

/// A duration with its sign, as precise as eight cells allow.
fn elapsed(time: SignedDuration) -> String {
    let sign = if time.is_negative() { '-' } else { '+' };
    let (seconds, millis) = (time.as_secs().unsigned_abs(), time.subsec_millis().unsigned_abs());
    match seconds {
        0..60 => format!("{sign}{seconds}.{millis:03}s"),
        60..3_600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{sign}{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "+0.000s")]
    #[case(1_042, "+1.042s")]
    #[case(-59_999, "-59.999s")]
    #[case(123_000, "+2m03s")]
    #[case(-3_725_000, "-1h02m")]
    #[case(90_000_000, "+1d01h")]
    fn elapsed_time_is_short(#[case] millis: i64, #[case] expected: &str) {
        assert_eq!(elapsed(SignedDuration::from_millis(millis)), expected);
        assert!(expected.len() <= usize::from(ELAPSED_WIDTH));
    }

    #[test]
    fn settings_for_other_lines_have_no_expanded_lines() {
        let mut display = LogDisplay { wrap: true, fullscreen: true, column_lock: false, ..LogDisplay::default() };
        display.next_times();
        display.next_json();
        display.toggle_expanded(3);
        display.elapsed = Some(Since::Line(Timestamp::UNIX_EPOCH));
        let display = display.for_other_lines();
        assert!(display.wrap && display.fullscreen && !display.column_lock);
        assert_eq!((display.times, display.json), (Times::Relative, Json::Pretty));
        assert!(display.expanded.is_empty() && display.elapsed.is_none());
    }

    #[test]
    fn an_expanded_line_is_wrapped_even_without_wrapping() {
        let mut display = LogDisplay::default();
        display.toggle_expanded(3);
        assert!(display.wraps(3) && !display.wraps(4));
        display.toggle_expanded(3);
        assert!(!display.wraps(3));
    }
}
