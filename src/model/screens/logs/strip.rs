//! The strip of counts over time: lines that pass the filters, and errors among them.

use jiff::{Timestamp, tz::TimeZone};

use super::{LogView, reader::reader};
use crate::model::{
    Model,
    action::{Call, Outcome},
};

/// Rows of the strip: errors, lines, times.
pub const HEIGHT: u16 = 3;

/// Minimum distance between times in cells.
const APART: usize = 12;

/// Possible durations of a cell in seconds.
const STEPS: [i64; 21] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/// Counts over time, one per cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Strip {
    /// Duration of a cell in seconds.
    pub step: i64,
    pub lines: Vec<u64>,
    pub errors: Vec<u64>,
    /// The cell of the line under the cursor.
    pub here: Option<usize>,
    /// Times, each with its first cell.
    pub times: Vec<(usize, String)>,
}

impl LogView {
    /// The counts for a number of cells; none without lines.
    pub fn strip(&self, cells: u16, zone: &TimeZone) -> Option<Strip> {
        let cells = i64::from(cells.max(1));
        let counted = &self.search.histogram;
        let (first, _) = counted.seconds().next()?;
        let last = counted.span()?.end.as_second() - 1;
        let (step, start) = scale(first, last, cells);
        let count = usize::try_from(cells.min((last - start) / step + 1)).unwrap_or(1);
        let cell = |second: i64| usize::try_from((second - start).div_euclid(step)).unwrap_or(0).min(count - 1);
        let (mut all, mut errors) = (vec![0; count], vec![0; count]);
        for (second, count) in counted.seconds() {
            all[cell(second)] += u64::from(count.lines);
            errors[cell(second)] += u64::from(count.errors);
        }
        let here =
            self.viewport.cursor.and_then(|number| self.buffer.ring.get(number)).map(|line| cell(line.at.as_second()));
        Some(Strip { step, lines: all, errors, here, times: times(start, step, count, zone) })
    }
}

/// The duration of a cell so that `cells` suffice, and the start of the first.
fn scale(first: i64, last: i64, cells: i64) -> (i64, i64) {
    let fits = |step: i64| last.div_euclid(step) - first.div_euclid(step) < cells;
    let longer = || (2..).map(|days| days * 86_400).find(|step| fits(*step));
    let step = STEPS.into_iter().find(|step| fits(*step)).or_else(longer).unwrap_or(86_400);
    (step, first.div_euclid(step) * step)
}

/// Times at regular cells; with dates if the strip is longer than a day.
fn times(start: i64, step: i64, count: usize, zone: &TimeZone) -> Vec<(usize, String)> {
    let days = i64::try_from(count).unwrap_or(0) * step > 86_400;
    let format = match (days, step < 5) {
        (true, _) => "%b %-d %H:%M",
        (false, true) => "%H:%M:%S",
        (false, false) => "%H:%M",
    };
    let every = if days { 2 * APART } else { APART };
    let time = |cell: usize| {
        let second = start + i64::try_from(cell).ok()? * step;
        Some((cell, Timestamp::from_second(second).ok()?.to_zoned_datetime(zone.clone()).strftime(format).to_string()))
    };
    (0..count).step_by(every).filter_map(time).collect()
}

pub(in crate::model) fn toggle(model: &mut Model, _: Call<'_>) -> Outcome {
    let finding = &mut reader(model)?.search;
    finding.strip = !finding.strip;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(100, 100, 10, (1, 100))]
    #[case(100, 109, 10, (1, 100))]
    #[case(100, 110, 10, (2, 100))]
    #[case(61, 3_600, 60, (60, 60))]
    #[case(61, 3_660, 60, (120, 0))]
    #[case(0, 86_400 * 100, 10, (86_400 * 11, 0))]
    fn a_cell_has_the_shortest_possible_duration(
        #[case] first: i64,
        #[case] last: i64,
        #[case] cells: i64,
        #[case] expected: (i64, i64),
    ) {
        assert_eq!(scale(first, last, cells), expected);
    }

    #[test]
    fn times_are_as_precise_as_the_cells() {
        let words = |step: i64, count: usize| {
            times(0, step, count, &TimeZone::UTC).into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(words(1, 13), ["00:00:00", "00:00:12"]);
        assert_eq!(words(60, 25), ["00:00", "00:12", "00:24"]);
        assert_eq!(words(7_200, 25), ["Jan 1 00:00", "Jan 3 00:00"]);
    }
}
