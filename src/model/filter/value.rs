//! What a person types after `<`, `=` or `>`, as the number a column orders by.

use jiff::{SpanRelativeTo, Timestamp, ToSpan, Unit as Time, civil, tz::TimeZone};

use crate::{
    grammar::{self, Op},
    resource::Unit,
};

/// What a person typed, as a stretch of the numbers that a column holds: a time without seconds is a whole minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    from: f64,
    /// How much more than `from` is still meant; 0 for what is exact.
    length: f64,
}

impl Amount {
    fn exactly(number: f64) -> Self {
        Self { from: number, length: 0.0 }
    }

    /// Whether `value` compares so to it.
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

/// Reads `text` in `unit`; the error says what would do instead. Times of day are the last ones before `now` in `zone`.
pub(super) fn read(text: &str, unit: Unit, now: Timestamp, zone: &TimeZone) -> Result<Amount, String> {
    let read = match unit {
        Unit::Time => time(text, now, zone),
        unit => of(text, unit).map(Amount::exactly),
    };
    read.ok_or_else(|| format!("`{text}` is {}", expected(unit)))
}

/// The number that a value of a cell is in `unit`; absent when it is none.
pub(super) fn of(text: &str, unit: Unit) -> Option<f64> {
    match unit {
        Unit::Text => None,
        Unit::Count => grammar::number(text.trim_end_matches('%')),
        Unit::Seconds => grammar::number(text).or_else(|| seconds(text)),
        Unit::Time => text.parse().ok().map(|at: Timestamp| at.as_second() as f64),
        Unit::Mebibytes => scaled(text, &[("gib", 1024.0), ("gb", 1024.0), ("gi", 1024.0), ("g", 1024.0)])
            .or_else(|| scaled(text, &[("mib", 1.0), ("mb", 1.0), ("mi", 1.0), ("m", 1.0), ("", 1.0)])),
        Unit::Cpu => scaled(text, &[("vcpus", 1024.0), ("vcpu", 1024.0), ("", 1.0)]),
    }
}

fn expected(unit: Unit) -> &'static str {
    match unit {
        Unit::Text | Unit::Count => "no number",
        Unit::Seconds => "no length of time; 90s, 10m, 2h and 1d12h are",
        Unit::Time => "no time; 14:05, 14:05Z, 2026-01-31 and 2026-01-31T14:05 are",
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

/// A time as people write it, and as tables show it: `14:05`, `14:05:09Z`, `01-31 14:05`, `2026-01-31`.
fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Amount> {
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
        // It says its own offset, or leaves out the year.
        _ => text.parse::<Timestamp>().ok().or_else(|| this_year(bare, now, zone))?,
    };
    Some(Amount { from: moment.as_second() as f64, length })
}

/// The last moment up to now with this month, day and time: `01-31 14:05`.
fn this_year(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let year = now.to_zoned_datetime(zone.clone()).year();
    let in_year = |year: i16| {
        let moment: civil::DateTime = format!("{year:04}-{text}").parse().ok()?;
        Some(moment.to_zoned_datetime(zone.clone()).ok()?.timestamp())
    };
    in_year(year).filter(|moment| *moment <= now).or_else(|| in_year(year - 1))
}

/// The last moment up to now at which clocks showed `time`.
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

    fn read(text: &str, unit: Unit) -> Result<Amount, String> {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        super::read(text, unit, now, &TimeZone::fixed(jiff::tz::offset(1)))
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
    // 13:00 in the zone is now; 13:01 is still to come, so yesterday's is meant.
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
        assert_eq!(read(text, unit).map(|amount| amount.from), Ok(expected));
    }

    /// `14:05` is the whole minute, a date the whole day.
    #[rstest]
    #[case("12:00", 0.0, "= <= >=")]
    #[case("12:00", 59.0, "= <= > >=")]
    #[case("12:00", 60.0, "!= > >=")]
    #[case("12:00", -1.0, "!= < <=")]
    #[case("12:00:00", 1.0, "!= > >=")]
    #[case("2026-03-04", 3_600.0, "= <= > >=")]
    fn a_time_is_as_long_as_it_is_written(#[case] text: &str, #[case] seconds: f64, #[case] holding: &str) {
        let amount = read(text, Unit::Time).unwrap();
        let noon = read("12:00:00", Unit::Time).unwrap().from;
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
    fn what_makes_no_sense_is_named(#[case] text: &str, #[case] unit: Unit) {
        let error = read(text, unit).unwrap_err();
        assert!(error.starts_with(&format!("`{text}` is no ")), "{error}");
    }
}
