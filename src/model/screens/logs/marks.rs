//! Marks, and elapsed time.

use super::{display::Since, reader::reader};
use crate::{
    logs::{Line, Role},
    model::{
        Model,
        action::{Call, Outcome},
    },
};

/// Inserts a mark with the time at the end of the log.
pub(in crate::model) fn mark(model: &mut Model, _: Call<'_>) -> Outcome {
    let at = model.now;
    let text = at.to_zoned_datetime(model.settings.zone.zone.clone()).strftime("mark %Y-%m-%d %H:%M:%S").to_string();
    let reader = reader(model)?;
    let mark = Line { source: None, at, role: Role::Mark, level: None, late: false, task: None, text: text.into() };
    reader.buffer.push(vec![mark]);
    if matches!(reader.display.elapsed, Some(Since::Mark(_))) {
        reader.display.elapsed = Some(Since::Mark(at));
    }
    if !reader.viewport.follow {
        model.info("mark inserted at the end of the log; shift-g goes there");
    }
    Ok(())
}

/// Cycles the elapsed time column: since the last mark, since the line under the cursor, off.
pub(in crate::model) fn elapsed(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let mark = reader.buffer.marked().map(Since::Mark);
    let line = || reader.current().map(|(_, line)| Since::Line(line.at));
    let next = match reader.display.elapsed {
        None => Some(mark.or_else(line).ok_or("there are no lines yet")?),
        Some(Since::Mark(_)) if reader.viewport.cursor.is_some() => line(),
        Some(_) => None,
    };
    reader.display.elapsed = next;
    if let Some(since) = next {
        model.info(match since {
            Since::Mark(_) => "time since the last mark; again: since the line of the cursor",
            Since::Line(_) => "time since this line; again: none",
        });
    }
    Ok(())
}
