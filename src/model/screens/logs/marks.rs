//! Marks, and the time that has passed since one.

use jiff::{SignedDuration, Timestamp};

use super::{LogView, modes::reader, search::Since};
use crate::{
    logs::{Line, Role, TailUpdate},
    model::{
        Model,
        action::{Call, Outcome},
    },
};

impl LogView {
    /// When the last mark was set.
    fn marked(&self) -> Option<Timestamp> {
        let lines = self.ring.numbers().rev().filter_map(|number| self.ring.get(number));
        lines.into_iter().find(|line| line.role == Role::Mark).map(|line| line.at)
    }

    /// What stands in the column of elapsed time beside a line; nothing while there is none.
    pub fn elapsed(&self, line: &Line) -> Option<String> {
        Some(words(line.at.duration_since(self.search.elapsed?.at())))
    }
}

/// Cells of the column of elapsed time.
pub(super) const WIDTH: u16 = 8;

/// A length of time with its sign, as exact as eight cells allow.
fn words(elapsed: SignedDuration) -> String {
    let sign = if elapsed.is_negative() { '-' } else { '+' };
    let (seconds, millis) = (elapsed.as_secs().unsigned_abs(), elapsed.subsec_millis().unsigned_abs());
    match seconds {
        0..60 => format!("{sign}{seconds}.{millis:03}s"),
        60..3_600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{sign}{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A rule across the log, at its end, with the time.
pub(in crate::model) fn mark(model: &mut Model, _: Call<'_>) -> Outcome {
    let at = model.now;
    let text = at.to_zoned_datetime(model.settings.zone.zone.clone()).strftime("mark %Y-%m-%d %H:%M:%S").to_string();
    let reader = reader(model)?;
    let mark = Line { source: None, at, role: Role::Mark, level: None, late: false, task: None, text: text.into() };
    reader.on_update(TailUpdate::Lines(vec![mark]));
    if matches!(reader.search.elapsed, Some(Since::Mark(_))) {
        reader.search.elapsed = Some(Since::Mark(at));
    }
    if !reader.follow {
        model.info("a mark stands at the end of the log; shift-g goes there");
    }
    Ok(())
}

/// Elapsed time beside every line: since the last mark, since the line of the cursor, not at all.
pub(in crate::model) fn elapsed(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let mark = reader.marked().map(Since::Mark);
    let line = || reader.current().map(|(_, line)| Since::Line(line.at));
    let next = match reader.search.elapsed {
        None => Some(mark.or_else(line).ok_or("there are no lines yet")?),
        Some(Since::Mark(_)) if reader.cursor.is_some() => line(),
        Some(_) => None,
    };
    reader.search.elapsed = next;
    if let Some(since) = next {
        model.info(match since {
            Since::Mark(_) => "time since the last mark; again: since the line of the cursor",
            Since::Line(_) => "time since this line; again: none",
        });
    }
    Ok(())
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
        assert_eq!(words(SignedDuration::from_millis(millis)), expected);
        assert!(expected.len() <= usize::from(WIDTH));
    }
}
