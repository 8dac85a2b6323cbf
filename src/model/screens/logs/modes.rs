//! Keys that change how a log is shown.

use super::{Json, LogView, Times, actions};
use crate::{
    logs::Line,
    model::{
        Model, Viewer,
        action::{Call, Outcome},
        screens::text::TextSource,
    },
};

/// The log that is seen.
pub(super) fn reader(model: &mut Model) -> Result<&mut LogView, String> {
    model.front.get_mut().ok_or_else(|| "this is for logs".into())
}

impl LogView {
    /// Whether a line is wrapped: all are, or it is shown in full.
    pub(super) fn wraps(&self, expanded: bool) -> bool {
        self.wrap || expanded
    }

    /// The line that keys act on: the one under the cursor, else the last in sight.
    pub(in crate::model) fn current(&self) -> Option<(i64, &Line)> {
        let last = || self.rows.iter().rev().find_map(|row| row.line);
        let number = self.cursor.or_else(last)?;
        Some((number, self.ring.get(number)?))
    }

    /// Scrolls by half pages.
    pub(in crate::model) fn scroll_sideways(&mut self, steps: i16) {
        let half = i32::from(self.frame.width / 2);
        let furthest = if self.wrap { 0 } else { self.widest().saturating_sub(self.frame.width / 2) };
        let left = i32::from(self.left) + i32::from(steps) * half;
        self.left = u16::try_from(left.clamp(0, i32::from(furthest.max(self.left)))).unwrap_or(0);
    }

    /// Cells of the widest row in sight.
    fn widest(&self) -> u16 {
        use unicode_width::UnicodeWidthStr;
        let width = |row: &super::rows::LogRow| row.text.iter().map(|piece| piece.text.width()).sum::<usize>();
        let text = self.rows.iter().map(width).max().unwrap_or(0);
        let indent = self.rows.iter().map(|row| row.indent).max().unwrap_or(0);
        u16::try_from(text).unwrap_or(u16::MAX).saturating_add(indent)
    }
}

pub(in crate::model) fn freeze(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.toggle_follow();
    Ok(())
}

pub(in crate::model) fn wrap(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.wrap = !reader.wrap;
    reader.left = 0;
    Ok(())
}

pub(in crate::model) fn times(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.times = match reader.times {
        Times::Off => Times::Clock,
        Times::Clock => Times::Relative,
        Times::Relative => Times::Off,
    };
    Ok(())
}

pub(in crate::model) fn json(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.json = match reader.json {
        Json::Raw => Json::Fields,
        Json::Fields => Json::Pretty,
        Json::Pretty => Json::Raw,
    };
    Ok(())
}

pub(in crate::model) fn fullscreen(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.fullscreen = !reader.fullscreen;
    Ok(())
}

pub(in crate::model) fn column_lock(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.column_lock = !reader.column_lock;
    let what = if reader.column_lock { "stay" } else { "scroll with the text" };
    model.info(format!("time and task {what} when it is scrolled sideways"));
    Ok(())
}

pub(in crate::model) fn right(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.scroll_sideways(1);
    Ok(())
}

/// Opens the line under the cursor, or closes it again.
pub(in crate::model) fn expand(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (number, _) = reader.current().ok_or("there is no line here")?;
    reader.freeze();
    reader.cursor = Some(number);
    if !reader.expanded.remove(&number) {
        reader.expanded.insert(number);
    }
    Ok(())
}

pub(in crate::model) fn clear(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.cleared = Some(reader.ring.numbers().end);
    reader.recount();
    let undo =
        model.keymap.key_of(&actions::UNDO_CLEAR).map(|key| format!("; {key} brings it back")).unwrap_or_default();
    model.info(format!("cleared from the screen only{undo}"));
    Ok(())
}

pub(in crate::model) fn undo_clear(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.recount();
    match reader.cleared.take() {
        Some(_) => Ok(()),
        None => Err("nothing was cleared".into()),
    }
}

pub(in crate::model) fn fields(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_line(false)
}

pub(in crate::model) fn raw_event(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_line(true)
}

impl Model {
    /// Opens what is known of a line and of its log, in words or as AWS tells the event.
    fn open_line(&mut self, raw: bool) -> Outcome {
        let Some(reader) = self.front.get::<LogView>() else { return Err("this is for logs".into()) };
        let (title, source) = match (raw, reader.current()) {
            (true, Some((_, line))) => ("raw event", TextSource::Line(super::about::event(line))),
            (true, None) => return Err("there is no line here".into()),
            (false, current) => {
                let line = current.map(|(_, line)| line);
                ("log line", TextSource::Line(super::about::document(reader, line, &self.settings.zone, self.now)))
            }
        };
        self.push(Viewer::new(title, source));
        self.refill();
        Ok(())
    }
}
