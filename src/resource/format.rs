//! Formats of times, names and numbers.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::{Cell, Context, Order, Tone};

/// Converts a time of the SDK, to the millisecond: AWS gives no more digits, the rest are rounding errors of the SDK. Absent
/// outside the years 1 to 9998, so that adding hours or years can't overflow.
pub fn timestamp(time: Option<&DateTime>) -> Option<Timestamp> {
    const YEARS: std::ops::Range<i64> = -62_135_596_800..253_370_764_800;
    let time = time.filter(|time| YEARS.contains(&time.secs()))?;
    let millis = (i64::from(time.subsec_nanos()) + 500_000) / 1_000_000;
    Timestamp::from_millisecond(time.secs().checked_mul(1_000)?.checked_add(millis)?).ok()
}

/// Clamps a count or an amount from AWS to 0..=100,000,000, so that sums and differences can't overflow.
pub fn amount(number: i32) -> i32 {
    number.clamp(0, 100_000_000)
}

/// Formats a duration in at most two units: `45s`, `12m`, `3h20m`, `5d4h`, `212d`.
pub fn duration(seconds: i64) -> String {
    let s = seconds.max(0);
    let (minutes, hours, days) = (s / 60, s / 3600, s / 86_400);
    let pair = |major: i64, unit: char, minor: i64, small: char| match minor {
        0 => format!("{major}{unit}"),
        _ => format!("{major}{unit}{minor}{small}"),
    };
    match s {
        0..60 => format!("{s}s"),
        60..600 => pair(minutes, 'm', s % 60, 's'),
        600..3600 => format!("{minutes}m"),
        3600..86_400 => pair(hours, 'h', minutes % 60, 'm'),
        86_400..864_000 => pair(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}

/// Seconds from `then` to `now`, never negative.
pub fn seconds_since(then: Timestamp, now: Timestamp) -> i64 {
    (now.as_second() - then.as_second()).max(0)
}

/// Cell with the age of `then`.
pub fn age_cell(then: Option<Timestamp>, now: Timestamp) -> Cell<'static> {
    then.map_or_else(Cell::absent, |then| Cell::new(duration(seconds_since(then, now)), Tone::Muted))
}

/// Sort value of an age, in seconds.
pub fn age_order(then: Option<Timestamp>, now: Timestamp) -> Order<'static> {
    then.map_or(Order::Absent, |then| Order::Number(seconds_since(then, now) as f64))
}

/// Cell with a point in time.
pub fn time_cell(time: Option<Timestamp>, cx: &Context) -> Cell<'static> {
    time.map_or_else(Cell::absent, |at| Cell::new(cx.zone.clock(at), Tone::Muted).values([at.to_string()]))
}

/// Cell with the first characters of an id, or of the last part of an ARN. Filters compare these or the whole id.
pub fn id_cell(arn: &str, tone: Tone) -> Cell<'_> {
    Cell::new(short_id(arn), tone).values([short_id(arn), last_part(arn)])
}

/// Sort value of a point in time, in seconds since the epoch.
pub fn time_order(time: Option<Timestamp>) -> Order<'static> {
    time.map_or(Order::Absent, |time| Order::Number(time.as_millisecond() as f64 / 1000.0))
}

/// Formats `time` for a description: to the second, and how long ago.
pub fn when(time: Option<Timestamp>, cx: &Context) -> String {
    let ago = |time| duration(seconds_since(time, cx.now));
    time.map(|time| format!("{} ({} ago)", cx.zone.clock(time), ago(time))).unwrap_or_default()
}

/// Cell with a text; absent when there is none or it is empty.
pub fn text_cell(text: Option<&str>) -> Cell<'_> {
    match text {
        Some(text) if !text.is_empty() => Cell::plain(text),
        _ => Cell::absent(),
    }
}

/// Sort value of a text; an empty one sorts as absent.
pub fn text_order(text: Option<&str>) -> Order<'_> {
    match text {
        Some(text) if !text.is_empty() => Order::Text(text.into()),
        _ => Order::Absent,
    }
}

/// Sort value of a number that AWS gives as text.
pub fn number_order(text: Option<&str>) -> Order<'_> {
    text.and_then(|text| text.parse().ok()).map_or(Order::Absent, Order::Number)
}

/// Collects the words of a command line.
pub fn words<const N: usize>(words: [&str; N]) -> Option<Vec<String>> {
    Some(words.map(str::to_owned).into())
}

