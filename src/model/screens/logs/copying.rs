//! The lines of a log as text: for the clipboard, or for a file.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    LogView,
    layout::RowLayout,
    rows::{LogStyle, Piece},
};
use crate::logs::{
    Role,
    export::{LineFormatter, plain, record},
};

/// Layout width for copying: nothing is wrapped or shortened.
const WIDE: u16 = u16::MAX;

impl LogView {
    /// The selected lines, including the visible part of the range being selected.
    pub fn picked(&self) -> BTreeSet<i64> {
        self.selection.all(self.viewport.cursor, self.buffer.view.numbers())
    }

    /// The text to copy: the selected lines, or else the visible ones.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub(super) fn copied_lines(&self, zone: &TimeZone, now: Timestamp) -> Result<String, String> {
        let mut numbers = self.picked();
        if numbers.is_empty() {
            numbers.extend(self.viewport.rows.iter().filter_map(|row| row.line));
        }
        let text = self.as_shown(numbers.into_iter(), zone, now);
        if text.is_empty() { Err("there are no lines here".into()) } else { Ok(text) }
    }

    /// Lines as shown, but in full.
    fn as_shown(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone, now: Timestamp) -> String {
        let layout = RowLayout::new(&self.buffer, &self.display, zone, now, WIDE);
        let lines = numbers.filter_map(|number| Some((number, self.buffer.ring.get(number)?)));
        lines.fold(String::new(), |mut text, (number, line)| {
            let rows = layout.line(number, line);
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

    /// The content to save, with its extension: all lines in memory as text or JSON lines, or with `view` the passing
    /// lines as text.
    ///
    /// # Errors
    ///
    /// If there is no such format.
    pub(super) fn saved_lines(&self, format: &str, zone: &TimeZone) -> Result<(&'static str, String), String> {
        let (extension, content) = match format {
            "" | "text" => ("log", self.text(self.buffer.ring.numbers(), zone)),
            "view" => ("log", self.text(self.buffer.view.numbers().iter().copied(), zone)),
            "json" | "ndjson" => ("ndjson", self.json_lines()),
            other => return Err(format!("logs can't be saved as `{other}`; expected text, json or view")),
        };
        if content.is_empty() { Err("there are no lines here".into()) } else { Ok((extension, content)) }
    }

    /// Lines as text, with all their columns.
    fn text(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone) -> String {
        let mut scribe = LineFormatter::new(zone.clone());
        let lines = numbers.filter_map(|number| self.buffer.ring.get(number));
        lines.fold(String::new(), |mut text, line| {
            scribe.write(line, &mut text);
            text
        })
    }

    /// Lines as JSON, one per line.
    fn json_lines(&self) -> String {
        let lines = self.buffer.ring.numbers().filter_map(|number| self.buffer.ring.get(number));
        lines.fold(String::new(), |mut text, line| {
            text += &record(line);
            text
        })
    }
}
