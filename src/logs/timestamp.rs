//! Strips the timestamp at the start of a line: the log view shows the time in front of it anyway.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

/// The most that a line's own timestamp may differ from CloudWatch's to count as the same.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// `text` without its leading timestamp, if that is within a second of `at`; otherwise unchanged. Timestamps without a
/// zone are taken as UTC.
pub fn strip_timestamp(text: &str, at: Timestamp) -> &str {
    stamp(text)
        .filter(|(stamped, _)| at.duration_since(*stamped).abs() <= TOLERANCE)
        .map_or(text, |(_, rest)| rest.trim_start())
}

/// The timestamp at the start of a text, in brackets or not, and the rest.
fn stamp(text: &str) -> Option<(Timestamp, &str)> {
    let (open, rest) = match text.strip_prefix('[') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (civil, rest) = rest.split_at_checked("2026-01-31T14:05:09".len())?;
    let civil_time: DateTime = civil.parse().ok()?;
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            fraction.get(digits..).filter(|_| digits > 0)?
        }
        None => rest,
    };
    let (offset, rest) = zone(rest)?;
    let rest = if open { rest.strip_prefix(']')? } else { rest };
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', '[']);
    ends.then_some((offset.to_timestamp(civil_time).ok()?, rest))
}

/// The zone of a time: `Z`, `+01:00`, `+0100`, or none, which means UTC.
fn zone(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((Offset::UTC, rest));
    }
    let sign = match text.bytes().next() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((Offset::UTC, text)),
    };
    let hours: i32 = text.get(1..3)?.parse().ok()?;
    let rest = text.get(3..)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes: i32 = rest.get(..2)?.parse().ok()?;
    Some((Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?, &rest[2..]))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-01-31T14:05:09.412Z  INFO started", "INFO started")]
    #[case("2026-01-31 14:05:09,412 INFO started", "INFO started")]
    #[case("[2026-01-31 14:05:09] started", "started")]
    #[case("[2026-01-31 14:05:09.4][1][info] started", "[1][info] started")]
    #[case("2026-01-31T15:05:09+01:00 started", "started")]
    #[case("2026-01-31T09:05:09.1-0500 started", "started")]
    #[case("2026-01-31T14:05:10Z", "")]
    // Another time, or text that only starts like one.
    #[case("2026-01-31T14:05:19Z late", "2026-01-31T14:05:19Z late")]
    #[case("2026-01-31 15:05:09 elsewhere", "2026-01-31 15:05:09 elsewhere")]
    #[case("2026-01-31T14:05:09Z/report", "2026-01-31T14:05:09Z/report")]
    #[case("[2026-01-31 14:05:09 open", "[2026-01-31 14:05:09 open")]
    #[case("2026-01-31T14:05:09.Z", "2026-01-31T14:05:09.Z")]
    #[case("2026-01-31T14:05:09+é", "2026-01-31T14:05:09+é")]
    #[case("short", "short")]
    #[case("日本語日本語日本語日本語", "日本語日本語日本語日本語")]
    fn only_a_timestamp_of_the_same_time_is_stripped(#[case] text: &str, #[case] rest: &str) {
        assert_eq!(strip_timestamp(text, "2026-01-31T14:05:09.4Z".parse().unwrap()), rest);
    }
}
