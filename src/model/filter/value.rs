//! What a person types after `<`, `=` or `>`, as the number a column orders by.

use jiff::{SpanRelativeTo, Timestamp, ToSpan, Unit as Time, civil, tz::TimeZone};

use crate::{grammar, resource::Unit};

/// Reads `text` in `unit`; the error says what would do instead. Times of day are the last ones before `now` in `zone`.
pub(super) fn number(text: &str, unit: Unit, now: Timestamp, zone: &TimeZone) -> Result<f64, String> {
    let read = match unit {
        Unit::Text | Unit::Count => grammar::number(text.trim_end_matches('%')),
        Unit::Seconds => grammar::number(text).or_else(|| seconds(text)),
        Unit::Time => time(text, now, zone),
        Unit::Mebibytes => scaled(text, &[("gib", 1024.0), ("gb", 1024.0), ("gi", 1024.0), ("g", 1024.0)])
            .or_else(|| scaled(text, &[("mib", 1.0), ("mb", 1.0), ("mi", 1.0), ("m", 1.0), ("", 1.0)])),
        Unit::Cpu => scaled(text, &[("vcpus", 1.0), ("vcpu", 1.0), ("", 1.0 / 1024.0)]),
    };
    read.ok_or_else(|| format!("`{text}` is {}", expected(unit)))
}

fn expected(unit: Unit) -> &'static str {
    match unit {
        Unit::Text | Unit::Count => "no number",
        Unit::Seconds => "no length of time; 90s, 10m, 2h and 1d12h are",
        Unit::Time => "no time; 14:05, 2026-01-31 and 2026-01-31T14:05 are",
        Unit::Mebibytes => "no amount of memory; 512, 512Mi and 2Gi are",
        Unit::Cpu => "no CPU size; 256 (units) and 0.25vcpu are",
    }
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.to_ascii_lowercase();
    units.iter().find_map(|(suffix, factor)| Some(grammar::number(text.strip_suffix(suffix)?.trim_end())? * factor))
}

fn seconds(text: &str) -> Option<f64> {
    let span: jiff::Span = text.parse().ok()?;
    span.total((Time::Second, SpanRelativeTo::days_are_24_hours())).ok()
}

fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<f64> {
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) => match text.parse::<civil::DateTime>() {
            Ok(moment) => moment.to_zoned(zone.clone()).ok()?.timestamp(),
            Err(_) => last(text.parse().ok()?, now, zone)?,
        },
    };
    Some(moment.as_second() as f64)
}

/// The last moment up to now at which clocks showed `time`.
fn last(time: civil::Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let now = now.to_zoned(zone.clone());
    let today = now.date().to_datetime(time).to_zoned(zone.clone()).ok()?;
    let moment = if today > now { today.checked_sub(1.day()).ok()? } else { today };
    Some(moment.timestamp())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(text: &str, unit: Unit) -> Result<f64, String> {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        number(text, unit, now, &TimeZone::fixed(jiff::tz::offset(1)))
    }

    #[rstest]
    #[case("80%", Unit::Count, 80.0)]
    #[case("-1", Unit::Count, -1.0)]
    #[case("90", Unit::Seconds, 90.0)]
    #[case("10m", Unit::Seconds, 600.0)]
    #[case("1d12h", Unit::Seconds, 129_600.0)]
    #[case("512", Unit::Mebibytes, 512.0)]
    #[case("512Mi", Unit::Mebibytes, 512.0)]
    #[case("2Gi", Unit::Mebibytes, 2048.0)]
    #[case("1.5gb", Unit::Mebibytes, 1536.0)]
    #[case("256", Unit::Cpu, 0.25)]
    #[case("0.25vCPU", Unit::Cpu, 0.25)]
    // 13:00 in the zone is now; 13:01 is still to come, so yesterday's is meant.
    #[case("13:00", Unit::Time, 1_772_625_600.0)]
    #[case("13:01", Unit::Time, 1_772_625_660.0 - 86_400.0)]
    #[case("2026-03-04", Unit::Time, 1_772_578_800.0)]
    #[case("2026-03-04T13:00", Unit::Time, 1_772_625_600.0)]
    #[case("2026-03-04T12:00:00Z", Unit::Time, 1_772_625_600.0)]
    fn values_are_read_in_the_unit_of_the_column(#[case] text: &str, #[case] unit: Unit, #[case] expected: f64) {
        assert_eq!(read(text, unit), Ok(expected));
    }

    #[rstest]
    #[case("abc", Unit::Count)]
    #[case("inf", Unit::Count)]
    #[case("", Unit::Mebibytes)]
    #[case("10 parsecs", Unit::Seconds)]
    #[case("25:99", Unit::Time)]
    #[case("1Ti", Unit::Mebibytes)]
    fn what_makes_no_sense_is_named(#[case] text: &str, #[case] unit: Unit) {
        let error = read(text, unit).unwrap_err();
        assert!(error.starts_with(&format!("`{text}` is no ")), "{error}");
    }
}
