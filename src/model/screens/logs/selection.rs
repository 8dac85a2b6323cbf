//! Picking lines, and taking them along: to the clipboard, to a file, to the console in a browser.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    LogView,
    export::{LineFormatter, plain, record},
    link,
    modes::reader,
    rows::{LogStyle, Piece, RowLayout},
};
use crate::{
    event::Effect,
    logs::Role,
    model::{
        Model,
        action::{Call, Outcome},
    },
};

/// Cells that lines are set in to be taken along: nothing is wrapped, nothing shortened.
const WIDE: u16 = u16::MAX;

impl LogView {
    /// Whether a line is picked, or within the range that is being picked.
    pub fn is_picked(&self, number: i64) -> bool {
        self.picked.contains(&number) || self.picking().is_some_and(|range| range.contains(&number))
    }

    /// The range that is being picked.
    fn picking(&self) -> Option<std::ops::RangeInclusive<i64>> {
        let (start, cursor) = (self.search.range?, self.cursor?);
        Some(start.min(cursor)..=start.max(cursor))
    }

    /// The lines that are picked, those of the range that is being picked among them as far as they are in sight.
    pub fn all_picked(&self) -> BTreeSet<i64> {
        let mut picked = self.picked.clone();
        if let Some(range) = self.picking() {
            picked.extend(self.view.numbers().iter().copied().filter(|number| range.contains(number)));
        }
        picked
    }

    /// The line that is picked next; the log is frozen there.
    fn stand_still(&mut self) -> Result<i64, String> {
        let (number, _) = self.current().ok_or("there are no lines yet")?;
        self.seek(number);
        Ok(number)
    }

    /// What is copied: the picked lines, else those on the screen.
    ///
    /// # Errors
    /// When there are none.
    pub(super) fn copied_lines(&self, zone: &TimeZone, now: Timestamp) -> Result<String, String> {
        let mut numbers = self.all_picked();
        if numbers.is_empty() {
            numbers.extend(self.rows.iter().filter_map(|row| row.line));
        }
        let text = self.as_shown(numbers.into_iter(), zone, now);
        if text.is_empty() { Err("there are no lines here".into()) } else { Ok(text) }
    }

    /// Lines as they are shown, but whole.
    fn as_shown(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone, now: Timestamp) -> String {
        let setter = RowLayout::new(self, zone, now, WIDE);
        let lines = numbers.filter_map(|number| Some((number, self.ring.get(number)?)));
        lines.fold(String::new(), |mut text, (number, line)| {
            let rows = setter.line(number, line);
            let cut = rows.iter().flat_map(|row| &row.text).any(|piece| piece.ink == LogStyle::Cut);
            let words = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
            let before = rows.first().map(|row| words(&row.prefix)).unwrap_or_default();
            let shown = rows.iter().map(|row| words(&row.text)).collect::<Vec<_>>().join("\n");
            text += &before;
            text += &match line.role {
                Role::Output if !cut => shown,
                _ => plain(line),
            };
            text += "\n";
            text
        })
    }

    /// What is saved, with its extension: all lines that are held, as text or as JSON lines, or as text those that pass the
    /// filters.
    ///
    /// # Errors
    /// When there is no such format.
    pub(super) fn saved_lines(&self, format: &str, zone: &TimeZone) -> Result<(&'static str, String), String> {
        let (extension, content) = match format {
            "" | "text" => ("log", self.text(self.ring.numbers(), zone)),
            "view" => ("log", self.text(self.view.numbers().iter().copied(), zone)),
            "json" | "ndjson" => ("ndjson", self.json_lines()),
            other => return Err(format!("logs can't be saved as `{other}`; text, json and view are known")),
        };
        if content.is_empty() { Err("there are no lines here".into()) } else { Ok((extension, content)) }
    }

    /// Lines as text, with all that is known of each.
    fn text(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone) -> String {
        let mut scribe = LineFormatter::new(zone.clone());
        let lines = numbers.filter_map(|number| self.ring.get(number));
        lines.fold(String::new(), |mut text, line| {
            scribe.write(line, &mut text);
            text
        })
    }

    /// Lines as JSON, one a line.
    fn json_lines(&self) -> String {
        let lines = self.ring.numbers().filter_map(|number| self.ring.get(number));
        lines.fold(String::new(), |mut text, line| {
            text += &record(line);
            text
        })
    }
}

/// Picks the line, or takes it out again; with a range begun, picks the range.
pub(in crate::model) fn pick(model: &mut Model, _: Call<'_>) -> Outcome {
    let moves = model.settings.mark_moves;
    let reader = reader(model)?;
    if reader.search.range.is_some() {
        reader.picked = reader.all_picked();
        reader.search.range = None;
        return Ok(());
    }
    let number = reader.stand_still()?;
    if !reader.picked.remove(&number) {
        reader.picked.insert(number);
    }
    if let Some(next) = reader.near(number, true, |_| true).filter(|_| moves) {
        reader.seek(next);
    }
    Ok(())
}

/// Begins a range of picked lines; again: picks it.
pub(in crate::model) fn pick_range(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    if reader.search.range.is_some() {
        return pick(model, call);
    }
    reader.search.range = Some(reader.stand_still()?);
    Ok(())
}

/// Copies the address at which the CloudWatch console shows the line's stream.
pub(in crate::model) fn console(model: &mut Model, _: Call<'_>) -> Outcome {
    let region = model.snapshot.identity.region.clone().or_else(|| model.scope.region.clone());
    let reader = reader(model)?;
    let (_, line) = reader.current().ok_or("there are no lines yet")?;
    let source = line.source.as_ref().ok_or("this line is of no stream")?;
    let region = source.stream.region.clone().or(region).ok_or("the Region is not known yet")?;
    let address = link::console(&source.stream, &region, line.at);
    model.out.push(Effect::Copy(address));
    Ok(())
}
