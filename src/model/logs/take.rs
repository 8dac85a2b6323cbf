//! Picking lines, and taking them along: to the clipboard, to a file, to the console in a browser.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    Reader, link,
    modes::reader,
    rows::{Ink, Piece, Setter},
};
use crate::{
    event::Effect,
    logs::{Line, Role, ansi},
    model::{
        Model,
        action::{Call, Outcome},
    },
};

/// Cells that lines are set in to be taken along: nothing is wrapped, nothing shortened.
const WIDE: u16 = u16::MAX;

impl Reader {
    /// Whether a line is picked, or within the range that is being picked.
    pub fn is_picked(&self, number: i64) -> bool {
        self.picked.contains(&number) || self.picking().is_some_and(|range| range.contains(&number))
    }

    /// The range that is being picked.
    fn picking(&self) -> Option<std::ops::RangeInclusive<i64>> {
        let (start, cursor) = (self.finding.range?, self.cursor?);
        Some(start.min(cursor)..=start.max(cursor))
    }

    /// The lines that are picked, those of the range that is being picked among them as far as they are in sight.
    pub fn all_picked(&self) -> BTreeSet<i64> {
        let mut picked = self.picked.clone();
        if let Some(range) = self.picking() {
            picked.extend(self.sight.numbers().iter().copied().filter(|number| range.contains(number)));
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
    pub(in crate::model) fn taken(&self, zone: &TimeZone, now: Timestamp) -> Result<String, String> {
        let mut numbers = self.all_picked();
        if numbers.is_empty() {
            numbers.extend(self.rows.iter().filter_map(|row| row.line));
        }
        let text = self.as_shown(numbers.into_iter(), zone, now);
        if text.is_empty() { Err("there are no lines here".into()) } else { Ok(text) }
    }

    /// Lines as they are shown, but whole.
    fn as_shown(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone, now: Timestamp) -> String {
        let setter = Setter::new(self, zone, now, WIDE);
        let lines = numbers.filter_map(|number| Some((number, self.ring.get(number)?)));
        lines.fold(String::new(), |mut text, (number, line)| {
            let rows = setter.line(number, line);
            let cut = rows.iter().flat_map(|row| &row.text).any(|piece| piece.ink == Ink::Cut);
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

    /// What is saved: all lines that are held, as text or as JSON lines; or those that pass the filters, as they are shown.
    ///
    /// # Errors
    /// When there is no such format.
    pub(in crate::model) fn saved(&self, format: &str, zone: &TimeZone, now: Timestamp) -> Result<Effect, String> {
        let (extension, content) = match format {
            "" | "text" => ("log", self.text(self.ring.numbers(), zone)),
            "view" => ("log", self.as_shown(self.sight.numbers().iter().copied(), zone, now)),
            "json" | "ndjson" => ("ndjson", self.json_lines()),
            other => return Err(format!("logs can't be saved as `{other}`; text, json and view are known")),
        };
        if content.is_empty() {
            return Err("there are no lines here".into());
        }
        Ok(Effect::Save { name: self.title(), extension, content })
    }

    /// Lines as text: time, task and container, and what was written without its escapes.
    fn text(&self, numbers: impl Iterator<Item = i64>, zone: &TimeZone) -> String {
        numbers.filter_map(|number| self.ring.get(number)).map(|line| written(line, zone)).collect()
    }

    /// Lines as JSON, one a line, their text as it came.
    fn json_lines(&self) -> String {
        let lines = self.ring.numbers().filter_map(|number| self.ring.get(number));
        lines.map(|line| format!("{}\n", record(line))).collect()
    }
}

/// A line as text, with all that is known of it: time, task and container, and what was written without its escapes.
pub fn written(line: &Line, zone: &TimeZone) -> String {
    let at = line.at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%3f%:z");
    match &line.source {
        Some(source) => format!("{at} {}/{} {}\n", source.task(), source.container, plain(line)),
        None => format!("{at} {}\n", plain(line)),
    }
}

/// A line as data, its text as it came.
pub fn record(line: &Line) -> serde_json::Value {
    let mut record = json!({ "at": format!("{:.3}", line.at), "text": &*line.text });
    let mut set = |name: &str, value: serde_json::Value| record[name] = value;
    if let Some(source) = &line.source {
        set("task", (&*source.task_arn).into());
        set("container", source.container.as_str().into());
        set("group", source.stream.group.as_str().into());
        set("stream", source.stream.name.as_str().into());
    }
    if let Some(level) = line.level {
        set("level", level.word().into());
    }
    if let Some(kind) = kind(line.role) {
        set("kind", kind.into());
    }
    record
}

/// What a line is that no container wrote.
fn kind(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Output => return None,
        Role::Started => "started",
        Role::Stopped { .. } => "stopped",
        Role::Gap(_) => "gap",
        Role::Note => "note",
        Role::Mark => "mark",
    })
}

/// The text of a line, without what would act on a terminal.
fn plain(line: &Line) -> String {
    let text = ansi::bare(line.text.trim_end());
    match line.role {
        Role::Output => text.into_owned(),
        Role::Gap(Some(count)) if text.is_empty() => format!("── {count} lines are missing here ──"),
        Role::Gap(_) if text.is_empty() => "── lines are missing here ──".into(),
        _ => format!("── {text} ──"),
    }
}

/// Picks the line, or takes it out again; with a range begun, picks the range.
pub(in crate::model) fn pick(model: &mut Model, _: Call<'_>) -> Outcome {
    let moves = model.settings.mark_moves;
    let reader = reader(model)?;
    if reader.finding.range.is_some() {
        reader.picked = reader.all_picked();
        reader.finding.range = None;
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
    if reader.finding.range.is_some() {
        return pick(model, call);
    }
    reader.finding.range = Some(reader.stand_still()?);
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
