//! The time zone in which all times on screen are parsed and shown.

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

/// A time zone, and whether each time shows its offset. Times in UTC always end with `Z`. Other times have no suffix on a page
/// that names the zone, and show their offset elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    pub zone: TimeZone,
    /// Whether each time shows its offset.
    marked: bool,
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    pub const UTC: Self = Self::named(TimeZone::UTC);

    /// Creates the zone of a page that names it, so that its times have no suffix.
    pub const fn named(zone: TimeZone) -> Self {
        Self { zone, marked: false }
    }

    /// Creates the zone of text that is read on its own, so that each time shows its offset.
    pub const fn marked(zone: TimeZone) -> Self {
        Self { zone, marked: true }
    }

    /// Formats date and time: `2026-01-31 14:05:09`.
    pub fn clock(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d %H:%M:%S")
    }

    /// Formats the time of day: `14:05:09`.
    pub fn second(&self, time: Timestamp) -> String {
        self.format(time, "%H:%M:%S")
    }

    /// Formats the date: `2026-01-31`.
    pub fn date(&self, time: Timestamp) -> String {
        self.at(time).strftime("%Y-%m-%d").to_string()
    }

    /// Formats a past time: `14:05:09` on the day of `now`, `01-31 14:05` on another.
    pub fn short(&self, time: Timestamp, now: Timestamp) -> String {
        let same_day = self.at(time).date() == self.at(now).date();
        self.format(time, if same_day { "%H:%M:%S" } else { "%m-%d %H:%M" })
    }

    /// Formats a time near `now` to the minute: `14:05`, with the day of the week when it is more than 12 hours away.
    pub fn minute(&self, time: Timestamp, now: Timestamp) -> String {
        let soon = (time.as_second() - now.as_second()).abs() < 12 * 3600;
        self.format(time, if soon { "%H:%M" } else { "%a %H:%M" })
    }

    /// Name of the zone at this time: `UTC`, `UTC-05:00`.
    pub fn name(&self, now: Timestamp) -> String {
        match self.at(now) {
            at if at.offset().is_zero() => "UTC".into(),
            at => at.strftime("UTC%:z").to_string(),
        }
    }

    fn at(&self, time: Timestamp) -> ZonedDateTime {
        time.to_zoned_datetime(self.zone.clone())
    }

    fn format(&self, time: Timestamp, format: &str) -> String {
        let at = self.at(time);
        let sign = match (self.zone == TimeZone::UTC || (self.marked && at.offset().is_zero()), self.marked) {
            (true, _) => "Z",
            (false, true) => "%:z",
            (false, false) => "",
        };
        at.strftime(&format!("{format}{sign}")).to_string()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case(Zone::UTC, "2026-01-31 03:05:09Z", "03:05:09Z", "01-31 03:05Z", "Sat 03:05Z", "UTC")]
    #[case(Zone::named(new_york()), "2026-01-30 22:05:09", "22:05:09", "01-30 22:05", "Fri 22:05", "UTC-05:00")]
    #[case(
        Zone::marked(new_york()),
        "2026-01-30 22:05:09-05:00",
        "22:05:09-05:00",
        "01-30 22:05-05:00",
        "Fri 22:05-05:00",
        "UTC-05:00"
    )]
    fn times_show_their_offset_unless_the_page_names_the_zone(
        #[case] zone: Zone,
        #[case] clock: &str,
        #[case] second: &str,
        #[case] short: &str,
        #[case] minute: &str,
        #[case] name: &str,
    ) {
        let (time, later) = (at("2026-01-31T03:05:09Z"), at("2026-02-01T12:00:00Z"));
        assert_eq!((zone.clock(time), zone.second(time)), (clock.into(), second.into()));
        assert_eq!((zone.short(time, later), zone.minute(time, later)), (short.into(), minute.into()));
        assert_eq!(zone.name(time), name);
    }

    #[test]
    fn the_same_day_is_decided_in_the_zone() {
        let (time, now) = (at("2026-01-31T23:30:00Z"), at("2026-02-01T04:00:00Z"));
        assert_eq!(Zone::UTC.short(time, now), "01-31 23:30Z");
        assert_eq!(Zone::named(new_york()).short(time, now), "18:30:00");
    }

    fn new_york() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(-5))
    }
}