/// Converts a constant of AWS to words: `ROLLBACK_IN_PROGRESS` to `rollback in progress`.
pub fn in_words(constant: &str) -> String {
    constant.to_lowercase().replace('_', " ")
}

/// The part of an ARN after its last slash; the whole ARN when there is no slash.
pub fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The first eight characters of an id, or of the last part of an ARN: enough to tell tasks apart on a screen.
pub fn short_id(arn: &str) -> &str {
    let id = last_part(arn);
    id.char_indices().nth(8).map_or(id, |(end, _)| &id[..end])
}

/// Formats an amount of data in the units AWS bills by: `812 B`, `1.4 MB`, `23 GB`. A unit is 1,024 of the one below it.
pub fn size(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut amount, mut unit) = (bytes.max(0.0), 0);
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && amount < 9.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// Formats a number with thousands separators: `1,204,332`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a count in at most five cells: `812`, `8.4k`, `37k`, `1.2M`.
pub fn compact(count: u64) -> String {
    match count {
        ..1_000 => count.to_string(),
        1_000..10_000 => format!("{}.{}k", count / 1_000, count % 1_000 / 100),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// Formats a count with what is counted: `1 line`, `1,302 lines`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `1 task`, `3 tasks`.
pub fn count_tasks(count: i32) -> String {
    counted(u64::try_from(count).unwrap_or(0), "task")
}

/// Replaces each run of whitespace, line breaks included, with one space, so that a long reason fits in a cell.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(-5, "0s")]
    #[case(59, "59s")]
    #[case(60, "1m")]
    #[case(95, "1m35s")]
    #[case(3599, "59m")]
    #[case(3600, "1h")]
    #[case(12_000, "3h20m")]
    #[case(86_400, "1d")]
    #[case(100_000, "1d3h")]
    #[case(20_000_000, "231d")]
    fn durations_have_at_most_two_units(#[case] seconds: i64, #[case] text: &str) {
        assert_eq!(duration(seconds), text);
    }

    #[test]
    fn times_of_the_sdk_are_read_to_the_millisecond() {
        let read = |seconds, nanos| timestamp(Some(&DateTime::from_secs_and_nanos(seconds, nanos)));
        assert_eq!(read(18, 640_000_104).unwrap().to_string(), "1970-01-01T00:00:18.64Z");
        assert_eq!(read(-1, 999_999_999).unwrap(), Timestamp::UNIX_EPOCH);
        assert_eq!(read(i64::MAX, 0), None);
    }

    #[rstest]
    #[case(i64::MIN, false)]
    #[case(-62_135_596_801, false)]
    #[case(-62_135_596_800, true)]
    #[case(253_370_764_799, true)]
    #[case(253_370_764_800, false)]
    #[case(i64::MAX, false)]
    fn times_near_the_ends_of_the_calendar_are_absent(#[case] second: i64, #[case] known: bool) {
        assert_eq!(timestamp(Some(&DateTime::from_secs(second))).is_some(), known);
    }

    #[rstest]
    #[case(999, "999")]
    #[case(8_499, "8.4k")]
    #[case(999_999, "999k")]
    #[case(1_299_999, "1.2M")]
    fn compact_counts_are_rounded_down(#[case] count: u64, #[case] text: &str) {
        assert_eq!(compact(count), text);
    }

    #[rstest]
    #[case(0, "0 lines")]
    #[case(1, "1 line")]
    #[case(1_302, "1,302 lines")]
    fn counts_agree_with_what_is_counted(#[case] count: u64, #[case] text: &str) {
        assert_eq!(counted(count, "line"), text);
    }

    #[rstest]
    #[case(0.0, "0 B")]
    #[case(812.0, "812 B")]
    #[case(1_468_006.4, "1.4 MB")]
    #[case(1_048_575.0, "1.0 MB")]
    #[case(25e9, "23 GB")]
    #[case(1e18, "909495 TB")]
    fn sizes_are_short(#[case] bytes: f64, #[case] text: &str) {
        assert_eq!(size(bytes), text);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1_000, "1,000")]
    #[case(1_204_332, "1,204,332")]
    fn digits_are_grouped(#[case] number: u64, #[case] text: &str) {
        assert_eq!(grouped(number), text);
    }

    #[rstest]
    #[case("arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef", "01234567")]
    #[case("ü-öäß", "ü-öäß")]
    #[case("ééééééééé", "éééééééé")]
    fn short_ids_never_split_a_character(#[case] arn: &str, #[case] short: &str) {
        assert_eq!(short_id(arn), short);
    }
}
