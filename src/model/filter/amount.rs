//! Parses the value after `<`, `=` or `>` into the number that a column orders by.

use jiff::{SpanRelativeTo, Timestamp, ToSpan, Unit as Time, civil, tz::TimeZone};

use crate::{
    grammar::{self, Op},
    resource::Unit,
};

/// A parsed value, as a range of numbers: a time without seconds is a whole minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    from: f64,
    /// Length of the range; 0 for an exact value.
    length: f64,
}

impl Amount {
    fn exactly(number: f64) -> Self {
        Self { from: number, length: 0.0 }
    }

    /// Whether `value` has this order relative to it.
    pub(super) fn is(self, op: Op, value: f64) -> bool {
        let equal = value == self.from || (value > self.from && value < self.from + self.length);
        match op {
            Op::Contains | Op::Equals | Op::Matches => equal,
            Op::Differs | Op::MatchesNot => !equal,
            Op::Less => value < self.from,
            Op::AtMost => value < self.from || equal,
            Op::Greater => value > self.from,
            Op::AtLeast => value >= self.from,
        }
    }
}

/// Parses `text` in `unit`; the error suggests valid values. Times of day are the last ones before `now` in `zone`.
pub(super) fn parse_amount(text: &str, unit: Unit, now: Timestamp, zone: &TimeZone) -> Result<Amount, String> {
    let read = match unit {
        Unit::Time => parse_time(text, now, zone),
        unit => parse_number(text, unit).map(Amount::exactly),
    };
    let (what, examples) = expected(unit);
    read.ok_or_else(|| format!("invalid {what} `{text}`; try {examples}"))
}

/// The number for a cell's value in `unit`; absent for another text.
pub(super) fn parse_number(text: &str, unit: Unit) -> Option<f64> {
    match unit {
        Unit::Text => None,
        Unit::Count => grammar::number(text.trim_end_matches('%')),
        Unit::Seconds => grammar::number(text).or_else(|| parse_duration(text)),
        Unit::Time => text.parse().ok().map(|at: Timestamp| at.as_second() as f64),
        Unit::Mebibytes => scaled(text, &[("gib", 1024.0), ("gb", 1024.0), ("gi", 1024.0), ("g", 1024.0)])
            .or_else(|| scaled(text, &[("mib", 1.0), ("mb", 1.0), ("mi", 1.0), ("m", 1.0), ("", 1.0)])),
        Unit::Cpu => scaled(text, &[("vcpus", 1024.0), ("vcpu", 1024.0), ("", 1.0)]),
    }
}

/// The name of a value in this unit, and examples.
fn expected(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Text | Unit::Count => ("number", "42"),
        Unit::Seconds => ("duration", "90s, 10m, 2h or 1d12h"),
        Unit::Time => ("time", "14:05, 14:05Z, 2026-01-31 or 2026-01-31T14:05"),
        Unit::Mebibytes => ("size", "512, 512Mi or 2Gi"),
        Unit::Cpu => ("CPU size", "256 (units) or 0.25vcpu"),
    }
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.to_ascii_lowercase();
    units.iter().find_map(|(suffix, factor)| Some(grammar::number(text.strip_suffix(suffix)?.trim_end())? * factor))
}

fn parse_duration(text: &str) -> Option<f64> {
    let span: jiff::Span = text.parse().ok()?;
    span.total((Time::Second, SpanRelativeTo::days_are_24_hours())).ok()
}

/// Parses a time as written by people and in tables: `14:05`, `14:05:09Z`, `01-31 14:05`, `2026-01-31`.
fn parse_time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Amount> {
    const UTC: TimeZone = TimeZone::UTC;
    let (bare, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(bare) => (bare.trim_end(), &UTC),
        None => (text, zone),
    };
    let length = match (bare.matches(':').count(), bare.contains('-')) {
        (0, true) => 86_400.0,
        (0, false) => 3_600.0,
        (1, _) => 60.0,
        _ => 1.0,
    };
    let moment = match (bare.parse::<civil::DateTime>(), bare.parse::<civil::Time>()) {
        (Ok(moment), _) => moment.to_zoned_datetime(zone.clone()).ok()?.timestamp(),
        (_, Ok(time)) => last(time, now, zone)?,
        // It has its own offset, or no year.
        _ => text.parse::<Timestamp>().ok().or_else(|| this_year(bare, now, zone))?,
    };
    Some(Amount { from: moment.as_second() as f64, length })
}

