//! Moments and stretches of time as people type them.
//!
//! ```text
//! when   := moment | moment ".." [ moment ]
//! moment := time | date [ time ] | ["-"] length | "now"
//! ```
//!
//! A time without a date is the last one up to now; after `..` it is the next one after the beginning, so that
//! `23:50..00:10` goes past midnight.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan, Unit, civil, tz::TimeZone};

use crate::grammar::Fault;

/// The parsed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    Since(Timestamp),
    Between(Timestamp, Timestamp),
}

/// Parses a time or a time range.
///
/// # Errors
///
/// What is invalid and where, with examples.
pub(super) fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<When, Fault> {
    let Some((from, to)) = text.split_once("..") else {
        return Ok(When::At(past(text, 0, now, zone)?));
    };
    let from = past(from, 0, now, zone)?;
    let behind = text.split_once("..").map_or(0, |(before, _)| before.chars().count() + 2);
    if to.trim().is_empty() {
        return Ok(When::Since(from));
    }
    let to = moment(to, behind, now, |time| next(time, from, zone), zone)?;
    match () {
        () if to <= from => Err(Fault::new(behind, "the end is not after the beginning")),
        () if to >= now => Ok(When::Since(from)),
        () => Ok(When::Between(from, to)),
    }
}

/// A time that is not in the future.
fn past(text: &str, at: usize, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Fault> {
    let moment = moment(text, at, now, |time| last(time, now, zone), zone)?;
    if moment > now { Err(Fault::new(at, "the time is in the future")) } else { Ok(moment) }
}

fn moment(
    text: &str,
    at: usize,
    now: Timestamp,
    time_of_day: impl Fn(civil::Time) -> Option<Timestamp>,
    zone: &TimeZone,
) -> Result<Timestamp, Fault> {
    let text = text.trim();
    let civil = |moment: civil::DateTime| Some(moment.to_zoned_datetime(zone.clone()).ok()?.timestamp());
    let read = match text {
        "" => return Err(Fault::new(at, "a time is missing: 14:05, -2h, 10:00..10:20")),
        "now" => Some(now),
        text => ago(text, now)
            .or_else(|| text.parse::<Timestamp>().ok())
            .or_else(|| text.parse::<civil::DateTime>().ok().and_then(civil))
            .or_else(|| text.parse::<civil::Time>().ok().and_then(time_of_day)),
    };
    read.ok_or_else(|| Fault::new(at, format!("invalid time `{text}`; try 14:05 or -2h")))
}

/// The time this long before now: `-2h`, `90m`.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.strip_prefix('-').unwrap_or(text).trim_start();
    if !text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
    now.checked_sub(SignedDuration::try_from_secs_f64(seconds.round().abs()).ok()?).ok()
}

/// The last time up to `now` at which clocks showed `time`.
fn last(time: civil::Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let now = now.to_zoned_datetime(zone.clone());
    let today = now.date().to_datetime(time).to_zoned_datetime(zone.clone()).ok()?;
    let moment = if today > now { today.checked_sub(1.day()).ok()? } else { today };
    Some(moment.timestamp())
}

/// The first time after `start` at which clocks show `time`.
fn next(time: civil::Time, start: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let start = start.to_zoned_datetime(zone.clone());
    let that_day = start.date().to_datetime(time).to_zoned_datetime(zone.clone()).ok()?;
    let moment = if that_day <= start { that_day.checked_add(1.day()).ok()? } else { that_day };
    Some(moment.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// In a zone an hour ahead, where it is 13:00.
    fn when(text: &str) -> Result<When, Fault> {
        read(text, at("2026-03-04T12:00:00Z"), &TimeZone::fixed(jiff::tz::offset(1)))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("12:05", "2026-03-04T11:05:00Z")]
    #[case(" 12:05:30 ", "2026-03-04T11:05:30Z")]
    // 13:01 is in the future, so it is yesterday's.
    #[case("13:01", "2026-03-03T12:01:00Z")]
    #[case("-2h", "2026-03-04T10:00:00Z")]
    #[case("90m", "2026-03-04T10:30:00Z")]
    #[case("-1d12h", "2026-03-03T00:00:00Z")]
    #[case("now", "2026-03-04T12:00:00Z")]
    #[case("2026-03-01", "2026-02-28T23:00:00Z")]
    #[case("2026-03-01 14:05", "2026-03-01T13:05:00Z")]
    #[case("2026-03-01T14:05:09", "2026-03-01T13:05:09Z")]
    #[case("2026-03-01T14:05:09Z", "2026-03-01T14:05:09Z")]
    fn a_time_is_parsed_in_the_zone(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(when(text), Ok(When::At(at(expected))));
    }

    #[rstest]
    #[case("10:00..10:20", Some(("2026-03-04T09:00:00Z", "2026-03-04T09:20:00Z")))]
    #[case("10:00 .. 10:20", Some(("2026-03-04T09:00:00Z", "2026-03-04T09:20:00Z")))]
    #[case("23:50..00:10", Some(("2026-03-03T22:50:00Z", "2026-03-03T23:10:00Z")))]
    #[case("-2h..-1h", Some(("2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z")))]
    #[case("2026-03-01 14:05..14:10", Some(("2026-03-01T13:05:00Z", "2026-03-01T13:10:00Z")))]
    fn two_times_are_a_range(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let expected = expected.map(|(from, to)| When::Between(at(from), at(to)));
        assert_eq!(when(text).ok(), expected);
    }

    #[rstest]
    #[case("10:00..")]
    #[case("10:00..now")]
    // A range that ends in the future is open.
    #[case("10:00..14:00")]
    fn a_range_without_an_end_is_open(#[case] text: &str) {
        assert_eq!(when(text), Ok(When::Since(at("2026-03-04T09:00:00Z"))));
    }

    #[rstest]
    #[case("", 0, "a time is missing: 14:05, -2h, 10:00..10:20")]
    #[case("..10:20", 0, "a time is missing: 14:05, -2h, 10:00..10:20")]
    #[case("soon", 0, "invalid time `soon`; try 14:05 or -2h")]
    #[case("10:00..25:00", 7, "invalid time `25:00`; try 14:05 or -2h")]
    #[case("2026-03-05 10:00", 0, "the time is in the future")]
    #[case("-1h..-2h", 5, "the end is not after the beginning")]
    fn an_invalid_time_is_reported_with_its_position(#[case] text: &str, #[case] place: usize, #[case] reason: &str) {
        assert_eq!(when(text), Err(Fault::new(place, reason)));
    }

    #[rstest]
    #[case("-7304484d175307616h", false)]
    #[case("-9999999d", false)]
    #[case("-700000d", true)]
    #[case("-009999-01-02T02:00:00Z..", true)]
    fn extreme_times_do_not_panic(#[case] text: &str, #[case] known: bool) {
        assert_eq!(when(text).is_ok(), known);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,24}") {
            let _ = when(&text);
        }

        #[test]
        fn a_range_ends_after_its_beginning(from in "[0-9]{2}:[0-9]{2}", to in "[0-9]{2}:[0-9]{2}") {
            if let Ok(When::Between(from, to)) = when(&format!("{from}..{to}")) {
                prop_assert!(from < to);
            }
        }
    }
}