/// The last time up to now with this month, day and time: `01-31 14:05`.
fn this_year(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let year = now.to_zoned_datetime(zone.clone()).year();
    let in_year = |year: i16| {
        let moment: civil::DateTime = format!("{year:04}-{text}").parse().ok()?;
        Some(moment.to_zoned_datetime(zone.clone()).ok()?.timestamp())
    };
    in_year(year).filter(|moment| *moment <= now).or_else(|| in_year(year - 1))
}

/// The last time up to now at which clocks showed `time`.
fn last(time: civil::Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let now = now.to_zoned_datetime(zone.clone());
    let today = now.date().to_datetime(time).to_zoned_datetime(zone.clone()).ok()?;
    let moment = if today > now { today.checked_sub(1.day()).ok()? } else { today };
    Some(moment.timestamp())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse_amount(text: &str, unit: Unit) -> Result<Amount, String> {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        super::parse_amount(text, unit, now, &TimeZone::fixed(jiff::tz::offset(1)))
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
    #[case("256", Unit::Cpu, 256.0)]
    #[case("0.25vCPU", Unit::Cpu, 256.0)]
    // 13:00 in the zone is now; 13:01 is in the future, so it is yesterday's.
    #[case("13:00", Unit::Time, 1_772_625_600.0)]
    #[case("13:01", Unit::Time, 1_772_625_660.0 - 86_400.0)]
    #[case("2026-03-04", Unit::Time, 1_772_578_800.0)]
    #[case("2026-03-04T13:00", Unit::Time, 1_772_625_600.0)]
    #[case("2026-03-04T12:00:00Z", Unit::Time, 1_772_625_600.0)]
    #[case("2026-03-04 12:00:00Z", Unit::Time, 1_772_625_600.0)]
    #[case("2026-03-04T13:00:00+01:00", Unit::Time, 1_772_625_600.0)]
    #[case("12:00Z", Unit::Time, 1_772_625_600.0)]
    #[case("12:00:01Z", Unit::Time, 1_772_625_601.0 - 86_400.0)]
    #[case("03-04 13:00", Unit::Time, 1_772_625_600.0)]
    #[case("03-04T12:00Z", Unit::Time, 1_772_625_600.0)]
    #[case("03-05 13:00", Unit::Time, 1_741_176_000.0)]
    fn values_are_read_in_the_unit_of_the_column(#[case] text: &str, #[case] unit: Unit, #[case] expected: f64) {
        assert_eq!(parse_amount(text, unit).map(|amount| amount.from), Ok(expected));
    }

    /// `14:05` is the whole minute, a date the whole day.
    #[rstest]
    #[case("12:00", 0.0, "= <= >=")]
    #[case("12:00", 59.0, "= <= > >=")]
    #[case("12:00", 60.0, "!= > >=")]
    #[case("12:00", -1.0, "!= < <=")]
    #[case("12:00:00", 1.0, "!= > >=")]
    #[case("2026-03-04", 3_600.0, "= <= > >=")]
    fn the_precision_of_a_time_sets_its_range(#[case] text: &str, #[case] seconds: f64, #[case] holding: &str) {
        let amount = parse_amount(text, Unit::Time).unwrap();
        let noon = parse_amount("12:00:00", Unit::Time).unwrap().from;
        let ops = ["=", "!=", "<", "<=", ">", ">="];
        let op = |spelling: &str| grammar::OPS.iter().find(|(known, _)| *known == spelling).unwrap().1;
        let holds = ops.into_iter().filter(|spelling| amount.is(op(spelling), noon + seconds));
        assert_eq!(holds.collect::<Vec<_>>().join(" "), holding);
    }

    #[rstest]
    #[case("abc", Unit::Count)]
    #[case("inf", Unit::Count)]
    #[case("", Unit::Mebibytes)]
    #[case("10 parsecs", Unit::Seconds)]
    #[case("25:99", Unit::Time)]
    #[case("1Ti", Unit::Mebibytes)]
    fn an_invalid_value_is_named(#[case] text: &str, #[case] unit: Unit) {
        let error = parse_amount(text, unit).unwrap_err();
        assert!(error.contains(&format!(" `{text}`; try ")), "{error}");
    }
}
